"""How checks read an answer: with patience, and a complaint in a sentence where they cannot."""

import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Off(Exception):
    """Raised inside a check to end it: the answer is off."""

    begins = "Not quite"


class Unfinished(Off):
    """Raised inside a check to end it: there is no answer yet."""

    begins = "Not yet"


def is_open(answer: Any) -> bool:
    """Whether an answer, or a part of a tuple, list or dictionary, is still ``...``."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, tuple | list):
        return any(is_open(part) for part in answer)
    return answer is ... or answer is None


def refuse(complaints: Mapping[str, Any]) -> None:
    """End a check with the first complaint that is true, if there is one."""
    for message, is_true in complaints.items():
        if is_true:
            raise Off(message)


def call(
    function: Callable[..., Any], *given: Any, errors: Mapping[str, str] | None = None
) -> Any:
    """Call the reader's function; complain if it cannot be called or returns nothing.

    It gets copies of the arrays, so that a function that changes them harms no later test.
    What to say of errors is given as the message, where ``{0}`` is the first argument and
    ``{error}`` the name of the error, and a pattern of its name and text.
    """
    if not callable(function):
        raise Off(
            f"a function is needed, and you passed {type(function).__name__} "
            f"{function!r}. Pass the function itself, without parentheses."
        )
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in given]
    try:
        result = function(*copies)
    except Exception as error:
        name = type(error).__name__
        for message, pattern in (errors or {}).items():
            if re.search(pattern, f"{name}: {error}", re.DOTALL):
                raise Off(message.format(*given, error=name)) from error
        raise
    if result is None:
        raise Unfinished("your function returns nothing yet. Give it a return line.")
    if is_open(result):
        raise Unfinished("your function still returns ... or None. Return your answer.")
    return result


def number(answer: Any, what: str = "the answer") -> float:
    """The answer as one float, or a complaint."""
    try:
        value = float(np.asarray(answer, dtype=float).item())
    except (TypeError, ValueError) as error:
        given = textwrap.shorten(repr(answer), 60)
        raise Off(
            f"{what} must be one number, and you gave {given} "
            f"({type(answer).__name__})."
        ) from error
    if not np.isfinite(value):
        raise Off(f"{what} is {value}, and must be a finite number.")
    return value


def share(answer: Any, what: str = "the answer") -> float:
    """The answer as a share between 0 and 1, or a complaint."""
    value = number(answer, what)
    if not 0 <= value <= 1:
        raise Off(f"{what} is {value:g}, and must lie between 0 and 1: 90 % is 0.9.")
    return value


def numbers(
    answer: Any, shape: tuple[int, ...], what: str = "the answer"
) -> NDArray[np.float64]:
    """The answer as an array of finite floats of one shape, or a complaint."""
    try:
        values = np.asarray(answer, dtype=float)
    except (TypeError, ValueError) as error:
        raise Off(
            f"{what} must be numbers, and it is {type(answer).__name__}."
        ) from error
    if values.shape != shape:
        raise Off(f"{what} must have the shape {shape}, and it has {values.shape}.")
    if not np.isfinite(values).all():
        raise Off(f"{what} holds nan or infinity.")
    return values


def distance(found: ArrayLike, value: ArrayLike) -> float:
    """The largest difference between two arrays; infinite if their shapes differ."""
    if np.shape(found) != np.shape(value):
        return np.inf
    differences = np.subtract(found, value, dtype=float)
    return float(np.abs(differences).max(initial=0.0))


def is_near(found: ArrayLike, value: ArrayLike, within: Any = None) -> bool:
    """Whether two arrays differ by no more than this, or than rounding explains.

    Each number may have a tolerance of its own.
    """
    if np.shape(found) != np.shape(value):
        return False
    if within is None:
        within = 1e-6 + 1e-4 * np.abs(np.asarray(value, dtype=float)).max(initial=0.0)
    return bool((np.abs(np.subtract(found, value, dtype=float)) <= within).all())


def is_reordered(found: ArrayLike, value: ArrayLike, within: float) -> bool:
    """Whether these are the right numbers in another order."""
    in_order = is_near(np.sort(found), np.sort(value), within)
    return in_order and not is_near(found, value, within)


def fitted_on(detector: Any, rows: ArrayLike, called: str) -> None:
    """Complain unless a detector was fitted on these rows.

    A fifth of the rows given to `fit` set the threshold: their scores must be among those
    of `rows`.
    """
    if not hasattr(detector, "calibration_scores_"):
        raise Off("the first argument must be the detector itself, fitted.")
    kept = np.asarray(detector.calibration_scores_, dtype=float)[:, None]
    known = np.isclose(kept, detector.anomaly_score(rows), rtol=1e-4).any(axis=1)
    if known.mean() < 0.9:
        raise Off(
            f"the detector was not fitted on {called}: of the {known.size} rows that "
            f"have set its threshold, {(~known).sum()} are others. Fit it on {called} "
            "alone."
        )
