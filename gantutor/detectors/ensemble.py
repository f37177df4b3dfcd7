"""Ensemble: the mean score of several detectors that fail on different data.

Score: the mean over kinds of detectors of the mean over the members of a kind, each member's
scores with mean 0 and standard deviation 1 over calibration rows.

A distance in the features of a critic and the error of a reconstruction miss different
anomalies, and their mean is the safest choice. Members of one kind differ in their random
numbers: what one training has missed by bad luck, another one finds. (Han et al. 2021, "GAN
ensemble for anomaly detection", arXiv 2012.07988, average the scores of several generators
and discriminators; here the members are whole detectors, and need not be GANs.)
"""

import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.utils import Tags

from gantutor import archive, baselines, rows
from gantutor.baselines import anomaly_scores
from gantutor.detectors.ganomaly import GANomaly
from gantutor.detectors.wgan import WGAN
from gantutor.one_class import (
    CALIBRATION_SHARE,
    SHARE,
    Array,
    OneClass,
    check_parameters,
    drawn_seed,
    fitted_values,
    restore_values,
)
from gantutor.scoring import shapley_values

MIN_ROWS = 10  # of which a member gets 8 to learn from
SCALES = ("weights_", "score_means_", "score_scales_")  # a number for each member


@dataclass(eq=False, repr=False)
class Ensemble(OneClass):
    """Score = mean of the scores of several detectors, each brought to one scale.

    Parameters
    ----------
    members : sequence of unfitted detectors, optional
        What is averaged: anything with `fit` and either `anomaly_score` or scikit-learn's
        `score_samples`. Each kind (class) has the same weight in the mean, however many
        members it has. They are copied, and get random states of their own. By default
        `default_members()`: two `WGAN` and three `GANomaly` whose score has the residual of
        the row in it. `fit` and `anomaly_score` take as long as those of all
        members together.
    false_alarm_rate : float, default=0.05
        Share of normal rows that `predict` may call anomalies, between 0 and 1.
    random_state : int, RandomState instance or None, default=None
        An int gives the same scores in each run on one machine.
    verbose : int, default=0
        1 shows the progress of the members on standard output.

    Attributes
    ----------
    members_ : list of detectors
        The fitted members. Ctrl-C ends the training with the member under way, and leaves
        those that there are.
    weights_ : array of shape (n_members,)
        Of the members in the mean.
    score_means_, score_scales_ : arrays of shape (n_members,)
        Mean and standard deviation of each member's scores over the calibration rows.
    threshold_, calibration_scores_, fit_seconds_, n_features_in_, feature_names_in_
        See `Detector`.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> few = [gt.detectors.WGAN(n_steps=100), gt.evaluation.BASELINES["PCA error"](0)]
    >>> detector = gt.detectors.Ensemble(few, random_state=0).fit(normal)
    >>> int((detector.predict(abnormal) == -1).sum())
    100
    """

    members: Sequence[Any] | None = None
    false_alarm_rate: Annotated[float, SHARE] = field(default=0.05, kw_only=True)
    random_state: int | np.random.RandomState | None = field(default=None, kw_only=True)
    verbose: int = field(default=0, kw_only=True)

    def fit(
        self, X: ArrayLike, y: Any = None, calibration: ArrayLike | None = None
    ) -> Self:
        """Fit all members to the same rows, and bring their scores to one scale.

        Parameters
        ----------
        X : array or DataFrame of shape (n, n_features), or images (n, height, width[, c])
            Normal rows, or mostly so.
        y : ignored
        calibration : rows like X, optional
            Normal rows of your own for scales and threshold; all of X is then trained on.
            By default a fifth of X, chosen at random, is kept for that.

        Returns
        -------
        self
        """
        with self._restored_on_failure():
            return self._fit(X, calibration)

    def anomaly_score(self, X: ArrayLike) -> Array:
        """Anomaly score of each row; up = more anomalous.

        Parameters
        ----------
        X : rows as `fit` takes them

        Returns
        -------
        array of shape (n,)
        """
        self._check_ready()
        return self._score(rows.checked(self, X))

    def explain(self, X: ArrayLike) -> Array:
        """How much each feature or pixel adds to the score of each row.

        The numbers of a row add up to its score minus the score of the mean training row
        (`gantutor.scoring.shapley_values`: the score is asked 4 times for each feature).

        Parameters
        ----------
        X : rows as `fit` takes them

        Returns
        -------
        array of the shape of X
        """
        self._check_ready()
        X = rows.checked(self, X)
        flat = X.reshape(len(X), -1)
        start = np.broadcast_to(self.mean_row_.reshape(1, -1), flat.shape)
        parts = shapley_values(
            lambda x: self._score(x.reshape(X.shape)),
            flat,
            start,
            [[column] for column in range(flat.shape[1])],
        )
        return parts.reshape(X.shape)

    def _fit(self, X: Any, calibration: ArrayLike | None) -> Self:
        began = time.perf_counter()
        check_parameters(self)
        X = rows.checked(self, X, fitting=True, at_least=MIN_ROWS)
        self.seed_ = drawn_seed(self.random_state)
        if calibration is None:
            X, kept = train_test_split(
                X, test_size=CALIBRATION_SHARE, random_state=self.seed_ % 2**32
            )
        else:
            kept = rows.checked(self, calibration)
        self.mean_row_ = X.mean(axis=0, dtype=float)
        given = self.members
        given = default_members() if given is None else _checked_members(given)
        seeds = np.random.SeedSequence(self.seed_).generate_state(len(given))
        self.members_ = []
        for number, (member, seed) in enumerate(zip(given, seeds, strict=True), 1):
            if self.verbose:
                print(f"Member {number} of {len(given)}: {type(member).__name__}")
            self.members_.append(self._fitted(_copied(member), int(seed), X, kept))
            if getattr(self.members_[-1], "stopped_", False) and number < len(given):
                warnings.warn(
                    f"The ensemble has {number} of {len(given)} members: the training was "
                    "stopped by the keyboard.",
                    stacklevel=3,
                )
                break
        self.learned_rows_ = None
        if not all(isinstance(member, OneClass) for member in self.members_):
            self.learned_rows_ = X  # from which `load` fits the others again
        kinds = [_kind(member) for member in self.members_]
        counts = Counter(kinds)
        self.weights_ = np.array([1 / len(counts) / counts[kind] for kind in kinds])
        scores = [anomaly_scores(member, kept) for member in self.members_]
        self.score_means_ = np.mean(scores, axis=1)
        self.score_scales_ = np.std(scores, axis=1)
        same = self.score_scales_ <= 1e-9 * np.abs(self.score_means_)
        self.score_scales_[same] = 1.0
        self._set_threshold(self._score(kept))
        self.fit_seconds_ = time.perf_counter() - began
        return self

    def _fitted(self, member: Any, seed: int, X: NDArray, kept: NDArray) -> Any:
        settings = {"random_state": seed, "verbose": self.verbose}
        names = member.get_params()
        member.set_params(**{k: v for k, v in settings.items() if k in names})
        if isinstance(member, OneClass):
            return member.fit(X, calibration=kept)
        return member.fit(X)

    def _score(self, X: NDArray) -> Array:
        scores = np.array([anomaly_scores(member, X) for member in self.members_])
        means, scales = self.score_means_[:, None], self.score_scales_[:, None]
        return (self.weights_[:, None] * (scores - means) / scales).sum(axis=0)

    @property
    def history_(self) -> dict[str, NDArray]:
        """The losses of each member that has some: "critic of member 0", and so on."""
        return {
            f"{name} of member {number}": losses
            for number, member in enumerate(self.members_)
            for name, losses in getattr(member, "history_", {}).items()
        }

    def to_tree(self) -> archive.Tree:
        """All that is needed to score again, for `gantutor.archive`."""
        self._refuse_own_class()

        def packed(member: Any) -> archive.Tree:
            if isinstance(member, OneClass):
                return member.to_tree()
            return baselines.packed(member, self.learned_rows_)

        return {
            "class": type(self).__name__,
            "given": self.members is not None,
            "false_alarm_rate": self.false_alarm_rate_,
            "random_state": None if self.random_state is None else self.seed_,
            "members": list(map(packed, self.members_)),
            "fitted": fitted_values(self, leave_out=("members_", "learned_rows_")),
        }

    @classmethod
    def from_tree(cls, tree: archive.Tree, unpack: Callable[[Any], Any]) -> Self:
        """What `to_tree` has described, put together again."""
        members = list(map(unpack, tree["members"]))
        ensemble = cls(
            list(map(clone, members)) if tree["given"] else None,
            false_alarm_rate=tree["false_alarm_rate"],
            random_state=tree["random_state"],
        )
        check_parameters(ensemble)
        ensemble.members_ = members
        rows_of = [member["rows"] for member in tree["members"] if "rows" in member]
        ensemble.learned_rows_ = rows_of[0] if rows_of else None
        needed = ("n_features_in_", "image_shape_", "mean_row_", "seed_", *SCALES)
        restore_values(ensemble, tree["fitted"], needed)
        for name in SCALES:
            values = np.asarray(vars(ensemble)[name], dtype=float)
            if values.shape != (len(members),) or not np.isfinite(values).all():
                raise ValueError(f"its {name} are no {len(members)} numbers")
        return ensemble

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def default_members() -> list[Any]:
    """Two WGANs and three GANomalys, whose residual counts as much as their codes."""
    reconstructions = [GANomaly(score_contextual_weight=1.0) for _ in range(3)]
    return [WGAN(), WGAN(), *reconstructions]


def _checked_members(members: Any) -> list[Any]:
    """The members as a list, or a ValueError if one of them is no unfitted detector."""
    listed = list(members) if isinstance(members, Sequence) else []
    scores = ("anomaly_score", "score_samples")
    wrong = [
        member
        for member in listed
        if isinstance(member, type)
        or not all(hasattr(member, name) for name in ("fit", "get_params"))
        or not any(hasattr(member, name) for name in scores)
    ]
    if not listed or wrong:
        raise ValueError(
            f"members is {members!r}; it must be a sequence of unfitted detectors, such as "
            "[WGAN(), GANomaly()]."
        )
    return listed


def _copied(member: Any) -> Any:
    """An unfitted copy. Networks of the reader's own stay one, so that graphs are shared."""
    given = member.get_params(deep=False).items()
    return clone(member).set_params(
        **{name: value for name, value in given if isinstance(value, keras.Model)}
    )


def _kind(member: Any) -> Any:
    """What members must have in common to share a weight."""
    return type(getattr(member, "estimator", member))
