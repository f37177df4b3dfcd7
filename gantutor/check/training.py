"""Checks of the exercises of notebook 03."""

import textwrap
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from gantutor.check._common import Answer, Verdict, exercise
from gantutor.check._reading import Off, call, is_near, number, numbers, share

__all__ = ["generator_half_right", "uphill", "wide_generator"]

REAL, TAKEN = -np.log(2 / 3), -np.log(1 / 3)
LOSS = REAL + TAKEN / 2


@exercise
def generator_half_right(probability: float, loss: float) -> Verdict:
    """Check what the best D says of a real row, and its loss, if half of G's rows are real."""
    said = share(probability, "the probability")
    Answer(
        value=2 / 3,
        within=0.004,
        mistakes={
            "that would be right if all of G's rows were where the real ones are. Half "
            "of them are, so q is only half as large as p there.": 0.5,
            "this is what D says of 'generated'. D* is p / (p + q).": 1 / 3,
            "D cannot be sure: half of G's rows lie among the real ones.": 1.0,
            "half of G's rows are as the real ones, so q = p / 2 there. Put that into "
            "p / (p + q).": 0.75,
        },
        otherwise=f"the probability is not {said:g}. How large is q where the real "
        "rows are? Put it into D* = p / (p + q).",
    ).judge(said)
    return Answer(
        value=LOSS,
        within=0.006,  # 0.95 and 0.96 are right to two digits
        so_far="the probability is right. ",
        mistakes={
            "In the loss, only half of the generated rows pay log 3: the others are "
            "recognised, and that is free.": REAL + TAKEN,
            "The script's loss is the sum of the two means, not their mean.": LOSS / 2,
            "The generated rows are missing in the loss.": REAL,
            "The real rows are missing in the loss.": TAKEN / 2,
            "This is 2 log 2, the loss of a D that can tell nothing.": 2 * np.log(2),
            "The loss takes the natural logarithm, np.log.": LOSS / np.log(2),
            "The loss takes the natural logarithm, and not the one to base 10.": LOSS
            / np.log(10),
            "A loss is a price: minus the logarithm.": -LOSS,
        },
        otherwise="The loss is not. Write down three prices: of a real row, of a "
        "generated row among the real ones, of one far away. Then take the mean of "
        "each kind.",
        right="D says 2/3, and its loss is 0.955, well below 2 log 2: a G that is "
        "right in half of its rows does not fool D into a coin.",
    ).judge(number(loss, "the loss"))


@exercise
def wide_generator(discriminator: Callable) -> Verdict:
    """Check a D that was trained on N(0, 1) against rows that are twice as wide."""
    if not callable(discriminator):
        given = textwrap.shorten(repr(discriminator), 60)
        raise Off(
            "a network is needed, and you passed "
            f"{type(discriminator).__name__} {given}. Hand over the trained D itself."
        )
    x = np.linspace(-2.5, 2.5, 101, dtype="float32")[:, None]
    found = numbers(call(discriminator, x), (101, 1), "the output for 101 rows")

    def far_from(theory: np.ndarray) -> float:
        return float(np.sqrt(np.mean((found - theory) ** 2)))

    theory, half = np.log(2) - 3 / 8 * x**2, 3 / 2 * x**2 - np.log(2)
    distance = far_from(theory)
    mistakes = {
        "this D has learned the line 0.5 - x: G's rows are still z + 1.": 0.5 - x,
        "the parabola is upside down. Which rows does the loss call real?": -theory,
        "these generated rows are half as wide as the real ones, not twice.": half,
        "these generated rows are twice as wide, but around 1. Their middle should be "
        "0.": np.log(2) - x**2 / 2 + (x - 1) ** 2 / 8,
        "D's logit is 0 everywhere, as if real and generated rows were alike, or as if "
        "D had learned nothing.": 0 * x,
        "the outputs lie between 0 and 1, like probabilities. The theory is about the "
        "logit.": 1 / (1 + np.exp(-theory)),
    }
    nearest, message = min((far_from(m), text) for text, m in mistakes.items())
    # Of the generated rows for which log p - log q is nearest to a parabola:
    square, slope, constant = np.polyfit(x[:, 0], found[:, 0], 2)
    narrow = max(1 + 2 * square, 0.05)
    middle, width = -slope / narrow, narrow**-0.5
    is_bell = narrow > 0.05 and far_from(np.polyval([square, slope, constant], x)) < 0.3
    advice = "Train"
    if is_bell:
        advice = (
            f"It fits generated rows around {middle:.1f} that are {width:.1f} times as "
            "wide as the real ones. Asked for are rows around 0, 2 times as wide: 2 * "
            "z. If yours are made so, train"
        )
    as_asked = distance < 0.15 and abs(middle) < 0.3 and 1.75 < width < 2.25
    return Answer(
        mistakes={
            message: nearest < min(distance, 0.4),
            f"between -2.5 and 2.5 the logit is {distance:.2f} away from log 2 - 3/8 "
            "x^2 (root mean "
            f"square). {advice} for 2000 steps with batches of 1024.": not as_asked,
            "the logit is right, but it comes from a function without weights, and "
            "nothing in it can have been trained. Train a discriminator, and hand over "
            "the network "
            "itself.": not len(getattr(discriminator, "trainable_variables", ())),
        },
        right="the logit is a hill, log 2 - 3/8 x^2: D now calls rows on both sides "
        "generated, and the score -logit would work as an anomaly score.",
    ).judge(found)


