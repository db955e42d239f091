"""What a question says of time, and what a moment is worth by it."""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memories.retrieval.time_expressions import MAX_CHARACTERS, MAX_EXPRESSIONS, nearness, windows

UTC = dt.UTC
NOW = dt.datetime(2023, 6, 14, 15, 30, tzinfo=UTC)  # a Wednesday
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
WEEKDAYS = list(calendar.day_name)


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def worth(question: str, *moments: str | dt.datetime, reference: dt.datetime = NOW) -> list[float]:
    """What each moment is worth, in hundredths."""
    seconds = [(moment(m) if isinstance(m, str) else m).timestamp() for m in moments]
    found = nearness(windows(question, reference), np.array(seconds))
    assert found.dtype == np.float32
    return [round(float(value), 2) for value in found]


def times(
    zone: dt.tzinfo, first: dt.date = dt.date(1, 1, 2), last: dt.date = dt.date(9999, 12, 30)
) -> st.SearchStrategy[dt.datetime]:
    return st.builds(dt.datetime.combine, st.dates(first, last), st.times(), st.just(zone))


def words(question: str, reference: dt.datetime = NOW) -> list[str]:
    return list(dict.fromkeys(window.words for window in windows(question, reference)))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Ann do 3 days ago?", ["3 days ago"]),
        ("Where were we A Couple of Weeks ago", ["A Couple of Weeks ago"]),
        ("the party last Friday", ["last Friday"]),
        ("what about this past sunday and on Monday?", ["this past sunday", "on Monday"]),
        ("Yesterday I said something", ["Yesterday"]),
        ("the day before yesterday", ["the day before yesterday"]),
        ("What happened this morning, and what today?", ["this morning", "today"]),
        ("this week, this month or this year", ["this week", "this month", "this year"]),
        ("last week", ["last week"]),
        ("in the past three weeks", ["past three weeks"]),
        ("over the last few months", ["last few months"]),
        ("last weekend", ["last weekend"]),
        ("the weekend of 7 May 2023", ["of 7 May 2023"]),
        ("in May 2023", ["in May 2023"]),
        ("in May", ["in May"]),
        ("mid-March", ["mid-March"]),
        ("between March 2023 and May", ["March 2023", "May"]),
        ("between April and May", ["April", "May"]),
        ("7th of May, 2023", ["7th of May, 2023"]),
        ("May 7th, 2023", ["May 7th, 2023"]),
        ("on Aug 15th", ["on Aug 15th"]),
        ("the 2023-05-07 meeting", ["2023-05-07"]),
        ("since March 2023", ["since March 2023"]),
        ("in the summer of 2022", ["in the summer of 2022"]),
        ("Last Christmas I gave you", ["Last Christmas"]),
        ("New Year’s Eve 2022", ["New Year’s Eve 2022"]),
        ("What did they do in 2022?", ["in 2022"]),
        ("In 2022, in May", ["in May"]),  # a year alone counts only where nothing else is said
    ],
)
def test_it_finds_the_expression_as_it_was_written(question: str, expected: list[str]) -> None:
    assert words(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "",
        "May I ask what Ann likes?",
        "It may rain and may not",
        "This may be it",
        "They march on Washington after the march",
        "What fell in the spring cleaning"[:14],
        "You spring a surprise at Christmas-like fairs"[:21],
        "How many days ago",
        "2023-13-01",
        "2023-02-30",
        "call 555-2023-05-07-1",
        "12023-05-07",
        "9999 years ago",
        "99999 days ago",
        "1234 5678 2022",
        "🎄🎄🎄",
        "昨日",
        "mayday, marching, julyish, augustus",
        "what do you do on Fridays",
    ],
)
def test_other_words_are_no_time(question: str) -> None:
    assert windows(question, NOW) == ()
    assert worth(question, "2023-06-14", "2023-05-07") == [0, 0]


def test_a_named_day_is_best_and_what_is_told_after_it_better_than_before() -> None:
    moments = ("2023-05-06", "2023-05-07", "2023-05-09", "2023-05-10", "2023-05-15", "2023-05-15T00:01")
    assert worth("on 7 May 2023", *moments) == [1, 1, 1, 0.67, 0.67, 0.33]
    assert worth("on 7 May 2023", "2023-05-05", "2023-05-04", "2023-05-03", "2023-04-29", "2023-04-28T23:59") == [
        0.67,
        0.67,
        0.33,
        0.33,
        0,
    ]
    assert worth("2023-05-07", *moments) == worth("May 7th, 2023", *moments) == [1, 1, 1, 0.67, 0.67, 0.33]


