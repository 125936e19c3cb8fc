"""Accounts that were asked into rooms while they were not here: they are told when they come. In memory alone."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from securechat.server.response import Response
from securechat.server.users import LiveRoom, User

if TYPE_CHECKING:
    from securechat.server.hub import Hub

MOST_AWAITED = 5000
"""How many accounts are waited for; the one that was asked first is forgotten first, but may come in all the same."""
MOST_ROOMS = 50
"""About how many rooms one of them is told."""


class Awaited:
    """Who asked them, by account and room. Guarded by the hub lock."""

    def __init__(self) -> None:
        self._by_account: dict[int, dict[int, str]] = {}  # account id -> room id -> mask of who asked

    def note(self, account_id: int, live: LiveRoom, mask: str) -> Callable[[], None]:
        """Remember that the account was asked into a room by whoever has that mask; return what undoes it."""
        room_id = live.room.id
        rooms = self._by_account.setdefault(account_id, {})
        before = rooms.pop(room_id, None)
        rooms[room_id] = mask
        for table, most in ((rooms, MOST_ROOMS), (self._by_account, MOST_AWAITED)):
            if len(table) > most:
                del table[next(iter(table))]

        def undo() -> None:
            if rooms.pop(room_id, None) is not None and before is not None:
                rooms[room_id] = before

        return undo

    def tell(self, hub: "Hub", response: Response, user: User) -> None:
        """Tell somebody who has come of the invitations that stand, once."""
        if user.account is None:
            return
        account_id = user.account.id
        for room_id, mask in self._by_account.pop(account_id, {}).items():
            live = hub.rooms_by_id.get(room_id)
            if live is not None and account_id in live.invited and user not in live.members:
                response.line("INVITE", (user.nick, live.room.name), source=mask)
