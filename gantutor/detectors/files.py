"""A fitted detector in one file: a JSON header and arrays, nothing that can run.

The file is a NumPy ``.npz``, so each array carries a checksum.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gantutor.detectors.base import Detector

FILE_FORMAT = 1
Arrays = dict[str, NDArray]


def pack(detector: Detector) -> tuple[dict[str, Any], Arrays]:
    """All that a fitted detector needs to score again: a JSON header and arrays."""
    values: dict[str, Any] = {}
    arrays: Arrays = {}
    for name, value in vars(detector).items():
        if not name.endswith("_"):
            continue
        if isinstance(value, keras.Model):
            weights = enumerate(value.get_weights())
            arrays |= {f"{name}/{i}": weight for i, weight in weights}
        elif isinstance(value, dict):
            arrays |= {f"{name}/{part}": array for part, array in value.items()}
        elif name == "feature_names_in_":
            values[name] = value.tolist()
        elif name == "members_":
            packed = [pack(member) for member in value]
            values[name] = [header for header, _ in packed]
            arrays |= {
                f"{name}/{i}/{part}": array
                for i, (_, of_member) in enumerate(packed)
                for part, array in of_member.items()
            }
        elif isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            values[name] = value
    header = {
        "format": FILE_FORMAT,
        "detector": type(detector).__name__,
        "parameters": _packed_parameters(detector._fitted_parameters),
        "attributes": values,
        "entries": sorted([*values, *arrays]),
    }
    return header, arrays


def _packed_parameters(fitted: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON can hold them."""
    parameters = fitted.copy()  # may have been changed since
    for name, value in fitted.items():
        if isinstance(value, keras.Model):
            parameters[name] = {"keras": _only_keras_layers(value.to_json())}
        elif isinstance(value, np.random.RandomState):
            parameters[name] = None  # its state has moved on: it could not be repeated
        elif isinstance(value, np.generic):
            parameters[name] = value.item()
        elif hasattr(value, "get_params"):
            inner = _packed_parameters(value.get_params(deep=False))
            parameters[name] = {"detector": type(value).__name__, "parameters": inner}
    return parameters


def _new(header: dict[str, Any]) -> Detector:
    """A detector of the kind that a header names."""
    from gantutor import detectors

    if header["detector"] not in detectors.__all__:
        raise ValueError(f"it holds an unknown detector {header['detector']!r}")
    return getattr(detectors, header["detector"])()


def _set_parameters(detector: Detector, header: dict[str, Any]) -> Detector:
    for name, value in header["parameters"].items():
        if name not in type(detector)._get_param_names():
            raise ValueError(f"it has an unknown parameter {name!r}")
        if isinstance(value, dict) and "detector" in value:
            value = _set_parameters(_new(value), value)
        elif isinstance(value, dict):
            config = _only_keras_layers(value["keras"])
            value = keras.models.model_from_json(config)
        setattr(detector, name, tuple(value) if isinstance(value, list) else value)
    return detector


def unpack(detector: Detector, header: dict[str, Any], arrays: Arrays) -> Detector:
    """Fill a detector with what `pack` has made of another."""
    _set_parameters(detector, header)
    entries = header["attributes"] | arrays
    if missing := set(header["entries"]) - set(entries):
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    weights: dict[str, list[NDArray]] = {}
    detector.history_, detector.training_state_ = {}, {}
    for name, value in entries.items():
        owner, _, part = name.partition("/")
        if not re.fullmatch(r"[a-z]\w*_", owner):
            raise ValueError(f"it has an unknown entry {name!r}")
        if owner == "members_":
            continue
        if owner in ("history_", "training_state_"):
            getattr(detector, owner)[part] = value
        elif part:
            weights.setdefault(owner, []).append(value)
        elif owner == "feature_names_in_":
            detector.feature_names_in_ = np.array(value, dtype=object)
        else:
            setattr(detector, name, tuple(value) if isinstance(value, list) else value)
    detector._fitted_parameters = detector.get_params(deep=False)
    if "members_" in header["attributes"]:
        detector.members_ = [
            unpack(_new(inner), inner, _below(f"members_/{i}/", arrays))
            for i, inner in enumerate(header["attributes"]["members_"])
        ]
        return detector
    detector._build()
    for name, values in weights.items():
        getattr(detector, name).set_weights(values)
    return detector


def _below(prefix: str, arrays: Arrays) -> Arrays:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def save(detector: Detector, path: str | os.PathLike[str]) -> None:
    """Write a fitted detector to a file."""
    header, arrays = pack(detector)
    for each in [header, *header["attributes"].get("members_", [])]:
        try:
            _new(each)
        except ValueError as error:
            raise ValueError(
                f"{each['detector']} is a class of your own, and a file holds no code. "
                "Save one of gantutor's detectors, or use pickle, whose files run code."
            ) from error
    write(header, arrays, path)


def write(header: dict[str, Any], arrays: Arrays, path: str | os.PathLike[str]) -> None:
    """Write beside `path`, then rename: a file that is there is whole."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"The folder {str(path.parent)!r} does not exist. Make it first, or save "
            "somewhere else."
        )
    if path.is_dir():
        raise IsADirectoryError(
            f"{str(path)!r} is a folder. Give the name of a file in it, such as "
            f"{str(path / 'detector.npz')!r}."
        )
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(partial, "wb") as file:
            text = np.array(json.dumps(header, default=np.generic.item))
            np.savez_compressed(file, allow_pickle=False, **arrays, header=text)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Any:
    """Read a detector that its `save` has written. No code from the file is run.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Detector or TableDetector
        Its scores are bit-equal to those of the detector that was saved.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or was not written by `save`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file {str(path)!r} to load a detector from. Check the name, or "
            "write it with detector.save(path)."
        )
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays.pop("header")))
        if header["format"] != FILE_FORMAT:
            raise ValueError(
                f"it has format {header['format']}, this version reads {FILE_FORMAT}"
            )
        detector = unpack(_new(header), header, arrays)
        if "table" not in header:
            return detector
        from gantutor.tables import TableDetector

        return TableDetector._loaded(header["table"], detector)
    except Exception as error:  # damage can show in a hundred ways
        raise ValueError(
            f"{str(path)!r} is damaged, or not a detector that this version of gantutor "
            f"can read ({error}). Save it again with detector.save(path)."
        ) from error


def _only_keras_layers(config: str) -> str:
    """Refuse a network whose layers are code of the reader's own."""

    def strangers(node: Any) -> list[str]:
        if isinstance(node, list):
            return [name for item in node for name in strangers(item)]
        if not isinstance(node, dict):
            return []
        module, name = node.get("module"), node.get("class_name")
        own = str(module or "keras").partition(".")[0] != "keras"
        found = [str(name)] if name and (own or name == "Lambda") else []
        return found + strangers(list(node.values()))

    if names := strangers(json.loads(config)):
        raise ValueError(
            f"The network uses {', '.join(names)}, which a file without code cannot hold. "
            "Build it from Keras' own layers."
        )
    return config
