"""Checks of the exercises of notebook 16."""

import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from gantutor.check._common import Answer, Verdict, each, exercise, first_off, results
from gantutor.check._reading import Off, call, is_near, number, refuse, share

__all__ = ["fair_sample", "loss_of_replica", "rows_seen"]


@exercise
def rows_seen(of_50_million: float, of_64_thousand: float) -> Verdict:
    """Check which share of 50,000,000 and of 64,000 rows a training draws at least once."""
    large, small = (1 - (1 - 1 / n) ** 128_000 for n in (50_000_000, 64_000))
    if number(of_64_thousand, "of_64_thousand") == 2:
        raise Off(
            "of_64_thousand is draws divided by rows, 2. They fall on the same rows "
            "again and again: what is the chance that all 128,000 miss one row?"
        )
    found = each(share, of_50_million=of_50_million, of_64_thousand=of_64_thousand)
    is_large = abs(found[0] - large) <= 0.0001
    never = abs(found[1] - (1 - small)) <= 0.006
    swapped = is_near(found, [small, large], 0.005)
    return Answer(
        value=[large, small],
        within=0.005,  # 0.86 is right to two digits
        near=0.0005,
        mistakes={
            "the two are swapped: of fewer rows, a larger share is seen.": swapped,
            "these are the shares that are never drawn. Asked for are those that are "
            "drawn at least once.": found[0] > 0.99 and never,
            "the first share is right. With 64,000 rows there are twice as many draws "
            "as rows, but they fall on the same rows again and again. What is the "
            "chance that all 128,000 miss one row?": is_large and found[1] == 1,
            "the first share is right, and the second is that of the rows which are "
            "never drawn.": is_large and never,
            "1,000 rows are one for each step. Each step draws 128.": [0.00002, 0.0155],
            "the first share is 100 times too large, or a percentage. 128,000 of "
            "50,000,000 are 0.26 %, a share of 0.0026.": abs(found[0] - 0.256) < 0.01,
            "the first share is off. With so many rows hardly one is drawn twice: the "
            "share is nearly 128,000 draws divided by the number of "
            "rows.": not is_large,
        },
        otherwise="the first share is right, the second is off. With n rows, one draw "
        "misses a given row with the chance 1 - 1/n. How many draws must miss it, with "
        "n = 64,000?",
        right="of 50 million rows a training sees a quarter of a percent, so a fair "
        "sample of a few hundred thousand is all that it can use. Of 64,000 it never "
        "sees an eighth, although it draws each twice on average.",
    ).judge(found)


@exercise
def loss_of_replica(function: Callable) -> Verdict:
    """Check a function of the losses of one replica and the rows of the whole batch."""
    parts = ([1.0, 2.0, 6.0], 4), ([4.0], 4), ([3.0, 5.0, 8.0, 0.0], 8)
    inputs = [(tf.constant(losses), n) for losses, n in parts]
    found, wanted = results(function, inputs), [2.25, 1, 2]
    i = first_off(found, wanted)
    verdict = Answer(
        value=wanted,
        mistakes={
            "this is half of the mean over the replica: right for two parts of the "
            "same size alone. Let each row weigh the same, in whichever part it "
            "is.": [1.5, 2, 2],
            "this is the mean over the replica. The means of two replicas, added, are "
            "about twice the mean over the batch.": [3, 4, 4],
            "this is the sum over the replica: all replicas together give the sum over "
            "the batch. Divide once more.": [9, 4, 16],
            "this is the mean over the replica, divided by the number of rows in the "
            "batch: the rows are counted twice over. Begin with a sum.": [0.75, 1, 0.5],
            "this is the mean over the replica times the share of rows that it does "
            "not have. Turn the share round.": [0.75, 3, 2],
        },
        otherwise=f"a replica with the losses {parts[i][0]} in a batch of "
        f"{parts[i][1]} rows has {wanted[i]:.4g} of the mean, and your function "
        f"returns {found[i]:.4g}. Add its results over all replicas in your mind: is "
        "that the mean over the batch?",
        right="each row weighs 1/128, in whichever process it is. TensorFlow has the "
        "same as tf.nn.compute_average_loss.",
    ).judge(found)
    with tf.GradientTape() as tape:
        tape.watch(inputs[0][0])
        loss = function(*inputs[0])
    if not tf.is_tensor(loss) or tape.gradient(loss, inputs[0][0]) is None:
        raise Off(
            "the number is right, but no gradient runs through it. Stay with "
            "TensorFlow: tf.reduce_sum of the tensor, not NumPy's."
        )
    return verdict


SIZES, KEPT, TRIES = (3, 12, 1, 9), 5, 2000
TOTAL = sum(SIZES)


