"""The Wasserstein critic's features find anomalies that its output alone misses."""

import pickle

import numpy as np
import pytest
import tensorflow as tf
from detector_cases import IMAGES, NEW, ROWS, tiny
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

import gantutor as gt
from gantutor.detectors import WGAN
from gantutor.detectors import wgan as wgan_module

gt.setup()


@pytest.fixture(scope="module")
def scored_by():
    """A detector for each of the three scores."""
    return {
        name: tiny(WGAN, scored_by=name).fit(ROWS)
        for name in ("gaussian", "neighbours", "critic")
    }


def features(wgan, rows) -> np.ndarray:
    return gt.networks.hidden_features(wgan.critic_)(wgan.scaled(rows)).numpy()


def training_rows(wgan, rows) -> np.ndarray:
    """Those that were not kept out for calibration."""
    distance = np.abs(wgan.anomaly_score(rows)[:, None] - wgan.calibration_scores_)
    order = np.argsort(distance.min(axis=1))
    return rows[np.sort(order[len(wgan.calibration_scores_) :])]


# its three scores


def test_gaussian_score_is_the_ledoit_wolf_distance_in_the_critics_features(scored_by):
    wgan = scored_by["gaussian"]
    gaussian = LedoitWolf().fit(features(wgan, training_rows(wgan, ROWS)))
    expected = np.sqrt(gaussian.mahalanobis(features(wgan, NEW)))
    np.testing.assert_allclose(wgan.anomaly_score(NEW), expected, rtol=1e-3)


def test_neighbours_score_of_a_table_is_a_distance_between_whitened_features(scored_by):
    wgan = scored_by["neighbours"]
    known = features(wgan, training_rows(wgan, ROWS))
    whitening = np.linalg.cholesky(LedoitWolf().fit(known).precision_)
    neighbours = NearestNeighbors(n_neighbors=5).fit(known @ whitening)
    expected = neighbours.kneighbors(features(wgan, NEW) @ whitening)[0][:, 4]
    np.testing.assert_allclose(wgan.anomaly_score(NEW), expected, rtol=1e-3)


def test_neighbours_score_of_images_is_a_distance_between_features(not_compiled):
    wgan = tiny(WGAN, scored_by="neighbours", hidden=(4, 4)).fit(IMAGES)
    known = features(wgan, training_rows(wgan, IMAGES))
    neighbours = NearestNeighbors(n_neighbors=5).fit(known)
    expected = neighbours.kneighbors(features(wgan, IMAGES))[0][:, 4]
    np.testing.assert_allclose(wgan.anomaly_score(IMAGES), expected, rtol=1e-3)
    usual = tiny(WGAN, hidden=(4, 4)).fit(IMAGES)
    np.testing.assert_array_equal(
        usual.anomaly_score(IMAGES), wgan.anomaly_score(IMAGES)
    )


def test_the_default_score_of_tables_is_the_distance_to_neighbours(
    scored_by, fitted_of
):
    usual, chosen = fitted_of(WGAN), scored_by["neighbours"]
    np.testing.assert_allclose(
        usual.anomaly_score(NEW), chosen.anomaly_score(NEW), rtol=1e-5
    )


def test_critic_score_is_minus_the_critics_output(scored_by):
    wgan = scored_by["critic"]
    expected = -wgan.critic_(wgan.scaled(NEW)).numpy()[:, 0]
    np.testing.assert_allclose(wgan.anomaly_score(NEW), expected, rtol=1e-4, atol=1e-6)


def test_neighbours_looks_among_a_limited_number_of_rows(monkeypatch):
    monkeypatch.setattr(wgan_module, "MAX_REFERENCE_ROWS", 10)
    wgan = tiny(WGAN, scored_by="neighbours").fit(ROWS)
    assert wgan.reference_.shape == (10, 8)


def test_the_covariance_is_that_of_a_limited_number_of_rows(monkeypatch):
    seen = []
    fit_gaussian = gt.scoring.fit_gaussian
    monkeypatch.setattr(
        gt.scoring, "fit_gaussian", lambda f: seen.append(len(f)) or fit_gaussian(f)
    )
    tiny(WGAN).fit(ROWS)
    monkeypatch.setattr(wgan_module, "MAX_GAUSSIAN_ROWS", 20)
    tiny(WGAN).fit(ROWS)
    assert seen == [48, 20]


@pytest.mark.parametrize("name", ["neighbours", "critic"])
def test_each_score_is_explained_and_copied(name, scored_by):
    wgan = scored_by[name]
    rise = wgan.anomaly_score(ROWS) - wgan.anomaly_score(wgan.center_[None])
    parts = wgan.explain(ROWS)
    error = np.abs(parts.sum(1) - rise)  # a distance to neighbours has many kinks
    assert error.mean() < 0.1 * np.abs(rise).mean()
    copied = pickle.loads(pickle.dumps(wgan))
    np.testing.assert_array_equal(copied.anomaly_score(NEW), wgan.anomaly_score(NEW))


def test_another_score_takes_with_it_what_the_last_one_needed(not_compiled):
    wgan = tiny(WGAN, scored_by="neighbours", n_steps=1).fit(ROWS)
    assert {"feature_mean_", "whitening_", "reference_"} <= set(vars(wgan))
    wgan.set_params(scored_by="gaussian").fit(ROWS)
    assert "reference_" not in vars(wgan)
    wgan.set_params(scored_by="critic").fit(ROWS)
    assert "whitening_" not in vars(wgan)


def test_a_critic_without_hidden_layers_serves_the_critic_score_alone(not_compiled):
    linear = gt.networks.dense_discriminator(4, ())
    wgan = tiny(WGAN, critic=linear, scored_by="critic").fit(ROWS)
    slope = wgan.critic_.get_weights()[0][:, 0]
    by_hand = -slope * (ROWS - wgan.center_) / wgan.scale_
    np.testing.assert_allclose(wgan.explain(ROWS), by_hand, rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match="no hidden layer"):
        tiny(WGAN, critic=linear).fit(ROWS)


# its parameters


@pytest.mark.parametrize("n_critic", [1, 3])
def test_the_critic_is_updated_n_critic_times_a_step(n_critic, not_compiled):
    wgan = tiny(WGAN, n_critic=n_critic).fit(ROWS)
    updates = [int(optimizer.iterations) for optimizer in wgan._workshop.optimizers]
    assert updates == [3, 3 * n_critic]


def test_the_penalty_weight_reaches_the_step(not_compiled, monkeypatch):
    seen = []

    def recording(*arguments):
        seen.append(arguments)
        return tf.constant(1.0), tf.constant(2.0), tf.constant(3.0)

    monkeypatch.setattr(wgan_module, "wgan_step", recording)
    tiny(WGAN, penalty_weight=7, n_critic=3, latent_dim=2).fit(ROWS)
    assert len(seen) == 3
    for generator, critic, g_optimizer, c_optimizer, weight, x, z, epsilon in seen:
        assert weight == 7.0
        shapes = [tuple(part.shape) for part in (x, z, epsilon)]
        assert shapes == [(3, 8, 4), (4, 8, 2), (3, 8, 1)]
        assert (generator.output_shape, critic.output_shape) == ((None, 4), (None, 1))
        assert len(g_optimizer.variables) == 2 + 2 * len(generator.weights)
        assert len(c_optimizer.variables) == 2 + 2 * len(critic.weights)


def test_scikit_learn_finds_no_score_to_call():
    assert not hasattr(WGAN(scored_by="critic"), "score")
