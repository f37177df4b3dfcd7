"""What the tests of all detectors share: the classes, rows, and ways to compare."""

import copy
import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gantutor as gt
from gantutor.detectors import Detector, Ensemble

CLASSES = [  # one for each method; what is made of several has tests of its own
    value
    for name in gt.detectors.__all__
    if isinstance(value := getattr(gt.detectors, name), type)
    and value not in (Detector, Ensemble)
]
every_detector = pytest.mark.parametrize("detector_class", CLASSES)

TINY = {"n_steps": 3, "batch_size": 8, "hidden": (8,)}
RNG = np.random.default_rng(0)
ROWS = RNG.normal(50, 3, (60, 4))
NEW = RNG.normal(52, 5, (21, 4))
IMAGES = RNG.uniform(0, 16, (24, 8, 8))

OTHER = {  # another valid value of each parameter but the networks
    "latent_dim": 2,
    "hidden": (5, 5),
    "n_steps": 2,
    "batch_size": 4,
    "learning_rate": 0.1,
    "false_alarm_rate": 0.5,
    "random_state": 9,
    "verbose": 1,
    "warm_start": True,
    "scored_by": "critic",
    "n_critic": 1,
    "penalty_weight": 9.0,
    "alpha": 0.9,
    "beta": 1.0,
    "gamma": 0.9,
    "feature_weight": 0.9,
    "prior_weight": 2.0,
    "n_search_steps": 2,
    "search_learning_rate": 3.0,
    "n_starts": 1,
    "adversarial_training": "gan",
    "n_encoder_steps": 7,
    "encoder_training": "ziz",
    "kappa": 30.0,
    "discrimination": "cross_entropy",
    "ema_momentum": 0.0,
    "spectral_norm": False,
    "adversarial_weight": 9.0,
    "contextual_weight": 0.0,
    "encoder_weight": 9.0,
    "score_contextual_weight": 5.0,
}


NOT_WHOLE = (0, -1, 1.5, 2.0, True, "9")
NOT_POSITIVE = (0, -1.0, np.nan, np.inf, True, "fast")
NEGATIVE = (-1.0, np.nan, np.inf, True, "15")
NO_SHARE = (0, 1, 1.0, 1.5, -0.1, np.nan, True)
NO_SHARE_OR_ZERO = (-0.1, 1, 1.0, 2, np.nan, True)
OUT_OF_RANGE = {  # values of each parameter but the networks that are refused
    "latent_dim": NOT_WHOLE,
    "hidden": ((), 8, "64", (0,), (8.0,), (8, -1)),
    "n_steps": NOT_WHOLE,
    "batch_size": (*NOT_WHOLE, None),
    "learning_rate": NOT_POSITIVE,
    "false_alarm_rate": (*NO_SHARE, None),
    "random_state": (-1, 1.5, "seed"),
    "warm_start": ("yes", None, 2),
    "scored_by": ("distance", "", 3),
    "n_critic": (*NOT_WHOLE, None),
    "penalty_weight": (*NOT_POSITIVE, None),
    "alpha": (*NO_SHARE, None),
    "beta": (*NEGATIVE, None),
    "gamma": (*NOT_POSITIVE, None),
    "feature_weight": (*NO_SHARE_OR_ZERO, None),
    "prior_weight": (*NEGATIVE, None),
    "n_search_steps": (*NOT_WHOLE, None),
    "search_learning_rate": (*NOT_POSITIVE, None),
    "n_starts": (*NOT_WHOLE, None),
    "adversarial_training": ("vae", None, 3),
    "n_encoder_steps": NOT_WHOLE,
    "encoder_training": ("zizi", None, 3),
    "kappa": (*NEGATIVE, None),
    "discrimination": ("logits", None, 3),
    "ema_momentum": (*NO_SHARE_OR_ZERO, None),
    "spectral_norm": (None, 2, "yes"),
    "adversarial_weight": (*NEGATIVE, None),
    "contextual_weight": (*NEGATIVE, None),
    "encoder_weight": (*NEGATIVE, None),
    "score_contextual_weight": (*NEGATIVE, None),
}


def tiny(detector_class: type[Detector], **parameters) -> Detector:
    """A detector that is soon fitted, and that scores soon."""
    usual = {**TINY, "random_state": 0}
    if "n_search_steps" in detector_class._get_param_names():
        usual["n_search_steps"] = 5
    return detector_class(**{**usual, **parameters})


def other_parameters(detector: Detector) -> dict:
    """Another valid value for each parameter of a fitted detector."""
    return {
        name: OTHER[name] if name in OTHER else like(vars(detector)[f"{name}_"])
        for name in detector._get_param_names()
    }


def like(
    network: keras.Model,
    activation: str = "tanh",
    more_inputs: int = 0,
    more_outputs: int = 0,
    dropout: float = 0.0,
    bias: bool = True,
) -> keras.Model:
    """A reader's own network that would fit in the place of another, or nearly."""
    inputs = [
        keras.Input((*tensor.shape[1:-1], tensor.shape[-1] + more_inputs))
        for tensor in network.inputs
    ]
    flat = [keras.layers.Flatten()(x) for x in inputs]
    x = keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0]
    x = keras.layers.Dense(7, activation)(x)
    if dropout:  # between two hidden layers, so that the last one's features change
        x = keras.layers.Dropout(dropout)(x)
        x = keras.layers.Dense(6, activation)(x)
    *first, last = network.output_shape[1:]
    shape = (*first, last + more_outputs)
    x = keras.layers.Dense(math.prod(shape), use_bias=bias)(x)
    outputs = keras.layers.Reshape(shape)(x)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs)


def own_networks(detector: Detector, **options) -> dict[str, keras.Model]:
    """The parameters that replace each network of a fitted detector by one of one's own."""
    return {
        name: like(network, **options)
        for name in detector._get_param_names()
        if isinstance(network := vars(detector).get(f"{name}_"), keras.Model)
    }


def contents(detector: Detector) -> dict[str, Any]:
    """All parameters, weights and learned numbers, but not the seconds."""
    tree = copy.deepcopy(detector.to_tree())
    for part in (tree, *tree.get("members", [])):
        part.get("fitted", {}).pop("fit_seconds_", None)
    return tree


def assert_same_contents(one: dict[str, Any], other: dict[str, Any]) -> None:
    np.testing.assert_equal(one, other)


def assert_learned_the_same(one: Detector, other: Detector, rows=NEW) -> None:
    """Equal in all that was learned, whatever the parameters."""
    trees = contents(one), contents(other)
    for tree in trees:
        del tree["parameters"]
    assert_same_contents(*trees)
    np.testing.assert_array_equal(one.anomaly_score(rows), other.anomaly_score(rows))


class PlainLoop:
    """Stands in for the compiled loop: one step is run sooner than it is compiled."""

    def __init__(self, step, jit_compile):
        self.step = step

    def get_concrete_function(self, *_):
        return self

    def __call__(self, data, rows, noise, start, stop):
        steps = range(int(start), int(stop))
        losses = [
            self.step(tf.gather(data, rows[i]), *[n[i] for n in noise]) for i in steps
        ]
        return tf.stack([losses[0]] * int(start) + losses)
