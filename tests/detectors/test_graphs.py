"""Detectors share what was compiled, and nothing else."""

import contextlib
import copy
import gc
import pickle
import signal
import threading
import weakref
from collections import OrderedDict

import keras
import numpy as np
import pytest
import tensorflow as tf
from detector_cases import (
    CLASSES,
    NEW,
    RNG,
    ROWS,
    assert_learned_the_same,
    assert_same_contents,
    contents,
    every_detector,
    other_parameters,
    tiny,
)
from sklearn.base import clone

import gantutor as gt
from gantutor import training
from gantutor.detectors import Detector, graphs

gt.setup()

GAN = gt.detectors.GAN
OTHER_ROWS = RNG.normal(-3, 9, (60, 4))
MORE_ROWS = RNG.normal(2, 3, (75, 4))
METHODS = ("anomaly_score", "predict", "p_value", "explain", "reconstruct")


def all_scores(detector: Detector, rows=NEW) -> list[np.ndarray]:
    return [getattr(detector, m)(rows) for m in METHODS if hasattr(detector, m)]


def assert_bit_equal(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def plain_score(detector: Detector, rows=NEW) -> np.ndarray:
    """The score as TensorFlow computes it line by line, with the detector's networks."""
    return detector._score(tf.constant(detector.scaled(rows))).numpy()


def assert_scores_are_its_own(detector: Detector) -> None:
    np.testing.assert_allclose(
        detector.anomaly_score(NEW), plain_score(detector), rtol=1e-4, atol=1e-6
    )


def at_the_same_time(*tasks) -> list:
    """Run each function in a thread of its own; what they return, in their order."""
    results = {}

    def run(number: int) -> None:
        try:
            results[number] = tasks[number]()
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results.values():
        if isinstance(result, BaseException):
            raise result
    return [results[i] for i in range(len(tasks))]


@pytest.fixture(scope="module", params=CLASSES, ids=lambda c: c.__name__)
def first(request) -> Detector:
    """The first of its kind: nothing had been compiled, no variable been used.

    Tests leave it as it is, and come with others of its kind.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphs, "_workshops", OrderedDict())
        detector = tiny(request.param).fit(ROWS)
        all_scores(detector)
        yield detector


# nothing is compiled twice


@pytest.fixture
def graphs_made(monkeypatch) -> list:
    """One entry for each graph that TensorFlow makes, of whatever function."""
    made = []
    make = tf.__internal__.FuncGraph.__init__

    def counting(graph, *args, **options):
        made.append(args)
        make(graph, *args, **options)

    monkeypatch.setattr(tf.__internal__.FuncGraph, "__init__", counting)
    tf.function(tf.negative)(1.0)
    assert made  # so it does count
    made.clear()
    return made


def test_a_second_fit_and_further_scores_compile_nothing(first, graphs_made):
    others = {"random_state": None, "false_alarm_rate": 0.3}
    detectors = [
        first,
        clone(first).set_params(**others).fit(OTHER_ROWS).fit(MORE_ROWS),
        pickle.loads(pickle.dumps(first)),
    ]
    for each in detectors:
        for n_rows in (1, 7, 5000):
            rows = RNG.normal(50, 3, (n_rows, 4))
            assert each.anomaly_score(rows).shape == (n_rows,)
        all_scores(each)
    assert graphs_made == []


@pytest.mark.parametrize("score", ["gaussian", "neighbours", "critic"])
def test_each_score_of_the_wgan_is_compiled_once(score, not_compiled, graphs_made):
    for rows in (ROWS, OTHER_ROWS):
        wgan = tiny(gt.detectors.WGAN, scored_by=score, random_state=None).fit(rows)
        wgan.predict(NEW)
        assert bool(graphs_made) == (rows is ROWS)
        graphs_made.clear()


# what one detector has learned stays out of the others


def test_a_fit_changes_nothing_in_another_detector(first):
    before, scores = contents(first), all_scores(first)
    second = tiny(type(first), random_state=1).fit(OTHER_ROWS)
    assert_same_contents(contents(first), before)
    assert_bit_equal(all_scores(first), scores)
    assert (second.anomaly_score(NEW) != scores[0]).any()
    for detector in (first, second):
        assert_scores_are_its_own(detector)


def test_weights_set_by_hand_change_this_detector_alone(first):
    changed, others = copy.deepcopy(first), all_scores(first)
    scores, counted = changed.anomaly_score(NEW), []
    for name, network in changed.networks().items():
        network.set_weights([0.5 * w + 0.1 for w in network.get_weights()])
        now = changed.anomaly_score(NEW)
        assert_scores_are_its_own(changed)
        if (now != scores).any():
            counted.append(name)
        scores = now
    assert counted
    assert_bit_equal(all_scores(first), others)


def test_a_fit_starts_anew_whatever_was_trained_before_on_the_same_variables(first):
    used = tiny(type(first), random_state=3).fit(OTHER_ROWS)
    used.set_params(random_state=0).fit(ROWS)
    assert_same_contents(contents(used), contents(first))
    assert_bit_equal(all_scores(used), all_scores(first))


def test_a_dropout_layer_starts_anew_too(not_compiled):
    """Its random numbers are a variable of the network that is no weight."""
    own = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(9, "relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    first, other, again = (
        tiny(GAN, discriminator=own, random_state=seed).fit(ROWS) for seed in (0, 1, 0)
    )
    assert_learned_the_same(again, first)
    losses = other.history_["discriminator"]
    assert (losses != first.history_["discriminator"]).all()


def test_a_fit_that_failed_does_no_harm_to_the_next_one(first, monkeypatch):
    def diverged(*_):
        raise FloatingPointError("The loss became nan.")

    with monkeypatch.context() as patch:
        patch.setattr(training, "_check_finite", diverged)  # after steps were done
        with pytest.raises(FloatingPointError):
            tiny(type(first), random_state=1).fit(OTHER_ROWS)
    assert_same_contents(contents(tiny(type(first)).fit(ROWS)), contents(first))


def test_training_that_diverges_does_so_again_at_the_same_step(not_compiled):
    """NaN in the optimiser's memory would show at the first step of the next fit."""
    messages = []
    for seed in (0, 1, 0):
        detector = tiny(GAN, random_state=seed, learning_rate=1e14)
        with pytest.raises(FloatingPointError) as caught:
            detector.fit(ROWS)
        messages.append(str(caught.value))
    assert messages[0] == messages[2]
    assert "step 1 of 3" not in messages[0]


# threads


def wait(barrier: threading.Barrier) -> None:
    """Until the other thread is there too, or is kept out of here by a lock."""
    with contextlib.suppress(threading.BrokenBarrierError):
        barrier.wait(timeout=1)


def test_two_threads_may_fit_detectors_of_one_kind(not_compiled, monkeypatch):
    """F-AnoGAN, which has two trainings."""
    both, train = threading.Barrier(2), training.train
    pairs = []
    for run in (lambda *tasks: [task() for task in tasks], at_the_same_time):
        detectors = [tiny(gt.detectors.FAnoGAN, random_state=n) for n in (0, 1)]
        run(lambda: detectors[0].fit(ROWS), lambda: detectors[1].fit(OTHER_ROWS))  # noqa: B023
        pairs.append(detectors)

        def meeting(*args, **options):
            wait(both)  # where nothing keeps the other one out
            return train(*args, **options)

        monkeypatch.setattr(training, "train", meeting)
    for alone, together in zip(*pairs, strict=True):
        assert_same_contents(contents(together), contents(alone))


def test_two_threads_may_compile_fit_and_score_at_the_same_time(monkeypatch):
    results = []
    for run in (lambda *tasks: [task() for task in tasks], at_the_same_time):
        monkeypatch.setattr(graphs, "_workshops", OrderedDict())
        detectors = [tiny(GAN, random_state=seed) for seed in (0, 1)]
        run(lambda: detectors[0].fit(ROWS), lambda: detectors[1].fit(OTHER_ROWS))  # noqa: B023
        monkeypatch.setattr(graphs, "_workshops", OrderedDict())
        detectors = copy.deepcopy(detectors)
        scores = run(*(scoring(detector) for detector in detectors))
        results.append((list(map(contents, detectors)), scores))
    np.testing.assert_equal(*results)


@pytest.mark.usefixtures("not_compiled")
def test_two_threads_draw_the_initial_weights_that_each_would_draw_alone(monkeypatch):
    """Keras draws from Python's one global generator: nobody else may seed it meanwhile."""
    rows = (ROWS, OTHER_ROWS)
    alone = [tiny(GAN, random_state=n).fit(rows[n]) for n in (0, 1)]
    graphs._workshops.clear()
    both, network = threading.Barrier(2), GAN._network

    def meeting(detector, name):
        if name == "discriminator":  # the generator has been built
            wait(both)
        return network(detector, name)

    monkeypatch.setattr(GAN, "_network", meeting)
    detectors = [tiny(GAN, random_state=n) for n in (0, 1)]
    at_the_same_time(
        lambda: detectors[0].fit(rows[0]), lambda: detectors[1].fit(rows[1])
    )
    for detector, expected in zip(detectors, alone, strict=True):
        assert_same_contents(contents(detector), contents(expected))


def scoring(detector: Detector, rows=NEW, n_times: int = 5):
    return lambda: [detector.anomaly_score(rows) for _ in range(n_times)]


def test_threads_may_score_with_one_detector_and_with_others_of_its_kind(first):
    second = tiny(type(first), random_state=1).fit(ROWS)
    asked = (first, NEW), (first, ROWS), (second, NEW)
    expected = [detector.anomaly_score(rows) for detector, rows in asked]
    results = at_the_same_time(*[scoring(*one) for one in asked])
    for rounds, scores in zip(results, expected, strict=True):
        for again in rounds:
            np.testing.assert_array_equal(again, scores)


# how much is kept


def test_only_the_kinds_used_last_are_kept_and_the_others_score_as_before(
    not_compiled, monkeypatch
):
    monkeypatch.setattr(graphs, "WORKSHOPS_KEPT", 2)
    detectors = [tiny(GAN, latent_dim=n).fit(ROWS) for n in (1, 2, 3)]
    scores = [detector.anomaly_score(NEW) for detector in detectors]
    for n in (0, 2, 1, 0):
        np.testing.assert_array_equal(detectors[n].anomaly_score(NEW), scores[n])
    kept = list(graphs._workshops.values())
    assert kept == [detector._workshop for detector in detectors[1:]]
    again = tiny(GAN, latent_dim=1).fit(ROWS)
    assert_learned_the_same(again, detectors[0])


def test_a_kind_that_is_used_again_is_kept_for_longer(not_compiled, monkeypatch):
    monkeypatch.setattr(graphs, "WORKSHOPS_KEPT", 2)
    detectors = [tiny(GAN, latent_dim=n).fit(ROWS) for n in (1, 2, 1, 3)]
    kept = list(graphs._workshops.values())
    assert kept == [detector._workshop for detector in detectors[2:]]


def test_what_is_not_kept_is_given_back(not_compiled, monkeypatch):
    monkeypatch.setattr(graphs, "WORKSHOPS_KEPT", 1)
    first = tiny(GAN).fit(ROWS)
    workshop = weakref.ref(first._workshop)
    tiny(GAN, latent_dim=1).fit(ROWS)
    gc.collect()
    assert workshop() is not None  # its detector still scores with it
    del first
    gc.collect()
    assert workshop() is None


def test_a_detector_that_nobody_uses_is_given_back(nothing_kept):
    """What is kept for others of its kind does not hold its weights or rows."""
    gan = tiny(GAN).fit(ROWS)
    gan.predict(NEW)
    owned = [weakref.ref(gan), weakref.ref(gan.discriminator_)]
    del gan
    gc.collect()
    assert [one() for one in owned] == [None, None]


# parameters decide what is shared


def test_parameters_set_after_fit_change_nothing_until_the_next_fit(first):
    scores, learned = all_scores(first), contents(first)
    others = other_parameters(first)
    assert set(others) == set(first.get_params())
    # but for the rate, of which `predict` says that it was changed
    others |= {"false_alarm_rate": 0.05, "verbose": 0}
    detector = copy.deepcopy(first).set_params(**others)
    assert_bit_equal(all_scores(detector), scores)
    assert_same_contents(contents(detector), learned)


def test_a_parameter_set_after_fit_does_not_mislead_others_that_have_it(not_compiled):
    """The score is compiled while the old detector shows the new parameter."""
    other = {"score_contextual_weight": 30.0}
    old = tiny(gt.detectors.GANomaly).fit(ROWS)
    old = copy.deepcopy(old).set_params(**other)
    graphs._workshops.clear()
    old.anomaly_score(NEW)
    assert_scores_are_its_own(tiny(gt.detectors.GANomaly, **other).fit(ROWS))
    assert_scores_are_its_own(old.set_params(score_contextual_weight=0.0))


SHARED = set(Detector._get_param_names())


@every_detector
def test_each_parameter_makes_a_difference_and_has_graphs_of_its_own(
    detector_class, not_compiled, monkeypatch
):
    monkeypatch.setattr(graphs.Workshop, "function", lambda _, *of: getattr(*of))
    first = tiny(detector_class, n_steps=2).fit(ROWS)
    before, scores = contents(first), first.anomaly_score(NEW)
    others = other_parameters(first) | {"n_steps": 1}
    for name in ("warm_start", "verbose", "false_alarm_rate"):
        del others[name]
    for name, value in others.items():
        if name in SHARED and detector_class is not GAN:
            continue  # one class will do
        changed = tiny(detector_class, **{"n_steps": 2, name: value}).fit(ROWS)
        shared = name in ("random_state", "n_steps", "n_encoder_steps")
        assert (changed._workshop is first._workshop) == shared
        after = contents(changed)
        assert (changed.anomaly_score(NEW) != scores).any() or any(
            a.shape != b.shape or (a != b).any()
            for network, arrays in before["weights"].items()
            for a, b in zip(arrays, after["weights"][network], strict=True)
        ), f"{name} made no difference"


def own_discriminator(activation: str) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(9, activation, name="hidden"),
            keras.layers.Dense(1, name="logit"),
        ],
        name="own",
    )


