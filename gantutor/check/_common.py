"""What all checks share: verdicts, patience with unfinished answers, and two records.

An exercise is a function with the decorator `exercise`. Mostly it holds a number against an
`Answer`: what is right, the known mistakes with what to say of each, and what to say
otherwise. `Function` does the same with what a reader's function returns.
"""

import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Verdict(NamedTuple):
    """What a check says of an answer. As the last line of a cell, it shows its message."""

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return textwrap.fill(self.message, 88, break_on_hyphens=False)


def right(message: str) -> Verdict:
    """The answer is right; the message says what it shows."""
    return Verdict(True, f"Right: {message}")


def off(message: str) -> Verdict:
    """The answer is off; the message says in what, and what to look at."""
    return Verdict(False, f"Not quite: {message}")


def untouched(message: str) -> Verdict:
    """The stub has not been edited."""
    return Verdict(False, f"Not yet: {message}")


class Off(Exception):
    """Raised inside a check to end it with `off`."""


class Unfinished(Exception):
    """Raised inside a check to end it with `untouched`."""


def is_open(answer: Any) -> bool:
    """Whether an answer, or a part of a tuple, list or dictionary, is still ``...``."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, tuple | list):
        return any(is_open(part) for part in answer)
    return answer is ... or answer is None


def exercise(judge: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Make a check out of a function that returns a `Verdict` of an answer or raises `Off`.

    An answer that is still ``...``, or None, is called unfinished. One that fails is
    described, so that a reader never sees a traceback out of the package.
    """
    signature = inspect.signature(judge)

    @functools.wraps(judge)
    def check(*answers: Any, **named: Any) -> Verdict:
        try:
            signature.bind(*answers, **named)
        except TypeError as problem:
            wanted = ", ".join(signature.parameters)
            return off(f"{problem}. Call it as gt.check.{judge.__name__}({wanted}).")
        if is_open([*answers, *named.values()]):
            return untouched(
                "replace the ... above by your answer, then run both cells."
            )
        try:
            return judge(*answers, **named)
        except Unfinished as problem:
            return untouched(str(problem))
        except Off as problem:
            return off(str(problem))
        except Exception as error:  # whatever the reader's answer does
            return off(
                f"your answer raised {type(error).__name__}: {error}. Run it by itself "
                "on a small example and look at the shapes and types that go in."
            )

    return check


