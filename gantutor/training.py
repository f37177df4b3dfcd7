"""The training step, and the compiled loop that runs it (notebook 03).

A *step* takes a batch of rows and noise, updates the networks and returns its losses. The
loop runs many steps in one compiled call, on row numbers and noise that NumPy has drawn: no
time is lost in Python between two steps, and the numbers do not depend on how TensorFlow was
told to compile.
"""

import contextlib
import math
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from gantutor.losses import (
    critic_loss,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    wasserstein_generator_loss,
)

Step = Callable[..., tuple[tf.Tensor, ...]]

JIT_FROM = 10_000  # steps: XLA compiles about 1 s longer and saves about 0.1 ms a step
BLOCK_BYTES = 32_000_000  # noise that is drawn at a time
UPDATE_SECONDS = 0.5  # between two updates of the progress bar


class Noise(NamedTuple):
    """Random numbers that one step needs: which distribution, and in which shape."""

    distribution: Literal["normal", "uniform"]
    shape: tuple[int, ...]


def minimize(
    loss: tf.Tensor,
    tape: tf.GradientTape,
    optimizer: keras.Optimizer,
    players: Sequence[keras.Model],
) -> None:
    """Move the weights of some networks, and of no others, one step down a loss.

    Parameters
    ----------
    loss : tensor of shape ()
        Recorded by the tape.
    tape : tf.GradientTape
        Used up, unless it is persistent.
    optimizer : keras.Optimizer
        Built on the trainable variables of the players, in their order.
    players : sequence of keras.Model
        The networks that learn.
    """
    variables = [v for player in players for v in player.trainable_variables]
    optimizer.apply(tape.gradient(loss, variables), variables)


