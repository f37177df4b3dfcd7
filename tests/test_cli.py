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
from gantutor.tables import TableDetector, TableEncoder

gt.setup()

COMMAND = [sys.executable, "-m", "gantutor"]
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
    detector = gt.detectors.WGAN(n_steps=20, hidden=(16,), random_state=0, verbose=1)
    good = pd.read_csv(folder / "good.csv")
    TableDetector(detector, TableEncoder()).fit(good).save(folder / "model.npz")
    return folder


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    """A fresh folder with these files, as the current one; training is short."""
    for name in ("good.csv", "new.csv", "model.npz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gt.detectors.WGAN, "usual_steps", (20, 20))
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
    assert run("new.csv", "--train", "good.csv", "--quiet") == 0
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
    expected = gt.load("model.npz").report(pd.read_csv("new.csv"))
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
    assert seen == [230]
    chunks = ["--chunk-size", 50, "--out", "b.csv"]
    assert run("new.csv", "--model", "model.npz", "--quiet", *chunks) == 0
    assert seen[1:] == [50, 50, 50, 50, 30]
    assert (here / "a.csv").read_bytes() == (here / "b.csv").read_bytes()


def test_a_saved_model_scores_as_the_run_that_made_it(here):
    learn = ["--train", "good.csv", "--save-model", "kept.npz", "--seed", 3]
    assert run("new.csv", *learn, "--out", "first.csv", "--quiet") == 0
    again = ["--model", "kept.npz", "--out", "second.csv", "--quiet"]
    assert run("new.csv", *again) == 0
    assert (here / "first.csv").read_bytes() == (here / "second.csv").read_bytes()
    assert run("new.csv", *learn, "--out", "first.csv", "--quiet", "--force") == 0
    assert (here / "first.csv").read_bytes() == (here / "second.csv").read_bytes()


def test_seed_detector_and_columns_reach_the_detector(here):
    names = ["--columns", "amount", "fee", "age", "--exclude", "age"]
    other = ["--detector", "GAN", "--seed", 7, "--false-alarm-rate", 0.1]
    kept = ["--save-model", "kept.npz", "--quiet"]
    assert run("new.csv", "--train", "good.csv", *names, *other, *kept) == 0
    loaded = gt.load("kept.npz")
    assert loaded.encoder_.columns_ == ["amount", "fee"]
    assert type(loaded.detector_) is gt.detectors.GAN
    assert loaded.detector_.random_state == 7
    assert loaded.detector_.false_alarm_rate == 0.1


@pytest.mark.parametrize(
    "option", [["--budget", "50/250"], ["--false-alarm-rate", "0.2"]]
)
def test_a_budget_moves_the_threshold_of_a_saved_model(here, option):
    assert run("good.csv", "--model", "model.npz", "--quiet", *option) == 0
    scored = pd.read_csv("good-scored.csv")
    assert 0.1 < scored["alarm"].mean() < 0.35
    threshold = gt.load("model.npz").set_false_alarm_rate(0.2).threshold_
    np.testing.assert_array_equal(scored["alarm"], scored["anomaly_score"] > threshold)


def test_other_signs_and_another_encoding(here):
    for name in ("good", "new"):
        table = pd.read_csv(f"{name}.csv").rename(columns={"amount": "Betrag (£)"})
        options = {"sep": ";", "decimal": ",", "encoding": "latin-1", "index": False}
        table.to_csv(f"{name}.csv", **options)
    signs = ["--sep", ";", "--decimal", ",", "--encoding", "latin-1"]
    kept = ["--save-model", "kept.npz", "--quiet"]
    assert run("new.csv", "--train", "good.csv", *signs, *kept) == 0
    plan = {
        entry["name"]: entry["kind"] for entry in gt.load("kept.npz").encoder_.plan_
    }
    assert plan["Betrag (£)"] == plan["fee"] == "number"
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


def test_a_gzip_file_is_read(here):
    with gzip.open("new.csv.gz", "wb") as file:
        file.write((here / "new.csv").read_bytes())
    assert run("new.csv.gz", "--model", "model.npz", "--quiet") == 0
    assert len(pd.read_csv("new-scored.csv")) == 230


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
    assert run("new.csv", "--train", "good.csv", *kept) == 0
    assert "Learning from 100 of 500 rows, chosen at random." in capsys.readouterr().err
    assert len(gt.load("kept.npz").calibration_scores_) == 20


# what is said


def test_progress_and_report_go_to_stderr_and_can_be_silenced(here, capsys):
    assert run("new.csv", "--train", "good.csv") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "id: left out: text with 500 different values" in err
    assert "amount: number: on a log-like scale" in err
    assert "step/s" in err
    assert "alarms in 230 rows; if all rows were normal, about 2 alarms" in err
    assert "'shop' has a kind of value that training did not have in 1 rows" in err
    assert run("new.csv", "--train", "good.csv", "--force", "--quiet") == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")


def test_a_rate_that_cannot_be_promised_is_told_even_in_silence(here, capsys):
    rare = ["--false-alarm-rate", "0.001", "--quiet"]
    assert run("new.csv", "--train", "good.csv", *rare) == 0
    err = capsys.readouterr().err
    assert "rate of 0.001 cannot be promised by 100 rows" in err
    assert "Train on at least 4,995 rows" in err


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
    assert "is a folder" in refused(capsys, ".", "--train", "good.csv")


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
        ("new.csv", "is read, so the result cannot be written to it"),
        ("model.npz", "is read, so the result cannot be written to it"),
        ("nowhere/out.csv", "the folder 'nowhere' is not there"),
        (".", "it is a folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(here, capsys, out, words):
    force = ["--out", out, "--force"]
    assert words in refused(capsys, "new.csv", "--model", "model.npz", *force)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n1,2,3\n", "cannot be read as a table"),
        (b"a,b\n1,2,\n1,2,\n", "cannot be read as a table"),
        (b"a;b;c\n1;2;3\n", "only one column, 'a;b;c'"),
        (b"a,b\n\xfc,1\n", "is not written in utf-8"),
        (b"a,b\n1,2\n", "No column is left"),
        (b"a,b\n", "has 0 rows"),
        (b"a,b\n1,2\n2,1\n", "2 samples; fit needs at least"),
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
        (b"alarm,x\n1,2\n", "has a column 'alarm' already"),
        (b"time,time\n1,2\n", "no column"),
        (b"a,b\n1,2\n1,2,3\n", "cannot be read as a table"),
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
        assert refused(capsys, "new.csv.gz", "--model", "model.npz")


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
        (["new.csv", "--model", "model.npz", "--exclude", "age"], "how to learn"),
        (["new.csv", "--model", "model.npz", "--seed", "0"], "how to learn"),
        (["new.csv", "--model", "model.npz", "--save-model", "x"], "goes with --train"),
        (["new.csv", "--train", "good.csv", "--budget", "20"], "no budget such as"),
        (["new.csv", "--train", "good.csv", "--budget", "9/2"], "no budget such as"),
        (["new.csv", "--train", "good.csv", "--false-alarm-rate", "5"], "no share"),
        (["new.csv", "--train", "good.csv", "--chunk-size", "0"], "no whole number"),
        (["new.csv", "--train", "good.csv", "--seed", "x"], "no whole number"),
        (["new.csv", "--train", "good.csv", "--sep", "ab"], "is not one sign"),
        (["new.csv", "--train", "good.csv", "--encoding", "x"], "no encoding"),
        (["new.csv", "--train", "good.csv", "--detector", "KNN"], "invalid choice"),
        (
            ["new.csv", "--train", "good.csv", "--out", "x", "--save-model", "x"],
            "name the same file",
        ),
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
        (OSError(28, "No space left on device"), 1, "No space left on device"),
    ],
)
def test_an_interruption_leaves_nothing(
    here, capsys, monkeypatch, error, status, words
):
    calls = []

    def to_csv(self, file, **options):
        file.write("half")
        calls.append(1)
        if len(calls) == 2:
            raise error

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
        "'shop' has",
        "'amount' has",
        "5 alarms",
    )
    strangers = [
        line
        for line in lines
        if line.strip() and not line.startswith(known) and " alarms in " not in line
    ]
    assert strangers == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_in_the_training_ends_with_130_and_no_file(here):
    command = [*COMMAND, "score", "new.csv", "--train", "good.csv"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said, began = b"", time.monotonic()
    while b"/800" not in said and time.monotonic() - began < 100:
        said += process.stderr.read1(1000)
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert said.strip().endswith(b"gantutor: stopped; no result was written.")
    assert b"Traceback" not in said
    assert sorted(os.listdir()) == ["good.csv", "model.npz", "new.csv"]


@pytest.mark.parametrize("arguments", [["--help"], ["score", "--help"]])
def test_help_does_not_wait_for_tensorflow(arguments):
    code = f"""
import sys
from gantutor import cli
try:
    cli.main({arguments!r})
finally:
    assert "tensorflow" not in sys.modules and "pandas" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
