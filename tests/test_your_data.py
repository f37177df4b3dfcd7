"""Notebook 15 is a tool: run on the CSVs of others, it reads each of them right."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from notebook_guards import cells_of, read, tags

import gantutor as gt

ROOT = Path(__file__).parent.parent
NOTEBOOK = read(ROOT / "notebooks" / "15_your_data.ipynb")
# Words of the example that no report on another table may hold.
OF_EXAMPLE = re.compile(
    r"payment|\bfees?\b|grocer|countr|currency|customer|shops\b", re.I
)

# Five files: how each is written (options of pandas.read_csv), and the parameters.
FILES: dict[str, dict[str, Any]] = {
    "German": {
        "read_options": {
            **{"sep": ";", "decimal": ",", "thousands": ".", "encoding": "cp1252"},
            **{"parse_dates": ["Tag"], "date_format": "%d.%m.%Y %H:%M"},
        },
        "names": ("Tag", "Länge", "Breite", "Zähler", "Prüfer"),
        "parameters": {
            **{"detector_name": "Mahalanobis", "exclude": ["Zähler"]},
            **{"label_column": "Fehler", "good_until": "2024-06-15"},
        },
    },
    "American": {
        "read_options": {
            **{"sep": ",", "decimal": ".", "thousands": ",", "encoding": "utf-8"},
            **{"parse_dates": ["Date"], "date_format": "%m/%d/%Y %I:%M %p"},
        },
        "names": ("Date", "Length", "Width", "Badge", "Line"),
        "parameters": {"detector_name": "isolation forest", "categorical": ["Badge"]},
    },
    "Swiss": {
        "read_options": {
            **{"sep": "\t", "decimal": ".", "thousands": "'", "encoding": "utf-16"},
            **{"parse_dates": ["time"], "date_format": "%Y-%m-%dT%H:%M"},
        },
        "names": ("time", "longueur", "largeur", "numéro", "équipe"),
        "parameters": {
            **{"detector_name": "WGAN", "settings": {"n_steps": 20}},
            "exclude": ["numéro", "largeur"],
        },
    },
    "French": {
        "read_options": {
            **{"sep": "|", "decimal": ",", "thousands": " ", "encoding": "iso8859-15"},
            **{"parse_dates": ["jour"], "date_format": "%d/%m/%y %Hh%M"},
        },
        "names": ("jour", "durée", "débit", "n°", "site"),
        "parameters": {"detector_name": "5th neighbour", "exclude": ["n°", "site"]},
    },
    "Chinese": {
        "read_options": {
            **{"sep": "^", "decimal": ".", "thousands": "_", "encoding": "gb18030"},
            **{"parse_dates": ["日期"], "date_format": "%Y年%m月%d日 %H:%M"},
        },
        "names": ("日期", "长度", "宽度", "编号", "机器"),
        "parameters": {"detector_name": "PCA error", "exclude": ["编号", "日期"]},
    },
}


def made(path: Path, style: dict[str, Any]) -> pd.DataFrame:
    """Write 600 rows in order of time, and return them: row 550 has a group of its own."""
    rng = np.random.default_rng(0)
    day, length, width, number, group = style["names"]
    options = style["read_options"]
    long = rng.lognormal(7.5, 0.4, 600).round(1)
    table = pd.DataFrame(
        {length: long, width: (2 * long + rng.normal(0, 9, 600)).round(1)}
    )
    signs = str.maketrans({".": options["decimal"], ",": options["thousands"]})
    text = table.map(lambda number: f"{number:,}".translate(signs))
    times = pd.Timestamp("2024-05-06") + pd.to_timedelta(np.arange(600) * 138, "min")
    text.insert(0, day, times.strftime(options["date_format"]))
    text[number] = rng.integers(1, 5, 600)
    text[group] = rng.choice(["A", "B"], 600)
    text.loc[550, group] = "C"
    if label := style["parameters"].get("label_column"):
        text.loc[550, label] = "wrong group"
    text.to_csv(path, index=False, sep=options["sep"], encoding=options["encoding"])
    return table.set_index(times)


def run(source: str, names: dict[str, Any]) -> Iterator[str]:
    """Run a cell as a notebook does, and yield what its last line shows."""
    code = ast.parse(source)
    last = (
        code.body.pop() if code.body and isinstance(code.body[-1], ast.Expr) else None
    )
    exec(compile(code, "cell", "exec"), names)
    if last:
        shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        yield str(getattr(shown, "description", shown))


def report(parameters: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Run the notebook as papermill does, up to its recipe; return names and what is shown."""
    shown: list[str] = []

    def display(found: Any) -> None:
        shown.append(str(getattr(found, "data", None) or found))

    names: dict[str, Any] = {"display": display}
    for cell in NOTEBOOK.cells:
        if cell.source.startswith("## Recipe"):
            break
        if cell.cell_type == "code":
            shown += run(cell.source, names)
            if "parameters" in tags(cell):
                given = [f"{name} = {value!r}" for name, value in parameters.items()]
                shown += run("\n".join(given), names)
    return names, shown


