"""Checks of the exercises of notebook 06."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from gantutor.check._common import Answer, Verdict, each, exercise, judge_function
from gantutor.check._reading import Off, call, is_near, number, refuse

__all__ = ["averaged_weights", "how_many_traces", "one_trace"]


@exercise
def how_many_traces(a: float, b: float, c: float) -> Verdict:
    """Check how often a function is traced: Python numbers, tensors, made anew."""
    a, b, c = each(number, a=a, b=b, c=c)
    return Answer(
        value=[6, 2, 12],
        mistakes={
            "(a): the last batch of an epoch has 100 rows, the others 300. Another shape is "
            "another graph.": a == 3,
            "(a): epoch is a Python number. Each of its three values is another "
            "graph.": a == 2,
            "(a): the graphs of one epoch are one for each shape, not one for each batch: a "
            "shape that was met before is not traced again.": a == 12,
            "(a): two shapes and three numbers. Every pair of them is met, and each pair is "
            "a graph.": a == 5,
            "(a): a graph serves other values of a tensor, but not another shape, and not "
            "another Python number.": a == 1,
            "(a): count the different pairs of a batch's shape and a value of epoch.": a
            != 6,
            "(a) is right. (b): all tensors of one shape and type share a graph, whatever "
            "their value.": b == 6,
            "(a) is right. (b): three values of one tensor need no graphs of their own, but "
            "there are two shapes of batches.": b == 3,
            "(a) is right. (b): the last batch of an epoch has 100 rows, the others "
            "300.": b == 1,
            "(a) is right. (b): the tensor has the same shape and type in each epoch. How "
            "many shapes do the batches have?": b != 2,
            "(a) and (b) are right. (c): a function that is made anew knows nothing of the "
            "graphs of the one before. How often is tf.function called?": c == 2,
            "(a) and (b) are right. (c): the function is made anew for each batch, not for "
            "each epoch.": c == 3,
            "(a) and (b) are right. (c): the new functions do not share graphs, though "
            "shapes and numbers come again.": c == 6,
            "(a) and (b) are right. (c): an epoch has four batches, the last one with 100 "
            "rows.": c == 9,
        },
        otherwise="(a) and (b) are right. (c): each pass of the inner loop makes a new "
        "function and calls it once. How many passes are there?",
        right="6, 2 and 12. One tensor in place of a number saves four graphs, and a "
        "function made inside the loop is traced at each of its calls.",
    ).judge([a, b, c])


def _slow(n: int) -> Answer:
    """What n steps of the slow loop give."""
    x = np.array([0.5, -1.0, 2.0])
    steps = [x]
    for _ in range(n + 1):
        steps.append(0.9 * steps[-1] + np.sin(steps[-1]))
    return Answer(
        value=steps[n],
        within=1e-3,
        mistakes={
            "run makes one step too many.": steps[n + 1],
            "run makes one step less than it should.": steps[n - 1],
            "run makes one step, whatever n is. Put the result of each step back into x, "
            "and return after the loop.": steps[1],
            "run returns x as it was. Put the result of each step back into x.": x,
        },
        otherwise=lambda found: (
            f"after {n} steps x begins with {found[0]:.4f}, and slow gives "
            f"{steps[n][0]:.4f}. Compare the two loops line by line."
        ),
        right="one graph serves every n, and its numbers are those of the slow loop.",
    )


@exercise
def one_trace(fast: Callable) -> Verdict:
    """Check that a function puts a loop over a step into one graph for all n."""
    calls, totals = [], []

    def step(x: tf.Tensor) -> tf.Tensor:
        calls.append(x)  # when Python is here: at each step, or while tracing
        return 0.9 * x + tf.sin(x)

    run, x = call(fast, step), tf.constant([0.5, -1.0, 2.0])

    def counted(n: int) -> tf.Tensor:
        result = call(run, x, tf.constant(n))
        totals.append(len(calls))
        return result

    inputs = [(3,), (4,), (20,), (20,)]
    verdict = judge_function(counted, _slow, inputs, "the result of run(x, n)")
    more = totals[-1] > totals[0]
    complaints = {
        "the numbers are right, but the loop is still Python's: it calls step once for each "
        "step. Put @tf.function in front of run.": totals == [3, 7, 27, 47],
        "the numbers are right, but each new n writes a graph of its own, as long as n. Keep "
        "n a tensor, and loop over tf.range(n).": totals == [3, 7, 27, 27],
        "the numbers are right, but a graph is written in each call. Make the tf.function "
        "once, and not inside of the lines that run goes through.": more,
    }
    refuse(complaints)
    # A loop of Python cannot run when n is not known yet.
    traced = tf.function(run, autograph=False).get_concrete_function
    unknown = tf.TensorSpec((), tf.int32)
    only_the_step = (
        "the numbers are right, but only the step is a graph, and Python still calls it n "
        "times. The loop itself belongs into the tf.function."
    )
    call(traced, x, unknown, errors={only_the_step: "^TypeError|^OperatorNotAllowed"})
    return verdict


STARTS, MOVES = np.array([[1, -2, 0.5], [1, 1, 2]], dtype="float32")


def _small() -> tuple[Callable, SimpleNamespace]:
    """A step, and what it trains: two variables in the place of a network."""
    first, second = tf.Variable(STARTS[:2]), tf.Variable(STARTS[2])

    def step(x: tf.Tensor, *noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        way = x + tf.add_n(noise)
        first.assign(first + way)
        second.assign(second + 2 * way)
        return way, 2 * way

    return step, SimpleNamespace(trainable_variables=[first, second])


def _averages(share: float, n_steps: int) -> Answer:
    """What the averages are after steps that move the weights by `MOVES`."""
    weights = STARTS + np.outer(range(n_steps + 1), MOVES)

    def follow(new: np.ndarray, share: float, average: np.ndarray) -> np.ndarray:
        for w in new:
            average = share * average + (1 - share) * w
        return average

    value = follow(weights[1:], share, weights[0])
    return Answer(
        value=value,
        within=1e-3,
        mistakes={
            "share and 1 - share are swapped: share is what stays of the "
            "average.": follow(weights[1:], 1 - share, weights[0]),
            "the averages take up the weights as they were before the step. Call step "
            "first.": follow(weights[:-1], share, weights[0]),
            "the averages begin at 0. They begin with the present values of the weights: "
            "tf.Variable(w).": follow(weights[1:], share, np.zeros(3)),
            "the averages have never changed. Use .assign on each of them, inside of the "
            "new step.": weights[0],
            "the averages are the newest weights. What stays of the average "
            "itself?": weights[-1],
            "the averages are plain means of all weights so far. Each step keeps the "
            "share of the average.": weights.mean(axis=0),
        },
        otherwise=lambda found: (
            f"with the share {share}, after {n_steps} steps the averages of a small "
            f"network are {np.round(found, 3)}, and should be {np.round(value, 3)}. It "
            f"starts at {weights[0]}, and its weights grow in each step."
        ),
        right="the averages follow the weights slowly, inside the graph. This is what "
        "Adam's option ema_momentum does in the package.",
    )


def _made(averaged: Callable, share: float) -> tuple[Any, Any, list]:
    """What the reader's function makes, and the weights that it averages."""
    step, network = _small()
    answer = call(averaged, step, network, share)
    if not (isinstance(answer, tuple | list) and len(answer) == 2):
        raise Off("return two things: the list of averages, and the new step.")
    averages, new_step = answer
    if callable(averages) and not callable(new_step):
        raise Off("the averages come first, and then the new step.")
    weights = network.trainable_variables
    complaints = {
        "the averages must be a list of tf.Variable, one for each of "
        "network.trainable_variables: only a variable keeps its value from one step to "
        "the next "
        "in a graph.": [isinstance(a, tf.Variable) for a in averages] != [True] * 2,
        "the averages are the network's own variables. Copy their values: "
        "tf.Variable(w).": any(a is w for a in averages for w in weights),
    }
    refuse(complaints)
    return averages, new_step, weights


