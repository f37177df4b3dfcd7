"""Put the newest tables into the prose: ``python -m benchmarks.tables``.

In README.md and RESULTS.md, each table below a heading of the benchmarks' own reports is
replaced by the one that `quality.csv`, `speed.csv` or `scale.csv` gives. (Notebook 14 reads
the first.)
"""

import re
from pathlib import Path

import pandas as pd

from benchmarks import quality, speed

HERE = Path(__file__).parent
SHORT = [
    *("Ensemble", "WGAN", "GANomaly, with residual"),
    *("5th neighbour", "isolation forest", "GAN"),
]
PROSE = [HERE / "RESULTS.md", HERE.parent / "README.md"]
TABLE = re.compile(r"^### (?P<title>.+)\n\n(?:\|.+(?:\n|\Z))+", re.MULTILINE)


def printed() -> dict[str, str]:
    """Heading and table of each part of both reports, by title."""
    reports = [
        quality.report(pd.read_csv(HERE / "quality.csv")),
        speed.report(pd.read_csv(HERE / "speed.csv", keep_default_na=False)),
        speed.report(pd.read_csv(HERE / "scale.csv")),
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


if __name__ == "__main__":
    newest = printed()
    for path in PROSE:
        text = path.read_text(encoding="utf-8")
        path.write_text(renewed(text, newest), encoding="utf-8")
