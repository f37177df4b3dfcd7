"""f-AnoGAN: an encoder learns to find latent points in a finished WGAN."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from detector_cases import NEW, ROWS, tiny
from step_cases import (
    affine,
    assert_own_networks_are_used_and_left_as_they_were,
    assert_step_by_hand,
    invertible,
    last_hidden,
    leaky,
    linear_networks,
    own,
    rows,
    scaled,
    sgd,
    shift,
    unscaled,
)

import gantutor as gt
from gantutor import networks
from gantutor.detectors import FAnoGAN, f_anogan
from gantutor.training import Noise, train

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
    return partial(f_anogan.izi_step, generator, encoder, features, optimizer, kappa, X)


def ziz(generator, critic, encoder, rate):
    optimizer = sgd(rate, encoder)
    return partial(f_anogan.ziz_step, generator, encoder, optimizer, X, Z)


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
        partial(f_anogan.ziz_step, generator, encoder, adam),
        rows(9, 3),
        300,
        batch_shape=(8,),
        noise=[Noise("normal", (32, 2))],
        loss_names=["encoder"],
    )
    assert history["encoder"][-1] < 1e-3
    z = rows(5, 2, 7)
    np.testing.assert_allclose(encoder(generator(z)), z, atol=0.05)


# the score


@pytest.mark.parametrize("kappa", [0, 1.0, 5.0])
def test_the_score_by_hand(kappa, not_compiled):
    detector = tiny(FAnoGAN, **SHORT, hidden=(8, 6), kappa=kappa).fit(ROWS)
    x = scaled(detector, NEW)
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


@pytest.mark.parametrize("how", ["izi_f", "ziz"])
def test_the_gan_is_finished_when_the_encoder_begins_and_is_the_wgan(how, not_compiled):
    short, long = (
        tiny(FAnoGAN, n_encoder_steps=n, encoder_training=how, hidden=(20,)).fit(ROWS)
        for n in (1, 5)
    )
    wgan = tiny(gt.detectors.WGAN, hidden=(20,)).fit(ROWS)
    gan = weights_of(wgan, "generator_", "critic_")
    for detector in (short, long):
        assert_equal(weights_of(detector, "generator_", "critic_"), gan)
    for a, b in zip(
        weights_of(short, "encoder_"), weights_of(long, "encoder_"), strict=True
    ):
        assert (a != b).any()


def test_the_encoder_has_as_many_steps_as_the_gan_unless_told_otherwise(not_compiled):
    for n_encoder_steps, expected in ((None, 3), (5, 5)):
        detector = tiny(FAnoGAN, n_encoder_steps=n_encoder_steps).fit(ROWS)
        lengths = {name: len(losses) for name, losses in detector.history_.items()}
        assert lengths == {
            "critic": 3,
            "generator": 3,
            "penalty": 3,
            "encoder": expected,
        }


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


# networks of one's own, and parameters


def test_own_networks_are_used_and_left_as_they_were(not_compiled):
    critic = keras.Sequential(  # a last bias would have no slope, so it never moves
        [
            keras.Input((4,)),
            keras.layers.Dense(7, "tanh"),
            keras.layers.Dense(1, use_bias=False),
        ]
    )
    given = {
        "generator": own(3, n_outputs=4),
        "critic": critic,
        "encoder": own(4, n_outputs=3),
    }
    assert_own_networks_are_used_and_left_as_they_were(FAnoGAN, given, latent_dim=3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"generator": own(7, n_outputs=4)},
            r"generator .*\(7,\) to \(4,\).*\(4,\) to",
        ),
        ({"critic": own(9)}, r"critic .*\(9,\) to \(1,\).*\(4,\) to \(1,\)"),
        ({"critic": own(4, n_outputs=2)}, r"critic .*\(4,\) to \(2,\).*\(4,\) to"),
        ({"encoder": own(4, n_outputs=3)}, r"encoder .*\(4,\) to \(3,\).*to \(4,\)"),
        ({"encoder": own(5, n_outputs=4)}, r"\(5,\) to \(4,\).*\(4,\) to \(4,\)"),
    ],
)
def test_own_networks_of_the_wrong_shape_are_refused_in_words(given, words):
    with pytest.raises(ValueError, match=words):
        tiny(FAnoGAN, latent_dim=4, **given).fit(ROWS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("n_encoder_steps", value) for value in (0, -1, 1.5, True, "9")],
        *[("n_critic", value) for value in (0, -1, 1.5, True, None)],
        *[("penalty_weight", value) for value in (0, -1.0, np.nan, np.inf, None)],
        *[("kappa", value) for value in (-1.0, np.nan, np.inf, None)],
        *[("encoder_training", value) for value in ("zizi", None, 3)],
    ],
)
def test_a_parameter_out_of_its_range_is_refused_in_words(name, value):
    with pytest.raises(ValueError, match=f"{name} is .*must be"):
        tiny(FAnoGAN, **{name: value}).fit(ROWS)
