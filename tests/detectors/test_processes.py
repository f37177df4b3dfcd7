"""Scores in other processes: those that start afresh work, and a fork says what does."""

import multiprocessing

import joblib
import numpy as np
import pytest
from detector_cases import NEW, tiny

import gantutor as gt
from gantutor.detectors import GAN

gt.setup()

PARTS = [NEW[:10], NEW[10:]]
SECONDS = 120  # a process that was forked from TensorFlow would wait for ever


@pytest.fixture(scope="module")
def gan(fitted_of):
    return fitted_of(GAN)


def in_processes(kind: str, function, parts, n: int) -> list:
    pool = multiprocessing.get_context(kind).Pool(n)
    try:
        return pool.map_async(function, parts).get(timeout=SECONDS)
    finally:
        pool.terminate()


def fit_here(rows):
    return tiny(GAN, n_steps=1).fit(rows).threshold_


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)
def test_a_forked_process_says_at_once_how_to_start_one_that_works(gan):
    for function in (gan.anomaly_score, gan.predict, fit_here):
        with pytest.raises(RuntimeError, match=r"forked.*\"spawn\".*joblib"):
            in_processes("fork", function, PARTS, n=2)


def test_processes_that_start_afresh_give_the_same_scores(gan):
    spawned = in_processes("spawn", gan.anomaly_score, PARTS, n=1)
    by_joblib = joblib.Parallel(2)(joblib.delayed(gan.anomaly_score)(p) for p in PARTS)
    for scores in (spawned, by_joblib):
        np.testing.assert_array_equal(
            np.concatenate(scores),
            np.concatenate([gan.anomaly_score(p) for p in PARTS]),
        )
