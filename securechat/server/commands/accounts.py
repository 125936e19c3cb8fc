"""REGISTER: making an account, with an invite or without (draft/account-registration)."""

import hashlib
import logging
from dataclasses import dataclass
from functools import partial

from securechat.domain.account import Account, refusal
from securechat.domain.audit import Act, Deed, Origin
from securechat.domain.events import Event, Kind, Source
from securechat.domain.look_alikes import check_person_name
from securechat.domain.permissions import Action, Role, Subject, may, role_of
from securechat.domain.ports import UnitOfWork
from securechat.domain.roles import RoomChange
from securechat.domain.second_factor import Credential, Means
from securechat.errors import AccountExists, DomainError, InvalidName, InvalidRoomName, InviteRefused
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.server.admission import counted_as
from securechat.server.adoption import Adoption
from securechat.server.context import Context
from securechat.server.entries import Publication
from securechat.server.error_replies import answer_error
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.login import logged_in, throttled
from securechat.server.membership import GENERAL, roles_on_entering
from securechat.server.passwords import check_password, hash_password
from securechat.server.ports import Pool
from securechat.server.presence import evict_guest, is_same_secret, register_when_ready
from securechat.server.registry import Stage, command
from securechat.server.users import HOST, NOBODY, LiveRoom
from securechat.server.verification import parameters

logger = logging.getLogger(__name__)


Rooms = tuple[tuple[str, int], ...]
"""The rooms of an invite: name, and id of what had that name when the invite was used; 0: nothing had."""
Made = tuple[Account, Rooms]


@dataclass(slots=True, frozen=True)
class _Wish:
    """What is to be registered."""

    name: str
    password: str
    token_digest: bytes | None  # of the invite to use; None: none is needed
    taken: bool = False  # somebody has the name; told to nobody but the holder of a good invite

    def __repr__(self) -> str:
        return f"_Wish({self.name!r})"


@command(
    "REGISTER",
    params=3,
    stage=Stage.ANY,
    help="REGISTER <account|*> <email|*> <password>: make an account (no e-mail is kept)",
)
def register(context: Context) -> None:
    """Make an account and log in to it."""
    wish = _read(context)
    if wish is None:
        return
    hub = context.hub
    now = hub.now()
    # Others who want a name that looks like this one are refused from now on: the hash is slow.
    hub.names_of_people.add(wish.name)

    def make() -> Made:
        if wish.token_digest is not None:  # refuse before the costly hash; `use` decides in the transaction
            digest = wish.token_digest
            reason = refusal(hub.reader.read(lambda unit: unit.invites.by_token(digest)), now)
            if reason is not None:
                raise InviteRefused(reason)
        if wish.taken:
            raise AccountExists(wish.name)
        credentials = hash_password(wish.password, parameters(context))

        def store(unit: UnitOfWork) -> Made:
            invite = unit.invites.use(wish.token_digest, now) if wish.token_digest is not None else None
            administrator = invite is not None and invite.administrator
            if invite is not None and administrator:
                detail = f"invite {invite.id}"
                unit.audit.append(Deed(Act.USER_REGISTER, now, Origin.IRC, wish.name, wish.name, detail=detail))
            rooms = invite.rooms if invite is not None else ()
            account = unit.accounts.add(wish.name, credentials, administrator=administrator, time=now)
            return account, tuple(zip(rooms, unit.rooms.ids(rooms), strict=True))

        return hub.journal.call(store).result()

    context.work(
        Pool.HASHING,
        make,
        lambda made: _made(context, *made),
        failed=lambda error: _failed(context, wish, error),
        busy=lambda: context.response.fail("REGISTER", replies.TEMPORARILY_UNAVAILABLE, wish.name),
        too_late=lambda made: _add(context, *made),
        afterwards=lambda: hub.names_of_people.remove(wish.name),
    )


def _read(context: Context) -> _Wish | None:
    """Check everything that can be checked at once; answer why not."""
    hub = context.hub
    session = context.session
    fail = context.response.fail
    name, _, password = context.params[:3]
    if session.account is not None:
        fail("REGISTER", replies.ALREADY_AUTHENTICATED, session.account.name)
        return None
    if not session.nick:
        fail("REGISTER", replies.NEED_NICK, "*")
        return None
    if session.state is not State.PRESENT and not hub.configuration.accounts.register_before_connect:
        fail("REGISTER", replies.COMPLETE_CONNECTION_REQUIRED)
        return None
    if session.state is State.PRESENT and hub.policy.second_factor == "everybody":
        text = "Register before the connection is complete: a second factor has to be set up first"
        fail("REGISTER", replies.SECOND_FACTOR_REQUIRED, text=text)
        return None
    if name == "*":
        name = session.shown_nick
    try:
        check_person_name(name, hub.configuration.limits.nick_length)
    except InvalidName as error:
        fail("REGISTER", replies.BAD_ACCOUNT_NAME, name, text=f"This cannot be an account's name: {error.reason}")
        return None
    if hub.bans.of_nick(name, hub.now()) is not None:
        fail("REGISTER", replies.BAD_ACCOUNT_NAME, name, text="This name is banned on this server")
        return None
    problem = check_password(password, name, hub.configuration.accounts.minimum_password_length)
    if problem:
        fail("REGISTER", replies.WEAK_PASSWORD, name, text=problem)
        return None
    return _with_right(context, name, password)


