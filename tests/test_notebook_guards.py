"""Every notebook of the series passes every guard, and every guard can fail."""

import re
from pathlib import Path

import nbformat
import notebook_guards
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbval.plugin import get_sanitize_patterns

TESTS = Path(__file__).parent
NOTEBOOKS = sorted((TESTS.parent / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((TESTS.parent / "notebooks" / "solutions").glob("*.ipynb"))


@pytest.mark.parametrize(
    "path", NOTEBOOKS + SOLUTIONS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_notebook_passes(path: Path) -> None:
    problems = notebook_guards.problems(path)
    assert not problems, "\n".join(["", *problems])


def test_each_solution_has_its_notebook() -> None:
    assert [path.name for path in SOLUTIONS] == [path.name for path in NOTEBOOKS] != []


# A small notebook with nothing wrong in it

TITLE = """\
# How small can a good notebook be?

**The question.** What must a notebook hold?

**You will be able to**

- say what each cell is for.

**Before you start.** You have read [the notebook before](00_before.ipynb).

**Time.** About 2 minutes to read, 60 seconds to run.
"""
MIDDLE = """\
Here `[a](b)` is code, and so is

```
![](no_file.png)
```

![One dot in an empty square.](dot.png)
"""
EXERCISES = "## Exercises\n\n<details><summary>Hint</summary>Look.</details>"
END = "## Key points\n\nA\n\n## What goes wrong in practice\n\nB\n\n## Where next\n\nC"


def printed(text: str, name: str = "stdout") -> list[NotebookNode]:
    return [new_output("stream", name=name, text=text)]


def figure(alt: str) -> list[NotebookNode]:
    html = f'<img alt="{alt}" src="data:image/png;base64,/home/AAAA">'
    data = {"text/plain": "A line.", "text/html": html, "image/png": "/home/AAAA"}
    return [new_output("display_data", data=data)]


def good_notebook() -> NotebookNode:
    """Build a notebook whose cells are found by their ids."""
    error = new_output("error", ename="ValueError", evalue="too few", traceback=[])
    cells = {
        "title": TITLE,
        "setup": ("import gantutor as gt\n\ngt.setup(seed=0)\nimport numpy", []),
        "text": MIDDLE,
        "time": ("clock()", printed("3.2 it/s")),
        "verdict": ("print(yes)" + "\n1" * 24, printed("under 60 s: yes\n3 min")),
        "draw": ("draw()", figure("A line.")),
        "refuse": ("fit([])", [error]),
        "recipe-title": "## Recipe",
        "recipe": ("x = 1\n" * 44 + "print(x)", printed("1")),
        "exercises": EXERCISES,
        "check": ("gt.check.task(answer)", printed("Not yet: do it.")),
        "end": END,
    }
    nb = new_notebook(
        metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    for name, content in cells.items():
        if isinstance(content, str):
            nb.cells.append(new_markdown_cell(content, id=name))
        else:
            count = sum(cell.cell_type == "code" for cell in nb.cells) + 1
            source, shown = content
            nb.cells.append(
                new_code_cell(source, id=name, execution_count=count, outputs=shown)
            )
    change(nb, "time", "metadata", {"tags": ["nbval-ignore-output"]})
    change(nb, "refuse", "metadata", {"tags": ["raises-exception"]})
    return nb


KERNEL = {"name": "python3", "language": "python", "display_name": "Python 3"}


def solutions() -> NotebookNode:
    """Build the solutions of the good notebook, which have no header and no footer."""
    nb = good_notebook()
    nb.cells = [cell for cell in nb.cells if cell.id in ("exercises", "setup", "check")]
    change(nb, "check", "outputs", printed("Right: done."))
    change(nb, "check", "execution_count", 2)
    change(nb, "exercises", "source", "[The lesson](../01_good.ipynb)")
    return nb


def change(nb: NotebookNode, name: str, part: str, value: object) -> None:
    """Set a part of a cell, or of the notebook's metadata."""
    cell = next((cell for cell in nb.cells if cell.id == name), nb.metadata)
    cell[part] = nbformat.from_dict(value)


def complaints(
    folder: Path,
    nb: NotebookNode,
    solved: NotebookNode,
    name: str = "01_good.ipynb",
) -> set[str]:
    """Write a notebook and its solutions, and name the guards that complain."""
    path = folder / "notebooks" / name
    (path.parent / "solutions").mkdir(parents=True)
    for neighbour in ("00_before.ipynb", "dot.png", "../../outside.txt"):
        (path.parent / neighbour).write_text("here")
    worked = path.parent / "solutions" / name
    for file, notebook in ((path, nb), (worked, solved)):
        file.write_text(nbformat.v4.writes(notebook), encoding="utf-8")
    found = notebook_guards.problems(path) + notebook_guards.problems(worked)
    return {problem.partition(":")[0] for problem in found}


def test_good_notebook_passes(tmp_path: Path) -> None:
    assert complaints(tmp_path / "r", good_notebook(), solutions()) == set()


WIDGET = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "0%"}

# What each guard must report: a cell, the part of it, and what stands there instead.
BROKEN = [
    ("executed_in_order", "draw", "execution_count", 8),
    ("no_warnings", "verdict", "outputs", printed("a line of a log", "stderr")),
    ("no_warnings", "verdict", "outputs", printed("file.py:1: UserWarning: old")),
    ("errors_are_meant", "refuse", "metadata", {}),
    ("errors_are_meant", "draw", "metadata", {"tags": ["raises-exception"]}),
    ("known_tags", "verdict", "metadata", {"tags": ["nbval-skip"]}),
    ("known_tags", "draw", "source", "# NBVAL_SKIP\ndraw()"),
    ("live_cells_say_what_to_write", "draw", "metadata", {"tags": ["live-coding"]}),
    ("live_cells_say_what_to_write", "draw", "metadata", {"live_coding": "a line."}),
    ("ignored_cells_have_a_verdict", "verdict", "outputs", []),
    ("no_absolute_path", "draw", "source", 'open("/home/reader/x.csv")'),
    ("no_absolute_path", "verdict", "outputs", printed("saved to C:\\Users\\x.csv")),
    ("no_object_address", "verdict", "outputs", printed("<f at 0x7f3a2b>")),
    ("no_timing", "verdict", "outputs", printed("under 60 s: yes, 12 s")),
    ("sound_format", "draw", "id", "verdict"),
    ("sound_format", "of the notebook", "kernelspec", {**KERNEL, "name": "my-env"}),
    ("no_widgets", "draw", "outputs", [new_output("display_data", WIDGET)]),
    ("small_file", "text", "source", "a" * 1_000_000),
    ("short_cells", "draw", "source", "draw()\n" * 26),
    ("short_cells", "recipe", "source", "print(1)\n" * 46),
    ("short_lines", "draw", "source", f"draw(){' + 1' * 21}"),
    ("setup_comes_first", "setup", "source", "import gantutor as gt"),
    ("setup_comes_first", "setup", "source", "import numpy\ngt.setup(seed=0)"),
    ("images_have_alt", "text", "source", "![](dot.png)"),
    ("images_have_alt", "text", "source", '<img src="dot.png">'),
    ("links_resolve", "text", "source", "[Next](02_after.ipynb)"),
    ("links_resolve", "text", "source", "[Outside](../../outside.txt)"),
    ("links_resolve", "text", "source", "![One dot.](line.png)"),
    ("header", "title", "source", TITLE.replace("# How", "How")),
    ("header", "title", "source", TITLE.replace("- say what each cell is for.", "")),
    ("header", "title", "source", TITLE.replace("60 seconds", "61 seconds")),
    ("header", "title", "source", TITLE.replace("2 minutes", "9 minutes")),
    ("footer", "end", "source", END.replace("B", "")),
    ("recipe", "text", "source", "## Recipe"),
    ("recipe", "recipe", "source", "x = x + 1\nprint(x)"),
    ("recipe", "recipe", "outputs", []),
    ("recipe", "recipe", "source", "import gantutor as gt\n\ngt.detectors.GAN()"),
    ("exercises", "exercises", "source", "## Exercises"),
    ("exercises", "check", "outputs", printed("Right: done.")),
    ("exercises", "check", "source", "print(answer)"),
    ("figures_are_described", "draw", "outputs", figure(alt="")),
]


def test_every_guard_is_proven() -> None:
    assert {guard for guard, *_ in BROKEN} | {"file_name"} == set(
        notebook_guards.GUARDS
    )


@pytest.mark.parametrize(
    ("guard", "cell", "part", "value"), BROKEN, ids=[guard for guard, *_ in BROKEN]
)
def test_guard_fails(
    guard: str, cell: str, part: str, value: object, tmp_path: Path
) -> None:
    nb = good_notebook()
    change(nb, cell, part, value)
    assert complaints(tmp_path / "r", nb, solutions()) == {guard}


def test_number_used_twice_fails(tmp_path: Path) -> None:
    found = complaints(tmp_path / "r", good_notebook(), solutions(), "00_good.ipynb")
    assert "file_name" in found


def test_a_solution_that_is_not_right_is_found(tmp_path: Path) -> None:
    solved = solutions()
    change(solved, "check", "outputs", printed("Not quite: look again."))
    assert complaints(tmp_path / "r", good_notebook(), solved) == {"exercises"}


# What nbval does not compare, the guards forbid


def compared(text: str) -> str:
    """What nbval compares of a text."""
    rules = get_sanitize_patterns((TESTS / "nbval_sanitize.cfg").read_text("utf-8"))
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return text


@pytest.mark.parametrize(
    "text", ["1.23 s", "7 µs", "2 minutes", "3.2 it/s", "8 ms/step"]
)
def test_hidden_timings_are_forbidden(text: str) -> None:
    assert not re.search(r"\d", compared(text))
    assert notebook_guards.TIMING.fullmatch(text)


@pytest.mark.parametrize("text", ["3 seeds", "100.0\nmin 0.1", "5 samples", "1.0 std"])
def test_other_numbers_are_compared(text: str) -> None:
    assert compared(text) == text
    assert not notebook_guards.TIMING.search(text)
