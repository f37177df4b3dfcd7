"""``python -m gantutor score``: from one CSV file to another, with alarms (notebook "your data")."""

import argparse
import codecs
import contextlib
import gzip
import io
import signal
import sys
import threading
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

MAX_TRAINING_ROWS = 100_000  # more are not learned from: the training sees fewer
ADDED = ("anomaly_score", "p_value", "alarm", "reasons")
OK, PROBLEM, USAGE, CHANGED, INTERRUPTED = 0, 1, 2, 3, 130

COMMANDS = """\
usage: python -m gantutor [score DATA.csv ...]

Anomaly detection with GANs: notebooks, and a package behind them.

commands:
  python -m gantutor                    the self-check: is this machine ready?
  python -m gantutor score DATA.csv ... find the unusual rows of a CSV file

python -m gantutor score --help says more, with examples."""
WHAT_SCORE_DOES = """\
Find the unusual rows of DATA.csv. The first time, the program learns what is normal from
GOOD.csv: rows from a time when, as far as you know, all was well. (A few bad rows among
them do little harm.) It then gives each row of DATA.csv a score, and calls those rows
alarms whose score is higher than that of nearly all normal rows.

Both files need the same columns, in any order. Columns may hold numbers, text or dates,
and may have gaps; the program prints what it makes of each. How a file is to be read is
not guessed: name its dates (--parse-dates) and its signs. A model keeps these options for
the next file. A name that ends in .gz is that of a packed file.
"""
EXAMPLES = """\
the result is a copy of DATA.csv with four more columns:
  anomaly_score  the higher, the more unusual
  p_value        how many normal rows have a score at least as high, as a share
  alarm          1 for an alarm, 0 for the other rows
  reasons        for alarms: the columns that add most to the score

examples:
  Learn from January, score February, keep what was learned:
    python -m gantutor score february.csv --train january.csv --parse-dates time \\
        --save-model payments.npz
  Score March with it; nobody can look at more than 20 false alarms in 5000 rows:
    python -m gantutor score march.csv --model payments.npz --budget 20/5000
  Leave two columns out; the file comes from a spreadsheet with decimal commas:
    python -m gantutor score new.csv --train good.csv --exclude name "order number" \\
        --sep ";" --decimal , --parse-dates sent --date-format %d.%m.%Y

exit status: 0 done, 1 a problem with the files (a sentence says which), 2 the command was
not understood, 3 done, but a column is not what it was in training (a sentence says which),
130 stopped with Ctrl-C or SIGTERM. A result appears when it is complete: a run that fails
or is stopped leaves no part of it behind, and a file that was there as it was.
"""
GANS = ("WGAN", "FenceGAN", "AnoGAN", "FAnoGAN", "BiGAN", "ALAD", "GANomaly", "GAN")
BASELINES = (
    *("5th neighbour", "isolation forest", "local outlier factor"),
    *("one-class SVM", "PCA error", "Mahalanobis"),
)
OPTIONS = f"""\
  --train FILE: normal rows to learn from
  --model FILE: what an earlier run has kept with --save-model
files
  --out FILE: where the result goes; by default beside DATA.csv, as DATA-scored.csv
  --save-model FILE: keep what was learned
  --force: replace a file that is already there
how the files are written (with --model, by default as those it has learned from)
  --sep SIGN: between columns (default ",")
  --decimal SIGN: before the decimals (default ".")
  --thousands SIGN: between thousands (default none)
  --encoding ENCODING: of the text in the files (default utf-8)
  --na-values TEXT...: what stands for a gap, beside nothing, NA and the like
  --parse-dates NAME...: the columns of dates
  --date-format FORMAT...: such as %%d.%%m.%%Y (default: as 2025-12-31 or 2025-12-31 10:20); or, for each column, NAME=FORMAT
how many alarms
  --false-alarm-rate SHARE: of the normal rows, that may be called alarms (default 0.01)
  --budget ALERTS/ROWS: the same as a budget: "20/5000" is at most 20 false alarms in 5000 normal rows
learning (with --train)
  --columns NAME...: use these columns (default: all)
  --exclude NAME...: use all columns but these
  --categorical NAME...: columns of numbers that are names, such as postcodes
  --detector METHOD: {", ".join(GANS)} (default WGAN); without a network: {", ".join(BASELINES)}
  --seed NUMBER: the same seed gives the same result (default 0)
running
  --chunk-size ROWS: rows read at a time (default 20000); a smaller number needs less memory
  --quiet: no progress and no report, only problems
"""
READING = {  # by default, in the terms of pandas.read_csv
    **dict.fromkeys(["thousands", "na_values", "parse_dates", "date_format"]),
    **{"sep": ",", "decimal": ".", "encoding": "utf-8"},
}


