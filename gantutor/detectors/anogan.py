"""AnoGAN: look for the generated row that is nearest, and score what is left.

Paper: Schlegl et al. 2017, "Unsupervised anomaly detection with generative adversarial
networks to guide marker discovery" (arXiv 1703.05921).
Score: the least value over z of

    (1 - w) |x - G(z)|_1 + w |f(x) - f(G(z))|_1 (+ prior_weight |z|^2 / 2)

with f the last hidden layer of the discriminator and w = 0.1 (equations 2 to 5), found by
`gantutor.scoring.latent_search`: Adam from several starting points that are the same for each
row, all rows at once.

Departures from the paper: a WGAN with gradient penalty by default instead of a plain GAN; 100
steps from 2 starts instead of 500 from one; the prior term, off by default.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import keras
import numpy as np
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.detectors.gan import gan_stage
from gantutor.detectors.wgan import wgan_stage
from gantutor.networks import hidden_features
from gantutor.one_class import NOT_NEGATIVE, POSITIVE, SHARE_OR_ZERO, WHOLE
from gantutor.rows import Rows
from gantutor.scoring import integrated_gradients, l1_distance, latent_search
from gantutor.training import Stage


@dataclass(kw_only=True, eq=False, repr=False)
class AnoGAN(Detector):
    """Score = what the best latent point leaves unexplained, by a search for each row.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 800, for images 1,000.
    feature_weight : float, default=0.1
        w in the score: the share of the feature residual, between 0 and 1.
    prior_weight : float, default=0.0
        Weight of |z|^2 / 2, which holds z near the points that the generator was trained on.
    n_search_steps : int, default=100
        Steps of the latent search.
    search_learning_rate : float, default=0.1
        Size of the first step of the search.
    n_starts : int, default=2
        Points where the search begins: the origin, and random ones.
    adversarial_training : {"wgan", "gan"}, default="wgan"
        How the generator is trained.
    n_critic : int, default=2
        Updates of the critic in each step.
    penalty_weight : float, default=1.0
        Weight of the gradient penalty.
    generator, discriminator : keras.Model, optional
        Networks of your own, copied and trained from fresh weights. The discriminator (or
        critic) ends in one number without a sigmoid.

    Attributes
    ----------
    generator_, discriminator_ : keras.Model
        The trained networks. See `Detector` for the others.
    search_starts_ : array of shape (n_starts, latent_dim)
        Where the search begins.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> detector = gt.detectors.AnoGAN(random_state=0).fit(normal)
    >>> int((detector.predict(abnormal) == -1).sum())
    100
    """

    feature_weight: Annotated[float, SHARE_OR_ZERO] = 0.1
    prior_weight: Annotated[float, NOT_NEGATIVE] = 0.0
    n_search_steps: Annotated[int, WHOLE] = 100
    search_learning_rate: Annotated[float, POSITIVE] = 0.1
    n_starts: Annotated[int, WHOLE] = 2
    adversarial_training: Literal["wgan", "gan"] = "wgan"
    n_critic: Annotated[int, WHOLE] = 2
    penalty_weight: Annotated[float, POSITIVE] = 1.0
    generator: keras.Model | None = None
    discriminator: keras.Model | None = None

    table_defaults: ClassVar = {"n_steps": 800}
    image_defaults: ClassVar = {"n_steps": 1000}
    score_arrays = ("search_starts_",)
    batches_scored_at_once = 4  # a search spends a third less a row in larger batches

    def _build(self) -> None:
        self.generator_ = self._network("generator")
        self.discriminator_ = self._network("discriminator")
        self._features = hidden_features(self.discriminator_, last=True)

    def _training(self) -> list[Stage]:
        networks = self.generator_, self.discriminator_
        sizes = self._setting("learning_rate"), self.batch_size, self.latent_dim_
        if self.adversarial_training == "gan":
            return [gan_stage(*networks, *sizes)]
        return [wgan_stage(*networks, *sizes, self.n_critic, self.penalty_weight)]

    def _after_training(self, x: Rows) -> None:
        random = np.random.default_rng(np.random.SeedSequence(self.seed_).spawn(4)[3])
        starts = random.standard_normal((self.n_starts, self.latent_dim_), np.float32)
        starts[0] = 0.0
        self.search_starts_ = starts

    def _view(self, x: tf.Tensor) -> tf.Tensor:
        """What a row is compared by: its columns and its features, weighted."""
        flat = tf.reshape(x, (tf.shape(x)[0], math.prod(self.row_shape)))
        features, w = self._features(x, training=False), self.feature_weight
        return tf.concat([(1 - w) * flat, w * features], axis=1)

    def _loss(self, view: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
        residual = l1_distance(view, self._view(self.generator_(z, training=False)))
        return residual + self.prior_weight * tf.reduce_sum(z**2, axis=1) / 2

    def _search(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        steps, rate = self.n_search_steps, self.search_learning_rate
        starts = self.search_starts_
        return latent_search(self._loss, self._view(x), starts, steps, rate)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        return self._search(x)[1]

    def _reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        return self.generator_(self._search(x)[0], training=False)

    def _attribute(self, x: tf.Tensor) -> tf.Tensor:
        """Residuals in excess of those of the mean row, without the prior term.

        The gradient of a search for the best of many points is of no use: it jumps.
        """
        return self._residuals(x) - self._residuals(self.mean_row_[None])

    def _residuals(self, x: tf.Tensor) -> tf.Tensor:
        made = self._reconstruct(x)
        features = self._features(made, training=False)

        def feature_residual(point: tf.Tensor) -> tf.Tensor:
            return l1_distance(self._features(point, training=False), features)

        w = self.feature_weight
        of_features = integrated_gradients(feature_residual, made, x)
        return (1 - w) * tf.abs(x - made) + w * of_features
