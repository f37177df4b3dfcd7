"""The checks of notebook 14: stubs, plausible mistakes and solutions."""

import numpy as np
import pandas as pd
import pytest
from check_cases import Case, judged, tries, verdict
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

import gantutor as gt


def stub(found, false_alarms, base_rate): ...


def solution(found, false_alarms, base_rate):
    true = base_rate * found
    return true / (true + (1 - base_rate) * false_alarms)


def percent(found, false_alarms, base_rate):
    return 100 * solution(found, false_alarms, base_rate)


def without_base_rate(found, false_alarms, base_rate):
    return found / (found + false_alarms)


def of_all_rows(found, false_alarms, base_rate):
    return base_rate * found / (base_rate * found + false_alarms)


def false_share(found, false_alarms, base_rate):
    return 1 - solution(found, false_alarms, base_rate)


def f1(found, false_alarms, base_rate):
    precision = solution(found, false_alarms, base_rate)
    return 2 * precision * found / (precision + found)


CASES = [
    Case(
        "best_of_nine_looks",
        (...,),
        [(0.9,)],
        [
            ((0.5,), "mean of one look"),
            ((1.0,), "the best that could happen"),
            ((0.1,), "the worst of nine"),
            ((0.75,), "ten pieces"),
            ((8 / 9,), "one piece short"),
            ((0.89,), "one piece short"),
            ((0.91,), "ten pieces"),
            ((10 / 11,), "ten pieces"),
            ((0.8,), "ten pieces"),
            ((0.998,), "ten pieces"),
            ((0.926,), "that is the median"),
            ((np.full(9, 0.9),), "must be one number"),
            ((90,), "between 0 and 1"),
            (("high",), "must be one number"),
        ],
    ),
    Case(
        "first_neighbour_leak",
        (..., ...),
        [(0.926, 0.987), (0.93, 0.99)],
        [
            ((0.935, 0.936), "5th neighbour"),
            ((0.987, 0.926), "wrong order"),
            ((0.921, 0.985), "of one seed"),
            ((0.9199, 0.9831), "of one seed"),
            ((0.923, 0.985), "medians"),
            ((0.074, 0.013), "not its negative"),
            ((0.935, 0.987), "honest 0.935"),
            (([0.92, 0.92, 0.94, 0.93, 0.92], 0.987), "honest must be one number"),
            ((0.926, 1.0), "four in five"),
            ((0.95, 0.97), "honest 0.950"),
            ((0.926, 0.95), "leak 0.950"),
        ],
    ),
    Case(
        "share_of_true_alarms",
        (stub,),
        [(solution,)],
        [
            ((percent,), "percentage"),
            ((without_base_rate,), "base rate plays no part"),
            ((of_all_rows,), "for the anomalies only"),
            ((false_share,), "are false"),
            ((lambda found, false, rate: rate * found,), "Divide by"),
            ((f1,), "by hand"),
            ((lambda f, a, r: solution(f, r, a),), "you return 0.8081"),
            ((lambda f, a, r: r * f / ((1 - r) * a),), "you return 0.1616"),
            ((lambda f, a, r: r * f / (r * f + (1 - r) * (1 - a)),), "return 0.0084"),
            ((lambda f, a, r: f / (f + r * a),), "a share of their own"),
            ((lambda f, a, r: r * f + (1 - r) * a,), "that raise an alarm"),
            ((lambda f, a, r: f"{solution(f, a, r):.0%}",), "must be one number"),
            ((1,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_best_of_nine_is_what_chance_gives() -> None:
    looks = np.random.default_rng(0).random((20_000, 9))
    assert verdict("best_of_nine_looks", (looks.max(axis=1).mean(),))


def overlap(n_neighbors: int) -> list[tuple[float, float]]:
    """The AUROC of each seed, honest and with the leak, as the notebook computes it."""
    tumours, y = gt.data.breast_cancer()
    benign, odd = (tumours.iloc[y == kind, :10] for kind in (0, 1))
    n_test = len(benign) // 5
    pairs = []
    for seed in range(5):
        shuffle = np.random.default_rng(seed).permutation
        order, again = shuffle(len(benign)), shuffle(len(benign))
        detector = gt.evaluation.Baseline(
            NearestNeighbors(n_neighbors=n_neighbors),
            lambda fitted, rows: fitted.kneighbors(rows)[0][:, -1],
        ).fit(benign.iloc[order[n_test:]])
        labels = np.repeat([0, 1], [n_test, len(odd)])
        pairs.append(
            tuple(
                roc_auc_score(
                    labels,
                    detector.anomaly_score(pd.concat([benign.iloc[chosen], odd])),
                )
                for chosen in (order[:n_test], again[:n_test])
            )
        )
    return pairs


def test_the_numbers_that_first_neighbour_leak_knows_are_those_one_gets() -> None:
    first, fifth = overlap(1), overlap(5)
    assert verdict("first_neighbour_leak", tuple(np.mean(first, axis=0)))
    said = verdict("first_neighbour_leak", tuple(np.mean(fifth, axis=0))).message
    assert "5th neighbour" in said
    for seed in first:
        assert "of one seed" in verdict("first_neighbour_leak", seed).message
    said = verdict("first_neighbour_leak", tuple(np.median(first, axis=0))).message
    assert "medians" in said
