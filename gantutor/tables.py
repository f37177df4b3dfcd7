"""A table as it comes, with text, dates and gaps, ready for a detector (notebook "your data").

pandas reads a file and says what each column holds. `TableEncoder` turns the columns into
numbers and says what it did with each; `TableDetector` is an encoder and a detector that are
fitted, asked and saved as one.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types
from scipy.stats import binom
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted

from gantutor import estimators, scoring
from gantutor.archive import Tree
from gantutor.detectors.wgan import WGAN
from gantutor.one_class import CALIBRATION_SHARE, SHARE, Array, OneClass, check_value

Plan = dict[str, Any]  # what is done with a column
Mask = NDArray[np.bool_]

HOLDS = {  # what pandas finds in a column; all else is text
    **dict.fromkeys(["integer", "floating", "mixed-integer-float"], "number"),
    **dict.fromkeys(["decimal", "timedelta64", "timedelta"], "number"),
    **dict.fromkeys(["datetime64", "datetime", "date"], "date"),
}
MIN_ROWS = 8
MIN_SHARE = 0.01  # of the rows, for a category to get a column of its own
KNOWN_SHARE = 0.5  # of the rows must be in such categories, else the text is left out
LARGEST, SMALLEST = 1e100, 1e-100  # numbers beyond are cut: their squares are no floats
MIN_COUNTING = 20  # rows, before whole numbers that only go up are called a counter
SKEWED = 2.0  # the skewness of an exponential distribution
N_REFERENCES = 200  # usual rows among which the one most like an alarm is looked for
ROWS_EXPLAINED = 4096  # at a time
NEW_VALUE = 2.0  # ranges of the calibration scores that a value of a new kind adds
MIN_TOLD, CHANCE = 20, 1e-6  # rows, and the chance to speak of a changed column in error

OFFSET = r"([T ]\d\d.*?)\s*(?:Z|[+-]\d\d(?::?\d\d)?)$"  # of a time zone
ZEROS = r"^(-?\d+(?:\.\d*[1-9])?)\.?0*$"  # 1.50 and 1.5, 3.0 and 3
LOOKS_LIKE = {
    "date": r"\d{1,4}[-/. ]\s?(\d{1,2}|[^\W\d_]{3,9})[-/. ]+\d{2,4}(\D.*)?"
    r"|[^\W\d_]{3,9}\.? \d{1,2},? \d{4}(\D.*)?|\d{1,2}:\d\d(\D.*)?",
    "number": r"[$€£¥]?\s?[+-]?[\d.]['\d.,\s]*(e[+-]?\d+)?\s?[%$€£¥]?",
}
MENDED_BY = {
    "date": "parse_dates=[{names}] and date_format (such as '%d.%m.%Y %H:%M') or dayfirst",
    "number": "decimal, thousands or na_values (signs such as % need converters)",
}


class TableEncoder(TransformerMixin, BaseEstimator):
    """Numbers from a table with text, dates and gaps.

    What a column holds follows from its dtype, never from a guess at text:

    ==================  =================================================================
    column              what becomes of it
    ==================  =================================================================
    numbers, durations  kept, durations in seconds; a long right tail is put on a log-like
                        scale; gaps are filled with the median and marked in a column of 0
                        and 1
    text, categories,   a column of 0 and 1 for each value that at least 1 % of the rows
    true and false      have; the rare ones share the column "other", gaps have theirs
    dates               time of day and weekday by the clock of their own time zone, as
                        points on a circle, and the days since the first date column; the
                        date itself is left out, because all new rows would lie beyond
    one value only      left out, but watched: another value is a value of a new kind
    identifiers         text that hardly ever repeats, and whole numbers that go up from row
                        to row: left out
    ==================  =================================================================

    A value of a *new kind* is one that no training row prepares for: a category that is new
    where none was rare, a gap where there was none, text in place of a number.

    Parameters
    ----------
    columns : sequence of str, optional
        The columns to use; by default all.
    exclude : sequence of str, optional
        Columns to leave out.
    categorical : sequence of str, optional
        Columns of numbers, or of text that looks like numbers, that are names: postcodes.
    max_categories : int, default=20
        Most columns that a column of text is turned into, those for others and gaps not
        counted.
    read_options : dict, optional
        The options that `pandas.read_csv` was given for this table. They are kept, so that
        the next file can be read alike, and text is read by them where training had numbers
        (`decimal`, `thousands`) or dates (`date_format`, by default ISO 8601). Columns named
        in `parse_dates` may be text in training as well.

    Attributes
    ----------
    plan_ : list of dict
        What is done with each column, in plain values that JSON can hold.
    feature_names_out_ : list of str
        Names of the numbers.
    sources_ : array of shape (n_features_out,)
        For each number, the position of its column in `columns_`.
    columns_ : list of str
        The columns that are looked at; a new table needs them, in any order.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"size": [1.0, None, 3.0], "shop": ["a", "a", "b"]})
    >>> TableEncoder().fit(table).feature_names_out_
    ['size', 'size missing', 'shop = a']
    """

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        categorical: Sequence[str] = (),
        max_categories: int = 20,
        read_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.columns = columns
        self.exclude = exclude
        self.categorical = categorical
        self.max_categories = max_categories
        self.read_options = read_options

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Decide what to do with each column.

        Parameters
        ----------
        X : DataFrame of shape (n, n_columns), of pandas or polars
            Normal rows, or mostly so.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X is no table, lacks a column that was asked for, holds numbers or dates as
            text, or no column is of use.
        """
        X = _as_table(X)
        if X.empty:
            raise ValueError(
                f"The table has {len(X)} rows and {X.shape[1]} columns. At least one "
                "row and one column are needed to learn from."
            )
        asked = X.columns if self.columns is None else self.columns
        for option in (asked, self.exclude, self.categorical):
            _refuse_missing(option, X, "asked for")
        X = X[[name for name in dict.fromkeys(asked) if name not in self.exclude]]
        self._refuse_unread(X)
        plan = [self._planned(X[name]) for name in X]
        first, *others = [entry for entry in plan if entry["kind"] == "date"] or [{}]
        for entry in others:
            entry["since"] = first["name"]
            entry["fill"] = float(np.nan_to_num(self._days(X, entry).median()))
        self._set_plan(plan)
        if not self.feature_names_out_:
            done = "; ".join(f"{entry['name']}: {self._said(entry)}" for entry in plan)
            raise ValueError(
                f"No column is left to learn from ({done}). Give a table with columns that "
                "vary from row to row and repeat."
            )
        shares = self.unusual(X).mean()
        for entry in plan:
            entry["unusual"] = float(shares.get(entry["name"], 0.0))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Turn rows into numbers.

        Parameters
        ----------
        X : DataFrame
            Has all `columns_`, in any order; others are not looked at.

        Returns
        -------
        DataFrame of shape (n, n_features_out)
        """
        return self._encode(X)[0]

    def new_kinds(self, X: pd.DataFrame) -> pd.DataFrame:
        """Where a value is of a kind that `fit` has not seen.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        DataFrame of bool of shape (n, len(columns_))
        """
        return self._encode(X)[1]

    def unusual(self, X: pd.DataFrame) -> pd.DataFrame:
        """Where a value is of a new kind, a gap, rare, or outside of the training range.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        DataFrame of bool of shape (n, len(columns_))
        """
        return self._encode(X)[2]

    def changed(self, counts: Mapping[str, int], n_rows: int) -> list[str]:
        """A sentence for each column that is no longer what it was in training.

        Parameters
        ----------
        counts : mapping of str to int
            How many values of each column are `unusual`.
        n_rows : int
            In how many rows; of fewer than 20 nothing is said.

        Returns
        -------
        list of str
            For the columns of which more than half are unusual (of the values that were
            usual in training, if there were others), by more than chance would have it.
        """
        said = []
        for entry in self.plan_ if n_rows >= MIN_TOLD else []:
            count, before = int(counts.get(entry["name"], 0)), entry["unusual"]
            if count <= (1 + before) / 2 * n_rows:
                continue
            if binom.sf(count - 1, n_rows, before) > CHANCE:
                continue
            seen = "dates"
            if entry["kind"] == "number":
                seen = f"{entry['range'][0]:,.6g} to {entry['range'][1]:,.6g}"
            elif "levels" in entry:
                seen = _listed(entry["levels"]) or "nothing"
            said.append(
                f"Column {entry['name']!r} is not as it was in training: {count:,} of its "
                f"{n_rows:,} values are outside of what training has seen ({seen}). If it is "
                "written otherwise, read it with the same options of pandas.read_csv; if it "
                "is a running number, or has changed for good, exclude it or fit again."
            )
        return said

    def describe(self) -> pd.DataFrame:
        """What is done with each column, in words.

        Returns
        -------
        DataFrame
            One row a column of the table that was given to `fit`: what it is taken for
            ("used as"), how many numbers it gives, and what is done with it.
        """
        check_is_fitted(self)
        names = [entry["name"] for entry in self.plan_]
        counts = np.bincount(self.sources_, minlength=len(self.columns_))
        numbers = dict(zip(self.columns_, counts.tolist(), strict=True))
        return pd.DataFrame(
            {
                "used as": [entry["kind"] for entry in self.plan_],
                "numbers": [numbers.get(name, 0) for name in names],
                "what is done": [self._said(entry) for entry in self.plan_],
            },
            index=pd.Index(names, name="column"),
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the numbers, as scikit-learn asks for them."""
        check_is_fitted(self)
        return np.array(self.feature_names_out_, dtype=object)

    # -- what a column holds ---------------------------------------------------------------

    def _holds(self, values: pd.Series) -> str:
        if values.name in self.categorical:
            return "text"
        return "date" if values.name in self._option("parse_dates", ()) else _holds(values)

    def _option(self, name: str, default: Any = None) -> Any:
        return (self.read_options or {}).get(name) or default

    def _read(self, values: pd.Series, holds: str) -> pd.Series:
        """Values as what their column holds; what cannot be read so becomes a gap."""
        if holds == "text":
            return _text(values)
        text = values.astype("string").str.strip() if _holds(values) != holds else None
        if holds == "number":
            if text is not None:
                text = text.str.replace(self._option("thousands", ""), "", regex=False)
                point = self._option("decimal", ".")
                text = text.str.translate(str.maketrans({point: ".", ".": point}))
                values = pd.to_numeric(text, errors="coerce")
            elif types.is_timedelta64_dtype(values.dtype):
                values = values.dt.total_seconds()
            found = values.astype("float64")
            return found.where(np.isfinite(found)).clip(-LARGEST, LARGEST)
        if not types.is_datetime64_any_dtype(values.dtype):
            text = values.astype("string").str.strip()
            clock = text.str.replace(OFFSET, r"\1", regex=True)
            form = self._date_format(values.name).removesuffix("%z").strip()
            values = pd.to_datetime(clock, format=form, errors="coerce")
        return values.dt.tz_localize(None)

    def _date_format(self, name: Any) -> str:
        form = self._option("date_format", "ISO8601")
        return form.get(name, "ISO8601") if isinstance(form, Mapping) else form

    def _refuse_unread(self, X: pd.DataFrame) -> None:
        """Name the columns of text that should have been read as something else."""
        unread: dict[str, dict[str, str]] = {"date": {}, "number": {}}
        for name in X:
            values = X[name]
            text = values.dropna().astype("string").str.strip()
            holds = self._holds(values)
            if holds == "date" and self._read(values, holds).count() < len(text) / 2:
                unread["date"][name] = text.iloc[0]
            kind = types.infer_dtype(values, skipna=True)
            if holds != "text" or kind not in ("string", "mixed", "mixed-integer"):
                continue
            for looks, pattern in LOOKS_LIKE.items():
                if name in self.categorical or 2 * text.str.fullmatch(pattern, case=False).sum() < len(text):
                    continue
                strange = text[pd.to_numeric(text, errors="coerce").isna()]
                unread[looks][name] = (text if strange.empty else strange).iloc[0]
                break
        said = [
            f"Text is not guessed at, and {_listed(map(repr, found))} looks like {looks}s "
            f"(such as {next(iter(found.values()))!r}): give pandas.read_csv "
            + MENDED_BY[looks].format(names=_listed(map(repr, found)))
            for looks, found in unread.items()
            if found
        ]
        if said:
            name = next(name for found in unread.values() for name in found)
            raise ValueError(
                f"{'. '.join(said)}; if a column is a category, read it as one "
                f"(dtype={{{name!r}: 'category'}}, or categorical=[{name!r}]), or exclude it."
            )

    # -- what is done with it --------------------------------------------------------------

    def _planned(self, values: pd.Series) -> Plan:
        """What to do with one column."""
        holds = self._holds(values)
        found = self._read(values, holds)
        entry = {"name": values.name, "holds": holds, "gaps": bool(found.isna().any())}
        if holds == "number" and found.nunique() > 1:
            return entry | _planned_numbers(found)
        if holds == "date" and found.notna().any():
            parts = [name for name in CYCLES if _phase(found, name).nunique() > 1]
            if not parts:
                return entry | _left_out("the same weekday and time in all rows")
            ends = [str(found.min().date()), str(found.max().date())]
            return entry | {"kind": "date", "parts": parts, "range": ends}
        text = _text(found)
        counts = text.value_counts()
        if len(counts) + entry["gaps"] == 1:
            return entry | {"kind": "one value", "levels": list(counts.index), "other": False}
        at_least = max(2, int(np.ceil(MIN_SHARE * len(text))))
        known = counts[counts >= at_least][: self.max_categories]
        if known.sum() + text.isna().sum() < KNOWN_SHARE * len(text):
            return entry | _left_out(
                f"text with {text.nunique():,} different values in {len(text):,} rows "
                f"(such as {counts.index[0]!r}), an identifier or free text"
            )
        levels, other = sorted(map(str, known.index)), len(known) < len(counts)
        return entry | {"kind": "categories", "levels": levels, "other": other}

    def _set_plan(self, plan: list[Plan]) -> None:
        self.plan_ = plan
        self.columns_ = [e["name"] for e in plan if e["kind"] != "left out"]
        gaps = pd.DataFrame([[None] * len(self.columns_)], columns=self.columns_)
        names = [[name for name, _ in columns] for columns, *_ in self._each(gaps)]
        self.feature_names_out_ = [name for group in names for name in group]
        self.sources_ = np.repeat(np.arange(len(names)), list(map(len, names)))

    def _encode(self, X: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """The numbers, where values are of a new kind, and where they are unusual."""
        check_is_fitted(self)
        X = _as_table(X)
        _refuse_missing(self.columns_, X, "used in training")
        each = list(self._each(X))
        numbers = [np.asarray(c, float) for columns, *_ in each for _, c in columns]
        masks = [np.column_stack([entry[i] for entry in each]) for i in (1, 2)]
        return (
            pd.DataFrame(np.column_stack(numbers), X.index, self.feature_names_out_),
            *(pd.DataFrame(mask, X.index, self.columns_) for mask in masks),
        )

    def _each(self, X: pd.DataFrame) -> Iterator[tuple[list[tuple[str, Any]], Mask, Mask]]:
        """Column by column: the numbers with their names, what is new, what is unusual."""
        for entry in self.plan_:
            name = entry["name"]
            if entry["kind"] == "left out":
                continue
            found = self._read(X[name], entry["holds"])
            gap = found.isna().to_numpy(bool)
            other_kind = entry["holds"] != "text" and _holds(X[name]) != entry["holds"]
            new = gap & (X[name].notna().to_numpy(bool) & other_kind | (not entry["gaps"]))
            odd = np.zeros_like(gap)
            columns: list[tuple[str, Any]] = []
            if entry["kind"] == "number":
                low, high = entry["range"]
                odd = ((found < low) | (found > high)).to_numpy(bool)
                filled = found.fillna(entry["fill"])
                unit = entry["unit"]
                columns = [(name, np.arcsinh(filled / unit) if unit else filled)]
            elif entry["kind"] == "date":
                for part in entry["parts"]:
                    angle = 2 * np.pi * _phase(found, part)
                    columns += [(f"{name}: {part} (sin)", np.sin(angle).fillna(0))]
                    columns += [(f"{name}: {part} (cos)", np.cos(angle).fillna(0))]
                if "since" in entry:
                    days = self._days(X, entry).fillna(entry["fill"])
                    columns += [(f"{name}: days since {entry['since']}", days)]
            else:
                text = _text(found).to_numpy(object, na_value=None)
                columns = [(f"{name} = {level}", text == level) for level in entry["levels"]]
                odd = ~gap & ~np.isin(text.astype(str), entry["levels"])
                if entry["other"]:
                    columns.append((f"{name}: other", odd))
                else:
                    new = new | odd
            if entry["gaps"]:
                columns.append((f"{name} missing", gap))
            if "levels" in entry and len(columns) <= 2:  # of two, one says it all
                columns.pop()
            yield columns, new, gap | odd

    def _days(self, X: pd.DataFrame, entry: Plan) -> pd.Series:
        """Days from the first date column to this one."""
        passed = self._read(X[entry["name"]], "date") - self._read(X[entry["since"]], "date")
        return passed.dt.total_seconds() / 86_400

    def _said(self, entry: Plan) -> str:
        """What is done with a column, in words."""
        if entry["kind"] == "left out":
            return entry["why"]
        if entry["kind"] == "one value":
            value = f"always {entry['levels'][0]!r}" if entry["levels"] else "always a gap"
            return f"{value}: not learned, another value is an alarm"
        gaps = "gaps marked" if entry["gaps"] else "a gap is an alarm"
        if entry["kind"] == "categories":
            others = "rare and new ones as one" if entry["other"] else "a new one is an alarm"
            levels = entry["levels"]
            return f"{len(levels)} values ({_listed(levels)}), {others}, {gaps}"
        if entry["kind"] == "number":
            return f"{'on a log-like scale' if entry['unit'] else 'as it is'}, {gaps}"
        said = [*entry["parts"]]
        if "since" in entry:
            said.append(f"days since {entry['since']}")
        first, last = entry["range"]
        form = self._date_format(entry["name"])
        return f"{', '.join(said)}, {gaps} (from {first} to {last}; as text: {form})"


class TableDetector(OneClass):
    """A detector for tables as they come: text, dates and gaps included.

    Calibration rows are held out from all that is fitted, the encoder included, so new rows
    raise false alarms at the rate that was asked for, new kinds of values counted in.

    Parameters
    ----------
    detector : detector or scikit-learn estimator, optional
        What scores the encoded rows, by default ``WGAN()``: anything with `fit` and
        `anomaly_score` (up = more anomalous) or `score_samples` (down = more anomalous), such
        as ``IsolationForest()`` or one of `gantutor.evaluation.BASELINES`.
    encoder : TableEncoder, optional
        How columns become numbers, by default ``TableEncoder()``.
    false_alarm_rate : float, optional
        Share of normal rows that may be alarms; by default that of `detector`, or 0.05 if it
        has none.
    random_state : int or RandomState instance, optional
        For the choice of the calibration rows, a fifth of all; by default that of `detector`.

    Attributes
    ----------
    detector_, encoder_ : detector, TableEncoder
        The fitted copies.
    threshold_ : float
        Rows with a higher score are alarms.
    calibration_scores_ : array of shape (n_calibration,)
        Sorted scores of normal rows that nothing was fitted on.
    reference_ : array of shape (n, n_features_out)
        Up to 200 usual training rows as numbers, with which `explain` compares: of some
        chosen at random, the half with the lower scores.
    new_value_score_ : float
        What each value of a new kind adds to the score: twice the range of what the detector
        gives the calibration rows, so that more new kinds always count more.

    Examples
    --------
    >>> import gantutor as gt
    >>> X, y = gt.data.breast_cancer()
    >>> table = X[["mean radius", "mean texture"]].assign(clinic="north")
    >>> baseline = gt.evaluation.BASELINES["Mahalanobis"](0)
    >>> detector = gt.tables.TableDetector(baseline, random_state=0).fit(table[y == 0])
    >>> detector.encoder_.describe()["used as"].to_list()
    ['number', 'number', 'one value']
    """

    def __init__(
        self,
        detector: BaseEstimator | None = None,
        encoder: TableEncoder | None = None,
        *,
        false_alarm_rate: float | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.detector = detector
        self.encoder = encoder
        self.false_alarm_rate = false_alarm_rate
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        X : DataFrame of shape (n, n_columns), of pandas or polars
            Normal rows, or mostly so. At least 8; about 100 for a threshold that can keep a
            false-alarm rate of 5 %.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the table or a parameter is of no use; the sentence says why.
        """
        check_value("false_alarm_rate", self._asked_rate(), SHARE)
        X = _as_table(X)
        if len(X) < MIN_ROWS:
            raise ValueError(
                f"The table has {len(X)} rows; at least {MIN_ROWS} normal rows are needed, "
                "and about 100 for a threshold at 5 % false alarms."
            )
        encoder = TableEncoder() if self.encoder is None else clone(self.encoder)
        detector: Any = WGAN() if self.detector is None else clone(self.detector)
        if not hasattr(detector, "anomaly_score") and not hasattr(detector, "score_samples"):
            raise ValueError(
                f"{type(detector).__name__} has neither anomaly_score nor score_samples. Give "
                "a detector that scores new rows (LocalOutlierFactor does with novelty=True)."
            )
        given = self.random_state
        seed = getattr(detector, "random_state", None) if given is None else given
        if isinstance(seed, np.random.RandomState):
            seed = seed.randint(2**31)
        random = np.random.default_rng(seed)
        order = random.permutation(len(X))
        kept, learned = np.split(order, [max(1, round(CALIBRATION_SHARE * len(X)))])
        learning = X.iloc[np.sort(learned)]  # in their order, which shows a counter
        rows = encoder.fit(learning).transform(learning).to_numpy()
        numbers, new, _ = encoder._encode(X.iloc[np.sort(kept)])
        calibration = numbers.to_numpy()
        if isinstance(detector, OneClass):
            detector.fit(rows, calibration=calibration)
        else:
            detector.set_params(**_seeds(detector, int(random.integers(2**31)))).fit(rows)
            self.rows_ = rows  # by which a file can make it anew
        if hasattr(detector, "verbose"):
            detector.verbose = 0  # a reason asks it many times
        self.encoder_, self.detector_ = encoder, detector
        some = rows[random.permutation(len(rows))[: 2 * N_REFERENCES]]
        half = np.argsort(self._inner(some), kind="stable")[: (len(some) + 1) // 2]
        self.reference_ = some[half]
        scores = self._inner(calibration)
        self.new_value_score_ = NEW_VALUE * float(np.ptp(scores) or 1.0)
        self._set_threshold(scores + self.new_value_score_ * new.sum(axis=1).to_numpy())
        return self

    def anomaly_score(self, X: pd.DataFrame) -> Array:
        """Anomaly score of each row; up = more anomalous.

        Warns of columns that are mostly of a new kind or outside of their training range:
        their rows are all alarms, and say one thing.

        Parameters
        ----------
        X : DataFrame
            Has the columns that were used in training, in any order. Others are ignored.

        Returns
        -------
        array of shape (n,)
        """
        check_is_fitted(self)
        numbers, new, unusual = self.encoder_._encode(X)
        if numbers.empty:
            return np.empty(0)
        for sentence in self.encoder_.changed(unusual.sum().to_dict(), len(numbers)):
            warnings.warn(sentence, stacklevel=2)
        scores = self._inner(numbers.to_numpy())
        return scores + self.new_value_score_ * new.sum(axis=1).to_numpy()

    def explain(self, X: pd.DataFrame) -> pd.DataFrame:
        """How much each column adds to the score of each row.

        A row is compared with the usual row in `reference_` that is most like it: its columns
        take their values one after the other, and the change of the score is what they add
        (see `gantutor.scoring.shapley_values`). Nothing of the inside of the detector is
        needed; it is asked 4 times for each column.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        DataFrame of shape (n, len(encoder_.columns_))
            A row adds up to its score minus the score of the usual row most like it.
        """
        check_is_fitted(self)
        numbers, new, _ = self.encoder_._encode(X)
        parts = self.new_value_score_ * new.to_numpy(dtype=float)
        sources = self.encoder_.sources_
        used = np.unique(sources)
        groups = [np.flatnonzero(sources == source).tolist() for source in used]
        scale = np.std(self.reference_, axis=0)
        scale[scale == 0] = 1.0
        search = NearestNeighbors(n_neighbors=1).fit(self.reference_ / scale)
        for first in range(0, len(parts), ROWS_EXPLAINED):
            x = numbers.to_numpy()[first : first + ROWS_EXPLAINED]
            like = search.kneighbors(x / scale, return_distance=False)[:, 0]
            found = scoring.shapley_values(self._inner, x, self.reference_[like], groups)
            parts[first : first + ROWS_EXPLAINED, used] += found
        return pd.DataFrame(parts, index=numbers.index, columns=self.encoder_.columns_)

    def reasons(self, X: pd.DataFrame, most: int = 3) -> list[str]:
        """The columns that add most to each row's score, such as "amount 62 %, country 20 %".

        Parameters
        ----------
        X : DataFrame
        most : int, default=3
            Columns to name. Shares are of all that adds to the score; after the first column,
            those below 5 % are not named.

        Returns
        -------
        list of str
        """
        X = _as_table(X)
        if len(X) == 0:
            return []
        parts = self.explain(X).clip(lower=0)
        shares = 100 * parts.div(parts.sum(axis=1).replace(0, 1), axis=0).to_numpy()
        notes = np.where(X[parts.columns].isna(), " (missing)", "")
        notes = np.where(self.encoder_.new_kinds(X), " (new kind of value)", notes)
        said = []
        for share, note in zip(shares, notes, strict=True):
            order = np.argsort(-share)[:most]
            named = [i for i in order if share[i] >= 5 or i == order[0]]
            said.append(
                ", ".join(f"{parts.columns[i]} {share[i]:.0f} %{note[i]}" for i in named)
            )
        return said

    def report(self, X: pd.DataFrame) -> pd.DataFrame:
        """What there is to say of each row.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        DataFrame with the index of X
            Columns "anomaly_score", "p_value", "alarm" (1 or 0) and, for alarms, "reasons".
        """
        X = _as_table(X)
        scores = self.anomaly_score(X)
        alarm = scores > self.threshold_
        reasons = np.full(len(X), "", dtype=object)
        reasons[alarm] = self.reasons(X[alarm])
        return pd.DataFrame(
            {
                "anomaly_score": scores,
                "p_value": scoring.p_values(self.calibration_scores_, scores),
                "alarm": alarm.astype(int),
                "reasons": reasons,
            },
            index=X.index,
        )

    # -- how it is done --------------------------------------------------------------------

    def _asked_rate(self) -> float:
        if self.false_alarm_rate is not None:
            return self.false_alarm_rate
        return getattr(self.detector, "false_alarm_rate", 0.05)

    def _inner(self, rows: NDArray) -> Array:
        """What the detector inside says of encoded rows, up = more anomalous."""
        inner = self.detector_
        if hasattr(inner, "anomaly_score"):
            return np.asarray(inner.anomaly_score(rows), dtype=float)
        return -np.asarray(inner.score_samples(rows), dtype=float)

    def _packed(self) -> Tree:
        inner, seed = self.detector_, self.random_state
        return {
            "class": "TableDetector",
            "parameters": {
                "false_alarm_rate": self.false_alarm_rate,
                "random_state": seed if isinstance(seed, int | np.integer) else None,
            },
            "encoder": {
                "parameters": self.encoder_.get_params(),
                "plan": self.encoder_.plan_,
            },
            "detector": inner._packed()
            if isinstance(inner, OneClass)
            else estimators.packed(inner, self.rows_),
            "reference": self.reference_,
            "new_value_score": self.new_value_score_,
            "calibration_scores": self.calibration_scores_,
        }

    @classmethod
    def _unpacked(cls, tree: Tree, unpack: Callable[[Tree], Any]) -> Self:
        """Put together what `_packed` has taken apart."""
        encoder, detector = TableEncoder(), unpack(tree["detector"])
        encoder.set_params(**tree["encoder"]["parameters"])
        encoder._set_plan(tree["encoder"]["plan"])
        whole = cls(detector, encoder, **tree["parameters"])
        whole.encoder_, whole.detector_ = encoder, detector
        whole.reference_ = np.asarray(tree["reference"], dtype=float)
        whole.new_value_score_ = float(tree["new_value_score"])
        if "rows" in tree["detector"]:
            whole.rows_ = tree["detector"]["rows"]
        if len(whole.reference_.T) != len(encoder.feature_names_out_):
            raise ValueError("its reference rows are not those of its encoder")
        whole._set_threshold(tree["calibration_scores"])
        return whole


def false_alarm_rate(alerts: float, rows: float) -> float:
    """The share of normal rows that may be alarms, from what people can look at.

    Parameters
    ----------
    alerts : float
        Alarms that can be looked at, say in a day.
    rows : float
        Rows in that time.

    Returns
    -------
    float

    Examples
    --------
    >>> false_alarm_rate(alerts=20, rows=5000)
    0.004
    """
    if not 0 < alerts < rows:
        raise ValueError(
            f"{alerts:g} alerts in {rows:g} rows were given; the alerts must be more than "
            "0 and fewer than the rows."
        )
    return alerts / rows


def _seeds(detector: BaseEstimator, seed: int) -> dict[str, int]:
    """A seed for each `random_state` of an estimator that has none."""
    return {
        name: seed
        for name, value in detector.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }


def _as_table(X: Any) -> pd.DataFrame:
    """A DataFrame of pandas whose columns have different names of text."""
    if not hasattr(X, "columns"):
        raise ValueError(
            f"A table must be a DataFrame, and {type(X).__name__} was given. "
            "Read it with pandas.read_csv, or wrap it as pandas.DataFrame(X)."
        )
    if not isinstance(X, pd.DataFrame):  # of polars, and others alike
        X = pd.DataFrame({name: pd.Series(X[name].to_list()) for name in X.columns})
    names = pd.Index(map(str, X.columns))
    if not names.is_unique:
        twice = _listed(map(repr, names[names.duplicated()].unique()))
        raise ValueError(
            f"More than one column is named {twice}. Give each column a name of its own."
        )
    return X.set_axis(names, axis=1)


def _refuse_missing(names: Iterable[str], X: pd.DataFrame, why: str) -> None:
    missing = [str(name) for name in names if name not in X.columns]
    if missing:
        raise ValueError(
            f"The table has no column {', '.join(map(repr, missing))}, which was {why}. It "
            f"has {_listed(map(repr, X.columns))}. Check the spelling and the header line."
        )


def _listed(items: Iterable[str], most: int = 8) -> str:
    items = list(items)
    return ", ".join(items[:most]) + ", ..." * (len(items) > most)


def _holds(values: pd.Series) -> str:
    return HOLDS.get(types.infer_dtype(values, skipna=True), "text")


def _text(values: pd.Series) -> pd.Series:
    """Values as text, alike however they were read: 1.50 is "1.5", TRUE is "True"."""
    codes, different = pd.factorize(values)  # each text is looked at once
    text = pd.Series(different).astype("string").str.strip()
    text = text.str.replace(ZEROS, r"\1", regex=True)
    text = text.mask(text.str.lower().isin(["true", "false"]), text.str.capitalize())
    return text.reindex(codes).set_axis(values.index)


def _planned_numbers(numbers: pd.Series) -> Plan:
    steps = np.sign(np.diff(numbers.dropna()))
    whole = bool((numbers.dropna() % 1 == 0).all())
    if whole and len(steps) >= MIN_COUNTING - 1 and abs(steps.sum()) == len(steps):
        return _left_out("a counter: it goes the same way from each row to the next")
    unit = 0.0
    if numbers.skew() > SKEWED:
        unit = max(float(numbers[numbers != 0].abs().quantile(0.1)), SMALLEST)
    ends = [float(numbers.min()), float(numbers.max())]
    return {"kind": "number", "fill": float(numbers.median()), "unit": unit, "range": ends}


def _left_out(why: str) -> Plan:
    return {"kind": "left out", "why": why}


CYCLES = ("time of day", "weekday")


def _phase(dates: pd.Series, part: str) -> pd.Series:
    """How much of its day or its week is over, from 0 to 1."""
    if part == "weekday":
        return dates.dt.day_of_week / 7
    return (dates - dates.dt.normalize()) / pd.Timedelta("1D")
