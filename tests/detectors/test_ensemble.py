"""Several detectors are one: their mean, their shared threshold, their explanations."""

import copy

import keras
import numpy as np
import pandas as pd
import pytest
from detector_cases import (
    IMAGES,
    NEW,
    RNG,
    ROWS,
    PlainLoop,
    assert_same_contents,
    contents,
)
from scipy.stats import beta
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import IsolationForest
from sklearn.model_selection import train_test_split
from sklearn.utils.estimator_checks import parametrize_with_checks

import gantutor as gt
from gantutor import baselines, training
from gantutor.detectors import GANomaly, graphs

gt.setup()

TINY = {"n_steps": 3, "batch_size": 8, "hidden": (8,)}
Ensemble, WGAN = gt.detectors.Ensemble, gt.detectors.WGAN
NEAR = gt.evaluation.BASELINES["5th neighbour"](0)
PLANE = gt.evaluation.BASELINES["PCA error"](0)
FOREST = IsolationForest(n_estimators=9)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_compiled():
    """Which `test_graphs` is about: here members are fitted by the dozen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "compile_block", PlainLoop)
        patch.setattr(graphs.Workshop, "function", lambda _, *of: getattr(*of))
        yield


def ours(**parameters) -> Ensemble:
    members = [GANomaly(**TINY), GANomaly(**TINY), WGAN(**TINY)]
    return Ensemble(members, **{"random_state": 0, **parameters})


def mixed(**parameters) -> Ensemble:
    members = [GANomaly(**TINY), FOREST, NEAR, PLANE, GANomaly(**TINY)]
    return Ensemble(members, **{"random_state": 0, **parameters})


@pytest.fixture(scope="module", params=[ours, mixed])
def fitted(request) -> Ensemble:
    return request.param().fit(ROWS)


class Noted(BaseEstimator):
    """A reader's own detector, which remembers what it was given."""

    def __init__(self, factor=1.0, random_state=None):
        self.factor = factor
        self.random_state = random_state

    def fit(self, X, y=None):
        self.seen_ = np.array(X)
        return self

    def anomaly_score(self, X):
        return self.factor * X.reshape(len(X), -1)[:, 0] + 7


class Other(Noted):
    def anomaly_score(self, X):
        return X.reshape(len(X), -1)[:, 1] ** 2


@parametrize_with_checks([Ensemble([GANomaly(**TINY | {"n_steps": 1}), PLANE])])
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


# the mean


def test_the_score_is_the_mean_of_the_kinds_each_member_on_one_scale():
    """Scales by the calibration rows; two members of one kind share its weight."""
    members = [Noted(), Noted(factor=-3.0), Other()]
    ensemble = Ensemble(members, random_state=3).fit(ROWS, calibration=NEW)

    def on_one_scale(values):
        known = values(NEW)
        return (values(ROWS) - known.mean()) / known.std()

    first = on_one_scale(lambda X: X[:, 0])
    by_hand = (first / 2 - first / 2 + on_one_scale(lambda X: X[:, 1] ** 2)) / 2
    np.testing.assert_allclose(ensemble.anomaly_score(ROWS), by_hand, rtol=1e-9)
    np.testing.assert_allclose(ensemble.weights_, [1 / 4, 1 / 4, 1 / 2])


def test_baselines_of_different_estimators_are_different_kinds():
    weights = mixed().fit(ROWS).weights_
    np.testing.assert_allclose(weights, [1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8])


def test_members_that_give_one_score_to_all_rows_count_nothing():
    ensemble = Ensemble([Noted(factor=0.0), Noted()]).fit(ROWS, calibration=NEW)
    scores = ensemble.anomaly_score(ROWS)
    expected = (ROWS[:, 0] - NEW[:, 0].mean()) / NEW[:, 0].std() / 2
    np.testing.assert_allclose(scores, expected)


