"""A saved detector scores as before, and a bad file is an error in words, never code."""

import copy
import json
import pickle
import time
import tracemalloc

import keras
import numpy as np
import pandas as pd
import pytest
from detector_cases import (
    CLASSES,
    IMAGES,
    NEW,
    ROWS,
    PlainLoop,
    assert_same_contents,
    contents,
    tiny,
)
from sklearn.base import clone
from sklearn.ensemble import IsolationForest

import gantutor as gt
from gantutor import archive, networks, training
from gantutor.detectors import Detector, graphs
from gantutor.one_class import OneClass

gt.setup()

GAN = gt.detectors.GAN
Dense, Input = keras.layers.Dense, keras.Input


@pytest.fixture(scope="module", autouse=True)
def no_loop_is_compiled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "compile_block", PlainLoop)
        yield


@pytest.fixture
def path(tmp_path):
    return tmp_path / "detector.npz"


def saved_and_loaded(detector: OneClass, path) -> OneClass:
    detector.save(path)
    return gt.load(path)


# what comes back


def ensemble() -> gt.detectors.Ensemble:
    """With members of this package and of scikit-learn."""
    baseline = gt.evaluation.BASELINES["PCA error"](0)
    members = [tiny(GAN), IsolationForest(n_estimators=5, n_jobs=1), baseline]
    return gt.detectors.Ensemble(members, random_state=0)


MADE = [*[lambda c=c: tiny(c, hidden=(4, 4)) for c in CLASSES], ensemble]
NAMES = [*[c.__name__ for c in CLASSES], "Ensemble"]


@pytest.fixture(scope="module", params=MADE, ids=NAMES)
def detector(request) -> OneClass:
    return request.param().set_params(false_alarm_rate=0.2).fit(ROWS)


def assert_alike(one: OneClass, other: OneClass, rows=NEW) -> None:
    assert type(one) is type(other)
    for method in ("anomaly_score", "predict", "p_value", "explain", "reconstruct"):
        if hasattr(one, method):
            values = getattr(one, method)(rows), getattr(other, method)(rows)
            np.testing.assert_array_equal(*values, err_msg=method)
    assert one.threshold_ == other.threshold_


def test_a_loaded_detector_is_the_one_that_was_saved(detector, path):
    loaded = saved_and_loaded(detector, path)
    assert_alike(loaded, detector)
    assert_same_contents(contents(loaded), contents(detector))
    if not isinstance(
        detector, gt.detectors.Ensemble
    ):  # which has members for parameters
        assert loaded.get_params() == detector.get_params()
    if hasattr(detector, "sample"):
        samples = detector.sample(3, seed=1)
        np.testing.assert_array_equal(loaded.sample(3, seed=1), samples)


def test_a_loaded_detector_can_be_saved_and_fitted_again(detector, path):
    again = saved_and_loaded(saved_and_loaded(detector, path), path)
    scores = detector.anomaly_score(NEW)
    np.testing.assert_array_equal(again.anomaly_score(NEW), scores)
    for fitted in (clone(again).fit(ROWS), again.fit(ROWS)):
        np.testing.assert_array_equal(fitted.anomaly_score(NEW), scores)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda detector: pickle.loads(pickle.dumps(detector))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_are_alike(detector, copied):
    other = copied(detector)
    np.testing.assert_array_equal(other.anomaly_score(NEW), detector.anomaly_score(NEW))
    assert_same_contents(contents(other), contents(detector))


@pytest.mark.parametrize("make", MADE, ids=NAMES)
def test_a_detector_of_images_comes_back(make, path, monkeypatch):
    monkeypatch.setattr(graphs.Workshop, "function", lambda _, *of: getattr(*of))
    detector = make()
    if make is ensemble:  # scikit-learn's own take no images
        detector.members.pop(1)
    detector.fit(IMAGES)
    loaded = saved_and_loaded(detector, path)
    np.testing.assert_array_equal(
        loaded.anomaly_score(IMAGES), detector.anomaly_score(IMAGES)
    )
    assert_same_contents(contents(loaded), contents(detector))


