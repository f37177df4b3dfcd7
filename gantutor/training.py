"""The training step of each method, and the compiled loop that runs it (notebooks 03, 06).

A *step* takes a batch of rows and noise, updates the networks and returns its losses. The
loop runs many steps in one compiled call, on row numbers and noise that NumPy has drawn: no
time is lost in Python between two steps, and the numbers do not depend on how TensorFlow was
told to compile.
"""

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from gantutor.losses import (
    critic_loss,
    discriminator_loss,
    fence_discriminator_loss,
    fence_generator_loss,
    generator_loss,
    gradient_penalty,
    wasserstein_generator_loss,
)
from gantutor.rows import Rows
from gantutor.scoring import mean_squared_distance

Step = Callable[..., tuple[tf.Tensor, ...]]

BLOCK = 250  # steps in one compiled call: Ctrl-C and progress wait for its end
JIT_FROM = 10_000  # steps: XLA compiles about 1 s longer and saves about 0.1 ms a step


class Noise(NamedTuple):
    """Random numbers that one step needs: which distribution, and in which shape."""

    distribution: Literal["normal", "uniform"]
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of a training: many times the same step.

    Parameters
    ----------
    step : callable
        ``step(x, *noise)`` updates the networks and returns a tuple of scalar losses.
    batch_shape : tuple of int
        Shape of the rows that one step sees, such as (128,).
    noise : sequence of Noise
        The random numbers that one step takes, in the order of its arguments.
    loss_names : sequence of str
        Names of the losses that a step returns.
    learners : mapping of optimizer to networks
        The optimisers, and the networks that each of them moves.
    """

    step: Step
    batch_shape: tuple[int, ...]
    noise: Sequence[Noise]
    loss_names: Sequence[str]
    learners: Mapping[keras.Optimizer, Sequence[keras.Model]]


def adam(
    learning_rate: float,
    *players: keras.Model,
    ema_momentum: float = 0.0,
    **options: float,
) -> keras.Optimizer:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980), built for the weights of some networks.

    Parameters
    ----------
    learning_rate : float
        Step size.
    *players : keras.Model
        The networks that it moves.
    ema_momentum : float, default=0.0
        If above 0, `finalize_variable_values` puts a moving average over the steps in the
        place of the weights, of which this share stays at each step.
    **options
        Of ``keras.optimizers.Adam``, such as `beta_1`.
    """
    optimizer = keras.optimizers.Adam(
        float(learning_rate),
        use_ema=ema_momentum > 0,
        ema_momentum=float(ema_momentum),
        **options,
    )
    optimizer.build([v for player in players for v in player.trainable_variables])
    return optimizer


