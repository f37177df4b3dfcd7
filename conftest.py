"""Keep every test, and every notebook kernel that pytest starts, off the network.

This file lies in the root because `pytest notebooks/01_data.ipynb` reads the
conftest files above the notebook, and none in `tests/`.
"""

import importlib.util
import os
from pathlib import Path

GUARD = Path(__file__).parent / "tests" / "offline" / "sitecustomize.py"


def guard_child_processes() -> None:
    """Put the guard first on PYTHONPATH, where each new Python looks for it."""
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [entry for entry in before if entry and entry != str(GUARD.parent)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(GUARD.parent), *others])


def guard_this_process() -> None:
    """Load the guard by its path: this Python is past its own start-up."""
    spec = importlib.util.spec_from_file_location("offline_guard", GUARD)
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


guard_child_processes()
guard_this_process()
