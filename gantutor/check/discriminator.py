"""Checks of the exercises of notebook 07."""

from collections.abc import Callable, Sequence

import numpy as np

from gantutor.check._common import Answer, Verdict, exercise
from gantutor.check._reading import Off, call, is_near, is_reordered, number, numbers

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
    """Check the AUROCs of untrained critics of widths 16, 128 and 512 on the two moons."""
    found = numbers(aurocs, (3,), "the list of AUROCs")
    value, table_1 = np.array([0.9279, 0.9109, 0.8873]), [0.9175, 0.8813, 0.8676]
    seed_1, seed_2 = [0.9332, 0.9130, 0.8903], [0.9362, 0.9136, 0.8904]
    return Answer(
        value=value,
        within=0.002,
        near=0.0015,
        mistakes={
            "an AUROC lies between 0 and 1: 90 % is 0.9.": any(found > 1),
            "these are one minus the right numbers: normal points score higher than "
            "anomalies. Look at the order of the labels, and at the sign of the "
            "score.": 1 - value,
            "three right numbers in the wrong order. Which of them belongs to the "
            "width 16?": is_reordered(found, value, 0.002),
            "these are the raw columns' AUROCs, without a network. Search the "
            "neighbours in the critic's features: "
            'critic_scores(...)["neighbours"].': [0.9452, 0.9452, 0.9452],
            "these are scores by the critic's output. The question is about "
            '"neighbours".': [0.3738, 0.3622, 0.5551],
            "these critics come from seed 1. Take players(2, 0, width).": seed_1,
            "these critics come from seed 2. Take players(2, 0, width).": seed_2,
            "the rows are those of tables(1). Take tables(0).": table_1,
            "rows and critics come from seed 1. Take tables(0) and players(2, 0, "
            "width).": [0.9052, 0.8866, 0.8685],
            "these critics were made without a generator before them, so they drew "
            "other weights. Take players(2, 0, width)[1].": [0.9301, 0.9181, 0.8888],
            "your width stands where the seed belongs, and all three critics are 128 "
            "wide. Take players(2, 0, width).": [0.9155, 0.9133, 0.9105],
            "these are the numbers of the Gaussian score. The question is about "
            '"neighbours".': [0.838, 0.840, 0.838],
            "these are distances in features that are not whitened. Take "
            'critic_scores(...)["neighbours"], which whitens '
            "them.": [0.944, 0.941, 0.945],
            "three widths that agree to the last digit are one width three times. Does "
            "`width` reach `players`?": np.ptp(found) == 0,
        },
        otherwise=f"at least one is off by {abs(found - value).max():.3f}. Known are "
        'the first 1000 points of tables(0)["two moons"], new are its usual and its '
        "odd points; the critics come from `players` with seed 0 and are not trained. "
        "Give the numbers as they are, without rounding.",
        right="the more random features, the lower, with this seed: from 0.928 with 16 "
        "units to 0.887 with 512. Whitening gives each direction of the features the "
        "same say, and most of a thousand random ones say little about moons.",
    ).judge(found)


@exercise
def paired_gain(function: Callable) -> Verdict:
    """Check a function of two arrays of AUROCs: mean gain and its standard error.

    Entry i of ``trained`` and of ``untrained`` belongs to the same seed.
    """
    untrained = np.array([0.61, 0.93, 0.74, 0.85, 0.68])
    trained = untrained + np.array([0.03, 0.01, 0.01, 0.06, -0.01])
    what = "the result, mean gain and standard error,"
    found = numbers(call(function, trained, untrained), (2,), what)
    of_three = numbers(call(function, trained[:3], untrained[:3]), (2,), what)
    gains = trained - untrained
    mean, spread, sizes = gains.mean(), gains.std(ddof=1), abs(gains)
    error, of_sizes = spread / np.sqrt(5), sizes.std(ddof=1) / np.sqrt(5)
    unpaired = np.sqrt((trained.var(ddof=1) + untrained.var(ddof=1)) / 5)
    three = gains[:3].mean(), gains[:3].std(ddof=1) / np.sqrt(3)
    told = f"for gains of {np.round(gains, 3).tolist()} the first number"
    verdict = Answer(
        value=[mean, error],
        mistakes={
            "the mean has the wrong sign. A gain is positive where the trained critic "
            "is better.": [-mean, error],
            "losses are counted as gains. Keep the sign of each difference.": [
                sizes.mean(),
                of_sizes,
            ],
            "your error still contains how hard each seed's split is, which is the "
            "same "
            "for both critics. Subtract first, then take the spread.": [mean, unpaired],
            "the second number is the spread of single gains. The mean of n gains is "
            "known better than that: by how much?": [mean, spread],
            "nearly. With few gains, the spread around their own mean comes out too "
            "small. Look up ddof in the documentation of "
            "numpy.std.": [mean, gains.std() / np.sqrt(5)],
            "the two numbers are right, in the wrong order: the mean gain comes "
            "first.": [error, mean],
            f"{told} must be their mean, {mean:.3f}, and yours is "
            f"{found[0]:.3f}.": not is_near(found[0], mean),
        },
        otherwise=f"{told} is right, and the second is {found[1]:.4f}. It should be "
        "the standard deviation of the gains over the square root of their number.",
        right="for the five seeds of the check 0.020 with an error of 0.012. Without "
        "the pairing the error would be 0.084, and nothing could be said.",
    ).judge(found)
    if not is_near(of_three, three):
        raise Off(
            "for five seeds both numbers are right, and for three they are not. Does "
            "the number of seeds come from the arrays?"
        )
    return verdict
