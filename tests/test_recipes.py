"""The recipe of each notebook runs alone, copied into a file, in a fresh process."""

import subprocess
import sys
from pathlib import Path

import notebook_guards
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_recipe_runs_alone(path: Path, tmp_path: Path) -> None:
    (cell,) = notebook_guards.recipes(notebook_guards.read(path))
    script = tmp_path / "recipe.py"
    script.write_text(cell.source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "the recipe prints nothing"
    assert done.stderr == ""
