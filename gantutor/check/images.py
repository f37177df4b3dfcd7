"""Checks of the exercises of notebook 12."""

from collections.abc import Callable

import numpy as np

from gantutor.check._common import Answer, Verdict, exercise
from gantutor.check._reading import call, number, numbers

__all__ = ["parameters_of_larger_images", "power_of_edges", "two_sided"]


@exercise
def parameters_of_larger_images(count: int) -> Verdict:
    """Check the number of parameters of ``conv_network((28, 28, 1), 1)``."""
    return Answer(
        value=10065,  # 272 and 8224 of the convolutions, 1569 of the dense layer
        within=0.1,
        mistakes={
            "one number is missing: the bias of the last layer.": 10064,
            "the biases of the convolutions are missing: one for each channel.": 10017,
            "the convolutions do not care how large the image is. The layer after them "
            "does: how many numbers does it get now?": 8625,
            "the "
            "biases are missing: one for each channel and one for the logit.": 10016,
            "these are the convolutions. The dense layer has parameters too.": 8496,
            "28 is halved twice, once by each convolution.": 8496 + 14 * 14 * 32 + 1,
            'with padding="same" zeros are added at the '
            "rim, so that 28 becomes exactly 14.": 8496 + 5 * 5 * 32 + 1,
            "a channel that comes out of the second convolution looks at all 16 "
            "channels that go in.": 272 + 32 * (4 * 4 + 1) + 1569,
            "this is the dense layer. The convolutions have parameters too.": 1569,
            "these are the weights of the dense layer. It has a bias too, and the "
            "convolutions have parameters.": 1568,
        },
        otherwise="add up three layers. Which shape has the image after the first "
        "convolution, after the second, and how many numbers is that when laid flat?",
        right="272 + 8224 + (7 x 7 x 32 + 1) = 10065. Images twelve times as large, "
        "and only the last layer has grown.",
    ).judge(number(count, "the number of parameters"))


# The AUROCs of the lesson's PCA residual, divided by edges to the power 0, 0.1 ... 1.
BLURRED = 0.173, 0.229, 0.295, 0.366, 0.440, 0.515, 0.588, 0.658, 0.721, 0.777, 0.825
DOTTED = 0.736, 0.718, 0.700, 0.682, 0.664, 0.647, 0.628, 0.607, 0.590, 0.572, 0.557
ONES = 0.735, 0.770, 0.804, 0.835, 0.862, 0.887, 0.907, 0.9253, 0.940, 0.951, 0.961


@exercise
def power_of_edges(power: float) -> Verdict:
    """Check a power of the edges (0: no division, 1: a full one) for the PCA residual."""
    power = number(power, "the power")
    tables, powers = (BLURRED, DOTTED, ONES), np.linspace(0, 1, 11)
    blurred, dotted, ones = (np.interp(power, powers, table) for table in tables)
    low = blurred < 0.599, dotted < 0.599  # between its numbers the table is off
    found = f"blurred pictures get an AUROC of {blurred:.3f}, dotted ones {dotted:.3f}"
    return Answer(
        mistakes={
            f"the power is {power:g}. Look between 0 and 1.": not 0 <= power <= 1,
            f"{found}. What must the power do so that simple pictures rise?": low[0],
            f"{found}. The power forgives a dot because a dot adds edges.": low[1],
        },
        right=f"blurred pictures get an AUROC of {blurred:.2f}, dotted ones "
        f"{dotted:.2f}. The digit 1, which took no part in the choice, gets "
        f"{ones:.2f}; without a division it gets 0.74.",
    ).judge(power)


@exercise
def two_sided(function: Callable) -> Verdict:
    """Check a function of calibration values and values that returns two-sided p-values."""
    calibration = np.array([6.0, 1.0, 4.0, 2.0, 9.0, 4.0, 7.0, 5.0, 3.0])
    values = np.array([0.0, 2.0, 4.0, 5.5, 9.0, 20.0])
    what = "the result, a p-value for each of the values,"
    found = numbers(call(function, calibration, values), (6,), what)
    wanted, low = np.array([0.2, 0.6, 1, 0.8, 0.4, 0.2]), [0.1, 0.3, 0.6, 0.7, 1, 1]
    i = abs(found - wanted).argmax()
    return Answer(
        value=wanted,
        mistakes={
            "low values get large p-values. That is the one-sided p-value of "
            "gt.scoring.p_values: the other side is "
            "missing.": [1, 0.9, 0.7, 0.4, 0.2, 0.1],
            "high values get large p-values: the other side is missing.": low,
            "you look twice, so that twice as many normal rows fall below any limit. "
            "Where is the factor 2?": [0.1, 0.3, 0.6, 0.4, 0.2, 0.1],
            "a p-value must not be above 1. Two sides of one half each may add up to "
            "more, because a value counts for both.": [0.2, 0.6, 1.2, 0.8, 0.4, 0.2],
            "take the smaller of the two sides: odd on one side is enough.": [1] * 6,
            "the row itself is not counted in. It belongs into the numerator and into "
            "the denominator, else p can be 0.": [0, 4 / 9, 1, 6 / 9, 2 / 9, 0],
        },
        otherwise=f"for the calibration values {calibration.astype(int).tolist()} the "
        f"value {values[i]:g} has p = {wanted[i]:.2f}, and you have {found[i]:.2f}. "
        "Count by hand how many are at least as low, and how many at least as high, "
        "equal ones included.",
        right="values far below and far above get small p-values, those in the middle "
        "1. Blurred pictures have nowhere left to hide.",
    ).judge(found)