def _is_taken(context: Context, name: str) -> bool:
    """Whether the name is that of an account, or the nick of somebody else."""
    hub = context.hub
    return fold(name) in hub.accounts or bool(hub.nick_problem(name, None, context.session.user))


def _with_right(context: Context, name: str, password: str) -> _Wish | None:
    """Find by what right the account may be made: openly, or with the invite whose token PASS brought."""
    hub = context.hub
    subject = Subject(Role.STRANGER if context.session.user is None else Role.GUEST)
    token = context.session.password
    if (
        token
        and not is_same_secret(token, hub.configuration.access.password)
        and may(subject, Action.REGISTER_INVITED, hub.policy)
    ):
        if throttled(context, name):
            return None
        return _Wish(name, password, hashlib.sha256(token.encode()).digest(), _is_taken(context, name))
    if may(subject, Action.REGISTER_OPEN, hub.policy):
        if _is_taken(context, name):
            context.response.fail("REGISTER", replies.ACCOUNT_EXISTS, name)
            return None
        return _Wish(name, password, None)
    if hub.registration_closed:
        text = "This server makes no new accounts for now; try again later"
        context.response.fail("REGISTER", replies.REGISTRATION_CLOSED, name, text=text)
        return None
    closed = not may(subject, Action.REGISTER_INVITED, hub.policy)
    context.response.fail("REGISTER", replies.REGISTRATION_CLOSED if closed else replies.INVITE_REQUIRED, name)
    return None


def _failed(context: Context, wish: _Wish, error: BaseException) -> None:
    """Say why there is no account."""
    if isinstance(error, InviteRefused):
        hub = context.hub
        hub.limits.failed_logins_of_address.count(counted_as(context.session.outlet.address), hub.monotonic())
    if isinstance(error, DomainError):
        answer_error(context, error)
        return
    logger.error("An account could not be stored", exc_info=error)
    context.response.fail("REGISTER", replies.TEMPORARILY_UNAVAILABLE, wish.name)


def _add(context: Context, account: Account, rooms: Rooms) -> None:
    """Know the account, whether or not its maker is still there, and make it a member of the rooms of its invite."""
    context.hub.add_account(account)
    evict_guest(context.hub, account.name, keep=context.session.user)
    logger.info(
        "Account made",
        extra={"account": account.name, "peer": context.session.outlet.address, "administrator": account.administrator},
    )
    for name, room_id in rooms:
        _put_into_room(context.hub, account, name, room_id)


def _made(context: Context, account: Account, rooms: Rooms) -> None:
    """Let the account in."""
    hub = context.hub
    session = context.session
    _add(context, account, rooms)
    session.password = ""

    def confirm() -> None:
        context.response.line("REGISTER", ("SUCCESS", account.name, "Account created"))
        logged_in(context, account, Credential(Means.PASSWORD))

    if session.user is not None:
        Adoption(hub, session, context.response, session.user, account).run(confirm)
    else:
        confirm()
        register_when_ready(hub, session, context.response)


def _put_into_room(hub: Hub, account: Account, name: str, room_id: int) -> None:
    """Make the account a member of a room, which is made if there is none; the account is not present yet.

    A room that was there when the invite was used is known by its id: it may have got another name since.
    """
    source = Source(account.name, account.name, HOST, account.name, account.id)
    live = hub.rooms_by_id.get(room_id) or hub.find_room(name) or _make_room(hub, source, name)
    if live.room.id in hub.memberships[account.id]:
        return
    roles = roles_on_entering(role_of(account), live, operator=account.administrator)
    hub.set_membership(account.id, live, roles)
    change = RoomChange(roles=((account.id, roles),))
    event = Event(Kind.JOIN, hub.now(), source, live.room.id, live.room.name, change=change)
    undo = partial(hub.set_membership, account.id, live, None)
    hub.journal.submit(Publication(event, NOBODY, None, undo=undo))


def _make_room(hub: Hub, source: Source, name: str) -> LiveRoom:
    """Make a room that an invite leads into; where that is not possible any more it is the room that all come into."""
    try:
        live, created = hub.create_room(name, source)
    except InvalidRoomName:
        logger.info("An invite leads into a room that cannot be made", extra={"room": name})
        return hub.rooms[GENERAL]
    hub.journal.submit(created)
    return live
