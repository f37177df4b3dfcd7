"""docs/teaching.md agrees with the notebooks that it prepares a teacher for."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGE = (ROOT / "docs" / "teaching.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\d\d) .*?\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
ROW = r"^\| \[(\d\d) .*?\]\(#(.*?)\) \| (\d+) min \| (\d+) s \| (\d+) min \|$"
ROWS = {number: rest for number, *rest in re.findall(ROW, PAGE, re.M)}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path) -> list:
    return nbformat.read(path, 4).cells


def headings(path: Path) -> set[str]:
    text = "\n".join(c.source for c in cells(path) if c.cell_type == "markdown")
    return set(re.findall(r"^##+ (.+)$", text, re.M))


def minutes_to_teach(path: Path, to_read: int) -> int:
    """The estimate as the page describes it."""
    live = sum("live-coding" in c.metadata.get("tags", []) for c in cells(path))
    return -(-(to_read + 5 * live + 10) // 5) * 5


@each_notebook
def test_minutes_and_seconds_are_those_of_the_notebook_and_the_readme(path):
    number, section = path.stem[:2], SECTIONS[path.stem[:2]]
    said = re.search(
        r"bout (\d+) minutes to read, (\d+) seconds to run", cells(path)[0].source
    )
    assert said is not None
    to_teach = minutes_to_teach(path, int(said[1]))
    assert ROWS[number][1:] == [said[1], said[2], str(to_teach)]
    assert (
        f"[{path.name}](../notebooks/{path.name}): {said[1]} minutes to read, {said[2]} "
        f"seconds to run, about {to_teach} minutes to teach."
    ) in section
    readme = (ROOT / "README.md").read_text("utf-8")
    row = rf"\(notebooks/{path.name}\) \|.*\| {said[1]} min \| {said[2]} s \|"
    assert re.search(row, readme)


@each_notebook
def test_each_section_is_complete(path):
    parts = [
        "Needs before",
        "What learners get wrong",
        "Ask, before you run",
        "Live",
        "Skip",
    ]
    section = SECTIONS[path.stem[:2]]
    assert re.findall(r"^\*\*(.+?)\.\*\*", section, re.M) == parts
    mistakes, questions = re.findall(r"(?:^- .+\n)+", section, re.M)
    assert len(mistakes.splitlines()) >= 3
    asked = [
        re.fullmatch(r'- "(.+?)": .+\? \*.+\*', line) for line in questions.splitlines()
    ]
    assert all(asked)
    assert {line[1] for line in asked} <= headings(path)


@each_notebook
def test_sections_to_run_live_and_to_skip_are_in_the_notebook(path):
    live, skip = re.findall(
        r"^\*\*(?:Live|Skip)\.\*\* (.*)$", SECTIONS[path.stem[:2]], re.M
    )
    named = re.findall('"(.+?)"', live + skip)
    assert named
    assert set(named) <= headings(path)


@each_notebook
def test_every_cell_to_be_written_live_stands_in_a_section_named_live(path):
    (live,) = re.findall(r"^\*\*Live\.\*\* (.*)$", SECTIONS[path.stem[:2]], re.M)
    named, heading = re.findall('"(.+?)"', live), ""
    for cell in cells(path):
        if cell.cell_type == "markdown":
            heading = ([heading] + re.findall(r"^##+ (.+)$", cell.source, re.M))[-1]
        elif "live-coding" in cell.metadata.get("tags", []):
            assert heading in named


def test_plans_name_sections_that_some_notebook_has():
    plans = PAGE[PAGE.index("## Plans") : PAGE.index("## 00 ")]
    named = set(re.findall('"(.+?)"', plans)) - {"Path", "Optional"}
    assert named <= set().union(*map(headings, NOTEBOOKS))


def test_the_lesson_has_no_gap_and_says_what_is_written_and_what_is_run():
    rows = re.findall(r"^\| (\d+) to (\d+) \| (.*?) ?\|", PAGE, re.M)
    starts, ends, where = zip(*rows, strict=True)
    assert [*starts, "90"] == ["0", *ends]
    *taught, last = where
    assert all(re.fullmatch(r"\d\d, (run|write)|board", place) for place in taught)
    assert last == ""


def test_no_sitting_is_longer_than_90_minutes():
    plans = PAGE[PAGE.index("### Two lessons") : PAGE.index("## 00 ")]
    row = r"^\| [^|]+ \| [^|]+ \| (\d+(?: \+ \d+)*)(?: = (\d+))? \|"
    sums = re.findall(row, plans, re.M)
    assert len(sums) == 20
    for parts, said in sums:
        total = sum(map(int, parts.split(" + ")))
        assert total == int(said or parts) <= 90


def test_links_lead_to_files_and_sections():
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    anchors = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^## (.+)$", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
