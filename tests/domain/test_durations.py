"""Times as people write them."""

import pytest

from securechat.domain.durations import LONGEST, looks_like_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("1s", 1_000), ("10m", 600_000), ("2h", 7_200_000), ("7d", 604_800_000), ("3650d", LONGEST)],
)
def test_times(text: str, milliseconds: int) -> None:
    assert looks_like_duration(text)
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["3651d", "999999999d"])
def test_times_that_are_too_long(text: str) -> None:
    assert looks_like_duration(text)
    with pytest.raises(ValueError, match="not a time"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "0m", "m", "10", "10 m", "-1h", "1w", "1.5h", "9999999999d", "١m"])
def test_what_is_no_time(text: str) -> None:
    assert not looks_like_duration(text)
    with pytest.raises(ValueError, match="not a time"):
        parse_duration(text)
