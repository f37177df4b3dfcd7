"""Exercises of notebook 11: stubs and wrong answers are turned away, solutions pass."""

import pytest
from check_cases import Case, prove, verdict
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
        [(333,), (1000,), (67,), (332.3,), (500,), (1662,), (1667,), (1670,), (5000,)],
        (1665,),
    ),
    Case(
        "alarms_with_a_day_counter",
        (..., ...),
        [(0.9, 0.05), (0.5, 0.9), (0.05, 0.06), (5.0, 90.0)],
        (0.05, 0.9),
    ),
    Case(
        "worrying_number",
        (stub,),
        [
            (lambda n, rate: exact(n, rate) - 1,),
            (lambda n, rate: binom.ppf(0.99, n, rate) / n,),
            (lambda n, rate: n * rate,),
            (lambda n, rate: n * rate + 0.5,),
            (lambda n, rate: exact(n, rate) + 1,),
            (3,),
        ],
        (exact,),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_check_turns_away_what_is_wrong_and_lets_the_solution_pass(case):
    prove(case)


@pytest.mark.parametrize("rows", [1663, 1664, 1665])
def test_rounding_of_the_fifth_is_forgiven(rows):
    assert verdict("rows_for_a_budget", (rows,))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (333, "only a fifth"),
        (1000, "look at"),
        (67, "the larger one"),
        (1662, "come whole"),
        (1670, "not the least"),
    ],
)
def test_known_mistakes_with_the_budget_are_recognised(rows, words):
    assert words in verdict("rows_for_a_budget", (rows,)).message


def test_an_answer_in_percent_is_explained():
    said = verdict("alarms_with_a_day_counter", (5, 90)).message
    assert "must lie between 0 and 1" in said


def test_numbers_in_the_wrong_order_are_recognised():
    assert "right order" in verdict("alarms_with_a_day_counter", (0.9, 0.05)).message


def test_one_too_few_is_explained_by_the_survival_function():
    said = verdict("worrying_number", (lambda n, rate: exact(n, rate) - 1,)).message
    assert "one too few" in said


def test_the_closed_form_is_right_as_well():
    def short(n_rows, rate):
        return int(binom.isf(0.01, n_rows, rate)) + 1

    assert verdict("worrying_number", (short,))
