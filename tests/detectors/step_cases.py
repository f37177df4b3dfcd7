"""What the tests of the single methods share: small networks, and steps by hand."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from detector_cases import ROWS, tiny

from gantutor import networks
from gantutor.detectors import Detector, graphs

Weights = list[np.ndarray]


def rows(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)


def softplus(a: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, a)


# networks


def leaky(n_inputs: int, n_outputs: int) -> keras.Model:
    """No unit of it is ever dead."""
    return networks.dense_network(n_inputs, n_outputs, (5, 4), "leaky_relu")


def leaky_pair(n_first: int, n_second: int) -> keras.Model:
    inputs = [keras.Input((n_first,)), keras.Input((n_second,))]
    return keras.Model(inputs, leaky(n_first + n_second, 1)(_joined(inputs)))


def linear_pair(n_first: int, n_second: int) -> keras.Model:
    return networks.pair_discriminator((n_first,), (n_second,), ())


def _joined(inputs: list) -> Any:
    return keras.layers.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]


def shift(seed: int, *models: keras.Model) -> None:
    """Weights that are no draw of Keras': biases are not zero."""
    rng = np.random.default_rng(seed)
    for model in models:
        model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])


def sgd(rate: float, *players: keras.Model) -> keras.Optimizer:
    optimizer = keras.optimizers.SGD(rate)
    optimizer.build([v for player in players for v in player.trainable_variables])
    return optimizer


class Recorder:
    """Stands in for a network and remembers what it was given."""

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self.seen: list[list[np.ndarray]] = []

    def __call__(self, inputs: Any, training: bool = False) -> Any:
        parts = inputs if isinstance(inputs, list) else [inputs]
        self.seen.append([np.array(part) for part in parts])
        return self.network(inputs, training=training)

    @property
    def trainable_variables(self) -> list:
        return self.network.trainable_variables

    def saw(self, *parts: Any) -> int:
        """How many times it was given these."""
        return sum(
            all(
                got.shape == part.shape and np.allclose(got, part, atol=1e-6)
                for got, part in zip(seen, parts, strict=True)
            )
            for seen in self.seen
        )


# steps


def assert_each_player_moves_alone(
    make_step: Callable[..., tuple[dict[str, keras.Model], Callable]],
    teams: Sequence[set[str]],
) -> None:
    """With one optimiser's rate above zero, all weights of its team move, and no other."""
    for k, team in enumerate(teams):
        rates = [0.1 if i == k else 0.0 for i in range(len(teams))]
        models, step = make_step(*rates)
        before = {name: model.get_weights() for name, model in models.items()}
        step()
        for name, model in models.items():
            moved = [
                bool((old != new).any())
                for old, new in zip(before[name], model.get_weights(), strict=True)
            ]
            assert moved == [name in team] * len(moved), (team, name)


def assert_step_by_hand(
    step: Callable[[], tuple],
    models: Sequence[keras.Model],
    by_hand: Callable[..., tuple[float, ...]],
    goals: Sequence[Callable[..., float] | None],
) -> None:
    """Losses are those before the step, and each network moves down its own goal's slope.

    `by_hand` maps the weights of all models to the losses; ``goals[i]`` maps these losses
    to what model i minimises with rate 1 (None: it stays as it is).
    """
    before = [[w.astype(float) for w in model.get_weights()] for model in models]
    losses = step()
    np.testing.assert_allclose(list(map(float, losses)), by_hand(*before), rtol=1e-4)
    for model, own_weights, goal in zip(models, before, goals, strict=True):
        for old, new in zip(own_weights, model.get_weights(), strict=True):
            if goal is None:
                np.testing.assert_array_equal(new, old)
                continue
            slope = _slope(lambda g=goal: g(*by_hand(*before)), old)
            np.testing.assert_allclose(new, old - slope, rtol=1e-3, atol=1e-4)
            assert np.abs(slope).max() > 1e-3  # else the comparison says nothing


def _slope(value: Callable[[], float], weights: np.ndarray) -> np.ndarray:
    """Central differences, in float64."""
    slope, h = np.zeros_like(weights), 1e-5
    for i in np.ndindex(*weights.shape):
        kept = weights[i]
        ends = []
        for weights[i] in (kept + h, kept - h):
            ends.append(value())
        weights[i] = kept
        slope[i] = (ends[0] - ends[1]) / (2 * h)
    return slope


def affine(weights: Weights, *x: np.ndarray) -> np.ndarray:
    """What a network without activations makes of x (or of several, side by side)."""
    y = np.hstack(x).astype(float)
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        y = y @ kernel + bias
    return y


# fitted detectors


def unscaled(detector: Detector, x: np.ndarray) -> np.ndarray:
    return x * detector.scale_ + detector.center_


def last_hidden(network: keras.Model, *x: np.ndarray) -> np.ndarray:
    """By the weights: relu layers, and a linear one at the end, which is left out."""
    *weights, _, _ = (w.numpy() for w in network.trainable_weights)
    y = np.hstack(x)
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        y = np.maximum(y @ kernel + bias, 0)
    return y


def invertible(seed: int = 0) -> tuple[Weights, Weights]:
    """Weights of a linear generator of 4 columns, and of the encoder that undoes it."""
    rng = np.random.default_rng(seed)
    kernel = np.linalg.qr(rng.standard_normal((4, 4)))[0] * rng.uniform(0.5, 2, 4)
    inverse, bias = np.linalg.inv(kernel), rng.standard_normal(4)
    return [kernel, bias], [inverse, -bias @ inverse]


def linear_networks(*names: str) -> dict[str, Any]:
    """Parameters of a detector of 4 columns: these networks are linear maps."""
    models = {name: networks.dense_network(4, 4, ()) for name in names}
    return {"latent_dim": 4, **models}


def assert_scores_come_from_averaged_weights(detector_class: type[Detector]) -> None:
    """Keras' rule: the average starts at the weights after the first step."""
    trajectory, going_on = (
        [],
        tiny(detector_class, n_steps=1, ema_momentum=0.0, warm_start=True),
    )
    for _ in range(3):
        trajectory.append(copy.deepcopy(going_on.fit(ROWS)))
    averaged = tiny(detector_class, n_steps=3, ema_momentum=0.7).fit(ROWS)
    last = graphs.variables_of(trajectory[2])
    for i, variable in enumerate(last):  # a warm start goes on from the last weights
        np.testing.assert_array_equal(averaged.training_state_[str(i)], variable)
    for name, network in averaged.networks().items():
        ways = [vars(detector)[name].trainable_weights for detector in trajectory]
        for mean, one, two, three in zip(network.trainable_weights, *ways, strict=True):
            w1, w2, w3 = (w.numpy() for w in (one, two, three))
            expected = 0.7 * (0.7 * w1 + 0.3 * w2) + 0.3 * w3
            np.testing.assert_allclose(mean, expected, rtol=1e-4, atol=1e-7)
            assert (mean.numpy() != w3).any()