class Problem(Exception):
    """What went wrong, in one sentence for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit status."""
    command, *rest = sys.argv[1:] if arguments is None else arguments
    if command != "score":
        print(COMMANDS)
        sys.exit(OK if command in ("-h", "--help") else USAGE)
    options = _parser().parse_args(rest)
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


def _share(text: str) -> float | None:
    alerts, _, rows = text.partition("/")
    share = float(alerts) / float(rows or 1)
    return share if 0 < share < 1 else None


def _whole(least: int, text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) >= least else None


def _sign(text: str) -> str | None:
    text = "\t" if text in ("\\t", "tab") else text
    return text if len(text) == 1 else None


KINDS: dict[str, tuple[Callable[[str], Any], str]] = {
    "FILE": (Path, "no name of a file"),
    "SIGN": (_sign, r"not one sign (a tab is \t)"),
    "ENCODING": (lambda text: codecs.lookup(text).name, "no encoding, such as cp1252"),
    "SHARE": (_share, "no share between 0 and 1, such as 0.01"),
    "ALERTS/ROWS": (
        lambda text: _share(text) if "/" in text else None,
        "no budget such as 20/5000: alerts, a slash, rows",
    ),
    "METHOD": (
        lambda text: text if text in GANS + BASELINES else None,
        f"none of {', '.join(GANS + BASELINES)}",
    ),
    "NUMBER": (partial(_whole, 0), "no whole number of at least 0"),
    "ROWS": (partial(_whole, 1), "no whole number of at least 1"),
}


def _parsed(metavar: str, text: str) -> Any:
    parse, why = KINDS.get(metavar, (str, ""))
    with contextlib.suppress(ValueError, LookupError):
        if (value := parse(text)) is not None:
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is {why}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gantutor score",
        usage="%(prog)s DATA.csv (--train GOOD.csv | --model MODEL.npz) [options]",
        description=WHAT_SCORE_DOES,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", metavar="DATA.csv", type=Path, help="the rows to score")
    group: Any = parser.add_mutually_exclusive_group(required=True)
    for line in OPTIONS.splitlines():
        if not line.startswith(" "):
            group = parser.add_argument_group(line)
            group = group.add_mutually_exclusive_group() if "alarms" in line else group
            continue
        usage, what = line.strip().split(": ", 1)
        name, _, value = usage.partition(" ")
        metavar = value.removesuffix("...")
        more: Any = {"metavar": metavar, "type": partial(_parsed, metavar)}
        more |= {"nargs": "+"} if metavar != value else {}
        group.add_argument(
            name, help=what, **(more if value else {"action": "store_true"})
        )
    parser.set_defaults(refuse=parser.error, chunk_size=20_000)
    return parser


def _score(options: argparse.Namespace) -> int:
    out = _refuse(options)
    _say(options, "Starting TensorFlow.")
    import gantutor as gt

    gt.setup()
    with _writing(out) as partial_file:  # at once, so that a bad place is told at once
        if options.train:
            kept = options.save_model
            with _writing(kept) if kept else contextlib.nullcontext() as model_file:
                detector = _learn(options)
                if model_file:
                    detector.save(model_file)
        else:
            detector = gt.load(options.model)
            if not isinstance(detector, gt.tables.TableDetector):
                raise Problem(
                    f"{str(options.model)!r} holds a {type(detector).__name__} for numbers, "
                    "and a model for tables is needed. Make one with --train and --save-model."
                )
            if rate := options.false_alarm_rate or options.budget:
                detector.set_false_alarm_rate(rate)
            known = dict(detector.encoder_.read_options or {})
            detector.encoder_.read_options = READING | known | _given(options)
        n_rows, n_alarms, new, unusual = _write_scores(options, detector, partial_file)
    changed = detector.encoder_._changed(n_rows, unusual)
    for sentence in changed.values():
        print(f"gantutor: {sentence}", file=sys.stderr)
    for name in [name for name in +new if name not in changed]:
        _say(
            options,
            f"{name!r}: in {new[name]:,} of the rows a kind of value that training did not "
            "have. These are alarms. If that is not what you want, train with --exclude "
            f"{name!r}.",
        )
    _say(
        options,
        f"Alarms: {n_alarms:,} in {n_rows:,} rows; if all rows were normal, about "
        f"{detector.false_alarm_rate_ * n_rows:,.0f} would be expected. The result is in {out}",
    )
    return CHANGED if changed else OK


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        print(text, file=sys.stderr)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """What the command says of how the files are written, in the terms of pandas."""
    given = {name: getattr(options, name) for name in READING}
    if formats := given["date_format"]:
        by_name = dict(item.split("=", 1) for item in formats if "=" in item)
        given["date_format"] = by_name or formats[0]
    return {name: value for name, value in given.items() if value is not None}


