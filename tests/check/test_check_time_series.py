"""The checks of notebook 13: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from gantutor.data import periodic_signal
from gantutor.series import point_scores, runs, windows, z_normalised


def stub(labels, alarms): ...


def firsts(labels, alarms):
    events = runs(labels)
    return [(np.flatnonzero(alarms[i:j]), i, j) for i, j in events]


def solution(labels, alarms):
    return np.mean([f[0] for f, _, _ in firsts(labels, alarms) if len(f)])


def with_a_loop(labels, alarms):
    delays, start, waiting = [], None, False
    for t, (label, alarm) in enumerate(zip(labels, alarms, strict=True)):
        if label and start is None:
            start, waiting = t, True
        if not label:
            start = None
        if label and alarm and waiting:
            delays.append(t - start)
            waiting = False
    return sum(delays) / len(delays)


def missed_is_zero(labels, alarms):
    return np.mean([f[0] if len(f) else 0 for f, _, _ in firsts(labels, alarms)])


def missed_is_all(labels, alarms):
    return np.mean([f[0] if len(f) else j - i for f, i, j in firsts(labels, alarms)])


def from_the_end(labels, alarms):
    return np.mean([j - i - f[0] for f, i, j in firsts(labels, alarms) if len(f)])


def place(labels, alarms):
    return np.mean([i + f[0] for f, i, _ in firsts(labels, alarms) if len(f)])


def one_more(labels, alarms):
    return solution(labels, alarms) + 1


def last(labels, alarms):
    return np.mean([f[-1] for f, _, _ in firsts(labels, alarms) if len(f)])


def mean_of_all(labels, alarms):
    return np.mean([f.mean() for f, _, _ in firsts(labels, alarms) if len(f)])


def beyond_the_end(labels, alarms):
    later = [np.flatnonzero(alarms[i:]) for i, _ in runs(labels)]
    return np.mean([f[0] for f in later if len(f)])


def median(labels, alarms):
    return np.median([f[0] for f, _, _ in firsts(labels, alarms) if len(f)])


def begun_inside(labels, alarms):
    begins = np.diff(alarms.astype(int), prepend=0) == 1
    return solution(labels, begins)


def by_diff(labels, alarms):
    change = np.diff(labels)
    begins, ends = np.flatnonzero(change == 1) + 1, np.flatnonzero(change == -1) + 1
    events = zip(begins, ends, strict=False)
    inside = [np.flatnonzero(alarms[i:j]) for i, j in events]
    return np.mean([f[0] for f in inside if len(f)])


def not_at_the_start(labels, alarms):
    return np.mean([f[0] for f, i, _ in firsts(labels, alarms) if len(f) and i])


def not_at_the_end(labels, alarms):
    n = len(labels)
    return np.mean([f[0] for f, _, j in firsts(labels, alarms) if len(f) and j < n])


def missed_is_nan(labels, alarms):
    return np.mean([f[0] if len(f) else np.nan for f, _, _ in firsts(labels, alarms)])


def aurocs(z, neighbour=5, kinds=("amplitude",), mean=False, how="mean", scaled=False):
    known, new = periodic_signal(3000, seed=7), periodic_signal(4000, 16, seed=8)
    X, X_new = windows(known.values, 64), windows(new.values, 64)
    if z:
        X, X_new = z_normalised(X, 0.1), z_normalised(X_new, 0.1)
    if scaled:
        scaler = StandardScaler().fit(X)
        X, X_new = scaler.transform(X), scaler.transform(X_new)
    search = NearestNeighbors(n_neighbors=neighbour).fit(X)
    distances = search.kneighbors(X_new)[0]
    of_windows = distances.mean(axis=1) if mean else distances[:, -1]
    points = point_scores(of_windows, 64, how)
    chosen = new.labels == 0
    for event in new.events:
        if event.kind in kinds:
            chosen[event.start : event.stop] = True
    return roc_auc_score(new.labels[chosen], points[chosen])


RAW, Z = aurocs(False), aurocs(True)
MEAN = aurocs(False, mean=True), aurocs(True, mean=True)
CENTRE = aurocs(False, how="centre"), aurocs(True, how="centre")
SCALED = aurocs(False, scaled=True), aurocs(True, scaled=True)
ALL = {event.kind for event in periodic_signal(4000, 16, seed=8).events}


CASES = [
    Case(
        "windows_of_a_series",
        (..., ..., ..., ...),
        [(951, 1, 50, 20), (951.0, 1, np.int64(50), 20)],
        [
            ((950, 1, 50, 20), "Where does the last one start"),
            ((1000, 1, 50, 20), "Where does the last one start"),
            ((20, 1, 50, 20), "lie side by side"),
            ((951, 50, 50, 20), "Only those that start at it"),
            ((951, 1, 1, 20), "starts at one of the points 451 to 500"),
            ((951, 1, 99, 20), "starts at one of the points 451 to 500"),
            ((951, 1, 50, 951), "share 49 of their 50"),
            ((951, 1, 50, 19), "How many times does 50"),
            ((500, 1, 50, 20), "write down the starts"),
            (("many", 1, 50, 20), "n_windows must be one number"),
        ],
    ),
    Case(
        "amplitude_lost",
        (..., ...),
        [(RAW, Z), (round(RAW, 3), round(Z, 3)), (0.94, 0.41)],
        [
            ((Z, RAW), "swapped"),
            ((aurocs(False, kinds=ALL), aurocs(True, kinds=ALL)), "all kinds of event"),
            ((aurocs(False, 1), aurocs(True, 1)), "5th nearest is asked for"),
            ((RAW, RAW), "both are equal"),
            ((RAW, 0.2), "as_they_are is right, z is not"),
            ((0.5, Z), "z is right, as_they_are is not"),
            ((1 - RAW, 1 - Z), "1 minus the AUROC"),
            (MEAN, "mean of the five distances"),
            ((round(MEAN[0], 2), round(MEAN[1], 2)), "mean of the five distances"),
            (CENTRE, "in whose centre"),
            (SCALED, "columns were scaled"),
            ((100 * RAW, 100 * Z), "90 % is 0.9"),
            ((0.3, 0.2), "score the windows of the new series"),
            (([RAW, RAW], Z), "as_they_are must be one number"),
        ],
    ),
    Case(
        "detection_delay",
        (stub,),
        [(solution,), (with_a_loop,)],
        [
            ((missed_is_zero,), "as if it had been found at once"),
            ((missed_is_all,), "with its whole length"),
            ((from_the_end,), "Count from its start"),
            ((place,), "Subtract the start"),
            ((one_more,), "0 points late"),
            ((last,), "Take the first"),
            ((mean_of_all,), "Only the first counts"),
            ((beyond_the_end,), "behind the end"),
            ((median,), "this is the median"),
            ((begun_inside,), "begins before an event and lasts into it"),
            ((by_diff,), "np.diff sees no change there"),
            ((not_at_the_start,), "begins at point 0 is overlooked"),
            ((not_at_the_end,), "lasts to the last point is overlooked"),
            ((missed_is_nan,), "returns nan where an event has no alarm"),
            ((lambda labels, alarms: 0,), "the mean delay is 1.5. Yours is 0"),
            ((lambda labels, alarms: alarms,), "must be one number"),
            ((3.0,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)
