"""The record of acts of power in the database: rows are appended in the transaction of the act itself."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, func, insert, select, update

from securechat.domain.audit import Act, AuditRecord, Deed, Head, chained, parse_head, start
from securechat.storage.models import AUDIT_HEAD, AUDIT_ORIGIN, AuditRow, SettingRow

_RECORDS = select(
    AuditRow.number,
    AuditRow.time,
    AuditRow.origin,
    AuditRow.actor,
    AuditRow.act,
    AuditRow.target,
    AuditRow.room,
    AuditRow.detail,
    AuditRow.reason,
    AuditRow.previous,
    AuditRow.hash,
)
"""Its columns are the fields of AuditRecord, in their order."""
_FIELDS = AuditRecord.__slots__
# Made once: making a statement takes longer than running it, and the journal's thread has other things to do.
_NEWEST = select(func.coalesce(func.max(AuditRow.number), 0))
_SETTING = select(SettingRow.value).where(SettingRow.key == bindparam("wanted"))
_RENAMES = select(AuditRow.room, AuditRow.detail).where(AuditRow.act == Act.ROOM_RENAME.word).order_by(AuditRow.number)
_NAMES = (
    select(AuditRow.room, AuditRow.detail, AuditRow.act)
    .where(AuditRow.act.in_((Act.ROOM_RENAME.word, Act.ROOM_DELETE.word)))
    .order_by(AuditRow.number)
)
_INSERT = insert(AuditRow)
_REMEMBER = update(SettingRow).where(SettingRow.key == AUDIT_HEAD).values(value=bindparam("newest"))


class Audit:
    """Implements domain.ports.AuditRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, deed: Deed) -> AuditRecord:
        """Store one act as the newest row."""
        return self.append_all((deed,))[0]

    def append_all(self, deeds: Iterable[Deed]) -> list[AuditRecord]:
        """Store acts as the newest rows, in order.

        Somebody who meddled with the record must not stop acts of power by it: the chain goes on, and what is wrong
        with it stays to be seen by `verify`.
        """
        head = self.head() or start(self.origin())
        number = max(head.number, self._connection.execute(_NEWEST).scalar_one())
        records = []
        for deed in deeds:
            number += 1
            record = chained(deed, head, number)
            head = Head(number, record.hash)
            records.append(record)
        self._connection.execute(_INSERT, [{name: getattr(one, name) for name in _FIELDS} for one in records])
        self._connection.execute(_REMEMBER, {"newest": str(head)})
        return records

    def page(self, after: int | None, limit: int) -> list[AuditRecord]:
        """At most `limit` rows with a number above `after` (None: all, forged ones too), oldest first."""
        rows = _RECORDS.order_by(AuditRow.number).limit(limit)
        if after is not None:
            rows = rows.where(AuditRow.number > after)
        return [_record(*row) for row in self._connection.execute(rows)]

    def page_before(self, before: int | None, limit: int) -> list[AuditRecord]:
        """At most `limit` rows with a number below `before` (None: the newest), newest first."""
        rows = _RECORDS.order_by(AuditRow.number.desc()).limit(limit)
        if before is not None:
            rows = rows.where(AuditRow.number < before)
        return [_record(*row) for row in self._connection.execute(rows)]

    def first(self, acts: Iterable[Act], target: str) -> AuditRecord | None:
        """The oldest row of one of the acts on `target`."""
        words = [act.word for act in acts]
        rows = _RECORDS.where(AuditRow.act.in_(words), AuditRow.target == target).order_by(AuditRow.number).limit(1)
        found = self._connection.execute(rows).first()
        return None if found is None else _record(*found)

    def renames(self) -> list[tuple[str, str]]:
        """Of each renamed room the old name and the new one, as they are written, oldest first."""
        return [(str(old), str(new)) for old, new in self._connection.execute(_RENAMES)]

    def names_given_up(self) -> list[tuple[str, str]]:
        """Every name that a room has given up, and the one that it got; empty when it was deleted. Oldest first."""
        renamed = Act.ROOM_RENAME.word
        return [(str(old), str(new) if act == renamed else "") for old, new, act in self._connection.execute(_NAMES)]

    def origin(self) -> str:
        """What the first row's hash is made of; empty when somebody took it away."""
        return self._setting(AUDIT_ORIGIN) or ""

    def head(self) -> Head | None:
        """The newest row as it is remembered beside the rows; None when somebody took that away."""
        try:
            return parse_head(self._setting(AUDIT_HEAD) or "")
        except ValueError:
            return None

    def _setting(self, key: str) -> str | None:
        return self._connection.execute(_SETTING, {"wanted": key}).scalar()


def _record(number: int, time: object, *texts: object) -> AuditRecord:
    """Return a row as it was read. SQLite holds values of any kind if somebody else wrote them: no row gets in the way
    of finding that out.
    """
    return AuditRecord(number, time if isinstance(time, int) else 0, *map(str, texts))
