"""The checks of notebook 00: stubs, plausible mistakes and solutions."""

from types import SimpleNamespace

import numpy as np
import pytest
from check_cases import Case, prove, verdict

import gantutor as gt

X, y = gt.data.breast_cancer()
_, X_TEST, Y_TEST = gt.data.one_class_split(X, y, seed=0)


def predict(rows):
    return np.where(rows["mean concavity"] > 0.1, -1, 1)


ALARM = predict(X_TEST) == -1
LOOSE = SimpleNamespace(false_alarm_rate=0.2, threshold_=0.1, predict=predict)
STRICT = SimpleNamespace(false_alarm_rate=0.1, threshold_=0.1, predict=predict)
UNFITTED = SimpleNamespace(false_alarm_rate=0.2, predict=predict)
MALIGNANT = ALARM[Y_TEST == 1].mean()


def stub(scores, labels, k): ...


def solution(scores, labels, k):
    return labels[np.argsort(-scores)[:k]].mean()


def lowest(scores, labels, k):
    return labels[np.argsort(scores)[:k]].mean()


def count(scores, labels, k):
    return labels[np.argsort(-scores)[:k]].sum()


def recall(scores, labels, k):
    return labels[np.argsort(-scores)[:k]].sum() / labels.sum()


CASES = [
    Case(
        "auroc_by_hand",
        (...,),
        [(2 / 12,), (0.67,), (1.0,), (10,), (0.714,), (0.9,), ("10/12",)],
        (0.83,),
    ),
    Case(
        "looser_threshold",
        (..., ...),
        [
            (LOOSE, ALARM[Y_TEST == 0].mean()),
            (LOOSE, 1 - MALIGNANT),
            (LOOSE, 100 * MALIGNANT),
            (STRICT, MALIGNANT),
            (UNFITTED, MALIGNANT),
            (MALIGNANT, MALIGNANT),
        ],
        (LOOSE, MALIGNANT),
    ),
    Case(
        "share_among_top",
        (stub,),
        [(lowest,), (count,), (recall,), (0.9,)],
        (solution,),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_check(case: Case) -> None:
    prove(case)


def test_auroc_by_hand_says_more_than_the_hint() -> None:
    assert "one by one" in verdict("auroc_by_hand", (0.9,)).message


@pytest.mark.parametrize(
    ("share", "word"),
    [
        (ALARM[Y_TEST == 0].mean(), "benign rows"),
        (1 - MALIGNANT, "not reported"),
        (ALARM.mean(), "all test rows"),
        (Y_TEST[ALARM].mean(), "reported rows that are malignant"),
        (MALIGNANT + 0.01, "another share"),
        (round(MALIGNANT, 2), "Right"),
    ],
)
def test_looser_threshold_knows_which_share_it_gets(share, word) -> None:
    assert word in verdict("looser_threshold", (LOOSE, share)).message


def test_looser_threshold_takes_a_detector_of_the_package() -> None:
    X_train, _, _ = gt.data.one_class_split(X, y, seed=0)
    wgan = gt.detectors.WGAN(
        false_alarm_rate=0.2, n_steps=5, hidden=(4,), random_state=0
    ).fit(X_train)
    share = (wgan.predict(X_TEST[Y_TEST == 1]) == -1).mean()
    assert verdict("looser_threshold", (wgan, share))
    assert "another share" in verdict("looser_threshold", (wgan, 0.123)).message


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (lowest, "lowest"),
        (count, "Divide by k"),
        (recall, "number of all anomalies"),
        (lambda s, y, k: solution(s, y, 10), "always take ten"),
        (lambda s, y, k: y[:k].mean(), "as they come"),
        (lambda s, y, k: 1 - solution(s, y, k), "normal rows"),
        (lambda s, y, k: solution(s, y, k + 1), "it should be"),
    ],
)
def test_share_among_top_names_the_mistake(function, word) -> None:
    assert word in verdict("share_among_top", (function,)).message
