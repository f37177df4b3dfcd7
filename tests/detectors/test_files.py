"""A saved detector scores as before, and a bad file is an error in words, never code."""

import json
import os
import re
import struct
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
from detector_cases import assert_same_contents, contents, every_detector

import gantutor as gt
from gantutor.detectors import Detector

gt.setup()

TINY = {"n_steps": 3, "batch_size": 8, "hidden": (8,), "random_state": 0}
RNG = np.random.default_rng(0)
ROWS = RNG.normal(50, 3, (40, 4))
IMAGES = RNG.uniform(0, 16, (20, 8, 8))


def saved_and_loaded(detector: Detector, path) -> Detector:
    detector.save(path)
    return gt.load(path)


@pytest.fixture(scope="module")
def fitted() -> Detector:
    return gt.detectors.GAN(**TINY).fit(ROWS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "detector.npz"


@pytest.fixture
def saved(fitted, path) -> bytes:
    fitted.save(path)
    return path.read_bytes()


# what comes back


@every_detector
@pytest.mark.parametrize("rows", [ROWS, IMAGES], ids=["table", "images"])
def test_a_loaded_detector_scores_bit_for_bit_as_before(detector_class, rows, path):
    detector = detector_class(**TINY).fit(rows)
    loaded = saved_and_loaded(detector, path)
    assert type(loaded) is detector_class
    for method in (
        "anomaly_score",
        "decision_function",
        "predict",
        "p_value",
        "explain",
    ):
        expected = getattr(detector, method)(rows)
        np.testing.assert_array_equal(getattr(loaded, method)(rows), expected)
    if hasattr(detector, "sample"):
        samples = detector.sample(3, seed=1)
        np.testing.assert_array_equal(loaded.sample(3, seed=1), samples)
    if hasattr(detector, "reconstruct"):
        made = detector.reconstruct(rows)
        np.testing.assert_array_equal(loaded.reconstruct(rows), made)


@every_detector
def test_parameters_and_learned_attributes_come_back(detector_class, path):
    detector = detector_class(**TINY, false_alarm_rate=0.2).fit(ROWS)
    loaded = saved_and_loaded(detector, path)
    assert loaded.get_params() == detector.get_params()
    assert loaded.threshold_ == detector.threshold_
    assert loaded.n_features_in_ == 4
    assert list(loaded.history_) == list(detector.history_)
    for name, losses in detector.history_.items():
        np.testing.assert_array_equal(loaded.history_[name], losses)


@every_detector
def test_a_loaded_detector_can_be_fitted_again_and_saved_again(detector_class, path):
    detector = detector_class(**TINY).fit(ROWS)
    again = saved_and_loaded(saved_and_loaded(detector, path), path)
    scores = detector.anomaly_score(ROWS)
    np.testing.assert_array_equal(again.anomaly_score(ROWS), scores)
    np.testing.assert_array_equal(again.fit(ROWS).anomaly_score(ROWS), scores)


def test_column_names_come_back_and_are_checked(path):
    frame = pd.DataFrame(ROWS, columns=["mean radius", "größe", "c", "d"])
    detector = gt.detectors.GAN(**TINY).fit(frame)
    loaded = saved_and_loaded(detector, path)
    assert list(loaded.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(
        loaded.anomaly_score(frame), detector.anomaly_score(frame)
    )
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.anomaly_score(frame.iloc[:, ::-1])


def test_a_network_of_ones_own_comes_back(path):
    own = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(6, "tanh"), keras.layers.Dense(1)]
    )
    detector = gt.detectors.GAN(**TINY, discriminator=own).fit(ROWS)
    loaded = saved_and_loaded(detector, path)
    assert loaded.discriminator.layers[0].activation.__name__ == "tanh"
    np.testing.assert_array_equal(
        loaded.anomaly_score(ROWS), detector.anomaly_score(ROWS)
    )


def test_a_network_with_many_weights_comes_back_in_order(path):
    """More than ten arrays: "10" must not come between "1" and "2"."""
    detector = gt.detectors.GAN(**{**TINY, "hidden": (4,) * 7}).fit(ROWS)
    loaded = saved_and_loaded(detector, path)
    np.testing.assert_array_equal(
        loaded.anomaly_score(ROWS), detector.anomaly_score(ROWS)
    )


