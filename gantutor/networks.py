"""Generator, discriminator and encoder, dense (notebook 02) and convolutional (12).

Plain functions that return a ``keras.Model``. A discriminator ends in one logit, never in a
sigmoid. Any of them can be replaced by a ``keras.Model`` of your own.
"""

import contextlib
import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
from numpy.typing import NDArray


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
    """Generator of table rows: noise (batch, latent_dim) to rows (batch, n_features)."""
    return dense_network(latent_dim, n_features, hidden, name="generator")


def dense_discriminator(
    n_features: int, hidden: Sequence[int] = (64, 64)
) -> keras.Model:
    """Discriminator of table rows: (batch, n_features) to one logit (batch, 1)."""
    return dense_network(n_features, 1, hidden, name="discriminator")


def dense_encoder(
    n_features: int, latent_dim: int, hidden: Sequence[int] = (64, 64)
) -> keras.Model:
    """Encoder of table rows: (batch, n_features) to latent points (batch, latent_dim)."""
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


def pair_discriminator(
    first_shape: tuple[int, ...],
    second_shape: tuple[int, ...],
    hidden: Sequence[int] = (64, 64),
) -> keras.Model:
    """Discriminator of pairs: two rows, two images, or a row and its latent point.

    Pairs of one kind are joined first: columns side by side, images as channels. Of an image
    and a latent point, the latent point joins what the convolutions have made of the image.

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


def player(
    kind: str,
    given: keras.Model | None,
    row_shape: tuple[int, ...],
    latent_dim: int,
    hidden: Sequence[int],
) -> keras.Model:
    """A fresh network for one player of a method: the default, or a copy of the reader's own.

    Parameters
    ----------
    kind : str
        "generator", "decoder", "discriminator", "critic", "encoder", "second_encoder",
        "pair_discriminator" (of rows and latent points), "row_discriminator" (of two rows) or
        "latent_discriminator" (of two latent points).
    given : keras.Model or None
        A network of the reader's own; its weights are not taken over.
    row_shape : tuple of int
        Shape of one row: (n_columns,) or (height, width, channels).
    latent_dim : int
        Size of a latent point.
    hidden : sequence of int
        Widths of the hidden layers, or channels of the convolutions, from the rows on.

    Returns
    -------
    keras.Model

    Raises
    ------
    ValueError
        If `given` is no network, has other shapes, or nothing in it can be trained.
    """
    row, latent, logit = row_shape, (latent_dim,), (1,)
    shapes: dict[str, tuple[list[tuple[int, ...]], tuple[int, ...]]] = {
        "generator": ([latent], row),
        "decoder": ([latent], row),
        "discriminator": ([row], logit),
        "critic": ([row], logit),
        "encoder": ([row], latent),
        "second_encoder": ([row], latent),
        "pair_discriminator": ([row, latent], logit),
        "row_discriminator": ([row, row], logit),
        "latent_discriminator": ([latent, latent], logit),
    }
    inputs, output = shapes[kind]
    if given is not None:
        _check_network(given, kind, inputs, output)
        return _fresh_copy(given)
    widths = tuple(int(width) for width in hidden)  # Keras refuses NumPy's integers
    if len(inputs) == 2:
        if kind != "pair_discriminator" and len(inputs[1]) == 1:
            widths = widths[-1:]
        return pair_discriminator(inputs[0], inputs[1], widths)
    images = len(row) == 3
    if kind in ("generator", "decoder"):
        if images:
            return conv_generator(latent_dim, row, widths[::-1])  # type: ignore[arg-type]
        return dense_generator(latent_dim, row[0], widths[::-1])
    if images:
        return conv_network(row, output[0], widths, name=kind)  # type: ignore[arg-type]
    return dense_network(row[0], output[0], widths, name=kind)


def _check_network(
    given: Any, kind: str, inputs: list[tuple[int, ...]], output: tuple[int, ...]
) -> None:
    """Refuse a network of the reader's own that does not fit."""

    def described(shapes: list[tuple[int, ...]]) -> str:
        return " and ".join(map(str, shapes))

    ends = [getattr(given, end, None) or [] for end in ("inputs", "outputs")]
    got = [[tuple(tensor.shape[1:]) for tensor in end] for end in ends]
    if not isinstance(given, keras.Model) or not all(got):
        raise ValueError(
            f"The {kind} you passed, {given!r}, must be a keras.Model that begins "
            f"with keras.Input({described(inputs)})."
        )
    if got != [inputs, [output]]:
        raise ValueError(
            f"The {kind} you passed maps {described(got[0])} to {described(got[1])}, but "
            f"{described(inputs)} to {output} is needed."
        )
    if not given.trainable_variables:
        raise ValueError(
            f"The {kind} you passed has no weights that can be trained. Set its trainable "
            "to True, or give it a layer with weights."
        )


def _fresh_copy(model: keras.Model) -> keras.Model:
    """The same layers with new weights, in float32 whatever they were built in."""

    def copied(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if "dtype" in config:
            config["dtype"] = "float32"
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=copied, recursive=True)