def test_the_usual_members_are_two_wgan_and_three_ganomaly(monkeypatch):
    fit, made = baselines.fitted, []

    def sooner(member, *given):
        made.append(member.get_params() | {"random_state": None})
        return fit(member.set_params(**TINY), *given)

    monkeypatch.setattr(baselines, "fitted", sooner)
    ensemble = Ensemble(random_state=0).fit(ROWS)
    assert [type(m) for m in ensemble.members_] == [WGAN] * 2 + [GANomaly] * 3
    said = " ".join(Ensemble.__doc__.split())
    assert "two `WGAN` and three `GANomaly` whose score has the residual" in said
    ganomaly = GANomaly(score_contextual_weight=1.0)
    assert made == [WGAN().get_params()] * 2 + [ganomaly.get_params()] * 3
    assert ensemble.members is None


# what members learn from


def test_calibration_rows_take_no_part_in_any_fit():
    members = [Noted(), Noted(), Other()]
    ensemble = Ensemble(members, random_state=0).fit(ROWS)
    learned, kept = train_test_split(ROWS, test_size=0.2, random_state=0)
    for member in ensemble.members_:
        np.testing.assert_array_equal(member.seen_, learned)
    np.testing.assert_array_equal(
        ensemble.calibration_scores_, np.sort(ensemble.anomaly_score(kept))
    )
    np.testing.assert_allclose(ensemble.mean_row_, learned.mean(axis=0))
    own = Ensemble(members, random_state=0).fit(ROWS, calibration=NEW)
    np.testing.assert_array_equal(own.members_[0].seen_, ROWS)
    np.testing.assert_array_equal(
        own.calibration_scores_, np.sort(own.anomaly_score(NEW))
    )
    assert not hasattr(members[0], "seen_")  # they are copied


def test_each_member_scores_the_calibration_rows_once(monkeypatch):
    score, asked = Noted.anomaly_score, []
    monkeypatch.setattr(
        Noted, "anomaly_score", lambda self, X: asked.append(self) or score(self, X)
    )
    ensemble = Ensemble([Noted(), Noted()]).fit(ROWS, calibration=NEW)
    assert asked == ensemble.members_


def test_our_members_learn_from_the_same_rows_and_share_the_calibration_rows():
    ensemble = ours().fit(ROWS)
    learned, kept = train_test_split(ROWS, test_size=0.2, random_state=0)
    scores = []
    for member in ensemble.members_:
        alone = clone(member).fit(learned, calibration=kept)
        np.testing.assert_array_equal(
            alone.anomaly_score(NEW), member.anomaly_score(NEW)
        )
        np.testing.assert_allclose(member.center_, learned.mean(axis=0))
        scores.append(member.anomaly_score(NEW))
    assert not np.allclose(scores[0], scores[1], rtol=0.01)  # other random numbers


def test_the_same_seed_gives_the_same_scores_and_another_one_others(fitted):
    scores = fitted.anomaly_score(NEW)
    np.testing.assert_array_equal(clone(fitted).fit(ROWS).anomaly_score(NEW), scores)
    other = clone(fitted).set_params(random_state=1).fit(ROWS).anomaly_score(NEW)
    assert not np.allclose(other, scores, rtol=0.01)


def test_a_seed_that_was_drawn_is_kept():
    state = np.random.RandomState(3)
    drawn = Ensemble([FOREST, FOREST], random_state=state).fit(ROWS)
    again = Ensemble([FOREST, FOREST], random_state=drawn.seed_).fit(ROWS)
    np.testing.assert_array_equal(again.anomaly_score(NEW), drawn.anomaly_score(NEW))
    one, other = (member.score_samples(NEW) for member in drawn.members_)
    assert (one != other).any()


# what every detector does


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
    members = [GANomaly(**TINY), PLANE]
    ensemble = Ensemble(members, false_alarm_rate=0.1, random_state=0)
    ensemble.fit(normals[:2000])
    share = np.mean(ensemble.predict(normals[2000:]) == -1)
    low, high = beta(401 - 361, 361).ppf([0.0005, 0.9995])
    assert low - 0.01 < share < high + 0.01


def test_a_row_scores_alone_as_it_does_among_others(fitted):
    together = fitted.anomaly_score(NEW[:5])
    alone = [fitted.anomaly_score(NEW[i : i + 1])[0] for i in range(5)]
    np.testing.assert_array_equal(together, alone)


