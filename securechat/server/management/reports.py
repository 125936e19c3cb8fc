"""What was reported to those who look after a place: `securechat-admin report`."""

from dataclasses import dataclass
from typing import Any

from securechat.clock import format_time
from securechat.domain.audit import Act, Origin
from securechat.domain.events import Kind
from securechat.domain.permissions import Action
from securechat.domain.reports import Report
from securechat.names import room_to_people
from securechat.printing import printable
from securechat.server.administration import Administration, AdministrationError, check_reason
from securechat.server.hub import Hub
from securechat.server.management.acting import acting, room_of
from securechat.server.management.rows import REASON, Argument, Family, Operation
from securechat.server.management.tables import table, time
from securechat.server.reports import closing, place_of

DIRECT = "(direct)"
"""Stands in tables where the name of a room would; no room can be called so."""


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """An open report as it is listed; nothing of what was said is in it."""

    number: int
    time: str
    reporter: str
    room: str | None  # None: it is about a direct message
    author: str  # of the message
    reason: str
    message: str  # its id


@dataclass(frozen=True, slots=True)
class ReportedMessage:
    """An open report, with what was said."""

    report: ReportSummary
    said: str | None  # when; None: the message was taken away since
    text: str | None


@dataclass(frozen=True, slots=True)
class ClosedReport:
    """A report that was closed."""

    number: int
    author: str
    room: str | None


def report_list(administration: Administration, *, room: str = "") -> list[ReportSummary]:
    """The open reports, or those of one room, oldest first."""
    hub = administration.hub
    with hub.lock:
        place = room_of(administration, room).room.id if room else 0
        found = [one for one in hub.reports.open.values() if _is_for(administration, one)]
        return [_summary(hub, one) for one in found if place in (0, one.conversation)]


def report_show(administration: Administration, number: int, *, reason: str = "") -> ReportedMessage:
    """A report with its message. Who gives the order need not be in the room, so it goes on the record."""
    check_reason(reason)
    hub = administration.hub
    with hub.lock:
        found = _open(administration, number)
        summary, room = _summary(hub, found), place_of(hub, found)
    stored = administration.store.read(lambda unit: unit.history.event(found.sequence))
    deed = administration.deed(Act.REPORT_SHOW, found.author, room, str(number), reason=reason)
    administration.store.write(lambda unit: unit.audit.append(deed))
    if stored is None or stored.kind is Kind.REDACTED:
        return ReportedMessage(summary, None, None)
    return ReportedMessage(summary, format_time(stored.time), stored.text)


def report_close(administration: Administration, number: int, *, reason: str = "") -> ClosedReport:
    """Close a report, as those who look after the room can; the reason says what was done."""
    check_reason(reason)
    with acting(administration) as actor:
        opened = _open(administration, number)
        actor.publish(closing(actor, opened, administration.made_by, reason))
        return ClosedReport(number, opened.author, _room(actor.hub, opened))


def _is_for(administration: Administration, report: Report) -> bool:
    """Whether whoever gives the order may see to it: nobody does to one about themselves."""
    return administration.origin is not Origin.IRC or report.author != administration.actor


def _open(administration: Administration, number: int) -> Report:
    """Return the open report of that number. Needs the hub lock. Raises AdministrationError."""
    found = administration.hub.reports.open.get(number)
    if found is None or not _is_for(administration, found):
        text = f"There is no open report {number}: see securechat-admin report list. What was closed is on the record."
        raise AdministrationError("no_such_report", text)
    return found


def _summary(hub: Hub, report: Report) -> ReportSummary:
    return ReportSummary(
        report.number,
        format_time(report.time),
        report.reporter,
        _room(hub, report),
        report.author,
        report.reason,
        hub.message_ids.format(report.sequence),
    )


def _room(hub: Hub, report: Report) -> str | None:
    place = place_of(hub, report)
    return room_to_people(place) if place else None


def _list_text(reports: list[dict[str, Any]]) -> str:
    rows = [
        (str(one["number"]), time(one["time"]), one["room"] or DIRECT, one["author"], one["reporter"], one["reason"])
        for one in reports
    ]
    head = ("NUMBER", "TIME (UTC)", "ROOM", "ABOUT", "BY", "WHY")
    return table(head, rows) if rows else "No report is open."


def _show_text(shown: dict[str, Any]) -> str:
    one = shown["report"]
    rows = [
        ("Report", f"{one['number']} of {time(one['time'])} UTC, by {one['reporter']}"),
        ("Why", one["reason"] or "-"),
        ("Room", one["room"] or DIRECT),
        ("Author", one["author"]),
        ("Message", one["message"]),
    ]
    lines = [f"{name:<8} {printable(text)}" for name, text in rows]
    if shown["text"] is None:
        return "\n".join([*lines, "It was deleted since."])
    said = [f"    {printable(line)}" for line in shown["text"].split("\n")]
    return "\n".join([*lines, f"{'Said':<8} {time(shown['said'])} UTC", *said])


_NUMBER = Argument("number", "as `report list` shows it", type=int, needed=True, metavar="NUMBER")

FAMILY = Family(
    "report",
    "what was reported to the moderators",
    (
        Operation(
            "report list",
            report_list,
            _list_text,
            "Show the open reports, without what was said.",
            (Argument("room", "only those of this room", metavar="ROOM"),),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "report show",
            report_show,
            _show_text,
            "Show a report with its message; that is recorded.",
            (_NUMBER, REASON),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "report close",
            report_close,
            lambda done: f"Closed report {done['number']}.",
            "Close a report; --reason says what was done.",
            (_NUMBER, REASON),
            over_irc=Action.MANAGE,
        ),
    ),
)
