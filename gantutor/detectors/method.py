"""What a method is: its networks, its training, its score, and all that in a file.

`Detector` in ``base.py`` adds `fit` and what a user calls.
"""

from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gantutor import archive, networks, startup
from gantutor.one_class import (
    OneClass,
    check_parameters,
    refuse_other_shapes,
    restore_values,
)
from gantutor.rows import Rows
from gantutor.training import Stage

NEEDED = (  # of any detector, to score and to be trained on
    *("n_features_in_", "image_shape_", "latent_dim_", "seed_", "center_", "scale_"),
    *("mean_row_", "history_", "training_state_"),
)


class Method(OneClass):
    """Base of `Detector`: what it asks of a method, and what it keeps."""

    n_features_in_: int
    image_shape_: tuple[int, ...]
    latent_dim_: int
    history_: dict[str, NDArray]
    training_state_: dict[str, NDArray]
    stopped_: bool
    calibration_given_: bool
    _fitted_parameters: dict[str, Any]

    # what stands in for None, on tables and on images; a method names what differs
    table_defaults: ClassVar[dict[str, Any]] = {}
    image_defaults: ClassVar[dict[str, Any]] = {}
    score_arrays: ClassVar[tuple[str, ...]] = ()  # what the score needs beside networks
    arrays_of_rows: ClassVar[tuple[str, ...]] = ()  # of them, those of any length
    batches_scored_at_once: ClassVar[int] = 1

    def _build(self) -> None:
        """Set the networks as attributes that end in an underscore."""
        raise NotImplementedError

    def _training(self) -> list[Stage]:
        """The stages of the training, in their order, on the networks of `_build`."""
        raise NotImplementedError

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        """Scores (n,) of scaled rows; up = more anomalous."""
        raise NotImplementedError

    def _after_training(self, x: Rows) -> None:
        """Set what `score_arrays` names, from the scaled training rows."""

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row as the networks take it: (n_features,) or (height, width, c)."""
        if not self.image_shape_:
            return (self.n_features_in_,)
        return (*self.image_shape_, 1)[:3]

    def _setting(self, name: str) -> Any:
        """A parameter, or what stands in for None on this kind of data."""
        value = getattr(self, name)
        if value is not None:
            return value
        if self.image_shape_:
            usual = {"hidden": (16, 32), "n_steps": 500, "latent_dim": 16}
            usual = usual | {"learning_rate": 1e-3} | self.image_defaults
        else:
            usual = {"hidden": (64, 64), "n_steps": 1000, "learning_rate": 1e-3}
            usual |= {"latent_dim": min(16, self.n_features_in_)} | self.table_defaults
        return usual[name]

    def _network(self, name: str, kind: str = "") -> keras.Model:
        """A fresh copy of the network that a parameter holds, or the default of its kind."""
        given, hidden = getattr(self, name), self._setting("hidden")
        shapes = self.row_shape, self.latent_dim_
        return networks.player(kind or name, given, *shapes, hidden)

    # -- for the workshop that trains it -----------------------------------------------

    @property
    def fitted_parameters(self) -> dict[str, Any]:
        """The parameters of the last fit, which `set_params` does not change."""
        return self._fitted_parameters

    def twin(self) -> tuple[Self, list[Stage]]:
        """A detector of the same class, parameters and shapes, and how it is trained.

        Its networks are its own, its optimisers of the same type.
        """
        twin = type(self)(**self._fitted_parameters)
        for name in ("n_features_in_", "image_shape_", "latent_dim_"):
            setattr(twin, name, getattr(self, name))
        with networks.initial_weights(0):
            twin._build()
            return twin, twin._training()

    def step_counts(self) -> list[int]:
        """How many steps each stage of `_training` takes."""
        return [self._setting("n_steps")]

    # -- in a file, or copied ----------------------------------------------------------

    def networks(self) -> dict[str, keras.Model]:
        """The networks that `_build` has made, by name."""
        return {
            name: value
            for name, value in sorted(vars(self).items())
            if name.endswith("_") and isinstance(value, keras.Model)
        }

    def _parts(self) -> archive.Tree:
        parameters = self._fitted_parameters.copy()
        for name, value in parameters.items():
            if isinstance(value, keras.Model):
                parameters[name] = {"keras": networks.packed(value)}
            elif isinstance(value, np.random.RandomState):
                parameters[name] = None  # its state has moved on
        found = self.networks().items()
        weights = {name: network.get_weights() for name, network in found}
        return {"parameters": parameters, "weights": weights}

    @classmethod
    def from_tree(cls, tree: archive.Tree, unpack: Any = None) -> Self:
        """What `to_tree` has described, put together again."""
        weights = tree["weights"]
        # a file of a kilobyte can name a layer of a billion units
        networks.refuse_other_sizes(lambda: cls._rebuilt(tree).networks(), weights)
        with networks.initial_weights(0):
            detector = cls._rebuilt(tree)
        for name, network in detector.networks().items():
            network.set_weights(weights[name])
        return detector

    @classmethod
    def _rebuilt(cls, tree: archive.Tree) -> Self:
        """A detector with its parameters, its fitted values and networks of any weights."""
        parameters = tree["parameters"].copy()
        for name, value in parameters.items():
            if name not in cls._get_param_names():
                raise ValueError(f"it has an unknown parameter {name!r}")
            if isinstance(value, dict):
                parameters[name] = networks.unpacked(value["keras"])
            elif isinstance(value, list):
                parameters[name] = tuple(value)
        detector = cls(**parameters)
        check_parameters(detector)
        restore_values(detector, tree["fitted"], NEEDED)
        width = 1 if detector.image_shape_ else detector.n_features_in_
        shapes = dict.fromkeys(("center_", "scale_"), (width,))
        refuse_other_shapes(detector, shapes | {"mean_row_": detector.row_shape})
        detector._fitted_parameters = detector.get_params(deep=False)
        detector._build()
        return detector

    def __getstate__(self) -> dict[str, Any]:
        fitted = hasattr(self, "threshold_")
        return {"packed": self._tree()} if fitted else self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "packed" not in state:
            self.__dict__.update(state)
        elif not startup.forked():  # there, the first call says what is wrong
            self.__dict__.update(vars(self.from_tree(state["packed"])))
