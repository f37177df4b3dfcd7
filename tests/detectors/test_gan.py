"""The plain GAN's discriminator, and why it cannot be trusted."""

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import gantutor as gt

gt.setup()

TINY = {"n_steps": 3, "batch_size": 8, "hidden": (8,), "random_state": 0}
ROWS = np.random.default_rng(0).normal(50, 3, (40, 4))


def test_the_score_is_minus_the_logit_of_the_scaled_row():
    gan = gt.detectors.GAN(**TINY).fit(ROWS)
    logits = gan.discriminator_((ROWS - gan.center_) / gan.scale_).numpy()[:, 0]
    np.testing.assert_allclose(gan.anomaly_score(ROWS), -logits, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("m", "auroc"), [(0.5, 1.0), (-0.5, 0.0)])
def test_the_best_discriminator_ranks_by_where_the_generator_stands(m, auroc):
    """For p = N(0, I) and q = N(m, I) the best logit is -m.x + |m|^2 / 2."""
    normal, abnormal = gt.data.script_data()
    best = gt.networks.dense_discriminator(10, ())
    best.set_weights([np.full((10, 1), -m), np.array([10 * m**2 / 2])])
    scores = gt.scoring.discriminator_score(best, np.concatenate([normal, abnormal]))
    y = np.repeat([0, 1], [len(normal), len(abnormal)])
    assert roc_auc_score(y, scores) == pytest.approx(auroc, abs=1e-9)


# networks of one's own


def own_networks() -> dict[str, keras.Model]:
    generator = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(4)]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, "tanh"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    return {"generator": generator, "discriminator": discriminator}


def test_own_networks_are_used_and_left_as_they_were():
    own = own_networks()
    before = {name: network.get_weights() for name, network in own.items()}
    gan = gt.detectors.GAN(**TINY, latent_dim=3, **own).fit(ROWS)
    assert [layer.name for layer in gan.discriminator_.layers] == [
        layer.name for layer in own["discriminator"].layers
    ]
    for name, network in own.items():
        for old, new in zip(before[name], network.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


def test_own_networks_start_from_fresh_weights_that_the_seed_decides():
    own = own_networks()
    scores = []
    for _ in range(2):
        gan = gt.detectors.GAN(**TINY, latent_dim=3, **own).fit(ROWS)
        scores.append(gan.anomaly_score(ROWS))
        for network in own.values():
            network.set_weights([w + 1 for w in network.get_weights()])
    np.testing.assert_array_equal(*scores)


def test_dropout_is_off_when_scoring():
    gan = gt.detectors.GAN(**TINY, latent_dim=3, **own_networks()).fit(ROWS)
    np.testing.assert_array_equal(gan.anomaly_score(ROWS), gan.anomaly_score(ROWS))


def dense(n_inputs: int, n_outputs: int) -> keras.Model:
    return gt.networks.dense_network(n_inputs, n_outputs, (5,))


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        ({"generator": dense(7, 4)}, r"generator .*\(7,\) to \(4,\).*\(4,\) to \(4,\)"),
        ({"generator": dense(4, 9)}, r"generator .*\(4,\) to \(9,\)"),
        ({"discriminator": dense(9, 1)}, r"discriminator .*\(9,\) to \(1,\)"),
        ({"discriminator": dense(4, 2)}, r"discriminator .*\(4,\) to \(2,\)"),
        ({"generator": "deep"}, "generator .*must be a keras.Model"),
        (
            {"discriminator": keras.Sequential([keras.layers.Dense(1)])},
            r"begins with keras.Input\(\(4,\)\)",
        ),
    ],
)
def test_own_networks_of_the_wrong_shape_are_refused_in_words(networks, words):
    with pytest.raises(ValueError, match=words):
        gt.detectors.GAN(**TINY, **networks).fit(ROWS)


def test_latent_dim_is_the_number_of_columns_but_at_most_16():
    for n_columns, latent_dim in ((3, 3), (20, 16)):
        rows = np.random.default_rng(0).random((20, n_columns))
        gan = gt.detectors.GAN(**TINY).fit(rows)
        assert gan.generator_.input_shape == (None, latent_dim)
    gan = gt.detectors.GAN(**TINY, latent_dim=5).fit(ROWS)
    assert gan.generator_.input_shape == (None, 5)


def test_hidden_is_the_width_of_the_discriminators_layers_and_reversed_for_g():
    gan = gt.detectors.GAN(**{**TINY, "hidden": (8, 6)}).fit(ROWS)
    for network, widths in (
        (gan.discriminator_, [8, 6, 1]),
        (gan.generator_, [6, 8, 4]),
    ):
        assert [layer.units for layer in network.layers[1:]] == widths
