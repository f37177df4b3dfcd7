"""Fixtures for the tests of detectors."""

import functools
from collections import OrderedDict

import keras
import pytest
from detector_cases import CLASSES, IMAGES, ROWS, PlainLoop, tiny

from gantutor import training
from gantutor.detectors import graphs

AS_USUAL = training.compile_block, graphs._workshops


def compiled(detector, rows):
    """Fitted as usual, also where the first test that asks does not compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "compile_block", AS_USUAL[0])
        patch.setattr(graphs, "_workshops", AS_USUAL[1])
        return detector.fit(rows)


@pytest.fixture(scope="session", autouse=True)
def graphs_are_kept():
    """A graph is compiled once for all tests, and not for each dozen of detectors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphs, "WORKSHOPS_KEPT", 60)
        yield


@pytest.fixture
def nothing_kept(monkeypatch):
    """No graphs of earlier tests, and none left for later ones."""
    monkeypatch.setattr(graphs, "_workshops", OrderedDict())


@pytest.fixture
def not_compiled(monkeypatch, nothing_kept):
    monkeypatch.setattr(training, "compile_block", PlainLoop)


@pytest.fixture(scope="session")
def plain_workshops():
    return OrderedDict()


@pytest.fixture
def without_graphs(monkeypatch, plain_workshops):
    """Like `not_compiled`, but networks and scores are kept from test to test."""
    monkeypatch.setattr(training, "compile_block", PlainLoop)
    monkeypatch.setattr(graphs, "_workshops", plain_workshops)


@pytest.fixture
def keras_types():
    """Sets Keras' global types until the end of the test."""

    def choose(floats, policy):
        keras.config.set_floatx(floats)
        keras.config.set_dtype_policy(policy)

    yield choose
    choose("float32", "float32")


@pytest.fixture(scope="session")
def fitted_of():
    """A detector of a class, fitted on ROWS once. Tests leave it as it is."""
    return functools.cache(lambda kind: compiled(tiny(kind), ROWS))


@pytest.fixture(scope="session", params=CLASSES, ids=lambda c: c.__name__)
def fitted(request, fitted_of):
    """A detector fitted on ROWS. Tests leave it as it is."""
    return fitted_of(request.param)


@pytest.fixture(scope="session", params=CLASSES, ids=lambda c: c.__name__)
def fitted_images(request):
    """A detector fitted on IMAGES. Tests leave it as it is."""
    return compiled(tiny(request.param, hidden=(4, 4)), IMAGES)
