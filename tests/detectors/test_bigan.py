"""BiGAN: pairs of a row and a latent point, from both ends, under one discriminator."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from detector_cases import NEW, ROWS, tiny
from step_cases import (
    Recorder,
    affine,
    assert_each_player_moves_alone,
    assert_scores_come_from_averaged_weights,
    assert_step_by_hand,
    invertible,
    last_hidden,
    leaky,
    leaky_pair,
    linear_networks,
    linear_pair,
    rows,
    sgd,
    shift,
    softplus,
    unscaled,
)

import gantutor as gt
from gantutor import networks
from gantutor.detectors import BiGAN
from gantutor.training import bigan_step

gt.setup()

X, Z = rows(8, 3, 1), rows(6, 2, 2)
BATCH = tf.constant(X), tf.constant(Z)


# one step


def leaky_networks():
    with networks.initial_weights(0):
        return leaky(2, 3), leaky(3, 2), leaky_pair(3, 2)


def make_step(ge_rate, d_rate):
    g, e, d = leaky_networks()
    optimizers = sgd(ge_rate, g, e), sgd(d_rate, d)
    step = partial(bigan_step, g, e, d, *optimizers, *BATCH)
    return {"generator": g, "encoder": e, "discriminator": d}, step


def test_each_team_moves_alone():
    assert_each_player_moves_alone(
        make_step, [{"generator", "encoder"}, {"discriminator"}]
    )


def test_the_discriminator_sees_rows_with_their_codes_and_noise_with_what_it_makes():
    g, e, d = leaky_networks()
    codes, made = e(X).numpy(), g(Z).numpy()
    recorder = Recorder(d)
    bigan_step(g, e, recorder, sgd(0.1, g, e), sgd(0.1, d), *BATCH)
    assert len(recorder.seen) == 2
    assert recorder.saw(X, codes) == recorder.saw(made, Z) == 1


def test_a_step_by_hand():
    models = (
        networks.dense_generator(2, 3, ()),
        networks.dense_encoder(3, 2, ()),
        linear_pair(3, 2),
    )
    shift(0, *models)
    g, e, d = models

    def by_hand(g_weights, e_weights, d_weights):
        real = affine(d_weights, X, affine(e_weights, X))
        fake = affine(d_weights, affine(g_weights, Z), Z)
        d_loss = softplus(-real).mean() + softplus(fake).mean()
        return d_loss, softplus(real).mean() + softplus(-fake).mean()

    step = partial(bigan_step, g, e, d, sgd(1.0, g, e), sgd(1.0, d), *BATCH)
    goals = [lambda _, ge_loss: ge_loss] * 2 + [lambda d_loss, _: d_loss]
    assert_step_by_hand(step, models, by_hand, goals)


# the score


@pytest.mark.parametrize(
    ("discrimination", "feature_weight"),
    [
        ("features", 0.1),
        ("features", 0.8),
        ("cross_entropy", 0.6),
        ("cross_entropy_of_reconstruction", 0.6),
    ],
)
def test_the_score_by_hand(feature_weight, discrimination, not_compiled):
    w = feature_weight
    options = {"feature_weight": w, "discrimination": discrimination}
    detector = tiny(BiGAN, n_steps=1, hidden=(8, 6), **options).fit(ROWS)
    x = detector.scaled(NEW)
    z = detector.encoder_(x).numpy()
    made = detector.generator_(z).numpy()
    np.testing.assert_allclose(
        detector.reconstruct(NEW), unscaled(detector, made), rtol=1e-4
    )
    d = detector.discriminator_
    loss = {
        "features": np.abs(last_hidden(d, x, z) - last_hidden(d, made, z)).sum(axis=1),
        "cross_entropy": softplus(-d([x, z]).numpy()[:, 0]),
        "cross_entropy_of_reconstruction": softplus(-d([made, z]).numpy()[:, 0]),
    }[discrimination]
    by_hand = (1 - w) * np.abs(x - made).sum(axis=1) + w * loss
    np.testing.assert_allclose(detector.anomaly_score(NEW), by_hand, rtol=1e-4)


def test_what_comes_back_as_it_was_scores_zero(not_compiled):
    decode, encode = invertible()
    detector = tiny(
        BiGAN, n_steps=1, feature_weight=0.5, **linear_networks("generator", "encoder")
    ).fit(ROWS)
    detector.generator_.set_weights(decode)
    assert detector.anomaly_score(NEW).min() > 0.1
    detector.encoder_.set_weights(encode)
    np.testing.assert_allclose(detector.anomaly_score(NEW), 0, atol=1e-4)


def test_a_residual_counts_by_its_size(not_compiled):
    decode, encode = invertible()
    detector = tiny(
        BiGAN, n_steps=1, feature_weight=0.0, **linear_networks("generator", "encoder")
    ).fit(ROWS)
    detector.encoder_.set_weights(encode)
    offset = np.array([0.3, -0.2, 0.0, 0.5])
    for size in (1, 3):
        detector.generator_.set_weights([decode[0], decode[1] + size * offset])
        np.testing.assert_allclose(detector.anomaly_score(NEW), size * 1.0, atol=1e-4)


def test_a_pair_that_the_discriminator_believes_in_scores_lower(not_compiled):
    detector = tiny(
        BiGAN, n_steps=1, discrimination="cross_entropy", feature_weight=0.9
    ).fit(ROWS)
    *hidden, kernel, bias = detector.discriminator_.get_weights()
    scores = []
    for logit in (-2.0, 0.0, 2.0):
        detector.discriminator_.set_weights([*hidden, 0 * kernel, 0 * bias + logit])
        scores.append(detector.anomaly_score(NEW))
    expected = 0.9 * (softplus(2.0) - softplus(-2.0))
    np.testing.assert_allclose(scores[0] - scores[2], expected, rtol=1e-4)
    assert (np.diff(scores, axis=0) < 0).all()


# the weights that score


def test_scores_come_from_weights_averaged_over_the_training(not_compiled):
    assert_scores_come_from_averaged_weights(BiGAN)
