"""The checks of notebook 05."""

import re

import numpy as np
import pytest
from check_cases import Case, prove, verdict


def gain(trained, untrained):
    gains = np.asarray(trained) - np.asarray(untrained)
    return gains.mean(), gains.std(ddof=1) / np.sqrt(len(gains))


def empty(trained, untrained): ...


def turned_round(trained, untrained):
    return gain(untrained, trained)


def without_sign(trained, untrained):
    gains = np.abs(trained - untrained)
    return gains.mean(), gains.std(ddof=1) / np.sqrt(len(gains))


def unpaired(trained, untrained):
    variances = trained.var(ddof=1) + untrained.var(ddof=1)
    return trained.mean() - untrained.mean(), np.sqrt(variances / len(trained))


def spread_of_one(trained, untrained):
    gains = trained - untrained
    return gains.mean(), gains.std(ddof=1)


def too_small(trained, untrained):
    gains = trained - untrained
    return gains.mean(), gains.std() / np.sqrt(len(gains))


def mean_only(trained, untrained):
    return (trained - untrained).mean()


def median(trained, untrained):
    return np.median(trained - untrained), gain(trained, untrained)[1]


def by_n(trained, untrained):
    gains = trained - untrained
    return gains.mean(), gains.std(ddof=1) / len(gains)


CASES = [
    Case("off_centre_reference", (...,), [(0,), (0.375,), (3,), (-1,)], (-3 / 8,)),
    Case(
        "wider_untrained",
        (...,),
        [
            ([0.84, 0.85],),
            (0.84,),
            ([0.16, 0.15, 0.15],),
            ([84, 85, 85],),
            ([0.93, 0.94, 0.93],),
            ([0.84, 0.84, 0.84],),
            ([0.6, 0.7, 0.65],),
        ],
        ([0.853, 0.842, 0.841],),
    ),
    Case(
        "paired_gain",
        (empty,),
        [
            (turned_round,),
            (without_sign,),
            (unpaired,),
            (spread_of_one,),
            (too_small,),
            (mean_only,),
            (median,),
            (by_n,),
        ],
        (gain,),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_check(case: Case) -> None:
    prove(case)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("off_centre_reference", 0.375, "the side"),
        ("off_centre_reference", 0.0, "which way does log q grow"),
        ("off_centre_reference", 1.0, r"slope of \+1.22"),
        ("off_centre_reference", "left", "one number"),
        ("wider_untrained", [0.16, 0.15, 0.15], "sign"),
        ("wider_untrained", [0.93, 0.94, 0.93], "trained critic"),
        ("wider_untrained", [0.84] * 3, "hidden"),
        ("paired_gain", turned_round, "wrong sign"),
        ("paired_gain", without_sign, "counts losses as gains"),
        ("paired_gain", unpaired, "Subtract first"),
        ("paired_gain", spread_of_one, "by how much"),
        ("paired_gain", too_small, "ddof"),
        ("paired_gain", mean_only, "two numbers"),
        ("paired_gain", 0.02, "a function is needed"),
    ],
)
def test_feedback_says_what_is_off(name: str, answer: object, hint: str) -> None:
    judged = verdict(name, (answer,))
    assert not judged
    assert re.search(hint, judged.message), judged.message


def test_the_place_is_the_minimum_of_the_score() -> None:
    x = np.linspace(-3, 3, 600_001)
    score = x**2 / 2 - (x - 3) ** 2 / 18  # log q - log p, without constants
    assert verdict("off_centre_reference", (x[score.argmin()],))
