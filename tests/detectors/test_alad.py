"""ALAD: three discriminators of pairs, and a score in the features of one of them."""

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
from gantutor.detectors import ALAD
from gantutor.training import alad_step

gt.setup()

X, Z = rows(8, 3, 1), rows(6, 2, 2)
BATCH = tf.constant(X), tf.constant(Z)
PAIRS = ((3, 2), (3, 3), (2, 2))  # of D, D_xx and D_zz
JUDGES = ("discriminator_", "row_discriminator_", "latent_discriminator_")


# one step


def leaky_networks():
    with networks.initial_weights(0):
        return leaky(2, 3), leaky(3, 2), [leaky_pair(*sizes) for sizes in PAIRS]


def make_step(ge_rate, d_rate):
    g, e, judges = leaky_networks()
    optimizers = sgd(ge_rate, g, e), sgd(d_rate, *judges)
    names = ("generator", "encoder", "d_xz", "d_xx", "d_zz")
    models = dict(zip(names, (g, e, *judges), strict=True))
    return models, partial(alad_step, g, e, *judges, *optimizers, *BATCH)


def test_each_team_moves_alone():
    assert_each_player_moves_alone(
        make_step, [{"generator", "encoder"}, {"d_xz", "d_xx", "d_zz"}]
    )


def test_each_discriminator_sees_its_pairs():
    g, e, judges = leaky_networks()
    codes, made = e(X).numpy(), g(Z).numpy()
    rows_again, codes_again = g(codes).numpy(), e(made).numpy()
    d_xz, d_xx, d_zz = recorders = [Recorder(d) for d in judges]
    alad_step(g, e, *recorders, sgd(0.1, g, e), sgd(0.1, *judges), *BATCH)
    assert [len(d.seen) for d in recorders] == [2, 2, 2]
    assert d_xz.saw(X, codes) == d_xz.saw(made, Z) == 1
    assert d_xx.saw(X, X) == d_xx.saw(X, rows_again) == 1
    assert d_zz.saw(Z, Z) == d_zz.saw(Z, codes_again) == 1


def test_a_step_by_hand():
    g, e = networks.dense_generator(2, 3, ()), networks.dense_encoder(3, 2, ())
    judges = [linear_pair(*sizes) for sizes in PAIRS]
    models = (g, e, *judges)
    shift(0, *models)

    def by_hand(g, e, d_xz, d_xx, d_zz):
        codes, made = affine(e, X), affine(g, Z)
        real = affine(d_xz, X, codes), affine(d_xx, X, X), affine(d_zz, Z, Z)
        fake = (
            affine(d_xz, made, Z),
            affine(d_xx, X, affine(g, codes)),
            affine(d_zz, Z, affine(e, made)),
        )
        d_loss = sum(softplus(-a).mean() for a in real)
        d_loss += sum(softplus(a).mean() for a in fake)
        ge_loss = sum(softplus(-a).mean() for a in fake)
        return d_loss, ge_loss + softplus(real[0]).mean()

    step = partial(alad_step, *models, sgd(1.0, g, e), sgd(1.0, *judges), *BATCH)
    goals = [lambda _, ge_loss: ge_loss] * 2 + [lambda d_loss, _: d_loss] * 3
    assert_step_by_hand(step, models, by_hand, goals)


# the score


@pytest.mark.parametrize("spectral_norm", [True, False])
def test_the_score_by_hand(spectral_norm, not_compiled):
    detector = tiny(ALAD, n_steps=1, hidden=(8, 6), spectral_norm=spectral_norm).fit(
        ROWS
    )
    x = detector.scaled(NEW)
    made = detector.generator_(detector.encoder_(x)).numpy()
    np.testing.assert_allclose(
        detector.reconstruct(NEW), unscaled(detector, made), rtol=1e-4
    )
    judge = detector.row_discriminator_
    difference = last_hidden(judge, x, x) - last_hidden(judge, x, made)
    by_hand = np.abs(difference).sum(axis=1)
    np.testing.assert_allclose(
        detector.anomaly_score(NEW), by_hand, rtol=1e-4, atol=1e-5
    )


def test_what_comes_back_as_it_was_scores_zero(not_compiled):
    decode, encode = invertible()
    detector = tiny(
        ALAD,
        n_steps=1,
        spectral_norm=False,
        **linear_networks("generator", "encoder"),
    ).fit(ROWS)
    detector.generator_.set_weights(decode)
    assert np.median(detector.anomaly_score(NEW)) > 0.1
    detector.encoder_.set_weights(encode)
    np.testing.assert_allclose(detector.anomaly_score(NEW), 0, atol=1e-4)


# the weights that score


@pytest.mark.parametrize(("spectral_norm", "n_steps"), [(True, 40), (False, 2)])
def test_spectral_norm_keeps_the_largest_singular_values_at_one(
    spectral_norm, n_steps, not_compiled
):
    detector = tiny(
        ALAD, n_steps=n_steps, ema_momentum=0.0, spectral_norm=spectral_norm
    ).fit(ROWS)
    largest = [
        np.linalg.norm(weight, 2)
        for name in ("encoder_", *JUDGES)
        for weight in vars(detector)[name].trainable_weights
        if len(weight.shape) == 2
    ]
    assert len(largest) == 8
    near = np.abs(np.subtract(largest, 1)) < 0.05
    assert near.all() if spectral_norm else near.sum() < 4
    generator = [np.linalg.norm(w, 2) for w in detector.generator_.get_weights()[::2]]
    assert np.abs(np.subtract(generator, 1)).min() > 0.05  # it is left alone


def test_scores_come_from_weights_averaged_over_the_training(not_compiled):
    assert_scores_come_from_averaged_weights(ALAD)
