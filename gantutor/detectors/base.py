"""What all detectors share: checks, scaling, calibration, thresholds, files.

A method adds its networks, its training step and its score (see ``gan.py`` for the
shortest example); everything a user calls is here.
"""

import math
import os
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gantutor import networks, scoring
from gantutor.detectors import files
from gantutor.training import Noise, Step, train

Array = NDArray[np.float64]

CALIBRATION_SHARE = 0.2  # of the rows given to fit, held out to set the threshold
MIN_ROWS = 8
ROWS_AT_A_TIME = 4096  # scored in one call: memory does not grow with the table
MULTIPLE = (
    16  # batches are filled up to one, so that a row's score is always rounded alike
)
LARGEST = 1e6  # scaled values beyond are cut, so that float32 can square them


class Detector(OutlierMixin, BaseEstimator):
    """Base of all detectors: fit on normal rows, then score any rows.

    Parameters
    ----------
    latent_dim : int, optional
        Size of the generator's noise. By default the number of columns, at most 16; for
        images 16.
    hidden : sequence of int, optional
        Widths of the hidden layers, by default (64, 64). For images, the channels of the
        critic's convolutions, each of which halves the side; by default (16, 32).
    n_steps : int
        Training steps.
    batch_size : int, default=128
        Rows per batch.
    learning_rate : float
        Step size of Adam, for both players.
    false_alarm_rate : float, default=0.05
        Share of normal rows that `predict` may call anomalies, between 0 and 1.
    random_state : int, RandomState instance or None, default=None
        An int gives the same scores in each run on one machine.
    verbose : int, default=0
        1 shows a progress bar on standard output.

    Attributes
    ----------
    threshold_ : float
        Rows with a higher score are anomalies.
    calibration_scores_ : array of shape (n_calibration,)
        Sorted scores of the rows that were kept out of training, a fifth of all.
    history_ : dict of str to array of shape (n_steps,)
        Each loss at each training step.
    center_, scale_ : array of shape (n_features,) or (1,)
        A row x enters the networks as ``(x - center_) / scale_``: mean and standard
        deviation of each column over the training rows; for images the middle and half the
        range of all pixels.
    n_features_in_ : int
        Columns (or pixels times channels) seen by `fit`.
    feature_names_in_ : array of shape (n_features_in_,)
        Column names, if `fit` was given a DataFrame with names.
    """

    image_shape_: tuple[int, ...]
    loss_names: ClassVar[tuple[str, ...]]
    table_widths: ClassVar[tuple[int, ...]] = (64, 64)

    def __init__(
        self,
        latent_dim: int | None = None,
        hidden: Sequence[int] | None = None,
        n_steps: int = 1000,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        false_alarm_rate: float = 0.05,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.latent_dim = latent_dim
        self.hidden = hidden
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.false_alarm_rate = false_alarm_rate
        self.random_state = random_state
        self.verbose = verbose

    # -- what a method adds ------------------------------------------------------------

    def _build(self) -> None:
        """Set the networks as attributes that end in an underscore."""
        raise NotImplementedError

    def _training(self) -> tuple[Step, tuple[int, ...], tuple[Noise, ...]]:
        """The step, the shape of the rows it sees, and the noise it takes."""
        raise NotImplementedError

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        """Scores (n,) of scaled rows; up = more anomalous."""
        raise NotImplementedError

    def _after_training(self, x: NDArray[np.float32]) -> None:
        """Fit what the score needs beside the networks, on the scaled training rows."""

    # -- what a user calls -------------------------------------------------------------

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images (n, height, width[, c])
            Normal rows, or mostly so. At least 8; about 100 for a threshold that can keep
            a false-alarm rate of 5 %.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X holds NaN, infinity or text, has too few rows or a wrong shape, or if a
            parameter is out of its range.
        FloatingPointError
            If a loss becomes infinite or NaN.
        """
        before = self.__dict__.copy()
        try:
            return self._fit(X)
        except BaseException:  # a failed fit leaves the detector as it was
            self.__dict__ = before
            raise

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
        check_is_fitted(self)
        x = self._scaled(self._checked(X))
        return self._in_batches(self._score_rows.get_concrete_function(), x)

    def score_samples(self, X: ArrayLike) -> Array:
        """Minus the anomaly score: scikit-learn's sign, down = more anomalous.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images

        Returns
        -------
        array of shape (n,)
        """
        return -self.anomaly_score(X)

    def decision_function(self, X: ArrayLike) -> Array:
        """Threshold minus anomaly score: negative for anomalies.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images

        Returns
        -------
        array of shape (n,)
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """+1 for normal rows, -1 for anomalies.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images

        Returns
        -------
        array of shape (n,)
        """
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def p_value(self, X: ArrayLike) -> Array:
        """Share of calibration normals that are at least as anomalous as each row.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images

        Returns
        -------
        array of shape (n,)
            (1 + #{calibration scores >= score}) / (n_calibration + 1).
        """
        scores = self.anomaly_score(X)
        return scoring.p_values(self.calibration_scores_, scores)

    def explain(self, X: ArrayLike) -> Array:
        """How much each feature or pixel adds to the score of each row.

        The numbers of a row add up to its score minus the score of the mean training row,
        to within the error of the sum over 64 points: integrated gradients, Sundararajan et
        al. 2017 (arXiv 1703.01365), equation 3, on the way from the mean row.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images

        Returns
        -------
        array of the shape of X
        """
        check_is_fitted(self)
        checked = self._checked(X)
        explain_rows = self._explain_rows.get_concrete_function()
        parts = self._in_batches(explain_rows, self._scaled(checked), rows=256)
        return parts.reshape(checked.shape[0], *(self.image_shape_ or (-1,)))

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
        check_is_fitted(self)
        if n < 1:
            raise ValueError(f"n is {n}; the generator makes at least 1 row.")
        z = np.random.default_rng(seed).standard_normal((n, self.latent_dim_))
        x = self._in_batches(self.generator_, z.astype(np.float32))
        rows = x.reshape(n, -1) * self.scale_ + self.center_
        return rows.reshape(n, *(self.image_shape_ or (-1,)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file of JSON and arrays.

        The file is complete or not there: an old one is replaced only when the new one has
        been written. `gantutor.load` reads it without running any code from it.

        Parameters
        ----------
        path : path-like
            Where to write; "detector.npz" is a good name.
        """
        check_is_fitted(self)
        files.save(self, path)

    # -- how it is done ----------------------------------------------------------------

    def _fit(self, X: ArrayLike) -> Self:
        self._check_parameters()
        self._fitted_parameters = self.get_params(deep=False)
        rows = self._checked(X, fitting=True)
        if len(rows) < MIN_ROWS:
            raise ValueError(
                f"X has {len(rows)} sample{'s'[: len(rows) - 1]}; fit needs at least "
                f"{MIN_ROWS} normal rows, and about 100 for a threshold at 5 % false alarms."
            )
        seed: Any = self.random_state
        if seed is not None and not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31)
        split_seed, weight_seed, train_seed = np.random.SeedSequence(seed).spawn(3)
        order = np.random.default_rng(split_seed).permutation(len(rows))
        n_calibration = max(1, round(CALIBRATION_SHARE * len(rows)))
        calibration, training = np.split(rows[order], [n_calibration])

        self._fit_scale(training)
        x = self._scaled(training)
        self.typical_ = x.mean(axis=0)
        widest = 16 if self.image_shape_ else min(16, self.n_features_in_)
        self.latent_dim_ = int(self.latent_dim or widest)
        with networks.initial_weights(int(weight_seed.generate_state(1)[0])):
            self._build()
        step, batch_shape, noise = self._training()
        self.history_ = train(
            step,
            x,
            self.n_steps,
            batch_shape=batch_shape,
            noise=noise,
            loss_names=self.loss_names,
            seed=train_seed,
            verbose=self.verbose,
        )
        self._after_training(x)
        self._compile()
        score_rows = self._score_rows.get_concrete_function()
        scores = self._in_batches(score_rows, self._scaled(calibration))
        self.calibration_scores_ = np.sort(scores)
        self.threshold_ = scoring.threshold(scores, self.false_alarm_rate)
        self.offset_ = -self.threshold_
        return self

    def _check_parameters(self) -> None:
        """Raise a ValueError for a parameter that is out of its range."""
        self._check_whole("n_steps")
        self._check_whole("batch_size")
        if self.latent_dim is not None:
            self._check_whole("latent_dim")
        self._check_number("learning_rate")
        self._check_number("false_alarm_rate", below=1.0)
        widths = (1,) if self.hidden is None else self.hidden
        if (
            not isinstance(widths, Sequence)
            or not widths
            or not all(isinstance(width, Integral) and width > 0 for width in widths)
        ):
            raise ValueError(
                f"hidden is {widths!r}; it must be a sequence of widths, such as (64, 64)."
            )

    def _check_whole(self, name: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(
                f"{name} is {value!r}; it must be a whole number of at least 1."
            )

    def _check_number(self, name: str, below: float = np.inf) -> None:
        value = getattr(self, name)
        if not isinstance(value, Real) or not 0 < float(value) < below:
            limit = "above 0" if below == np.inf else f"between 0 and {below:g}"
            raise ValueError(f"{name} is {value!r}; it must be a number {limit}.")

    def _checked(self, X: ArrayLike, fitting: bool = False) -> Array:
        """X as finite numbers of shape (n, n_features); images are laid flat."""
        _refuse_text(X)
        shape: tuple[int, ...] = ()
        if not hasattr(X, "columns") and np.asarray(X).ndim in (3, 4):
            X = np.asarray(X)
            shape = X.shape[1:]
            X = X.reshape(len(X), math.prod(shape))
        if not fitting and shape != self.image_shape_:
            raise ValueError(
                f"X holds {_describe(shape)}, but this {type(self).__name__} was fitted "
                f"on {_describe(self.image_shape_)}. Pass data of the same shape."
            )
        width = np.asarray(X).shape[1:]
        if not fitting and len(width) == 1 and width[0] != self.n_features_in_:
            names = ", ".join(map(repr, getattr(self, "feature_names_in_", [])[:5]))
            raise ValueError(
                f"X has {width[0]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input{names and f' ({names}, ...)'}. "
                "Pass the same columns in the same order."
            )
        rows = validate_data(
            self, X, reset=fitting, dtype=np.float64, ensure_all_finite=False
        )
        self._refuse_nonfinite(rows)
        if fitting:
            self.image_shape_ = shape
        return rows

    def _refuse_nonfinite(self, rows: Array) -> None:
        bad = ~np.isfinite(rows)
        if not bad.any():
            return
        row, column = np.argwhere(bad)[0]
        names = getattr(self, "feature_names_in_", None)
        label = column if names is None else repr(names[column])
        value = "NaN" if np.isnan(rows[row, column]) else "infinity (inf)"
        raise ValueError(
            f"X holds {value} in row {row}, column {label} ({bad.any(axis=0).sum()} "
            f"columns and {bad.any(axis=1).sum()} rows hold NaN or inf). Fill missing "
            "values, for example with sklearn.impute.SimpleImputer, or leave these rows out."
        )

    def _fit_scale(self, rows: Array) -> None:
        if self.image_shape_:
            low, high = rows.min(), rows.max()
            self.center_ = np.array([(low + high) / 2])
            self.scale_ = np.array([(high - low) / 2 or 1.0])
        else:
            scaler = StandardScaler().fit(rows)
            self.center_, self.scale_ = scaler.mean_, scaler.scale_

    def _scaled(self, rows: Array) -> NDArray[np.float32]:
        """Rows as the networks take them: (n, n_features) or (n, height, width, c)."""
        with np.errstate(over="ignore"):
            x = (rows - self.center_) / self.scale_
        x = np.clip(x, -LARGEST, LARGEST).astype(np.float32)
        return x.reshape(len(x), *self._row_shape)

    @property
    def _row_shape(self) -> tuple[int, ...]:
        """Shape of one row at the networks' door."""
        if not self.image_shape_:
            return (self.n_features_in_,)
        return (*self.image_shape_, 1)[:3]

    def _network(self, given: keras.Model | None, kind: str) -> keras.Model:
        """A fresh copy of the reader's own network, or the default of its kind."""
        images = bool(self.image_shape_)
        widths = self.hidden or ((16, 32) if images else self.table_widths)
        widths = tuple(int(width) for width in widths)  # Keras refuses NumPy's integers
        row, latent = self._row_shape, (self.latent_dim_,)
        inputs, outputs = {
            "generator": (latent, row),
            "discriminator": (row, (1,)),
            "encoder": (row, latent),
        }[kind]
        if given is not None:
            ends = [getattr(given, f"{end}_shape", ()) for end in ("input", "output")]
            if not isinstance(given, keras.Model) or () in ends:
                raise ValueError(
                    f"The {kind} you passed, {given!r}, must be a keras.Model that begins "
                    f"with keras.Input({inputs})."
                )
            if [end[1:] for end in ends] != [inputs, outputs]:
                raise ValueError(
                    f"The {kind} you passed maps {ends[0][1:]} to {ends[1][1:]}, but "
                    f"{inputs} to {outputs} is needed."
                )
            return keras.models.clone_model(given)
        size = self._row_shape if images else self.n_features_in_
        family = "conv" if images else "dense"
        build = getattr(networks, f"{family}_{kind}")
        if kind == "generator":
            return build(self.latent_dim_, size, widths[::-1])
        return build(size, *(latent if kind == "encoder" else ()), widths)

    def _adam(self, network: keras.Model, **options: float) -> keras.Optimizer:
        optimizer = keras.optimizers.Adam(float(self.learning_rate), **options)
        optimizer.build(network.trainable_variables)
        return optimizer

    def _compile(self) -> None:
        rows = tf.TensorSpec((None, *self._row_shape), tf.float32)
        self._score_rows = tf.function(self._score, input_signature=[rows])
        self._explain_rows = tf.function(self._attribute, input_signature=[rows])

    def _attribute(self, x: tf.Tensor, n_points: int = 64) -> tf.Tensor:
        """Integrated gradients of the score, from the mean training row to x."""
        way = x - self.typical_
        total = tf.zeros_like(x)
        for i in tf.range(n_points):
            share = (tf.cast(i, tf.float32) + 0.5) / n_points
            point = self.typical_ + share * way
            with tf.GradientTape() as tape:
                tape.watch(point)
                score = self._score(point)
            gradient = tape.gradient(score, point)
            # the distance to a point has no gradient at that point
            total += tf.where(tf.math.is_finite(gradient), gradient, 0.0)
        return way * total / n_points

    @staticmethod
    def _in_batches(
        function: Callable[[tf.Tensor], tf.Tensor],
        x: NDArray[np.float32],
        rows: int = ROWS_AT_A_TIME,
    ) -> Array:
        parts = []
        for i in range(0, len(x), rows):
            part = x[i : i + rows]
            padding = [(0, -len(part) % MULTIPLE)] + [(0, 0)] * (x.ndim - 1)
            values = function(tf.constant(np.pad(part, padding)))
            parts.append(values.numpy()[: len(part)])
        return np.concatenate(parts).astype(np.float64)

    def __getstate__(self) -> dict[str, Any]:
        if not hasattr(self, "threshold_"):
            return self.__dict__
        header, arrays = files.pack(self)
        return {"header": header, "arrays": arrays}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "header" in state:
            files.unpack(self, **state)
        else:
            self.__dict__.update(state)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _refuse_text(X: Any) -> None:
    """Name the columns of a DataFrame that are not numbers."""
    if not hasattr(X, "dtypes") or not hasattr(X, "columns"):
        return
    text = X.select_dtypes(exclude=["number", "bool"]).columns
    if len(text):
        example = X[text[0]].iloc[0] if len(X) else ""
        raise ValueError(
            f"X has columns that are not numbers: {', '.join(map(repr, text))} (such as "
            f"{example!r}). Encode them, for example with pandas.get_dummies, or leave "
            "them out."
        )


def _describe(image_shape: tuple[int, ...]) -> str:
    if not image_shape:
        return "a table"
    return f"images of shape {image_shape}"
