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
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from gantutor import archive, baselines, one_class, rows, scoring
from gantutor.detectors.ganomaly import GANomaly
from gantutor.detectors.wgan import WGAN
from gantutor.one_class import SHARE, Array, OneClass

MIN_ROWS = 10  # of which a member gets 8 to learn from
SCALES = ("weights_", "score_means_", "score_scales_")  # a number for each member
NEEDED = ("n_features_in_", "image_shape_", "mean_row_", "seed_", *SCALES)


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
    _: KW_ONLY
    false_alarm_rate: Annotated[float, SHARE] = 0.05
    random_state: int | np.random.RandomState | None = None
    verbose: int = 0

    def anomaly_score(self, X: ArrayLike) -> Array:
        """Anomaly score of each row of X, (n,); up = more anomalous."""
        self._check_ready()
        return self._mean(self._scores(rows.checked(self, X)))

    def explain(self, X: ArrayLike) -> Array:
        """How much each feature or pixel adds to the score of each row; of the shape of X.

        The numbers of a row add up to its score minus the score of the mean training row
        (`gantutor.scoring.shapley_values`: the score is asked 4 times for each feature).
        """
        self._check_ready()
        X = rows.checked(self, X)
        flat, usual = X.reshape(len(X), -1), self.mean_row_.ravel()

        def score(flat: NDArray) -> Array:
            return self._mean(self._scores(flat.reshape(X.shape)))

        return scoring.shapley_values(score, flat, usual).reshape(X.shape)

    def _fit(self, X: Any, calibration: ArrayLike | None) -> Self:
        began = time.perf_counter()
        X = rows.checked(self, X, fitting=True, at_least=MIN_ROWS)
        self.seed_ = one_class.drawn_seed(self.random_state)
        if calibration is None:
            share, seed = one_class.CALIBRATION_SHARE, self.seed_ % 2**32
            X, kept = train_test_split(X, test_size=share, random_state=seed)
        else:
            kept = rows.checked(self, calibration)
        self.mean_row_ = X.mean(axis=0, dtype=float)
        members = default_members() if self.members is None else self.members
        if not isinstance(members, Sequence) or not members:
            needed = "a sequence of unfitted detectors, such as [WGAN(), GANomaly()]"
            raise ValueError(f"members is {members!r}; it must be {needed}.")
        seeds = np.random.SeedSequence(self.seed_).generate_state(len(members)).tolist()
        unfitted = [
            baselines.copied(member, random_state=seed, verbose=self.verbose)
            for member, seed in zip(members, seeds, strict=True)
        ]
        self.members_: list[Any] = []
        for member, seed in zip(unfitted, seeds, strict=True):
            said = f"{len(self.members_) + 1} of {len(unfitted)}"
            if self.verbose:
                print(f"Member {said}: {type(member).__name__}")
            self.members_.append(baselines.fitted(member, X, kept, seed))
            if getattr(member, "stopped_", False) and member is not unfitted[-1]:
                words = "the training was stopped by the keyboard."
                warnings.warn(f"The ensemble has {said} members: {words}", stacklevel=3)
                break
        kinds = [type(getattr(m, "estimator", m)) for m in self.members_]
        sizes = np.array([kinds.count(kind) for kind in kinds])
        self.weights_ = 1 / len(set(kinds)) / sizes
        scores = self._scores(kept)
        self.score_means_, spread = scores.mean(axis=1), scores.std(axis=1)
        same = spread <= 1e-9 * np.abs(self.score_means_)
        self.score_scales_ = np.where(same, 1.0, spread)
        self._set_threshold(self._mean(scores))
        self.fit_seconds_ = time.perf_counter() - began
        return self

    def _scores(self, X: NDArray) -> Array:  # (n_members, n)
        return np.array([baselines.anomaly_scores(m, X) for m in self.members_])

    def _mean(self, scores: Array) -> Array:
        above = scores.T - self.score_means_  # (n, n_members)
        return (self.weights_ * above / self.score_scales_).sum(axis=1)

    @property
    def history_(self) -> dict[str, NDArray]:
        """The losses of each member that has some: "critic of member 0", and so on."""
        return {
            f"{name} of member {number}": losses
            for number, member in enumerate(self.members_)
            for name, losses in getattr(member, "history_", {}).items()
        }

    def _parts(self) -> archive.Tree:
        return {"members": list(map(baselines.packed, self.members_))}

    @classmethod
    def from_tree(cls, tree: archive.Tree, unpack: Callable[[Any], Any]) -> Self:
        """What `to_tree` has described, put together again."""
        members = list(map(unpack, tree["members"]))
        ensemble = cls(list(map(clone, members)), **tree["parameters"])
        ensemble.members_ = members
        one_class.restore_values(ensemble, tree["fitted"], NEEDED)
        one_class.refuse_other_shapes(ensemble, dict.fromkeys(SCALES, (len(members),)))
        return ensemble


def default_members() -> list[Any]:
    """Two WGANs and three GANomalys, whose residual counts as much as their codes."""
    reconstructions = [GANomaly(score_contextual_weight=1.0) for _ in range(3)]
    return [WGAN(), WGAN(), *reconstructions]