def test_a_random_state_instance_comes_back_as_none(path):
    state = np.random.RandomState(0)
    detector = gt.detectors.GAN(**{**TINY, "random_state": state}).fit(ROWS)
    assert saved_and_loaded(detector, path).random_state is None


@pytest.mark.parametrize("name", ["detector", "my detector.npz", "ü.bin"])
def test_the_file_has_exactly_the_name_that_was_given(fitted, tmp_path, name):
    loaded = saved_and_loaded(fitted, str(tmp_path / name))
    assert os.listdir(tmp_path) == [name]
    assert isinstance(loaded, gt.detectors.GAN)


def test_the_file_is_plain_arrays_and_json(saved, path):
    with np.load(path, allow_pickle=False) as arrays:
        header = json.loads(str(arrays["header"]))
        assert all(arrays[name].dtype.kind in "fiU" for name in arrays.files)
    assert header["detector"] == "GAN"
    assert header["parameters"]["n_steps"] == 3


# files that cannot be read


def refused(path, words: str = "damaged, or not a detector") -> None:
    with pytest.raises(ValueError, match=words) as caught:
        gt.load(path)
    assert str(path) in str(caught.value)
    assert "Save it again" in str(caught.value)


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(saved, path, share):
    path.write_bytes(saved[: int(share * len(saved))])
    refused(path)


def test_a_flipped_byte_is_refused_or_harmless(saved, path, fitted):
    """Every array carries a checksum; what has none (times, flags) changes no score."""
    expected, n_refused = fitted.anomaly_score(ROWS), 0
    positions = RNG.choice(len(saved), 150, replace=False)
    for position in positions:
        broken = bytearray(saved)
        broken[position] ^= 1 << RNG.integers(8)
        path.write_bytes(broken)
        try:
            loaded = gt.load(path)
        except ValueError as error:
            assert "Save it again" in str(error)
            n_refused += 1
        else:
            np.testing.assert_array_equal(loaded.anomaly_score(ROWS), expected)
    assert n_refused > 75


def test_a_file_that_claims_to_be_encrypted_is_refused(saved, path):
    directory = saved.rindex(b"PK\x01\x02")
    broken = bytearray(saved)
    broken[directory + 8] |= 1
    path.write_bytes(broken)
    refused(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"PK\x03\x04", b"\x80\x04K\x01.", b"\x93NUMPY\x01\x00", b"\0" * 99],
    ids=["empty", "text", "start of a zip", "pickle", "start of an array", "zeros"],
)
def test_another_kind_of_file_is_refused(path, content):
    path.write_bytes(content)
    refused(path)


