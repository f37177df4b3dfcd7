"""The checks of notebook 07: stubs, plausible mistakes and solutions."""

import re

import numpy as np
import pytest
from check_cases import Case, prove, verdict


def stub(score, rows): ...


def solution(score, rows):
    together = score(rows)
    alone = [score(rows[i : i + 1])[0] for i in range(len(rows))]
    return not np.allclose(together, alone, rtol=1e-4)


def by_halves(score, rows):
    half = len(rows) // 2
    parts = np.concatenate([score(rows[:half]), score(rows[half:])])
    return not np.allclose(score(rows), parts, rtol=1e-4)


def two_calls(score, rows):
    return not np.allclose(score(rows), score(rows))


def shuffling_only(score, rows):
    order = np.random.default_rng(0).permutation(len(rows))
    return not np.allclose(score(rows)[order], score(rows[order]))


def without_tolerance(score, rows):
    alone = [score(rows[i : i + 1])[0] for i in range(len(rows))]
    return not np.array_equal(score(rows), alone)


def first_row_only(score, rows):
    return not np.isclose(score(rows)[0], score(rows[:1])[0])


def the_other_way_round(score, rows):
    return not solution(score, rows)


def one_truth_a_row(score, rows):
    alone = np.array([score(rows[i : i + 1])[0] for i in range(len(rows))])
    return ~np.isclose(score(rows), alone)


def always(score, rows):
    return True


CASES = [
    Case("batches_of_one", (...,), [(100,), (0,), (10,), (64,)], (1,)),
    Case(
        "fewer_latent_dimensions",
        (..., ...),
        [(0.05, 0.06), (0.55, 0.06), (0.55, 5.6), (0.55, 0.95), (0.2, 0.55)],
        (0.57, 0.55),
    ),
    Case(
        "depends_on_company",
        (stub,),
        [
            (two_calls,),
            (shuffling_only,),
            (without_tolerance,),
            (first_row_only,),
            (the_other_way_round,),
            (one_truth_a_row,),
            (always,),
        ],
        (solution,),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_check_turns_away_what_is_wrong(case):
    prove(case)


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("batches_of_one", (100,), "batch is one row"),
        ("batches_of_one", ("one",), "must be one number"),
        ("fewer_latent_dimensions", (0.05, 0.06), "what ten latent dimensions leave"),
        ("fewer_latent_dimensions", (0.55, 0.06), "left_of_odd is 0.060"),
        ("fewer_latent_dimensions", (0.55, 0.95), "a mean over the columns"),
        ("fewer_latent_dimensions", (0.2, 0.55), "of the same kind"),
        ("fewer_latent_dimensions", (0.55, 5.6), "between 0 and 1"),
        ("depends_on_company", (two_calls,), "min-max"),
        ("depends_on_company", (shuffling_only,), "min-max"),
        ("depends_on_company", (first_row_only,), "remembers"),
        ("depends_on_company", (without_tolerance,), "tolerance"),
        ("depends_on_company", (one_truth_a_row,), "one truth value"),
        ("depends_on_company", (True,), "a function is needed"),
    ],
)
def test_the_feedback_says_what_is_off(name, answer, says):
    assert re.search(says, verdict(name, answer).message)


@pytest.mark.parametrize("shares", [(0.53, 0.46), (0.6, 0.65), (0.45, 0.4)])
def test_shares_of_other_machines_pass(shares):
    assert verdict("fewer_latent_dimensions", shares)


def test_batches_may_be_cut_in_other_ways():
    assert verdict("depends_on_company", (by_halves,))
