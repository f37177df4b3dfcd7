"""Tables as pandas reads them, made numbers, scored and explained (notebook "your data")."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from textwrap import shorten
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from gantutor import baselines, one_class, rows, scoring
from gantutor.archive import Tree
from gantutor.detectors.wgan import WGAN
from gantutor.one_class import CALIBRATION_SHARE, SHARE, Array, OneClass

NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")  # in pandas' words
HOLDS = dict.fromkeys([*NUMBERS, "timedelta64", "timedelta"], "number")
HOLDS |= dict.fromkeys(["datetime64", "datetime", "date"], "date")
MENDED_BY = {  # the options of pandas.read_csv for text that is none
    "numbers": "decimal, thousands or na_values (or converters, for signs such as %)",
    "dates": "parse_dates, with date_format (such as '%d.%m.%Y %H:%M') or dayfirst",
}
SIGNS = r"[.,'\s](?=\d{3}\b)|[$€£¥%\s]"  # between thousands, and units
OFFSET = r"([T ]\d\d.*?)\s*(?:Z|[+-]\d\d(?::?\d\d)?)$"  # of a time zone
ZEROS = r"^(-?\d+(?:\.\d*[1-9])?)\.?0*$"  # 1.50 and 1.5, 3.0 and 3
LARGEST, SMALLEST = 1e100, 1e-100  # numbers beyond are cut: their squares are no floats
ALARM = "is an alarm if rare"  # if rarer in the calibration rows than alarms may be
CYCLES: dict[str, Callable[[Any], Any]] = {  # how much of it is over, from 0 to 1
    "time of day": lambda dates: (dates - dates.dt.normalize()) / pd.Timedelta("1D"),
    "weekday": lambda dates: dates.dt.day_of_week / 7,
}


@dataclass(eq=False, repr=False)
class TableEncoder(TransformerMixin, BaseEstimator):
    """Numbers from a table with text, dates and gaps.

    What a column holds follows from its dtype, never from a guess at text. *Numbers* stay
    (durations in seconds, long right tails on a log-like scale). *Text, categories, true and
    false* become 0 or 1 for each value that 1 % of the rows have, and for all others; *dates*
    points on circles (time of day and weekday, by the clock of their zone) and the days since
    the first date. Gaps get the median and a mark. Identifiers and counters are left out,
    columns of one value watched. A value of a *new kind* is one that no training row prepares
    for: a category where none was rare, a gap where there was none, text for a number.

    Parameters
    ----------
    columns, exclude, categorical : sequences of str
        Columns to use, by default all; to leave out; and to take as names, as postcodes are.
    max_categories : int, default=20
        Most values of a column that get columns of their own.
    read_options : dict, optional
        Of `pandas.read_csv`, for text where training had numbers (`decimal`, `thousands`) or
        dates (`date_format`, else ISO 8601; columns in `parse_dates` may be text in training).

    Attributes
    ----------
    plan_, columns_, feature_names_out_, fill_, sources_ : lists, and an array of int
        What is done with each column; those looked at; their numbers; what stands for a gap;
        for each number, the position of its column in `columns_`.

    Examples
    --------
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
        """Decide from normal rows what to do with each column; an error says what to mend."""
        named = [*(self.columns or ()), *self.exclude, *self.categorical]
        X = _as_table(X, named, "asked for")
        asked = dict.fromkeys(X.columns if self.columns is None else self.columns)
        used = [X[name] for name in asked if name not in self.exclude]
        if unread := "".join(map(self._unread, used)):
            raise ValueError(f"Text is not guessed at.{unread}")
        self._set_plan(list(map(self._planned, used)), fill=[])
        if X.empty or not self.feature_names_out_:
            done = "; ".join(f"{plan['name']}: {plan['done']}" for plan in self.plan_)
            left = f"No column is left to learn from in {len(X)} rows ({done})"
            raise ValueError(f"{left}. Give columns that vary and whose values repeat.")
        numbers, _, unusual = self.encode(X)
        self.fill_ = numbers.median().fillna(0.0).to_list()
        for plan in self.plan_:
            plan["unusual"] = np.mean(unusual.get(plan["name"], 1.0))
        return self

    def transform(self, X: Any) -> pd.DataFrame:
        """Turn a DataFrame with all `columns_` into numbers, (n, n_features_out)."""
        return self.encode(X)[0].set_axis(self.feature_names_out_, axis=1)

    def encode(self, X: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Numbers, by (column, part); where values are of a new kind; where unusual."""
        check_is_fitted(self)
        X = _as_table(X, self.columns_, "used in training")
        numbers, new, unusual, dates = Tree(), Tree(), Tree(), Tree()
        for plan in [plan for plan in self.plan_ if plan["kind"] != "left out"]:
            name, values = plan["name"], X[plan["name"]]
            found = self._read(values, plan["holds"])
            parts, odd = self._parts(plan, found, dates)
            numbers |= {(name, part): column for part, column in parts.items()}
            gap, other = found.isna(), HOLDS.get(infer_dtype(values)) != plan["holds"]
            new[name] = odd & np.where(gap, not plan["gaps"], plan.get("closed", False))
            new[name] |= gap & values.notna() & other  # text in place of a number
            unusual[name] = odd
        table = pd.DataFrame(numbers, X.index).astype(float)
        table = table.fillna(dict(zip(table, self.fill_, strict=False)))
        return table, pd.DataFrame(new, X.index), pd.DataFrame(unusual, X.index)

    def describe(self) -> pd.DataFrame:
        """What each column is used as, how many numbers it gives, and what is done with it."""
        check_is_fitted(self)
        heads = {"name": "column", "kind": "used as", "done": "what is done"}
        told = pd.DataFrame(self.plan_).rename(columns=heads).set_index("column")
        sources = [self.columns_[i] for i in self.sources_]
        told["numbers"] = told.index.map(sources.count)
        return told[["used as", "numbers", "what is done"]]

    def changed_columns(self, n_rows: int, unusual: Mapping[Any, int]) -> list[str]:
        """A sentence for each column that has lost more than half of its usual values."""
        said = []
        for plan in self.plan_:
            usual, count = n_rows * (1 - plan["unusual"]), unusual.get(plan["name"], 0)
            if usual >= 30 and n_rows - count < usual / 2:  # few rows say nothing
                said.append(
                    f"Column {plan['name']!r} is not as in training: {count:,} of {n_rows:,} "
                    f"values are outside of it ({plan['done']}). Written otherwise? Read it with "
                    "the same read_csv options. Changed for good? Exclude it, or fit again."
                )
        return said

    def _option(self, name: str, default: Any, column: Any = None) -> Any:
        given = (self.read_options or {}).get(name) or default
        return given.get(column, default) if isinstance(given, Mapping) else given

    def _holds(self, values: Any) -> str:
        dates = self._option("parse_dates", ())
        if dates is not True and values.name in dates:
            return "date"
        typed = HOLDS.get(infer_dtype(values), "text")
        return "text" if values.name in self.categorical else typed

    def _read(self, values: Any, holds: str) -> Any:
        """Values as what their column holds; what cannot be read so becomes a gap."""
        if holds == "text":
            text = _text(values).str.replace(ZEROS, r"\1", regex=True)
            is_bool = text.str.lower().isin(["true", "false"])
            return text.mask(is_bool, text.str.capitalize())  # TRUE is True
        if holds == "date" and values.dtype.kind != "M":
            form = self._option("date_format", "ISO8601", values.name).rstrip(" %z")
            text = _text(values).str.replace(OFFSET, r"\1", regex=True)
            values = pd.to_datetime(text, format=form.lstrip(), errors="coerce")
        if holds == "date":
            return values.dt.tz_localize(None)  # the clock of its own zone
        if infer_dtype(values).startswith("timedelta"):
            values = pd.to_timedelta(values).dt.total_seconds()
        elif infer_dtype(values) not in NUMBERS:
            point = self._option("decimal", ".")
            signs = {".": point, point: ".", self._option("thousands", "\0"): ""}
            values = _text(values).str.translate(str.maketrans(signs))
        values = pd.to_numeric(values, errors="coerce").astype("float64")
        return values.mask(np.isinf).clip(-LARGEST, LARGEST)

    def _unread(self, values: Any) -> str:
        """What to say of text that should have been read as something else."""
        name, typed = values.name, (*HOLDS, "categorical")
        if name in self.categorical or infer_dtype(values) in typed:
            return ""
        text = _text(values.dropna().head(1000))  # enough to see what it is
        plain = text.str.replace(SIGNS, "", regex=True).str.replace(",", ".")
        dated = text.where(text.str.contains(r"\d\D+\d"))  # "May" may be a name
        numbers: Any = pd.to_numeric(plain, errors="coerce")
        dates: Any = pd.to_datetime(dated, errors="coerce", format="mixed", utc=True)
        if self._holds(values) == "date":  # as was said: then it must be possible
            numbers, dates = text[:0], text[self._read(text, "date").isna()]
        for looks, found in (("numbers", numbers), ("dates", dates)):
            if 2 * found.count() >= max(len(text), 1):
                odd = text[pd.to_numeric(text, errors="coerce").isna()]
                return (
                    f" Column {name!r} looks like {looks} (such as {[*odd, *text][0]!r}): "
                    f"read it with pandas.read_csv's {MENDED_BY[looks]}; if it is a category, "
                    f"with dtype={{{name!r}: 'category'}} or by `categorical`; or exclude it."
                )
        return ""

    def _planned(self, values: Any) -> Tree:
        holds = self._holds(values)
        found = self._read(values, holds)
        present = found.dropna()
        plan = {"name": values.name, "holds": holds, "gaps": len(present) < len(found)}
        if holds == "date" and len(present):
            plan |= self._plan_of_dates(present)
        elif holds == "number" and found.nunique(dropna=False) > 1:
            plan |= _plan_of_numbers(present)
        else:
            plan |= self._plan_of_names(self._read(found, "text"))
        if plan["kind"] not in ("left out", "one value"):
            plan["done"] += ", gaps marked" if plan["gaps"] else f", a gap {ALARM}"
        return plan

    def _plan_of_dates(self, present: Any) -> Tree:
        parts = [part for part, cycle in CYCLES.items() if cycle(present).nunique() > 1]
        if not parts:
            return {"kind": "left out", "done": "the same weekday and time in all rows"}
        form = self._option("date_format", "ISO8601", present.name)
        read = f"{present.min():%Y-%m-%d} to {present.max():%Y-%m-%d} (text is read as {form})"
        return {"kind": "date", "done": ", ".join([read, *parts]), "parts": parts}

    def _plan_of_names(self, names: Any) -> Tree:
        counts, n, kind = names.value_counts(), len(names), "categories"
        known = counts[counts >= max(2, 0.01 * n)][: self.max_categories]
        levels, closed = sorted(known.index), len(known) == len(counts)
        others = f"a new one {ALARM}" if closed else "rare and new ones as one"
        named = shorten(", ".join(level[:60] for level in levels), 80)
        done = f"{len(levels)} values ({named}), {others}"
        if names.nunique(dropna=False) <= 1:
            kind, levels, closed = "one value", [*counts.index], True
            value = [*map(repr, levels), "a gap"][0]
            done = f"always {value}: not learned, another value {ALARM}"
        elif known.sum() + names.isna().sum() < n / 2:
            some = f"(such as {names.dropna().iloc[0]!r}), an identifier or free text"
            kind, levels = "left out", []
            done = f"text with {len(counts):,} different values in {n:,} rows {some}"
        return {"kind": kind, "done": done, "closed": closed, "levels": levels}

    def _set_plan(self, plan: list[Tree], fill: list[float]) -> None:
        self.plan_, self.fill_ = plan, fill
        self.columns_ = [entry["name"] for entry in plan if entry["kind"] != "left out"]
        gaps = pd.DataFrame(index=[0], columns=self.columns_)
        names: Any = list(self.encode(gaps)[0])
        self.feature_names_out_: list[str] = list(map("".join, names))
        self.sources_ = np.array([self.columns_.index(c) for c, _ in names], dtype=int)

    def _parts(self, plan: Tree, found: Any, dates: Tree) -> tuple[Tree, Any]:
        """The numbers of a column, and where its values are unusual, gaps among them."""
        gap, parts = found.isna(), {}
        if plan["kind"] == "number":
            parts[""] = np.arcsinh(found / plan["unit"]) if plan["unit"] else found
            odd = ~found.between(*plan["range"])
        elif plan["kind"] == "date":
            for part in plan["parts"]:
                turn = 2 * np.pi * CYCLES[part](found)
                parts |= {f": {part} ({w.__name__})": w(turn) for w in (np.sin, np.cos)}
            first, odd = dates.setdefault("first", found), gap  # since it, days count
            if found is not first:
                days = (found - first) / pd.Timedelta("1D")
                parts[f": days since {first.name}"] = days
        else:
            names = self._read(found, "text")
            odd = ~names.isin(plan["levels"])
            parts = {f" = {x}": names.eq(x).fillna(False) for x in plan["levels"]}
            parts |= {} if plan["closed"] else {": other": odd & ~gap}
        parts |= {" missing": gap} if plan["gaps"] else {}
        if "levels" in plan and 0 < len(parts) <= 2:  # of two, one says it all
            parts.popitem()
        return parts, odd


@dataclass(eq=False, repr=False)
class TableDetector(OneClass):
    """A detector for tables as they come, as DataFrames of pandas or polars.

    Calibration rows, a fifth of all, are held out from all that is fitted, the encoder
    included: new kinds of values are part of the false-alarm rate that is kept.

    Parameters
    ----------
    detector : detector or scikit-learn estimator, default=WGAN()
        What scores the numbers, by `anomaly_score` (up = more anomalous) or `score_samples`.
    encoder : TableEncoder, default=TableEncoder()
        What makes numbers of the columns.
    false_alarm_rate, random_state : optional
        See `Detector`; by default those of `detector`, or 0.05 and None.

    Attributes
    ----------
    encoder_, detector_ : the fitted copies
    reference_, new_value_score_ : array of shape (n, n_features_out), and float
        Up to 200 usual training rows, as numbers, with which `explain` compares; what each
        value of a new kind adds: twice the range of the calibration scores.

    Examples
    --------
    >>> import gantutor as gt
    >>> X, y = gt.data.breast_cancer()
    >>> detector = gt.tables.TableDetector(gt.evaluation.BASELINES["Mahalanobis"](0))
    >>> detector.fit(X[y == 0].assign(clinic="north")).encoder_.describe()["used as"].iloc[-1]
    'one value'
    """

    detector: BaseEstimator | None = None
    encoder: TableEncoder | None = None
    _: KW_ONLY
    false_alarm_rate: Annotated[float | None, SHARE] = None  # type: ignore[assignment]
    random_state: int | np.random.RandomState | None = None

    def _fit(self, X: Any, calibration: Any) -> Self:
        X = _as_table(X)
        if len(X) < 10:  # 8 to learn from, and some for the threshold
            needed = "fit needs at least 10, and about 100 for a rate of 5 %"
            raise ValueError(f"The table has {len(X)} rows; {needed}.")
        self.encoder_ = encoder = clone(self.encoder or TableEncoder())
        inner = baselines.copied(WGAN() if self.detector is None else self.detector)
        of_inner = getattr(inner, "random_state", None)
        seed = of_inner if self.random_state is None else self.random_state
        random = np.random.default_rng(one_class.drawn_seed(seed))
        if calibration is None:
            n_kept = round(CALIBRATION_SHARE * len(X))
            kept, rest = np.split(random.permutation(len(X)), [n_kept])
            X, calibration = X.iloc[np.sort(rest)], X.iloc[np.sort(kept)]
        known = encoder.fit(X).transform(X).to_numpy()
        some = random.permutation(known)[:400]  # half of them will be the usual ones
        numbers, new, _ = encoder.encode(calibration)
        baselines.fitted(inner, known, numbers.to_numpy(), int(random.integers(2**31)))
        if hasattr(inner, "verbose"):
            inner.verbose = 0  # a reason asks it many times
        order = np.argsort(baselines.anomaly_scores(inner, some), kind="stable")
        scores = baselines.anomaly_scores(inner, numbers.to_numpy())
        self.detector_, self.reference_ = inner, some[order[: (len(some) + 1) // 2]]
        self.new_value_score_ = 2 * float(np.ptp(scores) or 1.0)
        self._set_threshold(scores + self.new_value_score_ * new.sum(axis=1).to_numpy())
        return self

    def anomaly_score(self, X: Any) -> Array:
        """Anomaly score of each row, (n,); up = more anomalous. Warns of changed columns."""
        check_is_fitted(self)
        numbers, new, unusual = self.encoder_.encode(X)
        if numbers.empty:
            return np.empty(0)
        for told in self.encoder_.changed_columns(len(new), unusual.sum().to_dict()):
            warnings.warn(told, stacklevel=2)
        scores = baselines.anomaly_scores(self.detector_, numbers.to_numpy())
        return scores + self.new_value_score_ * new.sum(axis=1).to_numpy()

    def explain(self, X: Any) -> pd.DataFrame:
        """What each column adds to the score of each row, (n, len(encoder_.columns_)).

        They add up to the score minus that of the usual row most like it, and come from
        `gantutor.scoring.shapley_values`.
        """
        check_is_fitted(self)
        numbers, new, _ = self.encoder_.encode(X)
        parts = self.new_value_score_ * new.astype(float)
        if parts.empty:
            return parts
        x, sources = numbers.to_numpy(), self.encoder_.sources_
        used = np.unique(sources)
        groups = [np.flatnonzero(sources == i).tolist() for i in used]
        like = scoring.most_like(x, self.reference_)
        score = partial(baselines.anomaly_scores, self.detector_)
        parts.iloc[:, used] += scoring.shapley_values(score, x, like, groups)
        return parts

    def reasons(self, X: Any, most: int = 3) -> list[str]:
        """At most `most` columns that add most to each row's score: "amount 62 %, shop 20 %"."""
        parts = self.explain(X).clip(lower=0)
        shares = 100 * parts.div(parts.sum(axis=1).replace(0, 1), axis=0).to_numpy()
        notes = np.where(_as_table(X)[parts.columns].isna(), " (missing)", "")
        notes = np.where(self.encoder_.encode(X)[1], " (new kind of value)", notes)
        said = []
        for share, note in zip(shares, notes, strict=True):
            ranked = np.argsort(-share)[:most]  # the first is named in any case
            named = [i for i in ranked if share[i] >= 5 or i == ranked[0]]
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
        report.loc[alarm, "reasons"] = self.reasons(X[alarm])
        return report

    def _asked_rate(self) -> float:
        of_detector = getattr(self.detector, "false_alarm_rate", 0.05)
        return of_detector if self.false_alarm_rate is None else self.false_alarm_rate

    def _parts(self) -> Tree:
        encoder, detector = self.encoder_, baselines.packed(self.detector_)
        learned = {"plan": encoder.plan_, "fill": encoder.fill_}
        return {"encoder": encoder.get_params(), "detector": detector, **learned}

    @classmethod
    def from_tree(cls, tree: Tree, unpack: Callable[[Tree], Any]) -> Self:
        """What `to_tree` has described, put together again."""
        encoder = TableEncoder(**tree["encoder"])
        encoder._set_plan(tree["plan"], tree["fill"])
        whole = cls(unpack(tree["detector"]), encoder, **tree["parameters"])
        whole.encoder_, whole.detector_ = encoder, whole.detector
        one_class.restore_values(whole, tree["fitted"])
        widths = {len(encoder.sources_), len(encoder.fill_)}
        if widths != {*np.shape(whole.reference_)[1:]}:
            raise ValueError("its encoder and its detector do not fit each other")
        return whole


def _as_table(X: Any, needed: Iterable[str] = (), why: str = "") -> pd.DataFrame:
    """A DataFrame of pandas with these columns, whose names are different texts."""
    if not hasattr(X, "columns"):
        given = f"{type(X).__name__} was given: use pandas.read_csv or pandas.DataFrame"
        raise ValueError(f"A table must be a DataFrame, and {given}.")
    if not isinstance(X, pd.DataFrame):  # of polars
        X = pd.DataFrame({name: X[name].to_list() for name in X.columns})
    X = X.set_axis(X.columns.map(str), axis=1)
    rows.refuse_repeated(X.columns)
    if missing := ", ".join(repr(name) for name in needed if name not in X.columns):
        there = shorten(str([name[:60] for name in X.columns])[1:-1], 200)
        given = f"no column {missing}, which was {why}. It has {there}"
        raise ValueError(f"The table has {given}: check names and header line.")
    return X


def _text(values: Any) -> Any:
    return values.astype("string").str.strip()


def _plan_of_numbers(present: Any) -> Tree:
    steps = np.sign(np.diff(present))
    counts = abs(steps.sum()) == len(steps) and (present % 1 == 0).all()
    if counts and len(present) >= 20:  # fewer may do so by chance
        return {"kind": "left out", "done": "a counter: it goes one way row by row"}
    skewed = present.skew() > 2  # more than an exponential distribution is
    unit = max(present[present != 0].abs().quantile(0.1), SMALLEST) if skewed else 0.0
    scale = "on a log-like scale" if skewed else "as it is"
    low, high = present.min(), present.max()
    plan = {"kind": "number", "done": f"{low:,.6g} to {high:,.6g}, {scale}"}
    return plan | {"closed": bool(low == high), "range": [low, high], "unit": unit}
