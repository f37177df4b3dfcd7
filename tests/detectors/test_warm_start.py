"""A fit that goes on: n steps and then m are n + m steps, bit for bit."""

import copy
import pickle
from collections import OrderedDict

import keras
import numpy as np
import pandas as pd
import pytest
from detector_cases import (
    CLASSES,
    IMAGES,
    NEW,
    RNG,
    ROWS,
    PlainLoop,
    assert_learned_the_same,
    assert_same_contents,
    contents,
    like,
    other_parameters,
    tiny,
)
from sklearn.base import clone

import gantutor as gt
from gantutor import training
from gantutor.detectors import Detector, graphs

gt.setup()

GAN = gt.detectors.GAN
FIRST, MORE = 5, 3  # steps; the numbers of 5 are passed over in blocks of 3 and 2
CONTINUING = [c for c in CLASSES if c is not gt.detectors.FAnoGAN]
COMPILED = training.compile_block, graphs.Workshop.function
MAY_CHANGE = {"n_steps", "verbose", "false_alarm_rate", "random_state", "warm_start"}


@pytest.fixture(scope="module", autouse=True)
def nothing_is_compiled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphs, "_workshops", OrderedDict())
        patch.setattr(training, "compile_block", PlainLoop)
        patch.setattr(graphs.Workshop, "function", lambda _, *of: getattr(*of))
        yield


def in_one_go(detector_class: type[Detector], rows=ROWS, **parameters) -> Detector:
    return tiny(detector_class, n_steps=FIRST + MORE, **parameters).fit(rows)


def started(detector_class: type[Detector], rows=ROWS, **parameters) -> Detector:
    return tiny(detector_class, n_steps=FIRST, warm_start=True, **parameters).fit(rows)


def trained_on(detector: Detector, rows=ROWS) -> Detector:
    return detector.set_params(n_steps=MORE).fit(rows)


@pytest.fixture(scope="module", params=CONTINUING, ids=lambda c: c.__name__)
def pair(request) -> tuple[Detector, Detector]:
    """A detector with the first steps, and one with all of them."""
    return started(request.param), in_one_go(request.param)


@pytest.fixture
def start(pair) -> Detector:
    return copy.deepcopy(pair[0])


@pytest.fixture
def whole(pair) -> Detector:
    return pair[1]


@pytest.fixture(scope="module")
def gan() -> tuple[Detector, Detector]:
    """The same of a plain GAN, where one kind of detector will do."""
    return started(GAN), in_one_go(GAN)


@pytest.fixture
def gan_start(gan) -> Detector:
    return copy.deepcopy(gan[0])


@pytest.fixture
def gan_whole(gan) -> Detector:
    return gan[1]


# what comes out


def test_two_fits_are_one_long_fit(pair):
    first, whole = pair
    detector = started(type(first))  # not a copy of one
    assert_learned_the_same(detector, first)
    assert_learned_the_same(trained_on(detector), whole)


@pytest.mark.parametrize(
    ("detector_class", "parameters"),
    [
        (gt.detectors.WGAN, {"scored_by": "neighbours"}),
        (gt.detectors.WGAN, {"scored_by": "critic"}),
        (gt.detectors.AnoGAN, {"adversarial_training": "gan"}),
        (gt.detectors.BiGAN, {"ema_momentum": 0.0}),
        (gt.detectors.ALAD, {"spectral_norm": False, "ema_momentum": 0.5}),
    ],
)
def test_two_fits_are_one_long_fit_with_other_parameters_too(
    detector_class, parameters
):
    detector = trained_on(started(detector_class, **parameters))
    assert_learned_the_same(detector, in_one_go(detector_class, **parameters))


def test_two_fits_are_one_long_fit_in_a_compiled_loop(monkeypatch):
    monkeypatch.setattr(training, "compile_block", COMPILED[0])
    monkeypatch.setattr(graphs.Workshop, "function", COMPILED[1])
    monkeypatch.setattr(graphs, "_workshops", OrderedDict())
    assert_learned_the_same(trained_on(started(GAN)), in_one_go(GAN))


def test_two_fits_on_images_are_one_long_fit():
    detector = trained_on(started(gt.detectors.BiGAN, IMAGES), IMAGES)
    whole = in_one_go(gt.detectors.BiGAN, IMAGES)
    assert_learned_the_same(detector, whole, IMAGES)


def test_many_short_fits_are_one_long_fit(gan_whole):
    detector = tiny(GAN, n_steps=2, warm_start=True)
    for _ in range(4):
        detector.fit(ROWS)
    assert_learned_the_same(detector, gan_whole)


