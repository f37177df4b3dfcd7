"""Checks of the exercises of notebook 14."""

from collections.abc import Callable
from functools import partial

from gantutor.check._common import Answer, Function, Verdict, distance, exercise, share

__all__ = ["best_of_nine_looks", "first_neighbour_leak", "share_of_true_alarms"]


@exercise
def best_of_nine_looks(auroc: float) -> Verdict:
    """Check the mean of the best of nine numbers that are even between 0 and 1."""
    return Answer(
        value=0.9,
        within=0.008,
        near=0.0015,
        mistakes={
            "that is the mean of one look. The report holds the best of nine.": 0.5,
            "that is the best that could happen at all. It is reached only if one of "
            "the looks is perfect.": 1.0,
            "that is where the worst of nine looks would be on average.": 0.1,
            "you are one piece short. One point cuts the line into two pieces, two "
            "points into three. How many pieces do nine points make?": 8 / 9,
            "that is the median: half of the authors report more. The mean is asked "
            "for.": 0.5 ** (1 / 9),
        },
        otherwise="draw nine numbers between 0 and 1 on a line. They cut it into ten "
        "pieces, and no piece is special. How long is the last one on average?",
        right="nine numbers cut the line from 0 to 1 into ten pieces, a tenth each on "
        "average, so the largest number is at 0.9. A score without any knowledge gets "
        "a good report.",
    ).judge(share(auroc, "the AUROC"))


# The AUROC of seeds 0 to 4 without and with the leak.
HONEST = 0.9207, 0.9227, 0.9352, 0.9309, 0.9199
LEAK = 0.9851, 0.9884, 0.9935, 0.9841, 0.9831


@exercise
def first_neighbour_leak(honest: float, leak: float) -> Verdict:
    """Check the mean AUROC of the first neighbour, without and with test rows learned."""
    found = share(honest, "honest"), share(leak, "leak")
    return Answer(
        value=(0.926, 0.987),
        within=0.006,
        mistakes={
            "an AUROC below 0.5 says that normal rows score higher than anomalies. Is "
            "the score the distance, and not its negative?": max(found) < 0.5,
            "the leak lowers your AUROC. Are the two numbers in the wrong order? "
            "overlap_aurocs yields the honest one first.": found[0] > found[1] + 0.03,
            "these look like the numbers of the 5th neighbour, from the lesson. Does "
            "your NearestNeighbors have n_neighbors=1, and does the method that you "
            "evaluate use it?": (0.935, 0.936),
            "these look like the numbers of one seed. Take the mean over the five.": (
                min(map(partial(distance, found), zip(HONEST, LEAK, strict=True)))
                < 0.001
            ),
            "these look like medians. Take the mean over the five seeds.": (
                0.9227,
                0.9851,
            ),
            f"leak is {found[1]:.3f}, as if every normal test row had been learned. "
            "Only about four in five were: the others have a first neighbour like any "
            "new row.": found[1] > 0.997,
        },
        near=0.0015,
        otherwise=f"honest {found[0]:.3f} and leak {found[1]:.3f} are not what one "
        "neighbour gives. Put gt.evaluation.Baseline(NearestNeighbors(n_neighbors=1), "
        "...) into overlap_aurocs, with seeds 0 to 4, and take the mean of each column.",
        right="the leak adds 0.06. A learned row finds itself, at distance 0. The more "
        "a method keeps of single rows, the more this leak is worth to it.",
    ).judge(found)


def _true(hits: float, false: float, rate: float) -> float:
    return rate * hits / (rate * hits + (1 - rate) * false)


SHARE_OF_TRUE_ALARMS = Function(
    solution=_true,
    inputs=[(0.8, 0.05, 0.01), (0.6, 0.02, 0.3), (1.0, 0.5, 0.5)],
    mistakes={
        "you return a percentage. Return a share: 90 % is "
        "0.9.": lambda hits, false, rate: 100 * _true(hits, false, rate),
        "that is the share of alarms that are false.": lambda hits, false, rate: (
            1 - _true(hits, false, rate)
        ),
        "the base rate plays no part. How many anomalies and how many normal rows are "
        "there among 10 000?": lambda hits, false, rate: hits / (hits + false),
        "you use the base rate for the anomalies only. The normal rows are not all of "
        "the rows either.": lambda hits, false, rate: (
            rate * hits / (rate * hits + false)
        ),
        "you let all rows raise false alarms at the rate of the anomalies. Normal rows "
        "have a share of their "
        "own.": lambda hits, false, rate: hits / (hits + rate * false),
        "that is the share of all rows that are found anomalies. Divide by the share "
        "of all rows that raise an alarm.": lambda hits, false, rate: rate * hits,
        "that is the share of all rows that raise an alarm. How much of it is "
        "true?": lambda hits, false, rate: rate * hits + (1 - rate) * false,
    },
    otherwise=lambda given, found, wanted: (
        f"for found={given[0]}, false_alarms={given[1]}, base_rate={given[2]} you "
        f"return {found:.4f}. Count true and false alarms among 10 000 rows by hand."
    ),
    right="with 93 % found, 5 % false alarms and a base rate of 0.5 %, 9% of the alarms "
    "are true, as in the lesson's last line.",
)


@exercise
def share_of_true_alarms(function: Callable[[float, float, float], float]) -> Verdict:
    """Check a function that returns which share of the alarms is true."""
    return SHARE_OF_TRUE_ALARMS.judge(function)
