"""What all detectors share: checks, scaling, calibration, thresholds, files.

A method adds its networks, its training step and its score (see ``gan.py`` for the
shortest example); everything a user calls is here.
"""

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm import tqdm

from gantutor import networks, scoring
from gantutor.detectors import files
from gantutor.detectors.compiled import NOT_IN_A_GRAPH, Phase, graphs_of
from gantutor.training import Noise, Step

Array = NDArray[np.float64]

CALIBRATION_SHARE = 0.2  # of the rows given to fit, held out to set the threshold
MIN_ROWS = 8
ROWS_AT_A_TIME = 4096  # scored in one call: memory does not grow with the table
MULTIPLE = (
    16  # batches are filled up to one, so that a row's score is always rounded alike
)
LARGEST_SQUARED = 1e150  # training rows; the square of twice that is a float64
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
        Sorted scores of the rows that were kept out of training, a fifth of all.
    history_ : dict of str to array of shape (n_steps,)
        Each loss at each training step.
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

    image_shape_: tuple[int, ...]
    history_: dict[str, NDArray]
    training_state_: dict[str, NDArray]
    loss_names: ClassVar[tuple[str, ...]]
    learned: ClassVar[tuple[str, ...]] = ()  # arrays that the score needs
    table_widths: ClassVar[tuple[int, ...]] = (64, 64)
    usual_steps: ClassVar[tuple[int, int]] = (1000, 500)  # for tables, for images
    usual_rates: ClassVar[tuple[float, float]] = (1e-3, 1e-3)
    table_batches: ClassVar[int] = 1  # of ROWS_AT_A_TIME, scored in one call
    _member = 0  # which one of an ensemble: another one draws other random numbers
    _stopped = False  # by Ctrl-C, before the last step

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
    ) -> None:
        self.latent_dim = latent_dim
        self.hidden = hidden
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.false_alarm_rate = false_alarm_rate
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    # -- what a method adds ------------------------------------------------------------

    def _build(self) -> None:
        """Set the networks as attributes that end in an underscore."""
        raise NotImplementedError

    def _training(self) -> list[Phase]:
        """The stages of the training, in their order, on the networks of `_build`."""
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
        return self._map("_score", self._checked(X), verbose=self.verbose)

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
        parts = self._map("_attribute", checked, 256, self.verbose)
        return parts.reshape(checked.shape[0], *(self.image_shape_ or (-1,)))

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
        check_is_fitted(self)
        if not isinstance(n, Integral) or n < 1:
            raise ValueError(f"n is {n!r}; pass a whole number of at least 1 row.")
        z = np.random.default_rng(seed).standard_normal((n, self.latent_dim_))
        return self._unscaled(self._in_batches(self.generator_, z.astype(np.float32)))

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
        check_is_fitted(self)
        checked = self._checked(X)
        x = self._map("_reconstruct", checked, verbose=self.verbose)
        return self._unscaled(x)

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
        began = time.perf_counter()
        self._check_parameters()
        more = self.warm_start and hasattr(self, "threshold_")
        if more:
            self._check_unchanged()
        parameters = self.get_params(deep=False).items()
        self._fitted_parameters = {
            name: list(value) if isinstance(value, list) else value
            for name, value in parameters
        }
        rows = self._checked(X, fitting=not more)
        if len(rows) < MIN_ROWS:
            raise ValueError(
                f"X has {len(rows)} sample{'s'[: len(rows) - 1]}; fit needs at least "
                f"{MIN_ROWS} normal rows, and about 100 for a threshold at 5 % false alarms."
            )
        if not more:
            self.seed_ = self._drawn_seed()
        calibration, training = self._split(rows)
        _, weight_seed, train_seed = np.random.SeedSequence(self.seed_).spawn(3)
        if self._member:
            seeds = np.random.SeedSequence([self.seed_, self._member])
            weight_seed, train_seed = seeds.spawn(2)
        if not more:
            self._fit_scale(training)
            self.latent_dim_ = int(self.latent_dim or self._usual_latent_dim())
            self.history_, self.training_state_ = {}, {}
        x = self._scaled(training)
        self.typical_ = x.mean(axis=0)
        with networks.initial_weights(int(weight_seed.generate_state(1)[0])):
            self._build()
        self._graphs = graphs_of(self)
        history = self._graphs.train(self, x, train_seed)
        self.history_ = {
            name: np.concatenate([self.history_.get(name, losses[:0]), losses])
            for name, losses in history.items()
        }
        self._after_training(x)
        self._calibrate(calibration, len(x), began)
        return self

    def _split(self, rows: Array) -> tuple[Array, Array]:
        """Rows for calibration, and rows for training."""
        split_seed = np.random.SeedSequence(self.seed_).spawn(1)[0]
        order = np.random.default_rng(split_seed).permutation(len(rows))
        n_calibration = max(1, round(CALIBRATION_SHARE * len(rows)))
        calibration, training = np.split(rows[order], [n_calibration])
        return calibration, training

    def _calibrate(self, rows: Array, n_training: int, began: float) -> None:
        """Set the threshold by rows that the networks have not seen, and end the fit."""
        scores = self._map("_score", rows)
        if not np.isfinite(scores).all():
            raise FloatingPointError(
                f"The scores became {scores[~np.isfinite(scores)][0]} after the last step. "
                "Lower learning_rate, and look for extreme values in the data."
            )
        self.calibration_scores_ = np.sort(scores)
        self.threshold_ = scoring.threshold(scores, self.false_alarm_rate)
        self.offset_ = -self.threshold_
        self.fit_seconds_ = time.perf_counter() - began
        if self.verbose:
            print(
                f"{type(self).__name__}: trained on {n_training:,} rows in "
                f"{self.fit_seconds_:.1f} s; threshold {self.threshold_:.4g} from "
                f"{len(scores):,} other rows."
            )

    @property
    def _n_steps(self) -> int:
        return int(self.n_steps or self.usual_steps[bool(self.image_shape_)])

    @property
    def _learning_rate(self) -> float:
        return float(self.learning_rate or self.usual_rates[bool(self.image_shape_)])

    def _usual_latent_dim(self) -> int:
        return 16 if self.image_shape_ else min(16, self.n_features_in_)

    def _drawn_seed(self) -> int:
        """One number from which all random numbers of a fit follow."""
        seed: Any = self.random_state
        if seed is None:
            return int(np.random.SeedSequence().generate_state(1)[0])
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31)
        return int(seed)

    def _check_unchanged(self) -> None:
        """Refuse to go on with the training under other parameters."""
        may_change = {"n_steps", *NOT_IN_A_GRAPH}
        for name, value in self._fitted_parameters.items():
            now = self.get_params(deep=False)[name]
            if isinstance(now, list | tuple) and isinstance(value, list | tuple):
                now, value = tuple(now), tuple(value)
            if name not in may_change and now is not value and now != value:
                raise ValueError(
                    f"warm_start=True goes on with the training, but {name} was {value!r} "
                    f"and is now {now!r}. Set it back, or set warm_start=False."
                )

    def _check_parameters(self) -> None:
        """Raise a ValueError for a parameter that is out of its range."""
        self._check_whole("batch_size")
        for name in ("n_steps", "latent_dim"):
            if getattr(self, name) is not None:
                self._check_whole(name)
        if self.learning_rate is not None:
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

    def _check_number(
        self, name: str, below: float = np.inf, zero: bool = False
    ) -> None:
        value = getattr(self, name)
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not (0 < value < below or (zero and value == 0)):
            limit = "above 0" if below == np.inf else f"between 0 and {below:g}"
            limit = limit.replace("above 0", "of at least 0") if zero else limit
            raise ValueError(f"{name} is {value!r}; it must be a number {limit}.")

    def _check_choice(self, name: str, *choices: str) -> None:
        value = vars(self)[name]
        if value not in choices:
            *first, last = (f'"{choice}"' for choice in choices)
            raise ValueError(
                f"{name} is {value!r}; it must be {', '.join(first)} or {last}."
            )

    def _checked(self, X: ArrayLike, fitting: bool = False) -> Array:
        """X as finite numbers of shape (n, n_features); images are laid flat."""
        _refuse_text(X)
        if np.ma.is_masked(X):
            raise ValueError(
                f"X is a masked array, and {np.ma.count_masked(np.ma.asanyarray(X))} of its values are "
                "masked (missing). Fill them, for example with X.filled(0), or leave these "
                "rows out."
            )
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
        try:
            rows = validate_data(
                self, X, reset=fitting, dtype=np.float64, ensure_all_finite=False
            )
        except OverflowError as error:
            raise ValueError(
                f"X holds a whole number that no float can hold ({error}). Scale it, or "
                "leave it out."
            ) from error
        self._refuse_nonfinite(rows, shape)
        if fitting:
            self.image_shape_ = shape
        return rows

    def _refuse_nonfinite(self, rows: Array, image_shape: tuple[int, ...]) -> None:
        bad = ~np.isfinite(rows)
        if not bad.any():
            return
        row, column = np.argwhere(bad)[0]
        names = getattr(self, "feature_names_in_", None)
        value = "NaN" if np.isnan(rows[row, column]) else "infinity (inf)"
        if image_shape:
            pixel = tuple(int(i) for i in np.unravel_index(column, image_shape))
            raise ValueError(
                f"X holds {value} in image {row}, pixel {pixel} ({bad.any(axis=1).sum()} "
                "images hold NaN or inf). Fill these pixels, or leave the images out."
            )
        label = column if names is None else repr(names[column])
        raise ValueError(
            f"X holds {value} in row {row}, column {label} ({bad.any(axis=0).sum()} "
            f"columns and {bad.any(axis=1).sum()} rows hold NaN or inf). Fill missing "
            "values, for example with sklearn.impute.SimpleImputer, or leave these rows out."
        )

    def _fit_scale(self, rows: Array) -> None:
        if np.abs(rows).max() > LARGEST_SQUARED:
            raise ValueError(
                f"X holds numbers up to {np.abs(rows).max():.3g}, too large to be squared. "
                "Divide them by a constant first."
            )
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

    def _unscaled(self, x: Array) -> Array:
        """The other way: rows in the units and the shape of the data."""
        rows = x.reshape(len(x), -1) * self.scale_ + self.center_
        return rows.reshape(len(x), *(self.image_shape_ or (-1,)))

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
        row, latent, logit = self._row_shape, (self.latent_dim_,), (1,)
        shapes: dict[str, tuple[list[tuple[int, ...]], tuple[int, ...]]] = {
            "generator": ([latent], row),
            "decoder": ([latent], row),
            "discriminator": ([row], logit),
            "critic": ([row], logit),
            "encoder": ([row], latent),
            "second_encoder": ([row], latent),
            "pair_discriminator": ([row, latent], logit),
            "row_discriminator": ([row, row], logit),
            "latent_discriminator": ([latent, latent], logit),
        }
        inputs, output = shapes[kind]
        if given is not None:
            _check_network(given, kind, inputs, output)
            return keras.models.clone_model(given)
        if len(inputs) == 2:
            if kind != "pair_discriminator" and len(inputs[1]) == 1:
                widths = widths[-1:]
            return networks.pair_discriminator(inputs[0], inputs[1], widths)
        build: Any
        size: Any = row if images else row[0]
        if kind in ("generator", "decoder"):
            build = networks.conv_generator if images else networks.dense_generator
            return build(*latent, size, widths[::-1])
        build = networks.conv_network if images else networks.dense_network
        return build(size, *output, widths, name=kind)

    def _adam(
        self, *players: keras.Model, **options: Any
    ) -> tuple[keras.Optimizer, list[keras.Model]]:
        """Adam for the weights of some networks, and these networks."""
        optimizer = keras.optimizers.Adam(self._learning_rate, **options)
        optimizer.build([v for player in players for v in player.trainable_variables])
        return optimizer, list(players)

    def _phase(
        self,
        step: Step,
        networks: Sequence[keras.Model],
        players: Sequence[tuple[keras.Optimizer, list[keras.Model]]],
        settings: Sequence[Any] = (),
        noise: Sequence[Noise] | None = None,
        **changes: Any,
    ) -> Phase:
        """A stage of ``step(*networks, *optimizers, *settings, x, *noise)``.

        By default one batch of rows and one of latent points go into each of `n_steps` steps.
        """
        optimizers = [optimizer for optimizer, _ in players]
        if noise is None:
            noise = [Noise("normal", (self.batch_size, self.latent_dim_))]
        usual = {
            "n_steps": self._n_steps,
            "batch_shape": (self.batch_size,),
            "loss_names": self.loss_names,
        }
        run = partial(step, *networks, *optimizers, *settings)
        return Phase(run, noise=noise, players=players, **{**usual, **changes})

    def _attribute(self, x: tf.Tensor) -> tf.Tensor:
        return integrated_gradients(self._score, self.typical_, x)

    def _map(
        self, method: str, rows: Array, size: int | None = None, verbose: int = 0
    ) -> Array:
        """A compiled method of scaled rows, applied to rows in the units of the data."""
        if not hasattr(self, "_graphs"):  # loaded from a file, or a copy
            self._graphs = graphs_of(self)
        function = self._graphs.function(self, method)
        many = 1 if self.image_shape_ else self.table_batches
        size = size or many * ROWS_AT_A_TIME
        return self._in_batches(function, rows, size, self._scaled, verbose)

    @staticmethod
    def _in_batches(
        function: Callable[[tf.Tensor], tf.Tensor],
        rows: NDArray,
        size: int | None = None,
        prepare: Callable[[NDArray], NDArray] = np.asarray,
        verbose: int = 0,
    ) -> Array:
        """Apply a function to `size` rows at a time: memory does not grow with the rows."""
        size = size or ROWS_AT_A_TIME
        result: Array | None = None
        with tqdm(
            total=len(rows), disable=not verbose, unit="row", file=sys.stdout
        ) as bar:
            for start in range(0, len(rows), size):
                x = prepare(rows[start : start + size])
                if missing := -len(x) % MULTIPLE:
                    x = np.pad(x, [(0, missing)] + [(0, 0)] * (x.ndim - 1))
                values = function(tf.constant(x)).numpy()
                if result is None:
                    result = np.empty((len(rows), *values.shape[1:]))
                stop = min(start + size, len(rows))
                result[start:stop] = values[: stop - start]
                bar.update(stop - start)
        assert result is not None  # there is at least one row
        return result

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


