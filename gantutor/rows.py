"""Rows on their way into the networks: checked, brought to one scale, and taken in batches.

Nothing here copies a whole table: numbers are checked, converted and scaled a batch at a
time, so that memory does not grow with the rows.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data
from tqdm import tqdm

Array = NDArray[np.float64]

ROWS_AT_A_TIME = 4096
ROWS_HELD = 65_536  # so many training rows are scaled once; of more, those in use
PADDED_TO = 16  # rows, or a multiple, so that each row is always rounded alike
LARGEST_SQUARED = 1e150  # training rows; the square of twice that is a float64
LARGEST = 1e6  # scaled values beyond are cut, so that float32 can square them


class Rows(Protocol):
    """Rows of which a part can be read: an array, or what reads them when asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows first, as of an array."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, part: Any, /) -> NDArray: ...


class Scaling(NamedTuple):
    """How rows are brought to one scale, ``(x - center) / scale``, and into which shape."""

    center: Array
    scale: Array
    shape: tuple[int, ...]  # of one row, as the networks take it

    @classmethod
    def of(cls, rows: "Picked", shape: tuple[int, ...]) -> Self:
        """Mean and standard deviation of each column; of images, middle and half the range."""
        scaler, low, high = StandardScaler(), np.inf, -np.inf
        size = ROWS_HELD if len(rows) <= ROWS_HELD else ROWS_AT_A_TIME
        for part in rows.parts(size):
            batch = part.astype(np.float64)
            low, high = min(low, batch.min()), max(high, batch.max())
            if max(-low, high) > LARGEST_SQUARED:
                raise ValueError(
                    f"X holds numbers up to {max(-low, high):.3g}, too large to be "
                    "squared. Divide them by a constant first."
                )
            if batch.ndim == 2:
                scaler.partial_fit(batch)
        if len(rows.shape) == 2:
            return cls(scaler.mean_, scaler.scale_, shape)
        center, scale = (low + high) / 2, (high - low) / 2 or 1.0
        return cls(np.array([center]), np.array([scale]), shape)

    def there(self, rows: NDArray) -> NDArray[np.float32]:
        """Rows in the units of the data, as the networks take them."""
        with np.errstate(over="ignore"):
            x = (rows.astype(np.float64, copy=False) - self.center) / self.scale
        cut = np.clip(x, -LARGEST, LARGEST).astype(np.float32)
        return cut.reshape(len(x), *self.shape)

    def back(self, x: NDArray) -> Array:
        """What networks have made, in the units of the data."""
        return x * self.scale + self.center


class Picked:
    """Some rows of an array in an order of their own, read when they are asked for.

    Parameters
    ----------
    rows : array of shape (n, ...)
        Not copied, so that it may be a file (``numpy.memmap``) or a view of windows.
    which : array of int, shape (m,)
        Numbers of the rows that are picked.
    prepare : callable, optional
        What is done with the rows that are asked for.
    """

    def __init__(
        self,
        rows: NDArray,
        which: NDArray[np.intp],
        prepare: Callable[[NDArray], NDArray] = np.asarray,
    ) -> None:
        self.rows, self.which, self.prepare = rows, which, prepare
        self.shape = (len(which), *prepare(rows[:1]).shape[1:])

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, part: slice | NDArray) -> NDArray:
        which = self.which[part]
        pieces = (self.rows[which[batch]] for batch in _batches(len(which)))
        return np.concatenate(list(map(self.prepare, pieces)))

    def parts(self, size: int) -> Iterator[NDArray]:
        """All rows, `size` at a time; of more than that, in the order of the array."""
        order = self.which if len(self) <= size else np.sort(self.which)
        for batch in _batches(len(self), size):
            yield self.prepare(self.rows[order[batch]])


def held(rows: Picked) -> Rows:
    """Rows in an array if they are few; otherwise as they are, so that no copy is made."""
    return rows[:] if len(rows) <= ROWS_HELD else rows


def mean_row(rows: Rows) -> NDArray[np.float32]:
    """The mean of all rows."""
    if not isinstance(rows, Picked):
        return np.asarray(rows).mean(axis=0)
    sums = (part.sum(axis=0, dtype=np.float64) for part in rows.parts(ROWS_AT_A_TIME))
    return np.asarray(sum(sums) / len(rows), np.float32)


def checked(
    estimator: Any, X: ArrayLike, fitting: bool = False, at_least: int = 1
) -> NDArray:
    """X as finite numbers of shape (n, n_features), or (n, height, width[, channels]).

    Sets or compares `n_features_in_`, `feature_names_in_` and `image_shape_` of the
    estimator. The numbers keep their type, and are not copied if they need not be.

    Raises
    ------
    ValueError
        If X holds text, NaN, infinity or masked values, or does not have the shape or the
        columns that the estimator was fitted on. The sentence says which, and what to do.
    """
    _refuse_text(X)
    _refuse_masked(X)
    if getattr(getattr(X, "dtype", None), "kind", "") in ("U", "S"):
        raise ValueError(
            "X is an array of text, and numbers are needed. If it holds numbers written as "
            "text, pass X.astype(float)."
        )
    options: Any = {"ensure_all_finite": False, "estimator": estimator}
    try:
        rows = check_array(X, dtype="numeric", allow_nd=True, **options)
    except OverflowError as error:
        raise ValueError(
            f"X holds a whole number that no float can hold ({error}). Scale it, or "
            "leave it out."
        ) from error
    if rows.dtype.kind not in "biuf":
        raise ValueError(f"X holds values of type {rows.dtype}; numbers are needed.")
    if rows.ndim > 4 or not rows.size:
        raise ValueError(
            f"X of dim {rows.ndim}, {rows.shape}, is no table and no images. Pass rows as "
            "(n, n_features), or images as (n, height, width) or (n, height, width, c)."
        )
    shape = rows.shape[1:] if rows.ndim > 2 else ()
    if not fitting:
        _refuse_other_shape(estimator, rows.shape[1], shape)
    named = X if hasattr(X, "columns") else rows[:1].reshape(1, -1)
    validate_data(estimator, named, reset=fitting, skip_check_array=True)
    _refuse_nonfinite(rows, getattr(estimator, "feature_names_in_", None))
    if len(rows) < at_least:
        raise ValueError(
            f"X has {len(rows)} sample{'s'[: len(rows) - 1]}; fit needs at least {at_least} "
            "normal rows, and about 100 for a threshold at 5 % false alarms."
        )
    if fitting:
        estimator.image_shape_ = shape
    return rows


