"""Checks of the exercises of notebook 03."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

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

__all__ = ["generator_half_right", "uphill", "wide_generator"]


@exercise
def generator_half_right(probability: float, loss: float) -> Verdict:
    """Check what the best D says and pays if half of G's rows are like real ones.

    Parameters
    ----------
    probability : float
        What the best D says of a real row.
    loss : float
        The discriminator's loss.

    Returns
    -------
    Verdict
    """
    probability = share(probability, "the probability")
    recognise(
        probability,
        {
            "that would be right if all of G's rows were where the real ones are. Half "
            "of them are, so q is only half as large as p there.": 0.5,
            "this is what D says of 'generated'. D* is p / (p + q).": 1 / 3,
            "D cannot be sure: half of G's rows lie among the real ones.": 1.0,
            "half of G's rows are as the real ones, so q = p / 2 there. Put that into "
            "p / (p + q).": 0.75,
        },
        atol=0.004,
    )
    if abs(probability - 2 / 3) > 0.004:
        raise Off(
            f"the probability is not {probability:g}. How large is q where the real rows "
            "are? Put it into D* = p / (p + q)."
        )
    loss = number(loss, "the loss")
    real, taken = -np.log(2 / 3), -np.log(1 / 3)
    expected = real + taken / 2
    recognise(
        loss,
        {
            "the probability is right. In the loss, only half of the generated rows pay "
            "log 3: the others are recognised, and that is free.": real + taken,
            "the probability is right. The script's loss is the sum of the two means, not "
            "their mean.": expected / 2,
            "the probability is right. The generated rows are missing in the loss.": real,
            "the probability is right. The real rows are missing in the loss.": taken
            / 2,
            "the probability is right. This is 2 log 2, the loss of a D that can tell "
            "nothing.": 2 * np.log(2),
            "the probability is right. The loss takes the natural logarithm, np.log.": (
                expected / np.log(2)
            ),
            "the probability is right. The loss takes the natural logarithm, and not the "
            "one to base 10.": expected / np.log(10),
            "the probability is right. A loss is a price: minus the logarithm.": -expected,
        },
        atol=0.004,
    )
    if abs(loss - expected) > 0.006:  # 0.95 and 0.96 are right to two digits
        raise Off(
            "the probability is right, the loss is not. Write down three prices: of a "
            "real row, of a generated row among the real ones, of one far away. Then take "
            "the mean of each kind."
        )
    return right(
        "D says 2/3, and its loss is 0.955, well below 2 log 2: a G that is right in half "
        "of its rows does not fool D into a coin."
    )


@exercise
def wide_generator(discriminator: Callable[[NDArray], tf.Tensor]) -> Verdict:
    """Check a D that was trained on N(0, 1) against rows that are twice as wide.

    Parameters
    ----------
    discriminator : callable
        Maps rows (n, 1) to logits (n, 1).

    Returns
    -------
    Verdict
    """
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
        "these generated rows are half as wide as the real ones, not twice.": (
            1.5 * square - np.log(2)
        ),
        "these generated rows are twice as wide, but around 1. Their middle should be 0.": (
            np.log(2) - square / 2 + (x - 1) ** 2 / 8
        ),
        "D's logit is 0 everywhere, as if real and generated rows were alike, or as if D "
        "had learned nothing.": 0 * square,
        "the outputs lie between 0 and 1, like probabilities. The theory is about the "
        "logit.": 1 / (1 + np.exp(-theory)),
    }
    nearest, message = min((far_from(m), text) for text, m in mistakes.items())
    if nearest < min(distance, 0.4):
        raise Off(message)
    if distance > 0.25:
        raise Off(
            f"between -2.5 and 2.5 the logit is {distance:.2f} away from log 2 - 3/8 x^2 "
            f"(root mean square). {_generated_by(x[:, 0].astype(float), found[:, 0])}"
        )
    return right(
        "the logit is a hill, log 2 - 3/8 x^2: D now calls rows on both sides generated, "
        "and the score -logit would work as an anomaly score."
    )


def _generated_by(x: NDArray, logit: NDArray) -> str:
    """What to look at, by the bell curve q for which log p - log q is nearest to a logit."""
    square, slope, constant = np.polyfit(x, logit, 2)
    narrowness = 1 + 2 * square  # -log q(x) = x^2/2 + logit + ...
    fit = np.polyval([square, slope, constant], x)
    if narrowness <= 0.05 or np.sqrt(np.mean((logit - fit) ** 2)) > 0.3:
        return "Train for 2000 steps with batches of 1024."
    return (
        f"It fits generated rows around {-slope / narrowness:.1f} that are "
        f"{narrowness**-0.5:.1f} times as wide as the real ones. Asked for are rows "
        "around 0, 2 times as wide: 2 * z. If yours are made so, train for 2000 steps "
        "with batches of 1024."
    )


@exercise
def uphill(function: Callable[..., tf.Tensor]) -> Verdict:
    """Check a step of each row in the direction in which a network's output grows fastest.

    Parameters
    ----------
    function : callable
        Maps a network, rows (n, d) and a distance to the moved rows (n, d).

    Returns
    -------
    Verdict
    """
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(5, 3)).astype("float32")
    slope = np.array([[2.0], [-1.0], [0.5]], dtype="float32")
    middle = np.array([[1.0, -2.0, 3.0]], dtype="float32")

    def plane(x: tf.Tensor) -> tf.Tensor:  # with the same slope everywhere
        return tf.matmul(x, slope) + 1.0

    def hill(x: tf.Tensor) -> tf.Tensor:  # its top is at `middle`
        return -tf.reduce_sum((x - middle) ** 2, axis=1, keepdims=True) / 2

    for network, gradient in ((hill, middle - rows), (plane, 0 * rows + slope[:, 0])):
        _is_uphill(function, network, rows, gradient)
    return right(
        "each row has moved by the same distance, and the output has grown. In training, "
        "this direction is all that G ever hears from D."
    )


def _is_uphill(
    function: Callable[..., tf.Tensor],
    network: Callable[[tf.Tensor], tf.Tensor],
    rows: NDArray,
    gradient: NDArray,
) -> None:
    """Complain unless the function moves rows along a gradient that is known."""
    try:
        moved = call(function, network, tf.constant(rows), 0.5)
    except (TypeError, ValueError, AttributeError) as error:
        if "None" in str(error):
            raise Off(
                "the gradient is None. A tape follows variables by itself; a tensor such "
                "as the rows it must be told to watch, before the network is called."
            ) from error
        raise
    found = numbers(moved, rows.shape, "the result for rows of shape (5, 3)")
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    step, n = 0.5 * gradient / length, len(rows)
    by_row = 0.5 * gradient / np.linalg.norm(gradient, axis=0)
    recognise(
        found,
        {
            "the rows move downhill.": rows - step,
            "you return the steps. Add them to the rows.": step,
            "the steps are as long as the gradient. Divide the gradient of each row by "
            "its length, so that each row moves by the distance.": rows
            + 0.5 * gradient,
            "the steps are as long as the gradient of a mean. Divide the gradient of each "
            "row by its length, so that each row moves by the distance.": (
                rows + 0.5 * gradient / n
            ),
            "you divide by the length of all gradients together. Each row has a length of "
            "its own: sum the squares over axis 1.": (
                rows + 0.5 * gradient / np.linalg.norm(gradient)
            ),
            "you sum the squares over the rows (axis 0). The length of a row's gradient "
            "is a sum over its columns (axis 1).": rows + by_row,
            "you divide by the squared length. Take its root.": (
                rows + 0.5 * gradient / length**2
            ),
            "every column moves by the distance, so the row moves further. Use the "
            "gradient itself, not its signs.": rows + 0.5 * np.sign(gradient),
            "every row has moved by a distance of 1, whatever is asked for.": (
                rows + 2 * step
            ),
        },
    )
    if not np.allclose(found, rows + step, rtol=1e-3, atol=1e-4):
        far = np.linalg.norm(found - rows, axis=1)
        raise Off(
            f"asked for the distance 0.5, the five rows move by {far.min():.3f} to "
            f"{far.max():.3f}, or not along the gradient. Try a network with a known "
            "slope, such as lambda x: tf.reduce_sum(2 * x, axis=1)."
        )
