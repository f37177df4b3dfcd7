"""What each detector, with its defaults, finds on made data whose best score is known.

Ten seeds and all rungs of the ladder are measured in `benchmarks`.
"""

import functools

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import gantutor as gt

gt.setup()

SOUND = ["WGAN", "FenceGAN", "AnoGAN", "FAnoGAN", "BiGAN", "ALAD", "GANomaly"]
RUNG = "dependence", 0.9

# What is promised, as a share of the best possible AUROC, where 95 % is out of reach or of
# some seeds' reach: the fence and the pairs of BiGAN leave gaps along thin directions.
BOUNDS = {"AnoGAN": 0.92, "BiGAN": 0.50, "FenceGAN": 0.85}


def test_the_sound_detectors_are_all_but_the_plain_gan():
    classes = set(gt.detectors.__all__) - {"Detector", "Ensemble"}
    assert classes - set(SOUND) == {"GAN"}


def auroc(detector, normal: np.ndarray, abnormal: np.ndarray) -> float:
    rows = np.concatenate([normal, abnormal])
    y = np.repeat([0, 1], [len(normal), len(abnormal)])
    return roc_auc_score(y, detector.anomaly_score(rows))


@pytest.mark.parametrize("name", SOUND)
def test_the_scripts_anomalies_are_found_on_three_of_three_seeds(name):
    found = []
    for seed in range(3):
        normal, abnormal = gt.data.script_data(seed=seed)
        detector = getattr(gt.detectors, name)(random_state=seed).fit(normal[:500])
        found.append(auroc(detector, normal[500:], abnormal))
    assert min(found) >= 0.9995


@functools.cache
def on_the_ladder(name: str, seed: int):
    """A detector with its defaults, and what it finds of a broken correlation."""
    normal, abnormal = gt.data.ladder(*RUNG, seed=seed)
    detector = getattr(gt.detectors, name)(random_state=seed).fit(normal[:1000])
    return detector, auroc(detector, normal[1000:], abnormal)


@pytest.mark.parametrize("name", SOUND)
def test_a_broken_correlation_is_found_to_a_known_share_of_the_best_auroc(name):
    found = np.mean([on_the_ladder(name, seed)[1] for seed in range(2)])
    assert found / gt.data.best_auroc(*RUNG) >= BOUNDS.get(name, 0.95)


def test_a_row_across_the_correlation_is_more_anomalous_than_one_along_it():
    wgan, _ = on_the_ladder("WGAN", 0)
    along, across = np.full((1, 10), 1.0), np.tile([[1.0, -1.0]], 5)
    assert wgan.p_value(across) < 0.01 < wgan.p_value(along)


def test_a_broken_correlation_is_found_by_several_detectors():
    found = [on_the_ladder(name, 0)[1] for name in SOUND]
    assert sum(auroc >= 0.95 for auroc in found) >= 3
