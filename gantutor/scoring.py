"""From a network to a decision: scores (notebook 04), thresholds, p-values (notebook 05).

Everywhere in this package a *score* goes up as a row gets more anomalous.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler


def discriminator_score(discriminator: keras.Model, x: tf.Tensor) -> tf.Tensor:
    """Minus the logit of the discriminator: high where D believes a row to be fake.

    For the best possible D this is log q(x) - log p(x), with p the density of the data and
    q that of the generator (Goodfellow et al. 2014, proposition 1). It depends on where the
    generator puts its samples, so it is no measure of anomaly: see notebook 04.

    Parameters
    ----------
    discriminator : keras.Model
        Maps rows to one logit, or a critic that maps rows to one number.
    x : tensor of shape (n, ...)
        Rows, scaled as in training.

    Returns
    -------
    tensor of shape (n,)
    """
    return -discriminator(x, training=False)[:, 0]


def threshold(calibration_scores: ArrayLike, false_alarm_rate: float = 0.05) -> float:
    """The score above which a row is called an anomaly.

    Of n held-out normal rows, the score of rank ceil((n + 1)(1 - rate)) is taken. A new
    normal row then exceeds it with a probability of at most `false_alarm_rate`, on average
    over calibration sets (split conformal prediction: Vovk et al. 2005; Bates et al. 2023,
    arXiv 2104.08279). With fewer than 1 / rate - 1 rows no finite threshold keeps the
    promise, and the largest score is returned.

    Parameters
    ----------
    calibration_scores : array of shape (n,)
        Scores of normal rows that were not used for training.
    false_alarm_rate : float, default=0.05
        Share of normal rows that may be called anomalies, between 0 and 1.

    Returns
    -------
    float
    """
    scores = np.sort(np.asarray(calibration_scores, dtype=float))
    rank = int(np.ceil((len(scores) + 1) * (1 - false_alarm_rate)))
    return float(scores[min(rank, len(scores)) - 1])


def p_values(calibration_scores: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Share of normal rows that are at least as anomalous, the row itself counted in.

    p = (1 + number of calibration scores >= score) / (n + 1). For a new normal row it is
    uniform up to the steps of 1 / (n + 1), so it is at most a with a probability of at most
    a (Bates et al. 2023, arXiv 2104.08279, equation 2).

    Parameters
    ----------
    calibration_scores : array of shape (n,)
        Scores of normal rows that were not used for training.
    scores : array of shape (m,)
        Scores of the rows in question.

    Returns
    -------
    array of shape (m,)
        Between 1 / (n + 1) and 1.
    """
    calibration = np.sort(np.asarray(calibration_scores, dtype=float))
    below = np.searchsorted(calibration, np.asarray(scores, dtype=float), side="left")
    return (1 + len(calibration) - below) / (len(calibration) + 1)


