"""`python -m gantutor score`: from CSV to CSV, nothing half-written, problems in a sentence."""

import gzip
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import gantutor as gt
from gantutor import cli
from gantutor.tables import TableDetector

gt.setup()

COMMAND = [sys.executable, "-m", "gantutor"]
METHOD = ["--detector", "Mahalanobis"]
LEARN = ["--train", "good.csv", "--parse-dates", "time"]
ADDED = ["anomaly_score", "p_value", "alarm", "reasons"]


def payments(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(3, 1, n).round(2)
    hours = pd.to_timedelta(rng.uniform(0, 24 * 28, n), "h")
    return pd.DataFrame(
        {
            "id": [f"{seed}-{i:05}" for i in range(n)],
            "time": (pd.Timestamp("2025-03-03") + hours).strftime("%Y-%m-%d %H:%M"),
            "shop": rng.choice(["a", "b", "c"], n),
            "amount": amount,
            "fee": (0.02 * amount * rng.normal(1, 0.02, n)).round(4),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 9, n).round()),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """good.csv, new.csv with three alarms, and a model learned from good.csv."""
    folder = tmp_path_factory.mktemp("files")
    payments(500, 0).to_csv(folder / "good.csv", index=False)
    new = payments(230, 1)
    new.loc[7, "fee"] = 1e5
    new.loc[100, "shop"] = "never seen"
    new.loc[229, "amount"] = None
    new.to_csv(folder / "new.csv", index=False)
    good = pd.read_csv(folder / "good.csv", parse_dates=["time"])
    baseline = gt.evaluation.BASELINES["Mahalanobis"](0)
    TableDetector(baseline, random_state=0).fit(good).save(folder / "model.npz")
    return folder


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    """A fresh folder with these files, as the current one."""
    for name in ("good.csv", "new.csv", "model.npz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> int:
    return cli.main(["score", *map(str, arguments)])


def refused(capsys, *arguments: object, files: int = 3) -> str:
    """Exit status 1, one sentence on stderr, nothing on stdout, no new file."""
    assert run(*arguments, "--quiet") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gantutor: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert len(os.listdir()) == files
    return err


def misunderstood(capsys, *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2
    assert len(os.listdir()) == 3
    return capsys.readouterr().err


# what comes out


def test_the_result_is_the_input_with_four_more_columns(here):
    assert run("new.csv", *LEARN, *METHOD, "--quiet") == 0
    text = {"dtype": str, "keep_default_na": False}
    given, scored = (
        pd.read_csv("new.csv", **text),
        pd.read_csv("new-scored.csv", **text),
    )
    assert list(scored) == [*given, *ADDED]
    pd.testing.assert_frame_equal(scored[list(given)], given)
    assert set(scored["alarm"]) == {"0", "1"}
    assert ((scored["reasons"] == "") == (scored["alarm"] == "0")).all()
    assert (scored.loc[[7, 100, 229], "alarm"] == "1").all()
    assert scored.loc[7, "reasons"].startswith("fee ")
    assert scored.loc[100, "reasons"].startswith("shop ")
    assert scored["p_value"].astype(float).between(0, 1).all()


def test_the_scores_are_those_of_the_package(here):
    assert run("new.csv", "--model", "model.npz", "--quiet") == 0
    scored = pd.read_csv("new-scored.csv")
    expected = gt.load("model.npz").report(pd.read_csv("new.csv", parse_dates=["time"]))
    np.testing.assert_allclose(scored["anomaly_score"], expected["anomaly_score"], 1e-5)
    np.testing.assert_allclose(scored["p_value"], expected["p_value"], 1e-5)
    np.testing.assert_array_equal(scored["alarm"], expected["alarm"])
    np.testing.assert_array_equal(scored["reasons"].fillna(""), expected["reasons"])


def test_the_chunk_size_changes_no_byte_and_bounds_what_is_held(here, monkeypatch):
    seen = []
    report = TableDetector.report

    def watched(self, X):
        seen.append(len(X))
        return report(self, X)

    monkeypatch.setattr(TableDetector, "report", watched)
    assert run("new.csv", "--model", "model.npz", "--quiet", "--out", "a.csv") == 0
    assert seen == [0, 230]  # first the header alone
    chunks = ["--chunk-size", 50, "--out", "b.csv"]
    assert run("new.csv", "--model", "model.npz", "--quiet", *chunks) == 0
    assert seen[2:] == [0, 50, 50, 50, 50, 30]
    assert (here / "a.csv").read_bytes() == (here / "b.csv").read_bytes()


def test_a_saved_model_scores_as_the_run_that_made_it(here):
    learn = [*LEARN, *METHOD, "--save-model", "kept.npz", "--seed", 3]
    assert run("new.csv", *learn, "--out", "first.csv", "--quiet") == 0
    again = ["--model", "kept.npz", "--out", "second.csv", "--quiet"]
    assert run("new.csv", *again) == 0
    assert (here / "first.csv").read_bytes() == (here / "second.csv").read_bytes()
    assert run("new.csv", *learn, "--out", "first.csv", "--quiet", "--force") == 0
    assert (here / "first.csv").read_bytes() == (here / "second.csv").read_bytes()


def test_seed_detector_and_columns_reach_the_detector(here, monkeypatch):
    monkeypatch.setitem(gt.detectors.GAN.table_defaults, "n_steps", 5)
    names = ["--columns", "amount", "fee", "age", "--exclude", "age"]
    other = ["--detector", "GAN", "--seed", 7, "--false-alarm-rate", 0.1]
    kept = ["--save-model", "kept.npz", "--quiet"]
    assert run("new.csv", "--train", "good.csv", *names, *other, *kept) == 0
    loaded = gt.load("kept.npz")
    assert loaded.encoder_.columns_ == ["amount", "fee"]
    assert type(loaded.detector_) is gt.detectors.GAN
    assert loaded.detector_.random_state == 7
    assert loaded.false_alarm_rate_ == 0.1


def test_the_methods_are_those_of_the_package():
    assert gt.evaluation.BASELINES.keys() == set(cli.BASELINES)
    assert {*cli.METHODS, "Detector"} == {*gt.detectors.__all__, *cli.BASELINES}


def test_an_ensemble_can_be_chosen(here, monkeypatch):
    few = [gt.evaluation.BASELINES[name](0) for name in ("Mahalanobis", "PCA error")]
    monkeypatch.setattr("gantutor.detectors.ensemble.default_members", lambda: few)
    told = ["--detector", "Ensemble", "--save-model", "kept.npz", "--quiet"]
    assert run("new.csv", *LEARN, *told) == 0
    assert type(gt.load("kept.npz").detector_) is gt.detectors.Ensemble
    assert (pd.read_csv("new-scored.csv").loc[[7, 100, 229], "alarm"] == 1).all()


@pytest.mark.parametrize("method", cli.BASELINES)
def test_a_baseline_can_be_chosen(here, method):
    learn = ["--train", "good.csv", "--columns", "amount", "fee", "--detector", method]
    assert run("new.csv", *learn, "--quiet") == 0
    assert pd.read_csv("new-scored.csv").loc[229, "alarm"] == 1  # a gap


@pytest.mark.parametrize(
    "option", [["--budget", "50/250"], ["--false-alarm-rate", "0.2"]]
)
def test_a_budget_moves_the_threshold_of_a_saved_model(here, option):
    assert run("good.csv", "--model", "model.npz", "--quiet", *option) == 0
    scored = pd.read_csv("good-scored.csv")
    assert 0.1 < scored["alarm"].mean() < 0.35
    expected = gt.load("model.npz").set_false_alarm_rate(0.2)
    alarms = expected.report(pd.read_csv("good.csv"))["alarm"]
    np.testing.assert_array_equal(scored["alarm"], alarms)


def test_other_signs_and_another_encoding(here):
    for name in ("good", "new"):
        table = pd.read_csv(f"{name}.csv").rename(columns={"amount": "Betrag (£)"})
        options = {"sep": ";", "decimal": ",", "encoding": "latin-1", "index": False}
        table.to_csv(f"{name}.csv", **options)
    signs = ["--sep", ";", "--decimal", ",", "--encoding", "latin-1", *METHOD]
    assert run("new.csv", *LEARN, *signs, "--save-model", "kept.npz", "--quiet") == 0
    kinds = gt.load("kept.npz").encoder_.describe()["used as"]
    assert kinds["Betrag (£)"] == kinds["fee"] == "number"
    first = (here / "new-scored.csv").read_bytes()
    (here / "new-scored.csv").unlink()
    assert run("new.csv", "--model", "kept.npz", "--quiet") == 0  # it knows the signs
    assert (here / "new-scored.csv").read_bytes() == first
    scored = pd.read_csv("new-scored.csv", sep=";", encoding="latin-1", dtype=str)
    assert list(scored)[-4:] == ADDED
    assert "," in scored.loc[0, "fee"]


def test_a_file_of_a_spreadsheet_with_a_byte_order_mark(here):
    text = (here / "new.csv").read_text("utf-8").replace("id,", "", 1)
    (here / "new.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    text = (here / "new.csv").read_bytes()
    rows = text.decode("utf-8-sig").splitlines()
    rows[1:] = [row.partition(",")[2] for row in rows[1:]]
    (here / "new.csv").write_bytes(b"\xef\xbb\xbf" + "\n".join(rows).encode())
    assert run("new.csv", "--model", "model.npz", "--quiet") == 0
    assert next(iter(pd.read_csv("new-scored.csv"))) == "time"


def test_a_gzip_file_is_read_and_written(here):
    with gzip.open("new.csv.gz", "wb") as file:
        file.write((here / "new.csv").read_bytes())
    model = ["new.csv.gz", "--model", "model.npz", "--quiet"]
    assert run(*model) == 0
    assert len(pd.read_csv("new-scored.csv")) == 230
    assert run(*model, "--out", "packed.csv.gz") == 0
    plain = (here / "new-scored.csv").read_bytes()
    assert gzip.decompress((here / "packed.csv.gz").read_bytes()) == plain


def test_a_column_without_a_name_keeps_having_none(here):
    for name in ("good.csv", "new.csv"):
        pd.read_csv(name).to_csv(name)  # with the index, as it often happens
    assert run("new.csv", *LEARN, *METHOD, "--quiet") == 0
    header = (here / "new-scored.csv").read_text().splitlines()[0]
    assert header.startswith(",id,time,")


def test_the_result_has_the_decimal_sign_of_the_file_and_a_model_takes_another(here):
    new = pd.read_csv("new.csv")
    new.to_csv("comma.csv", index=False, sep=";", decimal=",")
    signs = ["--sep", ";", "--decimal", ","]
    assert run("comma.csv", "--model", "model.npz", "--quiet", *signs) == 0
    assert run("new.csv", "--model", "model.npz", "--quiet") == 0
    scored = pd.read_csv("comma-scored.csv", sep=";", decimal=",")
    pd.testing.assert_frame_equal(scored, pd.read_csv("new-scored.csv"))


def test_what_the_command_says_of_a_file_comes_before_what_the_model_knows(here):
    for name in ("good", "new"):
        pd.read_csv(f"{name}.csv").to_csv(f"{name};.csv", index=False, sep=";")
    learn = ["--train", "good;.csv", "--parse-dates", "time", "--sep", ";", *METHOD]
    assert run("new;.csv", *learn, "--save-model", "kept.npz", "--quiet") == 0
    told = ["--model", "kept.npz", "--sep", ",", "--quiet"]
    assert run("new.csv", *told) == 0
    other = pd.read_csv("new;-scored.csv", sep=";")
    pd.testing.assert_frame_equal(pd.read_csv("new-scored.csv"), other)


def test_one_enormous_number_is_an_alarm_and_no_obstacle(here):
    new = pd.read_csv("new.csv")
    new.loc[3, "amount"] = 1e308
    new.to_csv("new.csv", index=False)
    assert run("new.csv", "--model", "model.npz", "--quiet") == 0
    assert pd.read_csv("new-scored.csv").loc[3, "alarm"] == 1


def test_through_a_link_its_file_is_written(here):
    (here / "new-scored.csv").symlink_to("elsewhere.csv")
    assert run("new.csv", "--model", "model.npz", "--quiet") == 0
    assert (here / "new-scored.csv").is_symlink()
    assert len(pd.read_csv("elsewhere.csv")) == 230


def test_a_file_without_rows_gives_a_file_without_rows(here):
    header = (here / "new.csv").read_text().splitlines()[0]
    (here / "new.csv").write_text(header + "\n")
    assert run("new.csv", "--model", "model.npz", "--quiet") == 0
    assert (here / "new-scored.csv").read_text() == header + "," + ",".join(
        ADDED
    ) + "\n"


def test_of_a_very_long_file_a_random_part_is_learned(here, monkeypatch, capsys):
    monkeypatch.setattr(cli, "MAX_TRAINING_ROWS", 100)
    kept = ["--save-model", "kept.npz", "--chunk-size", 70]
    assert run("new.csv", *LEARN, *METHOD, *kept) == 0
    assert "Learning from a random 100 of 500 rows." in capsys.readouterr().err
    assert len(gt.load("kept.npz").calibration_scores_) == 20


# how it is read


def month(first: str, form: str, seed: int, n: int = 1000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    minutes = pd.to_timedelta(rng.integers(0, 28 * 1440, n), "min")
    when = (pd.Timestamp(first) + minutes).strftime(form)
    return pd.DataFrame({"when": when, "x": rng.normal(size=n)})


@pytest.mark.parametrize("form", ["%d-%b-%Y %H:%M", "%d.%m.%Y", "%Y-%m-%dT%H:%M%z"])
def test_dates_are_read_as_the_command_says_and_as_the_model_keeps(here, capsys, form):
    month("2025-05-05", form, 0).to_csv("may.csv", index=False)
    month("2025-06-02", form, 1).to_csv("june.csv", index=False)
    learn = ["--train", "may.csv", "--false-alarm-rate", 0.05, *METHOD, "--quiet"]
    assert run("june.csv", *learn) == 1
    err = capsys.readouterr().err
    assert "Column 'when' looks like dates" in err
    assert "parse_dates, with date_format" in err
    told = ["--parse-dates", "when", "--date-format", form, "--save-model", "m.npz"]
    assert run("june.csv", *learn, *told) == 0
    assert pd.read_csv("june-scored.csv")["alarm"].mean() < 0.1
    done = gt.load("m.npz").encoder_.describe()["what is done"]["when"]
    assert f"text is read as {form}" in done
    again = ["--model", "m.npz", "--quiet", "--out", "again.csv"]
    assert run("june.csv", *again) == 0
    first = (here / "june-scored.csv").read_bytes()
    assert (here / "again.csv").read_bytes() == first


def test_each_date_column_may_have_a_format_of_its_own(here):
    both = month("2025-05-05", "%d.%m.%Y", 0).assign(
        sent=month("2025-05-06", "%d/%m/%y %H:%M", 1)["when"]
    )
    both.to_csv("may.csv", index=False)
    told = ["--parse-dates", "when", "sent", "--date-format", "when=%d.%m.%Y"]
    told += ["sent=%d/%m/%y %H:%M", "--save-model", "m.npz"]
    assert run("may.csv", "--train", "may.csv", *told, *METHOD, "--quiet") == 0
    kinds = gt.load("m.npz").encoder_.describe()["used as"]
    assert kinds.to_dict() == {"when": "date", "x": "number", "sent": "date"}


def test_thousands_and_signs_of_gaps_are_read(here):
    rng = np.random.default_rng(0)
    x = [f"{value:,.2f}" for value in rng.uniform(500, 3000, 300)]
    x[::20] = ["-"] * 15
    pd.DataFrame({"x": x, "y": rng.normal(size=300)}).to_csv("t.csv", index=False)
    told = ["--thousands", ",", "--na-values", "-", "--save-model", "m.npz"]
    assert run("t.csv", "--train", "t.csv", *told, *METHOD, "--quiet") == 0
    encoder = gt.load("m.npz").encoder_
    assert encoder.describe()["used as"].to_list() == ["number", "number"]
    assert "x missing" in encoder.feature_names_out_
    scored = pd.read_csv("t-scored.csv", dtype=str)
    assert scored["x"].to_list() == x
    assert (scored["alarm"] == "1").sum() < 15


def test_codes_keep_their_zeros(here):
    rng = np.random.default_rng(0)
    code = rng.choice(["01067", "10115", "1067"], 200)
    table = pd.DataFrame({"code": code, "y": rng.normal(size=200)})
    table.to_csv("t.csv", index=False)
    told = ["--categorical", "code", "--save-model", "m.npz"]
    assert run("t.csv", "--train", "t.csv", *told, *METHOD, "--quiet") == 0
    levels = gt.load("m.npz").encoder_.plan_[0]["levels"]
    assert levels == ["01067", "10115", "1067"]


def test_a_number_may_be_written_with_more_or_fewer_zeros(here):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"price": "1.50", "y": rng.normal(size=200)})
    table.to_csv("t.csv", index=False)
    table.assign(price=1.5).to_csv("u.csv", index=False)
    told = ["--train", "t.csv", "--save-model", "m.npz", *METHOD, "--quiet"]
    assert run("u.csv", *told) == 0
    assert pd.read_csv("u-scored.csv")["alarm"].mean() < 0.1
    assert run("t.csv", "--model", "m.npz", "--quiet") == 0
    assert pd.read_csv("t-scored.csv")["alarm"].mean() < 0.1


@pytest.mark.parametrize("how", ["swapped", "twice", "shuffled"])
def test_a_column_that_is_not_as_in_training_ends_with_a_status_of_its_own(
    here, capsys, recwarn, how
):
    rng = np.random.default_rng(0)
    number = np.arange(10_000, 12_000)
    if how == "swapped":
        number[[500, 501]] = number[[501, 500]]
    elif how == "twice":
        number[700] = number[699]
    else:
        rng.shuffle(number)
    normal = rng.normal(size=(2000, 2))
    good = pd.DataFrame({"number": number, "a": normal[:, 0], "b": normal[:, 1]})
    good.to_csv("g.csv", index=False)
    good.assign(number=np.arange(12_000, 14_000)).to_csv("n.csv", index=False)
    chunks = ["--chunk-size", 300, *METHOD, "--quiet"]
    assert run("n.csv", "--train", "g.csv", *chunks) == 3
    err = capsys.readouterr().err
    assert err.startswith(
        "gantutor: Column 'number' is not as in training: 2,000 of 2,000"
    )
    assert err.count("\n") == 1
    assert not recwarn.list  # it is told once
    assert len(pd.read_csv("n-scored.csv")) == 2000


def test_in_a_file_of_one_column_an_empty_line_is_a_row(here):
    rng = np.random.default_rng(0)
    lines = ["x", *(f"{value:.3f}" for value in rng.normal(size=100))]
    (here / "good1.csv").write_text("\n".join(lines) + "\n")
    lines[3:3], lines[50:50] = [""], ["", ""]
    (here / "one.csv").write_text("\n".join([*lines, ""]) + "\n")
    learn = ["--train", "good1.csv", *METHOD, "--quiet", "--chunk-size", 7]
    assert run("one.csv", *learn) == 0
    scored = pd.read_csv("one-scored.csv", dtype=str, keep_default_na=False)
    assert scored["x"].to_list() == [*lines[1:], ""]
    assert (scored.loc[scored["x"] == "", "alarm"] == "1").all()


# what is said


def test_progress_and_report_go_to_stderr_and_can_be_silenced(
    here, capsys, monkeypatch
):
    few = {**gt.detectors.WGAN.table_defaults, "n_steps": 20}
    monkeypatch.setattr(gt.detectors.WGAN, "table_defaults", few)
    assert run("new.csv", *LEARN) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "id: left out: text with 400 different values" in err
    assert "on a log-like scale" in err
    assert "time: date: 2025-03-03 to 2025-03-30 (text is read as ISO8601)" in err
    assert "step/s" in err
    assert "Rows with a new kind of value: shop in 1, amount in 1.\n" in err
    assert "in 230 rows; if all rows were normal, about 2 would be" in err
    assert run("new.csv", *LEARN, *METHOD, "--force", "--quiet") == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")


def test_a_rate_that_cannot_be_promised_is_told_even_in_silence(here, capsys):
    rare = ["--false-alarm-rate", "0.001", "--quiet"]
    assert run("new.csv", *LEARN, *METHOD, *rare) == 0
    err = capsys.readouterr().err
    assert "rate of 0.001 cannot be promised by 100 rows" in err
    assert "or train on 4,995 rows" in err


def test_of_a_rate_that_can_just_be_promised_nothing_is_said(here, capsys):
    payments(495, 0).to_csv("enough.csv", index=False)  # 99 calibration rows
    told = [
        "--train",
        "enough.csv",
        *LEARN[2:],
        *METHOD,
        "--budget",
        "1/100",
        "--quiet",
    ]
    assert run("new.csv", *told) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("help_of", [[], ["score"]])
def test_help_names_what_there_is(capsys, help_of):
    with pytest.raises(SystemExit) as ended:
        cli.main([*help_of, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "python -m gantutor score" in text
    assert ("self-check" in text) or ("examples:" in text and "exit status" in text)


# what is refused


def test_a_missing_file_is_named(here, capsys):
    assert "'nwe.csv' is not there" in refused(capsys, "nwe.csv", "--train", "good.csv")
    assert "'god.csv' is not there" in refused(capsys, "new.csv", "--train", "god.csv")
    assert "or is no file" in refused(capsys, ".", "--train", "good.csv")
    assert "or is no file" in refused(capsys, os.devnull, "--train", "good.csv")


def test_an_existing_result_is_replaced_only_by_force(here, capsys):
    (here / "new-scored.csv").write_text("precious")
    model = ["new.csv", "--model", "model.npz"]
    assert "is already there. Move it away" in refused(capsys, *model, files=4)
    assert (here / "new-scored.csv").read_text() == "precious"
    assert run(*model, "--force", "--quiet") == 0
    assert len(pd.read_csv("new-scored.csv")) == 230


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("new.csv", "cannot be written: it is read. Give another name"),
        ("model.npz", "cannot be written: it is read. Give another name"),
        ("nowhere/out.csv", "nowhere' does not exist, or may not be written to"),
        (".", "it is a folder or a device. Give the name of"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(here, capsys, out, words):
    force = ["--out", out, "--force"]
    assert words in refused(capsys, "new.csv", "--model", "model.npz", *force)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_is_not_replaced(here, capsys):
    os.mkfifo("pipe")  # as /dev/null, which a mistake would take from the whole machine
    told = ["new.csv", "--model", "model.npz", "--out", "pipe", "--force"]
    assert "it is a folder or a device" in refused(capsys, *told, files=4)


def test_a_bad_place_for_the_model_is_told_before_the_training(
    here, capsys, monkeypatch
):
    monkeypatch.setattr(TableDetector, "fit", None)
    words = refused(capsys, "new.csv", *LEARN, "--save-model", "nowhere/m.npz")
    assert "nowhere' does not exist, or may not be written to" in words


def test_what_was_learned_is_kept_when_the_scoring_fails(here, capsys, monkeypatch):
    monkeypatch.setattr(cli, "_write_scores", None)
    with pytest.raises(TypeError):
        run("new.csv", *LEARN, *METHOD, "--save-model", "kept.npz", "--quiet")
    assert sorted(os.listdir()) == ["good.csv", "kept.npz", "model.npz", "new.csv"]


def test_the_same_file_by_another_name_is_refused(here, capsys):
    (here / "link.csv").hardlink_to("new.csv")
    place = ["--out", "link.csv", "--force"]
    words = refused(capsys, "new.csv", "--model", "model.npz", *place, files=4)
    assert "cannot be written: it is read. Give another name" in words


@pytest.mark.parametrize("kept", ["new-scored.csv", "../{here}/new-scored.csv"])
def test_result_and_model_need_two_names(here, capsys, kept):
    kept = ["--save-model", kept.format(here=here.name)]
    words = refused(capsys, "new.csv", "--train", "good.csv", *kept)
    assert "would be both the result and the model" in words


def test_a_folder_that_may_not_be_written_is_refused_at_once(here, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *of: False)  # root may write anywhere
    monkeypatch.setattr(TableDetector, "fit", None)
    words = refused(capsys, "new.csv", *LEARN)
    assert "'new-scored.csv' cannot be written: the folder" in words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"time,shop\n2025-03-04,a\n", "no column 'amount', 'fee', 'age'"),
        (b"time,time\n1,2\n", "more than one column named 'time'"),
        (b"time;shop;amount\n", "it has only one column, 'time;shop;amount'"),
        (b"alarm,x\n1,2\n", "it has a column 'alarm' already"),
        (b"a,b\n1,2,3\n", "line 2"),
        (b"", "'new.csv' cannot be read as a table: No columns"),
    ],
)
def test_what_is_wrong_with_the_data_is_told_before_the_training(
    here, capsys, monkeypatch, content, words
):
    monkeypatch.setattr(TableDetector, "fit", None)
    (here / "new.csv").write_bytes(content)
    assert words in refused(capsys, "new.csv", *LEARN)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as a table: No columns to parse"),
        (b"a,b\n1,2\n1,2,3\n", "cannot be read as a table"),
        (b"a,b\n1,2,\n1,2,\n", "cannot be read as a table"),
        (b"a;b;c\n1;2;3\n", "only one column, 'a;b;c'"),
        (b"a,b\n\xfc,1\n", "It must be a CSV in utf-8 (see --encoding)"),
        (b"a,a\n1,2\n1,3\n", "more than one column named 'a'. Give"),
        (b'a,b\n"1,2\n', "a second one for each quotation mark"),
        (b"a,b\n1,2\n", "No column is left"),
        (b"a,b\n", "in 0 rows"),
        (b"fee,age\n1,2\n2,1\n", "has 2 rows; fit needs at least"),
        (bytes(range(256)) * 4, ""),
    ],
)
def test_a_bad_training_file_is_described(here, capsys, content, words):
    (here / "good.csv").write_bytes(content)
    assert words in refused(capsys, "new.csv", "--train", "good.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n", "no column 'time', 'shop', 'amount', 'fee', 'age'"),
        (b"alarm,x\n1,2\n", "it has a column 'alarm' already"),
        (b"time,time\n1,2\n", "more than one column named 'time'"),
        (b"a;b\n1;2\n", "only one column, 'a;b'"),
        (b"time,shop,amount,fee,age\n1,2,3,4,5,6\n", "cannot be read as a table"),
    ],
)
def test_bad_data_is_described(here, capsys, content, words):
    (here / "new.csv").write_bytes(content)
    assert words in refused(capsys, "new.csv", "--model", "model.npz")


