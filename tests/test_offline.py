"""No test and no notebook reaches another machine, and both stay able to run."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

ROOT = Path(__file__).parent.parent
SENTENCE = "Tests run without a network, but this code tried to reach {}"
# Addresses that are kept free for documents, so nobody answers if a guard fails.
ELSEWHERE = "192.0.2.1"
ELSEWHERE_6 = "2001:db8::1"


def send_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"hello", (ELSEWHERE, 80))


def send_datagram_in_parts() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendmsg([b"hel", b"lo"], [], 0, (ELSEWHERE, 80))


def connect_quietly() -> None:
    with socket.socket() as sock:
        sock.settimeout(1)
        sock.connect_ex((ELSEWHERE, 80))


def connect_by_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.settimeout(1)
        sock.connect((ELSEWHERE_6, 80))


@pytest.mark.parametrize(
    ("reach", "target"),
    [
        (lambda: socket.create_connection((ELSEWHERE, 80), 1), f"{ELSEWHERE}, port 80"),
        (connect_by_ipv6, f"{ELSEWHERE_6}, port 80"),
        (connect_quietly, f"{ELSEWHERE}, port 80"),
        (send_datagram, f"{ELSEWHERE}, port 80"),
        pytest.param(
            send_datagram_in_parts,
            f"{ELSEWHERE}, port 80",
            marks=pytest.mark.skipif(os.name == "nt", reason="no sendmsg on Windows"),
        ),
        (lambda: socket.getaddrinfo("example.org", 80), "example.org"),
        (lambda: socket.gethostbyname("example.org"), "example.org"),
        (lambda: asyncio.run(asyncio.open_connection(ELSEWHERE, 80)), ELSEWHERE),
    ],
)
def test_this_process_is_offline(reach: Callable[[], object], target: str) -> None:
    with pytest.raises(RuntimeError, match=SENTENCE.format(target)):
        reach()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", ""])
def test_this_machine_may_be_reached(host: str) -> None:
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    try:
        server = socket.create_server((host or "127.0.0.1", 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with server, socket.socket(family) as client:
        client.connect((host, server.getsockname()[1]))


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets in files here")
def test_sockets_in_files_may_be_reached(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may have about 100 characters
    with (
        socket.socket(socket.AF_UNIX) as server,
        socket.socket(socket.AF_UNIX) as client,
    ):
        server.bind("socket")
        server.listen()
        client.connect("socket")


def python(code: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a new Python that looks in our PYTHONPATH, then in these folders."""
    entries = [os.environ["PYTHONPATH"], *map(str, folders)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entries)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


CONNECT = f"import socket; socket.create_connection(({ELSEWHERE!r}, 80), 1)"


def test_child_processes_are_offline() -> None:
    result = python(CONNECT)
    assert result.returncode == 1
    assert SENTENCE.format(ELSEWHERE) in result.stderr


def test_another_sitecustomize_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine too')")
    result = python(CONNECT, tmp_path)
    assert result.stdout == "mine too\n"
    assert SENTENCE.format(ELSEWHERE) in result.stderr


def test_the_guard_makes_no_noise() -> None:
    result = python("print('hello')")
    assert (result.stdout, result.stderr) == ("hello\n", "")


def test_kernels_are_offline_when_one_notebook_is_tested(tmp_path: Path) -> None:
    """Run `pytest notebooks/one.ipynb` in a small copy of this repository."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copytree(ROOT / "tests" / "offline", tmp_path / "tests" / "offline")
    source = f"""\
import socket
try:
    socket.create_connection(({ELSEWHERE!r}, 80), 1)
except RuntimeError as error:
    print(str(error).partition(",")[0])"""
    expected = SENTENCE.format("").partition(",")[0] + "\n"
    shown = new_output("stream", name="stdout", text=expected)
    cell = new_code_cell(source, execution_count=1, outputs=[shown])
    notebook = tmp_path / "notebooks" / "one.ipynb"
    notebook.write_text(nbformat.v4.writes(nbformat.v4.new_notebook(cells=[cell])))

    without_guard = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", notebook],
        cwd=tmp_path,
        env=without_guard,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in result.stdout, result.stdout
