"""Limits of parameters, one threshold for all, and what a house in rooms promises."""

import ast
import inspect
import math
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gantutor as gt
from gantutor import one_class
from gantutor.one_class import (
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    SHARE_OR_ZERO,
    WHOLE,
    Choice,
    Interval,
    OneClass,
    Widths,
    check_parameters,
    limit_of,
)

gt.setup()

DETECTORS = [
    value
    for name in gt.detectors.__all__
    if (value := getattr(gt.detectors, name)) is not gt.detectors.Detector
]


# limits


@pytest.mark.parametrize(
    ("limit", "allowed", "refused", "words"),
    [
        (WHOLE, [1, np.int64(7)], [0, -1, 1.0, True, "1", None], "whole .* least 1"),
        (POSITIVE, [1e-9, 3, np.float32(2)], [0, -1, math.inf, True], "above 0"),
        (NOT_NEGATIVE, [0, 0.0, 5], [-1e-9, math.nan, False], "of at least 0"),
        (SHARE, [0.1, 0.999], [0, 1, math.nan, "0.5"], "between 0 and 1"),
        (SHARE_OR_ZERO, [0, 0.5], [1, -0.1], "between 0 and 1"),
        (Interval(2, 5), [3, 4.9], [2, 5], "between 2 and 5"),
        (
            Widths(),
            [(64,), [1, 2], (np.int64(3),)],
            [(), 8, "64", (0,), (1.0,), (8,) * 101, {8}],
            r"a sequence of widths, such as \(64, 64\)",
        ),
        (
            Choice("a", "b", None),
            ["a", None],
            ["c", 0, ["a"]],
            '"a", "b" or None',
        ),
        (Choice(True, False), [True, np.False_], ["yes", 2, None], "True or False"),
    ],
)
def test_a_limit_says_what_it_allows(limit, allowed, refused, words):
    assert all(limit.allows(value) for value in allowed)
    for value in refused:
        with pytest.raises(ValueError, match=f"rate is .*; it must be .*{words}"):
            one_class.check_value("rate", value, limit)


@pytest.mark.parametrize(
    ("hint", "limit"),
    [
        (Annotated[int, WHOLE], WHOLE),
        (Annotated[int | None, WHOLE], WHOLE),
        (Annotated[int, WHOLE] | None, WHOLE),
        (int, None),
        (int | None, None),
        (str, None),
    ],
)
def test_the_limit_of_a_parameter_stands_beside_its_type(hint, limit):
    assert limit_of(hint) is limit


def test_choices_and_truths_are_limits_themselves():
    assert limit_of(Literal["a", "b"] | None).choices == ("a", "b")
    assert limit_of(bool).choices == limit_of(bool | np.bool_).choices == (True, False)


WITHOUT = {"random_state", "verbose", "members"}  # scikit-learn's, and what has its own


@pytest.mark.parametrize("kind", DETECTORS)
def test_each_parameter_that_is_a_number_or_a_choice_has_a_limit(kind):
    """And it is written down once: the field is the parameter, its default and its limit."""
    signature = inspect.signature(kind)
    parameters = {p.name: p for p in signature.parameters.values()}
    assert list(parameters) == [field.name for field in fields(kind)]
    assert sorted(parameters) == kind._get_param_names()
    hints = inspect.get_annotations(kind.__init__, eval_str=True)
    for field in fields(kind):
        assert field.default is not MISSING
        assert parameters[field.name].default is field.default
        assert getattr(kind(), field.name) is field.default
        only = parameters[field.name].kind is inspect.Parameter.KEYWORD_ONLY
        assert only == (field.name != "members")
        network = "keras" in str(hints[field.name]).lower()
        if field.name not in WITHOUT and not network:
            assert limit_of(hints[field.name]) is not None, field.name
            wrong = kind(**{field.name: "no such value"})
            with pytest.raises(ValueError, match=f"^{field.name} is 'no such value'"):
                check_parameters(wrong)
    check_parameters(kind())
    with pytest.raises(TypeError, match="unexpected keyword"):
        kind(no_such_parameter=1)


# one threshold for all


