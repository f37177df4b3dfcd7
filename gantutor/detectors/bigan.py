"""BiGAN: generator and encoder learn together against a discriminator of pairs.

Papers: Donahue et al. 2017, "Adversarial feature learning" (arXiv 1605.09782), and, for the
score, Zenati et al. 2018, "Efficient GAN-based anomaly detection" (arXiv 1802.06222).
D sees the pairs (x, E(x)) as real and (G(z), z) as generated; G and E want the opposite.
Score: (1 - w) |x - G(E(x))|_1 + w L(x), w = 0.1, with f the last hidden layer of D and L

- "features": |f(x, E(x)) - f(G(E(x)), E(x))|_1;
- "cross_entropy": the cross-entropy of D(x, E(x)) against 1, as the paper writes it;
- "cross_entropy_of_reconstruction": that of D(G(E(x)), E(x)), as the authors' code has it.

Departures from the paper: the weights that score are averaged over about 500 steps instead of
10,000, because training is shorter; no dropout.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar, Literal

import keras
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.networks import hidden_features
from gantutor.one_class import SHARE_OR_ZERO
from gantutor.scoring import discriminator_score, l1_distance
from gantutor.training import Noise, Stage, adam, bigan_step


@dataclass(kw_only=True, eq=False, repr=False)
class BiGAN(Detector):
    """Score = residual after encoder and generator, and what D says of the pair.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 3,000, for images 2,000; the default rate is 2e-4,
        for images 1e-3.
    feature_weight : float, default=0.1
        w in the score: the share of L, between 0 and 1.
    discrimination : {"features", "cross_entropy", "cross_entropy_of_reconstruction"}, \
default="features"
        L in the score; see the text at the top of the file.
    ema_momentum : float, default=0.998
        The weights that score are a moving average over the training, of which this share
        stays at each step; 0 takes the last ones.
    generator, encoder, discriminator : keras.Model, optional
        Networks of your own, copied and trained from fresh weights. The discriminator takes
        a list of rows and latent points and ends in one logit.

    Attributes
    ----------
    generator_, encoder_, discriminator_ : keras.Model
        The trained networks. See `Detector` for the others.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> detector = gt.detectors.BiGAN(random_state=0).fit(normal)
    >>> int((detector.predict(abnormal) == -1).sum())
    100
    """

    feature_weight: Annotated[float, SHARE_OR_ZERO] = 0.1
    discrimination: Literal[
        "features", "cross_entropy", "cross_entropy_of_reconstruction"
    ] = "features"
    ema_momentum: Annotated[float, SHARE_OR_ZERO] = 0.998
    generator: keras.Model | None = None
    encoder: keras.Model | None = None
    discriminator: keras.Model | None = None

    table_defaults: ClassVar = {"n_steps": 3000, "learning_rate": 2e-4}
    image_defaults: ClassVar = {"n_steps": 2000}

    def _build(self) -> None:
        self.generator_ = self._network("generator")
        self.encoder_ = self._network("encoder")
        self.discriminator_ = self._network("discriminator", "pair_discriminator")
        self._features = hidden_features(self.discriminator_, last=True)

    def _training(self) -> list[Stage]:
        generator, encoder = self.generator_, self.encoder_
        discriminator = self.discriminator_
        rate, momentum = self._setting("learning_rate"), self.ema_momentum
        ge_optimizer = adam(rate, generator, encoder, beta_1=0.5, ema_momentum=momentum)
        d_optimizer = adam(rate, discriminator, beta_1=0.5, ema_momentum=momentum)
        stage = Stage(
            partial(
                bigan_step, generator, encoder, discriminator, ge_optimizer, d_optimizer
            ),
            batch_shape=(self.batch_size,),
            noise=[Noise("normal", (self.batch_size, self.latent_dim_))],
            loss_names=("discriminator", "generator_and_encoder"),
            learners={ge_optimizer: [generator, encoder], d_optimizer: [discriminator]},
        )
        return [stage]

    def _reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        return self.generator_(self.encoder_(x, training=False), training=False)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        z = self.encoder_(x, training=False)
        made = self.generator_(z, training=False)
        if self.discrimination == "features":
            features = self._features([x, z], training=False)
            loss = l1_distance(features, self._features([made, z], training=False))
        else:
            judged = x if self.discrimination == "cross_entropy" else made
            loss = tf.nn.softplus(discriminator_score(self.discriminator_, [judged, z]))
        w = self.feature_weight
        return (1 - w) * l1_distance(x, made) + w * loss
