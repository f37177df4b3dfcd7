"""What every notebook of the series must be, as functions that return problems.

A guard takes a notebook and its path, and returns sentences: which cell, what is
wrong, what to do. An empty list means that nothing is wrong. To check a notebook while
writing it: `python tests/notebook_guards.py notebooks/01_data.ipynb`. Worked solutions, in
`notebooks/solutions/`, are no lessons: the guards in LESSON_ONLY are not for them.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode
from nbformat.validator import iter_validate

Guard = Callable[[NotebookNode, Path], list[str]]
GUARDS: dict[str, Guard] = {}

TAGS = {
    *("live-coding", "lesson", "nbval-ignore-output", "parameters"),
    "raises-exception",
}
MAX_BYTES = 1_000_000
MAX_COLUMNS = 88
MAX_SECONDS = 60
WORDS_A_MINUTE = 200
MAX_LINES, MAX_RECIPE_LINES = 25, 45
WHOLE_PATH = "## The whole path in one cell"

HEADER = (
    "**The question.**",
    "**You will be able to**",
    "**Before you start.**",
    "**Time.**",
)
FOOTER = ("## Key points", "## What goes wrong in practice", "## Where next")
LESSON_ONLY = {"header", "footer", "recipe", "exercises"}
CHECK = re.compile(r"^gt\.check\.(\w+)\(", re.MULTILINE)
LOADS_TENSORFLOW = re.compile(r"\bgt\.(?!setup|data|plotting)|\b(?:keras|tensorflow)\b")
HINT = re.compile(r"<details>\s*<summary>Hint</summary>.+?</details>", re.DOTALL)

# Durations and speeds; nbval_sanitize.cfg hides the same ones from the comparison.
TIMING = re.compile(
    r"\b\d+(?:\.\d+)? ?(?:(?:it|steps?|rows)/s|(?:s|ms|µs|us)/(?:it|step|row)"
    r"|s|ms|µs|us|ns|sec|secs|seconds?|minutes?)\b"
)
# "under 60 s: yes" is a verdict about a fixed limit, the same on every machine.
LIMIT = re.compile(rf"\b(?:under|below|within|less than|at most) {TIMING.pattern}")
# Folders of one machine, where neither a web address nor a relative path can be meant.
FOLDER = re.compile(
    r"(?<![\w.:/~-])/(?:home|root|work|Users|tmp|var|private|mnt|opt|usr)/"
    r"|\b[A-Z]:(?:\\\\|[\\/](?:Users|Windows|Program|Temp|data)\b)"
    r"|\bfile://"
)
HOME_FOLDER = re.compile(r"(?<!\w)~/\w")
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
BASE64 = re.compile(r"base64,[A-Za-z0-9+/=\n]*")
WARNING = re.compile(r"^WARNING:|\w*Warning: ", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

FENCE = re.compile(r"^ {0,3}(```+|~~~+).*?^ {0,3}\1\s*?$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:[^\n]|\n(?!\s*\n))+?(?<!`)\1(?!`)")
MATH = re.compile(
    r"\$\$.*?\$\$|\$(?:[^$\n]|\n(?!\s*\n))+\$|\\begin\{(\w+\*?)\}.*?\\end\{\1\}",
    re.DOTALL,
)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
IMAGE = re.compile(r"!\[([^\]]*)\](?:\(<?([^)\s>]*)[^)]*\)|\[[^\]]*\])")
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(<?([^)\s>]*)[^)]*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?", re.MULTILINE)
HTML_LINK = re.compile(r"""\b(?:href|src)=["']([^"']*)""")


def guard(find: Callable[[NotebookNode, Path], Iterator[str]]) -> Guard:
    """Add a guard to GUARDS under its own name."""

    def check(nb: NotebookNode, path: Path) -> list[str]:
        return list(find(nb, path))

    GUARDS[find.__name__] = check
    return check


def read(path: Path) -> NotebookNode:
    """Read a notebook as it is: `nbformat.read` would repair ids before we look."""
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def problems(path: Path) -> list[str]:
    """Return what every guard has to say about one notebook."""
    nb = read(path)
    return [
        f"{name}: {problem}"
        for name, check in GUARDS.items()
        if not (is_solution(path) and name in LESSON_ONLY)
        for problem in check(nb, path)
    ]


def is_solution(path: Path) -> bool:
    return path.parent.name == "solutions"


# What guards look at


def named(number: int, cell: NotebookNode) -> str:
    """Name a cell so that its author finds it: position and first line."""
    first_line = cell.source.strip().partition("\n")[0]
    return f'Cell {number} ("{first_line[:40]}")'


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def cells_of(nb: NotebookNode, kind: str) -> list[tuple[int, NotebookNode]]:
    """Return (position from 1, cell) for each cell of a kind that is not empty."""
    return [
        (number, cell)
        for number, cell in enumerate(nb.cells, 1)
        if cell.cell_type == kind and cell.source.strip()
    ]


def outputs_of(nb: NotebookNode) -> Iterator[tuple[int, NotebookNode, NotebookNode]]:
    """Yield (position from 1, cell, output) for each stored output."""
    for number, cell in enumerate(nb.cells, 1):
        for output in cell.get("outputs", []):
            yield number, cell, output


def code_lines(cell: NotebookNode) -> list[str]:
    return [line for line in cell.source.splitlines() if line.strip()]


def without_code(markdown: str) -> str:
    """Drop code blocks and formulas, and put one word for each piece of inline code."""
    text = COMMENT.sub(" ", FENCE.sub(" ", markdown))
    return MATH.sub(" ", CODE_SPAN.sub(" code ", text))


def is_figure(output: NotebookNode) -> bool:
    data = output.get("data", {})
    stored = any(kind.startswith("image/") for kind in data)
    return stored or "data:image/" in data.get("text/html", "")


def output_texts(output: NotebookNode) -> Iterator[str]:
    """Yield what an output shows as text, without colours and encoded pictures."""
    texts = [output.get("text", ""), output.get("evalue", "")]
    texts += output.get("traceback", [])
    texts += [
        content
        for kind, content in output.get("data", {}).items()
        if isinstance(content, str) and kind not in ("image/png", "image/jpeg")
    ]
    for text in texts:
        yield BASE64.sub("base64,", COLOUR.sub("", text))


class Pictures(HTMLParser):
    """Collect the alt text of each picture, None where it has none."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.alts: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.alts.append(dict(attrs).get("alt"))


# How the notebook was run


@guard
def executed_in_order(nb: NotebookNode, path: Path) -> Iterator[str]:
    for expected, (number, cell) in enumerate(cells_of(nb, "code"), 1):
        if cell.execution_count != expected:
            yield (
                f"{named(number, cell)} ran as number {cell.execution_count}, not "
                f"{expected}. Restart the kernel, run all cells and save."
            )


@guard
def no_warnings(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell, output in outputs_of(nb):
        text = output.get("text", "")
        # TensorFlow writes some of its warnings to stdout.
        if output.get("name") == "stderr" or WARNING.search(text):
            yield (
                f"{named(number, cell)} shows a warning: {text.strip()[:80]!r}. "
                "Remove its cause."
            )


@guard
def errors_are_meant(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in cells_of(nb, "code"):
        failed = any(output.output_type == "error" for output in cell.outputs)
        meant = "raises-exception" in tags(cell)
        if failed and not meant:
            yield (
                f"{named(number, cell)} holds an error. Repair the cell, or tag it "
                "raises-exception if the error is the lesson."
            )
        if meant and not failed:
            yield (
                f"{named(number, cell)} is tagged raises-exception but holds no error. "
                "Remove the tag, or make the cell fail as the text says."
            )


@guard
def known_tags(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in enumerate(nb.cells, 1):
        for tag in sorted(set(tags(cell)) - TAGS):
            yield (
                f"{named(number, cell)} has the tag {tag!r}. "
                f"Use only {', '.join(sorted(TAGS))}."
            )
        for entry in sorted({"slideshow", "execution"} & set(cell.metadata)):
            yield f"{named(number, cell)} has {entry} metadata. Remove it."
        if re.search(r"#\s*(?:NBVAL_|PYTEST_VALIDATE_)", cell.source):
            yield (
                f"{named(number, cell)} has a comment for nbval. "
                "Use a tag, which readers do not see."
            )


@guard
def live_cells_say_what_to_write(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in enumerate(nb.cells, 1):
        if ("live-coding" in tags(cell)) != bool(cell.metadata.get("live_coding")):
            yield (
                f"{named(number, cell)} has the tag live-coding or the entry live_coding "
                "in its metadata, and needs both: the entry is the sentence that stands "
                "in the handout in place of the code."
            )


@guard
def ignored_cells_have_a_verdict(nb: NotebookNode, path: Path) -> Iterator[str]:
    for (number, cell), following in pairwise([*cells_of(nb, "code"), None]):
        if "nbval-ignore-output" not in tags(cell):
            continue
        after = following[1] if following else None
        if after is None or not after.outputs or "nbval-ignore-output" in tags(after):
            yield (
                f"{named(number, cell)} has an unchecked output, and the next code "
                "cell shows no checked one. Let that cell assert and print a verdict."
            )


# What would differ on another machine


@guard
def no_absolute_path(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in enumerate(nb.cells, 1):
        if match := FOLDER.search(cell.source):
            yield (
                f"{named(number, cell)} names a folder of one machine, "
                f"{cell.source[match.start() :][:40]!r}. "
                "Use a path relative to the notebook."
            )
    for number, cell, output in outputs_of(nb):
        for text in output_texts(output):
            if match := FOLDER.search(text) or HOME_FOLDER.search(text):
                yield (
                    f"{named(number, cell)} shows a folder of one machine, "
                    f"{text[match.start() :][:40]!r}. Do not print it; of an error "
                    "print the message, without the traceback."
                )


@guard
def no_object_address(nb: NotebookNode, path: Path) -> Iterator[str]:
    sources = [(number, cell, cell.source) for number, cell in enumerate(nb.cells, 1)]
    shown = [
        (number, cell, text)
        for number, cell, output in outputs_of(nb)
        for text in output_texts(output)
    ]
    for number, cell, text in sources + shown:
        if match := ADDRESS.search(text):
            yield (
                f"{named(number, cell)} shows where an object lies in memory "
                f"({match.group()}), which changes with every run. "
                "Do not let the cell end in that object."
            )


@guard
def no_timing(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell, output in outputs_of(nb):
        # A figure's description may well say that an axis ends at 60 s.
        if "nbval-ignore-output" in tags(cell) or is_figure(output):
            continue
        for text in output_texts(output):
            if match := TIMING.search(LIMIT.sub("", text)):
                yield (
                    f"{named(number, cell)} prints a time ({match.group()}) in a "
                    "checked output. Print it in a cell tagged nbval-ignore-output, "
                    "or as a verdict: under 60 s."
                )


# The file


@guard
def sound_format(nb: NotebookNode, path: Path) -> Iterator[str]:
    kernel = nb.metadata.get("kernelspec", {})
    language = nb.metadata.get("language_info", {}).get("name")
    if kernel.get("name") != "python3":
        yield "The kernel is not python3. Choose the kernel Python 3 and save."
    if language != "python" or kernel.get("language", "python") != "python":
        yield "The language is not python. Run with the kernel Python 3 and save."
    if (nb.nbformat, nb.nbformat_minor) < (4, 5):
        yield (
            f"The format is {nb.nbformat}.{nb.nbformat_minor}, which has no cell ids. "
            "Save with a current JupyterLab."
        )
    for error in iter_validate(nb):
        reason = str(error).partition("\n")[0]
        yield f"The file is no valid notebook: {reason}. Save it with JupyterLab."
    seen = set()
    for number, cell in enumerate(nb.cells, 1):
        if cell.get("id") in seen:
            yield f"{named(number, cell)} has the id of an earlier cell. Change it."
        seen |= {cell.id} if "id" in cell else set()


@guard
def no_widgets(nb: NotebookNode, path: Path) -> Iterator[str]:
    if "widgets" in nb.metadata:
        yield 'The file stores widget states. Delete "widgets" from its metadata.'
    for number, cell, output in outputs_of(nb):
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
            yield (
                f"{named(number, cell)} shows a widget, which is dead until it runs. "
                "Print progress as text, or draw a figure."
            )


@guard
def small_file(nb: NotebookNode, path: Path) -> Iterator[str]:
    size = path.stat().st_size
    if size >= MAX_BYTES:
        yield (
            f"The file has {size:,} bytes, and must stay under {MAX_BYTES:,}. "
            "Draw fewer or smaller figures."
        )


@guard
def file_name(nb: NotebookNode, path: Path) -> Iterator[str]:
    if not re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name):
        yield f"The file is named {path.name}. Name it like 01_data.ipynb."
    for other in sorted(path.parent.glob(f"{path.name[:2]}_*.ipynb")):
        if other.name != path.name:
            yield f"{other.name} has the same number. Give each notebook its own."


# The code


@guard
def short_cells(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in cells_of(nb, "code"):
        whole = [*recipes(nb), *below(nb, WHOLE_PATH)]
        allowed = MAX_RECIPE_LINES if any(cell is w for w in whole) else MAX_LINES
        if len(code_lines(cell)) > allowed:
            yield (
                f"{named(number, cell)} has {len(code_lines(cell))} lines of code, and "
                f"{allowed} are allowed. Split it."
            )


@guard
def short_lines(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in cells_of(nb, "code"):
        longest = max(map(len, code_lines(cell)))
        if longest > MAX_COLUMNS:
            yield (
                f"{named(number, cell)} has a line of {longest} columns, and "
                f"{MAX_COLUMNS} are allowed. Split it."
            )


@guard
def setup_comes_first(nb: NotebookNode, path: Path) -> Iterator[str]:
    cells = cells_of(nb, "code")
    if not cells:
        yield "The notebook has no code. Begin with the setup cell."
        return
    name = named(*cells[0])
    first = cells[0][1]
    if code_lines(first)[0] != "import gantutor as gt":
        yield (
            f"{name} is the first code cell. Its first line must be: import gantutor as gt"
        )
    called = False
    for statement in ast.parse(first.source).body:
        text = ast.unparse(statement)
        if text == "gt.setup(seed=0)":
            called = True
        elif not isinstance(statement, ast.Import | ast.ImportFrom):
            yield (
                f"{name} does more than set up. "
                f"Move line {statement.lineno} to a cell of its own."
            )
        elif not called and re.search(r"\b(tensorflow|keras)\b", text):
            yield (
                f"{name} imports TensorFlow before gt.setup(seed=0), which shows its "
                "start-up lines. Import it after."
            )
    if not called:
        yield f"{name} must call gt.setup(seed=0)."


# The words


@guard
def images_have_alt(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in cells_of(nb, "markdown"):
        text = without_code(cell.source)
        alts = [match.group(1) for match in IMAGE.finditer(text)] + Pictures(text).alts
        if not all(alt and alt.strip() for alt in alts):
            yield (
                f"{named(number, cell)} has a picture without alt text. "
                "Write ![what the picture shows](file.png)."
            )


@guard
def links_resolve(nb: NotebookNode, path: Path) -> Iterator[str]:
    folders = path.resolve().parents
    repository = next((f.parent for f in folders if f.name == "notebooks"), folders[0])
    for number, cell in cells_of(nb, "markdown"):
        text = without_code(cell.source)
        targets = [match.group(2) for match in LINK.finditer(text)]
        images = [match.group(2) for match in IMAGE.finditer(text)]
        targets += [image for image in images if image is not None]
        targets += REFERENCE.findall(text) + HTML_LINK.findall(text)
        for target in targets:
            if re.match(r"[a-zA-Z][\w+.-]*:|#", target):
                continue
            file = (path.parent / unquote(target.partition("#")[0])).resolve()
            if not (file.is_file() and file.is_relative_to(repository)):
                yield (
                    f"{named(number, cell)} links to {target!r}, and the repository "
                    "has no such file. Correct the link, or write the file first."
                )


@guard
def header(nb: NotebookNode, path: Path) -> Iterator[str]:
    if not nb.cells or nb.cells[0].cell_type != "markdown":
        yield "The first cell is not text. Begin with the title and the header."
        return
    text = nb.cells[0].source
    if not re.match(r"# \S", text):
        yield 'The first line must be the title: "# " and some words.'
    parts = sections(text, HEADER)
    if parts is None:
        yield (
            "The first cell must hold, each at the start of a line and in this order: "
            + ", ".join(HEADER)
        )
        return
    question, objectives, before, time = parts
    if not (question and objectives and before):
        yield f"Write something after {', '.join(HEADER[:3])}"
    times = re.search(
        r"\b[Aa]bout (\d+) minutes? to read, (\d+) seconds? to run\b", time
    )
    if times is None:
        yield (
            f"After {HEADER[3]} write, with measured numbers: "
            "about 15 minutes to read, 20 seconds to run"
        )
    elif int(times.group(2)) > MAX_SECONDS:
        yield (
            f"The notebook runs {times.group(2)} seconds, and {MAX_SECONDS} are "
            "allowed. Train less."
        )
    elif abs(int(times.group(1)) - minutes_to_read(nb)) > 5:
        yield (
            f"At {WORDS_A_MINUTE} words a minute and 15 seconds a code cell this takes "
            f"{minutes_to_read(nb):.0f} minutes to read, not {times.group(1)}."
        )


def minutes_to_read(nb: NotebookNode) -> float:
    """Return how long a notebook takes to read, without the hints of the exercises."""
    text = " ".join(cell.source for _, cell in cells_of(nb, "markdown"))
    words = re.findall(r"\w+", HINT.sub("", text))
    return len(words) / WORDS_A_MINUTE + len(cells_of(nb, "code")) / 4


@guard
def footer(nb: NotebookNode, path: Path) -> Iterator[str]:
    if not nb.cells or nb.cells[-1].cell_type != "markdown":
        yield "The last cell is not text. End with: " + ", ".join(FOOTER)
        return
    parts = sections(nb.cells[-1].source, FOOTER)
    if parts is None:
        yield "The last cell must have, in this order: " + ", ".join(FOOTER)
        return
    for heading, part in zip(FOOTER, parts, strict=True):
        if not part:
            yield f'Nothing stands below "{heading}". Write it.'


@guard
def recipe(nb: NotebookNode, path: Path) -> Iterator[str]:
    if len(recipes(nb)) != 1:
        yield (
            f'There are {len(recipes(nb))} code cells under a heading "## Recipe", and '
            "there must be one: complete, to be copied and run by itself."
        )
    for cell in recipes(nb):
        for name in undefined_names(cell.source):
            yield (
                f"The recipe uses {name}, which it does not define: it must run by "
                "itself, in a new process."
            )
        needs_setup = "gt." in cell.source and "gt.setup(" not in cell.source
        if needs_setup and LOADS_TENSORFLOW.search(cell.source):
            yield "The recipe loads TensorFlow without gt.setup(), which keeps it quiet."
        if not cell.outputs:
            yield "The recipe shows nothing. Let it print what it has found."


def undefined_names(source: str) -> set[str]:
    """Return the names that code uses before, or without, defining them."""
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=F821", "-q"]
    found = subprocess.run(
        [*ruff, "--output-format=concise", "-"],
        input=source,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return set(re.findall("Undefined name `(.+)`", found.stdout))


def recipes(nb: NotebookNode) -> list[NotebookNode]:
    return below(nb, "## Recipe")


def below(nb: NotebookNode, wanted: str) -> list[NotebookNode]:
    """Return the code cells between a heading and the next of its kind."""
    found, inside = [], False
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^##? .*", cell.source, re.MULTILINE):
                inside = heading.strip() == wanted
        elif inside and cell.cell_type == "code":
            found.append(cell)
    return found


@guard
def exercises(nb: NotebookNode, path: Path) -> Iterator[str]:
    texts = [cell.source for _, cell in cells_of(nb, "markdown")]
    if not any(re.search("^## Exercises$", text, re.MULTILINE) for text in texts):
        yield 'There is no heading "## Exercises".'
    asked = checks(nb)
    if not asked:
        yield "No exercise ends in a check: gt.check.name(answer)."
    n_hints = sum(len(HINT.findall(text)) for text in texts)
    if n_hints < len(asked):
        yield (
            f"There are {n_hints} hints to {len(asked)} checks, and each needs one: "
            "<details><summary>Hint</summary> ... </details>"
        )
    for name, verdict in asked.items():
        if not verdict.startswith("Not yet: "):
            yield f"The check {name} says {verdict!r}. The stub shall be untouched."
    solved = path.parent / "solutions" / path.name
    verdicts = checks(read(solved)) if solved.is_file() else {}
    for name in asked:
        if not verdicts.get(name, "").startswith("Right: "):
            yield f'{solved.name} in solutions/ has no check {name} that says "Right: ".'


def checks(nb: NotebookNode) -> dict[str, str]:
    """Return what each check of an exercise says, by the name of the check."""
    return {
        name: "".join(text for o in cell.outputs for text in output_texts(o))
        for _, cell in cells_of(nb, "code")
        for name in CHECK.findall(cell.source)
    }


def sections(text: str, markers: tuple[str, ...]) -> list[str] | None:
    """Return what follows each marker, or None unless all stand there in order."""
    starts = [re.escape(marker) for marker in markers]
    # Each part ends before a line that begins with any of the markers.
    part = rf"((?:(?!^(?:{'|'.join(starts)})).)*?)"
    pattern = part.join(f"^{start}" for start in starts) + part + r"\Z"
    match = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    return [group.strip() for group in match.groups()] if match else None


# The figures


@guard
def figures_are_described(nb: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell, output in outputs_of(nb):
        for problem in figure_problems(output.data) if is_figure(output) else ():
            yield (
                f"{named(number, cell)}: {problem} Draw it with gantutor.plotting, "
                "which stores the description in each form."
            )


def figure_problems(data: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with the parts of one figure's output."""
    text = data.get("text/plain", "").strip()
    alts = Pictures(data.get("text/html", "")).alts
    if "image/png" not in data:
        yield "The figure is not stored as image/png, which some viewers need."
    if not text or text.startswith("<Figure"):
        yield f"{text!r} is no description."
    if not alts:
        yield "The figure has no text/html with an <img>."
    elif any((alt or "").strip() != text for alt in alts):
        yield "The alt text of the <img> is not the description in text/plain."


if __name__ == "__main__":
    sys.exit(
        "\n".join(
            f"{name}: {problem}"
            for name in sys.argv[1:]
            for problem in problems(Path(name))
        )
        or None
    )
