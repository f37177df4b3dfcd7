"""The checks of notebook 03: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
import tensorflow as tf
from check_cases import Case, judged, tries

from gantutor import networks


def hill(width=2.0, middle=0.0):
    """The best logit for N(0, 1) against N(middle, width^2)."""

    def logit(x):
        return np.log(width) - x**2 / 2 + (x - middle) ** 2 / (2 * width**2)

    return logit


def untouched_line(x):
    return 0.5 - x


def upside_down(x):
    return -hill()(x)


def probability(x):
    return 1 / (1 + np.exp(-hill()(x)))


class Network:
    """A logit that comes from weights."""

    trainable_variables = (1.0,)

    def __init__(self, logit):
        self.logit = logit

    def __call__(self, x):
        return tf.constant(self.logit(x))


def untrained(x):
    with networks.initial_weights(0):
        return networks.dense_discriminator(1, hidden=(64, 64))(x)


def stub(network, rows, distance): ...


def gradient_of(network, rows):
    with tf.GradientTape() as tape:
        tape.watch(rows)
        output = network(rows)
    return tape.gradient(output, rows)


def solution(network, rows, distance):
    gradient = gradient_of(network, rows)
    return rows + distance * gradient / tf.norm(gradient, axis=1, keepdims=True)


def downhill(network, rows, distance):
    return 2 * rows - solution(network, rows, distance)


def as_long_as_the_gradient(network, rows, distance):
    return rows + distance * gradient_of(network, rows)


def of_a_mean(network, rows, distance):
    return as_long_as_the_gradient(lambda x: tf.reduce_mean(network(x)), rows, distance)


def all_together(network, rows, distance):
    gradient = gradient_of(network, rows)
    return rows + distance * gradient / tf.norm(gradient)


def wrong_axis(network, rows, distance):
    gradient = gradient_of(network, rows)
    return rows + distance * gradient / tf.norm(gradient, axis=0)


def squared_length(network, rows, distance):
    gradient = gradient_of(network, rows)
    return rows + distance * gradient / tf.reduce_sum(
        gradient**2, axis=1, keepdims=True
    )


def signs(network, rows, distance):
    return rows + distance * tf.sign(gradient_of(network, rows))


def not_watched(network, rows, distance):
    with tf.GradientTape() as tape:
        output = network(rows)
    gradient = tape.gradient(output, rows)
    return rows + distance * gradient / tf.norm(gradient, axis=1, keepdims=True)


CASES = [
    Case(
        "generator_half_right",
        (..., ...),
        [(0.667, 0.955), (0.67, 0.95), (0.667, 0.96), (2 / 3, 0.9548)],
        [
            ((0.5, 1.386), "only half as large as p"),
            ((1 / 3, 0.9), "'generated'"),
            ((1.0, 0.9), "cannot be sure"),
            ((0.75, 0.5), "q = p / 2"),
            ((0.6, 0.955), "How large is q"),
            ((67, 0.95), "between 0 and 1"),
            ((2 / 3, 1.504), "only half of the generated rows"),
            ((2 / 3, 0.477), "the sum of the two means"),
            ((2 / 3, 0.405), "generated rows are missing"),
            ((2 / 3, 0.549), "real rows are missing"),
            ((2 / 3, 1.386), "2 log 2"),
            ((2 / 3, 0.415), "base 10"),
            ((2 / 3, -0.955), "minus the logarithm"),
            ((2 / 3, 0.7), "three prices"),
        ],
    ),
    Case(
        "wide_generator",
        (...,),
        [(Network(hill()),), (Network(lambda x: hill()(x) + 0.15 * np.sin(3 * x)),)],
        [
            ((untouched_line,), "still z + 1"),
            ((upside_down,), "upside down"),
            ((hill(0.5),), "half as wide"),
            ((hill(2.0, middle=1.0),), "around 1"),
            ((lambda x: 0 * x,), "learned nothing"),
            ((probability,), "probabilities"),
            ((Network(lambda x: hill()(x) + 0.35),), "away from log 2"),
            ((Network(hill(1.0, middle=2.0)),), "around 2.0 that are 1.0 times"),
            ((Network(hill(1.3)),), "1.3 times as wide"),
            ((Network(hill(1.4)),), "1.4 times as wide"),
            ((Network(hill(1.5)),), "1.5 times as wide"),
            ((Network(hill(1.7)),), "1.7 times as wide"),
            ((Network(hill(2.5)),), "2.5 times as wide"),
            ((lambda x: np.sin(9 * x),), "2000 steps"),
            ((lambda x: hill()(x)[:, 0],), "shape (101, 1)"),
            ((hill(),), "without weights"),
            ((untrained,), "learned nothing"),
            ((0.69,), "a function is needed"),
        ],
    ),
    Case(
        "uphill",
        (stub,),
        [(solution,)],
        [
            ((downhill,), "downhill"),
            ((lambda n, r, d: solution(n, r, d) - r,), "Add them to the rows"),
            ((as_long_as_the_gradient,), "as long as the gradient."),
            ((of_a_mean,), "gradient of a mean"),
            ((all_together,), "all gradients together"),
            ((wrong_axis,), "axis 0"),
            ((squared_length,), "squared length"),
            ((signs,), "signs"),
            ((not_watched,), "told to watch"),
            ((lambda n, r, d: solution(n, r, 1.0),), "distance of 1"),
            ((lambda n, r, d: solution(n, r, 0.7 * d),), "move by 0.350 to 0.350"),
            ((lambda n, r, d: solution(n, r, 0.5),), "asked for the distance 2.0"),
            ((lambda n, r, d: tf.matmul(r, r),), "raised InvalidArgumentError"),
            ((3,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)
