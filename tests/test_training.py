"""The steps learn what theory says, and the loop runs them exactly as asked."""

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

import gantutor as gt
from gantutor import losses, networks, training
from gantutor.rows import Picked
from gantutor.training import Noise, train

gt.setup()


def rows(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)


def built(optimizer: keras.Optimizer, network: keras.Model) -> keras.Optimizer:
    optimizer.build(network.trainable_variables)
    return optimizer


def falling(
    learning_rate: float, n_steps: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    return keras.optimizers.schedules.CosineDecay(learning_rate, n_steps)


def shift_by(m) -> keras.Model:
    """A generator that adds m to its noise."""
    generator = networks.dense_generator(len(m), len(m), ())
    generator.set_weights([np.eye(len(m)), np.array(m)])
    return generator


# what is learned


def test_discriminator_learns_the_log_ratio_of_the_two_densities():
    """For p = N(0, 1) and q = N(1, 1), log p(x) - log q(x) = -x + 1/2."""
    n_steps, seed = 400, 0
    with networks.initial_weights(seed):
        discriminator = networks.dense_discriminator(1, (16,))
    optimizer = built(keras.optimizers.Adam(falling(0.03, n_steps)), discriminator)

    def step(x, z):
        with tf.GradientTape() as tape:
            loss = losses.discriminator_loss(discriminator(x), discriminator(z + 1.0))
        variables = discriminator.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return (loss,)

    noise = [Noise("normal", (4096, 1))]
    train(
        step,
        rows(100_000, 1, seed),
        n_steps,
        batch_shape=(4096,),
        noise=noise,
        loss_names=["d"],
        seed=seed,
    )
    x = np.linspace(-2, 3, 101, dtype=np.float32)[:, None]
    error = discriminator(x).numpy() - (-x + 0.5)
    assert np.sqrt(np.mean(error**2)) < 0.1


@pytest.fixture(scope="module")
def trained_critic():
    """A critic between N(0, I) and N(m, I), trained by `wgan_step` with a frozen generator."""
    m, n_steps, batch = np.array([1.0, -1.0, 0.5], np.float32), 300, 512
    with networks.initial_weights(0):
        critic = networks.dense_discriminator(3, (32,))
    generator = shift_by(m)
    step = partial(
        training.wgan_step,
        generator,
        critic,
        built(keras.optimizers.SGD(0.0), generator),
        built(keras.optimizers.Adam(falling(0.01, n_steps), 0.0, 0.9), critic),
        20.0,
    )
    train(
        step,
        rows(50_000, 3),
        n_steps,
        batch_shape=(1, batch),
        noise=[Noise("normal", (2, batch, 3)), Noise("uniform", (1, batch, 1))],
        loss_names=["critic", "generator", "penalty"],
    )
    return critic, m


def test_critic_measures_the_wasserstein_distance(trained_critic):
    """W1 between N(0, I) and N(m, I) is |m|."""
    critic, m = trained_critic
    distance = -losses.critic_loss(
        critic(rows(20_000, 3, 1)), critic(rows(20_000, 3, 2) + m)
    )
    assert float(distance) == pytest.approx(np.linalg.norm(m), rel=0.1)


def test_critic_has_slope_one_between_real_and_generated_rows(trained_critic):
    critic, m = trained_critic
    epsilon = np.random.default_rng(3).random((5000, 1), np.float32)
    x = tf.constant(epsilon * rows(5000, 3, 1) + (1 - epsilon) * (rows(5000, 3, 2) + m))
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = critic(x)
    slopes = np.linalg.norm(tape.gradient(scores, x), axis=1)
    assert 0.8 < slopes.mean() < 1.2


# one step


def one_gan_step(g_rate: float = 0.1, d_rate: float = 0.1):
    with networks.initial_weights(0):
        g = networks.dense_network(2, 3, (4, 4), "leaky_relu")
        d = networks.dense_network(3, 1, (4, 4), "leaky_relu")
    optimizers = (
        built(keras.optimizers.SGD(g_rate), g),
        built(keras.optimizers.SGD(d_rate), d),
    )
    return g, d, partial(training.gan_step, g, d, *optimizers, rows(8, 3), rows(8, 2))


def one_wgan_step(g_rate: float = 0.1, c_rate: float = 0.1):
    with networks.initial_weights(0):
        g = networks.dense_network(2, 3, (4, 4), "leaky_relu")
        c = networks.dense_network(3, 1, (4, 4), "leaky_relu")
    optimizers = (
        built(keras.optimizers.SGD(g_rate), g),
        built(keras.optimizers.SGD(c_rate), c),
    )
    batch = (
        rows(16, 3).reshape(2, 8, 3),
        rows(24, 2).reshape(3, 8, 2),
        np.full((2, 8, 1), 0.5),
    )
    tensors = (tf.constant(a, tf.float32) for a in batch)
    return g, c, partial(training.wgan_step, g, c, *optimizers, 1.0, *tensors)


STEPS = pytest.mark.parametrize("make_step", [one_gan_step, one_wgan_step])


def moved(step, *models) -> list[list[bool]]:
    """Whether each variable of each model is changed by the step."""
    before = [model.get_weights() for model in models]
    step()
    return [
        [bool((a != b).any()) for a, b in zip(old, model.get_weights(), strict=True)]
        for old, model in zip(before, models, strict=True)
    ]


@STEPS
def test_one_step_changes_every_variable_of_both_players(make_step):
    generator, opponent, step = make_step()
    g_moved, o_moved = moved(step, generator, opponent)
    assert all(g_moved)
    # a shift of all scores changes no Wasserstein loss: the last bias has no gradient
    assert all(o_moved[:-1] if make_step is one_wgan_step else o_moved)


@STEPS
def test_the_generators_update_leaves_its_opponent_alone(make_step):
    generator, opponent, step = make_step(0.1, 0.0)
    g_moved, o_moved = moved(step, generator, opponent)
    assert all(g_moved)
    assert not any(o_moved)


@STEPS
def test_the_opponents_update_leaves_the_generator_alone(make_step):
    generator, opponent, step = make_step(0.0, 0.1)
    g_moved, o_moved = moved(step, generator, opponent)
    assert not any(g_moved)
    assert all(o_moved[:-1])


@STEPS
def test_a_generator_learns_through_its_opponent_alone(make_step):
    generator, opponent, step = make_step(0.1, 0.0)
    opponent.set_weights([np.zeros_like(w) for w in opponent.get_weights()])
    assert not any(moved(step, generator)[0])


def test_gan_step_by_hand_with_both_gradients_taken_before_either_move():
    generator, w = shift_by([0.3, -0.2]), np.array([[0.7], [-0.4]])
    discriminator = networks.dense_discriminator(2, ())
    discriminator.set_weights([w, np.array([0.1])])
    x, z = rows(6, 2, 1), rows(6, 2, 2)
    fake = z + [0.3, -0.2]
    real_logits, fake_logits = x @ w + 0.1, fake @ w + 0.1

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    d_loss, g_loss = training.gan_step(
        generator,
        discriminator,
        built(keras.optimizers.SGD(1.0), generator),
        built(keras.optimizers.SGD(1.0), discriminator),
        tf.constant(x),
        tf.constant(z),
    )
    softplus = partial(np.logaddexp, 0)
    assert float(d_loss) == pytest.approx(
        softplus(-real_logits).mean() + softplus(fake_logits).mean(), rel=1e-5
    )
    assert float(g_loss) == pytest.approx(softplus(-fake_logits).mean(), rel=1e-5)
    d_gradient = np.mean(
        sigmoid(fake_logits) * fake - sigmoid(-real_logits) * x, axis=0
    )
    np.testing.assert_allclose(
        discriminator.get_weights()[0][:, 0], w[:, 0] - d_gradient, 1e-4
    )
    g_gradient = -np.mean(sigmoid(-fake_logits)) * w[:, 0]
    np.testing.assert_allclose(
        generator.get_weights()[1], [0.3, -0.2] - g_gradient, 1e-4
    )


def test_wgan_step_gives_the_critic_its_own_batches_and_the_generator_the_last_noise():
    """For a linear critic w.x and G(z) = z + b, all by hand; no penalty, rate 1 and 0."""
    generator, w = shift_by([0.5, 0.0]), np.array([[0.6], [-0.8]])
    critic = networks.dense_discriminator(2, ())
    critic.set_weights([w, np.zeros(1)])
    x, z = rows(12, 2, 1).reshape(2, 6, 2), rows(18, 2, 2).reshape(3, 6, 2)
    c_loss, g_loss, penalty = training.wgan_step(
        generator,
        critic,
        built(keras.optimizers.SGD(0.0), generator),
        built(keras.optimizers.SGD(1.0), critic),
        0.0,
        tf.constant(x),
        tf.constant(z),
        tf.constant(np.full((2, 6, 1), 0.5, np.float32)),
    )
    b = np.array([0.5, 0.0])
    after_one = w + (x[0].mean(0) - (z[0] + b).mean(0))[:, None]
    after_two = after_one + (x[1].mean(0) - (z[1] + b).mean(0))[:, None]
    np.testing.assert_allclose(critic.get_weights()[0], after_two, rtol=1e-4)
    gap = ((z[1] + b) @ after_one).mean() - (x[1] @ after_one).mean()
    assert float(c_loss) == pytest.approx(gap, rel=1e-4)
    assert float(penalty) == pytest.approx(
        (np.linalg.norm(after_one) - 1) ** 2, rel=1e-3
    )
    assert float(g_loss) == pytest.approx(-((z[2] + b) @ after_two).mean(), rel=1e-4)


# the loop


def echo(x, z, u):
    """A step without networks: its losses say which rows and noise it saw."""
    return tf.reduce_sum(x), tf.reduce_sum(z), tf.reduce_sum(u)


ECHO = {
    "batch_shape": (4,),
    "noise": [Noise("normal", (4, 2)), Noise("uniform", (3,))],
    "loss_names": ["x", "z", "u"],
}


def test_a_block_runs_steps_start_to_stop_on_their_own_rows_and_noise():
    data, z, u = rows(9, 2), rows(6, 8).reshape(6, 4, 2), rows(6, 3)
    index = np.random.default_rng(0).integers(9, size=(6, 4), dtype=np.int32)
    run_block = training.compile_block(echo)
    tensors = tf.constant(data), tf.constant(index), (tf.constant(z), tf.constant(u))
    values = run_block(*tensors, tf.constant(2), tf.constant(5)).numpy()
    assert values.shape == (6, 3)
    for i in (2, 3, 4):
        by_hand = data[index[i]].sum(), z[i].sum(), u[i].sum()
        np.testing.assert_allclose(values[i], by_hand, rtol=1e-4, atol=1e-5)


def test_a_block_runs_no_other_step():
    count = tf.Variable(0)

    def counting(x):
        return (tf.cast(count.assign_add(1), tf.float32),)

    index = tf.zeros((10, 4), tf.int32)
    run_block = training.compile_block(counting)
    run_block(tf.zeros((3, 2)), index, (), tf.constant(2), tf.constant(5))
    assert int(count) == 3


@pytest.mark.parametrize("n_steps", [1, 7, 100, 101, 250])
def test_training_runs_the_steps_that_were_asked_for(n_steps):
    history = train(echo, rows(9, 2), n_steps, **ECHO)
    assert {name: len(values) for name, values in history.items()} == dict.fromkeys(
        "xzu", n_steps
    )


def test_losses_do_not_depend_on_the_length_of_a_block(monkeypatch):
    whole = train(echo, rows(9, 2), 50, **ECHO)
    for length in (3, 1):
        monkeypatch.setattr(training, "BLOCK", length)
        blocks = train(echo, rows(9, 2), 50, **ECHO)
        for name in "xzu":
            np.testing.assert_array_equal(blocks[name], whole[name])


def test_rows_that_are_read_when_asked_for_give_the_same_losses():
    data = rows(9, 2)
    read = Picked(data[::-1], np.arange(9)[::-1])
    histories = [train(echo, given, 300, **ECHO) for given in (data, read)]
    for name in "xzu":
        np.testing.assert_array_equal(histories[0][name], histories[1][name])


def test_neither_a_last_shorter_block_nor_other_steps_or_rows_compile_anew():
    run_block = training.compile_block(echo)
    for n_rows, n_steps in ((9, 250), (9, 7), (50, 100)):
        train(echo, rows(n_rows, 2), n_steps, run_block=run_block, **ECHO)
        assert run_block.experimental_get_tracing_count() == 1


def test_rows_and_noise_are_those_that_were_asked_for():
    data = np.arange(9.0, dtype=np.float32)[:, None]

    def seen(x, z, u):
        return (
            tf.reduce_mean(x),
            tf.reduce_mean(z),
            tf.math.reduce_std(z),
            tf.reduce_mean(u),
        )

    history = train(
        seen,
        data,
        200,
        batch_shape=(100,),
        noise=[Noise("normal", (100, 2)), Noise("uniform", (100,))],
        loss_names=["x", "mean", "std", "u"],
    )
    means = {name: values.mean() for name, values in history.items()}
    assert means == pytest.approx({"x": 4, "mean": 0, "std": 1, "u": 0.5}, abs=0.05)
    assert len(np.unique(history["mean"])) == 200


def test_the_seed_alone_decides_what_is_drawn():
    first, again, other = (
        train(echo, rows(9, 2), 5, seed=s, **ECHO) for s in (1, 1, 2)
    )
    for name in "xzu":
        np.testing.assert_array_equal(first[name], again[name])
        assert (first[name] != other[name]).any()


def test_ten_steps_agree_in_eager_in_the_graph_and_under_xla():
    data, z = tf.constant(rows(50, 3)), tf.constant(rows(160, 2).reshape(10, 16, 2))
    index = tf.constant(
        np.random.default_rng(0).integers(50, size=(10, 16), dtype=np.int32)
    )

    def gan():
        with networks.initial_weights(5):
            g, d = (
                networks.dense_generator(2, 3, (8,)),
                networks.dense_discriminator(3, (8,)),
            )
        adam = partial(keras.optimizers.Adam, 0.01)
        return partial(training.gan_step, g, d, built(adam(), g), built(adam(), d))

    step = gan()
    eager = np.array([step(tf.gather(data, index[i]), z[i]) for i in range(10)])
    for jit_compile in (False, True):
        block = training.compile_block(gan(), jit_compile)
        losses_of_block = block(data, index, (z,), tf.constant(0), tf.constant(10))
        np.testing.assert_allclose(losses_of_block, eager, rtol=1e-4)


@pytest.mark.parametrize("n_steps", [0, -3])
def test_no_steps_are_an_error_not_silence(n_steps):
    with pytest.raises(ValueError, match=f"n_steps is {n_steps}.*at least 1"):
        train(echo, rows(9, 2), n_steps, **ECHO)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("length", [5, 100])
def test_a_loss_that_is_not_finite_is_named_with_its_step(monkeypatch, value, length):
    monkeypatch.setattr(training, "BLOCK", length)
    count = tf.Variable(0)

    def step(x, z):
        bad = tf.equal(count.assign_add(1), 27)
        return tf.constant(1.0), tf.where(bad, value, 2.0)

    with pytest.raises(
        FloatingPointError, match=rf"generator loss .* {value} at step 27 of 40"
    ):
        train(
            step,
            rows(9, 2),
            40,
            batch_shape=(2,),
            noise=[Noise("normal", (1,))],
            loss_names=["critic", "generator"],
        )


# Ctrl-C


@pytest.fixture(autouse=True)
def ctrl_c():
    """A shell that starts Python in the background has Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c_at(step_number: int, value: float = 1.0):
    """A step that presses it and goes on, as a step of numbers alone would."""
    count = tf.Variable(0)

    def press(i):
        if i == step_number:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            time.sleep(0.1)  # it is noticed while the block is under way
        return np.float32(int(i) * (value if i >= step_number else 1.0))

    def step(x, z, u):
        seen = tf.py_function(press, [count.assign_add(1)], tf.float32)
        return seen, seen, seen

    return step, count


@pytest.mark.parametrize("at", [21, 25, 40])
def test_ctrl_c_keeps_what_was_learned_and_says_how_much(at, monkeypatch):
    """The block under way comes to its end, and no step is done that is not counted."""
    monkeypatch.setattr(training, "BLOCK", 20)
    step, count = press_ctrl_c_at(at)
    with pytest.warns(UserWarning, match=r"after step 40 of 1,000.* kept") as caught:
        history = train(step, rows(9, 2), 1000, **ECHO)
    assert len(caught) == 1
    assert int(count) == 40
    np.testing.assert_array_equal(history["x"], np.arange(1, 41))


def test_ctrl_c_before_the_end_of_the_first_block_goes_on(monkeypatch):
    monkeypatch.setattr(training, "BLOCK", 20)
    step, count = press_ctrl_c_at(5)
    with pytest.raises(KeyboardInterrupt):
        train(step, rows(9, 2), 1000, **ECHO)
    assert int(count) == 20  # nothing runs on behind the caller's back


def test_ctrl_c_in_the_last_block_has_nothing_to_stop(monkeypatch):
    monkeypatch.setattr(training, "BLOCK", 20)
    step, _ = press_ctrl_c_at(35)
    assert len(train(step, rows(9, 2), 40, **ECHO)["x"]) == 40


def test_a_loss_that_is_not_finite_is_no_success_after_ctrl_c(monkeypatch):
    monkeypatch.setattr(training, "BLOCK", 20)
    step, _ = press_ctrl_c_at(25, np.nan)
    with pytest.raises(FloatingPointError, match="x loss .* nan at step 25 of 1,000"):
        train(step, rows(9, 2), 1000, **ECHO)


def test_training_sets_no_signal_handler_and_works_in_a_thread(monkeypatch):
    def refused(*_):
        raise AssertionError("training has set a signal handler")

    monkeypatch.setattr(signal, "signal", refused)
    expected = train(echo, rows(9, 2), 5, **ECHO)["x"]
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(lambda: train(echo, rows(9, 2), 5, **ECHO)["x"]).result()
    np.testing.assert_array_equal(done, expected)
    monkeypatch.undo()


# manners


def test_the_progress_bar_is_on_standard_output_and_only_when_asked_for(capfd):
    train(echo, rows(9, 2), 5, **ECHO)
    assert capfd.readouterr() == ("", "")
    train(echo, rows(9, 2), 5, verbose=1, **ECHO)
    out, err = capfd.readouterr()
    assert "5/5" in out
    assert err == ""


def test_training_touches_no_global_random_numbers():
    def next_numbers():
        return [
            random.random(),
            np.random.random(),  # noqa: NPY002 (the global one is what is tested)
            float(tf.random.normal(())),
            float(keras.random.normal(())),
        ]

    keras.utils.set_random_seed(0)
    expected = next_numbers()
    keras.utils.set_random_seed(0)
    train(echo, rows(9, 2), 5, **ECHO)
    assert next_numbers() == expected


def test_a_block_run_without_compiling_gives_the_same_losses():
    data, rows = np.arange(8.0, dtype="float32")[:, None], np.array([[0, 1], [2, 3]])
    block = training.compile_block(lambda x: (tf.reduce_sum(x), x[0, 0]))
    arguments = (
        tf.constant(data),
        tf.constant(rows),
        (),
        tf.constant(0),
        tf.constant(2),
    )
    compiled = block(*arguments).numpy()
    tf.config.run_functions_eagerly(True)
    try:
        plain = block(*arguments).numpy()
    finally:
        tf.config.run_functions_eagerly(False)
    assert np.array_equal(compiled, plain)
    assert compiled.tolist() == [[1.0, 0.0], [5.0, 2.0]]


# one player moves


def test_minimize_moves_the_players_down_the_loss_and_nothing_else():
    with networks.initial_weights(0):
        first, second, third = (networks.dense_network(2, 1, ()) for _ in range(3))
    x = tf.constant(rows(5, 2))
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.build(first.trainable_variables + third.trainable_variables)
    old = [network.get_weights() for network in (first, second, third)]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(first(x) + 2 * second(x) - 3 * third(x))
    training.minimize(loss, tape, optimizer, [first, third])
    for network, before, slope in ((first, old[0], 1), (third, old[2], -3)):
        kernel, bias = network.get_weights()
        step = 0.5 * slope * x.numpy().mean(0)[:, None]
        np.testing.assert_allclose(kernel, before[0] - step, rtol=1e-5)
        np.testing.assert_allclose(bias, before[1] - 0.5 * slope, rtol=1e-6)
    for before, after in zip(old[1], second.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


# going on

GOING_ON = {
    "batch_shape": (8,),
    "noise": [Noise("normal", (8, 2))],
    "loss_names": ["d", "g"],
    "seed": 3,
}


def small_gan():
    """A step with networks and optimisers of its own, and what it changes."""
    with networks.initial_weights(5):
        g, d = networks.dense_generator(2, 3, (4,)), networks.dense_discriminator(3, ())
    optimizers = [built(keras.optimizers.Adam(0.01), network) for network in (g, d)]
    variables = [v for part in (g, d, *optimizers) for v in part.variables]
    return partial(training.gan_step, g, d, *optimizers), variables


def values_of(variables) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def assert_all_equal(one, other) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def seven_steps():
    step, variables = small_gan()
    history = train(step, rows(30, 3), 7, **GOING_ON)
    return history, values_of(variables)


@pytest.mark.parametrize(("k", "steps_a_block"), [(1, 100), (4, 2)])
def test_a_training_goes_on_as_if_it_had_not_stopped(
    seven_steps, k, steps_a_block, monkeypatch
):
    monkeypatch.setattr(training, "BLOCK", steps_a_block)
    step, variables = small_gan()
    parts = [
        train(step, rows(30, 3), n, skip=skip, **GOING_ON)
        for n, skip in ((k, 0), (7 - k, k))
    ]
    history, weights = seven_steps
    assert_all_equal(values_of(variables), weights)
    for name in ("d", "g"):
        joined = np.concatenate([part[name] for part in parts])
        np.testing.assert_array_equal(joined, history[name])


def test_a_loop_that_was_compiled_before_does_the_same(seven_steps):
    step, variables = small_gan()
    fresh = values_of(variables)
    run_block = training.compile_block(step)
    for _ in range(2):  # from fresh weights, with the same loop
        for variable, value in zip(variables, fresh, strict=True):
            variable.assign(value)
        history = train(step, rows(30, 3), 7, run_block=run_block, **GOING_ON)
        assert_all_equal(values_of(variables), seven_steps[1])
        assert_all_equal(history.values(), seven_steps[0].values())


def test_steps_are_skipped_in_what_is_drawn_alone():
    whole = train(echo, rows(9, 2), 9, **ECHO)
    for skip in (1, 5, 8):
        rest = train(echo, rows(9, 2), 9 - skip, skip=skip, **ECHO)
        for name in "xzu":
            np.testing.assert_array_equal(rest[name], whole[name][skip:])
