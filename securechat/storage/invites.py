"""Invites in the database, found by the digest of their token."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, or_, select, update

from securechat.domain.account import Invite, refusal
from securechat.errors import InviteRefused, NoSuchInvite
from securechat.names import fold
from securechat.storage.models import ConversationRow, InviteRoomRow, InviteRow, InviteUseRow
from securechat.storage.rooms import Rooms

_INVITES = select(
    InviteRow.id,
    InviteRow.administrator,
    InviteRow.uses_left,
    InviteRow.expires,
    InviteRow.revoked,
    InviteRow.created,
    InviteRow.created_by,
    InviteRow.note,
    InviteRow.bootstrap,
    InviteRow.maker,
    InviteRow.newcomers,
)
"""Its columns are called like the fields of Invite; only the rooms are in a table of their own."""

_ROOMS = (
    select(
        InviteRoomRow.invite_id,
        func.coalesce(ConversationRow.name, InviteRoomRow.name).label("name"),
        func.coalesce(InviteRoomRow.conversation_id, 0).label("room_id"),
        InviteRoomRow.name.label("link_name"),
    )
    .outerjoin(ConversationRow, ConversationRow.id == InviteRoomRow.conversation_id)
    .order_by(InviteRoomRow.invite_id, InviteRoomRow.position)
)


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
        maker: int = 0,
        newcomers: bool = True,
    ) -> Invite:
        """Store a new invite by the SHA-256 digest of its token; `expires` and `time` are in ms."""
        invite_id = self._connection.execute(
            insert(InviteRow)
            .values(
                token_digest=token_digest,
                administrator=administrator,
                uses_left=uses,
                expires=expires,
                revoked=False,
                created=time,
                created_by=created_by,
                note=note,
                bootstrap=bootstrap,
                maker=maker,
                newcomers=newcomers,
            )
            .returning(InviteRow.id)
        ).scalar_one()
        for position, (name, room_id) in enumerate(zip(rooms, Rooms(self._connection).ids(rooms), strict=True)):
            values = {"name": name, "folded": fold(name), "conversation_id": room_id or None}
            self._connection.execute(insert(InviteRoomRow).values(invite_id=invite_id, position=position, **values))
        return self._read(InviteRow.id == invite_id)[0]

    def by_token(self, token_digest: bytes) -> Invite | None:
        """The invite with that digest, whatever its state."""
        return next(iter(self._read(InviteRow.token_digest == token_digest)), None)

    def all(self) -> list[Invite]:
        """Every invite, newest first."""
        return self._read()

    def known(self, time: int, most_dead: int) -> list[tuple[bytes, Invite, frozenset[int]]]:
        """(digest, invite, accounts that have used it) of all that are good at `time` (ms), newest first.

        And of the newest `most_dead` that are not, so that their holders can be told why.
        """
        unexpired = or_(InviteRow.expires.is_(None), InviteRow.expires > time)
        good = (InviteRow.uses_left > 0) & ~InviteRow.revoked & unexpired
        dead = select(InviteRow.id).where(~good).order_by(InviteRow.id.desc()).limit(most_dead)
        wanted = or_(good, InviteRow.id.in_(dead))
        found = self._connection.execute(select(InviteRow.id, InviteRow.token_digest).where(wanted))
        digests = {row.id: row.token_digest for row in found}
        accounts: dict[int, set[int]] = {}
        for invite_id, account_id in self._connection.execute(
            select(InviteUseRow.invite_id, InviteUseRow.account_id).join(InviteRow).where(wanted)
        ):
            accounts.setdefault(invite_id, set()).add(account_id)
        return [(digests[one.id], one, frozenset(accounts.get(one.id, ()))) for one in self._read(wanted)]

    def count_open(self, time: int, *, maker: int = 0, room_id: int = 0) -> int:
        """How many invites are good at `time` (ms): of an account, into a room, or (neither is given) in all."""
        statement = (
            select(func.count())
            .select_from(InviteRow)
            .where(
                InviteRow.uses_left > 0, ~InviteRow.revoked, or_(InviteRow.expires.is_(None), InviteRow.expires > time)
            )
        )
        if maker:
            statement = statement.where(InviteRow.maker == maker)
        if room_id:
            into = select(InviteRoomRow.invite_id).where(InviteRoomRow.conversation_id == room_id)
            statement = statement.where(InviteRow.id.in_(into))
        return self._connection.execute(statement).scalar_one()

    def use(self, token_digest: bytes, time: int) -> Invite:
        """Take one use of it at `time` (ms) and return what is left. Raises InviteRefused."""
        invite = self.by_token(token_digest)
        reason = refusal(invite, time)
        if invite is None or reason is not None:
            raise InviteRefused(reason or "unknown")
        left = invite.uses_left - 1
        self._connection.execute(update(InviteRow).where(InviteRow.id == invite.id).values(uses_left=left))
        return replace(invite, uses_left=left)

    def used_by(self, invite_id: int, account_id: int) -> None:
        """Remember that the account has used the invite."""
        self._connection.execute(insert(InviteUseRow).values(invite_id=invite_id, account_id=account_id))

    def used(self, account_id: int) -> list[int]:
        """The numbers of the invites that the account has used, in their order."""
        uses = select(InviteUseRow.invite_id).where(InviteUseRow.account_id == account_id)
        return list(self._connection.execute(uses.order_by(InviteUseRow.invite_id)).scalars())

    def revoke(self, invite_id: int) -> None:
        """Make it useless. Raises NoSuchInvite."""
        changed = self._connection.execute(update(InviteRow).where(InviteRow.id == invite_id).values(revoked=True))
        if changed.rowcount == 0:
            raise NoSuchInvite(invite_id)

    def revoke_bootstrap(self) -> list[int]:
        """Revoke every unused bootstrap invite; return their numbers."""
        unused = update(InviteRow).where(InviteRow.bootstrap, InviteRow.uses_left > 0)
        return list(self._connection.execute(unused.values(revoked=True).returning(InviteRow.id)).scalars())

    def _read(self, *conditions: ColumnElement[bool]) -> list[Invite]:
        """The invites for which the conditions hold, newest first."""
        rows = self._connection.execute(_INVITES.where(*conditions).order_by(InviteRow.id.desc())).mappings().all()
        rooms: dict[int, list[tuple[str, int, str]]] = {}
        of_these = _ROOMS.where(InviteRoomRow.invite_id == rows[0]["id"]) if len(rows) == 1 else _ROOMS
        for room in self._connection.execute(of_these) if rows else ():
            rooms.setdefault(room.invite_id, []).append((room.name, room.room_id, room.link_name))
        return [_invite(row, rooms.get(row["id"], ())) for row in rows]


def use_by_account(connection: Connection, invite_id: int, account_id: int, time: int) -> None:
    """Take one use of an invite for an account, unless that has one already. Raises ValueError when it is no good."""
    uses = select(InviteUseRow.account_id).where(
        InviteUseRow.invite_id == invite_id, InviteUseRow.account_id == account_id
    )
    if connection.execute(uses).first() is not None:
        return
    unexpired = or_(InviteRow.expires.is_(None), InviteRow.expires > time)
    taken = connection.execute(
        update(InviteRow)
        .where(InviteRow.id == invite_id, InviteRow.uses_left > 0, ~InviteRow.revoked, unexpired)
        .values(uses_left=InviteRow.uses_left - 1)
    )
    if taken.rowcount == 0:
        raise ValueError("the invite is no good any more")
    connection.execute(insert(InviteUseRow).values(invite_id=invite_id, account_id=account_id))


def bind_room(connection: Connection, name: str, room_id: int) -> None:
    """Let every invite into a room that was not there yet lead into the one that has been made under its name."""
    waiting = (InviteRoomRow.conversation_id.is_(None), InviteRoomRow.folded == fold(name))
    connection.execute(update(InviteRoomRow).where(*waiting).values(conversation_id=room_id))


def _invite(row: RowMapping, rooms: Sequence[tuple[str, int, str]]) -> Invite:
    """Build the domain's object out of one row of _INVITES and those of _ROOMS."""
    names, room_ids, link_names = (tuple(one) for one in zip(*rooms, strict=True)) if rooms else ((), (), ())
    return Invite(**row, rooms=names, room_ids=room_ids, link_names=link_names)
