"""How fast fitted detectors score, and what a second fit saves, by hand.

    python -m benchmarks.scoring_speed

Three questions: rows a second of each detector on a table of 10 columns, beside the bare
matrix products of the same layers on the same rows in one call; AnoGAN's search for 10,000
rows at once against one row at a time through the same graph; and the seconds of a first and
a second fit on 5,000 rows of 40 columns.
"""

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np

import gantutor as gt

gt.setup()

import tensorflow as tf  # noqa: E402

from gantutor.detectors.compiled import graphs_of, networks_of  # noqa: E402

NAMES = ["GAN", "FenceGAN", "WGAN", "FAnoGAN", "BiGAN", "ALAD", "GANomaly"]
USED = {  # how often each network is used for one score
    "GAN": {"discriminator_": 1},
    "FenceGAN": {"discriminator_": 1},
    "WGAN": {"critic_": 1},
    "FAnoGAN": {"encoder_": 1, "generator_": 1, "critic_": 2},
    "BiGAN": {"encoder_": 1, "generator_": 1, "discriminator_": 2},
    "ALAD": {"encoder_": 1, "generator_": 1, "row_discriminator_": 2},
    "GANomaly": {"encoder_": 1, "decoder_": 1, "second_encoder_": 1},
}
ROUNDS = 3


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def products(detector: gt.detectors.Detector, n: int) -> Callable[[], object]:
    """The matrix products of the layers that the score uses, and nothing else."""
    kernels = [
        tf.constant(w)
        for name, times in USED[type(detector).__name__].items()
        for w in networks_of(detector)[name].get_weights() * times
        if w.ndim == 2 and 1 not in w.shape
    ]
    rows = [tf.random.normal((4096, k.shape[0])) for k in kernels]

    @tf.function
    def once() -> list[tf.Tensor]:
        return [tf.matmul(x, k) for x, k in zip(rows, kernels, strict=True)]

    once()
    return lambda: [once() for _ in range(n // 4096)]


def throughput(n: int) -> None:
    rng = np.random.default_rng(0)
    train, rows = rng.standard_normal((1000, 10)), rng.standard_normal((n, 10))
    print(f"rows a second, {n:,} rows of 10 columns; share that bare products take")
    for name in NAMES:
        detector = getattr(gt.detectors, name)(n_steps=20, random_state=0).fit(train)
        bare = products(detector, n)
        detector.anomaly_score(rows[:5000])
        pairs = [
            (seconds(partial(detector.anomaly_score, rows)), seconds(bare))
            for _ in range(ROUNDS)
        ]
        took = statistics.median(t for t, _ in pairs)
        share = statistics.median(b / t for t, b in pairs)
        print(f"  {name:9} {n / took / 1e6:6.2f} million, products alone {share:4.0%}")


def search(n: int, alone: int) -> None:
    rng = np.random.default_rng(0)
    train, rows = rng.standard_normal((1000, 10)), rng.standard_normal((n, 10))
    detector = gt.detectors.AnoGAN(
        n_steps=20, n_search_steps=100, n_starts=1, random_state=0
    ).fit(train)
    score = graphs_of(detector).function(detector, "_score")
    x = tf.constant(detector._scaled(rows))
    score(x[:1])
    detector.anomaly_score(rows)
    ratios = []
    for _ in range(ROUNDS):
        whole = seconds(lambda: detector.anomaly_score(rows))
        single = seconds(lambda: [score(x[i : i + 1]) for i in range(alone)])
        ratios.append(single / alone * n / whole)
        print(
            f"  {n:,} rows x 100 Adam steps {whole:.2f} s; one by one {single / alone * n:.0f} s"
        )
    print(f"  at once is {statistics.median(ratios):.0f} times faster")
    for many in (n, 4 * n):
        tracemalloc.start()
        detector.anomaly_score(np.resize(rows, (many, 10)))
        print(
            f"  NumPy's peak for {many:,} rows: {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB"
        )
        tracemalloc.stop()


def fits() -> None:
    X = np.random.default_rng(0).standard_normal((5000, 40))
    print("seconds of a default fit on 5,000 rows of 40 columns: first, second")
    for name in [*NAMES, "AnoGAN"]:
        first, second = (
            getattr(gt.detectors, name)(random_state=seed).fit(X).fit_seconds_
            for seed in (0, 1)
        )
        print(f"  {name:9} {first:.2f} {second:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    fits()
    throughput(options.rows)
    search(10_000, 100)


if __name__ == "__main__":
    main()
