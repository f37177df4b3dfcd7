"""A fitted detector as a tree of plain values and arrays, for a file or a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import keras
import numpy as np

from gantutor import archive, networks
from gantutor.detectors.graphs import networks_of
from gantutor.one_class import check_parameters, fitted_values, restore_values

if TYPE_CHECKING:
    from gantutor.detectors.base import Detector

D = TypeVar("D", bound="Detector")
NEEDED = (  # of any detector, to score and to be trained on
    *(
        "n_features_in_",
        "image_shape_",
        "latent_dim_",
        "center_",
        "scale_",
        "mean_row_",
    ),
    *("history_", "training_state_", "seed_"),
)


def packed(detector: Detector) -> archive.Tree:
    """All that a fitted detector needs to score, and to be trained on."""
    parameters: dict[str, Any] = detector._fitted_parameters.copy()
    for name, value in parameters.items():
        if isinstance(value, keras.Model):
            parameters[name] = {"keras": networks.packed(value)}
        elif isinstance(value, np.random.RandomState):
            parameters[name] = None  # its state has moved on: it could not be repeated
    return {
        "class": type(detector).__name__,
        "parameters": parameters,
        "fitted": fitted_values(detector, leave_out=networks_of(detector)),
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
    restore_values(detector, tree["fitted"], NEEDED)
    for name in ("center_", "scale_"):
        shape = np.asarray(vars(detector)[name], dtype=float).shape
        if shape != ((1,) if detector.image_shape_ else (detector.n_features_in_,)):
            raise ValueError(f"its {name} has shape {shape}")
    if np.shape(detector.mean_row_) != detector.row_shape:
        raise ValueError(f"its mean_row_ has shape {np.shape(detector.mean_row_)}")
    detector._fitted_parameters = detector.get_params(deep=False)
    detector._build()
    return detector
