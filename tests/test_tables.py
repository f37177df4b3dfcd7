"""Tables with text, dates and gaps: what becomes of each column, and one file for it all."""

import copy
import json
import os
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

import gantutor as gt
from gantutor.tables import TableDetector, TableEncoder, false_alarm_rate

gt.setup()

RNG = np.random.default_rng(0)
N = 400


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


def used_as(values, **options) -> str:
    frame = pd.DataFrame({"x": values, "y": RNG.normal(size=len(values))})
    return TableEncoder(**options).fit(frame).describe().loc["x", "used as"]


# what a column is taken for


def test_every_kind_of_column_is_recognised_and_described():
    described = TableEncoder().fit(table()).describe()
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
    assert "a counter" in done["number"]
    assert "gaps marked" in done["age"]
    assert "days since began" in done["ended"]
    assert "always 'EUR'" in done["currency"]
    assert described["numbers"].sum() == TableEncoder().fit_transform(table()).shape[1]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1.5", "2", " 3 ", "-4e2"] * 10, "number"),
        (["1.5", "2", "", "NA"] * 10, "number"),
        (["1.5", "2", "3", "4"] * 10 + ["broken"], "number"),
        (["1.5", "2", "broken"] * 10, "categories"),
        ([True, False] * 20, "categories"),
        (["yes", "no"] * 20, "categories"),
        (["2025-03-04 10:20", "2025-03-05 11:00"] * 20, "date"),
        (["2025-03-04T10:20:00+02:00", "2025-03-05T11:00:00Z"] * 20, "date"),
        (["04/03/2025", "26/03/2025"] * 20, "date"),
        (["03/04/2025", "03/26/2025"] * 20, "date"),
        (["4.3.2025", "26.3.2025"] * 20, "date"),
        (["04/03/25", "26/03/25 "] * 20, "date"),
        (["20250304", "20250326"] * 20, "date"),
        ([20250304, 20250326] * 20, "date"),
        (["unknown", *["04/03/2025", "26/03/2025"] * 20], "date"),
        ([20250304, 20259999] * 20, "number"),
        (["2025-03-03", "2025-03-10"] * 20, "left out"),
        (["May", "June"] * 20, "categories"),
        (["1,234.50", "12,345", "999"] * 20, "number"),
        (["12 %", "3.5%", "100 %"] * 20, "number"),
        (["1,5", "1,25", "2,125"] * 20, "categories"),
        (["12,34,56", "1,2345"] * 20, "categories"),
        (["2025-03-04"] * 40, "left out"),
        ([7] * 40, "one value"),
        ([None] * 40, "one value"),
        ([7, None] * 20, "categories"),
        (range(40), "left out"),
        (range(40, 0, -1), "left out"),
        (np.arange(40) + 0.5, "number"),
        ([*range(39), 5], "number"),
    ],
)
def test_a_column_is_taken_for(values, kind):
    assert used_as(list(values)) == kind


def test_numbers_that_are_names_can_be_named():
    codes = [10115, 80331, 20095] * 20
    assert used_as(codes) == "number"
    assert used_as(codes, categorical=["x"]) == "categories"


def test_decimal_commas_can_be_read():
    assert used_as(["1,5", "2,25", "3"] * 20) == "categories"
    assert used_as(["1,5", "2,25", "3"] * 20, decimal=",") == "number"
    numbers = encoded({"x": ["1,5", "2,25", "3"] * 2}, decimal=",")
    assert numbers["x"].to_list() == [1.5, 2.25, 3.0] * 2


def test_thousands_and_percent_are_read():
    numbers = encoded({"x": ["1,234.5", "-1,234,567", "12 %", "7"] * 2})
    assert numbers["x"].to_list() == [1234.5, -1234567.0, 12.0, 7.0] * 2
    numbers = encoded({"x": ["1.234,5", "1.000", "12 %", "7"] * 2}, decimal=",")
    assert numbers["x"].to_list() == [1234.5, 1000.0, 12.0, 7.0] * 2


