"""The checks of notebook 12: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict

from gantutor.networks import conv_network
from gantutor.scoring import p_values


def stub(calibration, values): ...


def solution(calibration, values):
    high = p_values(calibration, values)
    low = p_values(-calibration, -values)
    return np.minimum(1, 2 * np.minimum(high, low))


def by_counting(calibration, values):
    found = []
    for value in values:
        high = sum(c >= value for c in calibration)
        low = sum(c <= value for c in calibration)
        found.append(min(1, 2 * (1 + min(high, low)) / (len(calibration) + 1)))
    return found


def one_sided(calibration, values):
    return p_values(calibration, values)


def low_side(calibration, values):
    return p_values(-calibration, -values)


def without_the_factor(calibration, values):
    return np.minimum(one_sided(calibration, values), low_side(calibration, values))


def above_one(calibration, values):
    return 2 * without_the_factor(calibration, values)


def larger_side(calibration, values):
    larger = np.maximum(one_sided(calibration, values), low_side(calibration, values))
    return np.minimum(1, 2 * larger)


def without_itself(calibration, values):
    high = (calibration >= values[:, None]).mean(axis=1)
    low = (calibration <= values[:, None]).mean(axis=1)
    return np.minimum(1, 2 * np.minimum(high, low))


def strictly_lower(calibration, values):
    high = p_values(calibration, values)
    low = (1 + (calibration < values[:, None]).sum(axis=1)) / (len(calibration) + 1)
    return np.minimum(1, 2 * np.minimum(high, low))


CASES = [
    Case(
        "parameters_of_larger_images",
        (...,),
        [(10065,)],
        [
            ((8625,), "The layer after them does"),
            ((10064,), "bias of the last layer"),
            ((10017,), "biases of the convolutions"),
            ((10016,), "one for each channel and one"),
            ((8496,), "dense layer has parameters"),
            ((14769,), "halved twice"),
            ((9297,), "exactly 14"),
            ((1568,), "It has a bias too"),
            ((1569,), "convolutions have parameters"),
            ((10066,), "add up three layers"),
            (("many",), "must be one number"),
        ],
    ),
    Case(
        "grey_dot",
        (...,),
        [(60,), (58,), (59.97,), (62,)],
        [
            ((2,), "in grey values"),
            ((1800,), "divided by the variance"),
            ((1790,), "square root"),
            ((30,), "has a 2"),
            ((0.033,), "standard deviation of the pixel"),
            ((1 / 30,), "standard deviation of the pixel"),
            ((600,), "goes into 2"),
            ((55,), "goes into 2"),
            ((-60,), "goes into 2"),
        ],
    ),
    Case(
        "power_of_edges",
        (...,),
        [(0.64,), (0.72,)],
        [
            ((0,), "blurred pictures get an AUROC of 0.17"),
            ((1,), "dot adds edges"),
            ((-0.7,), "simple pictures rise"),
            ((0.5,), "simple pictures rise"),
            ((50,), "the power is 50"),
        ],
    ),
    Case(
        "two_sided",
        (stub,),
        [(solution,), (by_counting,)],
        [
            ((one_sided,), "low values get large p-values"),
            ((low_side,), "high values get large p-values"),
            ((without_the_factor,), "factor 2"),
            ((above_one,), "above 1"),
            ((larger_side,), "smaller of the two"),
            ((without_itself,), "not counted in"),
            ((strictly_lower,), "equal ones included"),
            ((lambda calibration, values: 0.05,), "shape (6,)"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_count_is_that_of_keras() -> None:
    count = conv_network((28, 28, 1), 1).count_params()
    assert verdict("parameters_of_larger_images", (count,))