@pytest.fixture(scope="module")
def peculiar() -> Detector:
    """Names, a network of one's own with many weights, compiled, and a state as a seed."""
    frame = pd.DataFrame(ROWS, columns=["mean radius", "größe", "c", "d"])
    own = keras.Sequential(
        [Input((4,)), *[Dense(3, "tanh") for _ in range(6)], Dense(1)]
    )
    own.compile("adam", "mse")
    state = np.random.RandomState(0)
    return tiny(GAN, discriminator=own, random_state=state).fit(frame)


def test_names_and_a_network_of_ones_own_come_back(peculiar, path):
    """More than ten arrays: "10" must not come between "1" and "2"."""
    loaded = saved_and_loaded(peculiar, path)
    frame = pd.DataFrame(NEW, columns=peculiar.feature_names_in_)
    assert list(loaded.feature_names_in_) == ["mean radius", "größe", "c", "d"]
    assert loaded.discriminator.layers[0].activation.__name__ == "tanh"
    assert loaded.random_state is None
    np.testing.assert_array_equal(
        loaded.anomaly_score(frame), peculiar.anomaly_score(frame)
    )
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.anomaly_score(frame.iloc[:, ::-1])


def test_what_is_saved_is_what_was_fitted_and_not_what_was_set_later(path):
    detector = tiny(GAN).fit(ROWS)
    scores = detector.anomaly_score(NEW)
    loaded = saved_and_loaded(detector.set_params(hidden=(4, 4)), path)
    np.testing.assert_array_equal(loaded.anomaly_score(NEW), scores)
    assert tuple(loaded.hidden) == (8,)


# what cannot be kept


class Own(gt.detectors.GANomaly):
    """A reader's own method."""


class OwnEnsemble(gt.detectors.Ensemble):
    """A reader's own way to put several together."""


class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_a_class_of_ones_own_is_copied_but_not_saved(tmp_path):
    alone = tiny(Own).fit(ROWS)
    member = gt.detectors.Ensemble([tiny(Own), tiny(Own)], random_state=0).fit(ROWS)
    for detector in (alone, member):
        for other in (copy.deepcopy(detector), pickle.loads(pickle.dumps(detector))):
            np.testing.assert_array_equal(
                other.anomaly_score(NEW), detector.anomaly_score(NEW)
            )
        with pytest.raises(ValueError, match="Own is a class of your own, and a file"):
            detector.save(tmp_path / "detector.npz")
    assert not list(tmp_path.iterdir())


def test_an_ensemble_of_ensembles_of_ones_own_is_not_saved(tmp_path):
    inner = OwnEnsemble([IsolationForest(n_estimators=5)])
    outer = gt.detectors.Ensemble([inner], random_state=0).fit(ROWS)
    with pytest.raises(ValueError, match="OwnEnsemble is a class of your own"):
        outer.save(tmp_path / "detector.npz")


def test_a_layer_of_ones_own_works_but_cannot_be_saved(tmp_path):
    own = keras.Sequential([Input((4,)), Twice(), Dense(1)])
    detector = tiny(GAN, discriminator=own).fit(ROWS)
    with pytest.raises(ValueError, match="Twice.*Keras' own layers"):
        detector.save(tmp_path / "detector.npz")
    assert not list(tmp_path.iterdir())


# files that are refused


@pytest.fixture(scope="module")
def trees() -> dict[str, archive.Tree]:
    """What is in the files of three detectors."""
    own = keras.Sequential([Input((4,)), Dense(3), Dense(1)])
    detectors = {
        "GAN": tiny(GAN).fit(ROWS),
        "own": tiny(GAN, discriminator=own).fit(ROWS),
        "Ensemble": ensemble().fit(ROWS),
    }
    return {name: detector.to_tree() for name, detector in detectors.items()}


def refused(path, *words: str) -> None:
    """In one sentence, soon and without much memory."""
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(ValueError, match="damaged, or not a detector") as caught:
        gt.load(path)
    assert time.process_time() - began < 3
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    message = str(caught.value)
    assert str(path) in message and message.endswith("with detector.save(path).")
    assert len(message) < 500 + len(str(path)) and "\n" not in message
    for word in words:
        assert word in message


def put(value, *place):
    def change(tree) -> None:
        for name in place[:-1]:
            tree = tree[name]
        tree[place[-1]] = value

    return change


