"""Reports of messages: the open ones are read at start, all are written as events say."""

from dataclasses import asdict

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from securechat.domain.events import Event
from securechat.domain.reports import Report, decode
from securechat.storage.models import ReportRow

MOST_KEPT = 500
"""How many closed reports of one conversation are kept: the newest."""

_FIELDS = Report.__slots__


class Reports:
    """Implements domain.ports.ReportRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self) -> list[Report]:
        """Every report that nobody has closed yet, oldest first."""
        columns = [getattr(ReportRow, name) for name in _FIELDS]
        rows = self._connection.execute(select(*columns).where(ReportRow.closed == 0).order_by(ReportRow.number))
        return [Report(*row) for row in rows]

    def last_number(self) -> int:
        """The number of the newest report; 0 when there is none."""
        return self._connection.execute(select(func.coalesce(func.max(ReportRow.number), 0))).scalar_one()


def store_report(connection: Connection, event: Event) -> None:
    """Store the report, new or closed, that is the text of a Kind.REPORT; of the closed ones only the newest stay."""
    report = decode(event.text)
    values = asdict(report)
    connection.execute(insert(ReportRow).values(values).on_conflict_do_update(index_elements=["number"], set_=values))
    if report.closed:
        row = ReportRow
        of_place = (row.conversation == report.conversation, row.closed > 0)
        newest = select(row.number).where(*of_place).order_by(row.number.desc()).limit(MOST_KEPT)
        last = select(func.max(row.number)).scalar_subquery()  # its number must not be given again
        connection.execute(delete(row).where(*of_place, row.number.not_in(newest), row.number < last))
