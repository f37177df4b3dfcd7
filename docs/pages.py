"""Build the web pages of the series: `make site`, or `python docs/pages.py [FOLDER]`.

Copies what becomes a page to FOLDER/source (default: docs/_build), in the same folders as
here, so that links between them hold. The README is cut in two: its first screen is the
front page. Its table of the series gives the order and the parts. Then Sphinx builds
FOLDER/html, and a warning is an error. Files without a page that a text links to, such as
a licence, come along and are offered for download.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sphinx.cmd.build import build_main

import gantutor

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PAGES = (
    "notebooks/*.ipynb",
    "notebooks/solutions/*.ipynb",
    "benchmarks/RESULTS.md",
    "docs/*.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
FRONT = "The whole path in one cell"  # the README's last section on the front page
LINK = re.compile(r"\[([^\]]*)\]\(([^()\s#:]+)(#[^()\s]*)?\)")


def prepare(source: Path) -> None:
    """Lay out everything that becomes a page in the folder `source`."""
    shutil.rmtree(source, ignore_errors=True)
    readme = ROOT / "README.md"
    pages = sorted(path for pattern in PAGES for path in ROOT.glob(pattern))
    for page in [readme, *pages]:
        text = page.read_text("utf-8")
        for _, target, _ in LINK.findall(text):
            linked = (page.parent / target).resolve()
            if linked.suffix != ".md" and linked.is_file():
                copy(linked, source)
        if page in pages:
            copy(page, source)
            if page.suffix == ".md":
                write(source / page.relative_to(ROOT), relinked(page))
    front, heading, rest = relinked(readme).partition(f"\n## {FRONT}\n")
    path, _, rest = rest.partition("\n## ")
    write(source / "use.md", "# Set up and use", f"## {rest}")
    solutions = [page.stem for page in pages if page.parent.name == "solutions"]
    write(
        source / "notebooks" / "solutions" / "index.md",
        "# Worked solutions",
        "The exercises of each notebook, solved. Try them first.",
        toctree("", solutions),
    )
    reference(source / "reference")
    texts = [
        page.relative_to(ROOT).as_posix() for page in pages if page.suffix == ".md"
    ]
    texts.remove("benchmarks/RESULTS.md")
    benchmarks = "Benchmarks <benchmarks/RESULTS.md>"
    ours = ["use.md", "notebooks/solutions/index.md", benchmarks, "reference/index.md"]
    write(
        source / "index.md",
        *(front, heading, path, "## The series"),
        *(
            toctree(part, notebooks)
            for part, notebooks in series(readme.read_text("utf-8"))
        ),
        toctree("Beside the notebooks", [*ours, *texts]),
    )


def relinked(page: Path) -> str:
    """A text whose links lead to the pages and headings that stand here for their targets."""

    def led(link: re.Match) -> str:
        target = (page.parent / link[2]).resolve()
        if target == ROOT / "README.md":
            return f"[{link[1]}](/index.md)"
        if target == ROOT / "notebooks" / "solutions":
            return f"[{link[1]}](/notebooks/solutions/index.md)"
        return link[1] if target.is_dir() else link[0]

    text = LINK.sub(led, page.read_text("utf-8"))
    for title in re.findall(r"^##+ (.+)$", text, re.MULTILINE):
        on_github = re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        text = text.replace(f"](#{on_github})", f"](#{anchor(title)})")
    return text


def series(readme: str) -> Iterator[tuple[str, list[str]]]:
    """The parts of the series and their notebooks, as the README's table has them."""
    table = re.split(r"^\| \*(Part .*?)\* \|", readme, flags=re.MULTILINE)[1:]
    for part, rows in zip(table[::2], table[1::2], strict=True):
        rows = rows.partition("\n\n")[0]
        yield part, re.findall(r"\((notebooks/\w+)\.ipynb\)", rows)


def reference(folder: Path) -> None:
    """A page for each module that the package's docstring names, one file a detector."""
    assert gantutor.__doc__ is not None
    modules = list(dict.fromkeys(re.findall(r"``(\w+)``", gantutor.__doc__)))
    write(
        folder / "index.md",
        "# Reference of the package",
        automodule("gantutor", ":members: setup, load"),
        toctree("", modules),
    )
    for module in modules:
        name = f"gantutor.{module}"
        path = ROOT / "gantutor" / module
        files = [file.stem for file in sorted(path.glob("[a-z]*.py"))]
        inside = [
            f"## {name}.{file}\n\n{automodule(f'{name}.{file}')}" for file in files
        ]
        options = [":no-members:"] if files else []
        write(folder / f"{module}.md", f"# {name}", automodule(name, *options), *inside)


def automodule(name: str, *options: str) -> str:
    """The docstrings of a module."""
    lines = ["```{eval-rst}", f".. automodule:: {name}"]
    return "\n".join([*lines, *(f"   {option}" for option in options), "```"])


def toctree(caption: str, pages: list[str]) -> str:
    """A list of pages, which the side bar shows too."""
    if not pages:
        return ""
    lines = ["```{toctree}", ":maxdepth: 1"]
    if caption:
        lines.append(f":caption: {caption}")
    return "\n".join([*lines, "", *pages, "```"])


def anchor(title: str) -> str:
    """The name of a heading in links to it, as JupyterLab makes it."""
    return title.replace(" ", "-")


def copy(path: Path, source: Path) -> None:
    """Copy a file of the repository to the same place below `source`."""
    target = source / path.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, target)  # with its date: Sphinx reads only what has changed


def write(path: Path, *blocks: str) -> None:
    """Write a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "\n\n".join(block.strip() for block in blocks if block) + "\n", "utf-8"
    )


def sphinx(builder: str, source: Path, pages: Path) -> int:
    """Let Sphinx make pages of a folder; it returns 0 if there was no warning."""
    strict = ["-W", "--keep-going", "-q", "-c", str(DOCS)]
    aside = ["-d", str(source.with_name(f"{source.name}-doctrees"))]
    failed = build_main([*strict, "-b", builder, *aside, str(source), str(pages)])
    if not failed:
        print(f"Ready: {pages / 'index.html'}")
    return failed


def main() -> int:
    """Lay out the sources and build."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "_build"
    prepare(folder / "source")
    gantutor.setup()  # TensorFlow, without its start-up lines
    return sphinx("html", folder / "source", folder / "html")


if __name__ == "__main__":
    sys.exit(main())
