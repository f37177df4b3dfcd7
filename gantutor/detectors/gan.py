"""GAN: the discriminator of a plain GAN as a detector, kept because it fails.

Paper: Goodfellow et al. 2014, "Generative adversarial nets" (arXiv 1406.2661).
Score: minus the logit of D(x).

For the best possible discriminator this is log q(x) - log p(x), p the data's density and q
the generator's: it ranks rows by where the generator happens to put its samples. Its AUROC
on the same data lies anywhere from 0 to 1, seed by seed (notebook 04).
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import keras
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.scoring import discriminator_score
from gantutor.training import Noise, Stage, adam, gan_step


def gan_stage(
    generator: keras.Model,
    discriminator: keras.Model,
    learning_rate: float,
    batch_size: int,
    latent_dim: int,
) -> Stage:
    """The training of a plain GAN."""
    g_optimizer = adam(learning_rate, generator)
    d_optimizer = adam(learning_rate, discriminator)
    return Stage(
        partial(gan_step, generator, discriminator, g_optimizer, d_optimizer),
        batch_shape=(batch_size,),
        noise=[Noise("normal", (batch_size, latent_dim))],
        loss_names=("discriminator", "generator"),
        learners={g_optimizer: [generator], d_optimizer: [discriminator]},
    )


@dataclass(kw_only=True, eq=False, repr=False)
class GAN(Detector):
    """Score = minus the logit of a plain GAN's discriminator. A lesson, not a tool.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 2,000, for images 1,000.
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
    >>> gan = gt.detectors.GAN(n_steps=50, random_state=0).fit(normal)
    >>> gan.anomaly_score(abnormal).shape
    (100,)
    """

    generator: keras.Model | None = None
    discriminator: keras.Model | None = None

    table_defaults: ClassVar = {"n_steps": 2000}
    image_defaults: ClassVar = {"n_steps": 1000}

    def _build(self) -> None:
        self.generator_ = self._network("generator")
        self.discriminator_ = self._network("discriminator")

    def _training(self) -> list[Stage]:
        stage = gan_stage(
            self.generator_,
            self.discriminator_,
            self._setting("learning_rate"),
            self.batch_size,
            self.latent_dim_,
        )
        return [stage]

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        return discriminator_score(self.discriminator_, x)