TOP, SLOPE = np.array([[1, -2, 3], [2, -1, 0.5]], dtype="float32")


def _hill(x: tf.Tensor) -> tf.Tensor:
    return -tf.reduce_sum((x - TOP) ** 2, axis=1, keepdims=True) / 2


def _plane(x: tf.Tensor) -> tf.Tensor:  # with the same slope everywhere
    return tf.matmul(x, SLOPE[:, None]) + 1.0


LOST = {
    "the gradient is None. A tape follows variables by itself; a tensor such as the "
    "rows it must be told "
    "to watch, before the network is called.": "^(Type|Value|Attribute)Error.*None",
    "the gradients of five rows have the shape (5, 3), and what meets them has (5,), "
    "one number a row without a column. The length must keep its column: "
    "keepdims=True.": r"^(Value|Invalid\w+)Error(?=.*[\[(]5, ?3[\])]).*[\[(]5,?[\])]",
}


@exercise
def uphill(function: Callable) -> Verdict:
    """Check a function of a network, rows and a distance that moves each row uphill."""
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    results = []
    for network, distance in ((_hill, 0.5), (_plane, 2.0)):
        result = call(function, network, tf.constant(x), distance, errors=LOST)
        results.append(numbers(result, (5, 3), "the result for rows of shape (5, 3)"))
    found, g = np.array(results), np.array([TOP - x, SLOPE + 0 * x])
    step = np.array([0.5, 2.0])[:, None, None] * g
    length, all_lengths = _norm(g, 2), _norm(g, (1, 2))
    value, by_one = x + step / length, x + g / length
    i = int(is_near(found[0], value[0], 1e-3))  # which of the two is off
    far = np.linalg.norm(found[i] - x, axis=1)
    return Answer(
        value=value,
        within=1e-3,
        mistakes={
            "the rows move downhill.": x - step / length,
            "the steps are as long as the gradient. Divide the gradient of each row by "
            "its length, so that each row moves by the distance.": x + step,
            "the steps are as long as the gradient of a mean. Divide the gradient of "
            "each "
            "row by its length, so that each row moves by the distance.": x + step / 5,
            "you divide by the length of all gradients together. Each row has a length "
            "of its own: sum the squares over axis 1.": x + step / all_lengths,
            "you sum the squares over the rows (axis 0). The length of a row's "
            "gradient is a sum over its columns (axis 1).": x + step / _norm(g, 1),
            "you divide by the squared length. Take its root.": x + step / length**2,
            "every column moves by the distance, so the row moves further. Use the "
            "gradient itself, not its signs.": x + step / abs(g),
            "you return the steps. Add them to the rows.": value - x,
            "every row has moved by a distance of 1, whatever is asked for.": by_one,
        },
        otherwise=f"asked for the distance {(0.5, 2.0)[i]}, the five rows move by "
        f"{far.min():.3f} to {far.max():.3f}, or not along the gradient. Try a network "
        "with a known slope, such as lambda x: tf.reduce_sum(2 * x, axis=1).",
        right="each row has moved by the same distance, and the output has grown. In "
        "training, this direction is all that G ever hears from D.",
    ).judge(found)


def _norm(gradients: np.ndarray, axis: int | tuple[int, int]) -> np.ndarray:
    return np.sqrt((gradients**2).sum(axis=axis, keepdims=True))
