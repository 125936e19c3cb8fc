"""Who is told of which values, and when: changes, and what is there already (draft/metadata-3, "Notifications")."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

from securechat.domain.events import Kind
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import METADATA
from securechat.protocol.numerics import RPL_KEYVALUE, RPL_METADATASYNCLATER
from securechat.server.entries import Publication, Reply
from securechat.server.hub import Hub
from securechat.server.metadata import AT_ONCE, MOST_KEYS, RETRY_SECONDS, name_of, news
from securechat.server.people import share_a_room
from securechat.server.response import Response
from securechat.server.sessions import Session
from securechat.server.users import LiveRoom, User, audience_of

BATCH_TYPE = "metadata"


def change(
    hub: Hub,
    owner: User | LiveRoom,
    key: str,
    value: str | None,
    session: Session,
    failure: Callable[[str], bytes] | None = None,
) -> Publication:
    """Let `owner` carry another value, or none; the publication stores it and tells the others who want to know."""
    metadata = hub.metadata
    before = metadata.of(owner).get(key)
    metadata.put(owner, key, value)
    event = news(Kind.METADATA, hub.configuration.server.name, hub.now(), owner, key, value)
    return Publication(
        event,
        audience_of(_listeners(hub, owner, key)),
        session,
        failure=failure,
        undo=lambda: metadata.restore(owner, key, value, before),
    )


def _listeners(hub: Hub, owner: User | LiveRoom, key: str) -> list[Session]:
    """The sessions that hear of `key` and are to hear of `owner`: who is there too, or watches them.

    Walks those who hear of the key, or those who are there, whichever are fewer.
    """
    metadata = hub.metadata
    subscribers = metadata.subscribers(key)
    if not subscribers:
        return []
    rooms = [owner] if isinstance(owner, LiveRoom) else list(owner.rooms.values())
    if len(subscribers) > sum(len(live.members) for live in rooms):
        near = {member: None for live in rooms for member in live.members}
        if isinstance(owner, User):
            near[owner] = None
        found = {one: None for user in near for one in user.sessions if key in metadata.subscriptions(one)}
    elif isinstance(owner, LiveRoom):
        found = {one: None for one in subscribers if one.user is not None and owner.room.id in one.user.rooms}
    else:
        found = {one: None for one in subscribers if one.user is not None and share_a_room(one.user, owner)}
    if isinstance(owner, User):
        watchers = hub.watches.watchers(owner.nick)
        found.update({one: None for one in watchers if one.user is not None and key in metadata.subscriptions(one)})
    return [one for one in found if one.has(METADATA.bit)]


def _carried(hub: Hub, user: User, sessions: Collection[Session]) -> list[Publication]:
    """What `user` carries, for those of `sessions` that hear of the key."""
    metadata = hub.metadata
    server = hub.configuration.server.name
    found = []
    for key, value in metadata.of(user).items():
        hearing = [one for one in sessions if key in metadata.subscriptions(one) and one.has(METADATA.bit)]
        if hearing:
            event = news(Kind.CARRIED, server, hub.now(), user, key, value)
            found.append(Publication(event, audience_of(hearing), None))
    return found


def brought_along(hub: Hub, user: User, live: LiveRoom) -> list[Publication]:
    """What tells those in a room of the values of who has just come in, unless they know them from another room.

    Walks those who hear of the keys, or those who are there, whichever are fewer.
    """
    hearing = [hub.metadata.subscribers(key) for key in hub.metadata.of(user)]
    number = sum(len(some) for some in hearing)
    if not number:
        return []
    people: Collection[User] = live.members
    if number < len(live.members):
        people = {one.user: None for some in hearing for one in some if one.user is not None}
    only = {live.room.id}
    near = [one for one in people if one is not user and user.rooms.keys() & one.rooms.keys() == only]
    return _carried(hub, user, [session for one in near for session in one.sessions])


def tell_everybody(hub: Hub, user: User) -> None:
    """Tell everybody who is to know it what a guest carries who is an account's user now: what that account did."""
    for key, value in hub.metadata.of(user).items():
        event = news(Kind.CARRIED, hub.configuration.server.name, hub.now(), user, key, value)
        hub.journal.submit(Publication(event, audience_of(_listeners(hub, user, key)), None))


def tell_watchers(hub: Hub, user: User) -> None:
    """Tell who watches the nick what its user carries."""
    if hub.metadata.of(user):
        for publication in _carried(hub, user, hub.watches.watchers(user.nick)):
            hub.journal.submit(publication)


