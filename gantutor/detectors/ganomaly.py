"""GANomaly: encode, decode, encode again, and compare the two codes.

Paper: Akcay et al. 2018, "GANomaly: semi-supervised anomaly detection via adversarial
training" (arXiv 1805.06725).
The generator is an encoder E and a decoder; a second encoder E2 with weights of its own
reads what the decoder has made. With f the hidden layers of the discriminator, it minimises
the sum of

    adversarial   1 x mean (f(x) - f(x'))^2
    contextual   50 x mean |x - x'|
    encoder       1 x mean (E(x) - E2(x'))^2,      x' = decoder(E(x)).

Score: mean (E(x) - E2(x'))^2, as in the authors' code; the paper prints an L1 norm. Optional:
plus a share of the contextual residual.

Departures from the paper: scores are not rescaled by those of the other rows; no batch
normalisation.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import keras
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.networks import hidden_features
from gantutor.one_class import NOT_NEGATIVE
from gantutor.scoring import mean_squared_distance
from gantutor.training import Stage, adam, ganomaly_step


@dataclass(kw_only=True, eq=False, repr=False)
class GANomaly(Detector):
    """Score = squared distance between the code of a row and that of its reconstruction.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 1,500, for images 750.
    adversarial_weight, contextual_weight, encoder_weight : float, default=1, 50, 1
        Weights of the three parts of the generator's loss.
    score_contextual_weight : float, default=0.0
        Weight of the mean absolute residual in the score.
    encoder, decoder, second_encoder, discriminator : keras.Model, optional
        Networks of your own, copied and trained from fresh weights. The discriminator ends
        in one logit.

    Attributes
    ----------
    encoder_, decoder_, second_encoder_, discriminator_ : keras.Model
        The trained networks. See `Detector` for the others.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> detector = gt.detectors.GANomaly(random_state=0).fit(normal)
    >>> int((detector.predict(abnormal) == -1).sum())
    100
    """

    adversarial_weight: Annotated[float, NOT_NEGATIVE] = 1.0
    contextual_weight: Annotated[float, NOT_NEGATIVE] = 50.0
    encoder_weight: Annotated[float, NOT_NEGATIVE] = 1.0
    score_contextual_weight: Annotated[float, NOT_NEGATIVE] = 0.0
    encoder: keras.Model | None = None
    decoder: keras.Model | None = None
    second_encoder: keras.Model | None = None
    discriminator: keras.Model | None = None

    table_defaults: ClassVar = {"n_steps": 1500}
    image_defaults: ClassVar = {"n_steps": 750}

    def _build(self) -> None:
        self.encoder_ = self._network("encoder")
        self.decoder_ = self._network("decoder")
        self.second_encoder_ = self._network("second_encoder")
        self.discriminator_ = self._network("discriminator")
        self._features = hidden_features(self.discriminator_)

    def _training(self) -> list[Stage]:
        encoder, decoder = self.encoder_, self.decoder_
        second_encoder, discriminator = self.second_encoder_, self.discriminator_
        rate = self._setting("learning_rate")
        g_optimizer = adam(rate, encoder, decoder, second_encoder)
        d_optimizer = adam(rate, discriminator)
        weights = (
            float(self.adversarial_weight),
            float(self.contextual_weight),
            float(self.encoder_weight),
        )
        step = partial(
            ganomaly_step,
            encoder,
            decoder,
            second_encoder,
            discriminator,
            self._features,
            g_optimizer,
            d_optimizer,
            weights,
        )
        stage = Stage(
            step,
            batch_shape=(self.batch_size,),
            noise=(),
            loss_names=("discriminator", "adversarial", "contextual", "encoder"),
            learners={
                g_optimizer: [encoder, decoder, second_encoder],
                d_optimizer: [discriminator],
            },
        )
        return [stage]

    def _reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        return self.decoder_(self.encoder_(x, training=False), training=False)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        code = self.encoder_(x, training=False)
        made = self.decoder_(code, training=False)
        second_code = self.second_encoder_(made, training=False)
        axes = range(1, len(x.shape))
        contextual = tf.reduce_mean(tf.abs(x - made), axis=axes)
        latent = mean_squared_distance(code, second_code)
        return latent + self.score_contextual_weight * contextual
