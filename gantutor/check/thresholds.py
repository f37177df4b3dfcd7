"""Checks of the exercises of notebook 05."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gantutor.check._common import Answer, Function, Verdict, exercise, right
from gantutor.check._reading import Off, call, share
from gantutor.data import ladder
from gantutor.scoring import p_values, threshold

__all__ = ["alarms_that_are_true", "alarms_when_normal_moves", "discoveries"]


@exercise
def alarms_that_are_true(
    precision: float, precision_at_half: float, rate_wanted: float
) -> Verdict:
    """Check two precisions and a false-alarm rate, of a detector that finds 80 %.

    Its false-alarm rate is 1 %. The precisions are for one anomaly in 1000 rows and for one
    in two; the rate is the one at which half of the alarms are true, for one in 1000.
    """
    rare, half = share(precision, "precision"), share(precision_at_half, "the second")
    rate = share(rate_wanted, "rate_wanted")
    Answer(
        value=80 / (80 + 999),
        within=0.0045,  # 0.07 is right
        mistakes={
            "80 % is the share of the anomalies that are found. Precision is the share "
            "of the alarms that are true.": 0.8,
            "the false-alarm rate is a share of the normal rows, and precision is a "
            "share of the alarms.": 0.99,
            "that is the share of false ones among the alarms. Precision is the "
            "other share.": 999 / (80 + 999),
            "you have put the true alarms over the false ones. Put them over all "
            "alarms.": 80 / 999,
            "that is the precision if all anomalies were found. The detector finds "
            "80 % of them.": 100 / (100 + 999),
            "that is the precision at half and half. Here 999 of 1000 rows are "
            "normal.": 0.8 / 0.81,
            "that is the base rate, what a coin gets.": 0.001,
        },
        near=0.001,
        otherwise="take 100,000 rows: 100 anomalies, of which 80 % raise an alarm, and "
        "99,900 normal rows, of which 1 % do.",
    ).judge(rare)
    Answer(
        value=0.8 / 0.81,
        within=0.0025,  # 0.99 is right
        so_far="the first is right. ",
        mistakes={
            "The precision changes with the base rate: now there are as many anomalies "
            "as normal rows.": rare,
            "In the second test set, 80 % is still the share of anomalies found, and "
            "not that of true alarms.": 0.8,
            "Half of the rows are anomalies, and the detector is no coin.": 0.5,
        },
        near=0.005,
        otherwise="For the second take 100 anomalies and 100 normal rows, and count "
        "the alarms of both.",
    ).judge(half)
    return Answer(
        value=0.0008,
        within=0.00002,
        so_far="the precisions are right. ",
        mistakes={
            "The rate is a share of the normal rows, and half of the alarms are normal "
            "rows: how many are these?": 0.5,
            "This would be the rate if all 100 anomalies were found.": 0.001,
            "Half of 1 % halves the false alarms, and there are still six false alarms "
            "for each true one.": 0.005,
        },
        near=0.00005,
        otherwise="Of 100,000 rows, 80 are true alarms. For half of the alarms to be "
        "true, how many of the 99,900 normal rows may raise one?",
        right="one in a thousand is anomalous, and 7 % of the alarms are true; at half "
        "and half it looks like 99 %. To have half of the alarms true, the false-alarm "
        "rate must be as small as the base rate, about one in a thousand, and to promise "
        "that takes over a thousand calibration rows.",
    ).judge(rate)


@exercise
def alarms_when_normal_moves(alarms: ArrayLike) -> Verdict:
    """Check which of the 18,000 normal rows raise an alarm when all have moved by 0.5.

    The threshold is the one that the ruler's first 2000 scores give for 0.05. The decisions
    are asked for and not their share, which could be guessed.
    """
    normal, _ = ladder("shift", 1.0, n_normal=20_000)
    lengths = np.linalg.norm(normal, axis=1)
    limit = threshold(lengths[:2000], 0.05)

    def decided(move: float | NDArray) -> NDArray[np.bool_]:
        return np.linalg.norm(normal[2000:] + move, axis=1) > limit

    expected = decided(0.5)
    found = np.asarray(alarms)
    others = found[~np.isin(found, (0, 1))]
    first = next(iter(others), 0)
    shown = f"{first:.5g}" if found.dtype.kind in "iuf" else f"{first!s:.5}"
    Answer(
        mistakes={
            f"{alarms!r} is one number, and 18,000 decisions are asked for. Hand over "
            "the array of True and False; its mean is the share of "
            "alarms.": found.size == 1,
            "you give 20,000 decisions, so the calibration rows are among them. Move and "
            "judge usual[2000:20_000] alone.": found.shape == (20_000,),
            f"the decisions must have the shape (18000,), and yours have {found.shape}: "
            "one True or False for each row of "
            "usual[2000:20_000].": found.shape != expected.shape,
            "these are the -1 and +1 of predict, where -1 is an alarm. Hand over True "
            "for an alarm and False otherwise.": bool(
                len(others) and (others == -1).all()
            ),
            f"these are no decisions but values such as {shown}. Compare the scores "
            "with the threshold: True for each alarm.": len(others) > 0,
        }
    ).judge(found)
    found = found.astype(bool)
    moved = np.linalg.norm(normal + 0.5, axis=1)
    one_column = decided(0.5 * np.eye(10)[0])
    return Answer(
        value=expected,
        within=0.0,
        mistakes={
            "these are the alarms among rows that have not moved. Add 0.5 to each "
            "column first.": decided(0.0),
            "True and False are exchanged: an alarm is a score above the "
            "threshold.": ~expected,
            "only one column has moved. Add 0.5 to each of the ten.": one_column,
            "these rows have moved by 1. Move them by 0.5.": decided(1.0),
            "these rows have moved by -0.5, and 0.5 is asked for.": decided(-0.5),
            "this threshold comes from rows that have moved too. Leave it where the old "
            "calibration scores have put it.": moved[2000:]
            > threshold(moved[:2000], 0.05),
            "this threshold comes from the first 2000 of the moved rows that it judges. "
            "Leave it where the old calibration scores have put it.": moved[2000:]
            > threshold(moved[2000:4000], 0.05),
            "this threshold comes from the moved rows that it judges. Leave it where "
            "the old calibration scores have put it.": moved[2000:]
            > threshold(moved[2000:], 0.05),
        },
        otherwise=f"you raise {found.sum()} alarms, and it should be {expected.sum()}. "
        "Is the score the length of the moved row, and the limit "
        "threshold(calibration, 0.05)?",
        right=f"{expected.mean():.3f} of the rows, nearly three times as many alarms as "
        "promised, and no anomaly is among them. For rows without end the formula "
        "(noncentral chi-square) gives 0.142.",
    ).judge(found)


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


def _sorted(
    rule: Callable[[NDArray, float], NDArray[np.bool_]],
) -> Callable[[NDArray, float], NDArray[np.bool_]]:
    """The alarms of a rule in the order of the sorted p-values."""
    return lambda p, rate: rule(np.sort(p), rate)


def _many_p_values() -> NDArray:
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.random(300), 0.01 * rng.random(60)])
    rng.shuffle(p)
    return p


def _other_alarms(given: tuple[Any, ...], found: NDArray, wanted: NDArray) -> str:
    p, rate = given
    if found.sum() == wanted.sum():
        return (
            f"for the p-values {p[:6].round(4)}... and the share {rate:.3f} you raise "
            f"{wanted.sum():.0f} alarms. That is the right number, for the wrong rows. "
            "The first True or False must belong to the first row, as it comes."
        )
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
        "all rows before it are alarms too.": _each_by_its_own_limit,
        "the right number of alarms, for the wrong rows: your array is in the order of "
        "the sorted p-values. The first must belong to "
        "the first row.": _sorted(_benjamini_hochberg),
        "your array is in the order of the sorted p-values, and the first must belong to "
        "the first row. Also, each rank is held against its own limit: look for the last "
        "one that keeps it. All before it are alarms "
        "too.": _sorted(_each_by_its_own_limit),
        "your array is in the order of the sorted p-values, and the first must belong to "
        "the first row. Also, you stop at the first p-value that misses its limit: look "
        "for the last one that keeps it.": _sorted(_stop_at_the_first),
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
