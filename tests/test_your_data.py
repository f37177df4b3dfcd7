"""Notebook 15 is a tool: run on the CSVs of others, it reads each of them right."""

import ast
import contextlib
import io
import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import papermill
import pytest
from nbconvert.preprocessors import TagRemovePreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_output
from notebook_guards import cells_of, output_texts, read, tags
from papermill.engines import Engine, papermill_engines

import gantutor as gt

ROOT = Path(__file__).parent.parent
PATH = ROOT / "notebooks" / "15_your_data.ipynb"
NOTEBOOK = read(PATH)
# Words of the example that no report on another table may hold.
OF_EXAMPLE = re.compile(
    r"payment|\bfees?\b|grocer|countr|currency|customer|\bshops?\b|the example", re.I
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


class InThisProcess(Engine):
    """papermill's engine for this test: a kernel would load TensorFlow for each file.

    It runs the cells before the recipe, and keeps the names that they have set.
    """

    names: ClassVar[dict[str, Any]] = {}

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:
        cls.names = {}
        for number, cell in enumerate(nb_man.nb.cells):
            if cell.source.startswith("## Recipe"):
                break
            if cell.cell_type == "code":
                nb_man.cell_start(cell, number)
                cell.outputs = [new_output("stream", text=run(cell.source, cls.names))]
                nb_man.cell_complete(cell, number)


papermill_engines.register("in this process", InThisProcess)


def run(source: str, names: dict[str, Any]) -> str:
    """Run a cell as a notebook does; return what it prints and what its last line shows."""
    code = ast.parse(source)
    last = (
        code.body.pop() if code.body and isinstance(code.body[-1], ast.Expr) else None
    )
    said = io.StringIO()

    def display(shown: Any) -> None:
        for name in ("data", "description"):  # of Markdown, of a figure
            shown = getattr(shown, name, shown) if name in dir(shown) else shown
        print(shown, file=said)

    names["display"] = display
    with contextlib.redirect_stdout(said):
        exec(compile(code, "cell", "exec"), names)
        if last:
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            if shown is not None:
                display(shown)
    return said.getvalue()


def shell_commands(program: str) -> list[str]:
    """The commands of a program in README.md and in the notebook."""
    return re.findall(
        rf"^{program} \S*(?:15_your_data|mine|report)\.ipynb.*?\n```",
        (ROOT / "README.md").read_text("utf-8")
        + "\n".join(cell.source for _, cell in cells_of(NOTEBOOK, "markdown")),
        re.DOTALL | re.MULTILINE,
    )


def to_hand_on(report: NotebookNode) -> NotebookNode:
    """A report without the cells that nbconvert leaves out by the notebook's command."""
    option = re.compile(r"--TagRemovePreprocessor.remove_cell_tags=(\w+)")
    commands = shell_commands("jupyter nbconvert")
    assert len(commands) == 2
    leave_out = TagRemovePreprocessor(
        remove_cell_tags=[option.search(command)[1] for command in commands],
        enabled=True,
    )
    return leave_out.preprocess(report, {})[0]


@pytest.mark.parametrize("name", FILES)
def test_report_on_a_file_written_in_another_way(name: str, tmp_path: Path) -> None:
    style = FILES[name]
    options, given = style["read_options"], style["parameters"]
    day, length, width, number, group = style["names"]
    rows = made(tmp_path / "rows.csv", style)
    places = {"csv_path": str(tmp_path / "rows.csv"), "results": str(tmp_path / "kept")}
    parameters = {**places, "read_options": options, "time_column": day, **given}
    with pd.option_context("display.max_columns", None):
        papermill.execute_notebook(
            PATH,
            tmp_path / "report.ipynb",
            parameters,
            engine_name="in this process",
            progress_bar=False,
        )
    found = InThisProcess.names

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
    handed_on = to_hand_on(read(tmp_path / "report.ipynb"))
    shown = [cell.source for cell in handed_on.cells]
    for cell in handed_on.cells:
        shown += [t for output in cell.get("outputs", []) for t in output_texts(output)]
    said = "\n".join(shown)
    assert "rows.csv: " in said  # the title of a figure
    assert "| Promise | " in said  # in the model card
    assert not OF_EXAMPLE.findall(said)
    assert {"detector.npz", "model_card.md"} <= {
        p.name for p in (tmp_path / "kept").iterdir()
    }


def test_parameters_of_the_commands_are_those_of_the_notebook() -> None:
    [cell] = [cell for cell in NOTEBOOK.cells if "parameters" in tags(cell)]
    known = {node.targets[0].id for node in ast.parse(cell.source).body}
    commands = shell_commands("papermill")
    asked = [re.findall(r"-p (\w+)|-y \"(\w+):", command) for command in commands]
    assert len(asked) == 2
    for names in asked:
        assert {one or other for one, other in names} <= known
