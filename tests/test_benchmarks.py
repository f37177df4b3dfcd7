"""The benchmarks run, go on where they stopped, and say what they have measured."""

import contextlib
import io
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pooch
import pytest

import gantutor as gt
from benchmarks import (
    peers,
    quality,
    scale,
    scoring_speed,
    speed,
    tables,
    time_series,
)
from gantutor.training import compile_block


def results(data: dict[str, dict[str, list[float]]]) -> pd.DataFrame:
    """One line for each AUROC in data set -> method -> one number for each seed."""
    return pd.DataFrame(
        [
            {"data": name, "detector": method, "seed": seed, "auroc": auroc}
            for name, methods in data.items()
            for method, aurocs in methods.items()
            for seed, auroc in enumerate(aurocs)
        ]
    )


def cells(report: str, title: str, method: str) -> dict[str, str]:
    """What a method's line says, by column, in the table below a title."""
    table = report.partition(f"### {title}\n\n")[2].partition("\n\n")[0]
    head, _, *lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    row = next(line for line in lines if line[0] == method)
    return dict(zip(head, row + [""] * (len(head) - len(row)), strict=True))


def test_a_short_run_is_taken_up_where_it_was_stopped(tmp_path, capsys, monkeypatch):
    methods = quality.methods()
    methods["GAN"].set_params(n_steps=5)
    monkeypatch.setattr(quality, "methods", lambda: methods)
    csv = tmp_path / "quality.csv"
    first = ["--only", "shift 1.5", "--seeds", "1", "--csv", str(csv), "--methods"]
    quality.main([*first, "5th neighbour"])
    before = csv.read_bytes()
    quality.main([*first, "5th neighbour", "GAN", "GAN untrained"])
    assert csv.read_bytes().startswith(before)
    found = pd.read_csv(csv)
    assert found["detector"].tolist() == ["5th neighbour", "GAN", "GAN untrained"]
    assert found["auroc"].between(0, 1).all() and (found["fit_seconds"] > 0).all()
    out = capsys.readouterr().out
    assert "| 5th neighbour | " in out and "| GAN | " in out
    quality.main([*first, "5th neighbour", "GAN"])
    assert len(pd.read_csv(csv)) == 3


def test_a_table_of_the_folder_is_taken_and_cut_to_size(tmp_path, monkeypatch):
    monkeypatch.setattr(quality, "MAX_ROWS", 50)
    X = np.arange(120.0).reshape(60, 2)
    np.savez(tmp_path / "7_mine.npz", X=X, y=np.arange(60) % 3 == 0)
    load = quality.data_sets("mine", str(tmp_path))["mine"]
    (rows, y), again, other = load(0), load(0), load(1)
    assert rows.shape == (50, 2) and set(y) == {0, 1}
    assert (y == (rows[:, 0] / 2 % 3 == 0)).all()  # rows and labels stay together
    np.testing.assert_array_equal(rows, again[0])
    assert not np.array_equal(rows, other[0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing of the kind"], "No data set has 'nothing of the kind'"),
        (["--methods", "DCGAN"], "There is no method DCGAN"),
    ],
)
def test_what_is_not_there_is_named(arguments, said, tmp_path):
    np.savez(tmp_path / "1_one.npz", X=np.ones((3, 1)), y=[0, 0, 1])
    folder = ["--folder", str(tmp_path), "--csv", str(tmp_path / "none.csv")]
    with pytest.raises(SystemExit, match=said):
        quality.main([*folder, *arguments])


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(SystemExit, match="holds no"):
        quality.data_sets("", str(tmp_path))


def test_the_open_tables_are_fetched_with_their_hashes(tmp_path, monkeypatch):
    asked = []

    def fetch(store: pooch.Pooch, name: str) -> str:
        asked.append((store.get_url(name), store.registry[name]))
        np.savez(tmp_path / name, X=np.zeros((2, 1)), y=[0, 1])
        return str(tmp_path / name)

    monkeypatch.setattr(pooch.Pooch, "fetch", fetch)
    found = quality.open_tables(None)
    assert list(found) == [
        *("http", "Ionosphere", "letter", "magic.gamma", "thyroid", "Wilt")
    ]
    assert found["Wilt"](0)[0].shape == (2, 1)
    assert all(url.startswith("https://") and len(sha) == 64 for url, sha in asked)


def test_without_a_network_one_sentence_says_what_to_do(monkeypatch):
    def fetch(store: pooch.Pooch, name: str) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr(pooch.Pooch, "fetch", fetch)
    with pytest.raises(SystemExit, match=r"no route to host.*GANTUTOR_DATA"):
        quality.open_tables(None)


