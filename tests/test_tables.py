"""Tables with text, dates and gaps: what becomes of each column, and one file for it all."""

import copy
import datetime
import decimal
import io
import os
import pickle
import warnings
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor

import gantutor as gt
from gantutor import archive, loading
from gantutor.tables import TableDetector, TableEncoder

gt.setup()

N = 400
TINY = {"n_steps": 30, "batch_size": 32, "hidden": (16,), "random_state": 0}


def table(n: int = N, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(3, 1, n)
    age = rng.normal(40, 10, n).round()
    age[::10] = np.nan
    began = pd.Timestamp("2025-01-06") + pd.to_timedelta(rng.uniform(0, 28, n), "D")
    return pd.DataFrame(
        {
            "id": [f"row {i}" for i in range(n)],
            "number": np.arange(n),
            "amount": amount,
            "fee": 0.02 * amount * rng.normal(1, 0.02, n),
            "age": age,
            "shop": rng.choice(["a", "b", "c"], n),
            "new customer": rng.random(n) < 0.5,
            "began": began,
            "ended": began + pd.to_timedelta(rng.uniform(0, 3, n), "D"),
            "currency": "EUR",
            "remark": None,
        }
    )


def encoded(values: dict, new: dict | None = None, **options) -> pd.DataFrame:
    encoder = TableEncoder(**options).fit(pd.DataFrame(values))
    return encoder.transform(pd.DataFrame(values if new is None else new))


def beside_a_number(values, name: str = "x") -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({name: values, "y": rng.normal(size=len(values))})


def used_as(values, **options) -> str:
    encoder = TableEncoder(**options).fit(beside_a_number(values))
    return encoder.describe().loc["x", "used as"]


# what a column is taken for


def test_every_kind_of_column_is_recognised_and_described():
    encoder = TableEncoder().fit(table())
    described = encoder.describe()
    assert described["used as"].to_dict() == {
        "id": "left out",
        "number": "left out",
        "amount": "number",
        "fee": "number",
        "age": "number",
        "shop": "categories",
        "new customer": "categories",
        "began": "date",
        "ended": "date",
        "currency": "one value",
        "remark": "one value",
    }
    done = described["what is done"]
    assert "identifier or free text" in done["id"]
    assert "such as 'row 0'" in done["id"]
    assert "a counter" in done["number"]
    assert "gaps marked" in done["age"]
    assert "2025-01-06 to 2025-02-" in done["began"]
    assert "always 'EUR'" in done["currency"]
    assert described["numbers"].sum() == encoder.transform(table()).shape[1]
    assert described["numbers"]["currency"] == 0


BERLIN = ZoneInfo("Europe/Berlin")
DAYS = [datetime.date(2025, 3, 4), datetime.date(2025, 3, 5)] * 20
HOURS = [datetime.datetime(2025, 1, 6, 9, tzinfo=BERLIN)] * 20
HOURS += [datetime.datetime(2025, 7, 7, 10, tzinfo=datetime.UTC)] * 20


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False] * 20, "categories"),
        ([True, None] * 20, "categories"),
        (["yes", "no"] * 20, "categories"),
        (pd.Categorical([10115, 80331] * 20), "categories"),
        (["May", "June"] * 20, "categories"),
        (pd.to_datetime(["2025-03-04", "2025-03-05"] * 20), "date"),
        (pd.to_datetime(["2025-03-04", "2025-03-05"] * 20, utc=True), "date"),
        (DAYS, "date"),
        (HOURS, "date"),
        (pd.to_datetime(["2025-03-03", "2025-03-10"] * 20), "left out"),
        (pd.to_datetime(["2025-03-04"] * 40), "left out"),
        (pd.to_timedelta([1, 5] * 20, "h"), "number"),
        ([decimal.Decimal("1.5"), None] * 10 + [decimal.Decimal(2)], "number"),
        (pd.array([1, None, 3, 2] * 10, dtype="Int64"), "number"),
        ([1, None, 2.5] * 10, "number"),
        (pd.Series([1, None, 2.5] * 10, dtype=object), "number"),
        (pd.Series([1, pd.NA, 3, 2] * 10, dtype=object), "number"),
        ([20250304, 20250326] * 20, "number"),
        ([7] * 40, "one value"),
        ([None] * 40, "one value"),
        ([np.nan] * 40, "one value"),
        ([7, None] * 20, "number"),
        (["a", "b", None, None, None] * 8, "categories"),
        (range(19), "number"),  # may go one way by chance
        (range(20), "left out"),
        (range(40, 0, -1), "left out"),
        ([*range(40), None], "left out"),
        (np.arange(40) + 0.5, "number"),
        ([*range(39), 5], "number"),
    ],
)
def test_what_a_column_is_follows_from_its_type(values, kind):
    assert used_as(values) == kind


