"""Is it any good? The protocol, the classical baselines and the tables (notebook 14).

The protocol is one-class: detectors learn from a part of the normal rows, and are tested
on the others and on all anomalies. In all labels 1 = anomaly; a higher score is more
anomalous.
"""

import sys
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import bootstrap
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_consistent_length, column_or_1d
from tqdm import tqdm

from gantutor.baselines import BASELINES, Baseline, anomaly_scores, copied
from gantutor.data import one_class_split
from gantutor.one_class import CALIBRATION_SHARE, SHARE, WHOLE, Array, check_value
from gantutor.scoring import threshold

__all__ = [
    "BASELINES",
    "Baseline",
    "Difference",
    "evaluate",
    "paired_bootstrap",
    "summary",
]


def evaluate(
    detectors: Mapping[str, Any],
    X: ArrayLike | pd.DataFrame,
    y: ArrayLike,
    seeds: int | Iterable[int] = 5,
    test_share: float = 0.5,
    false_alarm_rate: float = 0.05,
    verbose: int = 0,
) -> pd.DataFrame:
    """Test detectors on the same rows, over several seeds.

    Each seed makes a one-class split, and is the detector's `random_state` as well. Labels
    are used to split and, after scoring, to judge; nothing is fitted or chosen by them.
    Each test row is scored once by each detector.

    Parameters
    ----------
    detectors : mapping of str to detector or callable
        By name, unfitted detectors with `fit` and either `anomaly_score` (up = more
        anomalous) or scikit-learn's `score_samples` (down = more anomalous); or functions
        that make one from a seed, such as `BASELINES`. They are copied, not changed.
    X : array or DataFrame of shape (n, ...)
        All rows.
    y : array of shape (n,)
        1 = anomaly, 0 = normal.
    seeds : int or iterable of int, default=5
        How many seeds, or which.
    test_share : float, default=0.5
        Share of the normal rows that is kept for the test.
    false_alarm_rate : float, default=0.05
        Share of normal rows that may raise an alarm. The threshold comes from a fifth of the
        training rows, which the detector does not learn from: gantutor's detectors hold it
        out themselves, for the others it is done here.
    verbose : int, default=0
        1 shows a progress bar on standard output.

    Returns
    -------
    DataFrame
        One line for each seed and detector, with the columns `detector`, `seed`, `auroc`,
        `average_precision`, `base_rate` (share of anomalies in the test rows: the average
        precision of a coin), `false_alarms` and `found` (shares of the normal test rows and
        of the anomalies above the threshold), `fit_seconds` and `score_seconds` (a
        detector's first fit on a new row shape includes compilation), `n_train`, `n_test`.

    Raises
    ------
    ValueError
        If y does not hold both kinds of rows as 0 and 1, an argument is out of its range, or
        the scores of a detector are not finite.
    TypeError
        If something is not a detector.
    """
    if not detectors:
        raise ValueError("detectors is empty; pass at least one detector by its name.")
    check_value("false_alarm_rate", false_alarm_rate, SHARE)
    chosen = list(range(seeds) if isinstance(seeds, int | np.integer) else seeds)
    if not chosen:
        raise ValueError(f"seeds is {seeds}; at least one seed is needed.")
    rows: Any = X if isinstance(X, pd.DataFrame) else np.asarray(X)
    y = _labels(y)
    if y.mean() > 0.5:
        warnings.warn(
            f"{y.mean():.0%} of the rows are labelled 1, which means anomaly. If these are "
            "the normal rows, pass 1 - y.",
            stacklevel=2,
        )
    runs = [(seed, name) for seed in chosen for name in detectors]
    results = []
    for seed, name in tqdm(runs, disable=not verbose, unit="fit", file=sys.stdout):
        train, test, y_test = one_class_split(rows, y, test_share, seed)
        detector = _made(name, detectors[name], seed, false_alarm_rate)
        began = time.perf_counter()
        if "false_alarm_rate" in detector.get_params():
            limit = detector.fit(train).threshold_
        else:
            learning, calibration = train_test_split(
                train, test_size=CALIBRATION_SHARE, random_state=seed
            )
            detector.fit(learning)
            limit = threshold(_scores(name, detector, calibration), false_alarm_rate)
        fitted = time.perf_counter()
        scores = _scores(name, detector, test)
        scored = time.perf_counter()
        results.append(
            {
                "detector": name,
                "seed": seed,
                "auroc": roc_auc_score(y_test, scores),
                "average_precision": average_precision_score(y_test, scores),
                "base_rate": y_test.mean(),
                "false_alarms": (scores[y_test == 0] > limit).mean(),
                "found": (scores[y_test == 1] > limit).mean(),
                "fit_seconds": fitted - began,
                "score_seconds": scored - fitted,
                "n_train": len(train),
                "n_test": len(test),
            }
        )
    return pd.DataFrame(results)


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over the seeds, the best mean AUROC first.

    Parameters
    ----------
    results : DataFrame
        What `evaluate` returns, or several of them below each other with a column `data`
        that names the data set.

    Returns
    -------
    DataFrame of str
        One line a detector (and data set), "mean ± standard deviation over the seeds" in
        each cell; with one seed, the value alone.
    """
    missing = {"detector", "seed", "auroc"} - set(results)
    if missing:
        raise ValueError(
            f"results has no column {', '.join(map(repr, sorted(missing)))}; pass what "
            "gt.evaluation.evaluate returns."
        )
    by = [name for name in ("data", "detector") if name in results]
    groups = results.drop(columns="seed").groupby(by, sort=False)
    order = groups["auroc"].mean().sort_values(ascending=False, kind="stable").index
    spread = groups.std(numeric_only=True)
    table = groups.mean(numeric_only=True).map("{:.3f}".format)
    table += spread.map(" ± {:.3f}".format).where(spread.notna(), "")
    for name in {"n_train", "n_test"} & set(table):
        table[name] = groups[name].first().astype(str)
    return table.loc[order]


class Difference(NamedTuple):
    """A difference in AUROC with its 95 % interval."""

    auroc: float
    low: float
    high: float


def paired_bootstrap(
    y: ArrayLike,
    scores: ArrayLike,
    other_scores: ArrayLike,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Difference:
    """By how much two scores of the same rows differ in AUROC, with a 95 % interval.

    Test rows are drawn again with replacement, normal rows and anomalies each from their own
    kind, the same rows for both scores (Efron and Tibshirani 1993, An introduction to the
    bootstrap, sections 8.2 and 13.3). The interval tells what another sample of test rows
    could have given. It does not tell what another seed of the training could have given.

    Parameters
    ----------
    y : array of shape (n,)
        1 = anomaly, 0 = normal.
    scores, other_scores : array of shape (n,)
        Anomaly scores of the same rows; up = more anomalous.
    n_resamples : int, default=2000
        How often rows are drawn again.
    seed : int, default=0
        The same seed gives the same interval.

    Returns
    -------
    Difference
        `auroc` (the AUROC of `scores` minus that of `other_scores`), `low`, `high`.

    Examples
    --------
    >>> import gantutor as gt
    >>> gt.evaluation.paired_bootstrap([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])
    Difference(auroc=1.0, low=1.0, high=1.0)
    """
    check_value("n_resamples", n_resamples, WHOLE)
    y = _labels(y)
    pair = [column_or_1d(np.asarray(s, dtype=float)) for s in (scores, other_scores)]
    check_consistent_length(y, *pair)
    if not np.isfinite(pair).all():
        raise ValueError("The scores hold NaN or infinity; each row needs a number.")
    kinds = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    if min(map(len, kinds)) < 2:
        raise ValueError("y needs at least two rows of each kind to draw from.")
    ranks = [np.unique(values, return_inverse=True)[1] for values in pair]

    def difference(normal: NDArray, anomaly: NDArray) -> float:
        of_each = []
        for rank in ranks:
            at = np.bincount(rank[normal], minlength=len(y))  # normal rows of each rank
            below = np.cumsum(at) - at / 2  # a tie counts half
            of_each.append(below[rank[anomaly]].mean() / len(normal))
        return of_each[0] - of_each[1]

    interval = bootstrap(
        kinds,
        difference,
        n_resamples=n_resamples,
        batch=max(1, 10**6 // len(y)),
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Difference(*map(float, (difference(*kinds), interval.low, interval.high)))


def _labels(y: ArrayLike) -> NDArray[np.int64]:
    labels = np.asarray(y)
    if labels.ndim != 1 or set(np.unique(labels)) != {0, 1}:
        raise ValueError(
            f"y has shape {labels.shape} and values {np.unique(labels)[:5]}; it must hold "
            "a 0 for each normal row and a 1 for each anomaly, and there must be both."
        )
    return labels.astype(np.int64)


def _made(name: str, given: Any, seed: int, false_alarm_rate: float) -> Any:
    """An unfitted copy of a detector, with its seed and its false-alarm rate set."""
    if callable(given) and not hasattr(given, "fit"):
        given = given(seed)
    try:
        detector = copied(given)
    except ValueError as error:
        raise TypeError(f"{name!r} cannot be tested: {error}") from error
    settings = {"random_state": seed, "false_alarm_rate": false_alarm_rate}
    for parameter in detector.get_params():
        if (last := parameter.rpartition("__")[2]) in settings:
            detector.set_params(**{parameter: settings[last]})
    return detector


def _scores(name: str, detector: Any, rows: Any) -> Array:
    scores = anomaly_scores(detector, rows)
    if scores.shape != (len(rows),) or not np.isfinite(scores).all():
        raise ValueError(
            f"{name!r} gave scores of shape {scores.shape} for {len(rows)} rows, "
            f"{(~np.isfinite(scores)).sum()} of them NaN or infinite; each row needs one "
            "number."
        )
    return scores
