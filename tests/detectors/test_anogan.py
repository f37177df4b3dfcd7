"""AnoGAN: the score is what the nearest generated row leaves unexplained."""

import numpy as np
from detector_cases import NEW, ROWS, tiny
from step_cases import (
    invertible,
    last_hidden,
    linear_networks,
    rows,
    unscaled,
)

import gantutor as gt
from gantutor import networks, scoring
from gantutor.detectors import AnoGAN

gt.setup()

SHORT = {"n_steps": 1, "n_critic": 1}  # where training does not matter

PLANE = [np.array([[1.0, 0.5, 0, 0], [0, 0, 1, -0.5]]), np.array([0.1, -0.2, 0.3, 0])]


def on_a_plane(**parameters):
    """A detector whose generator makes the rows z K + b, with two latent numbers."""
    detector = tiny(
        AnoGAN,
        latent_dim=2,
        generator=networks.dense_generator(2, 4, ()),
        **{**SHORT, "feature_weight": 0.0, "n_search_steps": 200, **parameters},
    ).fit(ROWS)
    detector.generator_.set_weights(PLANE)
    return detector


# the score


def test_the_score_by_hand(not_compiled):
    """The generator can be undone, so a reconstruction says which z was found."""
    feature_weight, prior_weight = 0.3, 2.0
    weights, inverse = invertible()
    detector = tiny(
        AnoGAN,
        feature_weight=feature_weight,
        prior_weight=prior_weight,
        n_search_steps=10,
        hidden=(8, 6),
        **SHORT,
        **linear_networks("generator"),
    ).fit(ROWS)
    detector.generator_.set_weights(weights)
    x, made = detector.scaled(NEW), detector.scaled(detector.reconstruct(NEW))
    z = made @ inverse[0] + inverse[1]
    features, made_features = (
        last_hidden(detector.discriminator_, part) for part in (x, made)
    )
    by_hand = (
        (1 - feature_weight) * np.abs(x - made).sum(axis=1)
        + feature_weight * np.abs(features - made_features).sum(axis=1)
        + prior_weight * (z**2).sum(axis=1) / 2
    )
    np.testing.assert_allclose(detector.anomaly_score(NEW), by_hand, rtol=1e-3)


def test_the_search_begins_at_the_starts_and_takes_the_steps_that_were_asked_for(
    not_compiled,
):
    detector = on_a_plane(n_search_steps=7, search_learning_rate=0.4, n_starts=3)
    x = detector.scaled(NEW)
    z, lowest = scoring.latent_search(
        lambda x, z: scoring.l1_distance(x, z @ PLANE[0].astype("f4") + PLANE[1]),
        x,
        detector.search_starts_,
        7,
        0.4,
    )
    np.testing.assert_allclose(detector.anomaly_score(NEW), lowest, rtol=1e-3)
    made = unscaled(detector, z.numpy() @ PLANE[0] + PLANE[1])
    np.testing.assert_allclose(detector.reconstruct(NEW), made, atol=0.05)


def test_a_row_scores_its_distance_to_the_plane_of_what_the_generator_makes(
    not_compiled,
):
    """To move z by 1 costs 1 in one column and saves 1 / 2 in the other, so z stays."""
    detector = on_a_plane()
    made = rows(9, 2) @ PLANE[0] + PLANE[1]
    for size in (0.0, 0.5, 2.0):
        off = made + size * np.array([0, 1.0, 0, 0])
        scores = detector.anomaly_score(unscaled(detector, off))
        np.testing.assert_allclose(scores, size, atol=0.02)
        back = detector.scaled(detector.reconstruct(unscaled(detector, off)))
        np.testing.assert_allclose(back, made, atol=0.05)


def test_a_heavy_prior_holds_the_search_at_the_origin(not_compiled):
    detector = on_a_plane(prior_weight=1e3)
    centre = unscaled(detector, PLANE[1])
    far = unscaled(detector, 2 * rows(5, 2) @ PLANE[0] + PLANE[1])
    found = detector.reconstruct(far)
    np.testing.assert_allclose(found, np.tile(centre, (5, 1)), atol=0.1)


# where the search begins


def test_more_starts_never_raise_a_score(not_compiled):
    one, many = (
        tiny(AnoGAN, **SHORT, n_starts=n, n_search_steps=3).fit(ROWS).anomaly_score(NEW)
        for n in (1, 5)
    )
    assert (many <= one + 1e-4).all()
    assert (many < one - 0.01).any()


def test_the_search_begins_at_the_origin_and_at_points_that_the_seed_decides(
    not_compiled,
):
    first, again, other = (
        tiny(AnoGAN, **SHORT, n_starts=4, random_state=seed, latent_dim=3).fit(ROWS)
        for seed in (1, 1, 2)
    )
    starts = first.search_starts_
    assert starts.shape == (4, 3)
    np.testing.assert_array_equal(starts[0], 0)
    assert (starts[1:] != 0).all()
    np.testing.assert_array_equal(again.search_starts_, starts)
    assert (other.search_starts_[1:] != starts[1:]).all()


# training


def test_training_as_a_wgan_is_that_of_the_wgan(not_compiled):
    options = {"n_critic": 3, "penalty_weight": 2.0, "random_state": 5}
    ano = tiny(AnoGAN, **options).fit(ROWS)
    wgan = tiny(gt.detectors.WGAN, **options).fit(ROWS)
    assert set(ano.history_) == {"critic", "generator", "penalty"}
    for name in ano.history_:
        np.testing.assert_array_equal(ano.history_[name], wgan.history_[name])
    for one, other in (
        (ano.generator_, wgan.generator_),
        (ano.discriminator_, wgan.critic_),
    ):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_training_as_a_gan_is_that_of_the_gan(not_compiled):
    ano = tiny(AnoGAN, adversarial_training="gan").fit(ROWS)
    gan = tiny(gt.detectors.GAN).fit(ROWS)
    assert set(ano.history_) == {"discriminator", "generator"}
    for name in ano.history_:
        np.testing.assert_array_equal(ano.history_[name], gan.history_[name])
    for name, network in gan.networks().items():
        for a, b in zip(
            network.get_weights(), vars(ano)[name].get_weights(), strict=True
        ):
            np.testing.assert_array_equal(a, b)