@pytest.mark.parametrize(
    ("values", "option"),
    [
        (["1.5", "2", " 3 ", "-4e2"] * 10, "na_values"),
        (["1.5", "2", "-"] * 10, "such as '-'"),
        (["1,5", "1,25", "2,125"] * 10, "decimal"),
        (["1.234,50", "12.345", "999"] * 10, "thousands"),
        (["12 %", "3.5%", "100 %"] * 10, "converters"),
        (["$0.50", "$1.50", "€2"] * 10, "converters"),
        (["1.50"] * 30, "decimal"),
        (["05-May-2025 10:00", "06-May-2025 10:30"] * 10, "parse_dates"),
        (["01.01.2025", "01.02.2025", "01.12.2025"] * 10, "date_format"),
        (["03/26/25", "03/04/25 "] * 10, "dayfirst"),
        (["2025-03-04T10:20:00+02:00", "2025-03-05 11:00"] * 10, "parse_dates"),
        (["May 5, 2025", "June 12, 2025"] * 10, "parse_dates"),
        (["10:20", "23:59:30"] * 10, "date_format"),
    ],
)
def test_text_is_not_guessed_at_but_named_with_the_option_that_mends_it(values, option):
    with pytest.raises(ValueError, match="Column 'when'") as caught:
        TableEncoder().fit(beside_a_number(values, "when"))
    assert option in str(caught.value)
    assert "dtype={'when': 'category'}" in str(caught.value)
    as_category = TableEncoder(categorical=["when"])
    as_category.fit(beside_a_number(values, "when"))
    read = beside_a_number(values, "when").astype({"when": "category"})
    TableEncoder().fit(read)


def test_all_columns_of_such_text_are_named_at_once():
    text = table().drop(columns="id").astype({"amount": str, "began": str})
    with pytest.raises(ValueError, match="'amount' looks like numbers.*'began' looks"):
        TableEncoder().fit(text)


@pytest.mark.parametrize(
    "values", [["0-00012", "0-00013"], ["192.168.1.1"], ["a1", "b 2.5"], ["v1", "3a"]]
)
def test_other_text_with_digits_is_text(values):
    assert used_as(values * 20) in ("categories", "one value")


def test_columns_are_chosen_and_excluded_and_used_once():
    encoder = TableEncoder(columns=["shop", "age", "shop"]).fit(table())
    assert encoder.columns_ == ["shop", "age"]
    left = TableEncoder(exclude=["shop", "age"]).fit(table())
    assert not {"shop", "age"} & set(left.columns_)


# the numbers


def test_gaps_are_filled_with_the_median_and_marked():
    numbers = encoded({"x": [1.0, 2.0, 6.0, np.nan]})
    assert numbers["x"].to_list() == [1, 2, 6, 2]
    assert numbers["x missing"].to_list() == [0, 0, 0, 1]
    always_seven = TableEncoder().fit(beside_a_number([7, None] * 9))
    new = always_seven.encode(beside_a_number([7, None, 8]))[1]
    assert new["x"].to_list() == [False, False, True]


def test_categories_have_a_column_each_and_rare_ones_share_one():
    values = ["a"] * 60 + ["b"] * 40 + ["c"]
    numbers = encoded({"x": values})
    assert list(numbers) == ["x = a", "x = b", "x: other"]
    assert numbers.sum().to_list() == [60, 40, 1]
    new = encoded({"x": values}, {"x": ["b", "never seen", None]})
    assert new.to_numpy().tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_of_two_categories_one_column_is_enough():
    assert list(encoded({"x": ["a", "b", "b"] * 5})) == ["x = a"]
    assert list(encoded({"x": ["a", None] * 5})) == ["x = a"]


def test_at_most_so_many_categories():
    values = np.repeat([f"v{i:02}" for i in range(30)], 10)
    assert encoded({"x": values}).shape[1] == 21
    values = ["a"] * 30 + ["b"] * 30 + ["c"] * 20 + ["d"] * 20
    names = list(encoded({"x": values}, max_categories=2))
    assert names == ["x = a", "x = b", "x: other"]


def test_text_that_hardly_repeats_is_left_out():
    frequent, rare = ["a"] * 49, [f"{i}x" for i in range(51)]
    assert used_as(frequent + rare) == "left out"
    assert used_as([*frequent, "a", "a", *rare[:49]]) == "categories"


def test_a_long_right_tail_is_put_on_a_log_like_scale():
    rng = np.random.default_rng(0)
    skewed, even = rng.lognormal(0, 1.5, 2000), rng.normal(0, 1, 2000)
    numbers = encoded({"skewed": skewed, "even": even})
    assert numbers["even"].to_list() == even.tolist()
    assert (np.argsort(numbers["skewed"].to_numpy()) == np.argsort(skewed)).all()
    assert pd.Series(skewed).skew() > 5
    assert abs(numbers["skewed"].skew()) < 1


def test_enormous_numbers_stay_finite():
    rng = np.random.default_rng(0)
    good = pd.DataFrame(
        {"skewed": rng.lognormal(0, 2, 99), "even": rng.normal(size=99)}
    )
    good["always huge"] = [1e308, -1e308, 5e-324] * 33
    encoder = TableEncoder().fit(good)
    new = good.assign(skewed=1e308, even=-1e308)
    with np.errstate(all="raise"):
        numbers = encoder.transform(new).to_numpy()
    assert np.isfinite(numbers).all()
    assert (np.abs(numbers) <= 1e100).all()


