"""The web pages that `make site` builds: whole, linked, described, and asking nobody."""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

import gantutor

ROOT = Path(__file__).parents[1]
NOTEBOOKS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted(ROOT.glob("notebooks/**/[0-9]*.ipynb"))
]
LESSONS = [name for name in NOTEBOOKS if "solutions" not in name]
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)
MODULES = sorted(set(re.findall(r"``(\w+)``", gantutor.__doc__)))
PUBLIC = re.compile(r"^(?:def|class) ([A-Za-z]\w*)", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "pages.py"), str(folder)],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "html"


@functools.cache
def page(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@functools.cache
def places(path: Path) -> set[str]:
    return {str(tag["id"]) for tag in page(path).find_all(id=True)}


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def page_of(site: Path, notebook: str) -> BeautifulSoup:
    return page((site / notebook).with_suffix(".html"))


def cells(notebook: str) -> list[dict]:
    return json.loads((ROOT / notebook).read_text("utf-8"))["cells"]


def addresses(html: BeautifulSoup) -> list[str]:
    """What a page loads or leads to."""
    found = [
        tag[name] for name in ("href", "src") for tag in html.find_all(**{name: True})
    ]
    return [str(address) for address in found]


# What there is


def test_the_readme_lists_every_notebook_in_its_order():
    listed = re.findall(
        r"^\| \[.*?\]\((notebooks/\w+\.ipynb)\)",
        (ROOT / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert listed == LESSONS


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_each_notebook_has_a_page_with_all_its_headings(site, notebook):
    text = "".join(
        "".join(cell["source"]) + "\n"
        for cell in cells(notebook)
        if cell["cell_type"] == "markdown"
    )
    headings = re.findall(r"^#+ ", CODE.sub("", text), re.MULTILINE)
    body = page_of(site, notebook).find("article")
    assert len(body.find_all(re.compile("^h[1-6]$"))) == len(headings)


def test_the_side_bar_has_the_parts_of_the_readme(site):
    parts = re.findall(
        r"^\| \*(Part .*?)\* \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(parts) == 4
    bar = page_of(site, LESSONS[0]).find(class_="sidebar-tree")
    assert [c.text for c in bar.find_all(class_="caption")][:4] == parts


def test_next_leads_through_the_series(site):
    page_of_index = page(site / "index.html")
    following = [page_of_index, *(page_of(site, name) for name in LESSONS)]
    for html, notebook in zip(following, LESSONS, strict=False):
        assert Path(html.find(class_="next-page")["href"]).stem == Path(notebook).stem


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_each_notebook_can_be_downloaded_as_it_is(site, notebook):
    link = page_of(site, notebook).find("a", class_="download")
    file = (site / notebook).parent / link["href"]
    assert file.read_bytes() == (ROOT / notebook).read_bytes()


def test_the_front_page_is_the_readmes_first_screen(site):
    readme = (ROOT / "README.md").read_text("utf-8")
    front = page(site / "index.html").find("article")
    assert front.h1.text.rstrip("¶#") == readme.partition("\n")[0].removeprefix("# ")
    (cell, shown) = re.findall(r"```(?:python)?\n(.*?)```", readme, re.DOTALL)[:2]
    assert [block.text.strip() for block in front.find_all("pre")] == [
        cell.strip(),
        shown.strip(),
    ]
    assert front.img["src"].endswith("scores.png")


def test_the_rest_of_the_readme_is_a_page(site):
    readme = (ROOT / "README.md").read_text("utf-8")
    headings = re.findall(r"^## (.*)$", readme, re.MULTILINE)
    shown = [h.contents[0].text for h in page(site / "use.html").find("article")("h2")]
    assert shown == headings[1:]


@pytest.mark.parametrize("module", MODULES)
def test_each_public_function_and_class_is_described(site, module):
    path = ROOT / "gantutor" / module
    files = sorted(path.glob("[a-z]*.py")) or [path.with_suffix(".py")]
    ids = {tag["id"] for tag in page(site / f"reference/{module}.html")(id=True)}
    public = {
        ".".join([*file.relative_to(ROOT).with_suffix("").parts, name])
        for file in files
        for name in PUBLIC.findall(file.read_text("utf-8"))
    }
    assert public - ids == set()


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Lay out the sources of a small repository, and return their folder."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import pages

    texts = {
        "README.md": "# G\n\n## The whole path in one cell\n\n## Use\n\n"
        "| *Part 1, a* |\n| [01](notebooks/01_a.ipynb) |\n",
        "CONTRIBUTING.md": "[R](README.md) [D](docs) [L](LICENSE) "
        "[S](notebooks/solutions)",
        "docs/teaching.md": "[C](../CONTRIBUTING.md)",
        "benchmarks/RESULTS.md": "# Results",
        "notebooks/solutions/01_a.ipynb": "{}",
        "LICENSE": "Free.",
    }
    for name, text in texts.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.setattr(pages, "ROOT", tmp_path / "repository")
    pages.prepare(tmp_path / "source")
    return tmp_path / "source"


def test_texts_for_teachers_and_contributors_become_pages(sources):
    index = (sources / "index.md").read_text("utf-8")
    assert "CONTRIBUTING.md\ndocs/teaching.md\n" in index
    assert (sources / "docs/teaching.md").read_text(
        "utf-8"
    ) == "[C](../CONTRIBUTING.md)\n"


def test_links_to_the_readme_and_to_folders_follow_their_pages(sources):
    assert (sources / "CONTRIBUTING.md").read_text("utf-8") == (
        "[R](/index.md) D [L](LICENSE) [S](/notebooks/solutions/index.md)\n"
    )


def test_a_linked_file_without_a_page_comes_along(sources):
    assert (sources / "LICENSE").is_file()


# Where it leads


def test_links_inside_lead_to_a_page_and_a_place_on_it(site):
    wrong = []
    for path in pages(site):
        for address in addresses(page(path)):
            url = urlsplit(address)
            if url.scheme or not (url.path or url.fragment):
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not target.is_file() or (
                target.suffix == ".html"
                and url.fragment
                and unquote(url.fragment) not in places(target)
            ):
                wrong.append((path.name, address))
    assert wrong == []


def test_no_page_asks_another_server_for_anything(site):
    asked = [
        (path.name, tag.name, address)
        for path in pages(site)
        for tag in page(path).find_all(loads_something)
        for address in (tag.get("src") or tag.get("href") or tag.get("data"),)
        if urlsplit(str(address)).netloc
    ]
    assert asked == []


def loads_something(tag: Tag) -> bool:
    return tag.name in ("script", "link", "img", "iframe", "object", "embed", "source")


@pytest.mark.parametrize("suffix", ["css", "js"])
def test_no_style_and_no_script_names_another_server(site, suffix):
    pattern = {
        "css": r"(?:url\(|@import)\s*[\"']?(?:https?:)?//",
        "js": r"(?:fetch|import|open)\s*\(\s*[\"'](?:https?:)?//|src\s*=\s*[\"'](?:https?:)?//",
    }[suffix]
    named = [
        path.name
        for path in site.rglob(f"*.{suffix}")
        if re.search(pattern, path.read_text("utf-8"))
    ]
    assert named == []


# What it shows


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_each_formula_is_drawn(site, notebook):
    texts = [
        "".join(c["source"]) for c in cells(notebook) if c["cell_type"] == "markdown"
    ]
    formulas = [f for text in texts for f in FORMULA.findall(CODE.sub("", text))]
    body = page_of(site, notebook).find("article")
    assert len(body.find_all("math")) == len(formulas)
    assert [math for math in body.find_all("math") if not math.find(True)] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_each_figure_keeps_its_description(site, notebook):
    described = [
        "".join(output["data"]["text/plain"])
        for cell in cells(notebook)
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    images = page_of(site, notebook).find("article").find_all("img")
    assert [image["alt"] for image in images] == described


def test_each_picture_has_a_description(site):
    bare = [
        path.name for path in pages(site) for i in page(path)("img") if not i.get("alt")
    ]
    assert bare == []
