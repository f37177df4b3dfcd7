"""Graphs compiled once, and shared by all detectors that are alike.

Tracing a graph takes longer than running it a thousand times. Detectors of one class, with
the same parameters and the same shape of rows, therefore share one `Workshop`, however many
steps each of them takes:

- shared are its networks and optimisers, the compiled loops that train them, and the
  compiled functions of rows, such as the score;
- lent to it are the weights of the one detector that is trained or asked: they are copied
  into its variables for a training, and passed as arguments to its functions;
- back come the trained weights, the state of the optimisers, and the results.

Nothing that one detector has learned stays in what another one uses.
"""

import copy
import threading
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gantutor import training
from gantutor.detectors.method import Method
from gantutor.rows import Rows

WORKSHOPS_KEPT = 12  # those used last
NOT_IN_A_GRAPH = {
    *("n_steps", "n_encoder_steps"),  # a loop in a graph runs as often as it is told
    *("random_state", "verbose", "false_alarm_rate", "warm_start"),
}

Arrays = dict[str, NDArray]


def variables_of(detector: Method) -> list[keras.Variable]:
    """All weights of its networks."""
    return [v for network in detector.networks().values() for v in network.variables]


class Workshop:
    """What detectors of one class, with the same parameters and shapes, have in common."""

    def __init__(self, detector: Method) -> None:
        self.model, self.stages = detector.twin()
        self.optimizers = [adam for stage in self.stages for adam in stage.learners]
        state = [v for optimizer in self.optimizers for v in optimizer.variables]
        self.first_state = [v.numpy() for v in state]
        self.variables = [*variables_of(self.model), *state]
        self.loops: dict[tuple[training.Stage, bool], Any] = {}
        self.functions: dict[tuple, Callable] = {}
        self.in_use = threading.Lock()  # one training at a time

    def train(self, detector: Method, x: Rows, seed: np.random.SeedSequence) -> Arrays:
        """Train the networks of a detector on x, or go on where its training had stopped.

        Its networks and its `training_state_` are new afterwards; the losses are returned.
        """
        with self.in_use:
            self._take(detector)
            done = len(next(iter(detector.history_.values()), ()))
            history: Arrays = {}
            detector.stopped_ = False
            for stage, n_steps in zip(self.stages, detector.step_counts(), strict=True):
                jit = n_steps >= training.JIT_FROM
                loop = training.compile_block(stage.step, jit)  # traced when first used
                losses = training.train(
                    stage.step,
                    x,
                    n_steps,
                    batch_shape=stage.batch_shape,
                    noise=stage.noise,
                    loss_names=stage.loss_names,
                    seed=seed,  # each stage spawns streams of its own
                    verbose=detector.verbose,
                    skip=done,
                    run_block=self.loops.setdefault((stage, jit), loop),
                )
                detector.stopped_ |= len(losses[stage.loss_names[0]]) < n_steps
                history |= losses
            self._give_back(detector)
        return history

    def function(self, detector: Method, method: str) -> Callable:
        """A method of scaled rows, such as "_score", compiled; with this detector's weights."""
        arrays = {
            name: tf.constant(vars(detector)[name])
            for name in (*detector.score_arrays, "mean_row_")
            if name in vars(detector)
        }
        weights = [tf.convert_to_tensor(v) for v in variables_of(detector)]
        specs = {}
        for name, array in arrays.items():
            of_any_length = (None, *array.shape[1:])
            shape = of_any_length if name in detector.arrays_of_rows else array.shape
            specs[name] = tf.TensorSpec(shape, array.dtype)
        key = (method, *specs.items())
        if key not in self.functions:
            rows = tf.TensorSpec((None, *detector.row_shape), tf.float32)
            traced = tf.function(self._with_arguments(method))
            self.functions[key] = traced.get_concrete_function(weights, specs, rows)
        run = self.functions[key]
        return lambda x: run(weights, arrays, x)

    def _take(self, detector: Method) -> None:
        values = list(detector.training_state_.values())
        if not values:
            values = [v.numpy() for v in variables_of(detector)] + self.first_state
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)

    def _give_back(self, detector: Method) -> None:
        detector.training_state_ = {
            str(i): variable.numpy() for i, variable in enumerate(self.variables)
        }
        for stage in self.stages:  # weights averaged over the steps
            for optimizer, players in stage.learners.items():
                trained = [v for player in players for v in player.trainable_variables]
                optimizer.finalize_variable_values(trained)
        for name, network in detector.networks().items():
            network.set_weights(self.model.networks()[name].get_weights())

    def _with_arguments(self, method: str) -> Callable:
        """The method as a function of weights and arrays: no detector's own stay in it."""
        variables = variables_of(self.model)

        def run(weights: list, arrays: dict[str, tf.Tensor], x: tf.Tensor) -> tf.Tensor:
            detector = copy.copy(self.model)
            detector.__dict__.update(arrays)
            with keras.StatelessScope(list(zip(variables, weights, strict=True))):
                return getattr(detector, method)(x)

        return run


_workshops: dict[tuple, Workshop] = {}
_lock = threading.Lock()


def workshop_of(detector: Method) -> Workshop:
    """The workshop of detectors like this one: that of an earlier one, or a new one."""
    key: list[Any] = [type(detector), detector.row_shape, detector.latent_dim_]
    for name, value in detector.fitted_parameters.items():
        if isinstance(value, keras.Model):
            # the same object, and not changed since; the workshop keeps it, and so its id
            key += [id(value), value.to_json()]
        elif name not in NOT_IN_A_GRAPH:
            key.append(repr(value))
    with _lock:
        workshop = _workshops.pop(tuple(key), None) or Workshop(detector)
        _workshops[tuple(key)] = workshop  # at the end: used last
        if len(_workshops) > WORKSHOPS_KEPT:
            del _workshops[next(iter(_workshops))]
        return workshop
