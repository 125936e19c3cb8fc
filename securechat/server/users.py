"""Users (a nick that is present) and live rooms (a room with those present in it)."""

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from securechat.clock import Clock
from securechat.domain.account import Account
from securechat.domain.events import Event, Source
from securechat.domain.mask_lists import FOR_GOOD, RoomMasks
from securechat.domain.permissions import Role, Subject, SubjectInRoom, empowered, is_program, role_of
from securechat.domain.roles import OUTSIDER, RoomRole
from securechat.domain.room import Room, party_of_account, party_of_guest
from securechat.names import fold
from securechat.server.ports import Outlet
from securechat.server.sessions import Session
from securechat.server.throttle import Budget, Window

if TYPE_CHECKING:
    from securechat.server.knocks import Knock

HOST = "securechat"
"""The host part of every user: no address is ever disclosed."""

Audience = tuple[tuple[int, tuple[Outlet, ...]], ...]
"""Who gets an event: (Session.group_key, outlets). Immutable, so it can travel to the I/O threads without a lock."""

NOBODY: Audience = ()

Joined = int | Event
"""When somebody became a member of a room: the sequence number, or the event that gets one when it is on disk."""

NOT_YET = 2**63 - 1
"""Stands for the sequence number of what is not on disk: nothing is newer."""


class User:
    """A nick that is present, with all sessions of its account. Guarded by the hub lock."""

    __slots__ = (
        "_outside",
        "_searched",
        "account",
        "away",
        "blocked_by",
        "bot",
        "changes",
        "hears_wallops",
        "invisible",
        "invited_to",
        "markers",
        "metadata",
        "missed_after",
        "named",
        "nick",
        "operator",
        "realname",
        "resigned",
        "rooms",
        "sessions",
        "source",
        "speech",
        "username",
    )

    def __init__(self, nick: str, username: str, realname: str, account: Account | None) -> None:
        self.nick = nick
        self.username = username
        self.realname = realname
        self.named = 0  # since when they are here under this nick, in ms
        self.account = account
        self.away = ""  # the away message; empty: here
        self.bot = False  # a program, as it says or as its account does
        self.hears_wallops = False
        self.invisible = True  # left out of the answers to masks
        self.operator = False  # see settle_powers
        self.resigned = False  # an administrator who has given up their powers
        self.markers: dict[int, int] = {}  # of a guest: see markers.ReadMarkers
        self.metadata: dict[str, str] = {}  # of a guest: see metadata.Metadata
        self.missed_after = 0  # what is newer they may have missed: see server.past
        self.changes: Window | None = None  # how often a guest has changed these
        self.blocked_by: Collection[PersonKey] = ()  # who does not want to hear this user: see blocks.Blocks
        self.sessions: list[Session] = []
        self.rooms: dict[int, LiveRoom] = {}
        self.invited_to: dict[LiveRoom, None] = {}  # rooms that keep an invitation of this user, not of the account
        self.adopt(account)

    def adopt(self, account: Account | None) -> None:
        """Take the account, or none, as the one of this user."""
        self.account = account
        self.resigned = False
        self.bot = self.bot or is_program(account)
        self.speech: Budget | None = None  # how much may be said now (Limits.speech); found at the first word
        self.source = self._make_source()
        self.settle_powers()

    def settle_powers(self) -> None:
        """Work out whether the user has an administrator's powers, and so what they may do.

        By the account, or by what a session has shown that it knows (OPER); those powers last no longer than it does.
        """
        by_account = empowered(self.account, resigned=self.resigned)
        self.operator = by_account or any(one.operates_as is not None for one in self.sessions)
        self._outside = Subject(role_of(self.account), operator=self.operator)
        self._forget_subjects()

    def _make_source(self) -> Source:
        self._searched: tuple[str, ...] | None = None
        account = self.account
        name, number = (account.name, account.id) if account else ("", 0)
        return Source(self.nick, self.username, HOST, name, number, self.realname, self.bot)

    def rename(self, nick: str) -> None:
        """Take another nick; events of before keep the old source."""
        self.nick = nick
        self.source = self._make_source()
        self._forget_subjects()

    def _forget_subjects(self) -> None:
        """Masks are matched again with who the user is now."""
        for live in self.rooms.values():
            live.forget_subject(self)

    def set_realname(self, realname: str) -> None:
        """Take another real name."""
        self.realname = realname
        self.source = self._make_source()

    def set_bot(self, bot: bool) -> None:
        """Be a program, or not."""
        self.bot = bot
        self.source = self._make_source()

    @property
    def searched(self) -> tuple[str, ...]:
        """What masks are held against, folded: nick, user name, account and real name."""
        if self._searched is None:
            texts = (self.nick, self.username, self.account.name if self.account else "", self.realname)
            self._searched = tuple(fold(text) for text in texts if text)
        return self._searched

    @property
    def key(self) -> "PersonKey":
        """Who this is for as long as that can be told: the account by its id, or else the guest."""
        return self if self.account is None else self.account.id

    @property
    def party(self) -> str:
        """The key by which this user takes part in direct conversations."""
        return party_of_account(self.account.id) if self.account else party_of_guest(fold(self.nick))

    def subject(self, room: "LiveRoom | None" = None) -> Subject:
        """Who asks, for the permission table, in relation to `room`."""
        return self._outside if room is None else room.subject_of(self)

    @property
    def role(self) -> Role:
        """What the user is to the server."""
        return self._outside.role


