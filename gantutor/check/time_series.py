"""Checks of notebook 13, on windows, what z-normalising hides, and delays."""

import warnings
from collections.abc import Callable

import numpy as np

from gantutor.check._common import Answer, Verdict, each, exercise, first_off
from gantutor.check._reading import call, number, refuse, share
from gantutor.series import runs

__all__ = ["amplitude_lost", "detection_delay", "windows_of_a_series"]


@exercise
def windows_of_a_series(
    n_windows: int, over_first: int, over_middle: int, apart: int
) -> Verdict:
    """Check four counts for 1,000 points and windows of 50 with step 1."""
    counts = {"over_first": over_first, "over_middle": over_middle, "apart": apart}
    found = each(number, n_windows=n_windows, **counts)
    return Answer(
        value=[951, 1, 50, 20],
        within=0.01,
        mistakes={
            "n_windows: a window must end inside the series. Where does the last one "
            "start? Count that start, and the start 0.": found[0] in (950, 1000, 949),
            "n_windows: 20 windows lie side by side. With step 1 one starts at nearly "
            "every point.": found[0] == 20,
            "over_first: which windows hold the very first point? Only those that "
            "start at it.": found[1] != 1 and found[0] == 951,
            "over_middle: a window of 50 that holds point 500 starts at one of the "
            "points 451 to 500.": found[2] != 50 and found[0] == 951,
            "apart: that many windows there are, but neighbours share 49 of their 50 "
            "points. How many can you cut without sharing any?": found[3] == 951,
            "apart: windows that share no point lie side by side. How many times does "
            "50 go into 1,000?": found[3] != 20 and found[0] == 951,
        },
        otherwise="write down the starts of the first window, the second and the last. "
        "The starts 0 to 950 make n_windows.",
        right="951 rows, and no more independent ones than 20. A fifth of them, kept "
        "for calibration, is worth about 4 rows.",
    ).judge(found)


@exercise
def amplitude_lost(as_they_are: float, z: float) -> Verdict:
    """Check the AUROC of amplitude events with raw and with z-normalised windows."""
    found = each(share, as_they_are=as_they_are, z=z)
    value = np.array([0.9366, 0.4094])
    is_right = (abs(found - value) < 0.0035).tolist()
    return Answer(
        value=value,
        within=0.0035,  # takes 0.94 for 0.9366
        mistakes={
            "the two are swapped. as_they_are belongs to windows that nothing was done "
            "to.": value[::-1],
            "these are AUROCs over all kinds of event. Take the points of amplitude "
            "events and the normal points: by_kind does it.": [0.9682, 0.8492],
            "these come from the nearest window, and the 5th nearest is asked for: "
            "kneighbors(...)[0][:, -1] with n_neighbors=5.": [0.9259, 0.4058],
            "these come from the mean of the five distances. Take the last of them, "
            "the 5th: kneighbors(...)[0][:, -1].": [0.9323, 0.4092],
            "these come from the window in whose centre a point lies. Take the mean "
            "over all that cover it: point_scores(distances, 64).": [0.9532, 0.3854],
            "these come from windows whose columns were scaled. Search among the "
            "windows themselves: NearestNeighbors alone, without "
            "StandardScaler.": [0.9367, 0.4296],
            "both are equal. Are the windows z-normalised in one of them, the known "
            "and the new ones?": abs(found[0] - found[1]) < 1e-9,
            "as_they_are is right, z is not. The known windows and the new ones are "
            "z-normalised, with the floor 0.1.": is_right == [True, False],
            "z is right, as_they_are is not. It is the same search, once more from the "
            "start: fitted on windows(known.values, 64), and asked for "
            "windows(new.values, 64).": is_right == [False, True],
            "these are 1 minus the AUROC. A higher distance is more anomalous.": 1
            - value,
        },
        otherwise="score the windows of the new series by the distance to the 5th "
        "nearest known window, bring them to points by their mean, and compare the "
        "points of amplitude events with normal ones.",
        right="the same search loses this kind of event by z-normalising alone: size "
        "was all that set it apart. If size means something in your signal, do not "
        "divide by it.",
    ).judge(found)