def test_a_named_month_and_the_one_after_it() -> None:
    moments = ("2023-04-30T23:59:59", "2023-05-01", "2023-05-31T23:59:59.999999", "2023-06-01", "2023-07-01")
    assert worth("in May 2023", *moments) == [0, 0.67, 0.67, 0.2, 0]
    assert worth("in December 2022", "2022-12-31", "2023-01-31", "2023-02-01") == [0.67, 0.2, 0]


def test_without_a_year_it_is_any_of_seven_years_or_of_those_given() -> None:
    years = ("2020-05-15", "2021-05-15", "2022-05-15", "2023-05-15", "2024-05-15", "2025-05-15")
    assert worth("in May", "2017-05-15", *years) == [0, 0.67, 0.67, 0.67, 0.67, 0.67, 0]
    assert worth("on 15 May", *years) == [1, 1, 1, 1, 1, 0]
    assert worth("last May", *years) == [0, 0, 0, 0.67, 0, 0]
    assert worth("this June", "2022-06-15", "2023-06-15", "2024-06-15") == [0, 0.67, 0]
    assert worth("last July", "2022-07-15", "2023-07-15") == [0.67, 0]
    given_years = windows("in May", NOW, years=range(1999, 2001))
    assert nearness(given_years, np.array([moment("1999-05-02").timestamp(), moment("2023-05-02").timestamp()]))[
        0
    ] == pytest.approx(2 / 3)
    assert {window.start.year for window in given_years} == {1999, 2000}


def test_a_leap_day_is_one_only_in_leap_years() -> None:
    assert worth("on 29 February 2024", "2024-02-29", "2024-03-02") == [1, 1]
    assert words("on 29 February 2023") == ["February 2023"]
    assert {window.start.year for window in windows("on 29 February", NOW)} == {2020, 2024}
    assert worth("yesterday", "2024-02-29", reference=dt.datetime(2024, 3, 1, 12, tzinfo=UTC)) == [1]


def test_counted_days_weeks_months_and_years_are_the_vaguer_the_longer() -> None:
    assert worth("3 days ago", "2023-06-11T15:30", "2023-06-10T15:30", "2023-06-09T03:30", "2023-06-07T15:30") == [
        1,
        1,
        0.5,
        0,
    ]
    assert worth("two weeks ago", "2023-06-02T15:30", "2023-06-05T15:30", "2023-06-08T15:30") == [1, 0.5, 0]
    assert worth("a couple of weeks ago", "2023-06-04T15:30", "2023-06-10T15:30") == [1, 0.5]
    assert worth("a year ago", "2022-06-14", "2022-07-10", "2023-01-14") == [1, 1, 0]


def test_a_weekday_is_the_last_one_before_today() -> None:
    assert worth("last Friday", "2023-06-09T15:30", "2023-06-08T15:30", "2023-06-11", "2023-06-14T15:30") == [
        1,
        0.87,
        1,
        0,
    ]
    assert worth("on Wednesday", "2023-06-07T15:30", "2023-06-14T15:30") == [1, 0]


def test_spans_fall_off_at_their_edges() -> None:
    assert worth("the past two weeks", "2023-05-31T15:30", "2023-06-15", "2023-05-29T03:30", "2023-05-26") == [
        0.47,
        0.47,
        0.13,
        0,
    ]
    assert worth("last week", "2023-06-07", "2023-06-13", "2023-06-17") == [0.47, 0.41, 0]
    assert worth("this week", "2023-06-12", "2023-06-18T23:59", "2023-06-10") == [0.47, 0.47, 0]
    assert worth("this month", "2023-06-01", "2023-06-30") == [0.47, 0.47]
    assert worth("this year", "2023-01-01", "2023-12-31") == [0.47, 0.47]


def test_weekends() -> None:
    saturday = dt.datetime(2023, 6, 17, 9, tzinfo=UTC)
    days = ("2023-06-10T12:00", "2023-06-11T12:00", "2023-06-17T12:00", "2023-06-18T12:00")
    assert worth("last weekend", *days) == [1, 1, 0, 0]
    assert worth("over the weekend", *days) == [1, 1, 0, 0]
    assert worth("this weekend", *days) == [0, 0, 1, 1]
    assert worth("last weekend", *days, reference=saturday) == [1, 1, 0, 0]
    assert worth("over the weekend", *days, reference=saturday) == [0, 0, 1, 1]
    assert worth("this weekend", *days, reference=saturday) == [0, 0, 1, 1]
    assert worth("the weekend of 10 June 2023", *days[:2]) == [1, 1]
    assert words("last weekend before 10 June 2023") == ["before 10 June 2023"]


