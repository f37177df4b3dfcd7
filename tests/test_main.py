"""`python -m gantutor` says OK on a good machine, and what is wrong on another."""

import runpy
import sys
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

import gantutor as gt
from gantutor import __main__ as self_check


@pytest.fixture
def no_detection(monkeypatch):
    monkeypatch.setattr(self_check, "_check_detection", list)


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
