"""The checks of notebook 04: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
from scipy.stats import false_discovery_control
from sklearn.metrics import roc_auc_score

import gantutor as gt


def stub(p, share): ...


def solution(p, share):
    order = np.argsort(p)
    passed = p[order] <= share * np.arange(1, len(p) + 1) / len(p)
    n_alarms = np.flatnonzero(passed)[-1] + 1 if passed.any() else 0
    alarms = np.zeros(len(p), bool)
    alarms[order[:n_alarms]] = True
    return alarms


def by_scipy(p, share):
    return false_discovery_control(p) <= share


def uncorrected(p, share):
    return p <= share


def bonferroni(p, share):
    return p <= share / len(p)


def limits(p, share):
    return share * np.arange(1, len(p) + 1) / len(p)


def stops_early(p, share):
    alarms, order = np.zeros(len(p), bool), np.argsort(p)
    for i, limit in zip(order, limits(p, share), strict=True):
        if p[i] > limit:
            break
        alarms[i] = True
    return alarms


def own_limit(p, share):
    alarms, order = np.zeros(len(p), bool), np.argsort(p)
    alarms[order] = p[order] <= limits(p, share)
    return alarms


def in_sorted_order(p, share):
    return np.arange(len(p)) < solution(p, share).sum()


def strictly_below(p, share):
    passed = np.sort(p) < limits(p, share)
    return p <= (np.sort(p)[passed].max() if passed.any() else -1)


def forgets_the_empty_case(p, share):
    last = np.flatnonzero(np.sort(p) <= limits(p, share))[-1]
    return p <= np.sort(p)[last]


def positions(p, share):
    return np.flatnonzero(solution(p, share))


USUAL, _ = gt.data.ladder("shift", 1.0, n_normal=20_000)
NEW = USUAL[2000:]


def alarms(rows):
    limit = gt.scoring.threshold(np.linalg.norm(USUAL[:2000], axis=1), 0.05)
    return (np.linalg.norm(rows, axis=1) > limit).mean()


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
        "alarms_when_normal_moves",
        (...,),
        [(alarms(NEW + 0.5),), (0.149,)],
        [
            ((0.15,), "0.15 is near, as a good guess is"),
            ((0.1423,), "what the formula gives"),
            ((alarms(USUAL + 0.5),), "usual[2000:] alone"),
            ((alarms(NEW),), "what was promised"),
            ((alarms(NEW + 0.5 * np.eye(10)[0]),), "what was promised"),
            ((alarms(NEW + 1.0),), "moved by 1"),
            ((alarms(NEW + 0.3),), "not what rows give"),
            ((1 - alarms(NEW + 0.5),), "below"),
            ((14.2,), "between 0 and 1"),
            (("more",), "must be one number"),
        ],
    ),
    Case(
        "discoveries",
        (stub,),
        [
            (solution,),
            (by_scipy,),
            (lambda p, share: solution(p, share).astype(int),),
            (lambda p, share: list(solution(p, share)),),
        ],
        [
            ((uncorrected,), "each row by itself"),
            ((bonferroni,), "Bonferroni"),
            ((stops_early,), "you stop at the first"),
            ((own_limit,), "its own limit"),
            ((in_sorted_order,), "order of the sorted"),
            ((lambda p, share: ~solution(p, share),), "exchanged"),
            ((strictly_below,), "use <="),
            ((positions,), "One True or False for each row"),
            ((forgets_the_empty_case,), "none keeps its limit"),
            ((lambda p, share: p[len(p)] <= share,), "raised IndexError"),
            ((lambda p, share: p,), "must be True or False"),
            ((lambda p, share: p < 0,), "it should be"),
            ((0.05,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


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