@pytest.mark.parametrize("in_place", [True, False])
def test_a_network_of_ones_own_is_not_taken_for_an_earlier_one(
    in_place, not_compiled, monkeypatch
):
    own = own_discriminator("relu")
    gan = tiny(GAN, discriminator=own).fit(ROWS)
    relu = gan.anomaly_score(NEW)
    if in_place:
        own.layers[0].activation = keras.activations.tanh
        np.testing.assert_array_equal(gan.anomaly_score(NEW), relu)
    else:
        own = own_discriminator("tanh")
    tanh = tiny(GAN, discriminator=own).fit(ROWS).anomaly_score(NEW)
    monkeypatch.setattr(graphs, "_workshops", OrderedDict())
    fresh = tiny(GAN, discriminator=own_discriminator("tanh")).fit(ROWS)
    np.testing.assert_array_equal(tanh, fresh.anomaly_score(NEW))
    assert (tanh != relu).all()


def test_the_list_of_widths_may_be_changed_after_fit(not_compiled):
    widths = [8]
    gan = tiny(GAN, hidden=widths).fit(ROWS)
    before = gan.anomaly_score(NEW)
    widths.append(3)
    np.testing.assert_array_equal(gan.anomaly_score(NEW), before)
    np.testing.assert_array_equal(copy.deepcopy(gan).anomaly_score(NEW), before)


