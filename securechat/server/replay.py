"""Replay: clients that cannot ask for history are shown what they missed, at login and at JOIN."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from securechat.domain.account import Account
from securechat.domain.history import Bound, Direction, HistoryQuery, StoredEvent
from securechat.domain.permissions import Action, may
from securechat.domain.ports import UnitOfWork
from securechat.domain.room import party_of_account
from securechat.protocol.capabilities import BATCH, RENDER_MASK, SERVER_TIME
from securechat.protocol.message import format_message
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.ports import Pool
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


def replay_missed(hub: Hub, session: Session, response: Response, user: User, account: Account) -> None:
    """After the welcome: everything since the account's last client of this kind was here."""
    after = account.replay_sequence
    last = hub.last_said
    wanted = [
        Wanted(live.room.name, live.room.id, after)
        for live in user.rooms.values()
        if last.get(live.room.id, 0) > after and may(user.subject(live), Action.READ_HISTORY, hub.policy)
    ]
    if may(user.subject(), Action.READ_DIRECT_HISTORY, hub.policy):
        direct = hub.direct_by_party.get(party_of_account(account.id), {}).values()
        missed = sorted((one for one in direct if last.get(one.id, 0) > after), key=lambda one: -last[one.id])
        wanted += [Wanted(user.nick, one.id, after) for one in missed[:MOST_DIRECT]]
    _replay(hub, session, response, wanted)


def replay_room(hub: Hub, session: Session, response: Response, user: User, live: LiveRoom) -> None:
    """After a JOIN: the newest lines of the room."""
    if hub.last_said.get(live.room.id) and may(user.subject(live), Action.READ_HISTORY, hub.policy):
        _replay(hub, session, response, [Wanted(live.room.name, live.room.id, 0)])


def _replay(hub: Hub, session: Session, response: Response, wanted: Sequence[Wanted]) -> None:
    """Read and show the conversations once the answer is out; live lines wait until they are shown."""
    limit = hub.configuration.history.replay_lines
    if not wanted or not limit:
        return
    session.busy = True

    def read(unit: UnitOfWork) -> list[tuple[Wanted, list[StoredEvent]]]:
        return [(one, unit.history.page(_query(one, limit))) for one in wanted]

    def finish(pages: list[tuple[Wanted, list[StoredEvent]]] | None, error: BaseException | None) -> None:
        session.outlet.post(lambda: _show(hub, session, pages, error))

    def start() -> None:
        if session.state is State.ENDED:
            return
        session.outlet.hold()
        if not hub.workers.submit(Pool.READING, lambda: hub.reader.read(read), finish):
            _show(hub, session, None, None)

    response.afterwards(start)


def _query(wanted: Wanted, limit: int) -> HistoryQuery:
    first = Bound(sequence=wanted.after) if wanted.after else None
    return HistoryQuery(wanted.conversation, Direction.LATEST, limit, first)


def _show(
    hub: Hub,
    session: Session,
    pages: list[tuple[Wanted, list[StoredEvent]]] | None,
    error: BaseException | None,
) -> None:
    """Put the pages before what was held back, and let the session go on."""
    if error is not None:
        logger.error("History could not be read for a replay", exc_info=error)
    if session.state is not State.ENDED:
        if pages is None:
            text = "What was said before cannot be shown now; reconnect to try again"
            data = format_message("NOTICE", (session.shown_nick, text), source=hub.configuration.server.name)
        else:
            data = b"".join(_lines(hub, session, wanted, page) for wanted, page in pages if page)
        session.outlet.release(data)
    session.busy = False
    session.outlet.resume()


def _lines(hub: Hub, session: Session, wanted: Wanted, page: list[StoredEvent]) -> bytes:
    """Render one page, in a batch for those who know batches (batches/chathistory)."""
    renderer = hub.renderer
    capabilities = session.capabilities & RENDER_MASK
    if not capabilities & SERVER_TIME.bit:
        return b"".join(renderer.dated_line(stored) for stored in page)
    if not session.has(BATCH.bit):
        return b"".join(renderer.stored_line(stored, capabilities) for stored in page)
    server_name = hub.configuration.server.name
    reference = f"r{wanted.conversation}"
    lines = [format_message("BATCH", (f"+{reference}", "chathistory", wanted.name), source=server_name)]
    lines += [renderer.stored_line(stored, capabilities, f"batch={reference}") for stored in page]
    lines.append(format_message("BATCH", (f"-{reference}",), source=server_name))
    return b"".join(lines)
