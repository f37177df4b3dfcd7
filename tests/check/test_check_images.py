"""The checks of notebook 08: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, prove, verdict

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
        "grey_dot",
        (...,),
        [(2,), (1800,), (30,), (0.033,), (1 / 30,), (600,), (55,), (-60,)],
        (60,),
    ),
    Case("power_of_edges", (...,), [(0,), (1,), (-0.7,), (0.5,), (50,)], (0.7,)),
    Case(
        "two_sided",
        (stub,),
        [
            (one_sided,),
            (low_side,),
            (without_the_factor,),
            (above_one,),
            (larger_side,),
            (without_itself,),
            (strictly_lower,),
            (lambda calibration, values: 0.05,),
        ],
        (solution,),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_check(case: Case) -> None:
    prove(case)


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("grey_dot", 1790, "square root"),
        ("grey_dot", 30, "has a 2"),
        ("power_of_edges", 0, "blurred pictures get an AUROC of 0.17"),
        ("power_of_edges", 1, "dot adds edges"),
        ("two_sided", one_sided, "other side is missing"),
        ("two_sided", without_the_factor, "factor 2"),
        ("two_sided", above_one, "above 1"),
        ("two_sided", larger_side, "smaller of the two"),
        ("two_sided", without_itself, "not counted in"),
        ("two_sided", strictly_lower, "equal ones included"),
    ],
)
def test_feedback_names_the_mistake(name: str, answer: object, told: str) -> None:
    assert told in verdict(name, (answer,)).message


@pytest.mark.parametrize("answer", [58, 59.97, 62])
def test_a_rough_answer_is_enough(answer: float) -> None:
    assert verdict("grey_dot", (answer,))


@pytest.mark.parametrize("power", [0.64, 0.72])
def test_more_than_one_power_will_do(power: float) -> None:
    assert verdict("power_of_edges", (power,))


def test_counting_by_hand_is_accepted() -> None:
    assert verdict("two_sided", (by_counting,))
