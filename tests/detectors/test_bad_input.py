"""Whatever is passed for X: finite scores, or an error that is a sentence."""

import datetime
import decimal
import fractions
import re
import time
from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import tensorflow as tf
from detector_cases import (
    CLASSES,
    IMAGES,
    NEW,
    OUT_OF_RANGE,
    RNG,
    ROWS,
    PlainLoop,
    assert_same_contents,
    contents,
    every_detector,
    tiny,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.extra import pandas as hpd
from sklearn.exceptions import NotFittedError

import gantutor as gt
from gantutor import rows, training
from gantutor.detectors import Detector, graphs

gt.setup()

GAN = gt.detectors.GAN
WIDTH = ROWS.shape[1]
LARGEST = np.finfo(float).max
REFUSALS = (ValueError, TypeError)  # NotFittedError is a ValueError
pytestmark = [
    pytest.mark.filterwarnings("ignore:X has feature names"),
    pytest.mark.filterwarnings("ignore:the matrix subclass"),
]
SAME_EACH_TIME = {
    "derandomize": True,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture(scope="module", autouse=True)
def not_compiled_at_all():
    """Hundreds of tables of other widths: each would have to be compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "compile_block", PlainLoop)
        patch.setattr(graphs, "_workshops", OrderedDict())
        yield


@pytest.fixture(scope="module")
def gan() -> Detector:
    """Fitted on ROWS. Tests leave it as it is; all classes check rows in one place."""
    return tiny(GAN, n_steps=1).fit(ROWS)


@pytest.fixture(scope="module")
def gan_of_images() -> Detector:
    """Fitted on IMAGES. Tests leave it as it is."""
    return tiny(GAN, n_steps=1, hidden=(4, 4)).fit(IMAGES)


@pytest.fixture(scope="module")
def fitted_again() -> Detector:
    """Fitted on ROWS, then on whatever a test passes."""
    return tiny(GAN, n_steps=1, hidden=(4,)).fit(ROWS)


def assert_a_sentence(error: Exception) -> None:
    words = str(error).strip()
    assert len(words) >= 15, words
    assert " " in words


def n_rows_of(X) -> int:
    return X.shape[0] if hasattr(X, "shape") else len(X)


def scores_or_refuses(detector: Detector, X) -> bool:
    """Whether X was scored; finite scores, one a row, or an error in a sentence."""
    try:
        scores = detector.anomaly_score(X)
    except REFUSALS as error:
        assert_a_sentence(error)
        return False
    assert scores.shape == (n_rows_of(X),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    return True


def fits_or_refuses(detector: Detector, X) -> bool:
    """Whether X was learned; a detector that refuses is as it was."""
    before = contents(detector) if hasattr(detector, "threshold_") else None
    keys = set(vars(detector))
    try:
        detector.fit(X)
    except (*REFUSALS, FloatingPointError) as error:
        assert_a_sentence(error)
        assert set(vars(detector)) == keys
        if before is None:
            with pytest.raises(NotFittedError):
                detector.anomaly_score(X)
        else:
            assert_same_contents(contents(detector), before)
        return False
    assert np.isfinite(detector.threshold_)
    assert np.isfinite(detector.calibration_scores_).all()
    assert np.isfinite(detector.center_).all()
    assert np.isfinite(detector.scale_).all()
    assert scores_or_refuses(detector, X)
    return True


# one of each kind


class Unreadable:
    """Not an array, and it says so when asked."""

    def __array__(self, *args, **options):
        raise TypeError("this object does not want to be an array")


class Endless:
    """It has a length and items, but never the same."""

    def __len__(self):
        return 9

    def __getitem__(self, i):
        if i >= 9:
            raise IndexError
        return list(range(i))


def table(n_rows: int = 12, width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(n_rows).normal(50, 3, (n_rows, width))


def replaced(value, dtype=object, n_rows: int = 12) -> np.ndarray:
    rows = table(n_rows).astype(dtype)
    rows[3, 1] = value
    return rows


def framed(column=None, n_rows: int = 12) -> pd.DataFrame:
    frame = pd.DataFrame(table(n_rows), columns=list("abcd"))
    if column is not None:
        frame["c"] = column
    return frame


def masked(hidden: int) -> np.ma.MaskedArray:
    mask = np.zeros((12, WIDTH), bool)
    mask[3, :hidden] = True
    return np.ma.MaskedArray(table(), mask=mask)


DAYS = pd.date_range("2020-01-01", periods=12)
REFUSED = {
    "nan": lambda: replaced(np.nan, float),
    "inf": lambda: replaced(np.inf, float),
    "minus inf": lambda: replaced(-np.inf, np.float32),
    "nan as text": lambda: replaced("nan"),
    "None inside": lambda: replaced(None),
    "pandas.NA inside": lambda: replaced(pd.NA),
    "NaT inside": lambda: replaced(pd.NaT),
    "text inside": lambda: replaced("tall"),
    "empty text inside": lambda: replaced(""),
    "list inside": lambda: replaced([1, 2]),
    "array inside": lambda: replaced(np.zeros(3)),
    "dict inside": lambda: replaced({}),
    "object inside": lambda: replaced(object()),
    "complex inside": lambda: replaced(1j),
    "date inside": lambda: replaced(datetime.date(2020, 1, 1)),
    "signalling decimal": lambda: replaced(decimal.Decimal("sNaN")),
    "infinite decimal": lambda: replaced(decimal.Decimal("inf")),
    "whole number beyond float": lambda: replaced(10**400),
    "numbers as text": lambda: table().astype(str),
    "numbers with names": lambda: np.zeros((12, WIDTH), dtype=[("a", float)]),
    "text": lambda: np.full((12, WIDTH), "tall"),
    "bytes": lambda: np.full((12, WIDTH), b"tall"),
    "one text": lambda: "these are my data",
    "one bytes": lambda: b"these are my data",
    "path": lambda: __file__,
    "None": lambda: None,
    "number": lambda: 7.0,
    "NaN alone": lambda: np.nan,
    "empty list": list,
    "empty dict": dict,
    "list of None": lambda: [None] * 12,
    "empty lists": lambda: [[]] * 12,
    "ragged": lambda: [[1.0] * (1 + i % 3) for i in range(12)],
    "ragged deep": lambda: [[[1.0] * (1 + i % 3)] * 4 for i in range(12)],
    "ragged object": Endless,
    "not an array": Unreadable,
    "set": lambda: {1.0, 2.0},
    "dict": lambda: {"a": [1.0] * 12, "b": [2.0] * 12},
    "dict of rows": lambda: dict(enumerate(table())),
    "generator": lambda: (row for row in table()),
    "range": lambda: range(12),
    "iterator": lambda: iter(table()),
    "function": lambda: table,
    "class": lambda: np.ndarray,
    "slice": lambda: slice(3),
    "module": lambda: np,
    "scalar array": lambda: np.array(7.0),
    "scalar object": lambda: np.array({}, dtype=object),
    "one row": lambda: table()[0],
    "one column": lambda: table()[:, 0],
    "series": lambda: pd.Series(table()[:, 0]),
    "series of rows": lambda: pd.Series(list(table())),
    "index": lambda: pd.Index(table()[:, 0]),
    "five dimensions": lambda: np.zeros((12, 2, 2, 2, 2)),
    "no rows": lambda: np.empty((0, WIDTH)),
    "no columns": lambda: np.empty((12, 0)),
    "no images": lambda: np.empty((0, 8, 8)),
    "images without pixels": lambda: np.empty((12, 0, 8)),
    "one row of a table": lambda: table(1)[:, :3],
    "sparse": lambda: scipy.sparse.csr_matrix(table()),
    "sparse array": lambda: scipy.sparse.coo_array(table()),
    "matrix": lambda: np.matrix(table()),
    "complex": lambda: table() + 0j,
    "structured": lambda: np.zeros(12, dtype=[("a", float), ("b", float)]),
    "record": lambda: np.rec.array(np.zeros(12, dtype=[("a", float)])),
    "void": lambda: np.zeros((12, WIDTH), dtype="V8"),
    "masked": lambda: masked(1),
    "masked row": lambda: masked(4),
    "ragged tensor": lambda: tf.ragged.constant(
        [[1.0] * (i % 3 + 1) for i in range(12)]
    ),
    "text tensor": lambda: tf.constant([["a"] * WIDTH] * 12),
    "data set": lambda: tf.data.Dataset.from_tensor_slices(table()),
    "keras input": lambda: __import__("keras").Input((WIDTH,)),
    "frame of text": lambda: framed(["Ulm"] * 12),
    "frame of numbers as text": lambda: framed(["1.5"] * 12),
    "frame of dates": lambda: framed(DAYS),
    "frame of dates with time zone": lambda: framed(DAYS.tz_localize("UTC")),
    "frame of periods": lambda: framed(DAYS.to_period("D")),
    "frame of categories": lambda: framed(pd.Categorical(["a", "b"] * 6)),
    "frame of categories of numbers": lambda: framed(pd.Categorical([1, 2] * 6)),
    "frame of intervals": lambda: framed(pd.interval_range(0, 12)),
    "frame of objects": lambda: framed(pd.Series([1.5] * 12, dtype=object)),
    "frame with NaN": lambda: framed([np.nan] + [1.0] * 11),
    "frame with NA": lambda: framed(pd.array([None, *range(11)], dtype="Int64")),
    "frame with NA truth": lambda: framed(
        pd.array([None, *[True] * 11], dtype="boolean")
    ),
    "frame of None": lambda: framed([None] * 12),
    "frame of complex": lambda: framed(np.ones(12) * 1j),
    "frame of the same column twice": lambda: pd.concat(
        [framed(["Ulm"] * 12), framed(["Ulm"] * 12)], axis=1
    ),
    "frame of sparse columns": lambda: framed().astype(pd.SparseDtype(float)),
    "frame of sparse columns of zeros": lambda: framed().astype(
        pd.SparseDtype(float, 0)
    ),
    "frame of mixed names": lambda: framed().rename(columns={"a": 1}),
    "frame without rows": lambda: framed().iloc[:0],
    "frame of text without rows": lambda: framed(["Ulm"] * 12).iloc[:0],
    "frame without columns": lambda: framed()[[]],
    "empty frame": pd.DataFrame,
}
TAKEN = {
    "floats": table,
    "float16": lambda: table().astype(np.float16),
    "long double": lambda: table().astype(np.longdouble),
    "big endian": lambda: table().astype(">f8"),
    "whole numbers": lambda: table().astype(int),
    "small whole numbers": lambda: table().astype(np.uint8),
    "large whole numbers": lambda: np.full((12, WIDTH), 2**64 - 1, dtype=np.uint64),
    "truth": lambda: table() > 50,
    "objects": lambda: table().astype(object),
    "decimals": lambda: replaced(decimal.Decimal("1.5")),
    "fractions": lambda: replaced(fractions.Fraction(1, 3)),
    "lists": lambda: table().tolist(),
    "tuples": lambda: tuple(map(tuple, table())),
    "list of arrays": lambda: list(table()),
    "tensor": lambda: tf.constant(table()),
    "variable": lambda: tf.Variable(table()),
    "columns first": lambda: np.asfortranarray(table()),
    "every second": lambda: np.repeat(table(), 2, axis=0)[::-2],
    "not writeable": lambda: np.broadcast_to(table()[:1], (12, WIDTH)),
    "nothing masked": lambda: masked(0),
    "frame": framed,
    "frame of truth": lambda: framed([True, False] * 6),
    "frame of whole numbers": lambda: framed(pd.array(range(12), dtype="Int64")),
    "frame of small floats": lambda: framed().astype(np.float32),
    "frame with dates for its rows": lambda: framed().set_index(DAYS),
    "small": lambda: table() * 1e-300,
    "zeros": lambda: np.zeros((12, WIDTH)),
    "minus zeros": lambda: -np.zeros((12, WIDTH)),
    "denormal": lambda: np.full((12, WIDTH), 5e-324),
}
TAKEN_BY_SCORE = {
    "huge": lambda: table() * 1e300,
    "largest": lambda: np.full((12, WIDTH), LARGEST),
    "smallest": lambda: np.full((12, WIDTH), -LARGEST),
    "one row": lambda: table(1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_scoring_refuses_in_a_sentence(gan, name):
    before = contents(gan)
    assert not scores_or_refuses(gan, REFUSED[name]())
    assert_same_contents(contents(gan), before)


@pytest.mark.parametrize("name", TAKEN | TAKEN_BY_SCORE)
def test_scoring_takes(gan, name):
    assert scores_or_refuses(gan, (TAKEN | TAKEN_BY_SCORE)[name]())


@pytest.mark.parametrize("name", ["zeros", "denormal", *TAKEN_BY_SCORE])
def test_every_detector_scores_what_is_far_from_its_rows(fitted, name):
    assert scores_or_refuses(fitted, (TAKEN | TAKEN_BY_SCORE)[name]())


@pytest.mark.parametrize("name", REFUSED)
def test_fit_refuses_in_a_sentence_and_changes_nothing(gan, name):
    for detector in (tiny(GAN, n_steps=1), gan):
        assert not fits_or_refuses(detector, REFUSED[name]())


@pytest.mark.parametrize("name", TAKEN)
def test_fit_takes(name):
    assert fits_or_refuses(tiny(GAN, n_steps=1), TAKEN[name]())


# what the sentences say


def with_value(value, shape=(12, 3)) -> np.ndarray:
    rows = RNG.random(shape)
    rows.reshape(len(rows), -1)[2, 1] = value
    return rows


def named(**columns) -> pd.DataFrame:
    return pd.DataFrame({"age": np.arange(12.0)} | columns)


def twice() -> pd.DataFrame:
    frame = pd.DataFrame(table())
    frame.columns = ["size", "age", "size", "age"]
    return frame


BAD_ROWS = {
    "NaN": (with_value(np.nan), "NaN in row 2, column 1.*SimpleImputer"),
    "inf": (with_value(np.inf), "inf.* in row 2, column 1"),
    "-inf": (with_value(-np.inf), "inf.* in row 2, column 1"),
    "NaN by name": (
        named(size=with_value(np.nan)[:, 1]),
        "NaN in row 2, column 'size' .1 columns and 1 rows",
    ),
    "missing integer": (
        named(size=pd.array([None, *range(11)], dtype="Int64")),
        "NaN in row 0, column 'size'",
    ),
    "NaN in an image": (
        with_value(np.nan, (12, 8, 8)),
        "NaN in image 2, pixel \\(0, 1\\) .1 images",
    ),
    "text column": (
        named(town=["Ulm"] * 12),
        "not numbers: 'town' .such as 'Ulm'.*get_dummies",
    ),
    "dates": (named(day=DAYS), "not numbers: 'day'"),
    "columns of one name": (
        twice(),
        r"more than one column named 'age', 'size'\. Give each column a name of its own\.",
    ),
    "text": (np.full((12, 2), "a"), r"array of text.*X.astype\(float\)"),
    "complex": (RNG.random((12, 2)) + 1j, "Complex data not supported"),
    "None": (None, "Expected 2D array"),
    "one row": (RNG.random(12), "Expected 2D array.*Reshape"),
    "five dimensions": (np.zeros((12, 2, 2, 2, 2)), "dim 5"),
    "no rows": (np.empty((0, 3)), "0 sample"),
    "no columns": (np.empty((12, 0)), "0 feature"),
    "no images": (np.empty((0, 8, 8)), "0 sample"),
    "no pixels": (
        np.empty((12, 0, 8)),
        r"\(12, 0, 8\), .* Pass rows as \(n, n_features\)",
    ),
    "7 rows": (RNG.random((7, 2)), "7 samples.*at least 8"),
    "1 row": (RNG.random((1, 2)), "1 sample;.*at least 8"),
    "7 images": (RNG.random((7, 8, 8)), "7 samples.*at least 8"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_fit_says_what_is_wrong_with_the_rows(name):
    rows, words = BAD_ROWS[name]
    with pytest.raises(ValueError, match=f"(?s){words}"):
        tiny(GAN).fit(rows)


@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.coo_array])
def test_fit_refuses_sparse_rows_and_says_how_to_go_on(make):
    with pytest.raises(TypeError, match=r"Sparse data.*toarray\(\)"):
        tiny(GAN).fit(make(ROWS))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS[:, :3], "3 features.*expecting 4 features.*same columns"),
        (np.empty((0, 4)), "0 sample"),
        (np.where(NEW > 52, np.nan, NEW), "NaN in row"),
        (IMAGES, r"images of shape \(8, 8\).*fitted on a table"),
        (ROWS[0], "Reshape"),
    ],
    ids=["narrow", "empty", "NaN", "images", "one row"],
)
def test_scoring_says_what_is_wrong_with_the_rows(fitted, rows, words):
    for method in ("anomaly_score", "predict", "p_value", "explain", "reconstruct"):
        if hasattr(fitted, method):
            with pytest.raises(ValueError, match=f"(?s){words}"):
                getattr(fitted, method)(rows)


def test_in_a_long_table_the_first_hole_is_named_and_all_are_counted(gan):
    rows = np.zeros((9000, gan.n_features_in_))
    rows[4500, 0] = np.nan
    rows[8500, 1] = np.inf
    words = r"NaN in row 4500, column 0 \(2 columns and 2 rows hold NaN or inf\)"
    with pytest.raises(ValueError, match=words):
        gan.anomaly_score(rows)


@pytest.mark.parametrize("rows", [NEW, np.zeros((3, 8, 9)), np.zeros((3, 8, 8, 3))])
def test_images_of_another_shape_are_refused_with_both_shapes(gan_of_images, rows):
    got = "a table" if rows.ndim == 2 else str(rows.shape[1:])
    with pytest.raises(ValueError, match="but this") as caught:
        gan_of_images.anomaly_score(rows)
    assert got in str(caught.value)
    assert "images of shape (8, 8)" in str(caught.value)


@every_detector
def test_a_parameter_out_of_its_range_is_refused_in_words(detector_class):
    for name, values in OUT_OF_RANGE.items():
        for value in values if name in detector_class._get_param_names() else ():
            words = {
                "random_state": None,  # as NumPy says it
                "warm_start": "warm_start is .*(must be|cannot)",
            }.get(name, rf"{name} is {re.escape(repr(value))}; it must be ")
            with pytest.raises(ValueError, match=words):
                tiny(detector_class, **{name: value}).fit(ROWS)


def test_every_parameter_but_networks_and_verbose_has_a_range():
    names = {name for c in CLASSES for name in c._get_param_names()}
    networks = r"generator|(\w+_)?encoder|decoder|(\w+_)?discriminator|critic"
    assert {n for n in names if not re.fullmatch(networks, n)} - {"verbose"} == set(
        OUT_OF_RANGE
    )


# names of columns


def test_column_names_are_kept_and_their_order_is_checked(gan):
    frame = pd.DataFrame(ROWS, columns=["mean radius", "b", "c", "d"])
    detector = tiny(GAN, n_steps=1).fit(frame)
    assert list(detector.feature_names_in_) == list(frame)
    np.testing.assert_array_equal(
        detector.anomaly_score(frame), gan.anomaly_score(ROWS)
    )
    with pytest.raises(ValueError, match="feature names should match"):
        detector.anomaly_score(frame[list(frame)[::-1]])
    with pytest.raises(ValueError, match="3 features.*4 features.*'mean radius'"):
        detector.anomaly_score(frame.iloc[:, 1:])


def test_the_names_of_very_many_columns_are_looked_at_soon():
    frame = pd.DataFrame(np.ones((10, 20_000)), columns=map(str, range(20_000)))
    began = time.process_time()
    rows.checked(GAN(), frame, fitting=True)
    assert time.process_time() - began < 3


def test_a_polars_frame_is_taken_with_its_names(gan):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(dict(zip("abcd", ROWS.T, strict=True)))
    wgan = tiny(gt.detectors.WGAN, n_steps=1).fit(frame)
    assert list(wgan.feature_names_in_) == list("abcd")
    assert scores_or_refuses(wgan, frame)
    with pytest.raises(ValueError, match="feature names should match"):
        wgan.anomaly_score(frame.select(list("badc")))
    with pytest.raises(ValueError, match="not numbers: 'c' .such as 'Ulm'"):
        wgan.fit(frame.with_columns(polars.lit("Ulm").alias("c")))


class Frame:
    """Columns with names and types, as other libraries than pandas have them."""

    def __init__(self, **columns):
        self.data = columns
        self.columns = list(columns)
        self.dtypes = [type(column[0]) for column in columns.values()]
        self.shape = len(columns["a"]), len(columns)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, name):
        return self.data[name]

    def __array__(self, dtype=None, copy=None):
        return np.array([self[name] for name in self.columns], dtype=dtype).T


def test_a_frame_of_another_library_is_read_column_by_column(gan):
    frame = Frame(**dict(zip("abcd", ROWS.T, strict=True)))
    np.testing.assert_array_equal(gan.anomaly_score(frame), gan.anomaly_score(ROWS))
    frame = Frame(**frame.data | {"c": ["Ulm"] * 60})
    for method in (gan.anomaly_score, tiny(GAN).fit):
        with pytest.raises(ValueError, match="not numbers: 'c' .such as 'Ulm'"):
            method(frame)


# numbers that are too large to be squared


@pytest.mark.parametrize("value", [1e100, 1e150, 1e160, LARGEST])
@pytest.mark.parametrize("place", ["one", "column", "all"])
@pytest.mark.parametrize("shape", [(20, WIDTH), (20, 8, 8)], ids=["table", "images"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_huge_numbers_are_scaled_like_others_or_refused(value, place, shape):
    X = np.random.default_rng(0).uniform(-1, 1, shape)
    if place == "one":
        X[3, 1] = value
    elif place == "column":
        X[:, 1] *= value
    else:
        X *= value
    detector = tiny(GAN, n_steps=1, hidden=(4, 4))
    if fits_or_refuses(detector, X) and place != "one":
        assert np.abs(detector.scaled(X)).max() < 10


def test_numbers_that_can_be_squared_are_taken():
    for value in (1e100, 1e-100):
        assert fits_or_refuses(tiny(GAN, n_steps=1), ROWS * value)


# anything at all


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.dates(),
    st.decimals(),
    st.fractions(),
    st.just(10**400),
    st.just(pd.NA),
)
nested = st.recursive(
    scalars,
    lambda inside: st.one_of(
        st.lists(inside, max_size=9),
        st.tuples(inside, inside),
        st.dictionaries(st.text(max_size=3), inside, max_size=3),
        st.lists(inside, min_size=WIDTH, max_size=WIDTH).map(lambda row: [row] * 9),
    ),
    max_leaves=12,
)
shapes = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=9)
any_array = hnp.arrays(
    st.one_of(
        hnp.scalar_dtypes(),
        hnp.byte_string_dtypes(),
        hnp.unicode_string_dtypes(),
        hnp.array_dtypes(),
    ),
    shapes,
)
any_objects = hnp.arrays(object, shapes, elements=scalars, fill=st.nothing())
fitting_shapes = st.tuples(st.integers(1, 40), st.just(WIDTH))
fitting_arrays = hnp.arrays(
    st.one_of(hnp.floating_dtypes(), hnp.integer_dtypes(), hnp.boolean_dtypes()),
    fitting_shapes,
)
columns = st.lists(
    st.sampled_from([float, int, bool, object, "datetime64[ns]", "timedelta64[ns]"]),
    min_size=WIDTH,
    max_size=WIDTH,
).flatmap(
    lambda kinds: hpd.data_frames(
        [
            hpd.column(name, dtype=kind, elements=scalars if kind is object else None)
            for name, kind in zip("abcd", kinds, strict=True)
        ],
        index=hpd.range_indexes(max_size=12),
    )
)
anything = st.one_of(nested, any_array, any_objects, fitting_arrays, columns)


@settings(max_examples=150, **SAME_EACH_TIME)
@given(X=anything)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_anything_is_scored_or_refused(gan, X):
    scores_or_refuses(gan, X)


@settings(max_examples=30, **SAME_EACH_TIME)
@given(X=fitting_arrays)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_rows_of_the_right_width_are_scored_if_all_numbers_are_finite(fitted, X):
    with np.errstate(over="ignore"):
        finite = np.isfinite(X.astype(float)).all()
    assert scores_or_refuses(fitted, X) == finite


@settings(max_examples=40, **SAME_EACH_TIME)
@given(X=anything)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_anything_is_learned_or_refused_by_a_new_detector(X):
    fits_or_refuses(tiny(GAN, n_steps=1, hidden=(4,)), X)


@settings(max_examples=60, **SAME_EACH_TIME)
@given(X=anything)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_anything_is_learned_or_refused_by_a_fitted_detector(fitted_again, X):
    fits_or_refuses(fitted_again, X)