def _case(n: int, abnormal: np.ndarray, alarms: list[int]) -> tuple:
    points = np.arange(n)
    return np.isin(points, abnormal).astype(int), np.isin(points, alarms)


# What a mistake makes of each case stands beside it; the tests hold the numbers to it.
CASES = [
    _case(60, np.r_[10:20, 30:45, 50:58], [2, 13, 14, 18, 30, 31, 47]),
    _case(40, np.r_[0:10, 30:40], [4, 5, 6, 29, 39]),  # at both edges
    _case(50, np.r_[5:15, 20:30, 32:47], [17, 23, 24, 25, 26, 40]),
    _case(80, np.r_[10:20, 30:40, 50:70], [8, 9, 10, 11, 31, 32, 60, 65]),
]
EDGE = "np.diff sees no change there. Put a 0 before and after the labels, as "
EDGE += "runs(labels) does."


@exercise
def detection_delay(function: Callable) -> Verdict:
    """Check a function of labels and alarms: the mean delay of the first alarm."""
    with warnings.catch_warnings(action="ignore"):
        found = [call(function, *case) for case in CASES]
    is_nan = [isinstance(delay, float) and np.isnan(delay) for delay in found]
    refuse(
        {
            "your function returns nan where one event begins at point 0 and another "
            f"lasts to the last point: {EDGE}": is_nan[1],
            "your function returns nan where an event has no alarm. Leave such an "
            "event out of the mean.": any(is_nan),
        }
    )
    found = [number(delay, "the result") for delay in found]
    wanted = [3 / 2, 13 / 2, 11 / 2, 11 / 3]
    mean = [2.75, 7, 6.25, 29 / 6]
    not_from_0, not_to_end = [1.5, 9, 5.5, 11 / 3], [1.5, 4, 5.5, 11 / 3]
    i = first_off(found, wanted)
    labels, alarms = CASES[i]
    return Answer(
        value=wanted,
        mistakes={
            "an event without an alarm counts as 0 points late, as if it had been "
            "found at once. Leave it out.": [1, 6.5, 11 / 3, 11 / 3],
            "an event without an alarm counts with its whole length. Asked for is the "
            "mean over the events that are found; those that are missed are in the "
            "recall.": [11 / 3, 6.5, 7, 11 / 3],
            "this counts from the end of an event back to its first alarm. Count from "
            "its start.": [11, 3.5, 7, 29 / 3],
            "this is the place of the first alarm in the series. Subtract the start of "
            "its event.": [21.5, 21.5, 31.5, 101 / 3],
            "this is one too many: an alarm on the first point of an event is 0 points "
            "late.": [2.5, 7.5, 6.5, 14 / 3],
            "this takes the last alarm in an event. Take the first.": [4.5, 7.5, 7, 6],
            "this "
            "is the mean over all alarms in an event. Only the first counts.": mean,
            "the first alarm after the start is taken even where it lies behind the "
            "end of the event. Such an event is not found.": [1.5, 6.5, 23 / 3, 11 / 3],
            "this is the median. Return the mean, in which one very late alarm "
            "counts.": [1.5, 6.5, 5.5, 1],
            "an alarm that begins before an event and lasts into it is left out. The "
            "event is found, and its delay is 0: its first point has an "
            "alarm.": [1.5, 6.5, 5.5, 5.5],
            f"an event that begins at point 0 is overlooked: {EDGE}": not_from_0,
            f"an event that lasts to the last point is overlooked: {EDGE}": not_to_end,
        },
        otherwise=f"for events at {runs(labels).tolist()} (first point, and one after "
        f"the last) and alarms at {np.flatnonzero(alarms).tolist()} the mean delay is "
        f"{wanted[i]:.3g}. Yours is {found[i]:.3g}.",
        right="two detectors that find the same events can differ in how soon. Live, a "
        "mean over windows has to wait for up to width - 1 points more; the window "
        "that ends at the point has not.",
    ).judge(found)
