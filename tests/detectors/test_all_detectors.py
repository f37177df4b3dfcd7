"""What every detector promises, whatever its method; new detectors are covered too."""

import copy
import pickle
import random
import re
import time
import tracemalloc
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from detector_cases import (
    CLASSES,
    IMAGES,
    NEW,
    RNG,
    ROWS,
    PlainLoop,
    assert_same_contents,
    contents,
    every_detector,
    tiny,
)
from scipy.stats import beta
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import gantutor as gt
from gantutor import training
from gantutor.detectors import (
    ALAD,
    GAN,
    WGAN,
    AnoGAN,
    BiGAN,
    Detector,
    FAnoGAN,
    FenceGAN,
    GANomaly,
    base,
    graphs,
)

gt.setup()

CHECKED_COMPILED = [GAN, WGAN, FAnoGAN]


@parametrize_with_checks(
    [tiny(c, n_steps=1, random_state=None) for c in CHECKED_COMPILED]
)
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [
        tiny(c, n_steps=1, random_state=None)
        for c in CLASSES
        if c not in CHECKED_COMPILED
    ]
)
def test_scikit_learns_own_checks_pass_uncompiled(estimator, check, without_graphs):
    check(estimator)


# signs and decisions


def test_score_samples_is_minus_the_anomaly_score(fitted):
    np.testing.assert_array_equal(fitted.score_samples(NEW), -fitted.anomaly_score(NEW))


def test_predict_is_minus_one_exactly_above_the_threshold(fitted):
    scores = fitted.anomaly_score(NEW)
    np.testing.assert_array_equal(
        fitted.predict(NEW), np.where(scores > fitted.threshold_, -1, 1)
    )
    np.testing.assert_allclose(
        fitted.decision_function(NEW), fitted.threshold_ - scores
    )


def test_threshold_comes_from_the_calibration_scores(fitted):
    scores = fitted.calibration_scores_
    assert len(scores) == 12  # a fifth of 60 rows
    np.testing.assert_array_equal(scores, np.sort(scores))
    assert fitted.threshold_ == gt.scoring.threshold(scores, fitted.false_alarm_rate)


def test_p_values_come_from_the_calibration_scores(fitted):
    scores = fitted.anomaly_score(NEW)
    above = (fitted.calibration_scores_ >= scores[:, None]).sum(axis=1)
    np.testing.assert_allclose(fitted.p_value(NEW), (1 + above) / 13)


@every_detector
def test_false_alarms_on_fresh_normals_match_the_promised_rate(detector_class):
    n, rate = 400, 0.1
    normals = RNG.standard_normal((5 * n + 10_000, 4))
    detector = tiny(detector_class, false_alarm_rate=rate).fit(normals[: 5 * n])
    share = np.mean(detector.predict(normals[5 * n :]) == -1)
    # the rate behind the threshold of rank r is Beta(n + 1 - r, r); r = ceil(.9 * 401)
    low, high = beta(n + 1 - 361, 361).ppf([0.0005, 0.9995])
    assert low - 0.015 < share < high + 0.015


def test_another_false_alarm_rate_moves_the_threshold_and_trains_nothing(
    fitted, monkeypatch
):
    monkeypatch.setattr(graphs.Workshop, "train", None)
    detector, before = copy.deepcopy(fitted), contents(fitted)
    assert detector.set_false_alarm_rate(0.5) is detector
    scores = detector.calibration_scores_
    assert detector.threshold_ == gt.scoring.threshold(scores, 0.5) < fitted.threshold_
    assert detector.get_params()["false_alarm_rate"] == 0.5
    detector.predict(NEW)
    detector.set_false_alarm_rate(0.05)
    assert_same_contents(contents(detector), before)
    np.testing.assert_array_equal(detector.predict(NEW), fitted.predict(NEW))
    for rate in (0, 1, -0.1, np.nan, "low"):
        with pytest.raises(ValueError, match=f"false_alarm_rate is {rate!r}.*between"):
            detector.set_false_alarm_rate(rate)


def test_predict_says_what_to_call_after_a_rate_was_set_as_a_parameter(fitted):
    detector = copy.deepcopy(fitted).set_params(false_alarm_rate=0.2)
    for method in (detector.predict, detector.decision_function):
        with pytest.raises(ValueError, match=r"Call set_false_alarm_rate\(0\.2\)"):
            method(NEW)
    np.testing.assert_array_equal(
        detector.anomaly_score(NEW), fitted.anomaly_score(NEW)
    )
    fresh = tiny(type(fitted), false_alarm_rate=0.2).fit(ROWS)
    detector.set_false_alarm_rate(0.2)
    np.testing.assert_array_equal(detector.predict(NEW), fresh.predict(NEW))
    assert detector.threshold_ == fresh.threshold_


