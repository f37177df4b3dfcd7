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


def of_first_and_last(trained, untrained):
    return gain(trained[[0, -1]], untrained[[0, -1]])


def turned(trained, untrained):
    return gain(trained, untrained)[::-1]


def ratio(trained, untrained):
    return gain(trained / untrained, np.ones_like(untrained))


CASES = [
    Case(
        "off_centre_reference",
        (...,),
        [(-3 / 8,), (-0.375,), (np.float32(-0.37),)],
        [
            ((0.375,), "the side"),
            ((0,), "which way does log q grow"),
            ((1.0,), "slope of +1.22"),
            ((3,), "slope of +3.00"),
            ((-3,), "slope of -2.33"),
            (("left",), "one number"),
        ],
    ),
    Case(
        "wider_untrained",
        (...,),
        [([0.9279, 0.9109, 0.8873],), (np.array([0.928, 0.911, 0.887]),)],
        [
            (([0.8873, 0.9109, 0.9279],), "in the wrong order"),
            (([0.93, 0.92, 0.90],), "off by"),  # guessed, in the right order
            (([0.9, 0.8, 0.7],), "off by"),
            (([0.93, 0.91, 0.89],), "without rounding"),
            (([0.84, 0.85],), "shape (3,)"),
            ((0.84,), "shape (3,)"),
            (([0.072, 0.089, 0.113],), "sign of the score"),
            (([92.8, 91.1, 88.7],), "between 0 and 1"),
            (([0.838, 0.84, 0.838],), "Gaussian score"),
            (([0.944, 0.941, 0.945],), "not whitened"),
            (([0.9109, 0.9109, 0.9109],), "one width three times"),
            (([0.93, 0.94, 0.93],), "are not trained"),
        ],
    ),
    Case(
        "paired_gain",
        (empty,),
        [(gain,), (lambda a, b: list(gain(a, b)),)],
        [
            ((turned_round,), "wrong sign"),
            ((without_sign,), "losses are counted as gains"),
            ((unpaired,), "Subtract first"),
            ((spread_of_one,), "by how much"),
            ((too_small,), "ddof"),
            ((mean_only,), "mean gain and standard error"),
            ((median,), "must be their mean"),
            ((ratio,), "must be their mean"),
            ((of_first_and_last,), "must be their mean"),
            ((by_n,), "over the square root"),
            ((of_five_seeds,), "come from the arrays"),
            ((turned,), "mean gain comes first"),
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