def test_dropout_goes_on_where_it_was():
    own = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(9, "relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    detector = trained_on(started(GAN, discriminator=own))
    assert_learned_the_same(detector, in_one_go(GAN, discriminator=own))


def test_the_size_of_a_block_of_random_numbers_does_not_matter(
    gan_start, gan_whole, monkeypatch
):
    monkeypatch.setattr(training, "BLOCK", 2)
    monkeypatch.setattr(graphs, "_workshops", OrderedDict())
    assert_learned_the_same(started(GAN), gan_start)
    assert_learned_the_same(trained_on(gan_start), gan_whole)


def from_a_file(detector: Detector, folder) -> Detector:
    detector.save(folder / "detector.npz")
    return gt.load(folder / "detector.npz")


def test_a_detector_from_a_file_goes_on_as_well(start, whole, tmp_path):
    before = contents(start)
    assert_learned_the_same(trained_on(from_a_file(start, tmp_path)), whole)
    assert_same_contents(contents(start), before)  # the copy stands alone


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda detector: pickle.loads(pickle.dumps(detector))]
)
def test_a_copy_goes_on_as_well(gan_start, gan_whole, again):
    before = contents(gan_start)
    assert_learned_the_same(trained_on(again(gan_start)), gan_whole)
    assert_same_contents(contents(gan_start), before)


def test_a_detector_with_a_network_of_ones_own_goes_on_from_a_file(tmp_path):
    own = like(tiny(GAN).fit(ROWS).discriminator_)
    copied = from_a_file(started(GAN, discriminator=own), tmp_path)
    assert_learned_the_same(trained_on(copied), in_one_go(GAN, discriminator=own))


def test_a_copy_that_went_on_can_be_saved_and_goes_on_again(gan_whole, tmp_path):
    detector = tiny(GAN, n_steps=2, warm_start=True).fit(ROWS)
    for _ in range(3):
        detector = from_a_file(detector, tmp_path).fit(ROWS)
    assert_learned_the_same(from_a_file(detector, tmp_path), gan_whole)


@pytest.mark.parametrize(
    ("detector_class", "state"),
    [(GAN, None), (gt.detectors.AnoGAN, np.random.RandomState(3))],
)
def test_a_seed_that_was_drawn_is_kept(detector_class, state, tmp_path):
    detector = started(detector_class, random_state=state)
    seed = detector.seed_
    again = from_a_file(detector, tmp_path)
    whole = in_one_go(detector_class, random_state=seed)
    for each in (detector, again):
        trained_on(each)
        assert each.seed_ == seed
        assert_learned_the_same(each, whole)


def test_going_on_draws_nothing_from_the_random_state():
    state = np.random.RandomState(3)
    detector = started(GAN, random_state=state)
    expected = copy.deepcopy(state).randint(2**31)
    trained_on(detector)
    assert state.randint(2**31) == expected


def test_the_history_is_that_of_all_steps(start):
    first = {name: losses.copy() for name, losses in start.history_.items()}
    trained_on(start)
    assert tuple(start.history_) == tuple(first)
    for name, losses in start.history_.items():
        assert len(losses) == FIRST + MORE
        np.testing.assert_array_equal(losses[:FIRST], first[name])


# what counts as going on


def test_a_first_fit_is_an_ordinary_one(gan_start):
    cold = tiny(type(gan_start), n_steps=FIRST).fit(ROWS)
    assert_learned_the_same(gan_start, cold)
    assert_learned_the_same(clone(gan_start).fit(ROWS), cold)  # clones are not fitted


def test_without_warm_start_a_fit_begins_anew(gan_start, gan):
    gan_start.set_params(warm_start=False).fit(ROWS)
    assert_learned_the_same(gan_start, gan[0])


def test_a_cold_fit_can_be_gone_on_with(gan_whole):
    detector = tiny(GAN, n_steps=FIRST).fit(ROWS).set_params(warm_start=True)
    assert_learned_the_same(trained_on(detector), gan_whole)


def test_new_rows_are_trained_on_with_the_old_scale(gan_start, gan_whole):
    center, scale = gan_start.center_.copy(), gan_start.scale_.copy()
    trained_on(gan_start, ROWS[:40] * 2 + 100)
    np.testing.assert_array_equal(gan_start.center_, center)
    np.testing.assert_array_equal(gan_start.scale_, scale)
    assert len(gan_start.calibration_scores_) == 8
    assert len(gan_start.history_["generator"]) == FIRST + MORE
    scores = gan_start.anomaly_score(NEW)
    assert np.isfinite(scores).all()
    assert (scores != gan_whole.anomaly_score(NEW)).any()