def _refuse(options: argparse.Namespace) -> Path:
    """Look at options and files before any work is done; return where the result goes."""
    for name in ("columns", "exclude", "categorical", "detector", "seed", "save_model"):
        if options.model and getattr(options, name) is not None:
            options.refuse(
                f"--{name.replace('_', '-')} goes with --train: it says how to learn, or what "
                "to keep of it, and --model has learned already."
            )
    given = [options.data, options.train or options.model]
    for path in given:
        if not path.exists():
            raise Problem(f"The file {str(path)!r} is not there. Check its name.")
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "a pipe or a device"
            raise Problem(f"{str(path)!r} is {kind}, and a file is needed.")
    stem, dot, ending = options.data.name.removesuffix(".gz").rpartition(".")
    beside = f"{stem}-scored.{ending}" if dot else f"{ending}-scored"
    out = options.out or options.data.with_name(beside)
    for path in filter(None, [out, options.save_model]):
        there = path.exists()
        if there and any(path.samefile(other) for other in given):
            why = "it is read. Give another name"
        elif there and not (path.is_file() or path.is_dir()):
            why = "it is no file. Give the name of one"
        elif path is not out and path.resolve() == out.resolve():
            why = "it would be both the result and the model. Give two names"
        elif path.is_file() and not options.force:
            why = "it is already there. Move it away, give another name, or use --force"
        else:
            continue
        raise Problem(f"{str(path)!r} cannot be written: {why}.")
    return out


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[Path]:
    from gantutor import archive

    try:
        with archive.replaced(path) as partial_file:
            partial_file.touch()
            yield partial_file
    except OSError as error:
        why = f"cannot be written: {error.strerror}. Make room there, or give another place."
        raise Problem(
            f"{str(path)!r} {why}" if error.strerror else str(error)
        ) from error


