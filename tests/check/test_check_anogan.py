"""The checks of notebook 08: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
from sklearn.metrics import roc_auc_score

import gantutor as gt


def stub(score, rows): ...


def solution(score, rows):
    alone = np.concatenate([score(rows[i : i + 1]) for i in range(len(rows))])
    return not np.allclose(score(rows), alone, rtol=1e-4)


def half_and_half(score, rows):
    n = len(rows) // 2
    apart = np.concatenate([score(rows[:n]), score(rows[n:])])
    return bool(np.abs(score(rows) - apart).max() > 1e-4)


def means(score, rows):
    alone = [score(rows[i : i + 1])[0] for i in range(len(rows))]
    return not np.isclose(score(rows).mean(), np.mean(alone))


def each_with_the_next(score, rows):
    pairs = [rows[i : i + 2] for i in range(len(rows))]
    return any(not np.isclose(score(p[:1])[0], score(p)[0]) for p in pairs)


def in_words(score, rows):
    return "yes" if solution(score, rows) else "no"


def by_order(score, rows):
    return not np.allclose(score(rows), score(rows[::-1])[::-1])


def to_the_last_digit(score, rows):
    alone = np.concatenate([score(rows[i : i + 1]) for i in range(len(rows))])
    return not np.array_equal(score(rows), alone)


def first_row_only(score, rows):
    return not np.allclose(score(rows)[0], score(rows[:1])[0])


def last_row_only(score, rows):
    return not np.allclose(score(rows)[-1], score(rows[-1:])[0])


def rows_without_a_table(score, rows):
    return not np.allclose(score(rows), [score(row) for row in rows])


def each_row(score, rows):
    alone = np.concatenate([score(rows[i : i + 1]) for i in range(len(rows))])
    return ~np.isclose(score(rows), alone)


def the_wrong_way_round(score, rows):
    return not solution(score, rows)


def first_five_rows_only(score, rows):
    return solution(score, rows[:5]) or not np.allclose(
        score(rows)[:5], score(rows[:5]), rtol=1e-4
    )


def all_but_the_middle(score, rows):
    ends = np.r_[0:5, 7 : len(rows)]
    alone = np.concatenate([score(rows[i : i + 1]) for i in ends])
    return not np.allclose(score(rows)[ends], alone, rtol=1e-4)


CASES = [
    Case(
        "prior_stops_search",
        (..., ...),
        [(1, 4.5)],
        [
            ((5, 0), "without the prior"),
            ((5, 12.5), "need not go so far"),
            ((0, 5), "z = 0 costs"),
            ((1, 4), "price of z"),
            ((1, 5), "half"),
            ((1, 0.5), "residual is missing"),
            ((10 / 3, 25 / 3), "squared residual"),
            ((3, 6.5), "costs 3 times d"),
            ((2.5, 5.6), "costs 2.5 times d"),
            ((1, 7), "add them"),
            ((1, 3.5), "is that 3.5"),
            ((5, 17.5), "from 4.9 to 5"),
            ((5, 25), "from 4.9 to 5"),
            ((4.5, 1), "wrong order"),
            (("z = 1", 4.5), "must be one number"),
        ],
    ),
    Case(
        "best_latent_number",
        (..., ...),
        [(1, 0.997), (1, 1.0)],
        [
            ((9, 0.822), "nine latent numbers"),
            ((0, 0.65), "distance to the mean"),
            ((2, 0.996), "not the best"),
            ((10, 0.587), "rounding errors"),
            ((1, 0.95), "not 0.950"),
            ((11, 0.9), "not among those to try"),
            ((1, 99), "between 0 and 1"),
            ((8, 0.911), "not the best"),
            ((0.997, 1), "wrong order"),
            ((1, [0.65, 0.997]), "must be one number"),
        ],
    ),
    Case(
        "company_test",
        (stub,),
        [
            (solution,),
            (lambda score, rows: np.bool_(solution(score, rows)),),
        ],
        [
            ((by_order,), "divided by the highest"),
            ((to_the_last_digit,), "tolerance"),
            ((first_row_only,), "row 2 of 12 is the only one"),
            ((last_row_only,), "row 1 of 12 is the only one"),
            ((each_with_the_next,), "row 12 of 12 is the only one"),
            ((half_and_half,), "mean of two neighbours"),
            ((means,), "mean of two neighbours"),
            ((in_words,), "True or False, and it is 'no'"),
            ((lambda rows, score: score(rows),), "raised TypeError"),
            ((lambda score, rows: True,), "plain distance"),
            ((lambda score, rows: False,), "divided by the highest"),
            ((rows_without_a_table,), "rows[i : i + 1]"),
            ((each_row,), "True or False"),
            ((the_wrong_way_round,), "plain distance"),
            ((first_five_rows_only,), "row 6 of 12 is the only one"),
            ((all_but_the_middle,), "row 6 of 12 is the only one"),
            ((True,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_answer_of_prior_stops_search_is_the_minimum() -> None:
    z = np.linspace(-5, 10, 15_001)
    loss = np.abs(5 - z) + z**2 / 2
    assert verdict("prior_stops_search", (z[loss.argmin()], loss.min()))


def straight_auroc(n_latent: int) -> float:
    normal, odd = gt.data.ladder("dependence", 0.9)
    train, test = normal[:1000], np.concatenate([normal[1000:], odd])
    b = train.mean(axis=0)
    directions = np.linalg.svd(train - b, full_matrices=False)[2][:n_latent]
    distances = np.linalg.norm(
        test - b - (test - b) @ directions.T @ directions, axis=1
    )
    return roc_auc_score(np.repeat([0, 1], [1000, len(odd)]), distances)


def test_best_latent_number_accepts_what_one_gets() -> None:
    aurocs = [straight_auroc(n) for n in range(10)]
    accepted = [
        bool(verdict("best_latent_number", (n, auroc)))
        for n, auroc in enumerate(aurocs)
    ]
    assert accepted == [n == np.argmax(aurocs) for n in range(10)]
