"""The commands of the client for looking at people and rooms, and for what lies under the chat: the link, raw lines."""

from securechat.client.desk import Desk, present, present_room
from securechat.client.errors import UsageError
from securechat.client.links import make_link
from securechat.client.sanitize import sanitize
from securechat.client.texts import _, ngettext
from securechat.client.whois import ask_who_is, rows_of
from securechat.errors import ProtocolError
from securechat.names import room_to_wire
from securechat.protocol.message import format_message, parse_text

_SEARCHED = 1_000
"""So many messages are looked through by a search without a screen."""
_KEPT_FROM_RAW = frozenset({"AUTHENTICATE", "CAP", "PASS", "QUIT", "BATCH"})
"""What would confuse a session that does these things itself."""


def whois(desk: Desk, rest: str) -> None:
    """Tell who somebody is."""
    for label, value in rows_of(ask_who_is(desk.client, rest.split(maxsplit=1)[0])):
        desk.note(f"{label}: {value}")


def mode(desk: Desk, rest: str) -> None:
    """Show or change the modes of the room, as IRC writes them."""
    words = rest.split()
    room = room_to_wire(words.pop(0)) if words and words[0].startswith("#") else present_room(desk)
    lines = desk.client.ask("MODE", room, *words)
    if words:
        desk.note(_("Done."))
        return
    modes = next((" ".join(line.params[2:]) for line in lines if line.command == "324"), "")
    desk.note(_("The modes of {room}: {modes}").format(room=sanitize(room), modes=sanitize(modes) or _("none")))


def link(desk: Desk, rest: str) -> None:
    """Make a link that lets people into the room: for one person unless a number says otherwise."""
    words = rest.split()
    desk.note(_("Whoever opens this link comes in; it is not shown again:"))
    made = make_link(desk.client, present_room(desk), *words)
    desk.note(sanitize(made))
    desk.picture(made)


def raw(desk: Desk, rest: str) -> None:
    """Send a line as it is, and show the answer as it is."""
    try:
        line = parse_text(rest)
    except ProtocolError as error:
        raise UsageError(_("This is no line of IRC: {reason}").format(reason=sanitize(str(error)))) from None
    if not (line.command.isascii() and line.command.isalnum()):
        raise UsageError(_("This is no line of IRC: {reason}").format(reason=_("it does not begin with a command")))
    if line.command in _KEPT_FROM_RAW:
        raise UsageError(_("{command} is the client's own affair.").format(command=sanitize(line.command)))
    for answer in desk.client.ask(line.command, *line.params):
        text = format_message(answer.command, answer.params, source=answer.source or None)
        desk.note(sanitize(text.decode(errors="replace").rstrip("\r\n")))


def reconnect(desk: Desk, _rest: str) -> None:
    """Drop the link, or do not wait longer, and connect anew."""
    desk.client.reconnect()


def search(desk: Desk, rest: str) -> None:
    """Look for a text in the present room or conversation."""
    present(desk)
    desk.search(rest)


def search_lines(desk: Desk, text: str) -> None:
    """Show the messages that hold a text, among the newest of the present conversation: a search without a screen."""
    if not text:
        raise UsageError(_("Use: /{name} {usage}").format(name="search", usage=_("TEXT")))
    wanted = text.casefold()
    said = desk.client.history(present(desk), _SEARCHED)
    found = [message for message in said if wanted in message.text.casefold()]
    for message in found:
        desk.show(message)
    words = ngettext("{count} of the newest {total} lines", "{count} of the newest {total} lines", len(found))
    desk.note(words.format(count=len(found), total=len(said)))


def clear(desk: Desk, _rest: str) -> None:
    """Take the lines off the screen; nothing is lost on the server."""
    desk.clear()
