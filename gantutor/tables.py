"""A table as it comes, with text, dates and gaps, ready for a detector (notebook "your data").

pandas reads a file and says what its columns hold. `TableEncoder` makes numbers of them;
`TableDetector` is an encoder and a detector that are fitted, asked and saved as one.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from gantutor import baselines, one_class, scoring
from gantutor.archive import Tree
from gantutor.detectors.wgan import WGAN
from gantutor.one_class import Array, OneClass

DATES = ("datetime64", "datetime", "date")  # as pandas names what is in a column
NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")
DURATIONS = ("timedelta64", "timedelta")
HOLDS = dict.fromkeys(DATES, "date") | dict.fromkeys(NUMBERS + DURATIONS, "number")
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
        X = _as_table(X)
        asked = list(X.columns if self.columns is None else self.columns)
        _refuse_missing([*asked, *self.exclude, *self.categorical], X, "asked for")
        X = X[[name for name in dict.fromkeys(asked) if name not in self.exclude]]
        if unread := "".join(self._unread(X[name]) for name in X):
            raise ValueError(f"Text is not guessed at.{unread}")
        self._set_plan([self._planned(X[name]) for name in X])
        if X.empty or not self.feature_names_out_:
            done = "; ".join(f"{plan['name']}: {plan['done']}" for plan in self.plan_)
            left = f"No column is left to learn from in {len(X)} rows ({done})."
            raise ValueError(
                f"{left} Give columns that vary from row to row and repeat."
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

    def describe(self) -> pd.DataFrame:
        """What each column is used as, how many numbers it gives, and what is done with it.

        What is "an alarm if rare" is one if fewer calibration rows have it than may be alarms.
        """
        check_is_fitted(self)
        told = pd.DataFrame(self.plan_).set_index("name").rename_axis("column")
        of_columns = [self.columns_[source] for source in self.sources_]
        told["numbers"] = [of_columns.count(name) for name in told.index]
        told = told.rename(columns={"kind": "used as", "done": "what is done"})
        return told[["used as", "numbers", "what is done"]]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the numbers, as scikit-learn asks for them."""
        return np.array(self.feature_names_out_, dtype=object)

    def _option(self, name: str, default: Any) -> Any:
        return (self.read_options or {}).get(name) or default

    def _date_format(self, column: str) -> str:
        form = self._option("date_format", "ISO8601")
        return form.get(column, "ISO8601") if isinstance(form, Mapping) else form

    def _holds(self, values: Any) -> str:
        dates = self._option("parse_dates", ())
        if isinstance(dates, Sequence) and values.name in dates:
            return "date"
        return "text" if values.name in self.categorical else _holds(values)

    def _read(self, values: Any, holds: str) -> Any:
        """Values as what their column holds; what cannot be read so becomes a gap."""
        if holds == "text":
            return _text(values)
        text = values.astype("string").str.strip() if _is_text(values, holds) else None
        if holds == "date":
            if text is not None:
                text = text.str.replace(OFFSET, r"\1", regex=True)
                form = self._date_format(values.name).removesuffix("%z").strip()
                values = pd.to_datetime(text, format=form, errors="coerce")
            return values.dt.tz_localize(None)
        if types.infer_dtype(values) in DURATIONS:
            values = pd.to_timedelta(values).dt.total_seconds()
        elif text is not None:
            point = self._option("decimal", ".")
            text = text.str.replace(self._option("thousands", ""), "", regex=False)
            text = text.str.translate(str.maketrans({".": point, point: "."}))
            values = pd.to_numeric(text, errors="coerce")
        found = values.astype("float64")
        return found.where(np.isfinite(found)).clip(-LARGEST, LARGEST)

    def _unread(self, values: Any) -> str:
        """What to say of text that should have been read as something else."""
        name, is_category = values.name, values.dtype == "category"
        if name in self.categorical or is_category or _holds(values) != "text":
            return ""
        text = values.dropna().astype("string").str.strip()
        some = text[:N_LOOKED_AT]
        likely = _likely(some)
        if self._holds(values) == "date":  # as was said: then it must be possible
            likely = {"dates": self._read(some, "date").isna()}
        for looks, found in likely.items():
            if 2 * found.sum() >= max(len(some), 1):
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
        plan = {"name": values.name, "holds": holds, "gaps": bool(found.isna().any())}
        one_value = found.nunique() + plan["gaps"] <= 1
        if holds == "date" and found.notna().any():
            plan |= _plan_of_dates(found, self._date_format(values.name))
        elif holds == "number" and not one_value:
            plan |= _plan_of_numbers(found)
        else:
            plan |= _plan_of_text(_text(found), one_value, self.max_categories)
        if plan["kind"] in ("date", "number", "categories"):
            plan["done"] += ", gaps marked" if plan["gaps"] else f", a gap {ALARM}"
        return plan

    def _set_plan(self, plan: list[Plan]) -> None:
        self.plan_ = plan
        self.columns_ = [entry["name"] for entry in plan if entry["kind"] != "left out"]
        gaps = pd.DataFrame([[None] * len(self.columns_)], columns=self.columns_)
        names: list[Any] = list(self._columns(gaps)[0])
        self.feature_names_out_ = [column + part for column, part in names]
        self.sources_ = np.array([self.columns_.index(c) for c, _ in names], dtype=int)

    def encode(self, X: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """The numbers, where values are of a new kind, and where they are unusual."""
        check_is_fitted(self)
        X = _as_table(X)
        _refuse_missing(self.columns_, X, "used in training")
        numbers, new, unusual = self._columns(X)
        filled = np.where(numbers.isna(), self.fill_, numbers)
        return pd.DataFrame(filled, X.index, self.feature_names_out_), new, unusual

    def _columns(self, X: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """As `encode`, with gaps; the name of a number is (column, part)."""
        numbers: dict[Any, Any] = {}
        new, unusual, first_date = {}, {}, None
        for plan in self.plan_:
            if plan["kind"] == "left out":
                continue
            name, holds = plan["name"], plan["holds"]
            found = self._read(X[name], holds)
            gap = found.isna()
            parts, odd = _parts(plan, found)
            is_date = plan["kind"] == "date"
            if is_date and first_date is not None:
                days = (found - first_date).dt.total_seconds() / 86_400
                parts[f": days since {first_date.name}"] = days
            elif is_date:
                first_date = found
            if plan["gaps"]:
                parts[" missing"] = gap
            if "levels" in plan and 0 < len(parts) <= 2:  # of two, one says it all
                parts.popitem()
            numbers |= {(name, part): values for part, values in parts.items()}
            unread = gap & X[name].notna() & _is_text(X[name], holds)
            new[name] = unread | (odd & plan["closed"]) | (gap & (not plan["gaps"]))
            unusual[name] = gap | odd
        table = pd.DataFrame(numbers, X.index).astype(float)
        return table, pd.DataFrame(new, X.index), pd.DataFrame(unusual, X.index)

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


@dataclass(eq=False, repr=False)
class TableDetector(OneClass):
    """A detector for tables as they come: text, dates and gaps included.

    Calibration rows, a fifth of all, are held out from all that is fitted, the encoder
    included: new kinds of values are part of the false-alarm rate that is kept.

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
    false_alarm_rate: float | None = None  # type: ignore[assignment]
    random_state: int | np.random.RandomState | None = None

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from 10 or more normal rows, 100 for a rate of 5 %, or say why not: ValueError."""
        one_class.check_value("false_alarm_rate", self._asked_rate(), one_class.SHARE)
        X = _as_table(X)
        if len(X) < MIN_ROWS:
            needed = f"fit needs at least {MIN_ROWS} normal rows, and about 100 for a rate of 5 %"
            raise ValueError(f"The table has {len(X)} rows; {needed}.")
        encoder = TableEncoder() if self.encoder is None else clone(self.encoder)
        detector: Any = WGAN() if self.detector is None else clone(self.detector)
        settings, seed = detector.get_params(), self.random_state
        seed = settings.get("random_state") if seed is None else seed
        random = np.random.default_rng(one_class.drawn_seed(seed))
        n_kept = round(one_class.CALIBRATION_SHARE * len(X))
        kept = np.isin(np.arange(len(X)), random.permutation(len(X))[:n_kept])
        rows = encoder.fit(X[~kept]).transform(X[~kept]).to_numpy()  # in their order
        numbers, new, _ = encoder.encode(X[kept])
        calibration = numbers.to_numpy()
        if isinstance(detector, OneClass):
            detector.fit(rows, calibration=calibration)
        else:  # a file will hold its rows, and fit it again: so it needs a seed
            seed = int(random.integers(2**31))
            unset = [name for name, value in settings.items() if value is None]
            states = [name for name in unset if name.endswith("random_state")]
            detector.set_params(**dict.fromkeys(states, seed)).fit(rows)
            self.rows_ = rows
        if "verbose" in settings:
            detector.verbose = 0  # a reason asks it many times
        some = rows[random.permutation(len(rows))[: 2 * N_REFERENCES]]
        order = np.argsort(baselines.anomaly_scores(detector, some), kind="stable")
        scores = baselines.anomaly_scores(detector, calibration)
        self.encoder_, self.detector_ = encoder, detector
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
        for sentence in self.encoder_.changed_columns(
            len(new), unusual.sum().to_dict()
        ):
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
        scale = StandardScaler().fit(self.reference_)
        search = NearestNeighbors(n_neighbors=1).fit(scale.transform(self.reference_))
        like = search.kneighbors(scale.transform(x), return_distance=False)[:, 0]
        score = partial(baselines.anomaly_scores, self.detector_)
        like = self.reference_[like]
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

    def to_tree(self) -> Tree:
        """All that is needed to score again, for `gantutor.archive`."""
        inner, encoder, seed = self.detector_, self.encoder_, self.random_state
        seed = int(seed) if isinstance(seed, Integral) else None
        ours = isinstance(inner, OneClass)
        kept = inner.to_tree() if ours else baselines.packed(inner, self.rows_)
        rate = self.false_alarm_rate
        return {
            "class": "TableDetector",
            "parameters": {"false_alarm_rate": rate, "random_state": seed},
            "encoder": encoder.get_params(),
            **{"plan": encoder.plan_, "fill": encoder.fill_, "detector": kept},
            "fitted": one_class.fitted_values(self, ("encoder_", "detector_", "rows_")),
        }

    @classmethod
    def from_tree(cls, tree: Tree, unpack: Callable[[Tree], Any]) -> Self:
        """What `to_tree` has described, put together again."""
        encoder = TableEncoder(**tree["encoder"])
        encoder._set_plan(tree["plan"])
        encoder.fill_ = tree["fill"]
        whole = cls(unpack(tree["detector"]), encoder, **tree["parameters"])
        whole.encoder_, whole.detector_ = encoder, whole.detector
        whole.rows_ = tree["detector"].get("rows")
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


def _as_table(X: Any) -> pd.DataFrame:
    """A DataFrame of pandas whose columns have different names of text."""
    if not hasattr(X, "columns"):
        needed = "Read it with pandas.read_csv, or wrap it as pandas.DataFrame(X)."
        given = f"{type(X).__name__} was given"
        raise ValueError(f"A table must be a DataFrame, and {given}. {needed}")
    if not isinstance(X, pd.DataFrame):  # of polars
        X = pd.DataFrame({name: pd.Series(X[name].to_list()) for name in X.columns})
    names = pd.Index(map(str, X.columns))
    if twice := _listed(map(repr, names[names.duplicated()].unique())):
        needed = "Give each column a name of its own."
        raise ValueError(f"More than one column is named {twice}. {needed}")
    return X.set_axis(names, axis=1)


def _refuse_missing(names: Iterable[str], X: pd.DataFrame, why: str) -> None:
    if missing := [repr(str(name)) for name in names if name not in X.columns]:
        raise ValueError(
            f"The table has no column {', '.join(missing)}, which was {why}. It has "
            f"{_listed(map(repr, X.columns))}. Check the spelling and the header line."
        )


def _listed(items: Iterable[str]) -> str:
    items = list(items)
    return ", ".join(items[:8]) + ", ..." * (len(items) > 8)


def _holds(values: Any) -> str:
    return HOLDS.get(types.infer_dtype(values), "text")


def _is_text(values: Any, holds: str) -> bool:
    """Whether numbers or dates must be read from the text of these values."""
    is_date = types.is_datetime64_any_dtype(values.dtype)
    return not is_date if holds == "date" else _holds(values) != holds


def _likely(text: Any) -> dict[str, Any]:
    """Which text can be turned into numbers without its signs, or into dates."""
    plain = text.str.replace(SIGNS, "", regex=True).str.replace(",", ".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of days before months
        dates = pd.to_datetime(text, errors="coerce", format="mixed", utc=True)
    return {
        "numbers": pd.to_numeric(plain, errors="coerce").notna(),
        "dates": dates.notna() & text.str.contains(r"\d\D+\d"),  # "May" may be a name
    }


def _plan_of_dates(found: Any, form: str) -> Plan:
    parts = [part for part, cycle in CYCLES.items() if cycle(found).nunique() > 1]
    if not parts:
        return {"kind": "left out", "done": "the same weekday and time in all rows"}
    first, last = (f"{date:%Y-%m-%d}" for date in (found.min(), found.max()))
    done = f"{first} to {last} (text is read as {form}), {', '.join(parts)}"
    return {"kind": "date", "closed": False, "parts": parts, "done": done}


def _plan_of_numbers(found: Any) -> Plan:
    low, high, present = float(found.min()), float(found.max()), found.dropna()
    steps, whole = np.diff(present), (present % 1 == 0).all()
    one_way = (steps > 0).all() or (steps < 0).all()
    if one_way and whole and len(present) >= MIN_COUNTING:
        return {
            "kind": "left out",
            "done": "a counter: it goes one way from row to row",
        }
    unit, scale = 0.0, "as it is"
    if found.skew() > SKEWED:
        unit = max(float(found[found != 0].abs().quantile(0.1)), SMALLEST)
        scale = "on a log-like scale"
    plan = {"kind": "number", "closed": low == high, "range": [low, high], "unit": unit}
    return plan | {"done": f"{low:,.6g} to {high:,.6g}, {scale}"}


def _plan_of_text(text: Any, one_value: bool, most: int) -> Plan:
    counts, n = text.value_counts(), len(text)
    if one_value:
        value, levels = _listed(map(repr, counts.index)) or "a gap", list(counts.index)
        done = f"always {value}: not learned, another value {ALARM}"
        return {"kind": "one value", "closed": True, "levels": levels, "done": done}
    known = counts[:most]
    known = known[known >= max(2, MIN_SHARE * n)]
    if known.sum() + text.isna().sum() < n / 2:
        done = f"text with {len(counts):,} different values in {n:,} rows (such as "
        done += f"{text.dropna().iloc[0]!r}), an identifier or free text"
        return {"kind": "left out", "done": done}
    levels, closed = sorted(known.index), len(known) == len(counts)
    others = f"a new one {ALARM}" if closed else "rare and new ones as one"
    done = f"{len(levels)} values ({_listed(levels)}), {others}"
    return {"kind": "categories", "closed": closed, "levels": levels, "done": done}


def _parts(plan: Plan, found: Any) -> tuple[dict[str, Any], Any]:
    """The numbers that a column gives, and which of its values are outside of training."""
    parts, odd = {}, found.isna() & False
    if plan["kind"] == "number":
        odd = found.notna() & ~found.between(*plan["range"])
        parts[""] = np.arcsinh(found / plan["unit"]) if plan["unit"] else found
    elif plan["kind"] == "date":
        for part in plan["parts"]:
            angle = 2 * np.pi * CYCLES[part](found)
            parts[f": {part} (sin)"] = np.sin(angle)
            parts[f": {part} (cos)"] = np.cos(angle)
    else:
        text = _text(found)
        odd = found.notna() & ~text.isin(plan["levels"])
        parts = {f" = {x}": text.eq(x).fillna(False) for x in plan["levels"]}
        if not plan["closed"]:
            parts[": other"] = odd
    return parts, odd


def _text(values: Any) -> Any:
    """Values as text, alike however they were read: 1.50 is "1.5", TRUE is "True"."""
    text = pd.Series(values).astype("string").str.strip()
    text = text.str.replace(ZEROS, r"\1", regex=True)
    is_bool = text.str.lower().isin(["true", "false"])
    return text.mask(is_bool, text.str.capitalize())
