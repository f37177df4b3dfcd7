"""Run the notebooks in JupyterLab in a real browser, as a reader does.

    pip install -e '.[test,browser]'      # and Chromium or Google Chrome
    python tests/browser/run_in_lab.py    # all notebooks, or name some
    python tests/browser/run_in_lab.py notebooks/01_data.ipynb --screenshots shots

Works on a copy of the notebooks, with JupyterLab's settings in a temporary folder, and
keeps the kernels off the network. Each notebook is opened as it is stored, then all of
its cells are run. The exit code is 1 if any cell fails without the tag
`raises-exception`, writes to stderr or is left out, any picture is broken or lacks alt
text, the page fails or anything is asked of another machine.
"""

import argparse
import contextlib
import json
import math
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.sync_api import Browser, Page, Request, WebSocket, sync_playwright

ROOT = Path(__file__).parents[2]
OFFLINE = ROOT / "tests" / "offline"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH = 1280
MAX_HEIGHT = 8_000  # higher pictures are hard to look at, and Chromium ends at 16,384
SETTINGS = {
    # Cells off the screen would not be in the page.
    "notebook-extension/tracker": {"windowingMode": "none"},
    # A pop-up would ask about news and hide part of the page.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}

READY = """
() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.sessionContext?.session?.kernel?.status === 'idle';
}
"""
START = """
() => {
    window.ranAll = false;
    jupyterapp.commands.execute('notebook:run-all-cells').finally(
        () => { window.ranAll = true; }
    );
}
"""
CELLS = """
() => Array.from(jupyterapp.shell.currentWidget.content.model.cells, cell => ({
    kind: cell.type,
    source: cell.sharedModel.source,
    tags: cell.getMetadata('tags') ?? [],
    number: cell.executionCount ?? null,
    outputs: cell.type === 'code' ? cell.outputs.toJSON() : [],
}))
"""
PICTURES = """
() => Array.from(
    jupyterapp.shell.currentWidget.node.querySelectorAll('.jp-OutputArea img'),
    picture => ({
        alt: (picture.getAttribute('alt') ?? '').trim(),
        drawn: picture.complete && picture.naturalWidth > 0,
    })
)
"""
LOADED = """
() => Array.from(
    jupyterapp.shell.currentWidget.node.querySelectorAll('img'),
).every(picture => picture.complete)
"""
# Where the last cell ends; below it JupyterLab leaves a page of empty space.
HEIGHT = """
() => {
    const panel = jupyterapp.shell.currentWidget.node;
    panel.querySelector('.jp-WindowedPanel-outer').scrollTop = 0;
    const cells = panel.querySelectorAll('.jp-Cell');
    return Math.ceil(cells[cells.length - 1].getBoundingClientRect().bottom) + 60;
}
"""
SCROLL = """
screens => {
    const panel = jupyterapp.shell.currentWidget.node;
    const notebook = panel.querySelector('.jp-WindowedPanel-outer');
    notebook.scrollTop = screens * notebook.clientHeight;
}
"""


@dataclass
class Report:
    """What happened to one notebook."""

    name: str
    seconds: float = 0.0
    cells: int = 0
    figures: int = 0
    described: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        line = (
            f"{'ok ' if not self.problems else 'BAD'} {self.name}: {self.cells} cells "
            f"in {self.seconds:.1f} s, {self.figures} figures, {self.described} with alt text"
        )
        return "\n".join([line, *(f"    {problem}" for problem in self.problems)])


def find_browser() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def jupyterlab(folder: Path, home: Path) -> Iterator[str]:
    """Serve a folder with all settings below `home`, and yield the address."""
    for name, setting in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(setting))
    port, token = free_port(), secrets.token_hex(16)
    environment = {
        **os.environ,
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(OFFLINE), os.environ.get("PYTHONPATH")])
        ),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0"),
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    log = home / "server.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            command, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(server, f"{address}/api?token={token}", log)
        yield f"{address}/doc/tree/{{}}?token={token}&reset"
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for(
    server: subprocess.Popen, address: str, log: Path, seconds: int = 60
) -> None:
    """Wait until the server answers; if it never does, show its log."""
    for _ in range(seconds * 5):
        if server.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.2)
    raise SystemExit(f"JupyterLab does not start. Its log:\n{log.read_text()}")


def run_notebook(
    browser: Browser, address: str, name: str, screenshots: Path | None, timeout: float
) -> Report:
    """Open one notebook, look at what it stores, run it and look again."""
    report = Report(name)
    page = browser.new_page(viewport={"width": WIDTH, "height": 900})
    page.set_default_timeout(timeout * 1000)
    page.on("request", lambda request: note_request(report, request))
    page.on("websocket", lambda sock: note_request(report, sock))
    page.on(
        "pageerror", lambda error: report.problems.append(f"The page fails: {error}")
    )
    try:
        page.goto(address.format(quote(name)))
        page.wait_for_function(READY)
        check_pictures(report, page, "As stored")

        start = time.perf_counter()
        page.evaluate(START)
        page.wait_for_function("() => window.ranAll")
        report.seconds = time.perf_counter() - start
        check_cells(report, page)
        check_pictures(report, page, "After the run")
        if screenshots:
            take_screenshots(page, screenshots / Path(name).stem)
        # Each kernel holds TensorFlow, so one must go before the next comes.
        page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    except Exception as error:  # the next notebook runs all the same
        report.problems.append(f"{type(error).__name__}: {error}".partition("\n")[0])
        if screenshots:
            page.screenshot(path=screenshots / f"{Path(name).stem}-failed.png")
    finally:
        page.close()
    return report


