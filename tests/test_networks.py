"""Networks have the promised shapes, sizes and linear ends, and seeded weights."""

import random

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gantutor as gt
from gantutor import networks

gt.setup()

few = settings(max_examples=15, deadline=None)
widths = st.lists(st.integers(1, 20), max_size=3)
sides = st.integers(8, 32)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


# dense


@few
@given(n_inputs=st.integers(1, 30), n_outputs=st.integers(1, 30), hidden=widths)
def test_dense_network_maps_any_width_to_any_width(n_inputs, n_outputs, hidden):
    network = networks.dense_network(n_inputs, n_outputs, hidden)
    assert network(normal(4, n_inputs)).shape == (4, n_outputs)
    sizes = [n_inputs, *hidden, n_outputs]
    by_hand = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    assert network.count_params() == by_hand


def test_parameter_counts_of_the_script_are_those_worked_out_by_hand():
    assert networks.dense_generator(10, 10, (16,)).count_params() == 11 * 16 + 17 * 10
    assert networks.dense_discriminator(10, (16,)).count_params() == 11 * 16 + 17 * 1


def test_dense_networks_map_between_noise_rows_logits_and_latent_points():
    assert networks.dense_generator(3, 7)(normal(5, 3)).shape == (5, 7)
    assert networks.dense_discriminator(7)(normal(5, 7)).shape == (5, 1)
    assert networks.dense_encoder(7, 3)(normal(5, 7)).shape == (5, 3)


def test_a_network_without_hidden_layers_is_a_linear_map():
    network = networks.dense_network(3, 2, ())
    kernel, bias = network.get_weights()
    x = normal(5, 3)
    np.testing.assert_allclose(network(x), x @ kernel + bias, rtol=1e-5, atol=1e-6)


# convolutional


@few
@given(
    height=sides,
    width=sides,
    channels=st.integers(1, 3),
    filters=st.lists(st.integers(1, 6), min_size=1, max_size=3),
)
def test_conv_networks_fit_images_of_8_to_32_pixels_odd_ones_too(
    height, width, channels, filters
):
    shape = (height, width, channels)
    images, noise = normal(2, *shape), normal(2, 5)
    assert networks.conv_generator(5, shape, filters)(noise).shape == images.shape
    assert networks.conv_discriminator(shape, filters)(images).shape == (2, 1)
    assert networks.conv_encoder(shape, 5, filters)(images).shape == (2, 5)


def test_parameter_count_of_a_conv_discriminator_worked_out_by_hand():
    network = networks.conv_discriminator((8, 8, 1), (16, 32))
    convolutions = (16 * 1 + 0) * 16 + 16 + 16 * 16 * 32 + 32  # 4 x 4 windows
    assert network.count_params() == convolutions + 2 * 2 * 32 + 1


def test_parameter_count_of_a_conv_generator_worked_out_by_hand():
    network = networks.conv_generator(5, (8, 8, 1), (32, 16))
    dense = (5 + 1) * 2 * 2 * 32
    assert network.count_params() == dense + 16 * 32 * 16 + 16 + 16 * 16 * 1 + 1


@pytest.mark.parametrize(
    "network",
    [
        networks.dense_discriminator(4),
        networks.conv_discriminator((8, 8, 1)),
        networks.dense_generator(4, 4),
    ],
    ids=["dense discriminator", "conv discriminator", "dense generator"],
)
def test_the_last_layer_is_linear(network):
    last = keras.Model(network.layers[-1].input, network.output)
    x = normal(4, *network.layers[-1].input.shape[1:])
    zero = last(np.zeros_like(x)).numpy()
    np.testing.assert_allclose(
        last(-3 * x) - zero, -3 * (last(x) - zero), rtol=1e-3, atol=1e-4
    )


def test_conv_generator_can_make_any_pixel_value():
    generator = networks.conv_generator(4, (9, 11, 1))
    images = generator(100 * normal(50, 4)).numpy()
    assert images.min() < -1
    assert images.max() > 1


# hidden features


def test_hidden_features_are_the_activations_of_all_hidden_layers():
    network = networks.dense_discriminator(3, (4, 5))
    w1, b1, w2, b2, _, _ = network.get_weights()
    x = normal(6, 3)
    first = np.maximum(x @ w1 + b1, 0)
    second = np.maximum(first @ w2 + b2, 0)
    features = networks.hidden_features(network)(x)
    np.testing.assert_allclose(
        features, np.hstack([first, second]), rtol=1e-4, atol=1e-6
    )


def test_hidden_features_follow_the_weights_of_their_network():
    network = networks.dense_discriminator(3, (4,))
    features = networks.hidden_features(network)
    network.set_weights([np.zeros_like(w) for w in network.get_weights()])
    assert not features(normal(6, 3)).numpy().any()


def test_hidden_features_work_for_one_layer_and_for_a_sequential_model():
    layers = [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dropout(0.5)]
    network = keras.Sequential([*layers, keras.layers.Dense(1)])
    assert networks.hidden_features(network)(normal(2, 3)).shape == (2, 4)


@few
@given(height=sides, width=sides)
def test_convolutions_are_pooled_to_at_most_4_by_4(height, width):
    network = networks.conv_discriminator((height, width, 1), (3, 5))
    n_features = networks.hidden_features(network).output_shape[1]
    assert (3 + 5) <= n_features <= 16 * (3 + 5)


def test_pooled_features_are_means_over_squares():
    network = networks.conv_discriminator(
        (16, 16, 1), (3,)
    )  # 8 x 8 after the convolution
    x = normal(2, 16, 16, 1)
    activations = keras.Model(network.input, network.layers[1].output)(x).numpy()
    means = activations.reshape(2, 4, 2, 4, 2, 3).mean((2, 4))
    features = networks.hidden_features(network)(x)
    np.testing.assert_allclose(features, means.reshape(2, -1), rtol=1e-4, atol=1e-6)


def test_a_network_without_hidden_layers_has_no_features():
    with pytest.raises(ValueError, match="no hidden layer.*at least one"):
        networks.hidden_features(networks.dense_discriminator(3, ()))


# initial weights


def weights(seed: int) -> np.ndarray:
    with networks.initial_weights(seed):
        network = networks.dense_generator(3, 2)
    return np.concatenate([w.ravel() for w in network.get_weights()])


def test_initial_weights_depend_on_the_seed_alone():
    first = weights(1)
    random.random()
    np.testing.assert_array_equal(weights(1), first)
    assert (weights(2) != first).any()


def test_two_networks_of_one_block_have_different_weights():
    with networks.initial_weights(0):
        a, b = (networks.dense_generator(3, 2).get_weights()[0] for _ in range(2))
    assert (a != b).all()


def test_initial_weights_leave_pythons_random_numbers_alone():
    state = random.getstate()
    weights(1)
    with pytest.raises(KeyError), networks.initial_weights(2):
        raise KeyError
    assert random.getstate() == state
