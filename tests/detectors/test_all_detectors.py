"""What every detector promises, whatever its method; new detectors are covered too."""

import copy
import pickle
import random
import re
import time
import tracemalloc

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import tensorflow as tf
from detector_cases import (
    CLASSES,
    IMAGES,
    NEW,
    RNG,
    ROWS,
    assert_same_contents,
    contents,
    every_detector,
    tiny,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import gantutor as gt
from gantutor import training
from gantutor.detectors import Detector, base, compiled

gt.setup()


@pytest.fixture(scope="module", params=CLASSES, ids=lambda c: c.__name__)
def fitted(request) -> Detector:
    """A detector fitted on ROWS. Tests leave it as it is."""
    return tiny(request.param).fit(ROWS)


@pytest.fixture(scope="module", params=CLASSES, ids=lambda c: c.__name__)
def fitted_images(request) -> Detector:
    """A detector fitted on IMAGES. Tests leave it as it is."""
    return tiny(request.param, hidden=(4, 4)).fit(IMAGES)


@parametrize_with_checks([tiny(c, n_steps=1, random_state=None) for c in CLASSES])
def test_scikit_learns_own_checks_pass(estimator, check, not_compiled):
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
def test_false_alarms_on_fresh_normals_match_the_promised_rate(
    detector_class, not_compiled
):
    n, rate = 400, 0.1
    normals = RNG.standard_normal((5 * n + 20_000, 3))
    detector = tiny(detector_class, false_alarm_rate=rate).fit(normals[: 5 * n])
    share = np.mean(detector.predict(normals[5 * n :]) == -1)
    # the rate behind the threshold of rank r is Beta(n + 1 - r, r); r = ceil(.9 * 401)
    low, high = beta(n + 1 - 361, 361).ppf([0.0005, 0.9995])
    assert low - 0.01 < share < high + 0.01


@every_detector
def test_a_lower_false_alarm_rate_gives_a_higher_threshold(detector_class):
    strict, loose = (
        tiny(detector_class, false_alarm_rate=r).fit(ROWS) for r in (0.1, 0.5)
    )
    np.testing.assert_array_equal(strict.calibration_scores_, loose.calibration_scores_)
    assert strict.threshold_ > loose.threshold_


# calibration


@every_detector
@pytest.mark.parametrize("rows", [ROWS, IMAGES], ids=["table", "images"])
def test_calibration_rows_take_no_part_in_training_or_scaling(
    detector_class, rows, monkeypatch
):
    seen = []

    def recording(step, data, *args, **options):
        seen.append(data)
        return train(step, data, *args, **options)

    train = training.train
    monkeypatch.setattr(training, "train", recording)
    detector = tiny(detector_class, hidden=(4,)).fit(rows)
    scaled = seen[0]
    assert all(data is scaled for data in seen)
    flat = rows.reshape(len(rows), -1)
    trained = scaled.reshape(len(scaled), -1) * detector.scale_ + detector.center_
    distance = np.abs(flat[:, None] - trained).max(axis=2)
    used = (distance < 1e-4).any(axis=1)
    assert used.sum() == len(trained) == len(rows) - round(0.2 * len(rows))
    np.testing.assert_allclose(
        detector.calibration_scores_,
        np.sort(detector.anomaly_score(rows[~used])),
        rtol=1e-5,
    )
    if rows.ndim == 2:
        np.testing.assert_allclose(detector.center_, rows[used].mean(0))
        np.testing.assert_allclose(detector.scale_, rows[used].std(0))
    else:  # one scale for all pixels: -1 to 1
        low, high = rows[used].min(), rows[used].max()
        np.testing.assert_allclose(detector.center_, (low + high) / 2)
        np.testing.assert_allclose(detector.scale_, (high - low) / 2)


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


def test_a_score_does_not_depend_on_the_other_rows(fitted):
    together = fitted.anomaly_score(NEW)
    alone = np.concatenate([fitted.anomaly_score(NEW[i : i + 1]) for i in range(21)])
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-6)


def test_a_score_does_not_depend_on_the_order_of_rows(fitted):
    order = RNG.permutation(len(NEW))
    np.testing.assert_allclose(
        fitted.anomaly_score(NEW[order]),
        fitted.anomaly_score(NEW)[order],
        rtol=1e-5,
        atol=1e-6,
    )


