"""Detectors on windows of two made signals: `python -m benchmarks.time_series`.

Notebook 13 reads the result, ``time_series.csv``. A normal series of 6,000 points to learn
from, another one of 8,000 with events to score, windows of 64 points, every detector as it
comes. `calibration` says which windows were kept for the threshold: "blocks" spread over the
series, a "random" fifth, or "one block" at the end. The columns are the AUROC and the average
precision of points (mean over the windows that cover one, or the window around it), the best
F1 without and with point adjustment, whether the highest point hits an event, events found
and false alarms per 1,000 points at a threshold that 1 % of the calibration points exceed,
the share of normal windows above a threshold of 5 %, and the AUROC for each kind of event.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

import gantutor as gt
from gantutor import series
from gantutor.data import Series
from gantutor.evaluation import BASELINES

HERE = Path(__file__).parent
WIDTH = 64
SIGNALS = {
    "periodic": (gt.data.periodic_signal, 16),
    "heartbeats": (gt.data.heartbeats, 10),
}
# one step that moves no weight: the networks stay as they were drawn
STANDING_STILL = {"n_steps": 1, "learning_rate": 1e-12}
WAYS = ("blocks", "random", "one block")
IN_ALL_WAYS = ("5th neighbour", "WGAN", "f-AnoGAN")


def conv_players() -> dict[str, keras.Model]:
    """Generator and critic of one dimension, as notebook 13 builds them."""
    layers = keras.layers
    generator = [
        keras.Input((10,)),
        layers.Dense(4 * 32, activation="relu"),
        layers.Reshape((4, 32)),
        layers.Conv1DTranspose(16, 8, strides=4, padding="same", activation="relu"),
        layers.Conv1DTranspose(1, 8, strides=4, padding="same"),
        layers.Flatten(),
    ]
    critic = [
        keras.Input((WIDTH,)),
        layers.Reshape((WIDTH, 1)),
        layers.Conv1D(16, 8, strides=4, padding="same", activation="relu"),
        layers.Conv1D(32, 8, strides=4, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(1),
    ]
    return {
        "generator": keras.Sequential(generator),
        "critic": keras.Sequential(critic),
    }


def detectors(seed: int) -> dict[str, object]:
    named = gt.detectors
    conv = {"latent_dim": 10, "random_state": seed, **conv_players()}
    baselines = ("5th neighbour", "Mahalanobis", "isolation forest", "PCA error")
    return {
        **{name: BASELINES[name](seed) for name in baselines},
        "WGAN": named.WGAN(random_state=seed),
        "WGAN, untrained": named.WGAN(random_state=seed, **STANDING_STILL),
        "WGAN, conv": named.WGAN(n_steps=400, **conv),
        "WGAN, conv, untrained": named.WGAN(**STANDING_STILL, **conv),
        "f-AnoGAN": named.FAnoGAN(random_state=seed),
        "f-AnoGAN, untrained GAN": named.FAnoGAN(
            n_steps=1, n_encoder_steps=1200, random_state=seed
        ),
        "GAN": named.GAN(random_state=seed),
    }


def split(n_windows: int, way: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Which windows are for training, and which for calibration."""
    if way == "random":
        chosen = np.random.default_rng(seed).permutation(n_windows) < n_windows // 5
        return ~chosen, chosen
    return series.calibration_blocks(n_windows, WIDTH, 8 if way == "blocks" else 1)


def parts(detector: gt.detectors.FAnoGAN, rows: np.ndarray) -> tuple:
    """What a reconstruction leaves of each row, and the critic's output."""
    x, made = detector.scaled(rows), detector.scaled(detector.reconstruct(rows))
    return ((x - made) ** 2).mean(axis=1), detector.critic_(x).numpy()[:, 0]


