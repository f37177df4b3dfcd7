"""Fence GAN: a generator that surrounds the data, so that D itself can be the score.

Paper: Ngo et al. 2019, "Fence GAN: towards better anomaly detection" (arXiv 1904.01209).
Score: minus the logit of D(x).

The generator is not asked to fool D. It looks for the line where D(G(z)) = alpha, and spreads
out along it: a fence. D, which sees the data inside and the fence outside, learns the border
between the two.

Departures from the paper: both players learn from one batch at once; beta grows with the root
of the number of columns, so that one default fits all tables.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.detectors.compiled import Phase
from gantutor.losses import fence_discriminator_loss, fence_generator_loss
from gantutor.scoring import discriminator_score
from gantutor.training import minimize


def fence_gan_step(
    generator: keras.Model,
    discriminator: keras.Model,
    g_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    alpha: float,
    beta: float,
    gamma: float,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of a Fence GAN: the discriminator's and the generator's loss before it."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
        fake = generator(z, training=True)
        real_logits = discriminator(x, training=True)
        fake_logits = discriminator(fake, training=True)
        d_loss = fence_discriminator_loss(real_logits, fake_logits, gamma)
        g_loss = fence_generator_loss(fake_logits, fake, alpha, beta)
    minimize(d_loss, d_tape, d_optimizer, [discriminator])
    minimize(g_loss, g_tape, g_optimizer, [generator])
    return d_loss, g_loss


class FenceGAN(Detector):
    """Score = minus the logit of a discriminator that has learned the border of the data.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 6,000, for images 1,000; the default rate is 1e-4,
        for images 1e-3.
        `latent_dim` is 32 by default.
    alpha : float, default=0.5
        What D shall say of generated rows, between 0 and 1.
    beta : float, default=10.0
        Weight of the dispersion, how far the fence stands off, for one column. It is
        multiplied by the root of the number of columns, because distances grow like that.
    gamma : float, default=0.1
        Weight of the generated rows in D's loss.
    generator, discriminator : keras.Model, optional
        Networks of your own, copied and trained from fresh weights. The discriminator ends
        in one logit.

    Attributes
    ----------
    generator_, discriminator_ : keras.Model
        The trained networks. See `Detector` for the others.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> detector = gt.detectors.FenceGAN(random_state=0).fit(normal)
    >>> int((detector.predict(abnormal) == -1).sum())
    100
    """

    loss_names = ("discriminator", "generator")
    usual_steps = (6000, 1000)
    usual_rates = (1e-4, 1e-3)

    def __init__(
        self,
        latent_dim: int | None = None,
        hidden: Sequence[int] | None = None,
        n_steps: int | None = None,
        batch_size: int = 128,
        learning_rate: float | None = None,
        false_alarm_rate: float = 0.05,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        warm_start: bool = False,
        alpha: float = 0.5,
        beta: float = 10.0,
        gamma: float = 0.1,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
    ) -> None:
        super().__init__(
            latent_dim,
            hidden,
            n_steps,
            batch_size,
            learning_rate,
            false_alarm_rate,
            random_state,
            verbose,
            warm_start,
        )
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.generator = generator
        self.discriminator = discriminator

    def _build(self) -> None:
        self.generator_ = self._network(self.generator, "generator")
        self.discriminator_ = self._network(self.discriminator, "discriminator")

    def _usual_latent_dim(self) -> int:
        return 32  # more than there are columns: a fence has to go all the way round

    def _training(self) -> list[Phase]:
        networks = self.generator_, self.discriminator_
        players = [self._adam(network) for network in networks]
        beta = float(self.beta) * math.prod(self._row_shape) ** 0.5
        settings = float(self.alpha), beta, float(self.gamma)
        return [self._phase(fence_gan_step, networks, players, settings)]

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        return discriminator_score(self.discriminator_, x)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_number("alpha", below=1.0)
        self._check_number("beta", zero=True)
        self._check_number("gamma")