def test_the_table_has_means_spreads_ranks_and_the_gain_of_training():
    report = quality.report(
        results(
            {
                "mine": {
                    "WGAN": [0.8, 0.9],
                    "WGAN untrained": [0.75, 0.75],
                    "5th neighbour": [0.6, 0.6],
                    "GAN": [0.2, 0.2],
                },
                "yours": {
                    "WGAN": [0.7, 0.7],
                    "WGAN untrained": [0.75, 0.75],
                    "5th neighbour": [0.9, 0.9],
                    "GAN": [0.1, 0.1],
                },
                "breast cancer": {"WGAN": [0.9, 0.7], "5th neighbour": [0.5, 0.5]},
            }
        )
    )
    wgan = cells(report, "Open tables", "WGAN")
    assert "untrained" not in report
    assert wgan["mine"] == "0.850 ± 0.071" and wgan["yours"] == "0.700 ± 0.000"
    assert wgan["mean"] == "**0.775**" and wgan["rank"] == "1.5"
    assert cells(report, "Open tables", "GAN")["rank"] == "3.0"
    assert wgan["gain of training"] == "+0.025"
    assert wgan["against 5th neighbour"] == "+0.025"
    assert cells(report, "Breast cancer", "WGAN")["breast cancer"] == "0.800 ± 0.141"
    of_all = cells(report, "Mean AUROC (gain of training)", "WGAN")
    assert of_all["open tables"] == "0.775 (+0.025)"
    assert of_all["breast cancer"] == "0.800"


def test_a_method_that_has_not_met_all_data_sets_has_no_line():
    table = quality.report(
        results({"mine": {"WGAN": [0.8], "GAN": [0.5]}, "yours": {"WGAN": [0.7]}})
    )
    assert "| WGAN |" in table and "| GAN |" not in table


def test_a_method_with_fewer_seeds_says_so():
    table = quality.report(results({"mine": {"WGAN": [0.8, 0.9], "GAN": [0.5]}}))
    assert "| WGAN |" in table and "| GAN (1 seed) | 0.500 |" in table


def test_a_method_with_fewer_seeds_keeps_its_gain_and_its_comparison():
    table = quality.report(
        results(
            {
                name: {
                    "WGAN": [0.8],
                    "WGAN untrained": [0.7, 0.7],
                    "5th neighbour": [0.6],
                    "GAN": [0.5, 0.5],
                }
                for name in ("mine", "yours")
            }
        )
    )
    wgan = cells(table, "Open tables", "WGAN (1 seed)")
    assert wgan["gain of training"] == "+0.100"
    assert wgan["against 5th neighbour"] == "+0.200"


def test_a_method_that_has_met_one_easy_group_is_not_on_top():
    table = quality.report(
        results(
            {
                "mine": {"WGAN": [0.7], "GAN": [0.5]},
                "breast cancer": {"WGAN": [0.95], "GAN": [0.9], "ALAD": [0.92]},
            }
        )
    ).partition("### Breast")[0]
    assert table.index("| WGAN") < table.index("| ALAD") < table.index("| GAN")


def test_one_gaussian_is_not_measured_on_images(tmp_path, monkeypatch):
    monkeypatch.setattr(gt.evaluation, "evaluate", lambda *_, **__: 1 / 0)
    given = ["--only", "digit 1 normal", "--methods", quality.GAUSSIAN]
    csv = tmp_path / "quality.csv"
    csv.write_text("data,detector,seed,auroc\ndigit 1 normal,WGAN,0,0.5\n")
    quality.main([*given, "--csv", str(csv)])


def test_untrained_twins_stand_still_and_what_has_no_adversary_has_none():
    methods = quality.methods()
    for name, detector in methods.items():
        if name.endswith(quality.UNTRAINED):
            for inner in getattr(detector, "members", [detector]):
                assert (inner.n_steps, inner.learning_rate) == (1, 1e-12), name
            assert name.removesuffix(quality.UNTRAINED) in methods
    assert "Ensemble untrained" in methods
    without = methods["Ensemble, no adversary"].members
    assert [getattr(m, "adversarial_weight", None) for m in without[2:]] == [0.0] * 3
    assert {m.n_steps for m in without[:2]} == {1}
    assert not [name for name in methods if "no adversary untrained" in name]


def test_an_interval_holds_the_mean_and_shrinks_with_more_data_sets():
    few = pd.Series(np.tile([0.1, -0.1, 0.2, 0.0, 0.05], 2))
    said = quality.interval(few)
    mean, low, high = map(
        float, said.replace("[", "").replace("]", "").replace(",", "").split()
    )
    assert low < mean < high and mean == pytest.approx(few.mean(), abs=1e-3)
    many = quality.interval(pd.concat([few] * 30))
    low_of_many, high_of_many = map(float, many.split("[")[1].strip("]").split(", "))
    assert high_of_many - low_of_many < (high - low) / 3
    assert quality.interval(few[:3]) == "+0.067"


