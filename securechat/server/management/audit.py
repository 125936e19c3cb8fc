"""Reading the record of acts of power: `securechat-admin audit`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from securechat.clock import format_time, parse_time
from securechat.domain.audit import AuditRecord, Flaw, Head, Verification, parse_head, start
from securechat.domain.permissions import Action
from securechat.domain.ports import UnitOfWork
from securechat.names import fold, room_to_wire
from securechat.server.administration import Administration, AdministrationError, parse_duration
from securechat.server.management.rows import Argument, Family, Operation
from securechat.server.management.tables import table, time

MAX_LISTED: Final = 2_000
EXPORT_ROWS: Final = 1_000
"""Rows of one answer to `audit export`: however long their texts are, it fits (control.MAX_ANSWER)."""
_PAGE: Final = 1_000
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """What came out of a verification."""

    intact: bool
    rows: int  # in order, from the first on
    head: str  # of these rows
    row: int | None  # the first that was altered or is missing
    problem: str  # what is wrong with it


@dataclass(frozen=True, slots=True)
class ExportPart:
    """Some rows, oldest first; ask again with the number of the last one until there are none."""

    records: list[dict[str, Any]]
    head: str  # of the whole record at this moment


def audit_list(
    administration: Administration, *, since: str = "", account: str = "", room: str = "", limit: int = 100
) -> list[dict[str, Any]]:
    """Return the newest `limit` rows, oldest first: since a time, by or on an account, in a room.

    A room is meant under every name that it has had, and so is any other room that has had one of these names.
    """
    if not 1 <= limit <= MAX_LISTED:
        raise AdministrationError("bad_limit", f"From 1 to {MAX_LISTED:,} rows can be listed; more: audit export.")
    earliest = _moment(since, administration.clock()) if since else None
    wanted_account = fold(account)

    def fits(record: AuditRecord, rooms: set[str]) -> bool:
        return (not account or wanted_account in (fold(record.actor), fold(record.target))) and (
            not room or not rooms.isdisjoint(fold(record.room).split(","))
        )

    def work(unit: UnitOfWork) -> list[AuditRecord]:
        found: list[AuditRecord] = []
        rooms = _names_of(fold(room_to_wire(room)), unit.audit.renames()) if room else set()
        for record in _backwards(unit):
            if len(found) == limit or (earliest is not None and record.time < earliest):
                break
            if fits(record, rooms):
                found.append(record)
        return found

    return [plain(record) for record in reversed(administration.store.read(work))]


def audit_verify(administration: Administration, *, head: str = "") -> VerificationResult:
    """Find the first row that was altered or is missing; `head` is one that was kept elsewhere."""
    try:
        kept = parse_head(head) if head else None
    except ValueError:
        raise AdministrationError("bad_head", "A head is a number, a colon and 64 hexadecimal digits.") from None

    def work(unit: UnitOfWork) -> tuple[Verification, Flaw | None]:
        verification = Verification(unit.audit.origin(), kept)
        after: int | None = None
        while (page := unit.audit.page(after, _PAGE)) and verification.follow(page) is None:
            after = page[-1].number
        return verification, verification.finish(unit.audit.head())

    verification, flaw = administration.store.read(work)
    number, problem = (None, "") if flaw is None else (flaw.number, flaw.problem)
    return VerificationResult(flaw is None, verification.head.number, str(verification.head), number, problem)


def audit_export(administration: Administration, *, after: int | None = None) -> ExportPart:
    """Return the rows after number `after` (None: from the first on), as they are stored, as many as fit in an answer.

    A number may be negative: a row that has one is forged, and exported as well.
    """
    if after is not None and not -(2**63) <= after < 2**63:
        raise AdministrationError("bad_number", "There is no row with such a number.")

    def work(unit: UnitOfWork) -> tuple[list[AuditRecord], Head]:
        newest = unit.audit.page_before(None, 1)
        head = Head(newest[0].number, newest[0].hash) if newest else start(unit.audit.origin())
        return unit.audit.page(after, EXPORT_ROWS), head

    records, head = administration.store.read(work)
    return ExportPart([plain(record) for record in records], str(head))


def plain(record: AuditRecord) -> dict[str, Any]:
    """Return a row as it is listed and exported."""
    return asdict(record) | {"time": _shown_time(record.time), "milliseconds": record.time}


def _names_of(room: str, renames: Iterable[tuple[str, str]]) -> set[str]:
    """Return all names (folded) that hang together with `room` by RENAMEs."""
    others: dict[str, set[str]] = {}
    for old, new in renames:
        others.setdefault(fold(old), set()).add(fold(new))
        others.setdefault(fold(new), set()).add(fold(old))
    names, waiting = {room}, [room]
    while waiting:
        found = others.get(waiting.pop(), set()) - names
        names |= found
        waiting += found
    return names


def _backwards(unit: UnitOfWork) -> Iterator[AuditRecord]:
    before: int | None = None
    while page := unit.audit.page_before(before, _PAGE):
        yield from page
        before = page[-1].number


def _shown_time(milliseconds: int) -> str:
    """Return a time as usual; one that somebody made up may be none."""
    try:
        return format_time(milliseconds)
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)


def _moment(text: str, now: int) -> int:
    """Return the time in ms that `7d` (ago) or `2026-11-22T08:00` (UTC) stands for. Raises AdministrationError."""
    if not text[0].isdigit() or text[-1] in "mhd":
        try:
            ago = parse_duration(text)
        except AdministrationError:
            ago = None
        if ago is not None:
            return now - ago
    else:
        try:
            return parse_time((f"{text}T00:00" if _DAY.fullmatch(text) else text.removesuffix("Z")) + "Z")
        except ValueError:
            pass
    raise AdministrationError("bad_time", "A time is one like 30m, 12h or 7d (ago), 2026-11-22 or 2026-11-22T08:00Z.")


def _records_text(records: list[dict[str, Any]]) -> str:
    keys = ("number", "actor", "origin", "act", "target", "room", "detail", "reason")
    rows = [(time(one["time"]), *(str(one[key]) for key in keys)) for one in records]
    head = ("TIME (UTC)", "NUMBER", "WHO", "FROM", "WHAT", "ON WHOM", "ROOM", "DETAIL", "WHY")
    return table(head, rows) if rows else "Nothing of that kind is on the record."


def _verification_text(found: dict[str, Any]) -> str:
    if not found["intact"]:
        return f"Row {found['row']} {found['problem']}.\nUp to row {found['row'] - 1} the record is in order."
    rows = "1 row is" if found["rows"] == 1 else f"{found['rows']} rows are"
    return f"The record is in order: {rows} there.\nHead: {found['head']}"


def _export_text(done: dict[str, Any]) -> str:
    """Return what is told when the record was written: `rows` and `head`."""
    rows = "1 row" if done["rows"] == 1 else f"{done['rows']} rows"
    return (
        f"Wrote {rows}. Head: {done['head']}\nKeep it on another machine, and compare with it later:\n\n"
        f"    securechat-admin audit verify --head {done['head']}\n"
    )


FAMILY = Family(
    "audit",
    "the record of acts of power",
    (
        Operation(
            "audit list",
            audit_list,
            _records_text,
            "Show who did what, to whom, when and why; the newest at the end.",
            (
                Argument("since", "such as 30m, 12h, 7d, 2026-11-22 or 2026-11-22T08:00 (UTC)", metavar="TIME"),
                Argument("account", "only what it did, or what was done to it", metavar="NAME"),
                Argument("room", "only what was done in it, whatever it was called", metavar="ROOM"),
                Argument("limit", "the newest N (default: %(default)s)", type=int, default=100, metavar="N"),
            ),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "audit verify",
            audit_verify,
            _verification_text,
            "Check that no row was altered or is missing; name the first that was (exit code 1).",
            (Argument("head", "also check against what `audit export` printed earlier", metavar="HEAD"),),
            over_irc=Action.MANAGE,
            succeeded=lambda found: bool(found["intact"]),
        ),
        Operation(
            "audit export",
            audit_export,
            _export_text,
            "Write all rows as JSON, one a line, and tell the head of the record.",
            (Argument("after", type=int, hidden=True),),
            in_parts=True,
        ),
    ),
)
