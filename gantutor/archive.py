"""One file for whatever was fitted: JSON and arrays, so that reading it runs no code.

What is written is a *tree*: dictionaries and lists of numbers, text and NumPy arrays. The
file is a NumPy ``.npz``, in which each array carries a checksum. Which classes a tree may
name is for `gantutor.loading` to know.
"""

import contextlib
import errno
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 2
LARGEST, LARGEST_HEADER = 2**28, 2**16  # bytes in memory that any file may ask for
DENSEST = 100  # bytes in memory for each byte of a file, above that
Tree = dict[str, Any]


def write(tree: Tree, path: str | os.PathLike[str]) -> None:
    """Write a tree to a file, which is complete or not there.

    Parameters
    ----------
    tree : dict
        Dictionaries with keys of text, and lists, of numbers, text, None and arrays.
    path : path-like
        Where to write. An old file is replaced when the new one is complete.
    """
    arrays: dict[str, NDArray] = {}

    def without_arrays(node: Any, place: str) -> Any:
        if isinstance(node, dict):
            plain = {k: without_arrays(v, f"{place}/{k}") for k, v in node.items()}
            return {"array": plain} if set(plain) == {"array"} else plain
        if isinstance(node, list | tuple):
            return [without_arrays(v, f"{place}/{i}") for i, v in enumerate(node)]
        if isinstance(node, np.ndarray):
            arrays[place] = node
            return {"array": place}
        return node.item() if isinstance(node, np.generic) else node

    header = json.dumps({"format": FORMAT, "tree": without_arrays(tree, "")})
    with replaced(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, header=np.array(header), **arrays)


def read(path: str | os.PathLike[str]) -> Tree:
    """Read a tree that `write` has written.

    Raises
    ------
    ValueError
        If the file was written in another format, or holds much more than its size: a file
        of a megabyte can name a gigabyte of zeros.
    """
    _refuse_dense(path)
    with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(str(arrays.pop("header")))
    if header["format"] != FORMAT:
        raise ValueError(
            f"it was written in format {header['format']!r} by another version, and this "
            f"one reads format {FORMAT}: fit the detector again"
        )

    def with_arrays(node: Any) -> Any:
        if isinstance(node, list):
            return [with_arrays(item) for item in node]
        if not isinstance(node, dict):
            return node
        if set(node) == {"array"}:
            if isinstance(node["array"], str):
                return arrays[node["array"]]
            node = node["array"]  # a dictionary with just this key
        return {name: with_arrays(item) for name, item in node.items()}

    return with_arrays(header["tree"])


def _refuse_dense(path: str | os.PathLike[str]) -> None:
    with zipfile.ZipFile(path) as file:
        members = file.infolist()
        if "header.npy" not in file.namelist():
            raise ValueError("it has no header")
        header = file.getinfo("header.npy")
    taken = sum(member.file_size for member in members)
    for size, always, stored in (
        (header.file_size, LARGEST_HEADER, header.compress_size),
        (taken, LARGEST, os.path.getsize(path)),
    ):
        if size > max(always, DENSEST * stored):
            raise ValueError(f"it would take {size:,} bytes of memory")


def check_place(path: Path) -> None:
    """Raise an OSError if a file cannot be written there, before any work is done."""
    folder = path.resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise FileNotFoundError(
            f"{str(path)!r} cannot be written: the folder {str(folder)!r} does not exist, or "
            "may not be written to. Make it first, or write somewhere else."
        )
    if path.exists() and not path.is_file():
        raise IsADirectoryError(
            f"{str(path)!r} cannot be written: it is a folder or a device. Give the name of "
            "a file."
        )


@contextlib.contextmanager
def replaced(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A name to write to, beside `path`; renamed to it when the block ends without an error.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If the folder is not there, or `path` is one.
    OSError
        If there is no space left.
    """
    path = Path(path)
    check_place(path)
    whole = path.resolve()  # the file that a link points to
    partial = whole.with_name(f"{whole.name}.{os.getpid()}.part")
    try:
        yield partial
        os.replace(partial, whole)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(
            f"{str(path)!r} cannot be written: no space is left there. Make room, or write "
            "to another place."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
