"""Checks of the exercises of notebook 04."""

from collections.abc import Callable

import numpy as np

from gantutor.check._common import (
    ROWS_FOR_COLUMNS,
    Answer,
    Verdict,
    each,
    exercise,
    made_up_rows,
    ruler,
)
from gantutor.check._reading import call, is_near, number, numbers, share

__all__ = [
    "feature_distance",
    "where_a_narrow_generator_turns",
    "where_the_generator_is",
]


@exercise
def where_the_generator_is(opposite: float, sideways: float, further: float) -> Verdict:
    """Check three AUROCs of -logit D*, for a G around m, where (+0.3, 0, ...) gives 0.76.

    They are for m = (-0.3, 0, ...), (+0.3, -0.3, 0, ...) and (+3, 0, ...).
    """
    found = each(share, opposite=opposite, sideways=sideways, further=further)
    return Answer(
        value=[0.24, 0.5, 0.76],
        within=0.02,
        mistakes={
            "with G on the other side the slope is turned round, and with it the order "
            "of every pair.": is_near(found[0], 0.76, 0.02),
            "the slope is turned round. A score with 0.76 does not become worse than "
            "its mirror image.": is_near(found[0], 0.0, 0.02),
            "the slope does not vanish, it is turned round.": is_near(
                found[0], 0.5, 0.02
            ),
            "what becomes of the share of pairs in order if the score is "
            "negated?": not is_near(found[0], 0.24, 0.02),
            "opposite is right. For sideways, work out the mean of m.x for the "
            "anomalies, which are around "
            "1 in each column. The two columns cancel.": is_near(found[1], 0.76, 0.02),
            "opposite is right. The second column does not turn the score round, it "
            "cancels what the first one says.": is_near(found[1], 0.24, 0.02),
            "opposite is right. For sideways, the score is 0.3 x1 - 0.3 x2. How large "
            "is it on average "
            "for normal rows, and for anomalies?": not is_near(found[1], 0.5, 0.02),
        },
        otherwise="opposite and sideways are right. For further, the score is 3 x1 "
        "instead of 0.3 x1. Does that change the order of any two rows?",
        right="only the direction in which G is off counts. The other side turns the "
        "score round, sideways is a coin, and the distance does not matter.",
    ).judge(found)


@exercise
def where_a_narrow_generator_turns(m: float) -> Verdict:
    """Check from which m in each column a G of width 0.6 gives the best D an AUROC of 0.5."""
    found = number(m, "m")
    return Answer(
        value=1.59,
        within=0.0101,  # one step of the grid
        mistakes={
            "a G that moves away from the anomalies makes them look even more real. "
            "They are around +5.": found < 0,
            "with m = 0 a narrow G makes all abnormal rows look real: the AUROC is 0. "
            "It has to move.": found == 0,
            "the covariance of width s is s squared times the identity, and you have "
            "taken s.": 1.0,
            "this is the answer for the width 0.9 of the lesson. Set s = 0.6.": 0.48,
            "this is the length of the vector m, or the sum of its columns. Give the "
            "value that stands in each "
            "column.": abs(found - 5.03) < 0.1 or abs(found - 15.9) < 0.1,
            "at this m nearly all pairs are in the right order. It turns earlier: find "
            "the first m with an AUROC of at least 0.5.": abs(found - 1.96) < 0.1,
            "you are close. Take m in steps of 0.01, and the first with an AUROC of at "
            "least 0.5.": 0.0101 < abs(found - 1.59) < 0.1,
        },
        otherwise=f"with m = {found:g} the AUROC is not near 0.5. Run the cell of the "
        "lesson with s = 0.6 and larger and larger m.",
        right="1.59 in each column. G would have to make rows a third of the way to "
        "the anomalies, where there are no normal rows. The ten G of the lesson are "
        "within 0.3 of the middle.",
    ).judge(found)


@exercise
def feature_distance(function: Callable) -> Verdict:
    """Check a function of known and new features: the Mahalanobis distance of the new rows."""
    known, new = made_up_rows(400)
    distances = call(function, known, new, errors=ROWS_FOR_COLUMNS)
    found = numbers(distances, (30,), "the distances")
    centred, covariance = new - known.mean(0), np.cov(known.T)
    value = ruler(centred, covariance)
    return Answer(
        value=value,
        mistakes={
            "these are the squared distances. Take the root.": value**2,
            "you multiply by the covariance where its inverse is needed.": ruler(
                centred, np.linalg.inv(covariance)
            ),
            "this is the plain distance to the mean. Features have different widths "
            "and depend on each "
            "other: the covariance takes that out.": np.linalg.norm(centred, axis=1),
            "you divide each feature by its own width. The covariance also knows which "
            "features move together.": ruler(centred, np.diag(known.var(0))),
            "you measure from the mean of the new rows. Then a row's score depends on "
            "the rows beside it. Measure from the mean of the known "
            "ones.": ruler(new - new.mean(0), covariance),
            "mean and covariance are those of the new rows. Anomalies among them would "
            "widen the ruler. Take those of the known "
            "rows.": ruler(new - new.mean(0), np.cov(new.T)),
            "the mean is that of the known rows, and the covariance that of the new "
            "ones. Take both from the known rows.": ruler(centred, np.cov(new.T)),
            "you do not subtract the mean of the known features.": ruler(
                new, covariance
            ),
            "the sign is turned round: a distance is positive, and goes up for "
            "anomalies.": -value,
        },
        near=0.1,
        within=3e-3 * value.max(),  # a covariance over n is as good as one over n - 1
        otherwise="for 30 made-up rows of 4 features the first distances are "
        f"{found[:3].round(2)}, and they should be {value[:3].round(2)}.",
        right="this is how far a row is from the normal rows in the features. Even the "
        "outputs of 16 random ReLU units, never trained, give it an AUROC of 1.000 on "
        "the script's data. Notebook 07 asks what training adds.",
    ).judge(found)
