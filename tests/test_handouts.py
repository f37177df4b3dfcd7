"""`make handouts`: copies of the notebooks for a class, with cells to be written live."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def handouts(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("handouts") / "new"
    subprocess.check_call([sys.executable, ROOT / "docs" / "handouts.py", folder])
    return folder


def pairs(handouts: Path, path: Path) -> list[tuple]:
    """Each cell of a notebook beside that of its handout."""
    notebooks = (nbformat.read(p, 4) for p in (path, handouts / path.name))
    return list(zip(*(nb.cells for nb in notebooks), strict=True))


def is_live(cell) -> bool:
    return "live-coding" in cell.metadata.get("tags", [])


def test_each_notebook_has_a_valid_handout(handouts):
    names = sorted(path.name for path in handouts.iterdir())
    assert names == [path.name for path in NOTEBOOKS] != []
    for path in handouts.iterdir():
        nbformat.validate(nbformat.read(path, 4))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_handout_is_its_notebook_without_outputs_and_with_open_cells(handouts, path):
    for cell, copy in pairs(handouts, path):
        assert not copy.get("outputs")
        assert copy.get("execution_count") is None
        assert copy.metadata == cell.metadata
        assert copy.id == cell.id
        assert (copy.source == cell.source) != is_live(cell)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_an_open_cell_imports_what_the_full_one_does_and_names_what_is_used(
    handouts, path
):
    live = [(c, copy) for c, copy in pairs(handouts, path) if is_live(c)]
    assert 3 <= len(live) <= 6
    for cell, copy in live:
        imports = (ast.Import, ast.ImportFrom)
        full = [s for s in ast.parse(cell.source).body if isinstance(s, imports)]
        assert ast.dump(ast.Module(full, [])) == ast.dump(ast.parse(copy.source))
        said = " ".join(line.removeprefix("# ") for line in copy.source.splitlines())
        assert f"Write here: {cell.metadata.live_coding}" in said
        assert max(map(len, copy.source.splitlines())) <= 88


def test_an_open_cell_names_what_later_cells_take_from_it():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from handouts import handout
    finally:
        sys.path.pop(0)
    live = {"tags": ["live-coding"], "live_coding": "double a number."}
    full = "import math\n\ndef twice(x, by=2):\n    return by * x\n\ni, j, k = 1, 2, 3"
    later = [
        "j = 5",
        "print(i, j)",
        "def f(k):\n    return twice(k)",
        "i = [k for k in j]",
    ]
    cells = [new_code_cell(full, metadata=live), *map(new_code_cell, later)]
    cells[1].outputs = [new_output("stream", text="5")]
    nb = new_notebook(cells=[new_markdown_cell("# One"), *cells])
    copy = handout(nb)
    assert copy.cells[1].source == (
        "import math\n\n# Write here: double a number.\n# Later cells use: i, twice(x, by=2)"
    )
    assert nb.cells[1].source == full  # the notebook itself is left alone
    assert nb.cells[2].outputs
