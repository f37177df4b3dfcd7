"""A fitted detector as a tree of plain values and arrays, for a file or a copy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import keras
import numpy as np

from gantutor import archive, networks
from gantutor.detectors.graphs import networks_of
from gantutor.one_class import check_parameters

if TYPE_CHECKING:
    from gantutor.detectors.base import Detector

D = TypeVar("D", bound="Detector")

FOLLOWS = {"threshold_", "offset_", "false_alarm_rate_"}  # from the calibration scores


def packed(detector: Detector) -> archive.Tree:
    """All that a fitted detector needs to score, and to be trained on."""
    fitted = {
        name: value
        for name, value in vars(detector).items()
        if name.endswith("_")
        and not isinstance(value, keras.Model)
        and name not in FOLLOWS
    }
    if "feature_names_in_" in fitted:
        fitted["feature_names_in_"] = fitted["feature_names_in_"].tolist()
    parameters: dict[str, Any] = detector._fitted_parameters.copy()
    for name, value in parameters.items():
        if isinstance(value, keras.Model):
            parameters[name] = {"keras": networks.packed(value)}
        elif isinstance(value, np.random.RandomState):
            parameters[name] = None  # its state has moved on: it could not be repeated
    return {
        "class": type(detector).__name__,
        "parameters": parameters,
        "fitted": fitted,
        "weights": {
            name: network.get_weights()
            for name, network in networks_of(detector).items()
        },
    }


def unpacked(kind: type[D], tree: archive.Tree) -> D:
    """The detector that `packed` has described.

    The sizes of its networks are held against the arrays before any network is made: a
    file of a kilobyte can name a layer of a billion units.
    """
    weights = tree["weights"]
    networks.refuse_other_sizes(lambda: networks_of(_built(kind, tree)), weights)
    with networks.initial_weights(0):
        detector = _built(kind, tree)
    for name, network in networks_of(detector).items():
        network.set_weights(weights[name])
    detector._set_threshold(detector.calibration_scores_)
    return detector


def _built(kind: type[D], tree: archive.Tree) -> D:
    """A detector with its parameters, its fitted values and networks of any weights."""
    parameters = tree["parameters"].copy()
    for name, value in parameters.items():
        if name not in kind._get_param_names():
            raise ValueError(f"it has an unknown parameter {name!r}")
        if isinstance(value, dict):
            parameters[name] = networks.unpacked(value["keras"])
        elif isinstance(value, list):
            parameters[name] = tuple(value)
    detector = kind(**parameters)
    check_parameters(detector)
    for name, value in tree["fitted"].items():
        if not re.fullmatch(r"[a-z]\w*_", name):
            raise ValueError(f"it has an unknown entry {name!r}")
        if name == "feature_names_in_":
            value = np.array(value, dtype=object)
        vars(detector)[name] = tuple(value) if isinstance(value, list) else value
    detector._fitted_parameters = detector.get_params(deep=False)
    detector._build()
    return detector
