"""What all checks share: verdicts, patience with unfinished answers, and a record.

An exercise is a function with the decorator `exercise`. Mostly it holds a number against an
`Answer`: what is right, the known mistakes with what to say of each, and what to say
otherwise. What a reader's function returns for some inputs is such an answer, too.
"""

import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gantutor.check._reading import Off, call, distance, is_near, is_open, number


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
        except Off as problem:
            return Verdict(False, f"{problem.begins}: {problem}")
        except Exception as error:  # whatever the reader's answer does
            return off(
                f"your answer raised {type(error).__name__}: {error}. Run it by itself "
                "on a small example and look at the shapes and types that go in."
            )

    return check


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is right, and what to say to it and to other answers, as a record.

    A mistake is given as the answer that one gets by it, or as whether it has been made. It
    is said if the answer is nearer to it than to the right one; the first that fits counts.
    """

    value: Any = None  # number or array; without one, what makes no mistake is right
    within: Any = None  # how far off is still right; by default rounding
    mistakes: Mapping[str, Any] = field(default_factory=dict)  # by what to say
    near: float | None = None  # how far from a mistake's answer; by default as `within`
    otherwise: str | Callable[[Any], str] = ""  # what to say to other wrong answers
    so_far: str = ""  # before these, what is right so far: "the first is right. "
    right: str = ""  # what to say to the right one

    def judge(self, found: Any) -> Verdict:
        """Return that an answer is right, or raise `Off` with what to say of it."""
        near = self.within if self.near is None else self.near
        for message, mistake in self.mistakes.items():
            if isinstance(mistake, bool | np.bool_):
                made = bool(mistake)
            else:
                off_by = np.inf if self.value is None else distance(found, self.value)
                made = distance(found, mistake) < off_by
                made = made and is_near(found, mistake, near)
            if made:
                raise Off(self.so_far + message)
        if self.value is not None and not is_near(found, self.value, self.within):
            told = self.otherwise
            raise Off(self.so_far + (told if isinstance(told, str) else told(found)))
        return right(self.right)


def each(read: Callable[..., Any], **answers: Any) -> np.ndarray:
    """Several answers as an array, each read under its own name."""
    return np.array([read(answer, what=name) for name, answer in answers.items()])


def results(function: Callable[..., Any], inputs: Sequence[tuple]) -> np.ndarray:
    """What the reader's function returns for each of some inputs, a number each."""
    return np.array([number(call(function, *given), "the result") for given in inputs])


def first_off(found: Any, value: Any) -> int:
    """The place of the first number that is not right; 0 if all are."""
    return int(np.argmax(~np.isclose(found, value, rtol=1e-4)))


def ruler(difference: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The lengths of rows, measured by the inverse of a covariance matrix."""
    squares = difference @ np.linalg.inv(covariance) * difference
    return np.sqrt(squares.sum(axis=1))


ROWS_FOR_COLUMNS = {  # also: a singular matrix
    "for {0.shape[0]} known rows of {0.shape[1]} columns the covariance matrix should "
    "be {0.shape[1]} x {0.shape[1]}. np.cov takes rows for columns, unless it gets the "
    "table's .T, or is told rowvar=False.": r"LinAlgError|ValueError.*\b(60|400)\b",
}


def made_up_rows(n_known: int) -> tuple[np.ndarray, np.ndarray]:
    """Known rows and 30 new ones of four columns that depend on each other."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 4)) + 2 * np.eye(4)
    known = rng.normal(size=(n_known, 4)) @ mixing + 3.0
    return known, 1.5 * rng.normal(size=(30, 4)) @ mixing + 4.0