def integrated_gradients(
    function: Callable[[tf.Tensor], tf.Tensor],
    start: tf.Tensor,
    x: tf.Tensor,
    n_points: int = 64,
) -> tf.Tensor:
    """What each number of x adds to function(x) - function(start), on the straight way."""
    way = x - start
    total = tf.zeros_like(x)
    for i in tf.range(n_points):
        share = (tf.cast(i, tf.float32) + 0.5) / n_points
        point = start + share * way
        with tf.GradientTape() as tape:
            tape.watch(point)
            value = function(point)
        gradient = tape.gradient(value, point)
        # the distance to a point has no gradient at that point
        total += tf.where(tf.math.is_finite(gradient), gradient, 0.0)
    return way * total / n_points


def averaging(momentum: float) -> dict[str, Any]:
    """Options of an optimiser that keeps a moving average of the weights."""
    return {"use_ema": momentum > 0, "ema_momentum": float(momentum)}


def _check_network(
    given: Any, kind: str, inputs: list[tuple[int, ...]], output: tuple[int, ...]
) -> None:
    """Refuse a network of the reader's own that does not fit."""

    def described(shapes: list[tuple[int, ...]]) -> str:
        return " and ".join(map(str, shapes))

    got = [
        [tuple(tensor.shape[1:]) for tensor in getattr(given, end, None) or []]
        for end in ("inputs", "outputs")
    ]
    if not isinstance(given, keras.Model) or not all(got):
        raise ValueError(
            f"The {kind} you passed, {given!r}, must be a keras.Model that begins "
            f"with keras.Input({described(inputs)})."
        )
    if got != [inputs, [output]]:
        raise ValueError(
            f"The {kind} you passed maps {described(got[0])} to {described(got[1])}, but "
            f"{described(inputs)} to {output} is needed."
        )


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
