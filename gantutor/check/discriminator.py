"""Answers to the exercises of notebook 05."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from gantutor.check._common import Off, Verdict, call, exercise, number, right

__all__ = ["off_centre_reference", "paired_gain", "wider_untrained"]


@exercise
def off_centre_reference(place: float) -> Verdict:
    """Where -logit D* is lowest, for p = N(0, 1) and the reference q = N(3, 3^2).

    The score is x^2 / 2 - (x - 3)^2 / 18 and a constant; its slope x - (x - 3) / 9 is zero
    at x = -3 / 8.

    Parameters
    ----------
    place : float
        The reader's x.

    Returns
    -------
    Verdict
    """
    x = number(place, "the place")
    if abs(x + 0.375) < 0.03:
        return right(
            "-3/8. The reference is densest around 3, so the score is pushed up there and "
            "the lowest point moves to the other side. It moves little, because the "
            "reference is wide. With a width of 30 it would be -0.003."
        )
    if abs(x) < 0.03:
        raise Off(
            "zero would be right for -log p alone, or for a reference with its middle at "
            "zero. This one has a slope of its own at zero: which way does log q grow?"
        )
    if abs(x - 0.375) < 0.03:
        raise Off(
            "the distance from zero is right. Now the side: log q is added to the score, "
            "and it is largest at 3. Is the score lower towards 3, or away from it?"
        )
    raise Off(
        f"at {x:g} the score still has a slope of {x - (x - 3) / 9:+.2f}. Write down "
        "log q - log p without its constants, take the slope, and find where it is zero."
    )


@exercise
def wider_untrained(aurocs: Sequence[float]) -> Verdict:
    """AUROCs of untrained critics of widths 16, 128 and 512 on the two moons.

    Parameters
    ----------
    aurocs : sequence of three floats
        In the order of the widths.

    Returns
    -------
    Verdict
    """
    values = np.asarray(aurocs, dtype=float)
    if values.shape != (3,):
        raise Off(
            f"three numbers are needed, one for each width, and you gave {values.size}."
        )
    if ((values < 0) | (values > 1)).any():
        raise Off("an AUROC lies between 0 and 1.")
    if (values < 0.5).any():
        raise Off(
            "an AUROC below 0.5 says that normal points score higher than anomalies. Look "
            "at the order of the labels, and at the sign of the score."
        )
    if (values > 0.91).any():
        raise Off(
            f"{values.max():.3f} is what a trained critic gets, or the other distance. Is "
            "learning_rate 1e-12, n_steps 1, and the score the Gaussian one?"
        )
    if (values < 0.78).any():
        raise Off(
            f"{values.min():.3f} is lower than an untrained critic gets on these points. "
            "Are training and test points those of the cell above?"
        )
    if len(set(values)) == 1:
        raise Off(
            "three widths that agree to the last digit are one width three times: does "
            "`hidden` reach the detector?"
        )
    return right(
        "more random features are not better ones. From 16 units to 512 the untrained "
        "critic stays below the trained one with 128."
    )


@exercise
def paired_gain(function: Callable[..., tuple[float, float]]) -> Verdict:
    """A function of two arrays of AUROCs that returns mean gain and its standard error.

    Parameters
    ----------
    function : callable
        Takes ``trained`` and ``untrained``, arrays of shape (n,), where entry i of both
        belongs to the same seed.

    Returns
    -------
    Verdict
    """
    untrained = np.array([0.61, 0.93, 0.74, 0.85, 0.68])
    gains = np.array([0.03, 0.01, 0.01, 0.06, -0.01])
    trained = untrained + gains
    mean, error = _two_numbers(call(function, trained, untrained))
    n = len(gains)
    if np.isclose(mean, -gains.mean()):
        raise Off(
            "the mean has the wrong sign. A gain is positive where the trained critic is "
            "better."
        )
    if np.isclose(mean, np.abs(gains).mean()):
        raise Off("the mean counts losses as gains. Keep the sign of each difference.")
    if not np.isclose(mean, gains.mean()):
        raise Off(
            f"for gains of {gains.tolist()} the first number must be their mean, "
            f"{gains.mean():.3f}, and yours is {mean:.3f}."
        )
    unpaired = np.sqrt((trained.var(ddof=1) + untrained.var(ddof=1)) / n)
    if np.isclose(error, unpaired) or error > 0.05:
        raise Off(
            f"your error is {error:.3f}, larger than all of the gains. It still contains "
            "how hard each seed's split is, which is the same for both critics. Subtract "
            "first, then take the spread."
        )
    if np.isclose(error, gains.std(ddof=1)):
        raise Off(
            "the second number is the spread of single gains. The mean of n gains "
            "is known better than that: by how much?"
        )
    if np.isclose(error, gains.std(ddof=0) / np.sqrt(n)):
        raise Off(
            "nearly. With five gains, the spread around their own mean comes out "
            "too small. Look up ddof in the documentation of numpy.std."
        )
    if not np.isclose(error, gains.std(ddof=1) / np.sqrt(n)):
        raise Off(
            f"your error is {error:.4f}. It should be the standard deviation of the "
            "differences over the square root of their number."
        )
    return right(
        f"{mean:.3f} with an error of {error:.3f}. Without the pairing the error would be "
        f"{unpaired:.3f}, and nothing could be said."
    )


def _two_numbers(answer: ArrayLike) -> tuple[float, float]:
    values = np.asarray(answer, dtype=float)
    if values.shape != (2,):
        raise Off(
            "the function must return two numbers, the mean gain and its error, and it "
            f"returns something of shape {values.shape}."
        )
    return float(values[0]), float(values[1])