def test_the_day_and_the_week_are_circles():
    midnight = pd.Timestamp("2025-01-06")  # a Monday
    hours = pd.Series([0, 6, 12, 18, 23.999])
    numbers = encoded({"t": midnight + pd.to_timedelta(hours, "h")})
    assert list(numbers) == ["t: time of day (sin)", "t: time of day (cos)"]
    circle = numbers.to_numpy()
    expected = [[0, 1], [1, 0], [0, -1], [-1, 0]]
    np.testing.assert_allclose(circle[:4], expected, atol=1e-9)
    np.testing.assert_allclose(circle[4], circle[0], atol=1e-3)
    week = encoded({"t": midnight + pd.to_timedelta(range(14), "D")}).to_numpy()
    np.testing.assert_allclose(week[:7], week[7:], atol=1e-9)
    assert len(np.unique(week[:7].round(6), axis=0)) == 7


def test_a_date_counts_by_the_clock_of_its_own_time_zone():
    """Nine o'clock in Berlin, in winter and in summer, typed and as text."""
    clock = pd.to_datetime(["2025-01-06 09:00", "2025-07-07 10:00"] * 5).to_series()
    expected = encoded({"t": clock.to_list()})
    for zone in ("Europe/Berlin", "UTC"):
        zoned = {"t": clock.dt.tz_localize(zone).to_list()}
        pd.testing.assert_frame_equal(encoded(zoned), expected)
    mixed = ["2025-01-06 09:00+01:00", "2025-07-07T10:00:00Z"] * 5
    options = {"read_options": {"parse_dates": ["t"]}}
    pd.testing.assert_frame_equal(encoded({"t": mixed}, **options), expected)
    objects = pd.Series(HOURS[15:25], dtype=object)
    assert sorted(encoded({"t": objects}).drop_duplicates().to_numpy().tolist()) == (
        sorted(expected.drop_duplicates().to_numpy().tolist())
    )


def test_a_date_a_year_later_gives_the_same_numbers():
    """52 weeks: the hour and the weekday are those of training, the date counts nothing."""
    good, year = table(), pd.Timedelta("364D")
    later = good.assign(began=good["began"] + year, ended=good["ended"] + year)
    encoder = TableEncoder().fit(good)
    expected = encoder.transform(good)
    np.testing.assert_allclose(encoder.transform(later), expected, atol=1e-6)


def test_the_time_between_two_dates_is_counted_in_days_and_durations_in_seconds():
    began = pd.to_datetime(["2025-01-01 00:00", "2025-01-02 12:00"] * 5)
    took = pd.to_timedelta([1.5, 4] * 5, "D")
    numbers = encoded({"a": began, "b": began + took, "took": took})
    np.testing.assert_allclose(numbers["b: days since a"], [1.5, 4] * 5)
    np.testing.assert_allclose(numbers["took"], 86_400 * np.array([1.5, 4] * 5))


def test_durations_are_read_from_a_column_of_objects_too():
    took = beside_a_number(pd.to_timedelta([1.5, 4] * 10, "D"))
    encoder = TableEncoder().fit(took)
    numbers = encoder.transform(took.astype(object))
    pd.testing.assert_frame_equal(numbers, encoder.transform(took))


def test_dates_that_are_all_gaps_are_no_date_to_count_from():
    dates = pd.to_datetime(["2025-01-01 00:00", "2025-01-02 12:00"] * 5)
    numbers = encoded({"never": pd.to_datetime([None] * 10), "b": dates})
    assert not [name for name in numbers if "since" in name]


def test_order_index_and_other_columns_make_no_difference():
    good = table()
    before = good.copy()
    encoder = TableEncoder().fit(good)
    expected = encoder.transform(good)
    other = good[good.columns[::-1]].assign(surprise=1).drop(columns=["id", "number"])
    pd.testing.assert_frame_equal(encoder.transform(other), expected)
    index = [f"r{i}" for i in range(N)]
    assert list(encoder.transform(good.set_axis(index)).index) == index
    pd.testing.assert_frame_equal(good, before)


class Polars:
    """As much of a polars DataFrame as is used."""

    def __init__(self, frame):
        self.frame, self.columns = frame, list(frame)

    def __getitem__(self, name):
        missing = self.frame[name].isna()
        values = self.frame[name].astype(object).mask(missing, None).to_list()
        return type("Series", (), {"to_list": lambda self: values})()


def test_a_table_of_polars_is_taken_with_its_names():
    good = table().drop(columns="remark")
    encoder = TableEncoder().fit(good)
    expected = encoder.transform(good)
    pd.testing.assert_frame_equal(encoder.transform(Polars(good)), expected)
    again = TableEncoder().fit(Polars(good))
    assert again.describe()["used as"].equals(encoder.describe()["used as"])


def test_a_real_table_of_polars_is_taken():
    polars = pytest.importorskip("polars")
    good = table().drop(columns="remark")
    theirs = polars.DataFrame({name: good[name].to_list() for name in good})
    encoder = TableEncoder().fit(theirs)
    np.testing.assert_allclose(encoder.transform(theirs), encoder.transform(good))


# the kinds of training are imposed on what comes later


