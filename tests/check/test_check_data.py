"""The checks of notebook 01: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
from sklearn.covariance import EmpiricalCovariance, LedoitWolf
from sklearn.metrics import roc_auc_score

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


def ruler_aurocs(
    level=1.0, seed=1, rows=20_000, draw="standard_normal", moved=0.0, keep=(1, 1)
):
    """The ruler on a rung with 0, 10, 30 and 90 more columns, with or without a mistake."""
    usual, odd = gt.data.ladder("shift", level, n_normal=rows, n_abnormal=rows)
    rng = np.random.default_rng(seed)
    aurocs = []
    for k in (0, 10, 30, 90):
        more = [part * getattr(rng, draw)((rows, k)) for part in keep]
        more[1] += moved
        wide = np.concatenate([np.hstack([usual, more[0]]), np.hstack([odd, more[1]])])
        labels = np.repeat([0, 1], rows)
        aurocs.append(roc_auc_score(labels, np.linalg.norm(wide, axis=1)))
    return aurocs


USELESS = ruler_aurocs()
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
        "useless_columns",
        (...,),
        [(USELESS,), (ruler_aurocs(rows=2000),)],
        [
            (([1 - auroc for auroc in USELESS],), "upside down"),
            (([USELESS[0]] * 4,), "nothing changes"),
            ((ruler_aurocs(moved=1.0),), "moved in your new columns"),
            ((ruler_aurocs(keep=(0, 1)),), "only the anomalies got"),
            ((ruler_aurocs(keep=(1, 0)),), "only the normal rows got"),
            ((ruler_aurocs(seed=0),), "the same seed"),
            ((ruler_aurocs(draw="random"),), "vary less"),
            ((ruler_aurocs(level=0.5),), "shift 0.5"),
            ((ruler_aurocs(level=1.5),), "shift 1.5"),
            ((USELESS[::-1],), "in the wrong order"),
            (([0.8, 0.82, 0.76, 0.68],), "with 0 useless columns"),
            (([0.88, 0.82, 0.76, 0.5],), "with 90 useless columns"),
            (([88, 82, 76, 68],), "between 0 and 1"),
            ((0.68,), "shape (4,)"),
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


def test_the_aurocs_that_the_ruler_is_praised_with_are_those_it_gets() -> None:
    normal, odd = gt.data.ladder("dependence", 0.9)
    rows = np.concatenate([normal[1000:], odd])
    labels = np.repeat([0, 1], [1000, len(odd)])
    ruler = roc_auc_score(labels, solution(normal[:1000], rows))
    length = roc_auc_score(labels, np.linalg.norm(rows, axis=1))
    said = verdict("covariance_ruler", (solution,)).message
    assert said.endswith(f"AUROC of {ruler:.2f}, and the plain ruler {length:.2f}.")
