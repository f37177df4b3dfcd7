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


def test_penalty_in_float64_agrees():
    assert penalty(curved, dtype=tf.float64) == pytest.approx(penalty(curved), rel=1e-5)


# fence

SPREAD = tf.constant([[3.0, 0.0], [-3.0, 0.0], [0.0, 4.0], [0.0, -4.0]])  # distance 3.5


def test_fence_discriminator_loss_weighs_the_generated_rows_with_gamma():
    real = np.log1p(np.exp(-LOGITS)).mean()
    fake = np.log1p(np.exp(OTHERS)).mean()
    for gamma in (0.1, 0.6, 3.0):
        value = losses.fence_discriminator_loss(LOGITS, OTHERS, gamma)
        assert float(value) == pytest.approx(real + gamma * fake, rel=1e-5)


def test_fence_generator_loss_at_logit_zero_is_log_two_and_beta_over_the_distance():
    value = losses.fence_generator_loss(tf.zeros((4, 1)), SPREAD, 0.5, beta=7.0)
    assert float(value) == pytest.approx(LOG2 + 7 / 3.5, rel=1e-6)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.7])
def test_encirclement_is_the_cross_entropy_against_alpha(alpha):
    d = sigmoid(LOGITS)
    by_hand = -np.mean(alpha * np.log(d) + (1 - alpha) * np.log(1 - d))
    value = losses.fence_generator_loss(LOGITS, SPREAD, alpha, beta=0.0)
    assert float(value) == pytest.approx(by_hand, rel=1e-5)


def test_the_dispersion_of_images_is_that_of_their_pixels_laid_flat():
    images = tf.constant(RNG.standard_normal((6, 3, 4, 2)), tf.float32)
    logits = tf.zeros((6, 1))
    flat = losses.fence_generator_loss(logits, tf.reshape(images, (6, 24)), 0.5, 15.0)
    assert float(
        losses.fence_generator_loss(logits, images, 0.5, 15.0)
    ) == pytest.approx(float(flat), rel=1e-6)
    far = images - tf.reduce_mean(images, axis=0)
    distance = np.sqrt((far.numpy() ** 2).sum((1, 2, 3))).mean()
    assert float(flat) == pytest.approx(LOG2 + 15 / distance, rel=1e-5)


def test_the_gradient_stays_finite_where_all_generated_rows_coincide():
    logits = tf.zeros((4, 1))
    for fake in (tf.ones((4, 2)), tf.ones((4, 3, 3, 1))):
        slope = gradient(
            lambda a: losses.fence_generator_loss(logits, a, 0.5, 15.0), fake
        )
        assert np.isfinite(slope).all()


def test_the_dispersion_drives_generated_rows_apart():
    slope = gradient(
        lambda a: losses.fence_generator_loss(tf.zeros((4, 1)), a, 0.5, 15.0), SPREAD
    )
    assert (slope * SPREAD.numpy()).sum(axis=1).max() < 0
