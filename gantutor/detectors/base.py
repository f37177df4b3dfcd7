"""What all methods share: from rows to a trained, calibrated detector and its scores.

A method adds its networks, its training and its score (``method.py`` says what it may
add); ``gan.py`` is the shortest example.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if

from gantutor import networks, rows, startup
from gantutor.detectors import graphs
from gantutor.detectors.method import Method
from gantutor.one_class import (
    CALIBRATION_SHARE,
    POSITIVE,
    SHARE,
    WHOLE,
    Array,
    Widths,
    check_value,
    drawn_seed,
)
from gantutor.rows import ROWS_AT_A_TIME, Rows, Scaling
from gantutor.scoring import integrated_gradients

MIN_ROWS = 8


@dataclass(kw_only=True, eq=False, repr=False)
class Detector(Method):
    """Base of all detectors: fit on normal rows, then score any rows.

    Parameters
    ----------
    latent_dim : int, optional
        Size of the generator's noise. By default the number of columns, at most 16; for
        images 16.
    hidden : sequence of int, optional
        Widths of the hidden layers, by default (64, 64). For images, the channels of the
        critic's convolutions, each of which halves the side; by default (16, 32).
    n_steps : int, optional
        Training steps: a fixed budget, by default one for tables and one for images. Nothing
        ends the training sooner but Ctrl-C, which keeps what was learned and warns.
    batch_size : int, default=128
        Rows per batch.
    learning_rate : float, optional
        Step size of Adam, for all players; by default 0.001, unless the method says otherwise.
    false_alarm_rate : float, default=0.05
        Share of normal rows that `predict` may call anomalies, between 0 and 1.
    random_state : int, RandomState instance or None, default=None
        An int gives the same scores in each run on one machine.
    verbose : int, default=0
        1 shows a progress bar with the time left on standard output, and what `fit` took.
    warm_start : bool, default=False
        If True, `fit` on a fitted detector trains for `n_steps` steps more, with the same
        scaling and the same split. On the same rows the result is bit for bit that of one
        long fit (as long as neither has 10,000 steps, from where on XLA rounds otherwise).

    Attributes
    ----------
    threshold_ : float
        Rows with a higher score are anomalies.
    calibration_scores_ : array of shape (n_calibration,)
        Sorted scores of the rows that were kept out of training, by default a fifth of all.
    history_ : dict of str to array of shape (n_steps,)
        Each loss at each training step.
    stopped_ : bool
        Whether Ctrl-C has ended the last training before its last step.
    fit_seconds_ : float
        What the last `fit` took, compilation included.
    center_, scale_ : array of shape (n_features,) or (1,)
        A row x enters the networks as ``(x - center_) / scale_``: mean and standard
        deviation of each column over the training rows; for images the middle and half the
        range of all pixels.
    n_features_in_ : int
        Columns (or pixels times channels) seen by `fit`.
    feature_names_in_ : array of shape (n_features_in_,)
        Column names, if `fit` was given a DataFrame with names.
    """

    latent_dim: Annotated[int | None, WHOLE] = None
    hidden: Annotated[Sequence[int] | None, Widths()] = None
    n_steps: Annotated[int | None, WHOLE] = None
    batch_size: Annotated[int, WHOLE] = 128
    learning_rate: Annotated[float | None, POSITIVE] = None
    false_alarm_rate: Annotated[float, SHARE] = 0.05
    random_state: int | np.random.RandomState | None = None
    verbose: int = 0
    warm_start: bool | np.bool_ = False

    def anomaly_score(self, X: ArrayLike) -> Array:
        """Anomaly score of each row; up = more anomalous.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images
            Rows with the same columns, or images of the same shape, as in `fit`.

        Returns
        -------
        array of shape (n,)
        """
        return self._map("_score", self._checked(X), verbose=self.verbose)

    def explain(self, X: ArrayLike) -> Array:
        """How much each feature or pixel adds to the score of each row.

        The numbers of a row add up to its score minus the score of the mean training row, to
        within the error of a sum over 64 points: `gantutor.scoring.integrated_gradients` on
        the way from the mean row.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images

        Returns
        -------
        array of the shape of X
        """
        X = self._checked(X)
        parts = self._map("_attribute", X, 256, self.verbose)
        return parts.reshape(X.shape)

    @available_if(lambda self: "generator" in self._get_param_names())
    def sample(self, n: int, seed: int | None = None) -> Array:
        """Rows made by the generator, in the units of the data.

        Parameters
        ----------
        n : int
            How many.
        seed : int, optional
            The same seed gives the same rows.

        Returns
        -------
        array of shape (n, n_features), or images as in `fit`
        """
        self._check_ready()
        check_value("n", n, WHOLE)
        z = np.random.default_rng(seed).standard_normal((n, self.latent_dim_))
        made = rows.apply_in_batches(self.generator_, z.astype(np.float32))
        return self._unscaled(made)

    @available_if(lambda self: hasattr(self, "_reconstruct"))
    def reconstruct(self, X: ArrayLike) -> Array:
        """What the networks make of each row, in the units of the data.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images

        Returns
        -------
        array of the shape of X
        """
        made = self._map("_reconstruct", self._checked(X), verbose=self.verbose)
        return self._unscaled(made)

    def scaled(self, X: ArrayLike) -> NDArray[np.float32]:
        """Rows as the networks take them.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images

        Returns
        -------
        array of shape (n, n_features), or (n, height, width, channels)
        """
        X = self._checked(X)
        return self._scaling().there(X)

    # -- how it is done ----------------------------------------------------------------

    def _fit(self, X: ArrayLike, calibration: ArrayLike | None) -> Self:
        startup.refuse_forked_process()
        began = time.perf_counter()
        more = self.warm_start and hasattr(self, "threshold_")
        if more:
            self._refuse_other_parameters()
            if self.calibration_given_ and calibration is None:
                raise ValueError(
                    "The first fit was given calibration rows. Give them again: without "
                    "them, rows that were trained on would set the threshold."
                )
        self.calibration_given_ = calibration is not None
        self._fitted_parameters = {
            name: list(value) if isinstance(value, list) else value
            for name, value in self.get_params(deep=False).items()
        }
        X = rows.checked(self, X, fitting=not more, at_least=MIN_ROWS)
        if not more:
            self.seed_ = drawn_seed(self.random_state)
            self.history_, self.training_state_ = {}, {}
        seeds = np.random.SeedSequence(self.seed_).spawn(3)
        order = np.random.default_rng(seeds[0]).permutation(len(X))
        if calibration is None:
            n_kept = max(1, round(CALIBRATION_SHARE * len(X)))
            kept: Rows = rows.Picked(X, order[:n_kept])
            order = order[n_kept:]
        else:
            kept = rows.checked(self, calibration)
        if not more:
            unscaled = rows.Picked(X, order)
            self.center_, self.scale_, _ = Scaling.of(unscaled, self.row_shape)
            self.latent_dim_ = int(self._setting("latent_dim"))
        x = rows.held(rows.Picked(X, order, self._scaling().there))
        self.mean_row_ = rows.mean_row(x)
        with networks.initial_weights(int(seeds[1].generate_state(1)[0])):
            self._build()
        self._workshop = graphs.workshop_of(self)
        self.history_ = {
            name: np.concatenate([self.history_.get(name, losses[:0]), losses])
            for name, losses in self._workshop.train(self, x, seeds[2]).items()
        }
        self._after_training(x)
        self._set_threshold(self._map("_score", kept))
        self.fit_seconds_ = time.perf_counter() - began
        if self.verbose:
            print(
                f"{type(self).__name__}: trained on {len(x):,} rows in "
                f"{self.fit_seconds_:.1f} s; threshold {self.threshold_:.4g} from "
                f"{len(kept):,} other rows."
            )
        return self

    def _attribute(self, x: tf.Tensor) -> tf.Tensor:
        return integrated_gradients(self._score, self.mean_row_, x)

    def _check_ready(self) -> None:
        startup.refuse_forked_process()
        super()._check_ready()

    def _checked(self, X: ArrayLike) -> NDArray:
        self._check_ready()
        return rows.checked(self, X)

    def _scaling(self) -> Scaling:
        return Scaling(self.center_, self.scale_, self.row_shape)

    def _unscaled(self, x: Array) -> Array:
        x = x.reshape(len(x), *(self.image_shape_ or (-1,)))
        return self._scaling().back(x)

    def _map(
        self, method: str, X: Rows, size: int | None = None, verbose: int = 0
    ) -> Array:
        """A compiled method of scaled rows, applied to checked rows."""
        if not hasattr(self, "_workshop"):  # loaded from a file, or a copy
            self._workshop = graphs.workshop_of(self)
        function = self._workshop.function(self, method)
        many = 1 if self.image_shape_ else self.batches_scored_at_once
        size = size or many * ROWS_AT_A_TIME
        return rows.apply_in_batches(function, X, size, self._scaling().there, verbose)

    def _refuse_other_parameters(self) -> None:
        """Going on with a training needs the parameters that it began with."""
        for name, value in self._fitted_parameters.items():
            now = getattr(self, name)
            if isinstance(now, list | tuple) and isinstance(value, list | tuple):
                now, value = tuple(now), tuple(value)
            if name not in graphs.NOT_IN_A_GRAPH and now is not value and now != value:
                raise ValueError(
                    f"warm_start=True goes on with the training, but {name} was {value!r} "
                    f"and is now {now!r}. Set it back, or set warm_start=False."
                )
