"""AnoGAN: the score is what the nearest generated row leaves unexplained."""

import numpy as np
import pytest
from detector_cases import NEW, ROWS, tiny
from step_cases import (
    assert_own_networks_are_used_and_left_as_they_were,
    invertible,
    last_hidden,
    linear_networks,
    own,
    rows,
    scaled,
    unscaled,
)

import gantutor as gt
from gantutor import networks, scoring
from gantutor.detectors import AnoGAN, compiled

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


@pytest.mark.parametrize(
    ("feature_weight", "prior_weight"), [(0.0, 0.0), (0.7, 0.0), (0.3, 2.0)]
)
def test_the_score_by_hand(feature_weight, prior_weight, not_compiled):
    """The generator can be undone, so a reconstruction says which z was found."""
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
    x, made = scaled(detector, NEW), scaled(detector, detector.reconstruct(NEW))
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
    x = scaled(detector, NEW)
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


def test_rows_that_the_generator_makes_score_zero_and_come_back(not_compiled):
    detector = on_a_plane()
    made = unscaled(detector, rows(9, 2) @ PLANE[0] + PLANE[1])
    assert detector.anomaly_score(made).max() < 0.02
    np.testing.assert_allclose(detector.reconstruct(made), made, atol=0.05)


def test_a_row_off_the_plane_scores_its_distance_to_it(not_compiled):
    """To move z by 1 costs 1 in one column and saves 1 / 2 in the other, so z stays."""
    detector = on_a_plane()
    made = rows(9, 2) @ PLANE[0] + PLANE[1]
    for size in (0.5, 2.0):
        off = made + size * np.array([0, 1.0, 0, 0])
        scores = detector.anomaly_score(unscaled(detector, off))
        np.testing.assert_allclose(scores, size, atol=0.02)
        back = scaled(detector, detector.reconstruct(unscaled(detector, off)))
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
    for name, network in compiled.networks_of(gan).items():
        for a, b in zip(
            network.get_weights(), vars(ano)[name].get_weights(), strict=True
        ):
            np.testing.assert_array_equal(a, b)


# networks of one's own, and parameters


def test_own_networks_are_used_and_left_as_they_were(not_compiled):
    given = {"generator": own(3, n_outputs=4), "discriminator": own(4)}
    assert_own_networks_are_used_and_left_as_they_were(
        AnoGAN, given, latent_dim=3, adversarial_training="gan"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"generator": own(7, n_outputs=4)},
            r"generator .*\(7,\) to \(4,\).*\(4,\) to",
        ),
        ({"generator": own(4, n_outputs=9)}, r"\(4,\) to \(9,\).*\(4,\) to \(4,\)"),
        ({"discriminator": own(9)}, r"discriminator .*\(9,\) to \(1,\).*\(4,\) to"),
        ({"discriminator": own(4, n_outputs=2)}, r"\(4,\) to \(2,\).*\(4,\) to \(1,\)"),
    ],
)
def test_own_networks_of_the_wrong_shape_are_refused_in_words(given, words):
    with pytest.raises(ValueError, match=words):
        tiny(AnoGAN, latent_dim=4, **given).fit(ROWS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("feature_weight", value) for value in (-0.1, 1.5, np.nan, None, True)],
        *[("prior_weight", value) for value in (-1.0, np.nan, np.inf, None)],
        *[("search_learning_rate", value) for value in (0, -1.0, np.nan, np.inf, None)],
        *[("n_search_steps", value) for value in (0, -1, 1.5, True, None)],
        *[("n_starts", value) for value in (0, -1, 1.5, True, None)],
        *[("n_critic", value) for value in (0, -1, 1.5, True, None)],
        *[("penalty_weight", value) for value in (0, -1.0, np.nan, np.inf, None)],
        *[("adversarial_training", value) for value in ("vae", None, 3)],
    ],
)
def test_a_parameter_out_of_its_range_is_refused_in_words(name, value):
    with pytest.raises(ValueError, match=f"{name} is .*must be"):
        tiny(AnoGAN, **{name: value}).fit(ROWS)
