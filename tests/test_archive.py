"""What is written is read again; what is damaged or too large is not, and runs no code."""

import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from gantutor import archive

RNG = np.random.default_rng(0)
TREE = {
    "class": "Something",
    "number": 0.1,
    "whole": 3,
    "none": None,
    "yes": True,
    "names": ["größe", "b/c", ""],
    "weights": {"one": [RNG.standard_normal((3, 4)) for _ in range(12)], "none": []},
    "of numpy": np.float32(0.1),
    "letters": np.array(["ä", "bc"]),
    "array": {"array": {"array": np.arange(3)}},  # names that a table may have
    "deep": [{"array": "text"}, [[{}]]],
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.npz"


@pytest.fixture
def saved(path) -> bytes:
    archive.write(TREE, path)
    return path.read_bytes()


# what comes back


def test_a_tree_comes_back_as_it_was(saved, path):
    tree = archive.read(path)
    np.testing.assert_equal(tree, TREE | {"of numpy": float(np.float32(0.1))})
    assert [a.dtype for a in tree["weights"]["one"]] == [np.float64] * 12


@pytest.mark.parametrize("name", ["detector", "my file.npz", "ü.bin"])
def test_the_file_has_exactly_the_name_that_was_given(tmp_path, name):
    archive.write(TREE, str(tmp_path / name))
    assert os.listdir(tmp_path) == [name]


def test_the_file_is_plain_arrays_and_json(saved, path):
    with np.load(path, allow_pickle=False) as arrays:
        header = json.loads(str(arrays["header"]))
        assert all(arrays[name].dtype.kind in "fiU" for name in arrays.files)
    assert header["format"] == archive.FORMAT == 2
    assert header["tree"]["class"] == "Something"


@pytest.mark.parametrize("value", [{1, 2}, np.array([{}], dtype=object), os.mkdir])
def test_what_is_no_plain_value_is_not_written(value, path):
    with pytest.raises((TypeError, ValueError)):
        archive.write({"value": value}, path)
    assert not path.exists()


# damage


def read_or_refused(path, content: bytes) -> bool:
    """Whether it was read: then as it was."""
    path.write_bytes(content)
    try:
        tree = archive.read(path)
    except Exception:  # `load` makes a sentence of it
        return False
    np.testing.assert_equal(tree, TREE | {"of numpy": float(np.float32(0.1))})
    return True


def test_a_file_cut_short_or_cut_off_anywhere_is_refused(saved, path):
    for length in np.linspace(0, len(saved) - 1, 60).astype(int):
        assert not read_or_refused(path, saved[:length]), length
    for length in (1, 4, 100, len(saved) // 2, len(saved) - 1):
        assert not read_or_refused(path, saved[length:]), length
    assert read_or_refused(path, saved)
    read_or_refused(path, saved + saved)
    read_or_refused(path, saved + bytes(1000))


def places(path) -> dict[str, range]:
    """Where in the file the JSON header lies, and what surrounds it."""
    with zipfile.ZipFile(path) as file:
        entries, directory = file.infolist(), file.start_dir
        header = file.getinfo("header.npy")
    content = path.read_bytes()
    lengths = struct.unpack("<HH", content[header.header_offset + 26 :][:4])
    data = header.header_offset + 30 + sum(lengths)
    first = content.index(b"PK\x01\x02", directory + 4)
    return {
        "before the header": range(header.header_offset, data),
        "the header": range(data, data + header.compress_size),
        "an array": range(entries[1].header_offset, entries[2].header_offset),
        "first in the directory": range(directory, first),
        "the end": range(first, len(content)),
    }


@pytest.mark.parametrize(
    ("place", "harmless"),
    [
        ("before the header", 0.8),  # Python reads the directory instead
        ("the header", 0.005),
        ("an array", 0.3),
        ("first in the directory", 0.5),
        ("the end", 0.5),
    ],
)
def test_each_wrong_byte_is_refused_or_harmless(saved, path, place, harmless):
    """Every array carries a checksum; what has none (times, flags) changes nothing."""
    positions = places(path)[place]
    read = [
        read_or_refused(path, saved[:i] + bytes([saved[i] ^ 0xFF]) + saved[i + 1 :])
        for i in positions
    ]
    assert len(read) > 40
    assert sum(read) <= harmless * len(read)


def test_a_file_that_claims_to_be_encrypted_is_refused(saved, path):
    broken = bytearray(saved)
    broken[saved.rindex(b"PK\x01\x02") + 8] |= 1
    assert not read_or_refused(path, bytes(broken))


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"PK\x03\x04", b"\x80\x04K\x01.", b"\x93NUMPY\x01\x00", b"\0" * 99],
    ids=["empty", "text", "start of a zip", "pickle", "start of an array", "zeros"],
)
def test_another_kind_of_file_is_refused(path, content):
    assert not read_or_refused(path, content)


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


