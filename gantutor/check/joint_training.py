"""Checks of the exercises of notebook 10."""

from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gantutor.check._common import Answer, Function, Verdict, exercise
from gantutor.check._reading import Off, call, number
from gantutor.losses import discriminator_loss
from gantutor.networks import (
    dense_encoder,
    dense_generator,
    initial_weights,
    pair_discriminator,
)
from gantutor.scoring import l1_distance, mean_squared_distance
from gantutor.training import minimize

__all__ = ["alice_step", "paper_score", "share_of_first_weights"]


@exercise
def share_of_first_weights(share: float) -> Verdict:
    """Check how much of the first weights is left after 600 steps at 0.9999."""
    kept, found = 0.9999**600, number(share, "the share")
    return Answer(
        value=kept,
        within=0.003,
        near=0.002,
        mistakes={
            "the first weights never go to zero: each step multiplies their share by "
            "0.9999.": found == 0,
            "that is a percentage. A share is asked for: 90 % is 0.9.": 90
            < found
            < 100,
            "that is the share of all later weights together. Asked for is the share of "
            "the first ones: one minus yours.": 1 - kept,
            "that is what stays in a single step. It is multiplied 600 times.": 0.9999,
            "that is what one new network adds in one step.": 0.0001,
            "that would be left with the 0.995 of the lesson. Take 0.9999.": 0.995**600,
            "10,000 steps of training would leave this. Here there are 600.": np.exp(
                -1
            ),
        },
        otherwise="after one step the first weights have the share 0.9999, after two "
        "0.9999 times 0.9999. And after 600?",
        right="the network that scores would be untrained by 94 %. An average must run for "
        "several times 1 / (1 - share) steps, here 10,000.",
    ).judge(found)


def _times(matrix: Any) -> Callable[..., tf.Tensor]:
    """A linear map, which is called as a network is."""

    def network(x: Any, training: bool = False) -> tf.Tensor:
        return tf.cast(x, tf.float32) @ tf.constant(matrix, tf.float32)

    return network


_ENCODE = [[1, 0], [0.5, 2], [-1, 1]]
_ENCODE_AGAIN = [[1, 1], [0, -1], [2, 0.5]]
_STUB = SimpleNamespace(
    encoder_=_times(_ENCODE),
    decoder_=_times([[1, 0.5, 0], [0, 1, -2]]),
    second_encoder_=_times(_ENCODE_AGAIN),
    latent_dim_=2,
)
_ROWS = np.array([[1, 2, 0], [0, 0, 0], [-1, 0.5, 3], [2, -1, 1]], dtype=np.float32)

Scores = NDArray[np.float64]


