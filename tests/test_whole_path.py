"""The whole path in one cell: the same text wherever it stands, and a script of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from notebook_guards import WHOLE_PATH, below, read, recipes

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def in_readme() -> str:
    section = README.split(f"\n{WHOLE_PATH}\n")[1]
    return re.search(r"```python\n(.*?)\n```", section, re.DOTALL)[1]


def test_first_notebook_shows_the_path_of_the_readme() -> None:
    [cell] = below(read(ROOT / "notebooks" / "00_start_here.ipynb"), WHOLE_PATH)[:1]
    assert cell.source == in_readme()


def test_path_is_the_recipe_of_the_notebook_on_scoring() -> None:
    [cell] = recipes(read(ROOT / "notebooks" / "04_scoring.ipynb"))
    assert cell.source == in_readme()


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    script = tmp_path_factory.mktemp("path") / "path.py"
    last = "\nimport sys\nprint([m for m in sys.modules if m.startswith('gantutor')])\n"
    script.write_text(in_readme() + last, encoding="utf-8")
    # -I: no folder of ours on the path, and no variables of the environment
    return subprocess.check_output(
        [sys.executable, "-I", str(script)], text=True, stderr=subprocess.DEVNULL
    )


def test_path_runs_as_a_script_without_the_package(printed: str) -> None:
    assert printed.endswith("\n[]\n")


def test_path_lands_anywhere(printed: str) -> None:
    aurocs = [float(number) for number in re.findall(r"AUROC (\S+)", printed)]
    assert len(aurocs) == 4
    assert min(aurocs) < 0.2 and max(aurocs) > 0.8
