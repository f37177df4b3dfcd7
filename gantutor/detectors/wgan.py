"""WGAN: distance to the normal rows in the hidden layers of a Wasserstein critic.

Paper: Gulrajani et al. 2017, "Improved training of Wasserstein GANs" (arXiv 1704.00028).
Score: with f(x) the outputs of the critic's hidden layers side by side,

- "neighbours": distance of f(x) to the 5th nearest training row's features. Like the data
  themselves, the features of tables are brought to one scale first (whitened by their
  Ledoit-Wolf covariance), those of images are left in their units;
- "gaussian": Mahalanobis distance of f(x) to the mean of the training rows' features, with
  that covariance (as Lee et al. 2018, arXiv 1807.03888, do with a classifier);
- "critic": minus the critic's output.

Departures from the paper, chosen on the mean over many tables: penalty weight 1 instead of
10, two critic updates a step instead of five. The critic's output alone ranks rows along
the way from generated to real ones, so it has the plain GAN's trouble with directions; the
distance in its hidden layers has not.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar, Literal

import keras
import tensorflow as tf

from gantutor import rows, scoring
from gantutor.detectors.base import Detector
from gantutor.networks import hidden_features
from gantutor.one_class import POSITIVE, WHOLE
from gantutor.rows import Rows
from gantutor.training import Noise, Stage, adam, wgan_step

MAX_REFERENCE_ROWS = 10_000  # among which "neighbours" looks
MAX_GAUSSIAN_ROWS = 100_000  # whose features make the covariance: 200 MB, and enough


def wgan_stage(
    generator: keras.Model,
    critic: keras.Model,
    learning_rate: float,
    batch_size: int,
    latent_dim: int,
    n_critic: int,
    penalty_weight: float,
) -> Stage:
    """The training of a WGAN with gradient penalty."""
    g_optimizer = adam(learning_rate, generator, beta_1=0.0, beta_2=0.9)
    c_optimizer = adam(learning_rate, critic, beta_1=0.0, beta_2=0.9)
    return Stage(
        partial(
            wgan_step,
            generator,
            critic,
            g_optimizer,
            c_optimizer,
            float(penalty_weight),
        ),
        batch_shape=(n_critic, batch_size),
        noise=[
            Noise("normal", (n_critic + 1, batch_size, latent_dim)),
            Noise("uniform", (n_critic, batch_size, 1)),
        ],
        loss_names=("critic", "generator", "penalty"),
        learners={g_optimizer: [generator], c_optimizer: [critic]},
    )


@dataclass(kw_only=True, eq=False, repr=False)
class WGAN(Detector):
    """Score = distance to the normal rows in the features of a WGAN-GP critic.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 800, for images 400; default widths are (128, 128)
        for tables.
    scored_by : {"neighbours", "gaussian", "critic"}, default="neighbours"
        Which score; see the text at the top of the file. "neighbours" compares each row with
        all training rows, at most 10,000 of them, which makes scoring slower than
        "gaussian". On images, "gaussian" has too many features for one covariance.
    n_critic : int, default=2
        Updates of the critic in each step.
    penalty_weight : float, default=1.0
        Weight of the gradient penalty.
    generator, critic : keras.Model, optional
        Networks of your own, copied and trained from fresh weights. The critic ends in one
        number without a sigmoid.

    Attributes
    ----------
    generator_, critic_ : keras.Model
        The trained networks. See `Detector` for the others.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> wgan = gt.detectors.WGAN(random_state=0).fit(normal)
    >>> int((wgan.predict(abnormal) == -1).sum())
    100
    """

    scored_by: Literal["neighbours", "gaussian", "critic"] = "neighbours"
    n_critic: Annotated[int, WHOLE] = 2
    penalty_weight: Annotated[float, POSITIVE] = 1.0
    generator: keras.Model | None = None
    critic: keras.Model | None = None

    table_defaults: ClassVar = {"n_steps": 800, "hidden": (128, 128)}
    image_defaults: ClassVar = {"n_steps": 400}
    score_arrays = ("feature_mean_", "whitening_", "reference_")
    arrays_of_rows = ("reference_",)

    def _build(self) -> None:
        self.generator_ = self._network("generator")
        self.critic_ = self._network("critic")
        if self.scored_by != "critic":
            self._features = hidden_features(self.critic_)

    def _training(self) -> list[Stage]:
        stage = wgan_stage(
            self.generator_,
            self.critic_,
            self._setting("learning_rate"),
            self.batch_size,
            self.latent_dim_,
            self.n_critic,
            self.penalty_weight,
        )
        return [stage]

    def _after_training(self, x: Rows) -> None:
        for name in self.score_arrays:  # an earlier fit may have needed others
            self.__dict__.pop(name, None)
        if self.scored_by == "critic":
            return
        # the training rows are in random order, so the first are a random choice
        features = rows.apply_in_batches(self._features, x[:MAX_GAUSSIAN_ROWS])
        if self.scored_by == "gaussian" or not self.image_shape_:
            self.feature_mean_, self.whitening_ = scoring.fit_gaussian(features)
        if self.scored_by == "neighbours":
            known = tf.constant(features[:MAX_REFERENCE_ROWS], tf.float32)
            self.reference_ = self._on_one_scale(known).numpy()

    def _on_one_scale(self, features: tf.Tensor) -> tf.Tensor:
        """Features of tables, whitened; those of images as they are."""
        if self.image_shape_:
            return features
        centred = tf.cast(features, tf.float64) - self.feature_mean_
        return tf.cast(centred @ tf.cast(self.whitening_, tf.float64), tf.float32)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        if self.scored_by == "critic":
            return scoring.discriminator_score(self.critic_, x)
        features = self._features(x, training=False)
        if self.scored_by == "gaussian":
            return scoring.mahalanobis_score(
                features, self.feature_mean_, self.whitening_
            )
        return scoring.neighbour_score(self._on_one_scale(features), self.reference_)
