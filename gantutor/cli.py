"""``python -m gantutor score``: from one CSV file to another, with alarms (notebook 11)."""

from __future__ import annotations

import argparse
import codecs
import contextlib
import gzip
import os
import signal
import sys
import threading
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

MAX_TRAINING_ROWS = 100_000  # more are not learned from: the training sees fewer
ADDED = ("anomaly_score", "p_value", "alarm", "reasons")
DETECTORS = (
    "WGAN",
    "FenceGAN",
    "AnoGAN",
    "FAnoGAN",
    "BiGAN",
    "ALAD",
    "GANomaly",
    "GAN",
)
OK, PROBLEM, USAGE, INTERRUPTED = 0, 1, 2, 130

SUMMARY = "Anomaly detection with GANs: notebooks, and a package behind them."
COMMANDS = """\
commands:
  python -m gantutor                    the self-check: is this machine ready?
  python -m gantutor score DATA.csv ... find the unusual rows of a CSV file

python -m gantutor score --help says more, with examples.
"""
WHAT_SCORE_DOES = """\
Find the unusual rows of DATA.csv. The first time, the program learns what is normal from
GOOD.csv: rows from a time when, as far as you know, all was well. (A few bad rows among
them do little harm.) It then gives each row of DATA.csv a score, and calls those rows
alarms whose score is higher than that of nearly all normal rows.

Both files need the same columns, in any order. Columns may hold numbers, text or dates,
and may have gaps; the program prints what it makes of each. A name that ends in .gz is
that of a packed file.
"""
EXAMPLES = """\
the result is a copy of DATA.csv with four more columns:
  anomaly_score  the higher, the more unusual
  p_value        how many normal rows have a score at least as high, as a share
  alarm          1 for an alarm, 0 for the other rows
  reasons        for alarms: the columns that add most to the score

examples:
  Learn from January, score February, keep what was learned:
    python -m gantutor score february.csv --train january.csv --save-model payments.npz
  Score March with it; nobody can look at more than 20 false alarms in 5000 rows:
    python -m gantutor score march.csv --model payments.npz --budget 20/5000
  Leave two columns out; the file comes from a spreadsheet with decimal commas:
    python -m gantutor score new.csv --train good.csv --exclude name "order number" \\
        --sep ";" --decimal ,

exit status: 0 done, 1 a problem with the files (a sentence says which), 2 the command was
not understood, 130 stopped with Ctrl-C or SIGTERM. A result appears when it is complete: a
run that fails or is stopped leaves no part of it behind, and a file that was there as it
was.
"""


