"""Moments that the server tells, also in its sentences, in the time of the person who reads them."""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from securechat.client.texts import _

_MOMENT: Final = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC\b")
"""As `securechat.clock.format_moment` writes them."""
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Outside of these a moment may be none in local time, and is nothing that a chat has to tell."""


def moment_of(milliseconds: int) -> datetime:
    """Return the moment so long after 1970. Raises ValueError for one that no clock shows."""
    return _of_a_clock(_FIRST + timedelta(milliseconds=milliseconds))


def moment_in(text: str) -> datetime | None:
    """Return the first moment that a text tells, or None."""
    found = _MOMENT.search(text)
    return _read(found[1]) if found is not None else None


def worded(text: str, known: Collection[str]) -> str:
    """Return a sentence of the server with its moment in local time, and in one's own language if it is `known`.

    In those that are known `{time}` stands for the moment.
    """
    moment = moment_in(text)
    shown = local_time(moment) if moment is not None else ""
    if moment is None:
        return _(text) if text in known else text
    template = _MOMENT.sub("{time}", text, count=1)
    return _(template).format(time=shown) if template in known else _MOMENT.sub(lambda _found: shown, text, count=1)


def local_time(moment: datetime) -> str:
    """Return a moment as people write it here: `2026-11-30 04:05`; the time alone when it is today."""
    local = moment.astimezone()
    today = datetime.now(local.tzinfo).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def _read(text: str) -> datetime | None:
    try:
        return _of_a_clock(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except ValueError:
        return None  # such as the 31st of February


def _of_a_clock(moment: datetime) -> datetime:
    if not _FIRST <= moment <= _LAST:
        raise ValueError(f"no moment that a clock shows: {moment:%Y-%m-%d}")
    return moment
