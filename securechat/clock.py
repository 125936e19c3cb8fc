"""The time: one function for wall time in milliseconds, injectable wherever it matters."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - compared with times that are read as UTC
_MILLISECOND = timedelta(milliseconds=1)

Clock = Callable[[], int]
"""Returns the wall time in milliseconds since 1970-01-01T00:00:00Z."""


def wall_clock() -> int:
    """Return the wall time in milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000


def format_time(milliseconds: int) -> str:
    """Return `2026-11-22T08:00:00.000Z`, the form that IRCv3 server-time uses (milliseconds, UTC)."""
    seconds, fraction = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:03d}Z"


def format_moment(milliseconds: int) -> str:
    """Return `2026-11-22 08:00:00 UTC`, as sentences for people have it."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def parse_time(text: str) -> int:
    """Return the milliseconds that `text`, in the form of `format_time`, stands for.

    Fractions of any length are accepted and cut to milliseconds. Raises ValueError when it is not such a time.
    """
    if not text.endswith("Z"):
        raise ValueError(f"not a UTC time that ends with Z: {text!r}")
    moment = datetime.fromisoformat(text[:-1])
    if moment.tzinfo is not None:  # "+03:00Z" names two zones
        raise ValueError(f"not a UTC time: {text!r}")
    return (moment - _EPOCH) // _MILLISECOND
