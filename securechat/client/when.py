"""The moments that people and scripts name: `1h` ago, `yesterday`, `08:00`, or a date and time."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from securechat.client.errors import UsageError
from securechat.client.sanitize import sanitize
from securechat.client.texts import _

_AGE: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TIME_OF_DAY: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_DAYS_AGO: Final = {"today": 0, "yesterday": 1}
_BEGINNING: Final = datetime.fromtimestamp(0, UTC)
"""No server has anything older, and years of less than four digits are no time on the wire."""


def parse_since(text: str, now: datetime | None = None) -> datetime:
    """Return the moment that is meant by a text, in UTC.

    An age (`90s`, `30m`, `1h`, `2d`, `1w`), the time of a day (`08:00`: the last time that it was), the beginning of a
    day (`today`, `yesterday`), or a date and time in ISO form. Local time, where no zone is said. Raises UsageError.
    """
    now = now or datetime.now(UTC)
    try:
        return max(_moment(text, now), _BEGINNING)
    except (ValueError, OverflowError):
        raise UsageError(
            _(
                "{text} is no time: use an age such as 90s, 30m, 1h, 2d, a time such as 08:00, today, yesterday, "
                "or 2026-11-22T08:00Z."
            ).format(text=sanitize(text))
        ) from None


def _moment(text: str, now: datetime) -> datetime:
    age = _AGE.fullmatch(text)
    if age is not None:
        return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
    today = now.astimezone().date()
    if text in _DAYS_AGO:
        return _local(today - timedelta(days=_DAYS_AGO[text]), time())
    if _TIME_OF_DAY.fullmatch(text):
        clock = time.fromisoformat(text.zfill(len("08:00:00")) if text.count(":") == 2 else text.zfill(len("08:00")))
        moment = _local(today, clock)
        return moment if moment <= now else _local(today - timedelta(days=1), clock)
    return datetime.fromisoformat(text).astimezone(UTC)


def _local(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock).astimezone(UTC)
