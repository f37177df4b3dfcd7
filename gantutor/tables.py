"""A table as it comes, with text, dates and gaps, ready for a detector (notebook "your data").

pandas reads a file and says what its columns hold. `TableEncoder` makes numbers of them;
`TableDetector` is an encoder and a detector that are fitted, asked and saved as one.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
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

HOLDS = {  # what pandas finds in a column; all else is text
    **dict.fromkeys(["integer", "floating", "mixed-integer-float"], "number"),
    **dict.fromkeys(["decimal", "timedelta64", "timedelta"], "number"),
    **dict.fromkeys(["datetime64", "datetime", "date"], "date"),
}
LOOKS_LIKE = {  # text that pandas.read_csv would have read, had it been told how
    "dates": (
        r"\d{1,4}[-/. ]\s?(\d\d?|[^\W\d_]{3,9})[-/. ]+\d{2,4}(\D.*)?"
        r"|[^\W\d_]{3,9}\.? \d\d?,? \d{4}(\D.*)?|\d\d?:\d\d(\D.*)?",
        "parse_dates, with date_format (such as '%d.%m.%Y %H:%M') or dayfirst",
    ),
    "numbers": (
        r"(?=.*\d)[$€£¥]?\s?[+-]?(\d*|\d{1,3}(['.,\s]\d{3})+)([.,]\d*)?(e[+-]?\d+)?\s?[%$€£¥]?",
        "decimal, thousands or na_values (or converters, for signs such as %)",
    ),
}
OFFSET = r"([T ]\d\d.*?)\s*(?:Z|[+-]\d\d(?::?\d\d)?)$"  # of a time zone
ZEROS = r"^(-?\d+(?:\.\d*[1-9])?)\.?0*$"  # 1.50 and 1.5, 3.0 and 3
LARGEST, SMALLEST = 1e100, 1e-100  # numbers beyond are cut: their squares are no floats
SKEWED = 2.0  # the skewness of an exponential distribution
MIN_ROWS = 10  # 8 to learn from, and some for the threshold
MIN_COUNTING = 20  # rows, before whole numbers that only go up are called a counter
MIN_TOLD = 30  # usual values to be expected, before their absence is spoken of
MIN_SHARE = 0.01  # of the rows, for a category to get a column of its own
N_REFERENCES = 200  # usual rows among which the one most like an alarm is looked for
ROWS_EXPLAINED = 4096  # at a time
NEW_VALUE = 2.0  # ranges of the calibration scores that a value of a new kind adds
CYCLES: dict[str, Callable[[Any], Any]] = {  # how much of it is over, from 0 to 1
    "time of day": lambda dates: (dates - dates.dt.normalize()) / pd.Timedelta("1D"),
    "weekday": lambda dates: dates.dt.day_of_week / 7,
}
Plan = dict[str, Any]  # what is done with a column


@dataclass(eq=False, repr=False)
class TableEncoder(TransformerMixin, BaseEstimator):
    """Numbers from a table with text, dates and gaps.

    What a column holds follows from its dtype, never from a guess at text. *Numbers* are
    kept, durations in seconds; a long right tail is put on a log-like scale; gaps are filled
    with the median and marked in a column of 0 and 1. *Text, categories, true and false*
    become a column of 0 and 1 for each value that at least 1 % of the rows have, one more for
    all rare ones, and one for gaps. *Dates* become the time of day and the weekday, by the
    clock of their own time zone, as points on a circle, and the days since the first date
    column; the date itself is left out, because all new rows would lie beyond. *Identifiers*
    are left out: text that hardly ever repeats, whole numbers that go up from row to row. A
    column of *one value* is not learned, but watched.

    A value of a *new kind* is one that no training row prepares for: a category that is new
    where none was rare, a gap where there was none, text in place of a number.

    Parameters
    ----------
    columns : sequence of str, optional
        The columns to use; by default all.
    exclude : sequence of str
        Columns to leave out.
    categorical : sequence of str
        Columns of numbers, or of text that looks like numbers, that are names: postcodes.
    max_categories : int, default=20
        Most values of a column that get columns of their own.
    read_options : dict, optional
        The options with which `pandas.read_csv` has read the table, kept for the next file.
        By them text is read where training had numbers (`decimal`, `thousands`) or dates
        (`date_format`, by default ISO 8601); in `parse_dates`, in training as well.

    Attributes
    ----------
    plan_ : list of dict
        What is done with each column, in plain values that JSON can hold.
    columns_ : list of str
        The columns that are looked at; a new table needs them, in any order.
    feature_names_out_, fill_ : list of str, list of float
        Names of the numbers, and what stands for a gap.
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
            text, or no column is of use. The sentence says what to do.
        """
        X = _as_table(X)
        asked = list(X.columns if self.columns is None else self.columns)
        _refuse_missing([*asked, *self.exclude, *self.categorical], X, "asked for")
        X = X[[name for name in dict.fromkeys(asked) if name not in self.exclude]]
        if said := [words for name in X if (words := self._unread(X[name]))]:
            raise ValueError(f"Text is not guessed at. {' '.join(said)}")
        self._set_plan([self._planned(X[name]) for name in X])
        if X.empty or not self.feature_names_out_:
            done = "; ".join(f"{plan['name']}: {plan['done']}" for plan in self.plan_)
            raise ValueError(
                f"No column is left to learn from in {len(X)} rows ({done}). Give a table "
                "with columns that vary from row to row and repeat."
            )
        numbers, _, unusual = self._encode(X)
        self.fill_ = numbers.median().fillna(0.0).tolist()
        shares = unusual.mean().to_dict()
        for plan in self.plan_:
            plan["unusual"] = shares.get(plan["name"], 1.0)
        return self

    def transform(self, X: Any) -> pd.DataFrame:
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

    def new_kinds(self, X: Any) -> pd.DataFrame:
        """Where a value is of a kind that `fit` has not seen.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        DataFrame of bool of shape (n, len(columns_))
        """
        return self._encode(X)[1]

    def describe(self) -> pd.DataFrame:
        """What is done with each column, in words.

        Returns
        -------
        DataFrame
            One row a column of the table that was given to `fit`: what it is taken for
            ("used as"), how many numbers it gives, and what is done with it.
        """
        check_is_fitted(self)
        counts = pd.Series(self.columns_, dtype=object)[self.sources_].value_counts()
        told = pd.DataFrame(self.plan_).set_index("name").rename_axis("column")
        told["numbers"] = counts.reindex(told.index, fill_value=0)
        told = told.rename(columns={"kind": "used as", "done": "what is done"})
        return told[["used as", "numbers", "what is done"]]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the numbers, as scikit-learn asks for them."""
        return np.array(self.feature_names_out_, dtype=object)

    # -- what a column holds, and what is done with it ---------------------------------

    def _date_format(self, name: Any) -> str:
        form = (self.read_options or {}).get("date_format") or "ISO8601"
        return form.get(name, "ISO8601") if isinstance(form, Mapping) else form

    def _holds(self, values: pd.Series) -> str:
        dates = (self.read_options or {}).get("parse_dates")
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
        if text is not None:
            options = self.read_options or {}
            point, thousands = options.get("decimal") or ".", options.get("thousands")
            text = text.str.replace(thousands, "", regex=False) if thousands else text
            text = text.str.translate(str.maketrans({".": point, point: "."}))
            values = pd.to_numeric(text, errors="coerce")
        elif types.is_timedelta64_dtype(values.dtype):
            values = values.dt.total_seconds()
        found = values.astype("float64")
        return found.where(np.isfinite(found)).clip(-LARGEST, LARGEST)

    def _unread(self, values: pd.Series) -> str | None:
        """What to say of text that should have been read as something else."""
        name, holds, kind = values.name, self._holds(values), types.infer_dtype(values)
        if kind not in ("string", "mixed", "mixed-integer") or name in self.categorical:
            return None
        text = values.dropna().astype("string").str.strip()
        for looks, (pattern, options) in LOOKS_LIKE.items():
            likely = text.str.fullmatch(pattern, case=False)
            if holds == "date":  # as was said, and cannot be read so
                likely = self._read(text, holds).isna()
            if 2 * likely.sum() >= max(len(text), 1):
                odd = text[pd.to_numeric(text, errors="coerce").isna()]
                return (
                    f"Column {name!r} looks like {looks} (such as {[*odd, *text][0]!r}): "
                    f"pandas.read_csv reads them with {options}; if it is a "
                    f"category, read it as one (dtype={{{name!r}: 'category'}}) or name it "
                    "in `categorical`; if it is neither, exclude it."
                )
        return None

    def _planned(self, values: pd.Series) -> Plan:
        """What to do with one column."""
        holds = self._holds(values)
        found = self._read(values, holds)
        present, counts = found.dropna(), _text(found).value_counts()
        n, n_gaps = len(found), len(found) - len(present)
        plan: Plan = {"name": values.name, "holds": holds, "gaps": n_gaps > 0}
        plan |= {"kind": "left out", "closed": False}
        gaps = "gaps marked" if n_gaps else "a gap is an alarm"
        if holds == "date" and len(present):
            parts = [part for part in CYCLES if CYCLES[part](found).nunique() > 1]
            if not parts:
                return plan | {"done": "the same weekday and time in all rows"}
            done = f"{found.min():%Y-%m-%d} to {found.max():%Y-%m-%d} (text is read as "
            done += f"{self._date_format(values.name)}), {', '.join(parts)}, {gaps}"
            plan |= {"kind": "date", "parts": parts}
        elif len(counts) + (n_gaps > 0) <= 1:
            value = _listed(map(repr, counts.index)) or "a gap"
            plan |= {"kind": "one value", "levels": list(counts.index), "closed": True}
            done = f"always {value}: not learned, another value is an alarm"
        elif holds == "number":
            steps, ends = np.diff(present), [float(found.min()), float(found.max())]
            one_way = (steps > 0).all() or (steps < 0).all()
            if one_way and len(present) >= MIN_COUNTING and (present % 1 == 0).all():
                return plan | {"done": "a counter: it goes one way from row to row"}
            unit = 0.0
            if found.skew() > SKEWED:
                unit = max(float(found[found != 0].abs().quantile(0.1)), SMALLEST)
            scale = "on a log-like scale" if unit else "as it is"
            done = f"{ends[0]:,.6g} to {ends[1]:,.6g}, {scale}, {gaps}"
            plan |= {"kind": "number", "unit": unit, "range": ends}
            plan["closed"] = ends[0] == ends[1]
        else:
            known = counts[: self.max_categories]
            known = known[known >= max(2, MIN_SHARE * n)]
            if known.sum() + n_gaps < n / 2:
                done = f"text with {len(counts):,} different values in {n:,} rows (such as "
                done += f"{present.iloc[0]!r}), an identifier or free text"
                return plan | {"done": done}
            levels, closed = sorted(map(str, known.index)), len(known) == len(counts)
            others = "a new one is an alarm" if closed else "rare and new ones as one"
            done = f"{len(levels)} values ({_listed(levels)}), {others}, {gaps}"
            plan |= {"kind": "categories", "levels": levels, "closed": closed}
        return plan | {"done": done}

    def _set_plan(self, plan: list[Plan], fill: Sequence[float] = ()) -> None:
        self.plan_ = plan
        self.columns_ = [entry["name"] for entry in plan if entry["kind"] != "left out"]
        gaps = pd.DataFrame([[None] * len(self.columns_)], columns=self.columns_)
        names = [list(columns) for columns, _, _ in self._each(gaps)]
        self.feature_names_out_ = [name for group in names for name in group]
        sources = [i for i, group in enumerate(names) for _ in group]
        self.sources_ = np.array(sources, dtype=int)
        self.fill_ = list(fill) or [np.nan] * len(sources)

    def _encode(self, X: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """The numbers, where values are of a new kind, and where they are unusual."""
        check_is_fitted(self)
        X = _as_table(X)
        _refuse_missing(self.columns_, X, "used in training")
        each, *masks = zip(*self._each(X), strict=True)
        numbers = [c.to_numpy(float) for columns in each for c in columns.values()]
        table = np.column_stack(numbers)
        table = np.where(np.isnan(table), self.fill_, table)
        new, unusual = (
            pd.DataFrame(np.column_stack(mask), X.index, self.columns_)
            for mask in masks
        )
        return pd.DataFrame(table, X.index, self.feature_names_out_), new, unusual

    def _each(self, X: Any) -> Iterator[tuple[dict[str, Any], Any, Any]]:
        """Column by column: its numbers by name, what is new, and what is unusual."""
        first = None
        for plan in self.plan_:
            name, kind, holds = plan["name"], plan["kind"], plan["holds"]
            if kind == "left out":
                continue
            found = self._read(X[name], holds)
            gap, columns = found.isna(), {}
            odd = gap & False
            if kind == "number":
                odd = ~gap & ~found.between(*plan["range"])
                unit = plan["unit"]
                columns[name] = np.arcsinh(found / unit) if unit else found
            elif kind == "date":
                for part in plan["parts"]:
                    angle = 2 * np.pi * CYCLES[part](found)
                    columns[f"{name}: {part} (sin)"] = np.sin(angle)
                    columns[f"{name}: {part} (cos)"] = np.cos(angle)
                if first is not None:
                    days = (found - first).dt.total_seconds() / 86_400
                    columns[f"{name}: days since {first.name}"] = days
                first = found if first is None else first
            else:
                text = found if holds == "text" else _text(found)
                odd = ~gap & ~text.isin(plan["levels"])
                columns = {
                    f"{name} = {x}": text.eq(x).fillna(False) for x in plan["levels"]
                }
                columns |= {} if plan["closed"] else {f"{name}: other": odd}
            columns |= {f"{name} missing": gap} if plan["gaps"] else {}
            if "levels" in plan and 0 < len(columns) <= 2:  # of two, one says it all
                columns.popitem()
            new = gap & X[name].notna() & _is_text(X[name], holds)
            new |= (odd & plan["closed"]) | (gap & (not plan["gaps"]))
            yield columns, new, gap | odd

    def _changed(self, n_rows: int, unusual: Mapping[Any, int]) -> dict[str, str]:
        """A sentence for each column that has lost more than half of its usual values.

        `unusual` counts the gaps, and the values that were rare or not there in training.
        """
        said = {}
        for plan in self.plan_:
            name, usual = plan["name"], n_rows * (1 - plan["unusual"])
            count = unusual.get(name, 0)
            if usual >= MIN_TOLD and n_rows - count < usual / 2:
                said[name] = (
                    f"Column {name!r} is not as in training: {count:,} of {n_rows:,} values "
                    f"are outside of what training has seen ({plan['done']}). If it is "
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
    detector : detector or scikit-learn estimator, optional
        What scores the encoded rows, by default ``WGAN()``: anything with `fit` and
        `anomaly_score` (up = more anomalous) or `score_samples` (down = more anomalous), such
        as ``IsolationForest()`` or one of `gantutor.evaluation.BASELINES`.
    encoder : TableEncoder, optional
        How columns become numbers, by default ``TableEncoder()``.
    false_alarm_rate : float, optional
        Share of normal rows that may be alarms, by default that of `detector`, else 0.05.
    random_state : int or RandomState instance, optional
        For the choice of calibration rows, by default that of `detector`.

    Attributes
    ----------
    detector_, encoder_ : detector, TableEncoder
        The fitted copies.
    threshold_, calibration_scores_ : float, array of shape (n_calibration,)
        Rows with a higher score are alarms; the sorted scores of the calibration rows.
    reference_ : array of shape (n, n_features_out)
        Up to 200 usual training rows as numbers, with which `explain` compares: of twice as
        many, those with the lower scores.
    new_value_score_ : float
        What each value of a new kind adds to the score: twice the range of what the detector
        gives the calibration rows, so that one more of them always counts more.

    Examples
    --------
    >>> import gantutor as gt
    >>> X, y = gt.data.breast_cancer()
    >>> table = X[["mean radius", "mean texture"]].assign(clinic="north")
    >>> detector = gt.tables.TableDetector(gt.evaluation.BASELINES["Mahalanobis"](0))
    >>> detector.fit(table[y == 0]).encoder_.describe()["used as"].to_list()
    ['number', 'number', 'one value']
    """

    detector: BaseEstimator | None = None
    encoder: TableEncoder | None = None
    _: KW_ONLY
    false_alarm_rate: float | None = None  # type: ignore[assignment]
    random_state: int | np.random.RandomState | None = None

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        X : DataFrame of shape (n, n_columns), of pandas or polars
            Normal rows, or mostly so. At least 10; about 100 for a rate of 5 %.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the table or a parameter is of no use; the sentence says why.
        """
        one_class.check_value("false_alarm_rate", self._asked_rate(), one_class.SHARE)
        X = _as_table(X)
        if len(X) < MIN_ROWS:
            raise ValueError(
                f"The table has {len(X)} rows; fit needs at least {MIN_ROWS} normal rows, and "
                "about 100 for a threshold at 5 % false alarms."
            )
        encoder = TableEncoder() if self.encoder is None else clone(self.encoder)
        detector: Any = WGAN() if self.detector is None else clone(self.detector)
        settings, seed = detector.get_params(), self.random_state
        seed = settings.get("random_state") if seed is None else seed
        random = np.random.default_rng(one_class.drawn_seed(seed))
        kept = np.zeros(len(X), dtype=bool)
        n_kept = round(one_class.CALIBRATION_SHARE * len(X))
        kept[random.permutation(len(X))[:n_kept]] = True
        rows = encoder.fit(X[~kept]).transform(X[~kept]).to_numpy()  # in their order
        numbers, new, _ = encoder._encode(X[kept])
        calibration = numbers.to_numpy()
        if isinstance(detector, OneClass):
            detector.fit(rows, calibration=calibration)
        else:  # a file will hold its rows, and fit it again: so it needs a seed
            seed, name = int(random.integers(2**31)), "random_state"
            unset = [
                n for n, value in settings.items() if n.endswith(name) and value is None
            ]
            detector.set_params(**dict.fromkeys(unset, seed)).fit(rows)
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
        """Anomaly score of each row; up = more anomalous.

        A column of which most values are new, or outside of their training range, is told in
        a warning: the alarms of its rows say one thing.

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
        changed = self.encoder_._changed(len(numbers), unusual.sum().to_dict())
        for sentence in changed.values():
            warnings.warn(sentence, stacklevel=2)
        scores = baselines.anomaly_scores(self.detector_, numbers.to_numpy())
        return scores + self.new_value_score_ * new.sum(axis=1).to_numpy()

    def explain(self, X: Any) -> pd.DataFrame:
        """How much each column adds to the score of each row.

        A row is compared with the usual training row that is most like it, whose columns
        become those of the row one after the other (`gantutor.scoring.shapley_values`). The
        detector is asked for scores, 4 times for each column, and for nothing else.

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
        score = partial(baselines.anomaly_scores, self.detector_)
        scale = StandardScaler().fit(self.reference_)
        search = NearestNeighbors(n_neighbors=1).fit(scale.transform(self.reference_))
        for first in range(0, len(parts), ROWS_EXPLAINED):
            x = numbers.to_numpy()[first : first + ROWS_EXPLAINED]
            like = search.kneighbors(scale.transform(x), return_distance=False)[:, 0]
            found = scoring.shapley_values(score, x, self.reference_[like], groups)
            parts[first : first + ROWS_EXPLAINED, used] += found
        return pd.DataFrame(parts, numbers.index, self.encoder_.columns_)

    def reasons(self, X: Any, most: int = 3) -> list[str]:
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
        parts = self.explain(X).clip(lower=0)
        shares = 100 * parts.div(parts.sum(axis=1).replace(0, 1), axis=0).to_numpy()
        notes = np.where(X[parts.columns].isna(), " (missing)", "")
        notes = np.where(self.encoder_.new_kinds(X), " (new kind of value)", notes)
        said = []
        for share, note in zip(shares, notes, strict=True):
            first, *more = np.argsort(-share)[:most]
            named = [first, *(i for i in more if share[i] >= 5)]
            words = [f"{parts.columns[i]} {share[i]:.0f} %{note[i]}" for i in named]
            said.append(", ".join(words))
        return said

    def report(self, X: Any) -> pd.DataFrame:
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
        report = pd.DataFrame({"anomaly_score": scores}, X.index)
        report["p_value"] = scoring.p_values(self.calibration_scores_, scores)
        report["alarm"], report["reasons"] = alarm.astype(int), ""
        if alarm.any():
            report.loc[alarm, "reasons"] = self.reasons(X[alarm])
        return report

    def _asked_rate(self) -> float:
        of_detector = getattr(self.detector, "false_alarm_rate", 0.05)
        return of_detector if self.false_alarm_rate is None else self.false_alarm_rate

    def _packed(self) -> Tree:
        inner, encoder = self.detector_, self.encoder_
        ours = isinstance(inner, OneClass)
        return {
            "class": "TableDetector",
            "parameters": {"false_alarm_rate": self.false_alarm_rate},
            "encoder": encoder.get_params(),
            "plan": encoder.plan_,
            "fill": encoder.fill_,
            "detector": inner._packed()
            if ours
            else baselines.packed(inner, self.rows_),
            "fitted": one_class.fitted_values(self, ("encoder_", "detector_", "rows_")),
        }

    @classmethod
    def _unpacked(cls, tree: Tree, unpack: Callable[[Tree], Any]) -> Self:
        """Put together what `_packed` has taken apart."""
        encoder = TableEncoder(**tree["encoder"])
        encoder._set_plan(tree["plan"], tree["fill"])
        whole = cls(unpack(tree["detector"]), encoder, **tree["parameters"])
        whole.encoder_, whole.detector_ = encoder, whole.detector
        whole.rows_ = tree["detector"].get("rows")
        one_class.restore_values(whole, tree["fitted"])
        widths = {len(encoder.feature_names_out_), len(encoder.fill_)}
        if widths != {*np.shape(whole.reference_)[1:]}:
            raise ValueError("its encoder and its detector do not fit each other")
        return whole


def false_alarm_rate(alerts: float, rows: float) -> float:
    """The share of normal rows that may be alarms, from what people can look at.

    Parameters
    ----------
    alerts, rows : float
        Alarms that can be looked at, say in a day, and the rows of that time.

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


def _as_table(X: Any) -> pd.DataFrame:
    """A DataFrame of pandas whose columns have different names of text."""
    if not hasattr(X, "columns"):
        raise ValueError(
            f"A table must be a DataFrame, and {type(X).__name__} was given. Read it with "
            "pandas.read_csv, or wrap it as pandas.DataFrame(X)."
        )
    if not isinstance(X, pd.DataFrame):  # of polars
        X = pd.DataFrame({name: pd.Series(X[name].to_list()) for name in X.columns})
    names = pd.Index(map(str, X.columns))
    if not names.is_unique:
        twice = _listed(map(repr, names[names.duplicated()].unique()))
        raise ValueError(
            f"More than one column is named {twice}. Give each column a name of its own."
        )
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


def _holds(values: pd.Series) -> str:
    return HOLDS.get(types.infer_dtype(values), "text")


def _is_text(values: Any, holds: str) -> bool:
    """Whether numbers or dates must be read from the text of these values."""
    is_date = types.is_datetime64_any_dtype(values.dtype)
    return not is_date if holds == "date" else _holds(values) != holds


def _text(values: Any) -> Any:
    """Values as text, alike however they were read: 1.50 is "1.5", TRUE is "True"."""
    codes, different = pd.factorize(values)  # each text is looked at once
    text = pd.Series(different).astype("string").str.strip()
    text = text.str.replace(ZEROS, r"\1", regex=True)
    text = text.mask(text.str.lower().isin(["true", "false"]), text.str.capitalize())
    return text.reindex(codes).set_axis(values.index)
