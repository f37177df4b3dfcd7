"""`python -m gantutor` says OK on a good machine, and what is wrong on another."""

import ast
import os
import runpy
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest

import gantutor as gt
from gantutor import __main__ as self_check
from gantutor import startup

CALL = subprocess.call


@pytest.fixture
def no_detection(monkeypatch):
    monkeypatch.setattr(self_check, "_check_in_own_process", list)


def ended_with(monkeypatch, code: str) -> list[str]:
    """What the check says of a detection whose process runs this code instead."""
    with monkeypatch.context() as patch:
        instead = lambda command: CALL([*command[:-1], code])  # noqa: E731
        patch.setattr(self_check.subprocess, "call", instead)
        return list(self_check._check_in_own_process())


def test_self_check_runs_as_a_module_and_makes_a_detection(monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["gantutor"])
    monkeypatch.delitem(sys.modules, "gantutor.__main__")  # imported above
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("gantutor", run_name="__main__")
    done = capfd.readouterr()
    assert (ended.value.code, done.err) == (0, "")
    assert "AUROC 0.9" in done.out
    assert done.out.splitlines()[-1].startswith("OK, in ")


def test_self_check_lists_the_versions_of_this_environment(capsys, no_detection):
    assert self_check.main() == 0
    out = capsys.readouterr().out
    assert "OK, in 0 s." in out
    assert f"tensorflow    {version('tensorflow')}" in out
    assert "PROBLEM" not in out


def test_a_package_that_is_too_old_is_a_problem(monkeypatch, capsys):
    monkeypatch.setattr(self_check, "version", lambda name: "0.1")
    assert self_check.main() == 1
    out = capsys.readouterr().out
    assert "PROBLEM: numpy is 0.1, needed is >=2.1." in out
    assert "README.md" in out
    assert "OK" not in out


def without(*missing):
    def find(name):
        if name in missing:
            raise PackageNotFoundError(name)
        return version(name)

    return find


def test_a_missing_package_is_a_problem(monkeypatch, capsys):
    monkeypatch.setattr(self_check, "version", without("scipy"))
    assert self_check.main() == 1
    out = capsys.readouterr().out
    assert out.count("PROBLEM") == 1
    assert "PROBLEM: scipy is missing" in out


def test_tensorflow_without_graphics_cards_will_do(monkeypatch, capsys, no_detection):
    def light(name):
        if name == "tensorflow-cpu":
            return version("tensorflow")
        return without("tensorflow")(name)

    monkeypatch.setattr(self_check, "version", light)
    assert self_check.main() == 0
    monkeypatch.setattr(self_check, "version", without("tensorflow", "tensorflow-cpu"))
    assert self_check.main() == 1
    assert "PROBLEM: tensorflow is missing" in capsys.readouterr().out


def test_another_environment_is_a_problem(monkeypatch, capsys):
    def nothing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(self_check, "requires", nothing)
    assert self_check.main() == 1
    out = capsys.readouterr().out
    assert f"PROBLEM: gantutor is not installed for {sys.executable}." in out


def test_another_python_is_a_problem(monkeypatch, capsys):
    monkeypatch.setattr(self_check.sys, "version_info", (3, 10, 4, "final", 0))
    assert self_check.main() == 1
    out = capsys.readouterr().out
    assert "PROBLEM: Python 3.10.4 is not among" in out
    assert "numpy" not in out  # nothing of what an old Python may lack is looked at


@pytest.mark.parametrize("name", ["__init__", "__main__", "startup"])
def test_an_old_python_can_read_what_tells_it_that_it_is_old(name):
    source = Path(startup.__file__).with_name(f"{name}.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 9))


def test_another_backend_is_a_problem(monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert self_check.main() == 1
    assert "PROBLEM: The environment variable KERAS_BACKEND is 'jax'" in (
        capsys.readouterr().out
    )


def test_a_processor_without_avx_is_a_problem(monkeypatch, capsys, tmp_path):
    listed = tmp_path / "cpuinfo"
    listed.write_text("model name\t: old\nflags\t\t: fpu sse4_2 avxless\n")
    monkeypatch.setattr(startup, "CPU_INFO", listed)
    monkeypatch.setattr(startup.platform, "machine", lambda: "x86_64")
    assert self_check.main() == 1
    assert "PROBLEM: This processor lacks AVX" in capsys.readouterr().out


def test_a_folder_for_temporary_files_that_is_full_is_a_problem(monkeypatch, capsys):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(self_check.tempfile, "TemporaryFile", full)
    assert self_check.main() == 1
    out = capsys.readouterr().out
    assert "PROBLEM: No temporary file can be written ([Errno 28] No space left" in out
    assert "TMPDIR" in out


def test_a_home_without_room_for_jupyterlab_is_a_problem(monkeypatch, capsys, tmp_path):
    occupied = tmp_path / "occupied"
    occupied.write_text("a file where a folder is needed")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(occupied / "runtime"))
    assert self_check.main() == 1
    assert "PROBLEM: JupyterLab cannot write to its folder" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("signal", "said"),
    [("SIGILL", "lacks AVX"), ("SIGABRT", "lacks AVX"), ("SIGKILL", "memory ran out")],
)
def test_a_process_that_was_ended_is_a_problem(monkeypatch, signal, said):
    end = f"import os, signal; os.kill(os.getpid(), signal.{signal})"
    (problem,) = ended_with(monkeypatch, end)
    assert said in problem


def test_other_ends_of_the_process_are_problems(monkeypatch):
    assert ended_with(monkeypatch, "pass") == []
    assert "message is above" in ended_with(monkeypatch, "import no_such_module")[0]
    assert "status 3" in ended_with(monkeypatch, "import os; os._exit(3)")[0]


def test_a_detection_that_fails_is_a_problem(monkeypatch, capsys):
    class Blind:
        def __init__(self, random_state):
            pass

        def fit(self, X):
            return self

        def anomaly_score(self, X):
            return np.zeros(len(X))

    monkeypatch.setattr(gt.detectors, "WGAN", Blind)
    assert self_check.detect() == 1
    assert "The AUROC is 0.500; at least 0.8" in capsys.readouterr().out
