"""The checks of notebook 16: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
import tensorflow as tf
from check_cases import Case, judged, tries

LARGE, SMALL = 1 - np.exp(-128_000 / 50e6), 1 - np.exp(-2)


def stub(*arguments): ...


def equal_parts(losses, batch_rows):
    return tf.reduce_mean(losses) / 2


def solution(losses, batch_rows):
    return tf.reduce_sum(losses) / batch_rows


def by_share(losses, batch_rows):
    return tf.reduce_mean(losses) * (len(losses) / batch_rows)


def reservoir(chunks, n, rng):
    kept, seen = [], 0
    for chunk in chunks:
        for row in chunk:
            seen += 1
            place = len(kept) if seen <= n else rng.integers(seen)
            if place == len(kept) < n:
                kept.append(row)
            elif place < n:
                kept[place] = row
    return np.array(kept)


def by_random_numbers(chunks, n, rng):
    """Give each row a random number, and keep the rows with the n smallest."""
    rows, numbers = None, None
    for chunk in chunks:
        drawn = rng.random(len(chunk))
        rows = chunk if rows is None else np.concatenate([rows, chunk])
        numbers = drawn if numbers is None else np.concatenate([numbers, drawn])
        best = np.argsort(numbers)[:n]
        rows, numbers = rows[best], numbers[best]
    return rows


def head(chunks, n, rng):
    return np.concatenate(list(chunks))[:n]


def always_kept(chunks, n, rng):
    kept = []
    for chunk in chunks:
        for row in chunk:
            if len(kept) < n:
                kept.append(row)
            else:
                kept[rng.integers(n)] = row
    return np.array(kept)


def same_from_each(chunks, n, rng):
    rows = []
    for chunk in chunks:
        rows.extend(rng.permutation(chunk)[: max(1, n // 2)])
    return rng.permutation(rows)[:n]


def counted_from_zero(chunks, n, rng):
    kept = []
    for chunk in chunks:
        for i, row in enumerate(chunk, 1):
            if len(kept) < n:
                kept.append(row)
            elif (place := rng.integers(i)) < n:
                kept[place] = row
    return np.array(kept)


def too_seldom(chunks, n, rng):
    kept, seen = [], 0
    for chunk in chunks:
        for row in chunk:
            seen += 1
            if len(kept) < n:
                kept.append(row)
            elif rng.integers(2 * seen) < n:
                kept[rng.integers(n)] = row
    return np.array(kept)


def first_row_is_row_zero(chunks, n, rng):
    kept, seen = [], 0
    for chunk in chunks:
        for row in chunk:
            if len(kept) < n:
                kept.append(row)
            elif (place := rng.integers(seen)) < n:
                kept[place] = row
            seen += 1
    return np.array(kept)


def all_in_memory(chunks, n, rng):
    return rng.choice(np.concatenate(list(chunks)), n, replace=False)


def all_rows_copied(chunks, n, rng):
    rows = [row.copy() for chunk in chunks for row in chunk]
    return np.array([rows[i] for i in rng.permutation(len(rows))[:n]])


def copies(chunks, n, rng):
    return reservoir((chunk.copy() for chunk in chunks), n, rng)


def the_last_rows(chunks, n, rng):
    return np.concatenate(list(chunks))[-n:]


def a_seed_of_its_own(chunks, n, rng):
    return reservoir(chunks, n, np.random.default_rng(1))


def with_replacement(chunks, n, rng):
    rows = np.concatenate(list(chunks))
    return rows[rng.integers(len(rows), size=n)]


def in_two_passes(chunks, n, rng):
    total = sum(len(chunk) for chunk in chunks)
    chosen = rng.choice(total, n, replace=False)
    return np.concatenate(list(chunks))[chosen]


def the_last_chunk(chunks, n, rng):
    for chunk in chunks:
        kept = chunk
    return kept[rng.choice(len(kept), n, replace=False)]


def all_rows(chunks, n, rng):
    return np.concatenate(list(chunks))


def numbers_alone(chunks, n, rng):
    return reservoir(chunks, n, rng)[:, 0]


def mixed_columns(chunks, n, rng):
    return np.abs(reservoir(chunks, n, rng))


CASES = [
    Case(
        "rows_seen",
        (..., ...),
        [(LARGE, SMALL), (0.00256, 0.865), (0.0026, 0.864), (0.0026, 0.86)],
        [
            ((SMALL, LARGE), "swapped"),
            ((0.86, 0.0026), "swapped"),
            ((1 - LARGE, 1 - SMALL), "never drawn"),
            ((0.997, 0.14), "Asked for are those"),
            ((0.0026, 0.14), "the second is that of the rows which are never"),
            ((0.0026, 0.9), "one draw misses a given row"),
            ((0.00256, 1), "again and again"),
            ((0.00256, 1.0), "again and again"),
            ((0.00256, 0.135), "never drawn"),
            ((0.00002, 0.0155), "Each step draws 128"),
            ((0.256, 0.865), "100 times too large"),
            ((0.05, 0.865), "nearly 128,000 draws"),
            ((0.00256, 0.5), "one draw misses a given row"),
            ((0.00256, 0.63), "one draw misses a given row"),
            ((0.00256, 2), "draws divided by rows"),
            ((0.00256, 2.0), "draws divided by rows"),
            ((0.00256, 86.5), "must lie between 0 and 1"),
            (("few", 0.865), "must be one number"),
        ],
    ),
    Case(
        "loss_of_replica",
        (stub,),
        [
            (solution,),
            (by_share,),
            (lambda x, n: tf.nn.compute_average_loss(x, global_batch_size=n),),
        ],
        [
            ((equal_parts,), "two parts of the same size"),
            ((lambda x, n: tf.reduce_mean(x),), "about twice the mean"),
            ((lambda x, n: tf.reduce_sum(x),), "Divide once more"),
            ((lambda x, n: tf.reduce_mean(x) / n,), "Begin with a sum"),
            (
                (lambda x, n: tf.reduce_mean(x) * (1 - len(x) / n),),
                "Turn the share round",
            ),
            ((lambda x, n: tf.reduce_sum(x) / 128,), "in a batch of 4 rows"),
            ((lambda x, n: tf.reduce_sum(x) / n / 2,), "in a batch of 4 rows"),
            ((lambda x, n: float(np.sum(x.numpy())) / n,), "no gradient runs"),
            ((lambda x, n: tf.constant(np.sum(x.numpy()) / n),), "no gradient runs"),
            ((lambda x, n: x / n,), "must be one number"),
            ((0.5,), "a function is needed"),
        ],
    ),
    Case(
        "fair_sample",
        (stub,),
        [(reservoir,), (copies,), (by_random_numbers,)],
        [
            ((head,), "with each rng, the first ones"),
            ((the_last_rows,), "with each rng, the last ones"),
            ((a_seed_of_its_own,), "not with one of its own"),
            ((first_row_is_row_zero,), "of two rows, one is asked for"),
            ((all_in_memory,), "holds most of the rows at once"),
            ((all_rows_copied,), "holds most of the rows at once"),
            ((always_kept,), "The last rows have the best chance"),
            ((same_from_each,), "the same number of rows each"),
            ((counted_from_zero,), "Each should have 5 / 25 = 0.20"),
            ((too_seldom,), "The first rows have the best chance"),
            ((with_replacement,), "in the sample twice"),
            ((in_two_passes,), "Once must do"),
            ((the_last_chunk,), "Each should have 5 / 25 = 0.20"),
            ((all_rows,), "of the shape (25, 2)"),
            ((numbers_alone,), "of the shape (5,)"),
            ((mixed_columns,), "mixed columns"),
            ((lambda chunks, n: None,), "raised TypeError"),
            ((3,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_shares_of_rows_are_those_that_a_draw_gives() -> None:
    rng = np.random.default_rng(0)
    for n, said in ((50_000_000, LARGE), (64_000, SMALL)):
        drawn = len(np.unique(rng.integers(n, size=128_000))) / n
        assert drawn == pytest.approx(said, rel=0.01)


def test_parts_of_one_batch_add_up_to_its_mean() -> None:
    losses = tf.constant(np.random.default_rng(0).random(128), tf.float32)
    added = sum(solution(part, 128) for part in (losses[:96], losses[96:]))
    assert float(added) == pytest.approx(float(tf.reduce_mean(losses)), rel=1e-5)
    halved = sum(equal_parts(part, 128) for part in (losses[:96], losses[96:]))
    assert float(halved) != pytest.approx(float(added), rel=1e-3)