def call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call the reader's function; complain if it cannot be called or returns nothing.

    It gets copies of the arrays, so that a function that changes them harms no later test.
    """
    if not callable(function):
        raise Off(
            f"a function is needed, and you passed {type(function).__name__} "
            f"{function!r}. Pass the function itself, without parentheses."
        )
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    result = function(*copies, **options)
    if result is None:
        raise Unfinished("your function returns nothing yet. Give it a return line.")
    if is_open(result):
        raise Unfinished("your function still returns ... or None. Return your answer.")
    return result


def call_on_tables(function: Callable[..., Any], known: NDArray, new: NDArray) -> Any:
    """`call` a function of known and new rows; complain of a covariance of the rows."""
    try:
        return call(function, known, new)
    except ValueError as error:  # also: singular matrix
        n_rows, n_columns = known.shape
        if str(n_rows) in str(error) or isinstance(error, np.linalg.LinAlgError):
            raise Off(
                f"for {n_rows} known rows of {n_columns} columns the covariance matrix "
                f"should be {n_columns} x {n_columns}. np.cov takes rows for columns, "
                "unless it gets the table's .T, or is told rowvar=False."
            ) from error
        raise


def number(answer: Any, what: str = "the answer") -> float:
    """The answer as one float, or a complaint."""
    try:
        value = float(np.asarray(answer, dtype=float).item())
    except (TypeError, ValueError) as error:
        given = textwrap.shorten(repr(answer), 60)
        raise Off(
            f"{what} must be one number, and you gave {given} ({type(answer).__name__})."
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
    if not shape:
        return np.array(number(answer, what))
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


ROUNDING = 1e-4  # how far off is still right, as a share of the largest value


def is_near(
    found: ArrayLike,
    value: ArrayLike,
    within: float | None = None,
    rounding: float = ROUNDING,
) -> bool:
    """Whether two arrays differ by no more than this, or than rounding explains."""
    if within is None:
        size = np.abs(np.asarray(value, dtype=float)).max(initial=0.0)
        within = 1e-6 + rounding * float(size)
    return distance(found, value) <= within


def is_reordered(found: ArrayLike, value: ArrayLike, within: float) -> bool:
    """Whether these are the right numbers in another order."""
    in_order = is_near(np.sort(found), np.sort(value), within)
    return in_order and not is_near(found, value, within)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An exercise whose answer is a number, or several in an array, as a record.

    A mistake is given as the answer that one gets by it, or as whether it has been made. It
    is said if the answer is nearer to it than to the right one; the first that fits counts.
    """

    value: ArrayLike | None = None  # if None, all is right that makes no mistake
    within: float | None = None  # how far off is still right; by default rounding
    mistakes: Mapping[str, ArrayLike] = field(default_factory=dict)  # by what to say
    near: float | None = None  # how far from a mistake's answer; by default as `within`
    otherwise: str = ""  # what to say to other wrong answers
    right: str = ""  # what to say to the right one

    def judge(self, found: ArrayLike) -> Verdict:
        """Return that an answer is right, or raise `Off` with what to say of it."""
        off_by = np.inf if self.value is None else distance(found, self.value)
        near = self.within if self.near is None else self.near
        for message, mistake in self.mistakes.items():
            if isinstance(mistake, bool | np.bool_):
                made = bool(mistake)
            else:
                nearer = distance(found, mistake) < off_by
                made = nearer and is_near(found, mistake, near)
            if made:
                raise Off(message)
        if self.value is not None and not is_near(found, self.value, self.within):
            raise Off(self.otherwise)
        return right(self.right)


@dataclass(frozen=True, kw_only=True)
class Function:
    """An exercise whose answer is a function, as a record.

    The reader's function is called on made-up inputs. A mistake is a function that makes it:
    it is said if both return the same on all inputs.
    """

    solution: Callable[..., Any]  # returns a number or an array
    inputs: Sequence[tuple[Any, ...]]  # the arguments of each call
    mistakes: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    # What to say where results first differ, by the arguments, their result and ours:
    otherwise: Callable[[tuple[Any, ...], Any, Any], str]
    what: str = "the result"  # what to call a result of another shape
    within: float | None = None  # how far off is still right; by default rounding
    rounding: float = ROUNDING  # as a share of the largest value
    right: str = ""  # what to say to a function that is right

    def judge(self, function: Callable[..., Any]) -> Verdict:
        """Return that a function is right, or raise `Off` with what to say of it."""
        wanted = self._results(self.solution)
        found = [
            numbers(call(function, *given), result.shape, self.what)
            for given, result in zip(self.inputs, wanted, strict=True)
        ]
        results = zip(self.inputs, found, wanted, strict=True)
        differ = [r for r in results if not self._near(*r[1:], self.within)]
        if not differ:
            return right(self.right)
        for message, mistake in self.mistakes.items():
            if all(map(self._near, found, self._results(mistake))):
                raise Off(message)
        given, theirs, ours = differ[0]
        raise Off(self.otherwise(given, theirs[()], ours[()]))

    def _near(
        self, found: ArrayLike, value: ArrayLike, within: float | None = None
    ) -> bool:
        return is_near(found, value, within, self.rounding)

    def _results(self, function: Callable[..., Any]) -> list[NDArray[np.float64]]:
        return [np.asarray(function(*given), dtype=float) for given in self.inputs]


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
            f"the detector was not fitted on {called}: of the {known.size} rows that have "
            f"set its threshold, {(~known).sum()} are others. Fit it on {called} alone."
        )
