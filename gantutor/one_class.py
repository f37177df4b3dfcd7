"""What anything with scores can do: threshold, decision, p-values, a file.

A subclass has an `anomaly_score`, and a `_fit` that gives the scores of its calibration
rows to `_set_threshold` at its end.
"""

import math
import os
import re
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from gantutor import archive, scoring

Array = NDArray[np.float64]

CALIBRATION_SHARE = 0.2  # of the rows given to fit, held out to set the threshold


class OneClass(OutlierMixin, BaseEstimator):
    """Base of all that scores rows after it has learned from normal ones.

    Attributes
    ----------
    calibration_scores_ : array of shape (n_calibration,)
        Sorted scores of normal rows that nothing was fitted on.
    threshold_ : float
        Rows with a higher score are anomalies.
    false_alarm_rate_ : float
        The share of normal rows for which the threshold was set.
    """

    false_alarm_rate: float
    random_state: Any
    calibration_scores_: Array

    def fit(self, X: Any, y: Any = None, calibration: Any = None) -> Self:
        """Learn what is normal. A fit that fails leaves everything as it was.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images (n, height, width[, c])
            Normal rows, or mostly so; 8 or 10 at least, and about 100 for a threshold that
            can keep a false-alarm rate of 5 %.
        y : ignored
        calibration : rows like X, optional
            Normal rows of your own that set the threshold; all of X is then trained on. By
            default a fifth of X, chosen at random, is kept for that.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X holds NaN, infinity or text, has too few rows or a wrong shape, or if a
            parameter is out of its range.
        FloatingPointError
            If a loss or a score becomes infinite or NaN.
        """
        before = vars(self).copy()
        try:
            check_parameters(self)
            return self._fit(X, calibration)
        except BaseException:
            self.__dict__ = before
            raise

    def _fit(self, X: Any, calibration: Any) -> Self:
        raise NotImplementedError

    def anomaly_score(self, X: ArrayLike) -> Array:
        """Anomaly score of each row; up = more anomalous."""
        raise NotImplementedError

    def score_samples(self, X: ArrayLike) -> Array:
        """Minus the anomaly score: scikit-learn's sign, down = more anomalous.

        Parameters
        ----------
        X : rows as `fit` takes them

        Returns
        -------
        array of shape (n,)
        """
        return -self.anomaly_score(X)

    def decision_function(self, X: ArrayLike) -> Array:
        """Threshold minus anomaly score: negative for anomalies.

        Parameters
        ----------
        X : rows as `fit` takes them

        Returns
        -------
        array of shape (n,)

        Raises
        ------
        ValueError
            If the parameter `false_alarm_rate` was changed after `fit`: the threshold is
            still that of the old one.
        """
        self._check_ready()
        asked = self._asked_rate()
        if asked != self.false_alarm_rate_:
            raise ValueError(
                f"false_alarm_rate was changed to {asked!r} after fit, and the threshold is "
                f"that of {self.false_alarm_rate_!r}. Call set_false_alarm_rate({asked!r}), "
                "which moves the threshold and trains nothing."
            )
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """+1 for normal rows, -1 for anomalies.

        Parameters
        ----------
        X : rows as `fit` takes them

        Returns
        -------
        array of shape (n,)
        """
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def p_value(self, X: ArrayLike) -> Array:
        """Share of calibration normals that are at least as anomalous as each row.

        Parameters
        ----------
        X : rows as `fit` takes them

        Returns
        -------
        array of shape (n,)
            (1 + #{calibration scores >= score}) / (n_calibration + 1).
        """
        scores = self.anomaly_score(X)
        return scoring.p_values(self.calibration_scores_, scores)

    def set_false_alarm_rate(self, rate: float) -> Self:
        """Move the threshold to another rate; nothing is trained again.

        Parameters
        ----------
        rate : float
            Share of normal rows that may be called anomalies, between 0 and 1.

        Returns
        -------
        self
        """
        self._check_ready()
        check_value("false_alarm_rate", rate, SHARE)
        self.false_alarm_rate = rate
        self._set_threshold(self.calibration_scores_)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all that was fitted to one file of JSON and arrays.

        The file is complete or not there: an old one is replaced only when the new one has
        been written. `gantutor.load` reads it without running any code from it.

        Parameters
        ----------
        path : path-like
            Where to write; "detector.npz" is a good name.
        """
        self._check_ready()
        archive.write(self.to_tree(), path)

    def to_tree(self) -> archive.Tree:
        """All that is needed to score again, for `gantutor.archive`."""
        if not type(self).__module__.startswith("gantutor."):
            raise ValueError(
                f"{type(self).__name__} is a class of your own, and a file holds no code. "
                "Save one of gantutor's detectors, or use pickle, whose files run code."
            )
        return self._tree()

    def _tree(self) -> archive.Tree:
        seed = self.random_state  # of a generator the state has moved on: not kept
        seed = int(seed) if isinstance(seed, Integral) else None
        kept = {"false_alarm_rate": self.false_alarm_rate_, "random_state": seed}
        kind, values = type(self).__name__, fitted_values(self)
        return {"class": kind, "parameters": kept, "fitted": values, **self._parts()}

    def _parts(self) -> archive.Tree:
        """What a file holds besides plain values, each part packed."""
        raise NotImplementedError

    def _check_ready(self) -> None:
        check_is_fitted(self)

    def _asked_rate(self) -> float:
        return self.false_alarm_rate

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _set_threshold(self, calibration_scores: ArrayLike) -> None:
        scores = np.sort(np.asarray(calibration_scores, dtype=float))
        if not len(scores) or not np.isfinite(scores).all():
            raise FloatingPointError(
                "The scores of the calibration rows became infinite or NaN in training. "
                "Lower learning_rate, and look for extreme values in the data."
            )
        self.calibration_scores_ = scores
        self.false_alarm_rate_ = float(self._asked_rate())
        self.threshold_ = scoring.threshold(scores, self.false_alarm_rate_)
        self.offset_ = -self.threshold_


# -- parameters and their limits -------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """Where a number may lie: above `low` (or at it, if closed) and below `high`."""

    low: float = 0.0
    high: float = math.inf
    closed: bool = False
    whole: bool = False

    def allows(self, value: Any) -> bool:
        """Whether the value is a number of this interval."""
        number = isinstance(value, Integral if self.whole else Real)
        if not number or isinstance(value, bool):
            return False
        return self.low < value < self.high or (self.closed and value == self.low)

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"a number between {self.low:g} and {self.high:g}"
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} {'of at least' if self.closed else 'above'} {self.low:g}"


MOST_WIDTHS = 100  # each layer is built one by one, and a file can name a million


class Widths:
    """The widths of some layers: a sequence of whole numbers above 0."""

    def allows(self, value: Any) -> bool:
        """Whether the value is such a sequence."""
        return (
            isinstance(value, Sequence)
            and 0 < len(value) <= MOST_WIDTHS
            and all(WHOLE.allows(width) for width in value)
        )

    def __str__(self) -> str:
        return "a sequence of widths, such as (64, 64)"


class Choice:
    """One of a few values."""

    def __init__(self, *choices: Any) -> None:
        self.choices = choices

    def allows(self, value: Any) -> bool:
        """Whether the value is one of them."""
        return value in self.choices

    def __str__(self) -> str:
        *first, last = (
            f'"{c}"' if isinstance(c, str) else str(c) for c in self.choices
        )
        return f"{', '.join(first)} or {last}"


Limit = Interval | Widths | Choice
WHOLE = Interval(1, closed=True, whole=True)
POSITIVE = Interval()
NOT_NEGATIVE = Interval(closed=True)
SHARE = Interval(high=1.0)
SHARE_OR_ZERO = Interval(high=1.0, closed=True)


def check_value(name: str, value: Any, limit: Limit) -> None:
    """Raise a ValueError if the value of a parameter is out of its limits."""
    if not limit.allows(value):
        raise ValueError(f"{name} is {value!r}; it must be {limit}.")


def check_parameters(estimator: Any) -> None:
    """Hold each parameter of a dataclass against the limits in its annotation.

    ``Annotated[int, WHOLE]`` has its limit beside the type; ``Literal[...]`` and ``bool`` are
    limits themselves. None is allowed where it is the default.
    """
    hints = typing.get_type_hints(type(estimator), include_extras=True)
    for field in fields(estimator):
        value = getattr(estimator, field.name)
        limit = limit_of(hints[field.name])
        if limit and not (value is None and field.default is None):
            check_value(field.name, value, limit)


def limit_of(hint: Any) -> Limit | None:
    """The limit that the annotation of a parameter holds."""
    parts = typing.get_args(hint)
    if typing.get_origin(hint) is Annotated:
        return parts[1]
    if typing.get_origin(hint) is Literal:
        return Choice(*parts)
    if hint is bool:
        return Choice(True, False)
    return next((limit for part in parts if (limit := limit_of(part))), None)  # a union


def drawn_seed(random_state: Any) -> int:
    """One number from which all random numbers of a fit follow."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


