"""The checks of notebook 02: stubs, plausible mistakes and solutions."""

import keras
import numpy as np
import pytest
from check_cases import Case, prove, verdict
from keras import layers
from sklearn.metrics import roc_auc_score

import gantutor as gt


def aurocs(normal, odd, sign=-1):
    rows = np.concatenate([normal, odd])
    labels = np.repeat([0, 1], [len(normal), len(odd)])
    found = []
    for seed in range(10):
        with gt.networks.initial_weights(seed):
            network = gt.networks.dense_discriminator(10, hidden=(16,))
        found.append(roc_auc_score(labels, sign * network(rows).numpy()[:, 0]))
    return found


def stub(n_features, latent_dim): ...


def build(end=None, hidden="relu", join=True, order=1, sizes=None, n_outputs=1):
    """Make a function that builds a discriminator of pairs, with or without a mistake."""

    def joint_discriminator(n_features, latent_dim):
        if sizes:
            n_features, latent_dim = sizes
        rows, noise = keras.Input((n_features,)), keras.Input((latent_dim,))
        parts = [rows, noise]
        if not join:
            parts = [layers.Dense(8, "relu")(part) for part in parts]
        x = layers.Concatenate()(parts)
        if join:
            x = layers.Dense(16, activation=hidden)(x)
        x = layers.Dense(n_outputs, activation=end)(x)
        return keras.Model([rows, noise][::order], x)

    return joint_discriminator


def one_input(n_features, latent_dim):
    return gt.networks.dense_discriminator(n_features + latent_dim)


def deaf(n_features, latent_dim):
    rows, noise = keras.Input((n_features,)), keras.Input((latent_dim,))
    x = layers.Dense(1)(layers.Dense(16, "relu")(rows))
    return keras.Model([rows, noise], x)


def blind(n_features, latent_dim):
    rows, noise = keras.Input((n_features,)), keras.Input((latent_dim,))
    x = layers.Dense(1)(layers.Dense(16, "relu")(noise))
    return keras.Model([rows, noise], x)


def no_model(n_features, latent_dim):
    return layers.Dense(1)


CASES = [
    Case(
        "parameters_of_larger_images",
        (...,),
        [(8625,), (10016,), (8496,), (14769,), (9297,), (1569,), (9999,), ("many",)],
        (10065,),
    ),
    Case(
        "anomalies_on_all_sides",
        (...,),
        [
            (aurocs(*gt.data.ladder("scale", 2.0), sign=1),),
            (aurocs(*gt.data.script_data(seed=0)),),
            (aurocs(*gt.data.ladder("scale", 1.5)),),
            (0.5,),
        ],
        (aurocs(*gt.data.ladder("scale", 2.0)),),
    ),
    Case(
        "joint_discriminator",
        (stub,),
        [(build(end="sigmoid"),), (build(join=False),), (one_input,), (no_model,)],
        (build(),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_check(case: Case) -> None:
    prove(case)


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (build(end="sigmoid"), "sigmoid"),
        (build(end="tanh"), "activation at the end"),
        (build(end="relu"), "activation at the end"),
        (build(hidden=None), "no more than one weighted sum"),
        (build(join=False), "belong together"),
        (build(order=-1), "first input"),
        (build(sizes=(10, 10)), "for 6 features and 3 random numbers the inputs"),
        (build(n_outputs=2), "output"),
        (one_input, "needs two"),
        (deaf, "noise connected"),
        (blind, "row connected"),
        (no_model, "must return a keras.Model"),
    ],
)
def test_joint_discriminator_names_the_mistake(function, word) -> None:
    assert word in verdict("joint_discriminator", (function,)).message


def test_joint_discriminator_takes_the_one_of_the_package() -> None:
    def of_the_package(n_features, latent_dim):
        return gt.networks.pair_discriminator((n_features,), (latent_dim,))

    assert verdict("joint_discriminator", (of_the_package,))


def test_the_count_is_that_of_keras() -> None:
    count = gt.networks.conv_network((28, 28, 1), 1).count_params()
    assert verdict("parameters_of_larger_images", (count,))


@pytest.mark.parametrize(
    ("count", "word"),
    [
        (10064, "bias of the last layer"),
        (10017, "biases of the convolutions"),
        (10016, "one for each channel and one"),
        (8496, "dense layer has parameters"),
        (1568, "It has a bias too"),
        (1569, "convolutions have parameters"),
    ],
)
def test_parameters_of_larger_images_names_what_is_missing(count, word) -> None:
    assert word in verdict("parameters_of_larger_images", (count,)).message


def test_anomalies_on_all_sides_names_the_mistake() -> None:
    wrong_sign, script, _, _ = CASES[1].wrong
    assert "minus the logit" in verdict("anomalies_on_all_sides", wrong_sign).message
    assert "script's anomalies" in verdict("anomalies_on_all_sides", script).message


def test_what_the_verdict_says_of_the_ten_is_true() -> None:
    assert max(abs(a - 0.5) for a in aurocs(*gt.data.ladder("scale", 2.0))) < 0.25
