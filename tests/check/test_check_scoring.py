"""The checks of notebook 04: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
from sklearn.metrics import roc_auc_score

import gantutor as gt

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
