"""Bans from the whole server, as they take effect: whose sessions end, and what would lock out administrators."""

from securechat.clock import format_moment
from securechat.domain.permissions import never_locked_out
from securechat.domain.server_bans import ServerBan, ServerBans, keeps_out
from securechat.server.hub import Hub
from securechat.server.presence import end_soon
from securechat.server.sessions import Session


def sentence_of(ban: ServerBan) -> str:
    """Return what somebody is told whom a ban keeps out."""
    until = f" until {format_moment(ban.expires)}" if ban.expires else ""
    return f"You are banned from this server{until}{': ' if ban.reason else ''}{ban.reason}"


def locked_out(hub: Hub, target: str) -> str:
    """Return which administrator, or which address of one, a ban would keep out; empty: none. Needs the hub lock."""
    present = [user.nick for user in hub.users.values() if never_locked_out(user.account, operator=user.operator)]
    names = [one.name for one in hub.accounts.values() if never_locked_out(one)]
    return keeps_out(target, hub.trusted.addresses, (*present, *names))


def take_over(hub: Hub, bans: list[ServerBan]) -> None:
    """Let these be the bans from now on, and end the sessions that they keep out. Needs the hub lock."""
    hub.bans = ServerBans(bans)
    for session in list(hub.sessions):
        ban = _ban_of(hub, session)
        if ban is not None:
            end_soon(hub, session, sentence_of(ban))


def _ban_of(hub: Hub, session: Session) -> ServerBan | None:
    """Return what keeps a session out now."""
    now = hub.now()
    nick = session.user.nick if session.user is not None else session.nick
    return hub.bans.of_address(session.outlet.address, now) or (hub.bans.of_nick(nick, now) if nick else None)
