"""What one MODE changes in a room: collected, then applied, announced and stored as one event, taken back as one."""

import dataclasses
from collections.abc import Callable

from securechat.clock import format_moment
from securechat.domain.account import Account
from securechat.domain.audit import Act, Deed
from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Subject
from securechat.domain.roles import ListEntry, RoomChange, RoomRole, RoomRules
from securechat.domain.room import Room
from securechat.protocol import standard_replies as replies
from securechat.server.actors import Actor
from securechat.server.deeds import called
from securechat.server.entries import Publication
from securechat.server.hub import Hub
from securechat.server.members import Member, account_of, roles_of, set_roles
from securechat.server.rendering import text_bytes
from securechat.server.users import LiveRoom, User

MOST = {"l": 1_000_000, "f": 21_600}
"""The highest number of each mode that takes one: members, seconds."""

Change = tuple[str, str, str]
"""Sign, letter and parameter (empty: none), as they are announced."""


class ModeChange:
    """Changes of one room by one command. Nothing changes before `publish`, but one sees what was asked before another.

    Guarded by the hub lock, like what it changes.
    """

    __slots__ = ("_actor", "_changes", "_deeds", "_lists", "_live", "_roles", "rules", "subject")

    def __init__(self, actor: Actor, live: LiveRoom, subject: Subject) -> None:
        self._actor = actor
        self._live = live
        self.subject = subject  # who asks, as they were before anything changed
        self._begin()

    def _begin(self) -> None:
        self._changes: list[Change] = []
        self._deeds: list[Deed] = []
        self._roles: dict[User | int, tuple[Member, RoomRole]] = {}  # by user, or by account that is not here
        self._lists: dict[str, list[ListEntry]] = {}
        self.rules = self._live.room.rules  # as they will be

    def roles_of(self, member: Member) -> RoomRole:
        """What a member will be."""
        known = self._roles.get(_key(member))
        return known[1] if known is not None else roles_of(self._actor.hub, self._live, member)

    def entries(self, letter: str) -> list[ListEntry]:
        """The rows that a list will have."""
        return self._lists.get(letter, self._live.room.lists.get(letter, []))

    def set_roles(self, change: Change, member: Member, roles: RoomRole, reason: str = "") -> None:
        """Let a member be `roles`; `reason` goes on the record."""
        self._note(change, Act.ROOM_ROLE, called(member), reason=reason)
        self._roles[_key(member)] = (member, roles)

    def set_rule(self, change: Change, field: str, value: bool | int | str, reason: str = "") -> None:
        """Let a rule be `value`; nothing when it is so already. What was asked of it before is forgotten.

        `reason` goes on the record.
        """
        if getattr(self.rules, field) != value:
            self._forget(change[1])
            if getattr(self._live.room.rules, field) != value:
                self._note(change, Act.ROOM_RULE, "", "" if field == "key" else change[2], reason)
            self.rules = RoomRules(**(dataclasses.asdict(self.rules) | {field: value}))

    def add(self, change: Change, letter: str, entry: ListEntry, reason: str = "") -> None:
        """Put a mask on a list; `reason` goes on the record."""
        until = f"until {format_moment(entry.expires)}" if entry.expires else ""
        self._note(change, Act.ROOM_MASK, entry.mask, until, reason)
        self._lists[letter] = [*self.entries(letter), entry]

    def set_standing(self, change: Change, member: Member, roles: RoomRole, word: str, reason: str = "") -> None:
        """Let a member be `roles`; `word`, which says what that is, and `reason` go on the record."""
        self._note(change, Act.ROOM_ROLE, called(member), word, reason)
        self._roles[_key(member)] = (member, roles)

    def remove(self, change: Change, letter: str, entry: ListEntry, reason: str = "") -> None:
        """Take a mask off a list; `reason` goes on the record."""
        self._note(change, Act.ROOM_MASK, entry.mask, "", reason)
        self._lists[letter] = [one for one in self.entries(letter) if one is not entry]

    def _note(self, change: Change, act: Act, target: str, parameter: str = "", reason: str = "") -> None:
        """Announce `change` with those before; if it does not fit into their line any more, in a line of its own.

        It goes on the record, with what may be recorded of its parameter: never a key.
        """
        most = text_bytes(Kind.MODE, self._actor.source.mask, self._live.room.name)
        if self._changes and len(announced([*self._changes, change]).encode()) > most:
            self.publish()
        self._changes.append(change)
        sign, letter, _ = change
        detail = f"{sign}{letter} {parameter}".rstrip()
        self._deeds.append(self._actor.deed(act, self._live.room.name, target, detail, reason))

    def _forget(self, letter: str) -> None:
        """Take back the change of the rule `letter`, if there is one."""
        for place, (_, known, _) in enumerate(self._changes):
            if known == letter:
                del self._changes[place], self._deeds[place]
                return

    def wait(self) -> float:
        """Return the seconds until whoever asks may change modes again; 0: they may now."""
        return self._actor.hub.limits.mode_changes.wait(self._actor.counted_for, self._actor.hub.monotonic())

    def publish(self) -> Publication | None:
        """Apply, announce and store what is asked, if anything is."""
        if not self._changes:
            return None
        actor, live = self._actor, self._live
        hub, room = actor.hub, live.room
        change = self._change()
        text = announced(self._changes)
        event = Event(Kind.MODE, hub.now(), actor.source, room.id, room.name, text, change=change)
        event.deeds = tuple(self._deeds)
        for _ in self._deeds:
            hub.limits.mode_changes.count(actor.counted_for, hub.monotonic())
        failure = actor.failure(replies.NOT_STORED, room.name)
        undo = self._apply()
        publication = hub.publication(event, live, actor.session, undo, failure)
        actor.publish(publication)
        self._begin()
        return publication

    def _change(self) -> RoomChange:
        """Return what is to be stored: how it will be, compared with how it is."""
        accounts = [(account_of(member), roles) for member, roles in self._roles.values()]
        lists = self._live.room.lists
        return RoomChange(
            roles=tuple((account.id, roles) for account, roles in accounts if account is not None),
            rules=self.rules if self.rules != self._live.room.rules else None,
            added=tuple(
                (letter, one)
                for letter, rows in self._lists.items()
                for one in rows
                if one not in lists.get(letter, ())
            ),
            removed=tuple(
                (letter, one.mask)
                for letter, rows in self._lists.items()
                for one in lists.get(letter, ())
                if one not in rows
            ),
        )

    def _apply(self) -> Callable[[], None]:
        """Let the room be as it is asked to be; return what makes it again as it was."""
        hub, live = self._actor.hub, self._live
        room = live.room
        rules = room.rules
        lists = {letter: room.lists.get(letter, []) for letter in self._lists}
        roles = [(member, roles_of(hub, live, member)) for member, _ in self._roles.values()]

        def undo() -> None:
            _set_rules(hub, room, rules)
            room.lists.update(lists)
            hub.endings.note(room)
            for member, before in roles:
                set_roles(hub, live, member, before)
            live.forget_subjects()

        _set_rules(hub, room, self.rules)
        room.lists.update(self._lists)
        hub.endings.note(room)
        for member, after in self._roles.values():
            set_roles(hub, live, member, after)
        live.forget_subjects()
        return undo


def _set_rules(hub: Hub, room: Room, rules: RoomRules) -> None:
    room.rules = rules
    if rules.secret:
        hub.secret_rooms.add(room.id)
    else:
        hub.secret_rooms.discard(room.id)


def _key(member: Member) -> User | int:
    return member.id if isinstance(member, Account) else member


def announced(changes: list[Change]) -> str:
    """Return changes as MODE writes them: `+o-v anna bob`."""
    signs, parameters, last = "", [], ""
    for sign, letter, parameter in changes:
        signs += letter if sign == last else sign + letter
        last = sign
        if parameter:
            parameters.append(parameter)
    return " ".join((signs, *parameters))
