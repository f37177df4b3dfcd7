"""The checks of notebook 15: stubs, plausible mistakes and solutions."""

import pytest
from check_cases import Case, judged, tries
from scipy.stats import binom, poisson


def exact(n_rows, rate):
    number = 0
    while binom.sf(number - 1, n_rows, rate) > 0.01:
        number += 1
    return number


def stub(n_rows, rate): ...


CASES = [
    Case(
        "rows_for_a_budget",
        (...,),
        [(1663,), (1664,), (1665,)],
        [
            ((333,), "only a fifth"),
            ((332.3,), "only a fifth"),
            ((1000,), "look at"),
            ((67,), "the larger one"),
            ((500,), "too few. Find the rate"),
            ((1662,), "come whole"),
            ((1667,), "not the least"),
            ((5000,), "not the least"),
            ((5 * 334,), "not the least"),
            ((5 * 332,), "come whole"),
            ((5 / 0.003 - 5,), "come whole"),
            ((15,), "too few. Find the rate"),
            (("1,665",), "must be one number"),
        ],
    ),
    Case(
        "alarms_with_a_day_counter",
        (..., ...),
        [(0.05, 0.9), (0.08, 0.92), (0.02, 0.86)],
        [
            ((0.9, 0.05), "right order"),
            ((0.5, 0.9), "far more than the 5 %"),
            ((0.05, 0.06), "hardly more"),
            ((0.033, 0.036), "those of April"),
            ((0.955, 0.099), "without an alarm"),
            ((0.91, -0.8), "not the mean"),
            ((68, 1352), "lies between 0 and 1"),
            ((0.05, 0.5), "50% alarms with the column are not"),
            ((0.9, 0.95), "90% alarms without"),
            ((5.0, 90.0), "lies between 0 and 1"),
        ],
    ),
    Case(
        "worrying_number",
        (stub,),
        [(exact,), (lambda n, rate: int(binom.isf(0.01, n, rate)) + 1,)],
        [
            ((lambda n, rate: exact(n, rate) - 1,), "one too few"),
            ((lambda n, rate: binom.ppf(0.99, n, rate) / n,), "not a share"),
            ((lambda n, rate: n * rate,), "The chance of so many alarms"),
            ((lambda n, rate: n * rate + 0.5,), "whole numbers"),
            ((lambda n, rate: exact(n, rate) + 1,), "The chance of so many alarms"),
            ((lambda n, rate: binom.ppf(0.99, n, rate),), "one too few"),
            ((lambda n, rate: binom.sf(n * rate, n, rate),), "not a share"),
            ((lambda n, rate: int(binom.isf(0.05, n, rate)) + 1,), "13. The chance"),
            ((lambda n, rate: n * rate + 2.33 * (n * rate) ** 0.5,), "whole numbers"),
            ((lambda n, rate: poisson.isf(0.01, n * rate) + 1,), "for 20000 rows"),
            ((3,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)
