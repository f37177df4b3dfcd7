"""Checks of the exercises of notebook 07."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gantutor.check._common import (
    Off,
    Verdict,
    call,
    exercise,
    number,
    recognise,
    right,
    share,
)

__all__ = ["batches_of_one", "depends_on_company", "fewer_latent_dimensions"]

Score = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@exercise
def batches_of_one(n_points: float) -> Verdict:
    """Check how many latent points 100 rows get, one at a time in training mode.

    Parameters
    ----------
    n_points : float
        A whole number.

    Returns
    -------
    Verdict
    """
    n_points = number(n_points, "the number of latent points")
    recognise(
        n_points,
        {
            "that is what the encoder does when it is used as it should be. In training "
            "mode, which mean is subtracted from a unit if the batch is one row?": 100,
            "the encoder puts out a point for each row. How many of them differ?": 0,
        },
    )
    if n_points != 1:
        raise Off(
            "write down one unit of the first hidden layer for a batch of one row: its "
            "value, the mean over the batch, and the difference. What reaches the next "
            "layer, and does it depend on the row?"
        )
    return right(
        "the mean over one row is the row itself, so every unit becomes 0 before its "
        "learned shift is added. All rows get the same latent point: nothing of the row "
        "is left."
    )


@exercise
def fewer_latent_dimensions(left_of_normal: float, left_of_odd: float) -> Verdict:
    """Check how much of a row is left on `shift` with four latent dimensions, not ten.

    Parameters
    ----------
    left_of_normal, left_of_odd : float
        Mean residual of the normal test rows and of the anomalies, divided by the mean
        square of their scaled columns.

    Returns
    -------
    Verdict
    """
    shares = share(left_of_normal, "left_of_normal"), share(left_of_odd, "left_of_odd")
    for name, left in zip(("left_of_normal", "left_of_odd"), shares, strict=True):
        if left < 0.15:
            raise Off(
                f"{name} is {left:.3f}, which is what ten latent dimensions leave. Is "
                "latent_dim=4 passed on to the detector?"
            )
        if left > 0.85:
            raise Off(
                f"{name} is {left:.3f}: hardly anything would be rebuilt. Is the residual "
                "computed on scaled rows, and a mean over the columns, not a sum?"
            )
        if not 0.3 < left < 0.78:
            raise Off(
                f"{name} is {left:.3f}, which four latent dimensions do not give here. "
                "Divide the mean residual of each kind by the mean square of the scaled "
                "columns of the same kind."
            )
    return right(
        "about half of an anomaly is left now, but so is about half of a normal row. A "
        "larger residual detects only what it does not leave of normal rows as well."
    )


@exercise
def depends_on_company(function: Callable[[Score, NDArray], bool]) -> Verdict:
    """Check a function that says whether a score depends on the other rows of its batch.

    Parameters
    ----------
    function : callable
        ``function(score, rows)`` is True if a row's score depends on its company, and
        False if not; ``score`` maps rows (n, d) to scores (n,).

    Returns
    -------
    Verdict
    """
    rows = np.random.default_rng(0).standard_normal((20, 3))
    for name, score in _HONEST.items():
        if _says(function, score, rows):
            raise Off(
                f"your function returns True for {name}, which looks at one row at a "
                "time. Scores are rounded: compare them with a tolerance relative to "
                "their size, as np.allclose does."
            )
    for name, (score, advice) in _DEPENDENT.items():
        if not _says(function, score, rows):
            raise Off(f"your function returns False for {name}. {advice}")
    return right(
        "it finds scaling by the batch, batch normalisation, noise and memory, and lets "
        "rounding pass. Run it on each detector before you believe its AUROC."
    )


def _says(function: Callable, score: Score, rows: NDArray[np.float64]) -> bool:
    said = call(function, score, rows)
    if not isinstance(said, bool | np.bool_):
        raise Off(
            f"your function must return True or False, and it returned {said!r} "
            f"({type(said).__name__}). np.allclose and .any() give one truth value."
        )
    return bool(said)


def _squares(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return (rows**2).sum(axis=1)


def _rounded(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Large scores with the errors of float32, which change with the batch size."""
    return 1e6 * _squares(rows) * (1 + 1e-7 * len(rows) / 20)


def _min_max(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    scores = _squares(rows)
    return (scores - scores.min()) / (np.ptp(scores) or 1.0)


def _by_norm(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    scores = _squares(rows)
    return scores / np.linalg.norm(scores)


def _centred(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return _squares(rows - rows.mean(axis=0))


def _running(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest score so far: depends on the rows before, not on those after."""
    return np.maximum.accumulate(_squares(rows))


def _noisy(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return _squares(rows) * np.random.default_rng().uniform(0.8, 1.2, len(rows))


_HONEST: dict[str, Score] = {
    "the sum of squares of each row": _squares,
    "an honest score with large values and the rounding of float32": _rounded,
}

_DEPENDENT: dict[str, tuple[Score, str]] = {
    "min-max scaling over the batch": (
        _min_max,
        "The order of the rows does not matter to it, nor do two calls differ. What "
        "would you have to change about a row's batch to see it?",
    ),
    "scores divided by the norm of the batch": (
        _by_norm,
        "A row gets one score with this batch and another with a smaller one. Compare "
        "the two.",
    ),
    "rows from which the mean of the batch is subtracted": (
        _centred,
        "That is what batch normalisation does in training mode. Score a row with and "
        "without the others.",
    ),
    "a score that remembers the rows before it": (
        _running,
        "Its first row is innocent, so one row is not enough: look at all of them.",
    ),
    "a score with noise, as from dropout": (
        _noisy,
        "Two calls on the same rows differ.",
    ),
}