@pytest.mark.parametrize("categorical", [[], ["age"]])
def test_the_same_file_read_as_text_gives_the_same_numbers(categorical):
    text = table().to_csv(index=False)
    dates = ["began", "ended"]
    typed = pd.read_csv(io.StringIO(text), parse_dates=dates)
    encoder = TableEncoder(categorical=categorical).fit(typed)
    for other in (
        pd.read_csv(io.StringIO(text)),
        pd.read_csv(io.StringIO(text), dtype=str),
        typed.astype(object),
    ):
        expected = encoder.transform(typed)
        np.testing.assert_allclose(encoder.transform(other), expected, atol=1e-9)
        assert not encoder.encode(other)[1].any(axis=None)


@pytest.mark.parametrize("first", [["1.50"] * 40, [1.5] * 40])
@pytest.mark.parametrize("later", [["1.50"] * 3, [1.5] * 3, ["1.5"] * 3])
def test_a_number_is_itself_however_it_is_written(first, later):
    encoder = TableEncoder(categorical=["x"]).fit(beside_a_number(first))
    assert not encoder.encode(beside_a_number(later))[1].any(axis=None)
    assert encoder.encode(beside_a_number(["1.51"]))[1].any(axis=None)


def test_text_is_read_by_the_options_of_pandas():
    options = {
        "decimal": ",",
        "thousands": ".",
        "parse_dates": ["d", "e"],
        "date_format": {"d": "%d.%m.%Y %H:%M", "e": "%d.%m.%y"},
    }
    text = "x;d;e\n1.234,5;05.03.2025 10:00;05.03.25\n2,25;06.03.2025 11:00;07.03.25\n"
    text = pd.read_csv(io.StringIO(text * 1), sep=";", dtype=str)
    typed = pd.read_csv(io.StringIO(text.to_csv(sep=";")), sep=";", **options)
    encoder = TableEncoder(read_options=options).fit(typed[["x", "d", "e"]])
    assert encoder.transform(text)["x"].to_list() == [1234.5, 2.25]
    pd.testing.assert_frame_equal(encoder.transform(text), encoder.transform(typed))
    assert not encoder.encode(text)[1].any(axis=None)
    described = encoder.describe()["what is done"]
    assert "2025-03-05 to 2025-03-06 (text is read as %d.%m.%Y %H:%M)" in described["d"]
    assert "text is read as %d.%m.%y" in described["e"]
    comma = TableEncoder(read_options={"decimal": ","}).fit(typed[["x"]])
    read = comma.encode(pd.DataFrame({"x": ["1,5", "1.5"]}))[1]
    assert read["x"].to_list() == [False, True]


def test_dates_that_cannot_be_read_as_was_said_are_named():
    frame = beside_a_number(["05-May-2025", "06-May-2025"] * 10, "when")
    options = {"parse_dates": ["when"]}
    with pytest.raises(ValueError, match="'when' looks like dates.*date_format"):
        TableEncoder(read_options=options).fit(frame)
    options["date_format"] = "%d-%b-%Y"
    kinds = TableEncoder(read_options=options).fit(frame).describe()["used as"]
    assert kinds["when"] == "date"


# values of a new kind


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("shop", "d"),
        ("shop", None),
        ("amount", None),
        ("amount", "much"),
        ("amount", np.inf),
        ("amount", True),
        ("amount", pd.Timestamp("2025-03-03")),
        ("age", "old"),
        ("began", "yesterday"),
        ("began", 3.5),
        ("currency", "USD"),
        ("currency", None),
        ("remark", "broken"),
        ("new customer", "perhaps"),
    ],
)
def test_a_value_of_a_new_kind_is_found_where_it_is(column, value):
    encoder = TableEncoder().fit(table())
    rows = table(5, seed=1).astype(object)
    rows.loc[2, column] = value
    new = encoder.encode(rows)[1]
    assert new.loc[2, column]
    assert new.to_numpy().sum() == 1
    assert np.isfinite(encoder.transform(rows).to_numpy()).all()


def test_a_gap_where_training_had_gaps_is_no_new_kind():
    rows = table(5, seed=1)
    rows.loc[2, "age"] = None
    encoder = TableEncoder().fit(table())
    assert not encoder.encode(rows)[1].any(axis=None)
    assert encoder.transform(rows).loc[2, "age missing"] == 1


@pytest.mark.parametrize("most", [0, 20])
def test_a_column_of_one_value_is_watched_however_few_categories_are_kept(most):
    good = beside_a_number(["a"] * 40)
    encoder = TableEncoder(max_categories=most).fit(good)
    assert not encoder.encode(good)[2].any(axis=None)
    assert encoder.encode(beside_a_number(["b"]))[1]["x"].to_list() == [True]


def test_a_date_format_may_begin_with_a_space():
    options = {"parse_dates": ["x"], "date_format": " %d.%m.%Y"}
    good = beside_a_number([" 13.01.2025", " 14.01.2025"] * 20)
    encoder = TableEncoder(read_options=options).fit(good)
    assert encoder.describe().loc["x", "used as"] == "date"


