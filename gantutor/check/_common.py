"""What all checks of exercises share: verdicts, and patience with unfinished answers."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple


class Verdict(NamedTuple):
    """What a check says of an answer. As the last line of a cell, it shows its message."""

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.message


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


def exercise(judge: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Make a check out of a function that judges finished answers.

    An answer that is still ``...`` (or None, as a function returns whose body is only
    ``...``) is called unfinished, and an answer that fails is described, so that a reader
    never sees a traceback out of the package.

    Parameters
    ----------
    judge : callable
        Takes the answer and returns a `Verdict`, or raises `Off`.

    Returns
    -------
    callable
        The check, with the name and docstring of `judge`.
    """

    @functools.wraps(judge)
    def check(*answers: Any, **named: Any) -> Verdict:
        if any(a is ... or a is None for a in (*answers, *named.values())):
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


class Unfinished(Exception):
    """The reader's function returned None."""


def call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call the reader's function; complain if it cannot be called or returns nothing."""
    if not callable(function):
        raise Off(
            f"a function is needed, and you passed {type(function).__name__} "
            f"{function!r}. Pass the function itself, without parentheses."
        )
    result = function(*arguments, **options)
    if result is None or result is ...:
        raise Unfinished
    return result


def number(answer: Any, what: str = "the answer") -> float:
    """The answer as one float, or a complaint."""
    try:
        return float(answer)
    except (TypeError, ValueError) as error:
        raise Off(
            f"{what} must be one number, and you gave {answer!r} "
            f"({type(answer).__name__})."
        ) from error


def choice(answer: Any, *choices: str) -> str:
    """The answer as one of the choices, or a complaint that lists them."""
    text = str(answer).strip().lower()
    if text not in choices:
        listed = ", ".join(f'"{c}"' for c in choices)
        raise Off(f"the answer must be one of {listed}, and you gave {answer!r}.")
    return text
