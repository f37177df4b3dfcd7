"""A table as it comes, with text, dates and gaps, ready for a detector (notebook 11).

`TableEncoder` turns columns into numbers and says what it did with each of them;
`TableDetector` is an encoder and a detector that are fitted, asked and saved as one.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray
from pandas.api import types
from pandas.tseries.api import guess_datetime_format
from scipy.stats import skew
from sklearn.base import BaseEstimator, OutlierMixin, TransformerMixin, clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted

from gantutor import scoring
from gantutor.detectors import Detector, files
from gantutor.detectors.base import integrated_gradients
from gantutor.detectors.wgan import WGAN

Array = NDArray[np.float64]
Plan = dict[str, Any]  # what is done with a column
Encoded = tuple[list[Array], NDArray[np.bool_]]  # its numbers, and where it is new

KINDS = {
    "number": "number",
    "category": "categories",
    "date": "date",
    "constant": "one value",
    "dropped": "left out",
}

GAPS = ("", "na", "n/a", "nan", "none", "null", "<na>", "nat", "#n/a", "-nan")
OTHER, MISSING = "other", "missing"
MOSTLY = 0.95  # of the values must be numbers, for a column of numbers; dates alike
MIN_SHARE = 0.01  # of the rows, for a category to get a column of its own
KNOWN_SHARE = 0.5  # of the rows must be in such categories, else the text is left out
GROUPED = (
    r"\s*[+-]?[0-9]{1,3}([,'\s][0-9]{3})+(\.[0-9]*)?\s*%?\s*"  # 1,234.5 or 12,345 %
)
PERCENT = r"\s*[+-]?[0-9.]+\s*%\s*"
LARGEST, SMALLEST = 1e100, 1e-100  # numbers beyond are cut: their squares are no floats
EIGHT_DIGITS = r"(19|20)[0-9]{6}"  # a date such as 20250304
SHORT_YEAR = r"^([0-9]{1,2}[./-][0-9]{1,2}[./-])([0-9]{2})\b"  # 04/03/25
GUESSED_FROM = 20  # values, the format of dates
MIN_COUNTING = 20  # rows, before whole numbers that only go up are called a counter
SKEWED = 2.0  # the skewness of an exponential distribution
CYCLES = ("time of day", "weekday")
N_REFERENCES = 200  # training rows among which the one most like a row is looked for
ROWS_EXPLAINED = 256  # at a time
NEW_VALUE = 2.0  # ranges of the calibration scores that a value of a new kind adds


class TableEncoder(TransformerMixin, BaseEstimator):
    """Numbers from a table with text, dates and gaps.

    ===============  ====================================================================
    column           what becomes of it
    ===============  ====================================================================
    numbers          kept, "1,234.5" and "12 %" included; a long right tail is put on a
                     log-like scale; gaps are filled with the median and marked in a column
                     of 0 and 1
    text, true/false a column of 0 and 1 for each value that at least 1 % of the rows have
                     (a gap is a value as well); the others share the column "other"
    dates            time of day and weekday, as points on a circle, and the days since the
                     first date column; the date itself is left out, because all new rows
                     would lie beyond the old ones
    one value only   left out, but watched: another value is a value of a new kind
    identifiers      text that hardly ever repeats, and whole numbers that go up from row to
                     row: left out
    ===============  ====================================================================

    A value of a *new kind* is one that no training row prepares for: a category that is new
    where none was rare, a gap (or text in place of a number) where there was none. `new_kinds`
    tells where they are.

    Parameters
    ----------
    columns : sequence of str, optional
        The columns to use; by default all.
    exclude : sequence of str, optional
        Columns to leave out.
    categorical : sequence of str, optional
        Columns of numbers that are names, such as postcodes.
    max_categories : int, default=20
        Most columns that a column of text is turned into, "other" not counted.
    decimal : str, default="."
        The sign before the decimals where numbers are given as text. With a comma, the
        point is the sign between thousands.

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
        decimal: str = ".",
    ) -> None:
        self.columns = columns
        self.exclude = exclude
        self.categorical = categorical
        self.max_categories = max_categories
        self.decimal = decimal

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Decide what to do with each column.

        Parameters
        ----------
        X : DataFrame of shape (n, n_columns)
            Normal rows, or mostly so.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X is no table, lacks a column that was asked for, or no column is of use.
        """
        X = _as_table(X)
        if X.empty:
            raise ValueError(
                f"The table has {len(X)} rows and {X.shape[1]} columns. At least one "
                "row and one column are needed to learn from."
            )
        chosen = list(
            dict.fromkeys(X.columns if self.columns is None else self.columns)
        )
        for option in (chosen, self.exclude, self.categorical):
            _refuse_missing(option, X, "asked for")
        plan = [self._plan(X[name]) for name in chosen if name not in self.exclude]
        dates = [entry for entry in plan if entry["kind"] == "date"]
        for entry in dates[1:]:
            entry["since"] = {key: dates[0][key] for key in ("name", "format")}
            days = _days(X, entry)
            entry["fill"] = float(days.median()) if days.notna().any() else 0.0
        self._set_plan(plan)
        if not self.feature_names_out_:
            done = "; ".join(f"{entry['name']}: {_said(entry)}" for entry in plan)
            raise ValueError(
                f"No column is left to learn from ({done}). Give a table with columns that "
                "vary from row to row and repeat."
            )
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
        numbers = dict(zip(self.columns_, counts, strict=True))
        return pd.DataFrame(
            {
                "used as": [KINDS[entry["kind"]] for entry in self.plan_],
                "numbers": [int(numbers.get(name, 0)) for name in names],
                "what is done": [_said(entry) for entry in self.plan_],
            },
            index=pd.Index(names, name="column"),
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the numbers, as scikit-learn asks for them."""
        check_is_fitted(self)
        return np.array(self.feature_names_out_, dtype=object)

    # -- how it is done ----------------------------------------------------------------

    def _set_plan(self, plan: list[Plan]) -> None:
        self.plan_ = plan
        looked_at = [entry for entry in plan if entry["kind"] != "dropped"]
        self.columns_ = [entry["name"] for entry in looked_at]
        names = [_feature_names(entry) for entry in looked_at]
        self.feature_names_out_ = [name for group in names for name in group]
        self.sources_ = np.repeat(
            np.arange(len(names)), [len(group) for group in names]
        )

    def _plan(self, values: pd.Series) -> Plan:
        """What to do with one column."""
        entry: Plan = {"name": str(values.name)}
        text = _text(values)
        present = text.dropna()
        numbers = self._numbers(values)
        is_date = types.is_datetime64_any_dtype(values.dtype)
        if values.name not in self.categorical and not present.empty:
            is_number = not is_date and numbers.notna().sum() >= MOSTLY * len(present)
            if is_number and present.str.fullmatch(EIGHT_DIGITS).all():
                is_number = _date_format(present) is None
            if is_number:
                if numbers.nunique() > 1:
                    return entry | _plan_numbers(numbers)
            elif (form := "ISO8601" if is_date else _date_format(present)) is not None:
                dates = _dates(values, form)
                parts = [part for part in CYCLES if _phase(dates, part).nunique() > 1]
                if not parts:
                    return entry | _dropped("the same weekday and time in all rows")
                gaps = bool(dates.isna().any())
                return entry | {
                    "kind": "date",
                    "format": form,
                    "parts": parts,
                    "missing": gaps,
                }
        counts = text.fillna(MISSING).value_counts()
        if len(counts) == 1:
            return entry | {"kind": "constant", "value": str(counts.index[0])}
        at_least = max(2, int(np.ceil(MIN_SHARE * len(text))))
        known = counts[counts >= at_least][: self.max_categories]
        if known.sum() < KNOWN_SHARE * len(text):
            return entry | _dropped(
                f"text with {text.nunique():,} different values in {len(text):,} rows "
                f"(such as {present.iloc[0]!r}), an identifier or free text"
            )
        return entry | {
            "kind": "category",
            "categories": sorted(map(str, known.index)),
            "other": len(known) < len(counts),
        }

    def _encode(self, X: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The numbers, and where values are of a new kind."""
        check_is_fitted(self)
        X = _as_table(X)
        _refuse_missing(self.columns_, X, "used in training")
        numbers: list[Array] = []
        new: dict[str, NDArray[np.bool_]] = {}
        for entry in self.plan_:
            if entry["kind"] != "dropped":
                encode = getattr(self, f"_encode_{entry['kind']}")
                columns, new[entry["name"]] = encode(X, entry)
                numbers += columns
        encoded = np.column_stack(numbers)
        return (
            pd.DataFrame(encoded, index=X.index, columns=self.feature_names_out_),
            pd.DataFrame(new, index=X.index, columns=self.columns_),
        )

    def _encode_number(self, X: pd.DataFrame, entry: Plan) -> Encoded:
        values = self._numbers(_column(X, entry))
        filled = values.fillna(float(entry["fill"])).to_numpy()
        if entry["unit"]:
            filled = np.arcsinh(filled / entry["unit"])
        return _with_gaps([filled], values.isna(), entry)

    def _encode_date(self, X: pd.DataFrame, entry: Plan) -> Encoded:
        dates = _dates(_column(X, entry), entry["format"])
        columns = []
        for part in entry["parts"]:
            angle = 2 * np.pi * _phase(dates, part)
            columns += [np.sin(angle).fillna(0), np.cos(angle).fillna(0)]
        if "since" in entry:
            columns.append(_days(X, entry).fillna(float(entry["fill"])))
        return _with_gaps(columns, dates.isna(), entry)

    def _encode_category(self, X: pd.DataFrame, entry: Plan) -> Encoded:
        text = _text(_column(X, entry)).fillna(MISSING)
        unknown = ~text.isin(entry["categories"])
        text = text.mask(unknown, OTHER)
        columns = [np.array(text == level, dtype=float) for level in _levels(entry)]
        return columns, unknown.to_numpy(dtype=bool) & (not entry["other"])

    def _encode_constant(self, X: pd.DataFrame, entry: Plan) -> Encoded:
        text = _text(_column(X, entry)).fillna(MISSING)
        return [], (text != entry["value"]).to_numpy(dtype=bool)

    def _numbers(self, values: pd.Series) -> pd.Series:
        """Values as floats; what is no finite number is a gap."""
        if types.is_bool_dtype(values.dtype):
            return pd.Series(np.nan, index=values.index)
        if types.is_numeric_dtype(values.dtype):
            found = values.astype("float64")
        else:
            text = values.astype("string")
            if self.decimal != ".":  # 1.234,5 becomes 1,234.5
                signs = str.maketrans({self.decimal: ".", ".": ","})
                text = text.str.translate(signs)
            found = pd.to_numeric(text, errors="coerce").astype("float64")
            failed = (found.isna() & text.notna()).to_numpy()
            rest = text[failed]
            dressed = rest.str.fullmatch(f"{GROUPED}|{PERCENT}")
            plain = rest.where(dressed).str.replace(r"[,'%\s]", "", regex=True)
            found[failed] = pd.to_numeric(plain, errors="coerce").to_numpy()
        return found.where(np.isfinite(found)).clip(-LARGEST, LARGEST)


class TableDetector(OutlierMixin, BaseEstimator):
    """A detector for tables as they come: text, dates and gaps included.

    Parameters
    ----------
    detector : Detector, optional
        Which one, by default ``WGAN()``. Its `false_alarm_rate` sets the threshold.
    encoder : TableEncoder, optional
        How columns become numbers, by default ``TableEncoder()``.

    Attributes
    ----------
    detector_, encoder_ : Detector, TableEncoder
        The fitted copies.
    threshold_ : float
        Rows with a higher score are alarms.
    calibration_scores_ : array of shape (n_calibration,)
        Sorted scores of normal rows that were kept out of training.
    reference_ : array of shape (n, n_features_out)
        Up to 200 training rows as numbers, with which `explain` compares.
    new_value_score_ : float
        What each value of a new kind adds to the score: twice the range of the calibration
        scores, so that a row with such a value is always an alarm.

    Examples
    --------
    >>> import gantutor as gt
    >>> X, y = gt.data.breast_cancer()
    >>> table = X[["mean radius", "mean texture"]].assign(clinic="north")
    >>> detector = gt.tables.TableDetector(gt.detectors.WGAN(n_steps=50, random_state=0))
    >>> detector.fit(table[y == 0]).encoder_.describe()["used as"].to_list()
    ['number', 'number', 'one value']
    """

    def __init__(
        self, detector: Detector | None = None, encoder: TableEncoder | None = None
    ) -> None:
        self.detector = detector
        self.encoder = encoder

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        X : DataFrame of shape (n, n_columns)
            Normal rows, or mostly so.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the table or a parameter is of no use; the sentence says why.
        """
        encoder = clone(self.encoder) if self.encoder is not None else TableEncoder()
        detector = clone(self.detector) if self.detector is not None else WGAN()
        numbers = encoder.fit(X).transform(X)
        detector.fit(numbers.to_numpy())
        some = numbers.sample(min(N_REFERENCES, len(numbers)), random_state=0)
        self._set_fitted(encoder, detector, some.to_numpy())
        return self

    def anomaly_score(self, X: pd.DataFrame) -> Array:
        """Anomaly score of each row; up = more anomalous.

        Parameters
        ----------
        X : DataFrame
            Has the columns that were used in training, in any order. Others are ignored.

        Returns
        -------
        array of shape (n,)
        """
        check_is_fitted(self)
        numbers, new = self.encoder_._encode(X)
        if numbers.empty:
            return np.empty(0)
        scores = self.detector_.anomaly_score(numbers.to_numpy())
        return scores + self.new_value_score_ * new.sum(axis=1).to_numpy()

    def score_samples(self, X: pd.DataFrame) -> Array:
        """Minus the anomaly score: scikit-learn's sign, down = more anomalous.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        array of shape (n,)
        """
        return -self.anomaly_score(X)

    def decision_function(self, X: pd.DataFrame) -> Array:
        """Threshold minus anomaly score: negative for alarms.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        array of shape (n,)
        """
        return self.threshold_ - self.anomaly_score(X)

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """+1 for normal rows, -1 for alarms.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        array of shape (n,)
        """
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def p_value(self, X: pd.DataFrame) -> Array:
        """Share of calibration normals that are at least as anomalous as each row.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        array of shape (n,)
        """
        return scoring.p_values(self.calibration_scores_, self.anomaly_score(X))

    def explain(self, X: pd.DataFrame) -> pd.DataFrame:
        """How much each column adds to the score of each row.

        A row is compared with the training row in `reference_` that is most like it:
        integrated gradients (see `Detector.explain`) on the way from that row, summed over
        the numbers of a column. `Detector.explain` itself begins at the mean row, which with
        categories is no row that could be, and blames columns that are in order.

        Parameters
        ----------
        X : DataFrame

        Returns
        -------
        DataFrame of shape (n, len(encoder_.columns_))
            A row adds up to its score minus the score of the training row most like it.
        """
        check_is_fitted(self)
        numbers, new = self.encoder_._encode(X)
        parts = self.new_value_score_ * new.to_numpy(dtype=float)
        x = self.detector_._scaled(numbers.to_numpy())
        reference = self.detector_._scaled(self.reference_)
        search = NearestNeighbors(n_neighbors=1).fit(reference)
        for first in range(0, len(x), ROWS_EXPLAINED):
            block = x[first : first + ROWS_EXPLAINED]
            like = reference[search.kneighbors(block, return_distance=False)[:, 0]]
            full = [(0, ROWS_EXPLAINED - len(block)), (0, 0)]  # one shape, one graph
            by_number = self._attribute(np.pad(like, full), np.pad(block, full)).numpy()
            for source, part in zip(
                self.encoder_.sources_, by_number[: len(block)].T, strict=True
            ):
                parts[first : first + len(block), source] += part
        return pd.DataFrame(parts, index=X.index, columns=self.encoder_.columns_)

    def reasons(self, X: pd.DataFrame, most: int = 3) -> list[str]:
        """The columns that add most to each row's score, such as "amount 62 %, country 20 %".

        Parameters
        ----------
        X : DataFrame
        most : int, default=3
            Columns to name. Shares are of all that adds to the score; columns below 5 % are
            not named.

        Returns
        -------
        list of str
        """
        if len(X) == 0:
            return []
        X = _as_table(X)
        parts = self.explain(X).clip(lower=0)
        shares = 100 * parts.div(parts.sum(axis=1).replace(0, 1), axis=0)
        gaps = X[parts.columns].apply(lambda values: _text(values).isna())
        notes = np.where(gaps, " (missing)", "")
        notes = np.where(self.encoder_.new_kinds(X), " (new kind of value)", notes)
        said = []
        for share, note in zip(shares.to_numpy(), notes, strict=True):
            first = [i for i in np.argsort(-share)[:most] if share[i] >= 5]
            named = [f"{parts.columns[i]} {share[i]:.0f} %{note[i]}" for i in first]
            said.append(", ".join(named))
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

    def set_false_alarm_rate(self, rate: float) -> Self:
        """Move the threshold to another rate; nothing is trained again.

        Parameters
        ----------
        rate : float
            Share of normal rows that may be alarms, between 0 and 1.

        Returns
        -------
        self
        """
        check_is_fitted(self)
        self.detector_.set_params(false_alarm_rate=rate)._check_parameters()
        detector = self.detector_
        detector._fitted_parameters["false_alarm_rate"] = rate
        detector.threshold_ = scoring.threshold(detector.calibration_scores_, rate)
        detector.offset_ = -detector.threshold_
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write encoder and detector to one file of JSON and arrays.

        `gantutor.load` reads it without running any code from it.

        Parameters
        ----------
        path : path-like
            Where to write; "detector.npz" is a good name.
        """
        check_is_fitted(self)
        inner, arrays = files.pack(self.detector_)
        table = {
            "parameters": self.encoder_.get_params(),
            "plan": self.encoder_.plan_,
            "reference": self.reference_.tolist(),
        }
        files.write({**inner, "table": table}, arrays, path)

    @classmethod
    def _loaded(cls, table: dict[str, Any], detector: Detector) -> TableDetector:
        """Put together what `save` has written."""
        encoder = TableEncoder()
        for name, value in table["parameters"].items():
            encoder.set_params(
                **{name: tuple(value) if isinstance(value, list) else value}
            )
        encoder._set_plan(table["plan"])
        gaps = [[None] * len(encoder.columns_)]
        encoder._encode(pd.DataFrame(gaps, columns=encoder.columns_))  # fails if bad
        reference = np.array(table["reference"], dtype=float)
        width, needed = len(encoder.feature_names_out_), detector.n_features_in_
        if width != needed or reference.shape[1:] != (needed,):
            raise ValueError(f"its table has {width} numbers, its detector {needed}")
        whole = cls(detector, encoder)
        whole._set_fitted(encoder, detector, reference)
        return whole

    def _set_fitted(
        self, encoder: TableEncoder, detector: Detector, reference: Array
    ) -> None:
        self.encoder_, self.detector_, self.reference_ = encoder, detector, reference
        self._compile()
        lowest, highest = detector.calibration_scores_[[0, -1]]
        self.new_value_score_ = NEW_VALUE * float(highest - lowest or 1.0)

    def _compile(self) -> None:
        score = self.detector_._score
        self._attribute = tf.function(lambda a, b: integrated_gradients(score, a, b))

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("_attribute", None)  # a graph cannot be copied
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "detector_" in state:
            self._compile()

    @property
    def threshold_(self) -> float:
        """Rows with a higher score are alarms."""
        check_is_fitted(self, "detector_")
        return self.detector_.threshold_

    @property
    def calibration_scores_(self) -> Array:
        """Sorted scores of the rows that were kept out of training."""
        check_is_fitted(self, "detector_")
        return self.detector_.calibration_scores_


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


def _as_table(X: Any) -> pd.DataFrame:
    """A DataFrame whose columns have different names of text."""
    if not isinstance(X, pd.DataFrame):
        raise ValueError(
            f"A table must be a pandas DataFrame, and {type(X).__name__} was given. "
            "Read it with pandas.read_csv, or wrap it as pandas.DataFrame(X)."
        )
    names = pd.Index(map(str, X.columns))
    if not names.is_unique:
        twice = ", ".join(
            repr(str(name)) for name in names[names.duplicated()].unique()
        )
        raise ValueError(
            f"More than one column is named {twice}. Give each column a name of its own."
        )
    return X.set_axis(names, axis=1)


def _refuse_missing(names: Sequence[str], X: pd.DataFrame, why: str) -> None:
    missing = [str(name) for name in names if name not in X.columns]
    if missing:
        here = ", ".join(map(repr, X.columns[:8])) + ", ..." * (X.shape[1] > 8)
        raise ValueError(
            f"The table has no column {', '.join(map(repr, missing))}, which was {why}. "
            f"It has {here}. Check the spelling and the header line."
        )


def _column(X: pd.DataFrame, entry: Plan) -> pd.Series:
    name: str = entry["name"]
    return X[name]


def _text(values: pd.Series) -> pd.Series:
    """Values as text, alike however they were read: 3.0 is "3", TRUE is "True"."""
    codes, different = pd.factorize(values)  # each text is looked at once
    text = pd.Series(different).astype("string").str.strip()
    text = text.str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)
    lower = text.str.lower()
    text = text.mask(lower.isin(["true", "false"]), text.str.capitalize())
    text = text.mask(lower.isin(GAPS))
    return text.reindex(codes).set_axis(values.index)


def _plan_numbers(numbers: pd.Series) -> Plan:
    whole = bool((numbers == numbers.round()).all())
    steps = np.sign(np.diff(numbers))
    if whole and len(numbers) >= MIN_COUNTING and abs(steps.sum()) == len(steps):
        return _dropped("a counter: it goes the same way from each row to the next")
    unit = 0.0
    if skew(numbers, nan_policy="omit") > SKEWED and (numbers != 0).any():
        unit = max(float(numbers[numbers != 0].abs().quantile(0.1)), SMALLEST)
    return {
        "kind": "number",
        "fill": float(numbers.median()),
        "unit": unit,
        "missing": bool(numbers.isna().any()),
    }


def _dropped(why: str) -> Plan:
    return {"kind": "dropped", "why": why}


def _date_format(text: pd.Series) -> str | None:
    """The format of dates given as text, or None if they are no dates.

    Of two formats that fit, 03/04/2025 being a day in March or in April, the one whose dates
    lie closer together.
    """
    best: tuple[Any, ...] = ()
    for form in dict.fromkeys(_guessed_formats(text.head(GUESSED_FROM))):
        dates = _dates(text, form)
        gaps = int(dates.isna().sum())
        found = gaps, dates.max() - dates.min(), form
        if gaps <= (1 - MOSTLY) * len(text) and (not best or found < best):
            best = found
            if form == "ISO8601":
                break
    return best[-1] if best else None


def _guessed_formats(text: pd.Series) -> Iterator[str]:
    yield "%Y%m%d" if text.str.fullmatch(EIGHT_DIGITS).all() else "ISO8601"
    for value in text:
        long = re.sub(SHORT_YEAR, r"\g<1>20\2", value)
        for day_first in (False, True):
            with warnings.catch_warnings():
                # pandas says that the day comes first, which is what was asked for
                warnings.simplefilter("ignore", UserWarning)
                form = guess_datetime_format(long, dayfirst=day_first)
            if form and "%d" in form and "%Y" in form:
                yield form if long == value else form.replace("%Y", "%y")


def _dates(values: pd.Series, form: str) -> pd.Series:
    """Values as dates without a time zone, those with one in UTC; others are gaps."""
    if not types.is_datetime64_any_dtype(values.dtype):
        values = _text(values)
    dates = pd.to_datetime(values, format=form, errors="coerce", utc=True)
    return dates.dt.tz_localize(None)


def _phase(dates: pd.Series, part: str) -> pd.Series:
    """How much of its day or its week is over, from 0 to 1."""
    if part == "weekday":
        return dates.dt.day_of_week / 7
    return (dates - dates.dt.normalize()) / pd.Timedelta("1D")


def _days(X: pd.DataFrame, entry: Plan) -> pd.Series:
    """Days from the first date column to this one."""
    first = entry["since"]
    began = _dates(_column(X, first), first["format"])
    passed = _dates(_column(X, entry), entry["format"]) - began
    return passed.dt.total_seconds() / 86_400


def _with_gaps(columns: Sequence[Any], gaps: pd.Series, entry: Plan) -> Encoded:
    """The columns, and the gaps: a column of their own, or values of a new kind."""
    gap = gaps.to_numpy(dtype=bool)
    arrays = [np.asarray(column, dtype=float) for column in columns]
    if entry["missing"]:
        return [*arrays, gap.astype(float)], np.zeros_like(gap)
    return arrays, gap


def _levels(entry: Plan) -> list[str]:
    """The values that get a column; of two, one says it all."""
    levels = entry["categories"] + [OTHER] * entry["other"]
    levels = list(dict.fromkeys(levels))  # a category may be called "other"
    return levels[:1] if len(levels) == 2 else levels


def _feature_names(entry: Plan) -> list[str]:
    name, kind = entry["name"], entry["kind"]
    if kind == "category":
        return [f"{name} = {level}" for level in _levels(entry)]
    names = [name] if kind == "number" else []
    for part in entry.get("parts", []):
        names += [f"{name}: {part} (sin)", f"{name}: {part} (cos)"]
    if "since" in entry:
        names.append(f"{name}: days since {entry['since']['name']}")
    return names + [f"{name} missing"] * entry.get("missing", False)


def _said(entry: Plan) -> str:
    """What is done with a column, in words."""
    if entry["kind"] == "dropped":
        return entry["why"]
    if entry["kind"] == "constant":
        return f"always {entry['value']!r}: not learned, another value is an alarm"
    if entry["kind"] == "category":
        kinds = entry["categories"]
        listed = ", ".join(kinds[:6]) + ", ..." * (len(kinds) > 6)
        others = (
            "rare and new ones as one" if entry["other"] else "a new one is an alarm"
        )
        return f"{len(kinds)} values ({listed}), {others}"
    said = [*entry.get("parts", [])]
    if "since" in entry:
        said.append(f"days since {entry['since']['name']}")
    if entry["kind"] == "number":
        said.append("on a log-like scale" if entry["unit"] else "as it is")
    said.append("gaps marked" if entry["missing"] else "a gap is an alarm")
    return ", ".join(said)
