"""Metadata: values that users and rooms carry, by key, and who wants to hear of which key (draft/metadata-3)."""

import re
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from securechat.domain.events import Event, Kind, Source
from securechat.server.throttle import Window
from securechat.server.users import LiveRoom, User

if TYPE_CHECKING:
    from securechat.server.sessions import Session

MOST_KEYS = 20
"""How many keys a user or a room may carry (`max-keys`)."""
MOST_SUBSCRIPTIONS = 50
"""To how many keys a session may subscribe (`max-subs`)."""
KEY_BYTES = 40
"""The longest key (`max-key-bytes`); keys are ASCII."""
VALUE_BYTES = 300
"""The longest value in bytes of UTF-8 (`max-value-bytes`): it fits into a line beside names of usual length."""
CHANGES_PER_MINUTE = 60
"""How many values one user may change: each change may be told to many."""
AT_ONCE = 500
"""Of how many people one answer tells the values; what is more has to be asked for (SYNC)."""
PAGE_BYTES = 131_072
"""How long an answer may become by values, which is made while everybody else waits; what is more is asked for, too."""
RETRY_SECONDS = 4
"""After how many seconds a client should ask for them."""

_KEY = re.compile(r"[a-z0-9_./-]+")
_NOTHING: Mapping[str, str] = MappingProxyType({})


def value() -> str:
    """The value of the capability."""
    limits = f"max-subs={MOST_SUBSCRIPTIONS},max-keys={MOST_KEYS},max-key-bytes={KEY_BYTES}"
    return f"before-connect,{limits},max-value-bytes={VALUE_BYTES}"


def is_key(text: str) -> bool:
    """Whether `text` can be a key ("Keys and Values")."""
    return len(text) <= KEY_BYTES and _KEY.fullmatch(text) is not None


def news(kind: Kind, server_name: str, time: int, owner: User | LiveRoom, key: str, text: str | None) -> Event:
    """The event of a value that `owner` carries from now on (Kind.METADATA), or has brought along (Kind.CARRIED)."""
    account = owner.account if isinstance(owner, User) else None
    source = Source(server_name, "", "", account_id=account.id if account else 0)
    conversation = owner.room.id if isinstance(owner, LiveRoom) else 0
    return Event(kind, time, source, conversation, name_of(owner), key if text is None else f"{key} {text}")


def name_of(owner: "User | LiveRoom | Session") -> str:
    """How `owner` is called on the wire."""
    if isinstance(owner, LiveRoom):
        return owner.room.name
    return owner.nick if isinstance(owner, User) else "*"


class Metadata:
    """Guarded by the hub lock. A session that subscribes to nothing, and a user without values, cost nothing."""

    def __init__(self) -> None:
        self._by_account: dict[int, dict[str, str]] = {}
        self._by_room: dict[int, dict[str, str]] = {}
        self._by_session: dict[Session, dict[str, str]] = {}  # of those who have not logged in yet
        self._subscriptions: dict[Session, dict[str, None]] = {}
        self._subscribers: dict[str, dict[Session, None]] = {}  # by key
        self.unfinished: dict[Session, tuple[int, deque[User]]] = {}  # room id and those whose values are still to tell
        self._changes = Window(CHANGES_PER_MINUTE, 60)  # of accounts, by party

    def fill(self, of_accounts: Iterable[tuple[int, str, str]], of_rooms: Iterable[tuple[int, str, str]]) -> None:
        """Take over what the database holds: (account or room id, key, value)."""
        for values, stored in ((self._by_account, of_accounts), (self._by_room, of_rooms)):
            for owner_id, key, text in stored:
                values.setdefault(owner_id, {})[key] = text

    # Values

    def of(self, owner: "User | LiveRoom | Session") -> Mapping[str, str]:
        """What `owner` carries."""
        if isinstance(owner, LiveRoom):
            return self._by_room.get(owner.room.id, _NOTHING)
        if not isinstance(owner, User):
            return self._by_session.get(owner, _NOTHING)
        return owner.metadata if owner.account is None else self._by_account.get(owner.account.id, _NOTHING)

    def put(self, owner: "User | LiveRoom | Session", key: str, text: str | None) -> None:
        """Let `owner` carry another value, or none (None)."""
        if isinstance(owner, LiveRoom):
            values = self._by_room.setdefault(owner.room.id, {})
        elif not isinstance(owner, User):
            values = self._by_session.setdefault(owner, {})
        elif owner.account is None:
            values = owner.metadata
        else:
            values = self._by_account.setdefault(owner.account.id, {})
        if text is None:
            values.pop(key, None)
        else:
            values[key] = text

    def seconds_to_wait(self, user: User, now: float) -> float:
        """Return 0, or how long until `user` may change a value again.

        The changes of an account count over all its visits, those of a guest for as long as they are here.
        """
        changes, key = self._changes_of(user)
        return changes.wait(key, now)

    def count_changes(self, user: User, now: float, number: int) -> None:
        """Note that `user` changes so many values; `now` is monotonic seconds."""
        changes, key = self._changes_of(user)
        for _ in range(number):
            changes.count(key, now)

    def _changes_of(self, user: User) -> tuple[Window, str]:
        """Where the changes of `user` are counted: of a guest under any nick that they take."""
        if user.account is not None:
            return self._changes, user.party
        if user.changes is None:
            user.changes = Window(CHANGES_PER_MINUTE, 60)
        return user.changes, ""

    def take_early(self, session: "Session") -> dict[str, str]:
        """Return and forget what a session set before its login."""
        return self._by_session.pop(session, {})

    def forget_room(self, room_id: int) -> None:
        """Forget a room that is not there after all, or not any more."""
        self.take_from_room(room_id)

    def take_from_room(self, room_id: int) -> dict[str, str]:
        """Take all values from a room, and return them."""
        return self._by_room.pop(room_id, {})

    def give_to_room(self, room_id: int, values: dict[str, str]) -> None:
        """Give a room all its values back."""
        if values:
            self._by_room[room_id] = values

    # Subscriptions

    def subscribe(self, session: "Session", key: str) -> bool:
        """Let `session` hear of `key`; False when it hears of too many already."""
        keys = self._subscriptions.setdefault(session, {})
        if key not in keys and len(keys) >= MOST_SUBSCRIPTIONS:
            return False
        keys[key] = None
        self._subscribers.setdefault(key, {})[session] = None
        return True

    def unsubscribe(self, session: "Session", key: str) -> None:
        """Let `session` hear of `key` no more."""
        keys = self._subscriptions.get(session)
        if keys is None or key not in keys:
            return
        del keys[key]
        if not keys:
            del self._subscriptions[session]
        sessions = self._subscribers[key]
        del sessions[session]
        if not sessions:
            del self._subscribers[key]

    def subscriptions(self, session: "Session") -> Collection[str]:
        """The keys that `session` hears of."""
        return self._subscriptions.get(session, {}).keys()

    def subscribers(self, key: str) -> "Collection[Session]":
        """The sessions that hear of `key`."""
        return self._subscribers.get(key, {}).keys()

    def forget(self, session: "Session") -> None:
        """Forget a session that has ended."""
        for key in list(self.subscriptions(session)):
            self.unsubscribe(session, key)
        self._by_session.pop(session, None)
        self.unfinished.pop(session, None)
