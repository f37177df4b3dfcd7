"""What others offer, where it is installed: ``pip install -e ".[peers]"``.

The same GAN step in PyTorch (eager) and in JAX (`lax.scan`, one compiled call for all
steps): both gradients from one batch, Adam with TensorFlow's constants. And the detectors of
PyOD (Zhao et al. 2019) that are networks.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler

if find_spec("torch"):  # loaded after TensorFlow it crashes: each brings an LLVM
    import torch._dynamo  # noqa: F401

PYOD = {
    "AnoGAN": "anogan",
    "ALAD": "alad",
    "SO_GAAL": "so_gaal",
    "MO_GAAL": "mo_gaal",
    "AutoEncoder": "auto_encoder",
    "DeepSVDD": "deep_svdd",
}
LEARNING_RATE, BETAS, EPSILON = 1e-4, (0.9, 0.999), 1e-7


def training_ways() -> dict[str, Callable]:
    """Functions of hidden layers and draws, as `benchmarks.speed.ways` has them."""
    found = {}
    if find_spec("torch"):
        found["PyTorch, eager"] = pytorch
    if find_spec("jax"):
        import_module("jax")  # its start is not part of the first result
        found["JAX, lax.scan"] = jax_scan
    return found


def pytorch(hidden: tuple[int, ...], given: tuple) -> Callable[[int], None]:
    """PyTorch's usual loop."""
    import torch
    from torch import nn

    data, rows, noise = map(torch.from_numpy, given)

    def network(sizes: list[int]) -> nn.Sequential:
        layers = [
            layer
            for n_in, n_out in pairwise(sizes[:-1])
            for layer in (nn.Linear(n_in, n_out), nn.ReLU())
        ]
        return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))

    d = data.shape[1]
    generator, discriminator = network([d, *hidden, d]), network([d, *hidden, 1])
    optimizers = [
        torch.optim.Adam(each.parameters(), LEARNING_RATE, BETAS, EPSILON)
        for each in (generator, discriminator)
    ]
    bce = nn.functional.binary_cross_entropy_with_logits

    def run(n_steps: int) -> None:
        for i in range(n_steps):
            fake = generator(noise[i])
            real_logits, fake_logits = discriminator(data[rows[i]]), discriminator(fake)
            one, zero = torch.ones_like(fake_logits), torch.zeros_like(fake_logits)
            losses = (
                bce(fake_logits, one),
                bce(real_logits, one) + bce(fake_logits, zero),
            )
            gradients = [
                torch.autograd.grad(loss, list(each.parameters()), retain_graph=True)
                for loss, each in zip(losses, (generator, discriminator), strict=True)
            ]
            for optimizer, each, of in zip(
                optimizers, (generator, discriminator), gradients, strict=True
            ):
                for parameter, gradient in zip(each.parameters(), of, strict=True):
                    parameter.grad = gradient
                optimizer.step()

    return run


def jax_scan(hidden: tuple[int, ...], given: tuple) -> Callable[[int], None]:
    """All steps in one compiled loop."""
    import jax
    from jax import numpy as jnp

    data, rows, noise = map(jnp.asarray, given)
    rng = np.random.default_rng(0)

    def layers(sizes: list[int]) -> list:
        limits = [np.sqrt(6 / (a + b)) for a, b in pairwise(sizes)]
        return [
            (jnp.asarray(rng.uniform(-limit, limit, (a, b)), jnp.float32), jnp.zeros(b))
            for limit, a, b in zip(limits, sizes[:-1], sizes[1:], strict=True)
        ]

    def forward(weights: list, x: jax.Array) -> jax.Array:
        for kernel, bias in weights[:-1]:
            x = jax.nn.relu(x @ kernel + bias)
        kernel, bias = weights[-1]
        return x @ kernel + bias

    def losses(g: list, d: list, x: jax.Array, z: jax.Array) -> tuple:
        real, fake = forward(d, x), forward(d, forward(g, z))
        of_real, of_fake = jax.nn.softplus(-real).mean(), jax.nn.softplus(fake).mean()
        return of_real + of_fake, jax.nn.softplus(-fake).mean()

    def adam(weights: list, gradients: list, memory: tuple, i: jax.Array) -> tuple:
        first, second = BETAS
        tree = jax.tree_util.tree_map
        mean = tree(lambda m, g: first * m + (1 - first) * g, memory[0], gradients)
        square = tree(
            lambda v, g: second * v + (1 - second) * g * g, memory[1], gradients
        )
        size = LEARNING_RATE * jnp.sqrt(1 - second**i) / (1 - first**i)
        moved = tree(
            lambda w, m, v: w - size * m / (jnp.sqrt(v) + EPSILON),
            weights,
            mean,
            square,
        )
        return moved, (mean, square)

    def step(carry: tuple, draw: tuple) -> tuple:
        g, d, g_memory, d_memory, i = carry
        x, z = data[draw[0]], draw[1]
        d_gradient = jax.grad(lambda d: losses(g, d, x, z)[0])(d)
        g_gradient = jax.grad(lambda g: losses(g, d, x, z)[1])(g)
        new_g, g_memory = adam(g, g_gradient, g_memory, i)
        new_d, d_memory = adam(d, d_gradient, d_memory, i)
        return (new_g, new_d, g_memory, d_memory, i + 1), jnp.stack(losses(g, d, x, z))

    width = data.shape[1]
    g, d = layers([width, *hidden, width]), layers([width, *hidden, 1])
    zeros = jax.tree_util.tree_map(jnp.zeros_like, (g, d))
    start = (g, d, (zeros[0], zeros[0]), (zeros[1], zeros[1]), jnp.float32(1))
    scan = jax.jit(lambda carry, draw: jax.lax.scan(step, carry, draw))

    def run(n_steps: int) -> None:
        # the length is part of what JAX compiles: one step is a program of its own
        np.asarray(scan(start, (rows[:n_steps], noise[:n_steps]))[1])

    return run


class PyOD(BaseEstimator):
    """A detector of PyOD at its defaults, on standardised rows, images laid flat."""

    def __init__(self, name: str, random_state: int = 0) -> None:
        self.name = name
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: None = None) -> PyOD:
        import torch

        kind = getattr(import_module(f"pyod.models.{PYOD[self.name]}"), self.name)
        wanted = {
            "n_features": X[0].size,
            "random_state": self.random_state,
            "verbose": 0,
        }
        taken = inspect.signature(kind).parameters
        torch.manual_seed(self.random_state)
        np.random.seed(self.random_state)  # noqa: NPY002  some of them draw from it
        self.scaler_ = StandardScaler().fit(X.reshape(len(X), -1))
        with contextlib.redirect_stdout(None):  # some print each epoch all the same
            self.model_ = kind(**{k: v for k, v in wanted.items() if k in taken})
            self.model_.fit(self.scaler_.transform(X.reshape(len(X), -1)))
        return self

    def anomaly_score(self, X: np.ndarray) -> np.ndarray:
        return self.model_.decision_function(
            self.scaler_.transform(X.reshape(len(X), -1))
        )


def detectors() -> dict[str, PyOD]:
    """PyOD's detectors, by name, where PyOD and PyTorch are installed."""
    if not (find_spec("pyod") and find_spec("torch")):
        return {}
    return {f"PyOD {name}": PyOD(name) for name in PYOD}
