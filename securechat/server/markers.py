"""Read markers: up to when somebody has read a conversation (draft/read-marker). Known to nobody but themselves."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from securechat.clock import format_time
from securechat.domain.events import Event, Kind, Source
from securechat.protocol.capabilities import READ_MARKER
from securechat.server.entries import Publication
from securechat.server.response import Response
from securechat.server.sessions import Session
from securechat.server.users import LiveRoom, User, audience_of

if TYPE_CHECKING:
    from securechat.server.hub import Hub

MOST_UNSPOKEN = 2000
"""How many markers of conversations in which nothing was said are kept, of everybody together."""


class ReadMarkers:
    """The markers of everybody, in ms; those of accounts are on disk as well. Guarded by the hub lock."""

    def __init__(self) -> None:
        self._by_account: dict[int, dict[int, int]] = {}  # account id -> conversation id -> ms
        self._unspoken: dict[
            tuple[int | User, str], int
        ] = {}  # (reader, party key of the other) -> ms; in memory alone

    def fill(self, stored: Iterable[tuple[int, int, int]]) -> None:
        """Take over what the database holds: (account id, conversation id, ms)."""
        for account_id, conversation, time in stored:
            self._by_account.setdefault(account_id, {})[conversation] = time

    def get(self, user: User, conversation: int) -> int | None:
        """Return the marker in ms, or None when there is none."""
        return self._of(user).get(conversation)

    def put(self, user: User, conversation: int, time: int) -> None:
        """Move a marker to `time` (ms)."""
        self._of(user)[conversation] = time

    def restore(self, user: User, conversation: int, before: int | None) -> None:
        """Undo a `put` that could not be stored."""
        markers = self._of(user)
        if before is None:
            markers.pop(conversation, None)
        else:
            markers[conversation] = before

    def get_unspoken(self, user: User, party: str) -> int | None:
        """Return the marker in ms that `user` has put where nothing had been said between them and `party`."""
        return self._unspoken.get((_reader(user), party))

    def put_unspoken(self, user: User, party: str, time: int) -> None:
        """Move such a marker to `time` (ms); the oldest is forgotten, as nothing is lost by it."""
        if len(self._unspoken) >= MOST_UNSPOKEN:
            del self._unspoken[next(iter(self._unspoken))]
        self._unspoken[_reader(user), party] = time

    def show(self, session: Session, response: Response, user: User, live: LiveRoom) -> None:
        """After a JOIN and before 366, tell `session` the marker of the room ("Command flows")."""
        if session.has(READ_MARKER.bit):
            response.line("MARKREAD", (live.room.name, wire_form(self.get(user, live.room.id))))

    def _of(self, user: User) -> dict[int, int]:
        return user.markers if user.account is None else self._by_account.setdefault(user.account.id, {})


def _reader(user: User) -> int | User:
    """Whose marker it is: an account's, or a guest's who has nothing in common with the next of that nick."""
    return user if user.account is None else user.account.id


def move(
    hub: "Hub",
    user: User,
    conversation: int,
    name: str,
    time: int,
    session: Session,
    failure: Callable[[str], bytes] | None = None,
) -> Publication:
    """Move a marker to `time` (ms); the publication stores it and tells the other sessions of the user.

    `session` has moved it. With a `failure`, it waits for the answer; without one, it knows without being told.
    """
    undo = partial(hub.markers.restore, user, conversation, hub.markers.get(user, conversation))
    hub.markers.put(user, conversation, time)
    source = Source(hub.configuration.server.name, "", "", account_id=user.account.id if user.account else 0)
    event = Event(Kind.MARK, hub.now(), source, conversation, name, wire_form(time), marked=time)
    others = audience_of([one for one in user.sessions if one is not session and one.has(READ_MARKER.bit)])
    if failure is None:
        return Publication(event, others, None, undo=undo)
    return Publication(event, others, session, echo=True, failure=failure, undo=undo)


def wire_form(time: int | None) -> str:
    """Return a marker as MARKREAD carries it: `timestamp=…`, or `*` when there is none."""
    return "*" if time is None else f"timestamp={format_time(time)}"
