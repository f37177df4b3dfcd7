"""Several trainings are one detector: their mean, their shared threshold, their file."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from detector_cases import IMAGES, NEW, RNG, ROWS, assert_same_contents, contents
from scipy.stats import beta
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import gantutor as gt
from gantutor import training
from gantutor.detectors import FAnoGAN, GANomaly, base

gt.setup()

TINY = {"n_steps": 3, "batch_size": 8, "hidden": (8,)}


def tiny(**parameters) -> gt.detectors.Ensemble:
    usual = {"detector": GANomaly(**TINY), "n_members": 3, "random_state": 0}
    return gt.detectors.Ensemble(**{**usual, **parameters})


@pytest.fixture(scope="module")
def fitted() -> gt.detectors.Ensemble:
    return tiny().fit(ROWS)


@parametrize_with_checks([tiny(n_members=2, random_state=None)])
def test_scikit_learns_own_checks_pass(estimator, check, not_compiled):
    check(estimator)


def test_the_score_is_the_mean_of_the_members_each_on_one_scale(fitted):
    training = np.setdiff1d(np.arange(60), calibration_rows(fitted))
    by_hand = 0.0
    for member in fitted.members_:
        known = member.anomaly_score(ROWS[training])
        by_hand += (member.anomaly_score(NEW) - known.mean()) / known.std() / 3
    np.testing.assert_allclose(fitted.anomaly_score(NEW), by_hand, rtol=1e-6)


def calibration_rows(fitted) -> np.ndarray:
    """Which rows no member has learned from: their scores set the threshold."""
    scores = fitted.anomaly_score(ROWS)
    (rows,) = np.nonzero(np.isin(scores, fitted.calibration_scores_))
    assert len(rows) == 12
    return rows


def test_members_share_the_calibration_rows_and_the_scale_but_not_the_weights(fitted):
    rows = calibration_rows(fitted)
    for member in fitted.members_:
        scores = np.sort(member.anomaly_score(ROWS[rows]))
        np.testing.assert_array_equal(scores, member.calibration_scores_)
        np.testing.assert_array_equal(member.center_, fitted.center_)
    of_members = [member.anomaly_score(NEW) for member in fitted.members_]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not np.allclose(of_members[one], of_members[other], rtol=0.01)


def test_the_first_member_is_what_the_detector_alone_would_be(fitted):
    alone = GANomaly(**TINY, random_state=0).fit(ROWS)
    np.testing.assert_array_equal(
        alone.anomaly_score(NEW), fitted.members_[0].anomaly_score(NEW)
    )


def test_more_members_do_not_change_the_first_ones(fitted):
    fewer = tiny(n_members=2).fit(ROWS)
    for one, other in zip(fewer.members_, fitted.members_, strict=False):
        np.testing.assert_array_equal(one.anomaly_score(NEW), other.anomaly_score(NEW))


def test_the_same_seed_gives_the_same_scores_and_another_one_others(fitted):
    scores = fitted.anomaly_score(NEW)
    np.testing.assert_array_equal(tiny().fit(ROWS).anomaly_score(NEW), scores)
    other = tiny(random_state=1).fit(ROWS)
    for one, another in zip(fitted.members_, other.members_, strict=True):
        assert not np.allclose(
            one.anomaly_score(NEW), another.anomaly_score(NEW), rtol=0.01
        )


def test_scores_of_different_seeds_lie_closer_together_than_those_of_one_member():
    rows = RNG.standard_normal((200, 4))

    def spread(n_members: int) -> float:
        detectors = [tiny(n_members=n_members, random_state=s) for s in range(4)]
        scores = [d.fit(ROWS).anomaly_score(50 + 3 * rows) for d in detectors]
        ranks = np.argsort(np.argsort(scores, axis=1), axis=1)
        return ranks.std(axis=0).mean()

    assert spread(8) < 0.7 * spread(1)


def test_signs_threshold_and_p_values_are_those_of_every_detector(fitted):
    scores = fitted.anomaly_score(NEW)
    np.testing.assert_array_equal(fitted.score_samples(NEW), -scores)
    expected = np.where(scores > fitted.threshold_, -1, 1)
    np.testing.assert_array_equal(fitted.predict(NEW), expected)
    assert fitted.threshold_ == gt.scoring.threshold(fitted.calibration_scores_, 0.05)
    above = (fitted.calibration_scores_ >= scores[:, None]).sum(axis=1)
    np.testing.assert_allclose(fitted.p_value(NEW), (1 + above) / 13)


def test_false_alarms_on_fresh_normals_match_the_promised_rate():
    normals = RNG.standard_normal((2000 + 20_000, 3))
    ensemble = tiny(n_members=2, false_alarm_rate=0.1).fit(normals[:2000])
    share = np.mean(ensemble.predict(normals[2000:]) == -1)
    low, high = beta(401 - 361, 361).ppf([0.0005, 0.9995])
    assert low - 0.01 < share < high + 0.01


def test_a_row_scores_alone_as_it_does_among_others(fitted):
    together = fitted.anomaly_score(NEW)
    alone = [fitted.anomaly_score(NEW[i : i + 1])[0] for i in range(len(NEW))]
    np.testing.assert_array_equal(together, alone)


def test_explanations_add_up_to_the_rise_from_the_mean_row(fitted):
    mean = fitted.typical_ * fitted.scale_ + fitted.center_
    rise = fitted.anomaly_score(NEW) - fitted.anomaly_score(mean[None])
    np.testing.assert_allclose(
        fitted.explain(NEW).sum(axis=1), rise, atol=0.05 * np.abs(rise).max()
    )


@pytest.mark.parametrize("rows", [ROWS, IMAGES], ids=["table", "images"])
def test_a_loaded_ensemble_scores_bit_for_bit_as_before(rows, tmp_path):
    ensemble = tiny(detector=FAnoGAN(**TINY | {"hidden": (4, 4)})).fit(rows)
    ensemble.save(tmp_path / "ensemble.npz")
    loaded = gt.load(tmp_path / "ensemble.npz")
    assert_same_contents(contents(loaded), contents(ensemble))
    for other in (loaded, pickle.loads(pickle.dumps(ensemble))):
        np.testing.assert_array_equal(
            other.anomaly_score(rows), ensemble.anomaly_score(rows)
        )
    again = clone(loaded).fit(rows)
    np.testing.assert_array_equal(
        again.anomaly_score(rows), ensemble.anomaly_score(rows)
    )


def test_a_file_that_lacks_a_part_of_a_member_is_refused(fitted, tmp_path):
    path = tmp_path / "ensemble.npz"
    fitted.save(path)
    with np.load(path) as file:
        arrays = dict(file)
    del arrays["members_/1/encoder_/0"]
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="lacks members_/1/encoder_/0"):
        gt.load(path)


def test_losses_of_each_member_are_kept(fitted):
    assert len(fitted.history_) == 3 * len(GANomaly.loss_names)
    for i, member in enumerate(fitted.members_):
        for name, losses in member.history_.items():
            np.testing.assert_array_equal(
                fitted.history_[f"{name} of member {i}"], losses
            )


def test_a_table_with_text_is_scored_explained_and_saved(tmp_path):
    table = pd.DataFrame(ROWS, columns=list("abcd")).assign(kind=["x", "y"] * 30)
    detector = gt.tables.TableDetector(tiny(n_members=2)).fit(table)
    strange = table.assign(a=90.0)
    assert (detector.anomaly_score(strange) > detector.anomaly_score(table)).all()
    assert detector.explain(strange).mean().idxmax() == "a"
    detector.save(tmp_path / "table.npz")
    loaded = gt.load(tmp_path / "table.npz")
    np.testing.assert_array_equal(
        loaded.anomaly_score(strange), detector.anomaly_score(strange)
    )


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_members": 0}, "n_members is 0; it must be a whole number"),
        ({"n_members": 2.0}, "n_members is 2.0"),
        ({"false_alarm_rate": 1}, "false_alarm_rate is 1; it must be"),
        ({"detector": "GANomaly"}, "detector is 'GANomaly'; it must be a detector"),
        ({"detector": GANomaly}, "it must be a detector that is no ensemble"),
        ({"detector": tiny()}, "it must be a detector that is no ensemble"),
        ({"detector": GANomaly(n_steps=0)}, "n_steps is 0"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_in_words(parameters, words):
    with pytest.raises(ValueError, match=words):
        tiny(**parameters).fit(ROWS)


def test_bad_rows_are_refused_and_a_fitted_ensemble_stays_as_it_was(fitted):
    before = contents(fitted)
    bad = ROWS.copy()
    bad[3, 1] = np.nan
    for call in (fitted.fit, fitted.anomaly_score):
        with pytest.raises(ValueError, match="NaN in row 3, column 1"):
            call(bad)
    with pytest.raises(ValueError, match="expecting 4 features"):
        fitted.anomaly_score(ROWS[:, :2])
    assert_same_contents(contents(fitted), before)


@pytest.mark.parametrize("own", [False, True], ids=["usual networks", "one's own"])
def test_members_share_their_graphs(own, monkeypatch):
    built = []
    of = base.graphs_of
    monkeypatch.setattr(base, "graphs_of", lambda d: built.append(of(d)) or built[-1])
    encoder = gt.networks.dense_encoder(4, 4, (5,)) if own else None
    tiny(detector=GANomaly(**TINY, encoder=encoder)).fit(ROWS)
    assert len(built) >= 3 and len(set(map(id, built))) == 1


def test_a_refit_forgets_the_names_and_the_shape_of_the_first_rows():
    ensemble = tiny(n_members=2).fit(pd.DataFrame(ROWS, columns=list("abcd")))
    assert list(ensemble.feature_names_in_) == list("abcd")
    ensemble.fit(ROWS[:, :3])
    assert not hasattr(ensemble, "feature_names_in_") and ensemble.n_features_in_ == 3
    ensemble.set_params(detector__hidden=(4, 4)).fit(IMAGES)
    assert ensemble.explain(IMAGES).shape == IMAGES.shape


def test_what_is_saved_is_what_was_fitted_and_not_what_was_set_later(tmp_path):
    ensemble = tiny(n_members=2).fit(ROWS)
    ensemble.set_params(n_members=9, detector__hidden=(99,))
    ensemble.save(tmp_path / "ensemble.npz")
    loaded = gt.load(tmp_path / "ensemble.npz")
    assert loaded.n_members == 2 and tuple(loaded.detector.hidden) == (8,)


class Own(GANomaly):
    """A reader's own method."""


