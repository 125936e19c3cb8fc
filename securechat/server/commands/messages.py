"""PRIVMSG, NOTICE and TAGMSG: what people say (modern-irc, "Sending Messages"; extensions/message-tags)."""

from collections.abc import Mapping
from functools import partial

from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Action, may, require
from securechat.domain.roles import HEARD, LEADING, OUTSIDER
from securechat.domain.room import parties
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import ECHO_MESSAGE, MESSAGE_TAGS
from securechat.protocol.message import format_tags
from securechat.protocol.modes import PREFIXES
from securechat.protocol.numerics import (
    ERR_CANNOTSENDTOCHAN,
    ERR_INPUTTOOLONG,
    ERR_NEEDMOREPARAMS,
    ERR_NORECIPIENT,
    ERR_NOSUCHCHANNEL,
    ERR_NOSUCHNICK,
    ERR_NOTEXTTOSEND,
    ERR_TOOMANYTARGETS,
    RPL_AWAY,
)
from securechat.server import multiline
from securechat.server.client_batches import take_line
from securechat.server.context import Context
from securechat.server.entries import Copy, Publication
from securechat.server.presence import MOST_TARGETS
from securechat.server.registry import command
from securechat.server.rendering import LINE_BYTES
from securechat.server.repeats import Repeats
from securechat.server.sessions import Session
from securechat.server.speaking import is_slowed, why_silent
from securechat.server.targets import find_person
from securechat.server.users import Audience, LiveRoom, User, audience_of

STATUS_ROLES = {PREFIXES["o"]: LEADING, PREFIXES["v"]: HEARD}
"""Who hears what is said to a room with such a sign in front of its name."""
TYPING_TAG = "+typing"
_COMMANDS = {
    Kind.MESSAGE: "PRIVMSG",
    Kind.NOTICE: "NOTICE",
    Kind.ASIDE: "PRIVMSG",
    Kind.ASIDE_NOTICE: "NOTICE",
    Kind.TAGS: "TAGMSG",
    Kind.TYPING: "TAGMSG",
}
_ASIDE = {
    Kind.MESSAGE: Kind.ASIDE,
    Kind.NOTICE: Kind.ASIDE_NOTICE,
    Kind.TAGS: Kind.TYPING,
    Kind.TYPING: Kind.TYPING,
}
"""What is said to some in a room alone becomes one of these kinds: they are shown, and kept nowhere."""
_WITH_TEXT = frozenset({Kind.MESSAGE, Kind.NOTICE})
_ECHO = ECHO_MESSAGE.bit
_TAGS = MESSAGE_TAGS.bit


@command("PRIVMSG", says=True, help="PRIVMSG <target>{,<target>} :<text>: say something in a room or to a person")
def privmsg(context: Context) -> None:
    """Say something."""
    _say(context, Kind.MESSAGE)


@command("NOTICE", says=True, help="NOTICE <target>{,<target>} :<text>: like PRIVMSG, never answered by programs")
def notice(context: Context) -> None:
    """Say something that no program answers; no error numeric comes back for an absent target."""
    _say(context, Kind.NOTICE)


@command("TAGMSG", says=True, help="TAGMSG <target>{,<target>}: send client-only tags without a text")
def tagmsg(context: Context) -> None:
    """Send tags alone; only for those who negotiated message-tags."""
    if not context.session.capabilities & _TAGS:
        return
    if not context.params:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="TAGMSG")
        return
    # Who is typing is worth nothing a moment later, so it does not go to the disk (client-tags/typing).
    only_typing = {key for key in context.message.tags if key[0] == "+"} == {TYPING_TAG}
    _say(context, Kind.TYPING if only_typing else Kind.TAGS)


def say_whole(context: Context, kind: Kind, target: str, text: str) -> None:
    """Say a text of several lines (see multiline) to one target, with the client-only tags of the command."""
    if context.user.speech is not None:
        context.user.speech.charge(1)  # its lines cost nothing
    knows_tags = context.session.capabilities & _TAGS
    _say_to(context, kind, target, text, _client_tags(context.message.tags) if knows_tags else "")


def _say(context: Context, kind: Kind) -> None:
    tags = context.message.tags
    if (context.session.batch is not None or (tags and "batch" in tags)) and take_line(context, kind):
        return
    params = context.params
    silent = kind is Kind.NOTICE
    if not params or not params[0]:
        if not silent:
            context.response.numeric(ERR_NORECIPIENT, command=_COMMANDS[kind])
        return
    text = ""
    if kind in _WITH_TEXT:
        text = params[1] if len(params) > 1 else ""
        if not text:
            if not silent:
                context.response.numeric(ERR_NOTEXTTOSEND)
            return
    client_tags = _client_tags(tags) if tags and context.session.capabilities & _TAGS else ""
    target = params[0]
    if "," not in target:
        _say_to(context, kind, target, text, client_tags)
        return
    targets = [name for name in dict.fromkeys(target.split(",")) if name]
    if len(targets) > MOST_TARGETS:
        context.response.numeric(ERR_TOOMANYTARGETS, target=targets[MOST_TARGETS])
        return
    for name in targets:
        _say_to(context, kind, name, text, client_tags)


def _client_tags(tags: Mapping[str, str]) -> str:
    """Return the client-only tags in wire form; all others are not relayed (extensions/message-tags)."""
    return format_tags({key: value for key, value in tags.items() if key[0] == "+"})


def _say_to(context: Context, kind: Kind, target: str, text: str, tags: str) -> None:
    """Say it to one target."""
    if target[0] == "#":
        _say_in_room(context, kind, target, text, tags)
    elif target[0] in STATUS_ROLES and target[1:2] == "#":
        _say_in_room(context, kind, target[1:], text, tags, target[0])
    else:
        _say_to_person(context, kind, target, text, tags)