def test_a_score_does_not_depend_on_how_many_rows_are_scored_at_a_time(
    fitted, monkeypatch
):
    whole = fitted.anomaly_score(NEW)
    monkeypatch.setattr(base, "ROWS_AT_A_TIME", 4)
    np.testing.assert_allclose(fitted.anomaly_score(NEW), whole, rtol=1e-5, atol=1e-6)


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
def test_refit_and_clone_equal_a_fresh_fit(detector_class):
    fresh = tiny(detector_class).fit(ROWS)
    used = tiny(detector_class).fit(ROWS[:30] * 7)
    copied = clone(used)
    for detector in (used, copied):
        assert_same_contents(contents(detector.fit(ROWS)), contents(fresh))


@every_detector
def test_a_random_state_instance_moves_on_from_fit_to_fit(detector_class):
    state = np.random.RandomState(3)
    first, second = (scores(tiny(detector_class, random_state=state)) for _ in range(2))
    assert (first != second).any()
    again = tiny(detector_class, random_state=np.random.RandomState(3))
    np.testing.assert_array_equal(scores(again), first)


@every_detector
def test_a_numpy_integer_is_a_seed_like_any_other(detector_class):
    same = [scores(tiny(detector_class, random_state=s)) for s in (5, np.int64(5))]
    np.testing.assert_array_equal(*same)


@every_detector
def test_fit_and_score_leave_global_random_numbers_and_types_alone(detector_class):
    def next_numbers():
        return [
            random.random(),
            np.random.random(),  # noqa: NPY002 (the global one is what is tested)
            float(tf.random.normal(())),
            float(keras.random.normal(())),
            keras.config.floatx(),
        ]

    keras.utils.set_random_seed(0)
    expected = next_numbers()
    keras.utils.set_random_seed(0)
    detector = tiny(detector_class, random_state=4).fit(ROWS)
    detector.predict(NEW)
    detector.explain(NEW[:2])
    if hasattr(detector, "sample"):
        detector.sample(2)
    assert next_numbers() == expected


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
        pytest.param(RNG.random((8, 3)), id="8 rows"),
        pytest.param(RNG.random((20, 1)), id="one feature"),
        pytest.param(np.full((20, 3), 7.0), id="all constant"),
        pytest.param(
            np.hstack([RNG.random((20, 2)), np.ones((20, 1))]), id="one constant"
        ),
        pytest.param(RNG.integers(0, 9, (20, 3)), id="integers"),
        pytest.param(RNG.random((20, 3)) < 0.5, id="booleans"),
        pytest.param(RNG.random((20, 3)).tolist(), id="lists"),
        pytest.param(1e9 + 1e-3 * RNG.random((20, 2)), id="far away"),
        pytest.param(RNG.random((10, 8, 8)), id="images"),
        pytest.param(RNG.random((10, 8, 8, 1)), id="images of one channel"),
        pytest.param(
            RNG.integers(0, 256, (10, 10, 12, 3), "uint8"), id="colour images"
        ),
        pytest.param(np.zeros((10, 9, 8)), id="black images"),
    ],
)
def test_small_plain_and_odd_data_works(detector_class, rows, not_compiled):
    detector = tiny(detector_class, batch_size=128, hidden=(4,)).fit(rows)
    shape = np.shape(rows)
    assert detector.history_[detector.loss_names[0]].shape == (3,)
    assert detector.anomaly_score(rows).shape == (len(rows),)
    for numbers in (detector.anomaly_score(rows), detector.explain(rows)):
        assert np.isfinite(numbers).all()
    assert detector.explain(rows).shape == shape
    if hasattr(detector, "sample"):
        assert detector.sample(5).shape == (5, *shape[1:])
    if hasattr(detector, "reconstruct"):
        made = detector.reconstruct(rows)
        assert made.shape == shape
        assert np.isfinite(made).all()


@every_detector
def test_default_networks_of_default_width_work(detector_class, not_compiled):
    for rows in (ROWS, IMAGES):
        detector = detector_class(n_steps=1, batch_size=8).fit(rows)
        assert np.isfinite(detector.anomaly_score(rows)).all()


def test_float32_rows_score_as_the_same_numbers_in_float64(fitted):
    rows = NEW.astype(np.float32)
    np.testing.assert_array_equal(
        fitted.anomaly_score(rows), fitted.anomaly_score(rows.astype(float))
    )


