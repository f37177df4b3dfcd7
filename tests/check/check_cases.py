"""What the tests of the checks share: a case for each check, and how it is tried."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import gantutor as gt
from gantutor.check import Verdict


class Case(NamedTuple):
    """Answers to one exercise. Each is a tuple of arguments for the check."""

    name: str
    stub: tuple
    wrong: Sequence[tuple]  # at least two that a reader could give
    solution: tuple


def verdict(name: str, answer: tuple[Any, ...]) -> Verdict:
    found = getattr(gt.check, name)(*answer)
    assert isinstance(found, Verdict)
    return found


def prove(case: Case) -> None:
    """The check turns away the stub and all wrong answers, and lets the solution pass."""
    assert verdict(case.name, case.stub).message.startswith("Not yet: ")
    assert len(case.wrong) >= 2
    said = []
    for answer in case.wrong:
        judged = verdict(case.name, answer)
        assert not judged, f"{case.name} accepts the wrong answer {answer}"
        assert judged.message.startswith("Not quite: ")
        assert "raised" not in judged.message, judged.message
        said.append(judged.message)
    accepted = verdict(case.name, case.solution)
    assert accepted, f"{case.name} rejects the solution: {accepted.message}"
    assert accepted.message.startswith("Right: ")
