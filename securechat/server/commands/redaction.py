"""REDACT: taking away what was said (draft/message-redaction)."""

import logging

from securechat.domain.events import REDACTABLE
from securechat.domain.history import StoredEvent
from securechat.domain.permissions import Action, may
from securechat.domain.room import parties
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import MESSAGE_REDACTION
from securechat.protocol.numerics import ERR_NEEDMOREPARAMS, ERR_UNKNOWNCOMMAND
from securechat.server.context import Context
from securechat.server.past import may_read
from securechat.server.registry import command
from securechat.server.taking_away import Place, take_away
from securechat.server.targets import find_person, readable_room
from securechat.server.users import User

logger = logging.getLogger(__name__)


@command("REDACT", help="REDACT <target> <msgid> [:<reason>]: take away what was said in a room or to a person")
def redact(context: Context) -> None:
    """Take away a message of one's own, or of others where one may; it is gone from the disk as well."""
    params = context.params
    if not context.session.has(MESSAGE_REDACTION.bit):
        context.response.numeric(ERR_UNKNOWNCOMMAND, command="REDACT")
        return
    if len(params) < 2 or not params[0] or not params[1]:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="REDACT")
        return
    target, identifier = params[0], params[1]
    if _place(context, target) is None:
        context.response.fail("REDACT", replies.INVALID_TARGET, target, text="You cannot delete messages from here")
        return
    sequence = context.hub.message_ids.parse(identifier)
    if sequence is None:
        context.response.fail("REDACT", replies.UNKNOWN_MSGID, target, identifier)
        return
    context.read_event(
        sequence,
        lambda stored: _decide(context, stored),
        failed=lambda error: _failed(context, error),
        busy=lambda: context.response.fail("REDACT", replies.TEMPORARILY_UNAVAILABLE, target, identifier),
    )


def _failed(context: Context, error: BaseException) -> None:
    """The database could not be read: the log knows why."""
    logger.error("A message to be taken away could not be read", exc_info=error)
    context.response.fail("REDACT", replies.INTERNAL_ERROR, *context.params[:2])


def _place(context: Context, target: str) -> Place | None:
    """Return where `target` is, or None when the user has nothing to take away there."""
    hub = context.hub
    user = context.user
    live = readable_room(hub, user, target)
    if live is not None:
        return Place(live.room.id, live.room.name, live, [])
    found = find_person(hub, target)
    if found is None:
        return None
    party, name, present = found
    direct = hub.direct.get(parties(user.party, party))
    if direct is None:
        return None
    others = [present] if present is not None and present is not user else []
    return Place(direct.id, name, None, [user, *others])


def _decide(context: Context, stored: StoredEvent | None) -> None:
    """Take it away if it is there and the user may; asked again now, as reading has taken a moment."""
    target, identifier = context.params[0], context.params[1]
    place = _place(context, target)
    if place is None or stored is None or not _is_there(context, place, stored):
        context.response.fail("REDACT", replies.UNKNOWN_MSGID, target, identifier)
        return
    user = context.user
    action = Action.REDACT_OWN if _said_by(stored, user) else Action.REDACT_OTHERS
    if not may(user.subject(place.room), action, context.hub.policy):
        context.response.fail("REDACT", replies.REDACT_FORBIDDEN, place.name, identifier)
        return
    reason = context.param(2) or ""
    if place.room is not None and not may(user.subject(place.room), Action.SPEAK, context.hub.policy):
        reason = ""  # it would be a way to speak
    take_away(context, place, stored, reason, others=action is Action.REDACT_OTHERS)


def _is_there(context: Context, place: Place, stored: StoredEvent) -> bool:
    """Whether it was said in that place, and the user may know of it."""
    said_there = stored.conversation == place.conversation and stored.kind in REDACTABLE
    return said_there and may_read(context.hub, context.user, stored)


def _said_by(stored: StoredEvent, user: User) -> bool:
    """Whether `user` said it: by their account, or as a guest since they have had their nick."""
    if stored.account:
        return user.account is not None and fold(user.account.name) == fold(stored.account)
    return stored.source.partition("!")[0] == user.nick and stored.time >= user.named
