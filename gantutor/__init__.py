"""Anomaly detection with GANs in TensorFlow: the package behind the notebooks.

``import gantutor as gt`` is quick: a module, and TensorFlow with it, is loaded when it is
first used. Each module is the room that one notebook leads to:

==============  ==========  =======================================================
module          notebook    what is in it
==============  ==========  =======================================================
``data``        01          made and real data, one-class split
``networks``    02          generator, discriminator, encoder: dense, convolutional
``losses``      03          adversarial losses, gradient penalty
``training``    03          the step, and the compiled loop that runs it
``scoring``     04          scores, latent search, threshold, p-values
``detectors``   04 on       scikit-learn style detectors, one file a method
``evaluation``  10          protocol, classical baselines, tables, paired bootstrap
``tables``      11          text, dates and gaps made ready, one detector for all
``plotting``    all         every figure, with its description in words
``check``       all         the answers to the exercises
==============  ==========  =======================================================
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gantutor.startup import setup

if TYPE_CHECKING:  # the same names as below, where editors and type checkers see them
    from gantutor import (
        check,
        data,
        detectors,
        evaluation,
        losses,
        networks,
        plotting,
        scoring,
        tables,
        training,
    )
    from gantutor.detectors import load

__version__ = "0.1.0"
__all__ = [
    "check",
    "data",
    "detectors",
    "evaluation",
    "load",
    "losses",
    "networks",
    "plotting",
    "scoring",
    "setup",
    "tables",
    "training",
]


def __getattr__(name: str) -> Any:
    if name == "load":
        return import_module("gantutor.detectors").load
    if name in __all__:
        return import_module(f"gantutor.{name}")
    raise AttributeError(f"module 'gantutor' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
