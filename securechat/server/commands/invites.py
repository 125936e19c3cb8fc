"""INVITES: links that let people into a room or onto the server, made by whoever may let them in."""

import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from securechat.clock import format_time
from securechat.domain.account import Account, Invite
from securechat.domain.audit import Act
from securechat.domain.permissions import Action, may
from securechat.domain.ports import UnitOfWork
from securechat.errors import DomainError, NoSuchRoom, NotPermitted, TooManyInvites
from securechat.links import Link, format_link
from securechat.names import room_to_people
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import cut
from securechat.server import invites
from securechat.server.administration import MAX_NOTE_CHARACTERS, AdministrationError, parse_duration
from securechat.server.context import Context
from securechat.server.deeds import deed_of
from securechat.server.error_replies import answer_error
from securechat.server.invites import Known, account_may
from securechat.server.limits import tell_to_wait
from securechat.server.membership import GENERAL
from securechat.server.ports import Pool
from securechat.server.registry import command
from securechat.server.rendering import LINE_BYTES
from securechat.server.slices import Slices
from securechat.server.subcommands import Subcommand, Subcommands
from securechat.server.targets import visible_room
from securechat.server.users import LiveRoom

logger = logging.getLogger(__name__)

MOST_USES = 100
"""How many uses an invite may have that is made by this command."""
SERVER = "*"
"""What stands for the server where a room could stand."""
EXPIRES = "7d"


@dataclass(slots=True, frozen=True)
class _Wish:
    """What is to be made."""

    maker: Account
    live: LiveRoom | None  # None: an invite to the server
    uses: int
    expires: str
    note: str
    token: str
    link: str

    def __repr__(self) -> str:
        return f"_Wish({self.maker.name!r})"

    @property
    def room(self) -> str:
        """Where it leads, on the wire."""
        return self.live.room.name if self.live is not None else GENERAL


def _create(context: Context, maker: Account) -> None:
    """Make an invite; its link is in the answer, and nowhere else."""
    hub = context.hub
    wish = _read(context, maker)
    if wish is None:
        return
    hub.invites.made.count(str(maker.id), hub.monotonic())
    hub.invites.forget_dead(hub.now())
    digest = invites.digest_of(wish.token)
    now, lasts, source = hub.now(), parse_duration(wish.expires), context.user.source
    room_id = wish.live.room.id if wish.live is not None else 0

    def store(unit: UnitOfWork) -> Invite:
        _check_number(unit, now, maker, room_id)
        made = unit.invites.add(
            digest,
            rooms=(wish.room,),
            administrator=False,
            uses=wish.uses,
            expires=None if lasts is None else now + lasts,
            note=wish.note,
            created_by=maker.name,
            time=now,
            maker=maker.id,
        )
        detail = f"{wish.uses} {'use' if wish.uses == 1 else 'uses'}, expires {wish.expires}"
        unit.audit.append(deed_of(now, source, Act.INVITE_CREATE, wish.room, f"invite {made.id}", detail, wish.note))
        return made

    def then(made: Invite) -> None:
        hub.invites.add(digest, made)
        logger.info("Invite made", extra={"invite": made.id, "by": maker.name})
        _note(context, replies.INVITE_CREATED, str(made.id), text=wish.link)

    context.work(
        Pool.READING,
        lambda: hub.journal.call(store).result(),
        then,
        failed=lambda error: _failed(context, error),
        busy=lambda: context.response.fail("INVITES", replies.TEMPORARILY_UNAVAILABLE),
        too_late=lambda made: hub.invites.add(digest, made),
    )


