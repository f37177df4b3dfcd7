"""Checks of the exercises of notebook 04."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, ncx2

from gantutor.check._common import (
    Off,
    Verdict,
    call,
    exercise,
    numbers,
    recognise,
    right,
    share,
)
from gantutor.data import ladder
from gantutor.scoring import p_values

__all__ = ["alarms_when_normal_moves", "discoveries", "where_the_generator_is"]


@exercise
def where_the_generator_is(opposite: float, sideways: float, further: float) -> Verdict:
    """Check three AUROCs of -logit D*, for a G around m, where (+0.3, 0, ...) gives 0.76.

    Parameters
    ----------
    opposite, sideways, further : float
        For m = (-0.3, 0, ...), (+0.3, -0.3, 0, ...) and (+3, 0, ...).

    Returns
    -------
    Verdict
    """
    opposite, sideways = share(opposite, "opposite"), share(sideways, "sideways")
    further = share(further, "further")
    recognise(
        opposite,
        {
            "with G on the other side the slope is turned round, and with it the order of "
            "every pair.": 0.76,
            "the slope is turned round. A score with 0.76 does not become worse than its "
            "mirror image.": 0.0,
            "the slope does not vanish, it is turned round.": 0.5,
        },
        atol=0.02,
    )
    if abs(opposite - 0.24) > 0.02:
        raise Off(
            "what becomes of the share of pairs in order if the score is negated?"
        )
    recognise(
        sideways,
        {
            "opposite is right. For sideways, work out the mean of m.x for the anomalies, "
            "which are around 1 in each column. The two columns cancel.": 0.76,
            "opposite is right. The second column does not turn the score round, it "
            "cancels what the first one says.": 0.24,
        },
        atol=0.02,
    )
    if abs(sideways - 0.5) > 0.02:
        raise Off(
            "opposite is right. For sideways, the score is 0.3 x1 - 0.3 x2. How large is "
            "it on average for normal rows, and for anomalies?"
        )
    if abs(further - 0.76) > 0.02:
        raise Off(
            "opposite and sideways are right. For further, the score is 3 x1 instead of "
            "0.3 x1. Does that change the order of any two rows?"
        )
    return right(
        "only the direction in which G is off counts. The other side turns the score "
        "round, sideways is a coin, and the distance does not matter."
    )


@exercise
def alarms_when_normal_moves(false_alarms: float) -> Verdict:
    """Check the false alarms of the ruler when all normal rows have moved by 0.5.

    Parameters
    ----------
    false_alarms : float
        Share of the moved normal rows above a threshold that promised 0.05.

    Returns
    -------
    Verdict
    """
    found = share(false_alarms, "the share")
    limit = chi2.ppf(0.95, 10)  # of the squared distance in ten columns

    def above(squared_way: float) -> float:
        return float(ncx2.sf(limit, 10, squared_way))

    expected = above(10 * 0.5**2)
    if found < 0.065:
        raise Off(
            f"{found:.3f} is about what was promised. Leave the threshold where the old "
            "calibration rows have put it, and move all ten columns of the new rows."
        )
    recognise(
        found,
        {
            "this is the share below the threshold. Alarms lie above it.": 1 - expected,
            "this looks like rows that have moved by 1, such as the anomalies of the "
            "rung. Move the normal rows by 0.5.": above(10 * 1.0**2),
        },
        atol=0.03,
    )
    if abs(found - expected) > 0.02:
        raise Off(
            f"{found:.3f} is not what rows give that have moved by 0.5 in each column. "
            "Score them as before: the length of the row."
        )
    return right(
        f"{found:.2f}, nearly three times as many alarms as promised, and no anomaly is "
        "among them. The formula (noncentral chi-square) gives 0.142."
    )


def _benjamini_hochberg(p: NDArray, rate: float) -> NDArray[np.bool_]:
    limits = rate * np.arange(1, len(p) + 1) / len(p)
    passed = np.flatnonzero(np.sort(p) <= limits)
    return p <= (np.sort(p)[passed[-1]] if len(passed) else -1.0)


def _stop_at_the_first(p: NDArray, rate: float) -> NDArray[np.bool_]:
    limits = rate * np.arange(1, len(p) + 1) / len(p)
    n_passed = int(np.cumprod(np.sort(p) <= limits).sum())
    return np.argsort(np.argsort(p)) < n_passed


def _each_by_its_own_limit(p: NDArray, rate: float) -> NDArray[np.bool_]:
    return p <= rate * (1 + np.argsort(np.argsort(p))) / len(p)


@exercise
def discoveries(function: Callable[[NDArray, float], ArrayLike]) -> Verdict:
    """Check a choice of alarms by the procedure of Benjamini and Hochberg (1995).

    Parameters
    ----------
    function : callable
        Maps p-values (n,) and the accepted share of false ones among the alarms to True
        (alarm) or False, one for each row in the order of the rows.

    Returns
    -------
    Verdict
    """
    rng = np.random.default_rng(0)
    tests = [
        (np.array([0.9, 0.001, 0.3, 0.02, 0.6, 0.013, 0.7, 0.039]), 0.1),
        (np.array([0.1, 0.9, 0.05, 0.7]), 0.2),
        (np.array([0.04, 0.049, 0.045]), 0.05),
        (np.array([0.5, 0.2, 0.9]), 0.1),
        (np.concatenate([rng.random(300), 0.01 * rng.random(60)]), 0.1),
    ]
    rng.shuffle(tests[-1][0])
    found = []
    for p, rate in tests:
        try:
            alarms = np.asarray(call(function, p, rate))
        except (IndexError, ValueError) as error:
            if _benjamini_hochberg(p, rate).any():
                raise
            raise Off(
                f"for the p-values {np.sort(p)} and the share {rate} none keeps its limit, "
                f"and your function raised {type(error).__name__}. Then the answer is "
                "False for each row."
            ) from error
        if alarms.shape != p.shape:
            raise Off(
                f"for {len(p)} p-values you return something of the shape {alarms.shape}. "
                "One True or False for each row is needed."
            )
        if alarms.dtype != bool and not np.isin(alarms, (0, 1)).all():
            raise Off("the result must be True or False for each row.")
        found.append(alarms.astype(bool))
    mistakes: dict[str, Callable[[NDArray, float], NDArray]] = {
        "this is p <= share for each row by itself. With many rows, most alarms are then "
        "false. The limit must depend on the rank.": lambda p, rate: p <= rate,
        "every row has the limit share / n. That is the correction of Bonferroni, which "
        "is stricter: here the limit grows with the rank.": (
            lambda p, rate: p <= rate / len(p)
        ),
        "you stop at the first p-value that misses its limit. Look for the last one that "
        "keeps it: all before it are alarms too.": _stop_at_the_first,
        "each row is held against its own limit. Look for the last rank that keeps it: "
        "all rows before it are alarms too.": _each_by_its_own_limit,
        "the alarms come in the order of the sorted p-values. The first must belong to "
        "the first row.": lambda p, rate: np.sort(~_benjamini_hochberg(p, rate)) == 0,
        "True and False are exchanged.": lambda p, rate: ~_benjamini_hochberg(p, rate),
        "a p-value that is equal to its limit counts as an alarm: use <=.": (
            lambda p, rate: _benjamini_hochberg(p, rate * (1 - 1e-9))
        ),
    }
    together = np.concatenate(found)
    expected = np.concatenate([_benjamini_hochberg(p, rate) for p, rate in tests])
    if not np.array_equal(together, expected):
        for message, mistake in mistakes.items():
            if np.array_equal(together, np.concatenate([mistake(*t) for t in tests])):
                raise Off(message)
        k = next(
            k
            for k, t in enumerate(tests)
            if (found[k] != _benjamini_hochberg(*t)).any()
        )
        p, rate = tests[k]
        raise Off(
            f"for the p-values {np.sort(p)[:6].round(4)}... and the share {rate:.3f} you "
            f"raise {found[k].sum()} alarms, and it should be "
            f"{_benjamini_hochberg(p, rate).sum()}. Write the limits beside the sorted "
            "p-values."
        )
    return right(_among_many(function))


def _among_many(function: Callable[[NDArray, float], ArrayLike]) -> str:
    """What the alarms of two rules are worth among 10 000 rows."""
    normal, odd = ladder("shift", 2.0, n_normal=20_000, n_abnormal=100)
    scores = np.linalg.norm(np.concatenate([normal, odd]), axis=1)
    p, is_odd = p_values(scores[:10_000], scores[10_000:]), np.arange(10_100) >= 10_000
    naive = p <= 0.05
    chosen = numbers(call(function, p, 0.1), p.shape).astype(bool)
    return (
        f"of 10 000 normal rows and 100 anomalies, p <= 0.05 reports {naive.sum()}, of "
        f"which {1 - is_odd[naive].mean():.0%} are false alarms. Your rule with the share "
        f"0.1 reports {chosen.sum()}, of which {1 - is_odd[chosen].mean():.0%} are false."
    )
