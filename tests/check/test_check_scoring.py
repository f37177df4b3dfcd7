"""The checks of notebook 04: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
from scipy.stats import multivariate_normal
from sklearn.covariance import EmpiricalCovariance
from sklearn.metrics import roc_auc_score

import gantutor as gt

FRESH, _ = gt.data.script_data(n_normal=2000, seed=1)
_, ABNORMAL = gt.data.script_data(seed=0)
ROWS = np.concatenate([FRESH, ABNORMAL])
LABELS = np.repeat([0, 1], [len(FRESH), len(ABNORMAL)])


def first_m(covariance, wanted=0.5):
    """The answer to the second exercise as a reader finds it."""
    log_p = multivariate_normal(np.zeros(10)).logpdf(ROWS)
    for m in np.arange(0, 3, 0.01):
        log_q = multivariate_normal(np.full(10, m), covariance).logpdf(ROWS)
        if roc_auc_score(LABELS, log_q - log_p) >= wanted:
            return m
    raise AssertionError


TURNS = first_m(0.36)


def stub(known, new): ...


def solution(known, new, squared=False, inverse=np.linalg.inv):
    d = new - known.mean(axis=0)
    squares = (d @ inverse(np.cov(known.T)) * d).sum(axis=1)
    return squares if squared else np.sqrt(squares)


def by_scikit_learn(known, new):
    return np.sqrt(EmpiricalCovariance().fit(known).mahalanobis(new))


def euclid(known, new):
    return np.linalg.norm(new - known.mean(axis=0), axis=1)


def each_by_itself(known, new):
    return euclid(known / known.std(axis=0), new / known.std(axis=0))


def mixed(known, new):
    d = new - known.mean(axis=0)
    return np.sqrt((d @ np.linalg.inv(np.cov(new.T)) * d).sum(axis=1))


def rows_for_columns(known, new):
    assert len(known) <= 400, "the covariance of the rows takes minutes"
    d = new - known.mean(axis=0)
    return np.sqrt((d @ np.linalg.pinv(np.cov(known)) * d).sum(axis=1))


def squares_by_scikit_learn(known, new):
    return EmpiricalCovariance().fit(known).mahalanobis(new)


CASES = [
    Case(
        "where_the_generator_is",
        (..., ..., ...),
        [(0.24, 0.5, 0.76)],
        [
            ((0.76, 0.5, 0.76), "order of every pair"),
            ((0.0, 0.5, 0.76), "mirror image"),
            ((0.5, 0.5, 0.76), "does not vanish"),
            ((0.3, 0.5, 0.76), "if the score is negated"),
            ((0.24, 0.76, 0.76), "The two columns cancel"),
            ((0.24, 0.24, 0.76), "cancels what the first one says"),
            ((0.24, 0.4, 0.76), "0.3 x1 - 0.3 x2"),
            ((0.24, 0.5, 1.0), "3 x1 instead of 0.3 x1"),
        ],
    ),
    Case(
        "where_a_narrow_generator_turns",
        (...,),
        [(TURNS,), (1.58,), (1.6,)],
        [
            ((-TURNS,), "away from the anomalies"),
            ((0,), "It has to move"),
            ((first_m(0.6),), "you have taken s"),
            ((first_m(0.81),), "the width 0.9"),
            ((TURNS * 10**0.5,), "in each column"),
            ((TURNS * 10,), "in each column"),
            ((first_m(0.36, 0.99),), "It turns earlier"),
            ((TURNS + 0.05,), "steps of 0.01"),
            ((1.57,), "steps of 0.01"),
            ((1.61,), "steps of 0.01"),
            ((1.3,), "not near 0.5"),
            (("far",), "must be one number"),
        ],
    ),
    Case(
        "feature_distance",
        (stub,),
        [
            (solution,),
            (by_scikit_learn,),
            (lambda known, new: solution(known, new, inverse=np.linalg.pinv),),
            (lambda known, new: list(solution(known, new)),),
        ],
        [
            ((lambda known, new: solution(known, new, squared=True),), "Take the root"),
            ((lambda k, n: solution(k, n, inverse=np.asarray),), "its inverse"),
            ((squares_by_scikit_learn,), "Take the root"),
            ((rows_for_columns,), "np.cov takes rows for columns"),
            ((euclid,), "plain distance"),
            ((each_by_itself,), "which features move together"),
            ((lambda k, n: solution(k - k.mean(0) + n.mean(0), n),), "rows beside it"),
            ((lambda known, new: solution(new, new),), "those of the new rows"),
            ((mixed,), "Take both from the known rows"),
            ((lambda k, n: solution(k - k.mean(0), n),), "do not subtract"),
            ((lambda known, new: -solution(known, new),), "sign is turned round"),
            ((lambda known, new: solution(new, known),), "must have the shape (30,)"),
            ((lambda known, new: 2 * solution(known, new),), "they should be"),
            ((lambda known, new: 1.02 * solution(known, new),), "they should be"),
            ((0.5,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_turning_point_is_the_first_m_of_the_grid() -> None:
    found = verdict("where_a_narrow_generator_turns", (1.58,))
    assert found.message.startswith(f"Right: {TURNS:.2f} in each column")


def test_the_three_aurocs_are_those_of_the_formula() -> None:
    usual, odd = gt.data.ladder("shift", 1.0, n_normal=20_000, n_abnormal=20_000)
    rows = np.concatenate([usual, odd])
    labels = np.repeat([0, 1], [len(usual), len(odd)])
    found = []
    for m in ((0.3, 0.0), (-0.3, 0.0), (0.3, -0.3), (3.0, 0.0)):
        m = np.pad(m, (0, 8))
        found.append(roc_auc_score(labels, rows @ m - 0.5 * m @ m))
    assert abs(found[0] - 0.76) < 0.01
    assert verdict("where_the_generator_is", tuple(found[1:]))


def test_the_auroc_of_untrained_features_is_as_the_check_says() -> None:
    normal, _ = gt.data.script_data(seed=0)
    weights = np.random.default_rng(0).normal(size=(10, 16))
    known, new = (np.maximum(rows @ weights, 0) for rows in (normal, ROWS))
    auroc = roc_auc_score(LABELS, solution(known, new))
    said = verdict("feature_distance", (solution,)).message
    assert f"give it an AUROC of {auroc:.3f} on the script's data" in said