def _read(context: Context, maker: Account) -> _Wish | None:
    """Check everything that can be checked at once; answer why not."""
    hub, target = context.hub, context.params[1]
    live = None if target == SERVER else _room(context, target)
    action = Action.INVITE_TO_SERVER if live is None else Action.INVITE_BY_LINK
    if not _may(context, action, live):
        raise NotPermitted(action.name, live.room.name if live is not None else "")
    uses, expires, note = 1, EXPIRES, ""
    for index, word in enumerate(context.params[2:5]):
        if index < 2 and word.isascii() and word.isdigit():
            uses = int(word[:9])
        elif index < 2 and not note and (word == "never" or word[:-1].isdigit()):
            expires = word
        else:
            note = word
    problem = _problem(uses, expires, note)
    if problem:
        context.response.fail("INVITES", replies.INVALID_PARAMS, text=problem)
        return None
    wait = hub.invites.made.wait(str(maker.id), hub.monotonic())
    if wait:
        tell_to_wait(context, "You have made too many invites just now", wait)
        return None
    token = secrets.token_urlsafe(invites.TOKEN_BYTES)
    link = _link(context, room_to_people(live.room.name if live is not None else GENERAL), token)
    if not link:
        text = "The room's name is too long for a link in one line; an administrator of the machine can make one"
        context.response.fail("INVITES", replies.INVALID_PARAMS, text=text)
        return None
    return _Wish(maker, live, uses, expires, note, token, link)


def _link(context: Context, name: str, token: str) -> str:
    """Return the link into a room, as people call it; empty when no line can hold it."""
    address = context.hub.invites.address()
    link = Link(address.host, address.port, name, token, address.fingerprint)
    most = LINE_BYTES - len(_noted(context, replies.INVITE_CREATED, "9" * 9, text=""))
    for text in (format_link(link), format_link(link, short=True)):
        if len(text.encode()) <= most:
            return text
    return ""


def _problem(uses: int, expires: str, note: str) -> str:
    if not 1 <= uses <= MOST_USES:
        return f"An invite can be used from 1 to {MOST_USES} times"
    if len(note) > MAX_NOTE_CHARACTERS or not note.isprintable():
        return f"A note is one line of at most {MAX_NOTE_CHARACTERS} characters"
    try:
        parse_duration(expires)
    except AdministrationError as error:
        return error.text.rstrip(".")
    return ""


def _room(context: Context, name: str) -> LiveRoom:
    """Return a room that somebody may know of, or may let people into. Raises NoSuchRoom."""
    live = context.hub.find_room(name)
    if live is not None and _may(context, Action.INVITE_BY_LINK, live):
        return live
    live = visible_room(context.hub, context.user, name)
    if live is None:
        raise NoSuchRoom(name)
    return live


def _may(context: Context, action: Action, live: LiveRoom | None) -> bool:
    """Whether the asker may do it now, and by their account, so that it goes on working without them.

    Who has put the powers of an administrator aside has none, and those by OPER end with the session.
    """
    user, hub = context.user, context.hub
    by_account = user.account is not None and account_may(hub, user.account, action, live)
    return by_account and may(user.subject(live), action, hub.policy)


def _check_number(unit: UnitOfWork, now: int, maker: Account, room_id: int) -> None:
    """Raise TooManyInvites when no more may be open."""
    if unit.invites.count_open(now, maker=maker.id) >= invites.MOST_OF_ACCOUNT:
        raise TooManyInvites(invites.MOST_OF_ACCOUNT, "yours")
    if room_id and unit.invites.count_open(now, room_id=room_id) >= invites.MOST_OF_ROOM:
        raise TooManyInvites(invites.MOST_OF_ROOM, "this room")
    if unit.invites.count_open(now) >= invites.MOST_IN_ALL:
        raise TooManyInvites(invites.MOST_IN_ALL, "this server")


def _failed(context: Context, error: BaseException) -> None:
    if isinstance(error, DomainError):
        answer_error(context, error)
        return
    logger.error("An invite could not be stored", exc_info=error)
    context.response.fail("INVITES", replies.NOT_STORED)


def _list(context: Context, _: Account) -> None:
    """Show the invites that are good, into the rooms that the asker may let people into."""
    name = context.param(1)
    only = _room(context, name) if name is not None and name != SERVER else None
    if only is not None and not _may(context, Action.INVITE_BY_LINK, only):
        raise NotPermitted(Action.INVITE_BY_LINK.name, only.room.name)
    slices = Slices(context)
    slices.run(_rows(context, slices, only))


