"""The checks of notebook 04: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, prove, verdict
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


CASES = [
    Case(
        "where_the_generator_is",
        (..., ..., ...),
        [
            *[(far, 0.5, 0.76) for far in (0.76, 0.0, 0.5, 0.3)],
            *[(0.24, sideways, 0.76) for sideways in (0.76, 0.24, 0.4)],
            (0.24, 0.5, 1.0),
        ],
        (0.24, 0.5, 0.76),
    ),
    Case(
        "alarms_when_normal_moves",
        (...,),
        [(0.05,), (0.857,), (0.56,), (0.08,), (14.2,), ("more",)],
        (0.149,),
    ),
    Case(
        "discoveries",
        (stub,),
        [(uncorrected,), (bonferroni,), (stops_early,), (positions,), (0.05,)],
        (solution,),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_check(case: Case) -> None:
    prove(case)


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


@pytest.mark.parametrize("seed", range(3))
def test_alarms_when_normal_moves_takes_what_one_measures(seed) -> None:
    normal, _ = gt.data.ladder("shift", 1.0, n_normal=20_000, seed=seed)
    limit = gt.scoring.threshold(np.linalg.norm(normal[:2000], axis=1), 0.05)

    def alarms(rows):
        return (np.linalg.norm(rows, axis=1) > limit).mean()

    new = normal[2000:]
    for moved, word in [
        (new + 0.5, "Right"),
        (new, "what was promised"),
        (new + 0.5 * np.eye(10)[0], "what was promised"),
        (new + 1.0, "moved by 1"),
        (new + 0.3, "not what rows give"),
    ]:
        message = verdict("alarms_when_normal_moves", (alarms(moved),)).message
        assert word in message
    below = verdict("alarms_when_normal_moves", (1 - alarms(new + 0.5),))
    assert "below" in below.message


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (uncorrected, "each row by itself"),
        (bonferroni, "Bonferroni"),
        (stops_early, "you stop at the first"),
        (own_limit, "its own limit"),
        (in_sorted_order, "order of the sorted"),
        (lambda p, share: ~solution(p, share), "exchanged"),
        (strictly_below, "use <="),
        (positions, "One True or False for each row"),
        (forgets_the_empty_case, "none keeps its limit"),
        (lambda p, share: p[len(p)] <= share, "IndexError"),
        (lambda p, share: p, "must be True or False"),
        (lambda p, share: p < 0, "it should be"),
    ],
)
def test_discoveries_names_the_mistake(function, word) -> None:
    assert word in verdict("discoveries", (function,)).message


def test_discoveries_takes_numbers_and_lists_too() -> None:
    assert verdict("discoveries", (by_scipy,))
    assert verdict("discoveries", (lambda p, share: solution(p, share).astype(int),))
    assert verdict("discoveries", (lambda p, share: list(solution(p, share)),))
