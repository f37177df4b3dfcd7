"""The checks of notebook 02: stubs, plausible mistakes and solutions."""

import keras
import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
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


SCALE = gt.data.ladder("scale", 2.0)
ON_ALL_SIDES = aurocs(*SCALE)
CASES = [
    Case(
        "parameters_of_larger_networks",
        (...,),
        [(6209,)],
        [
            ((6080,), "the biases are missing"),
            ((6081,), "biases of the two hidden layers"),
            ((6145,), "64 biases are missing"),
            ((6208,), "bias of the last layer"),
            ((6144,), "the last layer is missing"),
            ((2049,), "between the two hidden ones"),
            ((4225,), "the first layer is missing"),
            ((10369,), "too many"),
            ((8094,), "30 outputs"),
            ((4929,), "10 columns"),
            ((513,), "one hidden layer of 16"),
            ((6370,), "not multiplied"),
            ((6210,), "add up three layers"),
            (("many",), "must be one number"),
        ],
    ),
    Case(
        "anomalies_on_all_sides",
        (...,),
        [(ON_ALL_SIDES,)],
        [
            (([1 - auroc for auroc in ON_ALL_SIDES],), "minus the logit"),
            ((aurocs(*gt.data.script_data(seed=0)),), "script's anomalies"),
            ((ON_ALL_SIDES[::-1],), "the right numbers in the wrong order"),
            ((np.round(sorted(ON_ALL_SIDES), 2),), "in the wrong order"),
            ((ON_ALL_SIDES[:9] + [0.9],), "change nothing else"),
            ((0.5,), "shape (10,)"),
        ],
    ),
    Case(
        "joint_discriminator",
        (stub,),
        [
            (build(),),
            (lambda n, d: gt.networks.pair_discriminator((n,), (d,)),),
        ],
        [
            ((build(end="sigmoid"),), "sigmoid"),
            ((build(end="tanh"),), "activation at the end"),
            ((build(end="relu"),), "activation at the end"),
            ((build(hidden=None),), "no more than one weighted sum"),
            ((build(join=False),), "belong together"),
            ((build(order=-1),), "first input"),
            (
                (build(sizes=(10, 10)),),
                "for 6 features and 3 random numbers the inputs",
            ),
            (
                (build(sizes=(6, 3)),),
                "for 2 features and 5 random numbers the inputs",
            ),
            ((build(n_outputs=2),), "output"),
            ((one_input,), "needs two"),
            ((deaf,), "noise connected"),
            ((blind,), "row connected"),
            ((no_model,), "must return a keras.Model"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_count_is_that_of_keras() -> None:
    count = gt.networks.dense_network(30, 1, hidden=(64, 64)).count_params()
    assert verdict("parameters_of_larger_networks", (count,))


def test_what_the_verdict_says_of_the_ten_is_true() -> None:
    assert max(abs(auroc - 0.5) for auroc in ON_ALL_SIDES) < 0.25
