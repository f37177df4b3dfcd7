"""``python -m gantutor score``: from one CSV file to another, with alarms (notebook "your data")."""

import argparse
import contextlib
import io
import signal
import sys
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

import gantutor as gt
from gantutor import archive

MAX_TRAINING_ROWS = 100_000  # more are not learned from: the training sees fewer
ADDED = ("anomaly_score", "p_value", "alarm", "reasons")
OK, PROBLEM, CHANGED, INTERRUPTED = 0, 1, 3, 130  # argparse exits with 2
GANS = ("WGAN", "FenceGAN", "AnoGAN", "FAnoGAN", "BiGAN", "ALAD", "GANomaly", "GAN")
BASELINES = ["5th neighbour", "isolation forest", "local outlier factor"]
BASELINES += ["one-class SVM", "PCA error", "Mahalanobis"]
METHODS = (*GANS, "Ensemble", *BASELINES)
LEARNING = ("save_model", "columns", "exclude", "categorical", "detector", "seed")
METHODS_TOLD = f"""{", ".join(GANS)} (default WGAN); Ensemble of several, slower and the best for
most tables; without a network: {", ".join(BASELINES)}"""
READING: dict[str, Any] = {"sep": ",", "decimal": ".", "encoding": "utf-8"}
READING |= dict.fromkeys(["thousands", "na_values", "parse_dates", "date_format"])

COMMANDS = "Without a command: the self-check. Help: python -m gantutor score --help"
WHAT_SCORE_DOES = """\
Find the unusual rows of DATA.csv. The program learns what is normal from GOOD.csv: rows from
a time when, as far as you know, all was well. Both files (packed ones end in .gz) need the
same columns. Name dates and signs: nothing is guessed. A model keeps these options.
"""
EXAMPLES = """\
The result is a copy of DATA.csv with four more columns: anomaly_score (the higher, the more
unusual), p_value (the share of normal rows with a score at least as high), alarm (1, else 0)
and, for alarms, reasons (the columns that add most to the score).

examples:
  python -m gantutor score february.csv --train january.csv --save-model payments.npz
  python -m gantutor score march.csv --model payments.npz --budget 20/5000
  python -m gantutor score new.csv --train good.csv --exclude name "order number" \\
      --sep ";" --decimal , --parse-dates sent --date-format %d.%m.%Y

exit status: 0 done, 1 a problem with the files, 2 the command was not understood, 3 done, but
a column is not what it was in training, 130 stopped. No run leaves half of a result.
"""


def sign(text: str) -> str:
    """One sign; argparse calls what is none by the name of this function."""
    text = "\t" if text in ("\\t", "tab") else text
    if len(text) == 1:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not one sign (a tab is \\t)")


def share(text: str) -> float:
    """A share such as 0.004 or 20/5000."""
    alerts, _, rows = text.partition("/")
    share = float(alerts) / (float(rows or 1) or 1)
    if 0 < share < 1:
        return share
    raise argparse.ArgumentTypeError(f"{text!r} is not a share, as 0.004 or 20/5000 is")


