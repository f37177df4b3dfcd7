"""What the tests of the checks share: the answers to an exercise, and what is said of them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

import gantutor as gt
from gantutor.check import Verdict


class Case(NamedTuple):
    """Answers to one exercise. Each is a tuple of arguments for the check."""

    name: str
    stub: tuple
    right: Sequence[tuple]
    wrong: Sequence[tuple[tuple, str]]  # an answer, and words that it must be told


def verdict(name: str, answer: tuple[Any, ...]) -> Verdict:
    return getattr(gt.check, name)(*answer)


def tries(cases: Sequence[Case]) -> Iterator[Any]:
    """One test for each answer: the check, the answer, how the verdict begins, and words."""
    for name, stub, right, wrong in cases:
        yield pytest.param(name, stub, "Not yet: ", "", id=f"{name}-stub")
        for i, answer in enumerate(right):
            yield pytest.param(name, answer, "Right: ", "", id=f"{name}-right-{i}")
        for i, (answer, words) in enumerate(wrong):
            told = pytest.param(
                name, answer, "Not quite: ", words, id=f"{name}-{i}-{words}"
            )
            yield told


def judged(name: str, answer: tuple[Any, ...], begins: str, words: str) -> None:
    """The check says what it should of an answer, in its own words."""
    found = verdict(name, answer)
    assert isinstance(found, Verdict)
    assert found.right == (begins == "Right: "), found.message
    assert found.message.startswith(begins) and words in found.message, found.message
    assert "your answer raised" not in found.message or "raised" in words
