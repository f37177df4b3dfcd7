"""Keep every test, and every notebook kernel that pytest starts, off the network.

With several workers (`pytest -n 2`) also say which tests stay together. This file lies in
the root because `pytest notebooks/01_data.ipynb` reads the conftest files above the
notebook, and none in `tests/`.
"""

import importlib.util
import os
from pathlib import Path

import pytest

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


def one_thread_each() -> None:
    """Keep workers, and their kernels, from waiting for each other's cores."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", "1")


guard_child_processes()
guard_this_process()
one_thread_each()  # before a test imports NumPy


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Deal out whole files where tests share something, and single tests elsewhere.

    The cells of a notebook share a kernel, and the tests of a detector what is slow to
    fit and to compile, those of the pages the build, those of the path its run. The files go
    first, those with the most tests before the others; the single tests after them keep
    every worker busy until the end.
    """
    from xdist.scheduler import LoadScopeScheduling

    class WholeFilesFirst(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            shared = ("test_site.py", "test_slides.py", "test_whole_path.py")
            whole = file.endswith((".ipynb", *shared))
            whole = whole or file.startswith("tests/detectors/")
            return file if whole else nodeid

    if config.getoption("dist") != "load":  # another way was asked for
        return None
    return WholeFilesFirst(config, log)