# -- in a file -------------------------------------------------------------------------

PLAIN = (bool, int, float, str, tuple, dict, np.ndarray, np.generic, type(None))
FOLLOWS = ("threshold_", "offset_", "false_alarm_rate_")  # from the calibration scores


def fitted_values(estimator: Any) -> archive.Tree:
    """Numbers, names and arrays that `fit` has set; what else it has set packs itself."""
    return {
        name: [*value]
        if isinstance(value, np.ndarray) and value.dtype == "O"
        else value
        for name, value in vars(estimator).items()
        if name.endswith("_") and name not in FOLLOWS and isinstance(value, PLAIN)
    }


def restore_values(
    estimator: Any, values: archive.Tree, needed: Collection[str] = ()
) -> None:
    """Set what `fitted_values` has given, and the threshold; the parameters are checked."""
    check_parameters(estimator)
    if missing := {*needed, "calibration_scores_"} - set(values):
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    if np.ndim(values["calibration_scores_"]) != 1:
        raise ValueError("its calibration scores are no row of numbers")
    for name, value in values.items():
        if not re.fullmatch(r"[a-z]\w*_", name):
            raise ValueError(f"it has an unknown entry {name!r}")
        if name == "feature_names_in_":
            value = np.array(value, dtype=object)
        vars(estimator)[name] = tuple(value) if isinstance(value, list) else value
    estimator._set_threshold(estimator.calibration_scores_)


def refuse_other_shapes(estimator: Any, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise a ValueError if what a file has given are not so many numbers."""
    for name, shape in shapes.items():
        values = np.asarray(vars(estimator)[name], dtype=float)
        if values.shape != shape or not np.isfinite(values).all():
            raise ValueError(f"its {name} does not hold numbers of shape {shape}")
