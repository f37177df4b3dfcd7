"""The checks of notebook 01: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
from sklearn.covariance import EmpiricalCovariance, LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

import gantutor as gt


def stub(train, rows): ...


def solution(train, rows):
    difference = rows - train.mean(axis=0)
    inverse = np.linalg.inv(np.cov(train, rowvar=False))
    return np.sqrt((difference @ inverse * difference).sum(axis=1))


def squared(train, rows):
    return solution(train, rows) ** 2


def by_scikit_learn(train, rows):
    return np.sqrt(EmpiricalCovariance().fit(train).mahalanobis(rows))


def shrunk(train, rows):
    return np.sqrt(LedoitWolf().fit(train).mahalanobis(rows))


def plain(train, rows):
    return np.linalg.norm(rows - train.mean(axis=0), axis=1)


def without_correlations(train, rows):
    return np.linalg.norm(
        (rows - train.mean(axis=0)) / train.std(axis=0, ddof=1), axis=1
    )


def all_pairs(train, rows):
    difference = rows - train.mean(axis=0)
    return difference @ np.linalg.inv(np.cov(train, rowvar=False)) @ difference.T


def of_the_scored_rows(train, rows):
    return solution(rows, rows)


def covariance_of_the_scored_rows(train, rows):
    difference = rows - train.mean(axis=0)
    inverse = np.linalg.inv(np.cov(rows, rowvar=False))
    return np.sqrt((difference @ inverse * difference).sum(axis=1))


def not_inverted(train, rows):
    difference = rows - train.mean(axis=0)
    covariance = np.cov(train, rowvar=False)
    return np.sqrt((difference @ covariance * difference).sum(axis=1))


def rows_for_columns(train, rows):
    difference = rows - train.mean(axis=0)
    inverse = np.linalg.pinv(np.cov(train))
    return np.sqrt((difference @ inverse * difference).sum(axis=1))


def inverted_rows_for_columns(train, rows):
    difference = rows - train.mean(axis=0)
    inverse = np.linalg.inv(np.zeros((60, 60)) + np.cov(train)[:1, :1])
    return np.sqrt((difference @ inverse * difference).sum(axis=1))


CASES = [
    Case(
        "auroc_with_wrong_labels",
        (...,),
        [(0.9,)],
        [
            ((0.8,), "as lost"),
            ((1.0,), "if the labels were right"),
            ((0.5,), "from the 20 rows alone"),
            ((0.1,), "wrong order"),
            ((0.95,), "two groups"),
            ((90,), "between 0 and 1"),
            (("high",), "must be one number"),
        ],
    ),
    Case(
        "leak_without_harm",
        (..., ...),
        [(0.9648, 0.9648)],
        [
            ((0.955, 0.919), "5th-neighbour distance"),
            ((0.954, 0.939), "LedoitWolf"),
            ((0.964, 0.919), "plain distance"),
            ((0.965, 0.94), "changes the mean by -0.025"),
            ((0.035, 0.035), "below a coin"),
            ((0.93, 0.93), "no_leak is 0.930"),
        ],
    ),
    Case(
        "covariance_ruler",
        (stub,),
        [(solution,), (by_scikit_learn,)],
        [
            ((squared,), "square"),
            ((plain,), "plain ruler"),
            ((lambda train, rows: -solution(train, rows),), "go up"),
            ((without_correlations,), "not their correlations"),
            ((covariance_of_the_scored_rows,), "covariance of the rows being scored"),
            (
                (of_the_scored_rows,),
                "mean and covariance are those of the rows being scored",
            ),
            (
                (lambda train, rows: solution(train, rows + train.mean(axis=0)),),
                "not subtracted",
            ),
            ((not_inverted,), "inverse"),
            ((all_pairs,), "diagonal"),
            ((rows_for_columns,), "rowvar=False"),
            ((inverted_rows_for_columns,), "rowvar=False"),
            ((lambda train, rows: solution(train, rows).mean(),), "shape (30,)"),
            ((shrunk,), "by hand"),
            ((1.5,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def mean_aurocs(detector) -> tuple[float, float]:
    X, y = gt.data.breast_cancer()
    aurocs = []
    for seed in range(10):
        train, test, labels = gt.data.one_class_split(X, y, seed=seed)
        for rows in (train, X):
            scaler = StandardScaler().fit(rows)
            scores = detector(scaler.transform(train), scaler.transform(test))
            aurocs.append(roc_auc_score(labels, scores))
    return np.mean(aurocs[::2]), np.mean(aurocs[1::2])


@pytest.mark.parametrize(
    ("detector", "word"),
    [(shrunk, "LedoitWolf"), (plain, "plain distance"), (squared, "Right")],
)
def test_the_numbers_that_leak_without_harm_knows_are_those_one_gets(
    detector, word
) -> None:
    assert word in verdict("leak_without_harm", mean_aurocs(detector)).message
