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

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import keras
import tensorflow as tf
from numpy.typing import ArrayLike

from gantutor.detectors.base import Detector
from gantutor.detectors.wgan import wgan_stage
from gantutor.networks import hidden_features
from gantutor.one_class import NOT_NEGATIVE, POSITIVE, WHOLE
from gantutor.scoring import mean_squared_distance
from gantutor.training import Noise, Stage, Step, adam, izi_step, ziz_step


@dataclass(kw_only=True, eq=False, repr=False)
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

    n_encoder_steps: Annotated[int | None, WHOLE] = None
    encoder_training: Literal["izi_f", "izi", "ziz"] = "izi_f"
    kappa: Annotated[float, NOT_NEGATIVE] = 1.0
    n_critic: Annotated[int, WHOLE] = 2
    penalty_weight: Annotated[float, POSITIVE] = 1.0
    generator: keras.Model | None = None
    critic: keras.Model | None = None
    encoder: keras.Model | None = None

    table_defaults: ClassVar = {"n_steps": 1200}
    image_defaults: ClassVar = {"n_steps": 1000}

    def _build(self) -> None:
        self.generator_ = self._network("generator")
        self.critic_ = self._network("critic")
        self.encoder_ = self._network("encoder")
        self._features = hidden_features(self.critic_, last=True)

    def _training(self) -> list[Stage]:
        generator, encoder = self.generator_, self.encoder_
        rate = self._setting("learning_rate")
        gan = wgan_stage(
            generator,
            self.critic_,
            rate,
            self.batch_size,
            self.latent_dim_,
            self.n_critic,
            self.penalty_weight,
        )
        optimizer = adam(rate, encoder)
        step: Step
        if self.encoder_training == "ziz":
            step = partial(ziz_step, generator, encoder, optimizer)
            noise = [Noise("normal", (self.batch_size, self.latent_dim_))]
        else:
            kappa = float(self.kappa) if self.encoder_training == "izi_f" else 0.0
            step = partial(
                izi_step, generator, encoder, self._features, optimizer, kappa
            )
            noise = []
        encoding = Stage(
            step,
            batch_shape=(self.batch_size,),
            noise=noise,
            loss_names=("encoder",),
            learners={optimizer: [encoder]},
        )
        return [gan, encoding]

    def step_counts(self) -> list[int]:
        """The steps of the GAN, and those of the encoder."""
        n_steps = self._setting("n_steps")
        return [n_steps, self.n_encoder_steps or n_steps]

    def _reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        return self.generator_(self.encoder_(x, training=False), training=False)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        made = self._reconstruct(x)
        features = self._features(x, training=False)
        feature_residual = mean_squared_distance(
            features, self._features(made, training=False)
        )
        return mean_squared_distance(x, made) + self.kappa * feature_residual

    def _fit(self, X: ArrayLike, calibration: Any) -> "FAnoGAN":
        if self.warm_start:
            raise ValueError(
                "warm_start is True; FAnoGAN cannot go on with its training, because the "
                "encoder is trained on the finished generator. Fit once with more n_steps."
            )
        return super()._fit(X, calibration)
