"""Networks of one's own in the place of each default network of every detector."""

from collections import OrderedDict

import keras
import numpy as np
import pytest
from detector_cases import (
    CLASSES,
    NEW,
    ROWS,
    PlainLoop,
    every_detector,
    like,
    own_networks,
    tiny,
)

import gantutor as gt
from gantutor import training
from gantutor.detectors import (
    ALAD,
    GAN,
    WGAN,
    AnoGAN,
    BiGAN,
    FAnoGAN,
    GANomaly,
    graphs,
)

gt.setup()

NETWORKS = {  # parameters, and what they make of what, in columns
    ALAD: {
        "generator": ("(3,)", "(4,)"),
        "encoder": ("(4,)", "(3,)"),
        "discriminator": ("(4,) and (3,)", "(1,)"),
        "row_discriminator": ("(4,) and (4,)", "(1,)"),
        "latent_discriminator": ("(3,) and (3,)", "(1,)"),
    },
    BiGAN: {
        "generator": ("(3,)", "(4,)"),
        "encoder": ("(4,)", "(3,)"),
        "discriminator": ("(4,) and (3,)", "(1,)"),
    },
    FAnoGAN: {
        "generator": ("(3,)", "(4,)"),
        "encoder": ("(4,)", "(3,)"),
        "critic": ("(4,)", "(1,)"),
    },
    GANomaly: {
        "encoder": ("(4,)", "(3,)"),
        "decoder": ("(3,)", "(4,)"),
        "second_encoder": ("(4,)", "(3,)"),
        "discriminator": ("(4,)", "(1,)"),
    },
    WGAN: {"generator": ("(3,)", "(4,)"), "critic": ("(4,)", "(1,)")},
}
USUAL = {"generator": ("(3,)", "(4,)"), "discriminator": ("(4,)", "(1,)")}
EACH_NETWORK = [(c, name) for c in CLASSES for name in NETWORKS.get(c, USUAL)]
each_network = pytest.mark.parametrize(("detector_class", "name"), EACH_NETWORK)


