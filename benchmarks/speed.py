"""Speed side by side: training, scoring, latent search, growth, memory, imports, scale.

    python -m benchmarks.speed
    python -m benchmarks.speed --only training --steps 20 --rounds 1 --csv try.csv

Training is timed on two pairs of networks: the script's (10-16-10 and 10-16-1, batches of
100) and a larger one (hidden layers of 64 and 64, batches of 128), with the same networks,
batches and noise for everyone; row numbers and noise are drawn before the clock starts. The
ways take turns, several times; what counts is the ratio within one round, since single times
mean little on a shared machine. PyTorch, JAX and PyOD take part where they are installed
(``pip install -e ".[peers]"``).
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import gantutor as gt
from benchmarks import peers, quality, scale, scoring_speed
from benchmarks.scoring_speed import Timing, seconds

gt.setup()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from gantutor.training import Noise, compile_block, gan_step, train  # noqa: E402

HERE = Path(__file__).parent
SCRIPT, LARGER = ((16,), 100), ((64, 64), 128)  # hidden layers, rows a batch
FEATURES = 10  # columns of the data, and as many latent dimensions
LOOP = "script's loop"
REFERENCES = (LOOP, scoring_speed.PRODUCTS, scoring_speed.ONE_BY_ONE)
GROWTH = "microseconds a step by "
GROWN = {
    "steps": (1, 3, 10),  # times --steps
    "rows": (1000, 10_000, 100_000, 1_000_000),
    "features": (10, 30, 100, 300),
    "width": (16, 64, 256, 512),
    "members": (1, 2, 5, 10),
}
FITTED = (0, 10_000, 100_000, 1_000_000)  # rows, for the peak memory

HEAD = ["measure", "setting", "way", "value"]
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


def first_result(build: Callable, hidden: tuple[int, ...], given: Draws) -> None:
    build(hidden, given)(1)


def training(n_steps: int, rounds: int) -> Iterator[Timing]:
    """Seconds to the first result, and microseconds a step after that."""
    for name, (hidden, batch) in {"script's": SCRIPT, "larger": LARGER}.items():
        one_step = draws(1000, 1, batch)
        for _ in range(rounds):
            for way, build in ways().items():
                first = partial(first_result, build, hidden, one_step)
                yield "seconds to the first result", name, way, seconds(first)
        given = draws(1000, n_steps, batch)
        runs = {way: build(hidden, given) for way, build in ways().items()}
        for run in runs.values():
            run(n_steps)
        for _ in range(rounds):
            for way, run in runs.items():
                took = 1e6 * seconds(partial(run, n_steps)) / n_steps
                yield "microseconds a step", name, way, took


def whole_training(n_steps: int, rounds: int) -> Iterator[Timing]:
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
            yield "seconds from nothing", f"{n_steps} steps", way, seconds(run)


class Apart(keras.layers.Layer):
    """One Dense layer for each member of (members, batch, columns): one batched product."""

    def __init__(self, units: int, activation: str | None = None) -> None:
        super().__init__()
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, shape: tuple[int, ...]) -> None:
        members, _, columns = shape
        self.kernel = self.add_weight(shape=(members, columns, self.units))
        self.bias = self.add_weight(shape=(members, 1, self.units))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.activation(x @ self.kernel + self.bias)

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:2], self.units)


def members_block(members: int, hidden: tuple[int, ...], given: Draws) -> Run:
    """Several GANs of their own, trained together in one compiled step."""
    data, rows, noise = given

    def network(units: int) -> keras.Model:
        inputs = keras.Input((members, FEATURES))
        x = keras.ops.transpose(inputs, (1, 0, 2))
        for width in hidden:
            x = Apart(width, "relu")(x)
        x = Apart(units)(x)
        return keras.Model(inputs, keras.ops.transpose(x, (1, 0, 2)))

    both = network(FEATURES), network(1)
    optimizers = [keras.optimizers.Adam(1e-4) for _ in both]
    for optimizer, each in zip(optimizers, both, strict=True):
        optimizer.build(each.trainable_variables)
    run_block = compile_block(partial(gan_step, *both, *optimizers))
    many = (
        tf.constant(data),
        tf.constant(np.repeat(rows[..., None], members, axis=-1)),
        (tf.constant(np.repeat(noise[:, :, None], members, axis=2)),),
    )
    return lambda n_steps: run_block(
        *many, tf.constant(0), tf.constant(n_steps)
    ).numpy()


def growth(n_steps: int, rounds: int) -> Iterator[Timing]:
    """The block without XLA, as one thing after the other grows."""
    usual = {"rows": 1000, "features": FEATURES, "width": 64, "steps": 1, "members": 1}
    for name, sizes in GROWN.items():
        runs = {}
        for size in sizes:
            now = {**usual, name: size}
            steps = now["steps"] * n_steps
            given = draws(now["rows"], steps, LARGER[1], now["features"])
            hidden = (now["width"],) * 2
            if name == "members":
                run = members_block(size, hidden, given)
            else:
                run = block(hidden, given, jit_compile=False)
            run(1)
            runs[f"{steps if name == 'steps' else size:,}"] = partial(run, steps), steps
        for _ in range(rounds):
            for size, (run, steps) in runs.items():
                way = "block of members" if name == "members" else "block"
                yield GROWTH + name, size, way, 1e6 * seconds(run) / steps


MEMORY = """
import resource, sys, numpy as np, gantutor as gt
gt.setup()
if n := int(sys.argv[1]):
    X = np.random.default_rng(0).standard_normal((n, 10))
    gt.detectors.WGAN(n_steps=200, random_state=0).fit(X).anomaly_score(X)
