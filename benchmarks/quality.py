"""Detection quality of every detector beside the classical baselines, on the same splits.

    python -m benchmarks.quality
    GANTUTOR_DATA=folder/of/adbench python -m benchmarks.quality --seeds 5

Half of the normal rows train, the other half and all anomalies test; no label is used before
the AUROC. Tables with more than 10,000 rows are cut to a random 10,000. With GANTUTOR_DATA
set, each ``*.npz`` in it that holds X and y (1 = anomaly) is one more table, as in ADBench.

Each result is written to the CSV file at once, and a run goes on where it was stopped.
"untrained" is the same detector on networks that keep their initial weights: the difference
is what the adversarial training has added to the score, its adversarial gain.
"""

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

import gantutor as gt

HERE = Path(__file__).parent
MAX_ROWS = 10_000
DETECTORS = [
    "GAN",
    "WGAN",
    "FenceGAN",
    "AnoGAN",
    "FAnoGAN",
    "BiGAN",
    "ALAD",
    "GANomaly",
]
UNTRAINED = " untrained"
# one step that moves no weight: the networks stay as they were drawn
STANDING_STILL = {"n_steps": 1, "learning_rate": 1e-12}

Load = Callable[[int], tuple[np.ndarray, np.ndarray]]


def rung(kind: str, level: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    normal, abnormal = gt.data.ladder(kind, level, seed=seed)
    y = np.repeat([0, 1], [len(normal), len(abnormal)])
    return np.concatenate([normal, abnormal]), y


def tumours(seed: int) -> tuple[np.ndarray, np.ndarray]:
    X, y = gt.data.breast_cancer()
    return X.to_numpy(), y


def one_digit(digit: int, normal: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    X, y = gt.data.digits(digit)
    return X, 1 - y if normal else y


def from_file(path: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path) as file:
        X, y = file["X"], file["y"].astype(int)
    keep = np.random.default_rng(seed).permutation(len(X))[:MAX_ROWS]
    return X[keep], y[keep]


def data_sets(folder: str | None) -> Iterator[tuple[str, Load]]:
    """Name, and a function of the seed that gives X and y."""
    for kind, level in gt.data.LADDER:
        yield f"{kind} {level:g}", partial(rung, kind, level)
    yield "breast cancer", tumours
    for path in sorted(Path(folder).glob("*.npz")) if folder else ():
        yield path.stem.partition("_")[2] or path.stem, partial(from_file, path)
    for digit in range(10):
        yield f"digit {digit} anomalous", partial(one_digit, digit, False)
    for digit in range(10):
        yield f"digit {digit} normal", partial(one_digit, digit, True)


def methods() -> dict[str, object]:
    """What is compared, by name: something that `gt.evaluation.evaluate` takes."""
    ours = {name: getattr(gt.detectors, name)() for name in DETECTORS}
    untrained = {
        name + UNTRAINED: getattr(gt.detectors, name)(**STANDING_STILL)
        for name in DETECTORS
    }
    return {**ours, **gt.evaluation.BASELINES, **untrained}


def run(options: argparse.Namespace) -> pd.DataFrame:
    """Add to the CSV file what it lacks, and return all of it."""
    versions = {name: version(name) for name in ("gantutor", "tensorflow")}
    versions["python"] = platform.python_version()
    out = Path(options.csv)
    known = pd.read_csv(out) if out.exists() else pd.DataFrame()
    done = (
        set(zip(known["data"], known["detector"], known["seed"], strict=True))
        if len(known)
        else set()
    )
    chosen = {
        name: load for name, load in data_sets(options.folder) if options.only in name
    }
    tried = {
        name: method
        for name, method in methods().items()
        if name in (options.methods or [name])
    }
    left = [
        (data, seed, name)
        for data in chosen
        for name in tried  # all seeds of a detector in a row: they share their graphs
        for seed in range(options.seeds)
        if (data, name, seed) not in done
    ]
    for data, seed, name in tqdm(left, unit="fit"):
        X, y = chosen[data](seed)
        line = gt.evaluation.evaluate({name: tried[name]}, X, y, seeds=[seed])
        line.insert(0, "data", data)
        line["n_features"] = X[0].size
        line = line.assign(**versions)
        line.to_csv(out, mode="a", header=not out.exists(), index=False)
        known = pd.concat([known, line], ignore_index=True)
    return known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--csv", default=HERE / "quality.csv", help="results, added to")
    parser.add_argument("--methods", nargs="+", help="these alone")
    parser.add_argument("--only", default="", help="data sets whose name holds this")
    parser.add_argument(
        "--folder",
        default=os.environ.get("GANTUTOR_DATA"),
        help="folder of *.npz files with X and y (default: $GANTUTOR_DATA)",
    )
    options = parser.parse_args()
    gt.setup()
    print(gt.evaluation.summary(run(options)).to_string())


if __name__ == "__main__":
    main()
