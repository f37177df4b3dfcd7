"""The protocol keeps its rules, and its numbers are those worked out another way."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gantutor as gt
from gantutor.evaluation import BASELINES, evaluate, paired_bootstrap, summary

gt.setup()

NORMAL, ABNORMAL = gt.data.ladder("shift", 1.5, n_normal=400, n_abnormal=100)
X = np.concatenate([NORMAL, ABNORMAL])
Y = np.repeat([0, 1], [len(NORMAL), len(ABNORMAL)])


class Column(BaseEstimator):
    """Scores a row by its first number, and notes what it was given."""

    def __init__(self, random_state=None, power=1.0):
        self.random_state = random_state
        self.power = power

    def fit(self, X, y=None):
        SEEN.append(("fit", self.random_state, X))
        assert y is None
        return self

    def anomaly_score(self, X):
        SEEN.append(("score", self.random_state, X))
        return np.asarray(X)[:, 0] ** self.power


SEEN: list = []


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()


# The baselines


def test_there_are_six_baselines_which_find_shifted_rows():
    results = evaluate(BASELINES, X, Y, seeds=1)
    assert len(BASELINES) == 6
    by_name = results.groupby("detector")["auroc"].mean()
    assert by_name.drop("PCA error").min() > 0.85  # it sees one direction of ten
    assert by_name["PCA error"] > 0.6
    assert results["auroc"].max() < gt.data.best_auroc("shift", 1.5) + 0.02


# The protocol


def test_one_line_for_each_seed_and_detector():
    results = evaluate({"a": Column(), "b": Column()}, X, Y, seeds=3)
    assert results["seed"].tolist() == [0, 0, 1, 1, 2, 2]
    assert results["detector"].tolist() == ["a", "b"] * 3
    assert (results[["fit_seconds", "score_seconds"]] >= 0).all(axis=None)


def test_learning_calibration_and_test_rows_are_apart_and_scored_once():
    rows = np.arange(500.0)[:, None]
    evaluate({"column": Column()}, rows, Y, seeds=[3])
    (_, _, learned), (_, _, calibrated), (_, _, tested) = SEEN
    kinds = [set(part[:, 0]) for part in (learned, calibrated, tested)]
    assert [len(kind) for kind in kinds] == [160, 40, 300]
    assert len(set.union(*kinds)) == 500  # nothing in two parts, nothing twice
    assert (
        max(kinds[0] | kinds[1]) < 400
    )  # anomalies, the last rows, are in the test alone


def test_numbers_are_those_of_scikit_learn_on_the_split():
    [line] = evaluate({"column": Column()}, X, Y, seeds=[4]).to_dict("records")
    _, X_test, y_test = gt.data.one_class_split(X, Y, seed=4)
    scores = X_test[:, 0]
    assert line["auroc"] == roc_auc_score(y_test, scores)
    assert line["average_precision"] == average_precision_score(y_test, scores)
    assert line["base_rate"] == y_test.mean() == 100 / 300
    assert (line["n_train"], line["n_test"]) == (200, 300)


def test_false_alarms_keep_the_rate_and_do_not_ask_the_test_rows():
    many = np.random.default_rng(1).standard_normal((8000, 1))
    y = np.repeat([0, 1], [7900, 100])
    results = evaluate({"column": Column()}, many, y, seeds=5, false_alarm_rate=0.1)
    assert results["false_alarms"].mean() == pytest.approx(0.1, abs=0.02)
    assert (
        results["false_alarms"].nunique() > 1
    )  # a percentile of the test would be 0.1
    assert results["found"].mean() == pytest.approx(0.1, abs=0.08)


def test_seeds_reach_the_split_and_the_detector():
    evaluate({"column": Column()}, X, Y, seeds=[7, 8])
    fitted = [(seed, rows) for kind, seed, rows in SEEN if kind == "fit"]
    assert [seed for seed, _ in fitted] == [7, 8]
    assert not np.array_equal(fitted[0][1], fitted[1][1])


def test_a_detector_that_is_passed_is_not_changed():
    detector = gt.detectors.WGAN(n_steps=2, hidden=(8,))
    evaluate({"WGAN": detector}, X, Y, seeds=1)
    assert detector.random_state is None
    assert not hasattr(detector, "threshold_")


def test_detectors_of_the_package_use_their_own_threshold():
    detector = gt.detectors.WGAN(n_steps=2, hidden=(8,))
    [line] = evaluate(
        {"WGAN": detector}, X, Y, seeds=[2], false_alarm_rate=0.2
    ).to_dict("records")
    X_train, X_test, y_test = gt.data.one_class_split(X, Y, seed=2)
    alone = gt.detectors.WGAN(
        n_steps=2, hidden=(8,), random_state=2, false_alarm_rate=0.2
    ).fit(X_train)
    alarms = alone.predict(X_test) == -1
    assert line["auroc"] == roc_auc_score(y_test, alone.anomaly_score(X_test))
    assert line["false_alarms"] == alarms[y_test == 0].mean()
    assert line["found"] == alarms[y_test == 1].mean()


def test_detectors_of_scikit_learn_are_turned_round_and_seeded():
    forests = {
        "forest": IsolationForest(),
        "pipeline": make_pipeline(StandardScaler(), IsolationForest()),
        "baseline": BASELINES["isolation forest"],
    }
    results = evaluate(forests, X, Y, seeds=1)
    assert results["auroc"].min() > 0.85
    twice = evaluate(forests, X, Y, seeds=1)
    assert results["auroc"].tolist() == twice["auroc"].tolist()


def test_tables_with_names_and_images_pass_through():
    table = pd.DataFrame(X, columns=[f"x{i}" for i in range(10)])
    forest = {"forest": IsolationForest()}
    named = evaluate(forest, table, Y, seeds=1)["auroc"]
    assert named.tolist() == evaluate(forest, X, Y, seeds=1)["auroc"].tolist()
    images = {"neighbour": BASELINES["5th neighbour"]}
    assert len(evaluate(images, X.reshape(-1, 5, 2), Y, seeds=1)) == 1


def test_progress_is_shown_on_request(capsys):
    evaluate({"column": Column()}, X, Y, seeds=1, verbose=1)
    assert "1/1" in capsys.readouterr().out
    evaluate({"column": Column()}, X, Y, seeds=1)
    assert capsys.readouterr() == ("", "")


# What is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"detectors": {}}, "detectors is empty"),
        ({"seeds": 0}, "at least one seed"),
        ({"seeds": []}, "at least one seed"),
        ({"false_alarm_rate": 1.0}, "false_alarm_rate is 1.0"),
        ({"test_share": 1.0}, "test_share is 1.0"),
        ({"y": Y[:-1]}, "for each of the 500 rows"),
        ({"y": 0 * Y}, "there must be both"),
        ({"y": 2 * Y - 1}, "values [-1  1]"),
        ({"y": Y[:, None]}, "shape (500, 1)"),
        ({"detectors": {"root": Column(power=0.5)}}, "'root' gave scores"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_wrong_arguments_are_refused_in_a_sentence(changes, message):
    arguments = {"detectors": {"column": Column()}, "X": X, "y": Y, "seeds": 1}
    with pytest.raises(ValueError, match=re.escape(message)):
        evaluate(**(arguments | changes))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (IsolationForest, "IsolationForest'> is no unfitted detector"),
        (StandardScaler(), "StandardScaler() is no unfitted detector. Pass one that"),
        ("WGAN", "'it' cannot be tested: 'WGAN' is no unfitted detector"),
        (lambda seed: seed, "'it' cannot be tested: 0 is no unfitted detector"),
    ],
)
def test_what_is_no_detector_is_refused_in_a_sentence(given, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        evaluate({"it": given}, X, Y, seeds=1)


def test_labels_that_seem_turned_round_raise_a_warning():
    with pytest.warns(UserWarning, match="80% of the rows are labelled 1"):
        evaluate({"column": Column()}, X, 1 - Y, seeds=1)


# The table


def test_summary_is_mean_and_spread_best_first():
    results = pd.DataFrame(
        {
            "detector": ["a", "b", "a", "b"],
            "seed": [0, 0, 1, 1],
            "auroc": [0.5, 0.9, 0.7, 0.9],
            "n_train": [200, 200, 200, 200],
        }
    )
    table = summary(results)
    assert table.index.tolist() == ["b", "a"]
    assert table["auroc"].tolist() == ["0.900 ± 0.000", "0.600 ± 0.141"]
    assert table["n_train"].tolist() == ["200", "200"]
    assert "seed" not in table
    assert summary(results[:2])["auroc"].tolist() == ["0.900", "0.500"]


def test_summary_keeps_data_sets_apart():
    one = evaluate({"column": Column()}, X, Y, seeds=2)
    both = pd.concat([one.assign(data="one"), one.assign(data="two", auroc=0.0)])
    table = summary(both)
    assert table.index.tolist() == [("one", "column"), ("two", "column")]
    assert table.loc[("two", "column"), "auroc"] == "0.000 ± 0.000"


def test_summary_wants_what_evaluate_returns():
    with pytest.raises(ValueError, match="no column 'auroc', 'seed'"):
        summary(pd.DataFrame({"detector": ["a"]}))


# The paired bootstrap


def noisy(n_normal=150, n_anomaly=100, seed=0, shift=1.0):
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], [n_normal, n_anomaly])
    common = shift * y + rng.standard_normal(len(y))
    return y, common + 0.3 * rng.standard_normal(len(y)), common


def test_the_difference_is_that_of_the_aurocs_ties_included():
    y, scores, other = noisy()
    scores, other = scores.round(), other.round(1)
    found = paired_bootstrap(y, scores, other, n_resamples=50)
    expected = roc_auc_score(y, scores) - roc_auc_score(y, other)
    assert found.auroc == pytest.approx(expected)
    assert found.low < found.auroc < found.high


def test_the_interval_has_the_width_of_the_closed_form():
    """Against a constant, whose AUROC is 1/2 in each draw; variance: DeLong et al. 1988."""
    y, scores, _ = noisy(400, 300)
    found = paired_bootstrap(y, scores, np.zeros(len(y)), n_resamples=4000)
    wins = scores[y == 1][:, None] > scores[y == 0]
    variance = wins.mean(axis=1).var(ddof=1) / 300 + wins.mean(axis=0).var(ddof=1) / 400
    half = norm.ppf(0.975) * np.sqrt(variance)
    assert found.low == pytest.approx(wins.mean() - 0.5 - half, abs=0.1 * half)
    assert found.high == pytest.approx(wins.mean() - 0.5 + half, abs=0.1 * half)


def test_pairs_give_a_narrower_interval_than_separate_draws_would():
    y, scores, other = noisy()
    constant = np.zeros(len(y))
    alone = [paired_bootstrap(y, s, constant) for s in (scores, other)]
    unpaired = np.hypot(*(interval.high - interval.low for interval in alone))
    paired = paired_bootstrap(y, scores, other)
    assert paired.high - paired.low < 0.5 * unpaired


def test_the_interval_covers_the_true_difference_in_95_of_100_draws():
    covered = 0
    for seed in range(100):
        y, scores, other = noisy(60, 60, seed)
        low, high = paired_bootstrap(y, scores, other, 200)[1:]
        truth = norm.cdf(1 / np.sqrt(2 * 1.09)) - norm.cdf(1 / np.sqrt(2))
        covered += low <= truth <= high
    assert 89 <= covered <= 99


def test_turning_the_pair_round_turns_the_sign():
    y, scores, other = noisy()
    ahead = paired_bootstrap(y, scores, other)
    behind = paired_bootstrap(y, other, scores)
    np.testing.assert_allclose(ahead, [-behind[0], -behind[2], -behind[1]], atol=1e-12)


def test_any_increasing_change_of_the_scores_leaves_the_result():
    y, scores, other = noisy()
    found = paired_bootstrap(y, scores, other, n_resamples=100)
    assert found == paired_bootstrap(y, np.exp(scores), 3 * other, n_resamples=100)


def test_equal_scores_differ_by_nothing_and_seeds_differ():
    y, scores, other = noisy()
    assert paired_bootstrap(y, scores, scores) == (0.0, 0.0, 0.0)
    assert paired_bootstrap(y, scores, other, seed=1) == paired_bootstrap(
        y, scores, other, seed=1
    )
    assert paired_bootstrap(y, scores, other, seed=1) != paired_bootstrap(
        y, scores, other, seed=2
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 0, 0], [1, 2, 3], [1, 2, 3]), "there must be both"),
        (([0, 0, 1], [1, 2, 3], [1, 2, 3]), "at least two rows of each kind"),
        (([0, 0, 1, 1], [1, 2, 3], [1, 2, 3, 4]), "inconsistent numbers of samples"),
        (([0, 0, 1, 1], [1, 2, 3, np.nan], [1, 2, 3, 4]), "hold NaN or infinity"),
        (([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4], 0), "n_resamples is 0"),
    ],
)
def test_wrong_scores_are_refused_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(*arguments)
