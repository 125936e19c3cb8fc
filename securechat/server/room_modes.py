"""What one MODE changes in a room: applied at once, announced and stored as one event, taken back as one."""

import dataclasses

from securechat.domain.events import Event, Kind
from securechat.domain.roles import LEADING, ListEntry, RoomChange, RoomRole, RoomRules
from securechat.protocol import standard_replies as replies
from securechat.server.context import Context
from securechat.server.rendering import text_bytes
from securechat.server.users import LiveRoom, User

Change = tuple[str, str, str]
"""Sign, letter and parameter (empty: none), as they are announced."""


class ModeChange:
    """Changes of one room that make one event. Guarded by the hub lock, like what it changes."""

    __slots__ = ("_added", "_changes", "_context", "_live", "_removed", "_roles", "_rules", "_rules_before")

    def __init__(self, context: Context, live: LiveRoom) -> None:
        self._context = context
        self._live = live
        self._changes: list[Change] = []
        self._roles: dict[User, tuple[RoomRole, RoomRole]] = {}  # before, after
        self._rules_before = self._rules = live.room.rules
        self._added: list[tuple[str, ListEntry]] = []
        self._removed: list[tuple[str, ListEntry]] = []

    def has_room_for(self, change: Change) -> bool:
        """Whether the announcement still fits into a line with `change`."""
        most = text_bytes(Kind.MODE, self._context.user.source.mask, self._live.room.name)
        return not self._changes or len(announced([*self._changes, change]).encode()) <= most

    def set_roles(self, change: Change, user: User, roles: RoomRole) -> None:
        """Let a member be `roles`."""
        before = self._live.members[user]
        self._roles[user] = (self._roles.get(user, (before, before))[0], roles)
        self._context.hub.set_roles(user, self._live, roles)
        self._changes.append(change)

    def set_rule(self, change: Change, field: str, value: bool | int | str) -> None:
        """Let a rule be `value`; nothing when it is so already."""
        if getattr(self._rules, field) == value:
            return
        self._rules = self._live.room.rules = _with(self._rules, field, value)
        self._live.forget_subjects()
        self._changes.append(change)

    def add(self, change: Change, letter: str, entry: ListEntry) -> None:
        """Put a mask on a list."""
        self._live.room.lists.setdefault(letter, []).append(entry)
        self._live.forget_subjects()
        self._added.append((letter, entry))
        self._changes.append(change)

    def remove(self, change: Change, letter: str, entry: ListEntry) -> None:
        """Take a mask off a list."""
        self._live.room.lists[letter].remove(entry)
        self._live.forget_subjects()
        self._removed.append((letter, entry))
        self._changes.append(change)

    def publish(self) -> None:
        """Announce and store what was changed, if anything was."""
        if not self._changes:
            return
        context, live = self._context, self._live
        hub, room = context.hub, live.room
        change = RoomChange(
            roles=tuple((user.account.id, after) for user, (_, after) in self._roles.items() if user.account),
            rules=self._rules if self._rules != self._rules_before else None,
            added=tuple(self._added),
            removed=tuple((letter, entry.mask) for letter, entry in self._removed),
        )
        text = announced(self._changes)
        event = Event(Kind.MODE, hub.now(), context.user.source, room.id, room.name, text, change=change)
        failure = context.failure(replies.NOT_STORED, room.name)
        context.response.publish(hub.publication(event, live, context.session, self._undo, failure))

    def _undo(self) -> None:
        """Take back what still stands: a later change may be stored."""
        live = self._live
        for user, (before, after) in self._roles.items():
            if live.members.get(user) == after:
                self._context.hub.set_roles(user, live, before)
            elif user.account is not None and not user.sessions:  # went offline meanwhile
                self._context.hub.set_membership(user.account.id, live, before)
        for field in dataclasses.fields(RoomRules):
            before, after = getattr(self._rules_before, field.name), getattr(self._rules, field.name)
            if before != after == getattr(live.room.rules, field.name):
                live.room.rules = _with(live.room.rules, field.name, before)
        for letter, entry in self._added:
            if entry in live.room.lists.get(letter, ()):
                live.room.lists[letter].remove(entry)
        for letter, entry in self._removed:
            entries = live.room.lists.setdefault(letter, [])
            if all(one.mask != entry.mask for one in entries):
                entries.append(entry)
                entries.sort(key=lambda one: (one.time, one.mask))
        live.forget_subjects()


def _with(rules: RoomRules, field: str, value: bool | int | str) -> RoomRules:
    values = dataclasses.asdict(rules) | {field: value}
    return RoomRules(**values)


def announced(changes: list[Change]) -> str:
    """Return changes as MODE writes them: `+o-v anna bob`."""
    signs, parameters, last = "", [], ""
    for sign, letter, parameter in changes:
        signs += letter if sign == last else sign + letter
        last = sign
        if parameter:
            parameters.append(parameter)
    return " ".join((signs, *parameters))


def raised(roles: RoomRole, role: RoomRole) -> RoomRole:
    """Return what somebody is who is given a role; an owner need not be made a moderator."""
    return roles if role is RoomRole.MODERATOR and roles & LEADING else roles | role


def lowered(roles: RoomRole, role: RoomRole) -> RoomRole:
    """Return what somebody is whose role is taken; who does not look after the room any more does not own it either."""
    return roles & ~LEADING if role is RoomRole.MODERATOR else roles & ~role