def _is_too_long(context: Context, event: Event) -> bool:
    """Refuse what cannot be relayed whole, so that nothing is lost unseen."""
    # The name as it is relayed counts: names that are the same may differ in length, outside ASCII.
    text, target, mask = event.text, event.target, event.source.mask
    size = len(text) + len(target) + len(mask)
    if not (text.isascii() and target.isascii() and mask.isascii()):
        size = len(text.encode()) + len(target.encode()) + len(mask.encode())
    if "\n" in text and size + len(_COMMANDS[event.kind]) + 7 > LINE_BYTES:
        longest = max(len(line.encode()) for line, _ in multiline.split(text))
        size = longest + len(target.encode()) + len(mask.encode())
    # `:mask COMMAND target :text` CR LF
    if size + len(_COMMANDS[event.kind]) + 7 <= LINE_BYTES:
        return False
    context.response.numeric(ERR_INPUTTOOLONG)
    return True


def _say_in_room(context: Context, kind: Kind, target: str, text: str, tags: str, status: str = "") -> None:
    """Say it in a room; with `status`, to those alone who have such a role in it (modern-irc, "STATUSMSG Parameter").

    What is said to some is shown and not kept: all who are in the room read its history, now or later.
    """
    hub = context.hub
    user = context.user
    live = hub.find_room(target)
    subject = user.subject(live)
    if live is None or not may(subject, Action.SEE_ROOM, hub.policy):
        if kind is not Kind.NOTICE:
            context.response.numeric(ERR_NOSUCHCHANNEL, room=target)
        return
    room = live.room
    if not may(subject, Action.SPEAK_HIDDEN if _is_hidden(text) else Action.SPEAK, hub.policy):
        if kind is not Kind.NOTICE:
            context.response.numeric(ERR_CANNOTSENDTOCHAN, room=target, reason=why_silent(context, live, subject))
        return
    event = Event(_ASIDE[kind] if status else kind, hub.now(), user.source, room.id, status + room.name, text, tags)
    if _is_too_long(context, event) or (room.rules.slow_seconds and is_slowed(context, live, subject, event)):
        return
    if status:
        audience = _audience_with_status(context, live, status)
    else:
        audience = live.audience_of_author(user) if user.blocked_by else live.audience()
    _publish(context, event, audience)


def _is_hidden(text: str) -> bool:
    """Whether a text, or one of its lines, asks the programs of others something (CTCP)."""
    if "\n" in text:
        return any(_is_hidden(line) for line, _ in multiline.split(text))
    return text[:1] == "\x01" and not text.startswith("\x01ACTION ")


def _audience_with_status(context: Context, live: LiveRoom, status: str) -> Audience:
    """Those with such a role, and the author's other sessions, who may be without."""
    user = context.user
    roles = STATUS_ROLES[status]
    audience = live.audience_of_author(user, roles) if user.blocked_by else live.audience_in(roles)
    if len(user.sessions) == 1 or live.members.get(user, OUTSIDER) & roles:
        return audience
    return audience + audience_of([one for one in user.sessions if one is not context.session])


def _say_to_person(context: Context, kind: Kind, target: str, text: str, tags: str) -> None:
    """Write to a nick that is present, or to an account that is offline: it gets it from history."""
    hub = context.hub
    user = context.user
    require(user.subject(), Action.DIRECT_MESSAGE, hub.policy)
    found = find_person(hub, target)
    if found is None or (found[2] is None and hub.accounts[fold(target)].suspended):
        if kind is not Kind.NOTICE:
            context.response.numeric(ERR_NOSUCHNICK, nick=target)
        return
    party, nick, present = found
    event = Event(kind, hub.now(), user.source, target=nick, text=text, tags=tags)
    if _is_too_long(context, event):
        return
    direct, opened = hub.open_direct(parties(user.party, party))
    if opened is not None:
        hub.journal.submit(opened)
    event.conversation = direct.id
    publication = _publish(context, event, audience_of(_hearers(context, user, present)))
    if publication is None:
        return
    if present is user:
        context.response.publish(Copy(context.session, event))
    elif present is not None and present.away and kind is Kind.MESSAGE:
        context.response.stands_or_falls_with(publication)
        context.response.numeric(RPL_AWAY, nick=nick, message=present.away)


def _publish(context: Context, event: Event, audience: Audience) -> Publication | None:
    """Publish what is said; None when it was said before, and only the answer to it is given again."""
    hub = context.hub
    session = context.session
    session.said_at = session.heard_at
    echo = bool(session.capabilities & _ECHO)
    undo = None
    key = Repeats.key(event.source.account_id, event.target, context.message.tags) if event.tags else None
    if key is not None:
        known = hub.repeats.find(key)
        if known is not None:
            if echo:
                failure = context.failure(replies.MESSAGE_NOT_STORED, event.target)
                context.response.publish(Copy(session, known, echo=True, failure=failure))
            return None
        hub.repeats.remember(key, event)
        undo = partial(hub.repeats.forget, key)
    failure = context.failure(replies.MESSAGE_NOT_STORED, event.target)
    publication = Publication(event, audience, session, echo=echo, failure=failure, undo=undo)
    context.response.publish(publication)
    return publication


def _hearers(context: Context, user: User, present: User | None) -> list[Session]:
    """The sessions that get a direct message: the receiver's, unless they block its author, and the author's others."""
    sessions = dict.fromkeys(one for one in user.sessions if one is not context.session)
    if present is not None and present is not user and present.key not in user.blocked_by:
        sessions.update(dict.fromkeys(present.sessions))
    return list(sessions)
