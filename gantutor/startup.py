"""The first cell of every notebook: a quiet TensorFlow, seeds and the plot style."""

import contextlib
import functools
import importlib
import logging
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")  # Linux alone has it
NO_AVX = (
    "This processor lacks AVX, instructions that TensorFlow needs. Most processors since "
    "2011 have them, but a virtual machine may hide them: turn them on in its settings, "
    "or take another machine or a hosted notebook (README.md)."
)


def setup(seed: int = 0) -> None:
    """Import TensorFlow without its start-up lines, set all seeds and the plot style.

    Nothing else in the package touches a global seed or the environment.

    Parameters
    ----------
    seed : int, default=0
        Seeds Python's, NumPy's and TensorFlow's global generators, and the initial
        weights of Keras layers.

    Notes
    -----
    TensorFlow writes to the standard error of the process, below Python. While it is
    imported these lines go to a temporary file, which is shown if the import fails.
    Set the environment variable ``GANTUTOR_VERBOSE=1`` to see them as they come.
    TensorFlow's advice against compiling the same function often is switched off: a
    notebook that trains many small networks does so on purpose.
    """
    refuse_other_backend()
    refuse_old_processor()
    with _quiet():
        tf = importlib.import_module("tensorflow")
        keras = importlib.import_module("keras")
        tf.zeros(()).numpy()  # the first tensor starts the devices, which log as well
        importlib.import_module("matplotlib.pyplot")
    refuse_forked_process()
    tf.get_logger().addFilter(_not_about_retracing)
    keras.utils.set_random_seed(seed)
    importlib.import_module("gantutor.plotting").use_style()


def refuse_other_backend() -> None:
    """Raise an ImportError if Keras was told to work without TensorFlow."""
    if (backend := os.environ.get("KERAS_BACKEND", "tensorflow")) != "tensorflow":
        raise ImportError(
            f"The environment variable KERAS_BACKEND is {backend!r}, and gantutor needs "
            "Keras on TensorFlow: unset it (in the shell: unset KERAS_BACKEND; on Windows: "
            "set KERAS_BACKEND=), then start Python or the kernel again."
        )


def refuse_old_processor() -> None:
    """Raise an ImportError where TensorFlow would end the process without a word.

    Where the system does not list what its processor can do, nothing is refused.
    """
    if platform.machine() == "x86_64" and CPU_INFO.is_file():
        listed = re.search(r"^flags\s*:(.*)$", CPU_INFO.read_text(), re.MULTILINE)
        if listed and "avx" not in listed[1].split():
            raise ImportError(NO_AVX)


def forked() -> bool:
    """Whether this process is a copy of one in which TensorFlow was at work."""
    return _first_process() != os.getpid()


@functools.cache
def _first_process() -> int:
    """The process in which this was asked first."""
    return os.getpid()


def refuse_forked_process() -> None:
    """Raise a RuntimeError where TensorFlow would wait for threads that are not there."""
    if forked():
        raise RuntimeError(
            "This process was forked from one in which TensorFlow was at work, and there it "
            "would wait for ever. Start workers with "
            'multiprocessing.get_context("spawn"), or use joblib.'
        )


def _not_about_retracing(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in str(record.msg)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send file descriptor 2 to a file; show what it got only if the block fails."""
    if os.environ.get("GANTUTOR_VERBOSE") == "1" or "tensorflow" in sys.modules:
        yield
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    fonts = logging.getLogger("matplotlib.font_manager")  # "building the font cache"
    level = fonts.level
    fonts.setLevel(logging.ERROR)
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(stderr, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            fonts.setLevel(level)
