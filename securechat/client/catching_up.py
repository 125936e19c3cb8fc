"""What a front end asks when it begins: who wrote, what was read, which rooms are not for everybody."""

from datetime import UTC, datetime

from securechat.client.buffer import PRIVATE_MODES
from securechat.client.errors import RoomRefused
from securechat.client.library import Client
from securechat.clock import parse_time

_MOST_PEOPLE = 50
"""So many of the newest conversations with one person are looked at."""
_BEGINNING = "timestamp=1970-01-01T00:00:00.000Z"
_END = "timestamp=9999-12-31T00:00:00.000Z"


def people_of(client: Client) -> list[str]:
    """Return with whom there are direct messages, who wrote last comes last (draft/chathistory, TARGETS)."""
    try:
        lines = client.ask("CHATHISTORY", "TARGETS", _END, _BEGINNING, str(_MOST_PEOPLE))
    except RoomRefused:
        return []  # a guest, or a server that keeps no history of them
    names = [line.params[1] for line in lines if line.command == "CHATHISTORY" and len(line.params) > 2]
    return [name for name in names if not name.startswith("#")]


def read_marker(client: Client, name: str) -> datetime | None:
    """Return up to when a conversation was read on any device, or None (extensions/read-marker)."""
    try:
        lines = client.ask("MARKREAD", name)
    except RoomRefused:
        return None
    for line in lines:
        if line.command == "MARKREAD" and len(line.params) > 1 and line.params[1].startswith("timestamp="):
            return datetime.fromtimestamp(parse_time(line.params[1].removeprefix("timestamp=")) / 1000, UTC)
    return None


def private_modes(client: Client, room: str) -> frozenset[str]:
    """Return which modes make a room one that is not for everybody."""
    try:
        lines = client.ask("MODE", room)
    except RoomRefused:
        return frozenset()
    letters = next((line.params[2] for line in lines if line.command == "324" and len(line.params) > 2), "")
    return PRIVATE_MODES & set(letters)