def test_explanations_add_up_to_the_rise_from_the_mean_training_row():
    """To within the sum over 64 points that our own members take."""
    ensemble = Ensemble([WGAN(**TINY), FOREST], random_state=0).fit(ROWS)
    rise = ensemble.anomaly_score(NEW)
    rise = rise - ensemble.anomaly_score(ensemble.mean_row_[None])
    parts = ensemble.explain(NEW).sum(axis=1)
    np.testing.assert_allclose(parts, rise, atol=0.05 * np.abs(rise).max())


def test_explanations_of_foreign_members_add_up_exactly():
    ensemble = Ensemble([FOREST, NEAR, PLANE], random_state=0).fit(ROWS)
    scores = ensemble.anomaly_score(NEW)
    rise = scores - ensemble.anomaly_score(ensemble.mean_row_[None])
    parts = ensemble.explain(NEW)
    assert parts.shape == NEW.shape
    np.testing.assert_allclose(parts.sum(axis=1), rise, rtol=1e-9, atol=1e-12)
    one = Ensemble([Noted()], random_state=0).fit(ROWS).explain(NEW)
    assert (one[:, 0] != 0).all() and not one[:, 1:].any()


def test_losses_of_each_member_are_kept(fitted):
    assert len(fitted.history_) == sum(
        len(getattr(member, "history_", {})) for member in fitted.members_
    )
    for i, member in enumerate(fitted.members_):
        for name, losses in getattr(member, "history_", {}).items():
            of_member = fitted.history_[f"{name} of member {i}"]
            np.testing.assert_array_equal(of_member, losses)


# rows of every kind


def test_images_are_scored_and_explained():
    conv = WGAN(**TINY | {"hidden": (4, 4)})
    ensemble = Ensemble([conv, NEAR], random_state=0).fit(IMAGES)
    assert ensemble.predict(IMAGES).shape == (24,)
    with pytest.raises(ValueError, match="fitted on images of shape"):
        ensemble.anomaly_score(ROWS)
    ensemble = Ensemble([Noted(), NEAR], random_state=0).fit(IMAGES)
    parts = ensemble.explain(IMAGES[:2])
    assert parts.shape == (2, 8, 8)
    rise = ensemble.anomaly_score(IMAGES[:2])
    rise = rise - ensemble.anomaly_score(ensemble.mean_row_[None])
    np.testing.assert_allclose(parts.sum(axis=(1, 2)), rise)


def test_a_refit_forgets_the_names_and_the_shape_of_the_first_rows():
    frame = pd.DataFrame(ROWS, columns=list("abcd"))
    ensemble = Ensemble([GANomaly(**TINY), NEAR], random_state=0).fit(frame)
    assert list(ensemble.feature_names_in_) == list("abcd")
    scores = ensemble.anomaly_score(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        ensemble.anomaly_score(frame[list("badc")])
    ensemble.fit(ROWS)
    assert not hasattr(ensemble, "feature_names_in_")
    np.testing.assert_array_equal(ensemble.anomaly_score(ROWS), scores)
    ensemble.fit(ROWS[:, :3])
    assert ensemble.n_features_in_ == 3


def test_constant_rows_have_scores_that_can_be_compared():
    ensemble = mixed().fit(np.full((40, 3), 7.0))
    same, other = ensemble.anomaly_score([[7.0, 7, 7], [9, 7, 7]])
    assert np.isfinite(same) and np.isfinite(other) and other > same


# what is refused, and what goes wrong


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"false_alarm_rate": 1}, "false_alarm_rate is 1; it must be"),
        ({"members": []}, "members is"),
        ({"members": "GANomaly"}, "'G' is no unfitted detector"),
        ({"members": [PLANE, GANomaly]}, "GANomaly'> is no unfitted detector"),
        ({"members": [3]}, "3 is no unfitted detector"),
        ({"members": GANomaly()}, "members is GANomaly"),
        ({"members": [GANomaly(n_steps=0)]}, "n_steps is 0"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_in_words(parameters, words):
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        ours().set_params(**parameters).fit(ROWS)
    assert len(str(caught.value)) < 400


def test_bad_rows_are_refused_and_a_fitted_ensemble_stays_as_it_was(fitted):
    before = contents(fitted)
    bad = ROWS.copy()
    bad[3, 1] = np.nan
    for call in (fitted.fit, fitted.anomaly_score, fitted.explain):
        with pytest.raises(ValueError, match="NaN in row 3, column 1"):
            call(bad)
    with pytest.raises(ValueError, match="expecting 4 features"):
        fitted.anomaly_score(ROWS[:, :2])
    with pytest.raises(ValueError, match="9 samples.*at least 10"):
        fitted.fit(ROWS[:9])
    assert_same_contents(contents(fitted), before)


def test_a_failure_in_a_later_member_leaves_the_ensemble_as_it_was(monkeypatch):
    ensemble = mixed().fit(ROWS)
    before, scores = contents(ensemble), ensemble.anomaly_score(NEW)

    def failing(*_):
        raise FloatingPointError("The loss became nan")

    for owner, name in ((GANomaly, "fit"), (IsolationForest, "fit")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, failing)
            with pytest.raises((FloatingPointError, TypeError)):
                ensemble.fit(ROWS + 1)
        assert_same_contents(contents(ensemble), before)
        np.testing.assert_array_equal(ensemble.anomaly_score(NEW), scores)


@pytest.fixture
def stopped(monkeypatch):
    """Ctrl-C in the second of the blocks of two steps that are run."""
    check, calls = training._check_finite, []

    def pressed(*given):
        calls.append(given)
        check(*given)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "BLOCK", 2)
    monkeypatch.setattr(training, "_check_finite", pressed)


