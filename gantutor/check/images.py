"""Checks of the exercises of notebook 12."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from gantutor import data
from gantutor.check._common import (
    Answer,
    Function,
    Off,
    Verdict,
    exercise,
    is_near,
    number,
)
from gantutor.scoring import p_values

__all__ = ["grey_dot", "parameters_of_larger_images", "power_of_edges", "two_sided"]

Array = NDArray[np.float64]


FIRST, SECOND, LAST = 16 * (4 * 4 * 1 + 1), 32 * (4 * 4 * 16 + 1), 7 * 7 * 32 + 1
LARGER_IMAGES = Answer(
    value=FIRST + SECOND + LAST,
    within=0.1,
    mistakes={
        "one number is missing: the bias of the last layer.": FIRST + SECOND + LAST - 1,
        "the biases of the convolutions are missing: one for each channel.": 16 * 16
        + 32 * 256
        + LAST,
        "the convolutions do not care how large the image is. The layer after them "
        "does: how many numbers does it get now?": 8625,
        "the biases are missing: one for each channel and one for the logit.": 16 * 16
        + 32 * 256
        + LAST
        - 1,
        "these are the convolutions. The dense layer has parameters too.": FIRST
        + SECOND,
        "28 is halved twice, once by each convolution.": (
            FIRST + SECOND + 14 * 14 * 32 + 1
        ),
        'with padding="same" zeros are added at the '
        "rim, so that 28 becomes exactly 14.": FIRST + SECOND + 5 * 5 * 32 + 1,
        "a channel that comes out of the second convolution looks at all 16 channels "
        "that go in.": FIRST + 32 * (4 * 4 + 1) + LAST,
        "this is the dense layer. The convolutions have parameters too.": LAST,
        "these are the weights of the dense layer. It has a bias too, and the "
        "convolutions have parameters.": LAST - 1,
    },
    otherwise="add up three layers. Which shape has the image after the first "
    "convolution, after the second, and how many numbers is that when laid flat?",
    right="272 + 8224 + (7 x 7 x 32 + 1) = 10065. Images twelve times as large, and "
    "only the last layer has grown.",
)


@exercise
def parameters_of_larger_images(count: int) -> Verdict:
    """Check the number of parameters of ``conv_network((28, 28, 1), 1)``."""
    return LARGER_IMAGES.judge(number(count, "the number of parameters"))


@exercise
def grey_dot(standard_deviations: float) -> Verdict:
    """Check by how many standard deviations the value 2 differs from 899 zeros and a one."""
    found = number(standard_deviations)
    return Answer(
        value=60,
        within=3,
        mistakes={
            "you divided by the variance. The standard "
            "deviation is its square root.": 1800,
            "that is the distance in grey values. In which units does standardising "
            "count?": 2,
            "that is the standard deviation of the pixel. By how many of them does the "
            "value 2 differ from the mean?": 0.033,
            "that is where the value 1 stands. The test picture has a 2 "
            "there.": is_near(found, 30, 2),
        },
        near=0.05 * abs(found),
        otherwise="the mean of the squares is 1/900, so that is nearly the variance. "
        "Take its square root, and see how often it goes into 2.",
        right="the standard deviation is 1/30, and 2 is 60 of them. A grey that no eye "
        "notices outweighs all that the other pixels say.",
    ).judge(found)


@exercise
def power_of_edges(power: float) -> Verdict:
    """Check a power of the edges (0: no division, 1: a full one) for the PCA residual."""
    power = number(power, "the power")
    if abs(power) > 10:
        raise Off(f"the power is {power:g}. Look between 0 and 1.")
    blurred, dotted, digit_one = _aurocs(power)
    found = f"blurred pictures get an AUROC of {blurred:.2f}, dotted ones {dotted:.2f}"
    return Answer(
        mistakes={
            f"{found}. Both should be 0.6 or more. Look between 0 and 1.": max(
                blurred, dotted
            )
            < 0.6,
            f"{found}. What must the power do so that simple pictures rise?": blurred
            < 0.6,
            f"{found}. The power forgives a dot because a dot adds edges.": dotted
            < 0.6,
        },
        right=f"{found}. The digit 1, which took no part in the choice, gets "
        f"{digit_one:.2f}; without a division it gets {_aurocs(0.0)[2]:.2f}.",
    ).judge(power)


def _low(calibration: Array, values: Array) -> Array:
    return p_values(-calibration, -values)


def _smaller(calibration: Array, values: Array) -> Array:
    return np.minimum(p_values(calibration, values), _low(calibration, values))


TWO_SIDED = Function(
    solution=lambda c, v: np.minimum(1, 2 * _smaller(c, v)),
    inputs=[
        (
            np.array([6.0, 1.0, 4.0, 2.0, 9.0, 4.0, 7.0, 5.0, 3.0]),
            np.array([0.0, 2.0, 4.0, 5.5, 9.0, 20.0]),
        )
    ],
    mistakes={
        "low values get large p-values. That is the one-sided p-value of notebook 04: "
        "the other side is missing.": p_values,
        "high values get large p-values: the other side is missing.": _low,
        "you look twice, so that twice as many normal rows fall below any limit. Where "
        "is the factor 2?": _smaller,
        "a p-value must not be above 1. Two sides of one half each may add up to more, "
        "because a value counts for both.": lambda c, v: 2 * _smaller(c, v),
        "take the smaller of the two sides: odd on one side is enough.": (
            lambda c, v: np.minimum(1, 2 * np.maximum(p_values(c, v), _low(c, v)))
        ),
        "the row itself is not counted in. It belongs into the numerator and into the "
        "denominator, else p can be 0.": lambda c, v: np.minimum(
            1, 2 * (_smaller(c, v) * (len(c) + 1) - 1) / len(c)
        ),
    },
    otherwise=lambda given, found, wanted: (
        f"for the calibration values {given[0].astype(int).tolist()} the value 2 has p "
        f"= {wanted[1]:.2f}, and you have {found[1]:.2f}. Count by hand how many are "
        "at least as low, equal ones included."
    ),
    right="values far below and far above get small p-values, those in the middle 1. "
    "Blurred pictures have nowhere left to hide.",
)


@exercise
def two_sided(function: Callable[[Array, Array], ArrayLike]) -> Verdict:
    """Check a function of calibration values and values that returns two-sided p-values."""
    return TWO_SIDED.judge(function)


@cache
def _lesson() -> tuple[PCA, Sequence[Array], NDArray]:
    """PCA, the sharp, blurred, clean, dotted and all test pictures, and their labels."""
    train, test, y = data.one_class_split(*data.digits(1))
    sharp = test[y == 0]
    blurred = gaussian_filter(sharp, sigma=(0, 0.7, 0.7), mode="constant")
    rng = np.random.default_rng(0)
    dotted = sharp[:100].copy()
    for picture in dotted.reshape(100, -1):
        picture[rng.choice(np.flatnonzero(picture == 0))] = 16
    pca = PCA(8, svd_solver="full").fit(train.reshape(len(train), -1))
    return pca, (sharp, blurred, sharp[:100], dotted, test), y


def _edges(pictures: Array) -> Array:
    across = np.abs(np.diff(pictures, axis=2)).sum(axis=(1, 2))
    return across + np.abs(np.diff(pictures, axis=1)).sum(axis=(1, 2))


def _aurocs(power: float) -> tuple[float, float, float]:
    """AUROC of blurred pictures, of dotted ones and of the digit 1."""
    pca, pictures, y = _lesson()

    def score(pictures: Array) -> Array:
        rows = pictures.reshape(len(pictures), -1)
        made = pca.inverse_transform(pca.transform(rows))
        residual = np.abs(rows - made).sum(axis=1)
        return residual / (_edges(pictures) + 1) ** power

    def auroc(normal: Array, odd: Array) -> float:
        labels = np.repeat([0, 1], [len(normal), len(odd)])
        return roc_auc_score(labels, np.concatenate([normal, odd]))

    sharp, blurred, clean, dotted, test = map(score, pictures)
    return auroc(sharp, blurred), auroc(clean, dotted), roc_auc_score(y, test)
