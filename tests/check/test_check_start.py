"""The checks of notebook 00: stubs, plausible mistakes and solutions."""

from types import SimpleNamespace

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict

import gantutor as gt

X, y = gt.data.breast_cancer()
X_TRAIN, X_TEST, Y_TEST = gt.data.one_class_split(X, y, seed=0)


def anomaly_score(rows):
    return rows["mean concavity"].to_numpy()


def predict(rows):
    return np.where(anomaly_score(rows) > 0.1, -1, 1)


def fake(rows=X_TRAIN, rate=0.2):
    """A detector that scores by one column, fitted on some rows."""
    return SimpleNamespace(
        false_alarm_rate=rate,
        threshold_=0.1,
        calibration_scores_=np.sort(anomaly_score(rows)[::5]),
        anomaly_score=anomaly_score,
        predict=predict,
    )


ALARM = predict(X_TEST) == -1
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
        [(0.83,)],
        [
            ((2 / 12,), "benign row scores higher"),
            ((0.67,), "higher than every benign row"),
            ((1.0,), "lower than some benign ones"),
            ((10,), "a number of pairs"),
            ((0.714,), "the right side of some line"),
            ((0.9,), "one by one"),
            (("10/12",), "must be one number"),
        ],
    ),
    Case(
        "looser_threshold",
        (..., ...),
        [(fake(), MALIGNANT), (fake(), round(MALIGNANT, 2))],
        [
            ((fake(), ALARM[Y_TEST == 0].mean()), "benign rows"),
            ((fake(), 1 - MALIGNANT), "not reported"),
            ((fake(), ALARM.mean()), "all test rows"),
            ((fake(), Y_TEST[ALARM].mean()), "reported rows that are malignant"),
            ((fake(), MALIGNANT + 0.01), "another share"),
            ((fake(), 100 * MALIGNANT), "between 0 and 1"),
            ((fake(rate=0.1), MALIGNANT), "Two in ten"),
            ((fake(X_TEST), MALIGNANT), "not fitted on X_train"),
            ((fake(X_TEST[Y_TEST == 0]), MALIGNANT), "not fitted on X_train"),
            ((fake(X), MALIGNANT), "not fitted on X_train"),
            ((UNFITTED, MALIGNANT), "no threshold yet"),
            ((MALIGNANT, MALIGNANT), "the new detector itself"),
        ],
    ),
    Case(
        "share_among_top",
        (stub,),
        [(solution,)],
        [
            ((lowest,), "lowest"),
            ((count,), "Divide by k"),
            ((recall,), "number of all anomalies"),
            ((lambda s, y, k: solution(s, y, 10),), "always take ten"),
            ((lambda s, y, k: y[:k].mean(),), "as they come"),
            ((lambda s, y, k: 1 - solution(s, y, k),), "normal rows"),
            ((lambda s, y, k: solution(s, y, k + 1),), "you take k + 1 rows"),
            ((lambda s, y, k: count(s, y, k + 1) / k,), "sum over k + 1 rows"),
            ((lambda s, y, k: solution(s, y, k - 1),), "you take k - 1 rows"),
            ((lambda s, y, k: solution(s, y, 2 * k),), "it should be"),
            ((0.9,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


@pytest.mark.parametrize(
    ("rows", "says"),
    [(X_TRAIN, "Right: "), (X_TEST, "Not quite: the detector was not")],
)
def test_looser_threshold_knows_what_a_detector_of_the_package_has_learned(
    rows, says
) -> None:
    settings = {"n_steps": 2, "hidden": (4,), "random_state": 0}
    wgan = gt.detectors.WGAN(false_alarm_rate=0.2, **settings).fit(rows)
    share = (wgan.predict(X_TEST[Y_TEST == 1]) == -1).mean()
    assert verdict("looser_threshold", (wgan, share)).message.startswith(says)
