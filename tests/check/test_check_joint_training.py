"""The checks of notebook 10: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
import tensorflow as tf
from check_cases import Case, judged, tries

from gantutor.losses import discriminator_loss
from gantutor.scoring import l1_distance, mean_squared_distance
from gantutor.training import bigan_step, minimize


def stub(*arguments): ...


def codes(detector, x):
    code = detector.encoder_(x, training=False)
    return code, detector.second_encoder_(detector.decoder_(code))


def paper(detector, x):
    return l1_distance(*codes(detector, x))


def paper_in_numpy(detector, x):
    a, b = (code.numpy() for code in codes(detector, x))
    return np.abs(a - b).sum(axis=1)


def authors_code(detector, x):
    return mean_squared_distance(*codes(detector, x))


def sum_of_squares(detector, x):
    a, b = codes(detector, x)
    return tf.reduce_sum((a - b) ** 2, axis=1)


def mean_of_absolute(detector, x):
    return paper(detector, x) / 2


def length(detector, x):
    a, b = codes(detector, x)
    return tf.norm(a - b, axis=1)


def residual(detector, x):
    return l1_distance(x, detector.decoder_(detector.encoder_(x)))


def same_encoder(detector, x):
    code = detector.encoder_(x)
    return l1_distance(code, detector.encoder_(detector.decoder_(code)))


def without_absolute(detector, x):
    a, b = codes(detector, x)
    return tf.reduce_sum(a - b, axis=1)


def of_the_batch(detector, x):
    a, b = codes(detector, x)
    return tf.reduce_sum(tf.abs(a - b))


def second_of_the_row(detector, x):
    return l1_distance(detector.encoder_(x), detector.second_encoder_(x))


def alice(*arguments, of=tf.abs, players="ge", tape_of="right", returned=2):
    g, e, d, ge_optimizer, d_optimizer, weight, x, z = arguments
    with tf.GradientTape() as d_tape, tf.GradientTape() as ge_tape:
        code = e(x)
        real, fake = d([x, code]), d([g(z), z])
        d_loss = discriminator_loss(real, fake)
        cycle = tf.reduce_mean(of(x - g(code)))
        ge_loss = discriminator_loss(fake, real) + weight * cycle
    movers = [m for name, m in (("g", g), ("e", e)) if name in players]
    if tape_of == "right":
        minimize(d_loss, d_tape, d_optimizer, [d])
    if players == "ge":
        minimize(ge_loss, ge_tape, ge_optimizer, movers)
    else:
        variables = [v for m in movers for v in m.trainable_variables]
        gradients = ge_tape.gradient(ge_loss, variables)
        for v, gradient in zip(variables, gradients, strict=True):
            v.assign_sub(0.5 * gradient)
    return (d_loss, ge_loss) if returned == 2 else ge_loss


def changed(**options):
    return lambda *arguments: alice(*arguments, **options)


def unweighted(*arguments):
    return alice(*arguments[:5], 1.0, *arguments[6:])


def summed(*arguments):
    return alice(*arguments[:5], 3 * arguments[5], *arguments[6:])


def without_cycle(*arguments):
    return bigan_step(*arguments[:5], *arguments[6:])


def of_latent_points(g, e, d, ge_optimizer, d_optimizer, weight, x, z):
    with tf.GradientTape() as d_tape, tf.GradientTape() as ge_tape:
        made = g(z)
        real, fake = d([x, e(x)]), d([made, z])
        d_loss = discriminator_loss(real, fake)
        cycle = tf.reduce_mean(tf.abs(z - e(made)))
        ge_loss = discriminator_loss(fake, real) + weight * cycle
    minimize(d_loss, d_tape, d_optimizer, [d])
    minimize(ge_loss, ge_tape, ge_optimizer, [g, e])
    return d_loss, ge_loss


def of_the_discriminator(g, e, d, ge_optimizer, d_optimizer, weight, x, z):
    with tf.GradientTape() as d_tape, tf.GradientTape() as ge_tape:
        code = e(x)
        real, fake = d([x, code]), d([g(z), z])
        cycle = tf.reduce_mean(tf.abs(x - g(code)))
        d_loss = discriminator_loss(real, fake) + weight * cycle
        ge_loss = discriminator_loss(fake, real)
    minimize(d_loss, d_tape, d_optimizer, [d])
    minimize(ge_loss, ge_tape, ge_optimizer, [g, e])
    return d_loss, ge_loss


def not_swapped(g, e, d, ge_optimizer, d_optimizer, weight, x, z):
    with tf.GradientTape() as d_tape, tf.GradientTape() as ge_tape:
        code = e(x)
        d_loss = discriminator_loss(d([x, code]), d([g(z), z]))
        ge_loss = d_loss + weight * tf.reduce_mean(tf.abs(x - g(code)))
    minimize(d_loss, d_tape, d_optimizer, [d])
    minimize(ge_loss, ge_tape, ge_optimizer, [g, e])
    return d_loss, ge_loss


KEPT = 0.9999**600

CASES = [
    Case(
        "share_of_first_weights",
        (...,),
        [(KEPT,), (0.94,)],
        [
            ((1 - KEPT,), "one minus yours"),
            ((0.06,), "one minus yours"),
            ((0.9999,), "in a single step"),
            ((0.0001,), "adds in one step"),
            ((0.0494,), "Take 0.9999"),
            ((94.2,), "90 % is 0.9"),
            ((0.3679,), "10,000 steps"),
            ((0,), "never go to zero"),
            ((0.5,), "And after 600?"),
            (("most",), "must be one number"),
        ],
    ),
    Case(
        "paper_score",
        (stub,),
        [(paper,), (paper_in_numpy,)],
        [
            ((authors_code,), "the authors' code"),
            ((sum_of_squares,), "a sum of squares"),
            ((mean_of_absolute,), "in the same order"),
            ((length,), "L2"),
            ((residual,), "the residual of the row"),
            ((same_encoder,), "the work of second_encoder_"),
            ((lambda d, x: -paper(d, x),), "high and low are swapped"),
            ((without_absolute,), "cancel"),
            ((of_the_batch,), "must have the shape (4,)"),
            ((second_of_the_row,), "Which two codes"),
            ((3.0,), "a function is needed"),
        ],
    ),
    Case(
        "alice_step",
        (stub,),
        [(alice,)],
        [
            ((without_cycle,), "the step of a BiGAN"),
            ((unweighted,), "weight is not"),
            ((summed,), "added over the columns"),
            ((changed(of=tf.square),), "squared"),
            ((of_latent_points,), "the other way round"),
            ((of_the_discriminator,), "belongs to G and E"),
            ((not_swapped,), "labels must be swapped"),
            ((changed(players="e"),), "the generator does not move"),
            ((changed(players="g"),), "the encoder does not move"),
            ((changed(tape_of="none"),), "the discriminator does not move"),
            ((changed(returned=1),), "return both losses"),
            ((changed(of=lambda rest: 2 * tf.abs(rest)),), "the loss of generator"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)
