"""Checks of the exercises of notebook 08."""

from collections.abc import Callable
from functools import partial

import numpy as np

from gantutor.check._common import Answer, Verdict, exercise, right
from gantutor.check._reading import Off, call, number, share

__all__ = ["best_latent_number", "company_test", "prior_stops_search"]


@exercise
def prior_stops_search(z: float, score: float) -> Verdict:
    """Check where the search ends with the prior, and its score."""
    z, score = number(z, "the latent number"), number(score, "the score")
    return Answer(
        value=(1, 4.5),
        within=0.02,
        mistakes={
            "that is the search without the prior. What does z = 5 cost now?": (5, 0),
            "that is what z = 5 costs. The search need not go so far: is the last step "
            "from 4.9 to 5 worth its price?": (5, 12.5),
            "that is what z = 0 costs. The first small step to the right saves its "
            "length and costs next to nothing.": (0, 5),
            "that is the residual. The score is the whole loss, with the price of z.": (
                1,
                4,
            ),
            "the place is right. The prior term is half of the square of z.": (1, 5),
            "the place is right. That is the price of z, and the residual is "
            "missing.": (1, 0.5),
            "that is the minimum for a squared residual. Here it is the absolute "
            "difference: each step saves its own length.": (10 / 3, 25 / 3),
            "the two numbers are in the wrong order. First the place, then the score "
            "of the row.": (4.5, 1),
            "the search need not go so far: is the last step from 4.9 to 5 worth its "
            "price?": z >= 5,
            f"at z = {z:g} a small step d to the right saves d and costs {z:g} times "
            "d. At which z are the two equal?": abs(z - 1) > 0.02,
        },
        otherwise="the place is right. Put z = 1 into both terms and add them: is that "
        f"{score:g}?",
        right="at z = 1 a step costs as much as it saves. The residual 4 is left, and "
        "0.5 is the price of z: a score of 4.5. However far the row, the search stops "
        "at 1, so an anomaly can no longer be explained away.",
    ).judge((z, score))


@exercise
def best_latent_number(n_latent: int, auroc: float) -> Verdict:
    """Check the best number of latent numbers of a straight generator, and its AUROC."""
    n, found = number(n_latent, "the number of latent numbers"), share(auroc, "AUROC")
    return Answer(
        value=0.997,
        within=0.005,  # 1.00 is right to two digits
        mistakes={
            "the two numbers are in the wrong order. First the number of latent "
            "numbers, then the AUROC.": found == 1 and 0 < n < 1,
            f"{n:g} latent numbers were not among those to try, 0 to 9.": n
            not in range(11),
            "with nine latent numbers for ten columns, anomalies are explained nearly "
            "as well as normal rows. Try fewer.": n == 9,
            "with ten latent numbers for ten columns nothing is left of any row but "
            "rounding errors. Try fewer.": n == 10,
            "without a latent number the score is the distance to the mean. A normal "
            "row may be far from it, in one direction.": n == 0,
            f"{n:g} is good, but it is not the best. Try all numbers from 0 to 9.": (
                n > 1
            ),
        },
        otherwise=f"the number is right, but with it the AUROC is not {found:.3f}. "
        "Call straight_auroc with it once more.",
        right="one latent number is enough, since normal rows vary in one direction: "
        "all columns up, or all down. Each further number explains noise, and "
        "anomalies with it.",
    ).judge(found)


ROWS = np.random.default_rng(0).normal(size=(12, 3))


def _distance(rows: np.ndarray) -> np.ndarray:
    if np.ndim(rows) != 2:
        raise Off(
            f"score was given an array of shape {np.shape(rows)}. Keep a single row a "
            "table of one row: rows[i : i + 1]."
        )
    return np.linalg.norm(np.asarray(rows) - 1.0, axis=1)


def _mean_of_two(rows: np.ndarray) -> np.ndarray:
    distances = _distance(rows)
    pairs = [distances[i : i + 2].mean() for i in range(0, len(rows), 2)]
    return np.repeat(pairs, 2)[: len(rows)]


def _one_row_counts(one: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return _distance(rows) + 0.3 * (len(rows) - 1) * (rows == one).all(axis=1)


SCORES: dict[str, Callable] = {  # by what to say of a wrong answer about them
    "it calls a plain distance to a point dependent on the company. Each row is scored "
    "for itself there.": _distance,
    "it complains about a difference in the seventh digit, which is only rounding. "
    "Compare with a "
    "tolerance.": lambda rows: _distance(rows) * (1 + 1e-7 * (len(rows) - 1)),
    "it does not notice a score that is divided by the highest one of the batch. "
    "Shuffling changes nothing there, but a smaller company "
    "does.": lambda rows: _distance(rows) / _distance(rows).max(),
    "it does not notice a score that is the mean of two neighbours. Parts of the table "
    "may leave the two together, and a mean over rows stays the same. Compare each row "
    "with itself alone.": _mean_of_two,
} | {
    f"it does not notice a score in which row {place} of {len(ROWS)} is the only one "
    "that depends on its company. Look at all rows, not only at "
    "some.": partial(_one_row_counts, row)
    for place, row in enumerate(ROWS, start=1)
}


@exercise
def company_test(function: Callable) -> Verdict:
    """Check a function of a score and rows: does a row's score depend on other rows."""
    for complaint, score in SCORES.items():
        found = call(function, score, ROWS)
        if np.ndim(found) or found not in (True, False):
            raise Off(f"the answer must be True or False, and it is {found!r}.")
        alone = np.concatenate([score(row[None]) for row in ROWS])
        if found == np.allclose(score(ROWS), alone, rtol=1e-4):
            raise Off(complaint)
    return right(
        "it finds all three kinds of dependence, and passes an honest score. Point it "
        "at every detector that you did not write yourself."
    )