def _chunks(
    options: argparse.Namespace, reading: dict[str, Any], path: Path, what: str
) -> Iterator[Any]:
    """The rows of a CSV as text, as they stand there, some at a time, with progress.

    The first chunk has the names of the columns and no rows.
    """
    import pandas as pd
    from tqdm import tqdm

    size, quiet = path.stat().st_size, options.quiet or not what
    style: Any = {"unit": "B", "unit_scale": True, "file": sys.stderr, "disable": quiet}
    shown = f"{str(path)!r}"
    try:
        with open(path, "rb") as file, tqdm(total=size, desc=what, **style) as bar:
            read: Any = partial(
                pd.read_csv,
                file,
                sep=reading["sep"],
                encoding=reading["encoding"],
                compression="gzip" if path.suffix == ".gz" else None,
                dtype=str,
                keep_default_na=False,
                header=None,
            )
            names = read(nrows=1).iloc[0].to_list()
            _refuse_names(shown, names, ADDED if path == options.data else ())
            file.seek(0)
            one = len(names) == 1  # then a line with nothing in it is a row
            reader = read(chunksize=options.chunk_size, skip_blank_lines=not one)
            for chunk in chain([reader.get_chunk(1)[1:]], reader):
                yield chunk.set_axis(names, axis=1)
                bar.update(file.tell() - bar.n)
    except UnicodeError as error:
        raise Problem(
            f"{shown} is no text in {reading['encoding']}. If it is a CSV, name its encoding, "
            "such as --encoding cp1252; if it is something else, save it as CSV first."
        ) from error
    except pd.errors.EmptyDataError as error:
        raise Problem(
            f"{shown} is empty. A line with column names is needed, and rows."
        ) from error
    except pd.errors.ParserError as error:
        why = str(error).rpartition("C error: ")[2].strip(" .\n")
        raise Problem(
            f"{shown} cannot be read as a table: {why}. No line may have more values than "
            f"the first one, with {reading['sep']!r} between them (see --sep), and each "
            "quotation mark needs a second one."
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Problem(
            f"{shown} is damaged: it cannot be unpacked ({error})."
        ) from error


def _refuse_names(shown: str, names: list[str], taken: Sequence[str]) -> None:
    if len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
        raise Problem(
            f"{shown} has only one column, {names[0]!r}. If it is meant to be several, name "
            'the sign between them, such as --sep ";".'
        )
    if twice := sorted({repr(name) for name in names if names.count(name) > 1}):
        raise Problem(
            f"{shown}: more than one column is named {', '.join(twice)}. Give each column a "
            "name of its own."
        )
    if found := [repr(name) for name in taken if name in names]:
        raise Problem(
            f"{shown} has a column {found[0]} already, which would be written. Rename it, or "
            "score the file that this one was made from."
        )


def _as_pandas_reads(chunk: Any, reading: dict[str, Any], text: Sequence[str]) -> Any:
    """Rows of text with the kinds and gaps that pandas finds; columns in `text` stay text."""
    import pandas as pd

    if chunk.empty:
        return chunk
    stay = [i for i, name in enumerate(chunk) if name in text]
    read = pd.read_csv(
        io.StringIO(chunk.to_csv(index=False, sep=reading["sep"], header=False)),
        sep=reading["sep"],
        decimal=reading["decimal"],
        thousands=reading["thousands"],
        na_values=reading["na_values"],
        header=None,
        names=range(chunk.shape[1]),
        dtype=dict.fromkeys(stay, str),
        skip_blank_lines=False,
    )
    return read.set_axis(chunk.columns, axis=1).set_axis(chunk.index)


def _training_rows(options: argparse.Namespace, reading: dict[str, Any]) -> Any:
    """The rows of GOOD.csv as text or, if they are many, a random choice in their order."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(options.seed or 0)
    rows, keys, n_read = pd.DataFrame(), pd.Series(dtype=float), 0
    for chunk in _chunks(options, reading, options.train, "reading"):
        n_read += len(chunk)
        rows = pd.concat([rows, chunk])
        keys = pd.concat([keys, pd.Series(random.random(len(chunk)), chunk.index)])
        if len(rows) > MAX_TRAINING_ROWS:
            keys = keys.nsmallest(MAX_TRAINING_ROWS).sort_index()
            rows = rows.loc[keys.index]
    if n_read > len(rows):
        words = f"Learning from {len(rows):,} of {n_read:,} rows, chosen at random."
        _say(options, words)
    return rows


def _learn(options: argparse.Namespace) -> Any:
    """Fit a detector for tables on the rows of GOOD.csv, if it will fit those of DATA.csv."""
    import gantutor as gt

    reading = READING | _given(options)
    *_, first = islice(_chunks(options, reading, options.data, ""), 2)
    text = [*(options.categorical or ()), *(reading["parse_dates"] or ())]
    rows = _as_pandas_reads(_training_rows(options, reading), reading, text)
    encoder = gt.tables.TableEncoder(
        options.columns, options.exclude or (), options.categorical or ()
    )
    encoder.set_params(read_options=reading).fit(rows).transform(first)
    method, seed = options.detector or "WGAN", options.seed or 0
    if method in BASELINES:
        inner = gt.evaluation.BASELINES[method](seed)
    else:
        verbose = int(not options.quiet)
        inner = getattr(gt.detectors, method)(random_state=seed, verbose=verbose)
    rate = options.false_alarm_rate or options.budget or 0.01
    detector = gt.tables.TableDetector(
        inner, encoder, false_alarm_rate=rate, random_state=seed
    )
    with (
        contextlib.redirect_stdout(sys.stderr),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        detector.fit(rows)
    if any("stopped by the keyboard" in str(warning.message) for warning in caught):
        raise KeyboardInterrupt  # a half-trained network is of no use here
    for name, kind, _, done in detector.encoder_.describe().itertuples():
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
    options: argparse.Namespace, detector: Any, out: Path
) -> tuple[int, int, Counter[str], Counter[str]]:
    """Score DATA.csv chunk by chunk.

    Return how many rows and alarms there are and, by column, how many values of a new kind
    the alarms have, and how many unusual ones all rows.
    """
    n_rows, n_alarms, new, unusual = 0, 0, Counter[str](), Counter[str]()
    packed = options.out is not None and options.out.suffix == ".gz"
    opened: Any = gzip.open if packed else open
    reading, sep = detector.encoder_.read_options, detector.encoder_.read_options["sep"]
    with opened(out, "wt", encoding=reading["encoding"], newline="") as file:
        chunks = _chunks(options, reading, options.data, "scoring")
        for number, chunk in enumerate(chunks):
            rows = _as_pandas_reads(chunk, reading, chunk.columns)
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", UserWarning
                )  # told of all rows at the end
                added = detector.report(rows)
            is_alarm = added["alarm"] == 1
            _, is_new, is_odd = detector.encoder_._encode(rows)
            new.update(is_new[is_alarm].sum().to_dict())
            unusual.update(is_odd.sum().to_dict())
            for name in ("anomaly_score", "p_value"):
                values = added[name].map("{:.6g}".format).astype(str)
                added[name] = values.str.replace(".", reading["decimal"])
            chunk.join(added).to_csv(file, sep=sep, header=number == 0, index=False)
            n_rows, n_alarms = n_rows + len(chunk), n_alarms + int(is_alarm.sum())
    return n_rows, n_alarms, new, unusual