def test_a_damaged_packed_file_is_described(here, capsys):
    packed = gzip.compress((here / "new.csv").read_bytes())
    (here / "new.csv").rename("new.csv.gz")
    for content in (packed[:200], b"no gzip at all"):
        (here / "new.csv.gz").write_bytes(content)
        words = refused(capsys, "new.csv.gz", "--model", "model.npz")
        assert "'new.csv.gz' cannot be read as a table" in words


def test_a_model_of_another_kind_is_refused(here, capsys):
    (here / "model.npz").write_bytes(b"hello")
    assert "is damaged, or not a" in refused(capsys, "new.csv", "--model", "model.npz")
    plain = gt.detectors.GAN(n_steps=2, random_state=0).fit(np.eye(9))
    plain.save("model.npz")
    words = refused(capsys, "new.csv", "--model", "model.npz")
    assert "holds a GAN for numbers, and a model for tables is needed" in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: DATA.csv"),
        (["new.csv"], "one of the arguments --train --model is required"),
        (
            ["new.csv", "--train", "good.csv", "--model", "model.npz"],
            "not allowed with",
        ),
        (["new.csv", "--model", "model.npz", "--exclude", "age"], "goes with --train"),
        (["new.csv", "--model", "model.npz", "--seed", "0"], "goes with --train"),
        (["new.csv", "--model", "model.npz", "--save-model", "x"], "goes with --train"),
        (
            ["new.csv", "--train", "good.csv", "--budget", "20"],
            "is not a share, as",
        ),
        (
            ["new.csv", "--train", "good.csv", "--budget", "9/2"],
            "is not a share, as",
        ),
        (
            ["new.csv", "--train", "good.csv", "--false-alarm-rate", "5"],
            "is not a share",
        ),
        (["new.csv", "--train", "good.csv", "--seed", "x"], "invalid int value"),
        (
            ["new.csv", "--train", "good.csv", "--seed", "-1"],
            "--seed -1 is not from 0 to",
        ),
        (["new.csv", "--train", "good.csv", "--sep", "ab"], "is not one sign (a tab"),
        (["new.csv", "--train", "good.csv", "--detector", "KNN"], "choose from"),
    ],
)
def test_a_command_that_makes_no_sense_is_a_usage_error(here, capsys, arguments, words):
    assert words in misunderstood(capsys, *arguments)


