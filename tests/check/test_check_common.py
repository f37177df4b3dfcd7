"""What all checks share: patience, complaints in sentences, and one name each."""

from importlib import import_module

import numpy as np
import pytest

import gantutor as gt
from gantutor.check import MODULES, Verdict
from gantutor.check._common import (
    Answer,
    each,
    exercise,
    first_off,
    off,
    results,
    right,
    untouched,
)
from gantutor.check._reading import Off, call, number, numbers, refuse, share


@exercise
def doubled(function, start=1.0):
    """Judge a function that doubles."""
    if number(call(function, start)) != 2 * start:
        raise Off("two times the number is asked for.")
    return right("doubled.")


def test_a_verdict_shows_its_message_and_is_true_if_right() -> None:
    assert right("so it is.") and not off("look again.") and not untouched("go on.")
    assert repr(right("so it is.")) == str(right("so it is.")) == "Right: so it is."
    assert off("look again.").message == "Not quite: look again."
    assert untouched("go on.").message == "Not yet: go on."


def test_a_long_message_is_shown_in_lines_that_break_between_words() -> None:
    message = "Right: " + "precision-recall " * 20
    lines = repr(Verdict(True, message)).splitlines()
    assert len(lines) == 5 and max(map(len, lines)) <= 88
    assert " ".join(lines) == message.strip()


def test_a_check_keeps_the_name_and_docstring_of_its_judge() -> None:
    assert doubled.__name__ == "doubled"
    assert doubled.__doc__ == "Judge a function that doubles."


@pytest.mark.parametrize(
    "stub",
    [..., None, (..., 1), [1, [2, ...]], {"a": 1, "b": ...}, lambda x: ..., print],
)
def test_an_unfinished_answer_is_no_mistake(stub, capsys) -> None:
    assert doubled(stub).message.startswith("Not yet: ")
    assert doubled(function=stub).message.startswith("Not yet: ")


def test_a_function_that_returns_dots_is_not_asked_for_a_return_line() -> None:
    assert "still returns ..." in doubled(lambda x: (x, ...)).message
    assert "Give it a return line" in doubled(lambda x: None).message


@pytest.mark.parametrize("empty", [(), [], {}])
def test_an_empty_answer_is_an_answer(empty) -> None:
    assert doubled(empty).message.startswith("Not quite: a function is needed")


def test_right_and_wrong_answers() -> None:
    assert doubled(lambda x: 2 * x) == Verdict(True, "Right: doubled.")
    assert doubled(lambda x: x * x, start=3.0).message == (
        "Not quite: two times the number is asked for."
    )


def test_an_error_in_the_answer_is_described() -> None:
    said = doubled(lambda x: 1 / 0)
    assert not said and "raised ZeroDivisionError: division by zero" in said.message


def test_a_check_that_is_called_the_wrong_way_says_how_to_call_it() -> None:
    for wrong in (doubled(), doubled(1, 2, 3), doubled(1, stop=2)):
        assert "gt.check.doubled(function, start)" in wrong.message


def test_ending_a_kernel_is_not_swallowed() -> None:
    def interrupt(x: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        doubled(interrupt)


def test_a_function_that_changes_its_input_changes_a_copy() -> None:
    rows = np.ones(3)

    def spoil(x: np.ndarray) -> np.ndarray:
        x *= 0
        return x

    assert call(spoil, rows).sum() == 0 and rows.sum() == 3


def test_an_error_that_is_known_is_told_in_its_own_words() -> None:
    errors = {"for {0} rows, no.": "ValueError.*by 5$", "not this.": "ValueError"}

    def fail(n: int) -> float:
        raise ValueError(f"{n} rows\ncannot be divided by 5")

    with pytest.raises(Off, match=r"^for 3 rows, no\.$"):
        call(fail, 3, errors=errors)
    with pytest.raises(ZeroDivisionError):
        call(lambda n: n / 0, 3, errors=errors)


def test_the_first_complaint_that_is_true_ends_a_check() -> None:
    refuse({"a.": False, "b.": 0})
    with pytest.raises(Off, match=r"^b\.$"):
        refuse({"a.": False, "b.": np.bool_(True), "c.": True})


@pytest.mark.parametrize("given", [0.5, "0.5", np.float32(0.5), np.array([[0.5]])])
def test_one_number_in_many_forms(given) -> None:
    assert number(given) == share(given) == 0.5


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("given", ["half", [0.5, 0.5], [], print, {"a": 1}, np.nan])
def test_what_is_no_number(given) -> None:
    with pytest.raises(Off, match=r"the AUROC (must be one|is nan)"):
        number(given, "the AUROC")


def test_what_is_given_in_place_of_a_number_is_quoted_in_one_line() -> None:
    with pytest.raises(Off, match=r"^.{,120}ndarray") as complaint:
        number(np.linspace(0, 1, 800))
    assert "\n" not in str(complaint.value)


@pytest.mark.parametrize("given", [-0.01, 1.01, 90])
def test_what_is_no_share(given) -> None:
    with pytest.raises(Off, match=r"between 0 and 1: 90 % is 0\.9"):
        share(given)


def test_numbers_of_a_shape() -> None:
    assert numbers([[1, 2]], (1, 2)).dtype == float
    for given, complaint in [
        ([1, 2], r"shape \(2, 1\), and it has \(2,\)"),
        (["a", "b"], "must be numbers, and it is list"),
        ([[1], [2, 3]], "must be numbers"),
        ([[1], [np.inf]], "nan or infinity"),
    ]:
        with pytest.raises(Off, match=complaint):
            numbers(given, (2, 1))


def told(record, answer) -> str:
    with pytest.raises(Off) as complaint:
        record.judge(answer)
    return str(complaint.value)


RATE = Answer(
    value=0.9,
    within=0.01,
    mistakes={"a.": 0.8, "b.": 0.895, "c.": np.bool_(False)},
    near=0.006,
    otherwise="other.",
    right="so it is.",
)


@pytest.mark.parametrize("answer", [0.9, 0.909, 0.891 + 0.0085])
def test_an_answer_within_the_tolerance_is_right(answer) -> None:
    assert RATE.judge(answer) == Verdict(True, "Right: so it is.")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (0.804, "a."),
        (0.807, "other."),
        (0.894, "b."),
        (0.95, "other."),
        ([0.9], "other."),
    ],
)
def test_an_answer_is_told_its_mistake_or_the_rest(answer, words) -> None:
    assert told(RATE, answer) == words


