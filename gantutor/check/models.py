"""Checks of the exercises of notebook 02."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from gantutor.check._common import Answer, Verdict, exercise
from gantutor.check._reading import Off, call, is_reordered, number, numbers
from gantutor.data import ladder, script_data
from gantutor.networks import dense_discriminator, initial_weights

__all__ = [
    "anomalies_on_all_sides",
    "joint_discriminator",
    "parameters_of_larger_networks",
]


def _size(*widths: int) -> int:
    """The weights and biases of dense layers, from the columns to the outputs."""
    return sum((into + 1) * out for into, out in pairwise(widths))


LARGER = _size(30, 64, 64, 1)
LARGER_NETWORKS = Answer(
    value=LARGER,
    within=0.1,
    mistakes={
        "the biases are missing: one for each output of each layer.": LARGER - 129,
        "the biases of the two hidden layers are missing: 64 each.": LARGER - 128,
        "64 biases are missing. There are two hidden layers, and each has 64.": LARGER
        - 64,
        "one number is missing: the bias of the last layer.": LARGER - 1,
        "the last layer is missing, from 64 to the logit.": _size(30, 64, 64),
        "the layer between the two hidden ones is missing: hidden=(64, 64) is two "
        "layers of 64.": _size(30, 64, 1),
        "the first layer is missing, from 30 columns to 64.": _size(64, 64, 1),
        "that is a third layer of 64 too many. hidden=(64, 64) is two.": _size(
            30, 64, 64, 64, 1
        ),
        "that is a network with 30 outputs. A discriminator has one.": _size(
            30, 64, 64, 30
        ),
        "that is the discriminator of the script's 10 columns. The tumours have "
        "30.": _size(10, 64, 64, 1),
        "that is a network with one hidden layer of 16, as the script has it.": _size(
            30, 16, 1
        ),
        "biases are added, one for each output; they are not multiplied.": 31 * 65
        + 65 * 65
        + 65 * 2,
    },
    otherwise="add up three layers: from 30 to 64, from 64 to 64, from 64 to 1. Each has "
    "inputs x outputs weights and as many biases as outputs.",
    right="1984 + 4160 + 65 = 6209. Two thirds of them lie between the two hidden layers, "
    "and they will be learned from 179 rows.",
)


@exercise
def parameters_of_larger_networks(count: int) -> Verdict:
    """Check the number of parameters of ``dense_network(30, 1, hidden=(64, 64))``."""
    return LARGER_NETWORKS.judge(number(count, "the number of parameters"))


@cache
def _untrained_aurocs(on_the_rung: bool) -> NDArray[np.float64]:
    """For ten networks, on the rung "scale 2.0" or on the script's data."""
    normal, odd = ladder("scale", 2.0) if on_the_rung else script_data()
    rows = np.concatenate([normal, odd])
    labels = np.repeat([0, 1], [len(normal), len(odd)])
    aurocs = []
    for seed in range(10):
        with initial_weights(seed):
            network = dense_discriminator(10, hidden=(16,))
        aurocs.append(roc_auc_score(labels, -np.asarray(network(rows))[:, 0]))
    return np.array(aurocs)


@exercise
def anomalies_on_all_sides(aurocs: Sequence[float]) -> Verdict:
    """Check ten AUROCs of untrained discriminators on the rung "scale 2.0", seeds 0 to 9."""
    found = numbers(aurocs, (10,), "the list of AUROCs")
    expected = _untrained_aurocs(on_the_rung=True)
    seed = int(np.argmax(np.abs(found - expected)))
    return Answer(
        value=expected,
        within=0.02,
        mistakes={
            "the score must go up where D says 'not real'. It is minus the logit.": 1
            - expected,
            "these are the AUROCs on the script's anomalies, from the lesson. Take the "
            "rows of the rung for both kinds.": _untrained_aurocs(on_the_rung=False),
            "these are the right numbers in the wrong order. The first belongs to seed "
            "0, the last to seed 9.": is_reordered(found, expected, 0.006),
        },
        near=0.01,
        otherwise=f"seed {seed} gives {expected[seed]:.2f}, and you have "
        f'{found[seed]:.2f}. Take all rows of ladder("scale", 2.0), and change nothing '
        "else.",
        right="none of the ten is further than 0.25 from a coin. These anomalies lie "
        "on all sides, and a line that goes up on one side goes down on the other.",
    ).judge(found)


