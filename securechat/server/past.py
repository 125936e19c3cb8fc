"""How far back somebody may read what was said: the one answer for everything that shows it or takes a message's id.

A message that somebody may not read does not exist for them. For rooms the permission table decides
(permissions.readable_after); it is told since when somebody is a member, and since when they have been here. An
administrator who came into a room as anybody could reads what the others do; CHATHISTORY shows more, but only once it
is on the record that they read it.

What a member may have missed is everything since the beginning of the time that their account was here before, over
all of its connections; so it stays for as long as they are here now, however late they look for it. A connection counts
once it has stood for a minute: one that breaks before has hardly shown what was missed, and must not be taken for one
that has.
"""

import logging
from functools import partial

from securechat.domain import permissions
from securechat.domain.audit import Act
from securechat.domain.events import Event, Kind
from securechat.domain.history import StoredEvent
from securechat.domain.permissions import Action, Role, may
from securechat.domain.roles import RoomChange, RoomRole
from securechat.errors import StorageError
from securechat.server.deeds import deed_of
from securechat.server.entries import Barrier, Entry, Publication
from securechat.server.hub import Hub
from securechat.server.members import set_roles
from securechat.server.sessions import Session
from securechat.server.users import NOBODY, NOT_YET, LiveRoom, User

logger = logging.getLogger(__name__)

SETTLED_SECONDS = 60.0
"""So long a connection stands, and is heard of, before it counts."""


def readable_after(hub: Hub, user: User, live: LiveRoom) -> int | None:
    """Return the sequence number after which `user` may read what was said in a room; None: nothing at all."""
    joined = live.joined_sequence(user.key)
    return permissions.readable_after(user.subject(live), hub.policy, joined=joined, seen=user.missed_after)


def inspection(hub: Hub, user: User, live: LiveRoom, session: Session) -> Entry | None:
    """Return what has to be on disk before `user` reads by powers what the room keeps from its members; None: nothing.

    It records that they begin to; of who has begun it waits until the record is certainly there.
    """
    if not permissions.inspects(user.subject(live)):
        return None
    room, before = live.room, live.members[user]
    roles = permissions.on_record(before)
    if roles == before:
        return Barrier(session, lambda: None)
    change = RoomChange(roles=((user.account.id, roles),)) if user.account is not None else None
    event = Event(Kind.INSPECT, hub.now(), user.source, room.id, room.name, change=change)
    event.deeds = (deed_of(event.time, user.source, Act.ROOM_INSPECT, room.name),)
    hub.set_roles(user, live, roles)
    return Publication(event, NOBODY, session, undo=partial(set_roles, hub, live, user.account or user, before))


def may_read(hub: Hub, user: User, stored: StoredEvent) -> bool:
    """Whether `user` may read that message, of a room or of a direct conversation."""
    live = hub.rooms_by_id.get(stored.conversation)
    if live is not None:
        after = readable_after(hub, user, live)
        return after is not None and stored.sequence > after
    if stored.conversation not in hub.direct_by_party.get(user.party, {}):
        return False
    # A guest knows what was said since they have had their nick, and nothing of whoever had it before.
    return may(user.subject(), Action.READ_DIRECT_HISTORY, hub.policy) or stored.time >= user.named


def too_late(hub: Hub, live: LiveRoom, stored: StoredEvent) -> list[User]:
    """Whoever is in the room and may not have read that message at any time since they became a member.

    A room may have ten thousand members, so the table is not asked about each, but only about those who came after the
    message, and once for all who are the same there: what it says of reading depends on nothing else.
    """
    sequence = stored.sequence
    late = [
        key
        for key, joined in live.joined.items()
        if (joined if type(joined) is int else live.joined_sequence(key)) >= sequence
    ]
    answers: dict[tuple[Role, bool, RoomRole], int | None] = {}
    found = []
    for key in late:
        user = hub.users_of_account.get(key) if isinstance(key, int) else key
        if user is None or user not in live.members:
            continue
        alike = user.role, user.operator, live.members[user]
        if alike not in answers:
            answers[alike] = permissions.readable_after(user.subject(live), hub.policy, joined=NOT_YET, seen=0)
        after = answers[alike]
        if after is None or after >= sequence:
            found.append(user)
    return found


def arrives(hub: Hub, session: Session) -> None:
    """Note that a session is that of its account from now on; what is older it has to be shown."""
    session.came_sequence = session.outlet.delivered_sequence
    session.came_at = hub.monotonic()
    session.settled = False
    user = session.user
    if user is not None and user.account is not None and len(user.sessions) == 1:
        user.missed_after = user.account.seen_sequence


def settle(hub: Hub, session: Session) -> None:
    """Once a session has stood for a while, let the account have been here since its oldest session came.

    That counts from the next time on: what was missed before this one may not have been looked for yet.
    """
    user = session.user
    if user is None or user.account is None or session.settled:
        return
    if session.heard_at - session.came_at < SETTLED_SECONDS:
        return
    session.settled = True
    account, since = user.account, min(one.came_sequence for one in user.sessions)
    if since <= account.seen_sequence:
        return
    account.seen_sequence = since
    account_id = account.id
    done = hub.journal.call(lambda unit: unit.accounts.set_seen_sequence(account_id, since))
    done.add_done_callback(lambda future: log_failure(future.exception()))


def log_failure(error: BaseException | None) -> None:
    """Log why it could not be stored what somebody has seen; they may be shown more again than they need."""
    if isinstance(error, StorageError):
        logger.warning("Could not note what a client has received; it may be shown some lines again: %s", error)
    elif error is not None:
        logger.error("Could not note what a client has received", exc_info=error)
