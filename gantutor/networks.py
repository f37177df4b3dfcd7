"""Generator, discriminator and encoder, dense and convolutional (notebook 02).

Plain functions that return a ``keras.Model``. A discriminator ends in one logit, never in a
sigmoid. Any of them can be replaced by a ``keras.Model`` of your own.
"""

import contextlib
import random
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import keras


def dense_network(
    n_inputs: int,
    n_outputs: int,
    hidden: Sequence[int] = (64, 64),
    activation: str = "relu",
    name: str | None = None,
) -> keras.Model:
    """A stack of Dense layers with a linear last layer.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Numbers per row that go in and come out.
    hidden : sequence of int, default=(64, 64)
        Width of each hidden layer; empty for a linear map.
    activation : str, default="relu"
        Keras name of the activation of the hidden layers.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Maps (batch, n_inputs) to (batch, n_outputs).
    """
    inputs = x = keras.Input((n_inputs,))
    for width in hidden:
        x = keras.layers.Dense(width, activation=activation)(x)
    outputs = keras.layers.Dense(n_outputs)(x)
    return keras.Model(inputs, outputs, name=name)


def dense_generator(
    latent_dim: int, n_features: int, hidden: Sequence[int] = (64, 64)
) -> keras.Model:
    """Generator of table rows: noise (batch, latent_dim) to rows (batch, n_features).

    Parameters
    ----------
    latent_dim : int
        Random numbers per row.
    n_features : int
        Columns of the table.
    hidden : sequence of int, default=(64, 64)
        Width of each hidden layer.

    Returns
    -------
    keras.Model
    """
    return dense_network(latent_dim, n_features, hidden, name="generator")


def dense_discriminator(
    n_features: int, hidden: Sequence[int] = (64, 64)
) -> keras.Model:
    """Discriminator of table rows: (batch, n_features) to one logit (batch, 1).

    Parameters
    ----------
    n_features : int
        Columns of the table.
    hidden : sequence of int, default=(64, 64)
        Width of each hidden layer.

    Returns
    -------
    keras.Model
    """
    return dense_network(n_features, 1, hidden, name="discriminator")


def dense_encoder(
    n_features: int, latent_dim: int, hidden: Sequence[int] = (64, 64)
) -> keras.Model:
    """Encoder of table rows: (batch, n_features) to latent points (batch, latent_dim).

    Parameters
    ----------
    n_features : int
        Columns of the table.
    latent_dim : int
        Size of a latent point.
    hidden : sequence of int, default=(64, 64)
        Width of each hidden layer.

    Returns
    -------
    keras.Model
    """
    return dense_network(n_features, latent_dim, hidden, name="encoder")


def conv_generator(
    latent_dim: int,
    image_shape: tuple[int, int, int],
    filters: Sequence[int] = (32, 16),
) -> keras.Model:
    """Generator of small images: each transposed convolution doubles the side.

    Parameters
    ----------
    latent_dim : int
        Random numbers per image.
    image_shape : (height, width, channels)
        Shape of one image, 8 to 32 pixels a side.
    filters : sequence of int, default=(32, 16)
        Channels at each size, from the smallest picture up.

    Returns
    -------
    keras.Model
        Maps (batch, latent_dim) to (batch, height, width, channels).
    """
    height, width, channels = image_shape
    shrink = 2 ** len(filters)
    rows, columns = -(-height // shrink), -(-width // shrink)  # rounded up
    inputs = keras.Input((latent_dim,))
    x = keras.layers.Dense(rows * columns * filters[0], activation="relu")(inputs)
    x = keras.layers.Reshape((rows, columns, filters[0]))(x)
    for n in filters[1:]:
        x = keras.layers.Conv2DTranspose(
            n, 4, strides=2, padding="same", activation="relu"
        )(x)
    x = keras.layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
    extra = (rows * shrink - height, columns * shrink - width)
    outputs = keras.layers.Cropping2D(((0, extra[0]), (0, extra[1])))(x)
    return keras.Model(inputs, outputs, name="generator")


def conv_network(
    image_shape: tuple[int, int, int],
    n_outputs: int,
    filters: Sequence[int] = (16, 32),
    name: str | None = None,
) -> keras.Model:
    """Convolutions that halve the side of a small image, then one linear layer.

    Parameters
    ----------
    image_shape : (height, width, channels)
        Shape of one image, 8 to 32 pixels a side.
    n_outputs : int
        Numbers that come out per image.
    filters : sequence of int, default=(16, 32)
        Channels of each convolution.
    name : str, optional
        Name of the model.

    Returns
    -------
    keras.Model
        Maps (batch, height, width, channels) to (batch, n_outputs).
    """
    inputs = x = keras.Input(image_shape)
    for n in filters:
        x = keras.layers.Conv2D(
            n, 4, strides=2, padding="same", activation="leaky_relu"
        )(x)
    outputs = keras.layers.Dense(n_outputs)(keras.layers.Flatten()(x))
    return keras.Model(inputs, outputs, name=name)


def conv_discriminator(
    image_shape: tuple[int, int, int], filters: Sequence[int] = (16, 32)
) -> keras.Model:
    """Discriminator of small images: (batch, height, width, channels) to one logit.

    Parameters
    ----------
    image_shape : (height, width, channels)
        Shape of one image, 8 to 32 pixels a side.
    filters : sequence of int, default=(16, 32)
        Channels of each convolution.

    Returns
    -------
    keras.Model
    """
    return conv_network(image_shape, 1, filters, name="discriminator")


def conv_encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    filters: Sequence[int] = (16, 32),
) -> keras.Model:
    """Encoder of small images: (batch, height, width, channels) to latent points.

    Parameters
    ----------
    image_shape : (height, width, channels)
        Shape of one image, 8 to 32 pixels a side.
    latent_dim : int
        Size of a latent point.
    filters : sequence of int, default=(16, 32)
        Channels of each convolution.

    Returns
    -------
    keras.Model
    """
    return conv_network(image_shape, latent_dim, filters, name="encoder")


