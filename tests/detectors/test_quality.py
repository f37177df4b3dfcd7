"""What each detector, with its defaults, finds on made data whose best score is known."""

import functools

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import gantutor as gt

gt.setup()

SOUND = ["WGAN", "FenceGAN", "AnoGAN", "FAnoGAN", "BiGAN", "ALAD", "GANomaly"]
RUNGS = [("shift", 1.0), ("shift", 1.5), ("scale", 2.0), ("dependence", 0.9)]

# What is promised, as a share of the best possible AUROC, where 95 % is out of reach or of
# some seeds' reach. Residuals after an encoder or a search see only what the generator cannot
# make, and a generator with as many latent dimensions as there are columns makes nearby
# anomalies too; the fence and the pairs of BiGAN leave gaps along thin directions.
BOUNDS = {
    ("AnoGAN", "shift", 1.0): 0.75,
    ("AnoGAN", "shift", 1.5): 0.80,
    ("AnoGAN", "scale", 2.0): 0.87,
    ("AnoGAN", "dependence", 0.9): 0.92,
    ("FAnoGAN", "shift", 1.0): 0.75,
    ("FAnoGAN", "shift", 1.5): 0.80,
    ("FAnoGAN", "scale", 2.0): 0.90,
    ("GANomaly", "shift", 1.0): 0.72,
    ("GANomaly", "shift", 1.5): 0.80,
    ("GANomaly", "scale", 2.0): 0.88,
    ("BiGAN", "shift", 1.0): 0.87,
    ("BiGAN", "dependence", 0.9): 0.50,  # .54 on one seed of four, .94 to .98 on three
    ("ALAD", "shift", 1.0): 0.90,
    ("FenceGAN", "shift", 1.0): 0.90,
    ("FenceGAN", "dependence", 0.9): 0.85,
}


def test_the_sound_detectors_are_all_but_the_plain_gan():
    classes = set(gt.detectors.__all__) - {"Detector", "Ensemble", "load"}
    assert classes - set(SOUND) == {"GAN"}


def auroc(detector, normal: np.ndarray, abnormal: np.ndarray) -> float:
    rows = np.concatenate([normal, abnormal])
    y = np.repeat([0, 1], [len(normal), len(abnormal)])
    return roc_auc_score(y, detector.anomaly_score(rows))


@pytest.mark.parametrize("name", SOUND)
def test_the_scripts_anomalies_are_found_on_ten_of_ten_seeds(name):
    found = []
    for seed in range(10):
        normal, abnormal = gt.data.script_data(seed=seed)
        detector = getattr(gt.detectors, name)(random_state=seed).fit(normal[:500])
        found.append(auroc(detector, normal[500:], abnormal))
    assert min(found) >= 0.999


@functools.cache
def on_the_ladder(name: str, kind: str, level: float) -> float:
    """Mean AUROC of a detector with its defaults over two seeds."""
    found = []
    for seed in range(2):
        normal, abnormal = gt.data.ladder(kind, level, seed=seed)
        detector = getattr(gt.detectors, name)(random_state=seed).fit(normal[:1000])
        found.append(auroc(detector, normal[1000:], abnormal))
    return float(np.mean(found))


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: f"{rung[0]} {rung[1]}")
@pytest.mark.parametrize("name", SOUND)
def test_the_ladder_is_climbed_to_a_known_share_of_the_best_possible_auroc(name, rung):
    share = on_the_ladder(name, *rung) / gt.data.best_auroc(*rung)
    assert share >= BOUNDS.get((name, *rung), 0.95)


def test_a_broken_correlation_is_found_by_several_detectors():
    found = [on_the_ladder(name, "dependence", 0.9) for name in SOUND]
    assert sum(auroc >= 0.95 for auroc in found) >= 3
