"""Each loss has the value that its formula gives by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import gantutor as gt
from gantutor import losses

gt.setup()

LOG2 = float(np.log(2))
LOGITS = tf.constant([[-3.0], [-0.5], [0.0], [2.0]])
OTHERS = tf.constant([[1.5], [-4.0], [0.3], [7.0]])


def sigmoid(a):
    return 1 / (1 + np.exp(-np.asarray(a)))


def gradient(loss, a):
    with tf.GradientTape() as tape:
        tape.watch(a)
        value = loss(a)
    return tape.gradient(value, a).numpy()


# cross-entropy


def test_losses_at_logit_zero_are_multiples_of_log_two():
    zero = tf.zeros((5, 1))
    assert float(losses.discriminator_loss(zero, zero)) == pytest.approx(2 * LOG2)
    assert float(losses.generator_loss(zero)) == pytest.approx(LOG2)
    assert float(losses.minimax_generator_loss(zero)) == pytest.approx(-LOG2)


def test_losses_are_keras_binary_cross_entropies():
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    real = bce(tf.ones_like(LOGITS), LOGITS)
    fake = bce(tf.zeros_like(OTHERS), OTHERS)
    np.testing.assert_allclose(
        losses.discriminator_loss(LOGITS, OTHERS), real + fake, 1e-6
    )
    np.testing.assert_allclose(losses.generator_loss(LOGITS), real, 1e-6)
    np.testing.assert_allclose(losses.minimax_generator_loss(OTHERS), -fake, 1e-6)


def test_losses_stay_finite_at_extreme_logits():
    extreme = tf.constant([[-1e4], [1e4]])
    for value in (
        losses.discriminator_loss(extreme, extreme),
        losses.generator_loss(extreme),
        losses.minimax_generator_loss(extreme),
    ):
        assert np.isfinite(value)


def test_minimax_gradient_fades_where_the_discriminator_wins_and_the_other_does_not():
    minimax = gradient(losses.minimax_generator_loss, LOGITS)
    non_saturating = gradient(losses.generator_loss, LOGITS)
    n = len(LOGITS)
    np.testing.assert_allclose(minimax, -sigmoid(LOGITS) / n, rtol=1e-5)
    np.testing.assert_allclose(non_saturating, -(1 - sigmoid(LOGITS)) / n, rtol=1e-5)


# Wasserstein


def test_wasserstein_losses_by_hand():
    real, fake = tf.constant([[1.0], [2.0], [6.0]]), tf.constant([[0.0], [-2.0], [5.0]])
    assert float(losses.critic_loss(real, fake)) == pytest.approx(1 - 3)
    assert float(losses.wasserstein_generator_loss(fake)) == pytest.approx(-1)


# gradient penalty

RNG = np.random.default_rng(0)
W = RNG.standard_normal((4, 1))
REAL, FAKE = RNG.standard_normal((2, 6, 4))
EPSILON = RNG.random((6, 1))


def constants(dtype, *arrays):
    return [tf.constant(a, dtype) for a in arrays]


def penalty(critic, real=REAL, fake=FAKE, epsilon=EPSILON, dtype=tf.float32):
    return losses.gradient_penalty(
        critic, *constants(dtype, real, fake, epsilon)
    ).numpy()


def curved(x):  # slope changes from point to point
    return tf.reduce_sum(tf.sin(2 * x), axis=1, keepdims=True)


@pytest.mark.parametrize("length", [0.25, 1.0, 3.0])
def test_penalty_of_a_linear_critic_is_slope_minus_one_squared(length):
    w = tf.constant(length * W / np.linalg.norm(W), tf.float32)
    assert penalty(lambda x: x @ w) == pytest.approx((length - 1) ** 2, abs=1e-6)


def test_penalty_of_a_curved_critic_by_hand():
    between = EPSILON * REAL + (1 - EPSILON) * FAKE
    slopes = np.linalg.norm(2 * np.cos(2 * between), axis=1)
    assert penalty(curved) == pytest.approx(np.mean((slopes - 1) ** 2), rel=1e-5)


def test_penalty_looks_at_epsilon_real_plus_rest_fake():
    seen = []

    def critic(x):
        seen.append(x.numpy())
        return tf.reduce_sum(x, axis=1, keepdims=True)

    penalty(critic)
    np.testing.assert_allclose(
        seen[0], EPSILON * REAL + (1 - EPSILON) * FAKE, rtol=1e-5
    )


@pytest.mark.parametrize(("epsilon", "end"), [(1.0, REAL), (0.0, FAKE)])
def test_penalty_at_the_ends_sees_real_or_fake_rows(epsilon, end):
    slopes = np.linalg.norm(2 * np.cos(2 * end), axis=1)
    value = penalty(curved, epsilon=np.full((6, 1), epsilon))
    assert value == pytest.approx(np.mean((slopes - 1) ** 2), rel=1e-5)


def test_penalty_of_a_flat_critic_is_one_and_its_gradient_finite():
    w = tf.Variable(tf.zeros((4, 1)))
    with tf.GradientTape() as tape:
        value = losses.gradient_penalty(
            lambda x: x @ w, *constants(tf.float32, REAL, FAKE, EPSILON)
        )
    assert float(value) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(tape.gradient(value, w)).all()


def test_penalty_can_be_lowered_by_its_gradient():
    w = tf.Variable(tf.constant(3 * W, tf.float32))
    with tf.GradientTape() as tape:
        value = losses.gradient_penalty(
            lambda x: x @ w, *constants(tf.float32, REAL, FAKE, EPSILON)
        )
    length = np.linalg.norm(3 * W)
    by_hand = 2 * (length - 1) * 3 * W / length
    np.testing.assert_allclose(tape.gradient(value, w), by_hand, rtol=1e-4)


def test_penalty_takes_one_slope_for_a_whole_image():
    images = RNG.standard_normal((2, 5, 3, 4, 2))
    value = penalty(
        lambda x: 0.5 * tf.reduce_sum(x, axis=(1, 2, 3))[:, None],
        *images,
        RNG.random((5, 1)),
    )
    assert value == pytest.approx((0.5 * np.sqrt(24) - 1) ** 2, rel=1e-5)


def test_penalty_of_a_batch_is_the_mean_of_batches_of_one():
    alone = [
        penalty(curved, REAL[i : i + 1], FAKE[i : i + 1], EPSILON[i : i + 1])
        for i in range(6)
    ]
    assert penalty(curved) == pytest.approx(np.mean(alone), rel=1e-5)


def test_penalty_in_float64_agrees():
    assert penalty(curved, dtype=tf.float64) == pytest.approx(penalty(curved), rel=1e-5)
