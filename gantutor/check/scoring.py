"""Checks of the exercises of notebook 04."""

from gantutor.check._common import (
    Answer,
    Verdict,
    exercise,
    share,
)

__all__ = ["where_the_generator_is"]


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
