"""Time and memory against the number of rows: a part of ``python -m benchmarks.speed``.

The rows lie in a file that NumPy maps into memory. Each size is fitted and scored in a
Python of its own, after a fit and a score of a few rows have compiled everything. Counted is
the time of all processor cores, which other programs disturb least, and the memory of the
process itself, without the pages of the file.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import gantutor as gt
from benchmarks.scoring_speed import Timing

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)  # rows
COLUMNS = 10
METHODS = {  # and the most rows: ten million would take a WGAN, a distance, twenty minutes
    "GANomaly": 10_000_000,
    "WGAN": 1_000_000,
}
SECONDS, GROWN = "processor seconds by rows", "megabytes by rows"

ONE = """
import sys, threading, time
import numpy as np, gantutor as gt

gt.setup()


def held():  # megabytes of its own; pages of the mapped file are none
    if sys.platform != "linux":
        return 0.0
    lines = open("/proc/self/status").read().splitlines()
    return int(next(x for x in lines if x.startswith("RssAnon")).split()[1]) / 1024


def measured(function, *arguments):
    peak, over = [held()], threading.Event()

    def watch():
        while not over.wait(0.005):
            peak.append(held())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.process_time()
    try:
        function(*arguments)
        print(time.process_time() - began, max(peak) - peak[0])
    finally:
        over.set()
        watcher.join()


file, method, columns = sys.argv[1], sys.argv[2], int(sys.argv[3])
X = np.memmap(file, dtype="float32", mode="r").reshape(-1, columns)
detector = getattr(gt.detectors, method)(random_state=0)
detector.fit(X[:200]).anomaly_score(X[:200])
measured(detector.fit, X)
measured(detector.anomaly_score, X)
"""


def scale(n_steps: int, rounds: int) -> Iterator[Timing]:
    """Processor seconds and memory of a default fit, and of the scores of all rows."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for size in SIZES:
            file = Path(folder) / f"{size}.bin"
            rng = np.random.default_rng(0)
            with file.open("wb") as opened:
                for start in range(0, size, 100_000):
                    shape = (min(100_000, size - start), COLUMNS)
                    rng.standard_normal(shape, dtype=np.float32).tofile(opened)
            for _ in range(rounds):
                for method in [name for name in METHODS if size <= METHODS[name]]:
                    command = [sys.executable, "-c", ONE, str(file), method]
                    told = subprocess.run(
                        [*command, str(COLUMNS)],
                        check=True,
                        capture_output=True,
                        text=True,
                    ).stdout.split()
                    fit, score = told[:2], told[2:]
                    for what, (took, grew) in {"fit": fit, "score": score}.items():
                        way = f"{method}, {what}"
                        yield SECONDS, f"{size:,}", way, float(took)
                        yield GROWN, f"{size:,}", way, max(float(grew), 0.0)


def figure(lines: pd.DataFrame) -> Figure:
    """Processor seconds and megabytes against rows: medians and ranges."""
    fig, axes = gt.plotting.figure(1, 2, size=(10, 3.6), sharex=True)
    for ax, (measure, unit) in zip(
        axes[0],
        {SECONDS: "processor seconds", GROWN: "megabytes"}.items(),
        strict=True,
    ):
        table = lines[lines["measure"] == measure]
        for i, (way, of) in enumerate(table.groupby("way", sort=False)):
            values = of.groupby("setting", sort=False)["value"]
            sizes = [float(size.replace(",", "")) for size, _ in values]
            middle = values.median().clip(lower=0.1)
            spread = [middle - values.min().clip(lower=0.1), values.max() - middle]
            ax.errorbar(
                sizes,
                middle,
                yerr=np.maximum(spread, 0),
                marker=gt.plotting.MARKERS[i],
                capsize=3,
                label=way,
            )
        ax.set(xscale="log", yscale="log", xlabel="rows", ylabel=unit)
    axes[0, 0].legend(fontsize=8)
    return fig
