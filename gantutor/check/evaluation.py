"""Checks of the exercises of notebook 10."""

from collections.abc import Callable

import numpy as np

from gantutor.check._common import (
    Off,
    Verdict,
    call,
    exercise,
    number,
    recognise,
    right,
    share,
)

__all__ = ["best_of_nine_looks", "first_neighbour_leak", "share_of_true_alarms"]


@exercise
def best_of_nine_looks(auroc: float) -> Verdict:
    """Check the mean of the best of nine numbers that are even between 0 and 1.

    Parameters
    ----------
    auroc : float
        Between 0 and 1.

    Returns
    -------
    Verdict
    """
    auroc = share(auroc, "the AUROC")
    recognise(
        auroc,
        {
            "that is the mean of one look. The report holds the best of nine.": 0.5,
            "that is the best that could happen at all. It is reached only if one of the "
            "looks is perfect.": 1.0,
            "that is where the worst of nine looks would be on average.": 0.1,
        },
        atol=0.02,
    )
    recognise(
        auroc,
        {
            "you are one piece short. One point cuts the line into two pieces, two points "
            "into three. How many pieces do nine points make?": 8 / 9,
        },
        atol=0.0025,
    )
    if abs(auroc - 0.9) > 0.008:
        raise Off(
            "draw nine numbers between 0 and 1 on a line. They cut it into ten pieces, and "
            "no piece is special. How long is the last one on average?"
        )
    return right(
        "nine numbers cut the line from 0 to 1 into ten pieces, a tenth each on average, so "
        "the largest number is at 0.9. A score without any knowledge gets a good report."
    )


@exercise
def first_neighbour_leak(honest: float, leak: float) -> Verdict:
    """Check the mean AUROC of the first neighbour, without and with test rows learned.

    Parameters
    ----------
    honest, leak : float
        Mean over the five seeds.

    Returns
    -------
    Verdict
    """
    found = share(honest, "honest"), share(leak, "leak")
    if found[0] > found[1] + 0.03:
        raise Off(
            "the leak lowers your AUROC. Are the two numbers in the wrong order? "
            "overlap_aurocs yields the honest one first."
        )
    for what, known in {
        "of the 5th neighbour, from the lesson. Does your NearestNeighbors have "
        "n_neighbors=1, and does the method that you evaluate use it?": (0.935, 0.936),
        "of one seed, seed 0. Take the mean over the five.": (0.9208, 0.9847),
    }.items():
        if np.allclose(found, known, atol=0.0015):
            raise Off(f"these look like the numbers {what}")
    if found[1] > 0.997:
        raise Off(
            f"leak is {found[1]:.3f}, as if every normal test row had been learned. Only "
            "about four in five were: the others have a first neighbour like any new row."
        )
    if abs(found[0] - 0.926) > 0.006 or abs(found[1] - 0.987) > 0.006:
        raise Off(
            f"honest {found[0]:.3f} and leak {found[1]:.3f} are not what one neighbour "
            "gives. Put gt.evaluation.Baseline(NearestNeighbors(n_neighbors=1), ...) into "
            "overlap_aurocs, with seeds 0 to 4, and take the mean of each column."
        )
    return right(
        "the leak adds 0.06. A learned row finds itself, at distance 0. The more a method "
        "keeps of single rows, the more this leak is worth to it."
    )


@exercise
def share_of_true_alarms(function: Callable[[float, float, float], float]) -> Verdict:
    """Check a function that computes the share of alarms that are true.

    Parameters
    ----------
    function : callable
        Maps the share of anomalies found, the share of normal rows that raise an alarm and
        the base rate to the share of true alarms.

    Returns
    -------
    Verdict
    """
    for found, false, rate in [(0.8, 0.05, 0.01), (0.6, 0.02, 0.3), (1.0, 0.5, 0.5)]:
        answer = number(call(function, found, false, rate), "the result")
        true_alarms, false_alarms = rate * found, (1 - rate) * false
        expected = true_alarms / (true_alarms + false_alarms)
        recognise(
            answer,
            {
                "you return a percentage. Return a share: 90 % is 0.9.": 100 * expected,
                "that is the share of alarms that are false.": 1 - expected,
                "the base rate plays no part. How many anomalies and how many normal rows "
                "are there among 10 000?": found / (found + false),
                "you use the base rate for the anomalies only. The normal rows are not "
                "all of the rows either.": true_alarms / (true_alarms + false),
                "you let all rows raise false alarms at the rate of the anomalies. "
                "Normal rows have a share of their own.": found
                / (found + rate * false),
                "that is the share of all rows that are found anomalies. Divide by the "
                "share of all rows that raise an alarm.": true_alarms,
                "that is the share of all rows that raise an alarm. How much of it is "
                "true?": true_alarms + false_alarms,
            }
            if found != 1.0  # there, some of these are right
            else {},
        )
        if abs(answer - expected) > 1e-6:
            raise Off(
                f"for found={found}, false_alarms={false}, base_rate={rate} you return "
                f"{answer:.4f}. Count true and false alarms among 10 000 rows by hand."
            )
    share_at_work = number(call(function, 0.93, 0.05, 0.005))
    return right(
        "with 93 % found, 5 % false alarms and a base rate of 0.5 %, "
        f"{share_at_work:.0%} of the alarms are true, as in the lesson's last line."
    )