def test_seasons_and_holidays() -> None:
    assert worth("in the summer of 2022", "2022-06-01", "2022-08-31", "2022-09-08", "2023-07-01") == [
        0.47,
        0.47,
        0.25,
        0,
    ]
    assert worth("last summer", "2022-07-01", "2023-06-05", "2021-07-01") == [0, 0.47, 0]  # it has begun
    assert worth("last winter", "2022-12-15", "2023-02-28", "2021-12-15") == [0.47, 0.47, 0]
    assert worth("winter 2022", "2022-01-15", "2022-12-15", "2023-01-15", "2022-07-01") == [0.47, 0.47, 0.47, 0]
    assert worth("last Christmas", "2022-12-25", "2021-12-25") == [1, 0]
    assert worth("at Christmas", "2022-12-25", "2021-12-25") == [1, 1]


def test_a_side_of_a_date_counts_little_and_the_date_itself_as_ever() -> None:
    moments = ("2020-01-01", "2023-02-28", "2023-03-01", "2023-04-15", "2023-06-14", "2023-07-14")
    assert worth("since March 2023", *moments) == [0, 0, 0.67, 0.2, 0.2, 0]
    assert worth("after March 2023", *moments) == [0, 0, 0.67, 0.2, 0.2, 0]
    assert worth("before March 2023", *moments) == [0.2, 0.2, 0.67, 0.2, 0, 0]
    assert worth("since March", *moments) == [0, 0, 0.67, 0.2, 0.2, 0]
    assert worth("before 7 March 2023", "2020-01-01", "2023-03-07", "2023-06-01") == [0.2, 1, 0]
    assert worth("in 2022", "2021-12-31T23:59", "2022-01-01", "2022-12-31", "2023-01-01") == [0, 0.2, 0.2, 0]
    assert worth("since 2022", "2021-12-31", "2022-06-01", "2023-06-01") == [0, 0.2, 0.2]
    assert worth("before 2022", "2021-12-31", "2022-06-01", "2023-06-01") == [0.2, 0, 0]
    assert worth("after 2030", "2029-01-01", "2031-01-01") == [0, 0]