def window_scores(
    known: Series, new: Series, seed: int, way: str
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, scores of all windows of the known series, and of the new one."""
    X, X_new = (series.windows(s.values, WIDTH) for s in (known, new))
    training, kept = split(len(X), way, seed)
    for name, detector in detectors(seed).items():
        if way != "blocks" and name not in IN_ALL_WAYS:
            continue
        if isinstance(detector, gt.one_class.OneClass):
            detector.fit(X[training], calibration=X[kept])
        else:
            detector.fit(X[training])
        yield name, detector.anomaly_score(X), detector.anomaly_score(X_new)
        if name.startswith("f-AnoGAN") and way == "blocks":
            old, now = parts(detector, X), parts(detector, X_new)
            basis = [part[kept] for part in old]
            yield (
                name.replace("f-AnoGAN", "two-part score"),
                series.two_part_score(*old, *basis),
                series.two_part_score(*now, *basis),
            )
    if way == "blocks":
        floor = 0.1 * known.values.std()
        scored = [
            series.matrix_profile(X[training], rows, floor) for rows in (X, X_new)
        ]
        yield "matrix profile", *scored


def moving_z_score(known: Series, new: Series, past: int = 200) -> np.ndarray:
    stretches = series.windows(np.append(known.values[-past:], new.values), past + 1)
    before = stretches[:, :-1]
    return np.abs(stretches[:, -1] - before.mean(axis=1)) / before.std(axis=1)


def judged(new: Series, points: np.ndarray) -> dict[str, float]:
    """How well scores of points find the events."""
    y, adjusted = new.labels, series.point_adjusted(new.labels, points)
    found = {
        "auroc": roc_auc_score(y, points),
        "average_precision": average_precision_score(y, points),
        "base_rate": y.mean(),
        "f1": series.best_f1(y, points),
        "pa_f1": series.best_f1(y, adjusted),
        "hit": float(series.near_events(y, WIDTH)[points.argmax()]),
    }
    for kind in sorted({event.kind for event in new.events}):
        one = [event for event in new.events if event.kind == kind]
        chosen = y == 0
        for event in one:
            chosen[event.start : event.stop] = True
        found[kind] = roc_auc_score(y[chosen], points[chosen])
    return found


def block_points(scores: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Scores of the points that lie in calibration windows alone."""
    blocks = [scores[start:stop] for start, stop in series.runs(kept)]
    return np.concatenate([series.point_scores(block, WIDTH) for block in blocks])


def measured(data: str, seed: int, way: str) -> Iterator[dict[str, object]]:
    make, n_events = SIGNALS[data]
    known, new = make(6000, 0, seed=seed), make(8000, n_events, seed=100 + seed)
    name_it = {"data": data, "seed": seed, "calibration": way}
    normal = ~series.windows(new.labels, WIDTH).any(axis=1)
    for name, old, now in window_scores(known, new, seed, way):
        kept = split(len(old), way, seed)[1]
        limit = gt.scoring.threshold(old[kept], 0.05)
        line = {"detector": name, "normal_above": (now[normal] > limit).mean()}
        points = series.point_scores(now, WIDTH)
        if way == "blocks":
            line |= judged(new, points)
            centre = series.point_scores(now, WIDTH, "centre")
            line["auroc_centre"] = roc_auc_score(new.labels, centre)
            limit = gt.scoring.threshold(block_points(old, kept), 0.01)
            counts = series.alarm_counts(new.labels, points, limit, WIDTH)
            line["found"], line["false_alarms"] = counts
        yield {**name_it, **line}
    if way == "blocks":
        chance = np.random.default_rng(seed).random(len(new.values))
        yield {**name_it, "detector": "random numbers", **judged(new, chance)}
        moving = judged(new, moving_z_score(known, new))
        yield {**name_it, "detector": "moving z-score", **moving}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--csv", type=Path, default=HERE / "time_series.csv")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    gt.setup(seed=0)
    done = pd.read_csv(options.csv) if options.csv.exists() else pd.DataFrame()
    for seed in range(options.seeds):
        for data in SIGNALS:
            for way in WAYS:
                run = {"data": data, "seed": seed, "calibration": way}
                if len(done) and (done[list(run)] == pd.Series(run)).all(axis=1).any():
                    continue
                lines = pd.DataFrame(measured(data, seed, way)).round(4)
                done = pd.concat([done, lines])
                done.to_csv(options.csv, index=False)  # goes on here if it is stopped
                print(lines.to_string())


if __name__ == "__main__":
    main()
