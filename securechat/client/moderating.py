"""The commands of the line client for looking after a room, and for being left in peace."""

import re

from securechat.client.desk import Desk, present, present_room
from securechat.client.errors import UsageError
from securechat.client.events import Message
from securechat.client.sanitize import sanitize
from securechat.client.texts import _
from securechat.names import fold, room_to_wire

_TIME = re.compile(r"[1-9][0-9]{0,8}[smhd]")
ROLES = ("owner", "moderator", "member", "reader")
"""What the server calls the roles in a room."""
_FOR_NEWCOMERS = ("all", "joined", "none")
_LOOKED_THROUGH = 100
"""How many messages are looked through for the last one of somebody."""


def _words(rest: str) -> tuple[str, str]:
    """Divide into the first word and what follows."""
    first, _space, text = rest.partition(" ")
    return first, text.strip()


def _do(desk: Desk, command: str, *params: str) -> None:
    """Let the server do something, and say that it is done."""
    desk.client.ask(command, *params)
    desk.note(_("Done."))


def invite(desk: Desk, rest: str) -> None:
    """Ask somebody into the present room."""
    name, room = _words(rest)[0], present_room(desk)
    desk.client.ask("INVITE", name, room)
    desk.note(_("{name} is invited to {room}.").format(name=sanitize(name), room=sanitize(room)))


def knock(desk: Desk, rest: str) -> None:
    """Ask to be let into a room."""
    name, reason = _words(rest)
    room = room_to_wire(name)
    desk.client.ask("KNOCK", room, *([reason] if reason else []))
    told = _("Those who look after {room}, if there is such a room, are told; you hear of it when they invite you.")
    desk.note(told.format(room=sanitize(room)))


def newcomers(desk: Desk, rest: str) -> None:
    """Choose how much of what was said newcomers read."""
    word = _words(rest)[0].lower()
    if word not in _FOR_NEWCOMERS:
        raise UsageError(_("Newcomers read: {words}.").format(words=", ".join(_FOR_NEWCOMERS)))
    _do(desk, "MODE", present_room(desk), "+H", word)


def kick(desk: Desk, rest: str) -> None:
    """Put somebody out; everybody sees it."""
    name, reason = _words(rest)
    desk.client.ask("KICK", present_room(desk), name, *([reason] if reason else []))


def ban(desk: Desk, rest: str) -> None:
    """Keep somebody out."""
    _for_a_time(desk, "BAN", rest)


def unban(desk: Desk, rest: str) -> None:
    """Let somebody in again."""
    _by_name(desk, "UNBAN", rest)


def mute(desk: Desk, rest: str) -> None:
    """Let somebody only read."""
    _for_a_time(desk, "MUTE", rest)


def unmute(desk: Desk, rest: str) -> None:
    """Let somebody speak again."""
    _by_name(desk, "UNMUTE", rest)


def _by_name(desk: Desk, command: str, rest: str) -> None:
    name, reason = _words(rest)
    _do(desk, command, present_room(desk), name, *([reason] if reason else []))


def _for_a_time(desk: Desk, command: str, rest: str) -> None:
    name, text = _words(rest)
    first, reason = _words(text)
    if not _TIME.fullmatch(first):
        first, reason = "", text
    _do(desk, command, present_room(desk), name, *(one for one in (first, reason) if one))


def role(desk: Desk, rest: str) -> None:
    """Show what somebody is in the room, or let them be it: owner, moderator, member or reader."""
    name, wanted = _words(rest)
    for params in _told(desk, "ROOM_ROLE", "ROLE", present_room(desk), name, *([wanted] if wanted else [])):
        desk.note(_("{name} in {room}: {role}").format(name=params[3], room=params[2], role=params[4]))


def kind(desk: Desk, rest: str) -> None:
    """Show what kind of room it is, or let it be another: open, private or announcement."""
    wanted = _words(rest)[0]
    for params in _told(desk, "ROOM_KIND", "KIND", present_room(desk), *([wanted] if wanted else [])):
        desk.note(_("{room} is a room of this kind: {kind}").format(room=params[2], kind=params[3]))


