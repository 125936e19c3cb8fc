"""Who blocks whom: a filter over the blocker's own view, of which the blocked one can notice nothing.

What the blocked one says is stored, and echoed, as ever; it is not delivered to the blocker, nor shown to them in
history or replay for as long as they block. Who comes, goes and changes rooms is seen all the same.
"""

from collections.abc import Collection, Iterable
from functools import partial
from typing import TYPE_CHECKING

from securechat.domain.events import Event, Kind
from securechat.domain.history import Hidden
from securechat.domain.room import DirectConversation, party_of_account
from securechat.names import fold
from securechat.server.entries import Publication
from securechat.server.users import PersonKey, User, audience_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from securechat.server.hub import Hub
    from securechat.server.sessions import Session

MOST_BLOCKED = 100
"""How many people one may block (ISUPPORT SILENCE)."""
_NOBODY = Hidden()


class Blocks:
    """Guarded by the hub lock. Accounts are remembered, guests for as long as they are here."""

    def __init__(self) -> None:
        self._blocked: dict[PersonKey, dict[PersonKey, None]] = {}  # by who blocks, oldest first
        self._blockers: dict[PersonKey, dict[PersonKey, None]] = {}  # by who is blocked

    def fill(self, stored: Iterable[tuple[int, int]]) -> None:
        """Take over what the database holds: (account id, id of the account that it blocks)."""
        for account_id, blocked_id in stored:
            self.add(account_id, blocked_id)

    def of(self, blocker: PersonKey) -> list[PersonKey]:
        """Whom somebody blocks, oldest first."""
        return list(self._blocked.get(blocker, ()))

    def blockers(self, blocked: PersonKey) -> Collection[PersonKey]:
        """Who blocks somebody; what is returned changes with them as long as there is anybody."""
        return self._blockers.get(blocked, ())

    def add(self, blocker: PersonKey, blocked: PersonKey) -> None:
        """Let somebody block somebody."""
        self._blocked.setdefault(blocker, {})[blocked] = None
        self._blockers.setdefault(blocked, {})[blocker] = None

    def remove(self, blocker: PersonKey, blocked: PersonKey) -> None:
        """Let somebody hear somebody again."""
        for table, key, other in ((self._blocked, blocker, blocked), (self._blockers, blocked, blocker)):
            others = table.get(key, {})
            others.pop(other, None)
            if not others:
                table.pop(key, None)

    def forget_guest(self, guest: User) -> list[PersonKey]:
        """Forget a guest who goes, or who is an account's user from now on; return whom they have blocked."""
        blocked = self.of(guest)
        for one in blocked:
            self.remove(guest, one)
        for one in list(self.blockers(guest)):
            self.remove(one, guest)
        return blocked

    def has_blocked_party(self, user: User, direct: DirectConversation) -> bool:
        """Whether the other one in a direct conversation is an account that `user` blocks."""
        own = self._blocked.get(user.key)
        if not own:
            return False
        return any(isinstance(one, int) and party_of_account(one) in direct.parties for one in own)


def name_of(hub: "Hub", key: PersonKey) -> str:
    """How somebody who is blocked is called."""
    return hub.accounts_by_id[key].name if isinstance(key, int) else key.nick


def hidden_from(hub: "Hub", user: User) -> Hidden:
    """Whose words are not shown to `user` in history."""
    blocked = hub.blocks.of(user.key)
    if not blocked:
        return _NOBODY
    accounts = frozenset(fold(hub.accounts_by_id[one].name) for one in blocked if isinstance(one, int))
    return Hidden(accounts, tuple((one.nick, one.named) for one in blocked if isinstance(one, User)))


def change(
    hub: "Hub",
    user: User,
    key: PersonKey,
    *,
    block: bool,
    session: "Session | None" = None,
    failure: "Callable[[str], bytes] | None" = None,
) -> Publication:
    """Let `user` block somebody, or not any more; the publication stores it and tells all sessions of the user."""
    before = key in hub.blocks.of(user.key)
    _put(hub, user.key, key, block=block)
    account_id = str(key) if isinstance(key, int) else ""
    sign = "+" if block else "-"
    event = Event(Kind.BLOCK, hub.now(), user.source, target=account_id, text=sign + name_of(hub, key))
    undo = partial(_put, hub, user.key, key, block=before)
    return Publication(event, audience_of(user.sessions), session, echo=True, failure=failure, undo=undo)


def _put(hub: "Hub", blocker: PersonKey, blocked: PersonKey, *, block: bool) -> None:
    """Change it in memory, and choose anew who hears the blocked one; nothing for a guest who has gone since."""
    if not block:
        hub.blocks.remove(blocker, blocked)
    elif all(isinstance(one, int) or (one.sessions and one.account is None) for one in (blocker, blocked)):
        hub.blocks.add(blocker, blocked)
    author = hub.users_of_account.get(blocked) if isinstance(blocked, int) else blocked
    if author is not None:
        author.blocked_by = hub.blocks.blockers(blocked)
        for live in author.rooms.values():
            live.forget_parts()


def bring(hub: "Hub", user: User, brought: Iterable[PersonKey]) -> None:
    """Let the account of `user` block whom the guest has blocked that it was, as far as it has place for them."""
    for key in brought:
        blocked = hub.blocks.of(user.key)
        if key not in blocked and key != user.key and len(blocked) < MOST_BLOCKED:
            hub.journal.submit(change(hub, user, key, block=True))
