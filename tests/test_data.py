"""Made data has the distribution it promises, and a split never mixes its parts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f, ncf
from sklearn.covariance import EmpiricalCovariance
from sklearn.metrics import roc_auc_score

from gantutor import data


def auroc(normal, abnormal, score):
    y = np.repeat([0, 1], [len(normal), len(abnormal)])
    return roc_auc_score(y, np.concatenate([score(normal), score(abnormal)]))


# the script's data


def test_script_data_has_the_shapes_and_type_of_the_script():
    normal, abnormal = data.script_data()
    assert (normal.shape, abnormal.shape) == ((1000, 10), (100, 10))
    assert normal.dtype == abnormal.dtype == np.float32


def test_script_data_has_mean_zero_and_shift_and_variance_one():
    normal, abnormal = data.script_data(40_000, 40_000, 3, shift=5.0)
    np.testing.assert_allclose(normal.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(abnormal.mean(0), 5, atol=0.03)
    np.testing.assert_allclose(np.cov(normal.T), np.eye(3), atol=0.03)
    np.testing.assert_allclose(np.cov(abnormal.T), np.eye(3), atol=0.03)


MAKERS = {
    "script_data": lambda seed: np.concatenate(data.script_data(5, 5, seed=seed)),
    "ladder": lambda seed: np.concatenate(data.ladder("shift", 1.0, 5, 5, seed=seed)),
    "ring": lambda seed: data.ring_of_gaussians(20, seed=seed),
    "moons": lambda seed: data.two_moons(20, seed=seed),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_seed_alone_decides_made_rows(make):
    np.testing.assert_array_equal(make(7), make(7))
    assert (make(7) != make(8)).any()


# the ladder


@pytest.mark.parametrize("rung", [*data.LADDER, data.Rung("scale", 0.5)], ids=str)
def test_best_auroc_is_what_the_mahalanobis_distance_reaches(rung):
    normal, abnormal = data.ladder(*rung, n_normal=100_000, n_abnormal=100_000)
    reached = auroc(normal, abnormal, EmpiricalCovariance().fit(normal).mahalanobis)
    assert reached == pytest.approx(data.best_auroc(*rung), abs=0.01)


@pytest.mark.parametrize(("level", "value"), [(0.0, 0.5), (0.9, 0.9985)])
def test_best_auroc_of_dependence_has_its_known_values(level, value):
    assert data.best_auroc("dependence", level) == pytest.approx(value, abs=0.002)


@pytest.mark.parametrize("d", [1, 2, 10, 50])
@pytest.mark.parametrize("level", [0.3, 0.9, 1.7, 3.0])
def test_best_auroc_of_scale_is_an_f_distribution(level, d):
    exact = f(d, d).sf(1 / level**2)
    assert data.best_auroc("scale", level, d) == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize("d", [1, 2, 10, 50])
@pytest.mark.parametrize("level", [0.2, 1.0, 2.5])
def test_best_auroc_of_shift_is_a_noncentral_f_distribution(level, d):
    exact = ncf(d, d, d * level**2).sf(1)
    assert data.best_auroc("shift", level, d) == pytest.approx(exact, abs=1e-5)


def test_each_column_of_the_dependence_rung_looks_the_same_in_both_groups():
    normal, abnormal = data.ladder("dependence", 0.9, 50_000, 50_000)
    for rows, correlation in ((normal, 0.9), (abnormal, 0.0)):
        np.testing.assert_allclose(rows.mean(0), 0, atol=0.03)
        np.testing.assert_allclose(rows.std(0), 1, atol=0.02)
        assert np.corrcoef(rows[:, 0], rows[:, 9])[0, 1] == pytest.approx(
            correlation, abs=0.02
        )


def test_ladder_refuses_an_unknown_kind_and_names_the_known_ones():
    with pytest.raises(ValueError, match="'tilt'.*shift.*scale.*dependence"):
        data.ladder("tilt", 1.0)


# data for pictures


def test_ring_of_gaussians_has_equal_clouds_at_the_radius():
    rows = data.ring_of_gaussians(8000, n_modes=4, radius=3.0, spread=0.1)
    mode = np.round(np.arctan2(rows[:, 1], rows[:, 0]) / (np.pi / 2)).astype(int) % 4
    assert np.bincount(mode).min() > 1800
    for k in range(4):
        cloud = rows[mode == k]
        centre = 3 * np.array([np.cos(k * np.pi / 2), np.sin(k * np.pi / 2)])
        np.testing.assert_allclose(cloud.mean(0), centre, atol=0.02)
        np.testing.assert_allclose(cloud.std(0), 0.1, atol=0.01)


def test_two_moons_are_centred_half_circles_of_radius_one():
    rows = data.two_moons(2000, noise=0.0)
    assert rows.shape == (2000, 2)
    np.testing.assert_allclose(rows.mean(0), 0, atol=0.01)
    moons = np.array([[-0.5, -0.25], [0.5, 0.25]])  # centres of the two circles
    distance = np.linalg.norm(rows[:, None] - moons, axis=2)
    np.testing.assert_allclose(np.abs(distance - 1).min(1), 0, atol=1e-5)


# real data


def test_breast_cancer_has_212_malignant_tumours_and_named_columns():
    X, y = data.breast_cancer()
    assert (X.shape, y.shape, y.sum()) == ((569, 30), (569,), 212)
    assert X.columns[0] == "mean radius"


def test_breast_cancer_anomalies_are_the_larger_tumours():
    X, y = data.breast_cancer()
    assert X["mean radius"][y == 1].mean() > X["mean radius"][y == 0].mean()


@pytest.mark.parametrize("anomaly", [0, 1, 9])
def test_digits_label_is_one_for_the_chosen_digit(anomaly):
    from sklearn.datasets import load_digits

    X, y = data.digits(anomaly)
    assert (X.shape, X.min(), X.max()) == ((1797, 8, 8), 0, 16)
    np.testing.assert_array_equal(y == 1, load_digits().target == anomaly)


@pytest.mark.parametrize("anomaly", [10, -1, "1", None])
def test_digits_refuses_what_is_no_digit(anomaly):
    with pytest.raises(ValueError, match="must be a digit"):
        data.digits(anomaly)


# one-class split


@settings(deadline=None)
@given(
    y=st.lists(st.sampled_from([0, 1]), min_size=1, max_size=60),
    test_share=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
)
def test_split_is_disjoint_and_complete_with_normals_only_in_train(y, test_share, seed):
    rows = np.arange(len(y))[:, None]  # each row is its own number
    train, test, y_test = data.one_class_split(rows, y, test_share, seed)
    labels = np.array(y)
    assert sorted([*train[:, 0], *test[:, 0]]) == list(range(len(y)))
    assert not labels[train[:, 0]].any()
    np.testing.assert_array_equal(y_test, labels[test[:, 0]])
    assert len(train) == pytest.approx((1 - test_share) * (labels == 0).sum(), abs=0.51)


def test_split_takes_another_half_with_another_seed():
    rows, y = np.arange(100)[:, None], np.zeros(100)
    halves = [data.one_class_split(rows, y, seed=seed)[0] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(halves[0], halves[1])
    assert set(halves[0][:, 0]) != set(halves[2][:, 0])


def test_split_takes_training_rows_at_random():
    rows, y = np.arange(1000)[:, None], np.zeros(1000)
    train, _, _ = data.one_class_split(rows, y)
    assert abs(train.mean() - 499.5) < 50


def test_split_keeps_a_data_frame_with_its_names_and_index():
    X = pd.DataFrame({"a": [1.0, 2, 3, 4]}, index=list("wxyz"))
    train, test, y_test = data.one_class_split(
        X, pd.Series([0, 1, 0, 1], index=X.index)
    )
    assert list(train.columns) == list(test.columns) == ["a"]
    assert sorted([*train.index, *test.index]) == list("wxyz")
    np.testing.assert_array_equal(y_test, [int(i in "xz") for i in test.index])


def test_split_keeps_images_whole():
    X, y = data.digits()
    train, test, y_test = data.one_class_split(X, y)
    assert train.shape[1:] == test.shape[1:] == (8, 8)
    assert len(train) + len(test) == len(X)
    assert y_test.sum() == y.sum()


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([0, 1, 0], r"shape \(3,\).*each of the 4 rows"),
        ([[0], [1], [0], [1]], r"shape \(4, 1\)"),
        ([0, 1, 2, 0], "0 .normal. or a 1 .anomaly."),
        ([1, -1, 1, 1], "-1"),
        ([0, 1, np.nan, 0], "nan"),
    ],
)
def test_split_refuses_labels_that_do_not_fit(y, words):
    with pytest.raises(ValueError, match=words):
        data.one_class_split(np.zeros((4, 2)), y)


@pytest.mark.parametrize("share", [-0.5, 0, 1, 1.5])
def test_a_test_share_out_of_range_is_refused_in_words(share):
    with pytest.raises(ValueError, match="test_share is .* between 0 and 1"):
        data.one_class_split(np.zeros((4, 2)), np.zeros(4), test_share=share)