@every_detector
def test_a_scale_of_the_data_changes_no_score(detector_class):
    """Millimetres or metres: columns are standardised, here by powers of two."""
    units = np.array([1024, 0.25, 2, 1])
    first, second = (
        tiny(detector_class).fit(ROWS * u).anomaly_score(NEW * u) for u in (1, units)
    )
    np.testing.assert_allclose(first, second, rtol=1e-5)


@every_detector
def test_column_names_are_kept_and_their_order_is_checked(detector_class):
    frame = pd.DataFrame(ROWS, columns=list("abcd"))
    detector = tiny(detector_class).fit(frame)
    assert list(detector.feature_names_in_) == list("abcd")
    np.testing.assert_array_equal(
        detector.anomaly_score(frame),
        tiny(detector_class).fit(ROWS).anomaly_score(ROWS),
    )
    with pytest.raises(ValueError, match="feature names should match"):
        detector.anomaly_score(frame[list("badc")])


@settings(max_examples=30, deadline=None)
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_gets_a_finite_score(fitted, value):
    rows = np.full((1, 4), value)
    assert np.isfinite(fitted.anomaly_score(rows)).all()


# input that does not work


def with_value(value, shape=(12, 3)) -> np.ndarray:
    rows = RNG.random(shape)
    rows.reshape(len(rows), -1)[2, 1] = value
    return rows


def frame_with(**columns) -> pd.DataFrame:
    return pd.DataFrame({"age": np.arange(12.0)} | columns)


BAD_ROWS = {
    "NaN": (with_value(np.nan), "NaN in row 2, column 1.*SimpleImputer"),
    "inf": (with_value(np.inf), "inf.* in row 2, column 1"),
    "-inf": (with_value(-np.inf), "inf.* in row 2, column 1"),
    "NaN by name": (
        frame_with(size=with_value(np.nan)[:, 1]),
        "NaN in row 2, column 'size' .1 columns and 1 rows",
    ),
    "missing integer": (
        frame_with(size=pd.array([None, *range(11)], dtype="Int64")),
        "NaN in row 0, column 'size'",
    ),
    "NaN in an image": (
        with_value(np.nan, (12, 8, 8)),
        "NaN in image 2, pixel \\(0, 1\\) .1 images",
    ),
    "text column": (
        frame_with(town=["Ulm"] * 12),
        "not numbers: 'town' .such as 'Ulm'.*get_dummies",
    ),
    "dates": (
        frame_with(day=pd.date_range("2020-01-01", periods=12)),
        "not numbers: 'day'",
    ),
    "text": (np.full((12, 2), "a"), "could not convert string"),
    "complex": (RNG.random((12, 2)) + 1j, "Complex data not supported"),
    "None": (None, "Expected 2D array"),
    "one row": (RNG.random(12), "Expected 2D array.*Reshape"),
    "five dimensions": (np.zeros((12, 2, 2, 2, 2)), "dim 5"),
    "no rows": (np.empty((0, 3)), "0 sample"),
    "no columns": (np.empty((12, 0)), "0 feature"),
    "no images": (np.empty((0, 8, 8)), "0 sample"),
    "7 rows": (RNG.random((7, 2)), "7 samples.*at least 8"),
    "1 row": (RNG.random((1, 2)), "1 sample;.*at least 8"),
    "7 images": (RNG.random((7, 8, 8)), "7 samples.*at least 8"),
}


@every_detector
@pytest.mark.parametrize("name", BAD_ROWS)
def test_fit_refuses_bad_rows_in_words(detector_class, name):
    rows, words = BAD_ROWS[name]
    with pytest.raises(ValueError, match=f"(?s){words}"):
        tiny(detector_class).fit(rows)


@every_detector
@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.coo_array])
def test_fit_refuses_sparse_rows_and_says_how_to_go_on(detector_class, make):
    with pytest.raises(TypeError, match=r"Sparse data.*toarray\(\)"):
        tiny(detector_class).fit(make(ROWS))