@pytest.mark.parametrize("shape", [(30, 4), (30, 2, 2)], ids=["table", "images"])
def test_a_peer_gets_standardised_flat_rows_and_is_quiet(shape, monkeypatch, capsys):
    seen = {}

    class Peer:
        def __init__(self, verbose: int, random_state: int = 42) -> None:
            print("hello")
            np.random.seed(random_state)  # noqa: NPY002  as PyOD's own base class does

        def fit(self, X: np.ndarray) -> None:
            print("epoch 1 of 1")
            seen["train"], seen["drawn"] = X, np.random.random()  # noqa: NPY002

        def decision_function(self, X: np.ndarray) -> np.ndarray:
            return X.sum(axis=1)

    torch = SimpleNamespace(manual_seed=lambda seed: seen.update(seed=seed))
    monkeypatch.setitem(sys.modules, "torch", torch)
    module = SimpleNamespace(AnoGAN=Peer)
    monkeypatch.setattr(peers, "import_module", {"pyod.models.anogan": module}.get)
    X = np.random.default_rng(0).normal(50, 3, shape)
    detector = peers.PyOD("AnoGAN", random_state=7).fit(X)
    assert seen["train"].shape == (30, 4) and seen["seed"] == 7
    np.testing.assert_allclose(seen["train"].mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(seen["train"].std(axis=0), 1)
    moved = detector.anomaly_score(X + 3) - detector.anomaly_score(X)
    by_hand = (3 / X.reshape(30, 4).std(axis=0)).sum()
    np.testing.assert_allclose(moved, by_hand)
    drawn = seen["drawn"]
    peers.PyOD("AnoGAN", random_state=7).fit(X)
    assert seen["drawn"] == drawn
    peers.PyOD("AnoGAN", random_state=8).fit(X)
    assert seen["drawn"] != drawn
    assert capsys.readouterr().out == ""


def test_all_ways_train_the_same_networks_to_the_same_weights():
    given = speed.draws(50, 6, 8)
    losses = {}
    for name in (speed.LOOP, "keras.Model.fit", "block"):
        step = speed.players((4,), 10)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(speed, "players", lambda *_, step=step: step)
            speed.ways()[name]((4,), given)(6)
        losses[name] = np.array(step(given[0][:8], given[2][0]))
    for other in losses.values():
        np.testing.assert_allclose(losses[speed.LOOP], other, rtol=1e-5)
    fresh = speed.players((4,), 10)(given[0][:8], given[2][0])
    assert not np.allclose(losses[speed.LOOP], fresh, rtol=1e-5)  # it has learned


def test_members_trained_together_are_networks_of_their_own():
    layer = speed.Apart(3, "relu")
    x = np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)
    layer(x)
    layer.bias.assign(np.arange(6.0).reshape(2, 1, 3))
    by_hand = [
        np.maximum(x[i] @ layer.kernel.numpy()[i] + layer.bias.numpy()[i], 0)
        for i in range(2)
    ]
    np.testing.assert_allclose(layer(x), by_hand, rtol=1e-5)