def lines_of(response: Response, hub: Hub, owner: User | LiveRoom | Session, keys: Collection[str]) -> list[bytes]:
    """Return a 761 for each of `keys` that `owner` carries."""
    target = name_of(owner)
    values = hub.metadata.of(owner)
    return [
        response.made(RPL_KEYVALUE, target=target, key=key, value=value) for key, value in values.items() if key in keys
    ]


def show_room(hub: Hub, session: Session, response: Response, live: LiveRoom) -> None:
    """After a JOIN, tell `session` what the room and the people in it carry, or when to ask for it."""
    keys = hub.metadata.subscriptions(session)
    if not keys or not session.has(METADATA.bit):
        return
    if len(live.members) > AT_ONCE:
        later(response, live)
        return
    lines = lines_of(response, hub, live, keys)
    for member in live.members:
        lines += lines_of(response, hub, member, keys)
    if lines:
        response.batch((BATCH_TYPE, live.room.name), lines)


def later(response: Response, live: LiveRoom) -> None:
    """Say when to ask for the values of a room ("Postponed synchronization")."""
    response.numeric(RPL_METADATASYNCLATER, target=live.room.name, seconds=RETRY_SECONDS)


def hint(hub: Hub, session: Session, response: Response, live: LiveRoom) -> None:
    """Tell who knows a room under another name when to ask for what it carries, if that is anything they hear of."""
    if session.has(METADATA.bit) and hub.metadata.of(live).keys() & hub.metadata.subscriptions(session):
        later(response, live)


def show_page(hub: Hub, session: Session, response: Response, live: LiveRoom) -> None:
    """Tell what the room and the next people in it carry; and, if there are more of them, when to ask again.

    Who is not in the room is not told who is.
    """
    keys = hub.metadata.subscriptions(session)
    room_id, waiting = hub.metadata.unfinished.pop(session, (0, deque[User]()))
    lines: list[bytes] = []
    if room_id != live.room.id or not waiting:
        waiting = deque(live.members if session.user in live.members else ())
        lines = lines_of(response, hub, live, keys)
    for _ in range(min(AT_ONCE, len(waiting))):
        member = waiting.popleft()
        if member in live.members:  # they may have left since the page before
            lines += lines_of(response, hub, member, keys)
    response.batch((BATCH_TYPE, live.room.name), lines)
    if waiting:
        hub.metadata.unfinished[session] = (live.room.id, waiting)
        later(response, live)


def show_known(hub: Hub, session: Session, response: Response, user: User, keys: Collection[str]) -> None:
    """Behind a new subscription, tell what there is of `keys` already; of many people only when it is asked for."""
    if not session.has(METADATA.bit):
        return
    people: dict[User, None] = {user: None}
    lines: list[bytes] = []
    for live in user.rooms.values():
        lines += lines_of(response, hub, live, keys)
        if len(people) + len(live.members) <= AT_ONCE:
            people.update(dict.fromkeys(live.members))
        else:
            later(response, live)
    watched = (hub.users.get(folded) for folded in hub.watches.folded_of(session))
    people.update(dict.fromkeys(one for one in watched if one is not None))
    for one in people:
        lines += lines_of(response, hub, one, keys)
    if lines:
        response.batch((BATCH_TYPE, user.nick), lines)


def show_people(hub: Hub, session: Session, response: Response, people: Iterable[User]) -> None:
    """Tell `session`, which watches them from now on, what people carry."""
    keys = hub.metadata.subscriptions(session)
    if not keys or not session.has(METADATA.bit):
        return
    for user in people:
        lines = lines_of(response, hub, user, keys)
        if lines:
            response.batch((BATCH_TYPE, user.nick), lines)


def bring(hub: Hub, session: Session, response: Response, user: User, brought: Mapping[str, str]) -> Publication | None:
    """At a login, let the user carry what the session has `brought`; return what stores the last of it."""
    last = None
    for key, value in brought.items():
        values = hub.metadata.of(user)
        if values.get(key) == value:
            continue
        if key not in values and len(values) >= MOST_KEYS:
            response.fail("METADATA", replies.LIMIT_REACHED, user.nick)
            break
        last = change(hub, user, key, value, session, response.failure("METADATA", replies.NOT_STORED, key))
        response.publish(last)
    return last


def welcome(hub: Hub, session: Session, response: Response, user: User) -> None:
    """Let the user carry what the session set before its login, and tell it all that they carry."""
    last = bring(hub, session, response, user, hub.metadata.take_early(session))
    if not session.has(METADATA.bit):
        return
    kind = (BATCH_TYPE, user.nick)
    lines = lines_of(response, hub, user, hub.metadata.of(user).keys())
    if last is None:
        response.batch(kind, lines)
    else:  # it tells of what is not on disk yet
        response.publish(Reply(session, response.framed(kind, lines)(""), last))
