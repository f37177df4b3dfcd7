"""The checks of notebook 09: stubs, plausible mistakes and solutions."""

from types import SimpleNamespace

import numpy as np
import pytest
from check_cases import Case, judged, tries

import gantutor as gt


def stub(a, b): ...


def solution(a, b):
    gains = np.asarray(a) - np.asarray(b)
    return np.mean(gains * gains.mean() < 0)


def with_a_loop(a, b):
    mean = sum(x - y for x, y in zip(a, b, strict=True)) / len(a)
    against = [x - y for x, y in zip(a, b, strict=True) if (x - y) * mean < 0]
    return len(against) / len(a)


def how_many(a, b):
    return len(a) * solution(a, b)


def who_agree(a, b):
    return np.mean((a - b) * np.mean(a - b) > 0)


def ties_too(a, b):
    return np.mean((a - b) * np.mean(a - b) <= 0)


def against_the_median(a, b):
    return np.mean((a - b) * np.median(a - b) < 0)


def b_ahead(a, b):
    return np.mean(a < b)


def a_ahead(a, b):
    return np.mean(a > b)


def unpaired(a, b):
    return solution(np.sort(a), np.sort(b))


def without_the_first_seed(a, b):
    return solution(a[1:], b[1:])


NORMAL, ODD = gt.data.ladder("shift", 1.0, n_normal=1600, n_abnormal=400)
CENTER, SCALE = NORMAL[:800].mean(axis=0), NORMAL[:800].std(axis=0)


def fake(rows=NORMAL[:800], latent_dim=4, scale=SCALE):
    """A detector that rebuilds rows better whose first column is large."""

    def reconstruct(X):
        z = (X - CENTER) / scale
        return X - 0.9 * scale * z / (1 + 0.5 * np.abs(z[:, :1]))

    def anomaly_score(X):
        return np.linalg.norm(X, axis=1)

    return SimpleNamespace(
        latent_dim=latent_dim,
        center_=CENTER,
        scale_=scale,
        reconstruct=reconstruct,
        anomaly_score=anomaly_score,
        calibration_scores_=np.sort(anomaly_score(rows[::5])),
    )


def residuals_and_squares(rows):
    z = (rows - CENTER) / SCALE
    change = (rows - fake().reconstruct(rows)) / SCALE
    return np.square(change).mean(axis=1), np.square(z).mean(axis=1)


(R0, S0), (R1, S1) = residuals_and_squares(NORMAL[800:]), residuals_and_squares(ODD)
R, S = residuals_and_squares(NORMAL[:800])
LEFT = R0.mean() / S0.mean(), R1.mean() / S1.mean()
ALL = np.concatenate([S0, S1]).mean()


CASES = [
    Case(
        "two_trainings",
        ((..., ...), (..., ...)),
        [((1, 0), (1, 0.5)), ([1.0, 0.0], np.array([1.0, 0.5]))],
        [
            (((1, 0), (1, 0)), "where does b end"),
            (((1, 0.5), (1, 0.5)), "Which b makes that smallest"),
            (((1, 0.5), (1, 0)), "swapped"),
            (((0.5, 0.5), (0.5, 0.5)), "a moves in both"),
            (((1, 0), (0.5, 0.5)), "a moves in both"),
            (((0.5, 0), (1, 0.5)), "a moves in both"),
            (((1, 1), (1, 0.5)), "so it can only blur E"),
            (((1, -0.5), (1, 0.5)), "so it can only blur E"),
            (((1, 0), (1, 1)), "nothing moves it"),
            (((1, 0), (0, 0)), "nothing moves it"),
            (((0, 0), (0, 0)), "write the losses down"),
            (((1, 1), (1, 1)), "write the losses down"),
            ((1, 0.5), "after_izi must have the shape (2,)"),
            (((1, 0), (1, 0, 0)), "after_ziz must have the shape (2,)"),
            ((("a", "b"), (1, 0.5)), "must be numbers"),
        ],
    ),
    Case(
        "fewer_latent_dimensions",
        (..., ..., ...),
        [(fake(), *LEFT), (fake(), *np.round(LEFT, 3))],
        [
            ((fake(), R0.mean(), R1.mean()), "not divided yet"),
            ((fake(), R0.mean() / ALL, R1.mean() / ALL), "all test rows"),
            (
                (fake(), R0.mean() / S0.mean(), R1.mean() / S0.mean()),
                "mean square of the normal rows",
            ),
            ((fake(), 1 - LEFT[0], 1 - LEFT[1]), "that are rebuilt"),
            (
                (fake(), np.median(R0) / np.median(S0), np.median(R1) / np.median(S1)),
                "these are medians. Take means",
            ),
            (
                (fake(), np.median(R0 / S0), np.median(R1 / S1)),
                "these are medians of a ratio",
            ),
            ((fake(), (R0 / S0).mean(), (R1 / S1).mean()), "means of a ratio"),
            ((fake(), *LEFT[::-1]), "swapped"),
            ((fake(), 0.05, 0.06), "what ten latent dimensions leave"),
            ((fake(), LEFT[0], 0.06), "left_of_odd is 0.060"),
            ((fake(), LEFT[0], 0.95), "a mean over the columns"),
            ((fake(), 0.2, LEFT[1]), "of the same kind"),
            (
                (fake(), 10 * LEFT[0], 10 * LEFT[1]),
                "a mean over the columns, not a sum",
            ),
            ((fake(), 100 * LEFT[0], 100 * LEFT[1]), "percentages"),
            ((fake(), R.mean() / S.mean(), LEFT[1]), "of the training rows"),
            ((fake(), np.sqrt(LEFT[0]), np.sqrt(LEFT[1])), "mean square of the scaled"),
            ((fake(), R0 / S0, R1 / S1), "left_of_normal must be one number"),
            ((fake(), LEFT[0], R1.mean()), "left_of_odd is 0.752"),
            ((gt.detectors.FAnoGAN(latent_dim=4), *LEFT), "itself, fitted"),
            ((fake(NORMAL), *LEFT), "135 are others"),
            ((fake(NORMAL[800:]), *LEFT), "not fitted on the training rows"),
            ((fake(latent_dim=10), *LEFT), "latent_dim 10"),
            ((0.5, *LEFT), "the detector itself"),
        ],
    ),
    Case(
        "against_the_mean",
        (stub,),
        [(solution,), (with_a_loop,)],
        [
            ((how_many,), "Divide by how many there are"),
            ((who_agree,), "say the same as the mean"),
            ((ties_too,), "It says nothing"),
            ((against_the_median,), "opposite of the median"),
            ((b_ahead,), "b is ahead"),
            ((a_ahead,), "a is ahead"),
            ((unpaired,), "Take the difference seed by seed first"),
            ((without_the_first_seed,), "so the share is 0.5. Yours is 0"),
            ((lambda a, b: a - b,), "must be one number"),
            ((lambda a, b: np.mean(a - b),), "so the share is 0.5"),
            ((0.5,), "a function is needed"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "answer", "begins", "words"), list(tries(CASES)))
def test_what_a_check_says(name, answer, begins, words) -> None:
    judged(name, answer, begins, words)
