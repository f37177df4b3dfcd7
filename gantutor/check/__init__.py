"""Checks of the exercises: ``gt.check.<name>(answer)`` says right, or what is off.

One module for each notebook. A check returns a `Verdict`, which shows its message as the
last line of a cell and is true if the answer is right.
"""

import pkgutil
from importlib import import_module
from itertools import chain
from typing import Any

from gantutor.check._common import Verdict

MODULES = [m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_"]


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        for module in MODULES:
            found = vars(import_module(f"{__name__}.{module}"))
            if name in found["__all__"]:
                return found[name]
    raise AttributeError(
        f"There is no check {name!r}. The checks are {', '.join(__dir__())}."
    )


def __dir__() -> list[str]:
    named = (import_module(f"{__name__}.{module}").__all__ for module in MODULES)
    return sorted(chain(["Verdict"], *named))


__all__ = ["Verdict"]