def apply_in_batches(
    function: Callable[[tf.Tensor], tf.Tensor],
    rows: Rows,
    size: int = ROWS_AT_A_TIME,
    prepare: Callable[[NDArray], NDArray] = np.asarray,
    verbose: int = 0,
) -> Array:
    """Apply a function to `size` rows at a time, and put the results below each other.

    Parameters
    ----------
    function : callable
        Maps tensors (m, ...) to tensors (m, ...), row by row.
    rows : array of shape (n, ...)
        At least one row.
    size : int, default=4096
        Rows that are taken at a time.
    prepare : callable, optional
        What is done with each batch of `rows` first.
    verbose : int, default=0
        1 shows a progress bar on standard output.

    Returns
    -------
    array of shape (n, ...)
    """
    result = np.empty(0)
    with tqdm(total=len(rows), disable=not verbose, unit="row", file=sys.stdout) as bar:
        for batch in _batches(len(rows), size):
            x = prepare(rows[batch])
            n = len(x)
            x = np.pad(x, [(0, -n % PADDED_TO)] + [(0, 0)] * (x.ndim - 1))
            values = function(tf.constant(x)).numpy()[:n]
            if batch.start == 0:
                result = np.empty((len(rows), *values.shape[1:]))
            result[batch] = values
            bar.update(n)
    return result


def _batches(n: int, size: int = ROWS_AT_A_TIME) -> Iterator[slice]:
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def refuse_repeated(columns: Iterable[Any]) -> None:
    """Raise a ValueError that names the columns whose name comes more than once."""
    counted = Counter(map(str, columns))
    if twice := ", ".join(repr(name) for name, n in sorted(counted.items()) if n > 1):
        what = "Give each column a name of its own."
        raise ValueError(f"X has more than one column named {twice}. {what}")


def _refuse_text(X: Any) -> None:
    """Name the columns of a DataFrame that are not numbers, or share a name."""
    if not hasattr(X, "dtypes") or not hasattr(X, "columns"):
        return
    refuse_repeated(X.columns)
    if hasattr(X, "select_dtypes"):
        text = list(X.select_dtypes(exclude=["number", "bool"]).columns)
    else:  # polars and others
        text = [
            name for name in X.columns if np.asarray(X[name]).dtype.kind not in "biuf"
        ]
    if text:
        example = next(iter(X[text[0]]), "")
        raise ValueError(
            f"X has columns that are not numbers: {', '.join(map(repr, text))} (such as "
            f"{example!r}). Encode them, for example with pandas.get_dummies, or leave "
            "them out."
        )


def _refuse_masked(X: Any) -> None:
    if np.ma.is_masked(X):
        raise ValueError(
            f"X is a masked array, and {np.ma.count_masked(X)} of its "
            "values are masked (missing). Fill them, for example with X.filled(0), or "
            "leave these rows out."
        )


def _refuse_other_shape(estimator: Any, width: int, shape: tuple[int, ...]) -> None:
    kind = type(estimator).__name__
    if shape != estimator.image_shape_:
        raise ValueError(
            f"X holds {_described(shape)}, but this {kind} was fitted "
            f"on {_described(estimator.image_shape_)}. Pass data of the same shape."
        )
    if not shape and width != estimator.n_features_in_:
        names = ", ".join(map(repr, getattr(estimator, "feature_names_in_", [])[:5]))
        raise ValueError(
            f"X has {width} features, but {kind} is expecting "
            f"{estimator.n_features_in_} features as input{names and f' ({names}, ...)'}. "
            "Pass the same columns in the same order."
        )


def _described(image_shape: tuple[int, ...]) -> str:
    return f"images of shape {image_shape}" if image_shape else "a table"


def _refuse_nonfinite(rows: NDArray, names: NDArray | None) -> None:
    """Say where the first NaN or infinity is, and how many rows and columns hold one."""
    bad_rows, bad_columns = 0, np.zeros(rows.shape[1:], bool)
    for batch in _batches(len(rows)):
        bad = ~np.isfinite(rows[batch])
        if not bad.any():
            continue
        if not bad_rows:
            row, *place = map(int, np.argwhere(bad)[0])
            row += batch.start
        bad_rows += int(bad.reshape(len(bad), -1).any(axis=1).sum())
        bad_columns |= bad.any(axis=0)
    if not bad_rows:
        return
    value = "NaN" if np.isnan(rows[row, *place]) else "infinity (inf)"
    if rows.ndim > 2:
        raise ValueError(
            f"X holds {value} in image {row}, pixel {tuple(place)} ({bad_rows} images hold "
            "NaN or inf). Fill these pixels, or leave the images out."
        )
    label = place[0] if names is None else repr(names[place[0]])
    raise ValueError(
        f"X holds {value} in row {row}, column {label} ({bad_columns.sum()} columns and "
        f"{bad_rows} rows hold NaN or inf). Fill missing values, for example with "
        "sklearn.impute.SimpleImputer, or leave these rows out."
    )
