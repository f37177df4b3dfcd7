"""The checks of notebook 05: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
from scipy.stats import false_discovery_control

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
CALIBRATION = np.linalg.norm(USUAL[:2000], axis=1)
NEW = USUAL[2000:]


def alarms(rows, calibration=CALIBRATION):
    limit = gt.scoring.threshold(calibration, 0.05)
    return np.linalg.norm(rows, axis=1) > limit


RARE, HALF, RATE = 80 / 1079, 80 / 81, 80 / 99_900
MOVED = NEW + 0.5

CASES = [
    Case(
        "alarms_that_are_true",
        (..., ..., ...),
        [
            (RARE, HALF, RATE),
            (0.074, 0.988, 0.0008),
            (0.074, 0.99, 0.0008),
            (0.07, 0.99, 0.0008),
        ],
        [
            ((0.8, HALF, RATE), "share of the anomalies that are found"),
            ((0.99, HALF, RATE), "a share of the normal rows"),
            ((1 - RARE, HALF, RATE), "the other share"),
            ((80 / 999, HALF, RATE), "over the false ones"),
            ((0.08, HALF, RATE), "over the false ones"),
            ((0.09, HALF, RATE), "if all anomalies were found"),
            ((0.07, 0.074, RATE), "changes with the base rate"),
            ((100 / 1099, HALF, RATE), "if all anomalies were found"),
            ((HALF, HALF, RATE), "at half and half"),
            ((0.001, HALF, RATE), "what a coin gets"),
            ((0.2, HALF, RATE), "take 100,000 rows"),
            ((7.4, HALF, RATE), "between 0 and 1"),
            ((RARE, RARE, RATE), "changes with the base rate"),
            ((RARE, 0.8, RATE), "still the share of anomalies found"),
            ((RARE, 0.5, RATE), "no coin"),
            ((RARE, 0.9, RATE), "count the alarms of both"),
            ((RARE, HALF, 0.5), "how many are these"),
            ((RARE, HALF, 0.001), "if all 100 anomalies were found"),
            ((RARE, HALF, 0.005), "six false alarms"),
            ((RARE, HALF, 0.0004), "80 are true alarms"),
        ],
    ),
    Case(
        "alarms_when_normal_moves",
        (...,),
        [
            (alarms(MOVED),),
            (list(alarms(MOVED)),),
            (alarms(MOVED).astype(int),),
            (gt.scoring.p_values(CALIBRATION, np.linalg.norm(MOVED, axis=1)) <= 0.05,),
        ],
        [
            ((0.15,), "is one number"),
            ((alarms(MOVED).mean(),), "is one number"),
            ((alarms(USUAL + 0.5),), "calibration rows are among them"),
            ((MOVED,), "must have the shape (18000,)"),
            ((np.flatnonzero(alarms(MOVED)),), "must have the shape (18000,)"),
            ((np.linalg.norm(MOVED, axis=1),), "no decisions"),
            ((np.where(alarms(MOVED), -1, 1),), "the -1 and +1 of predict"),
            ((np.where(alarms(MOVED), -1.0, 1.0),), "True for an alarm"),
            ((alarms(MOVED) * 2,), "values such as 2."),
            ((np.linspace(-1, 1, 18_000),), "values such as -1.0."),
            ((alarms(NEW),), "have not moved"),
            ((~alarms(MOVED),), "exchanged"),
            ((alarms(NEW + 0.5 * np.eye(10)[0]),), "only one column"),
            ((alarms(NEW + 1.0),), "moved by 1"),
            ((alarms(NEW - 0.5),), "moved by -0.5"),
            (
                (alarms(MOVED, np.linalg.norm(USUAL[:2000] + 0.5, axis=1)),),
                "rows that have moved too",
            ),
            ((alarms(MOVED, np.linalg.norm(MOVED, axis=1)),), "that it judges"),
            (
                (alarms(MOVED, np.linalg.norm(MOVED[:2000], axis=1)),),
                "first 2000 of the moved rows",
            ),
            ((alarms(NEW + 0.3),), "it should be"),
            ((np.random.default_rng(0).random(18_000) < 0.149,), "it should be"),
            ((np.array(["yes"] * 18_000),), "no decisions"),
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
            ((in_sorted_order,), "the right number of alarms, for the wrong rows"),
            ((lambda p, share: np.sort(p) <= limits(p, share),), "Also, each rank"),
            ((lambda p, share: stops_early(np.sort(p), share),), "Also, you stop"),
            (
                (lambda p, share: solution(p, share)[::-1],),
                "number, for the wrong rows",
            ),
            ((lambda p, share: ~solution(p, share),), "exchanged"),
            ((strictly_below,), "use <="),
            ((positions,), "One True or False for each row"),
            ((forgets_the_empty_case,), "none keeps its limit"),
            ((lambda p, share: p[len(p)] <= share,), "raised IndexError"),
            ((lambda p, share: p,), "must be True or False"),
            ((lambda p, share: p < 0,), "it should be"),
            ((lambda p, share: solution(p, 0.1),), "the share 0.050 you raise 2"),
            ((0.05,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_two_precisions_and_the_rate_are_those_one_counts() -> None:
    def alarms_of(n_anomalies, n_normal, rate):
        return np.array([0.8 * n_anomalies, rate * n_normal])

    rare, half = alarms_of(100, 99_900, 0.01), alarms_of(100, 100, 0.01)
    wanted = alarms_of(100, 99_900, RATE)
    assert wanted[0] == pytest.approx(wanted[1])
    answer = rare[0] / rare.sum(), half[0] / half.sum(), RATE
    assert verdict("alarms_that_are_true", answer)


def test_the_alarms_that_the_rule_is_praised_with_are_those_it_raises() -> None:
    usual, odd = gt.data.ladder("shift", 2.0, n_normal=20_000, n_abnormal=100)
    scores = np.linalg.norm(np.concatenate([usual, odd]), axis=1)
    p = gt.scoring.p_values(scores[:10_000], scores[10_000:])
    said = verdict("discoveries", (solution,)).message
    for chosen in (p <= 0.05, solution(p, 0.1)):
        false = chosen[:10_000].sum() / chosen.sum()
        assert f"reports {chosen.sum()}, of which {false:.0%}" in said
