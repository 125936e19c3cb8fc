"""Times as server-time writes them (IRCv3), and back."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.clock import format_moment, format_time, parse_time, wall_clock

YEAR_9999 = 253_402_300_799_999
"""The last millisecond that a four-digit year can name."""


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (999, "1970-01-01T00:00:00.999Z"),
        (1_000, "1970-01-01T00:00:01.000Z"),
        (1_795_334_400_123, "2026-11-22T08:00:00.123Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (YEAR_9999, "9999-12-31T23:59:59.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_both_ways(milliseconds: int, text: str) -> None:
    assert format_time(milliseconds) == text
    assert parse_time(text) == milliseconds


@given(st.integers(0, YEAR_9999))
def test_there_and_back(milliseconds: int) -> None:
    assert parse_time(format_time(milliseconds)) == milliseconds


@given(st.lists(st.integers(0, YEAR_9999)))
def test_texts_sort_as_times(times: list[int]) -> None:
    assert sorted(map(format_time, times)) == [format_time(one) for one in sorted(times)]


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:01Z", 1_000),
        ("1970-01-01T00:00:01.5Z", 1_500),
        ("1970-01-01T00:00:01.123999Z", 1_123),  # cut, not rounded: it must not lie after what it names
    ],
)
def test_fractions_of_any_length(text: str, milliseconds: int) -> None:
    assert parse_time(text) == milliseconds


@pytest.mark.parametrize(
    "text",
    ["", "Z", "now", "2026-11-22T08:00:00.000", "2026-11-22T08:00:00+00:00", "2026-02-30T00:00:00Z",
     "2026-11-22T25:00:00Z", "2026-11-22T08:00:00.000ZZ", "2026-11-22T08:00:00z", "२०२६-11-22T08:00:00Z",
     "9" * 5000 + "Z", "\0Z"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


@given(st.text())
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    for attempt in (text, f"{text}Z", f"2026-11-22T{text}Z"):
        try:
            parse_time(attempt)
        except ValueError:
            continue


def test_an_offset_before_the_z_is_not_ignored() -> None:
    """Two zones at once say nothing."""
    with pytest.raises(ValueError):
        parse_time("2026-11-22T08:00:00+03:00Z")


def test_the_wall_clock() -> None:
    before = time.time_ns() // 1_000_000
    now = wall_clock()
    assert before <= now <= time.time_ns() // 1_000_000
    assert abs(datetime.now(UTC).timestamp() * 1000 - now) < 60_000


def test_a_moment_in_a_sentence() -> None:
    assert format_moment(1_795_334_400_123) == "2026-11-22 08:00:00 UTC"
