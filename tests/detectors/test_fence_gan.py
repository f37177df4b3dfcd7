"""Fence GAN: the generator stands around the data, and D learns the border."""

from functools import partial

import numpy as np
import tensorflow as tf
from detector_cases import NEW, ROWS, tiny
from step_cases import (
    affine,
    assert_each_player_moves_alone,
    assert_step_by_hand,
    leaky,
    rows,
    sgd,
    shift,
    softplus,
)

import gantutor as gt
from gantutor import networks
from gantutor.detectors import FenceGAN, fence_gan
from gantutor.training import fence_gan_step

gt.setup()

X, Z = rows(8, 3, 1), rows(6, 2, 2)


# one step


def make_step(g_rate, d_rate):
    with networks.initial_weights(0):
        g, d = leaky(2, 3), leaky(3, 1)
    step = partial(fence_gan_step, g, d, sgd(g_rate, g), sgd(d_rate, d))
    return {"generator": g, "discriminator": d}, partial(step, 0.4, 2.0, 0.3, X, Z)


def test_each_player_moves_alone():
    assert_each_player_moves_alone(make_step, [{"generator"}, {"discriminator"}])


def test_a_step_by_hand():
    g, d = networks.dense_generator(2, 3, ()), networks.dense_discriminator(3, ())
    shift(0, g, d)
    alpha, beta, gamma = 0.4, 2.0, 0.3

    def by_hand(g_weights, d_weights):
        fake = affine(g_weights, Z)
        real_logits, fake_logits = affine(d_weights, X), affine(d_weights, fake)
        d_loss = softplus(-real_logits).mean() + gamma * softplus(fake_logits).mean()
        against_alpha = (
            alpha * softplus(-fake_logits) + (1 - alpha) * softplus(fake_logits)
        ).mean()
        distance = np.linalg.norm(fake - fake.mean(axis=0), axis=1).mean()
        return d_loss, against_alpha + beta / distance

    optimizers = sgd(1.0, g), sgd(1.0, d)
    step = partial(fence_gan_step, g, d, *optimizers, alpha, beta, gamma)
    goals = [lambda d_loss, g_loss: g_loss, lambda d_loss, g_loss: d_loss]
    assert_step_by_hand(partial(step, X, Z), [g, d], by_hand, goals)


# the detector


def test_the_score_is_minus_the_logit_of_the_scaled_row(not_compiled):
    detector = tiny(FenceGAN).fit(ROWS)
    logits = detector.discriminator_(detector.scaled(NEW)).numpy()[:, 0]
    np.testing.assert_allclose(
        detector.anomaly_score(NEW), -logits, rtol=1e-4, atol=1e-6
    )


def test_alpha_beta_and_gamma_reach_the_step(not_compiled, monkeypatch):
    seen = []

    def recording(*arguments):
        seen.append(arguments)
        return tf.constant(1.0), tf.constant(2.0)

    monkeypatch.setattr(fence_gan, "fence_gan_step", recording)
    detector = tiny(FenceGAN, alpha=0.3, beta=2, gamma=0.7, latent_dim=2).fit(ROWS)
    assert len(seen) == 3
    for g, d, g_optimizer, d_optimizer, *settings, x, z in seen:
        assert settings == [0.3, 2.0 * 4**0.5, 0.7]  # 4 columns
        assert (x.shape, z.shape) == ((8, 4), (8, 2))
        assert (g.output_shape, d.output_shape) == ((None, 4), (None, 1))
        for network, optimizer in ((g, g_optimizer), (d, d_optimizer)):
            assert optimizer.iterations.numpy() == 0
            assert len(optimizer.variables) == 2 + 2 * len(network.weights)  # of Adam
    assert set(detector.history_) == {"discriminator", "generator"}


def test_the_fence_stands_outside_the_data_and_nearer_for_a_higher_alpha():
    data = np.random.default_rng(0).normal(size=(400, 2))
    options = {"n_steps": 200, "batch_size": 64, "hidden": (32,), "gamma": 1.0}
    distance = []
    for alpha in (0.3, 0.6):
        detector = tiny(
            FenceGAN, alpha=alpha, beta=5.0, learning_rate=5e-3, **options
        ).fit(data)
        fence = detector.sample(500, seed=0)
        scores = detector.anomaly_score(fence), detector.anomaly_score(data)
        assert scores[0].mean() > scores[1].mean() + 1
        distance.append(np.linalg.norm(fence, axis=1).mean())
    assert distance[0] > 1.1 * distance[1]
    assert distance[1] > 1.5 * np.linalg.norm(data, axis=1).mean()
