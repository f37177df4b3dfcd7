"""Make a deck of slides for each notebook: `make slides`, or `python docs/slides.py [FOLDER]`.

A deck has the notebook's headings with the first sentence below each and its formulas, the
code of cells to be written live, the questions that are asked before a figure, the figures
with their descriptions, the key points, and the names of the exercises.

Two entries of a cell's metadata are written by hand. `"slide": "Markdown"` stands in place
of the sentence and formulas below a heading, or is added where the cell has no heading; a
`### Title` in it begins a new slide. `"speaker": "what to say here"` is for the speaker: in
a deck, S opens a window with these lines and with what each figure shows.
FOLDER/slides (default: docs/_build) has the decks.
"""

import base64
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from pages import DOCS, ROOT, sphinx, toctree, write

SENTENCE = re.compile(r"\S.*?[.:?]\)?(?=\s+[A-Z*`$(\[]|\s*$)", re.MULTILINE)
FORMULA = re.compile(r"^\$\$.+?\$\$", re.MULTILINE | re.DOTALL)
POINT = re.compile(r"^- .+$", re.MULTILINE)
TABLE = re.compile(r"^\|.*\n?", re.MULTILINE)
LEFT_OUT = ("Recipe", "Where next", "The map of the series")  # for reading alone
IN_POINTS = ("Key points", "What goes wrong in practice")


def deck(path: Path, figures: Path) -> Iterator[str]:
    """The slides of one notebook, block by block; its figures go to a folder."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    header = plain(cells[0])
    yield header.partition("\n")[0]
    yield from re.findall(r"^\*\*The question\.\*\* (.+)$", header, re.MULTILINE)
    yield from notes(cells[0])
    yield "## You will be able to"
    yield from POINT.findall(header)
    section, question = "", ""
    for cell in cells[1:]:
        text = plain(cell)
        if cell["cell_type"] == "markdown":
            before, *headed = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
            yield from more_text(section, before)
            said = cell["metadata"].get("slide", "")
            for section, part in zip(headed[::2], headed[1::2], strict=True):
                yield from first_text(section, part, said)
            if said and not headed:
                yield said
            question = last_question(headed[-1] if headed else text, bool(headed))
        elif section not in LEFT_OUT:
            if "live-coding" in cell["metadata"].get("tags", []):
                yield f"### Written live\n\n```python\n{text}\n```"
            for number, (words, picture) in enumerate(pictures(cell)):
                if question:
                    yield f"### What do you expect?\n\n{question}"
                    question = ""
                file = figures / f"{path.stem}-{cell['id']}-{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(picture)
                yield f"### {words.partition('. ')[0]}"
                alt = json.dumps(words, ensure_ascii=False)
                yield f"```{{image}} {figures.name}/{file.name}\n:alt: {alt}\n```"
                yield note(words)
        if section not in LEFT_OUT:
            yield from notes(cell)


def first_text(section: str, part: str, said: str) -> Iterator[str]:
    """A heading, and what a deck keeps or says in place of the text right below it."""
    if section not in LEFT_OUT:
        yield f"## {section}"
        if said:
            yield said
        elif section not in IN_POINTS:
            yield from SENTENCE.findall(part)[:1]
            yield from FORMULA.findall(part)
        yield from more_text(section, part)


def more_text(section: str, part: str) -> Iterator[str]:
    """What a deck keeps of any text of a section."""
    if section in IN_POINTS:
        yield from POINT.findall(part)
    if section == "Exercises":
        yield from re.findall(r"^### (.+)$", part, re.MULTILINE)


def last_question(text: str, headed: bool) -> str:
    """The last question of a text and what stands before it, if the slides lack it."""
    sentences = SENTENCE.findall(text)[int(headed) :]
    while sentences and "?" not in sentences[-1][-2:]:
        sentences.pop()
    return " ".join(sentences[-2:])


def plain(cell: dict) -> str:
    """A cell's source; of a text without tables and links into the series."""
    if cell["cell_type"] == "code":
        return "".join(cell["source"])
    text = re.sub(r" \(\[[^\]]*\]\(#[^)]*\)\)", "", "".join(cell["source"]))
    return TABLE.sub("", re.sub(r"\[([^\]]*)\]\((?!http)[^)]*\)", r"\1", text))


def pictures(cell: dict) -> Iterator[tuple[str, bytes]]:
    """The figures of a cell: each with its description."""
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/png" in data:
            picture = "".join(data["image/png"])
            yield "".join(data["text/plain"]), base64.b64decode(picture)


def notes(cell: dict) -> Iterator[str]:
    """The speaker lines of a cell, if somebody wrote some."""
    if "speaker" in cell["metadata"]:
        yield note(cell["metadata"]["speaker"])


def note(text: str) -> str:
    """Lines for the speaker alone."""
    return f"```{{revealjs-notes}}\n{text}\n```"


def main() -> int:
    """Lay out the sources and build."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "_build"
    source = folder / "slides-source"
    shutil.rmtree(source, ignore_errors=True)
    notebooks = sorted(ROOT.glob("notebooks/*.ipynb"))
    for path in notebooks:
        write(source / f"{path.stem}.md", *deck(path, source / "figures"))
    decks = [path.stem for path in notebooks]
    write(source / "index.md", "# Slides", "One deck a notebook.", toctree("", decks))
    return sphinx("revealjs", source, folder / "slides")


if __name__ == "__main__":
    sys.exit(main())