def in_this_process(command: list[str], **_) -> SimpleNamespace:
    """Stand in for subprocess.run of `python -c code arguments`."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setattr(sys, "argv", command[2:])
        exec(command[2], {})
    return SimpleNamespace(stdout=said.getvalue())


def test_a_short_run_of_the_speed_benchmark_fills_its_tables(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(speed, "GROWN", dict.fromkeys(speed.GROWN, (2,)))
    monkeypatch.setattr(speed, "FITTED", (0,))
    monkeypatch.setattr(scale, "SIZES", (300, 500))
    monkeypatch.setattr(scale, "METHODS", {"GAN": 500})
    for module in (speed, scale):
        monkeypatch.setattr(module, "subprocess", SimpleNamespace(run=in_this_process))
    without_xla = lambda step, jit_compile=False: compile_block(step)  # noqa: E731
    monkeypatch.setattr(speed, "compile_block", without_xla)
    for name, fewer in {
        "ROWS": 9000,
        "SEARCHED": 20,
        "ALONE": 2,
        "USED": {"GAN": {"discriminator_": 1}},
    }.items():
        monkeypatch.setattr(scoring_speed, name, fewer)
    for name in ("GAN", "AnoGAN"):
        short = partial(getattr(gt.detectors, name), n_steps=5)
        monkeypatch.setattr(gt.detectors, name, short)
    csv = tmp_path / "speed.csv"
    speed.main(["--steps", "5", "--rounds=1", f"--csv={csv}"])
    found = pd.read_csv(csv)
    assert (found["value"] > 0).all()
    by_rows = pd.read_csv(tmp_path / "scale.csv")
    assert by_rows.groupby(["measure", "setting"])["way"].nunique().eq(2).all()
    assert by_rows["setting"].nunique() == by_rows["measure"].nunique() == 2
    assert (by_rows.loc[by_rows["measure"] == scale.SECONDS, "value"] > 0).all()
    per_step = found[found["measure"] == "microseconds a step"]
    assert per_step.groupby("setting")["way"].nunique().min() >= 4
    grown = found[found["measure"].str.startswith(speed.GROWTH)]
    assert grown["measure"].nunique() == len(grown) == 5
    peak = found.loc[found["measure"] == "peak memory in GB", "value"]
    assert peak.between(0.2, 30.0).all()  # of a Python that has imported TensorFlow
    for picture in ("speed.png", "scale.png"):
        assert (tmp_path / picture).stat().st_size > 5000
    out = capsys.readouterr().out
    assert out.count("| block, XLA |") == 4  # first result and steady, both networks
    assert out.count("\n### ") + 1 == found["measure"].nunique() + 2


def test_the_search_is_told_for_as_many_rows_whatever_was_timed(monkeypatch):
    for name, value in {"SEARCHED": 20, "ALONE": 2, "seconds": lambda run: 1.0}.items():
        monkeypatch.setattr(scoring_speed, name, value)
    told = {way: value for _, _, way, value in scoring_speed.search(1, 1)}
    assert told[scoring_speed.ONE_BY_ONE] == 10.0 and told["ours, at once"] == 1.0


def test_ratios_are_taken_within_a_round():
    lines = [
        ("microseconds a step", "larger", way, value)
        for values in ((100.0, 10.0), (300.0, 30.0), (200.0, 40.0))
        for way, value in zip((speed.LOOP, "block"), values, strict=True)
    ]
    columns = ["measure", "setting", "way", "value"]
    table = speed.report(pd.DataFrame(lines, columns=columns))
    assert "| larger | block | 30 | 10 to 40 | 10 |" in table
    assert f"| larger | {speed.LOOP} | 200 | 100 to 300 | 1 |" in table


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    return tables.printed()


@pytest.mark.parametrize("path", tables.PROSE, ids=lambda path: path.name)
def test_the_tables_in_the_prose_are_those_of_the_csv_files(path, printed):
    text = path.read_text(encoding="utf-8")
    titles = [match["title"] for match in tables.TABLE.finditer(text)]
    assert any(title.startswith("Mean AUROC") for title in titles)
    assert set(titles) <= set(printed)
    assert tables.renewed(text, printed) == text


def test_a_table_with_another_number_is_renewed():
    new = "### A title\n\n| method |\n|---|\n| 0.5 |\n"
    old = new.replace("0.5", "0.6")
    tables_of = {"A title": new}
    around = "Before.\n\n{}\nAfter, **not** a table.\n"
    assert tables.renewed(around.format(old), tables_of) == around.format(new)
    assert tables.renewed(old.rstrip("\n"), tables_of) == new.rstrip("\n")
    other = old.replace("A title", "Another")
    assert tables.renewed(other, tables_of) == other


def test_the_time_series_benchmark_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    asked = []

    def measured(data, seed, way):
        asked.append((data, seed, way))
        yield {"data": data, "seed": seed, "calibration": way, "auroc": 0.5}

    monkeypatch.setattr(time_series, "measured", measured)
    csv = f"--csv={tmp_path / 'time_series.csv'}"
    time_series.main([csv, "--seeds=1"])
    first = list(asked)
    time_series.main([csv, "--seeds=2"])
    assert len(first) == 6 and len(asked) == 12 == len(set(asked))


def test_what_finds_the_events_is_judged_perfect_for_each_kind():
    new = gt.data.periodic_signal(2000, 8, seed=0)
    found = time_series.judged(new, new.labels.astype(float))
    kinds = [found[event.kind] for event in new.events]
    assert kinds == [1] * 8 and found["auroc"] == found["f1"] == found["hit"] == 1


@pytest.mark.parametrize("way", time_series.WAYS)
def test_no_window_is_for_training_and_calibration(way):
    training, kept = time_series.split(5937, way, seed=0)
    assert not (training & kept).any()
    assert kept.mean() == pytest.approx(0.2, abs=0.001)
