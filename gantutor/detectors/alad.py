"""ALAD: a BiGAN whose encoder must also undo the generator, and the other way round.

Paper: Zenati et al. 2018, "Adversarially learned anomaly detection" (arXiv 1812.02288).
Three discriminators see pairs, the first of each line as real:

    D       (x, E(x))     (G(z), z)
    D_xx    (x, x)        (x, G(E(x)))
    D_zz    (z, z)        (z, E(G(z)))

Score: |f(x, x) - f(x, G(E(x)))|_1 with f the last hidden layer of D_xx (algorithm 1).

Departures from the paper: the weights that score are averaged over about 200 steps instead of
1000, because training is shorter; no dropout and no batch normalisation. The spectral
normalisation of the encoder and all discriminators acts on tables as on images. D_xx and D_zz
have one hidden layer for tables, as in the authors' code.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from gantutor.detectors.base import Detector, averaging
from gantutor.detectors.compiled import Phase
from gantutor.losses import discriminator_loss, generator_loss
from gantutor.networks import hidden_features, spectral_normalization
from gantutor.scoring import l1_distance
from gantutor.training import minimize


def alad_step(
    generator: keras.Model,
    encoder: keras.Model,
    d_xz: keras.Model,
    d_xx: keras.Model,
    d_zz: keras.Model,
    ge_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of ALAD: the sum of the discriminators' losses, and that of G and E."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as ge_tape:
        encoded, made = encoder(x, training=True), generator(z, training=True)
        real_xz = d_xz([x, encoded], training=True)
        fake_xz = d_xz([made, z], training=True)
        real_xx = d_xx([x, x], training=True)
        fake_xx = d_xx([x, generator(encoded, training=True)], training=True)
        real_zz = d_zz([z, z], training=True)
        fake_zz = d_zz([z, encoder(made, training=True)], training=True)
        d_loss = (
            discriminator_loss(real_xz, fake_xz)
            + discriminator_loss(real_xx, fake_xx)
            + discriminator_loss(real_zz, fake_zz)
        )
        ge_loss = (
            discriminator_loss(fake_xz, real_xz)  # the labels swapped
            + generator_loss(fake_xx)
            + generator_loss(fake_zz)
        )
    minimize(d_loss, d_tape, d_optimizer, [d_xz, d_xx, d_zz])
    minimize(ge_loss, ge_tape, ge_optimizer, [generator, encoder])
    return d_loss, ge_loss


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

    loss_names = ("discriminators", "generator_and_encoder")
    usual_steps = (1500, 1000)

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
        spectral_norm: bool = True,
        ema_momentum: float = 0.995,
        generator: keras.Model | None = None,
        encoder: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        row_discriminator: keras.Model | None = None,
        latent_discriminator: keras.Model | None = None,
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
        self.spectral_norm = spectral_norm
        self.ema_momentum = ema_momentum
        self.generator = generator
        self.encoder = encoder
        self.discriminator = discriminator
        self.row_discriminator = row_discriminator
        self.latent_discriminator = latent_discriminator

    def _build(self) -> None:
        def normalized(given: keras.Model | None, kind: str) -> keras.Model:
            network = self._network(given, kind)
            return spectral_normalization(network) if self.spectral_norm else network

        self.generator_ = self._network(self.generator, "generator")
        self.encoder_ = normalized(self.encoder, "encoder")
        self.discriminator_ = normalized(self.discriminator, "pair_discriminator")
        self.row_discriminator_ = normalized(
            self.row_discriminator, "row_discriminator"
        )
        self.latent_discriminator_ = normalized(
            self.latent_discriminator, "latent_discriminator"
        )
        self._features = hidden_features(self.row_discriminator_, last=True)

    def _training(self) -> list[Phase]:
        makers = self.generator_, self.encoder_
        judges = (
            self.discriminator_,
            self.row_discriminator_,
            self.latent_discriminator_,
        )
        options = {"beta_1": 0.5, **averaging(self.ema_momentum)}
        players = self._adam(*makers, **options), self._adam(*judges, **options)
        return [self._phase(alad_step, (*makers, *judges), players)]

    def _reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        return self.generator_(self.encoder_(x, training=False), training=False)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        made = self._reconstruct(x)
        of_itself = self._features([x, x], training=False)
        return l1_distance(of_itself, self._features([x, made], training=False))

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_number("ema_momentum", below=1.0, zero=True)
        if not isinstance(self.spectral_norm, bool | np.bool_):
            raise ValueError(
                f"spectral_norm is {self.spectral_norm!r}; it must be True or False."
            )
