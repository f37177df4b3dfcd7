"""The Wasserstein critic's features find anomalies that its output alone misses."""

from collections import OrderedDict

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

import gantutor as gt
from gantutor.detectors import compiled
from gantutor.detectors import wgan as wgan_module

gt.setup()

TINY = {"n_steps": 3, "batch_size": 8, "hidden": (8,), "random_state": 0}
ROWS = np.random.default_rng(0).normal(50, 3, (60, 4))


def auroc(detector, normal, abnormal) -> float:
    rows = np.concatenate([normal, abnormal])
    y = np.repeat([0, 1], [len(normal), len(abnormal)])
    return roc_auc_score(y, detector.anomaly_score(rows))


# what it finds


@pytest.mark.parametrize("seed", range(3))
def test_the_scripts_anomalies_are_found_on_every_seed(seed):
    normal, abnormal = gt.data.script_data(seed=seed)
    wgan = gt.detectors.WGAN(n_steps=200, random_state=seed).fit(normal[:500])
    assert auroc(wgan, normal[500:], abnormal) >= 0.99


@pytest.fixture(scope="module")
def fitted_on_correlated_rows():
    normal, abnormal = gt.data.ladder("dependence", 0.9)
    return gt.detectors.WGAN(random_state=0).fit(normal[:1000]), normal[1000:], abnormal


def test_broken_correlation_is_found(fitted_on_correlated_rows):
    assert auroc(*fitted_on_correlated_rows) >= 0.95


def test_a_row_across_the_correlation_is_more_anomalous_than_one_along_it(
    fitted_on_correlated_rows,
):
    wgan, _, _ = fitted_on_correlated_rows
    along, across = np.full((1, 10), 1.0), np.tile([[1.0, -1.0]], 5)
    assert wgan.p_value(across) < 0.01 < wgan.p_value(along)


# its three scores


def features_and_scores(score: str, **parameters):
    wgan = gt.detectors.WGAN(**TINY, score=score, **parameters).fit(ROWS)
    critic = wgan.critic_
    features = gt.networks.hidden_features(critic)
    new = np.random.default_rng(1).normal(52, 4, (9, 4))
    x, x_new = (
        ((rows - wgan.center_) / wgan.scale_).astype(np.float32) for rows in (ROWS, new)
    )
    return wgan, critic, features(x).numpy(), features(x_new).numpy(), x_new, new


def training_rows(wgan) -> np.ndarray:
    """Which of ROWS were not kept out for calibration."""
    scores = wgan.anomaly_score(ROWS)
    distance = np.abs(scores[:, None] - wgan.calibration_scores_).min(axis=1)
    order = np.argsort(distance)
    return np.sort(order[len(wgan.calibration_scores_) :])


def test_gaussian_score_is_the_ledoit_wolf_distance_in_the_critics_features():
    wgan, _, features, new_features, _, new = features_and_scores("gaussian")
    gaussian = LedoitWolf().fit(features[training_rows(wgan)])
    expected = np.sqrt(gaussian.mahalanobis(new_features))
    np.testing.assert_allclose(wgan.anomaly_score(new), expected, rtol=1e-3)


def test_neighbours_score_of_a_table_is_a_distance_between_whitened_features():
    wgan, _, features, new_features, _, new = features_and_scores("neighbours")
    known = features[training_rows(wgan)]
    whitening = np.linalg.cholesky(LedoitWolf().fit(known).precision_)
    neighbours = NearestNeighbors(n_neighbors=5).fit(known @ whitening)
    expected = neighbours.kneighbors(new_features @ whitening)[0][:, 4]
    np.testing.assert_allclose(wgan.anomaly_score(new), expected, rtol=1e-3)


def test_neighbours_score_of_images_is_a_distance_between_features_and_their_default():
    images = np.random.default_rng(0).random((40, 8, 8))
    wgan = gt.detectors.WGAN(**TINY).fit(images)
    features = gt.networks.hidden_features(wgan.critic_)(wgan._scaled(images)).numpy()
    scores = wgan.anomaly_score(images)
    held_out = np.isin(scores, wgan.calibration_scores_)
    assert held_out.sum() == 8
    neighbours = NearestNeighbors(n_neighbors=5).fit(features[~held_out])
    expected = neighbours.kneighbors(features)[0][:, 4]
    np.testing.assert_allclose(scores, expected, rtol=1e-3)
    named = gt.detectors.WGAN(**TINY, score="neighbours").fit(images)
    np.testing.assert_array_equal(named.anomaly_score(images), scores)


def test_the_default_score_of_tables_is_gaussian():
    named = gt.detectors.WGAN(**TINY, score="gaussian").fit(ROWS)
    usual = gt.detectors.WGAN(**TINY).fit(ROWS)
    np.testing.assert_array_equal(usual.anomaly_score(ROWS), named.anomaly_score(ROWS))


