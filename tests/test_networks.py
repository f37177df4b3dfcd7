"""Networks have the promised shapes, sizes and linear ends, and seeded weights."""

import random
import threading

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gantutor as gt
from gantutor import networks

gt.setup()

few = settings(max_examples=8, deadline=None)
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
    assert networks.conv_network(shape, 1, filters)(images).shape == (2, 1)
    assert networks.conv_network(shape, 5, filters)(images).shape == (2, 5)


def test_parameter_count_of_a_conv_discriminator_worked_out_by_hand():
    network = networks.conv_network((8, 8, 1), 1, (16, 32))
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
        networks.conv_network((8, 8, 1), 1),
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
    network = networks.conv_network((height, width, 1), 1, (3, 5))
    n_features = networks.hidden_features(network).output_shape[1]
    assert (3 + 5) <= n_features <= 16 * (3 + 5)


def test_pooled_features_are_means_over_squares():
    network = networks.conv_network((16, 16, 1), 1, (3,))  # then 8 x 8
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


# the last hidden layer alone


def test_the_last_hidden_layer_alone_is_the_end_of_all_features():
    network = networks.dense_discriminator(3, (4, 5))
    x = normal(6, 3)
    last = networks.hidden_features(network, last=True)(x).numpy()
    assert last.shape == (6, 5)
    np.testing.assert_array_equal(last, networks.hidden_features(network)(x)[:, 4:])
    kernel, bias = network.layers[-1].get_weights()
    np.testing.assert_allclose(network(x), last @ kernel + bias, rtol=1e-4, atol=1e-6)


def test_the_last_hidden_layer_of_a_convolution_is_pooled():
    network = networks.conv_network((32, 32, 1), 1, (2, 3))  # 8 x 8 x 3 at the end
    x = normal(2, 32, 32, 1)
    last = networks.hidden_features(network, last=True)(x).numpy()
    activations = keras.Model(network.input, network.layers[2].output)(x).numpy()
    means = activations.reshape(2, 4, 2, 4, 2, 3).mean((2, 4))
    np.testing.assert_allclose(last, means.reshape(2, -1), rtol=1e-4, atol=1e-6)


# pairs

PAIRS = {
    "row and row": ((3,), (3,)),
    "row and latent": ((3,), (2,)),
    "latent and latent": ((2,), (2,)),
    "image and image": ((10, 9, 1), (10, 9, 1)),
    "image and latent": ((10, 9, 2), (3,)),
}
each_pair = pytest.mark.parametrize("shapes", PAIRS.values(), ids=PAIRS)


@each_pair
def test_a_pair_discriminator_maps_two_batches_to_one_logit(shapes):
    network = networks.pair_discriminator(*shapes, (24, 20))
    assert [tensor.shape[1:] for tensor in network.inputs] == [*shapes]
    assert network([normal(4, *shape) for shape in shapes]).shape == (4, 1)


@each_pair
def test_the_logit_of_a_pair_depends_on_both(shapes):
    with networks.initial_weights(0):
        network = networks.pair_discriminator(*shapes, (24, 20))
    first, second = (normal(4, *shape) for shape in shapes)
    logits = network([first, second]).numpy()
    assert (network([first + 1, second]).numpy() != logits).all()
    assert (network([first, second + 1]).numpy() != logits).all()


@each_pair
def test_pairs_have_hidden_features_that_depend_on_both(shapes):
    with networks.initial_weights(0):
        network = networks.pair_discriminator(*shapes, (24, 20))
    first, second = (normal(4, *shape) for shape in shapes)
    widths = {}
    for last in (False, True):
        features = networks.hidden_features(network, last=last)
        values = features([first, second]).numpy()
        widths[last] = values.shape[1]
        assert (features([first + 1, second]).numpy() != values).any(axis=1).all()
        assert (features([first, second + 1]).numpy() != values).any(axis=1).all()
    assert widths[True] < widths[False]


def test_parameter_counts_of_pair_discriminators_worked_out_by_hand():
    table = networks.pair_discriminator((3,), (2,), (4, 5))
    assert table.count_params() == (5 + 1) * 4 + (4 + 1) * 5 + (5 + 1)
    images = networks.pair_discriminator((8, 8, 1), (8, 8, 1), (4, 5))
    convolutions = 16 * 2 * 4 + 4 + 16 * 4 * 5 + 5  # two images are two channels
    assert images.count_params() == convolutions + 2 * 2 * 5 + 1
    mixed = networks.pair_discriminator((8, 8, 1), (3,), (4, 5))
    convolutions = 16 * 1 * 4 + 4 + 16 * 4 * 5 + 5
    joined = 2 * 2 * 5 + 3  # the latent point beside what the convolutions have made
    assert mixed.count_params() == convolutions + (joined + 1) * 20 + 21


def test_a_pair_of_rows_is_judged_as_one_row_with_the_columns_of_both():
    network = networks.pair_discriminator((3,), (2,), (4,))
    alone = networks.dense_discriminator(5, (4,))
    alone.set_weights(network.get_weights())
    first, second = normal(6, 3), normal(6, 2)
    np.testing.assert_allclose(
        network([first, second]), alone(np.hstack([first, second])), rtol=1e-5
    )


# spectral normalisation