def note_request(report: Report, request: Request | WebSocket) -> None:
    url = urlsplit(request.url)
    if url.scheme in ("http", "https", "ws", "wss") and url.hostname != "127.0.0.1":
        report.problems.append(f"The page asks another machine: {request.url[:100]}")


def check_cells(report: Report, page: Page) -> None:
    """Count the code cells, and note the errors and warnings in their outputs."""
    for position, cell in enumerate(page.evaluate(CELLS), 1):
        if cell["kind"] != "code" or not cell["source"].strip():
            continue
        report.cells += 1
        where = (
            f'Cell {position} ("{cell["source"].strip().partition(chr(10))[0][:40]}")'
        )
        if cell["number"] != report.cells:
            report.problems.append(f"{where} did not run in its turn.")
        failed = False
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                failed = True
                if "raises-exception" not in cell["tags"]:
                    message = f"{output['ename']}: {output['evalue']}"[:200]
                    report.problems.append(f"{where} fails: {message}")
            text = "".join(output.get("text", "")).strip()
            # TensorFlow writes some of its warnings to stdout.
            if output.get("name") == "stderr" or "WARNING:" in text:
                report.problems.append(f"{where} shows a warning: {text[:200]}")
        if "raises-exception" in cell["tags"] and not failed:
            report.problems.append(f"{where} should fail, and does not.")


def check_pictures(report: Report, page: Page, when: str) -> None:
    """Compare the pictures on the page with the figures that the notebook holds."""
    page.wait_for_function(LOADED)
    pictures = page.evaluate(PICTURES)
    report.figures = sum(
        any(kind.startswith("image/") for kind in output.get("data", {}))
        for cell in page.evaluate(CELLS)
        for output in cell["outputs"]
    )
    report.described = sum(bool(picture["alt"]) for picture in pictures)
    if len(pictures) != report.figures:
        report.problems.append(
            f"{when} the page shows {len(pictures)} pictures of {report.figures} figures."
        )
    if report.described < len(pictures):
        missing = len(pictures) - report.described
        report.problems.append(f"{when} {missing} pictures have no alt text.")
    broken = sum(not picture["drawn"] for picture in pictures)
    if broken:
        report.problems.append(f"{when} {broken} pictures are broken.")


def take_screenshots(page: Page, stem: Path) -> None:
    """Make the window as high as the notebook, and save it; a long one in parts."""
    height = page.evaluate(HEIGHT)
    page.set_viewport_size({"width": WIDTH, "height": min(height, MAX_HEIGHT)})
    for part in range(math.ceil(height / MAX_HEIGHT)):
        page.evaluate(SCROLL, part)
        page.wait_for_timeout(500)  # until the page is laid out anew
        name = stem.name if height <= MAX_HEIGHT else f"{stem.name}-part{part + 1}"
        page.screenshot(path=stem.with_name(f"{name}.png"))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "notebooks",
        nargs="*",
        type=Path,
        default=sorted((ROOT / "notebooks").glob("*.ipynb")),
        help="notebooks of one folder (default: all of notebooks/)",
    )
    parser.add_argument("--chromium", default=find_browser(), metavar="PATH")
    parser.add_argument("--screenshots", type=Path, metavar="DIR")
    parser.add_argument("--timeout", type=float, default=300, help="seconds a notebook")
    arguments = parser.parse_args()
    notebooks: list[Path] = arguments.notebooks
    if not (arguments.chromium and shutil.which(arguments.chromium)):
        parser.error(
            "no Chromium or Chrome found; install one, or give --chromium PATH"
        )
    if missing := [str(path) for path in notebooks if not path.is_file()]:
        parser.error(f"no such notebook: {', '.join(missing)}")
    folders = {path.resolve().parent for path in notebooks}
    if len(folders) != 1:
        parser.error("give one or more notebooks, all of one folder")
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)

    failed = False
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory())
        home, copy = Path(temporary, "home"), Path(temporary, "notebooks")
        shutil.copytree(
            folders.pop(), copy, ignore=shutil.ignore_patterns(".ipynb_checkpoints")
        )
        home.mkdir()
        address = stack.enter_context(jupyterlab(copy, home))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=arguments.chromium,
            args=["--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        stack.callback(browser.close)
        for path in notebooks:
            report = run_notebook(
                browser, address, path.name, arguments.screenshots, arguments.timeout
            )
            print(report, flush=True)
            failed |= bool(report.problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
