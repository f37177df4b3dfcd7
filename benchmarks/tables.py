"""Put the newest tables into the prose: ``python -m benchmarks.tables``.

In README.md, RESULTS.md and notebook 14, each table below a heading of the benchmarks' own
reports is replaced by the one that `quality.csv` or `speed.csv` gives.
"""

import re
from pathlib import Path

import nbformat
import pandas as pd

from benchmarks import quality, speed

HERE = Path(__file__).parent
SHORT = [
    *("Ensemble", "WGAN", "GANomaly, with residual"),
    *("5th neighbour", "isolation forest", "GAN"),
]
PROSE = [
    HERE / "RESULTS.md",
    HERE.parent / "README.md",
    HERE.parent / "notebooks" / "14_evaluation.ipynb",
]
TABLE = re.compile(r"^### (?P<title>.+)\n\n(?:\|.+(?:\n|\Z))+", re.MULTILINE)


def printed() -> dict[str, str]:
    """Heading and table of each part of both reports, by title."""
    reports = [
        quality.report(pd.read_csv(HERE / "quality.csv")),
        speed.report(pd.read_csv(HERE / "speed.csv", keep_default_na=False)),
    ]
    found = TABLE.finditer("\n".join(reports))
    tables = {match["title"]: match[0] for match in found}
    tables["Mean AUROC, six methods"] = short(tables["Mean AUROC (gain of training)"])
    return tables


def short(table: str) -> str:
    """The lines of SHORT, in its order: what README.md shows."""
    _, blank, names, rule, *rows = table.splitlines()
    of = {row.split("|")[1].strip(): row for row in rows}
    return "\n".join(
        [
            "### Mean AUROC, six methods",
            blank,
            names,
            rule,
            *(of[name] for name in SHORT),
            "",
        ]
    )


def renewed(text: str, tables: dict[str, str]) -> str:
    """The text with these tables in the place of those with the same titles."""

    def newest(match: re.Match[str]) -> str:
        table = tables.get(match["title"], match[0])
        return table if match[0].endswith("\n") else table.rstrip("\n")

    return TABLE.sub(newest, text)


def read(path: Path) -> list[str]:
    """The prose of a file: one text, or one for each cell of a notebook."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, nbformat.NO_CONVERT).cells
        return [cell.source for cell in cells if cell.cell_type == "markdown"]
    return [path.read_text(encoding="utf-8")]


def write(path: Path, tables: dict[str, str]) -> None:
    if path.suffix == ".ipynb":
        notebook = nbformat.read(path, nbformat.NO_CONVERT)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = renewed(cell.source, tables)
        nbformat.write(notebook, path)
    else:
        path.write_text(renewed(read(path)[0], tables), encoding="utf-8")


if __name__ == "__main__":
    newest = printed()
    for prose in PROSE:
        write(prose, newest)
