"""Who is told of which values, and when: changes, and what is there already (draft/metadata-3, "Notifications")."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from securechat.domain.events import Kind
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import METADATA
from securechat.protocol.numerics import RPL_KEYVALUE, RPL_METADATASYNCLATER
from securechat.server.entries import Publication, Reply
from securechat.server.hub import Hub
from securechat.server.metadata import AT_ONCE, MOST_KEYS, PAGE_BYTES, RETRY_SECONDS, name_of, news
from securechat.server.people import share_a_room
from securechat.server.response import Response
from securechat.server.sessions import Session
from securechat.server.throttle import PER_COMMAND
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
        undo=partial(metadata.put, owner, key, before),
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


class _Page:
    """Values for one answer, until it has become long. Who asks pays for what it costs (see throttle)."""

    __slots__ = ("_hub", "_keys", "_left", "_lines", "_looks", "_response", "_session")

    def __init__(self, hub: Hub, session: Session, response: Response, keys: Collection[str]) -> None:
        self._hub = hub
        self._session = session
        self._response = response
        self._keys = keys
        queue = hub.configuration.limits.answer_bytes
        self._left = (min(PAGE_BYTES, queue) if queue else PAGE_BYTES) - response.size
        self._lines: list[bytes] = []
        self._looks = 0

    def add(self, owner: User | LiveRoom) -> bool:
        """Tell what `owner` carries, all of it; False when there is no place for it."""
        if self._left <= 0:
            self._looks += 1
            return self._hub.metadata.of(owner).keys().isdisjoint(self._keys)
        lines = lines_of(self._response, self._hub, owner, self._keys)
        self._lines += lines
        self._left -= sum(len(line) for line in lines)
        self._looks += 1 + len(lines)
        return True

    def send(self, target: str, *, even_empty: bool = False) -> None:
        """Put what is told into the answer."""
        if self._lines or even_empty:
            self._response.batch((BATCH_TYPE, target), self._lines)
        self._session.budget.charge(self._looks / PER_COMMAND)


def show_room(hub: Hub, session: Session, response: Response, live: LiveRoom) -> None:
    """After a JOIN, tell `session` what the room and the people in it carry, or when to ask for it."""
    keys = hub.metadata.subscriptions(session)
    if not keys or not session.has(METADATA.bit):
        return
    page = _Page(hub, session, response, keys)
    whole = len(live.members) <= AT_ONCE and page.add(live) and all(page.add(member) for member in live.members)
    page.send(live.room.name)
    if not whole:
        later(response, live.room.name)


def later(response: Response, target: str) -> None:
    """Say when to ask for the values of a room or a person ("Postponed synchronization")."""
    response.numeric(RPL_METADATASYNCLATER, target=target, seconds=RETRY_SECONDS)


def hint(hub: Hub, session: Session, response: Response, live: LiveRoom) -> None:
    """Tell who knows a room under another name when to ask for what it carries, if that is anything they hear of."""
    if session.has(METADATA.bit) and hub.metadata.of(live).keys() & hub.metadata.subscriptions(session):
        later(response, live.room.name)


def show_page(hub: Hub, session: Session, response: Response, live: LiveRoom) -> None:
    """Tell what the room and the next people in it carry; and, if there are more of them, when to ask again.

    Who is not in the room is not told who is.
    """
    page = _Page(hub, session, response, hub.metadata.subscriptions(session))
    room_id, waiting = hub.metadata.unfinished.pop(session, (0, deque[User]()))
    if room_id != live.room.id or not waiting:
        waiting = deque(live.members if session.user in live.members else ())
        page.add(live)
    for _ in range(min(AT_ONCE, len(waiting))):
        # They may have left since the page before.
        if waiting[0] in live.members and not page.add(waiting[0]):
            break
        waiting.popleft()
    page.send(live.room.name, even_empty=True)
    if waiting:
        hub.metadata.unfinished[session] = (live.room.id, waiting)
        later(response, live.room.name)


def show_known(hub: Hub, session: Session, response: Response, user: User, keys: Collection[str]) -> None:
    """Behind a new subscription, tell what there is of `keys` already; of many people only when it is asked for."""
    if not session.has(METADATA.bit):
        return
    page = _Page(hub, session, response, keys)
    people: dict[User, None] = {user: None}
    told: list[LiveRoom] = []
    for live in user.rooms.values():
        if page.add(live) and len(people) + len(live.members) <= AT_ONCE:
            people.update(dict.fromkeys(live.members))
            told.append(live)
        else:
            later(response, live.room.name)
    watched = _present(hub, session)
    people.update(dict.fromkeys(watched))
    waiting = deque(people)
    while waiting and page.add(waiting[0]):
        waiting.popleft()
    page.send(user.nick)
    untold = set(waiting)
    for live in told:
        if not untold.isdisjoint(live.members):
            later(response, live.room.name)
    for one in watched:
        if one in untold and not any(one in live.members for live in told):
            later(response, one.nick)


def _present(hub: Hub, session: Session) -> list[User]:
    """Whom `session` watches and who is present."""
    found = (hub.users.get(folded) for folded in hub.watches.folded_of(session))
    return [one for one in found if one is not None]


def show_people(hub: Hub, session: Session, response: Response, people: Iterable[User]) -> None:
    """Tell `session`, which watches them from now on, what people carry."""
    keys = hub.metadata.subscriptions(session)
    if not keys or not session.has(METADATA.bit):
        return
    for user in people:
        page = _Page(hub, session, response, keys)
        whole = page.add(user)
        page.send(user.nick)
        if not whole:
            later(response, user.nick)


Brought = tuple[str, str, Publication]
"""A key, its value, and what stores it."""


def bring(hub: Hub, session: Session, response: Response, user: User, values: Mapping[str, str]) -> list[Brought]:
    """At a login, let the user carry the `values` that the session has brought; return what is stored of them."""
    brought: list[Brought] = []
    for key, value in values.items():
        carried = hub.metadata.of(user)
        if carried.get(key) == value:
            continue
        if key not in carried and len(carried) >= MOST_KEYS:
            response.fail("METADATA", replies.LIMIT_REACHED, user.nick)
            break
        publication = change(hub, user, key, value, session, response.failure("METADATA", replies.NOT_STORED, key))
        response.publish(publication)
        brought.append((key, value, publication))
    return brought


def welcome(hub: Hub, session: Session, response: Response, user: User) -> None:
    """Let the user carry what the session set before its login, and tell it all that they carry."""
    before = dict(hub.metadata.of(user))
    brought = bring(hub, session, response, user, hub.metadata.take_early(session))
    if not session.has(METADATA.bit):
        return
    target = user.nick
    kind = (BATCH_TYPE, target)
    lines = lines_of(response, hub, user, hub.metadata.of(user).keys())
    if not brought:
        response.batch(kind, lines)
        return

    def what_stands() -> bytes:
        """The batch when not all that was brought could be stored: each login is told what the user carries."""
        stored = {key: value for key, value, publication in brought if not publication.failed}
        made = [
            response.made(RPL_KEYVALUE, target=target, key=key, value=text) for key, text in (before | stored).items()
        ]
        return response.framed(kind, made)("")

    # It tells of what is not on disk yet.
    response.publish(Reply(session, response.framed(kind, lines)(""), brought[-1][2], otherwise=what_stands))