# all or nothing


def test_a_run_that_fails_in_the_middle_leaves_the_old_result(
    here, capsys, monkeypatch
):
    (here / "new-scored.csv").write_text("precious")
    with open("new.csv", "a") as file:
        file.write("one,value,too,many,in,this,line\n")
    chunks = ["--chunk-size", 50, "--force"]
    words = refused(capsys, "new.csv", "--model", "model.npz", *chunks, files=4)
    assert "line 232" in words
    assert (here / "new-scored.csv").read_text() == "precious"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (KeyboardInterrupt(), 130, "stopped; no result was written"),
        (
            OSError(28, "No space left on device"),
            1,
            "'new-scored.csv' cannot be written: no space is left there",
        ),
    ],
)
def test_an_interruption_leaves_nothing(
    here, capsys, monkeypatch, error, status, words
):
    calls, written = [], pd.DataFrame.to_csv

    def to_csv(self, file=None, **options):
        if file is not None:  # else it is to be read again
            calls.append(1)
            if len(calls) == 2:
                raise error
        return written(self, file, **options)

    monkeypatch.setattr(pd.DataFrame, "to_csv", to_csv)
    chunks = ["--chunk-size", 50, "--quiet"]
    assert run("new.csv", "--model", "model.npz", *chunks) == status
    assert words in capsys.readouterr().err
    assert sorted(os.listdir()) == ["good.csv", "model.npz", "new.csv"]