@pytest.mark.parametrize("method", ["anomaly_score", "predict", "p_value", "explain"])
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS[:, :3], "3 features.*expecting 4 features.*same columns"),
        (np.empty((0, 4)), "0 sample"),
        (np.where(NEW > 52, np.nan, NEW), "NaN in row"),
        (IMAGES, r"images of shape \(8, 8\).*fitted on a table"),
        (ROWS[0], "Reshape"),
    ],
    ids=["narrow", "empty", "NaN", "images", "one row"],
)
def test_scoring_refuses_bad_rows_in_words(fitted, method, rows, words):
    with pytest.raises(ValueError, match=f"(?s){words}"):
        getattr(fitted, method)(rows)


@every_detector
def test_wrong_width_names_columns_that_fit_saw(detector_class):
    frame = pd.DataFrame(ROWS, columns=["mean radius", "b", "c", "d"])
    detector = tiny(detector_class).fit(frame)
    with pytest.raises(ValueError, match="3 features.*4 features.*'mean radius'"):
        detector.anomaly_score(frame.iloc[:, 1:])


@pytest.mark.parametrize("rows", [NEW, np.zeros((3, 8, 9)), np.zeros((3, 8, 8, 3))])
def test_images_of_another_shape_are_refused_with_both_shapes(fitted_images, rows):
    got = "a table" if rows.ndim == 2 else str(rows.shape[1:])
    with pytest.raises(ValueError, match="but this") as caught:
        fitted_images.anomaly_score(rows)
    assert got in str(caught.value)
    assert "images of shape (8, 8)" in str(caught.value)


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
        detector_class().save(tmp_path / "detector.npz")


BAD_PARAMETERS = [
    *[
        (name, value)
        for name in ("n_steps", "batch_size")
        for value in (0, -1, 2.0, "9")
    ],
    ("n_steps", True),
    *[("latent_dim", value) for value in (0, 1.5, "2")],
    *[("learning_rate", value) for value in (0, -1.0, np.nan, np.inf, "fast")],
    *[("false_alarm_rate", value) for value in (0, 1, 1.5, -0.1, np.nan, None)],
    *[("hidden", value) for value in ((), 8, "64", (0,), (8.0,), (8, -1))],
    *[("random_state", value) for value in (-1, 1.5, "seed")],
]


@every_detector
@pytest.mark.parametrize(("name", "value"), BAD_PARAMETERS)
def test_a_parameter_out_of_its_range_is_refused_in_words(detector_class, name, value):
    words = f"{name} is .*must be" if name != "random_state" else "."
    with pytest.raises(ValueError, match=words):
        tiny(detector_class, **{name: value}).fit(ROWS)


@every_detector
@pytest.mark.parametrize(("images", "rows"), [(False, ROWS), (True, IMAGES)])
def test_there_is_one_rate_for_tables_and_one_for_images(
    detector_class, images, rows, not_compiled
):
    rate = detector_class.usual_rates[images]
    scores = [
        tiny(detector_class, hidden=(4, 4), n_steps=2, **given)
        .fit(rows)
        .anomaly_score(rows)
        for given in ({}, {"learning_rate": rate}, {"learning_rate": 10 * rate})
    ]
    assert np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


@every_detector
def test_numpy_numbers_are_parameters_like_any_other(
    detector_class, tmp_path, not_compiled
):
    parameters = {
        "hidden": (np.int64(8),),
        "latent_dim": np.int64(2),
        "n_steps": np.int32(3),
        "learning_rate": np.float32(0.01),
    }
    detector = tiny(detector_class, **parameters).fit(ROWS)
    detector.save(tmp_path / "detector.npz")
    np.testing.assert_array_equal(
        gt.load(tmp_path / "detector.npz").anomaly_score(NEW),
        detector.anomaly_score(NEW),
    )


@every_detector
def test_a_failed_refit_leaves_the_detector_as_it_was(detector_class, monkeypatch):
    detector = tiny(detector_class).fit(ROWS)
    before, score, parts = (
        contents(detector),
        *(method(NEW) for method in (detector.anomaly_score, detector.explain)),
    )

    def broken(*args, **options):
        raise FloatingPointError("diverged")

    with pytest.raises(ValueError, match="NaN"):
        detector.fit(with_value(np.nan))
    with monkeypatch.context() as patch:
        patch.setattr(training, "train", broken)
        with pytest.raises(FloatingPointError):
            detector.fit(RNG.random((20, 3)))
    assert_same_contents(contents(detector), before)
    np.testing.assert_array_equal(detector.anomaly_score(NEW), score)
    np.testing.assert_array_equal(detector.explain(NEW), parts)


