"""Checks of the exercises of notebook 04."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, ncx2

from gantutor.check._common import (
    Answer,
    Function,
    Off,
    Verdict,
    call,
    exercise,
    is_near,
    right,
    share,
)
from gantutor.data import ladder
from gantutor.scoring import p_values, threshold

__all__ = ["alarms_when_normal_moves", "discoveries", "where_the_generator_is"]


@exercise
def where_the_generator_is(opposite: float, sideways: float, further: float) -> Verdict:
    """Check three AUROCs of -logit D*, for a G around m, where (+0.3, 0, ...) gives 0.76.

    They are for m = (-0.3, 0, ...), (+0.3, -0.3, 0, ...) and (+3, 0, ...).
    """
    found = share(opposite, "opposite"), share(sideways, "sideways")
    last = share(further, "further")
    Answer(
        value=0.24,
        within=0.02,
        mistakes={
            "with G on the other side the slope is turned round, and with it the order "
            "of every pair.": 0.76,
            "the slope is turned round. A score with 0.76 does not become worse than "
            "its mirror image.": 0.0,
            "the slope does not vanish, it is turned round.": 0.5,
        },
        otherwise="what becomes of the share of pairs in order if the score is negated?",
    ).judge(found[0])
    Answer(
        value=0.5,
        within=0.02,
        mistakes={
            "opposite is right. For sideways, work out the mean of m.x for the "
            "anomalies, which are around 1 in each column. "
            "The two columns cancel.": 0.76,
            "opposite is right. The second column does not turn the score round, it "
            "cancels what the first one says.": 0.24,
        },
        otherwise="opposite is right. For sideways, the score is 0.3 x1 - 0.3 x2. How "
        "large is it on average for normal rows, and for anomalies?",
    ).judge(found[1])
    return Answer(
        value=0.76,
        within=0.02,
        otherwise="opposite and sideways are right. For further, the score is 3 x1 "
        "instead of 0.3 x1. Does that change the order of any two rows?",
        right="only the direction in which G is off counts. The other side turns the "
        "score round, sideways is a coin, and the distance does not matter.",
    ).judge(last)


@exercise
def alarms_when_normal_moves(false_alarms: float) -> Verdict:
    """Check the false alarms of the ruler when all normal rows have moved by 0.5.

    The answer is the share of the moved rows of the lesson above the threshold that
    promised 0.05, to three digits: a guess does not hit it.
    """
    found = share(false_alarms, "the share")
    normal, _ = ladder("shift", 1.0, n_normal=20_000)
    limit = threshold(np.linalg.norm(normal[:2000], axis=1), 0.05)
    over = np.linalg.norm(normal + 0.5, axis=1) > limit

    def moved_by(
        way: float,
    ) -> float:  # in theory, by the squared length in ten columns
        return float(ncx2.sf(chi2.ppf(0.95, 10), 10, 10 * way**2))

    expected = over[2000:].mean()
    return Answer(
        value=expected,
        within=0.0005,
        mistakes={
            f"{found:.3f} is about what was promised. Leave the threshold where the "
            "old calibration rows have put it, and move all ten columns of the new "
            "rows.": found < 0.065,
            "this is the share below the threshold. Alarms lie above it.": is_near(
                found, 1 - expected, 0.03
            ),
            "this looks like rows that have moved by 1, such as the anomalies of the "
            "rung. Move the normal rows by 0.5.": is_near(found, moved_by(1.0), 0.03),
            "that is what the formula gives, for rows without end and a threshold that "
            "is known. Count the alarms among the moved rows.": moved_by(0.5),
            "the calibration rows are among the rows that you count. Move and count "
            "usual[2000:] alone.": is_near(found, over.mean(), 5e-5),
            f"{found:.3f} is not what rows give that have moved by 0.5 in each column. "
            "Score them as before: the length of "
            "the row.": not is_near(found, expected, 0.02),
        },
        otherwise=f"{found:g} is near, as a good guess is. Count: the 18 000 rows of "
        "usual[2000:], moved by 0.5, against threshold(calibration, 0.05), give "
        "another number. Hand over all its digits, or three at least.",
        right=f"{found:.2f}, nearly three times as many alarms as promised, and no "
        "anomaly is among them. The formula (noncentral chi-square) gives 0.142.",
    ).judge(found)


def _benjamini_hochberg(p: NDArray, rate: float) -> NDArray[np.bool_]:
    limits = rate * np.arange(1, len(p) + 1) / len(p)
    passed = np.flatnonzero(np.sort(p) <= limits)
    return p <= (np.sort(p)[passed[-1]] if len(passed) else -1.0)


def _stop_at_the_first(p: NDArray, rate: float) -> NDArray[np.bool_]:
    limits = rate * np.arange(1, len(p) + 1) / len(p)
    n_passed = int(np.cumprod(np.sort(p) <= limits).sum())
    return np.argsort(np.argsort(p)) < n_passed


def _many_p_values() -> NDArray:
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.random(300), 0.01 * rng.random(60)])
    rng.shuffle(p)
    return p


def _other_alarms(given: tuple[Any, ...], found: NDArray, wanted: NDArray) -> str:
    p, rate = given
    return (
        f"for the p-values {np.sort(p)[:6].round(4)}... and the share {rate:.3f} you "
        f"raise {found.sum():.0f} alarms, and it should be {wanted.sum():.0f}. Write "
        "the limits beside the sorted p-values."
    )


DISCOVERIES = Function(
    solution=_benjamini_hochberg,
    inputs=[
        (np.array([0.9, 0.001, 0.3, 0.02, 0.6, 0.013, 0.7, 0.039]), 0.1),
        (np.array([0.1, 0.9, 0.05, 0.7]), 0.2),
        (np.array([0.04, 0.049, 0.045]), 0.05),
        (np.array([0.5, 0.2, 0.9]), 0.1),
        (_many_p_values(), 0.1),
    ],
    mistakes={
        "this is p <= share for each row by itself. With many rows, most alarms are "
        "then false. The limit must depend on the rank.": lambda p, rate: p <= rate,
        "every row has the limit share / n. That is the correction of Bonferroni, "
        "which is stricter: here the limit grows "
        "with the rank.": lambda p, rate: p <= rate / len(p),
        "you stop at the first p-value that misses its limit. Look for the last one "
        "that keeps it: all before it are alarms too.": _stop_at_the_first,
        "each row is held against its own limit. Look for the last rank that keeps it: "
        "all rows before it are alarms too.": (
            lambda p, rate: p <= rate * (1 + np.argsort(np.argsort(p))) / len(p)
        ),
        "the alarms come in the order of the sorted p-values. The first must belong to "
        "the first row.": lambda p, rate: np.sort(~_benjamini_hochberg(p, rate)) == 0,
        "True and False are exchanged.": lambda p, rate: ~_benjamini_hochberg(p, rate),
        "a p-value that is equal to its limit counts as "
        "an alarm: use <=.": lambda p, rate: _benjamini_hochberg(p, rate * (1 - 1e-9)),
    },
    otherwise=_other_alarms,
)


@exercise
def discoveries(function: Callable[[NDArray, float], ArrayLike]) -> Verdict:
    """Check a function of p-values and a share that chooses alarms as Benjamini-Hochberg."""

    def alarms(p: NDArray, rate: float) -> NDArray[np.bool_]:
        try:
            found = np.asarray(call(function, p, rate))
        except (IndexError, ValueError) as error:
            if _benjamini_hochberg(p, rate).any():
                raise
            raise Off(
                f"for the p-values {np.sort(p)} and the share {rate} none keeps its "
                f"limit, and your function raised {type(error).__name__}. Then the "
                "answer is False for each row."
            ) from error
        if found.shape != p.shape:
            raise Off(
                f"for {len(p)} p-values you return something of the shape "
                f"{found.shape}. One True or False for each row is needed."
            )
        if found.dtype != bool and not np.isin(found, (0, 1)).all():
            raise Off("the result must be True or False for each row.")
        return found.astype(bool)

    DISCOVERIES.judge(alarms)
    normal, odd = ladder("shift", 2.0, n_normal=20_000, n_abnormal=100)
    scores = np.linalg.norm(np.concatenate([normal, odd]), axis=1)
    p, is_odd = p_values(scores[:10_000], scores[10_000:]), np.arange(10_100) >= 10_000
    naive, chosen = p <= 0.05, alarms(p, 0.1)
    return right(
        f"of 10 000 normal rows and 100 anomalies, p <= 0.05 reports {naive.sum()}, of "
        f"which {1 - is_odd[naive].mean():.0%} are false alarms. Your rule with the share "
        f"0.1 reports {chosen.sum()}, of which {1 - is_odd[chosen].mean():.0%} are false."
    )
