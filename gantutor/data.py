"""Made and real data, and how to split it for one-class learning (notebook 01).

In all labels 1 = anomaly and 0 = normal.
"""

import itertools
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.ndimage import gaussian_filter1d
from sklearn.datasets import load_breast_cancer, load_digits, make_moons

Rows = NDArray[np.float32]
Table = TypeVar("Table", pd.DataFrame, NDArray)
Kind = Literal["shift", "scale", "dependence"]


def script_data(
    n_normal: int = 1000,
    n_abnormal: int = 100,
    n_features: int = 10,
    shift: float = 5.0,
    seed: int = 0,
) -> tuple[Rows, Rows]:
    """The data of the script: normal rows from N(0, I), abnormal ones from N(shift, I).

    Parameters
    ----------
    n_normal, n_abnormal : int, default=1000 and 100
        Rows of each kind.
    n_features : int, default=10
        Columns.
    shift : float, default=5.0
        Mean of each column of the abnormal rows.
    seed : int, default=0
        The same seed gives the same rows.

    Returns
    -------
    normal : array of shape (n_normal, n_features)
    abnormal : array of shape (n_abnormal, n_features)
    """
    rng = np.random.default_rng(seed)
    normal = rng.normal(0.0, 1.0, (n_normal, n_features))
    abnormal = rng.normal(shift, 1.0, (n_abnormal, n_features))
    return normal.astype("float32"), abnormal.astype("float32")


class Rung(NamedTuple):
    """One rung of the difficulty ladder: how anomalies differ, and by how much."""

    kind: Kind
    level: float


LADDER = (
    Rung("shift", 0.5),
    Rung("shift", 1.0),
    Rung("shift", 1.5),
    Rung("scale", 1.5),
    Rung("scale", 2.0),
    Rung("dependence", 0.9),
    Rung("shift", 5.0),
)


def ladder(
    kind: Kind,
    level: float,
    n_normal: int = 2000,
    n_abnormal: int = 500,
    n_features: int = 10,
    seed: int = 0,
) -> tuple[Rows, Rows]:
    """Data of a chosen difficulty; `best_auroc` gives what a detector can reach on it.

    Parameters
    ----------
    kind : {"shift", "scale", "dependence"}
        How the anomalies differ. "shift": normal rows N(0, I), anomalies N(level, I).
        "scale": normal rows N(0, I), anomalies N(0, level^2 I). "dependence": normal rows
        with the correlation `level` between any two columns, anomalies N(0, I); each column
        alone looks the same in both.
    level : float
        By how much; for "dependence" between 0 and 1.
    n_normal, n_abnormal : int, default=2000 and 500
        Rows of each kind.
    n_features : int, default=10
        Columns.
    seed : int, default=0
        The same seed gives the same rows.

    Returns
    -------
    normal : array of shape (n_normal, n_features)
    abnormal : array of shape (n_abnormal, n_features)
    """
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((n_normal, n_features))
    abnormal = rng.standard_normal((n_abnormal, n_features))
    if kind == "shift":
        abnormal += level
    elif kind == "scale":
        abnormal *= level
    elif kind == "dependence":
        common = rng.standard_normal((n_normal, 1))
        normal = np.sqrt(1 - level) * normal + np.sqrt(level) * common
    else:
        raise ValueError(
            f'kind is {kind!r}; it must be "shift", "scale" or "dependence".'
        )
    return normal.astype("float32"), abnormal.astype("float32")


