"""What people learn of each other without asking: who is watched came or went, who is away, new names and accounts."""

from securechat.domain.events import Event, Kind
from securechat.names import fold
from securechat.protocol.capabilities import ACCOUNT_NOTIFY, AWAY_NOTIFY, EXTENDED_MONITOR
from securechat.protocol.message import cut
from securechat.protocol.numerics import RPL_MONOFFLINE, RPL_MONONLINE, Numeric, format_numeric
from securechat.server import metadata_news
from securechat.server.entries import Publication, Reply
from securechat.server.hub import Hub
from securechat.server.rendering import text_bytes
from securechat.server.sessions import Session
from securechat.server.users import LiveRoom, User, audience_of

ABSENT = "*"
"""The away message of somebody whose programs are connected but who is not there (draft/pre-away)."""
AWAY_BYTES = 300
"""The longest away message (ISUPPORT AWAYLEN)."""


def about(hub: Hub, event: Event, user: User, capability_bit: int, session: Session | None) -> Publication:
    """A publication to those who negotiated `capability_bit` and share a room with `user`, or watch them.

    Watching is enough with extended-monitor only. `session` caused it; it is left out unless it is to see an echo.
    """
    sessions = dict.fromkeys(one for one in hub.peers(user) if one.has(capability_bit))
    both = capability_bit | EXTENDED_MONITOR.bit
    sessions.update(dict.fromkeys(one for one in hub.watches.watchers(user.nick) if one.capabilities & both == both))
    return Publication(event, audience_of(list(sessions)), session)


def tell_online(hub: Hub, user: User) -> None:
    """Tell who watches the nick that it is there now (730)."""
    _tell_watchers(hub, user.nick, RPL_MONONLINE, user.source.mask)
    metadata_news.tell_watchers(hub, user)


def tell_offline(hub: Hub, nick: str) -> None:
    """Tell who watches `nick` that it is gone (731)."""
    _tell_watchers(hub, nick, RPL_MONOFFLINE, nick)


def tell_renamed(hub: Hub, before: str, user: User) -> None:
    """Tell the watchers of both nicks, unless only the case has changed."""
    if fold(before) != fold(user.nick):
        tell_offline(hub, before)
        tell_online(hub, user)


def _tell_watchers(hub: Hub, nick: str, numeric: Numeric, target: str) -> None:
    server = hub.configuration.server.name
    for session in hub.watches.watchers(nick):
        line = format_numeric(numeric, server, session.shown_nick, targets=target)
        hub.journal.submit(Reply(session, line, counted=False))


def account_change(hub: Hub, user: User, session: Session) -> Publication:
    """What tells that the user has logged in to an account, `session` as well (extensions/account-notify)."""
    event = Event(Kind.ACCOUNT, hub.now(), user.source, text=user.account.name if user.account else "*")
    publication = about(hub, event, user, ACCOUNT_NOTIFY.bit, session)
    publication.echo = session.has(ACCOUNT_NOTIFY.bit)
    return publication


def _submit(hub: Hub, publication: Publication) -> None:
    """Publish; further answers to the session that caused it wait, so that its PONG means: all have been told."""
    if publication.session is not None:
        publication.session.in_flight += 1
    hub.journal.submit(publication)


def set_away(hub: Hub, user: User, text: str, session: Session | None) -> None:
    """Give the user an away message, or none, and tell those who want to know (extensions/away-notify)."""
    text = cut(text, min(AWAY_BYTES, text_bytes(Kind.AWAY, user.source.mask, "")))
    if text == user.away:
        return
    user.away = text
    event = Event(Kind.AWAY, hub.now(), user.source, text=text)
    _submit(hub, about(hub, event, user, AWAY_NOTIFY.bit, session))


def count_absent(hub: Hub, user: User, session: Session | None = None) -> None:
    """Let the user be absent when every session says so, and here again when one does not.

    An away message that a person wrote stands (draft/pre-away, "Implementation considerations").
    """
    if user.sessions and user.away in ("", ABSENT):
        set_away(hub, user, ABSENT if all(one.absent for one in user.sessions) else "", session)


def arrive(hub: Hub, user: User, session: Session) -> None:
    """Take into account what a session that has just logged in said of the absence of its owner."""
    if session.away_at_login and not session.absent:
        set_away(hub, user, session.away_at_login, session)
    else:
        count_absent(hub, user, session)


def absence(hub: Hub, user: User, live: LiveRoom) -> list[Publication]:
    """What tells those in a room that the user who has just come in is away; nothing when they are not."""
    if not user.away:
        return []
    sessions = [
        one for member in live.members for one in member.sessions if member is not user and one.has(AWAY_NOTIFY.bit)
    ]
    event = Event(Kind.AWAY, hub.now(), user.source, text=user.away)
    return [Publication(event, audience_of(sessions), None)]
