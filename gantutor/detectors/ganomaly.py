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

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from gantutor.detectors.base import Detector
from gantutor.detectors.compiled import Phase
from gantutor.losses import discriminator_loss
from gantutor.networks import hidden_features
from gantutor.scoring import mean_squared_distance
from gantutor.training import minimize


def ganomaly_step(
    encoder: keras.Model,
    decoder: keras.Model,
    second_encoder: keras.Model,
    discriminator: keras.Model,
    features: keras.Model,
    g_optimizer: keras.Optimizer,
    d_optimizer: keras.Optimizer,
    weights: tuple[float, float, float],
    x: tf.Tensor,
) -> tuple[tf.Tensor, ...]:
    """One step of GANomaly: D's loss, and the three parts of the generator's, unweighted."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
        code = encoder(x, training=True)
        made = decoder(code, training=True)
        second_code = second_encoder(made, training=True)
        d_loss = discriminator_loss(
            discriminator(x, training=True), discriminator(made, training=True)
        )
        d_loss = d_loss / 2
        feature_residual = features(x, training=True) - features(made, training=True)
        adversarial = tf.reduce_mean(feature_residual**2)
        contextual = tf.reduce_mean(tf.abs(x - made))
        latent = tf.reduce_mean((code - second_code) ** 2)
        parts = (adversarial, contextual, latent)
        g_loss = tf.add_n([w * part for w, part in zip(weights, parts, strict=True)])
    minimize(d_loss, d_tape, d_optimizer, [discriminator])
    minimize(g_loss, g_tape, g_optimizer, [encoder, decoder, second_encoder])
    return d_loss, *parts


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

    loss_names = ("discriminator", "adversarial", "contextual", "encoder")
    usual_steps = (1500, 750)

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
        adversarial_weight: float = 1.0,
        contextual_weight: float = 50.0,
        encoder_weight: float = 1.0,
        score_contextual_weight: float = 0.0,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        second_encoder: keras.Model | None = None,
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
        self.adversarial_weight = adversarial_weight
        self.contextual_weight = contextual_weight
        self.encoder_weight = encoder_weight
        self.score_contextual_weight = score_contextual_weight
        self.encoder = encoder
        self.decoder = decoder
        self.second_encoder = second_encoder
        self.discriminator = discriminator

    def _build(self) -> None:
        self.encoder_ = self._network(self.encoder, "encoder")
        self.decoder_ = self._network(self.decoder, "decoder")
        self.second_encoder_ = self._network(self.second_encoder, "second_encoder")
        self.discriminator_ = self._network(self.discriminator, "discriminator")
        self._features = hidden_features(self.discriminator_)

    def _training(self) -> list[Phase]:
        generator = self.encoder_, self.decoder_, self.second_encoder_
        networks = *generator, self.discriminator_, self._features
        players = self._adam(*generator), self._adam(self.discriminator_)
        weights = (
            float(self.adversarial_weight),
            float(self.contextual_weight),
            float(self.encoder_weight),
        )
        return [self._phase(ganomaly_step, networks, players, (weights,), noise=())]

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

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_number("adversarial_weight", zero=True)
        self._check_number("contextual_weight", zero=True)
        self._check_number("encoder_weight", zero=True)
        self._check_number("score_contextual_weight", zero=True)
