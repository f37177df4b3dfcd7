"""How Sphinx makes web pages of the notebooks, the README and the docstrings.

`make site` and `make slides` prepare the sources (`pages.py`, `slides.py`) and then come
here. Nothing is run: the outputs are the ones stored in the notebooks. No page asks
another server for anything: formulas are turned into MathML, which browsers draw.
"""

import json
import re
import sys
from html import escape
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

import gantutor

sys.path.insert(0, str(Path(__file__).parent))  # for the function that is named below

project = "gantutor"
author = "The gantutor authors"
copyright = "2026, The gantutor authors"
release = version = gantutor.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_revealjs",
]

# Text and notebooks
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "html_image"]
highlight_language = "none"  # of text blocks that name none
myst_heading_anchors = 4
myst_heading_slug_func = "pages.anchor"

# The reference
default_role = "py:obj"
autodoc_typehints = "none"  # the docstrings say it in words
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# The look
html_theme = "furo"
html_title = "gantutor"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

# The slides
revealjs_static_path = ["static"]
revealjs_css_files = ["slides.css"]
revealjs_js_files = ["slides.js"]
revealjs_style_theme = "white"
revealjs_script_conf = {"width": 1280, "height": 720}  # as projectors have it
revealjs_script_plugins = [
    {"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"}
]


def mathml(latex: str, display: str) -> str:
    """A formula as MathML, with its source as the description."""
    drawn = convert(latex, display=display)
    return drawn.replace("<math ", f'<math alttext="{escape(latex)}" ', 1)


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line."""
    self.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on a line of its own."""
    self.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def offer_notebook(app: Sphinx, page: str, source: list[str]) -> None:
    """Below the title of a notebook, a link to the file itself."""
    if app.env.doc2path(page).suffix != ".ipynb":
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if "<img" in "".join(output.get("data", {}).get("text/html", "")):
                del output["data"]["image/png"]  # the same figure, without description
    first = notebook["cells"][0]
    title, _, rest = "".join(first["source"]).partition("\n")
    file = page.rpartition("/")[2] + ".ipynb"
    link = f"{{download}}`Download this notebook <{file}>`"
    first["source"] = f"{title}\n\n{link}\n{rest}"
    source[0] = json.dumps(notebook)


def only_ours(
    app: Sphinx, kind: str, name: str, member: object, skip: bool, options: object
) -> bool | None:
    """Leave out what a class inherits from other libraries."""
    return skip or not getattr(member, "__module__", "gantutor").startswith("gantutor")


def as_it_reads(
    app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Keep |x| and `threshold_` of a docstring from being taken for markup."""
    mark = re.compile(r"(`+[^`]*`+)|\||(?<=\w)_(?!\w)")
    for number, line in enumerate(lines):
        if not line.lstrip().startswith(">>> "):
            lines[number] = mark.sub(lambda m: m[1] or "\\" + m[0], line)


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the functions above."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("source-read", offer_notebook)
    app.connect("autodoc-skip-member", only_ours)
    app.connect("autodoc-process-docstring", as_it_reads, priority=900)