# -- in a file -------------------------------------------------------------------------

# What a network in a file may be made of. A layer that is not here may hold code of its own.
KERAS_CLASSES = {
    *("Functional", "Sequential", "InputLayer", "DTypePolicy", "__keras_tensor__"),
    *("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose"),
    *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    *("UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D"),
    *("Cropping1D", "Cropping2D", "Flatten", "Reshape", "Permute", "RepeatVector"),
    *("BatchNormalization", "LayerNormalization", "GroupNormalization"),
    *("UnitNormalization", "SpectralNormalization"),
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout"),
    *("GaussianNoise", "AlphaDropout", "Activation"),
    *("ReLU", "LeakyReLU", "PReLU", "ELU"),
    *("Softmax", "Identity", "Rescaling", "Concatenate", "Add", "Subtract", "Multiply"),
    *("Average", "Maximum", "Minimum", "Dot", "Embedding", "LSTM", "GRU", "SimpleRNN"),
    *("LSTMCell", "GRUCell", "SimpleRNNCell", "Bidirectional", "TimeDistributed"),
    *("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform"),
    *("LecunNormal", "RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal"),
    *("OrthogonalInitializer", "VarianceScaling", "Zeros", "Ones", "Constant"),
    *("L1", "L2", "L1L2", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"),
}


MOST_PARTS = 10_000  # about 1,500 layers, each of which is built one by one


def packed(model: keras.Model) -> str:
    """The layers of a network as JSON, without its weights.

    Raises
    ------
    ValueError
        If a layer is none of Keras' own, or may hold code.
    """
    config = json.loads(model.to_json())
    config.pop("compile_config", None)  # a loss and an optimiser, which nobody asks for
    text = json.dumps(config)
    _refuse_strangers(text)
    return text


def unpacked(config: str) -> keras.Model:
    """The network that `packed` has described, with fresh weights."""
    _refuse_strangers(config)
    return keras.models.model_from_json(config)


def refuse_other_sizes(
    build: Callable[[], dict[str, keras.Model]], weights: dict[str, list[NDArray]]
) -> None:
    """Hold the shapes of networks against arrays, before a single weight is made.

    Parameters
    ----------
    build : callable
        Makes the networks, by name.
    weights : dict of str to list of arrays
        The weights that they are to have.

    Raises
    ------
    ValueError
        If they differ.
    """

    def shapes() -> dict[str, list[tuple[int, ...]]]:
        # in here, variables have a shape and no value
        with keras.StatelessScope(initialize_variables=False):
            return {
                name: [tuple(v.shape) for v in network.weights]
                for name, network in build().items()
            }

    # Keras lists variables without a value, thread by thread, to fill them in later
    with ThreadPoolExecutor(1) as thread:
        named = thread.submit(shapes).result()
    if named != {k: [array.shape for array in v] for k, v in weights.items()}:
        raise ValueError("its arrays have other shapes than the networks it names")


def _refuse_strangers(config: str) -> None:
    parts: list[dict[str, Any]] = []

    def seen(node: dict[str, Any]) -> dict[str, Any]:
        if node.get("class_name") is not None:
            parts.append(node)
        return node

    json.loads(config, object_hook=seen)
    strangers = [
        str(part.get("registered_name") or part["class_name"])
        for part in parts
        if part["class_name"] not in KERAS_CLASSES
        # a class of one's own under Keras' name
        or part.get("registered_name") not in (None, part["class_name"])
        or str(part.get("module") or "keras").partition(".")[0] != "keras"
    ]
    if strangers:
        raise ValueError(
            f"The network uses {', '.join(strangers)}, which a file without code cannot "
            "hold. Build it from Keras' own layers."
        )
    if len(parts) > MOST_PARTS:
        raise ValueError(f"The network has {len(parts):,} parts, too many for a file.")


# -- initial weights -------------------------------------------------------------------

_borrowed = threading.RLock()  # one thread at a time borrows what is global


@contextlib.contextmanager
def initial_weights(seed: int) -> Iterator[None]:
    """Let the Keras layers built in this block draw their initial weights from `seed`.

    Keras draws the seed of an unseeded initialiser from Python's ``random``, and builds
    layers in its global type. Both are put back at the end, so that nothing outside the
    block notices; inside, layers are float32. Other threads go on with the numbers of
    their own: in a worker of Dask, say, they draw while networks are built.

    Parameters
    ----------
    seed : int
        The same seed gives the same weights.
    """
    with _borrowed:
        me, own, usual = threading.get_ident(), random.Random(seed), random.randint

        def randint(a: int, b: int) -> int:
            mine = threading.get_ident() == me
            return own.randint(a, b) if mine else usual(a, b)

        floats, policy = keras.config.floatx(), keras.config.dtype_policy()
        random.randint = randint
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
        try:
            yield
        finally:
            random.randint = usual
            keras.config.set_floatx(floats)
            keras.config.set_dtype_policy(policy)