def test_a_long_category_is_shown_by_its_beginning():
    encoder = TableEncoder().fit(beside_a_number(["https" * 20, "z"] * 20))
    assert "(httpshttps" in encoder.describe().loc["x", "what is done"]


def test_a_category_that_is_called_missing_is_no_gap():
    good = beside_a_number(["missing", "other", "a"] * 20)
    encoder = TableEncoder().fit(good)
    rows = beside_a_number(["missing", None, "b", "other"])
    assert encoder.encode(rows)[1]["x"].to_list() == [False, True, True, False]


# what cannot be done is said in a sentence


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((5, 2)), "must be a DataFrame, and ndarray was given"),
        (pd.DataFrame(), "No column is left to learn from in 0 rows"),
        (pd.DataFrame({"a": []}), "No column is left to learn from in 0 rows"),
        (
            pd.DataFrame([[1, 2, 3, 4]], columns=["a", "a", "b", "b"]),
            "more than one column named 'a', 'b'. Give each column a name of its own",
        ),
        (
            pd.DataFrame({"a": [1] * 9}),
            r"No column is left to learn from in 9 rows \(a: always '1'",
        ),
        (pd.DataFrame({"i": [f"{i}x" for i in range(99)]}), "No column is left"),
    ],
)
def test_a_table_of_no_use_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        TableEncoder().fit(given)


@pytest.mark.parametrize("option", ["columns", "exclude", "categorical"])
def test_an_option_that_names_no_column_is_refused(option):
    with pytest.raises(
        ValueError, match="no column 'agge', which was asked for. It has 'id'"
    ):
        TableEncoder(**{option: ["agge"]}).fit(table())


def test_missing_columns_are_named():
    encoder = TableEncoder().fit(table())
    with pytest.raises(ValueError, match="no column 'age', 'shop'"):
        encoder.transform(table().drop(columns=["age", "shop"]))


def test_a_header_read_as_one_name_is_shown_by_its_beginning():
    read = pd.DataFrame({";".join(f"column{i}" for i in range(99)): ["1;2"]})
    with pytest.raises(ValueError, match="It has 'column0;column1;.*header line"):
        TableEncoder().fit(table()).transform(read)


def test_where_a_file_name_is_given_the_sentence_says_how_to_read_it():
    with pytest.raises(ValueError, match=r"and str was given: use pandas\.read_csv"):
        TableEncoder().fit("good.csv")


# encoder and detector as one


@pytest.fixture(scope="module")
def fitted() -> TableDetector:
    return TableDetector(IsolationForest(random_state=0)).fit(table())


def test_scores_are_those_of_the_detector_on_the_encoded_rows(fitted):
    rows = table(50, seed=1)
    numbers = fitted.encoder_.transform(rows).to_numpy()
    scores = fitted.anomaly_score(rows)
    np.testing.assert_array_equal(scores, -fitted.detector_.score_samples(numbers))
    np.testing.assert_array_equal(fitted.score_samples(rows), -scores)
    alarms = fitted.predict(rows) == -1
    np.testing.assert_array_equal(alarms, scores > fitted.threshold_)
    expected = gt.scoring.p_values(fitted.calibration_scores_, scores)
    np.testing.assert_array_equal(fitted.p_value(rows), expected)


def test_the_given_detector_and_encoder_stay_unfitted():
    detector, encoder = IsolationForest(), TableEncoder(exclude=["age"])
    whole = TableDetector(detector, encoder, random_state=0).fit(table())
    assert not hasattr(detector, "estimators_")
    assert not hasattr(encoder, "plan_")
    assert "age" not in whole.encoder_.columns_
    again = clone(whole).fit(table())
    rows = table(50, seed=1)
    np.testing.assert_array_equal(again.anomaly_score(rows), whole.anomaly_score(rows))
    assert whole.get_params()["encoder__exclude"] == ["age"]


def test_one_seed_is_one_choice_of_calibration_rows():
    def kept(seed, **options):
        whole = TableDetector(IsolationForest(random_state=seed), **options)
        return whole.fit(table()).calibration_scores_

    np.testing.assert_array_equal(kept(0), kept(0))
    np.testing.assert_array_equal(kept(0), kept(0, random_state=0))
    assert (kept(0) != kept(0, random_state=1)).any()


def test_the_calibration_rows_are_held_out_from_all_that_is_fitted(monkeypatch):
    seen = []
    fit = TableEncoder.fit
    monkeypatch.setattr(
        TableEncoder, "fit", lambda self, X: seen.append(X.index) or fit(self, X)
    )
    whole = TableDetector(IsolationForest(random_state=0)).fit(table())
    assert len(seen[0]) == 320
    assert seen[0].is_monotonic_increasing  # a counter must be seen as one
    assert len(whole.detector_.learned_rows_) == 320
    assert len(whole.calibration_scores_) == 80


def rare(n: int, seed: int) -> pd.DataFrame:
    """In each of 150 columns, one row in 1600 has a value of its own."""
    rng = np.random.default_rng(seed)
    values = rng.choice(["a", "b"], (n, 150)).astype(object)
    odd = rng.random((n, 150)) < 1 / 1600
    values[odd] = [f"{seed} {i}" for i in range(odd.sum())]
    return pd.DataFrame(values).assign(x=rng.normal(size=n), y=rng.normal(size=n))


