"""Rows in a file, and windows of a series, are learned from without a copy of them."""

import subprocess
import sys

import numpy as np
import pytest
from detector_cases import tiny

from gantutor import rows
from gantutor.detectors import GAN, WGAN
from gantutor.rows import Picked, Scaling

RNG = np.random.default_rng(0)
TABLE = RNG.normal(3, 2, (900, 4))

# The growth of what a process holds for itself: pages of a mapped file do not count.
GROWTH = """
import sys, threading, time
import numpy as np
import gantutor as gt

gt.setup()


def held_in_mb():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(x for x in lines if x.startswith("RssAnon")).split()[1]) / 1024


def peak_of(function):
    peak, over = [held_in_mb()], threading.Event()

    def watch():
        while not over.wait(0.002):
            peak.append(held_in_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    function()
    over.set()
    watcher.join()
    return max(peak) - peak[0]


kind, file = sys.argv[1:]
if kind == "file":
    X = np.memmap(file, dtype="float32", mode="r").reshape(-1, 64)
else:
    X = np.lib.stride_tricks.sliding_window_view(np.fromfile(file, "float32"), 64)
detector = gt.detectors.GAN(hidden=(8,), n_steps=300, random_state=0)
detector.fit(X[:70_000])  # TensorFlow's own memory, and the graphs
print(peak_of(lambda: detector.fit(X)), X.nbytes / 1e6)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("kind", "numbers"), [("file", 64 * 500_000), ("view", 500_063)]
)
def test_a_fit_holds_no_copy_of_the_rows(kind, numbers, tmp_path):
    file = tmp_path / "rows.bin"
    RNG.standard_normal(numbers, dtype=np.float32).tofile(file)
    command = [sys.executable, "-c", GROWTH, kind, str(file)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    grown, size = map(float, told.split())
    assert size == 128 and grown < 64


@pytest.mark.parametrize("method", [GAN, WGAN])
def test_rows_read_in_blocks_train_like_rows_held(method, monkeypatch):
    held = tiny(method, n_steps=20).fit(TABLE)
    monkeypatch.setattr(rows, "ROWS_HELD", 100)
    monkeypatch.setattr(rows, "ROWS_AT_A_TIME", 64)
    in_blocks = tiny(method, n_steps=20).fit(TABLE)
    for name in ("center_", "scale_"):
        np.testing.assert_allclose(
            getattr(in_blocks, name), getattr(held, name), rtol=1e-12
        )
    for loss, values in held.history_.items():
        np.testing.assert_allclose(in_blocks.history_[loss], values, rtol=1e-3)
    np.testing.assert_allclose(
        in_blocks.anomaly_score(TABLE), held.anomaly_score(TABLE), rtol=1e-2
    )
    np.testing.assert_allclose(in_blocks.mean_row_, held.mean_row_, atol=1e-6)


def test_rows_in_a_file_give_the_scores_of_rows_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "ROWS_HELD", 100)
    TABLE.tofile(tmp_path / "rows.bin")
    mapped = np.memmap(tmp_path / "rows.bin", mode="r").view(float).reshape(-1, 4)
    scores = [tiny(GAN).fit(X).anomaly_score(X) for X in (TABLE, mapped)]
    np.testing.assert_array_equal(*scores)


def test_images_in_blocks_are_scaled_by_the_range_of_all(monkeypatch):
    pictures = RNG.uniform(2, 10, (300, 4, 4))
    order = RNG.permutation(300)
    whole = Scaling.of(Picked(pictures, order), (4, 4, 1))
    monkeypatch.setattr(rows, "ROWS_HELD", 50)
    monkeypatch.setattr(rows, "ROWS_AT_A_TIME", 32)
    parts = Scaling.of(Picked(pictures, order), (4, 4, 1))
    assert parts.center == whole.center == (pictures.min() + pictures.max()) / 2
    assert parts.scale == whole.scale == (pictures.max() - pictures.min()) / 2


def test_picked_rows_come_in_their_order_and_prepared(monkeypatch):
    monkeypatch.setattr(rows, "ROWS_AT_A_TIME", 7)
    order = RNG.permutation(900)[:100]
    picked = Picked(TABLE, order, lambda x: 2 * x)
    assert (len(picked), picked.shape) == (100, (100, 4))
    np.testing.assert_array_equal(picked[:], 2 * TABLE[order])
    asked = RNG.integers(100, size=50)
    np.testing.assert_array_equal(picked[asked], 2 * TABLE[order][asked])
    np.testing.assert_array_equal(picked[3:5], 2 * TABLE[order[3:5]])


def test_the_mean_of_rows_read_in_parts_is_the_mean_of_all(monkeypatch):
    monkeypatch.setattr(rows, "ROWS_AT_A_TIME", 7)
    order = RNG.permutation(900)[:100]
    found = rows.mean_row(Picked(TABLE, order, lambda x: x + 3))
    np.testing.assert_allclose(found, TABLE[order].mean(axis=0) + 3, rtol=1e-6)
