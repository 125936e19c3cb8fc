"""The status line: the truth about the connection, and what needs attention."""

import math

from securechat.client.buffer import Buffer
from securechat.client.chat import Chat
from securechat.client.sanitize import sanitize
from securechat.client.screen.lists import title_of, unread_mark
from securechat.client.texts import _, ngettext


def status_text(
    chat: Chat, address: str, next_attempt: float | None, new_below: int, *, list_hidden: bool = False
) -> str:
    """Return the line. `next_attempt`: seconds until one connects again, None while there is a link.

    `list_hidden`: the list of rooms is not in sight, so that the line tells where something is unread.
    """
    parts = [_link(chat, sanitize(address), next_attempt)]
    elsewhere = chat.next_busy()
    if elsewhere is not None and elsewhere.failed:
        parts.insert(0, _failed_in(elsewhere))
    elif list_hidden and (unread := _unread_elsewhere(chat)):
        parts.insert(0 if chat.connected else 1, unread)
    if new_below:
        text = ngettext("{count} new line below: Esc", "{count} new lines below: Esc", new_below)
        parts.insert(0, text.format(count=new_below))
    if failed := len(chat.failed()):
        text = ngettext(
            "{count} line not sent: Alt+S sends it again, Alt+D drops it",
            "{count} lines not sent: Alt+S sends them again, Alt+D drops them",
            failed,
        )
        parts.insert(0, text.format(count=failed))
    return "   ".join(parts)


def _failed_in(buffer: Buffer) -> str:
    """Return that lines were not sent in another conversation, and how to get there."""
    count = len(buffer.failed)
    text = ngettext("{count} line not sent in {room}: Alt+A", "{count} lines not sent in {room}: Alt+A", count)
    return text.format(count=count, room=title_of(buffer))


def _unread_elsewhere(chat: Chat) -> str:
    """Return where something is unread: first where the key leads, then how many others; empty when nothing is."""
    first = chat.next_busy()
    if first is None:
        return ""
    room = f"{title_of(first)} {unread_mark(first)}"
    others = sum(1 for buffer in chat if buffer is not chat.active and buffer.unread) - 1
    if not others:
        return _("Alt+A: {room}").format(room=room)
    text = ngettext("Alt+A: {room} and {count} other", "Alt+A: {room} and {count} others", others)
    return text.format(room=room, count=others)


def _link(chat: Chat, address: str, next_attempt: float | None) -> str:
    """Return where the link stands; what matters most stands first, as a narrow screen cuts the rest."""
    if chat.connected:
        return _("● {name} at {address}").format(name=sanitize(chat.nick), address=address)
    if next_attempt is not None and next_attempt > 0:
        text = _("○ no link, next attempt in {seconds} s").format(seconds=math.ceil(next_attempt))
    else:
        text = _("◌ connecting")
    waiting = chat.waiting
    kept = _("what you write is kept and sent later")
    if waiting:
        kept = ngettext("{count} line waits to be sent", "{count} lines wait to be sent", waiting)
    reason = sanitize(chat.trouble).rstrip(".")
    return f"{text}; {kept.format(count=waiting)} ({address}{': ' if reason else ''}{reason})"
