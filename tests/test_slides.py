"""The decks that `make slides` makes of the notebooks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
LESSONS = sorted(ROOT.glob("notebooks/*.ipynb"))
DOT = (  # a picture of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)
STRAIGHT = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}  # Sphinx curls quotes


def markdown(*lines: str, **metadata: object) -> dict:
    return {"cell_type": "markdown", "source": "\n".join(lines), "metadata": metadata}


def figure(words: str, **metadata: object) -> dict:
    output = {"data": {"image/png": DOT, "text/plain": words}}
    return {
        "cell_type": "code",
        "id": "some",
        "source": "draw()",
        "outputs": [output],
        "metadata": metadata,
    }


HEADER = markdown("# 01 · Title", "", "**The question.** Why?", "", "- Say why.")


@pytest.fixture
def deck(tmp_path, monkeypatch):
    """Make a deck of some cells, and return its blocks."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from slides import deck

    def make(*cells: dict) -> list[str]:
        path = tmp_path / "01_title.ipynb"
        path.write_text(json.dumps({"cells": [HEADER, *cells]}), "utf-8")
        return list(deck(path, tmp_path / "figures"))

    return make


def test_a_deck_opens_with_title_question_and_objectives(deck):
    assert deck() == ["# 01 · Title", "Why?", "## You will be able to", "- Say why."]


def test_a_section_keeps_its_first_sentence_and_its_formulas(deck):
    text = markdown("## One", "", "First, see [02](02.ipynb). Second.", "", "$$x^2$$")
    assert deck(text)[4:] == ["## One", "First, see 02.", "$$x^2$$"]


def test_written_text_stands_in_place_of_sentence_and_formulas(deck):
    text = markdown("## One", "", "First.", "", "$$x^2$$", slide="Look at $x$.")
    assert deck(text)[4:] == ["## One", "Look at $x$."]


def test_written_text_of_a_cell_without_a_heading_is_added(deck):
    assert deck(markdown("Read on.", slide="### Why?"))[4:] == ["### Why?"]


def test_tables_and_the_map_of_the_series_are_left_out(deck):
    table = ("| a | b |", "|---|---|", "| One? Two. | 2 |")
    blocks = deck(
        markdown("## One", "", *table, "", "Below it."),
        markdown("## The map of the series", "", *table, "", "Below it."),
    )
    assert blocks[4:] == ["## One", "Below it."]


def test_code_to_be_written_live_has_a_slide(deck):
    cell = figure("Dots. Ten.", tags=["live-coding"])
    assert deck(cell)[4] == "### Written live\n\n```python\ndraw()\n```"


def test_a_figure_comes_with_its_description_for_all(deck, tmp_path):
    image, note = deck(figure('A line. It "rises".'))[5:]
    assert ':alt: "A line. It \\"rises\\"."' in image
    assert 'A line. It "rises".' in note
    assert (tmp_path / "figures" / "01_title-some-0.png").is_file()


def test_the_question_before_a_figure_has_a_slide_before_it(deck):
    blocks = deck(
        markdown("Ten seeds. Where will they lie? Look:"), figure("Dots. Ten.")
    )
    assert blocks[4:6] == [
        "### What do you expect?\n\nTen seeds. Where will they lie?",
        "### Dots",
    ]


def test_recipes_are_for_reading_alone(deck):
    blocks = deck(markdown("## Recipe", "", "Copy this."), figure("Dots. Ten."))
    assert blocks[4:] == []


def test_exercises_are_named(deck):
    blocks = deck(
        markdown("## Exercises", "", "Three."), markdown("### 1 · Predict: a", "Do.")
    )
    assert blocks[4:] == ["## Exercises", "Three.", "1 · Predict: a"]


def test_key_points_stay_whole(deck):
    assert deck(markdown("## Key points", "", "- One. ([A](#A))", "- Two."))[4:] == [
        "## Key points",
        "- One.",
        "- Two.",
    ]


def test_speaker_lines_go_to_the_speaker(deck):
    *_, block = deck(markdown("## One", "", "First.", speaker="Ask them."))
    assert block == "```{revealjs-notes}\nAsk them.\n```"


# As built


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slides")
    built = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "slides.py"), str(folder)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "slides"


@pytest.mark.parametrize("notebook", LESSONS, ids=lambda path: path.stem)
def test_each_notebook_has_a_deck_that_asks_nobody(slides, notebook):
    path = slides / f"{notebook.stem}.html"
    html = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    assert len(html.find_all("section")) > 10
    images = html.find_all("img")
    assert all(
        image["alt"] and (path.parent / image["src"]).is_file() for image in images
    )
    loaded = [tag["src"] for tag in html.find_all(["script", "img"], src=True)]
    loaded += [tag["href"] for tag in html.find_all("link", href=True)]
    assert [address for address in loaded if "//" in address] == []


def test_written_speaker_lines_are_in_the_decks(slides):
    written = 0
    for notebook in LESSONS:
        deck = (slides / f"{notebook.stem}.html").read_text("utf-8")
        html = BeautifulSoup(deck, "html.parser")
        notes = [aside.text.translate(STRAIGHT) for aside in html.find_all("aside")]
        for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
            if "speaker" in cell["metadata"]:
                assert cell["metadata"]["speaker"] in notes
                written += 1
    assert written
