"""Checks of the exercises of notebook 01."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score

from gantutor.check._common import Answer, Verdict, exercise, right
from gantutor.check._reading import (
    Off,
    call,
    call_on_tables,
    distance,
    is_reordered,
    numbers,
    share,
)
from gantutor.data import best_auroc, ladder

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
        "anomalies and those with one of the 20 others. Which share of each is in order?",
        right="0.8 x 1 + 0.2 x 0.5 = 0.9. No detector can do better on these labels, "
        "except by luck.",
    ).judge(share(auroc, "the AUROC"))


USELESS = np.array([0.879, 0.824, 0.761, 0.683])  # with 0, 10, 30, 90; by integration
USELESS_COLUMNS = Answer(
    value=USELESS,
    within=0.02,
    mistakes={
        "these rank the rows upside down. The score must go up for anomalies.": 1
        - USELESS,
        "nothing changes from one number to the next. Are the new columns in the rows "
        "that you score, and do they hold random numbers?": np.full(4, USELESS[0]),
        "the anomalies are moved in your new columns too. Add columns in which both "
        "kinds of rows are alike.": [
            best_auroc("shift", 1.0, n_features=10 + k) for k in (0, 10, 30, 90)
        ],
        "only the anomalies got random numbers, and so they are longer. Both kinds of "
        "rows need them.": [0.881, 0.985, 1.0, 1.0],
        "only the normal rows got random numbers, and so they are longer. Both kinds of "
        "rows need them.": [0.881, 0.489, 0.045, 0.0],
        "with 10 columns you draw the ladder's own numbers again, because both start "
        "from the same seed. Take another seed for the new columns.": [
            0.881,
            0.771,
            0.759,
            0.685,
        ],
        "the new columns vary less than the old ones. Take standard_normal, which has "
        "mean 0 and standard deviation 1.": [0.881, 0.878, 0.872, 0.854],
        "these are the numbers of the rung at shift 0.5. Take shift 1.0.": [
            0.638,
            0.602,
            0.576,
            0.552,
        ],
        "these are the numbers of the rung at shift 1.5. Take shift 1.0.": [
            0.986,
            0.966,
            0.928,
            0.848,
        ],
    },
    right="none of the new columns is wrong, and together they bury the ten that matter. "
    "Who has seen no anomaly cannot know which columns these are.",
)


@exercise
def useless_columns(aurocs: Sequence[float]) -> Verdict:
    """Check the ruler's AUROC at shift 1.0 with 0, 10, 30 and 90 columns of noise."""
    found = numbers(aurocs, (4,), "the list of AUROCs")
    if found.min() < 0 or found.max() > 1:
        raise Off("an AUROC lies between 0 and 1: 90 % is 0.9.")
    if is_reordered(found, USELESS, 0.02):
        raise Off(
            "these are the right numbers in the wrong order. The first is the AUROC with "
            "no useless column, the last the one with 90."
        )
    first = int(np.argmax(np.abs(found - USELESS) > 0.02))
    return replace(
        USELESS_COLUMNS,
        otherwise=f"with {(0, 10, 30, 90)[first]} useless columns the AUROC is "
        f"{USELESS[first]:.2f}, and you have {found[first]:.2f}. The score is the length "
        "of the whole row, the new columns included.",
    ).judge(found)


@exercise
def covariance_ruler(function: Callable[[NDArray, NDArray], ArrayLike]) -> Verdict:
    """Check a function of training rows and rows: distances by the covariance matrix."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 4)) * [1.0, 3.0, 0.3, 1.0]
    train = rng.normal(size=(60, 4)) @ mixing + [5.0, 0.0, -2.0, 9.0]
    rows = 2.0 * rng.normal(size=(30, 4)) @ mixing + [4.0, 1.0, -2.0, 9.0]
    found = np.asarray(call_on_tables(function, train, rows), dtype=float)
    if found.shape == (30, 30):
        raise Off(
            "you return a table of all pairs of rows, (30, 30) for 30 rows. The wanted "
            "numbers stand on its diagonal. A product with * and a sum over axis 1 "
            "compute these alone."
        )
    found = numbers(found, (30,), "the result for 30 rows")

    def ruler(centre: NDArray, precision: NDArray) -> NDArray:
        return np.sqrt(((rows - centre) @ precision * (rows - centre)).sum(axis=1))

    mean, covariance = train.mean(axis=0), np.cov(train, rowvar=False)
    inverse = np.linalg.inv(covariance)
    of_rows = np.linalg.inv(np.cov(rows, rowvar=False))
    expected = ruler(mean, inverse)
    population = expected * np.sqrt(60 / 59)  # covariance divided by n, not by n - 1
    Answer(
        value=min(expected, population, key=lambda value: distance(found, value)),
        mistakes={
            "you return the square of the distance. Take its root.": expected**2,
            "the score must go up for rows that are far away.": -expected,
            "the covariance matrix stands where its inverse should. Where normal rows "
            "are spread widely, a step must count less, not more.": ruler(
                mean, covariance
            ),
            "you use the widths of the columns, but not their correlations.": ruler(
                mean, np.diag(1 / covariance.diagonal())
            ),
            "this is the plain ruler: the covariance plays no part.": ruler(
                mean, np.eye(4)
            ),
            "you take the covariance of the rows being scored. Tomorrow's rows must "
            "not change the ruler: take that of the training rows.": ruler(
                mean, of_rows
            ),
            "you take the mean of the rows being scored. Take that of the training "
            "rows.": ruler(rows.mean(axis=0), inverse),
            "mean and covariance are those of the rows being scored. Take those of the "
            "training rows.": ruler(rows.mean(axis=0), of_rows),
            "the mean of the training rows is not subtracted.": ruler(
                np.zeros(4), inverse
            ),
        },
        otherwise=f"the first of 30 distances is {found[0]:.3f}, and should be "
        f"{expected[0]:.3f}. Compute the square for one row by hand: difference, times "
        "inverse covariance, times difference.",
    ).judge(found)
    normal, odd = ladder("dependence", 0.9)
    tested = np.concatenate([normal[1000:], odd]).astype(float)
    labels = np.repeat([0, 1], [1000, len(odd)])
    auroc = roc_auc_score(labels, call(function, normal[:1000].astype(float), tested))
    plain = roc_auc_score(labels, np.linalg.norm(tested, axis=1))
    return right(
        f"on the rung 'dependence' it gets an AUROC of {auroc:.2f}, and the plain "
        f"ruler {plain:.2f}."
    )
