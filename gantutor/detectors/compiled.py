"""What a detector compiles, kept for the next one of the same kind and shapes.

Tracing a graph takes longer than running it a thousand times. All detectors of one class
with the same parameters and the same shape of rows therefore share their graphs: weights
and other learned numbers go in as arguments, and training works on variables that are lent
out and come back. Nothing that one detector has learned stays in what another one uses.
"""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gantutor import networks, training
from gantutor.training import Noise, Step

if TYPE_CHECKING:
    from gantutor.detectors.base import Detector

KEPT = 12  # kinds of detectors whose graphs are kept: those used last
NOT_IN_A_GRAPH = {"random_state", "verbose", "false_alarm_rate", "warm_start"}

Arrays = dict[str, NDArray]


class Phase(NamedTuple):
    """One stage of a training: a step, how many, on what, and the players that learn."""

    step: Step
    n_steps: int
    batch_shape: tuple[int, ...]
    noise: Sequence[Noise]
    loss_names: tuple[str, ...]
    players: Sequence[tuple[keras.Optimizer, list[keras.Model]]]


def networks_of(detector: Detector) -> dict[str, keras.Model]:
    """The networks that a detector has built, by name."""
    named = sorted(vars(detector).items())
    return {
        name: value
        for name, value in named
        if name.endswith("_") and isinstance(value, keras.Model)
    }


def variables_of(detector: Detector) -> list[keras.Variable]:
    """All weights of its networks."""
    return [v for network in networks_of(detector).values() for v in network.variables]


class Trainer:
    """Networks, optimisers and compiled loops for one training at a time."""

    def __init__(self, blank: Detector) -> None:
        self.networks = networks_of(blank)
        self.phases = blank._training()
        self.players = [player for phase in self.phases for player in phase.players]
        memory = [v for optimizer, _ in self.players for v in optimizer.variables]
        self.fresh = [v.numpy() for v in memory]
        self.variables = [*variables_of(blank), *memory]
        self.loops: dict[tuple[int, bool], Any] = {}

    def run(
        self, detector: Detector, x: NDArray[np.float32], seed: np.random.SeedSequence
    ) -> Arrays:
        """Train the networks of `detector` on x, or train on where it had stopped.

        Its networks and `training_state_` are new afterwards; the losses are returned.
        """
        done = len(next(iter(detector.history_.values()), ()))
        state = detector.training_state_
        start = [state[str(i)] for i in range(len(state))]
        start = start or [v.numpy() for v in variables_of(detector)] + self.fresh
        for variable, value in zip(self.variables, start, strict=True):
            variable.assign(value)
        history: Arrays = {}
        detector._stopped = False
        for number, phase in enumerate(self.phases):
            losses = training.train(
                phase.step,
                x,
                phase.n_steps,
                batch_shape=phase.batch_shape,
                noise=phase.noise,
                loss_names=phase.loss_names,
                seed=seed,  # each phase spawns streams of its own
                verbose=detector.verbose,
                skip=done,
                run_block=self._loop(number),
            )
            history |= losses
            detector._stopped |= len(losses[phase.loss_names[0]]) < phase.n_steps
        detector.training_state_ = {
            str(i): variable.numpy() for i, variable in enumerate(self.variables)
        }
        for optimizer, players in self.players:  # weights averaged over the steps
            trained = [v for player in players for v in player.trainable_variables]
            optimizer.finalize_variable_values(trained)
        for name, network in networks_of(detector).items():
            network.set_weights(self.networks[name].get_weights())
        return history

    def _loop(self, number: int) -> Any:
        jit_compile = self.phases[number].n_steps >= training.JIT_FROM
        key = number, jit_compile
        if key not in self.loops:
            step = self.phases[number].step
            self.loops[key] = training.compile_block(step, jit_compile)
        return self.loops[key]


class Graphs:
    """All that detectors of one kind, with rows of one shape, have compiled."""

    def __init__(self, detector: Detector) -> None:
        self.blank = blank(detector)
        self.idle = [Trainer(self.blank)]
        self.functions: dict[tuple, Callable] = {}

    def train(
        self, detector: Detector, x: NDArray[np.float32], seed: np.random.SeedSequence
    ) -> Arrays:
        """Train `detector`: see `Trainer.run`."""
        try:
            trainer = self.idle.pop()
        except IndexError:  # another thread is training a detector of this kind
            trainer = Trainer(blank(detector))
        try:
            return trainer.run(detector, x, seed)
        finally:
            self.idle.append(trainer)

    def function(
        self, detector: Detector, method: str
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """A method of rows, such as "_score", compiled; with this detector's weights."""
        arrays = {
            name: tf.constant(vars(detector)[name])
            for name in (*detector.learned, "typical_")
            if name in vars(detector)
        }
        weights = [tf.convert_to_tensor(v) for v in variables_of(detector)]
        shapes = ((name, *array.shape) for name, array in arrays.items())
        key = (method, *shapes)
        if key not in self.functions:
            rows = tf.TensorSpec((None, *detector._row_shape), tf.float32)
            traced = tf.function(self._traceable(method))
            self.functions[key] = traced.get_concrete_function(weights, arrays, rows)
        run = self.functions[key]
        return lambda x: run(weights, arrays, x)

    def _traceable(self, method: str) -> Callable:
        variables = variables_of(self.blank)

        def run(weights: list, arrays: dict[str, tf.Tensor], x: tf.Tensor) -> tf.Tensor:
            detector = copy.copy(self.blank)
            detector.__dict__.update(arrays)
            with keras.StatelessScope(list(zip(variables, weights, strict=True))):
                return getattr(detector, method)(x)

        return run


def blank(detector: Detector) -> Detector:
    """A detector of the same kind and shapes with networks of its own."""
    other = object.__new__(type(detector))
    other.__dict__.update(detector._fitted_parameters)
    for name in ("n_features_in_", "image_shape_", "latent_dim_"):
        other.__dict__[name] = vars(detector)[name]
    with networks.initial_weights(0):
        other._build()
    return other


_kept: OrderedDict[tuple, Graphs] = OrderedDict()
_lock = threading.Lock()


def graphs_of(detector: Detector) -> Graphs:
    """The graphs of this kind of detector: those of an earlier one, or new ones."""
    key = tuple(_kind(detector))
    with _lock:
        if key not in _kept:
            _kept[key] = Graphs(detector)
            if len(_kept) > KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]


def _kind(detector: Detector) -> Iterator[Any]:
    """What must be equal for two detectors to share their graphs."""
    yield from (type(detector), detector._row_shape, detector.latent_dim_)
    for name, value in detector._fitted_parameters.items():
        if isinstance(value, keras.Model):
            # the same object, and not changed since; the graphs keep it, and so its id
            yield id(value), value.to_json()
        elif name not in NOT_IN_A_GRAPH:
            yield repr(value)
