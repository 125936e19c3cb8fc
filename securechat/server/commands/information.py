"""MOTD, LUSERS, VERSION, TIME, INFO, LINKS, ADMIN and STATS: what the server tells about itself (modern-irc)."""

from securechat import __version__
from securechat.clock import format_time
from securechat.domain.masks import matches
from securechat.names import fold
from securechat.protocol.capabilities import EXTENDED_ISUPPORT
from securechat.protocol.numerics import (
    ERR_NOSUCHSERVER,
    ERR_NOTREGISTERED,
    RPL_ADMINEMAIL,
    RPL_ADMINLOC1,
    RPL_ADMINLOC2,
    RPL_ADMINME,
    RPL_ENDOFINFO,
    RPL_ENDOFLINKS,
    RPL_ENDOFSTATS,
    RPL_INFO,
    RPL_LINKS,
    RPL_STATSUPTIME,
    RPL_TIME,
    RPL_VERSION,
)
from securechat.server.context import Context
from securechat.server.information import is_this_server, send_lusers, send_motd
from securechat.server.lifecycle import State
from securechat.server.presence import send_isupport
from securechat.server.registry import Stage, command


@command("MOTD", help="MOTD [<server>]: the message of the day")
def motd(context: Context) -> None:
    """Send the message of the day."""
    if _is_asked(context, 0):
        send_motd(context.hub, context.response)


@command("LUSERS", help="LUSERS: how many users and rooms there are")
def lusers(context: Context) -> None:
    """Send the counts."""
    send_lusers(context.hub, context.response)


@command("VERSION", help="VERSION [<server>]: which version of securechat this is, and what it supports")
def version(context: Context) -> None:
    """Send the version and the tokens of 005."""
    if _is_asked(context, 0):
        context.response.numeric(
            RPL_VERSION,
            version=f"securechat-{__version__}",
            server=context.hub.configuration.server.name,
            comments="IRCv3 over TLS",
        )
        send_isupport(context.hub, context.response)


@command("ISUPPORT", stage=Stage.ANY, help="ISUPPORT: the tokens of 005 once more; before login with its capability")
def isupport(context: Context) -> None:
    """Send the tokens of 005 (draft/extended-isupport)."""
    session = context.session
    if session.state is not State.PRESENT and not session.has(EXTENDED_ISUPPORT.bit):
        context.response.numeric(ERR_NOTREGISTERED)
    else:
        send_isupport(context.hub, context.response)


@command("TIME", help="TIME [<server>]: the server's clock")
def time(context: Context) -> None:
    """Send the time as Unix seconds and for people, both in UTC."""
    if _is_asked(context, 0):
        now = context.hub.now()
        context.response.numeric(
            RPL_TIME,
            server=context.hub.configuration.server.name,
            time=now // 1000,
            offset=0,
            readable=format_time(now),
        )


@command("INFO", help="INFO [<server>]: what this server is")
def info(context: Context) -> None:
    """Say what this server is and since when it runs."""
    if _is_asked(context, 0):
        for line in (
            f"securechat {__version__}: private chat over TLS",
            "What is shown to anybody is on disk before; no address is ever disclosed.",
            f"Running since {format_time(context.hub.started)}",
        ):
            context.response.numeric(RPL_INFO, line=line)
        context.response.numeric(RPL_ENDOFINFO)


@command("LINKS", help="LINKS [[<server>] <mask>]: which servers there are: this one")
def links(context: Context) -> None:
    """Name the one server, unless a mask asks for others."""
    server = context.hub.configuration.server
    if matches(fold(context.params[min(1, len(context.params) - 1)] if context.params else "*"), fold(server.name)):
        context.response.numeric(RPL_LINKS, server=server.name, about=server.network)
    context.response.numeric(RPL_ENDOFLINKS)


@command("ADMIN", help="ADMIN [<server>]: whom to ask for help")
def admin(context: Context) -> None:
    """Say how an administrator is found."""
    if _is_asked(context, 0):
        server = context.hub.configuration.server
        context.response.numeric(RPL_ADMINME, server=server.name)
        context.response.numeric(RPL_ADMINLOC1, line=f"This is {server.network}")
        context.response.numeric(RPL_ADMINLOC2, line="Administrators are marked with * in the answer to WHO")
        context.response.numeric(RPL_ADMINEMAIL, line="Write to one of them by PRIVMSG, or ask who invited you")


@command("STATS", params=1, help="STATS u [<server>]: for how long the server has been running")
def stats(context: Context) -> None:
    """Tell the uptime; nothing else is disclosed."""
    if not _is_asked(context, 1):
        return
    letter = context.params[0][:1] or "*"
    if letter == "u":
        minutes, seconds = divmod(max(0, context.hub.now() - context.hub.started) // 1000, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        context.response.numeric(RPL_STATSUPTIME, days=days, clock=f"{hours}:{minutes:02}:{seconds:02}")
    context.response.numeric(RPL_ENDOFSTATS, letter=letter)


def _is_asked(context: Context, index: int) -> bool:
    """Whether the server named by a parameter is this one; answered when not."""
    name = context.param(index)
    if not name or is_this_server(context.hub, name):
        return True
    context.response.numeric(ERR_NOSUCHSERVER, server=name)
    return False
