"""Checks of the exercises of notebook 06."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from gantutor.check._common import Answer, Verdict, each, exercise, first_off, right
from gantutor.check._reading import Off, call, is_near, number, numbers, refuse

__all__ = ["averaged_weights", "how_many_traces", "one_trace"]


@exercise
def how_many_traces(a: float, b: float, c: float) -> Verdict:
    """Check how often a function is traced: Python numbers, tensors, made anew."""
    a, b, c = each(number, a=a, b=b, c=c)
    return Answer(
        value=[6, 2, 12],
        mistakes={
            "(a): the last batch of an epoch has 100 rows, the others 300. Another "
            "shape is another graph.": a == 3,
            "(a): epoch is a Python number. Each of its three values is another "
            "graph.": a == 2,
            "(a): the graphs of one epoch are one for each shape, not one for each "
            "batch: a shape that was met before is not traced again.": a == 12,
            "(a): two shapes and three numbers. Every pair of them is met, and each "
            "pair is a graph.": a == 5,
            "(a): a graph serves other values of a tensor, but not another shape, and "
            "not another Python number.": a == 1,
            "(a): count the different pairs of a batch's shape and a value of epoch.": a
            != 6,
            "(a) is right. (b): all tensors of one shape and type share a graph, "
            "whatever their value.": b == 6,
            "(a) is right. (b): three values of one tensor need no graphs of their "
            "own, but there are two shapes of batches.": b == 3,
            "(a) is right. (b): the last batch of an epoch has 100 rows, the others "
            "300.": b == 1,
            "(a) is right. (b): the tensor has the same shape and type in each epoch. "
            "How many shapes do the batches have?": b != 2,
            "(a) and (b) are right. (c): a function that is made anew knows nothing of "
            "the graphs of the one before. How often is tf.function called?": c == 2,
            "(a) and (b) are right. (c): the function is made anew for each batch, not "
            "for each epoch.": c == 3,
            "(a) and (b) are right. (c): the new functions do not share graphs, though "
            "shapes and numbers come again.": c == 6,
            "(a) and (b) are right. (c): an epoch has four batches, the last one with "
            "100 rows.": c == 9,
        },
        otherwise="(a) and (b) are right. (c): each pass of the inner loop makes a new "
        "function and calls it once. How many passes are there?",
        right="6, 2 and 12. One tensor in place of a number saves four graphs, and a "
        "function made inside the loop is traced at each of its calls.",
    ).judge([a, b, c])


@exercise
def one_trace(fast: Callable) -> Verdict:
    """Check that a function puts a loop over a step into one graph for all n."""
    calls, totals, results = [], [], []

    def step(x: tf.Tensor) -> tf.Tensor:
        calls.append(x)  # when Python is here: at each step, or while tracing
        return 0.9 * x + tf.sin(x)

    run, x = call(fast, step), tf.constant([0.5, -1.0, 2.0])
    n_steps = np.array([3, 4, 20, 20])
    for n in n_steps:
        result = call(run, x, tf.constant(n, tf.int32))
        results.append(numbers(result, (3,), f"the result of run(x, {n})"))
        totals.append(len(calls))
    found, slow = np.array(results), x.numpy()[None]
    for _ in range(21):
        slow = np.append(slow, 0.9 * slow[-1:] + np.sin(slow[-1:]), axis=0)
    value, first = slow[n_steps], slow[[0] * 4]
    i = first_off(found.sum(axis=1), value.sum(axis=1))
    Answer(
        value=value,
        within=1e-3,
        mistakes={
            "run makes one step too many.": slow[n_steps + 1],
            "run makes one step less than it should.": slow[n_steps - 1],
            "run makes one step, whatever n is. Put the result of each step back into "
            "x, and return after the loop.": slow[[1] * 4],
            "run returns x as it was. Put the result of each step back into x.": first,
        },
        otherwise=f"after {n_steps[i]} steps x begins with {found[i, 0]:.4f}, and slow "
        f"gives {value[i, 0]:.4f}. Compare the two loops line by line.",
    ).judge(found)
    more = totals[-1] > totals[0]
    Answer(
        so_far="the numbers are right, but ",
        mistakes={
            "the loop is still Python's: it calls step once for each step. Put "
            "@tf.function in front of run.": totals == [3, 7, 27, 47],
            "each new n writes a graph of its own. Keep n a tensor, and loop over "
            "tf.range(n).": totals[0] < totals[2] == totals[3],
            "a graph is written in each call. Make the tf.function once, and not "
            "inside of the lines that run goes through.": more,
        },
    ).judge(totals)
    # A loop of Python cannot run when n is not known yet.
    traced = tf.function(run, autograph=False).get_concrete_function
    unknown = tf.TensorSpec((), tf.int32)
    only_the_step = (
        "the numbers are right, but only the step is a graph, and Python still calls "
        "it n times. The loop itself belongs into the tf.function."
    )
    call(traced, x, unknown, errors={only_the_step: "^TypeError|^OperatorNotAllowed"})
    return right(
        "one graph serves every n, and its numbers are those of the slow loop."
    )


IN_A_GRAPH = {
    "inside a graph a variable has no NumPy value yet. Keep to tensors: no .numpy(), "
    "no np functions.": "^NotImplementedError",
    "variables are made inside of the new step. Make them before "
    "it.": r"^(Type|Value)Error.*tf\.Variable",
}


def _follow(new: np.ndarray, average: np.ndarray, share: float = 0.75) -> np.ndarray:
    """The moving averages of new weights."""
    averages = [average]
    for weights in new:
        averages.append(share * averages[-1] + (1 - share) * weights)
    return np.array(averages[1:])


@exercise
def averaged_weights(averaged: Callable) -> Verdict:
    """Check a function that adds a moving average of the weights to a step."""
    own = [tf.Variable([1.0, -2.0]), tf.Variable(0.5)]  # in the place of a network's

    def step(x: tf.Tensor, *noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        way = x + tf.add_n(noise)
        own[0].assign(own[0] + way)
        own[1].assign(own[1] + 2 * way)
        return way, 2 * way

    answer = call(averaged, step, SimpleNamespace(trainable_variables=own), 0.75)
    if not (isinstance(answer, tuple | list) and len(answer) == 2):
        raise Off("return two things: the list of averages, and the new step.")
    averages, new_step = answer
    if callable(averages) and not callable(new_step):
        raise Off("the averages come first, and then the new step.")
    variables = [a for a in averages if isinstance(a, tf.Variable)]
    complaints = {
        "the averages must be a list of tf.Variable, one for each of "
        "network.trainable_variables: only a variable keeps its value from one step to "
        "the next in a graph.": len(averages) != 2 or len(variables) != 2,
        "the averages are the network's own variables. Copy their values: "
        "tf.Variable(w).": any(a is w for a in averages for w in own),
    }
    refuse(complaints)

    @tf.function
    def run(*given: tf.Tensor) -> Any:
        losses = new_step(*given)
        return () if losses is None else losses

    results = []
    for _ in range(4):
        losses = call(run, tf.constant(0.75), tf.constant(0.25), errors=IN_A_GRAPH)
        results.append(np.hstack(averages))
    weights = np.array([1.0, -2.0, 0.5]) + np.outer(range(5), [1, 1, 2])
    start, new, moved, found = (
        weights[0],
        weights[1:],
        np.hstack(own),
        np.array(results),
    )
    value = _follow(new, start)
    nothing, both = is_near(losses, []), is_near(losses, [1, 2])
    i = first_off(found.sum(axis=1), value.sum(axis=1))
    verdict = Answer(
        value=value,
        within=1e-3,
        mistakes={
            "the new step returns nothing. Return the losses of step.": nothing,
            "the weights stand still: the new step never calls step(x, "
            "*noise).": is_near(moved, start),
            "the network's weights are not those that step gives. Call step once, and "
            "assign to the averages, not to the weights.": not is_near(moved, new[-1]),
            "the new step must return the losses of step, both of them.": not both,
            "share and 1 - share are swapped: share is what stays of the "
            "average.": _follow(new, start, 0.25),
            "the averages take up the weights as they were before the step. Call step "
            "first.": _follow(weights[:-1], start),
            "the averages begin at 0. They begin with the present values of the "
            "weights: tf.Variable(w).": _follow(new, 0 * start),
            "the averages have never changed. Use .assign on each of them, inside of "
            "the new step.": weights[[0] * 4],
            "the averages are the newest weights. What stays of the average "
            "itself?": new,
            "the averages are plain means of all weights so far. Each step keeps the "
            "share of the average.": (weights[:1] + new) / 2,
        },
        otherwise=f"with the share 0.75, after {i + 1} steps the averages of a small "
        f"network are {np.round(found[i], 3)}, and should be {np.round(value[i], 3)}. "
        f"It starts at {start}, and its weights grow in each step.",
        right="the averages follow the weights slowly, inside the graph. This is what "
        "Adam's option ema_momentum does in the package.",
    ).judge(found)
    advice = (
        "with a step of one noise the averages are right, but other steps take two, "
        "or more. Let the new step take x and *noise, and call step(x, *noise)."
    )
    given = map(tf.constant, (0.5, 1.0, 2.0))
    losses = call(new_step, *given, errors={advice: "^TypeError"})
    refuse({advice: not is_near(losses, [3.5, 7.0])})
    return verdict
