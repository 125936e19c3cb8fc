"""What the server tells of a person (WHOIS), in words. No I/O but the question itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from securechat.client.library import Client
from securechat.client.sanitize import sanitize
from securechat.client.texts import _, ngettext
from securechat.protocol.message import Message


@dataclass(slots=True)
class Person:
    """A person who is present."""

    nick: str
    account: str = ""
    real_name: str = ""
    rooms: list[str] = field(default_factory=list)
    """As the server writes them, each with the signs of what the person is there: `@#tea`."""
    away: str = ""
    administrator: bool = False
    program: bool = False
    idle: timedelta | None = None
    since: datetime | None = None


def ask_who_is(client: Client, nick: str) -> Person:
    """Return who somebody is. Raises RoomRefused when nobody of that name is present."""
    return person_of(nick, client.ask("WHOIS", nick))


def person_of(nick: str, lines: list[Message]) -> Person:
    """Return what an answer to WHOIS says (modern-irc, "WHOIS message")."""
    person = Person(nick)
    for line in lines:
        take = _NUMERICS.get(line.command)
        if take is not None and len(line.params) > 2:
            take(person, line.params)
    return person


def rows_of(person: Person) -> list[tuple[str, str]]:
    """Return what there is to say of a person, each with what it is; harmless for a terminal."""
    rows = [
        (_("Name"), person.nick),
        (_("Account"), person.account or _("none: a guest")),
        (_("Calls themselves"), person.real_name if person.real_name != person.nick else ""),
        (_("Rooms"), ", ".join(sorted(person.rooms, key=str.casefold))),
        (_("Away"), person.away),
        (_("Here since"), f"{person.since.astimezone():%Y-%m-%d %H:%M}" if person.since is not None else ""),
        (_("Silent for"), duration(person.idle) if person.idle is not None else ""),
        (_("Powers"), _("an administrator of this server") if person.administrator else ""),
        (_("Kind"), _("a program") if person.program else ""),
    ]
    return [(label, sanitize(value)) for label, value in rows if value]


def duration(time: timedelta) -> str:
    """Return a length of time in its greatest unit: `3 hours`."""
    seconds = int(time.total_seconds())
    if seconds < 60:
        return ngettext("{count} second", "{count} seconds", seconds).format(count=seconds)
    if seconds < 3600:
        return ngettext("{count} minute", "{count} minutes", seconds // 60).format(count=seconds // 60)
    if seconds < 86400:
        return ngettext("{count} hour", "{count} hours", seconds // 3600).format(count=seconds // 3600)
    return ngettext("{count} day", "{count} days", seconds // 86400).format(count=seconds // 86400)


def _user(person: Person, params: list[str]) -> None:
    person.nick, person.real_name = params[1], params[-1]


def _account(person: Person, params: list[str]) -> None:
    person.account = params[2]


def _rooms(person: Person, params: list[str]) -> None:
    person.rooms += params[-1].split()


def _away(person: Person, params: list[str]) -> None:
    person.away = params[-1]


def _administrator(person: Person, _params: list[str]) -> None:
    person.administrator = True


def _program(person: Person, _params: list[str]) -> None:
    person.program = True


def _idle(person: Person, params: list[str]) -> None:
    idle, since = (int(one) if one.isascii() and one.isdigit() and len(one) < 12 else None for one in params[2:4])
    if idle is not None and since is not None:
        person.idle, person.since = timedelta(seconds=idle), datetime.fromtimestamp(since, UTC)


_NUMERICS: dict[str, Callable[[Person, list[str]], None]] = {
    "301": _away,
    "311": _user,
    "313": _administrator,
    "317": _idle,
    "319": _rooms,
    "330": _account,
    "335": _program,
}