# calibration


class Seen(PlainLoop):
    """Remembers what each step was given; the networks learn from the first one alone."""

    data: ClassVar[list[np.ndarray]] = []
    batches: ClassVar[list[np.ndarray]] = []

    def __call__(self, data, rows, noise, start, stop):
        n = int(stop)
        self.data.append(data.numpy())
        self.batches += [tf.gather(data, rows[i]).numpy() for i in range(n)]
        losses = super().__call__(data, rows, noise, 0, 1)
        return tf.repeat(losses, n, axis=0)


@pytest.fixture
def seen(monkeypatch, nothing_kept):
    monkeypatch.setattr(Seen, "data", [])
    monkeypatch.setattr(Seen, "batches", [])
    monkeypatch.setattr(training, "compile_block", Seen)
    return Seen


def indices(some: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which of the rows these are."""
    distance = np.abs(some[:, None] - rows).max(axis=tuple(range(2, rows.ndim + 1)))
    assert distance.min(axis=1).max() < 1e-4
    return distance.argmin(axis=1)


@every_detector
@pytest.mark.parametrize("rows", [ROWS, IMAGES], ids=["table", "images"])
def test_calibration_rows_take_no_part_in_training_or_scaling(
    detector_class, rows, seen
):
    detector = tiny(detector_class, hidden=(4,), n_steps=1).fit(rows)
    x = seen.data[0]
    assert all(np.array_equal(data, x) for data in seen.data)
    trained = x.reshape(len(x), *rows.shape[1:]) * detector.scale_ + detector.center_
    used = np.isin(np.arange(len(rows)), indices(trained, rows))
    assert used.sum() == len(trained) == len(rows) - round(0.2 * len(rows))
    assert_trained_and_calibrated_on(detector, rows[used], rows[~used])


@every_detector
def test_rows_given_for_calibration_set_the_threshold_and_all_others_are_trained_on(
    detector_class, seen
):
    given = RNG.normal(60, 9, (17, 4))
    detector = tiny(detector_class, n_steps=1).fit(ROWS, calibration=given)
    trained = seen.data[0] * detector.scale_ + detector.center_
    np.testing.assert_array_equal(np.sort(indices(trained, ROWS)), np.arange(60))
    assert_trained_and_calibrated_on(detector, ROWS, given)


def assert_trained_and_calibrated_on(detector, trained, kept):
    np.testing.assert_allclose(
        detector.calibration_scores_, np.sort(detector.anomaly_score(kept)), rtol=1e-5
    )
    scores = detector.calibration_scores_
    assert detector.threshold_ == gt.scoring.threshold(scores, 0.05)
    if trained.ndim == 2:
        np.testing.assert_allclose(detector.center_, trained.mean(0))
        np.testing.assert_allclose(detector.scale_, trained.std(0))
    else:  # one scale for all pixels: -1 to 1
        low, high = trained.min(), trained.max()
        np.testing.assert_allclose(detector.center_, (low + high) / 2)
        np.testing.assert_allclose(detector.scale_, (high - low) / 2)


def test_calibration_rows_are_checked_like_others():
    for rows, words in (
        (ROWS[:, :3], "3 features.*expecting 4"),
        (np.where(NEW > 52, np.nan, NEW), "NaN in row"),
        (np.empty((0, 4)), "0 sample"),
        (IMAGES, "fitted on a table"),
    ):
        detector = tiny(GAN)
        with pytest.raises(ValueError, match=words):
            detector.fit(ROWS, calibration=rows)
        assert not hasattr(detector, "threshold_")


@every_detector
def test_each_row_is_drawn_about_as_often(detector_class, seen):
    """With fewer than three batches of rows, and with a last one that is not full."""
    rows = np.arange(9.0)[:, None] * [1.0, 2.0]
    detector = tiny(detector_class, n_steps=99, batch_size=4).fit(
        rows, calibration=rows
    )
    drawn = np.concatenate([batch.reshape(-1, 2) for batch in seen.batches])
    drawn = drawn * detector.scale_ + detector.center_
    times = np.bincount(indices(drawn, rows), minlength=9)
    expected = times.sum() / 9
    assert np.abs(times - expected).max() < 5 * expected**0.5


@every_detector
def test_one_more_step_moves_every_kernel_even_with_fewer_rows_than_a_batch(
    detector_class, not_compiled
):
    one, two = (
        tiny(detector_class, n_steps=n, batch_size=16, hidden=(20, 20)).fit(ROWS[:9])
        for n in (1, 2)
    )
    for name, network in one.networks().items():
        others = vars(two)[name].trainable_weights
        for a, b in zip(network.trainable_weights, others, strict=True):
            if len(a.shape) > 1:
                assert (a.numpy() != b.numpy()).any(), (name, a.path)


@every_detector
def test_epsilons_of_the_gradient_penalty_are_uniform_on_0_to_1(
    detector_class, not_compiled, monkeypatch
):
    seen = []

    def recording(critic, real, fake, epsilon):
        seen.append(epsilon.numpy())
        return gradient_penalty(critic, real, fake, epsilon)

    gradient_penalty = training.gradient_penalty
    monkeypatch.setattr(training, "gradient_penalty", recording)
    tiny(detector_class, batch_size=2000, n_steps=2).fit(ROWS)
    assert len(seen) == (4 if hasattr(detector_class, "n_critic") else 0)
    if seen:
        epsilon = np.stack(seen)
        assert epsilon.shape == (4, 2000, 1)
        assert epsilon.min() >= 0
        assert epsilon.max() < 1
        assert epsilon.mean() == pytest.approx(1 / 2, abs=0.015)
        assert epsilon.std(axis=1).mean() == pytest.approx(12**-0.5, abs=0.01)
        assert len(np.unique(epsilon[:, 0])) == 4  # fresh ones each time


# scoring is pure


def test_scoring_and_explaining_change_nothing_that_was_learned(fitted):
    before = contents(fitted)
    for rows in (NEW, NEW * 100, ROWS[:1]):
        for method in ("predict", "score_samples", "p_value", "explain"):
            getattr(fitted, method)(rows)
    for method in ("reconstruct", "sample"):
        if hasattr(fitted, method):
            getattr(fitted, method)(NEW if method == "reconstruct" else 3)
    assert_same_contents(contents(fitted), before)


def test_the_same_rows_get_the_same_scores_twice(fitted):
    first = fitted.anomaly_score(NEW)
    fitted.anomaly_score(NEW * 100)
    np.testing.assert_array_equal(fitted.anomaly_score(NEW), first)


def test_a_score_does_not_depend_on_the_other_rows_or_their_order(fitted, monkeypatch):
    together = fitted.anomaly_score(NEW)
    order = RNG.permutation(len(NEW))
    alone = np.concatenate([fitted.anomaly_score(NEW[i : i + 1]) for i in range(21)])
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-6)
    mixed = fitted.anomaly_score(NEW[order])
    np.testing.assert_allclose(mixed, together[order], rtol=1e-5, atol=1e-6)
    monkeypatch.setattr(base, "ROWS_AT_A_TIME", 4)
    few = fitted.anomaly_score(NEW)
    np.testing.assert_allclose(few, together, rtol=1e-5, atol=1e-6)


def test_an_image_scores_alone_as_it_does_among_others(fitted_images):
    together = fitted_images.anomaly_score(IMAGES)
    alone = [fitted_images.anomaly_score(IMAGES[i : i + 1])[0] for i in range(24)]
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-6)


# seeds


def scores(detector: Detector) -> np.ndarray:
    return detector.fit(ROWS).anomaly_score(NEW)


@every_detector
def test_a_random_state_gives_bit_equal_scores_and_another_gives_others(detector_class):
    first = scores(tiny(detector_class, random_state=7))
    random.random()
    tf.random.normal((3,))
    np.testing.assert_array_equal(scores(tiny(detector_class, random_state=7)), first)
    assert (scores(tiny(detector_class, random_state=8)) != first).any()


@every_detector
def test_without_a_random_state_two_fits_differ(detector_class):
    first, second = (scores(tiny(detector_class, random_state=None)) for _ in range(2))
    assert (first != second).any()


@every_detector
def test_refit_and_clone_equal_a_fresh_fit(detector_class, fitted_of):
    used = tiny(detector_class).fit(ROWS[:30] * 7)
    copied = clone(used)
    for detector in (used, copied):
        assert_same_contents(
            contents(detector.fit(ROWS)), contents(fitted_of(detector_class))
        )


def test_a_random_state_instance_moves_on_from_fit_to_fit():
    state = np.random.RandomState(3)
    first, second = (scores(tiny(GAN, random_state=state)) for _ in range(2))
    assert (first != second).any()
    again = tiny(GAN, random_state=np.random.RandomState(3))
    np.testing.assert_array_equal(scores(again), first)


def test_a_numpy_integer_is_a_seed_like_any_other():
    same = [scores(tiny(GAN, random_state=s)) for s in (5, np.int64(5))]
    np.testing.assert_array_equal(*same)


def test_fit_and_score_leave_global_random_numbers_and_types_alone():
    def next_numbers():
        return [
            random.random(),
            np.random.random(),  # noqa: NPY002 (the global one is what is tested)
            float(tf.random.normal(())),
            float(keras.random.normal(())),
            keras.config.floatx(),
        ]

    # TensorFlow forgets what it has compiled when it is given a seed, so only twice
    keras.utils.set_random_seed(0)
    expected = [next_numbers() for _ in CLASSES]
    keras.utils.set_random_seed(0)
    for detector_class, numbers in zip(CLASSES, expected, strict=True):
        detector = tiny(detector_class, random_state=4).fit(ROWS)
        detector.predict(NEW)
        detector.explain(NEW[:2])
        if hasattr(detector, "sample"):
            detector.sample(2)
        assert next_numbers() == numbers, detector_class


@every_detector
def test_a_global_type_of_keras_changes_no_score_and_stays_as_it_was(
    detector_class, keras_types, not_compiled
):
    scores = []
    for floats, policy in (
        ("float32", "float32"),
        ("float64", "float64"),
        ("float32", "mixed_float16"),
    ):
        graphs._workshops.clear()
        keras_types(floats, policy)
        detector = tiny(detector_class, n_steps=1).fit(ROWS)
        scores.append(detector.anomaly_score(NEW))
        if policy == "mixed_float16":
            assert np.isfinite(detector.explain(NEW)).all()
            copied = pickle.loads(pickle.dumps(detector))
            np.testing.assert_array_equal(copied.anomaly_score(NEW), scores[0])
        assert keras.config.floatx() == floats
        assert keras.config.dtype_policy().name == policy
    np.testing.assert_array_equal(scores[1], scores[0])
    np.testing.assert_array_equal(scores[2], scores[0])


@every_detector
def test_fit_changes_no_parameter_and_no_row(detector_class):
    detector, rows = tiny(detector_class), ROWS.copy()
    before = detector.get_params()
    detector.fit(rows).explain(rows)
    assert detector.get_params() == before
    np.testing.assert_array_equal(rows, ROWS)


# input that works


@every_detector
@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(np.full((8, 1), 7.0), id="8 constant rows of one feature"),
        pytest.param(
            RNG.integers(0, 256, (10, 10, 12, 3), "uint8"), id="colour images"
        ),
    ],
)
def test_small_and_odd_data_works(detector_class, rows, not_compiled):
    assert_works(tiny(detector_class, batch_size=128, hidden=(4,), n_steps=2), rows)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(RNG.random((8, 1)), id="8 rows of one feature"),
        pytest.param(np.full((20, 3), 7.0), id="all constant"),
        pytest.param(
            np.hstack([RNG.random((20, 2)), np.ones((20, 1))]), id="one constant"
        ),
        pytest.param(1e9 + 1e-3 * RNG.random((20, 2)), id="far away"),
        pytest.param(np.zeros((10, 9, 8)), id="black images"),
        pytest.param(RNG.random((10, 8, 8, 1)), id="images of one channel"),
    ],
)
def test_plain_data_works(rows, not_compiled):
    assert_works(tiny(FAnoGAN, batch_size=128, hidden=(4,), n_steps=2), rows)


def assert_works(detector, rows):
    detector.fit(rows)
    assert {len(losses) for losses in detector.history_.values()} == {2}
    scores = detector.anomaly_score(rows)
    assert scores.shape == (len(rows),)
    assert np.isfinite(scores).all()
    if rows.ndim == 2 or isinstance(detector, FAnoGAN):
        assert detector.explain(rows).shape == rows.shape
        assert np.isfinite(detector.explain(rows)).all()
    if hasattr(detector, "sample"):
        assert detector.sample(5).shape == (5, *rows.shape[1:])
    if hasattr(detector, "reconstruct"):
        made = detector.reconstruct(rows)
        assert made.shape == rows.shape
        assert np.isfinite(made).all()


@every_detector
def test_default_networks_of_default_width_work(detector_class, not_compiled):
    """Those of tables are trained in the tests of quality."""
    detector = detector_class(n_steps=1, batch_size=8).fit(IMAGES)
    assert np.isfinite(detector.anomaly_score(IMAGES)).all()


def test_there_is_one_default_rate_for_tables(fitted):
    slower = {FenceGAN: 1e-4, BiGAN: 2e-4}
    np.testing.assert_allclose(rates(fitted), slower.get(type(fitted), 1e-3))


def test_there_is_one_default_rate_for_images(fitted_images):
    np.testing.assert_allclose(rates(fitted_images), 1e-3)


def rates(detector) -> list[float]:
    return [float(o.learning_rate.numpy()) for o in detector._workshop.optimizers]


def test_numpy_numbers_are_parameters_like_any_other(not_compiled):
    numbers = {
        "hidden": (np.int64(8),),
        "latent_dim": np.int64(2),
        "n_steps": np.int32(3),
        "learning_rate": np.float32(0.01),
    }
    plain = {"hidden": (8,), "latent_dim": 2, "n_steps": 3}
    detector, same = (
        tiny(FAnoGAN, **given).fit(ROWS)
        for given in (numbers, {**plain, "learning_rate": float(np.float32(0.01))})
    )
    np.testing.assert_array_equal(detector.anomaly_score(NEW), scores(same))


@every_detector
def test_a_scale_of_the_data_changes_no_score(detector_class, fitted_of):
    """Millimetres or metres: columns are standardised, here by powers of two."""
    units = np.array([1024, 0.25, 2, 1])
    first = fitted_of(detector_class).anomaly_score(NEW)
    second = tiny(detector_class).fit(ROWS * units).anomaly_score(NEW * units)
    np.testing.assert_allclose(first, second, rtol=1e-5)


def test_a_failed_refit_leaves_the_detector_as_it_was(fitted, monkeypatch):
    detector = copy.deepcopy(fitted)
    before, score, parts = (
        contents(detector),
        *(method(NEW) for method in (detector.anomaly_score, detector.explain)),
    )

    def broken(*args, **options):
        raise FloatingPointError("diverged")

    with pytest.raises(ValueError, match="NaN"):
        detector.fit(np.where(ROWS > 50, np.nan, ROWS))
    with monkeypatch.context() as patch:
        patch.setattr(training, "train", broken)
        with pytest.raises(FloatingPointError):
            detector.fit(RNG.random((20, 3)))
    assert_same_contents(contents(detector), before)
    np.testing.assert_array_equal(detector.anomaly_score(NEW), score)
    np.testing.assert_array_equal(detector.explain(NEW), parts)


@every_detector
@pytest.mark.parametrize("method", ["anomaly_score", "predict", "p_value", "explain"])
def test_a_detector_that_was_not_fitted_says_so(detector_class, method, tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(detector_class(), method)(ROWS)
    if hasattr(detector_class(), "sample"):
        with pytest.raises(NotFittedError):
            detector_class().sample(3)
    if hasattr(detector_class(), "reconstruct"):
        with pytest.raises(NotFittedError):
            detector_class().reconstruct(ROWS)
    with pytest.raises(NotFittedError):
        detector_class().scaled(ROWS)
    with pytest.raises(NotFittedError):
        detector_class().set_false_alarm_rate(0.1)
    with pytest.raises(NotFittedError):
        detector_class().save(tmp_path / "detector.npz")


@every_detector
def test_a_failed_first_fit_leaves_the_detector_unfitted(detector_class):
    detector = tiny(detector_class)
    with pytest.raises(ValueError, match="NaN"):
        detector.fit(np.where(ROWS > 50, np.nan, ROWS))
    with pytest.raises(NotFittedError):
        detector.anomaly_score(ROWS)


def test_training_that_diverges_is_an_error(not_compiled):
    with pytest.raises(FloatingPointError, match="loss became .*Lower learning_rate"):
        tiny(GAN, learning_rate=1e30, n_steps=9).fit(ROWS)


@every_detector
def test_a_last_step_that_spoils_the_networks_is_an_error(detector_class, not_compiled):
    """Its loss was finite; the next one, or the first score, would not be."""
    with pytest.raises(FloatingPointError, match="Lower learning_rate"):
        tiny(detector_class, learning_rate=1e30, n_steps=1).fit(ROWS)


# scaling


@dataclass(kw_only=True, eq=False, repr=False)
class Ruler(Detector):
    """A linear score of the scaled row. It learns nothing; its loss tells the noise."""

    def _build(self):
        pass

    def _training(self):
        return [
            training.Stage(
                lambda x, z: (tf.reduce_mean(z),),
                batch_shape=(8,),
                noise=[training.Noise("normal", (4,))],
                loss_names=("loss",),
                learners={},
            )
        ]

    def _score(self, x):
        return tf.linalg.matvec(x, [1.0, -2.0, 0.0, 3.0])


def test_the_random_state_decides_the_noise_of_the_training_too():
    first, again, other = (
        Ruler(n_steps=3, random_state=seed).fit(ROWS).history_["loss"]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_scores_are_of_rows_in_units_of_their_standard_deviation():
    ruler = Ruler(n_steps=1, random_state=0).fit(ROWS)
    by_hand = (NEW - ruler.center_) / ruler.scale_ @ [1, -2, 0, 3]
    np.testing.assert_allclose(ruler.anomaly_score(NEW), by_hand, rtol=1e-4, atol=1e-5)


def test_explanation_of_a_linear_score_is_weight_times_distance_from_the_mean():
    ruler = Ruler(n_steps=1, random_state=0).fit(ROWS)
    by_hand = np.array([1, -2, 0, 3]) * (NEW - ruler.center_) / ruler.scale_
    np.testing.assert_allclose(ruler.explain(NEW), by_hand, rtol=1e-4, atol=1e-5)


def test_scaled_rows_are_what_the_networks_take(fitted):
    """And the compiled score and explanation are those of the plain code."""
    x = fitted.scaled(NEW)
    assert x.dtype == np.float32
    by_hand = (NEW - fitted.center_) / fitted.scale_
    np.testing.assert_allclose(x, by_hand, rtol=1e-5, atol=1e-6)
    plain = fitted._score(tf.constant(x)).numpy()
    np.testing.assert_allclose(plain, fitted.anomaly_score(NEW), rtol=1e-4)
    parts = fitted._attribute(tf.constant(x)).numpy()
    np.testing.assert_allclose(parts, fitted.explain(NEW), rtol=1e-3, atol=1e-4)
    if hasattr(fitted, "reconstruct"):
        made = fitted._reconstruct(tf.constant(x)).numpy()
        by_hand = made * fitted.scale_ + fitted.center_
        np.testing.assert_allclose(fitted.reconstruct(NEW), by_hand, rtol=1e-4)
    np.testing.assert_array_equal(fitted.scaled(pd.DataFrame(NEW)), x)
    with pytest.raises(ValueError, match="expecting 4 features"):
        fitted.scaled(NEW[:, :2])


def test_scaled_images_are_what_the_networks_take(fitted_images):
    x = fitted_images.scaled(IMAGES)
    by_hand = (IMAGES[..., None] - fitted_images.center_) / fitted_images.scale_
    assert x.shape == (24, 8, 8, 1)
    np.testing.assert_allclose(x, by_hand, rtol=1e-5, atol=1e-6)
    plain = fitted_images._score(tf.constant(x)).numpy()
    np.testing.assert_allclose(plain, fitted_images.anomaly_score(IMAGES), rtol=1e-4)


# explanations


def test_explanations_add_up_to_the_score_minus_that_of_the_mean_row(fitted):
    parts = fitted.explain(NEW)
    rise = fitted.anomaly_score(NEW) - fitted.anomaly_score(fitted.center_[None])
    assert parts.shape == NEW.shape
    # a distance to neighbours has a kink wherever another row becomes the 5th
    share = 0.1 if hasattr(fitted, "reference_") else 0.03
    np.testing.assert_allclose(parts.sum(1), rise, rtol=share, atol=share * rise.std())


def test_explanations_of_images_add_up_too(fitted_images):
    mean = fitted_images.mean_row_.reshape(1, 8, 8) * fitted_images.scale_
    mean = mean + fitted_images.center_
    rise = fitted_images.anomaly_score(IMAGES) - fitted_images.anomaly_score(mean)
    parts = fitted_images.explain(IMAGES)
    assert parts.shape == IMAGES.shape
    error = np.abs(parts.sum(axis=(1, 2)) - rise)
    # the way to an image passes from neighbour to neighbour, and has a kink at each
    kinks = isinstance(fitted_images, WGAN)
    assert error.max() < (0.1 if kinks else 0.03) * np.abs(rise).max()
    assert error.mean() < (0.04 if kinks else 0.03) * np.abs(rise).mean()


@pytest.mark.parametrize("detector_class", [GAN, WGAN, FAnoGAN])
def test_a_constant_column_adds_nothing(detector_class, not_compiled):
    rows = np.hstack([ROWS, np.full((60, 1), 7.0)])
    parts = tiny(detector_class).fit(rows).explain(rows)
    np.testing.assert_array_equal(parts[:, 4], 0)
    assert (parts[:, :4] != 0).any()


# samples and reconstructions


def test_all_but_one_detector_make_samples():
    assert [c for c in CLASSES if not hasattr(c(), "sample")] == [GANomaly]


def test_all_detectors_that_search_or_encode_reconstruct():
    able = {c for c in CLASSES if hasattr(c(), "reconstruct")}
    assert able == {AnoGAN, FAnoGAN, BiGAN, ALAD, GANomaly}


def test_what_networks_make_is_in_the_units_and_shape_of_the_table(fitted):
    assert_made_in_the_units_of_the_data(fitted, NEW)


def test_what_networks_make_is_in_the_units_and_shape_of_the_images(fitted_images):
    assert_made_in_the_units_of_the_data(fitted_images, IMAGES)


def assert_made_in_the_units_of_the_data(detector, rows):
    detector = copy.deepcopy(detector)
    maker = getattr(detector, "decoder_", None) or detector.generator_
    *weights, bias = maker.get_weights()
    maker.set_weights([*(np.zeros_like(w) for w in weights), np.full_like(bias, 0.5)])
    by_hand = np.broadcast_to(detector.center_ + 0.5 * detector.scale_, rows.shape)
    made = {}
    if hasattr(detector, "sample"):
        made["samples"] = detector.sample(len(rows))
    if hasattr(detector, "reconstruct"):
        made["reconstructions"] = detector.reconstruct(rows)
    assert made
    for numbers in made.values():
        assert numbers.shape == rows.shape
        np.testing.assert_allclose(numbers, by_hand, rtol=1e-6)


def test_samples_depend_on_their_seed_alone(fitted):
    if isinstance(fitted, GANomaly):
        pytest.skip("its decoder makes rows from codes of rows, not from noise")
    first = fitted.sample(4, seed=1)
    np.testing.assert_array_equal(fitted.sample(4, seed=1), first)
    assert (fitted.sample(4, seed=2) != first).any()
    assert (fitted.sample(4) != fitted.sample(4)).any()
    assert len(np.unique(first, axis=0)) == 4


@pytest.mark.parametrize("n", [0, -2, 2.5, "all"])
def test_no_samples_are_refused_in_words(fitted_of, n):
    with pytest.raises(ValueError, match=f"n is {n!r}.*at least 1"):
        fitted_of(GAN).sample(n)


# copies; files have a test module of their own


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))]
)
def test_a_copy_is_the_same_and_stands_alone(fitted, copied):
    other = copied(fitted)
    score = fitted.anomaly_score(NEW)
    assert_same_contents(contents(other), contents(fitted))
    np.testing.assert_array_equal(other.anomaly_score(NEW), score)
    np.testing.assert_array_equal(other.explain(NEW), fitted.explain(NEW))
    other.fit(ROWS * 3 + 1)
    np.testing.assert_array_equal(fitted.anomaly_score(NEW), score)


@every_detector
def test_a_detector_that_was_not_fitted_can_be_copied(detector_class):
    other = pickle.loads(pickle.dumps(tiny(detector_class, n_steps=5)))
    assert other.n_steps == 5
    with pytest.raises(NotFittedError):
        other.anomaly_score(ROWS)


# manners


TIME_LEFT = r"\[\d\d:\d\d<\d\d:\d\d, "  # as tqdm prints it


@pytest.mark.parametrize("detector_class", [GAN, FAnoGAN])  # one stage and two
def test_progress_and_a_last_line_are_printed_only_when_asked_for(
    detector_class, capfd
):
    tiny(detector_class).fit(ROWS).predict(NEW)
    assert capfd.readouterr() == ("", "")
    detector = tiny(detector_class, verbose=1).fit(ROWS)
    out, err = capfd.readouterr()
    assert err == ""
    assert len(re.findall(rf"3/3 {TIME_LEFT}.*step", out)) == len(
        detector._workshop.stages
    )
    _, last = out.rstrip("\n").rsplit("\n", 1)
    assert re.fullmatch(
        rf"{detector_class.__name__}: trained on 48 rows in \d+\.\d s; "
        rf"threshold {re.escape(f'{detector.threshold_:.4g}')} from 12 other rows\.",
        last,
    )


def test_scoring_shows_its_progress_when_asked_for(fitted_of, capfd, monkeypatch):
    detector = copy.deepcopy(fitted_of(FAnoGAN))
    monkeypatch.setattr(base, "ROWS_AT_A_TIME", 16)
    for method in ("anomaly_score", "predict", "p_value", "explain", "reconstruct"):
        for verbose in (0, 1):
            capfd.readouterr()
            getattr(detector.set_params(verbose=verbose), method)(NEW)
            out, err = capfd.readouterr()
            assert err == ""
            if verbose:
                assert re.search(rf"21/21 {TIME_LEFT}.*row", out)
            else:
                assert out == ""


def test_fit_says_how_many_seconds_it_took():
    detector = tiny(GAN)
    for _ in range(2):
        began = time.perf_counter()
        detector.fit(ROWS)
        assert 0 < detector.fit_seconds_ < time.perf_counter() - began


LOSSES = {
    ALAD: ["discriminators", "generator_and_encoder"],
    AnoGAN: ["critic", "generator", "penalty"],
    BiGAN: ["discriminator", "generator_and_encoder"],
    FAnoGAN: ["critic", "generator", "penalty", "encoder"],
    FenceGAN: ["discriminator", "generator"],
    GAN: ["discriminator", "generator"],
    GANomaly: ["discriminator", "adversarial", "contextual", "encoder"],
    WGAN: ["critic", "generator", "penalty"],
}


def test_history_holds_each_loss_at_each_step(fitted):
    assert list(fitted.history_) == LOSSES[type(fitted)]
    assert {len(values) for values in fitted.history_.values()} == {3}


def test_many_fits_and_scores_bring_no_advice_against_retracing(
    monkeypatch, caplog, nothing_kept
):
    monkeypatch.setattr(tf.get_logger(), "filters", [])  # setup switches the advice off
    for i in range(6):  # the advice comes with the fifth
        detector = tiny(WGAN, n_steps=1).fit(ROWS)
        detector.predict(NEW[: i + 1])
        detector.explain(NEW[: i + 1])
        detector.sample(i + 1)
    assert caplog.messages == []


# memory


def test_no_more_rows_are_taken_at_a_time_than_a_batch_holds(fitted, monkeypatch):
    """So the memory that scoring takes does not grow with the table."""
    monkeypatch.setattr(base, "ROWS_AT_A_TIME", 32)
    sizes, function = [], graphs.Workshop.function

    def recording(workshop, detector, method):
        run = function(workshop, detector, method)

        def recorded(x):
            sizes.append(x.shape[0])
            return run(x)

        return recorded

    monkeypatch.setattr(graphs.Workshop, "function", recording)
    rows = np.tile(NEW, (30, 1))
    batch = 32 * fitted.batches_scored_at_once
    sizes_allowed = {"anomaly_score": batch, "reconstruct": batch, "explain": 256}
    for method, limit in sizes_allowed.items():
        if hasattr(fitted, method):
            sizes.clear()
            assert len(getattr(fitted, method)(rows)) == len(rows) == 630
            assert max(sizes) == limit
            assert sum(sizes) < 630 + limit


def peak_in_mb(function) -> float:
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def test_windows_of_a_series_are_scored_without_a_copy_of_them():
    """Views of 2 MB and of 13 MB: copies would take 128 and 102 MB."""
    view = np.lib.stride_tricks.sliding_window_view
    series = RNG.standard_normal(250_063)
    table = view(series, 64)
    strip = np.moveaxis(view(RNG.standard_normal((200_007, 8)), 8, axis=0), 2, 1)
    for rows in (table, strip):
        assert rows.size * 8 > 100e6
        gan = tiny(GAN, hidden=(4, 4), n_steps=1).fit(rows[:60])
        first = gan.anomaly_score(rows[:9000])
        scored = {}
        peak = peak_in_mb(
            lambda r=rows, g=gan, s=scored: s.update(all=g.anomaly_score(r))
        )
        assert peak < 30
        np.testing.assert_array_equal(scored["all"][:8192], first[:8192])
        assert len(scored["all"]) == len(rows)
