"""What people and scripts mean by a time."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from securechat.client.errors import UsageError
from securechat.client.when import parse_since

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)  # 11:30 in Moscow


@pytest.fixture(autouse=True)
def moscow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A zone without summer time, three hours before UTC."""
    monkeypatch.setenv("TZ", "MSK-3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", "2026-11-22T08:28:30"),
        ("2d", "2026-11-20T08:30:00"),
        ("1w", "2026-11-15T08:30:00"),
        ("99999w", "1970-01-01T00:00:00"),
        ("today", "2026-11-21T21:00:00"),
        ("yesterday", "2026-11-20T21:00:00"),
        ("08:00", "2026-11-22T05:00:00"),
        ("8:00", "2026-11-22T05:00:00"),
        ("11:30:00", "2026-11-22T08:30:00"),
        ("11:31", "2026-11-21T08:31:00"),
        ("23:59:59", "2026-11-21T20:59:59"),
        ("2026-11-22T08:00Z", "2026-11-22T08:00:00"),
        ("2026-11-22T08:00", "2026-11-22T05:00:00"),
        ("2026-11-22", "2026-11-21T21:00:00"),
    ],
)
def test_a_moment(text: str, moment: str) -> None:
    assert parse_since(text, NOW) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "5", "tomorrow", "24:00", "8:5", "1y", "-1h", "08:00:00:00", "2026-13-01"])
def test_no_moment(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        parse_since(text, NOW)
