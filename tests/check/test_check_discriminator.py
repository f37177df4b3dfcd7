"""The checks of notebook 07: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict


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


def of_five_seeds(trained, untrained):
    gains = trained - untrained
    return gains.mean(), gains.std(ddof=1) / np.sqrt(5)


CASES = [
    Case(
        "off_centre_reference",
        (...,),
        [(-3 / 8,)],
        [
            ((0.375,), "the side"),
            ((0,), "which way does log q grow"),
            ((1.0,), "slope of +1.22"),
            ((3,), "slope of +3.00"),
            (("left",), "one number"),
        ],
    ),
    Case(
        "wider_untrained",
        (...,),
        [([0.853, 0.842, 0.841],), ([0.847, 0.849, 0.846],)],
        [
            (([0.841, 0.842, 0.853],), "in the order 16, 128, 512"),
            (([0.84, 0.85],), "three numbers"),
            ((0.84,), "three numbers"),
            (([0.16, 0.15, 0.15],), "sign"),
            (([84, 85, 85],), "between 0 and 1"),
            (([0.93, 0.94, 0.93],), "trained critic"),
            (([0.84, 0.84, 0.84],), "hidden"),
            (([0.6, 0.7, 0.65],), "lower than an untrained critic"),
        ],
    ),
    Case(
        "paired_gain",
        (empty,),
        [(gain,)],
        [
            ((turned_round,), "wrong sign"),
            ((without_sign,), "counts losses as gains"),
            ((unpaired,), "Subtract first"),
            ((spread_of_one,), "by how much"),
            ((too_small,), "ddof"),
            ((mean_only,), "two numbers"),
            ((median,), "must be their mean"),
            ((by_n,), "over the square root"),
            ((of_five_seeds,), "come from the arrays"),
            ((0.02,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_place_is_the_minimum_of_the_score() -> None:
    x = np.linspace(-3, 3, 600_001)
    score = x**2 / 2 - (x - 3) ** 2 / 18  # log q - log p, without constants
    assert verdict("off_centre_reference", (x[score.argmin()],))
