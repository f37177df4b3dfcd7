"""Anomaly detection with GANs in TensorFlow: the package behind the notebooks.

``import gantutor as gt`` is quick: a module, and TensorFlow with it, is loaded when it is
first used. Each module is the room that one notebook leads to:

==============  ==========  =======================================================
module          notebook    what is in it
==============  ==========  =======================================================
``data``        01          made and real data, one-class split
``networks``    02          generator, discriminator, encoder: dense, convolutional
``losses``      03          adversarial losses, gradient penalty
``training``    03, 06      the steps, and the compiled loop that runs them
``scoring``     04, 05, 08  scores, latent search, explanations, threshold, p-values
``one_class``   05          what anything with scores can do: threshold, decision, file
``detectors``   04 on       scikit-learn style detectors, one file a method; `Ensemble`
``evaluation``  14          protocol, tables, paired bootstrap; ``baselines`` beside it
``series``      13          windows of a signal, scores of points, honest counts
``tables``      15          text, dates and gaps made ready, one detector for all
``plotting``    all         every figure, with its description in words
``check``       all         the answers to the exercises
==============  ==========  =======================================================

Under them lie ``archive`` (a file of JSON and arrays) and ``rows`` (checks and scaling), above
them ``loading``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gantutor.startup import refuse_old_processor, refuse_other_backend, setup

if TYPE_CHECKING:  # the same names as below, where editors and type checkers see them
    from gantutor import (
        check,
        data,
        detectors,
        evaluation,
        losses,
        networks,
        one_class,
        plotting,
        scoring,
        series,
        tables,
        training,
    )
    from gantutor.loading import load

__version__ = "0.2.0"
__all__ = [
    "check",
    "data",
    "detectors",
    "evaluation",
    "load",
    "losses",
    "networks",
    "one_class",
    "plotting",
    "scoring",
    "series",
    "setup",
    "tables",
    "training",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'gantutor' has no attribute {name!r}")
    refuse_other_backend()
    refuse_old_processor()
    if name == "load":
        return import_module("gantutor.loading").load
    return import_module(f"gantutor.{name}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