def best_auroc(kind: Kind, level: float, n_features: int = 10) -> float:
    """AUROC on a rung of the ladder for someone who knows the normal rows perfectly.

    Knowing the density of the normal rows and nothing of the anomalies, rows are ranked
    by how low the density is: by the Mahalanobis distance. (A score that favours the right
    direction by luck can do better; no score can for all directions at once.) The AUROC is
    the probability that an anomaly's squared
    distance exceeds a normal row's. Their difference is a weighted sum of squared normal
    numbers, whose distribution is found by numerical integration (Imhof 1961, Biometrika
    48, equation 3.2).

    Parameters
    ----------
    kind, level, n_features
        As in `ladder`.

    Returns
    -------
    float
        Between 0 and 1.
    """
    shift, weights = np.zeros(n_features), np.ones(n_features)
    if kind == "shift":
        shift += level
    elif kind == "scale":
        weights *= level**2
    else:  # one over each eigenvalue of the correlation matrix of the normal rows
        weights /= 1 - level
        weights[0] = 1 / (1 + (n_features - 1) * level)
    weights = np.concatenate([weights, -np.ones(n_features)])
    squares = np.concatenate([shift, np.zeros(n_features)]) ** 2

    def integrand(u: float) -> float:
        wu = weights * u
        damping = 1 + wu**2
        angle = 0.5 * np.sum(np.arctan(wu) + squares * wu / damping)
        size = np.prod(damping**0.25) * np.exp(0.5 * np.sum(squares * wu**2 / damping))
        return np.sin(angle) / (u * size)

    return float(0.5 + quad(integrand, 0, np.inf, limit=500)[0] / np.pi)


def ring_of_gaussians(
    n: int, n_modes: int = 8, radius: float = 2.0, spread: float = 0.1, seed: int = 0
) -> Rows:
    """Points in small round clouds on a circle, for pictures of mode collapse.

    Parameters
    ----------
    n : int
        Rows.
    n_modes : int, default=8
        Clouds.
    radius : float, default=2.0
        Distance of each cloud from the origin.
    spread : float, default=0.1
        Standard deviation of a cloud.
    seed : int, default=0
        The same seed gives the same rows.

    Returns
    -------
    array of shape (n, 2)
    """
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * rng.integers(n_modes, size=n) / n_modes
    centres = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (centres + spread * rng.standard_normal((n, 2))).astype("float32")


def two_moons(n: int, noise: float = 0.08, seed: int = 0) -> Rows:
    """Points on two half circles that reach into each other, centred at the origin.

    Parameters
    ----------
    n : int
        Rows.
    noise : float, default=0.08
        Standard deviation around the half circles.
    seed : int, default=0
        The same seed gives the same rows.

    Returns
    -------
    array of shape (n, 2)
    """
    points, _ = make_moons(n, noise=noise, random_state=seed)
    return (points - np.array([0.5, 0.25])).astype("float32")


def breast_cancer() -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """569 breast tumours, 30 measured features; 1 = malignant, 0 = benign.

    Source: Wolberg, Street and Mangasarian 1995, as scikit-learn carries it.

    Returns
    -------
    X : DataFrame of shape (569, 30)
        With the features' names.
    y : array of shape (569,)
        212 of them are 1.
    """
    X, benign = load_breast_cancer(return_X_y=True, as_frame=True)
    return X, 1 - benign.to_numpy()