def _codes(x: Any, again: Callable[..., tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    code = _STUB.encoder_(x)
    return code, again(_STUB.decoder_(code))


def _l1_of_codes(detector: Any, x: Any) -> Any:
    return l1_distance(*_codes(x, _STUB.second_encoder_))


def _squared(detector: Any, x: Any) -> Any:
    return mean_squared_distance(*_codes(x, _STUB.second_encoder_))


def _residual(detector: Any, x: Any) -> Any:
    return l1_distance(x, _STUB.decoder_(_STUB.encoder_(x)))


@exercise
def paper_score(function: Callable[[Any, Any], Any]) -> Verdict:
    """Check GANomaly's score as its paper prints it: the L1 norm between two codes."""
    return Function(
        solution=_l1_of_codes,
        inputs=[(_STUB, _ROWS), (_STUB, _ROWS[:1])],
        what="the result, a score for each row,",
        mistakes={
            "that is the score of the authors' code, the mean of squares. The paper takes "
            "absolute differences.": _squared,
            "a sum of squares. The L1 norm is the sum of "
            "absolute differences.": lambda d, x: 2 * _squared(d, x),
            "that is the mean of the absolute differences, which ranks rows in the same "
            "order. The norm itself is their sum.": lambda d, x: _l1_of_codes(d, x) / 2,
            "that is the length of the difference, the root of the sum of squares (L2). "
            "L1 adds absolute values.": lambda d, x: tf.sqrt(2 * _squared(d, x)),
            "that is the residual of the row. The score compares the two "
            "codes.": _residual,
            "the first encoder has read the reconstruction. That is the work of "
            "second_encoder_.": lambda d, x: l1_distance(*_codes(x, _STUB.encoder_)),
            "high and low are swapped: a score goes up as a row gets more "
            "anomalous.": lambda d, x: -_l1_of_codes(d, x),
            "add the absolute values, not the differences: positive and negative ones "
            "cancel.": lambda d, x: tf.reduce_sum(
                tf.subtract(*_codes(x, _STUB.second_encoder_)), axis=1
            ),
        },
        otherwise=lambda given, theirs, ours: (
            f"on small linear networks the scores of {len(theirs)} rows are "
            f"{np.round(theirs, 2).tolist()}, and should be "
            f"{np.round(ours, 2).tolist()}. Which two codes are compared, and how?"
        ),
        right="one line is another one. Whether it matters is a question to the tables: "
        "compare the AUROC of both scores on the same detectors.",
    ).judge(function)


def _alice_step(
    cycle: str,
    generator: keras.Model,
    encoder: keras.Model,
    discriminator: keras.Model,
    ge_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    weight: float,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The step that is asked for, and with another `cycle` the mistakes in it."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as ge_tape:
        encoded, made = encoder(x, training=True), generator(z, training=True)
        real_logits = discriminator([x, encoded], training=True)
        fake_logits = discriminator([made, z], training=True)
        d_loss = ge_loss = discriminator_loss(real_logits, fake_logits)
        if cycle != "not swapped":
            ge_loss = discriminator_loss(fake_logits, real_logits)
        rest = x - generator(encoded, training=True)
        mean = tf.reduce_mean(tf.abs(rest))
        added = {
            "none": 0.0,
            "unweighted": mean,
            "summed": weight * tf.reduce_mean(tf.reduce_sum(tf.abs(rest), axis=1)),
            "squared": weight * tf.reduce_mean(rest**2),
            "of z": weight * tf.reduce_mean(tf.abs(z - encoder(made, training=True))),
        }.get(cycle, weight * mean)
        if cycle == "of D":
            d_loss += added
        else:
            ge_loss += added
    minimize(d_loss, d_tape, d_optimizer, [discriminator])
    minimize(ge_loss, ge_tape, ge_optimizer, [generator, encoder])
    return d_loss, ge_loss


_PLAYERS = "the generator", "the encoder", "the discriminator"


def _after(step: Callable[..., Any], weight: float) -> NDArray[np.float64]:
    """The two losses of one step of small networks, and all their weights after it."""
    with initial_weights(0):
        generator, encoder = dense_generator(2, 3, (4,)), dense_encoder(3, 2, (4,))
        discriminator = pair_discriminator((3,), (2,), (4,))
    ge_optimizer, d_optimizer = (keras.optimizers.SGD(0.5) for _ in range(2))
    ge_optimizer.build(generator.trainable_variables + encoder.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)
    random = np.random.default_rng(0)
    x, z = (tf.constant(random.normal(size=(6, n)), tf.float32) for n in (3, 2))
    networks = generator, encoder, discriminator
    losses = call(step, *networks, ge_optimizer, d_optimizer, weight, x, z)
    if not (isinstance(losses, tuple | list) and len(losses) == 2):
        raise Off("return both losses: d_loss, ge_loss.")
    found = [number(loss, "each loss") for loss in losses]
    moved = [np.ravel(array) for n in networks for array in n.get_weights()]
    return np.concatenate([found, *moved])


def _what_differs(given: tuple[Any, ...], theirs: Any, ours: Any) -> str:
    """Say where the results of a step first differ: a loss, or a network that moved."""
    for i, name in enumerate(("discriminator", "generator and encoder")):
        if abs(theirs[i] - ours[i]) > 1e-3:
            return (
                f"the loss of {name} is {theirs[i]:.4f} on small networks with a weight "
                f"of {given[0]:g}, and should be {ours[i]:.4f}."
            )
    for name, found, wanted in zip(_PLAYERS, *map(_parts, (theirs, ours)), strict=True):
        if abs(found - wanted).max() > 1e-3:
            return (
                f"both losses are right, but {name} does not move as it should. Which "
                "networks does each minimize get, and which tape?"
            )
    return "the losses are a little off. Compare them with the formula."


def _parts(result: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    sizes = 2, 2 * 4 + 4 + 4 * 3 + 3, 3 * 4 + 4 + 4 * 2 + 2
    yield from np.split(result, np.cumsum(sizes))[1:]


_MISTAKES = {  # the `cycle` of each, by what to say
    "that is the step of a BiGAN: nothing asks for G(E(x)) = x yet. Add the cycle to "
    "ge_loss.": "none",
    "the cycle is there, but weight is not: multiply by it.": "unweighted",
    "the differences are added over the columns. Take their mean over rows and "
    "columns.": "summed",
    "the differences are squared. Take absolute values.": "squared",
    "that is the other way round, z to x to z. Asked for is x to z to x.": "of z",
    "the cycle is in the loss of D, which cannot do anything about it. It belongs "
    "to G and E.": "of D",
    "in the loss of G and E the labels must be swapped: "
    "discriminator_loss(fake_logits, real_logits).": "not swapped",
}


@exercise
def alice_step(function: Callable[..., Any]) -> Verdict:
    """Check a step of a BiGAN that also asks for G(E(x)) = x, as in ALICE."""

    def with_cycle(cycle: str) -> Callable[[float], NDArray[np.float64]]:
        return partial(_after, partial(_alice_step, cycle))

    return Function(
        solution=with_cycle("right"),
        inputs=[(3.0,), (10.0,)],
        what="losses and weights",
        mistakes={text: with_cycle(cycle) for text, cycle in _MISTAKES.items()},
        otherwise=_what_differs,
        within=1e-3,
        right="one line makes a BiGAN rebuild its rows. ALAD leaves this to a third "
        "network, which judges the pairs (x, x) and (x, G(E(x))).",
    ).judge(partial(_after, function))
