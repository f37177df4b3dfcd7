"""Checks of the exercises of notebook 05."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gantutor.check._common import Answer, Verdict, each, exercise
from gantutor.check._reading import call, is_near, refuse, share
from gantutor.data import ladder
from gantutor.scoring import threshold

__all__ = ["alarms_that_are_true", "alarms_when_normal_moves", "discoveries"]


@exercise
def alarms_that_are_true(
    precision: float, precision_at_half: float, rate_wanted: float
) -> Verdict:
    """Check two precisions and a false-alarm rate, of a detector that finds 80 %.

    Its false-alarm rate is 1 %. The precisions are for one anomaly in 1000 rows and for one
    in two; the rate is the one at which half of the alarms are true, for one in 1000.
    """
    answers = {"precision": precision, "precision_at_half": precision_at_half}
    rare, half, rate = each(share, **answers, rate_wanted=rate_wanted)
    return Answer(
        value=[80 / 1079, 0.8 / 0.81, 0.0008],
        within=[0.0045, 0.0025, 0.00002],  # 0.07 and 0.99 are right
        mistakes={
            "80 % is the share of the anomalies that are found. Precision is the share "
            "of the alarms that are true.": is_near(rare, 0.8, 0.001),
            "the false-alarm rate is a share of the normal rows, and precision is a "
            "share of the alarms.": is_near(rare, 0.99, 0.001),
            "that is the share of false ones among the alarms. Precision is the "
            "other share.": is_near(rare, 999 / 1079, 0.001),
            "you have put the true alarms over the false ones. Put them over all "
            "alarms.": is_near(rare, 80 / 999, 0.001),
            "that is the precision if all anomalies were found. The detector finds "
            "80 % of them.": is_near(rare, 100 / 1099, 0.001),
            "that is the precision at half and half. Here 999 of 1000 rows are "
            "normal.": is_near(rare, 0.8 / 0.81, 0.001),
            "that is the base rate, what a coin gets.": is_near(rare, 0.001, 0.001),
            "take 100,000 rows: 100 anomalies, of which 80 % raise an alarm, and "
            "99,900 "
            "normal rows, of which 1 % do.": not is_near(rare, 80 / 1079, 0.0045),
            "the first is right. The precision changes with the base rate: now there "
            "are as many anomalies as normal rows.": is_near(half, rare, 0.005),
            "the first is right. In the second test set, 80 % is still the share of "
            "anomalies found, and not that of true alarms.": is_near(half, 0.8, 0.005),
            "the first is right. Half of the rows are anomalies, and the detector is "
            "no coin.": is_near(half, 0.5, 0.005),
            "the first is right. For the second take 100 anomalies and 100 normal "
            "rows, "
            "and count the alarms of both.": not is_near(half, 0.8 / 0.81, 0.0025),
            "the precisions are right. The rate is a share of the normal rows, and "
            "half of the alarms are normal rows: how many are these?": is_near(
                rate, 0.5, 0.001
            ),
            "the precisions are right. This would be the rate if all 100 anomalies "
            "were found.": is_near(rate, 0.001, 0.00005),
            "the precisions are right. Half of 1 % halves the false alarms, and there "
            "are "
            "still six false alarms for each true one.": is_near(rate, 0.005, 0.00005),
        },
        otherwise="the precisions are right. Of 100,000 rows, 80 are true alarms. For "
        "half of the alarms to be true, how many of the 99,900 normal rows may raise "
        "one?",
        right="one in a thousand is anomalous, and 7 % of the alarms are true; at half "
        "and half it looks like 99 %. To have half of the alarms true, the false-alarm "
        "rate must be as small as the base rate, about one in a thousand, and to "
        "promise that takes over a thousand calibration rows.",
    ).judge([rare, half, rate])


@exercise
def alarms_when_normal_moves(alarms: np.ndarray) -> Verdict:
    """Check which of the 18,000 normal rows raise an alarm when all have moved by 0.5.

    The threshold is the one that the ruler's first 2000 scores give for 0.05. The decisions
    are asked for and not their share, which could be guessed.
    """
    normal, _ = ladder("shift", 1.0, n_normal=20_000)
    moved = np.linalg.norm(normal + 0.5, axis=1)

    def raised(move: Any, calibration: np.ndarray) -> np.ndarray:
        limit = threshold(calibration, 0.05)
        return np.linalg.norm(normal[2000:] + move, axis=1) > limit

    usual = np.linalg.norm(normal[:2000], axis=1)
    expected = raised(0.5, usual)
    found = np.asarray(alarms)
    others = found[~np.isin(found, (0, 1))]
    one, column = found.size == 1, raised(0.5 * np.eye(10)[0], usual)
    n_alarms, first = np.count_nonzero(found), next(iter(others), 0)
    return Answer(
        value=expected,
        within=0.0,
        mistakes={
            f"{alarms!r} is one number, and 18,000 decisions are asked for. Hand over "
            "the array of True and False; its mean is the share of alarms.": one,
            "you give 20,000 decisions, so the calibration rows are among them. Move "
            "and judge usual[2000:20_000] alone.": found.shape == (20_000,),
            "the decisions must have the shape (18000,), and yours have "
            f"{found.shape}: one True or "
            "False for each row of usual[2000:20_000].": found.shape != expected.shape,
            "these are the -1 and +1 of predict, where -1 is an alarm. Hand over True "
            "for "
            "an alarm and False otherwise.": set(others) == {-1},
            f"these are no decisions but values such as {first}. Compare the scores "
            "with the threshold: True for each alarm.": len(others) > 0,
            "these are the alarms among rows that have not moved. Add 0.5 to each "
            "column first.": raised(0.0, usual),
            "True and False are exchanged: an alarm is a score above the "
            "threshold.": ~expected,
            "only one column has moved. Add 0.5 to each of the ten.": column,
            "these rows have moved by 1. Move them by 0.5.": raised(1.0, usual),
            "these rows have moved by -0.5, and 0.5 is asked for.": raised(-0.5, usual),
            "this threshold comes from rows that have moved too. Leave it where the "
            "old calibration scores have put it.": raised(0.5, moved[:2000]),
            "this threshold comes from the first 2000 of the moved rows that it "
            "judges. Leave it where "
            "the old calibration scores have put it.": raised(0.5, moved[2000:4000]),
            "this threshold comes from the moved rows that it judges. Leave it where "
            "the old calibration scores have put it.": raised(0.5, moved[2000:]),
        },
        otherwise=f"you raise {n_alarms} alarms, and it should be {expected.sum()}. "
        "Is the score the length of the moved row, and the limit "
        "threshold(calibration, 0.05)?",
        right=f"{expected.mean():.3f} of the rows, nearly three times as many alarms "
        "as promised, and no anomaly is among them. For rows without end the formula "
        "(noncentral chi-square) gives 0.142.",
    ).judge(found)


# The ranks 1, 2, 4, 5, 7, 8 keep their limits for 0.1, and that of 8 is equal to it.
P_VALUES = [0.9, 0.001, 0.3, 0.02, 0.024, 0.6, 0.01, 0.7]
P_VALUES += [0.05, 0.4, 0.03, 0.8, 0.043, 0.07, 0.04, 0.5]
NO_ALARM = {
    "for the p-values {0} and the share {1} none keeps its limit, and your function "
    "raised {error}. Then the answer is False for each row.": "IndexError|ValueError"
}


def _discoveries(p: np.ndarray, rate: float) -> Answer:
    """The alarms of Benjamini-Hochberg."""
    in_order, rank = np.sort(p), np.argsort(np.argsort(p))  # from 0
    limits = rate * np.arange(1, len(p) + 1) / len(p)

    def up_to_the_last(kept: np.ndarray) -> np.ndarray:
        return np.maximum.accumulate(kept[::-1])[::-1]

    kept = in_order <= limits
    early = np.minimum.accumulate(kept)
    last = up_to_the_last(kept)
    alarms = last[rank]

    def otherwise(found: np.ndarray) -> str:
        told = f"... and the share {rate:.3f} you raise {found.sum():.0f} alarms"
        if found.sum() == alarms.sum():
            return (
                f"for the p-values {p[:6].round(4)}{told}. That is the right number, "
                "for the wrong rows. The first True or False must belong to the first "
                "row, as it comes."
            )
        return (
            f"for the p-values {in_order[:6].round(4)}{told}, and it should be "
            f"{alarms.sum()}. Write the limits beside the sorted p-values."
        )

    return Answer(
        value=alarms,
        mistakes={
            "this is p <= share for each row by itself. With many rows, most alarms "
            "are then false. The limit must depend on the rank.": p <= rate,
            "every row has the limit share / n. That is the correction of Bonferroni, "
            "which is stricter: here the limit grows with the "
            "rank.": p <= rate / len(p),
            "you stop at the first p-value that misses its limit. Look for the last "
            "one that keeps it: all before it are alarms too.": early[rank],
            "each row is held against its own limit. Look for the last rank that keeps "
            "it: all rows before it are alarms too.": kept[rank],
            "the right number of alarms, for the wrong rows: your array is in the "
            "order "
            "of the sorted p-values. The first must belong to the first row.": last,
            "your array is in the order of the sorted p-values, and the first must "
            "belong to the first row. Also, each rank is held against its own limit: "
            "look for the last one that keeps it. All before it are alarms too.": kept,
            "your array is in the order of the sorted p-values, and the first must "
            "belong to the first row. Also, you stop at the first p-value that misses "
            "its limit: look for the last one that keeps it.": early,
            "True and False are exchanged.": ~alarms,
            "a p-value that is equal to its limit counts as an alarm: use "
            "<=.": up_to_the_last(in_order < limits)[rank],
        },
        otherwise=otherwise,
        right="of 10 000 normal rows and 100 anomalies, p <= 0.05 reports 597, of "
        "which 83% are false alarms. Your rule with the share 0.1 reports 104, of "
        "which 8% are false.",
    )


@exercise
def discoveries(function: Callable) -> Verdict:
    """Check a function of p-values and a share that chooses alarms as Benjamini-Hochberg."""

    def alarms(p: np.ndarray, rate: float, **known: Any) -> np.ndarray:
        found = np.asarray(call(function, p, rate, **known))
        decided = np.isin(found, (0, 1)).all()
        complaints = {
            f"for {len(p)} p-values you return something of the shape {found.shape}. "
            "One True or False for each row is needed.": found.shape != p.shape,
            "the result must be True or False for each row.": not decided,
        }
        refuse(complaints)
        return found.astype(bool)

    many, none = (np.array(P_VALUES), 0.1), (np.array([0.03, 0.06, 0.9]), 0.05)
    found, empty = alarms(*many), alarms(*none, errors=NO_ALARM)
    verdict = _discoveries(*many).judge(found)
    _discoveries(*none).judge(empty)
    return verdict
