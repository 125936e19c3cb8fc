"""One line of a conversation as rows of a terminal: wrapped, coloured, and harmless whatever its text holds."""

import io
import re
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from securechat.client.buffer import SAID, Entry, EntryKind, Status
from securechat.client.sanitize import sanitize
from securechat.client.texts import _, ngettext

DARK: Final = ("#7cc7ff", "#8ce99a", "#ffd166", "#ff9f80", "#d0a2ff", "#7fe0d4", "#f3a6c8", "#c5d86d")
LIGHT: Final = ("#005a9c", "#1b6e2a", "#7a5200", "#a63a12", "#6a2fa0", "#00665c", "#9c2560", "#556500")
"""Colours of nicks that can be read on a dark and on a light ground."""

_INDENT: Final = 6
_NARROW: Final = 30
_MOST_NAMES: Final = 8
"""So many of those who came or left are named; the others are counted."""
_DIM: Final = Style(dim=True)
_WARNING: Final = Style(bold=True, color="red")
_MENTION: Final = Style(bold=True, reverse=True)
_UNREAD: Final = Style(bold=True, color="yellow")
_SOUGHT: Final = Style(underline=True, bold=True)
_FOUND: Final = Style(reverse=True, bold=True)
# Wrapping asks for one; nothing is ever written to it.
_CONSOLE: Final = Console(file=io.StringIO(), width=80, legacy_windows=False, _environ={})


def rows_of(
    entry: Entry, width: int, palette: tuple[str, ...] = DARK, *, sought: str = "", found: bool = False
) -> list[Strip]:
    """Return the rows of an entry, each at most `width` columns; none for comings and goings that cancelled out.

    What is `sought` is marked, more strongly in the entry that was `found`.
    """
    text = _text_of(entry, palette)
    if text is None:
        return []
    if sought and entry.kind in SAID:
        text.highlight_regex(pattern_of(sought), _FOUND if found else _SOUGHT)
    indent = _INDENT if width > _NARROW else 0
    pieces = text.wrap(_CONSOLE, max(1, width - indent)) if len(text) else [text]
    rows = []
    for number, piece in enumerate(pieces):
        piece.rstrip()
        line = piece if number == 0 or not indent else Text(" " * indent) + piece
        rows.append(Strip(line.render(_CONSOLE)).adjust_cell_length(width))
    return rows


def pattern_of(sought: str) -> re.Pattern[str]:
    """Return what finds a text in the lines, as they are shown, in any case."""
    return re.compile(re.escape(sought), re.IGNORECASE)


def day_row(time: datetime, width: int) -> Strip:
    """Return the row that stands above the first line of a day."""
    return _rule(f"{time.astimezone():%Y-%m-%d}", width, _DIM)


def unread_row(width: int) -> Strip:
    """Return the row that stands above the first unread line."""
    return _rule(_("unread"), width, _UNREAD)


def colour_of(nick: str, palette: tuple[str, ...]) -> str:
    """Return the colour of a nick: the same at every start, on every machine."""
    return palette[zlib.crc32(nick.casefold().encode(errors="replace")) % len(palette)]


def _rule(text: str, width: int, style: Style) -> Strip:
    line = Text(f"── {text} ".ljust(width, "─")[:width], style=style)
    return Strip(line.render(_CONSOLE)).adjust_cell_length(width)


def _text_of(entry: Entry, palette: tuple[str, ...]) -> Text | None:
    text = Text(f"{entry.time.astimezone():%H:%M} ", style=_DIM, end="")
    nick = Text(sanitize(entry.sender), style=Style(bold=True, color=colour_of(entry.sender, palette)))
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
            return text + Text(words, style=_DIM) if words else None
        case EntryKind.EVENT | EntryKind.NOTE:
            return text + Text(said, style=_DIM)
    if entry.id and not entry.text:
        said, style = _("(taken away)"), _DIM
    elif entry.status is Status.PENDING:
        style = _DIM
        said = f"{said}  …"
    else:
        style = _MENTION if entry.mention else Style.null()
    text += Text(said, style=style)
    if entry.status is Status.FAILED:
        reason = sanitize(str(entry.delivery.error)) if entry.delivery is not None else ""
        text += Text("  ") + Text(_("not sent: {reason}").format(reason=reason), style=_WARNING)
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
