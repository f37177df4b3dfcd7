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
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import keras
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.one_class import NOT_NEGATIVE, POSITIVE, SHARE
from gantutor.scoring import discriminator_score
from gantutor.training import Noise, Stage, adam, fence_gan_step


@dataclass(kw_only=True, eq=False, repr=False)
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
        The probability that D is to give to generated rows, between 0 and 1.
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

    alpha: Annotated[float, SHARE] = 0.5
    beta: Annotated[float, NOT_NEGATIVE] = 10.0
    gamma: Annotated[float, POSITIVE] = 0.1
    generator: keras.Model | None = None
    discriminator: keras.Model | None = None

    # more latent numbers than columns: a fence has to go all the way round
    table_defaults: ClassVar = {
        "n_steps": 6000,
        "learning_rate": 1e-4,
        "latent_dim": 32,
    }
    image_defaults: ClassVar = {"n_steps": 1000, "latent_dim": 32}

    def _build(self) -> None:
        self.generator_ = self._network("generator")
        self.discriminator_ = self._network("discriminator")

    def _training(self) -> list[Stage]:
        generator, discriminator = self.generator_, self.discriminator_
        rate = self._setting("learning_rate")
        g_optimizer, d_optimizer = adam(rate, generator), adam(rate, discriminator)
        step = partial(
            fence_gan_step,
            generator,
            discriminator,
            g_optimizer,
            d_optimizer,
            float(self.alpha),
            float(self.beta) * math.prod(self.row_shape) ** 0.5,
            float(self.gamma),
        )
        stage = Stage(
            step,
            batch_shape=(self.batch_size,),
            noise=[Noise("normal", (self.batch_size, self.latent_dim_))],
            loss_names=("discriminator", "generator"),
            learners={g_optimizer: [generator], d_optimizer: [discriminator]},
        )
        return [stage]

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        return discriminator_score(self.discriminator_, x)
