"""Scores, thresholds and p-values keep the promises of their formulas."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, kstest
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

import gantutor as gt
from gantutor import networks, scoring

gt.setup()

RNG = np.random.default_rng(0)


def test_discriminator_score_is_minus_the_logit():
    discriminator = networks.dense_discriminator(3)
    x = RNG.standard_normal((5, 3)).astype(np.float32)
    score = scoring.discriminator_score(discriminator, x)
    np.testing.assert_array_equal(score, -discriminator(x).numpy()[:, 0])


# threshold


@pytest.mark.parametrize(
    ("n", "rate", "rank"),
    [
        (9, 0.1, 9),
        (19, 0.05, 19),
        (20, 0.05, 20),
        (99, 0.05, 95),
        (100, 0.05, 96),
        (4, 0.5, 3),
    ],
)
def test_threshold_is_the_score_of_the_rank_worked_out_by_hand(n, rate, rank):
    scores = RNG.permutation(np.arange(1, n + 1))  # the score of rank k is k
    assert scoring.threshold(scores, rate) == rank


def test_threshold_of_too_few_rows_is_the_largest_score():
    assert scoring.threshold([3.0, 1.0, 2.0], 0.01) == 3.0


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("n", [100, 199])
def test_false_alarms_are_as_rare_as_promised(rate, n):
    """Over many calibration sets; a score more extreme than the threshold is an alarm."""
    repeats, fresh = 4000, 25
    scores = np.random.default_rng(n).exponential(size=(repeats, n + fresh))
    alarms = sum(np.sum(s[n:] > scoring.threshold(s[:n], rate)) for s in scores)
    share = alarms / (repeats * fresh)
    # one row for each calibration set would be binomial; 25 of them only narrow it
    slack = binom(repeats, rate).ppf(0.995) / repeats - rate
    assert rate - 1 / (n + 1) - slack < share < rate + slack


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0.001, 0.999))
def test_threshold_is_a_calibration_score_that_few_calibration_rows_exceed(
    scores, rate
):
    value = scoring.threshold(scores, rate)
    assert value in scores
    assert np.sum(np.array(scores) > value) <= rate * (len(scores) + 1)


# p-values


def test_p_values_by_hand_with_ties():
    p = scoring.p_values([1.0, 2.0, 2.0, 3.0], [0.0, 1.0, 2.0, 2.5, 3.0, 4.0])
    np.testing.assert_allclose(p, np.array([5, 5, 4, 2, 2, 1]) / 5)


def test_p_values_of_fresh_normals_are_uniform():
    n = 400
    calibration, fresh = np.random.default_rng(0).normal(size=(2, 3000, n))
    p = [scoring.p_values(c, f[:1])[0] for c, f in zip(calibration, fresh, strict=True)]
    steps = np.random.default_rng(1).random(len(p)) / (
        n + 1
    )  # undo the steps of the ranks
    assert kstest(p - steps, "uniform").pvalue > 0.01
    for rate in (0.01, 0.05, 0.1):
        assert np.mean(np.array(p) <= rate) <= binom(len(p), rate).ppf(0.995) / len(p)


@settings(deadline=None)
@given(
    calibration=st.lists(st.integers(-5, 5), min_size=1, max_size=30),
    scores=st.lists(st.integers(-6, 6), min_size=2, max_size=30),
)
def test_p_values_fall_as_scores_rise_and_stay_in_their_range(calibration, scores):
    p = scoring.p_values(calibration, np.sort(scores))
    assert (np.diff(p) <= 0).all()
    assert p.min() >= 1 / (len(calibration) + 1)
    assert p.max() <= 1


@settings(deadline=None)
@given(
    calibration=st.lists(st.integers(-9, 9), min_size=20, max_size=60),
    score=st.integers(-10, 10),
    rate=st.sampled_from([0.05, 0.1, 0.25]),
)
def test_a_row_is_an_alarm_exactly_if_its_p_value_is_at_most_the_rate(
    calibration, score, rate
):
    alarm = score > scoring.threshold(calibration, rate)
    assert alarm == (scoring.p_values(calibration, [score])[0] <= rate)


# Gaussian


def correlated(n: int, d: int) -> np.ndarray:
    return RNG.standard_normal((n, d)) @ RNG.standard_normal((d, d)) + 3


@pytest.mark.parametrize(("n", "d"), [(200, 5), (10, 40), (50, 1)])
def test_gaussian_score_is_scikit_learns_ledoit_wolf_distance(n, d):
    train, test = np.split(correlated(2 * n, d), 2)
    mean, whitening = scoring.fit_gaussian(train)
    score = scoring.mahalanobis_score(test, mean, whitening)
    np.testing.assert_allclose(
        score, np.sqrt(LedoitWolf().fit(train).mahalanobis(test)), 1e-6
    )


def test_gaussian_score_of_the_mean_is_zero_and_grows_along_a_line():
    mean, whitening = scoring.fit_gaussian(correlated(100, 3))
    direction = RNG.standard_normal(3)
    scores = scoring.mahalanobis_score(
        mean + np.outer([0.0, 1.0, 2.0], direction), mean, whitening
    ).numpy()
    np.testing.assert_allclose(scores, scores[1] * np.array([0, 1, 2]), atol=1e-9)


def test_gaussian_copes_with_some_constant_features():
    features = np.hstack([correlated(50, 2), np.full((50, 2), 7.0)])
    score = scoring.mahalanobis_score(features, *scoring.fit_gaussian(features))
    assert np.isfinite(score).all()


def test_gaussian_of_constant_features_is_the_distance_to_them():
    mean, whitening = scoring.fit_gaussian(np.full((9, 2), 7.0))
    score = scoring.mahalanobis_score(np.array([[7.0, 7], [10, 11]]), mean, whitening)
    np.testing.assert_allclose(score, [0, 5])


# neighbours


@pytest.mark.parametrize("k", [1, 5, 20])
def test_neighbour_score_is_scikit_learns_kth_distance(k):
    reference, x = (
        correlated(20, 4).astype(np.float32),
        correlated(9, 4).astype(np.float32),
    )
    distances, _ = NearestNeighbors(n_neighbors=k).fit(reference).kneighbors(x)
    score = scoring.neighbour_score(x, reference, k)
    np.testing.assert_allclose(score, distances[:, -1], rtol=1e-5)


def test_neighbour_score_takes_the_farthest_where_there_are_fewer_than_k():
    reference = np.array([[0.0], [1.0], [5.0]])
    assert scoring.neighbour_score(tf.constant([[0.0]]), reference, k=5).numpy() == [
        5.0
    ]


def test_neighbour_score_does_not_cancel_far_from_the_origin():
    """Squares of 1000 in float32 are exact to 0.06; distances of 0.01 must survive."""
    reference = np.float32(1000) + np.float32([[0.0], [100.0]])
    x = reference[:1] + np.float32([[0.015625]])
    assert scoring.neighbour_score(x, reference, k=1).numpy() == pytest.approx(
        [0.015625]
    )


def test_neighbour_score_of_a_reference_row_itself_is_zero():
    reference = correlated(30, 6).astype(np.float32)
    np.testing.assert_array_equal(scoring.neighbour_score(reference, reference, k=1), 0)


# residuals


def test_residuals_of_table_rows_by_hand():
    a, b = tf.constant([[1.0, 2, 3], [0, 0, 0]]), tf.constant([[1.0, 0, 7], [0, -3, 0]])
    np.testing.assert_allclose(scoring.l1_distance(a, b), [6, 3])
    np.testing.assert_allclose(scoring.mean_squared_distance(a, b), [20 / 3, 3])


def test_residuals_of_images_take_all_pixels_of_an_image():
    a, b = RNG.standard_normal((2, 5, 3, 4, 2)).astype(np.float32)
    difference = (a - b).reshape(5, 24)
    np.testing.assert_allclose(
        scoring.l1_distance(a, b), np.abs(difference).sum(axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(
        scoring.mean_squared_distance(a, b), (difference**2).mean(axis=1), rtol=1e-5
    )


# latent search

A = np.array([[1.0, 0.4, -0.3, 0.0, 0.8], [-0.5, 1.0, 0.0, 0.7, 0.2]], np.float32)
B = np.array([0.3, -1.0, 0.0, 2.0, 0.5], np.float32)
POINTS = RNG.standard_normal((7, 5)).astype(np.float32)  # rows off the plane z A + B
START = np.zeros((1, 2), np.float32)
STARTS = 2 * RNG.standard_normal((8, 2)).astype(np.float32)


def squared(x, z):
    return tf.reduce_sum((x - z @ A - B) ** 2, axis=1)


def bumpy(x, z):
    """Many valleys, so that it matters where the search begins."""
    return squared(x, z) + 3 * tf.reduce_sum(tf.sin(6 * z), axis=1)


def test_the_search_finds_the_least_squares_solution_of_a_linear_generator():
    z, lowest = scoring.latent_search(squared, POINTS, START, n_steps=300)
    expected, residuals, _, _ = np.linalg.lstsq(A.T, (POINTS - B).T, rcond=None)
    np.testing.assert_allclose(z, expected.T, atol=1e-3)
    np.testing.assert_allclose(lowest, residuals, rtol=1e-4)


def test_the_search_gives_back_the_latent_point_that_made_a_row():
    z0 = STARTS[:6]
    z, lowest = scoring.latent_search(squared, z0 @ A + B, START, n_steps=300)
    np.testing.assert_allclose(z, z0, atol=1e-3)
    assert lowest.numpy().max() < 1e-3


def test_the_search_works_with_absolute_residuals():
    """The point of one number that is nearest to all columns is their median."""
    x = POINTS[:4]
    z, lowest = scoring.latent_search(
        lambda x, z: scoring.l1_distance(x, tf.repeat(z, 5, axis=1)),
        x,
        START[:, :1],
        n_steps=300,
    )
    median = np.median(x, axis=1, keepdims=True)
    np.testing.assert_allclose(z, median, atol=5e-3)
    np.testing.assert_allclose(lowest, np.abs(x - median).sum(axis=1), atol=1e-2)


def test_the_search_takes_images():
    images = POINTS[:, :4].reshape(7, 2, 2, 1)
    z, lowest = scoring.latent_search(
        lambda x, z: scoring.l1_distance(x, tf.reshape(z, (-1, 2, 2, 1))),
        images,
        np.zeros((2, 4)),
        n_steps=200,
    )
    np.testing.assert_allclose(z, POINTS[:, :4], atol=1e-2)
    assert lowest.shape == (7,)


@pytest.mark.parametrize("rate", [0.1, 1000.0])
def test_the_lowest_loss_is_that_of_the_point_found_and_never_above_the_starts(rate):
    starts = STARTS[:3]
    z, lowest = scoring.latent_search(bumpy, POINTS, starts, 20, rate)
    np.testing.assert_allclose(bumpy(POINTS, z), lowest, rtol=1e-5, atol=1e-5)
    for start in starts:
        at_start = bumpy(POINTS, np.tile(start, (7, 1))).numpy()
        assert (lowest.numpy() <= at_start + 1e-5).all()


def test_each_row_gets_the_best_of_its_starts():
    starts = STARTS[:4]
    alone = [scoring.latent_search(bumpy, POINTS, s[None], 50) for s in starts]
    losses = np.array([lowest.numpy() for _, lowest in alone])
    points = np.array([z.numpy() for z, _ in alone])
    assert len(set(losses.argmin(axis=0))) > 1
    z, lowest = scoring.latent_search(bumpy, POINTS, starts, 50)
    np.testing.assert_allclose(lowest, losses.min(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        z, points[losses.argmin(axis=0), np.arange(7)], atol=1e-3
    )


def test_more_starts_never_worsen_the_loss_and_help_where_there_are_many_valleys():
    lowest = [
        scoring.latent_search(bumpy, POINTS, STARTS[:n], 30)[1].numpy()
        for n in (1, 2, 8)
    ]
    assert (np.diff(lowest, axis=0) <= 1e-5).all()
    assert (lowest[2] < lowest[0] - 0.1).any()


def test_the_result_of_a_row_does_not_depend_on_the_others():
    starts = STARTS[:2]
    z, lowest = scoring.latent_search(bumpy, POINTS, starts, 25)
    order = [3, 0, 6, 1, 5, 2, 4]
    near = {"rtol": 1e-4, "atol": 1e-4}
    shuffled = scoring.latent_search(bumpy, POINTS[order], starts, 25)
    np.testing.assert_allclose(shuffled[0], z.numpy()[order], **near)
    np.testing.assert_allclose(shuffled[1], lowest.numpy()[order], **near)
    alone = scoring.latent_search(bumpy, POINTS[3:4], starts, 25)
    np.testing.assert_allclose(alone[0], z[3:4], **near)
    wild = np.concatenate([1e4 * POINTS[:3], POINTS[3:4]])
    among = scoring.latent_search(bumpy, wild, starts, 25)
    np.testing.assert_allclose(among[0][3:], z[3:4], **near)


@pytest.mark.parametrize("n_steps", [1, 40])
def test_a_row_that_is_at_its_best_point_stays_there(n_steps):
    x = np.tile(B, (3, 1))
    for loss in (squared, lambda x, z: scoring.l1_distance(x, z @ A + B)):
        z, lowest = scoring.latent_search(loss, x, START, n_steps, 5.0)
        np.testing.assert_array_equal(z, 0)
        np.testing.assert_array_equal(lowest, 0)


def test_a_row_takes_the_way_of_adam_with_a_rate_that_falls_in_a_straight_line():
    """On a long way downhill the last point is the best, so the whole way shows."""
    n_steps, rate = 12, 0.3

    def loss(x, z):
        return tf.reduce_sum(x * z + 0.01 * z**2 + 0.1 * tf.sin(z), axis=1)

    x, start = POINTS[:1, :3], POINTS[1:2, :3]
    z = tf.Variable(start)
    adam = keras.optimizers.Adam(rate, epsilon=1e-7)
    adam.build([z])
    way = []
    for i in range(n_steps):
        with tf.GradientTape() as tape:
            value = loss(x, z)
        way.append(float(value[0]))
        adam.learning_rate = rate * (1 - i / n_steps)
        adam.apply([tape.gradient(value, z)], [z])
    assert (np.diff(way) < 0).all()
    found, lowest = scoring.latent_search(loss, x, start, n_steps, rate)
    np.testing.assert_allclose(found, z, rtol=1e-4)
    np.testing.assert_allclose(lowest, loss(x, z), rtol=1e-4)


def test_the_search_gives_the_same_in_a_graph_as_in_eager():
    starts = STARTS[:2]
    eager = scoring.latent_search(bumpy, POINTS, starts, 25)

    @tf.function(input_signature=[tf.TensorSpec((None, 5), tf.float32)])
    def search(x):
        return scoring.latent_search(bumpy, x, starts, 25)

    for one, other in zip(eager, search(POINTS), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


# explanations


def bent(x):
    """A function in which columns work together."""
    return tf.reduce_sum(x**2, axis=1) + x[:, 0] * tf.sin(x[:, 1])


def test_integrated_gradients_add_up_and_know_which_column_counts():
    x = POINTS[:, :3]
    start = POINTS[0, 2:5]
    parts = scoring.integrated_gradients(bent, start, x).numpy()
    rise = bent(tf.constant(x)) - bent(tf.constant(start[None]))
    np.testing.assert_allclose(parts.sum(axis=1), rise, atol=1e-3)
    alone = scoring.integrated_gradients(lambda x: x[:, 0] ** 3, start, x).numpy()
    np.testing.assert_allclose(alone[:, 0], x[:, 0] ** 3 - start[0] ** 3, atol=1e-3)
    assert not alone[:, 1:].any()


def test_shapley_values_add_up_exactly():
    x, start = RNG.standard_normal((2, 9, 5))
    groups = [[0], [3, 1], [2], [4]]
    parts = scoring.shapley_values(lambda x: bent(x).numpy(), x, start, groups)
    assert parts.shape == (9, 4)
    rise = bent(x).numpy() - bent(start).numpy()
    np.testing.assert_allclose(parts.sum(axis=1), rise, rtol=1e-12)


def test_shapley_values_of_two_groups_by_hand():
    x, start = RNG.standard_normal((2, 6, 3))

    def function(x):
        return x[:, 0] * x[:, 1] + x[:, 2] * x[:, 0]

    parts = scoring.shapley_values(function, x, start, [[0], [1, 2]], n_orders=2)
    way, other = x[:, 0] - start[:, 0], x[:, 1:].sum(axis=1)
    by_hand = way * (other + start[:, 1:].sum(axis=1)) / 2  # first, and last
    np.testing.assert_allclose(parts[:, 0], by_hand)


def test_shapley_values_of_an_additive_function_are_each_columns_own_difference():
    x, start = RNG.standard_normal((2, 6, 4))

    def function(x):
        return np.exp(x[:, 0]) + x[:, 1] ** 2 - 3 * x[:, 3]

    parts = scoring.shapley_values(function, x, start, [[0], [1], [2], [3]])
    own = np.exp(x[:, 0]) - np.exp(start[:, 0]), x[:, 1] ** 2 - start[:, 1] ** 2
    np.testing.assert_allclose(parts[:, 0], own[0])
    np.testing.assert_allclose(parts[:, 1], own[1])
    np.testing.assert_allclose(parts[:, 3], -3 * (x[:, 3] - start[:, 3]))
    np.testing.assert_array_equal(parts[:, 2], 0)  # which the function does not use


def test_shapley_values_change_no_row_and_depend_on_the_seed_alone():
    x, start = RNG.standard_normal((2, 3, 4))
    before = x.copy(), start.copy()
    columns = [[0], [1], [2], [3]]

    def function(x):
        return x.prod(axis=1) + x[:, 0] * x[:, 1]

    one, same, other = (
        scoring.shapley_values(function, x, start, columns, 2, seed=seed)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(start, before[1])


def test_shapley_values_of_single_columns_from_one_row_for_all():
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    parts = scoring.shapley_values(lambda x: x @ [1, 10, 100], x, np.array([1, 1, 1]))
    np.testing.assert_allclose(parts, (x - 1) * [1, 10, 100])


def test_the_reference_row_most_like_a_row_is_the_nearest_on_one_scale():
    """The second column is thirty times as wide, and the third one does not vary."""
    reference = np.array([[0, 0, 7.0], [1, 30, 7]])
    like = scoring.most_like(np.array([[0.9, 10, 7], [0.1, 20, 9]]), reference)
    np.testing.assert_array_equal(like, reference[::-1])
