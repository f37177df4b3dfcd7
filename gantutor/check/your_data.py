"""Checks of the exercises of notebook 11."""

from collections.abc import Callable

from scipy.stats import binom

from gantutor.check._common import (
    Off,
    Verdict,
    call,
    exercise,
    number,
    recognise,
    right,
    share,
)

__all__ = ["alarms_with_a_day_counter", "rows_for_a_budget", "worrying_number"]


@exercise
def rows_for_a_budget(good_rows: int) -> Verdict:
    """Check how many good rows a budget of 3 false alarms in 1000 rows needs.

    Parameters
    ----------
    good_rows : int
        Rows to be given to `fit`, a fifth of which set the threshold.

    Returns
    -------
    Verdict
    """
    rows = number(good_rows, "the number of rows")
    recognise(
        rows,
        {
            f"{rows:g} calibration rows are about right. But they are only a fifth of the "
            "rows that you give to fit.": rows if 331 <= rows <= 335 else -1,
            "1000 rows are what the people look at. How many calibration rows does a rate "
            "of 0.003 need?": 1000,
            "you took a fifth of the calibration rows. Which of the two numbers is the "
            "larger one?": rows if 65 <= rows <= 68 else -1,
        },
        atol=0.1,
    )
    if 1660 <= rows < 1663:
        raise Off(
            "that is a fifth of a row too few: calibration rows come whole. Round their "
            "number up before you multiply by five."
        )
    if rows < 1663:
        raise Off(
            "that is too few. Find the rate, then the number of calibration rows that it "
            "needs at least, then the rows of which they are a fifth."
        )
    if rows > 1665:
        raise Off(
            "that is enough, but not the least. What is one over the rate, less one? And "
            "of how many rows is it a fifth?"
        )
    return right(
        "1 / 0.003 - 1 is 332.3, so 333 calibration rows, a fifth of 1,665. With half as "
        "many the rate that can be promised is twice as high."
    )


@exercise
def alarms_with_a_day_counter(without_day: float, with_day: float) -> Verdict:
    """Check the shares of alarms a month later, without and with a counter of days.

    Parameters
    ----------
    without_day, with_day : float
        Shares of alarms in April of detectors trained in March.

    Returns
    -------
    Verdict
    """
    without_day = share(without_day, "the share without the column")
    with_day = share(with_day, "the share with the column")
    if with_day < without_day:
        raise Off(
            "with the column there are fewer alarms than without it. Are the two numbers "
            "in the right order?"
        )
    if without_day > 0.15:
        raise Off(
            f"{without_day:.0%} alarms without the column are far more than the 5 % that "
            "the detector allows. Was it fitted on March, and without the new column?"
        )
    if with_day < 0.3:
        raise Off(
            f"{with_day:.0%} alarms with the column are hardly more than without it. Look "
            "at april['day']: does it go on from where March ended, or begin at 0 again?"
        )
    return right(
        "nothing has changed from March to April but the date, and the detector that can "
        "see the date calls a large part of April anomalous."
    )


@exercise
def worrying_number(function: Callable[[int, float], int]) -> Verdict:
    """Check the smallest number of alarms that has a chance of at most 1 %.

    Parameters
    ----------
    function : callable
        Takes the number of rows and the rate; returns the number of alarms.

    Returns
    -------
    Verdict
    """
    for n_rows, rate in ((1750, 0.004), (100, 0.05), (20_000, 0.01), (50, 0.001)):
        found = number(call(function, n_rows, rate), "the number of alarms")
        expected = int(binom.isf(0.01, n_rows, rate)) + 1
        given = (
            f"for {n_rows} rows and a rate of {rate:g} your function returns {found:g}"
        )
        if 0 < found < 1:
            raise Off(f"{given}. A number of alarms is needed, not a share.")
        if found != round(found):
            raise Off(f"{given}. Alarms come in whole numbers.")
        if found == expected - 1:
            chance = binom.sf(found - 1, n_rows, rate)
            raise Off(
                f"{given}, one too few: the chance of so many or more is {chance:.3g}. "
                "Do you use an approximation? Or binom.sf(k, n, rate), which leaves k "
                "itself out: the chance of k or more is sf(k - 1, n, rate)."
            )
        if found != expected:
            chance = binom.sf(found - 1, n_rows, rate)
            raise Off(
                f"{given}. The chance of so many alarms or more is {chance:.3g}; "
                "the smallest number whose chance is at most 0.01 is asked for."
            )
    return right(
        "for 1,750 rows at 0.004, 15 alarms are worrying and 14 are not, although 7 are "
        "expected. With 50 rows at 0.001, two are enough."
    )
