"""Replay: clients that cannot ask for history are shown what they missed, at login and at JOIN."""

import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from securechat.domain.account import Account
from securechat.domain.history import Bound, Direction, Hidden, HistoryQuery, StoredEvent
from securechat.domain.permissions import Action, may
from securechat.domain.ports import UnitOfWork
from securechat.domain.room import party_of_account
from securechat.protocol.capabilities import BATCH, RENDER_MASK, SERVER_TIME
from securechat.protocol.message import format_message
from securechat.server.blocks import hidden_from
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.past import readable_after
from securechat.server.ports import Pool
from securechat.server.rendering import under_name
from securechat.server.response import Response
from securechat.server.sessions import Session
from securechat.server.users import LiveRoom, User

logger = logging.getLogger(__name__)

MOST_DIRECT = 50
"""How many direct conversations are replayed at a login."""


@dataclass(slots=True, frozen=True)
class Wanted:
    """One conversation to replay: what is shown as its name, its id, and what is known already."""

    name: str
    conversation: int
    after: int  # sequence; 0: the newest lines whatever they are


Pages = Sequence[tuple[Wanted, list[StoredEvent]]]
"""What was found in each conversation, oldest line first."""


def replay_missed(
    hub: Hub, session: Session, response: Response, user: User, account: Account, seen: Container[int] = ()
) -> None:
    """After the login: everything since the account's last client of this kind was here.

    `seen` are the ids of rooms that the session has heard already.
    """
    after = account.replay_sequence
    last = hub.last_said

    def missed() -> list[Wanted]:
        wanted = [
            Wanted(live.room.name, live.room.id, max(after, readable))
            for live in user.rooms.values()
            if live.room.id not in seen
            and last.get(live.room.id, 0) > after
            and (readable := readable_after(hub, user, live)) is not None
        ]
        if may(user.subject(), Action.READ_DIRECT_HISTORY, hub.policy):
            direct = hub.direct_by_party.get(party_of_account(account.id), {}).values()
            newest = sorted((one for one in direct if last.get(one.id, 0) > after), key=lambda one: -last[one.id])
            wanted += [Wanted(user.nick, one.id, after) for one in newest[:MOST_DIRECT]]
        return wanted

    _replay(hub, session, response, missed)


def replay_rooms(hub: Hub, session: Session, response: Response, user: User, joined: Sequence[LiveRoom]) -> None:
    """After a JOIN: the newest lines of the rooms."""

    def newest() -> list[Wanted]:
        return [
            Wanted(live.room.name, live.room.id, readable)
            for live in joined
            if hub.last_said.get(live.room.id) and (readable := readable_after(hub, user, live)) is not None
        ]

    _replay(hub, session, response, newest)


def _replay(hub: Hub, session: Session, response: Response, find: Callable[[], list[Wanted]]) -> None:
    """Read and show the conversations once the answer is out; live lines wait until they are shown.

    What is looked for by `find`, and how far, is settled where the live lines begin to wait: there, everything older
    is on disk and known to the hub, and everything newer is kept back. So no line is missed and none comes twice.
    """
    limit = hub.configuration.history.replay_lines
    if not limit:
        return
    session.busy = True

    def finish(pages: Pages | None, error: BaseException | None) -> None:
        session.outlet.post(lambda: _show(hub, session, pages, error))

    def start(reached: int) -> None:
        if session.state is State.ENDED:
            return
        wanted = find()
        hidden = hidden_from(hub, session.user) if session.user is not None else Hidden()

        def read(unit: UnitOfWork) -> Pages:
            return [(one, unit.history.page(_query(one, reached, limit, hidden))) for one in wanted]

        if not wanted:
            _show(hub, session, [], None)
        elif not hub.workers.submit(Pool.READING, lambda: hub.reader.read(read), finish):
            _show(hub, session, None, None)

    response.hold_afterwards(start)


def _query(wanted: Wanted, reached: int, limit: int, hidden: Hidden) -> HistoryQuery:
    """The newest lines up to `reached`, but only what is newer than what is known already."""
    end = Bound(sequence=reached + 1)
    return HistoryQuery(wanted.conversation, Direction.BEFORE, limit, end, not_before=wanted.after, hidden=hidden)


def _show(hub: Hub, session: Session, pages: Pages | None, error: BaseException | None) -> None:
    """Put the pages before what was held back, and let the session go on."""
    if error is not None:
        logger.error("History could not be read for a replay", exc_info=error)
    if session.state is not State.ENDED:
        if pages is None:
            text = "What was said before cannot be shown now; reconnect to try again"
            data = format_message("NOTICE", (session.shown_nick, text), source=hub.configuration.server.name)
        else:
            shown = [(wanted, _readable(hub, session, wanted, page)) for wanted, page in pages]
            rendered = [(wanted, _rendered(hub, session, wanted, page)) for wanted, page in shown if page]
            fitting = _fit([lines for _, lines in rendered], hub.configuration.limits.answer_bytes)
            data = b"".join(
                _framed(hub, session, wanted, lines) for (wanted, _), lines in zip(rendered, fitting, strict=True)
            )
        session.outlet.release(data)
    session.go_on()


def _readable(hub: Hub, session: Session, wanted: Wanted, page: list[StoredEvent]) -> list[StoredEvent]:
    """Leave out what is kept from the session's user by now, as reading has taken a moment."""
    if not wanted.name.startswith("#"):
        return page
    live = hub.rooms_by_id.get(wanted.conversation)
    after = readable_after(hub, session.user, live) if live is not None and session.user is not None else None
    return [] if after is None else [one for one in page if one.sequence > after]


def _rendered(hub: Hub, session: Session, wanted: Wanted, page: list[StoredEvent]) -> list[bytes]:
    """Render the lines of one page."""
    renderer = hub.renderer
    capabilities = session.capabilities & RENDER_MASK
    if wanted.name.startswith("#"):
        page = [under_name(stored, wanted.name) for stored in page]
    if not capabilities & SERVER_TIME.bit:
        return [renderer.dated_line(stored) for stored in page]
    tags = f"batch={_reference(wanted)}" if session.has(BATCH.bit) else ""
    return [renderer.stored_line(stored, capabilities, tags) for stored in page]


def _fit(pages: list[list[bytes]], most: int) -> list[list[bytes]]:
    """Leave the oldest lines out of the longest pages, so that all together have at most `most` bytes (0: no limit).

    All is put at once: more than the outbox holds would end the connection, at each login again.
    """
    fitting = list(pages)
    sizes = [sum(map(len, lines)) for lines in pages]
    if not most or sum(sizes) <= most:
        return fitting
    left = most
    for place, index in enumerate(sorted(range(len(pages)), key=sizes.__getitem__)):
        share = left // (len(pages) - place)
        lines, size, first = pages[index], sizes[index], 0
        while size > share:
            size -= len(lines[first])
            first += 1
        fitting[index] = lines[first:]
        left -= size
    return fitting


def _framed(hub: Hub, session: Session, wanted: Wanted, lines: list[bytes]) -> bytes:
    """Join lines, in a batch for those who know batches (batches/chathistory)."""
    if not lines or not (session.has(BATCH.bit) and session.has(SERVER_TIME.bit)):
        return b"".join(lines)
    server_name = hub.configuration.server.name
    reference = _reference(wanted)
    start = format_message("BATCH", (f"+{reference}", "chathistory", wanted.name), source=server_name)
    end = format_message("BATCH", (f"-{reference}",), source=server_name)
    return b"".join((start, *lines, end))


def _reference(wanted: Wanted) -> str:
    return f"r{wanted.conversation}"