def gan_step(
    generator: keras.Model,
    discriminator: keras.Model,
    g_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of a GAN: both networks learn from the same batch.

    Source: Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1, with both gradients taken
    before either network moves.

    Parameters
    ----------
    generator, discriminator : keras.Model
        The two players.
    g_optimizer, d_optimizer : keras.Optimizer
        Their optimisers, built on their trainable variables.
    x : tensor of shape (batch, ...)
        Real rows.
    z : tensor of shape (batch, latent_dim)
        Noise for as many generated rows.

    Returns
    -------
    d_loss, g_loss : tensors of shape ()
        Losses before the update.
    """
    with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
        fake = generator(z, training=True)
        real_logits = discriminator(x, training=True)
        fake_logits = discriminator(fake, training=True)
        d_loss = discriminator_loss(real_logits, fake_logits)
        g_loss = generator_loss(fake_logits)
    d_gradients = d_tape.gradient(d_loss, discriminator.trainable_variables)
    g_gradients = g_tape.gradient(g_loss, generator.trainable_variables)
    d_optimizer.apply(d_gradients, discriminator.trainable_variables)
    g_optimizer.apply(g_gradients, generator.trainable_variables)
    return d_loss, g_loss


def wgan_step(
    generator: keras.Model,
    critic: keras.Model,
    g_optimizer: keras.Optimizer,
    c_optimizer: keras.Optimizer,
    penalty_weight: float,
    x: tf.Tensor,
    z: tf.Tensor,
    epsilon: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """One step of a WGAN with gradient penalty: several critic updates, one of the generator.

    Source: Gulrajani et al. 2017 (arXiv 1704.00028), algorithm 1.

    Parameters
    ----------
    generator, critic : keras.Model
        The two players; the critic's output has no sigmoid.
    g_optimizer, c_optimizer : keras.Optimizer
        Their optimisers, built on their trainable variables.
    penalty_weight : float
        Weight of the gradient penalty (lambda in the paper).
    x : tensor of shape (n_critic, batch, ...)
        Real rows, a fresh batch for each critic update.
    z : tensor of shape (n_critic + 1, batch, latent_dim)
        Noise, a fresh batch for each update.
    epsilon : tensor of shape (n_critic, batch, 1)
        Uniform random numbers for the gradient penalty.

    Returns
    -------
    c_loss, g_loss, penalty : tensors of shape ()
        Losses before the last update of each network; `c_loss` is without the penalty.
    """
    c_loss = penalty = tf.constant(0.0)
    for k in tf.range(x.shape[0]):
        fake = generator(z[k], training=True)
        with tf.GradientTape() as tape:
            c_loss = critic_loss(
                critic(x[k], training=True), critic(fake, training=True)
            )
            penalty = gradient_penalty(critic, x[k], fake, epsilon[k])
            total = c_loss + penalty_weight * penalty
        gradients = tape.gradient(total, critic.trainable_variables)
        c_optimizer.apply(gradients, critic.trainable_variables)
    with tf.GradientTape() as tape:
        fake_scores = critic(generator(z[-1], training=True), training=True)
        g_loss = wasserstein_generator_loss(fake_scores)
    gradients = tape.gradient(g_loss, generator.trainable_variables)
    g_optimizer.apply(gradients, generator.trainable_variables)
    return c_loss, g_loss, penalty


def compile_block(
    step: Step, jit_compile: bool = False
) -> tf.types.experimental.PolymorphicFunction:
    """Compile a function that runs many steps in one call.

    Parameters
    ----------
    step : callable
        ``step(x, *noise)`` updates the networks and returns a tuple of scalar losses. The
        optimisers must have been built.
    jit_compile : bool, default=False
        Compile with XLA: slower to start, faster afterwards for small dense networks.

    Returns
    -------
    callable
        ``run_block(data, rows, noise, start, stop)`` runs the steps start, ..., stop - 1:
        step i sees ``data[rows[i]]`` and ``noise[k][i]`` for each array k of the tuple
        `noise`. It returns the losses, of shape (n_steps, n_losses).
    """

    @tf.function(jit_compile=jit_compile)
    def run_block(
        data: tf.Tensor,
        rows: tf.Tensor,
        noise: tuple[tf.Tensor, ...],
        start: tf.Tensor,
        stop: tf.Tensor,
    ) -> tf.Tensor:
        losses = tf.TensorArray(tf.float32, size=rows.shape[0])
        i = start
        while i < stop:  # a loop inside the graph: no return to Python between steps
            x = tf.gather(data, rows[i])
            losses = losses.write(i, tf.stack(step(x, *[n[i] for n in noise])))
            i += 1
        return losses.stack()

    return run_block


def train(
    step: Step,
    data: NDArray[np.float32],
    n_steps: int,
    *,
    batch_shape: tuple[int, ...],
    noise: Sequence[Noise],
    loss_names: Sequence[str],
    seed: int | np.random.SeedSequence = 0,
    jit_compile: bool | None = None,
    verbose: int = 0,
    skip: int = 0,
    run_block: tf.types.experimental.PolymorphicFunction | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Run `n_steps` steps on random batches, in blocks of compiled steps.

    Rows are drawn with replacement. The draws depend on the seed alone, not on how the
    steps fall into blocks. Ctrl-C (in Jupyter: the stop button) ends the training after
    the steps under way and keeps what was learned; a second one stops at once.

    Parameters
    ----------
    step : callable
        ``step(x, *noise)`` updates the networks and returns a tuple of scalar losses.
    data : array of shape (n, ...)
        Training rows, as the networks take them.
    n_steps : int
        Number of steps, at least 1.
    batch_shape : tuple of int
        Shape of the rows that one step sees, such as (128,).
    noise : sequence of Noise
        The random numbers that one step takes, in the order of its arguments.
    loss_names : sequence of str
        Names of the losses that a step returns.
    seed : int or SeedSequence, default=0
        Seed of the rows and the noise.
    jit_compile : bool, optional
        Compile with XLA. By default only from 10,000 steps on, where it pays.
    verbose : int, default=0
        1 shows a progress bar on standard output, with the time left.
    skip : int, default=0
        Steps of an earlier call with the same seed: their random numbers are passed over,
        so that the training goes on as if it had not stopped.
    run_block : callable, optional
        What `compile_block` returned for this step, to be used again.

    Returns
    -------
    dict of str to array of shape (n_steps_done,)
        Each loss at each step.

    Raises
    ------
    FloatingPointError
        If a loss becomes infinite or NaN; the message names the step.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps is {n_steps}; training needs at least 1 step.")
    if jit_compile is None:
        jit_compile = n_steps >= JIT_FROM
    run_block = run_block or compile_block(step, jit_compile)
    if not isinstance(seed, np.random.SeedSequence):
        seed = np.random.SeedSequence(seed)
    streams = list(map(np.random.default_rng, seed.spawn(1 + len(noise))))
    bytes_per_step = 4 * sum(math.prod(spec.shape) for spec in noise)
    block = min(n_steps, 1000, max(1, BLOCK_BYTES // max(1, bytes_per_step)))

    def draws(n: int) -> list[NDArray]:
        """Row numbers and noise of the next n steps."""
        rows = streams[0].integers(len(data), size=(n, *batch_shape), dtype=np.int32)
        return [
            rows,
            *(_draw(s, spec, n) for s, spec in zip(streams[1:], noise, strict=True)),
        ]

    for first in range(0, skip, block):
        draws(min(block, skip - first))
    rows_of_data = tf.constant(data)
    # data of more or fewer rows need no graph of their own
    any_number = tf.TensorSpec((None, *data.shape[1:]), rows_of_data.dtype)
    losses: list[NDArray[np.float32]] = []
    done, pace = 0, 20  # steps so far, and steps until the next look at the clock
    with (
        _interruptible() as interrupted,
        tqdm(total=n_steps, disable=not verbose, unit="step", file=sys.stdout) as bar,
    ):
        for first in range(0, n_steps, block):
            n = min(block, n_steps - first)
            rows, *random = (tf.constant(_pad(a, block)) for a in draws(n))
            call = run_block.get_concrete_function(
                any_number, rows, tuple(random), tf.constant(0), tf.constant(0)
            )
            start = 0
            while start < n and not interrupted.is_set():
                stop = min(start + pace, n)
                began = time.perf_counter()
                values = call(
                    rows_of_data,
                    rows,
                    tuple(random),
                    tf.constant(start),
                    tf.constant(stop),
                ).numpy()[start:stop]
                _check_finite(values, loss_names, done, n_steps)
                losses.append(values)
                done += stop - start
                bar.update(stop - start)
                speed = (stop - start) / (time.perf_counter() - began)
                pace = max(1, int(speed * UPDATE_SECONDS))
                start = stop
    if not losses:  # Ctrl-C before the first step: there is nothing to keep
        raise KeyboardInterrupt
    if done < n_steps:
        warnings.warn(
            f"Training was stopped by the keyboard after step {done:,} of {n_steps:,}; "
            "what was learned until then is kept.",
            stacklevel=2,
        )
    return dict(zip(loss_names, np.concatenate(losses).T, strict=True))


def _draw(stream: np.random.Generator, spec: Noise, n: int) -> NDArray[np.float32]:
    draw = stream.standard_normal if spec.distribution == "normal" else stream.random
    return draw((n, *spec.shape), dtype=np.float32)


def _pad(a: NDArray, length: int) -> NDArray:
    """Zeros behind a last, shorter block: another shape would be compiled again."""
    return np.pad(a, [(0, length - len(a))] + [(0, 0)] * (a.ndim - 1))


def _check_finite(
    values: NDArray[np.float32], names: Sequence[str], done: int, n_steps: int
) -> None:
    if np.isfinite(values).all():
        return
    row, column = np.argwhere(~np.isfinite(values))[0]
    raise FloatingPointError(
        f"The {names[column]} loss became {values[row, column]} at step "
        f"{done + row + 1:,} of {n_steps:,}. Lower learning_rate, and look for extreme "
        "values in the data."
    )


@contextlib.contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Let the first Ctrl-C set an event instead of breaking off a step; the second raises."""
    asked = threading.Event()
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(
        previous
    ):
        yield asked
        return

    def stop_soon(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    signal.signal(signal.SIGINT, stop_soon)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, previous)