def test_calibration_rows_of_ones_own_set_the_threshold():
    own = table(100, seed=1)
    whole = TableDetector(IsolationForest(random_state=0)).fit(table(), calibration=own)
    scores = np.sort(whole.anomaly_score(own))
    np.testing.assert_array_equal(whole.calibration_scores_, scores)
    assert len(whole.detector_.learned_rows_) == N


def test_a_fit_that_fails_leaves_the_old_one(fitted):
    other, rows = copy.deepcopy(fitted), table(20, seed=1)
    with pytest.raises(ValueError, match="No column is left"):
        other.fit(table()[["id"]])
    np.testing.assert_array_equal(other.anomaly_score(rows), fitted.anomaly_score(rows))


def test_with_many_rare_values_the_rate_is_kept():
    """As many alarms in fresh rows as the number of calibration rows allows."""
    rate, fresh = 0.005, rare(20_000, 1)
    baseline = gt.evaluation.BASELINES["Mahalanobis"](0)
    detector = TableDetector(baseline, false_alarm_rate=rate, random_state=0)
    n_kept = len(detector.fit(rare(2000, 0)).calibration_scores_)
    rank = int(np.ceil((n_kept + 1) * (1 - rate)))
    chance = betabinom(len(fresh), n_kept + 1 - rank, rank)
    n_alarms = (detector.predict(fresh) == -1).sum()
    assert n_kept == 400
    assert chance.ppf(0.001) <= n_alarms <= chance.ppf(0.999)


@pytest.mark.parametrize(
    ("column", "value"), [("shop", "d"), ("amount", None), ("currency", "USD")]
)
def test_a_value_of_a_new_kind_is_an_alarm_and_its_reason(fitted, column, value):
    rows = table(20, seed=1).astype(object)
    rows[column] = value
    assert (fitted.predict(rows) == -1).all()
    assert (fitted.p_value(rows) == 1 / (len(fitted.calibration_scores_) + 1)).all()
    for reason in fitted.reasons(rows):
        assert reason.startswith(f"{column} ")
        assert "% (new kind of value)" in reason


def test_a_new_kind_is_an_alarm_though_all_known_rows_have_one_score():
    known = pd.DataFrame({"shop": ["a", "b"] * 50})
    detector = TableDetector(gt.evaluation.BASELINES["PCA error"](0)).fit(known)
    assert detector.predict(pd.DataFrame({"shop": ["a", "c"]})).tolist() == [1, -1]


# columns that are no longer what they were


def test_a_running_number_that_runs_on_is_named():
    rng = np.random.default_rng(0)
    numbers = rng.permutation(np.arange(10_000, 12_000))
    good = pd.DataFrame({"id": numbers, "x": rng.normal(size=2000)})
    detector = TableDetector(IsolationForest(random_state=0)).fit(good)
    words = (
        r"Column 'id' is not as in training: 2,000 of 2,000 values are outside.*10,000"
    )
    with pytest.warns(UserWarning, match=words) as caught:
        detector.report(good.assign(id=np.arange(12_000, 14_000)))
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("amount", "1,5"), ("shop", "A"), ("age", None), ("began", "1.2.2025")],
)
def test_a_column_that_is_written_otherwise_is_named(fitted, column, value):
    rows = table(100, seed=1).astype(object).assign(**{column: value})
    with pytest.warns(UserWarning, match=f"Column '{column}' is not as in training"):
        fitted.anomaly_score(rows)


def test_nothing_is_said_of_usual_rows_or_of_a_few(fitted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.report(table(1000, seed=2))
        fitted.report(table(20, seed=2).assign(amount=1e6))
        half_gaps = beside_a_number([1.0, 2.0, None, None] * 50)
        detector = TableDetector(IsolationForest(random_state=0)).fit(half_gaps)
        detector.report(half_gaps[:120].assign(x=[1.0, None, None] * 40))


# reasons


def test_parts_add_up_to_the_score_above_the_usual_row_most_like_it(fitted):
    rows = table(300, seed=1)
    numbers = fitted.encoder_.transform(rows).to_numpy()
    scale = fitted.reference_.std(axis=0)
    scale[scale == 0] = 1
    distances = np.linalg.norm((numbers[:, None] - fitted.reference_) / scale, axis=2)
    like = fitted.reference_[distances.argmin(axis=1)]
    above = fitted.anomaly_score(rows) + fitted.detector_.score_samples(like)
    parts = fitted.explain(rows)
    assert list(parts.columns) == fitted.encoder_.columns_
    np.testing.assert_allclose(parts.sum(axis=1), above, atol=1e-9)
    assert (parts["currency"] == 0).all()
    more = fitted.explain(rows.assign(currency="USD")) - parts
    np.testing.assert_allclose(more["currency"], fitted.new_value_score_)


def test_a_column_that_is_as_in_the_usual_row_is_no_reason(fitted):
    numbers = fitted.encoder_.transform(table())
    usual = (numbers.to_numpy() == fitted.reference_[3]).all(axis=1)
    row = table()[usual]
    parts = fitted.explain(row.assign(fee=row["fee"] * 1.02)).iloc[0]
    assert (parts.drop("fee") == 0).all()


def test_alarms_among_the_training_rows_have_reasons_too():
    x = np.random.default_rng(0).permutation(np.arange(1.0, 1001.0))
    twice = pd.DataFrame({"x": x, "y": x})
    wgan = gt.detectors.WGAN(**{**TINY, "n_steps": 100})
    report = TableDetector(wgan).fit(twice).report(twice).query("alarm == 1")
    assert len(report) > 20
    assert report["reasons"].str.fullmatch("[xy] [1-9].*").all()


@pytest.mark.filterwarnings("ignore:Column")
def test_each_alarm_has_a_reason_however_many_columns_there_are():
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 60)))
    detector = TableDetector(gt.evaluation.BASELINES["Mahalanobis"](0)).fit(wide)
    report = detector.report(pd.DataFrame(np.full((40, 60), 5.0)))
    assert (report["alarm"] == 1).all()
    assert report["reasons"].str.fullmatch(r"\d+ [1-4] %").all()


