"""REPORT: telling those who look after a place of a message, and seeing to what was reported."""

import logging
from collections.abc import Callable
from functools import partial

from securechat.clock import format_time
from securechat.domain.audit import name_of
from securechat.domain.events import SAID, Kind
from securechat.domain.history import StoredEvent
from securechat.domain.reports import Report
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import cut
from securechat.server.actors import counted_for
from securechat.server.context import Context
from securechat.server.entries import Publication
from securechat.server.limits import tell_to_wait
from securechat.server.past import may_read
from securechat.server.ports import Pool
from securechat.server.registry import command
from securechat.server.reports import (
    MOST_OPEN,
    REASON_BYTES,
    closing,
    handles,
    making,
    open_for,
    person,
    place_of,
    tell,
)
from securechat.server.subcommands import Subcommand, Subcommands

logger = logging.getLogger(__name__)

_DIRECT = "*"
"""Stands where the name of a room would."""


def _busy(context: Context) -> None:
    context.response.fail("REPORT", replies.TEMPORARILY_UNAVAILABLE, context.params[0])


def _failed(context: Context, error: BaseException) -> None:
    """The database could not be read: the log knows why."""
    logger.error("A reported message could not be read", exc_info=error)
    context.response.fail("REPORT", replies.INTERNAL_ERROR, context.params[0])


def _report(context: Context) -> None:
    identifier = context.params[0]
    sequence = context.hub.message_ids.parse(identifier)
    if sequence is None:
        context.response.fail("REPORT", replies.UNKNOWN_MSGID, identifier)
        return
    context.read_event(
        sequence, partial(_decide, context), failed=partial(_failed, context), busy=partial(_busy, context)
    )


def _decide(context: Context, stored: StoredEvent | None) -> None:
    """Take the report, if the message is there for the user and there is room for one more."""
    hub, user, identifier = context.hub, context.user, context.params[0]
    if stored is None or stored.kind not in SAID or not may_read(hub, user, stored):
        context.response.fail("REPORT", replies.UNKNOWN_MSGID, identifier)
        return
    opened = hub.reports.open.values()
    for known in opened:
        if known.sequence == stored.sequence and known.reporter == person(user):
            context.response.note("REPORT", replies.REPORTED, str(known.number))
            return
    key, now = counted_for(context.session), hub.monotonic()
    wait = hub.reports.rate.wait(key, now)
    if wait:
        tell_to_wait(context, "Too many reports", wait, identifier)
        return
    room = hub.rooms_by_id.get(stored.conversation)
    of_place = (room.room.id,) if room is not None else {one.conversation for one in opened} - hub.rooms_by_id.keys()
    if sum(one.conversation in of_place for one in opened) >= MOST_OPEN:
        context.response.fail("REPORT", replies.TOO_MANY_REPORTS, identifier)
        return
    hub.reports.rate.count(key, now)
    _take(context, stored)


def _take(context: Context, stored: StoredEvent) -> None:
    hub, user = context.hub, context.user
    author = name_of(stored.account, stored.source.partition("!")[0])
    made = Report(
        hub.reports.take_number(),
        hub.now(),
        person(user),
        stored.conversation,
        stored.sequence,
        author,
        cut(context.param(1) or "", REASON_BYTES),
    )

    def stored_now() -> None:
        context.response.note("REPORT", replies.REPORTED, str(made.number))
        tell(hub, made)

    _store(context, making(context, made), stored_now)


def _store(context: Context, publication: Publication, then: Callable[[], None]) -> None:
    """Store a report that was made or closed; go on with `then` once that is on disk."""
    context.session.in_flight += 1
    context.hub.journal.submit(publication)

    def decided() -> None:
        if publication.failed:
            context.response.fail("REPORT", replies.NOT_STORED, context.params[0])
        else:
            then()

    context.when_stored(decided)


def _list(context: Context) -> None:
    """List the open reports of a room, or all, that the user sees to, with the messages as they stand now."""
    hub, asked = context.hub, context.param(1)
    found = open_for(hub, context.user)
    if asked is not None:
        live = hub.find_room(asked)
        found = [one for one in found if live is not None and one.conversation == live.room.id]
    found = found[:MOST_OPEN]
    sequences = {one.sequence for one in found}
    context.work(
        Pool.READING,
        lambda: hub.reader.read(lambda unit: {number: unit.history.event(number) for number in sequences}),
        lambda events: _show(context, found, events),
        failed=partial(_failed, context),
        busy=partial(_busy, context),
    )


def _show(context: Context, found: list[Report], events: dict[int, StoredEvent | None]) -> None:
    """Asked again now who sees to it, as reading has taken a moment."""
    hub = context.hub
    count = 0
    for one in found:
        if not handles(hub, context.user, one):
            continue
        count += 1
        stored = events[one.sequence]
        said = "it was deleted since"
        if stored is not None and stored.kind is not Kind.REDACTED:
            said = f"{format_time(stored.time)[:16].replace('T', ' ')} UTC: {stored.text.replace(chr(10), ' / ')}"
        reason = f" ({one.reason})" if one.reason else ""
        text = f"{one.reporter} about {one.author}{reason}: {said}"
        message = hub.message_ids.format(one.sequence)
        place = place_of(hub, one) or _DIRECT
        context.response.note("REPORT", replies.OPEN_REPORT, str(one.number), place, message, text=text)
    context.response.note("REPORT", replies.END_OF_REPORTS, str(count))


def _close(context: Context) -> None:
    """Close a report; one that the user does not see to is not there for them."""
    hub, user, number = context.hub, context.user, context.params[1]
    opened = hub.reports.open.get(int(number[:18])) if number.isascii() and number.isdigit() else None
    if opened is None or not handles(hub, user, opened):
        context.response.fail("REPORT", replies.UNKNOWN_REPORT, number)
        return
    closed = closing(context, opened, person(user), context.param(2) or "")
    _store(context, closed, lambda: context.response.note("REPORT", replies.REPORT_CLOSED, number))


SUBCOMMANDS = Subcommands(
    "REPORT",
    Subcommand("LIST", "[<room>]", 0, "show what was reported to you", _list),
    Subcommand("CLOSE", "<number> [:<what was done>]", 1, "see to a report", _close),
    needs_account=None,
    otherwise=Subcommand("", "<msgid> [:<reason>]", 1, "report a message to those who look after its place", _report),
)
command("REPORT", params=1, help=SUBCOMMANDS.help("report a message"))(SUBCOMMANDS.run)
