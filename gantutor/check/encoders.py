"""Checks of the exercises of notebook 07."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gantutor.check._common import (
    Off,
    Verdict,
    call,
    exercise,
    number,
    numbers,
    recognise,
    right,
    share,
)

__all__ = ["batches_of_one", "fewer_latent_dimensions", "scale_by_calibration"]

Scores = NDArray[np.float64]


@exercise
def batches_of_one(n_points: float) -> Verdict:
    """Check how many latent points 100 rows get, one at a time in training mode.

    Parameters
    ----------
    n_points : float
        A whole number.

    Returns
    -------
    Verdict
    """
    n_points = number(n_points, "the number of latent points")
    recognise(
        n_points,
        {
            "that is what the encoder does when it is used as it should be. In training "
            "mode, which mean is subtracted from a unit if the batch is one row?": 100,
            "the encoder puts out a point for each row. How many of them differ?": 0,
        },
    )
    if n_points != 1:
        raise Off(
            "write down one unit of the first hidden layer for a batch of one row: its "
            "value, the mean over the batch, and the difference. What reaches the next "
            "layer, and does it depend on the row?"
        )
    return right(
        "the mean over one row is the row itself, so every unit becomes 0 before its "
        "learned shift is added. All rows get the same latent point: nothing of the row "
        "is left."
    )


@exercise
def fewer_latent_dimensions(left_of_normal: float, left_of_odd: float) -> Verdict:
    """Check how much of a row is left on `shift` with four latent dimensions, not ten.

    Parameters
    ----------
    left_of_normal, left_of_odd : float
        Mean residual of the normal test rows and of the anomalies, divided by the mean
        square of their scaled columns.

    Returns
    -------
    Verdict
    """
    shares = share(left_of_normal, "left_of_normal"), share(left_of_odd, "left_of_odd")
    for name, left in zip(("left_of_normal", "left_of_odd"), shares, strict=True):
        if left < 0.15:
            raise Off(
                f"{name} is {left:.3f}, which is what ten latent dimensions leave. Is "
                "latent_dim=4 passed on to the detector?"
            )
        if left > 0.85:
            raise Off(
                f"{name} is {left:.3f}: hardly anything would be rebuilt. Is the residual "
                "computed on scaled rows, and a mean over the columns, not a sum?"
            )
        if not 0.3 < left < 0.78:
            raise Off(
                f"{name} is {left:.3f}, which four latent dimensions do not give here. "
                "Divide the mean residual of each kind by the mean square of the scaled "
                "columns of the same kind."
            )
    if shares[1] > shares[0] + 0.1:
        raise Off(
            "a larger share of the anomalies than of the normal rows? Look whether the "
            "two are swapped: left_of_normal belongs to the label 0."
        )
    return right(
        "of an anomaly about half is left now, but of a normal row no less. The squares of "
        "an anomaly are twice as large, so the amount that is left of it is larger. That "
        "difference is all that the residual has to go by."
    )


@exercise
def scale_by_calibration(function: Callable[[Scores, Scores], ArrayLike]) -> Verdict:
    """Check a function that scales scores by those of calibration rows.

    Parameters
    ----------
    function : callable
        ``function(calibration, scores)`` maps scores (m,) to scaled ones (m,), such that
        the lowest calibration score becomes 0 and the highest 1.

    Returns
    -------
    Verdict
    """
    calibration = np.array([3.0, 2.0, 7.0, 4.0, 10.0])
    scores = np.array([4.0, 2.5, 6.0, 10.0, 14.0, 42.0])
    everything = np.concatenate([calibration, scores])
    right_one = (scores - 2) / 8
    found = numbers(call(function, calibration, scores), (len(scores),), "the result")
    recognise(
        found,
        {
            "that is the mistake itself: the lowest and the highest score are those of "
            "the batch. Take them from the calibration rows.": (
                (scores - scores.min()) / np.ptp(scores)
            ),
            "the calibration rows are in, but so are the scores of the batch. Scale by "
            "the calibration rows alone.": (
                (scores - everything.min()) / np.ptp(everything)
            ),
            "scores beyond the calibration rows are cut off. The scores 14 and 42 both "
            "get 1, so that their order is lost. Let them pass 1.": (
                right_one.clip(0, 1)
            ),
            "the highest calibration score becomes 1, but the lowest does not become 0. "
            "Subtract it first.": scores / 10,
            "divide by the range, which is the highest minus the lowest.": (
                (scores - 2) / 10
            ),
            "that is honest too, in standard deviations from the mean. Asked for is the "
            "scale on which the lowest calibration score is 0 and the highest 1.": (
                (scores - calibration.mean()) / calibration.std()
            ),
            "high and low are swapped: the highest score must come out highest.": (
                1 - right_one
            ),
        },
    )
    if not np.allclose(found, right_one):
        raise Off(
            "the calibration scores run from 2 to 10, so the score 6 lies in the middle "
            f"and should become 0.5. Yours becomes {found[2]:.3g}."
        )
    one = numbers(call(function, calibration, scores[2:3]), (1,), "one score alone")
    if not np.allclose(one, 0.5):
        raise Off(
            f"the score 6 becomes 0.5 in company and {one[0]:.3g} alone. Nothing of the "
            "other scores may enter."
        )
    return right(
        "a score keeps its number whatever company it is in, and the order stays, so "
        "that the AUROC does as well. Above 1 means: odder than any calibration row."
    )
