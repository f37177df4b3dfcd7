"""The checks of notebook 15: stubs, plausible mistakes and solutions."""

import pytest
from check_cases import Case, judged, tries
from scipy.stats import binom


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
        ],
    ),
    Case(
        "alarms_with_a_day_counter",
        (..., ...),
        [(0.05, 0.9)],
        [
            ((0.9, 0.05), "right order"),
            ((0.5, 0.9), "far more than the 5 %"),
            ((0.05, 0.06), "hardly more"),
            ((5.0, 90.0), "must lie between 0 and 1"),
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
            ((3,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)
