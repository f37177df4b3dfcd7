"""Training speed side by side: the same networks, batches and noise for everyone.

    python -m benchmarks.speed
    python -m benchmarks.speed --steps 20 --rounds 1      # does it run?

Two pairs of networks: the script's (10-16-10 and 10-16-1, batches of 100) and a larger one
(hidden layers of 64 and 64, batches of 128). Row numbers and noise are drawn before the
clock starts. The ways take turns, several times; what counts is the ratio within one round,
since single times mean little on a shared machine. PyTorch and JAX take part where they are
installed (``pip install -e ".[peers]"``).
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

import gantutor as gt
from benchmarks import peers

gt.setup()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from gantutor.training import Noise, compile_block, gan_step, train  # noqa: E402

HERE = Path(__file__).parent
SCRIPT, LARGER = ((16,), 100), ((64, 64), 128)  # hidden layers, rows a batch
FEATURES = 10  # columns of the data, and as many latent dimensions
LOOP = "script's loop"

Draws = tuple[np.ndarray, np.ndarray, np.ndarray]  # data, row numbers, noise
Run = Callable[[int], object]  # trains so many steps


def draws(n_rows: int, n_steps: int, batch: int, features: int = FEATURES) -> Draws:
    rng = np.random.default_rng(0)
    data = rng.standard_normal((n_rows, features), dtype=np.float32)
    rows = rng.integers(n_rows, size=(n_steps, batch), dtype=np.int32)
    noise = rng.standard_normal((n_steps, batch, features), dtype=np.float32)
    return data, rows, noise


def players(hidden: tuple[int, ...], features: int) -> partial:
    """`gan_step` with new networks and optimisers."""
    with gt.networks.initial_weights(0):
        generator = gt.networks.dense_generator(features, features, hidden)
        discriminator = gt.networks.dense_discriminator(features, hidden)
    optimizers = [keras.optimizers.Adam(1e-4) for _ in range(2)]
    optimizers[0].build(generator.trainable_variables)
    optimizers[1].build(discriminator.trainable_variables)
    return partial(gan_step, generator, discriminator, *optimizers)


def script_loop(hidden: tuple[int, ...], given: Draws) -> Run:
    """One call of a tf.function a step, as the script has it."""
    data, rows, noise = given
    step = tf.function(players(hidden, data.shape[1]))
    batches = [
        (tf.constant(data[r]), tf.constant(z)) for r, z in zip(rows, noise, strict=True)
    ]

    def run(n_steps: int) -> None:
        for x, z in batches[:n_steps]:
            losses = step(x, z)
        np.asarray(losses)

    return run


class Gan(keras.Model):
    """The same step, as Keras wants it."""

    def __init__(self, step: partial) -> None:
        super().__init__()
        self.step = step

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        return dict(zip(("d_loss", "g_loss"), self.step(*batch), strict=True))


def model_fit(hidden: tuple[int, ...], given: Draws) -> Run:
    """`keras.Model.fit` with a train_step of its own."""
    data, rows, noise = given
    model = Gan(players(hidden, data.shape[1]))
    model.compile()
    batches = tf.data.Dataset.from_tensor_slices((data[rows], noise))

    def run(n_steps: int) -> None:
        model.fit(batches.take(n_steps), epochs=1, shuffle=False, verbose=0)

    return run


def block(hidden: tuple[int, ...], given: Draws, jit_compile: bool) -> Run:
    """The package's way: one call runs all steps."""
    data, rows, noise = map(tf.constant, given)
    run_block = compile_block(players(hidden, data.shape[1]), jit_compile)

    def run(n_steps: int) -> None:
        run_block(data, rows, (noise,), tf.constant(0), tf.constant(n_steps)).numpy()

    return run


def ways() -> dict[str, Callable[[tuple[int, ...], Draws], Run]]:
    return {
        LOOP: script_loop,
        "keras.Model.fit": model_fit,
        "block": partial(block, jit_compile=False),
        "block, XLA": partial(block, jit_compile=True),
        **peers.training_ways(),
    }


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def line(measure: str, setting: str, way: str, value: float) -> dict[str, object]:
    return {"measure": measure, "setting": setting, "way": way, "value": value}


def training(n_steps: int, rounds: int) -> Iterator[dict[str, object]]:
    """Seconds to the first result, and microseconds a step after that."""
    for name, (hidden, batch) in {"script's": SCRIPT, "larger": LARGER}.items():
        given = draws(1000, n_steps, batch)
        runs = {}
        for way, build in ways().items():
            began = time.perf_counter()
            runs[way] = build(hidden, given)
            runs[way](1)
            took = time.perf_counter() - began
            yield line("seconds to the first result", name, way, took)
        for _ in range(rounds):
            for way, run in runs.items():
                took = 1e6 * seconds(partial(run, n_steps)) / n_steps
                yield line("microseconds a step", name, way, took)