def test_a_number_that_was_learned_may_be_changed_by_hand(not_compiled):
    """The mean of the features goes in as an argument, too."""
    wgan = tiny(gt.detectors.WGAN).fit(ROWS)
    other = copy.deepcopy(wgan)
    before = other.anomaly_score(NEW)
    wgan.feature_mean_ = wgan.feature_mean_ + 1
    assert_scores_are_its_own(wgan)
    assert (wgan.anomaly_score(NEW) != before).all()
    np.testing.assert_array_equal(other.anomaly_score(NEW), before)


# Ctrl-C


def press_ctrl_c_at(number: int, monkeypatch) -> None:
    """Press it once, in the n-th step of the next training."""
    count, compile_block = [], training.compile_block

    def pressing(step, jit_compile):
        def pressing_step(x, *noise):
            count.append(1)
            if len(count) == number:
                signal.raise_signal(signal.SIGINT)
            return step(x, *noise)

        return compile_block(pressing_step, jit_compile)

    graphs._workshops.clear()
    monkeypatch.setattr(training, "compile_block", pressing)


@pytest.fixture
def blocks_of_four(not_compiled, monkeypatch):
    monkeypatch.setattr(training, "BLOCK", 4)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield  # a shell that starts Python in the background has Ctrl-C ignored
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("detector_class", [gt.detectors.BiGAN, gt.detectors.FAnoGAN])
def test_ctrl_c_leaves_a_detector_that_was_trained_for_the_steps_done(
    detector_class, blocks_of_four, monkeypatch
):
    n_steps = {"n_steps": 8}
    if detector_class is gt.detectors.FAnoGAN:  # of its two stages, the first
        n_steps["n_encoder_steps"] = 3
    short = tiny(detector_class, **n_steps).fit(ROWS)
    assert short.stopped_ is False
    press_ctrl_c_at(6, monkeypatch)
    detector = tiny(detector_class, **(n_steps | {"n_steps": 11}))
    with pytest.warns(UserWarning, match="after step 8 of 11.* kept") as caught:
        detector.fit(ROWS)
    assert len(caught) == 1
    assert detector.stopped_ is True
    short.stopped_ = True
    assert_learned_the_same(detector, short)
    assert set(detector.predict(NEW)) <= {-1, 1}
    assert detector.fit(ROWS).stopped_ is False


def test_ctrl_c_in_the_training_of_the_encoder_keeps_what_it_has_learned(
    blocks_of_four, monkeypatch
):
    """Of f-AnoGAN's two stages, here the second."""
    press_ctrl_c_at(3 + 5, monkeypatch)
    detector = tiny(gt.detectors.FAnoGAN, n_encoder_steps=12)
    with pytest.warns(UserWarning, match="after step 8 of 12.* kept"):
        detector.fit(ROWS)
    lengths = {name: len(losses) for name, losses in detector.history_.items()}
    assert lengths == {"critic": 3, "generator": 3, "penalty": 3, "encoder": 8}
    assert detector.stopped_ is True
    assert np.isfinite(detector.anomaly_score(NEW)).all()


def test_ctrl_c_in_the_first_block_leaves_the_detector_as_it_was(
    blocks_of_four, monkeypatch
):
    gan = tiny(GAN).fit(ROWS)
    before, scores = contents(gan), gan.anomaly_score(NEW)
    press_ctrl_c_at(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        gan.fit(OTHER_ROWS)
    np.testing.assert_array_equal(gan.anomaly_score(NEW), scores)
    assert_same_contents(contents(gan), before)
