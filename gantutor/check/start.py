"""Checks of the exercises of notebook 00."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gantutor.check._common import Answer, Function, Verdict, exercise
from gantutor.check._reading import Off, fitted_on, number, share
from gantutor.data import breast_cancer, one_class_split

__all__ = ["auroc_by_hand", "looser_threshold", "share_among_top"]


@exercise
def auroc_by_hand(auroc: float) -> Verdict:
    """Check the AUROC of the scores 1.2, 2.0, 3.1, 4.5 (benign), 2.6, 5.0, 8.3 (malignant)."""
    if number(auroc, "the AUROC") in (2, 10, 12):
        raise Off("this is a number of pairs. Divide by the number of all pairs.")
    return Answer(
        value=10 / 12,
        within=0.005,
        mistakes={
            "you count the pairs in which the benign row scores higher.": 2 / 12,
            "you count the malignant rows that score higher than every benign row. The "
            "row with 2.6 wins some of its pairs, and they count.": 2 / 3,
            "you count rows on the right side of some line. The AUROC needs no line: "
            "it compares pairs.": 5 / 7,
            "one malignant row scores lower than some benign ones.": 1.0,
        },
        otherwise="go through the malignant rows one by one: how many of the four "
        "benign scores are below 2.6, below 5.0, below 8.3? Divide the sum by 12.",
        right="10 of 12 pairs are in the right order, 0.83.",
    ).judge(share(auroc, "the AUROC"))


@exercise
def looser_threshold(detector: Any, malignant_share: float) -> Verdict:
    """Check the share of malignant rows that a detector with another threshold reports.

    The detector is fitted on the training rows of the lesson, ``false_alarm_rate=0.2``.
    """
    if not hasattr(detector, "false_alarm_rate"):
        raise Off("the first argument must be the new detector itself.")
    if not hasattr(detector, "threshold_"):
        raise Off("the detector has no threshold yet. It gets one in fit.")
    if detector.false_alarm_rate != 0.2:
        raise Off(
            f"the detector has the false_alarm_rate {detector.false_alarm_rate}. Two "
            "in ten are asked for."
        )
    found = share(malignant_share, "the share")
    X, y = breast_cancer()
    X_train, X_test, y_test = one_class_split(X, y, seed=0)
    fitted_on(detector, X_train, "X_train")
    alarm = detector.predict(X_test) == -1
    reported = alarm[y_test == 1].mean()
    return Answer(
        value=reported,
        within=0.006,
        mistakes={
            "this is the share of the benign rows. y_test is 1 for malignant.": alarm[
                y_test == 0
            ].mean(),
            "this is the share of malignant rows that are not reported. predict "
            "returns -1 for a row that is reported.": 1 - reported,
            "this is the share of all test rows that are reported. Look at the "
            "malignant ones alone.": alarm.mean(),
            "this is the share of the reported rows that are malignant. Here it is "
            "asked how many of the malignant rows are reported.": y_test[alarm].mean(),
        },
        near=0.0005,
        otherwise="your detector reports another share of the malignant rows in "
        "X_test. Did you predict with the new detector?",
        right="the line has moved down, so more malignant rows lie above it, and more "
        "benign ones. The ranking of the rows has not changed.",
    ).judge(found)


def _top(scores: NDArray, labels: NDArray, k: int) -> NDArray:
    return labels[np.argsort(-scores)[:k]]


def _made_up_rows() -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(0)
    labels = (rng.random(200) < 0.3).astype(int)
    return rng.normal(size=200) + labels, labels


SHARE_AMONG_TOP = Function(
    solution=lambda s, y, k: _top(s, y, k).mean(),
    inputs=[(*_made_up_rows(), k) for k in (5, 10, 20, 40, 80)],
    mistakes={
        "you look at the k lowest scores. argsort begins with the lowest: turn the "
        "scores round.": lambda s, y, k: _top(-s, y, k).mean(),
        "you return the number of anomalies among "
        "the k rows. Divide by k.": lambda s, y, k: _top(s, y, k).sum(),
        "you divide by the number of all anomalies, which gives the share of the "
        "anomalies that are found. Divide by k.": (
            lambda s, y, k: _top(s, y, k).sum() / y.sum()
        ),
        "k plays no part: you always take ten rows.": (
            lambda s, y, k: _top(s, y, 10).mean()
        ),
        "you take k + 1 rows. The first k of an array a are a[:k]: without a[k], because "
        "the first is a[0].": lambda s, y, k: _top(s, y, k + 1).mean(),
        "you sum over k + 1 rows and divide by k. The first k of an array a are "
        "a[:k].": lambda s, y, k: _top(s, y, k + 1).sum() / k,
        "you take k - 1 rows. The first k of an array a are a[:k].": lambda s, y, k: (
            _top(s, y, k - 1).mean()
        ),
        "you take the first k labels as they come. Put them in the order of the scores "
        "first.": lambda s, y, k: y[:k].mean(),
        "you count the normal rows among the k.": (
            lambda s, y, k: 1 - _top(s, y, k).mean()
        ),
    },
    otherwise=lambda given, found, wanted: (
        f"for k = {given[2]} on 200 made-up rows you return {found:.3f}, and it should "
        f"be {wanted:.3f}. Try it on five rows by hand."
    ),
    right="this is the precision at k: which share of the first k rows that somebody "
    "looks at is worth the look.",
)


@exercise
def share_among_top(function: Callable[[NDArray, NDArray, int], float]) -> Verdict:
    """Check a function of scores, labels and k: the share of label 1 in the k top rows."""
    return SHARE_AMONG_TOP.judge(function)
