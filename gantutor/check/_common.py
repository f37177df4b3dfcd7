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
    number,
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

    value: Any = (
        None  # a number or an array; if None, all is right that makes no mistake
    )
    within: float | None = None  # how far off is still right; by default rounding
    mistakes: Mapping[str, ArrayLike] = field(default_factory=dict)  # by what to say
    near: float | None = None  # how far from a mistake's answer; by default as `within`
    rounding: float = ROUNDING  # as a share of the largest value
    otherwise: str | Callable[[Any], str] = ""  # what to say to other wrong answers
    so_far: str = ""  # before these, what is right so far: "the first is right. "
    right: str = ""  # what to say to the right one

    def judge(self, found: ArrayLike) -> Verdict:
        """Return that an answer is right, or raise `Off` with what to say of it."""
        off_by = np.inf if self.value is None else distance(found, self.value)
        for message, mistake in self.mistakes.items():
            if isinstance(mistake, bool | np.bool_):
                made = bool(mistake)
            else:
                made = self.makes(mistake, found) and distance(found, mistake) < off_by
            if made:
                raise Off(self.so_far + message)
        if self.value is not None and not self.is_right(found):
            raise Off(self.so_far + self.told(found))
        return right(self.right)

    def is_right(self, found: ArrayLike) -> bool:
        """Whether an answer is near enough to the right one."""
        return is_near(found, self.value, self.within, self.rounding)

    def makes(self, mistake: ArrayLike, found: ArrayLike) -> bool:
        """Whether an answer is near to the one that one gets by a mistake."""
        near = self.within if self.near is None else self.near
        return is_near(found, mistake, near, self.rounding)

    def told(self, found: Any) -> str:
        """What to say to an answer that makes no known mistake."""
        return (
            self.otherwise if isinstance(self.otherwise, str) else self.otherwise(found)
        )


def judge_function(
    function: Callable[..., Any],
    answer: Callable[..., Answer],
    inputs: Sequence[tuple[Any, ...]],
    what: str = "the result",
    errors: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge a function of the reader's by what it should return for some inputs.

    A mistake is said if the function makes it on all inputs.

    Parameters
    ----------
    answer
        Returns the record for an input: what is right, and what one gets by each mistake.
    what
        What to call a result of another shape.
    errors
        As those of `call`.
    """
    answers = [answer(*given) for given in inputs]
    found = [
        numbers(call(function, *given, errors=errors), np.shape(a.value), what)[()]
        for given, a in zip(inputs, answers, strict=True)
    ]
    wrong = [i for i, a in enumerate(answers) if not a.is_right(found[i])]
    if not wrong:
        return right(answers[0].right)
    for message in answers[0].mistakes:
        if all(map(lambda a, f: a.makes(a.mistakes[message], f), answers, found)):
            raise Off(message)
    raise Off(answers[wrong[0]].told(found[wrong[0]]))


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
    # What to say where results first differ, by the arguments, their result and ours:
    otherwise: Callable[[tuple[Any, ...], Any, Any], str]
    what: str = "the result"  # what to call a result of another shape
    within: float | None = None  # how far off is still right; by default rounding
    rounding: float = ROUNDING  # as a share of the largest value
    right: str = ""  # what to say to a function that is right

    def judge(self, function: Callable[..., Any]) -> Verdict:
        """Return that a function is right, or raise `Off` with what to say of it."""
        return judge_function(
            function, self._answer, self.inputs, self.what, self.errors
        )

    def _answer(self, *given: Any) -> Answer:
        value = np.asarray(self.solution(*given), dtype=float)[()]
        return Answer(
            value=value,
            mistakes={text: make(*given) for text, make in self.mistakes.items()},
            within=self.within,
            rounding=self.rounding,
            otherwise=lambda found: self.otherwise(given, found, value),
            right=self.right,
        )


def each(read: Callable[..., Any], **answers: Any) -> NDArray:
    """Several answers as an array, each read under its own name."""
    return np.array([read(answer, what=name) for name, answer in answers.items()])


def results(function: Callable[..., Any], inputs: Sequence[tuple]) -> NDArray:
    """What the reader's function returns for each of some inputs, a number each."""
    return np.array([number(call(function, *given), "the result") for given in inputs])


def first_off(found: ArrayLike, value: ArrayLike) -> int:
    """The place of the first number that is not right; 0 if all are."""
    return int(np.argmax(~np.isclose(found, value, rtol=ROUNDING)))
