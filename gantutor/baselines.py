"""Classical methods to compare with, and scikit-learn's detectors in a file (notebook 14)."""

import math
from collections.abc import Callable
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.covariance import EllipticEnvelope, LedoitWolf
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import SGDOneClassSVM
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from gantutor.archive import Tree
from gantutor.one_class import Array, OneClass

Measure = Callable[[Any, Array], Array]


def anomaly_scores(detector: Any, X: Any) -> Array:
    """Scores of anything that was fitted to find outliers; up = more anomalous.

    Parameters
    ----------
    detector : fitted detector
        With `anomaly_score`, or with scikit-learn's `score_samples` (down = more anomalous).
    X : rows as it takes them

    Returns
    -------
    array of shape (n,)
    """
    if hasattr(detector, "anomaly_score"):
        return np.asarray(detector.anomaly_score(X), dtype=float)
    return -np.asarray(detector.score_samples(X), dtype=float)


def _last_neighbour(fitted: NearestNeighbors, rows: Array) -> Array:
    return fitted.kneighbors(rows)[0][:, -1]


def _pca_error(fitted: PCA, rows: Array) -> Array:
    made = fitted.inverse_transform(fitted.transform(rows))
    errors, sizes = ((rows - made) ** 2).sum(axis=1), (rows**2).sum(axis=1)
    # a plane of all dimensions leaves nothing, and rounding must not rank the rows
    return np.where(errors < 1e-24 * sizes, 0.0, errors)


MEASURES: dict[str, Measure] = {
    "minus score_samples": anomaly_scores,
    "last neighbour": _last_neighbour,
    "reconstruction error": _pca_error,
    "mahalanobis": LedoitWolf.mahalanobis,
}