# as a program


def test_it_runs_as_a_program_without_a_line_of_tensorflow(here):
    command = [*COMMAND, "score", "new.csv", "--model", "model.npz"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    lines = done.stderr.replace("\r", "\n").splitlines()
    known = (
        "Starting TensorFlow.",
        "scoring:",
        "Rows with a new kind",
        "Alarms:",
    )
    strangers = [line for line in lines if line.strip() and not line.startswith(known)]
    assert strangers == []


def test_a_training_that_the_keyboard_has_stopped_is_of_no_use(here, monkeypatch):
    """Ctrl-C after two blocks of steps, which a notebook would keep."""
    calls = []

    def stop(*_):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("gantutor.training._check_finite", stop)
    assert run("new.csv", *LEARN, "--save-model", "kept.npz", "--quiet") == 130
    assert sorted(os.listdir()) == ["good.csv", "model.npz", "new.csv"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_training_ends_with_130_and_no_file(here, how):
    # five trainings, so that a busy machine has time to send the signal
    command = [*COMMAND, "score", "new.csv", *LEARN, "--detector", "Ensemble"]
    # tests that run in the background of a shell would hand on that SIGINT is ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    said, began = b"", time.monotonic()
    while b"/800" not in said and time.monotonic() - began < 100:
        said += process.stderr.read1(1000)
    process.send_signal(how)
    said += process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert said.strip().endswith(b"gantutor: stopped; no result was written.")
    assert b"Traceback" not in said
    assert sorted(os.listdir()) == ["good.csv", "model.npz", "new.csv"]


def test_sigterm_while_writing_leaves_nothing_and_is_as_before_afterwards(
    here, monkeypatch
):
    report, calls, before = TableDetector.report, [], signal.getsignal(signal.SIGTERM)

    def ended(self, X):
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGTERM)
        return report(self, X)

    monkeypatch.setattr(TableDetector, "report", ended)
    chunks = ["--chunk-size", 50, "--quiet"]
    assert run("new.csv", "--model", "model.npz", *chunks) == 130
    assert sorted(os.listdir()) == ["good.csv", "model.npz", "new.csv"]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("arguments", [["--help"], ["score", "--help"]])
def test_help_does_not_wait_for_tensorflow(arguments):
    code = f"""
import sys
from gantutor import cli
try:
    cli.main({arguments!r})
finally:
    assert "tensorflow" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
