"""Checks of the exercises of notebook 10."""

from collections.abc import Callable
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf

from gantutor import networks
from gantutor.check._common import Answer, Verdict, exercise
from gantutor.check._reading import Off, call, is_near, number, numbers
from gantutor.losses import discriminator_loss

__all__ = ["alice_step", "paper_score", "share_of_first_weights"]


@exercise
def share_of_first_weights(share: float) -> Verdict:
    """Check how much of the first weights is left after 600 steps at 0.9999."""
    kept, found = 0.9999**600, number(share, "the share")
    is_percent = 90 < found < 100
    return Answer(
        value=kept,
        within=0.003,
        mistakes={
            "the first weights never go to zero: each step multiplies their share by "
            "0.9999.": found == 0,
            "that is a percentage. A share is asked for: 90 % is 0.9.": is_percent,
            "that is the share of all later weights together. Asked for is the share "
            "of the first ones: one minus yours.": 1 - kept,
            "that is what stays in a single step. It is multiplied 600 times.": 0.9999,
            "that is what one new network adds in one step.": 0.0001,
            "that would be left with the 0.995 of the lesson. Take 0.9999.": 0.995**600,
            "10,000 steps of training would leave this. Here there are 600.": 0.3679,
        },
        otherwise="after one step the first weights have the share 0.9999, after two "
        "0.9999 times 0.9999. And after 600?",
        right="the network that scores would be untrained by 94 %. An average must run "
        "for several times 1 / (1 - share) steps, here 10,000.",
    ).judge(found)


def _linear(matrix: list) -> Callable:
    """A linear map, which is called as a network is."""
    return lambda x, training=False: tf.matmul(x, matrix)


LINEAR = SimpleNamespace(
    encoder_=_linear([[1, 0], [0.5, 2], [-1, 1]]),
    decoder_=_linear([[1, 0.5, 0], [0, 1, -2]]),
    second_encoder_=_linear([[1, 1], [0, -1], [2, 0.5]]),
    latent_dim_=2,
)
ROWS = np.array([[1, 2, 0], [0, 0, 0], [-1, 0.5, 3], [2, -1, 1]], dtype=np.float32)


@exercise
def paper_score(function: Callable) -> Verdict:
    """Check GANomaly's score as its paper prints it: the L1 norm between two codes."""
    scores = call(function, LINEAR, ROWS)
    found = numbers(scores, (4,), "the result, a score for each row,")
    # The tests hold these numbers to the mistakes themselves.
    norms = np.array([27, 0, 29.875, 7.25])
    square, residuals = np.array([377, 0, 448.516, 26.562]), [12, 0, 15.375, 2.75]
    return Answer(
        value=norms,
        mistakes={
            "that is the score of the authors' code, the mean of squares. The paper "
            "takes absolute differences.": square / 2,
            "a sum of squares. The L1 norm is the sum of absolute differences.": square,
            "that is the mean of the absolute differences, which ranks rows in the "
            "same order. The norm itself is their sum.": norms / 2,
            "that is the length of the difference, the root of the sum of squares "
            "(L2). L1 adds absolute values.": np.sqrt(square),
            "that is the residual of the row. The score compares the two "
            "codes.": residuals,
            "the first encoder has read the reconstruction. That is the work of "
            "second_encoder_.": [12.5, 0, 16.8125, 3.875],
            "high and low are swapped: a score goes up as a row gets more "
            "anomalous.": -norms,
            "add the absolute values, not the differences: positive and negative ones "
            "cancel.": [27, 0, 29.875, -7.25],
        },
        otherwise="on small linear networks the scores of 4 rows are "
        f"{found.round(2).tolist()}, and should be [27.0, 0.0, 29.88, 7.25]. Which two "
        "codes are compared, and how?",
        right="one line is another one. Whether it matters is a question to the "
        "tables: compare the AUROC of both scores on the same detectors.",
    ).judge(found)


@exercise
def alice_step(function: Callable) -> Verdict:
    """Check a step of a BiGAN that also asks for G(E(x)) = x, as in ALICE.

    Small networks make one step. Its losses are judged, and how it moves each of them.
    """
    with networks.initial_weights(0):
        players = {
            "generator": networks.dense_generator(2, 3, (4,)),
            "encoder": networks.dense_encoder(3, 2, (4,)),
            "discriminator": networks.pair_discriminator((3,), (2,), (4,)),
        }
    generator, encoder, discriminator = players.values()
    weight, rate = 3.0, 0.5
    random = np.random.default_rng(0)
    x, z = (tf.constant(random.normal(size=(6, n)), tf.float32) for n in (3, 2))
    with tf.GradientTape(persistent=True) as tape:
        code, made = encoder(x), generator(z)
        real_logits, fake_logits = discriminator([x, code]), discriminator([made, z])
        d_loss = discriminator_loss(real_logits, fake_logits)
        swapped = discriminator_loss(fake_logits, real_logits)
        rest = x - generator(code)
        mean = tf.reduce_mean(tf.abs(rest))
        cycle = weight * mean
        ge_loss = swapped + cycle
    squared = weight * tf.reduce_mean(rest**2)
    zxz = swapped + weight * tf.reduce_mean(tf.abs(z - encoder(made)))

    moved = {}
    for name, network in players.items():
        loss = d_loss if network is discriminator else ge_loss
        variables = network.trainable_variables
        gradients = tape.gradient(loss, variables)
        moved[name] = [v - rate * g for v, g in zip(variables, gradients, strict=True)]

    ge_optimizer, d_optimizer = (keras.optimizers.SGD(rate) for _ in range(2))
    ge_optimizer.build(generator.trainable_variables + encoder.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)
    losses = call(function, *players.values(), ge_optimizer, d_optimizer, weight, x, z)
    if not (isinstance(losses, tuple | list) and len(losses) == 2):
        raise Off("return both losses: d_loss, ge_loss.")
    d_found, ge_found = (number(loss, "each loss") for loss in losses)
    d_is_off = not is_near(d_found, d_loss, 1e-3)
    told = "the loss of {} is {:.4f} on small networks with a weight of 3, and should "
    told += "be {:.4f}."
    verdict = Answer(
        value=ge_loss,
        within=1e-3,
        mistakes={
            "the cycle is in the loss of D, which cannot do anything about it. It "
            "belongs to G and E.": is_near(d_found, d_loss + cycle, 1e-3),
            told.format("discriminator", d_found, d_loss): d_is_off,
            "that is the step of a BiGAN: nothing asks for G(E(x)) = x yet. Add the "
            "cycle to ge_loss.": swapped,
            "the cycle is there, but weight is not: multiply by it.": swapped + mean,
            "the differences are added over the columns. Take their mean over rows and "
            "columns.": swapped + 3 * cycle,
            "the differences are squared. Take absolute values.": swapped + squared,
            "that is the other way round, z to x to z. Asked for is x to z to x.": zxz,
            "in the loss of G and E the labels must be swapped: "
            "discriminator_loss(fake_logits, real_logits).": d_loss + cycle,
        },
        otherwise=told.format("generator and encoder", ge_found, ge_loss),
        right="one line makes a BiGAN rebuild its rows. ALAD leaves this to a third "
        "network, which judges the pairs (x, x) and (x, G(E(x))).",
    ).judge(ge_found)
    for name, network in players.items():
        pairs = zip(network.get_weights(), moved[name], strict=True)
        if not all(is_near(after, ours, 1e-3) for after, ours in pairs):
            raise Off(
                f"both losses are right, but the {name} does not move as it should. "
                "Which networks does each minimize get, and which tape?"
            )
    return verdict