if sys.platform == "linux":  # there ru_maxrss begins at the peak of the parent
    lines = open("/proc/self/status").read().splitlines()
    print(1024 * int(next(x for x in lines if x.startswith("VmHWM")).split()[1]))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def processes(n_steps: int, rounds: int) -> Iterator[Timing]:
    """Import time and peak memory, each in a Python of its own."""

    def python(code: str, *arguments: str) -> str:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout

    imports = ("pass", "import gantutor", "import gantutor.detectors")
    for _ in range(rounds):
        for code in (*imports, "import tensorflow"):
            yield "seconds of a new Python", code, "", seconds(partial(python, code))
    for n_rows in FITTED if sys.platform != "win32" else ():
        peak = float(python(MEMORY, str(n_rows))) / 1e9
        yield "peak memory in GB", f"WGAN, {n_rows:,} rows", "", peak


MEASURES = {
    "training": training,
    "whole": whole_training,
    "fits": scoring_speed.fits,
    "scoring": scoring_speed.throughput,
    "search": scoring_speed.search,
    "growth": growth,
    "processes": processes,
    "scale": scale.scale,
}


def report(lines: pd.DataFrame) -> str:
    """Markdown tables, one for each measure: medians, ranges, and relative speed."""
    parts = []
    for measure, table in lines.groupby("measure", sort=False):
        reference = next((r for r in REFERENCES if r in set(table["way"])), None)
        head = ["setting", "way", "median", "range"]
        head += [f"speed, {reference} = 1"] if reference else []
        cells = [head, ["---"] * len(head)]
        for setting, group in table.groupby("setting", sort=False):
            rounds = {
                way: of["value"].to_numpy()
                for way, of in group.groupby("way", sort=False)
            }
            for way, values in rounds.items():
                low, high = np.min(values), np.max(values)
                spread = f"{low:.3g} to {high:.3g}" if len(values) > 1 else ""
                cells.append([setting, way, f"{np.median(values):.3g}", spread])
                if reference:
                    ratio = np.median(rounds[reference] / values)
                    cells[-1].append(f"{ratio:.3g}")
        lines_ = [f"| {' | '.join(line)} |\n" for line in cells]
        parts.append(f"### {quality.titled(measure)}\n\n" + "".join(lines_))
    return "\n".join(parts)


def growth_figure(lines: pd.DataFrame) -> Figure:
    """Microseconds a step against each thing that grows: medians and ranges."""
    grown = lines[lines["measure"].str.startswith(GROWTH)]
    fig, axes = gt.plotting.figure(1, 5, size=(13, 2.8), sharey=True)
    for ax, (measure, table) in zip(
        axes[0], grown.groupby("measure", sort=False), strict=True
    ):
        values = table.groupby("setting", sort=False)["value"]
        sizes = [float(size.replace(",", "")) for size, _ in values]
        middle = values.median()
        spread = [middle - values.min(), values.max() - middle]
        ax.errorbar(sizes, middle, yerr=spread, marker="o", capsize=3)
        ax.set(xscale="log", yscale="log", xlabel=measure.removeprefix(GROWTH))
        shown = [f"{size:g}".replace("e+0", "e") for size in sizes]
        ax.set_xticks(sizes, shown, fontsize=8)
        ax.set_yticks([200, 500, 1000, 2000, 5000], [200, 500, 1000, 2000, 5000])
        ax.minorticks_off()
    axes[0, 0].set_ylabel("microseconds a step")
    return fig


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--csv",
        default=HERE / "speed.csv",
        type=Path,
        help="results, written anew: %(default)s; the figure of growth lies beside it, and "
        "what --only scale gives, in scale.csv and scale.png",
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
    tf.function(tf.negative)(1.0)  # TensorFlow's own start does not count
    timings: dict[Path, list[Timing]] = {}
    for name in options.only:
        print(f"{name} ...", file=sys.stderr)
        csv = options.csv.with_name("scale.csv") if name == "scale" else options.csv
        measured = MEASURES[name](options.steps, options.rounds)
        timings.setdefault(csv, []).extend(measured)
    tables = {csv: pd.DataFrame(lines, columns=HEAD) for csv, lines in timings.items()}
    for csv, table in tables.items():
        table.to_csv(csv, index=False)
    table = pd.concat(tables.values())
    if "growth" in options.only:
        growth_figure(table).savefig(options.csv.with_suffix(".png"), dpi=90)
    if "scale" in options.only:
        scale.figure(table).savefig(options.csv.with_name("scale.png"), dpi=90)
    print(report(table))


if __name__ == "__main__":
    main()
