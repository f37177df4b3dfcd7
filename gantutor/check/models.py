"""Checks of the exercises of notebook 02."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from gantutor.check._common import Answer, Verdict, exercise
from gantutor.check._reading import Off, call, is_reordered, number, numbers, refuse
from gantutor.networks import initial_weights

__all__ = [
    "anomalies_on_all_sides",
    "joint_discriminator",
    "parameters_of_larger_networks",
]


@exercise
def parameters_of_larger_networks(count: int) -> Verdict:
    """Check the number of parameters of ``dense_network(30, 1, hidden=(64, 64))``."""
    return Answer(
        value=6209,
        within=0.1,
        mistakes={
            "the biases are missing: one for each output of each layer.": 6080,
            "the biases of the two hidden layers are missing: 64 each.": 6081,
            "64 "
            "biases are missing. There are two hidden layers, and each has 64.": 6145,
            "one number is missing: the bias of the last layer.": 6208,
            "the last layer is missing, from 64 to the logit.": 6144,
            "the layer between the two hidden ones is missing: hidden=(64, 64) is two "
            "layers of 64.": 2049,
            "the first layer is missing, from 30 columns to 64.": 4225,
            "that is a third layer of 64 too many. hidden=(64, 64) is two.": 10369,
            "that is a network with 30 outputs. A discriminator has one.": 8094,
            "that is the discriminator of the script's 10 columns. The tumours have "
            "30.": 4929,
            "that is a network with one hidden layer of 16, as the script has it.": 513,
            "biases are added, one for each output; they are not multiplied.": 6370,
        },
        otherwise="add up three layers: from 30 to 64, from 64 to 64, from 64 to 1. "
        "Each has inputs x outputs weights and as many biases as outputs.",
        right="1984 + 4160 + 65 = 6209. Two thirds of them lie between the two hidden "
        "layers, and they will be learned from 179 rows.",
    ).judge(number(count, "the number of parameters"))


@exercise
def anomalies_on_all_sides(aurocs: Sequence[float]) -> Verdict:
    """Check ten AUROCs of untrained discriminators on the rung "scale 2.0", seeds 0 to 9."""
    found = numbers(aurocs, (10,), "the list of AUROCs")
    value = np.array(
        [0.699, 0.427, 0.367, 0.532, 0.366, 0.37, 0.58, 0.377, 0.577, 0.409]
    )
    turned, seed = 1 - value, int(np.argmax(abs(found - value)))
    return Answer(
        value=value,
        within=0.02,
        mistakes={
            "the "
            "score must go up where D says 'not real'. It is minus the logit.": turned,
            "these are the AUROCs on the script's anomalies, from the lesson. Take the "
            "rows of the rung for both "
            "kinds.": [0.999, 0.0, 0.0, 0.193, 0.004, 0.0, 1.0, 1.0, 1.0, 0.0],
            "these are the right numbers in the wrong order. The first belongs to seed "
            "0, the last to seed 9.": is_reordered(found, value, 0.006),
        },
        otherwise=f"seed {seed} gives {value[seed]:.2f}, and you have "
        f'{found[seed]:.2f}. Take all rows of ladder("scale", 2.0), and change nothing '
        "else.",
        right="none of the ten is further than 0.25 from a coin. These anomalies lie "
        "on all sides, and a line that goes up on one side goes down on the other.",
    ).judge(found)


def _takes_pairs(model: Any, n_features: int, latent_dim: int) -> None:
    """Complain unless a model maps [rows, noise] to one number."""
    if not isinstance(model, keras.Model):
        raise Off(
            "the function must return a keras.Model, and it returns "
            f"{type(model).__name__}."
        )
    shapes = [tuple(i.shape) for i in model.inputs]
    wanted = [(None, n_features), (None, latent_dim)]
    called = f"for {n_features} features and {latent_dim} random numbers"
    output = tuple(model.output_shape)
    swapped, other = shapes == wanted[::-1], shapes != wanted
    not_one = output != (None, 1)
    complaints = {
        f"the model has {len(shapes)} input, and needs two: keras.Model([rows, noise], "
        "logit).": len(shapes) != 2,
        "the row must be the first input, the noise the second.": swapped,
        f"{called} the inputs have the shapes {shapes}, not {wanted}.": other,
        f"{called} the output has the shape {output}, not (None, 1).": not_one,
    }
    refuse(complaints)


@exercise
def joint_discriminator(function: Callable) -> Verdict:
    """Check a function that builds a discriminator of pairs.

    It maps the number of features and the latent dimension to a ``keras.Model``, which maps
    [rows, noise] to one logit a pair.
    """
    _takes_pairs(call(function, 6, 3), 6, 3)
    _takes_pairs(call(function, 2, 5), 2, 5)
    models = []
    for seed in range(3):
        with initial_weights(seed):
            models.append(call(function, 6, 3))
    rng = np.random.default_rng(0)
    x, z = (rng.normal(size=(100, n)).astype("float32") for n in (6, 3))
    x_2, z_2 = x[::-1].copy(), z[::-1].copy()

    def logits(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.array([model([x, z]) for model in models], dtype=float)

    usual, large = logits(x, z), logits(1000 * x, 1000 * z)
    low, high, close = large.min(), large.max(), 1e-4 * usual.std() + 1e-16
    bounded = low >= 0 or high <= 0 or max(-low, high) <= 1
    noise = abs(usual - logits(x, z_2)).max()  # what it changes
    row = abs(usual - logits(x_2, z)).max()
    bent = abs(usual + logits(-x, -z) - 2 * logits(0 * x, 0 * z)).max()
    joined = abs(usual + logits(x_2, z_2) - logits(x, z_2) - logits(x_2, z)).max()
    return Answer(
        mistakes={
            "all outputs lie between 0 and 1, however large the input is. A logit may "
            "be any number: leave out the sigmoid.": low >= 0 and high <= 1,
            "the output cannot be any number. Is there an activation at the "
            "end?": bounded,
            "another noise does not change the logit. Is the noise connected?": noise
            < close,
            "another row does not change the logit. Is the row connected?": row < close,
            "the network is no more than one weighted sum. Put a hidden layer with an "
            "activation between the inputs and the logit.": bent < close,
            "the network adds a verdict on the row and a verdict on the noise, so it "
            "cannot see whether the two belong together. Join them before a hidden "
            "layer.": joined < close,
        },
        right="two inputs, one logit, and it can see whether a row and its noise "
        "belong together.",
    ).judge(usual)
