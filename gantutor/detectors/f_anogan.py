"""f-AnoGAN: an encoder, trained after the GAN, takes the place of the latent search.

Paper: Schlegl et al. 2019, "f-AnoGAN: fast unsupervised anomaly detection with generative
adversarial networks" (Medical Image Analysis 54).
Score: with f the last hidden layer of the critic and both means over all their numbers,

    mean (x - G(E(x)))^2 + kappa mean (f(x) - f(G(E(x))))^2,

which is the loss "izi_f" that the encoder was trained on, G and the critic being fixed.

Departures from the paper: penalty weight 1 and two critic updates a step, as in `WGAN`; Adam
instead of RMSProp for the encoder; a linear end of the encoder, not a tanh, which could
reach no latent point beyond 1.
"""

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.detectors.compiled import Phase
from gantutor.detectors.wgan import LOSSES, wgan_phase
from gantutor.networks import hidden_features
from gantutor.scoring import mean_squared_distance
from gantutor.training import minimize


def izi_step(
    generator: keras.Model,
    encoder: keras.Model,
    features: keras.Model,
    optimizer: keras.Optimizer,
    kappa: float,
    x: tf.Tensor,
) -> tuple[tf.Tensor]:
    """One step of the encoder towards rows: x to z to x, with the feature residual."""
    with tf.GradientTape() as tape:
        made = generator(encoder(x, training=True), training=False)
        residual = mean_squared_distance(x, made)
        feature_residual = mean_squared_distance(
            features(x, training=False), features(made, training=False)
        )
        loss = tf.reduce_mean(residual + kappa * feature_residual)
    minimize(loss, tape, optimizer, [encoder])
    return (loss,)


def ziz_step(
    generator: keras.Model,
    encoder: keras.Model,
    optimizer: keras.Optimizer,
    x: tf.Tensor,
    z: tf.Tensor,
) -> tuple[tf.Tensor]:
    """One step of the encoder towards latent points: z to x to z. Real rows are not used."""
    with tf.GradientTape() as tape:
        found = encoder(generator(z, training=False), training=True)
        loss = tf.reduce_mean(mean_squared_distance(z, found))
    minimize(loss, tape, optimizer, [encoder])
    return (loss,)


class FAnoGAN(Detector):
    """Score = residual of a row and of its features after encoder and generator.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 1,200, for images 1,000.
    n_encoder_steps : int, optional
        Training steps of the encoder, by default as many as `n_steps`.
    encoder_training : {"izi_f", "izi", "ziz"}, default="izi_f"
        What the encoder learns: to give back rows and their features, rows alone, or latent
        points.
    kappa : float, default=1.0
        Weight of the feature residual.
    n_critic : int, default=2
        Updates of the critic in each step.
    penalty_weight : float, default=1.0
        Weight of the gradient penalty.
    generator, critic, encoder : keras.Model, optional
        Networks of your own, copied and trained from fresh weights. The critic ends in one
        number without a sigmoid.

    Attributes
    ----------
    generator_, critic_, encoder_ : keras.Model
        The trained networks. See `Detector` for the others.

    Notes
    -----
    `warm_start` is refused: the encoder is trained on the finished generator, so a GAN that
    is trained further needs another encoder.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> detector = gt.detectors.FAnoGAN(random_state=0).fit(normal)
    >>> int((detector.predict(abnormal) == -1).sum())
    100
    """

    loss_names = (*LOSSES, "encoder")
    usual_steps = (1200, 1000)

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
        n_encoder_steps: int | None = None,
        encoder_training: Literal["izi_f", "izi", "ziz"] = "izi_f",
        kappa: float = 1.0,
        n_critic: int = 2,
        penalty_weight: float = 1.0,
        generator: keras.Model | None = None,
        critic: keras.Model | None = None,
        encoder: keras.Model | None = None,
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
        self.n_encoder_steps = n_encoder_steps
        self.encoder_training = encoder_training
        self.kappa = kappa
        self.n_critic = n_critic
        self.penalty_weight = penalty_weight
        self.generator = generator
        self.critic = critic
        self.encoder = encoder

    def _build(self) -> None:
        self.generator_ = self._network(self.generator, "generator")
        self.critic_ = self._network(self.critic, "critic")
        self.encoder_ = self._network(self.encoder, "encoder")
        self._features = hidden_features(self.critic_, last=True)

    def _training(self) -> list[Phase]:
        options: dict[str, Any] = {
            "players": [self._adam(self.encoder_)],
            "n_steps": int(self.n_encoder_steps or self._n_steps),
            "loss_names": ("encoder",),
        }
        networks = [self.generator_, self.encoder_]
        if self.encoder_training == "ziz":
            phase = self._phase(ziz_step, networks, **options)
        else:
            kappa = float(self.kappa) if self.encoder_training == "izi_f" else 0.0
            networks.append(self._features)
            phase = self._phase(
                izi_step, networks, settings=[kappa], noise=(), **options
            )
        return [wgan_phase(self, self.generator_, self.critic_), phase]

    def _reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        return self.generator_(self.encoder_(x, training=False), training=False)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        made = self._reconstruct(x)
        features = self._features(x, training=False)
        feature_residual = mean_squared_distance(
            features, self._features(made, training=False)
        )
        return mean_squared_distance(x, made) + self.kappa * feature_residual

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.n_encoder_steps is not None:
            self._check_whole("n_encoder_steps")
        self._check_whole("n_critic")
        self._check_number("penalty_weight")
        self._check_number("kappa", zero=True)
        self._check_choice("encoder_training", "izi_f", "izi", "ziz")
        if self.warm_start:
            raise ValueError(
                "warm_start is True; FAnoGAN cannot go on with its training, because the "
                "encoder is trained on the finished generator. Fit once with more n_steps."
            )