def fit_gaussian(
    features: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and whitening matrix of a Gaussian fitted to features of normal rows.

    The covariance is shrunk towards a multiple of the identity (Ledoit and Wolf 2004), so
    that it can be inverted when there are more features than rows.

    Parameters
    ----------
    features : array of shape (n, d)
        Features of training rows.

    Returns
    -------
    mean : array of shape (d,)
    whitening : array of shape (d, d)
        ``|(f - mean) @ whitening|`` is the Mahalanobis distance of the features f.
    """
    gaussian = LedoitWolf(store_precision=False).fit(np.asarray(features, dtype=float))
    covariance = gaussian.covariance_
    # all features constant: any positive scale will do, the distance to the mean is left
    if not covariance.any():
        covariance = np.eye(len(covariance))
    return gaussian.location_, np.linalg.cholesky(np.linalg.inv(covariance))


def mahalanobis_score(
    features: tf.Tensor, mean: ArrayLike, whitening: ArrayLike
) -> tf.Tensor:
    """Mahalanobis distance of features to the Gaussian of `fit_gaussian`.

    Source: Mahalanobis 1936; in the features of a network: Lee et al. 2018 (arXiv
    1807.03888).

    Parameters
    ----------
    features : tensor of shape (n, d)
        Features of the rows in question.
    mean : array of shape (d,)
    whitening : array of shape (d, d)

    Returns
    -------
    tensor of shape (n,)
    """
    centred = tf.cast(features, tf.float64) - mean
    return tf.norm(centred @ tf.cast(whitening, tf.float64), axis=1)


def neighbour_score(features: tf.Tensor, reference: ArrayLike, k: int = 5) -> tf.Tensor:
    """Distance to the k-th nearest of the reference features.

    Source: Ramaswamy et al. 2000 (SIGMOD), definition 2.1.

    Parameters
    ----------
    features : tensor of shape (n, d)
        Features of the rows in question.
    reference : array of shape (m, d)
        Features of training rows.
    k : int, default=5
        Which neighbour; the farthest if there are fewer.

    Returns
    -------
    tensor of shape (n,)
    """
    points = tf.cast(reference, tf.float32)
    squares = tf.reduce_sum(points**2, axis=1) - 2 * tf.matmul(
        features, points, transpose_b=True
    )  # (n, m), short of |features|^2, which does not change the order
    k = tf.minimum(k, tf.shape(points)[0])
    nearest = tf.math.top_k(-squares, k=k).indices[:, -1]
    # the difference itself, because squares of large numbers cancel badly
    return tf.norm(features - tf.gather(points, nearest), axis=1)


def l1_distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Sum of absolute differences of each pair of rows: a residual.

    Parameters
    ----------
    a, b : tensor of shape (n, ...)
        Rows and their reconstructions, or the features of both.

    Returns
    -------
    tensor of shape (n,)
    """
    return tf.reduce_sum(tf.abs(a - b), axis=range(1, len(a.shape)))


def mean_squared_distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Mean of squared differences of each pair of rows: a residual.

    Parameters
    ----------
    a, b : tensor of shape (n, ...)
        Rows and their reconstructions, or the features or latent points of both.

    Returns
    -------
    tensor of shape (n,)
    """
    return tf.reduce_mean(tf.square(a - b), axis=range(1, len(a.shape)))


def descend(
    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    z: tf.Tensor,
    n_steps: int = 100,
    learning_rate: float = 0.1,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Move the latent point of each row downhill, and keep the best point on the way.

    Adam (Kingma and Ba 2015, arXiv 1412.6980) on numbers of each row's own, so that the
    result for a row does not depend on the others. The step size falls in a straight line
    to nothing.

    Parameters
    ----------
    loss : callable
        Maps rows (n, ...) and latent points (n, latent_dim) to losses (n,), row by row.
    x : tensor of shape (n, ...)
        The rows.
    z : tensor of shape (n, latent_dim)
        Where each row begins.
    n_steps : int, default=100
        Steps of Adam.
    learning_rate : float, default=0.1
        Size of the first step.

    Returns
    -------
    best_z : tensor of shape (n, latent_dim)
        The best latent points.
    lowest : tensor of shape (n,)
        Their losses.
    """
    best_z, lowest = z, loss(x, z)
    mean, square = tf.zeros_like(z), tf.zeros_like(z)
    for i in tf.range(1, n_steps + 1):
        with tf.GradientTape() as tape:
            tape.watch(z)
            values = loss(x, z)
        gradient = tape.gradient(values, z)
        better = values < lowest
        best_z = tf.where(better[:, None], z, best_z)
        lowest = tf.where(better, values, lowest)
        step = tf.cast(i, tf.float32)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        usual_size = tf.sqrt(square / (1 - 0.999**step)) + 1e-7
        rate = learning_rate * (1 - (step - 1) / n_steps)
        z -= rate * mean / (1 - 0.9**step) / usual_size
    values = loss(x, z)
    best_z = tf.where((values < lowest)[:, None], z, best_z)
    return best_z, tf.minimum(values, lowest)


def latent_search(
    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    starts: ArrayLike,
    n_steps: int = 100,
    learning_rate: float = 0.1,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Look for the latent point of each row that has the lowest loss.

    Source: Schlegl et al. 2017 (arXiv 1703.05921), section 2.2. All rows and all starts are
    searched at once by `descend`.

    Parameters
    ----------
    loss : callable
        Maps rows (m, ...) and latent points (m, latent_dim) to losses (m,), row by row.
    x : tensor of shape (n, ...)
        The rows.
    starts : array of shape (n_starts, latent_dim)
        Where the search begins, the same for each row. The best result is kept.
    n_steps : int, default=100
        Steps of Adam.
    learning_rate : float, default=0.1
        Size of the first step.

    Returns
    -------
    z : tensor of shape (n, latent_dim)
        The best latent points.
    lowest : tensor of shape (n,)
        Their losses.
    """
    points, n = tf.cast(starts, tf.float32), tf.shape(x)[0]
    n_starts, latent_dim = points.shape
    z = tf.repeat(points, n, axis=0)  # (n_starts * n, latent_dim)
    tiled = tf.tile(x, [n_starts] + [1] * (len(x.shape) - 1))
    z, values = descend(loss, tiled, z, n_steps, learning_rate)
    z = tf.reshape(z, (n_starts, n, latent_dim))
    values = tf.reshape(values, (n_starts, n))
    winner = tf.argmin(values, axis=0)[:, None]  # (n, 1)
    best_z = tf.gather(tf.transpose(z, (1, 0, 2)), winner, batch_dims=1)[:, 0]
    return best_z, tf.reduce_min(values, axis=0)


def integrated_gradients(
    function: Callable[[tf.Tensor], tf.Tensor],
    start: tf.Tensor,
    x: tf.Tensor,
    n_points: int = 64,
) -> tf.Tensor:
    """What each number of x adds to function(x) - function(start), on a straight line.

    Source: Sundararajan et al. 2017 (arXiv 1703.01365), equation 3, with the integral as a
    sum over the middles of `n_points` pieces.

    Parameters
    ----------
    function : callable
        Maps rows (n, ...) to values (n,), row by row.
    start : tensor of shape (...) or (n, ...)
        Where the line begins.
    x : tensor of shape (n, ...)
        Where it ends.
    n_points : int, default=64
        Points on the line.

    Returns
    -------
    tensor of the shape of x
    """
    way = x - start
    total = tf.zeros_like(x)
    for i in tf.range(n_points):
        share = (tf.cast(i, tf.float32) + 0.5) / n_points
        point = start + share * way
        with tf.GradientTape() as tape:
            tape.watch(point)
            value = function(point)
        gradient = tape.gradient(value, point)
        # the distance to a point has no gradient at that point
        total += tf.where(tf.math.is_finite(gradient), gradient, 0.0)
    return way * total / n_points


def shapley_values(
    function: Callable[[NDArray], NDArray],
    x: NDArray,
    start: NDArray,
    groups: Sequence[Sequence[int]] | None = None,
    n_orders: int = 4,
    seed: int = 0,
) -> NDArray[np.float64]:
    """What each group of columns adds to function(x) - function(start), for any function.

    Columns change from `start` to `x`, group by group, in several random orders and their
    reverses; what a change adds is averaged over the orders (Castro et al. 2009, Computers &
    Operations Research 36; Strumbelj and Kononenko 2014). The parts of a row add up exactly,
    and no gradient is needed. With two groups they are the Shapley values themselves.

    Parameters
    ----------
    function : callable
        Maps rows (n, d) to values (n,), row by row.
    x : array of shape (n, d)
        The rows.
    start : array of shape (n, d) or (d,)
        The rows that they are compared with, or one for all.
    groups : sequence of sequences of int, optional
        The columns that change together; by default each one alone.
    n_orders : int, default=4
        How many orders, an even number. `function` is called (number of groups) times for
        each.
    seed : int, default=0
        Of the orders.

    Returns
    -------
    array of shape (n, n_groups)
    """
    groups = [[i] for i in range(x.shape[1])] if groups is None else groups
    random = np.random.default_rng(seed)
    drawn = [random.permutation(len(groups)) for _ in range(n_orders // 2)]
    parts = np.zeros((len(x), len(groups)))
    start = np.broadcast_to(start, x.shape)
    at_start = function(start)
    for order in [order for pair in drawn for order in (pair, pair[::-1])]:
        row, before = np.array(start), at_start
        for group in order:
            columns = list(groups[group])
            row[:, columns] = x[:, columns]
            after = function(row)
            parts[:, group] += (after - before) / n_orders
            before = after
    return parts


def most_like(x: NDArray, reference: NDArray) -> NDArray:
    """For each row the reference row that is nearest to it, all columns on one scale.

    Parameters
    ----------
    x : array of shape (n, d)
        The rows.
    reference : array of shape (m, d)
        Usual rows, which also give the scale: the standard deviation of each column.

    Returns
    -------
    array of shape (n, d)
    """
    scaler = StandardScaler().fit(reference)
    search = NearestNeighbors(n_neighbors=1).fit(scaler.transform(reference))
    return reference[search.kneighbors(scaler.transform(x))[1][:, 0]]
