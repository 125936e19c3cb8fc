"""Invites in the database, found by the digest of their token."""

import json
from dataclasses import replace

from sqlalchemy import Connection, RowMapping, insert, select, update

from securechat.domain.account import Invite, refusal
from securechat.errors import InviteRefused, NoSuchInvite
from securechat.names import fold
from securechat.storage.models import InviteRow

_INVITES = select(
    InviteRow.id,
    InviteRow.rooms,
    InviteRow.administrator,
    InviteRow.uses_left,
    InviteRow.expires,
    InviteRow.revoked,
    InviteRow.created,
    InviteRow.created_by,
    InviteRow.note,
    InviteRow.bootstrap,
)
"""Its columns are called like the fields of Invite; only `rooms` is still JSON."""


class Invites:
    """Implements domain.ports.InviteRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        token_digest: bytes,
        *,
        rooms: tuple[str, ...],
        administrator: bool,
        uses: int,
        expires: int | None,
        note: str,
        created_by: str,
        time: int,
        bootstrap: bool = False,
    ) -> Invite:
        """Store a new invite by the SHA-256 digest of its token; `expires` and `time` are in ms."""
        invite_id = self._connection.execute(
            insert(InviteRow)
            .values(
                token_digest=token_digest,
                rooms=json.dumps(rooms),
                administrator=administrator,
                uses_left=uses,
                expires=expires,
                revoked=False,
                created=time,
                created_by=created_by,
                note=note,
                bootstrap=bootstrap,
            )
            .returning(InviteRow.id)
        ).scalar_one()
        return Invite(invite_id, rooms, administrator, uses, expires, False, time, created_by, note, bootstrap)

    def by_token(self, token_digest: bytes) -> Invite | None:
        """The invite with that digest, whatever its state."""
        row = self._connection.execute(_INVITES.where(InviteRow.token_digest == token_digest)).mappings().first()
        return None if row is None else _invite(row)

    def all(self) -> list[Invite]:
        """Every invite, newest first."""
        return [_invite(row) for row in self._connection.execute(_INVITES.order_by(InviteRow.id.desc())).mappings()]

    def use(self, token_digest: bytes, time: int) -> Invite:
        """Take one use of it at `time` (ms) and return what is left. Raises InviteRefused."""
        invite = self.by_token(token_digest)
        reason = refusal(invite, time)
        if invite is None or reason is not None:
            raise InviteRefused(reason or "unknown")
        left = invite.uses_left - 1
        self._connection.execute(update(InviteRow).where(InviteRow.id == invite.id).values(uses_left=left))
        return replace(invite, uses_left=left)

    def revoke(self, invite_id: int) -> None:
        """Make it useless. Raises NoSuchInvite."""
        changed = self._connection.execute(update(InviteRow).where(InviteRow.id == invite_id).values(revoked=True))
        if changed.rowcount == 0:
            raise NoSuchInvite(invite_id)

    def revoke_bootstrap(self) -> None:
        """Revoke every unused bootstrap invite."""
        self._connection.execute(
            update(InviteRow).where(InviteRow.bootstrap, InviteRow.uses_left > 0).values(revoked=True)
        )


def follow_renamed_room(connection: Connection, old: str, new: str) -> None:
    """Let every invite that can still be used lead into the room that was called `old` under its `new` name."""
    open_ones = select(InviteRow.id, InviteRow.rooms).where(InviteRow.uses_left > 0, ~InviteRow.revoked)
    for invite_id, rooms in connection.execute(open_ones).all():
        names = json.loads(rooms)
        renamed = [new if fold(name) == fold(old) else name for name in names]
        if renamed != names:
            connection.execute(update(InviteRow).where(InviteRow.id == invite_id).values(rooms=json.dumps(renamed)))


def _invite(row: RowMapping) -> Invite:
    """Build the domain's object out of one row of _INVITES."""
    return Invite(**{**row, "rooms": tuple(json.loads(row["rooms"]))})