class Scored(OneClass):
    """The least that has a threshold."""

    def __init__(self, false_alarm_rate=0.1):
        self.false_alarm_rate = false_alarm_rate

    def fit(self, X, y=None):
        self._set_threshold(self.anomaly_score(X))
        return self

    def anomaly_score(self, X):
        return np.asarray(X, dtype=float)[:, 0]


def column(*values) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=30),
    st.lists(st.integers(-10, 10), min_size=1, max_size=9),
    st.sampled_from([0.05, 0.2, 0.5]),
)
def test_all_answers_follow_from_the_calibration_scores(calibration, scores, rate):
    detector, X = Scored(rate).fit(column(*calibration)), column(*scores)
    limit = gt.scoring.threshold(calibration, rate)
    assert detector.threshold_ == limit == -detector.offset_
    np.testing.assert_array_equal(detector.score_samples(X), -X[:, 0])
    np.testing.assert_array_equal(detector.decision_function(X), limit - X[:, 0])
    np.testing.assert_array_equal(detector.predict(X) == -1, X[:, 0] > limit)
    by_hand = gt.scoring.p_values(calibration, scores)
    np.testing.assert_array_equal(detector.p_value(X), by_hand)


def test_another_rate_moves_the_threshold_or_is_asked_for():
    detector = Scored().fit(column(*range(100)))
    first = detector.threshold_
    detector.set_params(false_alarm_rate=0.5)
    with pytest.raises(ValueError, match=r"Call set_false_alarm_rate\(0.5\)"):
        detector.predict(column(1))
    assert detector.set_false_alarm_rate(0.5) is detector
    assert detector.threshold_ == 50 < first == 90
    with pytest.raises(ValueError, match="false_alarm_rate is 2; it must be"):
        detector.set_false_alarm_rate(2)
    assert detector.threshold_ == 50 and detector.false_alarm_rate == 0.5


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_no_numbers_make_no_threshold(value):
    with pytest.raises(FloatingPointError, match="calibration rows became infinite"):
        Scored().fit(column(1, value))


# the house in rooms

PACKAGE = Path(gt.__file__).parent
FRONT = {"__main__", "cli"}  # command lines import TensorFlow once they know what to do


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def imported(node: ast.stmt) -> set[str]:
    """The package's own modules that an import names; the package itself is ''."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        assert not isinstance(node, ast.ImportFrom), "relative imports are not used"
        return set()
    found = set()
    for name in names:
        first, _, rest = name.partition(".")
        if first == "gantutor":
            while rest and rest not in MODULES:
                rest = rest.rpartition(".")[0]
            found.add(rest)
    return found


def imports(name: str) -> tuple[set[str], set[str]]:
    """What a module imports at its top, and inside its functions; types are no matter."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    inside = {
        found
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        for found in imported(node)
    }
    everywhere = {found for node in ast.walk(tree) for found in imported(node)}
    return everywhere - inside, inside


def test_modules_are_imported_at_the_top():
    inside = {name for name in MODULES if imports(name)[1]}
    assert inside <= FRONT


def test_imports_run_one_way():
    above = {name: imports(name)[0] - {name} for name in MODULES if name not in FRONT}
    assert {"rows", "detectors.graphs"} <= above[
        "detectors.base"
    ]  # so it does see them
    assert "detectors.wgan" in above["detectors"]
    while above:
        floor = {name for name, below in above.items() if not below & set(above)}
        assert floor, f"each of these imports another one of them: {sorted(above)}"
        above = {name: below for name, below in above.items() if name not in floor}


OTHER_BACKEND = """
import runpy, sys
import gantutor as gt
for use in (gt.setup, lambda: gt.detectors, lambda: gt.load):
    try:
        use()
    except ImportError as error:
        print(error)
sys.argv = ["gantutor"]
runpy.run_module("gantutor", run_name="__main__")
"""


def test_another_backend_of_keras_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    done = subprocess.run(
        [sys.executable, "-c", OTHER_BACKEND],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    sentence = lines[0]
    assert lines[:3] == [sentence] * 3
    for word in ("KERAS_BACKEND is 'jax'", "needs Keras on TensorFlow", "unset"):
        assert word in sentence
    assert f"PROBLEM: {sentence}" in lines and "OK" not in lines[-1]
