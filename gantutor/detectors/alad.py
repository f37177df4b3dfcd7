"""ALAD: a BiGAN whose encoder must also undo the generator, and the other way round.

Paper: Zenati et al. 2018, "Adversarially learned anomaly detection" (arXiv 1812.02288).
Three discriminators see pairs, the first of each line as real::

    D       (x, E(x))     (G(z), z)
    D_xx    (x, x)        (x, G(E(x)))
    D_zz    (z, z)        (z, E(G(z)))

Score: |f(x, x) - f(x, G(E(x)))|_1 with f the last hidden layer of D_xx (algorithm 1).

Departures from the paper: the weights that score are averaged over about 200 steps instead of
1000, because training is shorter; no dropout and no batch normalisation. The spectral
normalisation of the encoder and all discriminators acts on tables as on images. D_xx and D_zz
have one hidden layer for tables, as in the authors' code.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import keras
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.networks import hidden_features, spectral_normalization
from gantutor.one_class import SHARE_OR_ZERO
from gantutor.scoring import l1_distance
from gantutor.training import Noise, Stage, adam, alad_step


@dataclass(kw_only=True, eq=False, repr=False)
class ALAD(Detector):
    """Score = distance between a row and its reconstruction in the features of D_xx.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 1,500, for images 1,000.
    spectral_norm : bool, default=True
        Normalise the encoder and the discriminators, those of your own as well.
    ema_momentum : float, default=0.995
        The weights that score are a moving average over the training, of which this share
        stays at each step; 0 takes the last ones.
    generator, encoder : keras.Model, optional
        Networks of your own, copied and trained from fresh weights.
    discriminator, row_discriminator, latent_discriminator : keras.Model, optional
        D, D_xx and D_zz, each of which takes a list of two batches and ends in one logit.

    Attributes
    ----------
    generator_, encoder_, discriminator_, row_discriminator_, latent_discriminator_ : \
keras.Model
        The trained networks. See `Detector` for the others.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> detector = gt.detectors.ALAD(random_state=0).fit(normal)
    >>> int((detector.predict(abnormal) == -1).sum())
    100
    """

    spectral_norm: bool = True
    ema_momentum: Annotated[float, SHARE_OR_ZERO] = 0.995
    generator: keras.Model | None = None
    encoder: keras.Model | None = None
    discriminator: keras.Model | None = None
    row_discriminator: keras.Model | None = None
    latent_discriminator: keras.Model | None = None

    table_defaults: ClassVar = {"n_steps": 1500}
    image_defaults: ClassVar = {"n_steps": 1000}

    def _build(self) -> None:
        def normalized(name: str, kind: str = "") -> keras.Model:
            network = self._network(name, kind)
            return spectral_normalization(network) if self.spectral_norm else network

        self.generator_ = self._network("generator")
        self.encoder_ = normalized("encoder")
        self.discriminator_ = normalized("discriminator", "pair_discriminator")
        self.row_discriminator_ = normalized("row_discriminator")
        self.latent_discriminator_ = normalized("latent_discriminator")
        self._features = hidden_features(self.row_discriminator_, last=True)

    def _training(self) -> list[Stage]:
        generator, encoder = self.generator_, self.encoder_
        d_xz, d_xx = self.discriminator_, self.row_discriminator_
        d_zz = self.latent_discriminator_
        rate, momentum = self._setting("learning_rate"), self.ema_momentum
        ge_optimizer = adam(rate, generator, encoder, beta_1=0.5, ema_momentum=momentum)
        d_optimizer = adam(rate, d_xz, d_xx, d_zz, beta_1=0.5, ema_momentum=momentum)
        step = partial(
            alad_step, generator, encoder, d_xz, d_xx, d_zz, ge_optimizer, d_optimizer
        )
        stage = Stage(
            step,
            batch_shape=(self.batch_size,),
            noise=[Noise("normal", (self.batch_size, self.latent_dim_))],
            loss_names=("discriminators", "generator_and_encoder"),
            learners={
                ge_optimizer: [generator, encoder],
                d_optimizer: [d_xz, d_xx, d_zz],
            },
        )
        return [stage]

    def _reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        return self.generator_(self.encoder_(x, training=False), training=False)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        made = self._reconstruct(x)
        of_itself = self._features([x, x], training=False)
        return l1_distance(of_itself, self._features([x, made], training=False))
