"""From a signal to windows, from their scores to points, and honest counts (notebook 13).

A window of a series is a row, so every detector of the package takes windows. In all labels
1 = anomaly, and a higher score is more anomalous.
"""

from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import precision_recall_curve
from sklearn.neighbors import NearestNeighbors

Scores = NDArray[np.float64]


def windows(series: ArrayLike, width: int, step: int = 1) -> NDArray:
    """All stretches of `width` points of a series, one a row.

    Parameters
    ----------
    series : array of shape (n,) or (n, channels)
        One number a point of time, or several.
    width : int
        Points in a window.
    step : int, default=1
        Points from the start of one window to that of the next.

    Returns
    -------
    array of shape (n_windows, width) or (n_windows, channels * width)
        ``n_windows = (n - width) // step + 1``. Of one channel it is a view of the series:
        a million windows take no memory, and writing to it is refused. Several channels are
        laid side by side, all points of the first before those of the second, in a copy. (A
        detector would mistake an array of three dimensions for pictures; networks of your
        own begin with ``Reshape((channels, width))`` and ``Permute((2, 1))``.)
    """
    rows = sliding_window_view(np.asarray(series), width, axis=0)[::step]
    return rows.reshape(len(rows), -1)


def point_scores(
    scores: ArrayLike, width: int, how: Literal["mean", "centre"] = "mean"
) -> Scores:
    """Scores of points from those of windows.

    Parameters
    ----------
    scores : array of shape (n_windows,)
        Of all windows of a series, with step 1.
    width : int
        Points in a window.
    how : {"mean", "centre"}, default="mean"
        "mean": the mean over the windows that cover the point, of which the last ends
        ``width - 1`` points later. "centre": the score of the window in whose middle it
        lies; at both ends, that of the nearest window.

    Returns
    -------
    array of shape (n_windows + width - 1,)
    """
    scores = np.asarray(scores, dtype=float)
    if how == "centre":
        before = width // 2
        return np.pad(scores, (before, width - 1 - before), mode="edge")
    covering = np.ones(width)
    counts = np.convolve(np.ones(len(scores)), covering)
    return np.convolve(scores, covering) / counts


def z_normalised(rows: ArrayLike, floor: float) -> Scores:
    """Each row minus its mean, divided by its standard deviation, or `floor` if larger.

    Parameters
    ----------
    rows : array of shape (n, width)
    floor : float
        In units of the rows. Without one, the noise of a flat window is blown up to the
        size of a beat.

    Returns
    -------
    array of shape (n, width)
    """
    rows = np.asarray(rows, dtype=float)
    spread = rows.std(axis=1, keepdims=True)
    return (rows - rows.mean(axis=1, keepdims=True)) / np.maximum(spread, floor)


def matrix_profile(known: ArrayLike, rows: ArrayLike, floor: float) -> Scores:
    """Distance of each window to the nearest normal one, all z-normalised.

    The matrix profile of a join of two series (Yeh et al. 2016, "Matrix profile I", IEEE
    ICDM), found by search in place of their algorithm.

    Parameters
    ----------
    known, rows : arrays of shape (m, width) and (n, width)
        Windows of a normal series, and those to score.
    floor : float
        The least standard deviation that a window is divided by; see `z_normalised`.

    Returns
    -------
    array of shape (n,)
    """
    nearest = NearestNeighbors(n_neighbors=1).fit(z_normalised(known, floor))
    return nearest.kneighbors(z_normalised(rows, floor))[0][:, 0]


