"""Checks of the exercises of notebook 10."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gantutor.check._common import (
    Answer,
    Function,
    Off,
    Verdict,
    call,
    exercise,
    fitted_on,
    number,
    numbers,
)
from gantutor.data import ladder

__all__ = ["batches_of_one", "fewer_latent_dimensions", "scale_by_calibration"]

Scores = NDArray[np.float64]


@exercise
def batches_of_one(n_points: float) -> Verdict:
    """Check how many latent points 100 rows get, one at a time in training mode."""
    return Answer(
        value=1,
        within=0,
        mistakes={
            "that is what the encoder does when it is used as it should be. In "
            "training mode, which mean is subtracted from a unit if the batch is one "
            "row?": 100,
            "the encoder puts out a point for each row. How many of them differ?": 0,
        },
        otherwise="write down one unit of the first hidden layer for a batch of one "
        "row: its value, the mean over the batch, and the difference. What reaches the "
        "next layer, and does it depend on the row?",
        right="the mean over one row is the row itself, so every unit becomes 0 before "
        "its learned shift is added. All rows get the same latent point: nothing of "
        "the row is left.",
    ).judge(number(n_points, "the number of latent points"))


@exercise
def fewer_latent_dimensions(
    detector: Any, left_of_normal: float, left_of_odd: float
) -> Verdict:
    """Check how much is left of rows on `shift` with four latent dimensions, not ten."""
    found = np.array(
        [number(left_of_normal, "left_of_normal"), number(left_of_odd, "left_of_odd")]
    )
    normal, odd = ladder("shift", 1.0, n_normal=1600, n_abnormal=400)
    fitted_on(detector, normal[:800], "the training rows of the lesson")
    if detector.latent_dim != 4:
        raise Off(
            f"the detector has the latent_dim {detector.latent_dim}. Four are asked for."
        )

    def mean_squares(rows: NDArray) -> tuple[Scores, Scores]:
        change, offset = rows - detector.reconstruct(rows), rows - detector.center_
        squares = np.square([change, offset] / detector.scale_)
        return tuple(squares.mean(axis=2))

    kinds = mean_squares(normal[800:]), mean_squares(odd)
    learned_rest, learned_size = mean_squares(normal[:800])

    def of_each(measure: Callable[[Scores, Scores], Any]) -> Scores:
        return np.array([measure(residual, square) for residual, square in kinds])

    rest, size = of_each(lambda r, s: r.mean()), of_each(lambda r, s: s.mean())
    left = rest / size
    is_off = abs(found - left) > 0.002
    name, given = (
        ("left_of_normal", found[0]) if is_off[0] else ("left_of_odd", found[1])
    )
    return Answer(
        value=left,
        within=0.002,
        near=0.001,
        mistakes={
            "the mean residuals are not divided yet. An anomaly is larger to begin "
            "with, so divide each by the mean square of the scaled columns of its own "
            "kind.": rest,
            "both residuals are divided by the mean square of all test rows. Each kind "
            "has a mean square of its own, and that of the anomalies is about twice as "
            "large.": rest / np.average(size, weights=(800, 400)),
            "both residuals are divided by the mean square of the normal rows. Divide "
            "that of the anomalies by the mean square "
            "of the anomalies.": rest / size[0],
            "these are the shares that are rebuilt. Asked for are the shares that are "
            "left: one minus yours.": 1 - left,
            "these are percentages. Shares are asked for: 90 % is 0.9.": 100 * left,
            "these are medians. Take means, of the residual and of the square: the "
            "rows that are rebuilt worst count as "
            "well.": of_each(lambda r, s: np.median(r) / np.median(s)),
            "these are medians of a ratio for each row. Take the mean residual of a "
            "kind and its mean square first, and divide "
            "once.": of_each(lambda r, s: np.median(r / s)),
            "these are means of a ratio for each row, in which a row near the middle "
            "counts as much as one far out. Take the mean residual of a kind and its "
            "mean square first, and divide once.": of_each(lambda r, s: np.mean(r / s)),
            "left_of_normal is that of the training rows. Take the normal rows among "
            "the test rows.": (learned_rest.mean() / learned_size.mean(), left[1]),
            "a larger share of the anomalies than of the normal rows? Look whether the "
            "two are swapped: left_of_normal belongs to the label 0.": left[::-1],
            f"{name} is {given:.3f}, which is what ten latent dimensions leave. Do the "
            "numbers come from the detector that you hand over?": 0 < given < 0.15,
            f"{name} is {given:.3f}: hardly anything would be rebuilt. Is the residual "
            "computed on scaled rows, and a mean over "
            "the columns, not a sum?": given > 0.85,
        },
        otherwise=f"{name} is {given:.3f}, which four latent dimensions do not give "
        "here. Divide the mean residual of each kind by the mean square of the scaled "
        "columns of the same kind, both over the test rows.",
        right="of an anomaly about half is left now, but of a normal row no less. The "
        "squares of an anomaly are twice as large, so the amount that is left of it is "
        "larger. That difference is all that the residual has to go by.",
    ).judge(found)


def _scaled(calibration: Scores, scores: Scores) -> Scores:
    return (scores - calibration.min()) / np.ptp(calibration)


CALIBRATION = np.array([3.0, 2.0, 7.0, 4.0, 10.0])
SCALE_BY_CALIBRATION = Function(
    solution=_scaled,
    inputs=[
        (CALIBRATION, np.array([4.0, 2.5, 6.0, 10.0, 14.0, 42.0])),
        (CALIBRATION, np.array([1.0, 0.5, 6.0, 9.0])),
    ],
    what="the result, a number for each of the scores,",
    mistakes={
        "that is the mistake itself: the lowest and the highest score are those of the "
        "batch. Take them from the calibration rows.": lambda c, s: _scaled(s, s),
        "the calibration rows are in, but so are the scores of the batch. Scale by the "
        "calibration rows alone.": lambda c, s: _scaled(np.concatenate([c, s]), s),
        "scores beyond the calibration rows are cut off. The scores 14 and 42 both get "
        "1, so that their order is lost. Let them pass 1.": (
            lambda c, s: np.minimum(_scaled(c, s), 1)
        ),
        "scores below all calibration rows are cut off. The scores 0.5 and 1 both get "
        "0, so that their order is lost. Let them "
        "fall below 0.": lambda c, s: np.maximum(_scaled(c, s), 0),
        "scores beyond the calibration rows are cut off, on both sides. The scores 14 "
        "and 42 both get 1, and 0.5 and 1 both get 0, so that their order is lost. Let "
        "them pass 1, and fall below 0.": lambda c, s: _scaled(c, s).clip(0, 1),
        "the highest calibration score becomes 1, but the lowest does not become 0. "
        "Subtract it first.": lambda c, s: s / c.max(),
        "divide by the range, which is the highest minus the lowest.": lambda c, s: (
            (s - c.min()) / c.max()
        ),
        "that is honest too, in standard deviations from the mean. Asked for is the "
        "scale on which the lowest calibration score "
        "is 0 and the highest 1.": lambda c, s: (s - c.mean()) / c.std(),
        "high and low are swapped: the highest score "
        "must come out highest.": lambda c, s: 1 - _scaled(c, s),
    },
    otherwise=lambda given, found, wanted: (
        "the calibration scores run from 2 to 10, so the score 6 lies in the middle "
        f"and should become 0.5. Yours becomes {found[2]:.3g}."
        if abs(found[2] - wanted[2]) > 0.001
        else f"the scores {given[1].tolist()} should become "
        f"{wanted.round(3).tolist()}. Yours become {found.round(3).tolist()}."
    ),
)


@exercise
def scale_by_calibration(function: Callable[[Scores, Scores], ArrayLike]) -> Verdict:
    """Check a function of calibration scores and scores that scales the scores."""
    SCALE_BY_CALIBRATION.judge(function)
    alone = call(function, CALIBRATION, np.array([6.0]))
    one = numbers(alone, (1,), "one score alone")
    return Answer(
        value=[0.5],
        otherwise=f"the score 6 becomes 0.5 in company and {one[0]:.3g} alone. Nothing "
        "of the other scores may enter.",
        right="a score keeps its number whatever company it is in, and the order stays, so "
        "that the AUROC does as well. Above 1 means: odder than any calibration row.",
    ).judge(one)