@every_detector
def test_a_failed_first_fit_leaves_the_detector_unfitted(detector_class):
    detector = tiny(detector_class)
    with pytest.raises(ValueError, match="NaN"):
        detector.fit(with_value(np.nan))
    with pytest.raises(NotFittedError):
        detector.anomaly_score(ROWS)


@every_detector
def test_training_that_diverges_is_an_error(detector_class):
    with pytest.raises(FloatingPointError, match="Lower learning_rate"):
        tiny(detector_class, learning_rate=1e30, n_steps=9).fit(ROWS)


@every_detector
def test_a_last_step_that_spoils_the_networks_is_an_error(detector_class, not_compiled):
    """Its loss was finite; the next one, or the first score, would not be."""
    with pytest.raises(FloatingPointError, match="Lower learning_rate"):
        tiny(detector_class, learning_rate=1e30, n_steps=1).fit(ROWS)


# explanations


def test_explanations_add_up_to_the_score_minus_that_of_the_mean_row(fitted):
    parts = fitted.explain(NEW)
    rise = fitted.anomaly_score(NEW) - fitted.anomaly_score(fitted.center_[None])
    assert parts.shape == NEW.shape
    np.testing.assert_allclose(parts.sum(1), rise, rtol=0.03, atol=0.03 * rise.std())


def test_explanations_of_images_add_up_too(fitted_images):
    mean = fitted_images.typical_.reshape(1, 8, 8) * fitted_images.scale_
    mean = mean + fitted_images.center_
    rise = fitted_images.anomaly_score(IMAGES) - fitted_images.anomaly_score(mean)
    parts = fitted_images.explain(IMAGES)
    assert parts.shape == IMAGES.shape
    error = np.abs(parts.sum(axis=(1, 2)) - rise)
    # the way to an image passes from neighbour to neighbour, and has a kink at each
    kinks = isinstance(fitted_images, gt.detectors.WGAN)
    assert error.max() < (0.1 if kinks else 0.03) * np.abs(rise).max()
    assert error.mean() < (0.04 if kinks else 0.03) * np.abs(rise).mean()


@every_detector
def test_a_constant_column_adds_nothing(detector_class):
    if detector_class is gt.detectors.AnoGAN:
        pytest.skip("it adds residuals, and its generator makes no exact constant")
    rows = np.hstack([ROWS, np.full((60, 1), 7.0)])
    parts = tiny(detector_class).fit(rows).explain(rows)
    np.testing.assert_array_equal(parts[:, 4], 0)
    assert (parts[:, :4] != 0).any()


class Ruler(Detector):
    """A linear score of the scaled row. It learns nothing; its loss tells the noise."""

    loss_names = ("loss",)

    def _build(self):
        pass

    def _training(self):
        noise = [training.Noise("normal", (4,))]
        return [self._phase(lambda x, z: (tf.reduce_mean(z),), (), (), noise=noise)]

    def _score(self, x):
        return tf.linalg.matvec(x, [1.0, -2.0, 0.0, 3.0])


