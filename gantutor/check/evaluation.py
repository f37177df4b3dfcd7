"""Checks of the exercises of notebook 14."""

from collections.abc import Callable

import numpy as np

from gantutor.check._common import Answer, Verdict, each, exercise
from gantutor.check._reading import call, number, numbers, share

__all__ = ["best_of_nine_looks", "ensemble_score", "lead_without_a_table"]


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


# Of GANomaly with residual over the WGAN, in benchmarks/quality.csv.
LEAD, SMALLEST = 0.0241, -0.0038


@exercise
def lead_without_a_table(lead: float, smallest: float) -> Verdict:
    """Check GANomaly's mean lead over the WGAN on six tables, and its smallest on five."""
    found = each(number, lead=lead, smallest=smallest)
    large = any(abs(found) > 1)
    return Answer(
        value=(LEAD, SMALLEST),
        within=0.0012,
        mistakes={
            "a difference of two AUROCs lies between -1 and 1: 2 % is 0.02.": large,
            "you have the WGAN minus GANomaly. The lead of GANomaly is asked "
            "for.": found[0] < 0 and abs(found[0] + LEAD) < 0.0012,
            "that is the lead over the 5th neighbour. Put the WGAN in its place.": (
                0.0558,
                0.0110,
            ),
            "that is the Ensemble. Take GANomaly with residual.": (0.0308, 0.0051),
            "that is GANomaly without the residual in its score.": (-0.0020, -0.0203),
            "your second number is the largest mean over five tables. The smallest is "
            "asked for.": (LEAD, 0.0309),
            "your second number is the smallest lead on one table. Leave one table "
            "out, and take the mean over the five that stay.": (LEAD, -0.0101),
            "your first number is the median over the tables. The mean is asked for.": (
                -0.0014,
                SMALLEST,
            ),
            "smallest is larger than lead. Leaving out the table with the largest lead "
            "makes the mean smaller.": found[1] > found[0],
        },
        otherwise=f"lead {found[0]:.4f} and smallest {found[1]:.4f} are not what the "
        "file gives. Start with the six differences, aurocs.loc[residual, six] - "
        'aurocs.loc["WGAN", six].',
        right="without Wilt the lead of .024 turns into -.004. One table decides who "
        "is ahead.",
    ).judge(found)


def _ensemble_answer(kept: np.ndarray, new: np.ndarray, kinds: list[str]) -> Answer:
    """What members with these scores of kept and new rows say, and the mistakes."""

    def scaled(rows: np.ndarray, n_less: int = 0) -> np.ndarray:
        spread = rows.std(axis=1, keepdims=True, ddof=n_less)
        return (new - rows.mean(axis=1, keepdims=True)) / spread

    def by_kind(z: np.ndarray) -> np.ndarray:
        of_kind = [z[np.array(kinds) == kind].mean(axis=0) for kind in set(kinds)]
        return np.mean(of_kind, axis=0)

    z, score = scaled(kept), by_kind(scaled(kept))
    return Answer(
        value=score,
        mistakes={
            "each member has the same weight. Take the mean within each kind first, "
            "then over the kinds.": z.mean(axis=0),
            "the scores are not on one scale, so the member with the largest unit "
            "decides. Take off the mean of its kept scores, and divide by their "
            "standard deviation.": by_kind(new),
            "you scale the new rows by their own mean and standard deviation. Then the "
            "score of a row depends on its neighbours; the kept rows set the "
            "scale.": by_kind(scaled(new)),
            "you divide by the standard deviation, but do not take off the mean of the "
            "kept scores.": by_kind(new / kept.std(axis=1)[:, None]),
            "you take off the mean of the kept scores, but do not divide by their "
            "standard deviation.": by_kind(new - kept.mean(axis=1)[:, None]),
            "you scale all members by the same numbers. Each member has a mean and a "
            "standard deviation of its own: "
            "axis=1.": by_kind((new - kept.mean()) / kept.std()),
            "the standard deviation divides by n here, as np.std does, and not by n - "
            "1. (The order of the rows hardly "
            "changes.)": by_kind(scaled(kept, n_less=1)),
            "you add the kinds up. Take their mean: then a kind more does not make "
            "every row more anomalous.": len(set(kinds)) * score,
            "you add up the members of a kind, so a kind with more members counts "
            "more. Take their mean.": z.sum(axis=0) / len(set(kinds)),
            "the sign is turned. A high score is anomalous, as in the members.": -score,
        },
        otherwise=lambda found: (
            f"for the kinds {', '.join(kinds)} the first row has {found[0]:.3f}, and "
            f"{score[0]:.3f} is right. Look at two members of two kinds first: it is "
            "the lesson's function `together`."
        ),
        right="each kind counts once, however many members it has, as in "
        "gt.detectors.Ensemble.",
    )


@exercise
def ensemble_score(function: Callable) -> Verdict:
    """Check a function that joins the scores of members of several kinds."""
    kinds = ["GANomaly", "WGAN", "GANomaly", "WGAN", "GANomaly"]
    rng, unit = np.random.default_rng(0), 10.0 ** np.arange(5)[:, None]
    kept, new = rng.gamma(2, unit, (5, 9)), rng.gamma(3, unit, (5, 6))
    found = numbers(call(function, kept, new, kinds), (6,), "the result")
    return _ensemble_answer(kept, new, kinds).judge(found)
