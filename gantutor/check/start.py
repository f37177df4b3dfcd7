"""Checks of the exercises of notebook 00."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gantutor.check._common import (
    Off,
    Verdict,
    call,
    exercise,
    number,
    numbers,
    recognise,
    right,
    share,
)
from gantutor.data import breast_cancer, one_class_split

__all__ = ["auroc_by_hand", "looser_threshold", "share_among_top"]


@exercise
def auroc_by_hand(auroc: float) -> Verdict:
    """Check the AUROC of the scores 1.2, 2.0, 3.1, 4.5 (benign), 2.6, 5.0, 8.3 (malignant).

    Parameters
    ----------
    auroc : float
        Between 0 and 1.

    Returns
    -------
    Verdict
    """
    if number(auroc, "the AUROC") in (2, 10, 12):
        raise Off("this is a number of pairs. Divide by the number of all pairs.")
    auroc = share(auroc, "the AUROC")
    recognise(
        auroc,
        {
            "you count the pairs in which the benign row scores higher.": 2 / 12,
            "you count the malignant rows that score higher than every benign row. "
            "The row with 2.6 wins some of its pairs, and they count.": 2 / 3,
            "you count rows on the right side of some line. The AUROC needs no "
            "line: it compares pairs.": 5 / 7,
            "one malignant row scores lower than some benign ones.": 1.0,
        },
        atol=0.005,
    )
    if abs(auroc - 10 / 12) > 0.005:
        raise Off(
            "go through the malignant rows one by one: how many of the four benign "
            "scores are below 2.6, below 5.0, below 8.3? Divide the sum by 12."
        )
    return right("10 of 12 pairs are in the right order, 0.83.")


@exercise
def looser_threshold(detector: Any, malignant_share: float) -> Verdict:
    """Check the share of malignant rows that a detector with another threshold reports.

    Parameters
    ----------
    detector : detector
        Fitted on the training rows of the lesson with ``false_alarm_rate=0.2``.
    malignant_share : float
        Share of the malignant test rows that it reports.

    Returns
    -------
    Verdict
    """
    if not hasattr(detector, "false_alarm_rate"):
        raise Off("the first argument must be the new detector itself.")
    if not hasattr(detector, "threshold_"):
        raise Off("the detector has no threshold yet. It gets one in fit.")
    if detector.false_alarm_rate != 0.2:
        raise Off(
            f"the detector has the false_alarm_rate {detector.false_alarm_rate}. Two in "
            "ten are asked for."
        )
    found = share(malignant_share, "the share")
    X, y = breast_cancer()
    _, X_test, y_test = one_class_split(X, y, seed=0)
    alarm = detector.predict(X_test) == -1
    recognise(
        found,
        {
            "this is the share of the benign rows. y_test is 1 for malignant.": alarm[
                y_test == 0
            ].mean(),
            "this is the share of malignant rows that are not reported. predict "
            "returns -1 for a row that is reported.": 1 - alarm[y_test == 1].mean(),
            "this is the share of all test rows that are reported. Look at the "
            "malignant ones alone.": alarm.mean(),
            "this is the share of the reported rows that are malignant. Here it is "
            "asked how many of the malignant rows are reported.": y_test[alarm].mean(),
        },
        atol=0.0005,
    )
    if abs(found - alarm[y_test == 1].mean()) > 0.006:
        raise Off(
            "your detector reports another share of the malignant rows in X_test. Did "
            "you predict with the new detector?"
        )
    return right(
        "the line has moved down, so more malignant rows lie above it, and more benign "
        "ones. The ranking of the rows has not changed."
    )


@exercise
def share_among_top(function: Callable[[NDArray, NDArray, int], float]) -> Verdict:
    """Check the share of anomalies among the rows with the highest scores.

    Parameters
    ----------
    function : callable
        Maps scores (n,), labels (n,) and k to the share of label 1 among the k rows with
        the highest scores.

    Returns
    -------
    Verdict
    """
    rng = np.random.default_rng(0)
    labels = (rng.random(200) < 0.3).astype(int)
    scores = rng.normal(size=200) + labels
    sizes = np.array([5, 10, 20, 40, 80])

    def tried(function: Callable[[NDArray, NDArray, int], Any]) -> ArrayLike:
        return [function(scores.copy(), labels.copy(), int(k)) for k in sizes]

    found = numbers(
        [call(function, scores, labels, int(k)) for k in sizes],
        sizes.shape,
        "the results for five values of k",
    )
    falling = np.argsort(-scores)

    def expected(scores: NDArray, labels: NDArray, k: int) -> float:
        return labels[falling[:k]].mean()

    recognise(
        found,
        {
            "you look at the k lowest scores. argsort begins with the lowest: turn the "
            "scores round.": tried(lambda s, y, k: y[falling[-k:]].mean()),
            "you return the number of anomalies among the k rows. Divide by k.": tried(
                lambda s, y, k: y[falling[:k]].sum()
            ),
            "you divide by the number of all anomalies, which gives the share of the "
            "anomalies that are found. Divide by k.": tried(
                lambda s, y, k: y[falling[:k]].sum() / y.sum()
            ),
            "k plays no part: you always take ten rows.": tried(
                lambda s, y, k: y[falling[:10]].mean()
            ),
            "you take the first k labels as they come. Put them in the order of the "
            "scores first.": tried(lambda s, y, k: y[:k].mean()),
            "you count the normal rows among the k.": tried(
                lambda s, y, k: 1 - y[falling[:k]].mean()
            ),
        },
    )
    wanted = numbers(tried(expected), sizes.shape)
    if not np.allclose(found, wanted, atol=1e-6):
        wrong = int(np.argmax(np.abs(found - wanted)))
        raise Off(
            f"for k = {sizes[wrong]} on 200 made-up rows you return {found[wrong]:.3f}, "
            f"and it should be {wanted[wrong]:.3f}. Try it on five rows by hand."
        )
    return right(
        "this is the precision at k: which share of the first k rows that somebody "
        "looks at is worth the look."
    )
