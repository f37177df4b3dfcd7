"""A table as it comes, with text, dates and gaps, ready for a detector (notebook "your data").

pandas reads a file and says what its columns hold. `TableEncoder` makes numbers of them;
`TableDetector` is an encoder and a detector that are fitted, asked and saved as one.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from pandas.api import types
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from gantutor import baselines, one_class, scoring
from gantutor.archive import Tree
from gantutor.detectors.wgan import WGAN
from gantutor.one_class import SHARE, Array, OneClass

DURATIONS = ("timedelta64", "timedelta")  # as pandas names what is in a column
NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal", *DURATIONS)
DATES = ("datetime64", "datetime", "date")
HOLDS = dict.fromkeys(NUMBERS, "number") | dict.fromkeys(DATES, "date")
MENDED_BY = {  # the options of pandas.read_csv for text that is none
    "numbers": "decimal, thousands or na_values (or converters, for signs such as %)",
    "dates": "parse_dates, with date_format (such as '%d.%m.%Y %H:%M') or dayfirst",
}
SIGNS = r"[.,'\s](?=\d{3}\b)|[$€£¥%\s]"  # between thousands, and units
OFFSET = r"([T ]\d\d.*?)\s*(?:Z|[+-]\d\d(?::?\d\d)?)$"  # of a time zone
ZEROS = r"^(-?\d+(?:\.\d*[1-9])?)\.?0*$"  # 1.50 and 1.5, 3.0 and 3
LARGEST, SMALLEST = 1e100, 1e-100  # numbers beyond are cut: their squares are no floats
SKEWED = 2.0  # the skewness of an exponential distribution
MIN_ROWS = 10  # 8 to learn from, and some for the threshold
MIN_COUNTING = 20  # rows, before whole numbers that only go up are called a counter
MIN_TOLD = 30  # usual values to be expected, before their absence is spoken of
MIN_SHARE = 0.01  # of the rows, for a category to get a column of its own
N_LOOKED_AT = 1000  # values of a column of text, to see whether it is text
N_REFERENCES = 200  # usual rows among which the one most like an alarm is looked for
NEW_VALUE = 2.0  # ranges of the calibration scores that a value of a new kind adds
CYCLES: dict[str, Callable[[Any], Any]] = {  # how much of it is over, from 0 to 1
    "time of day": lambda dates: (dates - dates.dt.normalize()) / pd.Timedelta("1D"),
    "weekday": lambda dates: dates.dt.day_of_week / 7,
}
ALARM = "is an alarm if rare"  # if rarer in the calibration rows than alarms may be
Plan = dict[str, Any]  # what is done with a column


@dataclass(eq=False, repr=False)
class TableEncoder(TransformerMixin, BaseEstimator):
    """Numbers from a table with text, dates and gaps.

    What a column holds follows from its dtype, never from a guess at text. *Numbers* are
    kept (durations in seconds, long right tails on a log-like scale), with the median for
    gaps. *Text, categories, true and false* become a column of 0 and 1 for each value that
    1 % of the rows have, and one for all others. *Dates* become time of day and weekday as
    points on a circle, by the clock of their own zone, and the days since the first date. One
    more column marks gaps. Identifiers and counters are left out; columns of one value are
    watched. A value of a *new kind* is one that no training row prepares for: a category
    where none was rare, a gap where there was none, text in place of a number.

    Parameters
    ----------
    columns, exclude : sequence of str
        The columns to use, by default all, and those of them to leave out.
    categorical : sequence of str
        Columns of numbers, or of text that looks like numbers, that are names: postcodes.
    max_categories : int, default=20
        Most values of a column that get columns of their own.
    read_options : dict, optional
        The options with which `pandas.read_csv` has read the table. By them text is read where
        training had numbers (`decimal`, `thousands`) or dates (`date_format`, by default ISO
        8601); in `parse_dates`, in training as well.

    Attributes
    ----------
    plan_ : list of dict
        What is done with each column, in plain values that JSON can hold.
    columns_, feature_names_out_, fill_ : lists of str, str and float
        The columns that are looked at; the numbers they give; what stands for a gap.
    sources_ : array of shape (n_features_out,)
        For each number, the position of its column in `columns_`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"size": [1.0, None, 3.0], "shop": ["a", "a", "b"]})
    >>> TableEncoder().fit(table).feature_names_out_
    ['size', 'size missing', 'shop = a']
    """

    columns: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    categorical: Sequence[str] = ()
    max_categories: int = 20
    read_options: Mapping[str, Any] | None = None

    def fit(self, X: Any, y: Any = None) -> Self:
        """Decide what to do with each column of normal rows, (n, n_columns).

        A ValueError says what to do if X is no DataFrame (of pandas or polars), lacks a column,
        holds numbers or dates as text, or has no column of use.
        """
        named = [*(self.columns or ()), *self.exclude, *self.categorical]
        X = _as_table(X, named, "asked for")
        asked = dict.fromkeys(X.columns if self.columns is None else self.columns)
        used = [X[name] for name in asked if name not in self.exclude]
        if unread := "".join(map(self._unread, used)):
            raise ValueError(f"Text is not guessed at.{unread}")
        self._set_plan(list(map(self._planned, used)))
        if X.empty or not self.feature_names_out_:
            done = "; ".join(f"{plan['name']}: {plan['done']}" for plan in self.plan_)
            raise ValueError(
                f"No column is left to learn from in {len(X)} rows ({done}). Give columns "
                "that vary from row to row and repeat."
            )
        numbers, _, unusual = self._columns(X)
        self.fill_ = numbers.median().fillna(0.0).tolist()
        for plan in self.plan_:
            plan["unusual"] = float(np.mean(unusual.get(plan["name"], 1.0)))
        return self

    def transform(self, X: Any) -> pd.DataFrame:
        """Turn a DataFrame with all `columns_` into numbers, (n, n_features_out)."""
        return self.encode(X)[0]

    def new_kinds(self, X: Any) -> pd.DataFrame:
        """Where a value is of a kind that `fit` has not seen: bool, (n, len(columns_))."""
        return self.encode(X)[1]

    def encode(self, X: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """The numbers, where values are of a new kind, and where they are unusual."""
        check_is_fitted(self)
        X = _as_table(X, self.columns_, "used in training")
        numbers, new, unusual = self._columns(X)
        filled = np.where(numbers.isna(), self.fill_, numbers)
        return pd.DataFrame(filled, X.index, self.feature_names_out_), new, unusual

    def describe(self) -> pd.DataFrame:
        """What each column is used as, how many numbers it gives, and what is done with it.

        What is "an alarm if rare" is one if fewer calibration rows have it than may be alarms.
        """
        check_is_fitted(self)
        told = pd.DataFrame(self.plan_).set_index("name").rename_axis("column")
        counts = pd.Series(self.columns_)[self.sources_].value_counts()
        told["numbers"] = counts.reindex(told.index, fill_value=0)
        told = told.rename(columns={"kind": "used as", "done": "what is done"})
        return told[["used as", "numbers", "what is done"]]

    def changed_columns(self, n_rows: int, unusual: Mapping[Any, int]) -> list[str]:
        """A sentence for each column that has lost more than half of its usual values."""
        said = []
        for plan in self.plan_:
            usual, count = n_rows * (1 - plan["unusual"]), unusual.get(plan["name"], 0)
            if usual >= MIN_TOLD and n_rows - count < usual / 2:
                said.append(
                    f"Column {plan['name']!r} is not as in training: {count:,} of {n_rows:,} "
                    f"values are outside of what training has seen ({plan['done']}). If it is "
                    "written otherwise, read it with the same options of pandas.read_csv; if "
                    "it is a running number, or has changed for good, exclude it or fit again."
                )
        return said

    def _option(self, name: str, default: Any, column: Any = None) -> Any:
        given = (self.read_options or {}).get(name) or default
        return given.get(column, default) if isinstance(given, Mapping) else given

    def _holds(self, values: Any) -> str:
        dates = self._option("parse_dates", ())
        if isinstance(dates, Sequence) and values.name in dates:
            return "date"
        return "text" if values.name in self.categorical else _kind(values)

    def _read(self, values: Any, holds: str) -> Any:
        """Values as what their column holds; what cannot be read so becomes a gap."""
        if holds == "date":
            if not types.is_datetime64_any_dtype(values):
                form = self._option("date_format", "ISO8601", values.name)
                text = _text(values).str.replace(OFFSET, r"\1", regex=True)
                form = form.removesuffix("%z").strip()
                values = pd.to_datetime(text, format=form, errors="coerce")
            return values.dt.tz_localize(None)
        if holds == "text":
            text = _text(values).str.replace(ZEROS, r"\1", regex=True)
            is_bool = text.str.lower().isin(["true", "false"])
            return text.mask(is_bool, text.str.capitalize())  # TRUE is "True"
        if types.infer_dtype(values) in DURATIONS:
            values = pd.to_timedelta(values).dt.total_seconds()
        elif _kind(values) != "number":
            point, between = self._option("decimal", "."), self._option("thousands", "")
            text = _text(values).str.replace(between, "", regex=False)
            text = text.str.translate(str.maketrans({".": point, point: "."}))
            values = pd.to_numeric(text, errors="coerce")
        found = values.astype("float64")
        return found.where(np.isfinite(found)).clip(-LARGEST, LARGEST)

    def _unread(self, values: Any) -> str:
        """What to say of text that should have been read as something else."""
        name, holds = values.name, (*HOLDS, "categorical")
        if name in self.categorical or types.infer_dtype(values) in holds:
            return ""
        text = _text(values.dropna())
        some = text[:N_LOOKED_AT]
        plain = some.str.replace(SIGNS, "", regex=True).str.replace(",", ".")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of days before months
            dates = pd.to_datetime(some, errors="coerce", format="mixed", utc=True)
        dates = dates.notna() & some.str.contains(r"\d\D+\d")  # "May" may be a name
        numbers = pd.to_numeric(plain, errors="coerce").notna()
        likely = {"numbers": numbers, "dates": dates}
        if self._holds(values) == "date":  # as was said: then it must be possible
            likely = {"dates": self._read(some, "date").isna()}
        for looks, found in likely.items():
            if 2 * found.sum() >= max(len(found), 1):
                odd = text[pd.to_numeric(text, errors="coerce").isna()]
                return (
                    f" Column {name!r} looks like {looks} (such as {[*odd, *text][0]!r}): "
                    f"pandas.read_csv reads them with {MENDED_BY[looks]}; if it is a "
                    f"category, read it as one (dtype={{{name!r}: 'category'}}) or name it "
                    "in `categorical`; if it is neither, exclude it."
                )
        return ""

    def _planned(self, values: Any) -> Plan:
        holds = self._holds(values)
        found = self._read(values, holds)
        present, gaps = found.dropna(), bool(found.isna().any())
        plan = {"name": values.name, "holds": holds, "gaps": gaps}
        if holds == "date" and len(present):
            form = self._option("date_format", "ISO8601", values.name)
            plan |= _plan_of_dates(present, form)
        elif holds == "number" and present.nunique() + gaps > 1:
            plan |= _plan_of_numbers(present)
        else:
            plan |= _plan_of_text(self._read(found, "text"), self.max_categories)
        if plan["kind"] not in ("left out", "one value"):
            plan["done"] += ", gaps marked" if gaps else f", a gap {ALARM}"
        return plan

    def _set_plan(self, plan: list[Plan]) -> None:
        self.plan_ = plan
        self.columns_ = [entry["name"] for entry in plan if entry["kind"] != "left out"]
        gaps = pd.DataFrame([[None] * len(self.columns_)], columns=self.columns_)
        names: list[Any] = list(self._columns(gaps)[0])
        self.feature_names_out_: list[str] = list(map("".join, names))
        self.sources_ = np.array([self.columns_.index(c) for c, _ in names], dtype=int)

    def _columns(self, X: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """As `encode`, with gaps; the name of a number is (column, part)."""
        numbers: dict[Any, Any] = {}
        new, unusual, first = {}, {}, None
        for plan in self.plan_:
            if plan["kind"] == "left out":
                continue
            name, values, parts = plan["name"], X[plan["name"]], {}
            found = self._read(values, plan["holds"])
            gap, odd = found.isna(), found.isna() & False
            if plan["kind"] == "number":
                unit, odd = plan["unit"], ~gap & ~found.between(*plan["range"])
                parts[""] = np.arcsinh(found / unit) if unit else found
            elif plan["kind"] == "date":
                first = found if first is None else first  # from which days are counted
                for part in plan["parts"]:
                    turn = 2 * np.pi * CYCLES[part](found)
                    for wave in (np.sin, np.cos):
                        parts[f": {part} ({wave.__name__})"] = wave(turn)
                if found is not first:
                    days = (found - first) / pd.Timedelta("1D")
                    parts[f": days since {first.name}"] = days
            else:
                text = self._read(found, "text")
                odd = ~gap & ~text.isin(plan["levels"])
                parts = {f" = {x}": text.eq(x).fillna(False) for x in plan["levels"]}
                parts |= {} if plan["closed"] else {": other": odd}
            parts |= {" missing": gap} if plan["gaps"] else {}
            if "levels" in plan and 0 < len(parts) <= 2:  # of two, one says it all
                parts.popitem()
            numbers |= {(name, part): column for part, column in parts.items()}
            unread = gap & values.notna() & (_kind(values) != plan["holds"])
            new[name] = unread | (odd & plan["closed"]) | (gap & (not plan["gaps"]))
            unusual[name] = gap | odd
        table = pd.DataFrame(numbers, X.index).astype(float)
        return table, pd.DataFrame(new, X.index), pd.DataFrame(unusual, X.index)


@dataclass(eq=False, repr=False)
class TableDetector(OneClass):
    """A detector for tables as they come: text, dates and gaps included.

    Calibration rows, a fifth of all, are held out from all that is fitted, the encoder
    included: new kinds of values are part of the false-alarm rate that is kept. All methods
    take a DataFrame, of pandas or polars.

    Parameters
    ----------
    detector : detector or scikit-learn estimator, default=WGAN()
        What scores the encoded rows: anything with `fit` and `anomaly_score` (up = more
        anomalous) or `score_samples` (down = more anomalous).
    encoder : TableEncoder, default=TableEncoder()
        How columns become numbers.
    false_alarm_rate : float, optional
        Share of normal rows that may be alarms, by default that of `detector`, else 0.05.
    random_state : int or RandomState instance, optional
        For the choice of calibration rows, by default that of `detector`.

    Attributes
    ----------
    encoder_, detector_ : the fitted copies
    reference_ : array of shape (n, n_features_out)
        Up to 200 usual training rows, as numbers, with which `explain` compares.
    new_value_score_ : float
        What each value of a new kind adds: twice the range of the calibration rows' scores.

    Examples
    --------
    >>> import gantutor as gt
    >>> X, y = gt.data.breast_cancer()
    >>> table = X[["mean radius", "mean texture"]][y == 0].assign(clinic="north")
    >>> detector = gt.tables.TableDetector(gt.evaluation.BASELINES["Mahalanobis"](0))
    >>> detector.fit(table).encoder_.describe()["used as"].to_list()
    ['number', 'number', 'one value']
    """

    detector: BaseEstimator | None = None
    encoder: TableEncoder | None = None
    _: KW_ONLY
    false_alarm_rate: Annotated[float | None, SHARE] = None  # type: ignore[assignment]
    random_state: int | np.random.RandomState | None = None

    def _fit(self, X: Any, calibration: Any) -> Self:
        X = _as_table(X)
        if len(X) < MIN_ROWS:
            needed = f"fit needs at least {MIN_ROWS} normal rows, and about 100 for a rate of 5 %"
            raise ValueError(f"The table has {len(X)} rows; {needed}.")
        encoder = clone(self.encoder or TableEncoder())
        inner = baselines.copied(WGAN() if self.detector is None else self.detector)
        of_inner = getattr(inner, "random_state", None)
        seed = of_inner if self.random_state is None else self.random_state
        random = np.random.default_rng(one_class.drawn_seed(seed))
        if calibration is None:
            n_kept = round(one_class.CALIBRATION_SHARE * len(X))
            kept = np.isin(np.arange(len(X)), random.permutation(len(X))[:n_kept])
            X, calibration = X[~kept], X[kept]  # in their order
        rows = encoder.fit(X).transform(X).to_numpy()
        some = rows[random.permutation(len(rows))[: 2 * N_REFERENCES]]
        numbers, new, _ = encoder.encode(calibration)
        kept = numbers.to_numpy()
        baselines.fitted(inner, rows, kept, int(random.integers(2**31)))
        if hasattr(inner, "verbose"):
            inner.verbose = 0  # a reason asks it many times
        order = np.argsort(baselines.anomaly_scores(inner, some), kind="stable")
        scores = baselines.anomaly_scores(inner, kept)
        self.encoder_, self.detector_ = encoder, inner
        self.reference_ = some[order[: (len(some) + 1) // 2]]
        self.new_value_score_ = NEW_VALUE * float(np.ptp(scores) or 1.0)
        self._set_threshold(scores + self.new_value_score_ * new.sum(axis=1).to_numpy())
        return self

    def anomaly_score(self, X: Any) -> Array:
        """Anomaly score of each row, (n,); up = more anomalous.

        A column that has mostly values outside of its training range is told in a warning.
        """
        check_is_fitted(self)
        numbers, new, unusual = self.encoder_.encode(X)
        if numbers.empty:
            return np.empty(0)
        counts = unusual.sum().to_dict()
        for sentence in self.encoder_.changed_columns(len(new), counts):
            warnings.warn(sentence, stacklevel=2)
        scores = baselines.anomaly_scores(self.detector_, numbers.to_numpy())
        return scores + self.new_value_score_ * new.sum(axis=1).to_numpy()

    def explain(self, X: Any) -> pd.DataFrame:
        """How much each column adds to the score of each row, (n, len(encoder_.columns_)).

        A row is compared with the usual training row that is most like it
        (`gantutor.scoring.shapley_values`); its parts add up to the difference of the scores.
        """
        check_is_fitted(self)
        numbers, new, _ = self.encoder_.encode(X)
        parts = self.new_value_score_ * new.astype(float)
        if parts.empty:
            return parts
        x, sources = numbers.to_numpy(), self.encoder_.sources_
        used = np.unique(sources)
        groups = [np.flatnonzero(sources == source).tolist() for source in used]
        score = partial(baselines.anomaly_scores, self.detector_)
        like = scoring.most_like(x, self.reference_)
        parts.iloc[:, used] += scoring.shapley_values(score, x, like, groups)
        return parts

    def reasons(self, X: Any, most: int = 3) -> list[str]:
        """At most `most` columns that add most to each row's score: "amount 62 %, shop 20 %"."""
        X = _as_table(X)
        parts = self.explain(X).clip(lower=0)
        shares = 100 * parts.div(parts.sum(axis=1).replace(0, 1), axis=0).to_numpy()
        notes = np.where(X[parts.columns].isna(), " (missing)", "")
        notes = np.where(self.encoder_.new_kinds(X), " (new kind of value)", notes)
        said = []
        for share, note in zip(shares, notes, strict=True):
            first, *more = np.argsort(-share)[:most]
            named = [first, *(i for i in more if share[i] >= 5)]
            words = (f"{parts.columns[i]} {share[i]:.0f} %{note[i]}" for i in named)
            said.append(", ".join(words))
        return said

    def report(self, X: Any) -> pd.DataFrame:
        """Columns "anomaly_score", "p_value", "alarm" (1 or 0) and, of alarms, "reasons"."""
        X = _as_table(X)
        scores = self.anomaly_score(X)
        alarm = scores > self.threshold_
        report = pd.DataFrame({"anomaly_score": scores}, X.index)
        report["p_value"] = scoring.p_values(self.calibration_scores_, scores)
        report["alarm"], report["reasons"] = alarm.astype(int), ""
        if alarm.any():
            report.loc[alarm, "reasons"] = self.reasons(X[alarm])
        return report

    def _asked_rate(self) -> float:
        of_detector = getattr(self.detector, "false_alarm_rate", 0.05)
        return of_detector if self.false_alarm_rate is None else self.false_alarm_rate

    def _tree(self) -> Tree:
        encoder = self.encoder_
        return {
            "class": "TableDetector",
            "parameters": one_class.kept_parameters(self),
            "encoder": encoder.get_params(),
            **{"plan": encoder.plan_, "fill": encoder.fill_},
            "detector": baselines.packed(self.detector_),
            "fitted": one_class.fitted_values(self, ("encoder_", "detector_")),
        }

    @classmethod
    def from_tree(cls, tree: Tree, unpack: Callable[[Tree], Any]) -> Self:
        """What `to_tree` has described, put together again."""
        encoder = TableEncoder(**tree["encoder"])
        encoder._set_plan(tree["plan"])
        encoder.fill_ = tree["fill"]
        whole = cls(unpack(tree["detector"]), encoder, **tree["parameters"])
        whole.encoder_, whole.detector_ = encoder, whole.detector
        one_class.restore_values(whole, tree["fitted"])
        widths = {len(encoder.feature_names_out_), len(encoder.fill_)}
        if widths != {*np.shape(whole.reference_)[1:]}:
            raise ValueError("its encoder and its detector do not fit each other")
        return whole


