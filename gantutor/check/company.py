"""Checks of the exercises of notebook 11."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from gantutor.check._common import Answer, Verdict, exercise
from gantutor.check._reading import Off, call, is_near, numbers

__all__ = ["batches_of_two", "normalised_alone", "scale_by_calibration"]


@exercise
def batches_of_two(near: list[float], far: list[float]) -> Verdict:
    """Check what a unit with the values (3, 7), and (3, 700), becomes in a batch of two."""
    of_near, of_far = numbers(near, (2,), "near"), numbers(far, (2,), "far")
    near_is_right = is_near(of_near, [-1, 1], 0.01)
    values = [3, 7, 3, 700]
    return Answer(
        value=[-1, 1, -1, 1],
        within=0.01,
        mistakes={
            "the mean is subtracted. Now divide by the standard deviation, which is "
            "half of the distance between the two.": [-2, 2, -348.5, 348.5],
            "that divides by the variance. Divide by its root, the standard "
            "deviation.": [-1 / 2, 1 / 2, -1 / 348.5, 1 / 348.5],
            "that is the standard deviation with n - 1 in it. Batch normalisation "
            "divides the sum of squares by n.": np.array([-1, 1, -1, 1]) / 2**0.5,
            "the signs are swapped: the smaller of two values lies below their mean, "
            "and becomes negative.": [1, -1, 1, -1],
            "these are the values themselves. In training mode the mean of the two is "
            "subtracted, and the result is divided by their standard "
            "deviation.": values,
            "that is a batch of one, where nothing is left. In a batch of two, how far "
            "is each value from the mean of both?": [0, 0, 0, 0],
            "near is right. For 3 and 700 the mean and the standard deviation are both "
            "of these two numbers again: compute "
            "them.": near_is_right and not is_near(of_far, [-1, 1], 0.01),
        },
        otherwise="the mean of 3 and 7 is 5, and the standard deviation is 2 (the root "
        "of the mean of (3 - 5)^2 and (7 - 5)^2). Subtract the one, divide by the "
        "other; then the same for 3 and 700.",
        right="which of the two is larger is all that is left: 7 and 700 become the "
        "same number. The row's only neighbour decides what it looks like.",
    ).judge([*of_near, *of_far])


@exercise
def normalised_alone(encoder: keras.Model) -> Verdict:
    """Check an encoder that normalises, and does the same to a row in any company."""
    if not isinstance(encoder, keras.Model):
        raise Off(
            f"a network is needed, and you passed {type(encoder).__name__}. Hand over "
            "what encoder_with(...) returns."
        )
    shapes = encoder.input_shape, encoder.output_shape
    if shapes != ((None, 10), (None, 10)):
        raise Off(
            f"the encoder maps {shapes[0]} to {shapes[1]}. Ten columns in and ten "
            "latent numbers out are asked for, as in the lesson."
        )
    kinds = [type(layer).__name__ for layer in encoder.layers]
    rows = tf.constant(np.random.default_rng(0).normal(size=(20, 10)), tf.float32)
    once, again = (np.asarray(encoder(rows, training=True)) for _ in range(2))
    alone = np.concatenate([encoder(row[None], training=True) for row in rows])
    return Answer(
        mistakes={
            "there is still a BatchNormalization in it, which takes its mean over the "
            "rows of the batch. Look for a layer that takes it over the units of one "
            "row.": "BatchNormalization" in kinds,
            "two calls in training mode give different latent points. Something random "
            "is left in the encoder: take the dropout or the noise "
            "out.": not is_near(once, again, 1e-4),
            "in training mode a row alone gets another latent point than in a batch of "
            "20. Over what does the layer take its mean: rows, or the units of one "
            "row?": not is_near(once, alone, 1e-3),
            "no row depends on its company, because nothing is normalised any more. "
            "Asked for is a layer that normalises each row by "
            "itself.": "ormalization" not in "".join(kinds),
        },
        right="mean and standard deviation are those of the units of one row, in "
        "training and in use. A forgotten switch does no harm then. Whether it detects "
        "as well is another question: measure it.",
    ).judge(once)


def _scaled(calibration: np.ndarray, scores: np.ndarray, cut: bool = False) -> Answer:
    low, high = calibration.min(), calibration.max()
    everything, above = [*calibration, *scores], scores - low
    scaled = above / (high - low)
    return Answer(
        value=scaled,
        mistakes={
            "scores beyond the calibration rows are cut off, on both sides. The scores "
            "14 and 42 both get 1, and 0.5 and 1 both get 0, so that their order is "
            "lost. Let them pass 1, and fall below 0.": cut,
            "that is the mistake itself: the lowest and the highest score are those of "
            "the batch. Take them from the calibration "
            "rows.": (scores - scores.min()) / np.ptp(scores),
            "the calibration rows are in, but so are the scores of the batch. Scale by "
            "the calibration rows "
            "alone.": (scores - min(everything)) / np.ptp(everything),
            "scores beyond the calibration rows are cut off. The scores 14 and 42 both "
            "get 1, so that their order is lost. Let them pass 1.": scaled.clip(max=1),
            "scores below all calibration rows are cut off. The scores 0.5 and 1 both "
            "get 0, so that their order is lost. Let them fall below "
            "0.": scaled.clip(min=0),
            "the highest calibration score becomes 1, but the lowest does not become "
            "0. Subtract it first.": scores / high,
            "divide by the range, which is the highest minus the lowest.": above / high,
            "that is honest too, in standard deviations from the mean. Asked for is "
            "the scale on which the lowest calibration score is 0 and the highest "
            "1.": (scores - calibration.mean()) / calibration.std(),
            "high and low are swapped: the highest score must come out highest.": 1
            - scaled,
        },
        otherwise=lambda found: (
            "the calibration scores run from 2 to 10, so the score 6 lies in the "
            f"middle and should become 0.5. Yours becomes {found[2]:.3g}."
            if abs(found[2] - 0.5) > 0.001
            else f"the scores {scores.tolist()} should become "
            f"{scaled.round(3).tolist()}. Yours become {found.round(3).tolist()}."
        ),
    )


@exercise
def scale_by_calibration(function: Callable) -> Verdict:
    """Check a function of calibration scores and scores that scales the scores."""
    calibration = np.array([3.0, 2.0, 7.0, 4.0, 10.0])
    batches = np.array([4.0, 2.5, 6.0, 10, 14, 42]), np.array([1.0, 0.5, 6, 9])
    what = "the result, a number for each of the scores,"
    results, cut = [], True
    for scores in batches:
        results.append(numbers(call(function, calibration, scores), scores.shape, what))
        cut &= is_near(results[-1], _scaled(calibration, scores).value.clip(0, 1))
    for scores, found in zip(batches, results, strict=True):
        _scaled(calibration, scores, cut).judge(found)
    alone = call(function, calibration, np.array([6.0]))
    one = numbers(alone, (1,), "one score alone")
    return Answer(
        value=[0.5],
        otherwise=f"the score 6 becomes 0.5 in company and {one[0]:.3g} alone. Nothing "
        "of the other scores may enter.",
        right="a score keeps its number whatever company it is in, and the order "
        "stays, so that the AUROC does as well. Above 1 means: odder than any "
        "calibration row.",
    ).judge(one)
