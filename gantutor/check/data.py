"""Checks of the exercises of notebook 01."""

from collections.abc import Callable, Sequence

import numpy as np

from gantutor.check._common import (
    ROWS_FOR_COLUMNS,
    Answer,
    Verdict,
    exercise,
    made_up_rows,
    ruler,
)
from gantutor.check._reading import Off, call, is_reordered, numbers, share

__all__ = ["auroc_with_wrong_labels", "covariance_ruler", "useless_columns"]


@exercise
def auroc_with_wrong_labels(auroc: float) -> Verdict:
    """Check the AUROC of a perfect detector where 20 of 100 anomalies are normal rows."""
    return Answer(
        value=0.9,
        within=0.005,
        mistakes={
            "you count every pair with one of the 20 rows as lost. They score like "
            "normal rows: how often does such a row win against a normal one?": 0.8,
            "that would be the AUROC if the labels were right. In how many pairs does "
            "one of the 20 rows stand for the anomaly?": 1.0,
            "that is what you get from the 20 rows alone. The 80 real anomalies stand "
            "in the other pairs.": 0.5,
            "that is the share of pairs in the wrong order. The AUROC is the other "
            "share.": 0.1,
        },
        otherwise="split the pairs into two groups, those with one of the 80 real "
        "anomalies and those with one of the 20 others. Which share of each is in "
        "order?",
        right="0.8 x 1 + 0.2 x 0.5 = 0.9. No detector can do better on these labels, "
        "except by luck.",
    ).judge(share(auroc, "the AUROC"))


USELESS = np.array([0.879, 0.824, 0.761, 0.683])  # with 0, 10, 30, 90; by integration


@exercise
def useless_columns(aurocs: Sequence[float]) -> Verdict:
    """Check the ruler's AUROC at shift 1.0 with 0, 10, 30 and 90 columns of noise."""
    found = numbers(aurocs, (4,), "the list of AUROCs")
    first = int(np.argmax(np.abs(found - USELESS) > 0.02))
    at_half, at_more = [0.638, 0.602, 0.576, 0.552], [0.986, 0.966, 0.928, 0.848]
    return Answer(
        value=USELESS,
        within=0.02,
        mistakes={
            "an AUROC lies between 0 and 1: 90 % is 0.9.": any(found > 1),
            "these are the right numbers in the wrong order. The first is the AUROC "
            "with no useless "
            "column, the last the one with 90.": is_reordered(found, USELESS, 0.02),
            "these rank the rows upside down. The score must go up for anomalies.": 1
            - USELESS,
            "nothing changes from one number to the next. Are the new columns in the "
            "rows that you score, and do they hold random numbers?": [0.879] * 4,
            "the anomalies are moved in your new columns too. Add columns in which "
            "both kinds of rows are alike.": [0.879, 0.951, 0.990, 1.0],
            "only the anomalies got random numbers, and so they are longer. Both kinds "
            "of rows need them.": [0.881, 0.985, 1.0, 1.0],
            "only the normal rows got random numbers, and so they are longer. Both "
            "kinds of rows need them.": [0.881, 0.489, 0.045, 0.0],
            "with 10 columns you draw the ladder's own numbers again, because both "
            "start from the same seed. Take another seed for the new "
            "columns.": [0.881, 0.771, 0.759, 0.685],
            "the new columns vary less than the old ones. Take standard_normal, which "
            "has mean 0 and standard deviation 1.": [0.881, 0.878, 0.872, 0.854],
            "these are the numbers of the rung at shift 0.5. Take shift 1.0.": at_half,
            "these are the numbers of the rung at shift 1.5. Take shift 1.0.": at_more,
        },
        otherwise=f"with {(0, 10, 30, 90)[first]} useless columns the AUROC is "
        f"{USELESS[first]:.2f}, and you have {found[first]:.2f}. The score is the "
        "length of the whole row, the new columns included.",
        right="none of the new columns is wrong, and together they bury the ten that "
        "matter. Who has seen no anomaly cannot know which columns these are.",
    ).judge(found)


@exercise
def covariance_ruler(function: Callable) -> Verdict:
    """Check a function of training rows and rows: distances by the covariance matrix."""
    train, rows = made_up_rows(60)
    found = call(function, train, rows, errors=ROWS_FOR_COLUMNS)
    if np.shape(found) == (30, 30):
        raise Off(
            "you return a table of all pairs of rows, (30, 30) for 30 rows. The wanted "
            "numbers stand on its diagonal. A product with * and a sum over axis 1 "
            "compute these alone."
        )
    found = numbers(found, (30,), "the result for 30 rows")
    centred, covariance = rows - train.mean(0), np.cov(train.T)
    value = ruler(centred, covariance)
    return Answer(
        value=value,
        mistakes={
            "you return the square of the distance. Take its root.": value**2,
            "the score must go up for rows that are far away.": -value,
            "the covariance matrix stands where its inverse should. Where normal rows "
            "are spread widely, a step must count less, not "
            "more.": ruler(centred, np.linalg.inv(covariance)),
            "you use the widths of the columns, but not their correlations.": ruler(
                centred, np.diag(train.var(0))
            ),
            "this is the plain ruler: the covariance plays no part.": ruler(
                centred, np.eye(4)
            ),
            "you take the covariance of the rows being scored. Tomorrow's rows must "
            "not change the "
            "ruler: take that of the training rows.": ruler(centred, np.cov(rows.T)),
            "mean and covariance are those of the rows being scored. Take those of the "
            "training rows.": ruler(rows - rows.mean(0), np.cov(rows.T)),
            "the mean of the training rows is not subtracted.": ruler(rows, covariance),
        },
        near=0.25,
        within=9e-3 * value.max(),  # a covariance over n is as good as one over n - 1
        otherwise=f"the first of 30 distances is {found[0]:.3f}, and should be "
        f"{value[0]:.3f}. Compute the square for one row by hand: difference, times "
        "inverse covariance, times difference.",
        right="on the rung 'dependence' it gets an AUROC of 1.00, and the plain ruler "
        "0.65.",
    ).judge(found)
