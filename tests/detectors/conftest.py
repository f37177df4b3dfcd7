"""Fixtures for the tests of detectors."""

from collections import OrderedDict

import pytest
from detector_cases import PlainLoop

from gantutor import training
from gantutor.detectors import graphs


@pytest.fixture
def nothing_kept(monkeypatch):
    """No graphs of earlier tests, and none left for later ones."""
    monkeypatch.setattr(graphs, "_workshops", OrderedDict())


@pytest.fixture
def not_compiled(monkeypatch, nothing_kept):
    monkeypatch.setattr(training, "compile_block", PlainLoop)