IN_A_GRAPH = {
    "inside a graph a variable has no NumPy value yet. Keep to tensors: no .numpy(), no np "
    "functions.": "^NotImplementedError",
    "variables are made inside of the new step. Make them before "
    "it.": r"^(Type|Value)Error.*tf\.Variable",
}


@exercise
def averaged_weights(averaged: Callable) -> Verdict:
    """Check a function that adds a moving average of the weights to a step."""

    def ran(share: float, n_steps: int) -> np.ndarray:
        averages, new_step, weights = _made(averaged, share)

        @tf.function
        def run(*given: tf.Tensor) -> Any:
            losses = new_step(*given)
            return () if losses is None else losses

        for _ in range(n_steps):
            losses = call(run, tf.constant(0.75), tf.constant(0.25), errors=IN_A_GRAPH)
        nothing, both = is_near(losses, []), is_near(losses, [1, 2])
        moved = np.hstack(weights) - STARTS
        complaints = {
            "the new step returns nothing. Return the losses of step.": nothing,
            "the weights stand still: the new step never calls step(x, "
            "*noise).": not moved.any(),
            "the network's weights are not those that step gives. Call step once, and "
            "assign to the averages, not to the "
            "weights.": not is_near(moved, n_steps * MOVES),
            "the new step must return the losses of step, both of them.": not both,
        }
        refuse(complaints)
        return np.hstack(averages)

    inputs = [(0.75, 1), (0.75, 4), (0.9, 6)]
    verdict = judge_function(ran, _averages, inputs)
    advice = (
        "with a step of one noise the averages are right, but other steps take two, "
        "or more. Let the new step take x and *noise, and call step(x, *noise)."
    )
    _, new_step, _ = _made(averaged, 0.9)
    given = map(tf.constant, (0.5, 1.0, 2.0))
    losses = call(new_step, *given, errors={advice: "^TypeError"})
    refuse({advice: not is_near(losses, [3.5, 7.0])})
    return verdict
