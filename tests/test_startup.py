"""`import gantutor` is light, and `gantutor.setup` is quiet and sets all seeds."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest

import gantutor as gt

NOISY_TENSORFLOW = """
import os
from unittest.mock import MagicMock
os.write(2, b"start-up line from below Python\\n")
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return MagicMock()
"""
BROKEN_TENSORFLOW = NOISY_TENSORFLOW + 'raise ImportError("libdevice is broken")\n'
QUIET_KERAS = "from unittest.mock import MagicMock\nutils = MagicMock()\n"
SETUP = "import gantutor; gantutor.setup()"
# the style of the plots loads scikit-learn, which has no part in what these look at
WITHOUT_PLOTS = (
    "import sys; from unittest.mock import MagicMock; "
    f"sys.modules['gantutor.plotting'] = MagicMock(); {SETUP}"
)


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def folder_on_path(folder, **modules: str) -> str:
    """Write stand-ins for modules; the PYTHONPATH that finds them first."""
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code)
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


def test_import_loads_no_heavy_library():
    done = run_python(
        "import sys, gantutor; heavy = {'tensorflow', 'keras', 'sklearn', 'matplotlib', "
        "'pandas', 'scipy', 'numpy'}; print(sorted(heavy & set(sys.modules)))"
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_each_public_name_can_be_reached_and_is_listed():
    for name in gt.__all__:
        assert getattr(gt, name) is not None
        assert name in dir(gt)


def test_an_unknown_name_is_an_attribute_error_that_says_it():
    with pytest.raises(AttributeError, match="'gantutor' has no attribute 'detector'"):
        _ = gt.detector


def test_setup_and_first_tensor_write_nothing():
    code = f"{SETUP}; import tensorflow as tf; tf.zeros(3) + 1; {SETUP}"
    done = run_python(code, TF_CPP_MIN_LOG_LEVEL="0", GANTUTOR_VERBOSE="0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_start_up_lines_are_held_back_and_later_ones_are_not(tmp_path):
    path = folder_on_path(tmp_path, tensorflow=NOISY_TENSORFLOW, keras=QUIET_KERAS)
    code = f"{WITHOUT_PLOTS}; import os; os.write(2, b'mine')"
    done = run_python(code, PYTHONPATH=path, GANTUTOR_VERBOSE="0")
    assert (done.returncode, done.stderr) == (0, "mine")


def test_verbose_environment_shows_start_up_lines(tmp_path):
    path = folder_on_path(tmp_path, tensorflow=NOISY_TENSORFLOW, keras=QUIET_KERAS)
    done = run_python(WITHOUT_PLOTS, PYTHONPATH=path, GANTUTOR_VERBOSE="1")
    assert (done.returncode, done.stderr) == (0, "start-up line from below Python\n")


def test_failing_import_shows_what_was_held_back(tmp_path):
    path = folder_on_path(tmp_path, tensorflow=BROKEN_TENSORFLOW, keras=QUIET_KERAS)
    done = run_python(SETUP, PYTHONPATH=path, GANTUTOR_VERBOSE="0")
    assert done.returncode == 1
    assert "start-up line from below Python" in done.stderr
    assert "ImportError: libdevice is broken" in done.stderr


def draws(seed: int) -> list[float]:
    gt.setup(seed)
    import tensorflow as tf

    network = gt.networks.dense_generator(2, 1, ())
    return [
        random.random(),
        np.random.random(),  # noqa: NPY002 (the global one is what is tested)
        float(tf.random.normal(())),
        float(network.get_weights()[0][0, 0]),
    ]


def test_setup_seeds_python_numpy_tensorflow_and_keras():
    first, again, other = draws(3), draws(3), draws(4)
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_advice_against_retracing_is_off_and_other_warnings_are_not(caplog):
    gt.setup()
    import tensorflow as tf

    logger = tf.get_logger()
    logger.warning(
        "5 out of the last 5 calls to %s triggered tf.function retracing.", "f"
    )
    logger.warning("the disk is full")
    assert caplog.messages == ["the disk is full"]
