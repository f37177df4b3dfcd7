"""Checks of the exercises of notebook 08."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from gantutor import data, scoring
from gantutor.check._common import (
    Off,
    Verdict,
    call,
    exercise,
    number,
    numbers,
    recognise,
    right,
)

__all__ = ["grey_dot", "power_of_edges", "two_sided"]

Array = NDArray[np.float64]


@exercise
def grey_dot(standard_deviations: float) -> Verdict:
    """Check by how many standard deviations a light grey dot stands out.

    Parameters
    ----------
    standard_deviations : float
        Distance of the value 2 from the mean of 899 zeros and a one.

    Returns
    -------
    Verdict
    """
    found = number(standard_deviations)
    recognise(
        found,
        {
            "you divided by the variance. The standard deviation is its square root.": (
                1800
            ),
            "that is the distance in grey values. In which units does standardising "
            "count?": 2,
            "that is the standard deviation of the pixel. By how many of them does the "
            "value 2 differ from the mean?": 0.033,
        },
        atol=0.05 * abs(found),
    )
    if abs(found - 30) < 2:
        raise Off("that is where the value 1 stands. The test picture has a 2 there.")
    if abs(found - 60) > 3:
        raise Off(
            "the mean of the squares is 1/900, so that is nearly the variance. Take its "
            "square root, and see how often it goes into 2."
        )
    return right(
        "the standard deviation is 1/30, and 2 is 60 of them. A grey that no eye notices "
        "outweighs all that the other pixels say."
    )


@exercise
def power_of_edges(power: float) -> Verdict:
    """Check a power of the edges by which the PCA residual is divided.

    Parameters
    ----------
    power : float
        0 is no division, 1 the division by the edges.

    Returns
    -------
    Verdict
    """
    power = number(power, "the power")
    if abs(power) > 10:
        raise Off(f"the power is {power:g}. Look between 0 and 1.")
    blurred, dotted, digit_one = _aurocs(power)
    found = f"blurred pictures get an AUROC of {blurred:.2f}, dotted ones {dotted:.2f}"
    if blurred < 0.6 and dotted < 0.6:
        raise Off(f"{found}. Both should be 0.6 or more. Look between 0 and 1.")
    if blurred < 0.6:
        raise Off(f"{found}. What must the power do so that simple pictures rise?")
    if dotted < 0.6:
        raise Off(f"{found}. The power forgives a dot because a dot adds edges.")
    return right(
        f"{found}. The digit 1, which took no part in the choice, gets {digit_one:.2f}; "
        f"without a division it gets {_aurocs(0.0)[2]:.2f}."
    )


@exercise
def two_sided(function: Callable[[Array, Array], ArrayLike]) -> Verdict:
    """Check a function for two-sided p-values.

    Parameters
    ----------
    function : callable
        Maps calibration values (n,) and values (m,) to p-values (m,).

    Returns
    -------
    Verdict
    """
    calibration = np.array([6.0, 1.0, 4.0, 2.0, 9.0, 4.0, 7.0, 5.0, 3.0])
    values = np.array([0.0, 2.0, 4.0, 5.5, 9.0, 20.0])
    high = scoring.p_values(calibration, values)
    low = scoring.p_values(-calibration, -values)
    smaller = np.minimum(high, low)
    n, rows = len(calibration), len(values)
    found = numbers(call(function, calibration, values), (rows,), "the result")
    recognise(
        found,
        {
            "low values get large p-values. That is the one-sided p-value of "
            "notebook 04: the other side is missing.": high,
            "high values get large p-values: the other side is missing.": low,
            "you look twice, so that twice as many normal rows fall below any limit. "
            "Where is the factor 2?": smaller,
            "a p-value must not be above 1. Two sides of one half each may add up to "
            "more, because a value counts for both.": 2 * smaller,
            "take the smaller of the two sides: odd on one side is enough.": (
                np.minimum(1, 2 * np.maximum(high, low))
            ),
            "the row itself is not counted in. It belongs into the numerator and into "
            "the denominator, else p can be 0.": np.minimum(
                1, 2 * (smaller * (n + 1) - 1) / n
            ),
        },
    )
    if not np.allclose(found, np.minimum(1, 2 * smaller)):
        raise Off(
            f"for the calibration values {calibration.astype(int).tolist()} the value 2 "
            f"has p = {min(1, 2 * smaller[1]):.2f}, and you have {found[1]:.2f}. Count "
            "by hand how many are at least as low, equal ones included."
        )
    return right(
        "values far below and far above get small p-values, those in the middle 1. "
        "Blurred pictures have nowhere left to hide."
    )


@cache
def _pictures() -> tuple[NDArray, ...]:
    """Sharp, blurred, clean, dotted and all test pictures of the lesson, and labels."""
    train, test, y = data.one_class_split(*data.digits(1))
    sharp = test[y == 0]
    blurred = gaussian_filter(sharp, sigma=(0, 0.7, 0.7), mode="constant")
    rng = np.random.default_rng(0)
    dotted = sharp[:100].copy()
    for picture in dotted.reshape(100, -1):
        picture[rng.choice(np.flatnonzero(picture == 0))] = 16
    return train, sharp, blurred, sharp[:100], dotted, test, y


def _edges(pictures: Array) -> Array:
    across = np.abs(np.diff(pictures, axis=2)).sum(axis=(1, 2))
    return across + np.abs(np.diff(pictures, axis=1)).sum(axis=(1, 2))


def _aurocs(power: float) -> tuple[float, float, float]:
    """AUROC of blurred pictures, of dotted ones and of the digit 1."""
    train, sharp, blurred, clean, dotted, test, y = _pictures()
    pca = PCA(8, svd_solver="full").fit(train.reshape(len(train), -1))

    def score(pictures: Array) -> Array:
        rows = pictures.reshape(len(pictures), -1)
        made = pca.inverse_transform(pca.transform(rows))
        residual = np.abs(rows - made).sum(axis=1)
        return residual / (_edges(pictures) + 1) ** power

    def auroc(normal: Array, odd: Array) -> float:
        labels = np.repeat([0, 1], [len(normal), len(odd)])
        return roc_auc_score(labels, np.concatenate([score(normal), score(odd)]))

    return auroc(sharp, blurred), auroc(clean, dotted), roc_auc_score(y, score(test))
