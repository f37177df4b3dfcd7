"""Checks of the exercises of notebook 05."""

from collections.abc import Callable, Sequence

import numpy as np

from gantutor.check._common import Answer, Off, Verdict, call, exercise, number

__all__ = ["off_centre_reference", "paired_gain", "wider_untrained"]


@exercise
def off_centre_reference(place: float) -> Verdict:
    """Check where -logit D* is lowest, for p = N(0, 1) and the reference q = N(3, 3^2)."""
    x = number(place, "the place")
    return Answer(
        value=-3 / 8,  # where the slope of x^2 / 2 - (x - 3)^2 / 18 is zero
        within=0.03,
        mistakes={
            "zero would be right for -log p alone, or for a reference with its middle "
            "at zero. This one has a slope of its own at zero: which way does log q "
            "grow?": 0,
            "the distance from zero is right. Now the side: log q is added to the "
            "score, and it is largest at 3. Is the score lower towards 3, or away from "
            "it?": 3 / 8,
        },
        otherwise=f"at {x:g} the score still has a slope of {x - (x - 3) / 9:+.2f}. "
        "Write down log q - log p without its constants, take the slope, and find "
        "where it is zero.",
        right="-3/8. The reference is densest around 3, so the score is pushed up "
        "there and the lowest point moves to the other side. It moves little, because "
        "the reference is wide. With a width of 30 it would be -0.003.",
    ).judge(x)


@exercise
def wider_untrained(aurocs: Sequence[float]) -> Verdict:
    """Check AUROCs of untrained critics of widths 16, 128 and 512 on the two moons."""
    values = np.asarray(aurocs, dtype=float)
    if values.shape != (3,):
        raise Off(
            f"three numbers are needed, one for each width, and you gave {values.size}."
        )
    return Answer(
        mistakes={
            "an AUROC lies between 0 and 1.": ((values < 0) | (values > 1)).any(),
            "an AUROC below 0.5 says that normal points score higher than anomalies. "
            "Look at the order of the labels, and at "
            "the sign of the score.": (values < 0.5).any(),
            f"{values.max():.3f} is what a trained critic gets, or the other distance. "
            "Is learning_rate 1e-12, n_steps 1, and the "
            "score the Gaussian one?": (values > 0.91).any(),
            f"{values.min():.3f} is lower than an untrained critic gets on these "
            "points. Are training and test points those "
            "of the cell above?": (values < 0.78).any(),
            "three widths that agree to the last digit are one width three times: does "
            "`hidden` reach the detector?": len(set(values)) == 1,
            "the last number is larger than the first, and with the same points for "
            "each width it is the narrowest critic that gets most. Is the list in the "
            "order 16, 128, 512?": values[2] > values[0] + 0.001,
        },
        right="more random features are not better ones. From 16 units to 512 the "
        "untrained critic stays below the trained one with 128.",
    ).judge(values)


@exercise
def paired_gain(function: Callable[..., tuple[float, float]]) -> Verdict:
    """Check a function of two arrays of AUROCs: mean gain and its standard error.

    Entry i of ``trained`` and of ``untrained`` belongs to the same seed.
    """
    untrained = np.array([0.61, 0.93, 0.74, 0.85, 0.68])
    gains = np.array([0.03, 0.01, 0.01, 0.06, -0.01])
    trained = untrained + gains
    found = np.asarray(call(function, trained, untrained), dtype=float)
    if found.shape != (2,):
        raise Off(
            "the function must return two numbers, the mean gain and its error, and it "
            f"returns something of shape {found.shape}."
        )
    mean, error = found
    n = len(gains)
    expected, spread = gains.mean(), gains.std(ddof=1)
    unpaired = np.sqrt((trained.var(ddof=1) + untrained.var(ddof=1)) / n)
    Answer(
        value=(expected, spread / np.sqrt(n)),
        within=1e-6,
        mistakes={
            "the mean has the wrong sign. A gain is positive where the trained critic "
            "is better.": np.isclose(mean, -expected),
            "the mean counts losses as gains. Keep the "
            "sign of each difference.": np.isclose(mean, np.abs(gains).mean()),
            f"for gains of {gains.tolist()} the first number must be their mean, "
            f"{expected:.3f}, and yours is {mean:.3f}.": not np.isclose(mean, expected),
            f"your error is {error:.3f}, larger than all of the gains. It still "
            "contains how hard each seed's split is, which is the same for both "
            "critics. Subtract first, then take the spread.": (
                np.isclose(error, unpaired) or error > 0.05
            ),
            "the second number is the spread of single gains. The mean of n gains is "
            "known better than that: by how much?": np.isclose(error, spread),
            "nearly. With five gains, the spread around their own mean comes out too "
            "small. Look up ddof in the documentation "
            "of numpy.std.": np.isclose(error, gains.std(ddof=0) / np.sqrt(n)),
        },
        otherwise=f"your error is {error:.4f}. It should be the standard deviation of "
        "the differences over the square root of their number.",
    ).judge(found)
    fewer = np.asarray(call(function, trained[:3], untrained[:3]), dtype=float)
    return Answer(
        value=(gains[:3].mean(), gains[:3].std(ddof=1) / np.sqrt(3)),
        otherwise="for five seeds both numbers are right, and for three they are not. "
        "Does the number of seeds come from the arrays?",
        right=f"{mean:.3f} with an error of {error:.3f}. Without the pairing the error "
        f"would be {unpaired:.3f}, and nothing could be said.",
    ).judge(fewer)
