"""Anomaly detectors with scikit-learn's interface, one file a method."""

from gantutor.detectors.base import Detector
from gantutor.detectors.files import load
from gantutor.detectors.gan import GAN
from gantutor.detectors.wgan import WGAN

__all__ = ["GAN", "WGAN", "Detector", "load"]