def _told(desk: Desk, code: str, *command: str) -> list[tuple[str, ...]]:
    """Ask the server; return the parameters of the notes with that code, made harmless for a terminal."""
    found = (one.params for one in desk.client.ask(*command) if one.command == "NOTE" and one.params[1:2] == [code])
    return [tuple(map(sanitize, params)) for params in found]


def slow(desk: Desk, rest: str) -> None:
    """Let everybody wait between two messages."""
    seconds = _words(rest)[0]
    _do(desk, "MODE", present_room(desk), *(["-f"] if seconds == "0" else ["+f", seconds]))


def lock(desk: Desk, _rest: str) -> None:
    """Close the room for now."""
    _do(desk, "MODE", present_room(desk), "+L")


def unlock(desk: Desk, _rest: str) -> None:
    """Open it again."""
    _do(desk, "MODE", present_room(desk), "-L")


def rename(desk: Desk, rest: str) -> None:
    """Give the present room another name, and stay in it."""
    new = room_to_wire(_words(rest)[0])
    desk.client.ask("RENAME", present_room(desk), new)
    desk.move(new)
    desk.note(_("The room is called {room} now; links into it go on working.").format(room=sanitize(new)))


def delete(desk: Desk, rest: str) -> None:
    """Take away the last message of somebody here, or without a name the last one of one's own."""
    name, reason = _words(rest)
    found = _last_of(desk, name or desk.client.nick)
    desk.client.ask("REDACT", present(desk), found.id, *([reason] if reason else []))
    desk.note(_("Deleted, for everybody and for good: {text}").format(text=sanitize(found.text)))


def _last_of(desk: Desk, name: str) -> Message:
    """Return the last message of somebody in the present conversation. Raises UsageError."""
    said = desk.client.history(present(desk), _LOOKED_THROUGH)
    found = next((one for one in reversed(said) if one.id and fold(one.sender) == fold(name)), None)
    if found is None:
        raise UsageError(_("There is no message of {name} here.").format(name=sanitize(name)))
    return found


def block(desk: Desk, rest: str) -> None:
    """Hear nothing more from somebody."""
    name = _words(rest)[0]
    desk.client.ask("SILENCE", f"+{name}")
    told = _("You hear nothing more from {name}, on all your devices; they do not notice. /unblock {name} ends it.")
    desk.note(told.format(name=sanitize(name)))


def unblock(desk: Desk, rest: str) -> None:
    """Hear somebody again."""
    name = _words(rest)[0]
    desk.client.ask("SILENCE", f"-{name}")
    desk.note(_("You hear {name} again.").format(name=sanitize(name)))


def blocked(desk: Desk, _rest: str) -> None:
    """Show whom one blocks."""
    names = [line.params[-1] for line in desk.client.ask("SILENCE") if line.command == "271"]
    text = _("You block: {names}").format(names=sanitize(", ".join(names)))
    desk.note(text if names else _("You block nobody."))


def report(desk: Desk, rest: str) -> None:
    """Report the last message of somebody in the present room or conversation."""
    name, reason = _words(rest)
    found = _last_of(desk, name)
    desk.client.ask("REPORT", found.id, *([reason] if reason else []))
    told = _("Reported: {text} (those who look after this have been told; {name} has not)")
    desk.note(told.format(text=sanitize(found.text), name=sanitize(name)))


def reports(desk: Desk, _rest: str) -> None:
    """Show the open reports."""
    lines = [one.params for one in desk.client.ask("REPORT", "LIST") if "OPEN_REPORT" in one.params[1:2]]
    for params in lines:
        desk.note(sanitize(f"{params[2]}  {params[3]}  {params[-1]}"))
    desk.note(_("/close NUMBER closes a report.") if lines else _("There are no open reports for you."))


def close(desk: Desk, rest: str) -> None:
    """Close a report."""
    number, outcome = _words(rest)
    _do(desk, "REPORT", "CLOSE", number, *([outcome] if outcome else []))


def manage(desk: Desk, rest: str) -> None:
    """Do what securechat-admin does, in the same words, as an administrator; show what the server answers."""
    for line in desk.client.ask("MANAGE", rest):
        if line.command == "NOTE" and line.params[:1] == ["MANAGE"]:
            desk.note(sanitize(line.params[-1]))
