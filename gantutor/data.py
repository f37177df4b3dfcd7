"""Made and real data, and how to split it for one-class learning (notebook 01).

In all labels 1 = anomaly and 0 = normal.
"""

from typing import Literal, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from sklearn.datasets import load_breast_cancer, load_digits, make_moons

Rows = NDArray[np.float32]
Table = TypeVar("Table", pd.DataFrame, NDArray)


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

    kind: Literal["shift", "scale", "dependence"]
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
    kind: Literal["shift", "scale", "dependence"],
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


def best_auroc(
    kind: Literal["shift", "scale", "dependence"], level: float, n_features: int = 10
) -> float:
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