def test_alarms_are_compared_with_usual_rows_only(fitted):
    of_usual = -fitted.detector_.score_samples(fitted.reference_)
    of_all = -fitted.detector_.score_samples(fitted.detector_.learned_rows_)
    assert len(of_usual) == 160
    assert of_usual.max() <= np.median(of_all) < fitted.threshold_


def test_the_reason_is_the_column_that_was_broken():
    """Each value of a broken row is usual by itself; only one pair does not fit."""
    good = table(2000).drop(columns=["began", "ended"])
    detector = TableDetector(gt.evaluation.BASELINES["Mahalanobis"](0)).fit(good)
    rows = table(200, seed=1)
    rows["fee"] = rows["fee"].to_numpy()[::-1]
    apart = np.abs(np.log(rows["fee"] / rows["amount"] / 0.02)) > 1.5
    first = [reason.partition(" ")[0] for reason in detector.reasons(rows[apart])]
    assert len(first) > 30
    assert np.isin(first, ["fee", "amount"]).mean() > 0.9


def test_a_row_without_a_reason_names_one_column(fitted):
    usual = table()[fitted.explain(table()).le(0).all(axis=1)]
    assert len(usual) > 0
    assert not any("," in reason for reason in fitted.reasons(usual))


def test_reasons_name_columns_with_their_share(fitted):
    rows = table(20, seed=1)
    rows.loc[0, "fee"] = 1e6
    rows["age"] = np.nan
    parts = fitted.explain(rows).loc[0].clip(lower=0)
    share = 100 * parts["fee"] / parts.sum()
    assert f"fee {share:.0f} %" in fitted.reasons(rows)[0]
    assert all(len(reason.split(", ")) <= 2 for reason in fitted.reasons(rows, most=2))
    named = [reason for reason in fitted.reasons(rows) if "age" in reason]
    assert named
    assert all("% (missing)" in reason for reason in named)


def test_a_report_says_it_all_at_once(fitted):
    rows = table(60, seed=1).set_axis(range(100, 160))
    rows.loc[100, "currency"] = "USD"
    report = fitted.report(rows)
    assert list(report) == ["anomaly_score", "p_value", "alarm", "reasons"]
    assert report.index.equals(rows.index)
    np.testing.assert_array_equal(report["anomaly_score"], fitted.anomaly_score(rows))
    np.testing.assert_array_equal(report["alarm"] == 1, fitted.predict(rows) == -1)
    assert report.loc[100, "alarm"] == 1
    assert ((report["reasons"] != "") == (report["alarm"] == 1)).all()
    none = rows[:0]
    assert fitted.anomaly_score(none).shape == (0,)
    assert fitted.report(none).shape == (0, 4)
    pd.testing.assert_frame_equal(
        fitted.report(Polars(rows)), report.reset_index(drop=True)
    )


# rates


def test_the_rate_is_that_of_the_table_detector_or_of_the_one_inside():
    assert TableDetector(IsolationForest()).fit(table()).false_alarm_rate_ == 0.05
    inner = gt.detectors.GAN(**{**TINY, "n_steps": 2}, false_alarm_rate=0.1)
    assert TableDetector(inner).fit(table()).false_alarm_rate_ == 0.1
    outer = TableDetector(inner, false_alarm_rate=0.2).fit(table())
    assert outer.false_alarm_rate_ == 0.2
    with pytest.raises(ValueError, match="false_alarm_rate is 2"):
        TableDetector(inner, false_alarm_rate=2).fit(table())


def test_another_rate_moves_the_threshold_alone(fitted):
    other, rows = copy.deepcopy(fitted), table(50, seed=1)
    other.set_false_alarm_rate(0.2)
    np.testing.assert_array_equal(other.anomaly_score(rows), fitted.anomaly_score(rows))
    scores = fitted.calibration_scores_
    assert other.threshold_ == gt.scoring.threshold(scores, 0.2) < fitted.threshold_


def test_too_few_rows_are_refused():
    with pytest.raises(ValueError, match="has 9 rows; fit needs at least 10"):
        TableDetector().fit(table(9))


