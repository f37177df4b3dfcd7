"""GANomaly: a row is encoded, decoded and encoded again, and the codes are compared."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from detector_cases import NEW, ROWS, tiny
from step_cases import (
    Recorder,
    affine,
    assert_each_player_moves_alone,
    assert_step_by_hand,
    invertible,
    leaky,
    linear_networks,
    rows,
    sgd,
    shift,
    softplus,
    unscaled,
)

import gantutor as gt
from gantutor import networks
from gantutor.detectors import GANomaly, ganomaly
from gantutor.training import ganomaly_step

gt.setup()

X = rows(8, 3, 1)
TEAM = ("encoder", "decoder", "second_encoder")


# one step


def step_on(models, optimizers, weights):
    features = networks.hidden_features(models[3])
    return partial(ganomaly_step, *models, features, *optimizers, weights, X)


def leaky_networks():
    with networks.initial_weights(0):
        return leaky(3, 2), leaky(2, 3), leaky(3, 2), leaky(3, 1)


@pytest.mark.parametrize("weights", [(1.0, 50.0, 1.0), (0.5, 0.0, 0.0)])
def test_each_team_moves_alone(weights):
    def make_step(g_rate, d_rate):
        models = leaky_networks()
        optimizers = sgd(g_rate, *models[:3]), sgd(d_rate, models[3])
        named = dict(zip((*TEAM, "discriminator"), models, strict=True))
        return named, step_on(models, optimizers, weights)

    # only the distance of the codes teaches the second encoder
    team = set(TEAM) if weights[2] else set(TEAM[:2])
    assert_each_player_moves_alone(make_step, [team, {"discriminator"}])


def test_the_second_encoder_and_the_discriminator_see_what_the_decoder_made():
    encoder, decoder, second_encoder, d = leaky_networks()
    made = decoder(encoder(X)).numpy()
    recorders = Recorder(second_encoder), Recorder(d)
    ganomaly_step(
        encoder,
        decoder,
        *recorders,
        networks.hidden_features(d),
        sgd(0.1, encoder, decoder, second_encoder),
        sgd(0.1, d),
        (1.0, 1.0, 1.0),
        X,
    )
    assert [len(recorder.seen) for recorder in recorders] == [1, 2]
    assert recorders[0].saw(made) == 1
    assert recorders[1].saw(X) == recorders[1].saw(made) == 1


@pytest.mark.parametrize("weights", [(1.0, 50.0, 1.0), (2.0, 0.5, 3.0)])
def test_a_step_by_hand(weights):
    models = (
        networks.dense_network(3, 2, ()),
        networks.dense_network(2, 3, ()),
        networks.dense_network(3, 2, ()),
        networks.dense_network(3, 1, (4, 5), "linear"),
    )
    shift(3, *models)

    def by_hand(encoder, decoder, second_encoder, d):
        code = affine(encoder, X)
        made = affine(decoder, code)
        logits = affine(d, X), affine(d, made)
        d_loss = (softplus(-logits[0]).mean() + softplus(logits[1]).mean()) / 2
        features = [np.hstack([affine(d[:2], x), affine(d[:4], x)]) for x in (X, made)]
        return (
            d_loss,
            ((features[0] - features[1]) ** 2).mean(),
            np.abs(X - made).mean(),
            ((code - affine(second_encoder, made)) ** 2).mean(),
        )

    def g_goal(_, *parts):
        return sum(w * part for w, part in zip(weights, parts, strict=True))

    step = step_on(models, (sgd(1.0, *models[:3]), sgd(1.0, models[3])), weights)
    goals = [g_goal] * 3 + [lambda d_loss, *_: d_loss]
    assert_step_by_hand(step, models, by_hand, goals)


# the score


@pytest.mark.parametrize("weight", [0, 0.5])
def test_the_score_by_hand(weight, not_compiled):
    detector = tiny(GANomaly, n_steps=1, score_contextual_weight=weight).fit(ROWS)
    x = detector.scaled(NEW)
    code = detector.encoder_(x).numpy()
    made = detector.decoder_(code).numpy()
    np.testing.assert_allclose(
        detector.reconstruct(NEW), unscaled(detector, made), rtol=1e-4
    )
    second_code = detector.second_encoder_(made).numpy()
    by_hand = ((code - second_code) ** 2).mean(axis=1)
    by_hand += weight * np.abs(x - made).mean(axis=1)
    np.testing.assert_allclose(detector.anomaly_score(NEW), by_hand, rtol=1e-4)


def test_what_comes_back_as_it_was_scores_zero(not_compiled):
    decode, encode = invertible()
    detector = tiny(
        GANomaly, n_steps=1, score_contextual_weight=1.0, **linear_networks(*TEAM)
    ).fit(ROWS)
    detector.decoder_.set_weights(decode)
    detector.encoder_.set_weights(encode)
    assert detector.anomaly_score(NEW).min() > 0.1  # a second encoder of its own
    detector.second_encoder_.set_weights(encode)
    np.testing.assert_allclose(detector.anomaly_score(NEW), 0, atol=1e-4)


def test_the_distance_of_the_codes_counts_squared_and_the_residual_by_its_size(
    not_compiled,
):
    decode, encode = invertible()
    detector = tiny(
        GANomaly, n_steps=1, score_contextual_weight=2.0, **linear_networks(*TEAM)
    ).fit(ROWS)
    detector.decoder_.set_weights(decode)
    detector.encoder_.set_weights(encode)
    offset = np.array([0.3, -0.2, 0.0, 0.5])
    for size in (1, 3):
        detector.second_encoder_.set_weights([encode[0], encode[1] + size * offset])
        np.testing.assert_allclose(
            detector.anomaly_score(NEW), size**2 * np.mean(offset**2), atol=1e-3
        )
        shifted = [decode[0], decode[1] + size * offset]  # which the code then undoes
        detector.decoder_.set_weights(shifted)
        detector.second_encoder_.set_weights(
            [encode[0], encode[1] - size * offset @ encode[0]]
        )
        np.testing.assert_allclose(
            detector.anomaly_score(NEW), 2.0 * size * 0.25, atol=1e-3
        )
        detector.decoder_.set_weights(decode)


# training


def test_the_three_weights_reach_the_step_in_their_order(not_compiled, monkeypatch):
    seen = []

    def recording(*arguments):
        seen.append(arguments)
        return tuple(tf.constant(float(i)) for i in range(4))

    monkeypatch.setattr(ganomaly, "ganomaly_step", recording)
    detector = tiny(
        GANomaly,
        adversarial_weight=2,
        contextual_weight=3.0,
        encoder_weight=5.0,
        latent_dim=2,
        hidden=(8, 6),
    ).fit(ROWS)
    assert len(seen) == 3
    for encoder, decoder, second, d, features, *_, weights, x in seen:
        assert weights == (2.0, 3.0, 5.0)
        assert x.shape == (8, 4)
        assert encoder.output_shape == second.output_shape == (None, 2)
        assert encoder is not second
        assert decoder.output_shape == (None, 4)
        assert d.output_shape == (None, 1)
        assert features.output_shape == (None, 8 + 6)
    means = {name: losses.mean() for name, losses in detector.history_.items()}
    assert means == {
        "discriminator": 0,
        "adversarial": 1,
        "contextual": 2,
        "encoder": 3,
    }
