"""WGAN: distance to the normal rows in the hidden layers of a Wasserstein critic.

Paper: Gulrajani et al. 2017, "Improved training of Wasserstein GANs" (arXiv 1704.00028).
Score: with f(x) the outputs of the critic's hidden layers side by side,

- "gaussian": Mahalanobis distance of f(x) to the mean of the training rows' features, with
  the Ledoit-Wolf covariance (as Lee et al. 2018, arXiv 1807.03888, do with a classifier);
- "neighbours": distance of f(x) to the 5th nearest training row's features. Like the data
  themselves, the features of tables are brought to one scale first (whitened by the same
  covariance), those of images are left in their units;
- "critic": minus the critic's output.

Departures from the paper, chosen on the mean over many tables: penalty weight 1 instead of
10, two critic updates a step instead of five. The critic's output alone ranks rows along
the way from generated to real ones, so it has the plain GAN's trouble with directions; the
distance in its hidden layers has not.
"""

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gantutor import scoring
from gantutor.detectors.base import Detector
from gantutor.detectors.compiled import Phase
from gantutor.networks import hidden_features
from gantutor.training import Noise, wgan_step

LOSSES = ("critic", "generator", "penalty")
MAX_REFERENCE_ROWS = 10_000  # among which "neighbours" looks
MAX_GAUSSIAN_ROWS = 100_000  # whose features make the covariance: 200 MB, and enough


def wgan_phase(
    detector: Any,
    generator: keras.Model,
    critic: keras.Model,
) -> Phase:
    """The training of a WGAN with gradient penalty, by the detector's parameters."""
    networks = generator, critic
    players = [detector._adam(n, beta_1=0.0, beta_2=0.9) for n in networks]
    batch = detector.n_critic, detector.batch_size
    return detector._phase(
        wgan_step,
        networks,
        players,
        [float(detector.penalty_weight)],
        noise=[
            Noise("normal", (batch[0] + 1, batch[1], detector.latent_dim_)),
            Noise("uniform", (*batch, 1)),
        ],
        batch_shape=batch,
        loss_names=LOSSES,
    )


class WGAN(Detector):
    """Score = distance to the normal rows in the features of a WGAN-GP critic.

    Parameters
    ----------
    latent_dim, hidden, n_steps, batch_size, learning_rate, false_alarm_rate, random_state, \
verbose, warm_start
        See `Detector`. Default steps are 800, for images 400; default widths are (128, 128)
        for tables.
    score : {"gaussian", "neighbours", "critic"}, optional
        Which score; see the text at the top of the file. By default "gaussian" for tables
        and "neighbours" for images, whose features are too many for one covariance.
        "neighbours" compares each row with all training rows, at most 10,000 of them, and
        so is slower.
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

    loss_names = LOSSES
    learned = ("feature_mean_", "whitening_", "reference_")
    table_widths = (128, 128)
    usual_steps = (800, 400)

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
        score: Literal["gaussian", "neighbours", "critic"] | None = None,
        n_critic: int = 2,
        penalty_weight: float = 1.0,
        generator: keras.Model | None = None,
        critic: keras.Model | None = None,
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
        self.score = score
        self.n_critic = n_critic
        self.penalty_weight = penalty_weight
        self.generator = generator
        self.critic = critic

    @property
    def score(self) -> str | None:
        """Not to be read: scikit-learn would take it for a method, and call it."""
        raise AttributeError("'score' is a parameter: get_params()['score'] reads it")

    @score.setter
    def score(self, value: str | None) -> None:
        self.__dict__["score"] = value

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, as in scikit-learn; here without `getattr`, for `score`."""
        return {name: self.__dict__[name] for name in self._get_param_names()}

    @property
    def _kind(self) -> str:
        usual = "neighbours" if self.image_shape_ else "gaussian"
        return self.__dict__["score"] or usual

    def _build(self) -> None:
        self.generator_ = self._network(self.generator, "generator")
        self.critic_ = self._network(self.critic, "critic")
        if self._kind != "critic":
            self._features = hidden_features(self.critic_)

    def _training(self) -> list[Phase]:
        return [wgan_phase(self, self.generator_, self.critic_)]

    def _after_training(self, x: NDArray[np.float32]) -> None:
        for name in self.learned:  # of an earlier fit, which may have needed others
            self.__dict__.pop(name, None)
        if self._kind == "critic":
            return
        # the training rows are in random order, so the first are a random choice
        features = self._in_batches(self._features, x[:MAX_GAUSSIAN_ROWS])
        if self._kind == "gaussian" or not self.image_shape_:
            self.feature_mean_, self.whitening_ = scoring.fit_gaussian(features)
        if self._kind == "neighbours":
            known = tf.constant(features[:MAX_REFERENCE_ROWS], tf.float32)
            self.reference_ = self._on_one_scale(known).numpy()

    def _on_one_scale(self, features: tf.Tensor) -> tf.Tensor:
        """Features of tables, whitened; those of images as they are."""
        if self.image_shape_:
            return features
        centred = tf.cast(features, tf.float64) - self.feature_mean_
        return tf.cast(centred @ tf.cast(self.whitening_, tf.float64), tf.float32)

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        if self._kind == "critic":
            return scoring.discriminator_score(self.critic_, x)
        features = self._features(x, training=False)
        if self._kind == "gaussian":
            return scoring.mahalanobis_score(
                features, self.feature_mean_, self.whitening_
            )
        return scoring.neighbour_score(self._on_one_scale(features), self.reference_)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_whole("n_critic")
        self._check_number("penalty_weight")
        if self.__dict__["score"] is not None:
            self._check_choice("score", "gaussian", "neighbours", "critic")
