"""Copies of the notebooks for a class: no outputs, and cells to be written live left open.

    python docs/handouts.py [FOLDER]     (default: `handouts`; `make handouts` does the same)

A cell with the tag ``live-coding`` carries, in its metadata under ``live_coding``, a sentence
that says what the class writes there. In the copy the cell holds its imports, this sentence,
and what later cells take from it: names, functions with what they return, and entries of
tables and dicts. Links to the solutions lead to those of the repository. Nothing else
differs but the outputs.
"""

import ast
import symtable
import sys
import textwrap
from pathlib import Path

import nbformat
from nbformat import NotebookNode

TAG = "live-coding"
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SOLUTIONS = "../notebooks/solutions"  # seen from a folder in the repository's root


def handout(nb: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook without outputs, its tagged cells open."""
    copy = nbformat.from_dict(nb)
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    sources = [cell.source for cell in code]
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](solutions/", f"]({SOLUTIONS}/")
    for i, cell in enumerate(code):
        cell.outputs, cell.execution_count = [], None
        if TAG in cell.metadata.get("tags", []):
            cell.source = opened(
                cell.source, cell.metadata.live_coding, sources[i + 1 :]
            )
    return copy


def opened(source: str, task: str, later: list[str]) -> str:
    """Return the imports of a cell, and a comment that says what to write there."""
    body = ast.parse(source).body
    imports = [s for s in body if isinstance(s, ast.Import | ast.ImportFrom)]
    rest = ast.Module([s for s in body if s not in imports], type_ignores=[])
    made = {name: name for name in defined_in(ast.unparse(rest))}
    made |= {s.name: call(s) for s in body if isinstance(s, ast.FunctionDef)}
    made = entries(body) | made
    said = [f"Write here: {task}"]
    if names := taken_by(later, set(made)):
        said.append(f"Later cells use: {', '.join(made[name] for name in names)}")
    comment = [f"# {line}" for text in said for line in textwrap.wrap(text, 86)]
    kept = [*map(ast.unparse, imports), ""] if imports else []
    return "\n".join(kept + comment)


def call(function: ast.FunctionDef) -> str:
    """Return how a function is called, and what it returns where a name says it."""
    called = f"{function.name}({ast.unparse(function.args)})"
    last = function.body[-1]
    given = returned(last.value) if isinstance(last, ast.Return) else "..."
    return called if given == "..." else f"{called} returns {given}"


def returned(value: ast.expr | None) -> str:
    """Return the names in what a function returns, with dots in place of formulas."""
    if isinstance(value, ast.Tuple):
        parts = [returned(part) for part in value.elts]
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    return value.id if isinstance(value, ast.Name) else "..."


def entries(body: list[ast.stmt]) -> dict[str, str]:
    """Return the tables and dicts that get new entries, each with its entries."""
    found: dict[str, str] = {}
    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            continue  # what it fills is its own
        for node in ast.walk(statement):
            match node:
                case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                    before = f"{found[name]}, " if name in found else ""
                    found[name] = before + ast.unparse(node)
    return found


def taken_by(cells: list[str], names: set[str]) -> list[str]:
    """Return those of the names that a cell uses before one defines them anew."""
    taken: list[str] = []
    for cell in cells:
        anew = defined_in(cell)
        taken += sorted(names & used_in(symtable.symtable(cell, "cell", "exec")) - anew)
        names = names - anew - set(taken)
    return taken


def defined_in(source: str) -> set[str]:
    """Return the names that a cell gives a value."""
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}


def used_in(scope: symtable.SymbolTable) -> set[str]:
    """Return the global names that a cell uses, in its functions too."""
    is_cell = scope.get_type() == "module"
    found = {
        s.get_name()
        for s in scope.get_symbols()
        if s.is_referenced() and (is_cell or s.is_global())
    }
    return found.union(*map(used_in, scope.get_children()))


def main(folder: Path) -> None:
    """Write a handout of each notebook into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        copy = handout(nbformat.read(path, as_version=nbformat.NO_CONVERT))
        nbformat.write(copy, folder / path.name)
        print(folder / path.name)


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["handouts"]))
