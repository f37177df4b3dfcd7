"""f-AnoGAN: an encoder learns to find latent points in a finished WGAN."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from detector_cases import NEW, ROWS, like, tiny
from step_cases import (
    affine,
    assert_step_by_hand,
    invertible,
    last_hidden,
    leaky,
    linear_networks,
    rows,
    sgd,
    shift,
    unscaled,
)

import gantutor as gt
from gantutor import networks
from gantutor.detectors import FAnoGAN, f_anogan
from gantutor.training import Noise, izi_step, train, ziz_step

gt.setup()

SHORT = {"n_steps": 1, "n_critic": 1}  # where training does not matter

X, Z = rows(8, 3, 1), rows(6, 2, 2)


# one step


def three_networks():
    """A generator, a critic and an encoder in which no unit is dead."""
    with networks.initial_weights(0):
        return leaky(2, 3), leaky(3, 1), leaky(3, 2)


def izi(generator, critic, encoder, rate, kappa=0.7):
    features = networks.hidden_features(critic, last=True)
    optimizer = sgd(rate, encoder)
    return partial(izi_step, generator, encoder, features, optimizer, kappa, X)


def ziz(generator, critic, encoder, rate):
    optimizer = sgd(rate, encoder)
    return partial(ziz_step, generator, encoder, optimizer, X, Z)


@pytest.mark.parametrize("make_step", [izi, ziz])
def test_the_encoder_moves_alone(make_step):
    generator, critic, encoder = models = three_networks()
    before = [model.get_weights() for model in models]
    step = make_step(generator, critic, encoder, 0.1)
    for _ in range(3):
        step()
    for old, new in zip(before[2], encoder.get_weights(), strict=True):
        assert (old != new).any()
    for weights, model in zip(before[:2], (generator, critic), strict=True):
        for old, new in zip(weights, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


def linear_networks_of_three():
    models = (
        networks.dense_generator(2, 3, ()),
        networks.dense_network(3, 1, (4, 5), "linear"),
        networks.dense_encoder(3, 2, ()),
    )
    shift(0, *models)
    return models


@pytest.mark.parametrize("kappa", [0.0, 0.7])
def test_an_izi_step_by_hand(kappa):
    models = linear_networks_of_three()

    def by_hand(g, c, e):
        made = affine(g, affine(e, X))
        residual = ((X - made) ** 2).mean()
        features = affine(c[:4], X) - affine(c[:4], made)  # of the last hidden layer
        return (residual + kappa * (features**2).mean(),)

    step = izi(*models, rate=1.0, kappa=kappa)
    assert_step_by_hand(step, models, by_hand, [None, None, lambda loss: loss])


def test_a_ziz_step_by_hand():
    models = linear_networks_of_three()

    def by_hand(g, c, e):
        return (((Z - affine(e, affine(g, Z))) ** 2).mean(),)

    step = ziz(*models, rate=1.0)
    assert_step_by_hand(step, models, by_hand, [None, None, lambda loss: loss])


def test_ziz_learns_to_undo_a_linear_generator():
    generator, encoder = (
        networks.dense_generator(2, 3, ()),
        networks.dense_encoder(3, 2, ()),
    )
    generator.set_weights(
        [np.array([[1, 0.5, 0], [0, -0.5, 1]]), np.array([0.3, 0, -1])]
    )
    adam = keras.optimizers.Adam(0.05)
    adam.build(encoder.trainable_variables)
    history = train(
        partial(ziz_step, generator, encoder, adam),
        rows(9, 3),
        300,
        batch_shape=(8,),
        noise=[Noise("normal", (32, 2))],
        loss_names=["encoder"],
    )
    assert history["encoder"][-1] < 1e-3
    z = rows(5, 2, 7)
    np.testing.assert_allclose(encoder(generator(z)), z, atol=0.05)


def test_generator_and_critic_are_not_in_training_while_the_encoder_learns():
    """Their dropout is off: the losses are those by hand."""
    g, c, _ = (like(model, dropout=0.5) for model in three_networks())
    features, encoder = networks.hidden_features(c, last=True), leaky(3, 2)
    shift(0, g, c, encoder)
    made = g(encoder(X))
    differences = (X - made).numpy(), (features(X) - features(made)).numpy()
    by_hand = [(d**2).mean() for d in differences]
    loss = izi(g, c, encoder, rate=0.0, kappa=0.7)()[0]
    np.testing.assert_allclose(loss, by_hand[0] + 0.7 * by_hand[1], rtol=1e-5)
    by_hand = ((Z - encoder(g(Z)).numpy()) ** 2).mean()
    np.testing.assert_allclose(ziz(g, c, encoder, rate=0.0)()[0], by_hand, rtol=1e-5)


def test_the_encoder_is_in_training_while_it_learns():
    g, c, e = three_networks()
    encoder = like(e, dropout=0.5)
    for make_step in (izi, ziz):
        step = make_step(g, c, encoder, rate=0.0)
        assert len({float(step()[0]) for _ in range(4)}) > 1


# the score


@pytest.mark.parametrize("kappa", [0, 1.0, 5.0])
def test_the_score_by_hand(kappa, not_compiled):
    detector = tiny(FAnoGAN, **SHORT, hidden=(8, 6), kappa=kappa).fit(ROWS)
    x = detector.scaled(NEW)
    made = detector.generator_(detector.encoder_(x)).numpy()
    np.testing.assert_allclose(
        detector.reconstruct(NEW), unscaled(detector, made), rtol=1e-4
    )
    features, made_features = (
        last_hidden(detector.critic_, part) for part in (x, made)
    )
    residual = ((x - made) ** 2).mean(axis=1)
    by_hand = residual + kappa * ((features - made_features) ** 2).mean(axis=1)
    np.testing.assert_allclose(detector.anomaly_score(NEW), by_hand, rtol=1e-4)


def test_what_comes_back_as_it_was_scores_zero_and_a_residual_counts_squared(
    not_compiled,
):
    decode, encode = invertible()
    detector = tiny(
        FAnoGAN, **SHORT, kappa=0.0, **linear_networks("generator", "encoder")
    ).fit(ROWS)
    detector.encoder_.set_weights(encode)
    offset = np.array([0.3, -0.2, 0.0, 0.5])
    for size in (0, 1, 3):
        detector.generator_.set_weights([decode[0], decode[1] + size * offset])
        np.testing.assert_allclose(
            detector.anomaly_score(NEW), size**2 * np.mean(offset**2), atol=1e-4
        )


def test_what_comes_back_as_it_was_has_no_feature_residual_either(not_compiled):
    decode, encode = invertible()
    detector = tiny(
        FAnoGAN, **SHORT, kappa=10.0, **linear_networks("generator", "encoder")
    ).fit(ROWS)
    detector.generator_.set_weights(decode)
    assert detector.anomaly_score(NEW).min() > 1e-3
    detector.encoder_.set_weights(encode)
    np.testing.assert_allclose(detector.anomaly_score(NEW), 0, atol=1e-4)


# the two stages of the training


def weights_of(detector, *names):
    return [w for name in names for w in vars(detector)[name].get_weights()]


def assert_equal(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_gan_is_finished_when_the_encoder_begins_and_is_the_wgan(not_compiled):
    wgan = tiny(gt.detectors.WGAN).fit(ROWS)
    encoders = []
    for how, n, expected in (("izi_f", None, 3), ("izi_f", 5, 5), ("ziz", 1, 1)):
        detector = tiny(FAnoGAN, n_encoder_steps=n, encoder_training=how).fit(ROWS)
        lengths = {name: len(losses) for name, losses in detector.history_.items()}
        assert lengths == dict.fromkeys(wgan.history_, 3) | {"encoder": expected}
        assert_equal(
            weights_of(detector, "generator_", "critic_"),
            weights_of(wgan, "generator_", "critic_"),
        )
        encoders.append(weights_of(detector, "encoder_")[0])
    assert len({encoder.tobytes() for encoder in encoders}) == 3


@pytest.mark.parametrize("how", ["izi_f", "izi", "ziz"])
def test_the_encoder_sees_what_its_way_of_training_says(how, not_compiled, monkeypatch):
    seen = []

    def recording(*arguments):
        seen.append(arguments)
        return (tf.constant(1.0),)

    unused = "izi_step" if how == "ziz" else "ziz_step"
    monkeypatch.setattr(f_anogan, unused, None)
    monkeypatch.setattr(f_anogan, "ziz_step" if how == "ziz" else "izi_step", recording)
    options = {"n_encoder_steps": 2, "latent_dim": 2, "hidden": (8, 6)}
    tiny(FAnoGAN, **SHORT, **options, encoder_training=how, kappa=3).fit(ROWS)
    assert len(seen) == 2
    for generator, encoder, *rest in seen:
        assert generator.output_shape == encoder.input_shape == (None, 4)
        if how == "ziz":
            _, x, z = rest
            assert z.shape == (8, 2)
        else:
            features, _, kappa, x = rest
            assert features.output_shape == (None, 6)  # of the last hidden layer
            assert kappa == (3.0 if how == "izi_f" else 0.0)
        assert x.shape == (8, 4)


def test_a_warm_start_is_refused_with_a_reason():
    with pytest.raises(ValueError, match=r"warm_start is True.*encoder.*n_steps\."):
        tiny(FAnoGAN, warm_start=True).fit(ROWS)
