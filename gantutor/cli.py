"""``python -m gantutor score``: from one CSV file to another, with alarms (notebook 11)."""

from __future__ import annotations

import argparse
import codecs
import contextlib
import os
import sys
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MAX_TRAINING_ROWS = 200_000  # more are not learned from: the training sees fewer
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
and may have gaps; the program prints what it makes of each.
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
not understood, 130 stopped with Ctrl-C. A result appears when it is complete: a run that
fails or is stopped leaves no part of it behind, and a file that was there as it was.
"""


class Problem(Exception):
    """What went wrong, in one sentence for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _score(options)
    except KeyboardInterrupt:
        print("gantutor: stopped; no result was written.", file=sys.stderr)
        return INTERRUPTED
    except (Problem, ValueError, OSError, FloatingPointError) as error:
        print(f"gantutor: {error}", file=sys.stderr)
        return PROBLEM


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gantutor",
        description=SUMMARY,
        epilog=COMMANDS,
        usage="%(prog)s [score DATA.csv ...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="", help=argparse.SUPPRESS)
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
        default=".",
        type=_sign,
        help='sign before the decimals (default ".")',
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
    else:
        detector = _learn(options)
        if options.save_model:
            detector.save(options.save_model)
    detector.detector_.verbose = 0  # the bar of this program is enough
    new_kinds: Counter[str] = Counter()
    with _written_beside(out) as partial:
        n_rows, n_alarms = _write_scores(options, detector, partial, new_kinds)
    for name, count in (+new_kinds).items():
        _say(
            options,
            f"{name!r} has a kind of value that training did not have in {count:,} rows. "
            f"They are alarms. If that is not what you want, train with --exclude {name!r}.",
        )
    rate = detector.detector_.false_alarm_rate
    _say(
        options,
        f"{n_alarms:,} alarms in {n_rows:,} rows; if all rows were normal, about "
        f"{rate * n_rows:,.0f} alarms would be expected. The result is in {out}",
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
    if options.save_model and options.save_model == options.out:
        options.refuse("--out and --save-model name the same file. Give two names.")


def _refuse_missing(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.is_file():
            kind = (
                "is a folder, and a file is needed" if path.is_dir() else "is not there"
            )
            raise Problem(f"The file {str(path)!r} {kind}. Check its name.")


def _refuse_place(path: Path, given: Sequence[Path], force: bool) -> None:
    """Look at where a result shall go before any work is done."""
    if any(path.resolve() == other.resolve() for other in given):
        raise Problem(
            f"{str(path)!r} is read, so the result cannot be written to it. Give another "
            "name."
        )
    if path.is_dir():
        raise Problem(
            f"{str(path)!r} cannot be written: it is a folder. Name a file in it."
        )
    if not path.parent.is_dir():
        raise Problem(
            f"{str(path)!r} cannot be written: the folder {str(path.parent)!r} is not there. "
            "Make it first."
        )
    if path.exists() and not force:
        raise Problem(
            f"{str(path)!r} is already there. Move it away, give another name, or replace "
            "it with --force."
        )


@contextlib.contextmanager
def _written_beside(path: Path) -> Iterator[Path]:
    """A file to write to, renamed to `path` when the block ends without an error."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _chunks(options: argparse.Namespace, path: Path, what: str) -> Iterator[Any]:
    """The rows of a CSV as text, as they stand there, some at a time, with progress."""
    import pandas as pd
    from tqdm import tqdm

    with (
        open(path, "rb") as file,
        tqdm(
            total=path.stat().st_size,
            desc=what,
            unit="B",
            unit_scale=True,
            disable=options.quiet,
            file=sys.stderr,
        ) as bar,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            for chunk in pd.read_csv(
                file,
                sep=options.sep,
                encoding=options.encoding,
                compression="gzip" if path.suffix == ".gz" else None,
                chunksize=options.chunk_size,
                dtype=str,
                keep_default_na=False,
                index_col=False,
            ):
                yield chunk
                bar.update(file.tell() - bar.n)
        except UnicodeDecodeError as error:
            raise Problem(
                f"{str(path)!r} is not written in {options.encoding} (byte {error.start}). "
                "Name its encoding, such as --encoding latin-1."
            ) from error
        except pd.errors.EmptyDataError as error:
            raise Problem(
                f"{str(path)!r} is empty. A line with column names is needed, and rows."
            ) from error
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            raise Problem(
                f"{str(path)!r} cannot be read as a table: {str(error).strip()}. Each line "
                f"needs as many values as the first one, with {options.sep!r} between them "
                "(see --sep)."
            ) from error
        except (EOFError, zlib.error) as error:
            raise Problem(
                f"{str(path)!r} is damaged: it cannot be unpacked ({error})."
            ) from error


def _learn(options: argparse.Namespace) -> Any:
    """Fit a detector for tables on the rows of GOOD.csv."""
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
    if rows.shape[1] == 1 and any(sign in rows.columns[0] for sign in ";\t|"):
        raise Problem(
            f"{str(options.train)!r} has only one column, {rows.columns[0]!r}. If it is "
            'meant to be several, name the sign between them, such as --sep ";".'
        )
    if n_read > len(rows):
        _say(
            options,
            f"Learning from {len(rows):,} of {n_read:,} rows, chosen at random.",
        )
    rate = options.false_alarm_rate or options.budget or 0.01
    method = getattr(gt.detectors, options.detector or "WGAN")
    detector = gt.tables.TableDetector(
        method(
            false_alarm_rate=rate, random_state=seed, verbose=int(not options.quiet)
        ),
        gt.tables.TableEncoder(
            columns=options.columns,
            exclude=options.exclude or (),
            categorical=options.categorical or (),
            decimal=options.decimal,
        ),
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
    with open(out, "w", encoding=options.encoding, newline="") as file:
        for number, chunk in enumerate(_chunks(options, options.data, "scoring")):
            if taken := [name for name in ADDED if name in chunk.columns]:
                raise Problem(
                    f"{str(options.data)!r} has a column {taken[0]!r} already, which would "
                    "be written. Rename it, or score the file that this one was made from."
                )
            added = detector.report(chunk)
            alarms = chunk[added["alarm"] == 1]
            new_kinds.update(detector.encoder_.new_kinds(alarms).sum().to_dict())
            added = added.assign(
                anomaly_score=added["anomaly_score"].map("{:.6g}".format),
                p_value=added["p_value"].map("{:.6g}".format),
            )
            chunk.join(added).to_csv(
                file, sep=options.sep, header=number == 0, index=False
            )
            n_rows, n_alarms = n_rows + len(chunk), n_alarms + len(alarms)
    return n_rows, n_alarms
