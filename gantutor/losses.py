"""Adversarial losses, all from logits (notebook 03).

A *logit* is what the discriminator puts out before the sigmoid: any real number, positive
where it believes a row to be real. With ``softplus(a) = log(1 + exp(a))`` the cross-entropy
of a logit a is ``softplus(-a)`` against the label 1 and ``softplus(a)`` against the label 0.
"""

from collections.abc import Callable

import tensorflow as tf


def discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of real rows against 1 plus that of generated rows against 0.

    Source: Goodfellow et al. 2014 (arXiv 1406.2661), equation 1, with the sign turned so
    that it is minimised. Its value is 2 log 2 where all logits are 0.

    Parameters
    ----------
    real_logits, fake_logits : tensor of shape (batch, 1)
        Logits of D for real and for generated rows.

    Returns
    -------
    tensor of shape ()
    """
    real_loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
    fake_loss = tf.reduce_mean(tf.nn.softplus(fake_logits))
    return real_loss + fake_loss


def generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """Non-saturating loss: cross-entropy of generated rows against the label 1.

    Source: Goodfellow et al. 2014, section 3. Its gradient stays alive where D wins.

    Parameters
    ----------
    fake_logits : tensor of shape (batch, 1)
        Logits of D for generated rows.

    Returns
    -------
    tensor of shape ()
    """
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def minimax_generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """Mean of log(1 - D(G(z))), the generator's loss in the two-player game itself.

    Source: Goodfellow et al. 2014, equation 1. Its gradient fades to nothing where D
    rejects every generated row, which is why ``generator_loss`` is used in practice.

    Parameters
    ----------
    fake_logits : tensor of shape (batch, 1)
        Logits of D for generated rows.

    Returns
    -------
    tensor of shape ()
    """
    return -tf.reduce_mean(tf.nn.softplus(fake_logits))


def fence_discriminator_loss(
    real_logits: tf.Tensor, fake_logits: tf.Tensor, gamma: float
) -> tf.Tensor:
    """Cross-entropy of real rows against 1 plus gamma times that of generated against 0.

    Source: Ngo et al. 2019 (arXiv 1904.01209), section 3.2: a gamma below one lets D care
    more about the real rows than about the fence around them.

    Parameters
    ----------
    real_logits, fake_logits : tensor of shape (batch, 1)
        Logits of D for real and for generated rows.
    gamma : float
        Weight of the generated rows.

    Returns
    -------
    tensor of shape ()
    """
    real_loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
    return real_loss + gamma * tf.reduce_mean(tf.nn.softplus(fake_logits))


def fence_generator_loss(
    fake_logits: tf.Tensor, fake: tf.Tensor, alpha: float, beta: float
) -> tf.Tensor:
    """Encirclement plus dispersion: generated rows lie where D is alpha, and spread out.

    Source: Ngo et al. 2019 (arXiv 1904.01209), section 3.2, with the encirclement as the
    authors' code has it: the cross-entropy of D(G(z)) against alpha, which is lowest at
    D(G(z)) = alpha. The dispersion is one over the mean distance of the generated rows from
    their centre.

    Parameters
    ----------
    fake_logits : tensor of shape (batch, 1)
        Logits of D for generated rows.
    fake : tensor of shape (batch, ...)
        The generated rows.
    alpha : float
        The probability that D is to give to generated rows, between 0 and 1.
    beta : float
        Weight of the dispersion, in the units of the rows.

    Returns
    -------
    tensor of shape ()
    """
    encirclement = tf.reduce_mean(tf.nn.softplus(fake_logits) - alpha * fake_logits)
    fake = tf.reshape(fake, (tf.shape(fake)[0], -1))
    squares = tf.reduce_sum((fake - tf.reduce_mean(fake, axis=0)) ** 2, axis=1)
    # the gradient of sqrt at 0 is infinite
    distance = tf.reduce_mean(tf.sqrt(tf.maximum(squares, 1e-12)))
    return encirclement + beta / distance


def critic_loss(real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
    """Wasserstein loss of the critic: mean score of generated minus that of real rows.

    Source: Arjovsky et al. 2017 (arXiv 1701.07875), algorithm 1. With a critic of slope
    at most one, its negative is a lower bound of the Wasserstein-1 distance.

    Parameters
    ----------
    real_scores, fake_scores : tensor of shape (batch, 1)
        Outputs of the critic, in the units of the rows' distances.

    Returns
    -------
    tensor of shape ()
    """
    return tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)


def wasserstein_generator_loss(fake_scores: tf.Tensor) -> tf.Tensor:
    """Wasserstein loss of the generator: minus the mean score of generated rows.

    Source: Arjovsky et al. 2017, algorithm 1.

    Parameters
    ----------
    fake_scores : tensor of shape (batch, 1)
        Outputs of the critic for generated rows.

    Returns
    -------
    tensor of shape ()
    """
    return -tf.reduce_mean(fake_scores)


def gradient_penalty(
    critic: Callable[[tf.Tensor], tf.Tensor],
    real: tf.Tensor,
    fake: tf.Tensor,
    epsilon: tf.Tensor,
) -> tf.Tensor:
    """Mean of (slope - 1)^2 of the critic at random points between real and generated rows.

    Source: Gulrajani et al. 2017 (arXiv 1704.00028), algorithm 1: the point is
    ``epsilon * real + (1 - epsilon) * fake`` with epsilon uniform on [0, 1], one number a
    row. For a linear critic w.x the value is exactly (|w| - 1)^2.

    Parameters
    ----------
    critic : callable
        Maps rows to scores of shape (batch, 1).
    real, fake : tensor of shape (batch, ...)
        As many real as generated rows.
    epsilon : tensor of shape (batch, 1)
        Uniform random numbers on [0, 1].

    Returns
    -------
    tensor of shape ()
    """
    epsilon = tf.reshape(epsilon, [-1] + [1] * (len(real.shape) - 1))
    between = epsilon * real + (1.0 - epsilon) * fake
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = critic(between)
    gradient = tape.gradient(scores, between)
    squares = tf.reduce_sum(tf.square(gradient), axis=list(range(1, len(real.shape))))
    # the gradient of sqrt at 0 is infinite, and one such row would make all weights NaN
    slope = tf.sqrt(tf.maximum(squares, 1e-12))
    return tf.reduce_mean(tf.square(slope - 1.0))
