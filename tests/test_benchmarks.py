"""The benchmarks run, go on where they stopped, and say what they have measured."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import pytest

from benchmarks import quality, speed


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


def cells(table: str, method: str) -> dict[str, str]:
    head, _, *lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    row = next(line for line in lines if line[0] == method)
    return dict(zip(head, row + [""] * (len(head) - len(row)), strict=True))


def test_a_short_run_is_taken_up_where_it_was_stopped(tmp_path, capsys):
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
    tables = quality.open_tables(None)
    assert list(tables) == [
        *("http", "Ionosphere", "letter", "magic.gamma", "thyroid", "Wilt")
    ]
    assert tables["Wilt"](0)[0].shape == (2, 1)
    assert all(url.startswith("https://") and len(sha) == 64 for url, sha in asked)


def test_without_a_network_one_sentence_says_what_to_do(monkeypatch):
    def fetch(store: pooch.Pooch, name: str) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr(pooch.Pooch, "fetch", fetch)
    with pytest.raises(SystemExit, match=r"no route to host.*GANTUTOR_DATA"):
        quality.open_tables(None)


def test_the_table_has_means_spreads_ranks_and_the_gain_of_training():
    table = quality.report(
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
            }
        )
    )
    lines = [line for line in table.splitlines() if line.startswith("|")]
    wgan = cells("\n".join(lines), "WGAN")
    assert "untrained" not in table
    assert wgan["mine"] == "0.850 ± 0.071" and wgan["yours"] == "0.700 ± 0.000"
    assert wgan["mean"] == "**0.775**" and wgan["rank"] == "1.5"
    assert cells("\n".join(lines), "GAN")["rank"] == "3.0"
    assert wgan["gain of training"] == "+0.025"
    assert wgan["against 5th neighbour"] == "+0.025"


def test_a_method_that_has_not_met_all_data_sets_has_no_line():
    table = quality.report(
        results({"mine": {"WGAN": [0.8], "GAN": [0.5]}, "yours": {"WGAN": [0.7]}})
    )
    assert "| WGAN |" in table and "| GAN |" not in table


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


def test_a_short_run_of_the_speed_benchmark_fills_its_table(tmp_path, capsys):
    csv = tmp_path / "speed.csv"
    speed.main(
        [
            *("--only", "training", "whole"),
            *("--steps", "5"),
            "--rounds=1",
            f"--csv={csv}",
        ]
    )
    found = pd.read_csv(csv)
    assert (found["value"] > 0).all()
    per_step = found[found["measure"] == "microseconds a step"]
    assert per_step.groupby("setting")["way"].nunique().min() >= 4
    out = capsys.readouterr().out
    assert out.count("| block, XLA |") == 4  # first result and steady, both networks


def test_ratios_are_taken_within_a_round():
    lines = [
        speed.line("microseconds a step", "larger", way, value)
        for values in ((100.0, 10.0), (300.0, 30.0), (200.0, 40.0))
        for way, value in zip((speed.LOOP, "block"), values, strict=True)
    ]
    table = speed.report(pd.DataFrame(lines))
    assert "| block | 30 | 10 to 40 | 10.0 |" in table


def test_the_tables_of_the_results_are_those_of_the_csv():
    folder = Path(quality.__file__).parent
    report = quality.report(pd.read_csv(folder / "quality.csv"))
    text = (folder / "RESULTS.md").read_text(encoding="utf-8")
    tables = re.findall(r"^### .+\n\n(?:\|.+\n)+", text, re.MULTILINE)
    assert tables and all(table in report for table in tables)
