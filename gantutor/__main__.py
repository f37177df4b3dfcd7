"""Self-check: ``python -m gantutor`` says whether this machine is ready for the series.

With arguments it is another program: see ``cli.py``.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from gantutor.startup import NO_AVX, refuse_old_processor, refuse_other_backend

ALSO = {"tensorflow": "tensorflow-cpu"}  # the same without its part for graphics cards
ILLEGAL_ON_WINDOWS = 0xC000001D


def main() -> int:
    """Print versions, device and one real detection; 0 if all is well, else 1."""
    began = time.perf_counter()
    checks = [
        _check_python,
        _check_versions,
        _check_machine,
        _check_folders,
        _check_in_own_process,
    ]
    for check in checks:
        if problems := list(check()):
            for problem in problems:
                print(f"PROBLEM: {problem}")
            print("When it is mended, run this check again: python -m gantutor")
            return 1
    print(f"OK, in {time.perf_counter() - began:.0f} s.")
    return 0


def _check_python() -> Iterator[str]:
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"python        {python:12} needed: >=3.11,<3.14")
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        yield (
            f"Python {python} is not among 3.11, 3.12 and 3.13. Install one of these, and "
            "make the environment with it, as README.md says."
        )


def _check_versions() -> Iterator[str]:
    try:
        from packaging.requirements import Requirement

        lines = requires("gantutor") or []
    except ModuleNotFoundError:  # a missing distribution is one as well
        yield (
            f"gantutor is not installed for {sys.executable}. Activate its environment "
            "(source .venv/bin/activate), or do the set-up of README.md."
        )
        return
    for line in lines:
        needed = Requirement(line)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        found = _version_of(needed.name)
        print(f"{needed.name:13} {found:12} needed: {needed.specifier}")
        if found == "missing" or not needed.specifier.contains(found, prereleases=True):
            yield (
                f"{needed.name} is {found}, needed is {needed.specifier}. Do the set-up of "
                "README.md again."
            )


def _version_of(name: str) -> str:
    for distribution in (name, ALSO.get(name, name)):
        try:
            return version(distribution)
        except PackageNotFoundError:
            pass
    return "missing"


def _check_machine() -> Iterator[str]:
    try:
        refuse_other_backend()
        refuse_old_processor()
    except ImportError as error:
        yield str(error)


def _check_folders() -> Iterator[str]:
    """Write a megabyte where TensorFlow's messages go, and where JupyterLab keeps its state."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(1_000_000))
    except OSError as error:
        yield (
            f"No temporary file can be written ({error}). Make room on the disk, or set "
            "TMPDIR (on Windows: TMP) to a folder that has room and that you may write to."
        )
        return
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ModuleNotFoundError:  # whoever uses the package alone needs none
        return
    folder = jupyter_runtime_dir()
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(1_000_000))
    except OSError as error:
        yield (
            f"JupyterLab cannot write to its folder ({error}). Make room on the disk, or "
            "set HOME (on Windows: JUPYTER_RUNTIME_DIR) to a folder that has room and that "
            "you may write to."
        )


def _check_in_own_process() -> Iterator[str]:
    """Detect in a new process: TensorFlow ends its process where something is missing."""
    command = "import sys, gantutor.__main__ as check; sys.exit(check.detect())"
    sys.stdout.flush()
    status = subprocess.call([sys.executable, "-c", command])
    if status in (-signal.SIGILL, -signal.SIGABRT, ILLEGAL_ON_WINDOWS):
        yield f"TensorFlow has ended the process. The likely reason: {NO_AVX}"
    elif status == -getattr(signal, "SIGKILL", 9):
        yield (
            "The system has ended the process, most likely because memory ran out. Close "
            "other programs: the notebooks need up to 2 GB."
        )
    elif status == 1:
        yield "The detection has failed: the message is above."
    elif status:
        yield (
            f"The process of the detection has ended with status {status}. Set "
            "GANTUTOR_VERBOSE=1 to see what TensorFlow says."
        )


def detect() -> int:
    """Make one real detection; 0 if it is as expected, else 1."""
    import gantutor as gt

    gt.setup(seed=0)
    import tensorflow as tf
    from sklearn.metrics import roc_auc_score

    gpus = tf.config.list_physical_devices("GPU")
    device = f"{len(gpus)} GPU" if gpus else "CPU (enough for all of it)"
    print(f"device        {device}")
    X, y = gt.data.breast_cancer()
    X_train, X_test, y_test = gt.data.one_class_split(X, y)
    detector = gt.detectors.WGAN(random_state=0).fit(X_train)
    auroc = roc_auc_score(y_test, detector.anomaly_score(X_test))
    print(f"detection     malignant tumours among benign ones, AUROC {auroc:.3f}")
    if auroc >= 0.8:
        return 0
    print(f"The AUROC is {auroc:.3f}; at least 0.8 was expected.")
    return 1


if __name__ == "__main__":
    if sys.argv[1:]:
        from gantutor import cli

        sys.exit(cli.main(sys.argv[1:]))
    sys.exit(main())
