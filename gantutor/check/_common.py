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

from gantutor.check._reading import (
    ROUNDING,
    Off,
    Unfinished,
    call,
    distance,
    is_near,
    is_open,
    numbers,
)


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
    so_far: str = ""  # before these, what is right so far: "the first is right. "
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
                raise Off(self.so_far + message)
        if self.value is not None and not is_near(found, self.value, self.within):
            raise Off(self.so_far + self.otherwise)
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
    errors: Mapping[str, str] = field(default_factory=dict)  # as those of `call`
    # What to say where results first differ, by the arguments, their result and ours. In a
    # text, {0} is the first argument, and the results are {found} and {wanted}.
    otherwise: str | Callable[[tuple[Any, ...], Any, Any], str]
    what: str = "the result"  # what to call a result of another shape
    within: float | None = None  # how far off is still right; by default rounding
    rounding: float = ROUNDING  # as a share of the largest value
    right: str = ""  # what to say to a function that is right

    def judge(self, function: Callable[..., Any]) -> Verdict:
        """Return that a function is right, or raise `Off` with what to say of it."""
        wanted = self._results(self.solution)
        found = [
            numbers(call(function, *given, errors=self.errors), ours.shape, self.what)
            for given, ours in zip(self.inputs, wanted, strict=True)
        ]
        near = functools.partial(is_near, rounding=self.rounding)
        results = zip(self.inputs, found, wanted, strict=True)
        differ = [r for r in results if not near(*r[1:], self.within)]
        if not differ:
            return right(self.right)
        for message, mistake in self.mistakes.items():
            if all(map(near, found, self._results(mistake))):
                raise Off(message)
        given, theirs, ours = differ[0]
        if isinstance(self.otherwise, str):
            told = self.otherwise.format(*given, found=theirs[()], wanted=ours[()])
        else:
            told = self.otherwise(given, theirs[()], ours[()])
        raise Off(told)

    def _results(self, function: Callable[..., Any]) -> list[NDArray[np.float64]]:
        return [np.asarray(function(*given), dtype=float) for given in self.inputs]
