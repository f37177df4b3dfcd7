"""The checks of notebook 12: stubs, plausible mistakes and solutions."""

import numpy as np
import pytest
from check_cases import Case, judged, tries, verdict
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

import gantutor as gt
from gantutor.check.images import BLURRED, DOTTED, ONES
from gantutor.networks import conv_network
from gantutor.scoring import p_values


def stub(calibration, values): ...


def solution(calibration, values):
    high = p_values(calibration, values)
    low = p_values(-calibration, -values)
    return np.minimum(1, 2 * np.minimum(high, low))


def by_counting(calibration, values):
    found = []
    for value in values:
        high = sum(c >= value for c in calibration)
        low = sum(c <= value for c in calibration)
        found.append(min(1, 2 * (1 + min(high, low)) / (len(calibration) + 1)))
    return found


def one_sided(calibration, values):
    return p_values(calibration, values)


def low_side(calibration, values):
    return p_values(-calibration, -values)


def without_the_factor(calibration, values):
    return np.minimum(one_sided(calibration, values), low_side(calibration, values))


def above_one(calibration, values):
    return 2 * without_the_factor(calibration, values)


def larger_side(calibration, values):
    larger = np.maximum(one_sided(calibration, values), low_side(calibration, values))
    return np.minimum(1, 2 * larger)


def without_itself(calibration, values):
    high = (calibration >= values[:, None]).mean(axis=1)
    low = (calibration <= values[:, None]).mean(axis=1)
    return np.minimum(1, 2 * np.minimum(high, low))


def strictly_lower(calibration, values):
    high = p_values(calibration, values)
    low = (1 + (calibration < values[:, None]).sum(axis=1)) / (len(calibration) + 1)
    return np.minimum(1, 2 * np.minimum(high, low))


def strictly_higher(calibration, values):
    return strictly_lower(-calibration, -values)


def values_negated_alone(calibration, values):
    low = p_values(calibration, -values)
    return np.minimum(1, 2 * np.minimum(one_sided(calibration, values), low))


def one_minus_high(calibration, values):
    high = one_sided(calibration, values)
    return np.minimum(1, 2 * np.minimum(high, 1 - high))


CASES = [
    Case(
        "parameters_of_larger_images",
        (...,),
        [(10065,)],
        [
            ((8625,), "The layer after them does"),
            ((10064,), "bias of the last layer"),
            ((10017,), "biases of the convolutions"),
            ((10016,), "one for each channel and one"),
            ((8496,), "dense layer has parameters"),
            ((14769,), "halved twice"),
            ((9297,), "exactly 14"),
            ((2385,), "looks at all 16 channels"),
            ((1568,), "It has a bias too"),
            ((1569,), "convolutions have parameters"),
            ((10066,), "add up three layers"),
            (("many",), "must be one number"),
        ],
    ),
    Case(
        "power_of_edges",
        (...,),
        [(0.64,), (0.72,)],
        [
            ((0,), "blurred pictures get an AUROC of 0.17"),
            ((1,), "dot adds edges"),
            ((0.5,), "simple pictures rise"),
            ((0.6,), "blurred pictures get an AUROC of 0.588"),
            ((0.75,), "dotted ones 0.599. The power forgives"),
            ((-0.7,), "the power is -0.7. Look between"),
            ((50,), "the power is 50"),
            (((0.66, 0.61),), "must be one number"),
        ],
    ),
    Case(
        "two_sided",
        (stub,),
        [(solution,), (by_counting,)],
        [
            ((one_sided,), "low values get large p-values"),
            ((low_side,), "high values get large p-values"),
            ((without_the_factor,), "factor 2"),
            ((above_one,), "above 1"),
            ((larger_side,), "smaller of the two"),
            ((without_itself,), "not counted in"),
            ((strictly_lower,), "equal ones included"),
            ((strictly_higher,), "the value 9 has p = 0.40, and you have 0.20"),
            ((values_negated_alone,), "the value 0 has p = 0.20, and you have 1.00"),
            ((one_minus_high,), "the value 2 has p = 0.60, and you have 0.20"),
            (
                (lambda c, v: min(1, 2 * min(one_sided(c, v), low_side(c, v))),),
                "raised",
            ),
            ((lambda c, v: solution(v, c),), "each of the values, must have the shape"),
            ((lambda calibration, values: 0.05,), "shape (6,)"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)


def test_the_count_is_that_of_keras() -> None:
    count = conv_network((28, 28, 1), 1).count_params()
    assert verdict("parameters_of_larger_images", (count,))


def residual_and_edges(pca, pictures):
    rows = pictures.reshape(len(pictures), -1)
    made = pca.inverse_transform(pca.transform(rows))
    across, down = (np.abs(np.diff(pictures, axis=axis)) for axis in (2, 1))
    return np.abs(rows - made).sum(axis=1), across.sum(axis=(1, 2)) + down.sum((1, 2))


def aurocs(powers) -> np.ndarray:
    """What the notebook gets for blurred and dotted pictures and the ones, by the power."""
    train, test, y = gt.data.one_class_split(*gt.data.digits(1))
    sharp = test[y == 0]
    blurred = gaussian_filter(sharp, sigma=(0, 0.7, 0.7), mode="constant")
    rng, dotted = np.random.default_rng(0), sharp[:100].copy()
    for picture in dotted.reshape(100, -1):
        picture[rng.choice(np.flatnonzero(picture == 0))] = 16
    pca = PCA(8, svd_solver="full").fit(train.reshape(len(train), -1))
    pairs = (sharp, blurred), (sharp[:100], dotted), (sharp, test[y == 1])
    found = []
    for normal, odd in pairs:
        labels = np.repeat([0, 1], [len(normal), len(odd)])
        residual, edges = residual_and_edges(pca, np.concatenate([normal, odd]))
        found.append(
            [roc_auc_score(labels, residual / (edges + 1) ** power) for power in powers]
        )
    return np.array(found)


def test_the_aurocs_that_power_of_edges_knows_are_those_one_gets() -> None:
    known = [BLURRED, DOTTED, ONES]
    np.testing.assert_allclose(known, aurocs(np.linspace(0, 1, 11)), atol=6e-4)


def test_power_of_edges_accepts_each_power_that_does_what_is_asked() -> None:
    powers = np.linspace(0.6, 0.76, 17)
    enough = aurocs(powers)[:2].min(axis=0) >= 0.6
    accepted = np.array([bool(verdict("power_of_edges", (p,))) for p in powers])
    assert accepted[enough].all() and accepted.sum() <= enough.sum() + 1