def test_enormous_numbers_stay_finite():
    rng = np.random.default_rng(0)
    good = pd.DataFrame(
        {"skewed": rng.lognormal(0, 2, 99), "even": rng.normal(size=99)}
    )
    good["always huge"] = ["1e308", "-1e308", "5e-324"] * 33
    encoder = TableEncoder().fit(good)
    new = good.assign(skewed=1e308, even=-1e308)
    with np.errstate(all="raise"):
        numbers = encoder.transform(new).to_numpy()
    assert np.isfinite(numbers).all()
    assert (np.abs(numbers) <= 1e100).all()


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y"])
def test_of_two_ways_to_read_a_date_the_one_with_the_shorter_time_is_taken(form):
    """The first ten days of March could be the third of ten months."""
    first = pd.date_range("2025-03-01", periods=40, freq="6h").strftime(form)
    last = pd.date_range("2025-03-20", periods=40, freq="6h").strftime(form)
    encoder = TableEncoder().fit(pd.DataFrame({"x": first, "y": RNG.normal(size=40)}))
    assert encoder.plan_[0]["format"] == form
    new = pd.DataFrame({"x": last, "y": RNG.normal(size=40)})
    assert not encoder.new_kinds(new).any(axis=None)


def test_the_format_of_dates_is_found_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert used_as(["26.03.2025 10:20", "04.03.2025 11:00"] * 20) == "date"


def test_text_that_is_left_out_is_shown():
    frame = pd.DataFrame(
        {"x": [f"${i}.50" for i in range(99)], "y": RNG.normal(size=99)}
    )
    assert "such as '$0.50'" in TableEncoder().fit(frame).describe().loc["x"].iloc[-1]


def test_a_column_that_is_asked_for_twice_is_used_once():
    encoder = TableEncoder(columns=["shop", "age", "shop"]).fit(table())
    assert encoder.columns_ == ["shop", "age"]


def test_columns_are_chosen_and_excluded():
    assert TableEncoder(columns=["shop", "age"]).fit(table()).columns_ == [
        "shop",
        "age",
    ]
    left = TableEncoder(exclude=["shop", "age"]).fit(table())
    assert not {"shop", "age"} & set(left.columns_)


# the numbers


def test_gaps_are_filled_with_the_median_and_marked():
    numbers = encoded({"x": [1.0, 2.0, 6.0, np.nan]})
    assert numbers["x"].to_list() == [1, 2, 6, 2]
    assert numbers["x missing"].to_list() == [0, 0, 0, 1]


def test_categories_have_a_column_each_and_rare_ones_share_one():
    values = ["a"] * 60 + ["b"] * 40 + ["c"]
    numbers = encoded({"x": values})
    assert list(numbers) == ["x = a", "x = b", "x = other"]
    assert numbers.sum().to_list() == [60, 40, 1]
    assert (numbers.sum(axis=1) == 1).all()
    new = encoded({"x": values}, {"x": ["b", "never seen", None]})
    assert new.to_numpy().tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1]]


def test_of_two_categories_one_column_is_enough():
    assert list(encoded({"x": ["a", "b", "b"] * 5})) == ["x = a"]


def test_at_most_so_many_categories():
    values = np.repeat([f"v{i:02}" for i in range(30)], 10)
    assert encoded({"x": values}).shape[1] == 21
    values = ["a"] * 30 + ["b"] * 30 + ["c"] * 20 + ["d"] * 20
    names = list(encoded({"x": values}, max_categories=2))
    assert names == ["x = a", "x = b", "x = other"]


def test_text_that_hardly_repeats_is_left_out():
    frequent, rare = ["a"] * 49, [f"{i}" + "x" for i in range(51)]
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


