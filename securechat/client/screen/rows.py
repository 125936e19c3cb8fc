"""One line of a conversation as rows of a terminal: wrapped, coloured, and harmless whatever its text holds."""

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from securechat.client.buffer import SAID, Entry, EntryKind, Status
from securechat.client.output import no_room
from securechat.client.sanitize import sanitize
from securechat.client.screen.themes import ROLES, Roles
from securechat.client.texts import _, ngettext
from securechat.qr_code import qr_code

_TIMES: Final = {"minutes": "%H:%M ", "seconds": "%H:%M:%S ", "off": ""}
"""What stands before a line, by the name in the settings."""
_INDENTS: Final = {"minutes": 6, "seconds": 9, "off": 2}
_NARROW: Final = 30
_BLACK_ON_WHITE: Final = Style(color="#000000", bgcolor="#ffffff", dim=False)
_MOST_NAMES: Final = 8
"""So many of those who came or left are named; the others are counted."""
# Wrapping asks for one; nothing is ever written to it.
_CONSOLE: Final = Console(file=io.StringIO(), width=80, legacy_windows=False, _environ={})


def rows_of(
    entry: Entry,
    width: int,
    roles: Roles = ROLES["dark"],
    times: str = "minutes",
    *,
    sought: str = "",
    found: bool = False,
) -> list[Strip]:
    """Return the rows of an entry, each at most `width` columns; none for comings and goings that cancelled out.

    `times`: what stands before the line, as in the settings (`look.timestamps`). What is `sought` is marked, more
    strongly in the entry that was `found`.
    """
    if entry.kind is EntryKind.PICTURE:
        return _picture(entry.text, width)
    text = _text_of(entry, roles, times)
    if text is None:
        return []
    if sought and entry.kind in SAID:
        text.highlight_regex(pattern_of(sought), roles.found if found else roles.sought)
    indent = _INDENTS[times] if width > _NARROW else 0
    pieces = text.wrap(_CONSOLE, max(1, width - indent)) if len(text) else [text]
    rows = []
    for number, piece in enumerate(pieces):
        piece.rstrip()
        line = piece if number == 0 or not indent else Text(" " * indent) + piece
        rows.append(Strip(line.render(_CONSOLE)).adjust_cell_length(width))
    return rows


def _picture(text: str, width: int) -> list[Strip]:
    """Return a QR code, black on white in every theme; a sentence where there is no room for it."""
    code = qr_code(text)
    if code.width > width:
        pieces = list(Text(no_room(code)).wrap(_CONSOLE, max(1, width)))
    else:
        pieces = [Text.assemble((row, _BLACK_ON_WHITE)) for row in code.rows]
    return [Strip(piece.render(_CONSOLE)).adjust_cell_length(width) for piece in pieces]


def pattern_of(sought: str) -> re.Pattern[str]:
    """Return what finds a text in the lines, as they are shown, in any case."""
    return re.compile(re.escape(sought), re.IGNORECASE)


def day_row(time: datetime, width: int, roles: Roles = ROLES["dark"]) -> Strip:
    """Return the row that stands above the first line of a day."""
    return _rule(f"{time.astimezone():%Y-%m-%d}", width, roles.day)


def unread_row(width: int, roles: Roles = ROLES["dark"]) -> Strip:
    """Return the row that stands above the first unread line."""
    return _rule(_("unread"), width, roles.unread)


def _rule(text: str, width: int, style: Style) -> Strip:
    line = Text().append(f"── {text} ".ljust(width, "─")[:width], style)
    return Strip(line.render(_CONSOLE)).adjust_cell_length(width)


def _text_of(entry: Entry, roles: Roles, times: str) -> Text | None:
    # A style of the whole text would be the ground of what is appended, so each piece brings its own.
    text = Text(end="").append(entry.time.astimezone().strftime(_TIMES[times]), roles.time)
    nick = Text(sanitize(entry.sender), style=roles.nick(entry.sender))
    said = sanitize(entry.text)
    match entry.kind:
        case EntryKind.MESSAGE:
            text += nick + Text(": ")
        case EntryKind.ACTION:
            text += Text("* ") + nick + Text(" ")
        case EntryKind.NOTICE:
            text += Text("-") + nick + Text("- ")
        case EntryKind.PRESENCE:
            words = _presence(entry)
            return text + Text(words, style=roles.system) if words else None
        case EntryKind.EVENT | EntryKind.NOTE:
            return text + Text(said, style=roles.system)
    if entry.id and not entry.text:
        said, style = _("(taken away)"), roles.system
    elif entry.status is Status.PENDING:
        style = roles.pending
        said = f"{said}  …"
    elif entry.mention:
        style = roles.mention
    else:
        style = roles.own if entry.own else roles.said
    text += Text(said, style=style)
    if entry.status is Status.FAILED:
        reason = sanitize(str(entry.delivery.error)) if entry.delivery is not None else ""
        text += Text("  ") + Text(_("not sent: {reason}").format(reason=reason), style=roles.failed)
    return text


def _presence(entry: Entry) -> str:
    """Return who came and who left, as one sentence: `3 came: anna, boris, zoe; left: dora`."""
    parts = []
    if names := _names(entry.joined):
        count = len(entry.joined)
        parts.append(ngettext("came: {names}", "{count} came: {names}", count).format(count=count, names=names))
    if names := _names(entry.left):
        count = len(entry.left)
        parts.append(ngettext("left: {names}", "{count} left: {names}", count).format(count=count, names=names))
    return "; ".join(parts)


def _names(nicks: Sequence[str]) -> str:
    """Return the first names of a list, and that there are more."""
    shown = ", ".join(sanitize(one) for one in nicks[:_MOST_NAMES])
    return f"{shown}…" if len(nicks) > _MOST_NAMES else shown