def test_the_random_state_decides_the_noise_of_the_training_too():
    first, again, other = (
        Ruler(n_steps=3, random_state=seed).fit(ROWS).history_["loss"]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_explanation_of_a_linear_score_is_weight_times_distance_from_the_mean():
    ruler = Ruler(n_steps=1, random_state=0).fit(ROWS)
    by_hand = np.array([1, -2, 0, 3]) * (NEW - ruler.center_) / ruler.scale_
    np.testing.assert_allclose(ruler.explain(NEW), by_hand, rtol=1e-4, atol=1e-5)


def test_scores_are_of_rows_in_units_of_their_standard_deviation():
    ruler = Ruler(n_steps=1, random_state=0).fit(ROWS)
    by_hand = (NEW - ruler.center_) / ruler.scale_ @ [1, -2, 0, 3]
    np.testing.assert_allclose(ruler.anomaly_score(NEW), by_hand, rtol=1e-4, atol=1e-5)


# samples


def constant_generator(detector: Detector, value: float) -> Detector:
    """A copy whose generator puts out `value` for every feature or pixel."""
    detector = copy.deepcopy(detector)
    *weights, bias = detector.generator_.get_weights()
    detector.generator_.set_weights(
        [*(np.zeros_like(w) for w in weights), np.full_like(bias, value)]
    )
    return detector


def assert_in_units_of_the_data(detector: Detector, shape: tuple[int, ...]) -> None:
    rows = constant_generator(detector, 0.5).sample(3)
    by_hand = detector.center_ + 0.5 * detector.scale_
    assert rows.shape == (3, *shape)
    np.testing.assert_allclose(rows, np.broadcast_to(by_hand, rows.shape), rtol=1e-6)


def generative(detector: Detector) -> Detector:
    if not hasattr(detector, "sample"):
        pytest.skip("its decoder makes rows from codes of rows, not from noise")
    return detector


def test_all_but_one_detector_make_samples():
    assert [c.__name__ for c in CLASSES if not hasattr(c(), "sample")] == ["GANomaly"]


def test_samples_are_in_the_units_and_shape_of_the_table(fitted):
    generative(fitted)
    assert_in_units_of_the_data(fitted, (4,))


def test_samples_are_in_the_units_and_shape_of_the_images(fitted_images):
    assert_in_units_of_the_data(generative(fitted_images), (8, 8))


def test_samples_depend_on_their_seed_alone(fitted):
    first = generative(fitted).sample(4, seed=1)
    np.testing.assert_array_equal(fitted.sample(4, seed=1), first)
    assert (fitted.sample(4, seed=2) != first).any()
    assert (fitted.sample(4) != fitted.sample(4)).any()
    assert len(np.unique(first, axis=0)) == 4


@pytest.mark.parametrize("n", [0, -2, 2.5, "all"])
def test_no_samples_are_refused_in_words(fitted, n):
    with pytest.raises(ValueError, match=f"n is {n!r}.*at least 1"):
        generative(fitted).sample(n)


# reconstructions


def constant_maker(detector: Detector, value: float) -> Detector:
    """A copy whose generator or decoder puts out `value` for every feature or pixel."""
    detector = copy.deepcopy(detector)
    maker = getattr(detector, "decoder_", None) or detector.generator_
    *weights, bias = maker.get_weights()
    maker.set_weights([*(np.zeros_like(w) for w in weights), np.full_like(bias, value)])
    return detector


def reconstructing(detector: Detector) -> Detector:
    if not hasattr(detector, "reconstruct"):
        pytest.skip("it has nothing that leads from rows to latent points")
    return detector


def test_all_detectors_that_search_or_encode_reconstruct():
    assert {c.__name__ for c in CLASSES if not hasattr(c(), "reconstruct")} == {
        "GAN",
        "WGAN",
        "FenceGAN",
    }


def test_reconstructions_are_in_the_units_and_shape_of_the_table(fitted):
    made = constant_maker(reconstructing(fitted), 0.5).reconstruct(NEW)
    by_hand = fitted.center_ + 0.5 * fitted.scale_
    assert made.shape == NEW.shape
    np.testing.assert_allclose(made, np.broadcast_to(by_hand, NEW.shape), rtol=1e-6)


def test_reconstructions_are_in_the_units_and_shape_of_the_images(fitted_images):
    made = constant_maker(reconstructing(fitted_images), 0.5).reconstruct(IMAGES)
    by_hand = fitted_images.center_ + 0.5 * fitted_images.scale_
    assert made.shape == IMAGES.shape
    np.testing.assert_allclose(made, np.broadcast_to(by_hand, made.shape), rtol=1e-6)


def test_a_reconstruction_is_what_the_networks_make_of_the_scaled_row(fitted):
    x = tf.constant(reconstructing(fitted)._scaled(NEW))
    plain = fitted._reconstruct(x).numpy() * fitted.scale_ + fitted.center_
    np.testing.assert_allclose(fitted.reconstruct(NEW), plain, rtol=1e-4)
    frame = pd.DataFrame(NEW)
    np.testing.assert_array_equal(fitted.reconstruct(frame), fitted.reconstruct(NEW))


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


@every_detector
def test_progress_and_a_last_line_are_printed_only_when_asked_for(
    detector_class, capfd, not_compiled
):
    tiny(detector_class).fit(ROWS).predict(NEW)
    assert capfd.readouterr() == ("", "")
    detector = tiny(detector_class, verbose=1).fit(ROWS)
    out, err = capfd.readouterr()
    assert err == ""
    assert re.search(rf"3/3 {TIME_LEFT}.*step", out)
    _, last = out.rstrip("\n").rsplit("\n", 1)
    assert re.fullmatch(
        rf"{detector_class.__name__}: trained on 48 rows in \d+\.\d s; "
        rf"threshold {re.escape(f'{detector.threshold_:.4g}')} from 12 other rows\.",
        last,
    )


@every_detector
def test_scoring_shows_its_progress_when_asked_for(detector_class, capfd, monkeypatch):
    detector = tiny(detector_class).fit(ROWS)
    monkeypatch.setattr(base, "ROWS_AT_A_TIME", 16)
    for method in ("anomaly_score", "predict", "p_value", "explain", "reconstruct"):
        for verbose in (0, 1) if hasattr(detector, method) else ():
            capfd.readouterr()
            getattr(detector.set_params(verbose=verbose), method)(NEW)
            out, err = capfd.readouterr()
            assert err == ""
            if verbose:
                assert re.search(rf"21/21 {TIME_LEFT}.*row", out)
            else:
                assert out == ""


@every_detector
def test_fit_says_how_many_seconds_it_took(detector_class):
    began = time.perf_counter()
    detector = tiny(detector_class).fit(ROWS)
    first = detector.fit_seconds_
    assert 0 < first < time.perf_counter() - began
    monotonic = time.perf_counter()
    detector.fit(ROWS)
    assert 0 < detector.fit_seconds_ < time.perf_counter() - monotonic


@every_detector
def test_history_holds_each_loss_at_each_step(detector_class):
    history = tiny(detector_class, n_steps=7).fit(ROWS).history_
    assert tuple(history) == detector_class.loss_names
    assert {len(values) for values in history.values()} == {7}


@every_detector
def test_many_fits_and_scores_bring_no_advice_against_retracing(
    detector_class, monkeypatch, caplog
):
    monkeypatch.setattr(tf.get_logger(), "filters", [])  # setup switches the advice off
    for i in range(6):  # the advice comes with the fifth
        detector = tiny(detector_class, n_steps=1).fit(ROWS)
        detector.predict(NEW[: i + 1])
        detector.explain(NEW[: i + 1])
        if hasattr(detector, "sample"):
            detector.sample(i + 1)
    assert caplog.messages == []


def test_the_compiled_score_and_explanation_are_those_of_the_plain_code(fitted):
    x = fitted._scaled(fitted._checked(NEW))
    plain = fitted._score(tf.constant(x)).numpy()
    assert np.allclose(plain, fitted.anomaly_score(NEW), rtol=1e-4)
    parts = fitted._attribute(tf.constant(x)).numpy()
    assert np.allclose(parts, fitted.explain(NEW), rtol=1e-3, atol=1e-4)


def test_no_more_rows_are_taken_at_a_time_than_a_batch_holds(fitted, monkeypatch):
    """So the memory that scoring takes does not grow with the table."""
    monkeypatch.setattr(base, "ROWS_AT_A_TIME", 32)
    sizes, function = [], compiled.Graphs.function

    def recording(graphs, detector, method):
        run = function(graphs, detector, method)

        def recorded(x):
            sizes.append(x.shape[0])
            return run(x)

        return recorded

    monkeypatch.setattr(compiled.Graphs, "function", recording)
    rows = np.tile(NEW, (30, 1))
    batch = 32 * fitted.table_batches
    sizes_allowed = {"anomaly_score": batch, "reconstruct": batch, "explain": 256}
    for method, limit in sizes_allowed.items():
        if hasattr(fitted, method):
            sizes.clear()
            assert len(getattr(fitted, method)(rows)) == len(rows) == 630
            assert max(sizes) == limit
            assert sum(sizes) < 630 + limit


def test_the_memory_that_scoring_takes_does_not_grow_with_the_rows():
    gan = tiny(gt.detectors.GAN).fit(ROWS)
    peaks = []
    for n_rows in (20_000, 200_000):
        rows = np.ones((n_rows, 4))
        gan.anomaly_score(rows)
        tracemalloc.start()
        gan.anomaly_score(rows)
        peaks.append(tracemalloc.get_traced_memory()[1] - n_rows * 8)  # the scores
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]