def digits(anomaly: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """1797 handwritten digits, 8 x 8 pixels of 0 to 16; one digit is the anomaly.

    Source: Alpaydin and Kaynak 1998, as scikit-learn carries it.

    Parameters
    ----------
    anomaly : int, default=0
        Which digit, 0 to 9.

    Returns
    -------
    X : array of shape (1797, 8, 8)
    y : array of shape (1797,)
        1 where the picture shows the digit `anomaly`.
    """
    if anomaly not in range(10):
        raise ValueError(f"anomaly is {anomaly!r}; it must be a digit, 0 to 9.")
    bunch = load_digits()
    return bunch.images, (bunch.target == anomaly).astype(np.int64)


class Event(NamedTuple):
    """One anomaly in a series: points `start` to `stop - 1`."""

    kind: str
    start: int
    stop: int


class Series(NamedTuple):
    """A signal, its labels, and what was planted in it.

    Attributes
    ----------
    values : array of shape (n,)
        One number a point of time.
    labels : array of shape (n,)
        1 for the points of an event, 0 for the others.
    events : tuple of Event
        In their order.
    """

    values: Rows
    labels: NDArray[np.int64]
    events: tuple[Event, ...]


def _check_room(n: int, n_events: int, each: int) -> None:
    if n_events * each > n:
        raise ValueError(
            f"{n_events} events need {each * n_events} points, and n is {n}. Ask for fewer."
        )


def _series(values: NDArray, events: Sequence[Event]) -> Series:
    labels = np.zeros(len(values), dtype=np.int64)
    for event in events:
        labels[event.start : event.stop] = 1
    return Series(values.astype("float32"), labels, tuple(events))


def _drift(n: int, length: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A smooth random curve of mean 0 and standard deviation 1 that forgets in `length`."""
    noise = rng.standard_normal(n + 8 * int(length))
    smooth = gaussian_filter1d(noise, length)[4 * int(length) :][:n]
    return smooth * np.sqrt(2 * np.sqrt(np.pi) * length)


PERIOD = 48  # points of `periodic_signal`
EVENT_KINDS = {  # and how many points each lasts
    "spike": 3,
    "amplitude": 96,
    "frequency": 96,
    "shape": 96,
    "trend": 96,
    "noise": 72,
    "missing beat": 48,
    "phase": 48,
}


def periodic_signal(n: int = 6000, n_events: int = 0, seed: int = 0) -> Series:
    """A wave of about 48 points whose phase and amplitude wander, with planted events.

    A sine and its second harmonic, with noise of standard deviation 0.08. The events are of
    eight kinds in turn, one in each stretch of n / n_events points: "spike" (three points
    are off by 1), "amplitude" (the wave is 1.6 times as large), "frequency" (three waves in
    the time of two), "shape" (the harmonic is turned round), "trend" (up by 0.8 and down
    again), "noise" (four times as much), "missing beat" (one wave is flat) and "phase" (it
    jumps by half a wave).

    Parameters
    ----------
    n : int, default=6000
        Points.
    n_events : int, default=0
        Events, at most one for each 250 points; 0 for a normal series.
    seed : int, default=0
        The same seed gives the same series.

    Returns
    -------
    Series
    """
    _check_room(n, n_events, 250)
    rng = np.random.default_rng(seed)
    time = np.arange(n)
    phase = 2 * np.pi * time / PERIOD + 0.6 * _drift(n, 200, rng)
    amplitude = 1 + 0.12 * _drift(n, 200, rng)
    harmonic, trend, noise = np.full(n, 0.4), np.zeros(n), np.full(n, 0.08)
    kinds = itertools.islice(itertools.cycle(EVENT_KINDS), n_events)
    events = []
    for i, kind in enumerate(kinds):
        length, stretch = EVENT_KINDS[kind], n // n_events
        start = i * stretch + int(rng.integers(75, stretch - length - 74))
        event = Event(kind, start, start + length)
        events.append(event)
        inside = slice(*event[1:])
        if kind == "spike":
            trend[inside] = rng.choice([-1.0, 1.0])
        elif kind == "amplitude":
            amplitude[inside] *= 1.6
        elif kind == "frequency":
            turn = np.clip(time - start, 0, length) / length
            phase += 2 * np.pi * turn  # one wave more, so it is back in step at the end
        elif kind == "shape":
            harmonic[inside] *= -1
        elif kind == "trend":
            trend[inside] = 0.8 * np.bartlett(length) * rng.choice([-1.0, 1.0])
        elif kind == "noise":
            noise[inside] *= 4
        elif kind == "missing beat":
            amplitude[inside] = 0
        else:
            phase += np.pi * (time >= start + length // 2)
    wave = np.sin(phase) + harmonic * np.sin(2 * phase)
    return _series(amplitude * wave + trend + noise * rng.standard_normal(n), events)


# Angle, height and width of the waves P, Q, R, S and T: table 1 of McSharry et al. The
# height is a b^2, which their equation 1 comes to at a steady pace, in units of R's.
BEAT = (
    (-np.pi / 3, 0.25, 0.25),
    (-np.pi / 12, -1 / 6, 0.1),
    (0.0, 1.0, 0.1),
    (np.pi / 12, -0.25, 0.1),
    (np.pi / 2, 0.4, 0.4),
)


def heartbeats(n: int = 6000, n_events: int = 0, seed: int = 0) -> Series:
    """A signal like an ECG: five bumps a beat, a beat about every 60 points, with events.

    The bumps are those of McSharry et al. 2003, "A dynamical model for generating synthetic
    electrocardiogram signals" (IEEE Transactions on Biomedical Engineering 50). The time
    between beats varies by 4 %, the baseline wanders, and there is noise of standard
    deviation 0.03. The events are in turn "premature beat" (24 points too early, and the
    pause that follows is as much longer) and "missing beat" (one beat is flat).

    Parameters
    ----------
    n : int, default=6000
        Points.
    n_events : int, default=0
        Events, at most one for each 400 points; 0 for a normal series.
    seed : int, default=0
        The same seed gives the same series.

    Returns
    -------
    Series
    """
    _check_room(n, n_events, 400)
    rng = np.random.default_rng(seed)
    between = 60 * (1 + 0.04 * rng.standard_normal(n // 50 + 2).clip(-2.5, 2.5))
    peaks = np.cumsum(between) - 60 * rng.uniform()  # where the R of each beat lies
    drawn = np.full(len(peaks), True)
    events = []
    for i in range(n_events):
        place = (i + rng.uniform(0.3, 0.7)) * n / n_events
        beat = int(np.abs(peaks - place).argmin())
        usual = round(peaks[beat])
        if i % 2 == 0:
            peaks[beat] -= 24
            events.append(Event("premature beat", usual - 40, usual + 20))
        else:
            drawn[beat] = False
            events.append(Event("missing beat", usual - 16, usual + 24))
    values = 0.05 * _drift(n, 200, rng) + 0.03 * rng.standard_normal(n)
    for peak in peaks[drawn]:
        near = np.arange(max(int(peak) - 90, 0), min(int(peak) + 90, n))
        turns = 2 * np.pi / 60 * (near - peak)
        for angle, height, width in BEAT:
            values[near] += height * np.exp(-0.5 * ((turns - angle) / width) ** 2)
    return _series(values, events)


def one_class_split(
    X: Table, y: ArrayLike, test_share: float = 0.5, seed: int = 0
) -> tuple[Table, Table, NDArray[np.int64]]:
    """Normal rows to learn from; the other normal rows and all anomalies to test on.

    Parameters
    ----------
    X : array or DataFrame of shape (n, ...)
        All rows.
    y : array of shape (n,)
        1 = anomaly, 0 = normal.
    test_share : float, default=0.5
        Share of the normal rows that is kept for the test, between 0 and 1.
    seed : int, default=0
        The same seed gives the same split.

    Returns
    -------
    X_train : array or DataFrame
        Normal rows only.
    X_test : array or DataFrame
        No row of `X_train` is in it.
    y_test : array of shape (len(X_test),)

    Raises
    ------
    ValueError
        If y does not fit X or is not made of 0 and 1, or `test_share` is out of range.
    """
    y = np.asarray(y)
    if y.shape != (len(X),) or not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"y has shape {y.shape} and values {np.unique(y)[:5]}; it must hold a 0 (normal) "
            f"or a 1 (anomaly) for each of the {len(X)} rows of X."
        )
    if not 0 < test_share < 1:
        raise ValueError(f"test_share is {test_share}; it must be between 0 and 1.")
    normal = np.random.default_rng(seed).permutation(np.flatnonzero(y == 0))
    n_test = round(test_share * len(normal))
    train = normal[n_test:]
    test = np.sort(np.concatenate([normal[:n_test], np.flatnonzero(y == 1)]))
    if isinstance(X, pd.DataFrame):
        return X.iloc[train], X.iloc[test], y[test].astype(np.int64)
    return X[train], X[test], y[test].astype(np.int64)
