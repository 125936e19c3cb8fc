"""What a person or a program is shown: events as lines of text or JSON. All text of others is made harmless here."""

import json
import zlib
from collections.abc import Callable
from datetime import datetime

from securechat.client.events import (
    CodeNeeded,
    Connected,
    Disconnected,
    Event,
    Gap,
    Invited,
    Joined,
    Kind,
    Knocked,
    Left,
    Message,
    ModeChanged,
    Renamed,
    RoomRenamed,
    ServerText,
    TopicChanged,
)
from securechat.client.keeping_out import banned
from securechat.client.mode_words import mode_words
from securechat.client.sanitize import escape_json, sanitize
from securechat.client.texts import _
from securechat.names import fold
from securechat.qr_code import QrCode

_NICK_COLOURS = (31, 32, 33, 34, 35, 36)
_DIM = 2


class Formatter:
    """Makes the line for an event."""

    def __init__(self, *, colour: bool = False, full_time: bool = False, home: str = "") -> None:
        """`full_time`: date and seconds always, for files; `home`: the room whose name need not be said."""
        self.home = home
        self._colour = colour
        self._full_time = full_time

    def message(self, message: Message) -> str:
        """Return the line of a message: `08:00 anna: hello`, with the room or person if it is not `home`."""
        place = ""
        if fold(message.room) != fold(self.home):
            place = sanitize(message.room) if not message.direct else f"@{sanitize(message.room)}"
            place = f"{place} "
        nick = self._nick(message.sender)
        text = sanitize(message.text)
        said = {
            Kind.MESSAGE: f"{nick}: {text}",
            Kind.ACTION: f"* {nick} {text}",
            Kind.NOTICE: f"-{nick}- {text}",
        }[message.kind]
        return f"{self._paint(self._time(message.time), _DIM)} {place}{said}"

    def note(self, event: Event) -> str:
        """Return the sentence for an event that is no message; empty when there is nothing to say."""
        text = sentence(event)
        if text and isinstance(event, Joined | Left | TopicChanged | Renamed | RoomRenamed | ModeChanged):
            place = "" if fold(event.room) == fold(self.home) else f"{sanitize(event.room)} "
            text = f"{self._time(event.time)} {place}{text}"
        return self._paint(text, _DIM) if text else ""

    def _time(self, moment: datetime) -> str:
        local = moment.astimezone()
        if self._full_time:
            return f"{local:%Y-%m-%d %H:%M:%S}"
        today = datetime.now(local.tzinfo).date()
        return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"

    def _nick(self, nick: str) -> str:
        colour = _NICK_COLOURS[zlib.crc32(nick.casefold().encode(errors="replace")) % len(_NICK_COLOURS)]
        return self._paint(sanitize(nick), colour)

    def _paint(self, text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def sentence(event: Event) -> str:
    """Return what an event that is no message is called, harmless for a terminal; empty when it needs no words."""
    word = _NOTES.get(type(event))
    return word(event) if word is not None else ""


def _joined(event: Joined) -> str:
    return _("{name} joins the chat").format(name=sanitize(event.nick)) if not event.own else ""


def _left(event: Left) -> str:
    if event.by:
        return _put_out(event)
    if event.own:
        reason = f": {sanitize(event.reason)}" if event.reason else "."
        return _("You left {room}").format(room=sanitize(event.room)) + reason
    return _("{name} leaves the chat").format(name=sanitize(event.nick))


def _put_out(event: Left) -> str:
    by_ban, until, why = banned(event.reason)
    if not by_ban:
        text = _("{name} has put you out of {room}") if event.own else _("{other} was put out by {name}")
    elif until:
        own = _("{name} has put you out of {room} and keeps you out until {time}")
        text = own if event.own else _("{other} was put out by {name} and is kept out until {time}")
    else:
        own = _("{name} has put you out of {room} and keeps you out for good")
        text = own if event.own else _("{other} was put out by {name} and is kept out for good")
    names = {"name": sanitize(event.by), "room": sanitize(event.room), "other": sanitize(event.nick)}
    return text.format(**names, time=until) + (f": {sanitize(why)}" if why else ".")


def _invited(event: Invited) -> str:
    text = _("{name} invites you to {room}: /join {room}")
    return text.format(name=sanitize(event.nick), room=sanitize(event.room))


def _knocked(event: Knocked) -> str:
    reason = f": {sanitize(event.reason)}" if event.reason else "."
    text = _("{name} asks to be let into {room} (there, /invite {name} lets them in)")
    return text.format(name=sanitize(event.nick), room=sanitize(event.room)) + reason


def _topic(event: TopicChanged) -> str:
    return _("{name} set the topic: {topic}").format(name=sanitize(event.nick), topic=sanitize(event.topic))


def _renamed(event: Renamed) -> str:
    return _("{name} is now called {new_name}").format(name=sanitize(event.nick), new_name=sanitize(event.new_nick))


def _room_renamed(event: RoomRenamed) -> str:
    reason = f": {sanitize(event.reason)}" if event.reason else "."
    text = _("{name} renamed {old} to {new}") if event.nick else _("{old} is called {new} now")
    return text.format(name=sanitize(event.nick), old=sanitize(event.old), new=sanitize(event.room)) + reason


def _code_needed(*, refused: bool) -> str:
    if refused:
        return _(
            "The server did not let you in again. If the account has a second factor, type /code CODE with the code "
            "that the app shows now; if the password was changed, leave and start again."
        )
    return _("To log in again, type /code CODE with the code that your authenticator app shows now.")


def no_room(code: QrCode) -> str:
    """Return what is said where a terminal is too small for a QR code."""
    text = _("The QR code needs {columns} columns and {lines} lines: make the terminal larger, or its letters smaller.")
    return text.format(columns=code.width, lines=len(code.rows) + 1)


_NOTES: dict[type, Callable[..., str]] = {
    Joined: _joined,
    Left: _left,
    TopicChanged: _topic,
    Renamed: _renamed,
    RoomRenamed: _room_renamed,
    ModeChanged: mode_words,
    Invited: _invited,
    Knocked: _knocked,
    Connected: lambda event: _("The link works again.") if event.again else "",
    Disconnected: lambda event: _("The link is lost ({reason}); connecting again.").format(
        reason=sanitize(event.reason).rstrip(".")
    ),
    Gap: lambda event: _("Some messages in {room} may be missing.").format(room=sanitize(event.room)),
    CodeNeeded: lambda event: _code_needed(refused=event.refused),
    ServerText: lambda event: _("The server says: {text}").format(text=sanitize(event.text)),
}


def to_json(event: Event) -> str:
    """Return a message, join, part or topic as one line of JSON (docs/client.md); empty for anything else.

    The text is what was sent, character for character; what could harm a terminal is escaped.
    """
    if isinstance(event, Message):
        fields = (event.kind.value, event.sender, event.text, event.id)
    elif isinstance(event, Joined):
        fields = ("join", event.nick, "", "")
    elif isinstance(event, Left):
        fields = ("part", event.nick, event.reason, "")
    elif isinstance(event, TopicChanged):
        fields = ("topic", event.nick, event.topic, "")
    else:
        return ""
    kind, nick, text, message_id = fields
    moment = f"{event.time:%Y-%m-%dT%H:%M:%S}.{event.time.microsecond // 1000:03d}Z"
    record = {
        "time": moment,
        "room": event.room,
        "type": kind,
        "from": nick,
        "account": event.account,
        "text": text,
        "id": message_id,
    }
    return escape_json(json.dumps(record, ensure_ascii=False))
