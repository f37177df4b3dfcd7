"""Every notebook of the series passes every guard, and every guard can fail."""

import html
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import notebook_guards
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from nbval.plugin import get_sanitize_patterns
from notebook_guards import GUARDS, is_solution

TESTS = Path(__file__).parent
NOTEBOOKS = sorted((TESTS.parent / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((TESTS.parent / "notebooks" / "solutions").glob("*.ipynb"))

read = cache(notebook_guards.read)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS, "notebooks/ is empty, so the guards below had nothing to look at"


@pytest.mark.parametrize("name", GUARDS)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_passes(path: Path, name: str) -> None:
    problems = GUARDS[name](read(path), path)
    assert not problems, "\n".join(["", *problems])


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_solution_passes(path: Path) -> None:
    problems = notebook_guards.problems(path)
    assert not problems, "\n".join(["", *problems])


def test_each_solution_has_its_notebook() -> None:
    assert [path.name for path in SOLUTIONS] == [path.name for path in NOTEBOOKS]


# A small notebook with nothing wrong in it

TITLE = """\
# How small can a good notebook be?

**The question.** What must a notebook hold so that no guard complains?

**You will be able to**

- Train a model on nothing.
- Explain what each cell of this notebook is for.
- Measure how little is enough.

**Before you start.** You have read [the notebook before](00_before.ipynb), or you know
what a code cell is.

**Time.** about 2 minutes to read, 1 second to run
"""
END = """\
## Key points

A guard that never fails guards nothing.

## What goes wrong in practice

The guard looks at the wrong cell.

## Where next

Go back to [the beginning](00_before.ipynb#top), or read the
[Jupyter documentation](https://docs.jupyter.org/home/ "not a folder").
"""
MIDDLE = """\
Here $f(x) = x!$ for $D:\\mathbb{R} \\to \\mathbb{R}$, and the code has `a != b` in it.

```python
assert obviously != clearly  # a code block is no prose!
```

![One dot in the middle of an empty square.](dot.png)
"""
DESCRIPTION = "One line rises from 0 to 1 & stays there until 60 s."


def figure(text: str = DESCRIPTION, alt: str | None = None) -> NotebookNode:
    alt = html.escape(text if alt is None else alt)
    picture = f'<img alt="{alt}" src="data:image/png;base64,/home/AAAA">'
    data = {"text/plain": text, "text/html": picture, "image/png": "/home/AAAA"}
    return new_output("display_data", data=data)


def printed(text: str, name: str = "stdout") -> NotebookNode:
    return new_output("stream", name=name, text=text)


def failed(evalue: str = "too few rows") -> NotebookNode:
    lines = ["Traceback", f"\x1b[31mValueError\x1b[39m: {evalue}"]
    return new_output("error", ename="ValueError", evalue=evalue, traceback=lines)


def shown(text: str) -> NotebookNode:
    return new_output("execute_result", {"text/plain": text})


EXERCISES = (
    """\
## Exercises

Each has a hint.
"""
    + 3
    * ("\n<details>\n<summary>Hint</summary>\nLook at the shapes first.\n</details>\n")
)


def good_notebook() -> NotebookNode:
    """Build a notebook whose cells are found by their ids."""
    code = {
        "setup": ("import gantutor as gt\n\ngt.setup(seed=0)", [], []),
        "define": ("def double(x):\n    return 2 * x", [], []),
        "train": (
            "for step in range(3):\n    print(step)",
            [printed("3.2 it/s")],
            ["nbval-ignore-output"],
        ),
        "verdict": ("print('yes')", [printed("under 60 s: yes\n4 seeds, 3 min\n")], []),
        "draw": ("draw()", [figure()], []),
        "refuse": ("fit([])", [failed()], ["raises-exception"]),
        "show": ("table", [shown("1")], []),
        "recipe": ("print(double(2))", [printed("4")], []),
        **{
            f"check-{i}": (f"gt.check.task_{i}(answer)", [shown("Not yet: do it.")], [])
            for i in range(3)
        },
    }
    cells = [new_markdown_cell(TITLE, id="title")]
    for number, (name, (source, outputs, tags)) in enumerate(code.items(), 1):
        words = f"Cell {number} has a reason, and this is the sentence that gives it."
        if name != "check-2":  # a check may follow its stub directly
            cells.append(new_markdown_cell(words, id=f"text-{name}"))
        cell = new_code_cell(
            source, id=name, execution_count=number, outputs=outputs, metadata={}
        )
        if tags:
            cell.metadata["tags"] = tags
        cells.append(cell)
    at = {cell.id: cell for cell in cells}
    at["text-recipe"].source = "## Recipe\n\nAll of it in one cell, to be copied."
    at["text-check-0"].source = EXERCISES
    cells += [new_markdown_cell(MIDDLE, id="middle"), new_markdown_cell(END, id="end")]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def solutions() -> NotebookNode:
    """Build the solutions of the good notebook, which have no header and no footer."""
    nb = good_notebook()
    nb.cells = [
        cell for cell in nb.cells if cell.id.removeprefix("text-") in ("setup", *CHECKS)
    ]
    at = {cell.id: cell for cell in nb.cells}
    for count, name in enumerate(CHECKS, 2):
        at[name].update(outputs=[shown("Right: done.")], execution_count=count)
    at["text-setup"].source = "[The lesson](../01_good.ipynb) and [before](../dot.png)"
    return nb


CHECKS = ("check-0", "check-1", "check-2")


def complaints(
    nb: NotebookNode,
    folder: Path,
    name: str = "01_good.ipynb",
    solved: NotebookNode | None = None,
) -> set[str]:
    """Write the notebook, read it as the guards do, and name those that complain."""
    path = folder / "repository" / "notebooks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for neighbour in ("00_before.ipynb", "dot.png", "../../outside.txt"):
        (path.parent / neighbour).write_text("here")
    if not is_solution(path):
        other = path.parent / "solutions" / path.name
        other.parent.mkdir()
        other.write_text(nbformat.v4.writes(solved or solutions()), encoding="utf-8")
    path.write_text(nbformat.v4.writes(nb), encoding="utf-8")
    return {problem.partition(":")[0] for problem in notebook_guards.problems(path)}


def test_good_notebook_passes(tmp_path: Path) -> None:
    assert complaints(good_notebook(), tmp_path) == set()


def test_solutions_need_no_header_and_no_footer(tmp_path: Path) -> None:
    (tmp_path / "repository" / "notebooks").mkdir(parents=True)
    (tmp_path / "repository" / "notebooks" / "01_good.ipynb").write_text("here")
    (tmp_path / "repository" / "notebooks" / "dot.png").write_text("here")
    name = "solutions/01_good.ipynb"
    assert complaints(solutions(), tmp_path, name) == set()


def test_limits_are_allowed(tmp_path: Path) -> None:
    nb = good_notebook()
    add_cells(nb, 11, lines=6, text="More.")
    add_cells(nb, 1, lines=25, text="More.")
    add_cells(nb, 2, lines=15, text="More.")
    add_cells(nb, 1, lines=0, text="Write your own code below.")
    replace(nb, "show", "table", f"table{' + 1' * 20}  #")
    assert len(cell(nb, "show").source) == notebook_guards.MAX_COLUMNS
    replace(nb, "title", "1 second to run", "60 seconds to run")
    replace(nb, "setup", "seed=0)", "seed=0)\n\nimport tensorflow as tf")
    cell(nb, "draw").outputs = [
        figure("One short line that has eight words altogether.")
    ]
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    lines = sum(len(notebook_guards.code_lines(cell)) for cell in code)
    words = sum(
        len(notebook_guards.WORD.findall(notebook_guards.prose(cell.source)))
        for cell in nb.cells
        if cell.cell_type == "markdown"
    )
    cell(nb, "middle").source += " word" * (3 * lines - words)
    assert words < 3 * lines
    assert complaints(nb, tmp_path) == set()


def test_notebook_without_cells(tmp_path: Path) -> None:
    nb = nbformat.v4.new_notebook(metadata=good_notebook().metadata)
    missing = {"header", "footer", "setup_comes_first", "recipe", "exercises"}
    assert complaints(nb, tmp_path) == missing


def test_notebook_of_one_code_cell(tmp_path: Path) -> None:
    nb = good_notebook()
    nb.cells = [cell(nb, "draw")]
    ends = {"prose_before_code", "figures_are_discussed", "header", "footer"}
    assert ends < complaints(nb, tmp_path)


# One thing wrong at a time

Break = Callable[[NotebookNode], object]
BROKEN: dict[str, tuple[str, Break]] = {}


def breaks(guard: str) -> Callable[[Break], Break]:
    """List a change to the good notebook that this guard, and no other, must report."""

    def add(change: Break) -> Break:
        BROKEN[f"{guard}-{change.__name__}"] = (guard, change)
        return change

    return add


def breaks_by_text(guard: str, name: str, old: str, *new: str) -> None:
    """List changes of a piece of one cell's text that this guard must report."""
    for text in new:
        BROKEN[f"{guard}-{name}-{text}"] = (
            guard,
            lambda nb, text=text: replace(nb, name, old, text),
        )


def breaks_by_output(guard: str, *outputs: NotebookNode) -> None:
    """List outputs of a cell that this guard must report."""
    for number, output in enumerate(outputs):
        BROKEN[f"{guard}-output-{number}"] = (
            guard,
            lambda nb, output=output: cell(nb, "verdict").outputs.append(output),
        )


def cell(nb: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in nb.cells if cell.id == name)


def position(nb: NotebookNode, name: str) -> int:
    return [cell.id for cell in nb.cells].index(name)


def replace(nb: NotebookNode, name: str, old: str, new: str) -> None:
    found = cell(nb, name)
    assert old in found.source
    found.source = found.source.replace(old, new, 1)


def add_cells(nb: NotebookNode, count: int, lines: int = 1, text: str = "") -> None:
    """Add code cells before the last cell, each with its text or with enough text."""
    ran = sum(cell.cell_type == "code" for cell in nb.cells)
    for number in range(ran + 1, ran + 1 + count):
        nb.cells[-1:-1] = [
            new_markdown_cell(text or "One more line of code, and why. " * lines),
            new_code_cell("print(1)\n" * lines, execution_count=number),
        ]


@breaks("executed_in_order")
def not_run(nb: NotebookNode) -> None:
    cell(nb, "show").execution_count = None
    cell(nb, "show").outputs = []


@breaks("executed_in_order")
def run_twice(nb: NotebookNode) -> None:
    cell(nb, "show").execution_count = 8


breaks_by_output(
    "no_warnings",
    printed("a line of a log", "stderr"),
    printed("step 1\nWARNING:tensorflow:5 out of the last 7 calls retraced"),
    printed("file.py:1: UserWarning: old name"),
)


@breaks("errors_are_meant")
def error_without_tag(nb: NotebookNode) -> None:
    del cell(nb, "refuse").metadata["tags"]


@breaks("errors_are_meant")
def tag_without_error(nb: NotebookNode) -> None:
    cell(nb, "refuse").outputs = []


@breaks("known_tags")
def skipped(nb: NotebookNode) -> None:
    cell(nb, "show").metadata["tags"] = ["nbval-skip"]


@breaks("known_tags")
def text_with_tag(nb: NotebookNode) -> None:
    cell(nb, "middle").metadata["tags"] = ["hide"]


@breaks("known_tags")
def slide(nb: NotebookNode) -> None:
    cell(nb, "middle").metadata["slideshow"] = {"slide_type": "slide"}


@breaks("known_tags")
def times_of_execution(nb: NotebookNode) -> None:
    cell(nb, "show").metadata["execution"] = {"iopub.status.busy": "2030-01-01T00:00Z"}


breaks_by_text("known_tags", "show", "table", "# NBVAL_SKIP\ntable")
breaks_by_text("known_tags", "show", "table", "#PYTEST_VALIDATE_IGNORE_OUTPUT\ntable")


@breaks("ignored_cells_are_few")
def two_of_eleven(nb: NotebookNode) -> None:
    cell(nb, "draw").metadata["tags"] = ["nbval-ignore-output"]


@breaks("ignored_cells_have_a_verdict")
def silent_cell_follows(nb: NotebookNode) -> None:
    cell(nb, "verdict").outputs = []


@breaks("ignored_cells_have_a_verdict")
def ignored_cell_follows(nb: NotebookNode) -> None:
    add_cells(nb, 5)
    cell(nb, "verdict").metadata["tags"] = ["nbval-ignore-output"]


@breaks("ignored_cells_have_a_verdict")
def no_cell_follows(nb: NotebookNode) -> None:
    cell(nb, "train").metadata = cell(nb, "draw").metadata
    cell(nb, "train").outputs = []
    cell(nb, "check-2").metadata["tags"] = ["nbval-ignore-output"]


breaks_by_text("no_trailing_semicolon", "show", "table", "table;", "table ;  # hush\n")

breaks_by_text(
    "no_absolute_path",
    "refuse",
    "[]",
    '"/home/reader/x.csv"',
    "'/tmp/x.csv'",
    'r"C:\\Users\\reader"',
    '"D:\\\\x.csv"',
    "'file://server/x.csv'",
)
breaks_by_text("no_absolute_path", "middle", "Here", "Here in /Users/reader/x.csv")
breaks_by_output(
    "no_absolute_path",
    printed("saved to /home/ada/series/model.npz"),
    new_output("execute_result", {"text/plain": "PosixPath('/home/ada/x.csv')"}),
    new_output("display_data", {"text/html": "<b>/home/reader</b>"}),
    printed("File ~/series/gantutor/data.py:12"),
    printed("C:\\Users\\reader"),
)


@breaks("no_absolute_path")
def traceback_with_path(nb: NotebookNode) -> None:
    line = "\x1b[36mFile \x1b[39m\x1b[32m/home/ada/series/gantutor/data.py:12\x1b[39m"
    cell(nb, "refuse").outputs[0].traceback.append(line)


@breaks("no_absolute_path")
def message_with_path(nb: NotebookNode) -> None:
    cell(nb, "refuse").outputs[0].evalue = "no file /tmp/x.csv"


breaks_by_text("no_object_address", "show", "table", "# <object at 0x7f3a2b>")
breaks_by_output(
    "no_object_address",
    new_output("execute_result", {"text/plain": "<Line2D object at 0x7F3a2b>"}),
    printed("<function f at 0x7f3a2b>"),
)
breaks_by_output(
    "no_timing",
    printed("took 1.23 s"),
    printed("8ms/step"),
    printed("3.2 it/s"),
    new_output("execute_result", {"text/plain": "45 seconds"}),
    printed("under 60 s: yes, 12 s"),
)


@breaks("sound_format")
def other_kernel(nb: NotebookNode) -> None:
    nb.metadata.kernelspec.name = "my-env"


@breaks("sound_format")
def no_kernel(nb: NotebookNode) -> None:
    del nb.metadata["kernelspec"]


@breaks("sound_format")
def other_kernel_language(nb: NotebookNode) -> None:
    nb.metadata.kernelspec.language = "julia"


@breaks("sound_format")
def other_language(nb: NotebookNode) -> None:
    nb.metadata.language_info.name = "julia"


@breaks("sound_format")
def old_format(nb: NotebookNode) -> None:
    nb.nbformat_minor = 4
    for cell in nb.cells:
        del cell["id"]


@breaks("sound_format")
def no_id(nb: NotebookNode) -> None:
    del cell(nb, "show")["id"]


@breaks("sound_format")
def same_id(nb: NotebookNode) -> None:
    cell(nb, "show").id = "draw"


@breaks("sound_format")
def unknown_field(nb: NotebookNode) -> None:
    cell(nb, "show").colour = "red"


@breaks("no_widgets")
def widget_state(nb: NotebookNode) -> None:
    nb.metadata["widgets"] = {}


WIDGET = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "0%"}
breaks_by_output("no_widgets", new_output("display_data", WIDGET))


@breaks("small_file")
def large_picture(nb: NotebookNode) -> None:
    cell(nb, "draw").outputs[0].data["image/png"] = "A" * 1_000_000


@pytest.mark.parametrize("name", ["1_good.ipynb", "01-good.ipynb", "01_Good.ipynb"])
def test_file_name_fails(name: str, tmp_path: Path) -> None:
    assert complaints(good_notebook(), tmp_path, name) == {"file_name"}


def test_number_used_twice_fails(tmp_path: Path) -> None:
    assert complaints(good_notebook(), tmp_path, "00_good.ipynb") == {"file_name"}


@breaks("short_cells")
def one_long_cell(nb: NotebookNode) -> None:
    add_cells(nb, 10)
    add_cells(nb, 1, lines=26)


@breaks("short_cells")
def two_of_nineteen_over_15(nb: NotebookNode) -> None:
    add_cells(nb, 6)
    add_cells(nb, 2, lines=16)


@breaks("short_cells")
def median_over_6(nb: NotebookNode) -> None:
    add_cells(nb, 12, lines=7)


breaks_by_text("short_lines", "show", "table", f"table{' + 1' * 21}")
breaks_by_text(
    "setup_comes_first",
    "setup",
    "import gantutor as gt",
    "import numpy as np\nimport gantutor as gt",
    "import gantutor as gt\nimport tensorflow as tf",
    "import gantutor as gt\nfrom keras import layers",
    "import gantutor as gt\n\nprint(1)",
)
breaks_by_text("setup_comes_first", "setup", "gt.setup(seed=0)", "gt.setup(0)", "\n")


NO_PROSE = {
    "formula": "$$" + "a b c d " * 9 + "$$",
    "code block": "```\n" + "a b c d " * 9 + "\n```",
    "comment": "<!-- " + "a b c d " * 9 + " -->",
    "alt text": "![" + "a b c d " * 9 + "](dot.png)",
    "address": "https://example.org/" + "a-b/c-d/" * 9,
    "numbers": "1 2 3 4 " * 9,
}
for kind, text in NO_PROSE.items():
    BROKEN[f"enough_prose-{kind}"] = (
        "enough_prose",
        lambda nb, text=text: add_cells(nb, 12, lines=6, text=text),
    )


@breaks("prose_before_code")
def code_after_code(nb: NotebookNode) -> None:
    del nb.cells[position(nb, "text-verdict")]


@breaks("prose_before_code")
def raw_cell_between(nb: NotebookNode) -> None:
    nb.cells.insert(position(nb, "verdict"), new_raw_cell("raw"))


for word in ("just", "Simply", "obviously", "trivially", "Clearly", "of\ncourse"):
    breaks_by_text("plain_words", "middle", "Here", f"Here {word}")
breaks_by_text("plain_words", "middle", "Here", "[Just here](dot.png)", "Here!")
breaks_by_text(
    "images_have_alt",
    "middle",
    "![One dot in the middle of an empty square.]",
    "![]",
    "![ ]",
    '<img src="dot.png">\n![dot]',
    '<img alt="" src="dot.png">\n![dot]',
)
breaks_by_text(
    "links_resolve",
    "end",
    "00_before.ipynb#top",
    "02_after.ipynb",
    "../notebooks",
    "../../outside.txt",
    "/00_before.ipynb",
    "",
)
breaks_by_text("links_resolve", "middle", "dot.png", "line.png", "")
breaks_by_text("links_resolve", "middle", "Here", '<a href="line.png">Here</a>')
breaks_by_text(
    "links_resolve", "end", "## Where", "[before]: 02_before.ipynb\n\n## Where"
)
breaks_by_text("header", "title", "# How", "How", "## How")
breaks_by_text("header", "title", "**The question.**", "**Question.**", "A\n**")
breaks_by_text("header", "title", "**You will be able to**", "**Goals**")
breaks_by_text("header", "title", "**Before you start.**", "**Before.**")
breaks_by_text("header", "title", "**Time.**", "Time:")
breaks_by_text("header", "title", "- Explain", "  Explain", "- A model is", "- explain")
breaks_by_text("header", "title", "- Train", "- Run it.\n- Run it.\n- Run it.\n- Train")
breaks_by_text("header", "title", "about 2 minutes to read", "2 minutes", "")
breaks_by_text("header", "title", "1 second to run", "61 seconds to run", "1 minute")


@breaks("header")
def empty_question(nb: NotebookNode) -> None:
    source = cell(nb, "title").source
    cell(nb, "title").source = re.sub(r"What must.*", "", source)


@breaks("header")
def empty_before(nb: NotebookNode) -> None:
    source = cell(nb, "title").source
    cell(nb, "title").source = re.sub(
        r"You have.*?\n\n", "\n\n", source, flags=re.DOTALL
    )


@breaks("header")
def parts_in_another_order(nb: NotebookNode) -> None:
    parts = cell(nb, "title").source.split("\n\n")
    cell(nb, "title").source = "\n\n".join([parts[0], *reversed(parts[1:])])


@breaks("header")
def header_in_the_second_cell(nb: NotebookNode) -> None:
    nb.cells.insert(0, new_markdown_cell("# Welcome"))


@breaks("header")
def raw_header(nb: NotebookNode) -> None:
    nb.cells.insert(0, new_raw_cell("# Welcome"))


breaks_by_text("footer", "end", "## Key points", "## Key", "### Key points", "")
breaks_by_text("footer", "end", "## What goes wrong in practice", "## Risks")
breaks_by_text("footer", "end", "## Where next", "## Next")
breaks_by_text("footer", "end", "A guard that never fails guards nothing.", "")


@breaks("footer")
def sections_in_another_order(nb: NotebookNode) -> None:
    parts = re.split(r"(?=## )", cell(nb, "end").source)
    cell(nb, "end").source = "\n".join(reversed(parts))


@breaks("footer")
def something_after_the_end(nb: NotebookNode) -> None:
    nb.cells.append(new_raw_cell("raw"))


breaks_by_output(
    "figures_are_described",
    figure("Too short to be a description."),
    figure("<Figure size 640x480 with 1 Axes> and some more words to fill it"),
    figure(alt=""),
    figure(alt="One line rises from 0 to 1."),
)


@breaks("figures_are_described")
def no_description(nb: NotebookNode) -> None:
    del cell(nb, "draw").outputs[0].data["text/plain"]


@breaks("figures_are_described")
def picture_without_html(nb: NotebookNode) -> None:
    del cell(nb, "draw").outputs[0].data["text/html"]


@breaks("figures_are_described")
def picture_without_alt(nb: NotebookNode) -> None:
    cell(nb, "draw").outputs[0].data["text/html"] = '<img src="dot.png">'


@breaks("figures_are_described")
def picture_in_html_only(nb: NotebookNode) -> None:
    del cell(nb, "draw").outputs[0].data["image/png"]


@breaks("figures_are_described")
def vector_picture(nb: NotebookNode) -> None:
    data = cell(nb, "draw").outputs[0].data
    data["image/svg+xml"] = "<svg></svg>"
    del data["image/png"], data["text/html"]


@breaks("figures_are_discussed")
def no_text_after_figure(nb: NotebookNode) -> None:
    nb.cells.insert(position(nb, "draw") + 1, new_raw_cell("raw"))


@breaks("recipe")
def no_recipe(nb: NotebookNode) -> None:
    cell(nb, "text-recipe").source = "## Recipes\n\nThere is none."


@breaks("recipe")
def two_cells_in_the_recipe(nb: NotebookNode) -> None:
    cell(nb, "text-check-0").source = EXERCISES.replace("## Exercises", "### Now")
    cell(nb, "middle").source += "\n## Exercises\n"


@breaks("exercises")
def no_exercises(nb: NotebookNode) -> None:
    cell(nb, "text-check-0").source = EXERCISES.replace("## Exercises", "## More")


@breaks("exercises")
def a_hint_is_missing(nb: NotebookNode) -> None:
    cell(nb, "text-check-0").source = EXERCISES.replace("<details>", "", 1)


@breaks("exercises")
def two_exercises(nb: NotebookNode) -> None:
    cell(nb, "check-1").source = "print('nothing to check')"


@breaks("exercises")
def the_stub_is_solved(nb: NotebookNode) -> None:
    cell(nb, "check-1").outputs = [shown("Right: done.")]


@breaks("exercises")
def a_check_without_a_solution(nb: NotebookNode) -> None:
    cell(nb, "check-1").source = "gt.check.another_task(answer)"


def test_a_solution_that_is_not_right_is_found(tmp_path: Path) -> None:
    solved = solutions()
    cell(solved, "check-2").outputs = [shown("Not quite: look again.")]
    found = complaints(good_notebook(), tmp_path, solved=solved)
    assert found == {"exercises"}


@pytest.mark.parametrize("case", BROKEN)
def test_guard_fails(case: str, tmp_path: Path) -> None:
    guard, change = BROKEN[case]
    nb = good_notebook()
    change(nb)
    assert complaints(nb, tmp_path) == {guard}


def test_every_guard_is_proven() -> None:
    assert {guard for guard, _ in BROKEN.values()} | {"file_name"} == set(GUARDS)


# What nbval does not compare, the guards forbid


@pytest.mark.parametrize(
    "text",
    ["1.23 s", "45 ms", "7 µs", "12 seconds", "2 minutes", "3.2 it/s", "8 ms/step"],
)
def test_hidden_timings_are_forbidden(text: str) -> None:
    rules = get_sanitize_patterns((TESTS / "nbval_sanitize.cfg").read_text("utf-8"))
    hidden = text
    for pattern, replacement in rules:
        hidden = re.sub(pattern, replacement, hidden)
    assert not re.search(r"\d", hidden)
    assert notebook_guards.TIMING.fullmatch(text)


@pytest.mark.parametrize("text", ["3 seeds", "100.0\nmin 0.1", "5 samples", "1.0 std"])
def test_other_numbers_are_compared(text: str) -> None:
    rules = get_sanitize_patterns((TESTS / "nbval_sanitize.cfg").read_text("utf-8"))
    assert not any(re.search(pattern, text) for pattern, _ in rules)
    assert not notebook_guards.TIMING.search(text)
