"""Checks of the exercises of notebook 00."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gantutor.check._common import Answer, Verdict, exercise, first_off, results
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
    found = share(malignant_share, "the share")
    X_train, X_test, y_test = one_class_split(*breast_cancer(), seed=0)
    fitted_on(detector, X_train, "X_train")
    rate = detector.false_alarm_rate
    alarm, odd = detector.predict(X_test) == -1, y_test == 1
    malignant, benign = alarm[odd].mean(), alarm[~odd].mean()
    return Answer(
        value=malignant,
        within=0.006,
        mistakes={
            f"the detector has the false_alarm_rate {rate}. Two in ten are asked "
            "for.": rate != 0.2,
            "this is the share of the benign rows. y_test is 1 for malignant.": benign,
            "this is the share of malignant rows that are not reported. predict "
            "returns -1 for a row that is reported.": 1 - malignant,
            "this is the share of all test rows that are reported. Look at the "
            "malignant ones alone.": alarm.mean(),
            "this is the share of the reported rows that are malignant. Here it is "
            "asked how many of the malignant rows are reported.": odd[alarm].mean(),
        },
        otherwise="your detector reports another share of the malignant rows in "
        "X_test. Did you predict with the new detector?",
        right="the line has moved down, so more malignant rows lie above it, and more "
        "benign ones. The ranking of the rows has not changed.",
    ).judge(found)


@exercise
def share_among_top(function: Callable) -> Verdict:
    """Check a function of scores, labels and k: the share of label 1 in the k top rows."""
    rng, k = np.random.default_rng(0), np.array([5, 10, 20, 40, 80])
    labels = (rng.random(200) < 0.3).astype(int)
    scores = rng.normal(size=200) + labels
    found = results(function, [(scores, labels, int(n)) for n in k])
    ranked = labels[np.argsort(-scores)]
    hits = np.cumsum(ranked)  # hits[k - 1] are among the first k
    value, of_ten = hits[k - 1] / k, hits[9] / 10 + 0 * k
    i = first_off(found, value)
    return Answer(
        value=value,
        mistakes={
            "you look at the k lowest scores. argsort begins with the lowest: turn the "
            "scores round.": np.cumsum(ranked[::-1])[k - 1] / k,
            "you return the number of anomalies among the k rows. Divide by k.": hits[
                k - 1
            ],
            "you divide by the number of all anomalies, which gives the share of the "
            "anomalies that are found. Divide by k.": hits[k - 1] / labels.sum(),
            "k plays no part: you always take ten rows.": of_ten,
            "you take k + 1 rows. The first k of an array a are a[:k]: without a[k], "
            "because the first is a[0].": hits[k] / (k + 1),
            "you sum over k + 1 rows and divide by k. The first k of an array a are "
            "a[:k].": hits[k] / k,
            "you take k - 1 rows. The first k of an array a are a[:k].": hits[k - 2]
            / (k - 1),
            "you take the first k labels as they come. Put them in the order of the "
            "scores first.": np.cumsum(labels)[k - 1] / k,
            "you count the normal rows among the k.": 1 - value,
        },
        otherwise=f"for k = {k[i]} on 200 made-up rows you return {found[i]:.3f}, and "
        f"it should be {value[i]:.3f}. Try it on five rows by hand.",
        right="this is the precision at k: which share of the first k rows that "
        "somebody looks at is worth the look.",
    ).judge(found)
