"""GAN: the discriminator of a plain GAN as a detector, kept because it fails.

Paper: Goodfellow et al. 2014, "Generative adversarial nets" (arXiv 1406.2661).
Score: minus the logit of D(x).

For the best possible discriminator this is log q(x) - log p(x), p the data's density and q
the generator's: it ranks rows by where the generator happens to put its samples. Its AUROC
on the same data lies anywhere from 0 to 1, seed by seed (notebook 04).
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.detectors.compiled import Phase
from gantutor.scoring import discriminator_score
from gantutor.training import gan_step

LOSSES = ("discriminator", "generator")


def gan_phase(
    detector: Any, generator: keras.Model, discriminator: keras.Model
) -> Phase:
    """The training of a plain GAN, by the detector's parameters."""
    networks = generator, discriminator
    players = [detector._adam(network) for network in networks]
    return detector._phase(gan_step, networks, players, loss_names=LOSSES)


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

    loss_names = LOSSES
    usual_steps = (2000, 1000)

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
        self.generator = generator
        self.discriminator = discriminator

    def _build(self) -> None:
        self.generator_ = self._network(self.generator, "generator")
        self.discriminator_ = self._network(self.discriminator, "discriminator")

    def _training(self) -> list[Phase]:
        return [gan_phase(self, self.generator_, self.discriminator_)]

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        return discriminator_score(self.discriminator_, x)
