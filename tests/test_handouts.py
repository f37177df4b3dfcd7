"""`make handouts`: copies of the notebooks for a class, with cells to be written live."""

import ast
import re
import subprocess
import symtable
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def handouts(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    subprocess.check_call([sys.executable, ROOT / "docs" / "handouts.py"], cwd=folder)
    return folder / "handouts"


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import handouts

    return handouts


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
        source = cell.source
        if cell.cell_type == "markdown":
            source = source.replace("](solutions/", "](../notebooks/solutions/")
        assert (copy.source == source) != is_live(cell)


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


def names_said(source: str) -> set[str]:
    """What the comment of an open cell says that later cells use."""
    text = " ".join(line.removeprefix("# ") for line in source.splitlines())
    said = text.partition("Later cells use: ")[2]
    while said != (said := re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", said)):
        pass
    return set(re.findall(r"(?:^|, )(\w+)", said))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_completed_from_their_comments_leave_no_name_undefined(
    handouts, module, path
):
    in_full, in_copy = set(), set()
    for cell, copy in pairs(handouts, path):
        if cell.cell_type == "code":
            in_full |= module.defined_in(cell.source)
            in_copy |= module.defined_in(copy.source)
            if is_live(cell):
                in_copy |= names_said(copy.source)
            else:
                used = module.used_in(symtable.symtable(copy.source, "", "exec"))
                assert used & in_full <= in_copy, cell.id


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_to_the_solutions_work_from_the_folder_of_the_handouts(handouts, path):
    text = (handouts / path.name).read_text("utf-8")
    links = re.findall(r"\]\(([^)#]*solutions/[^)#]*)\)", text)
    assert links
    for link in links:
        assert (ROOT / "handouts" / link).resolve().is_file()


def opened(module, source: str, later: str) -> str:
    """The last line of an open cell."""
    return module.opened(source, "it.", [later]).splitlines()[-1]


@pytest.mark.parametrize(
    "value, said",
    [
        ("a, b", " returns (a, b)"),
        ("(a,)", " returns (a,)"),
        ("a, x.mean()", " returns (a, ...)"),
        ("a", " returns a"),
        ("a + b", ""),
    ],
)
def test_a_function_says_what_it_returns_but_no_formula(module, value, said):
    line = opened(module, f"def f(x):\n    a = b = x\n    return {value}", "f(1)")
    assert line == f"# Later cells use: f(x){said}"


def test_a_new_entry_of_a_table_is_named(module):
    source = "table['a'] = table['b'] = 1\n\ndef f(x):\n    own = {}\n    own[x] = 1"
    assert opened(module, source, "print(table, own)") == (
        "# Later cells use: table['a'], table['b']"
    )


def test_an_open_cell_names_what_later_cells_take_from_it(module):
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
    copy = module.handout(nb)
    assert copy.cells[1].source == (
        "import math\n\n# Write here: double a number.\n# Later cells use: i, twice(x, by=2)"
    )
    assert nb.cells[1].source == full  # the notebook itself is left alone
    assert nb.cells[2].outputs