def drop(*place):
    def change(tree) -> None:
        for name in place[:-1]:
            tree = tree[name]
        del tree[place[-1]]

    return change


FITTED, PARAMETERS = "fitted", "parameters"
SHAPES = "other shapes than the networks"
FOREST = ("members", 1, PARAMETERS)
WIDE = {"class": "LedoitWolf", PARAMETERS: {}, "rows": np.zeros((2, 60_000))}


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("GAN", put("Oracle", "class"), "unknown detector 'Oracle'"),
        ("GAN", put("Detector", "class"), ""),
        ("GAN", put("os.system", "class"), "'os.system'"),
        ("GAN", put("load", "class"), ""),
        ("GAN", put(None, "class"), ""),
        ("GAN", put(["GAN"], "class"), ""),
        ("GAN", put("x" * 9999, "class"), ""),
        ("GAN", put(1, PARAMETERS, "magic"), "unknown parameter 'magic'"),
        ("GAN", put(1, PARAMETERS, "__init__"), "unknown parameter '__init__'"),
        ("GAN", put("x" * 9999, PARAMETERS, "batch_size"), "batch_size"),
        ("GAN", put(np.nan, PARAMETERS, "false_alarm_rate"), "false_alarm_rate is nan"),
        ("GAN", put(1, FITTED, "fit"), "unknown entry 'fit'"),
        ("GAN", put(1, FITTED, "__class__"), "unknown entry '__class__'"),
        ("GAN", put(1, FITTED, "_build"), "unknown entry '_build'"),
        ("GAN", put(1, FITTED, "a.b_"), "unknown entry 'a.b_'"),
        ("GAN", drop("class"), "class"),
        ("GAN", drop(PARAMETERS), PARAMETERS),
        ("GAN", drop(FITTED), FITTED),
        ("GAN", drop("weights"), "weights"),
        ("GAN", drop("weights", "generator_", 1), SHAPES),
        ("GAN", drop("weights", "generator_"), SHAPES),
        ("GAN", put([], "weights", "other_"), SHAPES),
        ("GAN", put(np.zeros((2, 2)), "weights", "generator_", 0), SHAPES),
        ("GAN", put(np.array(["a"] * 8), "weights", "generator_", 1), ""),
        *[
            ("GAN", drop(FITTED, name), f"it lacks {name}")
            for name in ("center_", "calibration_scores_", "n_features_in_", "seed_")
        ],
        (
            "GAN",
            put(np.zeros((9, 4)), FITTED, "center_"),
            "center_ does not hold numbers of shape (4,)",
        ),
        ("GAN", put(np.array([*"abcd"]), FITTED, "scale_"), ""),
        (
            "GAN",
            put(np.zeros(3), FITTED, "mean_row_"),
            "mean_row_ does not hold numbers of shape (4,)",
        ),
        ("GAN", put(np.array([*"ab"]), FITTED, "calibration_scores_"), ""),
        ("GAN", put(np.array([np.nan]), FITTED, "calibration_scores_"), ""),
        (
            "GAN",
            put(np.ones((3, 3)), FITTED, "calibration_scores_"),
            "no row of numbers",
        ),
        # much from a small file
        ("GAN", put([10**9], PARAMETERS, "hidden"), SHAPES),
        ("GAN", put([8] * 101, PARAMETERS, "hidden"), "hidden is"),
        ("GAN", put([8] * 10**6, PARAMETERS, "hidden"), "bytes of memory"),
        ("GAN", put(10**9, FITTED, "latent_dim_"), SHAPES),
        ("GAN", put(10**9, FITTED, "n_features_in_"), ""),
        ("GAN", put([10**9, 10**9], FITTED, "image_shape_"), ""),
        ("Ensemble", put(10**6, *FOREST, "n_estimators"), "n_estimators=1000000"),
        ("Ensemble", put(10**5, *FOREST, "n_jobs"), "n_jobs"),
        ("Ensemble", put("sys", *FOREST, "__class__"), ""),
        ("Ensemble", put(WIDE, "members", 1), "too wide"),
        ("Ensemble", put("os.system", "members", 1, "class"), "'os.system'"),
        ("Ensemble", drop(FITTED, "weights_"), "it lacks weights_"),
        ("Ensemble", put(np.ones(2), FITTED, "weights_"), "numbers of shape (3,)"),
        (
            "Ensemble",
            put(np.full(3, np.nan), FITTED, "score_scales_"),
            "numbers of shape (3,)",
        ),
        ("Ensemble", drop("members", 0, "weights", "generator_", 0), SHAPES),
    ],
)
def test_a_changed_or_incomplete_file_is_refused(trees, path, kind, change, words):
    tree = copy.deepcopy(trees[kind])
    change(tree)
    archive.write(tree, path)
    refused(path, words)


