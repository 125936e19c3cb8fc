"""Reports of messages: which are open, who sees to them, and how these learn of it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from securechat.domain.audit import Act, name_of
from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Action, may
from securechat.domain.reports import Report, encode
from securechat.protocol.message import cut, format_message
from securechat.server.deeds import deed_of
from securechat.server.entries import Reply
from securechat.server.response import Response
from securechat.server.throttle import Window
from securechat.server.users import User

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


def event_of(hub: "Hub", user: User, report: Report) -> Event:
    """What stores the report, as `user` has made or closed it, and puts that on the record."""
    number, room, time = str(report.number), place_of(hub, report), hub.now()
    if report.closed:
        deed = deed_of(time, user.source, Act.REPORT_CLOSE, room, report.author, number, report.outcome)
    else:
        message = hub.message_ids.format(report.sequence)
        deed = deed_of(time, user.source, Act.REPORT, room, report.author, message, report.reason)
    return Event(Kind.REPORT, time, user.source, text=encode(report), deeds=(deed,))


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
