"""Invites as the hub knows them, and the one place that says whether one is good: for REGISTER and for JOIN.

Three things are asked each time that one is shown: whether it is good itself (not used up, expired, revoked), whether
whoever made it may still let somebody in at that moment, and what the permission table says of whoever shows it.
Tokens are known by their digests alone; nobody but who holds one learns where it leads.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from securechat.domain.account import Invite
from securechat.domain.permissions import Action, Policy, Subject, enters_by_link, may, subject_of_account
from securechat.domain.roles import OUTSIDER
from securechat.links import DEFAULT_PORT
from securechat.names import fold
from securechat.server.administration_ports import ServerAddress
from securechat.server.throttle import Window
from securechat.server.users import LiveRoom

if TYPE_CHECKING:
    from securechat.domain.account import Account
    from securechat.server.hub import Hub

TOKEN_BYTES: Final = 16
MOST_DEAD: Final = 1000
"""How many invites that are no good any more are remembered, so that their holders can be told why."""
MOST_OF_ACCOUNT: Final = 20
"""How many of one account's invites may be good at a time."""
MOST_OF_ROOM: Final = 50
"""How many invites into one room may be good at a time, but for those that are made at the server's machine."""
MOST_IN_ALL: Final = 10_000
"""How many invites may be good at a time: each is held in memory."""
MADE_PER_HOUR: Final = 10
"""How many invites one account may make in an hour: each stays on the record."""