def test_columns_keep_their_names():
    frame = pd.DataFrame(ROWS, columns=list("abcd"))
    detector = trained_on(started(GAN, frame), frame)
    assert list(detector.feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        trained_on(detector, frame[list("badc")])


# what is refused


def test_f_anogan_refuses_and_says_why():
    detector = tiny(gt.detectors.FAnoGAN, warm_start=True)
    with pytest.raises(ValueError, match="FAnoGAN cannot go on.*more n_steps"):
        detector.fit(ROWS)
    fitted = tiny(gt.detectors.FAnoGAN).fit(ROWS)
    before = contents(fitted)
    with pytest.raises(ValueError, match="FAnoGAN cannot go on"):
        fitted.set_params(warm_start=True).fit(ROWS)
    assert_same_contents(contents(fitted), before)


def test_another_parameter_is_refused_by_name(start, whole):
    before, scores = contents(start), start.anomaly_score(NEW)
    others = other_parameters(start)
    for name in set(others) - MAY_CHANGE:
        value = start.get_params()[name]
        start.set_params(**{name: others[name]})
        with pytest.raises(ValueError, match=f"{name} was .* Set it back"):
            start.fit(ROWS)
        start.set_params(**{name: value})
    assert_same_contents(contents(start), before)
    np.testing.assert_array_equal(start.anomaly_score(NEW), scores)
    assert_learned_the_same(trained_on(start), whole)


def test_seed_alarms_and_verbosity_may_change(gan_start, gan_whole, capsys):
    gan_start.set_params(random_state=9, false_alarm_rate=0.5, verbose=1)
    trained_on(gan_start).set_params(verbose=0)
    np.testing.assert_array_equal(
        gan_start.anomaly_score(NEW), gan_whole.anomaly_score(NEW)
    )
    for name, losses in gan_whole.history_.items():
        np.testing.assert_array_equal(gan_start.history_[name], losses)
    scores = gan_whole.calibration_scores_
    np.testing.assert_array_equal(gan_start.calibration_scores_, scores)
    assert (
        gan_start.threshold_
        == gt.scoring.threshold(scores, 0.5)
        != gan_whole.threshold_
    )


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": [8]},
        {"batch_size": np.int64(8)},
        {"n_steps": np.int64(3)},
    ],
)
def test_the_same_value_in_another_object_is_no_change(change, gan_start, gan_whole):
    gan_start.set_params(**({"n_steps": MORE} | change)).fit(ROWS)
    assert_learned_the_same(gan_start, gan_whole)


def test_a_rate_as_a_number_of_numpy_is_no_change(gan_whole):
    start = started(GAN, learning_rate=1e-3)
    start.set_params(learning_rate=np.float64(1e-3))
    assert_learned_the_same(trained_on(start), gan_whole)


def test_widths_given_as_a_list_may_stay_one_after_a_file(gan_whole, tmp_path):
    again = from_a_file(started(GAN, hidden=[8]), tmp_path)
    assert_learned_the_same(trained_on(again.set_params(hidden=[8])), gan_whole)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS[:, :3], "3 features.*expecting 4"),
        (RNG.random((20, 5)), "5 features.*expecting 4"),
        (IMAGES, "images of shape .8, 8..*fitted on a table"),
        (ROWS[:7], "7 samples.*at least 8"),
        (np.where(ROWS > 55, np.nan, ROWS), "NaN in row"),
    ],
    ids=["narrow", "wide", "images", "few", "NaN"],
)
def test_rows_that_do_not_fit_are_refused_and_nothing_changes(gan_start, rows, words):
    before, scores = contents(gan_start), gan_start.anomaly_score(NEW)
    with pytest.raises(ValueError, match=words):
        gan_start.fit(rows)
    assert_same_contents(contents(gan_start), before)
    np.testing.assert_array_equal(gan_start.anomaly_score(NEW), scores)


def test_a_failed_continuation_leaves_the_detector_as_it_was(
    gan_start, gan_whole, monkeypatch
):
    before, scores = contents(gan_start), gan_start.anomaly_score(NEW)

    def diverged(*_):
        raise FloatingPointError("The loss became nan.")

    def full(*_):
        raise MemoryError("no memory left")

    for owner, name, broken, error in (
        (training, "_check_finite", diverged, FloatingPointError),
        (type(gan_start), "_after_training", full, MemoryError),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, broken)
            with pytest.raises(error):
                trained_on(gan_start)
        assert_same_contents(contents(gan_start), before)
        np.testing.assert_array_equal(gan_start.anomaly_score(NEW), scores)
    assert_learned_the_same(trained_on(gan_start), gan_whole)


def test_a_fit_that_was_stopped_goes_on_where_it_stopped(monkeypatch):
    """The steps that were done count, not those that had been asked for."""
    detector = tiny(GAN, n_steps=9, warm_start=True)
    check = training._check_finite

    def pressed(values, names, done, n_steps):
        if done:  # in the second block
            raise KeyboardInterrupt
        check(values, names, done, n_steps)

    with monkeypatch.context() as patch:
        patch.setattr(training, "BLOCK", 3)
        patch.setattr(training, "_check_finite", pressed)
        with pytest.warns(UserWarning, match="after step 6 of 9"):
            detector.fit(ROWS)
    assert detector.stopped_ is True
    detector.set_params(n_steps=2).fit(ROWS)
    assert_learned_the_same(detector, tiny(GAN, n_steps=8).fit(ROWS))


def test_calibration_rows_of_ones_own_are_asked_for_again():
    detector = tiny(GAN, n_steps=FIRST, warm_start=True).fit(ROWS, calibration=NEW)
    threshold = detector.threshold_
    with pytest.raises(ValueError, match="was given calibration rows. Give them again"):
        trained_on(detector)
    assert detector.threshold_ == threshold
    detector.set_params(n_steps=MORE).fit(ROWS, calibration=NEW)
    assert len(detector.calibration_scores_) == len(NEW)
