"""`gantutor.load`: the top floor, which knows the classes that a file may name."""

import os
import textwrap
from pathlib import Path
from typing import Any

from gantutor import archive, baselines, detectors
from gantutor.one_class import OneClass
from gantutor.tables import TableDetector

CLASSES = {name: getattr(detectors, name) for name in detectors.__all__}
CLASSES["TableDetector"] = TableDetector


def load(path: str | os.PathLike[str]) -> Any:
    """Read a detector that its `save` has written. No code from the file is run.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Detector, Ensemble or TableDetector
        Its scores are bit-equal to those of the detector that was saved.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or was not written by this version's `save`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file {str(path)!r} to load a detector from. Check the name, or "
            "write it with detector.save(path)."
        )
    try:
        detector = unpack(archive.read(path))
        if not isinstance(detector, OneClass):
            raise ValueError("it holds no detector with a threshold")
        return detector
    except Exception as error:  # damage can show in a hundred ways
        raise ValueError(
            f"{str(path)!r} is damaged, or not a detector that this version of gantutor "
            f"can read ({_why(error)}). Save it again with detector.save(path)."
        ) from error


def _why(error: Exception) -> str:
    """A few words on what is wrong, whatever the file holds."""
    if isinstance(error, KeyError):
        return textwrap.shorten(f"it lacks {error}", 100)
    if type(error) is not ValueError:
        return type(error).__name__
    return textwrap.shorten(str(error).partition("\n")[0].rstrip("."), 250)


def unpack(tree: archive.Tree) -> Any:
    """The fitted detector that a tree describes."""
    if tree["class"] in CLASSES:
        return CLASSES[tree["class"]].from_tree(tree, unpack)
    return baselines.unpacked(tree)
