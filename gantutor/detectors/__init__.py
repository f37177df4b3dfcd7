"""Anomaly detectors with scikit-learn's interface, one file a method."""

from gantutor.detectors.alad import ALAD
from gantutor.detectors.anogan import AnoGAN
from gantutor.detectors.base import Detector
from gantutor.detectors.bigan import BiGAN
from gantutor.detectors.ensemble import Ensemble
from gantutor.detectors.f_anogan import FAnoGAN
from gantutor.detectors.fence_gan import FenceGAN
from gantutor.detectors.gan import GAN
from gantutor.detectors.ganomaly import GANomaly
from gantutor.detectors.wgan import WGAN

__all__ = [
    "ALAD",
    "GAN",
    "WGAN",
    "AnoGAN",
    "BiGAN",
    "Detector",
    "Ensemble",
    "FAnoGAN",
    "FenceGAN",
    "GANomaly",
]
