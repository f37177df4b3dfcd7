"""Checks of notebook 13, on windows, what z-normalising hides, and delays."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from gantutor.check._common import Answer, Function, Verdict, exercise
from gantutor.check._reading import Off, call, number, share
from gantutor.data import Series, periodic_signal
from gantutor.series import point_scores, runs, windows, z_normalised

__all__ = ["amplitude_lost", "detection_delay", "windows_of_a_series"]

Scores = NDArray[np.float64]


@exercise
def windows_of_a_series(
    n_windows: ArrayLike,
    over_first: ArrayLike,
    over_middle: ArrayLike,
    apart: ArrayLike,
) -> Verdict:
    """Check four counts for 1,000 points and windows of 50 with step 1."""
    given = {
        "n_windows": n_windows,
        "over_first": over_first,
        "over_middle": over_middle,
        "apart": apart,
    }
    found = np.array([number(value, name) for name, value in given.items()])
    return Answer(
        value=[951, 1, 50, 20],
        within=0.01,
        mistakes={
            "n_windows: a window must end inside the series. Where does the last one "
            "start? Count that start, and the start 0.": found[0] in (950, 1000, 949),
            "n_windows: 20 windows lie side by side. With step 1 one starts at nearly "
            "every point.": found[0] == 20,
            "over_first: which windows hold the very first point? Only those that start "
            "at it.": found[1] != 1 and found[0] == 951,
            "over_middle: a window of 50 that holds point 500 starts at one of the points "
            "451 to 500.": found[2] != 50 and found[0] == 951,
            "apart: that many windows there are, but neighbours share 49 of their 50 "
            "points. How many can you cut without sharing any?": found[3] == 951,
            "apart: windows that share no point lie side by side. How many times does 50 "
            "go into 1,000?": found[3] != 20 and found[0] == 951,
        },
        otherwise="write down the starts of the first window, the second and the last. "
        "The starts 0 to 950 make n_windows.",
        right="951 rows, and no more independent ones than 20. A fifth of them, kept for "
        "calibration, is worth about 4 rows.",
    ).judge(found)


@cache
def _signals() -> tuple[Series, Series]:
    return periodic_signal(3000, seed=7), periodic_signal(4000, 16, seed=8)


@cache
def _distances(z: bool, scaled: bool) -> Scores:
    X, X_new = (windows(series.values, 64) for series in _signals())
    if z:
        X, X_new = (z_normalised(rows, 0.1) for rows in (X, X_new))
    if scaled:
        scaler = StandardScaler().fit(X)
        X, X_new = scaler.transform(X), scaler.transform(X_new)
    return NearestNeighbors(n_neighbors=5).fit(X).kneighbors(X_new)[0]


def _auroc(
    z: bool,
    of_window: Callable[[Scores], Scores] = lambda distances: distances[:, -1],
    how: Literal["mean", "centre"] = "mean",
    scaled: bool = False,
    only: bool = True,
) -> float:
    new = _signals()[1]
    points = point_scores(of_window(_distances(z, scaled)), 64, how)
    chosen = new.labels == 0
    for event in new.events:
        if event.kind == "amplitude" or not only:
            chosen[event.start : event.stop] = True
    return float(roc_auc_score(new.labels[chosen], points[chosen]))


def _pair(*changes: Any, **more: Any) -> Scores:
    """Of windows as they are and of z-normalised ones."""
    return np.array([_auroc(z, *changes, **more) for z in (False, True)])


WITHIN = 0.0035  # takes 0.94 for 0.9366


@exercise
def amplitude_lost(as_they_are: float, z: float) -> Verdict:
    """Check the AUROC of amplitude events with raw and with z-normalised windows."""
    found = np.array([share(as_they_are, "as_they_are"), share(z, "z")])
    value = _pair()
    is_right = np.abs(found - value) < WITHIN
    return Answer(
        value=value,
        within=WITHIN,
        mistakes={
            "the two are swapped. as_they_are belongs to windows that nothing was done "
            "to.": value[::-1],
            "these are AUROCs over all kinds of event. Take the points of amplitude events "
            "and the normal points: by_kind does it.": _pair(only=False),
            "these come from the nearest window, and the 5th nearest is asked for: "
            "kneighbors(...)[0][:, -1] with n_neighbors=5.": _pair(lambda d: d[:, 0]),
            "these come from the mean of the five distances. Take the last of them, the "
            "5th: kneighbors(...)[0][:, -1].": _pair(lambda d: d.mean(axis=1)),
            "these come from the window in whose centre a point lies. Take the mean over "
            "all that cover it: point_scores(distances, 64).": _pair(how="centre"),
            "these come from windows whose columns were scaled. Search among the windows "
            "themselves: NearestNeighbors alone, without StandardScaler.": _pair(
                scaled=True
            ),
            "both are equal. Are the windows z-normalised in one of them, the known and "
            "the new ones?": bool(abs(found[0] - found[1]) < 1e-9),
            "as_they_are is right, z is not. The known windows and the new ones are "
            "z-normalised, with the floor 0.1.": bool(is_right[0] and not is_right[1]),
            "z is right, as_they_are is not. It is the same search, once more from the start: "
            "fitted on windows(known.values, 64), and asked for windows(new.values, 64).": bool(
                is_right[1] and not is_right[0]
            ),
            "these are 1 minus the AUROC. A higher distance is more anomalous.": 1
            - value,
        },
        otherwise="score the windows of the new series by the distance to the 5th nearest "
        "known window, bring them to points by their mean, and compare the points of "
        "amplitude events with normal ones.",
        right="the same search loses this kind of event by z-normalising alone: size was "
        "all that set it apart. If size means something in your signal, do not divide by "
        "it.",
    ).judge(found)


def _delay(labels: NDArray, alarms: NDArray) -> float:
    inside = [np.flatnonzero(alarms[start:stop]) for start, stop in runs(labels)]
    return float(np.mean([first[0] for first in inside if len(first)]))


def _each(
    measure: Callable[[NDArray, int, int], Any],
) -> Callable[[NDArray, NDArray], float]:
    """A mean over all events of what is measured in one."""

    def mean(labels: NDArray, alarms: NDArray) -> float:
        found = [measure(np.asarray(alarms), *event) for event in runs(labels)]
        return float(np.mean([value for value in found if value is not None]))

    return mean


def _median(labels: NDArray, alarms: NDArray) -> float:
    found = [_first(alarms, *event) for event in runs(labels)]
    return float(np.median([delay for delay in found if delay is not None]))


def _begun_inside(alarms: NDArray, start: int, stop: int) -> int | None:
    begins = np.append(alarms[0], alarms[1:] > alarms[:-1])
    return _first(begins, start, stop)


def _first(alarms: NDArray, start: int, stop: int) -> int | None:
    inside = np.flatnonzero(alarms[start:stop])
    return int(inside[0]) if len(inside) else None


def _case(n: int, events: list[tuple[int, int]], alarms: list[int]) -> tuple:
    labels, raised = np.zeros(n, int), np.zeros(n, bool)
    for start, stop in events:
        labels[start:stop] = 1
    raised[alarms] = True
    return labels, raised


EDGE = (
    "np.diff sees no change there. Put a 0 before and after the labels, as runs(labels) "
    "does."
)
AT_EDGES = _case(40, [(0, 10), (30, 40)], [4, 5, 6, 29, 39])
DELAY = Function(
    solution=_delay,
    inputs=[
        _case(60, [(10, 20), (30, 45), (50, 58)], [2, 13, 14, 18, 30, 31, 47]),
        AT_EDGES,
        _case(50, [(5, 15), (20, 30), (32, 47)], [17, 23, 24, 25, 26, 40]),
        _case(80, [(10, 20), (30, 40), (50, 70)], [8, 9, 10, 11, 31, 32, 60, 65]),
    ],
    mistakes={
        "an event without an alarm counts as 0 points late, as if it had been found at "
        "once. Leave it out.": _each(lambda a, i, j: _first(a, i, j) or 0),
        "an event without an alarm counts with its whole length. Asked for is the mean "
        "over the events that are found; those that are missed are in the "
        "recall.": _each(
            lambda a, i, j: j - i if (f := _first(a, i, j)) is None else f
        ),
        "this counts from the end of an event back to its first alarm. Count from its "
        "start.": _each(
            lambda a, i, j: None if (f := _first(a, i, j)) is None else j - i - f
        ),
        "this is the place of the first alarm in the series. Subtract the start of its "
        "event.": _each(
            lambda a, i, j: None if (f := _first(a, i, j)) is None else i + f
        ),
        "this is one too many: an alarm on the first point of an event is 0 points "
        "late.": _each(
            lambda a, i, j: None if (f := _first(a, i, j)) is None else f + 1
        ),
        "this takes the last alarm in an event. Take the first.": _each(
            lambda a, i, j: f[-1] if len(f := np.flatnonzero(a[i:j])) else None
        ),
        "this is the mean over all alarms in an event. Only the first counts.": _each(
            lambda a, i, j: f.mean() if len(f := np.flatnonzero(a[i:j])) else None
        ),
        "the first alarm after the start is taken even where it lies behind the end of "
        "the event. Such an event is not found.": _each(
            lambda a, i, j: f[0] if len(f := np.flatnonzero(a[i:])) else None
        ),
        "this is the median. Return the mean, in which one very late alarm counts.": _median,
        "an alarm that begins before an event and lasts into it is left out. The event is "
        "found, and its delay is 0: its first point has an alarm.": _each(
            _begun_inside
        ),
        "an event that begins at point 0 is overlooked: " + EDGE: _each(
            lambda a, i, j: _first(a, i, j) if i else None
        ),
        "an event that lasts to the last point is overlooked: " + EDGE: _each(
            lambda a, i, j: _first(a, i, j) if j < len(a) else None
        ),
    },
    otherwise=lambda given, found, wanted: (
        f"for events at {runs(given[0]).tolist()} (first point, and one after the last) and "
        f"alarms at {np.flatnonzero(given[1]).tolist()} the mean delay is {wanted:.3g}. "
        f"Yours is {found:.3g}."
    ),
    right="two detectors that find the same events can differ in how soon. Live, a mean over "
    "windows has to wait for up to width - 1 points more; the window that ends at the point "
    "has not.",
)


def _gives_nan(function: Callable[..., Any], case: tuple) -> bool:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = np.asarray(call(function, *case))
    return result.dtype.kind == "f" and bool(np.isnan(result).any())


@exercise
def detection_delay(function: Callable[[NDArray, NDArray], float]) -> Verdict:
    """Check a function of labels and alarms: the mean delay of the first alarm."""
    if _gives_nan(function, AT_EDGES):
        raise Off(
            "your function returns nan where one event begins at point 0 and another lasts "
            "to the last point: " + EDGE
        )
    if any(_gives_nan(function, case) for case in DELAY.inputs):
        raise Off(
            "your function returns nan where an event has no alarm. Leave such an event out "
            "of the mean."
        )
    return DELAY.judge(function)