def pair_discriminator(
    first_shape: tuple[int, ...],
    second_shape: tuple[int, ...],
    hidden: Sequence[int] = (64, 64),
) -> keras.Model:
    """Discriminator of pairs: two rows, two images, or a row and its latent point.

    Pairs of one kind are joined at the door: columns side by side, images as channels. Of
    an image and a latent point, the latent point joins what the convolutions have made of
    the image.

    Parameters
    ----------
    first_shape, second_shape : tuple of int
        Shape of one row of each input: (n_columns,) or (height, width, channels).
    hidden : sequence of int, default=(64, 64)
        Width of each hidden layer; for images, the channels of each convolution.

    Returns
    -------
    keras.Model
        Maps a list of two batches to one logit (batch, 1).
    """
    first, second = keras.Input(first_shape), keras.Input(second_shape)
    alike = len(first_shape) == len(second_shape)
    x = keras.layers.Concatenate()([first, second]) if alike else first
    if len(first_shape) == 3:
        for n in hidden:
            x = keras.layers.Conv2D(
                n, 4, strides=2, padding="same", activation="leaky_relu"
            )(x)
        x = keras.layers.Flatten()(x)
    if not alike:
        x = keras.layers.Concatenate()([x, second])
        x = keras.layers.Dense(4 * hidden[-1], activation="relu")(x)
    elif len(first_shape) == 1:
        for width in hidden:
            x = keras.layers.Dense(width, activation="relu")(x)
    logits = keras.layers.Dense(1)(x)
    return keras.Model([first, second], logits, name="pair_discriminator")


class SpectralNormalization(keras.layers.SpectralNormalization):
    """Keras' wrapper without its test for a kernel of zeros, which slows compiling fivefold.

    Parameters
    ----------
    layer : keras.Layer
        A layer with a kernel.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Divide the kernel by its largest singular value, then use the layer."""
        if training:
            vector_u, kernel = self.normalized_weights()
            # a kernel of zeros has no direction, and stays as it is
            usable = keras.ops.all(keras.ops.isfinite(kernel))
            where = keras.ops.where
            self.vector_u.assign(where(usable, vector_u, self.vector_u.value))
            self.kernel.assign(where(usable, kernel, self.kernel.value))
        return self.layer(inputs)


def spectral_normalization(model: keras.Model) -> keras.Model:
    """A copy with fresh weights whose layers keep a largest singular value of one.

    Source: Miyato et al. 2018 (arXiv 1802.05957). It holds for Dense layers as for
    convolutions. As Keras does it, the kernel itself is divided, before each use in
    training, by a norm that one more power iteration estimates.

    Parameters
    ----------
    model : keras.Model
        A discriminator or encoder.

    Returns
    -------
    keras.Model
        Each layer that has a kernel is wrapped in `SpectralNormalization`.
    """

    def normalized(layer: keras.Layer) -> keras.Layer:
        copied = type(layer).from_config(layer.get_config())
        return SpectralNormalization(copied) if hasattr(layer, "kernel") else copied

    return keras.models.clone_model(model, clone_function=normalized)


def hidden_features(model: keras.Model, last: bool = False) -> keras.Model:
    """The outputs of all hidden layers of a network, side by side.

    Hidden layers are those that hold weights, but for the last. The output of a convolution
    is first averaged over squares so that at most 4 x 4 of them are left.

    Parameters
    ----------
    model : keras.Model
        A discriminator or critic with at least one hidden layer.
    last : bool, default=False
        Take what goes into the last layer alone.

    Returns
    -------
    keras.Model
        Maps rows to features of shape (batch, n_hidden_units); it shares its weights with
        `model`.

    Raises
    ------
    ValueError
        If the network has no hidden layer.
    """
    *hidden, end = [layer for layer in model.layers if layer.weights] or [None]
    if not hidden:
        raise ValueError(
            f"The network {model.name!r} has no hidden layer, so it has no features. "
            "Give it at least one."
        )
    outputs = [layer.output for layer in hidden] if not last else [end.input]
    for layer in model.layers:  # a picture that was laid flat for the last layer
        if isinstance(layer, keras.layers.Flatten) and layer.output is outputs[0]:
            outputs = [layer.input]
    features = []
    for x in outputs:
        if len(x.shape) == 4:
            pool = tuple(-(-side // 4) for side in x.shape[1:3])
            x = keras.layers.AveragePooling2D(pool, padding="same")(x)
        features.append(keras.layers.Flatten()(x))
    joined = keras.layers.Concatenate()(features) if len(features) > 1 else features[0]
    inputs = model.inputs if len(model.inputs) > 1 else model.inputs[0]
    return keras.Model(inputs, joined, name="hidden_features")


_global_random = threading.RLock()  # one thread at a time borrows Python's generator


@contextlib.contextmanager
def initial_weights(seed: int) -> Iterator[None]:
    """Let the Keras layers built in this block draw their initial weights from `seed`.

    Keras draws the seed of an unseeded initialiser from Python's ``random``. Its state is
    put back at the end, so that nothing outside the block notices.

    Parameters
    ----------
    seed : int
        The same seed gives the same weights.
    """
    with _global_random:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)