def calibration_blocks(
    n_windows: int, width: int, n_blocks: int = 8, share: float = 0.2
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Blocks spread over a series for calibration, and what shares no point with them.

    Parameters
    ----------
    n_windows : int
        Windows of the series, with step 1.
    width : int
        Points in a window.
    n_blocks : int, default=8
        The series is cut into so many stretches, and each ends in a block.
    share : float, default=0.2
        Of the windows, in the blocks.

    Returns
    -------
    training, calibration : arrays of bool of shape (n_windows,)
        No window of the one overlaps a window of the other; ``width - 1`` windows on each
        side of a block are in neither.
    """
    place = np.arange(n_windows) * n_blocks / n_windows % 1
    calibration = place >= 1 - share
    reach = windows(np.pad(calibration, width - 1), 2 * width - 1)
    return np.logical_not(reach.max(axis=1)), calibration


def two_part_score(
    residual: ArrayLike,
    critic: ArrayLike,
    known_residual: ArrayLike,
    known_critic: ArrayLike,
) -> Scores:
    """Critic times reconstruction, each on the scale of normal windows.

    With standard(v) = (v - mean) / standard deviation over the known windows,
    ``(1 + |standard(critic)|) (1 + max(standard(residual), 0))``: the product of TadGAN
    (Geiger et al. 2020, arXiv 2009.07769), whose code takes mean and deviation from the
    scored series.

    Parameters
    ----------
    residual, critic : array of shape (n,)
        What a reconstruction leaves of each window, and the critic's output.
    known_residual, known_critic : array of shape (m,)
        The same of calibration windows.

    Returns
    -------
    array of shape (n,)
    """

    def standard(values: ArrayLike, known: ArrayLike) -> Scores:
        basis = np.asarray(known, dtype=float)
        return (np.asarray(values, dtype=float) - basis.mean()) / basis.std()

    of_critic = 1 + np.abs(standard(critic, known_critic))
    return of_critic * (1 + np.maximum(standard(residual, known_residual), 0))


def runs(labels: ArrayLike) -> NDArray[np.int64]:
    """First point of each run of ones, and the one after its last.

    Parameters
    ----------
    labels : array of shape (n,)
        0 or 1, or bool.

    Returns
    -------
    array of shape (n_runs, 2)
    """
    padded = np.pad(np.asarray(labels, dtype=np.int8), 1)
    return np.flatnonzero(np.diff(padded)).reshape(-1, 2)


def near_events(labels: ArrayLike, within: int) -> NDArray[np.bool_]:
    """Whether each point is at most `within` points away from a point labelled 1."""
    padded = np.pad(np.asarray(labels, dtype=bool), within)
    return windows(padded, 2 * within + 1).max(axis=1)


def alarm_counts(
    labels: ArrayLike, scores: ArrayLike, threshold: float, width: int
) -> tuple[float, float]:
    """Share of the events that are found, and false alarms per 1,000 normal points.

    An event is found if one of its points lies above the threshold. What is more than
    `width` points from any event is normal. There, each run of points above the threshold is
    a false alarm, and one more for every further `width` points that it lasts: an alarm that
    never ends is no single one.

    Parameters
    ----------
    labels, scores : array of shape (n,)
    threshold : float
    width : int
        Points in a window.

    Returns
    -------
    found : float
        Between 0 and 1; nan for a series without events.
    false_alarms : float
        Per 1,000 points.
    """
    alarms, near = np.asarray(scores) > threshold, near_events(labels, width)
    found = [alarms[start:stop].any() for start, stop in runs(labels)]
    lasts = np.diff(runs(alarms & ~near))
    false_alarms = np.ceil(lasts / width).sum()
    return float(np.mean(found or np.nan)), float(1000 * false_alarms / (~near).sum())


def best_f1(labels: ArrayLike, scores: ArrayLike) -> float:
    """The largest F1 of any threshold: chosen by the labels, so for exposure only."""
    precision, recall, _ = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(f1.max())


def point_adjusted(labels: ArrayLike, scores: ArrayLike) -> Scores:
    """Scores in which all points of an event have the highest score among them.

    The point adjustment of Xu et al. 2018 (arXiv 1802.03903): one alarm in an event counts
    as all its points. It flatters any score; Kim et al. 2021 (arXiv 2109.05257) show it for
    random numbers, and notebook 13 as well.

    Parameters
    ----------
    labels, scores : array of shape (n,)

    Returns
    -------
    array of shape (n,)
    """
    adjusted = np.array(scores, dtype=float)
    for start, stop in runs(labels):
        adjusted[start:stop] = adjusted[start:stop].max()
    return adjusted
