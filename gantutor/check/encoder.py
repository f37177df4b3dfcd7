"""Checks of the exercises of notebook 09."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gantutor.check._common import Answer, Verdict, each, exercise, first_off, results
from gantutor.check._reading import fitted_on, is_near, number, numbers
from gantutor.data import ladder

__all__ = ["against_the_mean", "fewer_latent_dimensions", "two_trainings"]


@exercise
def two_trainings(after_izi: list[float], after_ziz: list[float]) -> Verdict:
    """Check the weights (a, b) of a linear encoder after izi, and after ziz."""
    izi = numbers(after_izi, (2,), "after_izi")
    ziz = numbers(after_ziz, (2,), "after_ziz")
    izi_right, ziz_right = is_near(izi, [1, 0], 0.01), is_near(ziz, [1, 0.5], 0.01)
    stays = "b is multiplied by the second column of a generated row, which is always 0"
    return Answer(
        value=[1, 0, 1, 0.5],
        within=0.01,
        mistakes={
            "the two are swapped. Which training ever sees a second column that is not "
            "0?": [1, 0.5, 1, 0],
            f"a is right twice, and so is b after izi. In ziz, {stays}. So what is the "
            "gradient of b, and where does b end?": [1, 0, 1, 0],
            "a is right twice, and so is b after ziz. In izi the encoder sees real "
            "rows, and b v moves E away from u by a random amount. Which b makes that "
            "smallest?": [1, 0.5, 1, 0.5],
            "a moves in both trainings: it is what ties z, or u, to the answer. Put E "
            "into the losses and look for the a that makes them 0, or "
            "smallest.": 0.5 in (izi[0], ziz[0]),
            "after izi: the row comes back as (E, 0), so E should be near u. v is "
            "independent of u, so it can only blur E. What does that say of "
            "b?": ziz_right and not izi_right,
            f"after ziz: E(G(z)) = a z + b 0 should be z. That fixes a; {stays}, so "
            "nothing moves it.": izi_right and not ziz_right,
        },
        otherwise="write the losses down. izi: the mean of (u - E)^2 + v^2 with E = a "
        "u + b v. ziz: the mean of (z - a z - b 0)^2. Which a and b make each as small "
        "as possible, and which of them does the loss not depend on?",
        right="izi finds that v tells nothing of u, and sets b to 0. ziz never sees a "
        "v that is not 0, so b stays where it began, and the encoder is off by v/2 on "
        "every real row. That is the price of practising on generated rows alone.",
    ).judge([*izi, *ziz])


@exercise
def fewer_latent_dimensions(
    detector: Any, left_of_normal: float, left_of_odd: float
) -> Verdict:
    """Check how much is left of rows on `shift` with four latent dimensions, not ten."""
    found = each(number, left_of_normal=left_of_normal, left_of_odd=left_of_odd)
    normal, odd = ladder("shift", 1.0, n_normal=1600, n_abnormal=400)
    fitted_on(detector, normal[:800], "the training rows of the lesson")

    def mean_squares(rows: np.ndarray) -> np.ndarray:
        """Of each row: of its residual, and of its columns, both scaled."""
        change, offset = rows - detector.reconstruct(rows), rows - detector.center_
        return np.square([change, offset] / detector.scale_).mean(axis=2)

    kinds = mean_squares(normal[800:]), mean_squares(odd)
    rest, size = np.transpose([kind.mean(axis=1) for kind in kinds])
    left = rest / size
    learned = np.divide(*mean_squares(normal[:800]).mean(axis=1))
    i = int(is_near(found[0], left[0], 0.002))  # the first that is off
    name, given = ("left_of_normal", "left_of_odd")[i], found[i]
    return Answer(
        value=left,
        within=0.002,
        mistakes={
            f"the detector has the latent_dim {detector.latent_dim}. Four are asked "
            "for.": detector.latent_dim != 4,
            "the mean residuals are not divided yet. An anomaly is larger to begin "
            "with, so divide each by the mean square of the scaled columns of its own "
            "kind.": rest,
            "both residuals are divided by the mean square of all test rows. Each kind "
            "has a mean square of its own, and that of the anomalies is about twice as "
            "large.": rest / np.average(size, weights=(800, 400)),
            "both residuals are divided by the mean square of the normal rows. Divide "
            "that of the anomalies by the mean square of the "
            "anomalies.": rest / size[0],
            "these are the shares that are rebuilt. Asked for are the shares that are "
            "left: one minus yours.": 1 - left,
            "these are percentages. Shares are asked for: 90 % is 0.9.": 100 * left,
            "these are medians. Take means, of the residual and of the square: the "
            "rows that are rebuilt worst count as "
            "well.": [np.median(r) / np.median(s) for r, s in kinds],
            "these are medians of a ratio for each row. Take the mean residual of a "
            "kind and its mean square first, and divide "
            "once.": [np.median(r / s) for r, s in kinds],
            "these are means of a ratio for each row, in which a row near the middle "
            "counts as much as one far out. Take the mean residual of a kind and its "
            "mean square first, and divide once.": [np.mean(r / s) for r, s in kinds],
            "left_of_normal is that of the training rows. Take the normal rows among "
            "the test rows.": (learned, left[1]),
            "a larger share of the anomalies than of the normal rows? Look whether the "
            "two are swapped: left_of_normal belongs to the label 0.": left[::-1],
            f"{name} is {given:.3f}, which is what ten latent dimensions leave. Do the "
            "numbers come from the detector that you hand over?": 0 < given < 0.15,
            f"{name} is {given:.3f}: hardly anything would be rebuilt. Is the residual "
            "computed on scaled rows, and a mean over the columns, not a "
            "sum?": given > 0.85,
        },
        otherwise=f"{name} is {given:.3f}, which four latent dimensions do not give "
        "here. Divide the mean residual of each kind by the mean square of the scaled "
        "columns of the same kind, both over the test rows.",
        right="of an anomaly about half is left now, but of a normal row no less. The "
        "squares of an anomaly are twice as large, so the amount that is left of it is "
        "larger. That difference is all that the residual has to go by.",
    ).judge(found)


@exercise
def against_the_mean(function: Callable) -> Verdict:
    """Check a function of two lists of AUROCs: the share of seeds against the mean."""
    inputs = [
        (np.array([0.9, 0.8, 0.85, 0.7]), np.array([0.6, 0.82, 0.86, 0.7])),
        (np.array([0.5, 0.9, 0.8]), np.array([0.9, 0.7, 0.85])),
        (np.array([0.8, 0.9]), np.array([0.7, 0.6])),
    ]
    found, wanted = results(function, inputs), [1 / 2, 1 / 3, 0]
    i = first_off(found, wanted)
    a, b = inputs[i]
    return Answer(
        value=wanted,
        mistakes={
            "this is the number of seeds. Divide by how many there are.": [2, 1, 0],
            "these are the seeds that say the same as the mean. Asked for are those "
            "that say the opposite.": [1 / 4, 2 / 3, 1],
            "a seed on which both are equal is counted. It says nothing, so it does "
            "not contradict.": [3 / 4, 1 / 3, 0],
            "these are the seeds that say the opposite of the median difference. One "
            "large difference can turn the mean: take the mean.": [1 / 4, 1 / 3, 0],
            "this is the share of seeds on which b is ahead, whatever the mean says. "
            "If the mean is in favour of b, those seeds agree.": [1 / 2, 2 / 3, 0],
            "this is the share of seeds on which a is ahead, whatever the mean says. "
            "If the mean is in favour of a, those seeds agree.": [1 / 4, 1 / 3, 1],
            "the two lists are sorted, so that their entries no longer belong to one "
            "seed. Take the difference seed by seed first.": [0, 0, 0],
        },
        otherwise=f"for a = {a.tolist()} and b = {b.tolist()} the differences are "
        f"{(a - b).round(2).tolist()} with the mean {(a - b).mean():.3f}, so the share "
        f"is {wanted[i]:.3g}. Yours is {found[i]:.3g}.",
        right="with a share like one half, a single seed is a coin. Report the mean, "
        "the single differences, and this share.",
    ).judge(found)