def _rows(context: Context, slices: Slices, only: LiveRoom | None) -> Iterator[None]:
    hub = context.hub
    shown = 0
    for known in hub.invites.all():
        if slices.spend():
            yield
        if slices.is_full or known.refusal(hub.now()):
            continue
        for live in invites.rooms_of(hub, known):
            if only in (None, live) and _may(context, Action.INVITE_BY_LINK, live):
                shown += 1
                _show(context, known, live)
    _note(context, replies.INVITE_LIST_END, str(shown))


def _show(context: Context, known: Known, live: LiveRoom) -> None:
    """Show one row: number, room, uses left, until when, who made it, whether it works; and its note.

    What an administrator notes is for administrators.
    """
    hub, invite = context.hub, known.invite
    works = invites.maker_may(hub, known, Action.INVITE_BY_LINK, live)
    until = format_time(invite.expires) if invite.expires is not None else "never"
    by_administrator = invites.maker_may(hub, known, Action.INVITE_TO_SERVER)
    private = by_administrator and not _may(context, Action.INVITE_TO_SERVER, None)
    fields = (str(invite.id), live.room.name, str(known.uses_left), until, invite.created_by)
    words = (*fields, "usable" if works else "withdrawn")
    most = LINE_BYTES - len(_noted(context, replies.INVITE_LISTED, *words, text=""))
    _note(context, replies.INVITE_LISTED, *words, text=cut("" if private else invite.note, most))


def _revoke(context: Context, account: Account) -> None:
    """Make an invite useless: one's own; that of another member into a room that one looks after; all, as an operator.

    To anybody else it is as if there were none of that number.
    """
    hub, text = context.hub, context.params[1]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    known = hub.invites.numbered(number)
    if known is None or known.refusal(hub.now()) or not _may_revoke(context, account, known):
        context.response.fail("INVITES", replies.INVITE_UNKNOWN, text, text=f"There is no invite {text} of yours")
        return
    now, source = hub.now(), context.user.source

    def store(unit: UnitOfWork) -> None:
        unit.invites.revoke(number)
        unit.audit.append(deed_of(now, source, Act.INVITE_REVOKE, "", f"invite {number}"))

    def then(_: None) -> None:
        hub.invites.revoke([number])
        logger.info("Invite revoked", extra={"invite": number, "by": account.name})
        _note(context, replies.INVITE_REVOKED, str(number), text="The link opens nothing any more")

    context.work(
        Pool.READING,
        lambda: hub.journal.call(store).result(),
        then,
        failed=lambda error: _failed(context, error),
        busy=lambda: context.response.fail("INVITES", replies.TEMPORARILY_UNAVAILABLE),
        too_late=lambda _: hub.invites.revoke([number]),
    )


def _may_revoke(context: Context, account: Account, known: Known) -> bool:
    hub = context.hub
    if known.invite.maker == account.id or _may(context, Action.INVITE_TO_SERVER, None):
        return True
    if invites.maker_may(hub, known, Action.INVITE_TO_SERVER):
        return False
    rooms = invites.rooms_of(hub, known)
    return bool(rooms) and all(_may(context, Action.INVITE_BY_LINK, live) for live in rooms)


def _noted(context: Context, reply: replies.StandardReply, *words: str, text: str | None = None) -> bytes:
    return replies.note(context.hub.configuration.server.name, "INVITES", reply, words, text)


def _note(context: Context, reply: replies.StandardReply, *words: str, text: str | None = None) -> None:
    context.response.raw(_noted(context, reply, *words, text=text))


SUBCOMMANDS = Subcommands(
    "INVITES",
    Subcommand("CREATE", "<room> [<uses>] [<7d|12h|never>] [:<note>]", 1, "make a link, which is shown once", _create),
    Subcommand("LIST", "[<room>]", 0, "show what is good still", _list),
    Subcommand("REVOKE", "<number>", 1, "let a link open nothing any more", _revoke),
    needs_account="Log in to an account to make and see invites",
)
command("INVITES", params=1, help=SUBCOMMANDS.help("links into your rooms; * stands for the server"))(SUBCOMMANDS.run)