@pytest.mark.parametrize("number", [0, 1])
def test_ctrl_c_leaves_the_members_that_there_are(number, stopped):
    members = [GANomaly(**TINY | {"n_steps": 5}) for _ in range(3)]
    if number:  # the first member has no blocks
        members = [PLANE, GANomaly(**TINY | {"n_steps": 6}), GANomaly(**TINY)]
    with pytest.warns(UserWarning) as caught:
        ensemble = Ensemble(members, random_state=0).fit(ROWS)
    said = [str(warning.message) for warning in caught]
    assert any("after step 4 of" in message for message in said)
    assert any(f"has {number + 1} of 3 members" in message for message in said)
    assert len(ensemble.members_) == number + 1 == len(ensemble.score_means_)
    assert ensemble.weights_.sum() == pytest.approx(1)
    assert np.isfinite(ensemble.anomaly_score(NEW)).all()


def test_ctrl_c_in_the_last_member_leaves_none_out(stopped):
    members = [PLANE, GANomaly(**TINY | {"n_steps": 6})]
    with pytest.warns(UserWarning, match="after step 4 of 6") as caught:
        Ensemble(members, random_state=0).fit(ROWS)
    assert not any("of 2 members" in str(warning.message) for warning in caught)


def test_progress_says_which_member_is_trained(capsys):
    ours(verbose=1).fit(ROWS)
    out = capsys.readouterr().out
    assert out.index("Member 1 of 3: GANomaly") < out.index("Member 3 of 3: WGAN")


# the safest choice


def test_members_share_their_graphs():
    encoder = gt.networks.dense_encoder(4, 4, (5,))
    for own in ({}, {"encoder": encoder}):
        one, other = Ensemble([GANomaly(**TINY, **own)] * 2).fit(ROWS).members_
        assert one._workshop is other._workshop


def test_scores_of_different_seeds_lie_closer_together_than_those_of_one_member():
    rows = 50 + 3 * RNG.standard_normal((200, 4))

    def spread(n_members: int) -> float:
        members = [IsolationForest(n_estimators=2) for _ in range(n_members)]
        fits = [Ensemble(members, random_state=s).fit(ROWS) for s in range(3)]
        ranks = [np.argsort(np.argsort(fit.anomaly_score(rows))) for fit in fits]
        return np.std(ranks, axis=0).mean()

    assert spread(8) < 0.7 * spread(1)


def test_a_copy_stands_alone(fitted):
    before, scores = contents(fitted), fitted.anomaly_score(NEW)
    other = copy.deepcopy(fitted)
    for member in other.members_:
        for network in vars(member).values():
            if isinstance(network, keras.Model):
                network.set_weights([w + 1 for w in network.get_weights()])
    assert (other.anomaly_score(NEW) != scores).any()
    assert_same_contents(contents(fitted), before)
    np.testing.assert_array_equal(fitted.anomaly_score(NEW), scores)
