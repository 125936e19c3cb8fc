"""CHATHISTORY: what was said before, by the page (draft/chathistory)."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from securechat.clock import format_time, parse_time
from securechat.domain.events import RECORDED, SAID, Kind
from securechat.domain.history import Bound, Direction, HistoryQuery, StoredEvent
from securechat.domain.permissions import Action, may
from securechat.domain.room import DirectConversation, parties
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import BATCH, EVENT_PLAYBACK, MESSAGE_TAGS, RENDER_MASK
from securechat.protocol.message import format_message
from securechat.server.blocks import hidden_from
from securechat.server.context import Context
from securechat.server.entries import Publication
from securechat.server.past import inspection, readable_after
from securechat.server.ports import Pool
from securechat.server.registry import command
from securechat.server.rendering import under_name
from securechat.server.targets import find_person

logger = logging.getLogger(__name__)

_BATCH = "h"
"""The reference of a history batch; inside a labeled batch it is its only child."""


class _BadRequestError(Exception):
    """The command cannot be understood; carries the FAIL to answer."""

    def __init__(self, reply: replies.StandardReply, *context: str, text: str | None = None) -> None:
        super().__init__(reply.code)
        self.reply = reply
        self.context = context
        self.text = text


@command(
    "CHATHISTORY", help="CHATHISTORY LATEST|BEFORE|AFTER|AROUND|BETWEEN <target> <point> [<point>] <limit>, or TARGETS"
)
def chathistory(context: Context) -> None:
    """Answer with a page of history, or with the conversations that were active in a span of time."""
    subcommand = (context.param(0) or "").upper()
    if subcommand == "TARGETS":
        _answer(context, partial(_targets, context))
    elif subcommand in Direction.__members__:
        _answer(context, partial(_page, context, Direction[subcommand]))
    else:
        context.response.fail("CHATHISTORY", replies.INVALID_PARAMS, subcommand or "*", text="Unknown command")


def _answer(context: Context, step: Callable[[], None]) -> None:
    """Take a step of the answer, which ends with a FAIL if the command cannot be understood."""
    try:
        step()
    except _BadRequestError as error:
        context.response.fail("CHATHISTORY", error.reply, *error.context, text=error.text)


def _check_count(context: Context, count: int) -> None:
    """Refuse too few or too many parameters."""
    given = len(context.params)
    if given != count:
        text = "Insufficient parameters" if given < count else "Too many parameters"
        raise _BadRequestError(replies.INVALID_PARAMS, context.params[0], text=text)


def _limit(context: Context, text: str) -> int:
    """Read the limit; more than the server's maximum is cut to it."""
    if not (text.isascii() and text.isdigit()) or int(text[:9]) == 0:
        raise _BadRequestError(replies.INVALID_PARAMS, context.params[0], text="A limit is a number from 1 on")
    most = context.hub.configuration.history.page_messages
    return min(int(text[:9]), most) if most else int(text[:9])


def _bound(context: Context, text: str) -> Bound:
    """Read `timestamp=…` or `msgid=…`."""
    kind, _, value = text.partition("=")
    if kind == "timestamp":
        try:
            return Bound(time=parse_time(value))
        except (ValueError, OverflowError):
            raise _BadRequestError(
                replies.INVALID_PARAMS,
                context.params[0],
                text,
                text="A time is written as timestamp=2026-11-22T08:00:00.000Z",
            ) from None
    if kind == "msgid":
        sequence = context.hub.message_ids.parse(value)
        if sequence is None:
            raise _BadRequestError(replies.INVALID_PARAMS, context.params[0], text, text="Unknown message id")
        return Bound(sequence=sequence)
    raise _BadRequestError(replies.INVALID_MSGREFTYPE, context.params[0], context.params[1])


