"""Classical methods keep their promises, and those in a file are fitted again."""

import numpy as np
import pytest
from sklearn.covariance import EllipticEnvelope, LedoitWolf
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import SGDOneClassSVM
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

import gantutor as gt
from gantutor import archive, baselines
from gantutor.baselines import BASELINES, Baseline, anomaly_scores

gt.setup()

RNG = np.random.default_rng(0)
NORMAL = RNG.standard_normal((200, 10)) @ RNG.standard_normal((10, 10))
X = np.concatenate([NORMAL[:20], NORMAL[20:40] + 3])


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_ignores_the_units_of_a_table(name):
    units = np.array([1e-3, 1, 1e4, 5, 1, 1, 1, 1, 1, 1])
    plain = BASELINES[name](0).fit(NORMAL).anomaly_score(X)
    scaled = BASELINES[name](0).fit(NORMAL * units + 7).anomaly_score(X * units + 7)
    np.testing.assert_allclose(plain, scaled, rtol=1e-3)


def test_the_pixels_of_images_keep_their_scale():
    images = RNG.uniform(0, 16, (30, 2, 3))
    images[:, 0, 0] *= 100
    flat = images.reshape(30, 6)
    score = BASELINES["5th neighbour"](0).fit(images).anomaly_score(images[:4])
    apart = np.linalg.norm(flat[:4, None] - flat, axis=2)
    np.testing.assert_allclose(score, np.sort(apart)[:, 4])


def test_mahalanobis_is_that_of_the_shrunk_covariance():
    rows = StandardScaler().fit(NORMAL).transform(X)
    learned = LedoitWolf().fit(StandardScaler().fit_transform(NORMAL))
    expected = learned.mahalanobis(rows)
    score = BASELINES["Mahalanobis"](0).fit(NORMAL).anomaly_score(X)
    np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_pca_error_is_what_the_plane_leaves():
    rows = RNG.standard_normal((200, 2)) @ [[1, 0, 1], [0, 1, 0]]  # in a plane
    baseline = BASELINES["PCA error"](0).fit(rows)
    on, off = rows[:1], rows[:1] + [[1, 0, -1]]
    assert baseline.anomaly_score(on)[0] == 0
    assert baseline.anomaly_score(off)[0] > 0.1


def test_a_plane_of_all_dimensions_leaves_nothing():
    """An ensemble would give the rounding the weight of a member."""
    baseline = Baseline(PCA(), "reconstruction error").fit(NORMAL * 1e3 + 50)
    assert not baseline.anomaly_score(1e4 * X).any()


def test_scores_of_scikit_learn_are_turned_round():
    forest = IsolationForest(n_estimators=9, random_state=0).fit(NORMAL)
    np.testing.assert_array_equal(anomaly_scores(forest, X), -forest.score_samples(X))


def test_what_is_no_detector_is_refused_in_a_sentence():
    for given in (3, StandardScaler(), IsolationForest, LocalOutlierFactor(), "WGAN"):
        with pytest.raises(ValueError, match="is no unfitted detector. Pass one that"):
            baselines.copied(given)


def test_a_seed_is_given_where_there_is_none_however_deep():
    inner = Baseline(IsolationForest(), "minus score_samples")
    for given, kept in ((inner, 5), (BASELINES["isolation forest"](3), 3)):
        learned = baselines.fitted(baselines.copied(given), NORMAL, seed=5)
        assert learned.get_params()["estimator__random_state"] == kept
    assert inner.estimator.random_state is None


# in a file


@pytest.mark.parametrize(
    "estimator",
    [
        *[made(0) for made in BASELINES.values()],
        EllipticEnvelope(random_state=0),
        IsolationForest(n_estimators=9, random_state=0, n_jobs=2),
        LocalOutlierFactor(novelty=True),
        OneClassSVM(gamma=0.1),
        SGDOneClassSVM(random_state=2**31 - 1),
    ],
    ids=lambda estimator: str(getattr(estimator, "estimator", estimator)),
)
def test_an_estimator_from_a_file_scores_bit_for_bit_as_before(estimator, tmp_path):
    baselines.fitted(estimator, NORMAL)
    archive.write(baselines.packed(estimator), tmp_path / "file")
    again = baselines.unpacked(archive.read(tmp_path / "file"))
    assert type(again) is type(estimator)
    np.testing.assert_array_equal(
        anomaly_scores(again, X), anomaly_scores(estimator, X)
    )


class Own(IsolationForest):
    """A reader's own."""


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (Own(), "Own cannot be kept in a file"),
        (make_pipeline(StandardScaler(), IsolationForest()), "Pipeline cannot be kept"),
        (Baseline(PCA(), len), "measure=.*which a file without code cannot hold"),
        (Baseline(Own(), "minus score_samples"), "Own cannot be kept"),
        (IsolationForest(n_estimators=2000), "n_estimators=2000, too much for a file"),
        (OneClassSVM(kernel=np.dot), "kernel=.*which a file without code"),
    ],
)
def test_what_could_not_be_read_is_not_written(estimator, words):
    estimator.learned_rows_ = NORMAL
    with pytest.raises(ValueError, match=words):
        baselines.packed(estimator)


def test_a_setting_may_be_as_large_as_there_are_rows(monkeypatch):
    monkeypatch.setattr(baselines, "LARGEST_SETTING", 10)
    forest = IsolationForest(n_estimators=9, max_samples=len(NORMAL), random_state=0)
    tree = baselines.packed(baselines.fitted(forest, NORMAL))
    assert baselines.unpacked(tree).max_samples == len(NORMAL)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"class": "Pipeline"}, "unknown detector 'Pipeline'"),
        ({"class": "os.system"}, "unknown detector"),
        ({"parameters": {"n_estimators": 10**6}}, "too much for a file"),
        ({"parameters": {"n_jobs": 9}}, "n_jobs"),
        ({"parameters": {"estimator": {"class": "Own", "parameters": {}}}}, "'Own'"),
        ({"class": "LedoitWolf", "rows": np.zeros((2, 50_000))}, "too wide"),
    ],
)
def test_what_runs_for_long_is_not_read(changes, words):
    forest = IsolationForest(n_estimators=9, random_state=0)
    tree = baselines.packed(baselines.fitted(forest, NORMAL))
    with pytest.raises(ValueError, match=words):
        baselines.unpacked(tree | {"parameters": {}} | changes)