class _Chunks:
    """Chunks that can be gone through once, as those of a file or a stream."""

    def __init__(self, sizes: tuple[int, ...], columns: int = 2) -> None:
        self.sizes, self.used = sizes, False
        self.signs = np.resize([1.0, -1.0], columns)

    def __iter__(self) -> Iterator[np.ndarray]:
        if self.used:
            raise Off("your function goes through the chunks twice. Once must do.")
        self.used, start = True, 0
        for size in self.sizes:
            yield np.arange(start, start + size)[:, None] * self.signs
            start += size


def _drawn(function: Callable, sizes: tuple[int, ...], n: int, seed: int) -> np.ndarray:
    """The numbers of the rows that were drawn, or a complaint."""
    result = call(function, _Chunks(sizes), n, np.random.default_rng(seed))
    sample = np.asarray(result, dtype=float)
    if sample.shape != (n, 2):
        raise Off(
            f"asked for {n} rows of two columns, your function returns an array of the "
            f"shape {sample.shape}."
        )
    rows, negative = sample.T
    known = set(rows) <= set(range(sum(sizes))) and (rows == -negative).all()
    refuse(
        {
            "your function returns rows that are in no chunk, or has mixed "
            "columns.": not known,
            "a row is in the sample twice. Each new row takes the place of one that is "
            "kept; do you keep a view of the chunk, or draw with "
            "replacement?": len(set(rows)) < n,
        }
    )
    return rows.astype(int)


def _most_held(function: Callable) -> float:
    """The most memory that a function held at once, as a share of all chunks."""
    tracemalloc.start()
    try:
        call(function, _Chunks((10,) * 40, 1000), 2, np.random.default_rng(0))
        return tracemalloc.get_traced_memory()[1] / (8 * 400 * 1000)
    finally:
        tracemalloc.stop()


@exercise
def fair_sample(function: Callable) -> Verdict:
    """Check a function that draws n rows from chunks in one pass, each row alike."""
    drawn = np.array([_drawn(function, SIZES, KEPT, seed) for seed in range(TRIES)])
    always = set(drawn[0]) if (drawn == drawn[0]).all() else set()
    often = np.bincount(drawn.ravel(), minlength=TOTAL) / TRIES
    wanted = KEPT / TOTAL
    uneven = np.abs(often - wanted).max() >= 0.045  # one share has a spread of 0.009
    first = sum(_drawn(function, (2,), 1, seed)[0] == 0 for seed in range(200))
    low, high = often.argmin(), often.argmax()
    told = (
        f"in {TRIES:,} tries, row {high} of {TOTAL} came into the sample with a share "
        f"of {often[high]:.2f} and row {low} with {often[low]:.2f}. Each should have "
        f"{KEPT} / {TOTAL} = {wanted:.2f}."
    )
    same = "your function returns the same rows with each rng"
    firsts, lasts = always == set(range(5)), always == set(range(20, 25))
    chunks = np.split(often, np.cumsum(SIZES)[:-1])
    by_size = np.argsort([chunk.mean() for chunk in chunks]).tolist() == [1, 3, 0, 2]
    return Answer(
        mistakes={
            f"{same}, the first ones. Later rows must have a chance too.": firsts,
            f"{same}, the last ones. Earlier rows must have a chance too.": lasts,
            f"{same}. Draw with the rng that it is given, not with one of its "
            "own.": bool(always),
            f"{told} Your chunks give about the same number of rows each, and they "
            "differ in size.": uneven and by_size and max(map(np.ptp, chunks)) < 0.08,
            f"{told} The last rows have the best chance: row i must be kept with the "
            "chance n / i, which becomes smaller and smaller.": often[-1] > 2 * wanted,
            f"{told} The first rows have the best chance. Is the chance of row i n / "
            "i, with i counted over all chunks from 1, and may each row that is kept "
            "have to go?": often[0] > 1.3 * wanted,
            f"of two rows, one is asked for, and the first comes in {first} of 200 "
            "tries. Row i is kept with the chance n / i: is i counted from 1? The "
            "second row has i = 2.": abs(first - 100) >= 40,  # the spread is 7
            told: uneven,
            "each row has the same chance, but your function holds most of the rows at "
            "once. They may be more than the memory: keep n rows, and one "
            "chunk.": _most_held(function) > 0.5,
        },
        right=f"each of {TOTAL} rows came into the sample of {KEPT} about equally "
        f"often in {TRIES:,} tries. One pass, and in memory the sample and a few "
        "chunks. Row by row this is reservoir sampling (Vitter 1985, algorithm R).",
    ).judge(drawn)
