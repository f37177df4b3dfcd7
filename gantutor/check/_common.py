"""What all checks of exercises share: verdicts, and patience with unfinished answers."""

import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
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
    """The reader's function returned None."""


def is_open(answer: Any) -> bool:
    """Whether an answer, or a part of a tuple, list or dictionary, is still ``...``."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, tuple | list):
        return any(is_open(part) for part in answer)
    return answer is ... or answer is None


def exercise(judge: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Make a check out of a function that judges finished answers.

    An answer that is still ``...`` (or None, as a function returns whose body is only
    ``...``) is called unfinished, also as a part of a tuple, list or dictionary. An answer
    that fails is described, so that a reader never sees a traceback out of the package.

    Parameters
    ----------
    judge : callable
        Takes the answer and returns a `Verdict`, or raises `Off`.

    Returns
    -------
    callable
        The check, with the name and docstring of `judge`.
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
        except Unfinished:
            return untouched(
                "your function returns nothing yet. Give it a return line."
            )
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
    if is_open(result):
        raise Unfinished
    return result


def number(answer: Any, what: str = "the answer") -> float:
    """The answer as one float, or a complaint."""
    try:
        value = np.asarray(answer, dtype=float)
        if value.size != 1:
            raise ValueError(f"{value.size} numbers")
    except (TypeError, ValueError) as error:
        raise Off(
            f"{what} must be one number, and you gave {answer!r} "
            f"({type(answer).__name__})."
        ) from error
    if not np.isfinite(value):
        raise Off(f"{what} is {value.item()}, and must be a finite number.")
    return float(value.item())


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


def choice(answer: Any, *choices: str) -> str:
    """The answer as one of the choices, or a complaint that lists them."""
    text = str(answer).strip().lower()
    if text not in choices:
        listed = ", ".join(f'"{c}"' for c in choices)
        raise Off(f"the answer must be one of {listed}, and you gave {answer!r}.")
    return text


def recognise(
    found: ArrayLike, mistakes: Mapping[str, ArrayLike], atol: float = 1e-6
) -> None:
    """Complain if the result is what a known mistake gives.

    Parameters
    ----------
    found : array
        What the reader has.
    mistakes : mapping of str to array
        What to say, and the result that one gets by this mistake.
    atol : float, default=1e-6
        How far numbers may differ, beside 1e-4 of their size.

    Raises
    ------
    Off
        With the first message whose result has the same shape and the same numbers.
    """
    for message, result in mistakes.items():
        if np.shape(found) == np.shape(result) and np.allclose(
            found, result, rtol=1e-4, atol=atol
        ):
            raise Off(message)