def _conversation(context: Context, target: str) -> tuple[int | None, str, int]:
    """Return what `target` names, if the user may read it: its id (None: nothing was said yet), its name, from where.

    What is not newer than the sequence number in the last place does not exist for the user.
    """
    hub = context.hub
    user = context.user
    live = hub.find_room(target)
    after = None if live is None else readable_after(hub, user, live)
    if live is not None and after is not None:
        return live.room.id, live.room.name, after
    if live is None and not target.startswith("#") and may(user.subject(), Action.READ_DIRECT_HISTORY, hub.policy):
        found = find_person(hub, target)
        if found is not None:
            party, _, _ = found
            direct = hub.direct.get(parties(user.party, party))
            return direct.id if direct is not None else None, target, 0  # the batch bears the name that was asked for
    raise _BadRequestError(replies.INVALID_TARGET, context.params[0], target)


def _page(context: Context, direction: Direction) -> None:
    _check_count(context, 5 if direction is Direction.BETWEEN else 4)
    params = context.params
    limit = _limit(context, params[-1])
    first = None if direction is Direction.LATEST and params[2] == "*" else _bound(context, params[2])
    second = _bound(context, params[3]) if direction is Direction.BETWEEN else None
    _on_the_record(context, partial(_show_page, context, direction, limit, first, second))


def _on_the_record(context: Context, show: Callable[[], None]) -> None:
    """Show a page of a room; of more than others read there an administrator is shown nothing before it is recorded."""
    hub, user, session = context.hub, context.user, context.session
    live = hub.find_room(context.params[1])
    record = inspection(hub, user, live, session) if live is not None and user in live.members else None
    if record is None:
        show()
        return

    def go_on() -> None:
        if isinstance(record, Publication) and record.failed:
            context.response.fail("CHATHISTORY", replies.MESSAGE_ERROR, *context.params[:2])
        else:
            _answer(context, show)

    session.in_flight += 1
    hub.journal.submit(record)
    context.when_stored(go_on)


def _show_page(context: Context, direction: Direction, limit: int, first: Bound | None, second: Bound | None) -> None:
    params = context.params
    conversation, name, after = _conversation(context, params[1])
    kinds = RECORDED if context.session.has(EVENT_PLAYBACK.bit) else SAID
    if not context.session.has(MESSAGE_TAGS.bit):
        kinds -= {Kind.TAGS}  # of which nothing would be left
    if conversation is None:
        _batch(context, ("chathistory", name), [])
        return
    hub = context.hub
    hidden = hidden_from(hub, context.user)
    query = HistoryQuery(conversation, direction, limit, first, second, kinds, after, hidden)

    live = hub.rooms_by_id.get(conversation)

    def show(page: list[StoredEvent]) -> None:
        if live is not None:  # asked again now, as reading has taken a moment
            readable = readable_after(hub, context.user, live)
            if readable is None:
                raise _BadRequestError(replies.INVALID_TARGET, params[0], params[1])
            page = [one for one in page if one.sequence > readable]
        capabilities = context.session.capabilities & RENDER_MASK
        render = hub.renderer.stored_line
        shown = [under_name(stored, name) for stored in page] if name.startswith("#") else page
        tags = _tags_inside(context)
        lines = [render(stored, capabilities, tags) for stored in shown]
        _batch(context, ("chathistory", name), _fitting(context, lines, _centre(query, page)))

    context.work(
        Pool.READING,
        lambda: hub.reader.read(lambda unit: unit.history.page(query)),
        lambda page: _answer(context, partial(show, page)),
        failed=lambda error: _failed(context, error),
        busy=lambda: context.response.fail("CHATHISTORY", replies.TEMPORARILY_UNAVAILABLE, params[0], params[1]),
    )


def _centre(query: HistoryQuery, page: list[StoredEvent]) -> int:
    """Return before which line of the page the point lies that was asked for: what is far from it may be left out."""
    bound = query.first
    if bound is None or query.direction is Direction.LATEST:
        return len(page)
    if bound.sequence is not None:
        return sum(stored.sequence < bound.sequence for stored in page)
    return sum(stored.time < (bound.time or 0) for stored in page)