@pytest.fixture(scope="module")
def narrow():
    """A detector of each class with 3 latent numbers for 4 columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "compile_block", PlainLoop)
        patch.setattr(graphs, "_workshops", OrderedDict())
        return {c: tiny(c, latent_dim=3, n_steps=1).fit(ROWS) for c in CLASSES}


def test_every_network_can_be_replaced_and_has_its_shapes(narrow):
    for detector_class, detector in narrow.items():
        given = NETWORKS.get(detector_class, USUAL)
        assert set(own_networks(detector)) == set(given), detector_class
        for name, ends in given.items():
            network = vars(detector)[f"{name}_"]
            assert ends == (described(network.inputs), described(network.outputs))


def described(tensors) -> str:
    return " and ".join(str(tuple(tensor.shape[1:])) for tensor in tensors)


@every_detector
def test_own_networks_are_trained_from_fresh_weights_and_left_as_they_were(
    detector_class, narrow, not_compiled
):
    # a last bias of a critic, or one that is normalised, need not move
    given = own_networks(narrow[detector_class], bias=False)
    before = {name: network.get_weights() for name, network in given.items()}
    detectors = []
    for shift in (0, 1):
        for network in given.values():
            network.set_weights([w + shift for w in network.get_weights()])
        detectors.append(
            tiny(detector_class, latent_dim=3, n_steps=1, **given).fit(ROWS)
        )
    np.testing.assert_array_equal(*(d.anomaly_score(NEW) for d in detectors))
    for name, network in given.items():
        used = vars(detectors[0])[f"{name}_"]
        for old, now in zip(before[name], network.get_weights(), strict=True):
            np.testing.assert_array_equal(now, old + 1)
        assert shapes(used) == shapes(network)
        for w, old in zip(used.trainable_weights, before[name], strict=True):
            assert (w.numpy() != old).all()


def shapes(network) -> list[tuple[int, ...]]:
    return [w.shape for w in network.trainable_weights]


# what does not fit


@each_network
def test_a_network_of_another_shape_is_refused_with_both_shapes(
    detector_class, name, narrow
):
    network = vars(narrow[detector_class])[f"{name}_"]
    takes, gives = NETWORKS.get(detector_class, USUAL)[name]
    wrong = {
        "inputs": like(network, more_inputs=2),
        "outputs": like(network, more_outputs=1),
        "number": keras.Sequential([keras.Input((40,)), keras.layers.Dense(4)]),
    }
    for given in wrong.values():
        with pytest.raises(ValueError, match=rf"{name} you passed maps ") as caught:
            tiny(detector_class, latent_dim=3, **{name: given}).fit(ROWS)
        assert f", but {takes} to {gives} is needed" in str(caught.value)
        for tensor in (*given.inputs, *given.outputs):
            assert str(tuple(tensor.shape[1:])) in str(caught.value).split(", but ")[0]


@each_network
def test_what_is_no_network_or_cannot_learn_is_refused_by_name(
    detector_class, name, narrow
):
    still = like(vars(narrow[detector_class])[f"{name}_"])
    still.trainable = False
    takes, _ = NETWORKS.get(detector_class, USUAL)[name]
    without_input = keras.Sequential([keras.layers.Dense(4)])
    for given, words in (
        (still, "no weights that can be trained. Set its trainable to True"),
        ("deep", f"must be a keras.Model that begins with keras.Input({takes})"),
        (without_input, f"keras.Input({takes})"),
    ):
        with pytest.raises(ValueError, match=f"The .*{name} you passed") as caught:
            tiny(detector_class, latent_dim=3, **{name: given}).fit(ROWS)
        assert words in str(caught.value)


# types


@every_detector
def test_networks_built_in_another_type_are_trained_in_float32(
    detector_class, narrow, not_compiled, keras_types
):
    scores = []
    for floats in ("float32", "float64"):
        keras_types(floats, floats)
        given = own_networks(narrow[detector_class])
        detector = tiny(detector_class, latent_dim=3, n_steps=1, **given).fit(ROWS)
        scores.append(detector.anomaly_score(NEW))
        assert keras.config.floatx() == floats
    np.testing.assert_array_equal(*scores)
    for name, network in given.items():
        assert network.weights[0].dtype == "float64"
        assert {w.dtype for w in vars(detector)[f"{name}_"].weights} == {"float32"}


# dropout


KINDS_OF_SCORES = [
    *[(c, {}) for c in CLASSES],
    (WGAN, {"scored_by": "neighbours"}),
    (WGAN, {"scored_by": "critic"}),
    (AnoGAN, {"prior_weight": 1.0, "feature_weight": 1.0 - 1e-9}),
    (BiGAN, {"discrimination": "cross_entropy"}),
    (BiGAN, {"discrimination": "cross_entropy_of_reconstruction"}),
    (BiGAN, {"feature_weight": 1.0 - 1e-9}),
    (FAnoGAN, {"kappa": 100.0}),
    (GANomaly, {"score_contextual_weight": 1.0}),
]


@pytest.mark.parametrize(("detector_class", "parameters"), KINDS_OF_SCORES)
def test_dropout_is_off_when_rows_are_scored_explained_or_made(
    detector_class, parameters, narrow, not_compiled
):
    given = own_networks(narrow[detector_class], dropout=0.5)
    detector = tiny(detector_class, latent_dim=3, n_steps=1, **given, **parameters).fit(
        ROWS
    )
    same = np.repeat(NEW[:1], 6, axis=0)
    for method in ("anomaly_score", "reconstruct", "explain"):
        if hasattr(detector, method) and not (method == "explain" and parameters):
            made = getattr(detector, method)(same)
            np.testing.assert_allclose(
                made, np.broadcast_to(made[0], made.shape), rtol=1e-6, err_msg=method
            )
    if hasattr(detector, "sample"):
        first, second = (detector.sample(6, seed=0) for _ in range(2))
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("scored_by", ["gaussian", "neighbours"])
def test_dropout_is_off_when_the_features_of_training_rows_are_kept(
    scored_by, narrow, not_compiled
):
    given = own_networks(narrow[WGAN], dropout=0.5)
    wgan = tiny(WGAN, latent_dim=3, n_steps=1, scored_by=scored_by, **given).fit(ROWS)
    twice = np.tile(wgan.scaled(ROWS), (2, 1))
    wgan._after_training(twice)
    known = gt.networks.hidden_features(wgan.critic_)(twice).numpy()
    np.testing.assert_allclose(wgan.feature_mean_, known.mean(axis=0), atol=1e-5)
    if scored_by == "neighbours":
        first, second = np.split(wgan.reference_, 2)
        np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)


def test_dropout_and_its_rate_are_copied(narrow):
    given = own_networks(narrow[GAN], dropout=0.5)
    gan = tiny(GAN, latent_dim=3, n_steps=1, **given).fit(ROWS)
    for network in (gan.generator_, gan.discriminator_):
        rates = [layer.rate for layer in network.layers if hasattr(layer, "rate")]
        assert rates == [0.5]
