"""USERHOST and ISON: who of these is here (modern-irc, "USERHOST message"; RFC 2812 section 4.9)."""

from securechat.names import fold
from securechat.protocol.numerics import RPL_ISON, RPL_USERHOST, Numeric
from securechat.server.context import Context
from securechat.server.registry import command
from securechat.server.users import HOST

MOST_NICKS = 5
"""How many nicks USERHOST takes."""


@command("USERHOST", params=1, help="USERHOST <nick>{ <nick>}: the user and host of up to 5 people who are present")
def userhost(context: Context) -> None:
    """Tell user and host of those nicks that are present."""
    users = (context.hub.users.get(fold(nick)) for nick in context.params[:MOST_NICKS])
    replies = [
        f"{user.nick}{'*' if user.operator else ''}={'-' if user.away else '+'}{user.username}@{HOST}"
        for user in users
        if user is not None
    ]
    _send_fitting(context, RPL_USERHOST, "replies", replies)


@command("ISON", params=1, help="ISON <nick>{ <nick>}: which of these people are present")
def ison(context: Context) -> None:
    """Tell which of the nicks are present; as many as fit into one line, which holds all that one line asks for."""
    asked = dict.fromkeys(fold(nick) for nick in " ".join(context.params).split())
    present = [context.hub.users[nick].nick for nick in asked if nick in context.hub.users]
    _send_fitting(context, RPL_ISON, "nicks", present)


def _send_fitting(context: Context, numeric: Numeric, field: str, entries: list[str]) -> None:
    """Send the entries that fit into one line, each whole."""
    most = context.response.numeric_text_bytes(numeric, **{field: ""})
    while len(" ".join(entries).encode()) > most:
        entries.pop()
    context.response.numeric(numeric, **{field: " ".join(entries)})
