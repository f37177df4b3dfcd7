"""`python -m gantutor` says OK on a good machine, and what is wrong on another."""

import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

import gantutor as gt
from gantutor import __main__ as self_check


@pytest.fixture
def no_detection(monkeypatch):
    monkeypatch.setattr(self_check, "_check_detection", list)


def test_self_check_runs_as_a_module_within_a_minute():
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "gantutor"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "AUROC 0.9" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("OK, in ")
    assert time.perf_counter() - began < 60


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


def test_a_missing_package_is_a_problem(monkeypatch, capsys):
    def missing(name):
        if name == "scipy":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(self_check, "version", missing)
    assert self_check.main() == 1
    out = capsys.readouterr().out
    assert out.count("PROBLEM") == 1
    assert "PROBLEM: scipy is missing" in out


def test_another_python_is_a_problem(monkeypatch, capsys, no_detection):
    monkeypatch.setattr(self_check.sys, "version_info", (3, 10, 4, "final", 0))
    assert self_check.main() == 1
    assert "PROBLEM: Python 3.10.4 is not among" in capsys.readouterr().out


def test_a_detection_that_fails_is_a_problem(monkeypatch, capsys):
    class Blind:
        def __init__(self, random_state):
            pass

        def fit(self, X):
            return self

        def anomaly_score(self, X):
            return np.zeros(len(X))

    monkeypatch.setattr(gt.detectors, "WGAN", Blind)
    assert self_check.main() == 1
    assert "PROBLEM: The AUROC is 0.500; at least 0.8" in capsys.readouterr().out
