"""Read the built pages in a real browser, as a reader does.

    pip install -e '.[test,browser]'      # and Chromium or Google Chrome
    make site slides
    python tests/browser/read_site.py     # docs/_build/html
    python tests/browser/read_site.py docs/_build/slides --screenshots shots

The pages are served on this machine. Each is opened in light and dark and at the width of
a phone; a deck of slides is opened as for print, which lays all slides out. The exit code is 1 if any page logs an error, asks another machine for anything,
misses a file or needs to be scrolled sideways; if a picture lacks its description, a
formula is not drawn, or axe-core finds a barrier, such as too little contrast; if the
search does not find a lesson, or if the keyboard does not reach the next page.
"""

import argparse
import contextlib
import functools
import shutil
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from run_in_lab import ROOT, find_browser

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
# What axe-core looks for. The rules but contrast do not depend on the colours.
RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "dark": ["color-contrast"],
}

STILL = "* { transition: none !important; }"  # no colour on its way to another
UNFOLD = "() => document.querySelectorAll('details').forEach(d => { d.open = true; })"
BAD_PICTURES = """
() => Array.from(document.images).filter(
    img => !img.alt.trim() || !(img.complete && img.naturalWidth)
).map(img => `${img.alt.slice(0, 40)}: ${img.src.slice(0, 60)}`)
"""
BAD_FORMULAS = """
() => Array.from(document.querySelectorAll('math')).filter(math => {
    const box = math.getBoundingClientRect();
    return !(box.width && box.height);
}).map(math => math.getAttribute('alttext'))
"""
TOO_WIDE = "() => document.documentElement.scrollWidth > innerWidth"


class Handler(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine, and yield the address."""
    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def watch(page: Page, problems: list[str]) -> None:
    """Note from now on what the page logs, asks for and misses."""

    def request(address: str) -> None:
        url = urlsplit(address)
        if url.scheme in ("http", "https", "ws", "wss") and url.hostname != "127.0.0.1":
            problems.append(f"asks another machine: {address[:100]}")

    page.on("request", lambda r: request(r.url))
    page.on("websocket", lambda s: request(s.url))
    page.on("pageerror", lambda error: problems.append(f"fails: {error}"))
    page.on(
        "console",
        lambda m: problems.append(f"logs: {m.text}") if m.type == "error" else None,
    )
    page.on(
        "response",
        lambda r: problems.append(f"misses {r.url}") if r.status >= 400 else None,
    )


def read(page: Page, address: str) -> Iterator[str]:
    """Open one page, and yield what is wrong with it."""
    page.set_viewport_size(DESK)
    page.goto(address)
    page.add_style_tag(content=STILL)
    page.evaluate(UNFOLD)
    for mode, rules in RULES.items():
        page.emulate_media(color_scheme=mode)
        options = {"runOnly": rules, "resultTypes": ["violations"], "preload": False}
        for violation in Axe().run(page, options=options).response["violations"]:
            places = [node["html"][:80] for node in violation["nodes"]]
            yield (
                f"{mode}: {violation['id']}: {violation['help']}, "
                f"{len(places)} times, first {places[0]!r}"
            )
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    if page.evaluate(TOO_WIDE):
        yield "wider than a phone"
    if page.locator(".reveal").count():
        page.goto(f"{address}?print-pdf")
        page.locator(".pdf-page").first.wait_for()
    for picture in page.evaluate(BAD_PICTURES):
        yield f"picture broken or without description: {picture}"
    for formula in page.evaluate(BAD_FORMULAS):
        yield f"formula not drawn: {formula}"


def search(page: Page, address: str) -> Iterator[str]:
    """The search box finds the lesson about latent search."""
    page.goto(address)
    page.get_by_role("textbox", name="Search").fill("latent search")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li a")
    found.first.wait_for()
    if not any("08_anogan.html" in str(a.get_attribute("href")) for a in found.all()):
        yield "the search for latent search does not find notebook 08"


def keyboard(page: Page, address: str) -> Iterator[str]:
    """Tab and Enter alone lead from a lesson to the next."""
    page.goto(f"{address}notebooks/00_start_here.html")
    focused = "() => document.activeElement.matches('.next-page')"
    for _ in range(300):
        page.keyboard.press("Tab")
        if page.evaluate(focused):
            page.keyboard.press("Enter")
            page.wait_for_url("**/01_data.html")
            return
    yield "the keyboard does not reach the next page"


def take_screenshots(
    browser: Browser, address: str, names: list[str], to: Path
) -> None:
    """Take pictures of pages: light, dark, and at the width of a phone."""
    to.mkdir(parents=True, exist_ok=True)
    looks = {
        "light": ("light", DESK),
        "dark": ("dark", DESK),
        "phone": ("light", PHONE),
    }
    for name in names:
        for look, (mode, size) in looks.items():
            page = browser.new_page(viewport=size, color_scheme=mode)
            page.goto(address + name)
            stem = name.removesuffix(".html").replace("/", "_")
            page.screenshot(path=to / f"{stem}-{look}.png")
            page.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "folder", nargs="?", type=Path, default=ROOT / "docs" / "_build" / "html"
    )
    parser.add_argument("--chromium", default=find_browser(), metavar="PATH")
    parser.add_argument("--screenshots", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    if not (arguments.chromium and shutil.which(arguments.chromium)):
        parser.error(
            "no Chromium or Chrome found; install one, or give --chromium PATH"
        )
    if not (folder / "index.html").is_file():
        parser.error(f"{folder} has no index.html; run make site")
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*.html"))]
    names = [path.as_posix() for path in paths if path.parts[0] != "_static"]
    failed = 0
    with served(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=arguments.chromium,
            args=["--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        noted: list[str] = []
        watch(page, noted)
        tasks = {name: functools.partial(read, page, address + name) for name in names}
        if "search.html" in names:
            tasks["search"] = functools.partial(search, page, address)
            tasks["keyboard"] = functools.partial(keyboard, page, address)
        for name, task in tasks.items():
            problems = [*task(), *noted]
            noted.clear()
            failed += bool(problems)
            print("BAD" if problems else "ok ", name, flush=True)
            for problem in dict.fromkeys(problems):
                print(f"    {problem}")
        if arguments.screenshots:
            take_screenshots(browser, address, names, arguments.screenshots)
        browser.close()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