PersonKey = int | User
"""Somebody who stays the same whatever their nick is: the id of an account, or a guest who is present."""


class LiveRoom:
    """A room and who is present in it. Guarded by the hub lock; its audiences are immutable."""

    __slots__ = (
        "_audience",
        "_clock",
        "_listeners",
        "_masks",
        "_parts",
        "_subjects",
        "accounts",
        "invited",
        "joined",
        "knocks",
        "members",
        "room",
        "slowed",
    )

    def __init__(self, room: Room, clock: Clock) -> None:
        self.room = room
        self._clock = clock  # for bans that end
        self.slowed: Window | None = None  # in slow mode: who has said something a moment ago (server.slow_mode)
        self.members: dict[User, RoomRole] = {}
        self.accounts = 0  # how many accounts are members, online or not
        self.joined: dict[PersonKey, Joined] = {}  # since when each member is one, accounts that are not here as well
        # Who may enter once although it is for the invited: accounts by their id, guests.
        self.invited: dict[User | int, None] = {}
        self.knocks: dict[PersonKey, Knock] = {}  # who asks to be let in, oldest first: see knocks.open_knocks
        self._masks: RoomMasks | None = None
        self._subjects: dict[User, Subject] = {}  # of members, so that a message costs one look-up
        self._listeners: dict[int, dict[Outlet, None]] = {}
        self._audience: Audience | None = None
        self._parts: dict[tuple[str, int], Audience] = {}  # see audience_in, audience_with and audience_without

    def add_session(self, session: Session) -> None:
        """Let `session` hear the room."""
        self._listeners.setdefault(session.group_key, {})[session.outlet] = None
        self._forget_audiences()

    def remove_session(self, session: Session) -> None:
        """Let `session` hear the room no more."""
        group = self._listeners.get(session.group_key)
        if group is not None and group.pop(session.outlet, session) is None:
            if not group:
                del self._listeners[session.group_key]
            self._forget_audiences()

    def _forget_audiences(self) -> None:
        self._audience = None
        self._parts.clear()

    def subject_of(self, user: User, key: str = "", *, has_link: bool = False) -> Subject:
        """Who asks, in relation to this room; `key` is what they say to enter it, `has_link` whether by an invite."""
        subject = self._subjects.get(user)
        if subject is None:
            subject = self._make_subject(user, self.members.get(user, OUTSIDER), key, has_link=has_link)
            if user in self.members:
                self._subjects[user] = subject
        return subject

    def subject_as(self, user: User, roles: RoomRole) -> Subject:
        """Who asks to be in this room again as what their account is in it."""
        return self._make_subject(user, roles, "")

    def _make_subject(self, user: User, roles: RoomRole, key: str, *, has_link: bool = False) -> Subject:
        rules = self.room.rules
        return SubjectInRoom(
            user.role,
            roles,
            rules,
            partial(self._by_masks, user),
            has_key=key == rules.key,
            has_link=has_link,
            full=bool(rules.member_limit) and len(self.members) >= rules.member_limit,
            operator=user.operator,
            abandoned=self.abandoned,
        )

    def _by_masks(self, user: User, fact: str) -> tuple[bool, bool]:
        """Whether `user` is "muted", "banned" or "invited" here, and whether that stays so by itself."""
        if fact == "invited":
            return self._has_invited(user) or self._room_masks().invited(user.source), True
        until = self.muted_until(user) if fact == "muted" else self.banned_until(user)
        return bool(until), until in (0, FOR_GOOD)

    def is_silenced(self, who: Source) -> bool:
        """Whether a mask keeps somebody, here or not, from speaking for good."""
        return self._room_masks().muted_until(who, self._clock()) == FOR_GOOD

    def muted_until(self, user: User) -> int:
        """Until when a mask keeps `user` from speaking (see RoomMasks)."""
        return self._room_masks().muted_until(user.source, self._clock())

    def banned_until(self, user: User) -> int:
        """Until when a mask keeps `user` out (see RoomMasks)."""
        return self._room_masks().banned_until(user.source, self._clock())

    def _room_masks(self) -> RoomMasks:
        masks = self._masks
        if masks is None:
            masks = self._masks = RoomMasks(self.room.lists)
        return masks

    @property
    def abandoned(self) -> bool:
        """Whether nobody is a member any more, or yet."""
        return not self.members and not self.accounts

    def invite(self, person: User | Account, most: int) -> Callable[[], None]:
        """Let somebody come in once although the room is for the invited; return what undoes it.

        An account need not be here. At most `most` invitations are open; the oldest gives way. It also answers whoever
        has asked to be let in.
        """
        before, knocks = dict(self.invited), dict(self.knocks)

        def undo() -> None:
            self.invited = {key: None for key in before if isinstance(key, int) or key.sessions}
            self.knocks = knocks

        if isinstance(person, User):
            self.take_invitations(person)
        key = person.key if isinstance(person, User) else person.id
        self.invited.pop(key, None)
        self.invited[key] = None
        if isinstance(key, User):
            key.invited_to[self] = None
        self.knocks.pop(key, None)
        if len(self.invited) > most:
            del self.invited[next(iter(self.invited))]
        return undo

    def joined_sequence(self, key: PersonKey) -> int:
        """The sequence number of the event by which somebody became a member; NOT_YET until it is on disk."""
        joined = self.joined.get(key, NOT_YET)
        return joined if isinstance(joined, int) else joined.sequence or NOT_YET

    def _has_invited(self, user: User) -> bool:
        return user in self.invited or (user.account is not None and user.account.id in self.invited)

    def take_invitations(self, user: User) -> dict[User | int, None]:
        """Let the invitations of `user` be used up; return them."""
        keys = [user, *([user.account.id] if user.account is not None else [])]
        return {key: self.invited.pop(key) for key in keys if key in self.invited}

    def forget_subject(self, user: User) -> None:
        """Work out anew what `user` may do here: their name or their roles have changed."""
        self._subjects.pop(user, None)
        self._parts.clear()

    def forget_subjects(self) -> None:
        """Work out anew what everybody may do here: rules or lists have changed."""
        self._masks = None
        self._subjects.clear()

    def audience(self) -> Audience:
        """Everybody who hears the room now."""
        audience = self._audience
        if audience is None:
            audience = self._audience = tuple((key, tuple(group)) for key, group in self._listeners.items())
        return audience

    def audience_of_author(self, author: User, roles: RoomRole = OUTSIDER) -> Audience:
        """Everybody who hears what `author`, whom some have blocked, says: to all, or to those with one of `roles`.

        Made once for as long as nobody comes, goes or changes their mind.
        """
        name = f"author {int(roles)}"
        known = self._parts.get((name, id(author)))
        if known is not None:
            return known
        blockers = author.blocked_by
        return self._part(
            name,
            id(author),
            lambda user, _: user.key not in blockers and (not roles or bool(self.members[user] & roles)),
        )

    def forget_parts(self) -> None:
        """Choose anew who hears what: somebody has blocked one who is here, or does so no more."""
        self._parts.clear()

    def audience_in(self, roles: RoomRole) -> Audience:
        """All sessions of those who have one of `roles`."""
        known = self._parts.get(("roles", int(roles)))
        return self._part("roles", roles, lambda user, _: bool(self.members[user] & roles)) if known is None else known

    def audience_with(self, capability: int) -> Audience:
        """The sessions that have negotiated the capability with that bit."""
        known = self._parts.get(("with", capability))
        return self._part("with", capability, lambda _, one: one.has(capability)) if known is None else known

    def audience_without(self, capability: int) -> Audience:
        """The sessions that have not."""
        known = self._parts.get(("without", capability))
        return self._part("without", capability, lambda _, one: not one.has(capability)) if known is None else known

    def _part(self, name: str, bits: int, belongs: Callable[[User, Session], bool]) -> Audience:
        """Choose sessions of the members, once for as long as these stay as they are."""
        chosen = audience_of([one for user in self.members for one in user.sessions if belongs(user, one)])
        self._parts[name, int(bits)] = chosen
        return chosen


def without(audience: Audience, users: "Collection[User]") -> Audience:
    """The same audience, but for the sessions of `users`."""
    if not users:
        return audience
    left_out = {session.outlet for user in users for session in user.sessions}
    return tuple((key, tuple(one for one in outlets if one not in left_out)) for key, outlets in audience)


def audience_of(sessions: "list[Session]") -> Audience:
    """The audience that consists of `sessions`."""
    groups: dict[int, list[Outlet]] = {}
    for session in sessions:
        groups.setdefault(session.group_key, []).append(session.outlet)
    return tuple((key, tuple(outlets)) for key, outlets in groups.items())