# one file, whatever is inside

INSIDE = {
    **{name: make(0) for name, make in gt.evaluation.BASELINES.items()},
    "unseeded forest": IsolationForest(n_estimators=10),
    "neighbours": LocalOutlierFactor(novelty=True),
    "WGAN": gt.detectors.WGAN(**{**TINY, "n_steps": 2}),
    "AnoGAN": gt.detectors.AnoGAN(**{**TINY, "n_steps": 2}),
}


@pytest.mark.parametrize("name", INSIDE)
def test_any_detector_scores_explains_and_is_loaded_bit_for_bit(name, tmp_path):
    options = {"decimal": ","}
    encoder = TableEncoder(["shop", "fee", "age"], ["age"], read_options=options)
    detector = TableDetector(INSIDE[name], encoder).fit(table(100))
    rows = table(40, seed=1)
    rows.loc[3, "shop"] = "new"
    report = detector.report(rows)
    assert report.loc[3, "reasons"].startswith("shop")
    for attempt in ("first", "again"):
        detector.save(tmp_path / attempt)
        detector = gt.load(tmp_path / attempt)
        assert type(detector) is TableDetector
        pd.testing.assert_frame_equal(detector.report(rows), report)
        parameters = detector.encoder_.get_params()
        assert parameters["read_options"] == options
        assert list(parameters["exclude"]) == ["age"]
        assert "shop" in detector.encoder_.describe().index
    again = pickle.loads(pickle.dumps(detector))
    pd.testing.assert_frame_equal(again.report(rows), report)


@pytest.mark.parametrize("seed", [7, np.int64(7), np.random.RandomState(7), None])
def test_a_loaded_detector_keeps_a_seed(tmp_path, seed):
    TableDetector(IsolationForest(), random_state=seed).fit(table()).save(
        tmp_path / "d.npz"
    )
    kept = gt.load(tmp_path / "d.npz").random_state
    assert kept == (7 if isinstance(seed, int | np.integer) else None)


def test_a_loaded_detector_keeps_its_rate(tmp_path):
    detector = TableDetector(IsolationForest(), false_alarm_rate=0.1).fit(table())
    detector.set_false_alarm_rate(0.2).save(tmp_path / "d.npz")
    assert os.listdir(tmp_path) == ["d.npz"]
    loaded = gt.load(tmp_path / "d.npz")
    assert loaded.threshold_ == detector.threshold_
    assert loaded.false_alarm_rate_ == loaded.false_alarm_rate == 0.2


def test_a_rate_that_has_not_moved_the_threshold_is_not_saved(tmp_path):
    detector = TableDetector(IsolationForest(), false_alarm_rate=0.1).fit(table())
    detector.set_params(false_alarm_rate=0.2).save(tmp_path / "d.npz")
    loaded = gt.load(tmp_path / "d.npz")
    assert loaded.threshold_ == detector.threshold_
    assert loaded.false_alarm_rate_ == loaded.false_alarm_rate == 0.1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tree: tree.pop("plan"), "it lacks 'plan'"),
        (lambda tree: tree["encoder"].update(magic=1), "TypeError"),
        (lambda tree: tree["plan"].pop(5), "do not fit each other"),
        (lambda tree: tree["plan"][2].update(kind="magic"), "it lacks 'levels'"),
        (lambda tree: tree["plan"][2].pop("unit"), "it lacks 'unit'"),
        (lambda tree: tree["fill"].pop(), "do not fit each other"),
        (lambda tree: tree["fitted"].update(magic=1), "unknown entry 'magic'"),
        (
            lambda tree: tree["parameters"].update(false_alarm_rate=-3),
            "false_alarm_rate is -3; it must be",
        ),
    ],
)
def test_a_changed_file_is_refused_in_a_sentence(fitted, tmp_path, change, words):
    tree = copy.deepcopy(fitted.to_tree())
    change(tree)
    archive.write(tree, tmp_path / "d.npz")
    with pytest.raises(ValueError, match=words) as caught:
        loading.load(tmp_path / "d.npz")
    assert "is damaged, or not a detector" in str(caught.value)


# dates as they are read from files: the rate holds in the next month


@pytest.mark.parametrize("form", ["%d-%b-%Y %H:%M", "%d.%m.%Y"])
def test_a_date_that_pandas_was_told_to_read_keeps_the_rate_later(form):
    def month(first, seed):
        rng = np.random.default_rng(seed)
        minutes = pd.to_timedelta(rng.integers(0, 28 * 1440, 2000), "min")
        when = (pd.Timestamp(first) + minutes).strftime(form)
        return pd.DataFrame({"when": when, "x": rng.normal(size=2000)}).to_csv()

    options = {"index_col": 0, "parse_dates": ["when"], "date_format": form}
    may, june = (
        pd.read_csv(io.StringIO(month(*of)), **options)
        for of in [("2025-05-05", 0), ("2025-06-02", 1)]
    )
    detector = TableDetector(IsolationForest(random_state=0)).fit(may)
    assert detector.encoder_.describe()["used as"]["when"] == "date"
    assert 0.02 < (detector.predict(june) == -1).mean() < 0.1