def whole_training(n_steps: int, rounds: int) -> Iterator[dict[str, object]]:
    """The script's training from nothing: networks built, everything compiled."""
    hidden, batch = SCRIPT
    given = draws(1000, n_steps, batch)

    def by_package() -> None:
        train(
            players(hidden, FEATURES),
            given[0],
            n_steps,
            batch_shape=(batch,),
            noise=[Noise("normal", (batch, FEATURES))],
            loss_names=("d_loss", "g_loss"),
        )

    for _ in range(rounds):
        for way, run in {
            LOOP: lambda: script_loop(hidden, given)(n_steps),
            "gantutor.training.train": by_package,
        }.items():
            yield line("seconds from nothing", f"{n_steps} steps", way, seconds(run))


def growth(n_steps: int, rounds: int) -> Iterator[dict[str, object]]:
    """The block, as one thing after the other grows."""
    grown = {
        "rows": [
            (n, FEATURES, 64, n_steps) for n in (1000, 10_000, 100_000, 1_000_000)
        ],
        "features": [(1000, n, 64, n_steps) for n in (10, 30, 100, 300)],
        "width": [(1000, FEATURES, n, n_steps) for n in (16, 64, 256, 512)],
        "steps": [(1000, FEATURES, 64, n) for n in (n_steps, 3 * n_steps, 9 * n_steps)],
    }
    for name, settings in grown.items():
        for n_rows, features, width, steps in settings:
            given = draws(n_rows, steps, 128, features)
            run = block((width, width), given, jit_compile=False)
            run(1)
            size = dict(rows=n_rows, features=features, width=width, steps=steps)[name]
            for _ in range(rounds):
                took = 1e6 * seconds(partial(run, steps)) / steps
                yield line(
                    f"microseconds a step, {name} grow", str(size), "block", took
                )


MEMORY = (
    "import resource, sys, numpy as np, gantutor as gt; gt.setup(); n = int(sys.argv[1]);"
    "X = np.random.default_rng(0).standard_normal((n, 10));"
    "n and gt.detectors.WGAN(n_steps=200, random_state=0).fit(X).anomaly_score(X);"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


def processes(n_steps: int, rounds: int) -> Iterator[dict[str, object]]:
    """Import time and peak memory, each in a Python of its own."""

    def python(code: str, *arguments: str) -> str:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout

    for _ in range(rounds):
        for code in (
            "pass",
            "import gantutor",
            "import gantutor.detectors",
            "import tensorflow",
        ):
            took = seconds(partial(python, code))
            yield line("seconds of a new Python", "", code, took)
    for n_rows in (0, 10_000, 100_000) if sys.platform != "win32" else ():
        kilobytes = float(python(MEMORY, str(n_rows)))
        unit = 1e9 if sys.platform == "darwin" else 1e6
        yield line("peak memory in GB", f"{n_rows:,} rows", "WGAN", kilobytes / unit)


MEASURES = {
    "training": training,
    "whole": whole_training,
    "growth": growth,
    "processes": processes,
}


def report(lines: pd.DataFrame) -> str:
    """A Markdown table: medians with their range, and ratios to the script's loop."""
    parts = ["| measure | setting | way | median | range | times the script's loop |"]
    parts.append("|---|---|---|---|---|---|")
    for (measure, setting), group in lines.groupby(["measure", "setting"], sort=False):
        rounds = {
            way: of["value"].to_numpy() for way, of in group.groupby("way", sort=False)
        }
        for way, values in rounds.items():
            ratio = ""
            if LOOP in rounds and way != LOOP:
                ratio = f"{np.median(rounds[LOOP] / values):.1f}"
            spread = (
                f"{values.min():.3g} to {values.max():.3g}" if len(values) > 1 else ""
            )
            parts.append(
                f"| {measure} | {setting} | {way} | {np.median(values):.3g} | {spread} | {ratio} |"
            )
    return "\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--csv", default=HERE / "speed.csv", help="results, written anew: %(default)s"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(MEASURES),
        default=list(MEASURES),
        metavar="MEASURE",
        help=f"these of {', '.join(MEASURES)}",
    )
    options = parser.parse_args(arguments)
    tf.function(tf.negative)(1.0)  # TensorFlow's own start is nobody's
    table = pd.DataFrame(
        result
        for name in options.only
        for result in MEASURES[name](options.steps, options.rounds)
    )
    table.to_csv(options.csv, index=False)
    print(report(table))


if __name__ == "__main__":
    main()
