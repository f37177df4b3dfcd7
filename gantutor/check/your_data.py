"""Checks of the exercises of notebook 11."""

from collections.abc import Callable
from typing import Any

from scipy.stats import binom

from gantutor.check._common import (
    Answer,
    Function,
    Verdict,
    exercise,
    number,
    share,
)

__all__ = ["alarms_with_a_day_counter", "rows_for_a_budget", "worrying_number"]


@exercise
def rows_for_a_budget(good_rows: int) -> Verdict:
    """Check how many good rows for `fit` a budget of 3 false alarms in 1000 rows needs."""
    rows = number(good_rows, "the number of rows")
    return Answer(
        mistakes={
            f"{rows:g} calibration rows are about right. But they are only a fifth of "
            "the rows that you give to fit.": 331 <= rows <= 335,
            "1000 rows are what the people look at. How many calibration rows does a "
            "rate of 0.003 need?": rows == 1000,
            "you took a fifth of the calibration rows. Which of the two numbers is the "
            "larger one?": 65 <= rows <= 68,
            "that is a fifth of a row too few: calibration rows come whole. Round "
            "their number up before you multiply by five.": 1660 <= rows < 1663,
            "that is too few. Find the rate, then the number of calibration rows that "
            "it needs at least, then the rows of which they are a fifth.": rows < 1663,
            "that is enough, but not the least. What is one over the rate, less one? "
            "And of how many rows is it a fifth?": rows > 1665,
        },
        right="1 / 0.003 - 1 is 332.3, so 333 calibration rows, a fifth of 1,665. With "
        "half as many the rate that can be promised is twice as high.",
    ).judge(rows)


@exercise
def alarms_with_a_day_counter(without_day: float, with_day: float) -> Verdict:
    """Check the shares of alarms a month later, without and with a counter of days."""
    without_day = share(without_day, "the share without the column")
    with_day = share(with_day, "the share with the column")
    return Answer(
        mistakes={
            "with the column there are fewer alarms than without it. Are the two "
            "numbers in the right order?": with_day < without_day,
            f"{without_day:.0%} alarms without the column are far more than the 5 % "
            "that the detector allows. Was it fitted on March, and without the new "
            "column?": without_day > 0.15,
            f"{with_day:.0%} alarms with the column are hardly more than without it. "
            "Look at april['day']: does it go on from where March ended, or begin at 0 "
            "again?": with_day < 0.3,
        },
        right="nothing has changed from March to April but the date, and the detector "
        "that can see the date calls a large part of April anomalous.",
    ).judge((without_day, with_day))


def _worrying(n_rows: int, rate: float) -> int:
    return int(binom.isf(0.01, n_rows, rate)) + 1


def _other_number(given: tuple[Any, ...], found: float, wanted: float) -> str:
    n_rows, rate = given
    said = f"for {n_rows} rows and a rate of {rate:g} your function returns {found:g}"
    chance = binom.sf(found - 1, n_rows, rate)
    if 0 < found < 1:
        return f"{said}. A number of alarms is needed, not a share."
    if found != round(found):
        return f"{said}. Alarms come in whole numbers."
    if found == wanted - 1:
        return (
            f"{said}, one too few: the chance of so many or more is {chance:.3g}. Do "
            "you use an approximation? Or binom.sf(k, n, rate), which leaves k itself "
            "out: the chance of k or more is sf(k - 1, n, rate)."
        )
    return (
        f"{said}. The chance of so many alarms or more is {chance:.3g}; the smallest "
        "number whose chance is at most 0.01 is asked for."
    )


@exercise
def worrying_number(function: Callable[[int, float], int]) -> Verdict:
    """Check a function of rows and rate: the fewest alarms with a chance of at most 1 %."""
    return Function(
        solution=_worrying,
        inputs=[(1750, 0.004), (100, 0.05), (20_000, 0.01), (50, 0.001)],
        otherwise=_other_number,
        what="the number of alarms",
        within=0,
        right="for 1,750 rows at 0.004, 15 alarms are worrying and 14 are not, "
        "although 7 are expected. With 50 rows at 0.001, two are enough.",
    ).judge(function)