def test_critic_score_is_minus_the_critics_output():
    wgan, critic, _, _, x_new, new = features_and_scores("critic")
    expected = -critic(x_new).numpy()[:, 0]
    np.testing.assert_allclose(wgan.anomaly_score(new), expected, rtol=1e-4, atol=1e-6)


def test_neighbours_looks_among_a_limited_number_of_rows(monkeypatch):
    monkeypatch.setattr(wgan_module, "MAX_REFERENCE_ROWS", 10)
    wgan = gt.detectors.WGAN(**TINY, score="neighbours").fit(ROWS)
    assert wgan.reference_.shape == (10, 8)


def test_the_covariance_is_that_of_a_limited_number_of_rows(monkeypatch):
    seen = []
    fit_gaussian = gt.scoring.fit_gaussian
    monkeypatch.setattr(
        gt.scoring, "fit_gaussian", lambda f: seen.append(len(f)) or fit_gaussian(f)
    )
    gt.detectors.WGAN(**TINY).fit(ROWS)
    monkeypatch.setattr(wgan_module, "MAX_GAUSSIAN_ROWS", 20)
    gt.detectors.WGAN(**TINY).fit(ROWS)
    assert seen == [48, 20]


@pytest.mark.parametrize("score", ["neighbours", "critic"])
def test_each_score_explains_saves_and_loads(score, tmp_path):
    wgan = gt.detectors.WGAN(**TINY, score=score).fit(ROWS)
    rise = wgan.anomaly_score(ROWS) - wgan.anomaly_score(wgan.center_[None])
    parts = wgan.explain(ROWS)
    error = np.abs(parts.sum(1) - rise)  # a distance to neighbours has many kinks
    assert error.mean() < 0.1 * np.abs(rise).mean()
    wgan.save(tmp_path / "wgan.npz")
    loaded = gt.load(tmp_path / "wgan.npz")
    np.testing.assert_array_equal(loaded.anomaly_score(ROWS), wgan.anomaly_score(ROWS))


def test_a_critic_without_hidden_layers_serves_the_critic_score_alone():
    linear = gt.networks.dense_discriminator(4, ())
    wgan = gt.detectors.WGAN(**TINY, critic=linear, score="critic").fit(ROWS)
    slope = wgan.critic_.get_weights()[0][:, 0]
    by_hand = -slope * (ROWS - wgan.center_) / wgan.scale_
    np.testing.assert_allclose(wgan.explain(ROWS), by_hand, rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match="no hidden layer"):
        gt.detectors.WGAN(**TINY, critic=linear).fit(ROWS)


# its parameters


@pytest.mark.parametrize("n_critic", [1, 3])
def test_the_critic_is_updated_n_critic_times_a_step(n_critic, monkeypatch):
    updates = []

    def counting(self, network, **options):
        optimizer, players = adam(self, network, **options)
        updates.append(optimizer.iterations)
        return optimizer, players

    adam = gt.detectors.Detector._adam
    monkeypatch.setattr(compiled, "_kept", OrderedDict())
    monkeypatch.setattr(gt.detectors.Detector, "_adam", counting)
    gt.detectors.WGAN(**TINY, n_critic=n_critic).fit(ROWS)
    assert [int(n) for n in updates] == [3, 3 * n_critic]


def test_a_heavy_penalty_brings_the_slope_to_one():
    rows = np.random.default_rng(0).normal(size=(400, 2))
    options = {
        "n_steps": 150,
        "hidden": (16,),
        "learning_rate": 5e-3,
        "random_state": 0,
    }
    penalties = [
        gt.detectors.WGAN(penalty_weight=w, **options).fit(rows).history_["penalty"]
        for w in (1e-3, 100.0)
    ]
    light, heavy = (p[-30:].mean() for p in penalties)
    assert heavy < 0.05
    assert heavy < light / 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("n_critic", value) for value in (0, -1, 1.5, True, None)],
        *[("penalty_weight", value) for value in (0, -1.0, np.nan, np.inf, None)],
        *[("score", value) for value in ("distance", "", 3)],
    ],
)
def test_a_parameter_out_of_its_range_is_refused_in_words(name, value):
    with pytest.raises(ValueError, match=f"{name} is .*must be"):
        gt.detectors.WGAN(**{**TINY, name: value}).fit(ROWS)


def test_a_critic_of_the_wrong_shape_is_refused_in_words():
    wrong = gt.networks.dense_discriminator(9)
    with pytest.raises(ValueError, match=r"\(9,\) to \(1,\).*\(4,\) to \(1,\)"):
        gt.detectors.WGAN(**TINY, critic=wrong).fit(ROWS)


def test_the_score_parameter_is_set_and_read_but_no_method():
    wgan = gt.detectors.WGAN(score="critic")
    assert wgan.get_params()["score"] == "critic"
    assert wgan.set_params(score="neighbours").get_params()["score"] == "neighbours"
    assert not hasattr(wgan, "score")  # scikit-learn would call it
