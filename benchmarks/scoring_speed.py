"""How fast detectors fit, score and search: a part of ``python -m benchmarks.speed``."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

import gantutor as gt
from benchmarks import peers

gt.setup()

import tensorflow as tf  # noqa: E402

from gantutor.detectors.graphs import workshop_of  # noqa: E402

Timing = tuple[str, str, str, float]  # measure, setting, way, value

ROWS, COLUMNS = 1_000_000, 10
SEARCHED, ALONE = 10_000, 100  # rows at once, and one by one
PRODUCTS, ONE_BY_ONE = "bare matrix products", "ours, one row at a time"
USED = {  # how often each network is used for one score
    "GAN": {"discriminator_": 1},
    "FenceGAN": {"discriminator_": 1},
    "WGAN": {"critic_": 1},
    "FAnoGAN": {"encoder_": 1, "generator_": 1, "critic_": 2},
    "BiGAN": {"encoder_": 1, "generator_": 1, "discriminator_": 2},
    "ALAD": {"encoder_": 1, "generator_": 1, "row_discriminator_": 2},
    "GANomaly": {"encoder_": 1, "decoder_": 1, "second_encoder_": 1},
}


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def fits(n_steps: int, rounds: int) -> Iterator[Timing]:
    """Default fits on rows of a new shape, and on other rows of that shape."""
    for name in [*USED, "AnoGAN"]:
        for n_columns in range(40, 40 + rounds):
            X = np.random.default_rng(0).standard_normal((5000, n_columns))
            for seed, which in enumerate(("first", "second")):
                detector = getattr(gt.detectors, name)(random_state=seed).fit(X)
                measure = "seconds of a default fit, 5,000 rows of 40 to 44 columns"
                yield measure, name, which, detector.fit_seconds_


def products(detector: gt.detectors.Detector, n: int) -> Callable[[], object]:
    """The matrix products of the layers that the score uses, and nothing else."""
    kernels = [
        tf.constant(w)
        for name, times in USED[type(detector).__name__].items()
        for w in detector.networks()[name].get_weights() * times
        if w.ndim == 2 and 1 not in w.shape
    ]
    if isinstance(detector, gt.detectors.WGAN):  # its distance is two more
        kernels += [
            tf.constant(detector.whitening_),
            tf.constant(detector.reference_.T),
        ]
    rows = [tf.random.normal((4096, k.shape[0]), dtype=k.dtype) for k in kernels]

    @tf.function
    def once() -> list[tf.Tensor]:
        return [tf.matmul(x, k) for x, k in zip(rows, kernels, strict=True)]

    once()
    return lambda: [once() for _ in range(n // 4096)]


def throughput(n_steps: int, rounds: int) -> Iterator[Timing]:
    """A million rows scored, beside the products of the same layers on the same rows."""
    rng = np.random.default_rng(0)
    train = rng.standard_normal((1000, COLUMNS))
    rows = rng.standard_normal((ROWS, COLUMNS))
    for name in USED:
        detector = getattr(gt.detectors, name)(n_steps=20, random_state=0).fit(train)
        ways = {
            PRODUCTS: products(detector, ROWS),
            "anomaly_score": partial(detector.anomaly_score, rows),
        }
        detector.anomaly_score(rows[:5000])
        for _ in range(rounds):
            for way, run in ways.items():
                yield f"seconds to score {ROWS:,} rows", name, way, seconds(run)


def search(n_steps: int, rounds: int) -> Iterator[Timing]:
    """AnoGAN's search, all rows at once and row by row; and what PyOD's AnoGAN does."""
    rng = np.random.default_rng(0)
    train = rng.standard_normal((1000, COLUMNS))
    rows = rng.standard_normal((SEARCHED, COLUMNS))
    detector = gt.detectors.AnoGAN(
        n_steps=20, n_search_steps=100, n_starts=1, random_state=0
    ).fit(train)
    score = workshop_of(detector).function(detector, "_score")
    x = tf.constant(detector.scaled(rows))
    score(x[:1])
    detector.anomaly_score(rows)

    def alone() -> None:
        for i in range(ALONE):
            score(x[i : i + 1])

    ways = {
        ONE_BY_ONE: (alone, ALONE),
        "ours, at once": (partial(detector.anomaly_score, rows), SEARCHED),
    }
    if "PyOD AnoGAN" in peers.detectors():
        other = peers.PyOD("AnoGAN").fit(train[:64])
        few = rows[: 10 * ALONE]
        ways["PyOD, which does not search"] = (
            partial(other.anomaly_score, few),
            len(few),
        )
    for _ in range(rounds):
        for way, (run, n) in ways.items():
            took = seconds(run) / n * SEARCHED
            yield "seconds of AnoGAN's scores", f"{SEARCHED:,} rows", way, took
