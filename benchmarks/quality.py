"""Detection quality beside the classical baselines, on the same splits, run by hand.

    python benchmarks/quality.py --seeds 5
    GANTUTOR_DATA=folder/of/adbench python benchmarks/quality.py --csv results.csv

Half of the normal rows train, the other half and all anomalies test (no label is used
before the AUROC). Tables with more than 10,000 rows are cut to a random 10,000. With
GANTUTOR_DATA set, the ADBench files (``*.npz`` with X and y, 1 = anomaly) in it are added.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.covariance import LedoitWolf
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM
from tqdm import tqdm

import gantutor as gt

gt.setup()

MAX_ROWS = 10_000
Score = Callable[[np.ndarray], np.ndarray]


def data_sets() -> Iterator[tuple[str, Callable[[int], tuple[np.ndarray, np.ndarray]]]]:
    """Name, and a function of the seed that gives X and y."""

    def stacked(kind: str, level: float) -> Callable:
        def load(seed: int):
            normal, abnormal = gt.data.ladder(kind, level, seed=seed)
            y = np.repeat([0, 1], [len(normal), len(abnormal)])
            return np.concatenate([normal, abnormal]), y

        return load

    for rung in gt.data.LADDER:
        yield f"{rung.kind} {rung.level:g}", stacked(*rung)
    X, y = gt.data.breast_cancer()
    yield "breast cancer", lambda seed: (X.to_numpy(), y)
    for digit in range(10):
        pictures = gt.data.digits(digit)
        yield f"digit {digit}", lambda seed, pictures=pictures: pictures
    for path in sorted(Path(os.environ.get("GANTUTOR_DATA", "absent")).glob("*.npz")):
        with np.load(path) as file:
            table = file["X"], file["y"]
        yield path.stem, lambda seed, table=table: table


def neighbours(train: np.ndarray, seed: int) -> Score:
    fitted = NearestNeighbors(n_neighbors=5).fit(train)
    return lambda test: fitted.kneighbors(test)[0][:, -1]


def outlier_factor(train: np.ndarray, seed: int) -> Score:
    fitted = LocalOutlierFactor(novelty=True).fit(train)
    return lambda test: -fitted.score_samples(test)


def forest(train: np.ndarray, seed: int) -> Score:
    fitted = IsolationForest(random_state=seed).fit(train)
    return lambda test: -fitted.score_samples(test)


def one_class_svm(train: np.ndarray, seed: int) -> Score:
    fitted = OneClassSVM().fit(train)
    return lambda test: -fitted.score_samples(test)


def ruler(train: np.ndarray, seed: int) -> Score:
    return LedoitWolf().fit(train).mahalanobis


def baseline(fit: Callable[[np.ndarray, int], Score]) -> Callable:
    """Scale a table by its training rows, leave pictures as they are, then fit."""

    def run(train: np.ndarray, seed: int) -> Score:
        flat = train.reshape(len(train), -1)
        scaler = StandardScaler(with_mean=train.ndim == 2, with_std=train.ndim == 2)
        score = fit(scaler.fit_transform(flat), seed)
        return lambda test: score(scaler.transform(test.reshape(len(test), -1)))

    return run


def detector(name: str, **options: object) -> Callable:
    def run(train: np.ndarray, seed: int) -> Score:
        made = getattr(gt.detectors, name)(random_state=seed, **options)
        return made.fit(train).anomaly_score

    return run


METHODS = {
    "GAN": detector("GAN"),
    "WGAN": detector("WGAN"),
    "WGAN neighbours": detector("WGAN", score="neighbours"),
    "WGAN critic": detector("WGAN", score="critic"),
    "FenceGAN": detector("FenceGAN"),
    "AnoGAN": detector("AnoGAN"),
    "FAnoGAN": detector("FAnoGAN"),
    "BiGAN": detector("BiGAN"),
    "ALAD": detector("ALAD"),
    "GANomaly": detector("GANomaly"),
    "5th neighbour": baseline(neighbours),
    "isolation forest": baseline(forest),
    "local outlier factor": baseline(outlier_factor),
    "one-class SVM": baseline(one_class_svm),
    "Mahalanobis": baseline(ruler),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--csv", help="write every single result here")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--only", default="", help="data sets whose name holds this")
    parser.add_argument("--without", help="no data sets whose name holds this")
    options = parser.parse_args()
    results = []
    for name, load in tqdm(list(data_sets()), unit="data set"):
        if options.only not in name or (options.without and options.without in name):
            continue
        for seed in range(options.seeds):
            X, y = load(seed)
            keep = np.random.default_rng(seed).permutation(len(X))[:MAX_ROWS]
            train, test, y_test = gt.data.one_class_split(X[keep], y[keep], seed=seed)
            for method in options.methods:
                began = time.perf_counter()
                score = METHODS[method](train, seed)
                fitted = time.perf_counter()
                scores = score(test)
                results.append(
                    {
                        "data": name,
                        "method": method,
                        "seed": seed,
                        "AUROC": roc_auc_score(y_test, scores),
                        "average precision": average_precision_score(y_test, scores),
                        "base rate": y_test.mean(),
                        "fit seconds": fitted - began,
                        "score seconds": time.perf_counter() - fitted,
                    }
                )
    table = pd.DataFrame(results)
    if options.csv:
        table.to_csv(options.csv, index=False)
    table["data"] = table["data"].str.replace(r"digit \d", "digits, mean", regex=True)
    by = table.groupby(["data", "method"], sort=False)["AUROC"].agg(["mean", "std"])
    text = by["mean"].map("{:.3f}".format) + " ± " + by["std"].map("{:.3f}".format)
    print(text.unstack("data", sort=False).to_string())
    print("\nmean over data sets")
    print(by["mean"].unstack("data").mean(axis=1).map("{:.3f}".format).to_string())
    print("\nmedian seconds")
    columns = ["fit seconds", "score seconds"]
    print(table.groupby("method", sort=False)[columns].median().to_string())


if __name__ == "__main__":
    main()
