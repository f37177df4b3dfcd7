"""The checks of notebook 07: stubs, plausible mistakes and solutions."""

import re

import numpy as np
import pytest
from check_cases import Case, prove, verdict


def stub(calibration, scores): ...


def solution(calibration, scores):
    low, high = calibration.min(), calibration.max()
    return (scores - low) / (high - low)


def by_the_batch(calibration, scores):
    return solution(scores, scores)


def by_all_scores(calibration, scores):
    return solution(np.concatenate([calibration, scores]), scores)


def cut_off(calibration, scores):
    return solution(calibration, scores).clip(0, 1)


def by_the_highest(calibration, scores):
    return scores / calibration.max()


def without_the_range(calibration, scores):
    return (scores - calibration.min()) / calibration.max()


def standardised(calibration, scores):
    return (scores - calibration.mean()) / calibration.std()


def upside_down(calibration, scores):
    return 1 - solution(calibration, scores)


def ranks(calibration, scores):
    return [(calibration < score).mean() for score in scores]


def right_in_company_only(calibration, scores):
    return solution(calibration, scores) if len(scores) > 1 else np.zeros(1)


CASES = [
    Case("batches_of_one", (...,), [(100,), (0,), (10,), (64,)], (1,)),
    Case(
        "fewer_latent_dimensions",
        (..., ...),
        [
            (0.05, 0.06),
            (0.55, 0.06),
            (0.55, 5.6),
            (0.55, 0.95),
            (0.2, 0.55),
            (0.46, 0.62),
        ],
        (0.57, 0.55),
    ),
    Case(
        "scale_by_calibration",
        (stub,),
        [
            (by_the_batch,),
            (by_all_scores,),
            (cut_off,),
            (by_the_highest,),
            (without_the_range,),
            (standardised,),
            (upside_down,),
            (ranks,),
            (right_in_company_only,),
            (lambda calibration, scores: 0.5,),
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
        ("fewer_latent_dimensions", (0.46, 0.62), "swapped"),
        ("fewer_latent_dimensions", (0.55, 5.6), "between 0 and 1"),
        ("scale_by_calibration", (by_the_batch,), "the mistake itself"),
        ("scale_by_calibration", (by_all_scores,), "calibration rows alone"),
        ("scale_by_calibration", (cut_off,), "their order is lost"),
        ("scale_by_calibration", (by_the_highest,), "Subtract it first"),
        ("scale_by_calibration", (without_the_range,), "highest minus the lowest"),
        ("scale_by_calibration", (standardised,), "honest too"),
        ("scale_by_calibration", (upside_down,), "swapped"),
        ("scale_by_calibration", (ranks,), "should become 0.5"),
        ("scale_by_calibration", (right_in_company_only,), "alone"),
        ("scale_by_calibration", (True,), "a function is needed"),
    ],
)
def test_the_feedback_says_what_is_off(name, answer, says):
    assert re.search(says, verdict(name, answer).message)


@pytest.mark.parametrize("shares", [(0.53, 0.46), (0.6, 0.65), (0.45, 0.4)])
def test_shares_of_other_machines_pass(shares):
    assert verdict("fewer_latent_dimensions", shares)
