"""The commands of the client for links into rooms: which there are, and their end."""

from securechat.client.desk import Desk, present_room
from securechat.client.errors import UsageError
from securechat.client.sanitize import sanitize
from securechat.client.texts import _, ngettext
from securechat.protocol.message import Message


def links(desk: Desk, _rest: str) -> None:
    """Show the links that lead into the present room."""
    rows = [line for line in desk.client.ask("INVITES", "LIST", present_room(desk)) if "INVITE_LISTED" in line.params]
    for row in rows:
        desk.note(sanitize(_shown(row)))
    desk.note(_("/unlink NUMBER makes a link useless.") if rows else _("No link leads into this room."))


def _shown(line: Message) -> str:
    """Return a row as people read it: number, uses left, until when, whose, and what was noted."""
    number, _room, uses, until, maker, state, note = (*line.params[2:], *[""] * 7)[:7]
    left = ngettext("{count} use left", "{count} uses left", int(uses) if uses.isdigit() else 0).format(count=uses)
    ends = _("for good") if until == "never" else _("until {time} UTC").format(time=until[:16].replace("T", " "))
    words = [left, ends, _("by {name}").format(name=maker)]
    if state != "usable":
        words.append(_("opens nothing now: its maker may not let people in"))
    return f"{number}  {', '.join(words)}  {note}".rstrip()


def unlink(desk: Desk, rest: str) -> None:
    """Make a link useless."""
    number = rest.split(maxsplit=1)[0]
    if not (number.isascii() and number.isdigit()):
        raise UsageError(_("A link is meant by its number: /links shows them."))
    desk.client.ask("INVITES", "REVOKE", number)
    desk.note(_("The link opens nothing any more. Who came in by it stays."))
