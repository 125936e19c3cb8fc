"""Who is kept out of a room or only reads there: until when, by whom and why, in words, as far as the server says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from securechat.client.errors import RoomRefused
from securechat.client.library import Client
from securechat.client.moments import local_time, moment_in
from securechat.client.sanitize import sanitize
from securechat.client.texts import _
from securechat.protocol.message import Message

_BANNED: Final = re.compile(r"Banned(?: until (?P<until>\S+ \S+ UTC))?(?:: (?P<reason>.*))?", re.DOTALL)
"""What the server gives as the reason when a ban puts somebody out."""
_MUTE: Final = "m:"
_BAN_LIST: Final = "367"


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A row of the list of those who may not come in, or may only read."""

    mask: str
    """As it stands on the list: `a:carl`, `m:carl!*@*`."""
    until: datetime | None
    """In UTC; None: until it is taken back."""
    by: str = ""
    """Who put it there; empty where the server does not say."""
    since: datetime | None = None

    @property
    def mute(self) -> bool:
        """Whether they may come in, and only read."""
        return self.mask.startswith(_MUTE)

    @property
    def name(self) -> str:
        """Who is meant, as people know them; harmless."""
        return name_in(self.mask)


def name_in(mask: str) -> str:
    """Return who a mask means, without the letters that stand before accounts and behind nicks; harmless."""
    return sanitize(mask.removeprefix(_MUTE).removeprefix("a:").removesuffix("!*@*"))


def kept_out(client: Client, room: str) -> list[KeptOut]:
    """Return who is kept out of a room or only reads there, oldest first of each. Raises RoomRefused."""
    answers = {command: rows_in(client.ask(command, room)) for command in ("BAN", "MUTE")}
    noted = [row for command, rows in answers.items() for row in rows if row.mute is (command == "MUTE")]
    try:
        lines = client.ask("MODE", room, "b")
    except RoomRefused:
        return noted
    setters = {line.params[2]: (line.params[3:4], line.params[4:5]) for line in lines if line.command == _BAN_LIST}
    return [_with_setter(row, *setters.get(row.mask, ((), ()))) for row in noted]


def rows_in(answer: Sequence[Message]) -> list[KeptOut]:
    """Return the rows that an answer to BAN or MUTE tells."""
    found = (line.params for line in answer if line.command == "NOTE" and line.params[1:2] in (["BANNED"], ["MUTED"]))
    return [KeptOut(params[3], moment_in(params[-1])) for params in found if len(params) > 4]


def _with_setter(row: KeptOut, setter: Sequence[str], since: Sequence[str]) -> KeptOut:
    by = sanitize(setter[0].partition("!")[0]) if setter else ""
    seconds = since[0] if since else ""
    good = seconds.isascii() and seconds.isdigit() and len(seconds) < 12
    return KeptOut(row.mask, row.until, by, datetime.fromtimestamp(int(seconds), UTC) if good else None)


def sentence_of(row: KeptOut) -> str:
    """Return a row as people read it: who, until when, by whom and since when."""
    if row.mute:
        until = _("{name} only reads, until {time}") if row.until else _("{name} only reads, until that is taken back")
    else:
        until = _("{name} is kept out until {time}") if row.until else _("{name} is kept out for good")
    words = until.format(name=row.name, time=local_time(row.until) if row.until else "")
    if row.by and row.since:
        return _("{what} (by {name}, since {time})").format(what=words, name=row.by, time=local_time(row.since))
    return words


def banned(reason: str) -> tuple[bool, str, str]:
    """Take apart why somebody was put out: whether by a ban, until when in words (empty: for good), and the reason."""
    found = _BANNED.fullmatch(reason)
    if found is None:
        return False, "", reason
    until = moment_in(found["until"] or "")
    return True, local_time(until) if until else "", found["reason"] or ""