HEADERS = ["[]", "3", "{", '"text"', "[" * 10_000, '{"format": 2}', '{"tree": 1}']


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_is_none_is_refused(path, header):
    assert not read_or_refused(path, npz(header=np.array(header)))
    assert not read_or_refused(path, npz(scores=np.zeros(3)))


def test_another_format_is_named_with_what_to_do(path):
    path.write_bytes(npz(header=np.array('{"format": 1, "detector": "GAN"}')))
    with pytest.raises(ValueError, match="format 1 by another.*fit the detector again"):
        archive.read(path)


# code and memory


class Trap:
    """Unpickling it makes a folder."""

    def __init__(self, flag: str) -> None:
        self.flag = flag

    def __reduce__(self):
        return os.mkdir, (self.flag,)


@pytest.mark.parametrize("name", ["header", "/weights/one/0", "more"])
def test_a_pickled_object_is_not_unpickled(saved, path, tmp_path, name):
    flag = tmp_path / "unpickled"
    trap = np.array([Trap(str(flag))], dtype=object)
    with np.load(path) as file:
        arrays = dict(file) | {name: trap}
    np.savez(path, allow_pickle=True, **arrays)
    for content in (path.read_bytes(), pickle.dumps(Trap(str(flag)))):
        path.write_bytes(content)
        with pytest.raises(Exception):  # noqa: B017
            archive.read(path)
    assert not flag.exists()


def claiming(shape: tuple[int, ...]) -> bytes:
    """A file with an array that is not there."""
    array = io.BytesIO()
    about = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(array, about)
    file = io.BytesIO(npz(header=np.array(json.dumps({"format": 2, "tree": 1}))))
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr("x.npy", array.getvalue())
    return file.getvalue()


HEADER = np.array(json.dumps({"format": 2, "tree": {"x": {"array": "/x"}}}))


@pytest.mark.parametrize(
    "content",
    [
        npz(header=HEADER, **{"/x": np.zeros(10**7)}),
        npz(header=np.array(" " * 10**6 + str(HEADER))),
        npz(header=HEADER, **{f"/{n}": np.zeros(10**5) for n in range(50)}),
    ],
    ids=["array", "header", "many arrays"],
)
def test_a_file_of_little_more_than_zeros_is_not_unpacked(content, path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 2**25)
    monkeypatch.setattr(np, "load", None)  # nothing is read
    path.write_bytes(content)
    with pytest.raises(ValueError, match="it would take [0-9,]+ bytes of memory"):
        archive.read(path)


@pytest.mark.parametrize("shape", [(10**12,), (10**9, 2)])
def test_an_array_that_claims_to_be_huge_is_refused(shape, path):
    assert not read_or_refused(path, claiming(shape))


# saving is all or nothing


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="'.*new.*' does not exist"):
        archive.write(TREE, tmp_path / "new" / "file.npz")


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "data.csv").write_text("1")
    with pytest.raises(FileNotFoundError, match="'.*data.csv' does not exist"):
        archive.write(TREE, tmp_path / "data.csv" / "file.npz")


def test_a_folder_is_not_overwritten(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder or a device. Give"):
        archive.write(TREE, tmp_path / "folder")
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
    other = TREE | {"number": 9}
    with monkeypatch.context() as patch:
        patch.setattr(module, name, broken)
        with pytest.raises((OSError, KeyboardInterrupt)):
            archive.write(other, path)
    assert os.listdir(path.parent) == [path.name]
    assert path.read_bytes() == saved
    archive.write(other, path)
    assert archive.read(path)["number"] == 9


def test_a_link_stays_one_and_its_file_is_replaced(saved, path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    archive.write({"number": 1}, link)
    assert link.is_symlink() and archive.read(path) == {"number": 1}
