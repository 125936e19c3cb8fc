"""Reports of messages: which are open, who sees to them, and how these learn of it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from securechat.domain.audit import Act, name_of
from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Action, may
from securechat.domain.reports import Report, encode
from securechat.protocol.message import cut, format_message
from securechat.server.actors import Actor
from securechat.server.entries import Publication, Reply
from securechat.server.response import Response
from securechat.server.throttle import Window
from securechat.server.users import NOBODY, User

if TYPE_CHECKING:
    from securechat.server.hub import Hub

MOST_PER_HOUR = 10
"""How many messages an account, or the guests of an address, may report within an hour."""
MOST_OPEN = 100
"""How many reports of one room, or of direct messages altogether, may be open."""
REASON_BYTES = 200
_NOTICE_BYTES = 350


class Reports:
    """The open reports by number, oldest first. Guarded by the hub lock."""

    def __init__(self) -> None:
        self.open: dict[int, Report] = {}
        self.rate = Window(MOST_PER_HOUR, 3600)
        self._last = 0

    def fill(self, stored: Iterable[Report], last: int) -> None:
        """Take over what the database holds; `last` is the newest number."""
        self.open = {one.number: one for one in stored}
        self._last = last

    def take_number(self) -> int:
        """Return a number that no report has had."""
        self._last += 1
        return self._last

    def forget(self, report: Report) -> None:
        """It is open no more, or never was."""
        self.open.pop(report.number, None)

    def restore(self, report: Report) -> None:
        """Undo that a report was closed."""
        self.open[report.number] = report
        self.open = dict(sorted(self.open.items()))


def person(user: User) -> str:
    """How somebody is called in a report."""
    return name_of(user.source.account, user.nick)


def place_of(hub: "Hub", report: Report) -> str:
    """The name of the room in which the message was said; empty for a direct message."""
    live = hub.rooms_by_id.get(report.conversation)
    return live.room.name if live is not None else ""


def handles(hub: "Hub", user: User, report: Report) -> bool:
    """Whether `user` sees to the report; nobody does to one about themselves."""
    if report.author == person(user):
        return False
    live = hub.rooms_by_id.get(report.conversation)
    if live is None:
        return may(user.subject(), Action.HANDLE_DIRECT_REPORTS, hub.policy)
    return may(user.subject(live), Action.HANDLE_REPORTS, hub.policy)


def open_for(hub: "Hub", user: User) -> list[Report]:
    """The open reports that `user` sees to, oldest first."""
    return [one for one in hub.reports.open.values() if handles(hub, user, one)]


def making(actor: Actor, report: Report) -> Publication:
    """Let a report be open; return what stores it, and forgets it where it cannot be stored."""
    hub = actor.hub
    hub.reports.open[report.number] = report
    message = hub.message_ids.format(report.sequence)
    deed = actor.deed(Act.REPORT, place_of(hub, report), report.author, message, report.reason)
    event = Event(Kind.REPORT, report.time, actor.source, text=encode(report), deeds=(deed,))
    return Publication(event, NOBODY, actor.session, undo=partial(hub.reports.forget, report))


def closing(actor: Actor, opened: Report, by: str, outcome: str) -> Publication:
    """Close a report for `by`; return what stores that, and opens it again where it cannot be stored."""
    hub = actor.hub
    closed = replace(opened, closed=hub.now(), closed_by=by, outcome=cut(outcome, REASON_BYTES))
    hub.reports.forget(opened)
    room, number = place_of(hub, closed), str(closed.number)
    deed = actor.deed(Act.REPORT_CLOSE, room, closed.author, number, closed.outcome)
    event = Event(Kind.REPORT, closed.closed, actor.source, text=encode(closed), deeds=(deed,))
    return Publication(event, NOBODY, actor.session, undo=partial(hub.reports.restore, opened))


def tell(hub: "Hub", report: Report) -> None:
    """Tell those who see to it and are here of a new report."""
    room = place_of(hub, report)
    where = f"in {room}" if room else "in a direct message"
    text = f"{report.reporter} reports what {report.author} said {where}: REPORT LIST {room}".rstrip()
    for user in _who_may_see_to(hub, report):
        for session in user.sessions:
            hub.journal.submit(Reply(session, _notice(hub, user, text), counted=False))


def _who_may_see_to(hub: "Hub", report: Report) -> Iterator[User]:
    live = hub.rooms_by_id.get(report.conversation)
    candidates = list(live.members) if live is not None else list(hub.users.values())
    return (user for user in candidates if handles(hub, user, report))


def tell_at_login(hub: "Hub", response: Response, user: User) -> None:
    """Tell somebody who has just come what waits for them."""
    if not hub.reports.open:
        return
    waiting: dict[str, int] = {}
    for report in open_for(hub, user):
        room = place_of(hub, report)
        waiting[room] = waiting.get(room, 0) + 1
    for room, count in waiting.items():
        what = "open report" if count == 1 else "open reports"
        where = f"in {room}" if room else "of direct messages"
        response.raw(_notice(hub, user, f"{count} {what} {where}: REPORT LIST {room}".rstrip()))


def _notice(hub: "Hub", user: User, text: str) -> bytes:
    return format_message("NOTICE", (user.nick, cut(text, _NOTICE_BYTES)), source=hub.configuration.server.name)
