"""The checks of notebook 11: stubs, plausible mistakes and solutions."""

import keras
import numpy as np
import pytest
from check_cases import Case, judged, tries


def stub(calibration, scores): ...


def solution(calibration, scores):
    low, high = calibration.min(), calibration.max()
    return (scores - low) / (high - low)


def by_the_batch(calibration, scores):
    return solution(scores, scores)


def by_all_scores(calibration, scores):
    return solution(np.concatenate([calibration, scores]), scores)


def cut_off(calibration, scores):
    return solution(calibration, scores).clip(0, 1)


def by_the_highest(calibration, scores):
    return scores / calibration.max()


def without_the_range(calibration, scores):
    return (scores - calibration.min()) / calibration.max()


def standardised(calibration, scores):
    return (scores - calibration.mean()) / calibration.std()


def upside_down(calibration, scores):
    return 1 - solution(calibration, scores)


def ranks(calibration, scores):
    return [(calibration < score).mean() for score in scores]


def right_in_company_only(calibration, scores):
    return solution(calibration, scores) if len(scores) > 1 else np.zeros(1)


def cut_off_above(calibration, scores):
    return np.minimum(solution(calibration, scores), 1)


def cut_off_below(calibration, scores):
    return np.maximum(solution(calibration, scores), 0)


def encoder(*layers, columns=10, latent_dim=10):
    inputs = x = keras.Input((columns,))
    for layer in layers:
        x = keras.layers.Dense(16)(x)
        x = layer(x)
        x = keras.layers.Activation("relu")(x)
    return keras.Model(inputs, keras.layers.Dense(latent_dim)(x))


class OverTheRows(keras.layers.Layer):
    """A normalisation of one's own that looks at the batch."""

    def call(self, x):
        return x - keras.ops.mean(x, axis=0)


ROOT = np.sqrt(0.5)
LAYERS = keras.layers


CASES = [
    Case(
        "batches_of_two",
        ((..., ...), (..., ...)),
        [((-1, 1), (-1, 1)), (np.array([-1.0, 1.0]), [-1, 1])],
        [
            (((-2, 2), (-348.5, 348.5)), "divide by the standard deviation"),
            (((-0.5, 0.5), (-1 / 348.5, 1 / 348.5)), "divides by the variance"),
            (((-ROOT, ROOT), (-ROOT, ROOT)), "n - 1"),
            (((1, -1), (1, -1)), "signs are swapped"),
            (((3, 7), (3, 700)), "the values themselves"),
            (((0, 0), (0, 0)), "a batch of one"),
            (((-1, 1), (-100, 100)), "near is right"),
            (((-1, 1), (-1, 175)), "near is right"),
            (((0, 1), (0, 1)), "the mean of 3 and 7 is 5"),
            ((-1, 1), "near must have the shape (2,)"),
            (((-1, 1), "one"), "far must be numbers"),
        ],
    ),
    Case(
        "normalised_alone",
        (...,),
        [
            (encoder(LAYERS.LayerNormalization(), LAYERS.LayerNormalization()),),
            (encoder(LAYERS.GroupNormalization(4), LAYERS.UnitNormalization()),),
        ],
        [
            ((encoder(LAYERS.BatchNormalization()),), "still a BatchNormalization"),
            (
                (encoder(LAYERS.LayerNormalization(), LAYERS.BatchNormalization()),),
                "still a BatchNormalization",
            ),
            (
                (encoder(LAYERS.LayerNormalization(), LAYERS.Dropout(0.2)),),
                "Something random",
            ),
            ((encoder(LAYERS.GaussianNoise(0.5)),), "Something random"),
            ((encoder(LAYERS.Identity()),), "nothing is normalised any more"),
            ((encoder(OverTheRows()),), "a row alone gets another latent point"),
            ((encoder(LAYERS.LayerNormalization(), columns=8),), "(None, 8)"),
            ((encoder(LAYERS.LayerNormalization(), latent_dim=4),), "(None, 4)"),
            ((LAYERS.LayerNormalization,), "a network is needed"),
            ((True,), "a network is needed"),
        ],
    ),
    Case(
        "scale_by_calibration",
        (stub,),
        [(solution,)],
        [
            ((by_the_batch,), "the mistake itself"),
            ((by_all_scores,), "calibration rows alone"),
            ((cut_off_above,), "Let them pass 1."),
            ((cut_off_below,), "Let them fall below 0"),
            ((cut_off,), "on both sides"),
            ((by_the_highest,), "Subtract it first"),
            ((without_the_range,), "highest minus the lowest"),
            ((standardised,), "honest too"),
            ((upside_down,), "swapped"),
            ((ranks,), "should become 0.5"),
            (
                (lambda c, s: np.where(s < 2, 0.1, solution(c, s)),),
                "should become [-0.125, -0.188, 0.5, 0.875]",
            ),
            ((right_in_company_only,), "alone"),
            ((lambda c, s: solution(s, c),), "for each of the scores, must have"),
            ((lambda c, s: np.sort(solution(c, s)),), "Yours become [0.062, 0.25"),
            ((lambda c, s: s - c.min() / (c.max() - c.min()),), "becomes 5.75"),
            ((lambda c, s: (s - c[0]) / (c[-1] - c[0]),), "becomes 0.429"),
            ((lambda c, s: (s - c.mean()) / np.ptp(c),), "becomes 0.1."),
            ((lambda c, s: min(1, solution(c, s)),), "raised ValueError"),
            ((lambda calibration, scores: 0.5,), "shape (6,)"),
            ((True,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)