def false_alarm_rate(alerts: float, rows: float) -> float:
    """The share of normal rows that may be alarms, if people can look at `alerts` of `rows`.

    Examples
    --------
    >>> false_alarm_rate(alerts=20, rows=5000)
    0.004
    """
    if not 0 < alerts < rows:
        given = f"{alerts:g} alerts in {rows:g} rows were given"
        raise ValueError(f"{given}: they must be more than 0 and fewer than the rows.")
    return alerts / rows


def _as_table(X: Any, needed: Iterable[str] = (), why: str = "") -> pd.DataFrame:
    """A DataFrame of pandas with these columns, whose names are different texts."""
    if not hasattr(X, "columns"):
        what = "Read it with pandas.read_csv, or wrap it as pandas.DataFrame(X)."
        given = f"{type(X).__name__} was given"
        raise ValueError(f"A table must be a DataFrame, and {given}. {what}")
    if not isinstance(X, pd.DataFrame):  # of polars
        X = pd.DataFrame({name: X[name].to_list() for name in X.columns})
    X = X.set_axis(X.columns.map(str), axis=1)
    if twice := _listed(X.columns[X.columns.duplicated()].unique()):
        what = "Give each column a name of its own."
        raise ValueError(f"More than one column is named {twice}. {what}")
    if missing := [repr(str(name)) for name in needed if name not in X.columns]:
        raise ValueError(
            f"The table has no column {', '.join(missing)}, which was {why}. It has "
            f"{_listed(X.columns)}. Check the spelling and the header line."
        )
    return X