def test_a_mistake_may_be_whether_it_has_been_made() -> None:
    assert told(Answer(mistakes={"no.": False, "yes.": np.bool_(True)}), 1.0) == "yes."


def test_without_a_value_all_is_right_that_makes_no_mistake() -> None:
    record = Answer(mistakes={"no.": 3.0}, right="fine.")
    assert record.judge(2.0)
    assert told(record, 3.0) == "no."


def test_an_array_is_compared_as_far_as_rounding_goes() -> None:
    record = Answer(
        value=[1.0, 2.0], mistakes={"squared.": [1.0, 4.0]}, otherwise="no."
    )
    assert record.judge(np.array([1.00001, 2.0], dtype="float32"))
    assert told(record, [1.0, 4.0001]) == "squared."
    assert told(record, [1.01, 2.0]) == "no."


def test_each_number_may_have_a_tolerance_of_its_own() -> None:
    record = Answer(value=[1.0, 2.0], within=[0.1, 0.001], otherwise="no.")
    assert record.judge([1.09, 2.0])
    assert told(record, [1.0, 2.09]) == "no."


def test_what_to_say_otherwise_may_be_made_of_what_is_found() -> None:
    assert told(Answer(value=1.0, otherwise=lambda x: f"not {x:g}."), 3.0) == "not 3."


def test_what_is_right_so_far_is_said_first() -> None:
    record = Answer(value=1, mistakes={"b.": 2}, otherwise="c.", so_far="a. ")
    assert (told(record, 2), told(record, 3)) == ("a. b.", "a. c.")


def test_several_answers_are_read_each_under_its_name() -> None:
    assert each(number, near=2, far="3").tolist() == [2.0, 3.0]
    with pytest.raises(Off, match="far must be one number"):
        each(number, near=2, far="three")


def test_the_results_of_a_function_are_one_number_for_each_input() -> None:
    assert results(lambda a, b: a + b, [(1, 2), (3, 4)]).tolist() == [3.0, 7.0]
    with pytest.raises(Off, match="the result must be one number"):
        results(lambda a: [a, a], [(1,)])


def test_the_place_of_the_first_number_that_is_off() -> None:
    assert first_off([1.0, 2.00001, 4.0, 5.0], [1, 2, 3, 4]) == 2
    assert first_off([1.0, 2.01, 4.0], [1, 2, 3]) == 1
    assert first_off([1.0, 2.0], [1, 2]) == 0


# All modules together


def test_each_check_has_one_name_and_a_docstring() -> None:
    seen: dict[str, str] = {"Verdict": "check"}
    for module in MODULES:
        names = import_module(f"gantutor.check.{module}").__all__
        for name in names:
            assert name not in seen, f"{module} and {seen[name]} both have {name}"
            assert name not in MODULES, f"{name} would hide the module of that name"
            seen[name] = module
            assert getattr(gt.check, name).__doc__, f"{name} has no docstring"
    assert sorted(seen) == dir(gt.check)


def test_an_unknown_check_is_answered_with_a_list() -> None:
    with pytest.raises(AttributeError, match=r"no check 'nosuch'.*Verdict"):
        gt.check.nosuch  # noqa: B018
