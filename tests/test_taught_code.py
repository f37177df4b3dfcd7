"""What a notebook writes out and the package offers under one name is the same code."""

import ast
from pathlib import Path

import nbformat

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODULES = [
    path
    for path in sorted((ROOT / "gantutor").rglob("*.py"))
    if "check" not in path.relative_to(ROOT).parts
]

# What the notebooks write out before later ones import it.
TAUGHT = {
    *("script_data", "one_class_split", "dense_network", "conv_network"),
    *("discriminator_loss", "generator_loss", "minimax_generator_loss"),
    *("gan_step", "compile_block"),
    *("discriminator_score", "threshold", "p_values"),
    *("fence_discriminator_loss", "fence_generator_loss", "fence_gan_step"),
    *("critic_loss", "wasserstein_generator_loss", "gradient_penalty", "wgan_step"),
    *("fit_gaussian", "mahalanobis_score"),
    *("descend", "latent_search"),
    *("izi_step", "ziz_step"),
    *("bigan_step", "alad_step", "ganomaly_step"),
    *("windows", "point_scores", "z_normalised", "matrix_profile"),
    *("calibration_blocks", "two_part_score", "runs", "near_events", "alarm_counts"),
    *("best_f1", "point_adjusted"),
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


def cells() -> list[str]:
    """Return the code cells of all notebooks, read as text: TensorFlow loads slowly."""
    return [
        cell.source
        for path in NOTEBOOKS
        for cell in nbformat.v4.reads(path.read_text(encoding="utf-8")).cells
        if cell.cell_type == "code"
    ]


def test_taught_code_is_the_code_of_the_package_and_taught_once() -> None:
    package: dict[str, list[str]] = {}
    for path in MODULES:
        for name, code in definitions(path.read_text(encoding="utf-8")).items():
            package.setdefault(name, []).append(code)
    taught = [
        (name, code)
        for cell in cells()
        for name, code in definitions(cell).items()
        if name in package
    ]
    assert sorted(name for name, _ in taught) == sorted(TAUGHT)
    differ = [code for name, code in taught if code not in package[name]]
    assert not differ, "the package has these otherwise:\n" + "\n\n".join(differ)


def test_only_docstrings_annotations_and_layout_may_differ() -> None:
    one = "def f(x: int) -> int:\n    'Docs.'\n    y: int = x  # why\n    return y"
    assert definitions(one) == definitions("def f(x):\n    y = x\n\n    return (y)")
    assert definitions(one) != definitions("def f(x):\n    y = x\n    return -y")
