"""WHOIS and WHOWAS: all about one person (modern-irc, "WHOIS message", "WHOWAS message")."""

from securechat.clock import format_time
from securechat.names import fold
from securechat.protocol.capabilities import METADATA, MULTI_PREFIX
from securechat.protocol.numerics import (
    ERR_NONICKNAMEGIVEN,
    ERR_NOSUCHNICK,
    ERR_NOSUCHSERVER,
    ERR_WASNOSUCHNICK,
    RPL_AWAY,
    RPL_ENDOFWHOIS,
    RPL_ENDOFWHOWAS,
    RPL_WHOISACCOUNT,
    RPL_WHOISBOT,
    RPL_WHOISCHANNELS,
    RPL_WHOISIDLE,
    RPL_WHOISKEYVALUE,
    RPL_WHOISOPERATOR,
    RPL_WHOISSECURE,
    RPL_WHOISSERVER,
    RPL_WHOISUSER,
    RPL_WHOWASUSER,
)
from securechat.server.context import Context
from securechat.server.information import is_this_server
from securechat.server.people import idle_seconds, may_see_in_room, signed_on
from securechat.server.presence import MOST_ASKED
from securechat.server.registry import command
from securechat.server.roster import prefix_of
from securechat.server.users import HOST, User


@command("WHOIS", help="WHOIS [<server or nick>] <nick>{,<nick>}: who somebody is, and in which rooms")
def whois(context: Context) -> None:
    """Tell all that the asker may know of people who are present."""
    if not context.params or not context.params[-1]:
        context.response.numeric(ERR_NONICKNAMEGIVEN)
        return
    nicks = context.params[min(1, len(context.params) - 1)]
    if len(context.params) > 1 and not is_this_server(context.hub, context.params[0]):
        context.response.numeric(ERR_NOSUCHSERVER, server=context.params[0])
        return
    for nick in [one for one in dict.fromkeys(nicks.split(",")) if one][:MOST_ASKED]:
        user = context.hub.users.get(fold(nick))
        if user is None:
            context.response.numeric(ERR_NOSUCHNICK, nick=nick)
        else:
            _describe(context, user)
    context.response.numeric(RPL_ENDOFWHOIS, nick=nicks)


def _describe(context: Context, user: User) -> None:
    response = context.response
    hub = context.hub
    nick = user.nick
    server = hub.configuration.server
    response.numeric(RPL_WHOISUSER, nick=nick, username=user.username, host=HOST, realname=user.realname)
    _show_rooms(context, user)
    response.numeric(RPL_WHOISSERVER, nick=nick, server=server.name, about=server.network)
    if user.operator:
        response.numeric(RPL_WHOISOPERATOR, nick=nick)
    if user.bot:
        response.numeric(RPL_WHOISBOT, nick=nick)
    if user.account is not None:
        response.numeric(RPL_WHOISACCOUNT, nick=nick, account=user.account.name)
    response.numeric(RPL_WHOISSECURE, nick=nick)  # there is no other way in
    if user.away:
        response.numeric(RPL_AWAY, nick=nick, message=user.away)
    if response.has(METADATA.bit):
        for key, value in hub.metadata.of(user).items():
            response.numeric(RPL_WHOISKEYVALUE, target=nick, key=key, value=value)
    response.numeric(RPL_WHOISIDLE, nick=nick, idle=idle_seconds(hub, user), signed_on=signed_on(hub, user))


def _show_rooms(context: Context, user: User) -> None:
    """Send 319 as often as needed: the rooms in which the asker may know the user to be."""
    most = context.response.numeric_text_bytes(RPL_WHOISCHANNELS, nick=user.nick, rooms="")
    line = ""
    for live in user.rooms.values():
        if not may_see_in_room(context.hub, context.user, user, live):
            continue
        shown = prefix_of(live.members[user], every=context.session.has(MULTI_PREFIX.bit)) + live.room.name
        longer = f"{line} {shown}" if line else shown
        if line and len(longer.encode()) > most:
            context.response.numeric(RPL_WHOISCHANNELS, nick=user.nick, rooms=line)
            longer = shown
        line = longer
    if line:
        context.response.numeric(RPL_WHOISCHANNELS, nick=user.nick, rooms=line)


@command("WHOWAS", help="WHOWAS <nick>{,<nick>} [<count>]: who had a nick before, newest first")
def whowas(context: Context) -> None:
    """Tell who had a nick; a count of 0 or less, or none at all, means everything that is remembered."""
    if not context.params or not context.params[0]:
        context.response.numeric(ERR_NONICKNAMEGIVEN)
        return
    count = context.param(1) or ""
    most = int(count[:9]) if count.isascii() and count.isdigit() else 0
    for nick in [one for one in dict.fromkeys(context.params[0].split(",")) if one][:MOST_ASKED]:
        found = context.hub.departures.of(nick, most)
        if not found:
            context.response.numeric(ERR_WASNOSUCHNICK, nick=nick)
        for one in found:
            context.response.numeric(
                RPL_WHOWASUSER, nick=one.nick, username=one.username, host=HOST, realname=one.realname
            )
            context.response.numeric(
                RPL_WHOISSERVER,
                nick=one.nick,
                server=context.hub.configuration.server.name,
                about=format_time(one.time),
            )
            if one.account:
                context.response.numeric(RPL_WHOISACCOUNT, nick=one.nick, account=one.account)
    context.response.numeric(RPL_ENDOFWHOWAS, nick=context.params[0])