def _parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m gantutor", description=COMMANDS)
    parser = whole.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "score",
        help="find the unusual rows of a CSV file",
        usage="%(prog)s DATA.csv (--train GOOD.csv | --model MODEL.npz) [options]",
        description=WHAT_SCORE_DOES,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    file: Any = {"type": Path, "metavar": "FILE"}
    several: Any = {"nargs": "+", "metavar": "NAME"}
    parser.add_argument("data", metavar="DATA.csv", type=Path, help="the rows to score")
    add = parser.add_mutually_exclusive_group(required=True).add_argument
    add("--train", help="rows to learn from", **file)
    add("--model", help="what an earlier run has kept with --save-model", **file)
    rate = "share of the normal rows, such as 0.004 or 20/5000 (default 0.01)"
    add = parser.add_argument_group("scoring").add_argument
    add("--false-alarm-rate", "--budget", type=share, metavar="SHARE", help=rate)
    add("--out", help="the result (default DATA-scored.csv, beside DATA.csv)", **file)
    add("--force", action="store_true", help="replace a file that is already there")
    add("--chunk-size", type=int, default=20_000, metavar="N", help="rows at a time")
    add("--quiet", action="store_true", help="say nothing but problems")
    add = parser.add_argument_group("how the files are written").add_argument
    add("--sep", type=sign, help='between columns (default ",")')
    add("--decimal", type=sign, help='before the decimals (default ".")')
    add("--thousands", type=sign, help="between thousands (default none)")
    add("--encoding", help="of the text in the files (default utf-8)")
    add("--na-values", nargs="+", metavar="TEXT", help="signs of a gap, beside NA")
    add("--parse-dates", help="the columns of dates", **several)
    dates = "such as %%d.%%m.%%Y (default ISO 8601); for each column, NAME=FORMAT"
    add("--date-format", nargs="+", metavar="FORMAT", help=dates)
    add = parser.add_argument_group("learning (with --train)").add_argument
    add("--save-model", help="keep what was learned", **file)
    add("--columns", help="use these columns (default: all)", **several)
    add("--exclude", help="use all columns but these", **several)
    add("--categorical", help="columns of numbers that are names: postcodes", **several)
    add("--detector", choices=METHODS, metavar="METHOD", help=METHODS_TOLD)
    add("--seed", type=int, metavar="N", help="same seed, same result (default 0)")
    parser.set_defaults(refuse=parser.error)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit status."""
    options = _parser().parse_args(arguments)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    try:
        out = _checked_places(options)
        _say("Starting TensorFlow.", options.quiet)
        gt.setup()
        detector = _learned(options) if options.train else _loaded(options)
        return _write_scores(options, detector, out)
    except (KeyboardInterrupt, UserWarning):  # the warning that a training was stopped
        _say("gantutor: stopped; no result was written.")
        return INTERRUPTED
    except (ValueError, OSError, FloatingPointError) as error:
        _say(f"gantutor: {error}")
        return PROBLEM
    finally:
        signal.signal(signal.SIGTERM, before)


def _checked_places(options: argparse.Namespace) -> Path:
    """Look at options and files before any work is done; return where the result goes."""
    for name in LEARNING:
        if options.model and getattr(options, name) is not None:
            options.refuse(f"--{name.replace('_', '-')} goes with --train, not --model")
    if not 0 <= (options.seed or 0) < 2**32:
        options.refuse(f"--seed {options.seed} is not from 0 to {2**32 - 1}")
    read = [options.data, options.train or options.model]
    if missing := [str(path) for path in read if not path.is_file()]:
        raise ValueError(f"{missing[0]!r} is not there, or is no file. Check its name.")
    plain = options.data.with_name(options.data.name.removesuffix(".gz"))
    out = options.out or plain.with_stem(f"{plain.stem}-scored")
    for path in filter(None, [out, options.save_model]):
        archive.check_place(path)
        if path.exists() and any(map(path.samefile, read)):
            why = "it is read. Give another name"
        elif path.exists() and not options.force:
            why = "it is already there. Move it away, give another name, or use --force"
        elif path is not out and path.resolve() == out.resolve():
            why = "it would be both the result and the model. Give two names"
        else:
            continue
        raise ValueError(f"{str(path)!r} cannot be written: {why}.")
    return out


def _say(text: str, quiet: bool = False) -> None:
    if not quiet:
        print(text, file=sys.stderr)


def _loaded(options: argparse.Namespace) -> Any:
    detector = gt.load(options.model)
    if not isinstance(detector, gt.tables.TableDetector):
        held = f"{str(options.model)!r} holds a {type(detector).__name__} for numbers"
        what = "a model for tables is needed: make one with --train and --save-model"
        raise ValueError(f"{held}, and {what}.")
    if options.false_alarm_rate:
        detector.set_false_alarm_rate(options.false_alarm_rate)
    encoder = detector.encoder_
    encoder.read_options = _reading(options, encoder.read_options or {})
    return detector


def _learned(options: argparse.Namespace) -> Any:
    """A detector for tables, fitted on GOOD.csv; it will fit the rows of DATA.csv."""
    reading, names = _reading(options, {}), options.categorical or ()
    *_, first = islice(_chunks(options, reading, options.data), 2)
    rows = _training_rows(options, reading)
    rows = _as_pandas_reads(rows, reading, [*names, *(reading["parse_dates"] or ())])
    encoder = gt.tables.TableEncoder(options.columns, options.exclude or (), names)
    encoder.set_params(read_options=reading).fit(rows).transform(first)
    method, seed = options.detector or "WGAN", options.seed or 0
    rate, verbose = options.false_alarm_rate or 0.01, int(not options.quiet)
    if method in BASELINES:
        inner = gt.evaluation.BASELINES[method](seed)
    else:
        inner = getattr(gt.detectors, method)(random_state=seed, verbose=verbose)
    settings: Any = {"false_alarm_rate": rate, "random_state": seed}
    detector = gt.tables.TableDetector(inner, encoder, **settings)
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", ".*stopped by the keyboard")  # of no use here
        detector.fit(rows)
    for name, kind, _, done in detector.encoder_.describe().itertuples():
        _say(f"  {name}: {kind}: {done}", options.quiet)
    n_kept = len(detector.calibration_scores_)
    if (n_kept + 1) * rate < 1:
        words = f"a false-alarm rate of {rate:g} cannot be promised by {n_kept} rows (a fifth)"
        more = f"{1 / (n_kept + 1):.2g}, or train on {5 * (round(1 / rate) - 1):,} rows"
        _say(f"gantutor: {words}: expect {more}.")
    if options.save_model:
        detector.save(options.save_model)
    return detector


def _write_scores(options: argparse.Namespace, detector: Any, out: Path) -> int:
    """Score DATA.csv by chunks, and tell what was found; return the exit status."""
    n_rows, n_alarms, new, unusual = 0, 0, Counter[str](), Counter[str]()
    reading = detector.encoder_.read_options
    style = {name: reading[name] for name in ("sep", "decimal", "encoding")}
    style |= {"index": False, "float_format": "%.6g", "mode": "a"}
    style["compression"] = "gzip" if out.suffix == ".gz" else None
    told_at_the_end = warnings.catch_warnings(action="ignore", category=UserWarning)
    with archive.replaced(out) as partial, told_at_the_end:
        for i, chunk in enumerate(_chunks(options, reading, options.data, "scoring")):
            rows = _as_pandas_reads(chunk, reading, chunk.columns)
            added = detector.report(rows)
            _, is_new, is_unusual = detector.encoder_.encode(rows)
            new.update(is_new.sum().to_dict())
            unusual.update(is_unusual.sum().to_dict())
            n_rows, n_alarms = n_rows + len(rows), n_alarms + int(added["alarm"].sum())
            chunk.join(added).to_csv(partial, header=i == 0, **style)
    changed = detector.encoder_.changed_columns(n_rows, unusual)
    for sentence in changed:
        _say(f"gantutor: {sentence}")
    if new := +new:
        found = ", ".join(f"{name} in {n:,}" for name, n in new.most_common())
        _say(f"Rows with a new kind of value: {found}.", options.quiet)
    expected = f"about {detector.false_alarm_rate_ * n_rows:,.0f} would be expected"
    words = f"Alarms: {n_alarms:,} in {n_rows:,} rows; if all rows were normal"
    _say(f"{words}, {expected}. The result is in {out}", options.quiet)
    return CHANGED if changed else OK


def _reading(options: argparse.Namespace, known: Mapping[str, Any]) -> dict[str, Any]:
    """How files are read, in the terms of pandas: as the command says, or as is known."""
    given = {name: value for name in READING if (value := getattr(options, name))}
    if formats := given.get("date_format"):
        by_name = dict(item.split("=", 1) for item in formats if "=" in item)
        given["date_format"] = by_name or formats[0]
    return {**READING, **known, **given}


def _chunks(
    options: argparse.Namespace, reading: dict[str, Any], path: Path, what: str = ""
) -> Iterator[Any]:
    """Rows of a CSV as text, some at a time; first none, with the names of the columns."""
    style: Any = {"dtype": str, "keep_default_na": False, "header": None}
    style |= {name: reading[name] for name in ("sep", "encoding")}
    shown: Any = {"unit": "B", "unit_scale": True, "disable": options.quiet or not what}
    try:
        names = pd.read_csv(path, nrows=1, **style).iloc[0].to_list()
        if len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
            raise ValueError(f"it has only one column, {names[0]!r}")
        if path == options.data and (taken := [n for n in ADDED if n in names]):
            raise ValueError(f"it has a column {taken[0]!r} already: rename it")
        style["skip_blank_lines"] = len(names) > 1  # of one column, they are rows
        style["compression"] = "gzip" if path.suffix == ".gz" else None
        with (
            open(path, "rb") as file,
            pd.read_csv(file, chunksize=options.chunk_size, **style) as reader,
            tqdm(desc=what, total=path.stat().st_size, **shown) as bar,
        ):
            for chunk in chain([reader.get_chunk(1)[1:]], reader):
                yield chunk.set_axis(names, axis=1)
                bar.update(file.tell() - bar.n)
    except (ValueError, LookupError, EOFError, OSError, zlib.error) as error:
        why = str(error).rpartition("C error: ")[2].strip(" .\n")
        raise ValueError(
            f"{str(path)!r} cannot be read as a table: {why}. It must be a CSV in "
            f"{reading['encoding']} (see --encoding) with a line of column names, "
            f"{reading['sep']!r} between them (see --sep), no line with more values than the "
            "first, and a second one for each quotation mark."
        ) from error


def _as_pandas_reads(chunk: Any, reading: dict[str, Any], text: Sequence[str]) -> Any:
    """Rows of text with the kinds and gaps that pandas finds; columns in `text` stay text."""
    if chunk.empty:
        return chunk
    like = {k: reading[k] for k in ("sep", "decimal", "thousands", "na_values")}
    like["dtype"] = {i: str for i, name in enumerate(chunk) if name in text}
    like |= {"header": None, "names": range(chunk.shape[1]), "skip_blank_lines": False}
    written = chunk.to_csv(index=False, header=False, sep=reading["sep"])
    read = pd.read_csv(io.StringIO(written), **like)
    return read.set_axis(chunk.columns, axis=1).set_axis(chunk.index)


def _training_rows(options: argparse.Namespace, reading: dict[str, Any]) -> Any:
    """The rows of GOOD.csv as text or, if they are many, a random choice in their order."""
    random, n_read = np.random.default_rng(options.seed or 0), 0
    rows: Any = None
    for chunk in _chunks(options, reading, options.train, "reading"):
        n_read += len(chunk)
        chunk[0] = random.random(len(chunk))  # beside the columns, whose names are text
        rows = pd.concat([rows, chunk]).nsmallest(MAX_TRAINING_ROWS, 0)
    if n_read > len(rows):
        _say(f"Learning from a random {len(rows):,} of {n_read:,} rows.", options.quiet)
    return rows.drop(columns=0).sort_index()
