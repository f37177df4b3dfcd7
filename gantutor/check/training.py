"""Checks of the exercises of notebook 03."""

import re
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gantutor.check._common import Answer, Function, Verdict, exercise
from gantutor.check._reading import Off, call, number, numbers, share

__all__ = ["generator_half_right", "uphill", "wide_generator"]

REAL_PRICE, TAKEN_PRICE = -np.log(2 / 3), -np.log(1 / 3)
LOSS = REAL_PRICE + TAKEN_PRICE / 2


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
        mistakes={
            "the probability is right. In the loss, only half of the generated rows "
            "pay log 3: the others are recognised, and "
            "that is free.": REAL_PRICE + TAKEN_PRICE,
            "the probability is right. The script's loss is the sum of the two means, "
            "not their mean.": LOSS / 2,
            "the probability is right. The generated "
            "rows are missing in the loss.": REAL_PRICE,
            "the probability is right. The real rows "
            "are missing in the loss.": TAKEN_PRICE / 2,
            "the probability is right. This is 2 log 2, the loss of a D that can tell "
            "nothing.": 2 * np.log(2),
            "the probability is right. The loss takes "
            "the natural logarithm, np.log.": LOSS / np.log(2),
            "the probability is right. The loss takes the natural logarithm, and not "
            "the one to base 10.": LOSS / np.log(10),
            "the probability is right. A loss is a price: minus the logarithm.": -LOSS,
        },
        near=0.004,
        otherwise="the probability is right, the loss is not. Write down three prices: "
        "of a real row, of a generated row among the real ones, of one far away. Then "
        "take the mean of each kind.",
        right="D says 2/3, and its loss is 0.955, well below 2 log 2: a G that is "
        "right in half of its rows does not fool D into a coin.",
    ).judge(number(loss, "the loss"))


@exercise
def wide_generator(discriminator: Callable[[NDArray], tf.Tensor]) -> Verdict:
    """Check a D that was trained on N(0, 1) against rows that are twice as wide."""
    if not callable(discriminator):
        given = textwrap.shorten(repr(discriminator), 60)
        raise Off(
            "a network is needed, and you passed "
            f"{type(discriminator).__name__} {given}. Hand over the trained D itself."
        )
    x = np.linspace(-2.5, 2.5, 101, dtype="float32")[:, None]
    found = numbers(call(discriminator, x), (101, 1), "the output for 101 rows")
    square = x.astype(float) ** 2

    def far_from(theory: NDArray) -> float:
        return float(np.sqrt(np.mean((found - theory) ** 2)))

    theory = np.log(2) - 3 / 8 * square
    distance = far_from(theory)
    mistakes = {
        "this D has learned the line 0.5 - x: G's rows are still z + 1.": 0.5 - x,
        "the parabola is upside down. Which rows does the loss call real?": -theory,
        "these generated rows are half as wide as the real ones, not twice.": 1.5
        * square
        - np.log(2),
        "these generated rows are twice as wide, but around 1. Their middle should be "
        "0.": np.log(2) - square / 2 + (x - 1) ** 2 / 8,
        "D's logit is 0 everywhere, as if real and generated rows were alike, or as if "
        "D had learned nothing.": 0 * square,
        "the outputs lie between 0 and 1, like probabilities. The theory is about the "
        "logit.": 1 / (1 + np.exp(-theory)),
    }
    nearest, message = min((far_from(m), text) for text, m in mistakes.items())
    middle, width = _generated_by(x[:, 0].astype(float), found[:, 0])
    advice = "Train for 2000 steps with batches of 1024."
    if np.isfinite(width):
        advice = (
            f"It fits generated rows around {middle:.1f} that are {width:.1f} times as "
            "wide as the real ones. Asked for are rows around 0, 2 times as wide: 2 * "
            "z. If yours are made so, train for 2000 steps with batches of 1024."
        )
    as_asked = distance < 0.15 and abs(middle) < 0.3 and 1.75 < width < 2.25
    return Answer(
        mistakes={
            message: nearest < min(distance, 0.4),
            f"between -2.5 and 2.5 the logit is {distance:.2f} away from log 2 - 3/8 "
            f"x^2 (root mean square). {advice}": not as_asked,
            "the logit is right, but it comes from a function without weights, and "
            "nothing in it can have been trained. Train a discriminator, and hand over "
            "the network itself.": not len(
                getattr(discriminator, "trainable_variables", ())
            ),
        },
        right="the logit is a hill, log 2 - 3/8 x^2: D now calls rows on both sides "
        "generated, and the score -logit would work as an anomaly score.",
    ).judge(found)


