"""Windows, scores of points, and counts that cannot be flattered."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import gantutor as gt
from gantutor import series
from gantutor.data import EVENT_KINDS, heartbeats, periodic_signal

RAMP = np.arange(40.0)
EVENT = np.repeat([0, 1, 0], [10, 5, 10])


@pytest.mark.parametrize("how", ["mean", "centre"])
def test_a_ramp_comes_back_as_a_ramp(how):
    points = series.point_scores(series.windows(RAMP, 7).mean(axis=1), 7, how)
    assert points.shape == RAMP.shape
    inner = slice(6, -6)
    np.testing.assert_allclose(points[inner], RAMP[inner])


def test_a_point_at_the_end_has_the_mean_of_fewer_windows():
    assert series.point_scores([1, 3], 2).tolist() == [1, 2, 3]
    assert series.point_scores([1, 3], 2, "centre").tolist() == [1, 1, 3]


@pytest.mark.parametrize("how", ["mean", "centre"])
def test_a_series_in_pieces_that_share_their_ends_scores_as_a_whole(how):
    rows = np.random.default_rng(0).normal(size=100)

    def scored(part):
        return series.point_scores(np.abs(series.windows(part, 8)).max(axis=1), 8, how)

    first, second = scored(rows[:60]), scored(rows[60 - 14 :])
    joined = np.concatenate([first[:53], second[7:]])
    np.testing.assert_allclose(joined, scored(rows))


def test_windows_of_one_channel_take_no_memory():
    assert np.shares_memory(series.windows(RAMP, 7), RAMP)
    assert series.windows(RAMP, 7, step=3)[:, 0].tolist() == list(range(0, 34, 3))


def test_channels_lie_side_by_side():
    two = np.stack([RAMP, -RAMP], axis=1)
    assert series.windows(two, 3)[4].tolist() == [4, 5, 6, -4, -5, -6]


def test_the_matrix_profile_is_the_least_z_normalised_distance():
    known, rows = np.random.default_rng(0).normal(size=(2, 30, 9))

    def z(a):
        return ((a.T - a.mean(axis=1)) / a.std(axis=1)).T

    wanted = cdist(z(rows), z(known)).min(axis=1)
    np.testing.assert_allclose(series.matrix_profile(known, rows, 1e-9), wanted)


def test_the_matrix_profile_does_not_see_size_and_level():
    known = series.windows(np.sin(RAMP), 9)
    scores = series.matrix_profile(known, 3 * known + 7, floor=1e-9)
    np.testing.assert_allclose(scores, 0, atol=1e-6)


def test_a_floor_keeps_a_flat_window_flat():
    flat = 1e-6 * np.random.default_rng(0).normal(size=(1, 50))
    assert np.abs(series.z_normalised(flat, floor=0.1)).max() < 1e-4
    assert series.z_normalised(flat, floor=1e-9).std() == pytest.approx(1)


def test_no_training_window_overlaps_a_calibration_window():
    training, kept = series.calibration_blocks(500, 20, n_blocks=4, share=0.2)
    apart = np.abs(np.subtract.outer(np.flatnonzero(training), np.flatnonzero(kept)))
    assert apart.min() == 20
    assert len(series.runs(kept)) == 4 and kept.mean() == pytest.approx(0.2, abs=0.01)


def test_two_parts_multiply_on_the_scale_of_the_known_windows():
    known = [-1.0, 1.0]  # mean 0, standard deviation 1
    found = series.two_part_score([2, -2, 0], [1, -3, 0], known, known)
    assert found.tolist() == [3 * 2, 1 * 4, 1]


def test_runs_are_where_ones_begin_and_end():
    assert series.runs([1, 0, 1, 1]).tolist() == [[0, 1], [2, 4]]
    assert len(series.runs([0, 0])) == 0


def test_near_is_within_so_many_points():
    assert np.flatnonzero(series.near_events(EVENT, 2)).tolist() == list(range(8, 17))


def test_an_alarm_counts_once_and_again_when_it_does_not_end():
    scores = np.zeros(25)
    assert series.alarm_counts(EVENT, scores, 0.5, 2) == (0, 0)
    scores[[12, 15, 16]] = 1  # in the event and beside it
    assert series.alarm_counts(EVENT, scores, 0.5, 2) == (1, 0)
    scores[[0, 1, 4, 5, 6]] = 1  # one run of two points and one of three, in 16
    assert series.alarm_counts(EVENT, scores, 0.5, 2) == (1, 1000 * 3 / 16)
    everywhere = series.alarm_counts(EVENT, np.ones(25), 0.5, 2)
    assert everywhere == (1, 1000 * (4 + 4) / 16)


@pytest.mark.filterwarnings("error")
def test_alarms_are_counted_in_a_series_without_events():
    found, false_alarms = series.alarm_counts(np.zeros(4), [0, 1, 0, 0], 0.5, 2)
    assert np.isnan(found)
    assert false_alarms == 250


def test_point_adjustment_gives_an_event_its_highest_score():
    adjusted = series.point_adjusted([0, 1, 1, 0, 1], [5, 1, 2, 9, 3])
    assert adjusted.tolist() == [5, 2, 2, 9, 3]


def test_best_f1_by_hand():
    assert series.best_f1([0, 1, 1, 0], [1, 4, 2, 3]) == pytest.approx(0.8)


def test_random_numbers_have_a_high_adjusted_f1_and_no_other_merit():
    labels = periodic_signal(8000, 16, seed=0).labels
    chance = np.random.default_rng(0).random(8000)
    assert series.best_f1(labels, series.point_adjusted(labels, chance)) > 0.8
    assert series.best_f1(labels, chance) < 0.3


@pytest.mark.parametrize("make", [periodic_signal, heartbeats])
def test_a_made_series_is_labelled_by_its_events(make):
    made = make(8000, 16, seed=3)
    assert np.array_equal(series.runs(made.labels), [e[1:] for e in made.events])
    assert made.values.shape == made.labels.shape == (8000,)
    assert np.array_equal(made.values, make(8000, 16, seed=3).values)
    assert not np.array_equal(made.values, make(8000, 16, seed=4).values)
    assert make(500).labels.sum() == 0 and make(500).events == ()


def test_each_kind_of_event_is_planted_in_turn():
    made = periodic_signal(4000, 16, seed=0)
    planted = [(event.kind, event.stop - event.start) for event in made.events]
    assert planted == 2 * list(EVENT_KINDS.items())


def test_a_missing_beat_is_flat_and_a_premature_one_early():
    usual, odd = heartbeats(4000, 0, seed=0).values, heartbeats(4000, 2, seed=0)
    premature, missing = odd.events
    assert odd.values[missing.start : missing.stop].max() < 0.5
    inside = slice(premature.start, premature.stop)
    early = odd.values[inside].argmax()
    assert 10 < early < 22 and usual.max() > 0.8


@pytest.mark.parametrize(("make", "room"), [(periodic_signal, 250), (heartbeats, 400)])
def test_events_need_room(make, room):
    make(4 * room, 4)
    with pytest.raises(ValueError, match=f"4 events need {4 * room} points"):
        make(4 * room - 1, 4)


def test_a_detector_takes_windows_and_blocks():
    X = series.windows(periodic_signal(900).values, 32)
    training, kept = series.calibration_blocks(len(X), 32, n_blocks=3)
    wgan = gt.detectors.WGAN(n_steps=2, hidden=(8,), random_state=0)
    wgan.fit(X[training], calibration=X[kept])
    assert len(wgan.calibration_scores_) == kept.sum()


def test_a_long_series_of_heartbeats_takes_memory_for_its_points_alone():
    heartbeats(1000)
    tracemalloc.start()
    try:
        heartbeats(20_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200 * 20_000  # bytes
