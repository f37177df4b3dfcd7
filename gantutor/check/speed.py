"""Checks of the exercises of notebook 06."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gantutor.check._common import Answer, Function, Verdict, exercise
from gantutor.check._reading import Off, call, is_near, number, numbers
from gantutor.training import compile_block

__all__ = ["averaged_weights", "how_many_traces", "one_trace"]


@exercise
def how_many_traces(a: float, b: float, c: float) -> Verdict:
    """Check how often a function is traced: Python numbers, tensors, made anew."""
    Answer(
        value=6,
        so_far="(a): ",
        mistakes={
            "the last batch of an epoch has 100 rows, the others 300. Another shape is "
            "another graph.": 3,
            "epoch is a Python number. Each of its three values is another graph.": 2,
            "the graphs of one epoch are one for each shape, not one for each batch: a "
            "shape that was met before is not traced again.": 12,
            "two shapes and three numbers. Every pair of them is met, and each pair is "
            "a graph.": 5,
            "a graph serves other values of a tensor, but not another shape, and not "
            "another Python number.": 1,
        },
        otherwise="count the different pairs of a batch's shape and a value of epoch.",
    ).judge(number(a, "(a)"))
    Answer(
        value=2,
        so_far="(a) is right. (b): ",
        mistakes={
            "all tensors of one shape and type share a graph, whatever their value.": 6,
            "three values of one tensor need no graphs of their own, but there are two "
            "shapes of batches.": 3,
            "the last batch of an epoch has 100 rows, the others 300.": 1,
        },
        otherwise="the tensor has the same shape and type in each epoch. How many "
        "shapes do the batches have?",
    ).judge(number(b, "(b)"))
    return Answer(
        value=12,
        so_far="(a) and (b) are right. (c): ",
        mistakes={
            "a function that is made anew knows nothing of the graphs of the one "
            "before. How often is tf.function called?": 2,
            "the function is made anew for each batch, not for each epoch.": 3,
            "the new functions do not share graphs, though shapes and numbers come "
            "again.": 6,
            "an epoch has four batches, the last one with 100 rows.": 9,
        },
        otherwise="each pass of the inner loop makes a new function and calls it once. "
        "How many passes are there?",
        right="6, 2 and 12. One tensor in place of a number saves four graphs, and a "
        "function made inside the loop is traced at each of its calls.",
    ).judge(number(c, "(c)"))


@exercise
def one_trace(fast: Callable[..., Callable[..., tf.Tensor]]) -> Verdict:
    """Check that a function puts a loop over a step into one graph for all n."""
    calls: list[int] = []

    def step(x: tf.Tensor) -> tf.Tensor:
        calls.append(1)  # when Python is here: at each step, or while tracing
        return 0.9 * x + tf.sin(x)

    run, x = call(fast, step), tf.constant([0.5, -1.0, 2.0])
    counts, found = [], []
    for n in (3, 4, 20, 20):
        before = len(calls)
        result = call(run, x, tf.constant(n))
        counts.append(len(calls) - before)
        found.append(numbers(result, (3,), f"the result of run(x, {n})"))
    Function(
        solution=_repeated,
        inputs=[(3,), (4,), (20,)],
        mistakes={
            "run makes one step too many.": lambda n: _repeated(n + 1),
            "run makes one step less than it should.": lambda n: _repeated(n - 1),
            "run makes one step, whatever n is. Put the result of each step back into x, "
            "and return after the loop.": lambda n: _repeated(1),
            "run returns x as it was. Put the result of each step "
            "back into x.": lambda n: _repeated(0),
        },
        otherwise=lambda given, theirs, ours: (
            f"after {given[0]} steps x begins with {theirs[0]:.4f}, and slow gives "
            f"{ours[0]:.4f}. Compare the two loops line by line."
        ),
        within=1e-3,
    ).judge(dict(zip((3, 4, 20), found[:3], strict=True)).__getitem__)
    return Answer(
        so_far="the numbers are right, but ",
        mistakes={
            "the loop is still Python's: it calls step once for each step. Put "
            "@tf.function in front of run.": counts == [3, 4, 20, 20],
            "each new n writes a graph of its own, as long as n. Keep n a tensor, and "
            "loop over tf.range(n).": counts == [3, 4, 20, 0],
            "a graph is written in each call. Make the tf.function once, and not inside "
            "of the lines that run goes through.": any(counts[1:]),
            "only the step is a graph, and Python still calls it n times. The loop itself "
            "belongs into the tf.function.": not _runs_in_a_graph(run, x),
        },
        right="one graph serves every n, and its numbers are those of the slow loop.",
    ).judge(counts)


def _repeated(n: int) -> NDArray[np.float64]:
    x = np.array([0.5, -1.0, 2.0])
    for _ in range(n):
        x = 0.9 * x + np.sin(x)
    return x


def _runs_in_a_graph(run: Callable[..., tf.Tensor], x: tf.Tensor) -> bool:
    """Whether a function can be called when n is not known yet: a loop of Python cannot."""
    outer = tf.function(run, autograph=False)
    if isinstance(run, type(outer)):
        return True
    try:
        outer.get_concrete_function(x, tf.TensorSpec((), tf.int32))
    except (TypeError, tf.errors.OperatorNotAllowedInGraphError):
        return False
    return True


class _Network:
    """Two variables, in the place of a network."""

    def __init__(self) -> None:
        self.trainable_variables = [tf.Variable([1.0, -2.0]), tf.Variable(0.5)]


ROWS = np.linspace(0.5, 2, 6, dtype="float32")[:, None]


def _weights(n_steps: int) -> Iterator[NDArray[np.float64]]:
    """The weights of `_Network` at the start and after each step, in one array."""
    moved = np.cumsum([0.0, *ROWS[:n_steps, 0] + 0.25])
    yield from np.array([1.0, -2.0, 0.5]) + moved[:, None] * [1, 1, 2]


def _average(share: float, n_steps: int, into: str = "") -> NDArray[np.float64]:
    first, *others = _weights(n_steps)
    before = [first, *others][:-1]
    average = 0 * first if into == "zero" else first
    for old, new in zip(before, others, strict=True):
        w = old if into == "before" else new
        s = 1 - share if into == "swapped" else share
        average = s * average + (1 - s) * w
    return average


def _ran(
    averaged: Callable[..., Any], share: float, n_steps: int
) -> NDArray[np.float64]:
    """The averages that the reader's function keeps, after some steps in one block."""
    network = _Network()

    def step(x: tf.Tensor, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        way = tf.reduce_mean(x) + z
        for factor, w in zip((1.0, 2.0), network.trainable_variables, strict=True):
            w.assign_add(tf.ones_like(w) * factor * way)
        return way, 2 * way

    answer = call(averaged, step, network, share)
    if not (isinstance(answer, tuple | list) and len(answer) == 2):
        raise Off("return two things: the list of averages, and the new step.")
    averages, new_step = answer
    if callable(averages) and not callable(new_step):
        raise Off("the averages come first, and then the new step.")
    if not all(isinstance(a, tf.Variable) for a in averages) or len(averages) != 2:
        raise Off(
            "the averages must be a list of tf.Variable, one for each of "
            "network.trainable_variables: only a variable keeps its value from one step "
            "to the next in a graph."
        )
    if any(a is w for a in averages for w in network.trainable_variables):
        raise Off(
            "the averages are the network's own variables. Copy their values: "
            "tf.Variable(w)."
        )
    returned = []

    def noted(x: tf.Tensor, *noise: tf.Tensor) -> Any:
        returned.append(new_step(x, *noise))
        return returned[-1]

    rows = tf.range(n_steps, dtype=tf.int32)[:, None]
    noise, start = (tf.fill([n_steps], 0.25),), tf.constant(0)
    try:
        losses = compile_block(noted)(
            tf.constant(ROWS), rows, noise, start, tf.constant(n_steps)
        )
    except NotImplementedError as error:
        raise Off(
            "inside a graph a variable has no NumPy value yet. Keep to tensors: no "
            ".numpy(), no np functions."
        ) from error
    except (TypeError, ValueError) as error:
        if returned == [None]:
            raise Off(
                "the new step returns nothing. Return the losses of step."
            ) from error
        if "tf.Variable" not in str(error):
            raise
        raise Off(
            "variables are made inside of the new step. Make them before it."
        ) from error
    moved = np.concatenate([np.ravel(w) for w in network.trainable_variables])
    if np.allclose(moved, next(_weights(0))):
        raise Off("the weights stand still: the new step never calls step(x, *noise).")
    if not np.allclose(moved, [*_weights(n_steps)][-1], atol=1e-4):
        raise Off(
            "the network's weights are not those that step gives. Call step once, and "
            "assign to the averages, not to the weights."
        )
    if losses.shape != (n_steps, 2) or not np.allclose(losses[:, 1], 2 * losses[:, 0]):
        raise Off("the new step must return the losses of step, both of them.")
    return np.concatenate([np.ravel(a) for a in averages])


def _takes_any_noise(averaged: Callable[..., Any]) -> None:
    """Complain unless the new step hands two noises on to a step that needs two."""

    def step(x: tf.Tensor, z: tf.Tensor, epsilon: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tf.reduce_mean(x) + z, tf.reduce_mean(x) + epsilon

    _, new_step = call(averaged, step, _Network(), 0.9)
    advice = (
        "with a step of one noise the averages are right, but other steps take two, "
        "or more. Let the new step take x and *noise, and call step(x, *noise)."
    )
    try:
        losses = new_step(tf.constant(ROWS), tf.constant(1.0), tf.constant(2.0))
    except TypeError as error:
        raise Off(advice) from error
    wanted = ROWS.mean() + np.array([1.0, 2.0])
    if not is_near(np.array(losses, dtype=float), wanted):
        raise Off(advice)


@exercise
def averaged_weights(averaged: Callable[..., Any]) -> Verdict:
    """Check a function that adds a moving average of the weights to a step."""
    judged = Function(
        solution=_average,
        inputs=[(0.75, 1), (0.75, 4), (0.9, 6)],
        mistakes={
            "share and 1 - share are swapped: share is what stays of the "
            "average.": lambda share, n: _average(share, n, "swapped"),
            "the averages take up the weights as they were before "
            "the step. Call step first.": lambda share, n: _average(share, n, "before"),
            "the averages begin at 0. They begin with the present values of the "
            "weights: tf.Variable(w).": lambda share, n: _average(share, n, "zero"),
            "the averages have never changed. Use .assign on each of them, inside of the "
            "new step.": lambda share, n: next(_weights(0)),
            "the averages are the newest weights. What "
            "stays of the average itself?": lambda share, n: [*_weights(n)][-1],
            "the averages are plain means of all weights so far. Each "
            "step keeps the share of the average.": lambda share, n: np.mean(
                [*_weights(n)], axis=0
            ),
        },
        otherwise=lambda given, theirs, ours: (
            f"with the share {given[0]}, after {given[1]} steps the averages of a small "
            f"network are {np.round(theirs, 3)}, and should be {np.round(ours, 3)}. It "
            f"starts at {next(_weights(0))}, and its weights grow in each step."
        ),
        within=1e-3,
        right="the averages follow the weights slowly, inside the graph. This is what "
        "Adam's option ema_momentum does in the package.",
    ).judge(lambda share, n_steps: _ran(averaged, share, n_steps))
    _takes_any_noise(averaged)
    return judged