def _generated_by(x: NDArray, logit: NDArray) -> tuple[float, float]:
    """Middle and width of the bell curve q for which log p - log q is nearest to a logit.

    Both are nan if no bell curve is near.
    """
    square, slope, constant = np.polyfit(x, logit, 2)
    narrowness = 1 + 2 * square  # -log q(x) = x^2/2 + logit + ...
    fit = np.polyval([square, slope, constant], x)
    if narrowness <= 0.05 or np.sqrt(np.mean((logit - fit) ** 2)) > 0.3:
        return np.nan, np.nan
    return -slope / narrowness, narrowness**-0.5


def _moved(step: Callable[[NDArray], NDArray]) -> Callable[..., NDArray]:
    """A function like the reader's, with the step for a distance of 1 by the gradient."""

    def move(network: Callable, rows: tf.Tensor, distance: float) -> NDArray:
        with tf.GradientTape() as tape:
            tape.watch(rows)
            output = network(rows)
        return rows.numpy() + distance * step(tape.gradient(output, rows).numpy())

    return move


def _length(gradient: NDArray) -> NDArray:
    return np.linalg.norm(gradient, axis=1, keepdims=True)


STEPS: dict[str, Callable[[NDArray], NDArray]] = {
    "the rows move downhill.": lambda g: -g / _length(g),
    "the steps are as long as the gradient. Divide the gradient of each row by its "
    "length, so that each row moves by the distance.": lambda g: g,
    "the steps are as long as the gradient of a mean. Divide the gradient of each row "
    "by its length, so that each row moves by the distance.": lambda g: g / len(g),
    "you divide by the length of all gradients together. Each row has a length of its "
    "own: sum the squares over axis 1.": lambda g: g / np.linalg.norm(g),
    "you sum the squares over the rows (axis 0). The length of a row's gradient is a "
    "sum over its columns (axis 1).": lambda g: g / np.linalg.norm(g, axis=0),
    "you divide by the squared length. Take its root.": lambda g: g / _length(g) ** 2,
    "every column moves by the distance, so the row moves further. Use the gradient "
    "itself, not its signs.": np.sign,
}


def _complain_of_lost_column(error: Exception) -> None:
    """Raise `Off` if (5, 3) gradients met (5,) lengths, in TensorFlow or in NumPy."""
    told = str(error)
    if re.search(r"[\[(]5, ?3[\])]", told) and re.search(r"[\[(]5,?[\])]", told):
        raise Off(
            "the gradients of five rows have the shape (5, 3), and what meets them has "
            "(5,), one number a row without a column. The length must keep its column: "
            "keepdims=True."
        ) from error


@exercise
def uphill(function: Callable[..., tf.Tensor]) -> Verdict:
    """Check a function of a network, rows and a distance that moves each row uphill."""
    rows = tf.constant(np.random.default_rng(0).normal(size=(5, 3)), tf.float32)
    top, slope = tf.constant([[1.0, -2.0, 3.0]]), tf.constant([[2.0], [-1.0], [0.5]])
    solution = _moved(lambda g: g / _length(g))

    def hill(x: tf.Tensor) -> tf.Tensor:
        return -tf.reduce_sum((x - top) ** 2, axis=1, keepdims=True) / 2

    def plane(x: tf.Tensor) -> tf.Tensor:  # with the same slope everywhere
        return tf.matmul(x, slope) + 1.0

    def watched(network: Callable, rows: tf.Tensor, distance: float) -> Any:
        try:
            return call(function, network, rows, distance)
        except (TypeError, ValueError, AttributeError) as error:
            if "None" in str(error):
                raise Off(
                    "the gradient is None. A tape follows variables by itself; a "
                    "tensor such as the rows it must be told to watch, before the "
                    "network is called."
                ) from error
            if isinstance(error, ValueError):
                _complain_of_lost_column(error)
            raise
        except tf.errors.InvalidArgumentError as error:
            _complain_of_lost_column(error)
            raise

    def otherwise(given: tuple[Any, ...], found: NDArray, wanted: NDArray) -> str:
        far = np.linalg.norm(found - given[1], axis=1)
        return (
            f"asked for the distance {given[2]}, the five rows move by {far.min():.3f} "
            f"to {far.max():.3f}, or not along the gradient. Try a network with a "
            "known slope, such as lambda x: tf.reduce_sum(2 * x, axis=1)."
        )

    return Function(
        solution=solution,
        inputs=[(hill, rows, 0.5), (plane, rows, 2.0)],
        mistakes={said: _moved(step) for said, step in STEPS.items()}
        | {
            "you return the steps. Add them to the rows.": (
                lambda network, x, d: solution(network, x, d) - x
            ),
            "every row has moved by a distance of 1, "
            "whatever is asked for.": lambda network, x, _: solution(network, x, 1.0),
        },
        otherwise=otherwise,
        what="the result for rows of shape (5, 3)",
        within=1e-3,
        right="each row has moved by the same distance, and the output has grown. In "
        "training, this direction is all that G ever hears from D.",
    ).judge(watched)