def compile_block(
    step: Step, jit_compile: bool = False
) -> tf.types.experimental.PolymorphicFunction:
    """Compile a function that runs many steps in one call.

    Parameters
    ----------
    step : callable
        ``step(x, *noise)`` updates the networks and returns a tuple of scalar losses.
        Build its optimisers before: their variables are then made outside of the graph.
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
    data: Rows,
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
    the block of steps under way, and what was learned is kept.

    Parameters
    ----------
    step : callable
        ``step(x, *noise)`` updates the networks and returns a tuple of scalar losses.
    data : array of shape (n, ...), or rows that are read when asked for
        Training rows, as the networks take them. What is no array is asked for the rows of
        one block at a time, as ``data[row_numbers]``.
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
    draw = _drawing(len(data), batch_shape, noise, seed)
    for first in range(0, skip, BLOCK):
        draw(min(BLOCK, skip - first))
    read, start = _reading(data), tf.constant(0)
    blocks: list[Future] = []
    call = None
    with (
        # Ctrl-C is raised here, and a block in a thread of its own comes to its end
        ThreadPoolExecutor(1) as thread,
        tqdm(total=n_steps, disable=not verbose, unit="step", file=sys.stdout) as bar,
    ):
        try:
            for first in range(0, n_steps, BLOCK):
                n = min(BLOCK, n_steps - first)
                drawn, streams = draw(n)
                seen, places = read(drawn)
                block = (places, streams, start, tf.constant(n))
                # data of more or fewer rows need no graph of their own
                any_number = tf.TensorSpec((None, *seen.shape[1:]), seen.dtype)
                # found once: looking for it again takes longer than ten steps
                call = call or run_block.get_concrete_function(any_number, *block)
                blocks.append(thread.submit(call, seen, *block))
                losses = blocks[-1].result().numpy()[:n]
                _check_finite(losses, loss_names, first, n_steps)
                bar.update(n)
        except KeyboardInterrupt:
            if len(blocks) < 2:  # in the first block: there is nothing to keep
                raise
    losses = np.concatenate([block.result() for block in blocks])[:n_steps]
    _check_finite(losses, loss_names, 0, n_steps)
    if len(losses) < n_steps:
        warnings.warn(
            f"Training was stopped by the keyboard after step {len(losses):,} of "
            f"{n_steps:,}; what was learned until then is kept.",
            stacklevel=2,
        )
    return dict(zip(loss_names, losses.T, strict=True))


def _reading(data: Rows) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """A function that gives data for the next steps, and where in it the drawn rows lie."""
    if isinstance(data, np.ndarray):
        held = tf.constant(data)
        return lambda drawn: (held, drawn)

    def read(drawn: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        places = tf.reshape(tf.range(tf.size(drawn)), drawn.shape)
        return tf.constant(data[drawn.numpy().ravel()]), places

    return read


def _drawing(
    n_rows: int,
    batch_shape: tuple[int, ...],
    noise: Sequence[Noise],
    seed: int | np.random.SeedSequence,
) -> Callable[[int], tuple[tf.Tensor, tuple[tf.Tensor, ...]]]:
    """A function that draws row numbers and noise for the next n steps.

    The last block of a training is filled up with zeros: another shape would be compiled
    again.
    """
    for_rows, *for_noise = np.random.default_rng(seed).spawn(1 + len(noise))

    def draw(n: int) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
        rows = for_rows.integers(n_rows, size=(n, *batch_shape), dtype=np.int32)
        drawn: list[NDArray] = [rows]
        for stream, (distribution, shape) in zip(for_noise, noise, strict=True):
            normal = distribution == "normal"
            function = stream.standard_normal if normal else stream.random
            drawn.append(function((n, *shape), dtype=np.float32))
        for array in drawn:
            array.resize((BLOCK, *array.shape[1:]), refcheck=False)
        first, *others = map(tf.constant, drawn)
        return first, tuple(others)

    return draw


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


def fence_gan_step(
    generator: keras.Model,
    discriminator: keras.Model,
    g_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    alpha: float,
    beta: float,
    gamma: float,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of a Fence GAN: the discriminator's and the generator's loss before it."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
        fake = generator(z, training=True)
        real_logits = discriminator(x, training=True)
        fake_logits = discriminator(fake, training=True)
        d_loss = fence_discriminator_loss(real_logits, fake_logits, gamma)
        g_loss = fence_generator_loss(fake_logits, fake, alpha, beta)
    minimize(d_loss, d_tape, d_optimizer, [discriminator])
    minimize(g_loss, g_tape, g_optimizer, [generator])
    return d_loss, g_loss


def izi_step(
    generator: keras.Model,
    encoder: keras.Model,
    features: keras.Model,
    optimizer: keras.Optimizer,
    kappa: float,
    x: tf.Tensor,
) -> tuple[tf.Tensor]:
    """One step of the encoder towards rows: x to z to x, with the feature residual."""
    with tf.GradientTape() as tape:
        made = generator(encoder(x, training=True), training=False)
        residual = mean_squared_distance(x, made)
        feature_residual = mean_squared_distance(
            features(x, training=False), features(made, training=False)
        )
        loss = tf.reduce_mean(residual + kappa * feature_residual)
    minimize(loss, tape, optimizer, [encoder])
    return (loss,)


def ziz_step(
    generator: keras.Model,
    encoder: keras.Model,
    optimizer: keras.Optimizer,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor]:
    """One step of the encoder towards latent points: z to x to z. Real rows are not used."""
    with tf.GradientTape() as tape:
        found = encoder(generator(z, training=False), training=True)
        loss = tf.reduce_mean(mean_squared_distance(z, found))
    minimize(loss, tape, optimizer, [encoder])
    return (loss,)


def bigan_step(
    generator: keras.Model,
    encoder: keras.Model,
    discriminator: keras.Model,
    ge_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of a BiGAN: the discriminator's loss, and that of generator and encoder."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as ge_tape:
        real_logits = discriminator([x, encoder(x, training=True)], training=True)
        fake_logits = discriminator([generator(z, training=True), z], training=True)
        d_loss = discriminator_loss(real_logits, fake_logits)
        ge_loss = discriminator_loss(fake_logits, real_logits)  # the labels swapped
    minimize(d_loss, d_tape, d_optimizer, [discriminator])
    minimize(ge_loss, ge_tape, ge_optimizer, [generator, encoder])
    return d_loss, ge_loss


def alad_step(
    generator: keras.Model,
    encoder: keras.Model,
    d_xz: keras.Model,
    d_xx: keras.Model,
    d_zz: keras.Model,
    ge_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of ALAD: the sum of the discriminators' losses, and that of G and E."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as ge_tape:
        encoded, made = encoder(x, training=True), generator(z, training=True)
        real_xz = d_xz([x, encoded], training=True)
        fake_xz = d_xz([made, z], training=True)
        real_xx = d_xx([x, x], training=True)
        fake_xx = d_xx([x, generator(encoded, training=True)], training=True)
        real_zz = d_zz([z, z], training=True)
        fake_zz = d_zz([z, encoder(made, training=True)], training=True)
        d_loss = (
            discriminator_loss(real_xz, fake_xz)
            + discriminator_loss(real_xx, fake_xx)
            + discriminator_loss(real_zz, fake_zz)
        )
        ge_loss = (
            discriminator_loss(fake_xz, real_xz)  # the labels swapped
            + generator_loss(fake_xx)
            + generator_loss(fake_zz)
        )
    minimize(d_loss, d_tape, d_optimizer, [d_xz, d_xx, d_zz])
    minimize(ge_loss, ge_tape, ge_optimizer, [generator, encoder])
    return d_loss, ge_loss


def ganomaly_step(
    encoder: keras.Model,
    decoder: keras.Model,
    second_encoder: keras.Model,
    discriminator: keras.Model,
    features: keras.Model,
    g_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    weights: tuple[float, float, float],
    x: tf.Tensor,
) -> tuple[tf.Tensor, ...]:
    """One step of GANomaly: D's loss, and the three parts of the generator's, unweighted."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
        code = encoder(x, training=True)
        made = decoder(code, training=True)
        real_logits = discriminator(x, training=True)
        fake_logits = discriminator(made, training=True)
        d_loss = discriminator_loss(real_logits, fake_logits) / 2
        seen = features(x, training=True) - features(made, training=True)
        adversarial = tf.reduce_mean(seen**2)
        contextual = tf.reduce_mean(tf.abs(x - made))
        codes = tf.reduce_mean((code - second_encoder(made, training=True)) ** 2)
        g_loss = weights[0] * adversarial + weights[1] * contextual + weights[2] * codes
    minimize(d_loss, d_tape, d_optimizer, [discriminator])
    minimize(g_loss, g_tape, g_optimizer, [encoder, decoder, second_encoder])
    return d_loss, adversarial, contextual, codes