def test_the_day_and_the_week_are_circles():
    midnight = pd.Timestamp("2025-01-06")  # a Monday
    hours = pd.Series([0, 6, 12, 18, 23.999])
    numbers = encoded({"t": midnight + pd.to_timedelta(hours, "h")})
    assert list(numbers) == ["t: time of day (sin)", "t: time of day (cos)"]
    circle = numbers.to_numpy()
    np.testing.assert_allclose(
        circle[:4], [[0, 1], [1, 0], [0, -1], [-1, 0]], atol=1e-9
    )
    np.testing.assert_allclose(circle[4], circle[0], atol=1e-3)
    week = encoded({"t": midnight + pd.to_timedelta(range(14), "D")}).to_numpy()
    np.testing.assert_allclose(week[:7], week[7:], atol=1e-9)
    assert len(np.unique(week[:7].round(6), axis=0)) == 7


def test_a_date_a_year_later_gives_the_same_numbers():
    """52 weeks: the hour and the weekday are those of training, the date counts nothing."""
    good = table()
    later = good.assign(
        began=good["began"] + pd.Timedelta("364D"),
        ended=good["ended"] + pd.Timedelta("364D"),
    )
    encoder = TableEncoder().fit(good)
    np.testing.assert_allclose(
        encoder.transform(later), encoder.transform(good), atol=1e-6
    )


def test_the_time_between_two_dates_is_counted_in_days():
    began = pd.to_datetime(["2025-01-01 00:00", "2025-01-02 12:00"] * 5)
    ended = began + pd.to_timedelta([1.5, 4] * 5, "D")
    numbers = encoded({"a": began, "b": ended})
    np.testing.assert_allclose(numbers["b: days since a"], [1.5, 4] * 5)


def test_how_a_table_was_read_makes_no_difference(tmp_path):
    """Typed, typed from a CSV, or all text: the same numbers."""
    typed = table()
    typed.to_csv(tmp_path / "t.csv", index=False)
    read = pd.read_csv(tmp_path / "t.csv")
    text = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    encoder = TableEncoder(categorical=["age"]).fit(typed)
    expected = encoder.transform(typed)
    for other in (read, text):
        np.testing.assert_allclose(encoder.transform(other), expected, atol=1e-9)
        assert not encoder.new_kinds(other).any(axis=None)
        again = TableEncoder(categorical=["age"]).fit(other)
        np.testing.assert_allclose(again.transform(typed), expected, atol=1e-9)


def test_order_of_columns_and_new_columns_make_no_difference():
    good = table()
    encoder = TableEncoder().fit(good)
    shuffled = good[good.columns[::-1]].assign(surprise=1)
    pd.testing.assert_frame_equal(encoder.transform(shuffled), encoder.transform(good))


def test_columns_that_were_left_out_need_not_be_there():
    good = table()
    encoder = TableEncoder().fit(good)
    encoder.transform(good.drop(columns=["id", "number"]))


def test_the_index_is_kept_and_the_table_is_not_changed():
    good = table()
    before = good.copy()
    index = [f"r{i}" for i in range(N)]
    numbers = TableEncoder().fit(good).transform(good.set_axis(index))
    assert list(numbers.index) == index
    pd.testing.assert_frame_equal(good, before)


# values of a new kind


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("shop", "d"),
        ("shop", None),
        ("amount", None),
        ("amount", "much"),
        ("amount", np.inf),
        ("began", "yesterday"),
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
    new = encoder.new_kinds(rows)
    assert new.loc[2, column]
    assert new.to_numpy().sum() == 1
    assert np.isfinite(encoder.transform(rows).to_numpy()).all()


@pytest.mark.parametrize(("column", "value"), [("age", None), ("age", "old")])
def test_a_gap_where_training_had_gaps_is_no_new_kind(column, value):
    rows = table(5, seed=1).astype(object)
    rows.loc[2, column] = value
    encoder = TableEncoder().fit(table())
    assert not encoder.new_kinds(rows).any(axis=None)
    assert encoder.transform(rows).loc[2, "age missing"] == 1


