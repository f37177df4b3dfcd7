"""Microseconds a training step, and seconds of the script's whole training, by hand.

    python benchmarks/speed.py

The script's networks (10-16-10 and 10-16-1, batches of 100) and a larger pair, run by the
script's loop of one tf.function call a step and by the compiled block of the package. The
ways take turns, and the median of the ratios is printed: single times mean little on a
shared machine.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

import gantutor as gt

gt.setup()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from gantutor.training import Noise, compile_block, gan_step, train  # noqa: E402

ROUNDS = 5
N_STEPS = 1000


def players(hidden: tuple[int, ...], latent_dim: int) -> partial:
    with gt.networks.initial_weights(0):
        generator = gt.networks.dense_generator(latent_dim, 10, hidden)
        discriminator = gt.networks.dense_discriminator(10, hidden)
    optimizers = [keras.optimizers.Adam(1e-4) for _ in range(2)]
    optimizers[0].build(generator.trainable_variables)
    optimizers[1].build(discriminator.trainable_variables)
    return partial(gan_step, generator, discriminator, *optimizers)


def script_loop(
    step: Callable, data: np.ndarray, batch: int, latent_dim: int
) -> Callable:
    """The script's way: batches in their order, one call a step."""
    compiled = tf.function(lambda x: step(x, tf.random.normal((batch, latent_dim))))
    batches = tf.split(data[: len(data) // batch * batch], len(data) // batch)

    def run(n_steps: int) -> None:
        for i in range(n_steps):
            losses = compiled(batches[i % len(batches)])
        np.asarray(losses)

    return run


def block(
    step: Callable, data: np.ndarray, batch: int, latent_dim: int, jit: bool
) -> Callable:
    """The package's way: NumPy draws, one call runs all steps."""
    run_block = compile_block(step, jit)
    rng = np.random.default_rng(0)

    def run(n_steps: int) -> None:
        rows = rng.integers(len(data), size=(N_STEPS, batch), dtype=np.int32)
        noise = rng.standard_normal((N_STEPS, batch, latent_dim), dtype=np.float32)
        run_block(data, rows, (noise,), tf.constant(0), tf.constant(n_steps)).numpy()

    return run


def seconds(run: Callable, n_steps: int) -> float:
    began = time.perf_counter()
    run(n_steps)
    return time.perf_counter() - began


def steady_state(hidden: tuple[int, ...], batch: int) -> None:
    data = gt.data.script_data(n_normal=1024)[0]
    ways = {
        "script's loop": script_loop(players(hidden, 10), data, batch, 10),
        "block": block(players(hidden, 10), data, batch, 10, False),
        "block, XLA": block(players(hidden, 10), data, batch, 10, True),
    }
    for run in ways.values():
        run(1)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, run in ways.items():
            times[name].append(1e6 * seconds(run, N_STEPS) / N_STEPS)
    print(f"\nhidden {hidden}, batch {batch}, after compilation")
    for name, values in times.items():
        ratios = [a / b for a, b in zip(times["script's loop"], values, strict=True)]
        print(
            f"  {name:14} {statistics.median(values):7.0f} us a step"
            f"   {statistics.median(ratios):5.1f} x the script's speed"
        )


def whole_training() -> None:
    """1000 steps from nothing, compilation included."""
    data = gt.data.script_data()[0]

    def by_package(n_steps: int) -> None:
        train(
            players((16,), 10),
            data,
            n_steps,
            batch_shape=(100,),
            noise=[Noise("normal", (100, 10))],
            loss_names=("discriminator", "generator"),
        )

    script, package = [], []
    for _ in range(ROUNDS):
        script.append(seconds(script_loop(players((16,), 10), data, 100, 10), 1000))
        package.append(seconds(by_package, 1000))
    print("\nthe script's whole training, networks built, compilation included")
    print(f"  script's loop  {statistics.median(script):.2f} s")
    print(f"  package        {statistics.median(package):.2f} s")
    ratios = [a / b for a, b in zip(script, package, strict=True)]
    print(f"  ratio          {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    steady_state((16,), 100)
    steady_state((64, 64), 128)
    whole_training()