def test_a_single_array_is_refused(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    refused(path)


def test_a_zip_of_other_things_is_refused(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("notes.txt", "hello")
    refused(path)


def rewrite(path, change) -> None:
    """Save the file at `path` again after `change(header, arrays)`."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(str(arrays.pop("header")))
    change(header, arrays)
    with open(path, "wb") as file:
        np.savez(file, header=np.array(json.dumps(header)), **arrays)


def drop(part: str, name: str):
    def change(header, arrays):
        del {"header": header, "attributes": header["attributes"], "arrays": arrays}[
            part
        ][name]

    return change


def put(part: str, name: str, value):
    def change(header, arrays):
        {"header": header, **header, "arrays": arrays}[part][name] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("header", "format", 99), "format 99"),
        (put("header", "detector", "Oracle"), "unknown detector 'Oracle'"),
        (put("header", "detector", "load"), "damaged"),
        (put("header", "detector", "Detector"), "damaged"),
        (put("header", "detector", None), "unknown detector"),
        (put("parameters", "magic", 1), "unknown parameter 'magic'"),
        (put("attributes", "fit", 1), "unknown entry 'fit'"),
        (put("attributes", "__class__", 1), "unknown entry '__class__'"),
        (put("attributes", "_build", 1), "unknown entry '_build'"),
        (put("arrays", "discriminator_/0", np.zeros((2, 2))), "shape"),
        (put("arrays", "discriminator_/9", np.zeros(2)), "damaged"),
        (drop("header", "format"), "format"),
        (drop("header", "detector"), "detector"),
        (drop("header", "parameters"), "parameters"),
        (drop("header", "attributes"), "attributes"),
        (drop("header", "entries"), "entries"),
        (drop("arrays", "discriminator_/1"), "it lacks discriminator_/1"),
        (drop("arrays", "center_"), "it lacks center_"),
        (drop("arrays", "calibration_scores_"), "it lacks calibration_scores_"),
        (drop("attributes", "n_features_in_"), "it lacks n_features_in_"),
        (drop("attributes", "threshold_"), "it lacks threshold_"),
    ],
)
def test_a_changed_or_incomplete_header_is_refused(saved, path, change, words):
    rewrite(path, change)
    refused(path, words)


def test_a_file_without_a_header_is_refused(path):
    np.savez(path, scores=np.zeros(3))
    refused(path, "header")


@pytest.mark.parametrize("header", ["[]", "3", "{", '"text"'])
def test_a_header_that_is_not_a_table_is_refused(path, header):
    np.savez(path, header=np.array(header))
    refused(path)


def test_no_file_and_a_folder_are_file_not_found(tmp_path):
    for path in (tmp_path / "missing.npz", tmp_path):
        with pytest.raises(FileNotFoundError, match="There is no file.*Check the name"):
            gt.load(path)


# code in a file is never run


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, flag: str) -> None:
        self.flag = flag

    def __reduce__(self):
        return os.mkdir, (self.flag,)


@pytest.mark.parametrize("name", ["header", "trap_", "center_"])
def test_a_pickled_object_is_not_unpickled(saved, path, tmp_path, name):
    flag = tmp_path / "unpickled"
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    arrays[name] = np.array([Trap(str(flag))], dtype=object)
    np.savez(path, allow_pickle=True, **arrays)
    refused(path)
    assert not flag.exists()


def test_a_bare_pickle_is_not_unpickled(path, tmp_path):
    import pickle

    flag = tmp_path / "unpickled"
    path.write_bytes(pickle.dumps(Trap(str(flag))))
    refused(path)
    assert not flag.exists()


def network_with(layer: dict) -> str:
    """The JSON of a network 4 -> 4 with a layer put in place of its Dense layer."""
    own = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    config = json.loads(own.to_json())
    config["config"]["layers"][1] = layer
    return json.dumps(config)


LAMBDA = {
    "class_name": "Lambda",
    "module": "keras.layers",
    "config": {"function": {"class_name": "__lambda__", "config": {"code": "AAAA"}}},
}


@pytest.mark.parametrize(
    "layer",
    [
        LAMBDA,
        {
            "class_name": "TimeDistributed",
            "module": "keras",
            "config": {"layer": LAMBDA},
        },
        {"class_name": "system", "module": "os", "config": {}},
        {"class_name": "Dense", "module": "keras_of_a_stranger", "config": {}},
        {"class_name": "system", "module": "os.path.keras", "config": {}},
    ],
    ids=["Lambda", "Lambda inside", "os", "keras_*", "os.path"],
)
def test_a_network_that_brings_its_own_code_is_refused(saved, path, layer):
    rewrite(path, put("parameters", "generator", {"keras": network_with(layer)}))
    refused(path, "which a file without code cannot hold")


class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_a_layer_of_ones_own_works_but_cannot_be_saved(path):
    own = keras.Sequential([keras.Input((4,)), Twice(), keras.layers.Dense(1)])
    detector = gt.detectors.GAN(**TINY, discriminator=own).fit(ROWS)
    with pytest.raises(ValueError, match="Twice.*Keras' own layers"):
        detector.save(path)
    assert os.listdir(path.parent) == []


# saving is all or nothing


def test_a_missing_folder_is_named(fitted, tmp_path):
    with pytest.raises(FileNotFoundError, match="'.*new.*' does not exist"):
        fitted.save(tmp_path / "new" / "detector.npz")


def test_a_folder_is_not_overwritten(fitted, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder. Give the name"):
        fitted.save(tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]


def half_a_file(file, **arrays):
    file.write(b"half")
    raise OSError("No space left on device")


def no_rename(source, target):
    raise PermissionError("open in another program")


def ctrl_c(file, **arrays):
    file.write(b"half")
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [
        (np, "savez_compressed", half_a_file),
        (np, "savez_compressed", ctrl_c),
        (os, "replace", no_rename),
    ],
    ids=["disk full", "Ctrl-C", "no rename"],
)
def test_an_interrupted_save_leaves_the_old_file_whole(
    saved, path, monkeypatch, module, name, broken
):
    other = gt.detectors.GAN(**{**TINY, "random_state": 1}).fit(ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, broken)
        with pytest.raises((OSError, KeyboardInterrupt)):
            other.save(path)
    assert os.listdir(path.parent) == [path.name]
    assert path.read_bytes() == saved
    other.save(path)
    np.testing.assert_array_equal(
        gt.load(path).anomaly_score(ROWS), other.anomaly_score(ROWS)
    )


def test_a_parameter_changed_after_fit_does_not_spoil_the_file(tmp_path):
    rows = gt.data.script_data(n_normal=60)[0]
    detector = gt.detectors.WGAN(n_steps=2, hidden=(8,), random_state=0).fit(rows)
    scores = detector.anomaly_score(rows)
    detector.set_params(hidden=(4, 4)).save(tmp_path / "detector.npz")
    assert np.array_equal(
        gt.load(tmp_path / "detector.npz").anomaly_score(rows), scores
    )


# damage of every kind


def load_or_refuse(path, content: bytes, fitted: Detector) -> bool:
    """Whether it was loaded: then with the very scores; else refused in a sentence."""
    path.write_bytes(content)
    try:
        loaded = gt.load(path)
    except ValueError as error:
        assert "is damaged, or not a detector" in str(error)
        assert "Save it again with detector.save(path)." in str(error)
        return False
    assert_same_contents(contents(loaded), contents(fitted))
    np.testing.assert_array_equal(
        loaded.anomaly_score(ROWS), fitted.anomaly_score(ROWS)
    )
    return True


def test_a_file_cut_short_anywhere_is_refused(saved, path, fitted):
    for length in np.linspace(0, len(saved) - 1, 40).astype(int):
        assert not load_or_refuse(path, saved[:length], fitted), length
    assert load_or_refuse(path, saved, fitted)


def test_a_file_cut_off_at_its_start_or_doubled_is_refused_or_harmless(
    saved, path, fitted
):
    for length in (1, 4, 100, len(saved) // 2, len(saved) - 1):
        assert not load_or_refuse(path, saved[length:], fitted)
    load_or_refuse(path, saved + saved, fitted)
    load_or_refuse(path, saved + bytes(1000), fitted)


def flipped(content: bytes, position: int) -> bytes:
    return (
        content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]
    )


def places(path) -> dict[str, range]:
    """Where in the file the JSON header lies, and what surrounds it."""
    with zipfile.ZipFile(path) as file:
        entries, directory = file.infolist(), file.start_dir
    first, header = entries[0], file.getinfo("header.npy")
    content = path.read_bytes()
    data = (
        header.header_offset
        + 30
        + sum(struct.unpack("<HH", content[header.header_offset + 26 :][:4]))
    )
    records = [m.start() for m in re.finditer(b"PK\x01\x02", content[directory:])]
    return {
        "first entry": range(first.header_offset, entries[1].header_offset),
        "before the header": range(header.header_offset, data),
        "the header": range(data, data + header.compress_size),
        "first in the directory": range(directory, directory + records[1]),
        "header in the directory": range(directory + records[-1], len(content)),
    }


@pytest.mark.parametrize(
    ("place", "harmless"),
    [
        ("first entry", 0.3),  # Python reads the directory instead
        ("before the header", 0.8),
        ("the header", 0.005),
        ("first in the directory", 0.5),
        ("header in the directory", 0.5),
    ],
)
def test_each_byte_around_the_header_is_refused_or_harmless_when_it_is_wrong(
    saved, path, fitted, place, harmless
):
    positions = places(path)[place]
    loaded = [load_or_refuse(path, flipped(saved, i), fitted) for i in positions]
    assert len(loaded) > 40
    assert sum(loaded) <= harmless * len(loaded)


def test_many_wrong_bytes_are_refused_or_harmless(saved, path, fitted):
    random = np.random.default_rng(0)
    n_refused = 0
    for trial in range(100):
        broken = bytearray(saved)
        for position in random.integers(len(saved), size=1 + trial % 4):
            broken[position] = random.integers(256)
        n_refused += not load_or_refuse(path, bytes(broken), fitted)
    assert n_refused > 60


@every_detector
def test_no_detector_writes_an_object_into_its_file(detector_class, path):
    frame = pd.DataFrame(ROWS, columns=list("abcd"))
    state = np.random.RandomState(0)
    detector = detector_class(**{**TINY, "random_state": state}).fit(frame)
    detector.save(path)
    with zipfile.ZipFile(path) as file:
        assert all(name.endswith(".npy") for name in file.namelist())
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            assert not arrays[name].dtype.hasobject, name
            assert arrays[name].dtype.kind in "fiuU", name
