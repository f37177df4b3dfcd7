"""The plain GAN's discriminator, and why it cannot be trusted."""

import numpy as np
import pytest
from detector_cases import NEW, RNG, ROWS, tiny
from sklearn.metrics import roc_auc_score

import gantutor as gt
from gantutor.detectors import GAN

gt.setup()


def test_the_score_is_minus_the_logit_of_the_scaled_row(fitted_of):
    gan = fitted_of(GAN)
    logits = gan.discriminator_((NEW - gan.center_) / gan.scale_).numpy()[:, 0]
    np.testing.assert_allclose(gan.anomaly_score(NEW), -logits, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("m", "auroc"), [(0.5, 1.0), (-0.5, 0.0)])
def test_the_best_discriminator_ranks_by_where_the_generator_stands(m, auroc):
    """For p = N(0, I) and q = N(m, I) the best logit is -m.x + |m|^2 / 2."""
    normal, abnormal = gt.data.script_data()
    best = gt.networks.dense_discriminator(10, ())
    best.set_weights([np.full((10, 1), -m), np.array([10 * m**2 / 2])])
    scores = gt.scoring.discriminator_score(best, np.concatenate([normal, abnormal]))
    y = np.repeat([0, 1], [len(normal), len(abnormal)])
    assert roc_auc_score(y, scores) == pytest.approx(auroc, abs=1e-9)


def test_latent_dim_is_the_number_of_columns_but_at_most_16(not_compiled):
    for n_columns, given, latent_dim in ((3, None, 3), (20, None, 16), (3, 5, 5)):
        rows = RNG.random((20, n_columns))
        gan = tiny(GAN, n_steps=1, latent_dim=given).fit(rows)
        assert gan.generator_.input_shape == (None, latent_dim)


def test_hidden_is_the_width_of_the_discriminators_layers_and_reversed_for_g(
    not_compiled,
):
    gan = tiny(GAN, n_steps=1, hidden=(8, 6)).fit(ROWS)
    for network, widths in (
        (gan.discriminator_, [8, 6, 1]),
        (gan.generator_, [6, 8, 4]),
    ):
        assert [layer.units for layer in network.layers[1:]] == widths