# what cannot be done is said in a sentence


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((5, 2)), "must be a pandas DataFrame, and ndarray was given"),
        (pd.DataFrame(), "has 0 rows and 0 columns"),
        (pd.DataFrame({"a": []}), "has 0 rows and 1 columns"),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            "More than one column is named 'a'",
        ),
        (
            pd.DataFrame({"a": [1] * 9}),
            r"No column is left to learn from \(a: always '1'",
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


def test_a_missing_column_is_named():
    encoder = TableEncoder().fit(table())
    with pytest.raises(
        ValueError, match="no column 'shop', 'age'|no column 'age', 'shop'"
    ):
        encoder.transform(table().drop(columns=["age", "shop"]))


# encoder and detector as one

TINY = {"n_steps": 30, "batch_size": 32, "hidden": (16,), "random_state": 0}


@pytest.fixture(scope="module")
def fitted() -> TableDetector:
    return TableDetector(gt.detectors.WGAN(**TINY, false_alarm_rate=0.05)).fit(table())


def test_scores_are_those_of_the_detector_on_the_encoded_rows(fitted):
    rows = table(50, seed=1)
    numbers = TableEncoder().fit(table()).transform(rows).to_numpy()
    alone = gt.detectors.WGAN(**TINY, false_alarm_rate=0.05)
    alone.fit(TableEncoder().fit_transform(table()).to_numpy())
    np.testing.assert_array_equal(
        fitted.anomaly_score(rows), alone.anomaly_score(numbers)
    )
    np.testing.assert_array_equal(
        fitted.score_samples(rows), -fitted.anomaly_score(rows)
    )
    np.testing.assert_array_equal(fitted.predict(rows), alone.predict(numbers))
    np.testing.assert_array_equal(fitted.p_value(rows), alone.p_value(numbers))
    assert fitted.threshold_ == alone.threshold_


def test_the_given_detector_and_encoder_stay_unfitted():
    detector, encoder = gt.detectors.WGAN(**TINY), TableEncoder(exclude=["age"])
    whole = TableDetector(detector, encoder).fit(table())
    assert not hasattr(detector, "threshold_")
    assert not hasattr(encoder, "plan_")
    assert "age" not in whole.encoder_.columns_


def test_fresh_normal_rows_keep_the_promised_rate(fitted):
    """80 calibration rows: the rate of one threshold lies within 0 and 0.15."""
    alarms = (fitted.predict(table(2000, seed=5)) == -1).mean()
    assert 0.01 < alarms < 0.13


@pytest.mark.parametrize(
    ("column", "value"), [("shop", "d"), ("amount", None), ("currency", "USD")]
)
def test_a_value_of_a_new_kind_is_always_an_alarm_and_its_reason(fitted, column, value):
    rows = table(30, seed=1).astype(object)
    rows[column] = value
    assert (fitted.predict(rows) == -1).all()
    assert (fitted.p_value(rows) == 1 / (len(fitted.calibration_scores_) + 1)).all()
    for reason in fitted.reasons(rows):
        assert reason.startswith(f"{column} ")
        assert "% (new kind of value)" in reason


def test_parts_add_up_to_the_score_above_the_training_row_most_like_it(fitted):
    rows = table(300, seed=1)  # more than one block
    numbers = fitted.encoder_.transform(rows).to_numpy()
    scale = fitted.detector_.scale_
    distances = np.linalg.norm((numbers[:, None] - fitted.reference_) / scale, axis=2)
    like = fitted.reference_[distances.argmin(axis=1)]
    above = fitted.anomaly_score(rows) - fitted.detector_.anomaly_score(like)
    parts = fitted.explain(rows)
    assert list(parts.columns) == fitted.encoder_.columns_
    np.testing.assert_allclose(parts.sum(axis=1), above, atol=0.05 * np.ptp(above))
    assert (parts["currency"] == 0).all()


def test_a_column_that_is_as_in_a_training_row_is_no_reason(fitted):
    """A training row in which one number is changed: all of it is booked there."""
    row = table().iloc[[3]]
    numbers = fitted.encoder_.transform(row).to_numpy()
    other = copy.deepcopy(fitted)
    other.reference_ = np.concatenate([numbers, fitted.reference_])
    parts = other.explain(row.assign(fee=row["fee"] * 1.2)).iloc[0]
    assert parts["fee"] != 0
    assert (parts.drop("fee").abs() < 1e-5).all()


def test_the_reason_is_the_column_that_was_broken():
    """Each value of a broken row is usual by itself; only one pair does not fit."""
    wgan = gt.detectors.WGAN(n_steps=200, random_state=0)
    good = table(2000).drop(columns=["began", "ended"])
    detector = TableDetector(wgan).fit(good)
    rows = table(200, seed=1)
    rows["fee"] = rows["fee"].to_numpy()[::-1]
    apart = np.abs(np.log(rows["fee"] / rows["amount"] / 0.02)) > 1.5
    first = [reason.partition(" ")[0] for reason in detector.reasons(rows[apart])]
    assert len(first) > 30
    assert np.isin(first, ["fee", "amount"]).mean() > 0.8


def test_a_new_kind_adds_its_score_to_its_column(fitted):
    rows = table(3, seed=1)
    more = fitted.explain(rows.assign(currency="USD")) - fitted.explain(rows)
    np.testing.assert_allclose(more["currency"], fitted.new_value_score_)
    assert (more.drop(columns="currency") == 0).all(axis=None)


def test_reasons_name_columns_with_their_share(fitted):
    rows = table(6, seed=1)
    rows.loc[0, "fee"] = 1e6
    parts = fitted.explain(rows).loc[0].clip(lower=0)
    share = 100 * parts["fee"] / parts.sum()
    assert fitted.reasons(rows)[0].startswith(f"fee {share:.0f} %")
    assert share > 50
    assert all(len(reason.split(", ")) <= 2 for reason in fitted.reasons(rows, most=2))


def test_a_copy_explains_as_well(fitted):
    rows = table(5, seed=1)
    for other in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        pd.testing.assert_frame_equal(other.explain(rows), fitted.explain(rows))


def test_a_missing_value_is_named_as_the_reason(fitted):
    rows = table(40, seed=1)
    rows["age"] = np.nan
    named = [reason for reason in fitted.reasons(rows) if "age" in reason]
    assert named
    assert all("% (missing)" in reason for reason in named)


def test_a_report_says_it_all_at_once(fitted):
    rows = table(60, seed=1).set_axis(range(100, 160))
    rows.loc[100, "fee"] = 1e6
    report = fitted.report(rows)
    assert list(report) == ["anomaly_score", "p_value", "alarm", "reasons"]
    assert report.index.equals(rows.index)
    np.testing.assert_array_equal(report["anomaly_score"], fitted.anomaly_score(rows))
    np.testing.assert_array_equal(report["alarm"] == 1, fitted.predict(rows) == -1)
    assert report.loc[100, "alarm"] == 1
    assert ((report["reasons"] != "") == (report["alarm"] == 1)).all()


def test_an_array_without_names_can_be_wrapped_and_reported():
    rows = pd.DataFrame(RNG.normal(size=(100, 3)))
    detector = TableDetector(gt.detectors.WGAN(**TINY, false_alarm_rate=0.5)).fit(rows)
    assert detector.report(rows)["alarm"].sum() > 0


def test_no_rows_give_no_scores(fitted):
    none = table(5)[:0]
    assert fitted.anomaly_score(none).shape == (0,)
    assert fitted.report(none).shape == (0, 4)


def test_another_rate_moves_the_threshold_alone(fitted, tmp_path):
    fitted.save(tmp_path / "d.npz")
    other = gt.load(tmp_path / "d.npz").set_false_alarm_rate(0.2)
    rows = table(50, seed=1)
    np.testing.assert_array_equal(other.anomaly_score(rows), fitted.anomaly_score(rows))
    scores = fitted.calibration_scores_
    assert other.threshold_ == gt.scoring.threshold(scores, 0.2) < fitted.threshold_
    other.save(tmp_path / "d.npz")
    assert gt.load(tmp_path / "d.npz").threshold_ == other.threshold_
    with pytest.raises(ValueError, match="false_alarm_rate is 2"):
        other.set_false_alarm_rate(2)
    assert other.threshold_ == gt.load(tmp_path / "d.npz").threshold_


def test_a_budget_is_a_rate():
    assert false_alarm_rate(alerts=20, rows=5000) == 0.004
    for alerts, rows in [(0, 10), (10, 10), (-1, 10)]:
        with pytest.raises(ValueError, match="more than 0 and fewer than the rows"):
            false_alarm_rate(alerts, rows)


# one file


@pytest.fixture
def path(tmp_path, fitted):
    fitted.save(tmp_path / "detector.npz")
    return tmp_path / "detector.npz"


def test_a_loaded_detector_scores_and_explains_bit_for_bit_as_before(fitted, path):
    loaded = gt.load(path)
    assert type(loaded) is TableDetector
    rows = table(40, seed=1)
    rows.loc[3, "shop"] = "new"
    pd.testing.assert_frame_equal(loaded.report(rows), fitted.report(rows))
    pd.testing.assert_frame_equal(loaded.explain(rows), fitted.explain(rows))
    pd.testing.assert_frame_equal(
        loaded.encoder_.describe(), fitted.encoder_.describe()
    )
    assert loaded.encoder_.get_params() == fitted.encoder_.get_params()
    again = path.with_name("again.npz")
    loaded.save(again)
    np.testing.assert_array_equal(
        gt.load(again).anomaly_score(rows), fitted.anomaly_score(rows)
    )


def test_the_file_is_plain_arrays_and_json(path):
    assert os.listdir(path.parent) == [path.name]
    with np.load(path, allow_pickle=False) as arrays:
        header = json.loads(str(arrays["header"]))
        assert all(arrays[name].dtype.kind in "fiU" for name in arrays.files)
    assert header["detector"] == "WGAN"
    assert [entry["name"] for entry in header["table"]["plan"]] == list(table())


def rewrite(path, change) -> None:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(str(arrays.pop("header")))
    change(header)
    with open(path, "wb") as file:
        np.savez(file, header=np.array(json.dumps(header)), **arrays)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h: h.update(table=3), "damaged"),
        (lambda h: h["table"].pop("plan"), "plan"),
        (lambda h: h["table"].pop("parameters"), "parameters"),
        (lambda h: h["table"].pop("reference"), "reference"),
        (lambda h: h["table"]["reference"][0].pop(), "damaged"),
        (lambda h: h["table"]["parameters"].update(magic=1), "magic"),
        (lambda h: h["table"]["plan"].pop(5), "numbers"),
        (lambda h: h["table"]["plan"].pop(2), "numbers"),
        (lambda h: h["table"]["plan"][2].update(kind="magic"), "magic"),
        (lambda h: h["table"]["plan"][2].pop("unit"), "unit"),
        (lambda h: h["table"]["plan"][2].update(fill="much"), "damaged"),
    ],
)
def test_a_changed_file_is_refused_in_a_sentence(path, change, words):
    rewrite(path, change)
    with pytest.raises(ValueError, match=words) as caught:
        gt.load(path)
    assert "is damaged, or not a detector" in str(caught.value)
    assert "Save it again" in str(caught.value)


def test_a_file_cut_short_is_refused(path):
    content = path.read_bytes()
    for share in (0, 0.1, 0.5, 0.99):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ValueError, match="is damaged"):
            gt.load(path)


@pytest.mark.parametrize("name", ["GAN", "AnoGAN", "GANomaly"])
def test_other_detectors_can_be_used_and_saved(name, tmp_path):
    detector = TableDetector(getattr(gt.detectors, name)(**{**TINY, "n_steps": 2}))
    detector.fit(table(60))
    detector.save(tmp_path / "d.npz")
    loaded = gt.load(tmp_path / "d.npz")
    assert type(loaded.detector_).__name__ == name
    rows = table(20, seed=1)
    np.testing.assert_array_equal(
        loaded.anomaly_score(rows), detector.anomaly_score(rows)
    )