def test_days_are_those_of_the_reference_s_zone() -> None:
    tokyo = dt.datetime(2023, 6, 15, 0, 30, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    found = windows("today", tokyo)[0]
    assert (found.start, found.stop) == (
        dt.datetime(2023, 6, 14, 15, tzinfo=UTC),
        dt.datetime(2023, 6, 15, 14, 59, 59, 999999, tzinfo=UTC),
    )


def test_the_day_the_clocks_change_has_its_own_length() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    short, long = (windows("today", dt.datetime(2023, m, d, 12, tzinfo=berlin))[0] for m, d in ((3, 26), (10, 29)))
    hours = [round((w.stop.timestamp() - w.start.timestamp()) / 3600, 3) for w in (short, long)]
    assert hours == [23, 25]
    month = windows("in March 2023", dt.datetime(2023, 7, 1, tzinfo=berlin))[0]
    assert month.start == dt.datetime(2023, 2, 28, 23, tzinfo=UTC)
    assert month.stop == dt.datetime(2023, 3, 31, 21, 59, 59, 999999, tzinfo=UTC)


def test_a_reference_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        windows("yesterday", dt.datetime(2023, 6, 14))  # noqa: DTZ001


def test_only_so_much_of_a_question_is_read() -> None:
    assert windows("x" * (MAX_CHARACTERS - 3) + " yesterday", NOW) == ()
    assert len(words(", ".join(f"{n} days ago" for n in range(100)))) == MAX_EXPRESSIONS


# --- against the levels as they were measured, said once more in plain Python ----------------------------------------
KINDS = st.one_of(
    st.tuples(
        st.just("ago"), st.sampled_from([1, 2, 5, 12]), st.sampled_from(["day", "week", "month", "year"]), st.booleans()
    ),
    st.tuples(st.just("weekday"), st.sampled_from(WEEKDAYS)),
    st.tuples(st.just("past"), st.integers(1, 9), st.sampled_from(["day", "week", "month", "year"])),
    st.tuples(st.just("last"), st.sampled_from(["day", "week", "month", "year"])),
    st.tuples(st.just("yesterday")),
    st.tuples(st.just("day"), st.integers(1, 28), st.integers(1, 12), st.none() | st.integers(2021, 2024)),
    st.tuples(st.just("month"), st.integers(1, 12), st.none() | st.integers(2021, 2024)),
    st.tuples(st.just("year"), st.integers(2020, 2024)),
)
UNITS = {"day": 1, "week": 7, "month": 30.4, "year": 365.25}


def spoken(kind: tuple) -> str:
    match kind:
        case ("ago", number, unit, fuzzy):
            return f"a few {unit}s ago" if fuzzy else f"{number} {unit}s ago"
        case ("weekday", name):
            return f"last {name}"
        case ("past", number, unit):
            return f"in the past {number} {unit}s"
        case ("last", unit):
            return f"last {unit}"
        case ("day", day, month, year):
            return f"on {day} {MONTHS[month - 1]}" + (f", {year}" if year else "")
        case ("month", month, year):
            return f"in {MONTHS[month - 1]}" + (f" {year}" if year else "")
        case ("year", year):
            return f"in {year}"
        case _:
            return "yesterday"


def level(kind: tuple, t: dt.datetime) -> float:
    """The documented worth of a moment of the years 2021 to 2024, by the days that it lies before NOW."""
    ago = (NOW - t).total_seconds() / 86400

    def soft(longest: float, shortest: float, tolerance: float, weight: float) -> float:
        return weight * max(0.0, 1 - max(ago - longest, shortest - ago, 0) / tolerance)

    match kind:
        case ("ago", number, unit, fuzzy):
            around = {"day": 1, "week": 2, "month": 5, "year": 30}[unit] * (2 if fuzzy else 1)
            days = (3 if fuzzy else number) * UNITS[unit]
            return soft(days + around, days - around, 3 * around, 1)
        case ("weekday", name):
            days = (NOW.weekday() - WEEKDAYS.index(name)) % 7 or 7
            return soft(days + 0.6, days - 1.5, 3, 1)
        case ("past", number, unit):
            return soft(number * UNITS[unit], -1, 0.25 * number * UNITS[unit], 0.7 / 1.5)
        case ("last", unit):
            return soft(1.9 * UNITS[unit], 0.3 * UNITS[unit], 0.5 * UNITS[unit], 0.7 / 1.5)
        case ("day", day, month, year):
            best = 0.0
            for y in [year] if year else [2021, 2022, 2023, 2024]:
                after = (t - dt.datetime(y, month, day, tzinfo=UTC)).total_seconds() / 86400
                steps = ((-1, 2, 1.0), (-3, 8, 2 / 3), (-8, 22, 1 / 3))
                best = max(best, *(weight if low <= after <= high else 0 for low, high, weight in steps))
            return best
        case ("month", month, year):
            months = (t.year - year) * 12 + t.month - month if year else (t.month - month) % 12
            return {0: 1 / 1.5, 1: 0.3 / 1.5}.get(months, 0)
        case ("year", year):
            return 0.3 / 1.5 if t.year == year else 0
        case _:
            return soft(1.6, 0.4, 1.5, 1)


@given(
    KINDS,
    times(UTC, dt.date(2021, 2, 1), dt.date(2024, 11, 30)),
    st.booleans(),
)
@example(("day", 31 - 3, 2, 2023), moment("2023-03-02"), False)
def test_it_is_what_was_measured(kind: tuple, t: dt.datetime, dated: bool) -> None:
    if dated:
        t = t.replace(hour=0, minute=0, second=0, microsecond=0)
    found = nearness(windows(f"What did Ann do {spoken(kind)}?", NOW), np.array([t.timestamp()]))
    assert float(found[0]) == pytest.approx(level(kind, t), abs=1e-6), spoken(kind)


PIECES = [
    "may",
    "in",
    "March",
    "7",
    "2023",
    "last",
    "week",
    "a few",
    "ago",
    "on",
    "Friday",
    "summer",
    "before",
    "🎄",
    "İ",
]


@given(
    st.sampled_from(["the past 0 days", "0 days ago"])
    | st.text()
    | st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
    st.one_of(times(zone) for zone in (UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"))),
)
def test_any_text_at_any_time_gives_windows_that_can_be_scored(text: str, reference: dt.datetime) -> None:
    found = windows(text, reference)
    for window in found:
        assert window.words in text
        assert window.start.replace(tzinfo=None) <= window.stop.replace(tzinfo=None)
        assert 0 < window.weight <= 1
        assert window.tolerance > 0
    values = nearness(found, np.array([reference.timestamp(), reference.timestamp() + 9e4, 0.0, 1.7e9]))
    assert ((values >= 0) & (values <= 1)).all()


@given(st.lists(st.sampled_from([" in May", " a few", " 7", "-2023", " last", "1" * 9, " of the", "🎄"]), min_size=1))
def test_long_questions_are_read_to_their_limit(pieces: list[str]) -> None:
    long = ("".join(pieces) * 10_000)[:10_000]
    assert windows(long, NOW) == windows(long[:MAX_CHARACTERS], NOW)


@given(st.lists(st.floats(-3e9, 4e9), max_size=5), st.sampled_from(["", "yesterday", "in May", "since 2022"]))
def test_nearness_is_the_best_window_s_word(moments: list[float], question: str) -> None:
    found = windows(question, NOW)
    together = nearness(found, np.array(moments))
    apart = [nearness([window], np.array(moments)) for window in found]
    assert together.tolist() == (np.max(apart, axis=0).tolist() if apart else [0.0] * len(moments))