@exercise
def joint_discriminator(function: Callable[[int, int], keras.Model]) -> Verdict:
    """Check a function that builds a discriminator of pairs.

    It maps the number of features and the latent dimension to a ``keras.Model``, which maps
    [rows, noise] to one logit a pair.
    """
    for n_features, latent_dim in ((6, 3), (2, 5)):
        _has_the_shapes(call(function, n_features, latent_dim), n_features, latent_dim)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 6)).astype("float32")
    z = rng.normal(size=(100, 3)).astype("float32")
    models = []
    for seed in range(3):
        with initial_weights(seed):
            models.append(call(function, 6, 3))

    def logits(x: NDArray, z: NDArray) -> NDArray:
        return np.stack([np.asarray(m([x, z]))[:, 0] for m in models]).astype(float)

    usual, large = logits(x, z), logits(1000 * x, 1000 * z)
    size = usual.std() + 1e-12

    def same(a: NDArray, b: NDArray) -> bool:
        return bool(np.abs(a - b).max() < 1e-4 * size)

    turned_x, turned_z = x[::-1].copy(), z[::-1].copy()
    both = logits(x[:1], z[:1]) + logits(x[1:2], turned_z[1:2])
    crossed = logits(x[:1], turned_z[1:2]) + logits(x[1:2], z[:1])
    return Answer(
        mistakes={
            "all outputs lie between 0 and 1, however large the input is. A logit may "
            "be any number: leave out the sigmoid.": large.min() >= 0
            and large.max() <= 1,
            "the output cannot be any number. Is there an activation at the end?": (
                abs(large).max() <= 1 or large.min() >= 0 or large.max() <= 0
            ),
            "another noise does not change the logit. Is the noise connected?": same(
                usual, logits(x, turned_z)
            ),
            "another row does not change the logit. Is the row connected?": same(
                usual, logits(turned_x, z)
            ),
            "the network is no more than one weighted sum. Put a hidden layer with an "
            "activation between the inputs and the logit.": same(
                usual + logits(-x, -z), 2 * logits(0 * x, 0 * z)
            ),
            "the network adds a verdict on the row and a verdict on the noise, so it "
            "cannot see whether the two belong together. Join them before a hidden "
            "layer.": same(both, crossed),
        },
        right="two inputs, one logit, and it can see whether a row and its noise "
        "belong together.",
    ).judge(usual)


def _has_the_shapes(model: keras.Model, n_features: int, latent_dim: int) -> None:
    """Complain unless the model maps [rows, noise] to one number."""
    if not isinstance(model, keras.Model):
        raise Off(
            "the function must return a keras.Model, and it returns "
            f"{type(model).__name__}."
        )
    shapes = [tuple(i.shape) for i in model.inputs]
    wanted = [(None, n_features), (None, latent_dim)]
    called = f"for {n_features} features and {latent_dim} random numbers"
    output = tuple(model.output_shape)
    Answer(
        mistakes={
            f"the model has {len(shapes)} input, and needs two: keras.Model([rows, "
            "noise], logit).": len(shapes) != 2,
            "the row must be the first input, the noise the second.": shapes
            == wanted[::-1],
            f"{called} the inputs have the shapes {shapes}, not {wanted}.": shapes
            != wanted,
            f"{called} the output has the shape {output}, not (None, 1).": output
            != (None, 1),
        }
    ).judge(shapes[0])
