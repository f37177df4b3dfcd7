"""The checks of notebook 14: stubs, plausible mistakes and solutions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from check_cases import Case, judged, tries, verdict

import gantutor as gt
from gantutor.baselines import anomaly_scores
from gantutor.check import evaluation

QUALITY = Path(__file__).parents[2] / "benchmarks" / "quality.csv"
SIX = ["http", "Ionosphere", "letter", "magic.gamma", "thyroid", "Wilt"]
RESIDUAL = "GANomaly, with residual"


def stub(kept, new, kinds): ...


def scaled(kept, new):
    return (new - kept.mean(axis=1, keepdims=True)) / kept.std(axis=1, keepdims=True)


def by_kind(z, kinds):
    names = np.array(kinds)
    return np.mean([z[names == name].mean(axis=0) for name in np.unique(names)], axis=0)


def solution(kept, new, kinds):
    return by_kind(scaled(kept, new), kinds)


def by_the_new_rows(kept, new, kinds):
    return solution(new, new, kinds)


def without_n(kept, new, kinds):
    spread = kept.std(axis=1, ddof=1, keepdims=True)
    return by_kind((new - kept.mean(axis=1, keepdims=True)) / spread, kinds)


def for_each_member(kept, new, kinds):
    return scaled(kept, new)


def largest(kept, new, kinds):
    return scaled(kept, new).max(axis=0)


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
        "lead_without_a_table",
        (..., ...),
        [(0.0241, -0.0038), (0.024, -0.004)],
        [
            ((-0.0241, 0.0038), "the WGAN minus GANomaly"),
            ((-0.0241, -0.0309), "the WGAN minus GANomaly"),
            ((0.0558, 0.0110), "over the 5th neighbour"),
            ((0.0308, 0.0051), "the Ensemble"),
            ((-0.0020, -0.0203), "without the residual"),
            ((0.0241, 0.0309), "the largest mean"),
            ((0.0241, -0.0101), "on one table"),
            ((-0.0014, -0.0038), "the median"),
            ((0.0241, 0.028), "smallest is larger"),
            ((-0.0038, 0.0241), "smallest is larger"),
            ((2.41, -0.38), "between -1 and 1"),
            ((-2.41, 0.38), "between -1 and 1"),
            ((0.0241, 0.0), "smallest 0.0000"),
            ((0.0241, "Wilt"), "smallest must be one number"),
        ],
    ),
    Case(
        "ensemble_score",
        (stub,),
        [(solution,)],
        [
            ((lambda k, n, kinds: scaled(k, n).mean(axis=0),), "same weight"),
            ((lambda k, n, kinds: by_kind(n, kinds),), "not on one scale"),
            ((by_the_new_rows,), "kept rows set the scale"),
            (
                (lambda k, n, kinds: by_kind(n / k.std(axis=1)[:, None], kinds),),
                "do not take off the mean",
            ),
            (
                (lambda k, n, kinds: by_kind(n - k.mean(axis=1)[:, None], kinds),),
                "do not divide",
            ),
            (
                (lambda k, n, kinds: by_kind((n - k.mean()) / k.std(), kinds),),
                "axis=1",
            ),
            ((without_n,), "by n - 1"),
            ((lambda k, n, kinds: len(set(kinds)) * solution(k, n, kinds),), "add the"),
            (
                (lambda k, n, kinds: scaled(k, n).sum(axis=0) / len(set(kinds)),),
                "add up the members",
            ),
            ((lambda *given: -solution(*given),), "sign is turned"),
            ((largest,), "is right. Look"),
            ((for_each_member,), "must have the shape (6,)"),
            ((lambda k, n, kinds: solution(k, k, kinds),), "must have the shape (6,)"),
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


@pytest.mark.parametrize(
    ("ours", "other", "words"),
    [
        (RESIDUAL, "WGAN", "Right"),
        (RESIDUAL, "5th neighbour", "5th neighbour"),
        ("Ensemble", "WGAN", "Ensemble"),
        ("GANomaly", "WGAN", "without the residual"),
    ],
)
def test_the_leads_are_those_of_the_measurements(ours, other, words) -> None:
    aurocs = pd.read_csv(QUALITY).pivot_table(
        index="detector", columns="data", values="auroc"
    )
    leads = aurocs.loc[ours, SIX] - aurocs.loc[other, SIX]
    smallest = min(leads.drop(name).mean() for name in SIX)
    said = verdict("lead_without_a_table", (leads.mean(), smallest)).message
    assert words in said


def test_the_score_is_that_of_the_ensemble() -> None:
    normal, abnormal = gt.data.script_data(n_normal=60, n_abnormal=5, seed=0)
    make = gt.evaluation.BASELINES
    names = ["PCA error", "isolation forest", "isolation forest"]
    detector = gt.detectors.Ensemble([make[n](0) for n in names], random_state=0)
    detector.fit(normal[:40], calibration=normal[40:])
    kept, new = (
        np.array([anomaly_scores(member, rows) for member in detector.members_])
        for rows in (normal[40:], abnormal)
    )
    with np.errstate(
        invalid="ignore"
    ):  # in a mistake: a member scores all new rows alike
        by_check = evaluation._ensemble_answer(kept, new, names).value
    np.testing.assert_allclose(by_check, detector.anomaly_score(abnormal))