OPENED: Final = frozenset({Action.ENTER_ABANDONED.name, Action.ENTER_INVITED.name, Action.ENTER_BY_KEY.name})
"""What a good invite would have opened: whoever is refused for one of these is told what is wrong with theirs."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
"""What `secrets.token_urlsafe(TOKEN_BYTES)` makes."""


@dataclass(slots=True, eq=False)
class Known:
    """An invite and what has become of it. Guarded by the hub lock; uses are taken here before they are on disk."""

    invite: Invite
    uses_left: int
    revoked: bool
    accounts: set[int] = field(default_factory=set)  # that have used it: they need no second use

    def refusal(self, now: int, account_id: int = 0) -> str:
        """Return why it is no good for the account (0: for one that is to be made) at `now` (ms); empty: it is good."""
        one = self.invite
        if self.revoked:
            return "revoked"
        if one.expires is not None and one.expires <= now:
            return "expired"
        return "used" if self.uses_left <= 0 and account_id not in self.accounts else ""

    def take(self, account_id: int = 0) -> Callable[[], None]:
        """Take a use, for an account that is to be made or for one that is there; return what gives it back."""
        if account_id in self.accounts:
            return _nothing
        self.uses_left -= 1
        if account_id:
            self.accounts.add(account_id)

        def give_back() -> None:
            self.uses_left += 1
            self.accounts.discard(account_id)

        return give_back


def _nothing() -> None:
    """How nothing is given back."""


@dataclass(slots=True, frozen=True)
class Shown:
    """What somebody has shown to enter a room where its key is said (JOIN)."""

    name: str  # of the room that is meant: a link may have an older name of it
    known: Known | None = None  # a good invite into that room
    reason: str = ""  # why it is none, in the words of InviteRefused; empty: it does not look like one


class KnownInvites:
    """All invites that are good, and the newest of the others. Guarded by the hub lock."""

    def __init__(self) -> None:
        self._by_digest: dict[bytes, Known] = {}
        self._by_number: dict[int, Known] = {}
        self._unbound: dict[Known, None] = {}  # that lead into a room that is not there yet
        self.made = Window(MADE_PER_HOUR, 3600)  # by the id of the account
        self.address: Callable[[], ServerAddress] = lambda: ServerAddress("localhost", DEFAULT_PORT, "")
        """What links say of the server; the server that listens puts its own here."""

    def take_over(self, rows: Iterable[tuple[bytes, Invite, frozenset[int]]]) -> None:
        """Know what the database holds, newest first; what is known already is ahead of it, as uses are taken here."""
        for digest, invite, accounts in reversed(list(rows)):
            if invite.id not in self._by_number:
                self._add(digest, Known(invite, invite.uses_left, invite.revoked, set(accounts)))

    def revoke(self, numbers: Iterable[int]) -> None:
        """Know that these are revoked."""
        for number in numbers:
            known = self._by_number.get(number)
            if known is not None:
                known.revoked = True

    def add(self, digest: bytes, invite: Invite) -> None:
        """Know a new one, which is on disk."""
        if invite.id not in self._by_number:
            self._add(digest, Known(invite, invite.uses_left, invite.revoked))

    def _add(self, digest: bytes, known: Known) -> None:
        self._by_digest[digest] = self._by_number[known.invite.id] = known
        if not all(known.invite.room_ids):
            self._unbound[known] = None

    def bind(self, name: str, room_id: int) -> Callable[[], None]:
        """Let invites into a room that was not there lead into the one that is made under its name; return the undoing.

        As the disk has it (storage.invites.bind_room): from now on it is that very room, whatever it is called later.
        """
        before = [(known, known.invite) for known in self._unbound if fold(name) in map(fold, known.invite.rooms)]
        for known, invite in before:
            ids = (
                known_id or (room_id if fold(one) == fold(name) else 0)
                for one, known_id in zip(invite.rooms, invite.room_ids, strict=True)
            )
            known.invite = replace(invite, room_ids=tuple(ids))

        def undo() -> None:
            for known, invite in before:
                known.invite = invite

        return undo

    def of(self, token: str) -> Known | None:
        """The invite with that token, whatever its state."""
        return self._by_digest.get(digest_of(token))

    def numbered(self, number: int) -> Known | None:
        """The invite with that number, whatever its state."""
        return self._by_number.get(number)

    def all(self) -> list[Known]:
        """All that are known, oldest first."""
        return list(self._by_number.values())

    def forget_dead(self, now: int) -> None:
        """Forget the oldest of those that are no good any more, beyond MOST_DEAD."""
        dead = [digest for digest, known in self._by_digest.items() if known.refusal(now)]
        for digest in dead[: max(0, len(dead) - MOST_DEAD)]:
            known = self._by_digest.pop(digest)
            del self._by_number[known.invite.id]
            self._unbound.pop(known, None)


def use_to_enter(
    known: Known | None, subject: Subject, policy: Policy, account_id: int
) -> tuple[int, Callable[[], None]]:
    """Take a use when `subject`, who may join, may do so for the invite alone.

    Return its number (0: none was taken), and what gives it back.
    """
    if known is None or not enters_by_link(subject, policy):
        return 0, _nothing
    return known.invite.id, known.take(account_id)


def digest_of(token: str) -> bytes:
    """Return what a token is known by: its SHA-256 digest."""
    return hashlib.sha256(token.encode()).digest()


def rooms_of(hub: "Hub", known: Known) -> list[LiveRoom]:
    """The rooms that an invite leads into and that are there."""
    invite = known.invite
    found = (
        hub.rooms_by_id.get(room_id) if room_id else hub.find_room(name)
        for room_id, name in zip(invite.room_ids, invite.rooms, strict=True)
    )
    return [live for live in found if live is not None]


def _room_meant(hub: "Hub", known: Known, name: str) -> LiveRoom | None:
    """The room that is meant by `name` with this invite: its name of today, or the one that stands in the link."""
    by_link = dict(zip(map(fold, known.invite.link_names), known.invite.room_ids, strict=True))
    live = hub.find_room(name)
    if live is not None and live in rooms_of(hub, known):
        return live
    return hub.rooms_by_id.get(by_link.get(fold(name), 0))


def maker_may(hub: "Hub", known: Known, action: Action, live: LiveRoom | None = None) -> bool:
    """Whether whoever made it may do `action` at this moment; what was made at the machine itself always may.

    Asked of the account, whether somebody is logged in to it or not: powers that OPER gave do not count.
    """
    if not known.invite.maker:
        return True
    account = hub.accounts_by_id.get(known.invite.maker)
    return account is not None and not account.suspended and account_may(hub, account, action, live)


def account_may(hub: "Hub", account: "Account", action: Action, live: LiveRoom | None) -> bool:
    """Whether an account, present or not, may do `action`, in a room or (None) on the server."""
    if live is None:
        subject = subject_of_account(account)
    else:
        roles = hub.memberships[account.id].get(live.room.id, OUTSIDER)
        subject = subject_of_account(account, roles, live.room.rules)
    return may(subject, action, hub.policy)


def shown(hub: "Hub", account: "Account | None", name: str, key: str) -> Shown:
    """Find out what `key`, said to enter the room `name`, is as an invite."""
    known = hub.invites.of(key) if key else None
    live = _room_meant(hub, known, name) if known is not None else None
    if known is None or live is None:
        return Shown(name, reason="unknown" if known is not None or _TOKEN.fullmatch(key) else "")
    reason = known.refusal(hub.now(), account.id if account is not None else 0)
    if not reason and not maker_may(hub, known, Action.INVITE_BY_LINK, live):
        reason = "withdrawn"
    if reason:
        return Shown(name, reason=reason)
    return Shown(live.room.name, known) if account is not None else Shown(name, reason="guest")


def refusal_of_newcomer(hub: "Hub", known: Known | None, subject: Subject) -> str:
    """Return why no account can be made with an invite now, in the words of InviteRefused; empty: one can."""
    reason = known.refusal(hub.now()) if known is not None else "unknown"
    if known is None or reason:
        return reason
    if may(subject, Action.REGISTER_OPEN, hub.policy) and not known.invite.administrator:
        return ""  # anybody may: the invite only leads into its rooms
    if not known.invite.newcomers:
        return "for members"
    return "" if maker_may(hub, known, Action.INVITE_TO_SERVER) else "withdrawn"