def test_an_ensemble_of_ones_own_method_is_copied_but_not_saved(tmp_path):
    ensemble = tiny(detector=Own(**TINY), n_members=2).fit(ROWS)
    for other in (copy.deepcopy(ensemble), pickle.loads(pickle.dumps(ensemble))):
        np.testing.assert_array_equal(
            other.anomaly_score(NEW), ensemble.anomaly_score(NEW)
        )
    with pytest.raises(ValueError, match="Own is a class of your own, and a file"):
        ensemble.save(tmp_path / "ensemble.npz")
    assert not list(tmp_path.iterdir())


def test_constant_rows_have_scores_that_can_be_compared():
    ensemble = tiny(n_members=2).fit(np.full((40, 3), 7.0))
    same, other = ensemble.anomaly_score([[7.0, 7, 7], [9, 7, 7]])
    assert np.isfinite(same) and np.isfinite(other) and other > same


@pytest.mark.parametrize("number", [0, 1])
def test_ctrl_c_ends_with_the_member_under_way(number, monkeypatch):
    train = training.train
    calls = []

    def stopped(step, x, n_steps, **settings):
        calls.append(n_steps)
        done = n_steps - (len(calls) == number + 1)
        return train(step, x, done, **settings)

    monkeypatch.setattr(training, "train", stopped)
    with pytest.warns(UserWarning, match=f"The ensemble has {number + 1} of 3 members"):
        ensemble = tiny().fit(ROWS)
    assert len(ensemble.members_) == number + 1 == len(ensemble.score_means_)
    assert np.isfinite(ensemble.anomaly_score(NEW)).all()


def test_a_failure_in_a_later_member_leaves_the_ensemble_as_it_was(fitted, monkeypatch):
    before = contents(fitted)
    train, calls = training.train, []

    def failing(*arguments, **settings):
        calls.append(1)
        if len(calls) == 2:
            raise FloatingPointError("The loss became nan")
        return train(*arguments, **settings)

    monkeypatch.setattr(training, "train", failing)
    with pytest.raises(FloatingPointError):
        fitted.fit(ROWS + 1)
    assert_same_contents(contents(fitted), before)


def test_progress_says_which_member_is_trained(capsys):
    tiny(n_members=2, verbose=1).fit(ROWS)
    out = capsys.readouterr().out
    assert out.index("Member 1 of 2") < out.index("Member 2 of 2")
    assert "Ensemble: trained on 48 rows in" in out
