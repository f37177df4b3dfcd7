"""What a notebook writes out and the package offers under one name is the same code."""

import ast
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODULES = (
    *("data", "networks", "losses", "training", "scoring"),
    *("detectors/f_anogan", "detectors/bigan"),
)

# What each notebook writes out before the later ones import it.
TAUGHT: dict[str, set[str]] = {
    "01_data": {"script_data", "one_class_split"},
    "02_models": {"dense_network", "conv_network"},
    "03_training": {
        "discriminator_loss",
        "generator_loss",
        "gan_step",
        "compile_block",
    },
    "04_scoring": {"discriminator_score", "threshold", "p_values"},
    "05_discriminator": {
        "critic_loss",
        "gradient_penalty",
        "fit_gaussian",
        "mahalanobis_score",
    },
    "07_encoders": {"izi_step", "ziz_step", "bigan_step"},
}

Definition = ast.FunctionDef | ast.ClassDef


class Strip(ast.NodeTransformer):
    """Remove what may differ: docstrings and annotations."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.visit_ClassDef(node)

    def visit_ClassDef(self, node: Definition) -> ast.AST:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        # A bare "x: int" stays as the name alone: in a dataclass it is a field.
        value = self.generic_visit(node).value
        return ast.Assign([node.target], value) if value else ast.Expr(node.target)


def definitions(source: str) -> dict[str, str]:
    """Return {name: code} for each top-level function and class of a source text.

    Formatting and comments are not part of a syntax tree, so they do not count.
    """
    return {
        node.name: ast.unparse(ast.fix_missing_locations(Strip().visit(node)))
        for node in ast.parse(source).body
        if isinstance(node, Definition)
    }


@cache
def package() -> dict[str, list[str]]:
    """Return {name: codes} over the modules, read as text: TensorFlow loads slowly."""
    found: dict[str, list[str]] = {}
    for module in MODULES:
        source = (ROOT / "gantutor" / f"{module}.py").read_text(encoding="utf-8")
        for name, code in definitions(source).items():
            found.setdefault(name, []).append(code)
    return found


@cache
def taught(path: Path) -> list[tuple[str, str]]:
    """Return (name, code) for what a notebook defines and the package has too."""
    cells = nbformat.v4.reads(path.read_text(encoding="utf-8")).cells
    return [
        (name, code)
        for cell in cells
        if cell.cell_type == "code"
        for name, code in definitions(cell.source).items()
        if name in package()
    ]


def test_each_notebook_teaches_what_it_should() -> None:
    found = {path.stem: {name for name, _ in taught(path)} for path in NOTEBOOKS}
    assert {stem: names for stem, names in found.items() if names} == TAUGHT


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_taught_code_is_the_code_of_the_package(path: Path) -> None:
    for name, code in taught(path):
        assert code in package()[name], f"{name} differs from the package's:\n{code}"


def test_nothing_is_taught_twice() -> None:
    seen: dict[str, str] = {}
    for path in NOTEBOOKS:
        for name, _ in taught(path):
            assert name not in seen, f"{path.stem} defines {name} of {seen[name]} again"
            seen[name] = path.stem


# The comparison itself

PACKAGE = '''
@tf.function
def loss(real: tf.Tensor, *rest: int, scale: float = 1.0, **more: str) -> tf.Tensor:
    """Say what it is."""
    total: tf.Tensor = scale * tf.reduce_mean(real)  # a scalar

    def add(x: int) -> int:
        """Add one."""
        return x + 1
    return add(total)
'''
NOTEBOOK = """
@tf.function
def loss(real, *rest, scale=1.0, **more):
    total = (scale
             * tf.reduce_mean(real))
    def add(x):
        return x + 1

    return add(total)
"""


def test_the_same_code_in_other_clothes_is_the_same() -> None:
    assert definitions(PACKAGE) == definitions(NOTEBOOK) != {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scale\n             *", "scale +"),
        ("@tf.function", "@tf.function(jit_compile=True)"),
        ("@tf.function", ""),
        ("scale=1.0", "scale=2.0"),
        ("x + 1", "x + 2"),
        ("real, *rest", "real, rest"),
        ("return add(total)", "add(total)"),
    ],
)
def test_other_code_is_different(old: str, new: str) -> None:
    assert old in NOTEBOOK
    assert definitions(NOTEBOOK.replace(old, new, 1)) != definitions(PACKAGE)


def test_fields_of_a_class_count() -> None:
    one = "class Scaler:\n    '''Docs.'''\n    mean: float\n    scale: float = 1.0"
    assert definitions(one) == definitions(
        "class Scaler:\n    mean: int\n    scale = 1.0"
    )
    assert definitions(one) != definitions("class Scaler:\n    scale = 1.0")


def test_a_docstring_alone_is_an_empty_body() -> None:
    assert definitions("def f():\n    'Docs.'") == definitions("def f():\n    pass")
