"""The checks of notebook 10: stubs, plausible mistakes and solutions."""

from types import SimpleNamespace

import numpy as np
import pytest
from check_cases import Case, judged, tries

import gantutor as gt


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
        "batches_of_one",
        (...,),
        [(1,)],
        [
            ((100,), "batch is one row"),
            ((0,), "How many of them differ"),
            ((10,), "reaches the next layer"),
            ((64,), "reaches the next layer"),
            (("one",), "must be one number"),
            ((np.inf,), "finite"),
            ((99,), "reaches the next layer"),
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