NORMALIZED = {
    "dense": lambda: networks.dense_discriminator(4, (6, 5)),
    "convolutions": lambda: networks.conv_network((9, 8, 2), 3, (3, 4)),
    "pair of rows": lambda: networks.pair_discriminator((3,), (2,), (6, 5)),
    "image and latent": lambda: networks.pair_discriminator((8, 8, 1), (2,), (3, 4)),
}
each_normalized = pytest.mark.parametrize("build", NORMALIZED.values(), ids=NORMALIZED)


def batches(network: keras.Model) -> list[np.ndarray]:
    return [normal(3, *tensor.shape[1:]) for tensor in network.inputs]


def called(network: keras.Model, times: int = 1, training: bool = False) -> np.ndarray:
    inputs = batches(network)
    for _ in range(times):
        output = network(inputs if len(inputs) > 1 else inputs[0], training=training)
    return output.numpy()


def largest_singular_values(network: keras.Model) -> list[float]:
    kernels = [w.numpy() for w in network.trainable_weights if len(w.shape) > 1]
    return [np.linalg.norm(k.reshape(-1, k.shape[-1]), 2) for k in kernels]


@each_normalized
def test_training_brings_the_largest_singular_value_of_each_kernel_to_one(build):
    with networks.initial_weights(0):
        network = networks.spectral_normalization(build())
    assert max(np.abs(np.subtract(largest_singular_values(network), 1))) > 0.1
    called(network, times=40, training=True)
    values = largest_singular_values(network)
    assert len(values) >= 3
    np.testing.assert_allclose(values, 1, rtol=0.02)


@each_normalized
def test_spectral_normalization_changes_no_weight_when_scoring(build):
    network = networks.spectral_normalization(build())
    before = network.get_weights()
    first, second = called(network), called(network)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(first, second)


@each_normalized
def test_spectral_normalization_keeps_the_architecture_and_takes_fresh_weights(build):
    network = build()
    before = network.get_weights()
    copied = networks.spectral_normalization(network)
    assert copied.count_params() > network.count_params()  # a vector for each kernel
    assert [w.shape for w in copied.trainable_weights] == [
        w.shape for w in network.trainable_weights
    ]
    for old, weight, new in zip(
        before, network.get_weights(), copied.trainable_weights, strict=True
    ):
        np.testing.assert_array_equal(old, weight)
        assert old.ndim == 1 or (old != new.numpy()).all()
    plain = [layer for layer in network.layers if layer.weights]
    wrapped = [layer.layer for layer in copied.layers if layer.weights]
    assert [layer.get_config() for layer in wrapped] == [
        layer.get_config() for layer in plain
    ]


@each_normalized
def test_a_normalized_network_with_the_same_weights_computes_the_same(build):
    network = build()
    copied = networks.spectral_normalization(network)
    for old, new in zip(
        network.trainable_weights, copied.trainable_weights, strict=True
    ):
        new.assign(old)
    np.testing.assert_allclose(called(copied), called(network), rtol=1e-5, atol=1e-6)


def test_spectral_normalization_divides_by_the_norm_and_leaves_the_direction():
    """One column: its norm is found at once, so one call divides by it."""
    network = networks.spectral_normalization(networks.dense_network(3, 1, ()))
    kernel = normal(3, 1)
    network.trainable_weights[0].assign(kernel)
    called(network, training=True)
    expected = kernel / np.linalg.norm(kernel)
    np.testing.assert_allclose(network.trainable_weights[0], expected, rtol=1e-5)


def test_spectral_normalization_of_a_kernel_of_zeros_stays_finite():
    network = networks.spectral_normalization(networks.dense_network(3, 2, (4,)))
    for weight in network.trainable_weights:
        weight.assign(np.zeros(weight.shape))
    assert not called(network, times=3, training=True).any()
    assert all(np.isfinite(weight).all() for weight in network.get_weights())
    assert not any(weight.numpy().any() for weight in network.trainable_weights)


def test_spectral_normalization_works_on_once_a_kernel_of_zeros_has_moved():
    network = networks.spectral_normalization(networks.dense_network(3, 2, ()))
    kernel = network.trainable_weights[0]
    kernel.assign(np.zeros((3, 2)))
    called(network, training=True)
    kernel.assign(normal(3, 2))
    called(network, times=40, training=True)
    np.testing.assert_allclose(largest_singular_values(network), 1, rtol=0.02)


def test_last_features_are_those_that_go_into_the_last_layer_of_a_branching_network():
    """One branch reads the first input, the other the second; both end in the last layer."""
    inputs = [keras.Input((3,)), keras.Input((3,))]
    shared = keras.layers.Dense(4, "tanh")
    joined = keras.layers.Concatenate()([shared(x) for x in inputs])
    model = keras.Model(inputs, keras.layers.Dense(1)(joined))
    features = networks.hidden_features(model, last=True)
    a, b = (np.random.default_rng(i).standard_normal((5, 3)) for i in range(2))
    expected = np.concatenate([shared(a), shared(b)], axis=1)
    np.testing.assert_allclose(features([a, b]), expected, rtol=1e-5)


def test_another_thread_that_draws_does_not_change_the_initial_weights():
    def weights():
        with networks.initial_weights(0):
            return networks.dense_generator(3, 3, (4, 4)).get_weights()

    over = threading.Event()

    def draw():
        while not over.is_set():
            random.random()
            random.randint(0, 9)

    alone, other = weights(), threading.Thread(target=draw)
    other.start()
    try:
        found = [weights() for _ in range(5)]
    finally:
        over.set()
        other.join()
    for each in found:
        for a, b in zip(alone, each, strict=True):
            np.testing.assert_array_equal(a, b)
