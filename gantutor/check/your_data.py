"""Checks of the exercises of notebook 15."""

from collections.abc import Callable

from scipy.stats import binom

from gantutor.check._common import Answer, Verdict, each, exercise, right
from gantutor.check._reading import call, number, refuse

__all__ = ["alarms_with_a_day_counter", "rows_for_a_budget", "worrying_number"]


@exercise
def rows_for_a_budget(good_rows: int) -> Verdict:
    """Check how many good rows for `fit` a budget of 3 false alarms in 1000 rows needs."""
    rows = number(good_rows, "the number of rows")
    return Answer(
        value=1664,
        within=1,  # of 1663 rows, too, a fifth is nearly 333
        near=2,
        mistakes={
            f"{rows:g} calibration rows are about right. But they are only a fifth of "
            "the rows that you give to fit.": 333,
            "1000 rows are what the people look at. How many calibration rows does a "
            "rate of 0.003 need?": 1000,
            "you took a fifth of the calibration rows. Which of the two numbers is the "
            "larger one?": 66.6,
            "that is a fifth of a row too few: calibration rows come whole. Round "
            "their number up before you multiply by five.": 1661.5,
            "that is too few. Find the rate, then the number of calibration rows that "
            "it needs at least, then the rows of which they are a fifth.": rows < 1663,
        },
        otherwise="that is enough, but not the least. What is one over the rate, less "
        "one? And of how many rows is it a fifth?",
        right="1 / 0.003 - 1 is 332.3, so 333 calibration rows, a fifth of 1,665 "
        "(`fit` rounds, so 1,663 would do). With half as many the rate that can be "
        "promised is twice as high.",
    ).judge(rows)


@exercise
def alarms_with_a_day_counter(without_day: float, with_day: float) -> Verdict:
    """Check the shares of alarms a month later, without and with a counter of days."""
    found = each(number, without_day=without_day, with_day=with_day)
    negative = any(found < 0)
    return Answer(
        value=(0.05, 0.9),
        within=0.08,  # other seeds differ by 0.03
        mistakes={
            "predict returns 1 and -1. Take the share of -1, not the mean.": negative,
            "a share lies between 0 and 1: 90 % is 0.9.": any(found > 1),
            "these are the shares of the rows without an alarm. predict returns -1 for "
            "a row that raises one.": found[1] < found[0] and sum(found) > 1,
            "with the column there are fewer alarms than without it. Are the two "
            "numbers in the right order?": found[1] < found[0],
            f"{found[0]:.0%} alarms without the column are far more than the 5 % that "
            "the detector allows. Was it fitted on March, and without the new "
            "column?": found[0] > 0.13,
            f"{found[1]:.0%} alarms with the column are hardly more than without it. "
            "Look at april['day']: does it go on from where March ended, or begin at 0 "
            "again? And are the alarms those of April?": found[1] < 0.3,
        },
        otherwise=f"{found[1]:.0%} alarms with the column are not what comes out. Fit "
        "WGAN(n_steps=200, random_state=0) on March, and count the -1 in April.",
        right="nothing has changed from March to April but the date, and the detector "
        "that can see the date calls a large part of April anomalous.",
    ).judge(found)


@exercise
def worrying_number(function: Callable) -> Verdict:
    """Check a function of rows and rate: the fewest alarms with a chance of at most 1 %."""
    for n_rows, rate in ((1750, 0.004), (100, 0.05), (20_000, 0.01), (50, 0.001)):
        found = number(call(function, n_rows, rate), "the number of alarms")
        wanted = binom.isf(0.01, n_rows, rate) + 1
        chance = f"{binom.sf(found - 1, n_rows, rate):.3g}"
        said = (
            f"for {n_rows} rows and a rate of {rate:g} your function returns {found:g}"
        )
        refuse(
            {
                f"{said}. A number of alarms is needed, not a share.": 0 < found < 1,
                f"{said}. Alarms come in whole numbers.": found % 1,
                f"{said}, one too few: the chance of so many or more is {chance}. Do "
                "you use an approximation? Or binom.sf(k, n, rate), which leaves k "
                "itself out: the chance of k or more is sf(k - 1, n, "
                "rate).": found == wanted - 1,
                f"{said}. The chance of so many alarms or more is {chance}; the "
                "smallest number whose chance is at most 0.01 is asked "
                "for.": found != wanted,
            }
        )
    return right(
        "for 1,750 rows at 0.004, 15 alarms are worrying and 14 are not, although 7 "
        "are expected. With 50 rows at 0.001, two are enough."
    )
