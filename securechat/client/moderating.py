"""The commands of the line client for looking after a room, and for being left in peace."""

import re

from securechat.client.desk import Desk, present, present_room
from securechat.client.errors import RoomRefused, UsageError
from securechat.client.events import Message
from securechat.client.keeping_out import KeptOut, kept_out, name_in, rows_in, sentence_of
from securechat.client.library import Client
from securechat.client.sanitize import sanitize
from securechat.client.texts import _
from securechat.names import fold, room_to_wire

_TIME = re.compile(r"[1-9][0-9]{0,8}[smhd]")
_NEARLY_TIME = re.compile(r"\d+(?:\w?|min|hours?|days?|weeks?|мин|час|дней|нед)")
"""What somebody types who means a time: taken for the beginning of a reason it would be for good."""
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
    """Keep somebody out; without a name, show who is."""
    _for_a_time(desk, "BAN", rest)


def unban(desk: Desk, rest: str) -> None:
    """Let somebody in again."""
    _take_back(desk, "UNBAN", present_room(desk), rest)


def mute(desk: Desk, rest: str) -> None:
    """Let somebody only read; without a name, show who does."""
    _for_a_time(desk, "MUTE", rest)


def unmute(desk: Desk, rest: str) -> None:
    """Let somebody speak again."""
    _take_back(desk, "UNMUTE", present_room(desk), rest)


def _for_a_time(desk: Desk, command: str, rest: str) -> None:
    room = present_room(desk)
    if not rest:
        _show_kept_out(desk, room, mute=command == "MUTE")
        return
    name, text = _words(rest)
    first, reason = _words(text)
    if not _TIME.fullmatch(first):
        if _NEARLY_TIME.fullmatch(first):
            wrong = _("{text} is no time: write it as 30s, 10m, 2h or 7d. Nothing was done.")
            raise UsageError(wrong.format(text=sanitize(first)))
        first, reason = "", text
    keep(desk, command, room, name, first, reason)


def keep(desk: Desk, command: str, room: str, name: str, lasts: str, reason: str) -> None:
    """Keep somebody out (BAN) or silent (MUTE), for as long as `lasts` says (`2h`; empty: for good), and say so."""
    answer = desk.client.ask(command, room, name, *(one for one in (lasts, reason) if one))
    for row in rows_in(answer):
        desk.note(sentence_of(row) + (f": {sanitize(reason)}" if reason else "."))
    for line in answer:
        if "NOT_ALL_PUT_OUT" in line.params[1:2]:
            desk.note(sanitize(line.params[-1]))


def lift(desk: Desk, room: str, row: KeptOut) -> None:
    """Let somebody come back, or speak again."""
    _take_back(desk, "UNMUTE" if row.mute else "UNBAN", room, row.mask)


def _take_back(desk: Desk, command: str, room: str, rest: str) -> None:
    name, reason = _words(rest)
    answer = desk.client.ask(command, room, name, *([reason] if reason else []))
    masks = [line.params[3] for line in answer if line.command == "NOTE" and len(line.params) > 3] or [name]
    told = _("{name} may speak again.") if command == "UNMUTE" else _("{name} may come back.")
    desk.note(told.format(name=name_in(masks[0])))


def _show_kept_out(desk: Desk, room: str, *, mute: bool) -> None:
    rows = [row for row in kept_out(desk.client, room) if row.mute is mute]
    for row in rows:
        desk.note(f"{sentence_of(row)}.")
    if mute:
        desk.note(_("/unmute NAME lets somebody speak again.") if rows else _("Nobody is silenced here."))
    else:
        desk.note(_("/unban NAME lets somebody come back.") if rows else _("Nobody is kept out of this room."))


def role(desk: Desk, rest: str) -> None:
    """Show what somebody is in the room, or let them be it: owner, moderator, member or reader."""
    name, wanted = _words(rest)
    asked = [name, *([wanted] if wanted else [])]
    for params in _told(desk.client, "ROOM_ROLE", "ROLE", present_room(desk), *asked):
        desk.note(_("{name} in {room}: {role}").format(name=params[3], room=params[2], role=params[4]))


def role_in(client: Client, room: str, name: str) -> str:
    """Return what the server calls somebody in a room; empty when it does not say."""
    try:
        return next((params[4] for params in _told(client, "ROOM_ROLE", "ROLE", room, name)), "")
    except RoomRefused:
        return ""


def kind(desk: Desk, rest: str) -> None:
    """Show what kind of room it is, or let it be another: open, private or announcement."""
    wanted = _words(rest)[0]
    for params in _told(desk.client, "ROOM_KIND", "KIND", present_room(desk), *([wanted] if wanted else [])):
        desk.note(_("{room} is a room of this kind: {kind}").format(room=params[2], kind=params[3]))


def _told(client: Client, code: str, *command: str) -> list[tuple[str, ...]]:
    """Ask the server; return the parameters of the notes with that code, made harmless for a terminal."""
    found = (one.params for one in client.ask(*command) if one.command == "NOTE" and one.params[1:2] == [code])
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
    take_away(desk, present(desk), found.id, sanitize(found.text), reason)


def take_away(desk: Desk, target: str, message_id: str, text: str, reason: str = "") -> None:
    """Take a message away, for everybody, and say which; its `text` is harmless."""
    desk.client.ask("REDACT", target, message_id, *([reason] if reason else []))
    desk.note(_("Deleted, for everybody and for good: {text}").format(text=text))


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
    report_this(desk, found.id, sanitize(found.text), reason)


def report_this(desk: Desk, message_id: str, text: str, reason: str) -> None:
    """Report a message, and say which; its `text` is harmless."""
    desk.client.ask("REPORT", message_id, *([reason] if reason else []))
    told = _("Reported: {text} (those who look after this have been told; who said it has not)")
    desk.note(told.format(text=text))


def open_reports(client: Client) -> list[tuple[str, str, str]]:
    """Return number, place and words of each report that is open to the own user, harmless."""
    lines = [one.params for one in client.ask("REPORT", "LIST") if "OPEN_REPORT" in one.params[1:2]]
    return [(sanitize(params[2]), sanitize(params[3]), sanitize(params[-1])) for params in lines]


def reports(desk: Desk, _rest: str) -> None:
    """Show the open reports."""
    rows = open_reports(desk.client)
    for row in rows:
        desk.note("  ".join(row))
    desk.note(_("/close NUMBER closes a report.") if rows else _("There are no open reports for you."))


def close(desk: Desk, rest: str) -> None:
    """Close a report."""
    number, outcome = _words(rest)
    _do(desk, "REPORT", "CLOSE", number, *([outcome] if outcome else []))


def manage(desk: Desk, rest: str) -> None:
    """Do what securechat-admin does, in the same words, as an administrator; show what the server answers."""
    for line in desk.client.ask("MANAGE", rest):
        if line.command == "NOTE" and line.params[:1] == ["MANAGE"]:
            desk.note(sanitize(line.params[-1]))