def test_what_holds_no_detector_is_refused(trees, path):
    for tree in ([1, 2], "text", 3, trees["Ensemble"]["members"][1]):
        archive.write(tree, path)
        refused(path)
    for content in (b"", b"hello", b"\x80\x04K\x01."):
        path.write_bytes(content)
        refused(path)
    np.savez(path, header=np.array('{"format": 1, "detector": "GAN"}'))
    refused(path, "format 1 by another version", "fit the detector again")
    np.savez(path, scores=np.zeros(3))
    refused(path, "no header")


def test_no_file_and_a_folder_are_file_not_found(tmp_path):
    for path in (tmp_path / "missing.npz", tmp_path):
        with pytest.raises(FileNotFoundError, match="There is no file.*Check the name"):
            gt.load(path)


def test_a_threshold_cannot_be_smuggled_in(trees, path):
    """It follows from the calibration scores."""
    tree = copy.deepcopy(trees["GAN"])
    for value in (1e9, "nan", None, [1, 2]):
        tree[FITTED] |= {"threshold_": value, "offset_": value}
        archive.write(tree, path)
        loaded = gt.load(path)
        scores = loaded.calibration_scores_
        assert loaded.threshold_ == gt.scoring.threshold(scores, 0.05)
        assert loaded.offset_ == -loaded.threshold_


def dense(**config) -> dict:
    config = {"units": 3} | config
    return {"class_name": "Dense", "module": "keras.layers", "config": config}


def named(name: str, module: str = "keras.layers", **more) -> dict:
    return {"class_name": name, "module": module, "config": {}, **more}


def nested(layer: dict, times: int) -> dict:
    for _ in range(times):
        layer = named("TimeDistributed") | {"config": {"layer": layer}}
    return layer


CODE = {"class_name": "__lambda__", "config": {"code": "AAAA"}}
FUNCTION = {"class_name": "function", "module": "builtins", "config": "eval"}
KEPT_OUT = "which a file without code cannot hold"


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([named("Lambda") | {"config": {"function": CODE}}], KEPT_OUT),
        ([nested(named("Lambda"), 1)], KEPT_OUT),
        ([named("TFSMLayer")], KEPT_OUT),
        ([named("JaxLayer")], KEPT_OUT),
        ([named("TorchModuleWrapper")], KEPT_OUT),
        ([named("Dense", registered_name="Mine>Dense")], KEPT_OUT),
        ([named("Dense", "keras_of_a_stranger")], KEPT_OUT),
        ([named("system", "os")], KEPT_OUT),
        ([named("system", "os.path.keras")], KEPT_OUT),
        ([dense(activation=FUNCTION)], KEPT_OUT),
        ([dense(kernel_initializer=named("__numpy__"))], KEPT_OUT),
        ([dense(units=10**9)], ""),
        ([nested(dense(), 300)], ""),
        ([dense()] * 9, ""),
        ([dense()] * 100_000, "bytes of memory"),
    ],
)
def test_a_network_with_code_or_of_any_size_is_refused(trees, path, layers, words):
    tree = copy.deepcopy(trees["own"])
    config = json.loads(tree[PARAMETERS]["discriminator"]["keras"])
    config["config"]["layers"][1:2] = layers
    tree[PARAMETERS]["discriminator"] = {"keras": json.dumps(config)}
    archive.write(tree, path)
    refused(path, words)


def test_a_network_of_very_many_parts_is_refused():
    config = {"class_name": "Sequential", "config": {"layers": [dense()] * 20_000}}
    with pytest.raises(ValueError, match="20,001 parts, too many"):
        networks.unpacked(json.dumps(config))