class Baseline(BaseEstimator):
    """A classical method with a detector's `fit` and `anomaly_score`.

    The columns of a table are standardised by the rows given to `fit`; images are laid flat
    and left in their units.

    Parameters
    ----------
    estimator : scikit-learn estimator
        What is fitted.
    measure : str or callable
        A name in `MEASURES`, or ``measure(fitted estimator, rows)`` that gives scores; up =
        more anomalous.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> baseline = gt.evaluation.BASELINES["5th neighbour"](0).fit(normal)
    >>> baseline.anomaly_score(abnormal).shape
    (100,)
    """

    def __init__(self, estimator: BaseEstimator, measure: str | Measure) -> None:
        self.estimator = estimator
        self.measure = measure

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn what is normal from rows of shape (n, n_features), or images."""
        rows = np.asarray(X, dtype=float)
        table = rows.ndim == 2
        self.scaler_ = StandardScaler(with_mean=table, with_std=table)
        flat = self.scaler_.fit_transform(rows.reshape(len(rows), -1))
        self.estimator_ = clone(self.estimator).fit(flat)
        return self

    def anomaly_score(self, X: ArrayLike) -> Array:
        """Anomaly score of each row; up = more anomalous."""
        rows = np.asarray(X, dtype=float)
        flat = self.scaler_.transform(rows.reshape(len(rows), -1))
        measure = self.measure
        function = MEASURES[measure] if isinstance(measure, str) else measure
        return function(self.estimator_, flat)


BASELINES: dict[str, Callable[[int], Baseline]] = {
    "5th neighbour": lambda seed: Baseline(
        NearestNeighbors(n_neighbors=5), "last neighbour"
    ),
    "isolation forest": lambda seed: Baseline(
        IsolationForest(random_state=seed), "minus score_samples"
    ),
    "local outlier factor": lambda seed: Baseline(
        LocalOutlierFactor(novelty=True), "minus score_samples"
    ),
    "one-class SVM": lambda seed: Baseline(OneClassSVM(), "minus score_samples"),
    "PCA error": lambda seed: Baseline(
        PCA(n_components=0.9, random_state=seed), "reconstruction error"
    ),
    "Mahalanobis": lambda seed: Baseline(LedoitWolf(), "mahalanobis"),
}
"""Name, and what makes an unfitted baseline from a seed. Scikit-learn's settings, but for
PCA: the components that hold 90 % of the variance."""


def copied(detector: Any, **settings: Any) -> Any:
    """An unfitted copy. Networks of the reader's own stay one, so that graphs are shared.

    Parameters
    ----------
    detector : unfitted detector
    **settings
        Parameters of the copy, if it has them.

    Raises
    ------
    ValueError
        If it is no unfitted detector.
    """
    scores = any(hasattr(detector, name) for name in ("anomaly_score", "score_samples"))
    learns = hasattr(detector, "fit") and hasattr(detector, "get_params")
    if isinstance(detector, type) or not scores or not learns:
        raise ValueError(
            f"{detector!r} is no unfitted detector. Pass one that scores rows, such as "
            "WGAN(), IsolationForest() or LocalOutlierFactor(novelty=True)."
        )
    given = detector.get_params(deep=False)
    new = {name: value for name, value in settings.items() if name in given}
    own = {name: x for name, x in given.items() if isinstance(x, keras.Model)}
    return clone(detector).set_params(**own, **new)


def fitted(detector: Any, X: Any, calibration: Any = None, seed: Any = None) -> Any:
    """Fit anything that finds outliers, so that `packed` can keep it in a file.

    Parameters
    ----------
    detector : unfitted detector
        With `fit` and `get_params`.
    X, calibration : rows as it takes them
        To learn from, and for the threshold of a detector of this package.
    seed : int, optional
        For a detector of another package, where it has none.

    Returns
    -------
    the detector
    """
    if isinstance(detector, OneClass):
        return detector.fit(X, calibration=calibration)
    settings = detector.get_params().items()
    unset = [k for k, v in settings if k.endswith("random_state") and v is None]
    detector.set_params(**dict.fromkeys(unset, seed)).fit(X)
    detector.learned_rows_ = X  # from which a file fits it again
    return detector


# -- in a file -------------------------------------------------------------------------

ESTIMATORS = {
    kind.__name__: kind
    for kind in (
        *(Baseline, EllipticEnvelope, IsolationForest, LedoitWolf, LocalOutlierFactor),
        *(NearestNeighbors, OneClassSVM, PCA, SGDOneClassSVM),
    )
}
LARGEST_SETTING = 10_000  # in a file, unless there are more rows
MOST_TREES = 1_000
WIDEST_COVARIANCE = 10_000  # columns: 800 MB
NOT_LEARNED = ("n_jobs", "verbose")  # set anew on each machine


def packed(detector: Any) -> Tree:
    """What `fitted` has fitted, for `gantutor.archive`.

    A detector of another package is its class, its parameters and the rows that it has
    learned from: what scikit-learn has learned lies in objects that a file without code
    cannot hold, so `unpacked` fits it again.

    Raises
    ------
    ValueError
        If it is not one of `ESTIMATORS`, or a parameter is no plain value.
    """
    if isinstance(detector, OneClass):
        return detector.to_tree()
    rows = np.asarray(detector.learned_rows_, dtype=float)
    tree = {**_recipe(detector), "rows": rows}
    _unfitted(tree)  # what could not be read is not written
    return tree


def _recipe(estimator: Any) -> Tree:
    name = type(estimator).__name__
    if ESTIMATORS.get(name) is not type(estimator):
        raise ValueError(
            f"{name} cannot be kept in a file that holds no code. There can be "
            f"{', '.join(ESTIMATORS)}. Or use pickle, whose files run code."
        )
    parameters = {}
    for parameter, value in estimator.get_params(deep=False).items():
        if parameter in NOT_LEARNED:
            continue
        if isinstance(value, BaseEstimator):
            value = _recipe(value)
        elif not isinstance(value, int | float | str | None):
            raise ValueError(
                f"{name} has {parameter}={value!r}, which a file without code cannot hold. "
                "Use a number or a name, or use pickle, whose files run code."
            )
        parameters[parameter] = value
    return {"class": name, "parameters": parameters}


def unpacked(tree: Tree) -> Any:
    """The estimator of another package that `packed` has described, fitted again."""
    return fitted(_unfitted(tree), tree["rows"])


def _unfitted(tree: Tree) -> Any:
    """What a tree describes; a file of a kilobyte must not keep `load` busy for an hour."""
    name = tree["class"]
    if name not in ESTIMATORS:
        raise ValueError(f"it holds an unknown detector {name!r}")
    rows, parameters = tree["rows"], {}
    for parameter, value in tree["parameters"].items():
        if parameter in NOT_LEARNED:
            raise ValueError(f"its {name} has {parameter}")
        most = max(len(rows), LARGEST_SETTING)
        most = MOST_TREES if parameter == "n_estimators" else most
        number = isinstance(value, int | float) and parameter != "random_state"
        if number and value > most:
            raise ValueError(f"{name} has {parameter}={value}, too much for a file.")
        inner = isinstance(value, dict)
        parameters[parameter] = _unfitted(value | {"rows": rows}) if inner else value
    covariance = name in ("EllipticEnvelope", "LedoitWolf")
    if covariance and math.prod(rows.shape[1:]) > WIDEST_COVARIANCE:
        raise ValueError(f"{name} has rows too wide for a file.")
    return ESTIMATORS[name](**parameters)