def _listed(items: Iterable[Any], form: Callable[[Any], str] = repr) -> str:
    items = list(map(form, items))
    return ", ".join(items[:8]) + ", ..." * (len(items) > 8)


def _kind(values: Any) -> str:
    """What a column holds by its dtype: "number", "date" or "text"."""
    return HOLDS.get(types.infer_dtype(values), "text")


def _text(values: Any) -> Any:
    return values.astype("string").str.strip()


def _plan_of_dates(present: Any, form: str) -> Plan:
    parts = [part for part, cycle in CYCLES.items() if cycle(present).nunique() > 1]
    if not parts:
        return Plan(kind="left out", done="the same weekday and time in all rows")
    first, last = present.min(), present.max()
    said = [f"{first:%Y-%m-%d} to {last:%Y-%m-%d} (text is read as {form})", *parts]
    return Plan(kind="date", done=", ".join(said), closed=False, parts=parts)


def _plan_of_numbers(present: Any) -> Plan:
    one_way = present.is_monotonic_increasing or present.is_monotonic_decreasing
    counts = one_way and present.is_unique and (present % 1 == 0).all()
    if counts and len(present) >= MIN_COUNTING:
        return Plan(kind="left out", done="a counter: it goes one way from row to row")
    unit, scale = 0.0, "as it is"
    if present.skew() > SKEWED:
        unit = max(float(present[present != 0].abs().quantile(0.1)), SMALLEST)
        scale = "on a log-like scale"
    low, high = float(present.min()), float(present.max())
    plan = Plan(kind="number", done=f"{low:,.6g} to {high:,.6g}, {scale}")
    return plan | {"closed": low == high, "range": [low, high], "unit": unit}


def _plan_of_text(text: Any, most: int) -> Plan:
    counts, n_gaps, n = text.value_counts(), text.isna().sum(), len(text)
    if len(counts) + (n_gaps > 0) <= 1:
        value, levels = _listed(counts.index) or "a gap", [*counts.index]
        done = f"always {value}: not learned, another value {ALARM}"
        return Plan(kind="one value", done=done, closed=True, levels=levels)
    known = counts[:most]
    known = known[known >= max(2, MIN_SHARE * n)]
    if known.sum() + n_gaps < n / 2:
        some = f"(such as {text.dropna().iloc[0]!r}), an identifier or free text"
        done = f"text with {len(counts):,} different values in {n:,} rows {some}"
        return Plan(kind="left out", done=done)
    levels, closed = sorted(known.index), len(known) == len(counts)
    others = f"a new one {ALARM}" if closed else "rare and new ones as one"
    done = f"{len(levels)} values ({_listed(levels, str)}), {others}"
    return Plan(kind="categories", done=done, closed=closed, levels=levels)
