"""The status line: the truth about the connection, and what needs attention."""

import math

from securechat.client.chat import Chat
from securechat.client.sanitize import sanitize
from securechat.client.texts import _, ngettext


def status_text(chat: Chat, address: str, next_attempt: float | None, new_below: int) -> str:
    """Return the line. `next_attempt`: seconds until one connects again, None while there is a link."""
    parts = [_link(chat, sanitize(address), next_attempt)]
    if new_below:
        text = ngettext("{count} new line below: Esc", "{count} new lines below: Esc", new_below)
        parts.insert(0, text.format(count=new_below))
    if failed := len(list(chat.failed())):
        text = ngettext(
            "{count} line not sent: Alt+S sends it again, Alt+D drops it",
            "{count} lines not sent: Alt+S sends them again, Alt+D drops them",
            failed,
        )
        parts.insert(0, text.format(count=failed))
    return "   ".join(parts)


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