@pytest.mark.parametrize("name", FILES)
def test_report_on_a_file_written_in_another_way(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    style = FILES[name]
    options, given = style["read_options"], style["parameters"]
    day, length, width, number, group = style["names"]
    rows = made(tmp_path / "rows.csv", style)
    places = {"csv_path": str(tmp_path / "rows.csv"), "results": str(tmp_path / "kept")}
    parameters = {**places, "read_options": options, "time_column": day, **given}
    with pd.option_context("display.max_columns", None):
        found, shown = report(parameters)
    said = "\n".join([*shown, capsys.readouterr().out])

    # read as it is meant
    table = found["table"].set_index(day)
    assert table.index.equals(rows.index.rename(day))
    assert table[rows.columns].equals(rows)
    # encoded as what it is
    wanted = {day: "date", length: "number", width: "number", group: "categories"}
    wanted[number] = "categories" if "categorical" in given else "number"
    wanted = {k: v for k, v in wanted.items() if k not in given.get("exclude", ())}
    assert found["encoder"].describe()["used as"].to_dict() == wanted
    # scored by the detector asked for, which finds the new group, here and from the shell
    asked = given["detector_name"]
    detector, known = found["detector"].detector_, gt.evaluation.BASELINES
    if asked in known:
        assert type(detector.estimator) is type(known[asked](0).estimator)
    else:
        assert type(detector).__name__ == asked
    assert ("wrong group" in found["comparison"]) == ("label_column" in given)
    assert found["report"].at[550, "alarm"] == (group in wanted)
    assert found["status"] == 0
    assert found["by_shell"]["alarm"].to_list() == found["report"]["alarm"].to_list()
    # and nothing is said about the example
    assert "rows.csv" in said
    assert not OF_EXAMPLE.findall(said)
    assert {"detector.npz", "model_card.md"} <= {
        p.name for p in (tmp_path / "kept").iterdir()
    }


def test_text_on_the_example_stands_in_its_own_sections() -> None:
    heading = ""
    for _, cell in cells_of(NOTEBOOK, "markdown"):
        for line in cell.source.splitlines():
            heading = line if line.startswith("#") else heading
            about = "example" in line or heading.startswith("## The example")
            assert about or not OF_EXAMPLE.search(line), line


def test_parameters_of_the_commands_are_those_of_the_notebook() -> None:
    [cell] = [cell for cell in NOTEBOOK.cells if "parameters" in tags(cell)]
    known = {node.targets[0].id for node in ast.parse(cell.source).body}
    commands = re.findall(
        r"papermill \S*15_your_data.*?\n```",
        (ROOT / "README.md").read_text("utf-8")
        + "\n".join(cell.source for _, cell in cells_of(NOTEBOOK, "markdown")),
        re.DOTALL,
    )
    asked = [re.findall(r"-p (\w+)|-y \"(\w+):", command) for command in commands]
    assert len(asked) == 2
    for names in asked:
        assert {one or other for one, other in names} <= known