class Problem(Exception):
    """What went wrong, in one sentence for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with _ended_as_by_ctrl_c():
            return _score(options)
    except KeyboardInterrupt:
        print("gantutor: stopped; no result was written.", file=sys.stderr)
        return INTERRUPTED
    except (Problem, ValueError, OSError, FloatingPointError) as error:
        print(f"gantutor: {error}", file=sys.stderr)
        return PROBLEM


@contextlib.contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Let SIGTERM, which `timeout` and others send, end the block as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set this
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gantutor",
        description=SUMMARY,
        epilog=COMMANDS,
        usage="%(prog)s [score DATA.csv ...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", help=argparse.SUPPRESS
    )
    score = commands.add_parser(
        "score",
        prog="python -m gantutor score",
        usage="%(prog)s DATA.csv (--train GOOD.csv | --model MODEL.npz) [options]",
        description=WHAT_SCORE_DOES,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    score.add_argument("data", metavar="DATA.csv", type=Path, help="the rows to score")
    source = score.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--train", metavar="GOOD.csv", type=Path, help="normal rows to learn from"
    )
    source.add_argument(
        "--model",
        metavar="MODEL.npz",
        type=Path,
        help="what an earlier run has learned and kept with --save-model",
    )
    files = score.add_argument_group("files")
    files.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="where the result goes; by default beside DATA.csv, as DATA-scored.csv",
    )
    files.add_argument(
        "--save-model", metavar="MODEL.npz", type=Path, help="keep what was learned"
    )
    files.add_argument(
        "--force", action="store_true", help="replace a file that is already there"
    )
    files.add_argument(
        "--sep", default=",", type=_sign, help='sign between columns (default ",")'
    )
    files.add_argument(
        "--decimal",
        type=_sign,
        help='sign before the decimals (default ".", or that of the model)',
    )
    files.add_argument(
        "--encoding",
        default="utf-8",
        type=_encoding,
        help="of the text in the files (default utf-8)",
    )
    alarms = score.add_argument_group("how many alarms").add_mutually_exclusive_group()
    alarms.add_argument(
        "--false-alarm-rate",
        metavar="SHARE",
        type=_share,
        help="share of normal rows that may be called alarms (default 0.01)",
    )
    alarms.add_argument(
        "--budget",
        metavar="ALERTS/ROWS",
        type=_budget,
        help='the same as a budget: "20/5000" is at most 20 false alarms in 5000 normal rows',
    )
    learn = score.add_argument_group("learning (with --train)")
    learn.add_argument(
        "--columns", metavar="NAME", nargs="+", help="use these columns (default: all)"
    )
    learn.add_argument(
        "--exclude", metavar="NAME", nargs="+", help="use all columns but these"
    )
    learn.add_argument(
        "--categorical",
        metavar="NAME",
        nargs="+",
        help="columns of numbers that are names, such as postcodes",
    )
    learn.add_argument(
        "--detector", choices=DETECTORS, help="the method (default WGAN)"
    )
    learn.add_argument(
        "--seed", type=_whole(0), help="the same seed gives the same result (default 0)"
    )
    running = score.add_argument_group("running")
    running.add_argument(
        "--chunk-size",
        metavar="ROWS",
        type=_whole(1),
        default=20_000,
        help="rows read at a time (default 20000); a smaller number needs less memory",
    )
    running.add_argument(
        "--quiet", action="store_true", help="no progress and no report, only problems"
    )
    score.set_defaults(refuse=score.error)
    return parser


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no share between 0 and 1, such as 0.01"
        )
    return share


def _budget(text: str) -> float:
    try:
        alerts, rows = map(float, text.split("/"))
        if not 0 < alerts < rows:
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no budget such as 20/5000: alerts, a slash, rows"
        ) from None
    return alerts / rows


def _sign(text: str) -> str:
    text = "\t" if text in ("\\t", "tab") else text
    if len(text) != 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not one sign (a tab is \\t)")
    return text


def _encoding(text: str) -> str:
    try:
        return codecs.lookup(text).name
    except LookupError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no encoding; utf-8, latin-1 and cp1252 are some"
        ) from None


def _whole(least: int) -> Any:
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number of at least {least}"
            )
        return int(text)

    return parse


def _score(options: argparse.Namespace) -> int:
    given = [options.data, options.train or options.model]
    _refuse_options(options)
    _refuse_missing(given)
    out = options.out or _beside(options.data)
    for path in filter(None, [out, options.save_model]):
        _refuse_place(path, given, options.force)
    if options.save_model and options.save_model.resolve() == out.resolve():
        raise Problem(
            f"{str(out)!r} would be both the result and the model. Give another name with "
            "--out or --save-model."
        )
    first = _first_rows(options)
    _say(options, "Starting TensorFlow.")
    import gantutor as gt

    gt.setup()
    if options.model:
        detector = gt.load(options.model)
        if not isinstance(detector, gt.tables.TableDetector):
            raise Problem(
                f"{str(options.model)!r} holds a {type(detector).__name__} for numbers, and "
                "a model for tables is needed. Make one with --train and --save-model."
            )
        if rate := options.false_alarm_rate or options.budget:
            detector.set_false_alarm_rate(rate)
        detector.encoder_.decimal = options.decimal or detector.encoder_.decimal
    else:
        detector = _learn(options, first)
        if options.save_model:
            with _written_beside(options.save_model) as partial:
                detector.save(partial)
    detector.detector_.verbose = 0  # the bar of this program is enough
    new_kinds: Counter[str] = Counter()
    with _written_beside(out) as partial:
        n_rows, n_alarms = _write_scores(options, detector, partial, new_kinds)
    for name, count in (+new_kinds).items():
        _say(
            options,
            f"{name!r}: in {count:,} of the rows a kind of value that training did not have. "
            f"These are alarms. If that is not what you want, train with --exclude {name!r}.",
        )
    rate = detector.detector_.false_alarm_rate
    _say(
        options,
        f"Alarms: {n_alarms:,} in {n_rows:,} rows; if all rows were normal, about "
        f"{rate * n_rows:,.0f} would be expected. The result is in {out}",
    )
    return OK


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        print(text, file=sys.stderr)


def _beside(data: Path) -> Path:
    """DATA-scored.csv, whatever DATA.csv is packed in."""
    name = data.name.removesuffix(".gz")
    stem, dot, ending = name.rpartition(".")
    return data.with_name(f"{stem}-scored.{ending}" if dot else f"{name}-scored")


def _refuse_options(options: argparse.Namespace) -> None:
    """Say so when an option would be without effect."""
    if options.model:
        for name in ("columns", "exclude", "categorical", "detector", "seed"):
            if getattr(options, name) is not None:
                options.refuse(
                    f"--{name} says how to learn, and --model has learned already. Leave it "
                    "out, or learn again with --train."
                )
        if options.save_model:
            options.refuse("--save-model goes with --train: --model is saved already.")


def _refuse_missing(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise Problem(f"The file {str(path)!r} is not there. Check its name.")
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "a pipe or a device"
            raise Problem(f"{str(path)!r} is {kind}, and a file is needed.")


def _refuse_place(path: Path, given: Sequence[Path], force: bool) -> None:
    """Look at where a result shall go before any work is done."""
    if path.exists() and any(path.samefile(other) for other in given):
        raise Problem(
            f"{str(path)!r} is read, so the result cannot be written to it. Give another "
            "name."
        )
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no file"
        raise Problem(
            f"{str(path)!r} cannot be written: it is {kind}. Give the name of a file."
        )
    folder = path.resolve().parent
    if not folder.is_dir():
        raise Problem(
            f"{str(path)!r} cannot be written: the folder {str(path.parent)!r} is not there. "
            "Make it first."
        )
    if not os.access(folder, os.W_OK):
        raise Problem(
            f"{str(path)!r} cannot be written: you may not write to the folder "
            f"{str(path.parent)!r}. Name a file in another one with --out."
        )
    if path.exists() and not force:
        raise Problem(
            f"{str(path)!r} is already there. Move it away, give another name, or replace "
            "it with --force."
        )


@contextlib.contextmanager
def _written_beside(path: Path) -> Iterator[Path]:
    """A file to write to, renamed to `path` when the block ends without an error."""
    whole = path.resolve()  # the file that a link points to
    partial = whole.with_name(f"{whole.name}.{os.getpid()}.part")
    try:
        yield partial
        os.replace(partial, whole)
    except OSError as error:
        raise Problem(
            f"{str(path)!r} cannot be written: {error.strerror or error}. Make room there, "
            "or give another place."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _chunks(options: argparse.Namespace, path: Path, what: str) -> Iterator[Any]:
    """The rows of a CSV as text, as they stand there, some at a time, with progress.

    The first chunk has the names of the columns and no rows.
    """
    import pandas as pd
    from tqdm import tqdm

    with (
        open(path, "rb") as file,
        tqdm(
            total=path.stat().st_size,
            desc=what,
            unit="B",
            unit_scale=True,
            disable=options.quiet or not what,
            file=sys.stderr,
        ) as bar,
    ):
        try:
            reader = pd.read_csv(
                file,
                sep=options.sep,
                encoding=options.encoding,
                compression="gzip" if path.suffix == ".gz" else None,
                chunksize=options.chunk_size,
                dtype=str,
                keep_default_na=False,
                header=None,
            )
            header = reader.get_chunk(1)
            names = header.iloc[0].to_list()
            if len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
                raise Problem(
                    f"{str(path)!r} has only one column, {names[0]!r}. If it is meant to be "
                    'several, name the sign between them, such as --sep ";".'
                )
            for chunk in chain([header[1:]], reader):
                yield chunk.set_axis(names, axis=1)
                bar.update(file.tell() - bar.n)
        except UnicodeError as error:
            raise Problem(
                f"{str(path)!r} is no text in {options.encoding}. If it is a CSV, name its "
                "encoding, such as --encoding cp1252; if it is something else, save it as "
                "CSV first."
            ) from error
        except pd.errors.EmptyDataError as error:
            raise Problem(
                f"{str(path)!r} is empty. A line with column names is needed, and rows."
            ) from error
        except pd.errors.ParserError as error:
            why = str(error).rpartition("C error: ")[2].strip(" .\n")
            raise Problem(
                f"{str(path)!r} cannot be read as a table: {why}. No line may have more "
                f"values than the first one, with {options.sep!r} between them (see --sep), "
                "and each quotation mark needs a second one."
            ) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Problem(
                f"{str(path)!r} is damaged: it cannot be unpacked ({error})."
            ) from error


def _first_rows(options: argparse.Namespace) -> Any:
    """The names of the columns in DATA.csv and its first rows, looked at before the training."""
    chunks = _chunks(options, options.data, "")
    names = next(chunks)
    if taken := [name for name in ADDED if name in names.columns]:
        raise Problem(
            f"{str(options.data)!r} has a column {taken[0]!r} already, which would be "
            "written. Rename it, or score the file that this one was made from."
        )
    return next(chunks, names)


def _learn(options: argparse.Namespace, first: Any) -> Any:
    """Fit a detector for tables on the rows of GOOD.csv, if it will fit the `first` of DATA.csv."""
    import numpy as np
    import pandas as pd

    import gantutor as gt

    seed = options.seed or 0
    random = np.random.default_rng(seed)
    rows, keys, n_read = pd.DataFrame(), np.empty(0), 0
    for chunk in _chunks(options, options.train, "reading"):
        n_read += len(chunk)
        rows = pd.concat([rows, chunk], ignore_index=True)
        keys = np.concatenate([keys, random.random(len(chunk))])
        if len(rows) > MAX_TRAINING_ROWS:  # a random choice, in their order
            chosen = np.sort(
                np.argpartition(keys, MAX_TRAINING_ROWS)[:MAX_TRAINING_ROWS]
            )
            rows, keys = rows.iloc[chosen].reset_index(drop=True), keys[chosen]
    if n_read > len(rows):
        _say(
            options,
            f"Learning from {len(rows):,} of {n_read:,} rows, chosen at random.",
        )
    rate = options.false_alarm_rate or options.budget or 0.01
    encoder = gt.tables.TableEncoder(
        columns=options.columns,
        exclude=options.exclude or (),
        categorical=options.categorical or (),
        decimal=options.decimal or ".",
    )
    encoder.fit(rows).transform(first)
    method = getattr(gt.detectors, options.detector or "WGAN")
    detector = gt.tables.TableDetector(
        method(
            false_alarm_rate=rate, random_state=seed, verbose=int(not options.quiet)
        ),
        encoder,
    )
    with (
        contextlib.redirect_stdout(sys.stderr),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        detector.fit(rows)
    if any("stopped by the keyboard" in str(warning.message) for warning in caught):
        raise KeyboardInterrupt  # a half-trained network is of no use here
    used = detector.encoder_.describe()
    for name, (kind, _, done) in zip(used.index, used.to_numpy(), strict=True):
        _say(options, f"  {name}: {kind}: {done}")
    n_kept = len(detector.calibration_scores_)
    if (n_kept + 1) * rate < 1:
        print(
            f"gantutor: a false-alarm rate of {rate:g} cannot be promised by {n_kept} rows "
            f"(a fifth of {options.train}): expect {1 / (n_kept + 1):.2g}. Train on at least "
            f"{5 * (round(1 / rate) - 1):,} rows, or allow more alarms.",
            file=sys.stderr,
        )
    return detector


def _write_scores(
    options: argparse.Namespace, detector: Any, out: Path, new_kinds: Counter[str]
) -> tuple[int, int]:
    """Score DATA.csv chunk by chunk; return the numbers of rows and of alarms."""
    n_rows = n_alarms = 0
    packed = options.out is not None and options.out.suffix == ".gz"
    opened: Any = gzip.open if packed else open
    decimal = detector.encoder_.decimal
    with opened(out, "wt", encoding=options.encoding, newline="") as file:
        for number, chunk in enumerate(_chunks(options, options.data, "scoring")):
            added = detector.report(chunk)
            alarms = chunk[added["alarm"] == 1]
            new_kinds.update(detector.encoder_.new_kinds(alarms).sum().to_dict())
            for name in ("anomaly_score", "p_value"):
                added[name] = added[name].map(
                    lambda x: f"{x:.6g}".replace(".", decimal)
                )
            chunk.join(added).to_csv(
                file, sep=options.sep, header=number == 0, index=False
            )
            n_rows, n_alarms = n_rows + len(chunk), n_alarms + len(alarms)
    return n_rows, n_alarms
