"""Checks of the exercises of notebook 01."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score

from gantutor.check._common import (
    Answer,
    Off,
    Verdict,
    call,
    distance,
    exercise,
    numbers,
    right,
    share,
)
from gantutor.data import ladder

__all__ = ["auroc_with_wrong_labels", "covariance_ruler", "leak_without_harm"]


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


@exercise
def leak_without_harm(no_leak: float, leak: float) -> Verdict:
    """Check the mean AUROC of the Mahalanobis distance with two ways of scaling.

    The scaler is fitted on the training rows, or on all rows; each is a mean of ten splits.
    """
    without, with_leak = found = share(no_leak, "no_leak"), share(leak, "leak")
    return Answer(
        mistakes={
            "these look like the numbers of the 5th-neighbour distance, from the "
            "lesson. Put the Mahalanobis distance in its place.": (0.9545, 0.9185),
            "these look like the numbers of a covariance matrix that LedoitWolf has "
            "pulled towards a round cloud. What is round depends on the units. Use "
            "EmpiricalCovariance.": (0.9544, 0.9389),
            "these look like the numbers of the plain distance to the mean. "
            "EmpiricalCovariance has a method that takes the widths and correlations "
            "into account.": (0.9644, 0.9187),
            f"an AUROC of {without:.2f} is below a coin. Does your score go up for "
            "anomalies?": without < 0.5,
            f"no_leak is {without:.3f}. Take the mean over the ten splits, with scaler "
            "and distance both fitted on the training rows.": (
                abs(without - 0.965) > 0.006
            ),
            f"the leak changes the mean by {with_leak - without:+.3f}, which is too "
            "much. Only the scaler may see all rows. Is the distance fitted on X_train "
            "alone?": abs(without - with_leak) > 0.002,
        },
        near=0.002,
        right=f"{without:.3f} without the leak, {with_leak:.3f} with it. The "
        "covariance matrix measures the widths of the columns anew, in whatever units "
        "the scaler has left them.",
    ).judge(found)


@exercise
def covariance_ruler(function: Callable[[NDArray, NDArray], ArrayLike]) -> Verdict:
    """Check a function of training rows and rows: distances by the covariance matrix."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 4)) * [1.0, 3.0, 0.3, 1.0]
    train = rng.normal(size=(60, 4)) @ mixing + [5.0, 0.0, -2.0, 9.0]
    rows = 2.0 * rng.normal(size=(30, 4)) @ mixing + [4.0, 1.0, -2.0, 9.0]
    try:
        found = np.asarray(call(function, train, rows), dtype=float)
    except ValueError as error:  # also: singular matrix
        if "60" in str(error) or isinstance(error, np.linalg.LinAlgError):
            raise Off(
                "for 60 training rows of 4 columns the covariance matrix should be 4 x "
                "4. np.cov takes rows for columns, unless it is told rowvar=False."
            ) from error
        raise
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
