"""Ensemble: several detectors of one kind that differ in their random numbers alone.

Paper: Han et al. 2021, "GAN ensemble for anomaly detection" (arXiv 2012.07988), which
trains several generators against several discriminators and averages the scores. Here each
generator keeps to its own networks, so that any detector can be a member.
Score: the mean of the members' scores, each with mean 0 and standard deviation 1 over the
training rows.

What one training has missed by bad luck, another one finds; the spread between seeds falls.
The members share their scaling, their calibration rows and their compiled graphs. They are
trained one after the other. On a CPU nothing is lost by that: a step in which five train
together takes five times as long (`python -m benchmarks.speed --only growth`).
"""

import time
import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from gantutor.detectors.base import Array, Detector
from gantutor.detectors.ganomaly import GANomaly

SHARED = (  # what all members have in common
    "seed_",
    "n_features_in_",
    "feature_names_in_",
    "image_shape_",
    "center_",
    "scale_",
    "typical_",
)


class Ensemble(Detector):
    """Score = mean of the scores of several detectors, each brought to one scale.

    Parameters
    ----------
    detector : Detector, optional
        What the members are: a detector that is copied, by default ``GANomaly()``. Its
        `random_state`, `false_alarm_rate`, `verbose` and `warm_start` are not used.
    n_members : int, default=5
        How many. `fit` and `anomaly_score` take as many times longer.
    false_alarm_rate, random_state, verbose
        See `Detector`. With the same `random_state` the first member is bit for bit what
        `detector` alone would be.

    Attributes
    ----------
    members_ : list of Detector
        The fitted members, to be asked and not to be trained on. Ctrl-C ends the training
        with the member under way, and leaves those that there are.
    score_means_, score_scales_ : arrays of shape (n_members,)
        Mean and standard deviation of each member's scores over the training rows.
    history_ : dict of str to array
        The losses of each member: "discriminator of member 0", and so on.
        See `Detector` for the other attributes.

    Examples
    --------
    >>> import gantutor as gt
    >>> normal, abnormal = gt.data.script_data(seed=0)
    >>> member = gt.detectors.GANomaly(n_steps=100)
    >>> detector = gt.detectors.Ensemble(member, n_members=2, random_state=0)
    >>> int((detector.fit(normal).predict(abnormal) == -1).sum())
    100
    """

    members_: list[Detector]

    def __init__(
        self,
        detector: Detector | None = None,
        n_members: int = 5,
        false_alarm_rate: float = 0.05,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.detector = detector
        self.n_members = n_members
        self.false_alarm_rate = false_alarm_rate
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, X: ArrayLike) -> Self:
        began = time.perf_counter()
        self._check_parameters()
        kind = GANomaly() if self.detector is None else clone(self.detector)
        self._fitted_parameters = self.get_params(deep=False)
        if self.detector is not None:
            self._fitted_parameters["detector"] = kind
        settings = {
            **kind.get_params(deep=False),  # one object each, so that graphs are shared
            "random_state": self._drawn_seed(),
            "false_alarm_rate": self.false_alarm_rate,
            "verbose": self.verbose,
            "warm_start": False,
        }
        self.members_ = []
        for number in range(self.n_members):
            if self.verbose:
                print(f"Member {number + 1} of {self.n_members}")
            member = type(kind)(**settings)
            member._member = number
            self.members_.append(member.fit(X))
            member.training_state_ = {}  # most of what would be stored, and not needed
            if member._stopped and number + 1 < self.n_members:
                warnings.warn(
                    f"The ensemble has {number + 1} of {self.n_members} members: the "
                    "training was stopped by the keyboard.",
                    stacklevel=3,
                )
                break
        first = vars(self.members_[0])
        for name in SHARED:
            self.__dict__.pop(name, None)
        self.__dict__.update({name: first[name] for name in SHARED if name in first})
        calibration, training = self._split(self._checked(X))
        scores = [member._map("_score", training) for member in self.members_]
        self.score_means_ = np.mean(scores, axis=1)
        self.score_scales_ = np.std(scores, axis=1)
        same = self.score_scales_ <= 1e-9 * np.abs(self.score_means_)
        self.score_scales_[same] = 1.0
        self.history_ = {
            f"{name} of member {number}": losses
            for number, member in enumerate(self.members_)
            for name, losses in member.history_.items()
        }
        self._calibrate(calibration, len(training), began)
        return self

    def _check_parameters(self) -> None:
        self._check_whole("n_members")
        self._check_number("false_alarm_rate", below=1.0)
        given = self.detector
        if given is not None and (
            not isinstance(given, Detector) or isinstance(given, Ensemble)
        ):
            raise ValueError(
                f"detector is {given!r}; it must be a detector that is no ensemble, such "
                "as gt.detectors.GANomaly()."
            )

    def _score(self, x: tf.Tensor) -> tf.Tensor:
        return self._mean_of(lambda member: tf.cast(member._score(x), tf.float64))

    def _map(
        self, method: str, rows: Array, size: int | None = None, verbose: int = 0
    ) -> Array:
        """Scores of rows in the units of the data, or what each column adds to them."""
        return self._mean_of(
            lambda member: member._map(method, rows, size, verbose),
            centred=method == "_score",
        )

    def _mean_of(
        self, values_of: Callable[[Detector], NDArray], centred: bool = True
    ) -> NDArray:
        """Mean over the members, each brought to one scale."""
        means = self.score_means_ if centred else np.zeros(len(self.members_))
        scaled = [
            (values_of(member) - mean) / scale
            for member, mean, scale in zip(
                self.members_, means, self.score_scales_, strict=True
            )
        ]
        return sum(scaled[1:], start=scaled[0]) / len(scaled)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()  # the members know how they are copied