def _fitting(context: Context, lines: list[bytes], centre: int) -> list[bytes]:
    """Leave out lines at the ends of a page, those that are farther from `centre` first, until it fits into the queue.

    A page may be shorter than what was asked for; a client goes on behind it ("Pagination"). One line is always left.
    """
    most = context.hub.configuration.limits.answer_bytes
    first, last = 0, len(lines)
    size = sum(map(len, lines))
    while most and size > most and last - first > 1:
        if centre - first > last - 1 - centre:
            size -= len(lines[first])
            first += 1
        else:
            last -= 1
            size -= len(lines[last])
    return lines[first:last]


def _failed(context: Context, error: BaseException) -> None:
    """The database could not be read: the log knows why, the client knows that it may ask again."""
    logger.error("History could not be read", exc_info=error)
    context.response.fail("CHATHISTORY", replies.MESSAGE_ERROR, *context.params[:2])


def _targets(context: Context) -> None:
    _check_count(context, 4)
    hub = context.hub
    user = context.user
    limit = _limit(context, context.params[3])
    times: list[int] = []
    for text in context.params[1:3]:
        bound = _bound(context, text)
        if bound.time is None:
            raise _BadRequestError(
                replies.INVALID_PARAMS,
                "TARGETS",
                text,
                text="TARGETS takes times, as timestamp=2026-11-22T08:00:00.000Z",
            )
        times.append(bound.time)
    first, second = times
    names, after = {}, {}
    for live in user.rooms.values():
        readable = readable_after(hub, user, live)
        if readable is not None:
            names[live.room.id], after[live.room.id] = live.room.name, readable
    if may(user.subject(), Action.READ_DIRECT_HISTORY, hub.policy):
        for direct in hub.direct_by_party.get(user.party, {}).values():
            name = _name_of_other(context, direct)
            if name and not hub.blocks.has_blocked_party(user, direct):
                names[direct.id], after[direct.id] = name, 0

    def show(found: list[tuple[int, int]]) -> None:
        source = hub.configuration.server.name
        tags = _tags_inside(context)
        lines = []
        for conversation, moment in found:
            line = format_message("CHATHISTORY", ("TARGETS", names[conversation], format_time(moment)), source=source)
            lines.append(_tagged(line, tags))
        _batch(context, ("draft/chathistory-targets",), lines)

    context.work(
        Pool.READING,
        lambda: hub.reader.read(lambda unit: unit.history.targets(after, first, second, limit)),
        show,
        failed=lambda error: _failed(context, error),
        busy=lambda: context.response.fail("CHATHISTORY", replies.TEMPORARILY_UNAVAILABLE, "TARGETS"),
    )


def _tags_inside(context: Context) -> str:
    """The tags of a line of the answer, beside its own."""
    return f"batch={_BATCH}" if context.session.has(BATCH.bit) else ""


def _tagged(line: bytes, tags: str) -> bytes:
    """Return the line with `tags` in front."""
    if not tags:
        return line
    return f"@{tags};".encode() + line[1:] if line.startswith(b"@") else f"@{tags} ".encode() + line


def _name_of_other(context: Context, direct: DirectConversation) -> str:
    """The nick or account name of the other party; empty for one that is gone (a guest who left)."""
    hub = context.hub
    own = context.user.party
    party = direct.parties[1] if direct.parties[0] == own else direct.parties[0]
    if party.startswith("a"):
        account = hub.accounts_by_id.get(int(party[1:]))
        if account is None:
            return ""
        present = hub.users_of_account.get(account.id)
        return present.nick if present is not None else account.name
    guest = hub.users.get(party[1:])
    return guest.nick if guest is not None and guest.account is None else ""


def _batch(context: Context, kind: tuple[str, ...], lines: Sequence[bytes]) -> None:
    """Answer with a batch that holds the lines (extensions/batch); without batches, with the lines alone.

    The lines have the tags of `_tags_inside` already.
    """
    if not context.session.has(BATCH.bit):
        for line in lines:
            context.response.tagged(partial(_tagged, line))
        return
    source = context.hub.configuration.server.name

    def whole(tags: str) -> bytes:
        start = format_message("BATCH", (f"+{_BATCH}", *kind), source=source)
        end = format_message("BATCH", (f"-{_BATCH}",), source=source)
        return b"".join((_tagged(start, tags), *lines, end))

    context.response.tagged(whole)
