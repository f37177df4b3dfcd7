"""The checks of notebook 06: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
import tensorflow as tf
from check_cases import Case, judged, tries


def stub(*arguments): ...


def fast(step):
    @tf.function
    def run(x, n):
        for _ in tf.range(n):
            x = step(x)
        return x

    return run


def by_while(step):
    def run(x, n):
        i = tf.constant(0)
        while i < n:
            x, i = step(x), i + 1
        return x

    return tf.function(run)


def wrapped(step):
    inner = fast(step)

    def run(x, n):
        return inner(x, n)

    return run


def still_slow(step):
    def run(x, n):
        for _ in range(n):
            x = step(x)
        return x

    return run


def only_the_step(step):
    return still_slow(tf.function(step))


def made_in_each_call(step):
    def run(x, n):
        return fast(step)(x, n)

    return run


def a_number_for_each_call(step):
    inner = tf.function(still_slow(step))

    def run(x, n):
        return inner(x, int(n))

    return run


def a_number_for_each_loop(step):
    inner = fast(step)
    return lambda x, n: inner(x, int(n))


def one_more(step):
    return lambda x, n: fast(step)(x, n + 1)


def one_less(step):
    return lambda x, n: fast(step)(x, n - 1)


def not_put_back(step):
    @tf.function
    def run(x, n):
        for _ in tf.range(n):
            step(x)
        return x

    return run


def only_once(step):
    return lambda x, n: step(x)


def twice_the_step(step):
    return lambda x, n: fast(step)(x, 2 * n)


def averaged(step, network, share, begin=lambda w: w, weigh=None):
    averages = [tf.Variable(begin(w)) for w in network.trainable_variables]
    weigh = weigh or (lambda a, w: share * a + (1 - share) * w)

    def new_step(x, *noise):
        losses = step(x, *noise)
        for a, w in zip(averages, network.trainable_variables, strict=True):
            a.assign(weigh(a, w))
        return losses

    return averages, new_step


def from_zero(step, network, share):
    return averaged(step, network, share, begin=tf.zeros_like)


def swapped(step, network, share):
    return averaged(step, network, 1 - share)


def newest(step, network, share):
    return averaged(step, network, share, weigh=lambda a, w: w)


def never(step, network, share):
    return averaged(step, network, share)[0], step


def half_of_each(step, network, share):
    return averaged(step, network, 0.5)


def before_the_step(step, network, share):
    averages = [tf.Variable(w) for w in network.trainable_variables]

    def new_step(x, *noise):
        for a, w in zip(averages, network.trainable_variables, strict=True):
            a.assign(share * a + (1 - share) * w)
        return step(x, *noise)

    return averages, new_step


def plain_mean(step, network, share):
    count = tf.Variable(1.0)
    averages = [tf.Variable(w) for w in network.trainable_variables]

    def new_step(x, *noise):
        losses = step(x, *noise)
        count.assign_add(1.0)
        for a, w in zip(averages, network.trainable_variables, strict=True):
            a.assign_add((w - a) / count)
        return losses

    return averages, new_step


def own_variables(step, network, share):
    return network.trainable_variables, averaged(step, network, share)[1]


def arrays(step, network, share):
    averages = [w.numpy() for w in network.trainable_variables]
    return averages, step


def by_numpy(step, network, share):
    return averaged(
        step, network, share, weigh=lambda a, w: share * a.numpy() + (1 - share) * w
    )


def made_inside(step, network, share):
    averages = [tf.Variable(w) for w in network.trainable_variables]

    def new_step(x, *noise):
        losses = step(x, *noise)
        averages[:] = [
            tf.Variable(share * a + (1 - share) * w)
            for a, w in zip(averages, network.trainable_variables, strict=True)
        ]
        return losses

    return averages, new_step


def returns_nothing(step, network, share):
    averages, new_step = averaged(step, network, share)

    def silent(x, *noise):
        new_step(x, *noise)

    return averages, silent


def without_the_step(step, network, share):
    averages, _ = averaged(step, network, share)
    return averages, lambda x, z: (tf.constant(1.0), tf.constant(2.0))


def moves_the_weights(step, network, share):
    averages, new_step = averaged(step, network, share)

    def assigned(x, *noise):
        losses = new_step(x, *noise)
        for a, w in zip(averages, network.trainable_variables, strict=True):
            w.assign(a)
        return losses

    return averages, assigned


def one_loss(step, network, share):
    averages, new_step = averaged(step, network, share)
    return averages, lambda x, z: (new_step(x, z)[0],)


def one_noise(step, network, share):
    averages, new_step = averaged(step, network, share)

    def with_one(x, z):
        return new_step(x, z)

    return averages, with_one


def first_noise(step, network, share):
    averages, new_step = averaged(step, network, share)
    return averages, lambda x, *noise: new_step(x, noise[0])


def first_noise_twice(step, network, share):
    averages, new_step = averaged(step, network, share)
    return averages, lambda x, *noise: new_step(x, *[noise[0]] * len(noise))


CASES = [
    Case(
        "how_many_traces",
        (..., ..., ...),
        [(6, 2, 12), (6.0, 2.0, 12.0)],
        [
            ((3, 2, 12), "(a): the last batch"),
            ((2, 2, 12), "epoch is a Python number"),
            ((12, 2, 12), "not one for each batch"),
            ((5, 2, 12), "Every pair"),
            ((1, 2, 12), "not another shape"),
            ((7, 2, 12), "different pairs"),
            ((6, 6, 12), "whatever their value"),
            ((6, 3, 12), "three values of one tensor"),
            ((6, 1, 12), "(b): the last batch"),
            ((6, 4, 12), "How many shapes"),
            ((6, 2, 2), "knows nothing"),
            ((6, 2, 3), "not for each epoch"),
            ((6, 2, 6), "do not share graphs"),
            ((6, 2, 9), "four batches"),
            ((6, 2, 10), "How many passes"),
            ((6, 2, "twelve"), "must be one number"),
        ],
    ),
    Case(
        "one_trace",
        (stub,),
        [(fast,), (by_while,), (wrapped,)],
        [
            ((still_slow,), "still Python's"),
            ((only_the_step,), "only the step is a graph"),
            ((made_in_each_call,), "a graph is written in each call"),
            ((a_number_for_each_call,), "each new n writes a graph"),
            ((a_number_for_each_loop,), "each new n writes a graph"),
            ((one_more,), "one step too many"),
            ((one_less,), "one step less"),
            ((not_put_back,), "returns x as it was"),
            ((only_once,), "one step, whatever n is"),
            ((twice_the_step,), "after 3 steps"),
            ((lambda step: tf.zeros(3),), "a function is needed"),
            ((lambda step: lambda x, n: fast(step)(x, n)[0],), "shape (3,)"),
            ((3,), "a function is needed"),
        ],
    ),
    Case(
        "averaged_weights",
        (stub,),
        [(averaged,)],
        [
            ((swapped,), "swapped"),
            ((before_the_step,), "before the step"),
            ((from_zero,), "begin at 0"),
            ((never,), "never changed"),
            ((newest,), "the newest weights"),
            ((plain_mean,), "plain means"),
            ((half_of_each,), "with the share 0.75, after 1 steps"),
            ((own_variables,), "network's own variables"),
            ((arrays,), "list of tf.Variable"),
            ((by_numpy,), "no NumPy value yet"),
            ((made_inside,), "inside of the new step"),
            ((returns_nothing,), "returns nothing"),
            ((without_the_step,), "never calls step"),
            ((moves_the_weights,), "not to the weights"),
            ((one_loss,), "both of them"),
            ((one_noise,), "Let the new step take x and *noise"),
            ((first_noise,), "Let the new step take x and *noise"),
            ((first_noise_twice,), "Let the new step take x and *noise"),
            ((lambda *given: averaged(*given)[::-1],), "averages come first"),
            ((lambda *given: averaged(*given)[1],), "return two things"),
            (({},), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_traces_of_the_exercise_are_as_many_as_its_check_says() -> None:
    rows = np.zeros((1000, 2), "float32")

    def traces(convert) -> int:
        scaled = tf.function(lambda x, factor: factor * x)
        for epoch in range(3):
            for start in range(0, 1000, 300):
                scaled(rows[start : start + 300], convert(epoch))
        return scaled.experimental_get_tracing_count()

    assert (traces(int), traces(lambda n: tf.constant(float(n)))) == (6, 2)
