"""REGISTER: making an account, with an invite or without (draft/account-registration)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from securechat.domain.account import Account
from securechat.domain.audit import Act, Deed, Origin
from securechat.domain.events import Event, Kind, Source
from securechat.domain.look_alikes import check_person_name
from securechat.domain.permissions import Action, Role, Subject, may, require_entry, subject_of_account
from securechat.domain.ports import UnitOfWork
from securechat.domain.roles import RoomChange
from securechat.domain.second_factor import Credential, Means
from securechat.errors import AccountExists, DomainError, InvalidName, InvalidRoomName, InviteRefused, NotPermitted
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.server import invites
from securechat.server.admission import counted_as
from securechat.server.adoption import Adoption
from securechat.server.context import Context
from securechat.server.entries import Publication
from securechat.server.error_replies import answer_error
from securechat.server.hub import Hub
from securechat.server.invites import Known
from securechat.server.lifecycle import State
from securechat.server.login import logged_in, throttled
from securechat.server.membership import GENERAL, roles_on_entering
from securechat.server.passwords import check_password, hash_password
from securechat.server.ports import Pool
from securechat.server.presence import end_session, evict_guest, is_same_secret, register_when_ready
from securechat.server.registry import Stage, command
from securechat.server.users import NOBODY, LiveRoom, User
from securechat.server.verification import parameters

logger = logging.getLogger(__name__)

CHANGED_EARLY = "The account was made, and changed by an administrator at the same moment; log in to it"
"""What somebody is told who cannot be logged in to the account that they have just made."""


@dataclass(slots=True, frozen=True)
class _Wish:
    """What is to be registered."""

    name: str
    password: str
    token: str  # of the invite to use; empty: none is needed
    invite: Known | None = None  # that invite
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

    use = _Use(wish.invite)

    def make() -> Account:
        if wish.taken:
            raise AccountExists(wish.name)
        credentials = hash_password(wish.password, parameters(context))

        def store(unit: UnitOfWork) -> Account:
            invite = unit.invites.use(invites.digest_of(wish.token), now) if wish.token else None
            administrator = invite is not None and invite.administrator
            if invite is not None:
                detail = f"invite {invite.id} of {invite.created_by}" + (", administrator" if administrator else "")
                unit.audit.append(Deed(Act.USER_REGISTER, now, Origin.IRC, wish.name, wish.name, detail=detail))
            account = unit.accounts.add(wish.name, credentials, administrator=administrator, time=now)
            if invite is not None:
                unit.invites.used_by(invite.id, account.id)
            return account

        return hub.journal.call(store).result()

    def too_late(account: Account) -> None:
        _add(context, account, use)

    def afterwards() -> None:
        hub.names_of_people.remove(wish.name)
        use.end()

    context.work(
        Pool.HASHING,
        make,
        lambda account: _made(context, account, use),
        failed=lambda error: _failed(context, wish, error),
        busy=lambda: context.response.fail("REGISTER", replies.TEMPORARILY_UNAVAILABLE, wish.name),
        too_late=too_late,
        afterwards=afterwards,
    )


class _Use:
    """The use of an invite, taken while the account is made, so that nobody else takes the same one meanwhile."""

    def __init__(self, known: Known | None) -> None:
        self.known = known
        self._give_back: Callable[[], None] | None = known.take() if known is not None else None

    def settle(self, account: Account) -> None:
        """The account has used it."""
        self._give_back = None
        if self.known is not None:
            self.known.accounts.add(account.id)

    def end(self) -> None:
        """Give it back unless an account was made."""
        if self._give_back is not None:
            self._give_back()


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
        known = hub.invites.of(token)
        reason = invites.refusal_of_newcomer(hub, known, subject)
        if reason:
            hub.limits.failed_logins_of_address.count(counted_as(context.session.outlet.address), hub.monotonic())
            raise InviteRefused(reason)
        return _Wish(name, password, token, known, taken=_is_taken(context, name))
    if may(subject, Action.REGISTER_OPEN, hub.policy):
        if _is_taken(context, name):
            context.response.fail("REGISTER", replies.ACCOUNT_EXISTS, name)
            return None
        return _Wish(name, password, "")
    if hub.registration_closed:
        text = "This server makes no new accounts for now; try again later"
        context.response.fail("REGISTER", replies.REGISTRATION_CLOSED, name, text=text)
        return None
    closed = not may(subject, Action.REGISTER_INVITED, hub.policy)
    context.response.fail("REGISTER", replies.REGISTRATION_CLOSED if closed else replies.INVITE_REQUIRED, name)
    return None


def _failed(context: Context, wish: _Wish, error: BaseException) -> None:
    """Say why there is no account."""
    if isinstance(error, DomainError):
        answer_error(context, error)
        return
    logger.error("An account could not be stored", exc_info=error)
    context.response.fail("REGISTER", replies.TEMPORARILY_UNAVAILABLE, wish.name)


def _add(context: Context, account: Account, use: _Use) -> bool:
    """Know the account, whether or not its maker is still there, and make it a member of the rooms of its invite.

    Return whether its maker may be logged in to it: not when it was suspended, or given another password, in the
    moment between being stored and this.
    """
    suspended = context.hub.ended_early.pop(account.id, None)
    account.suspended = bool(suspended)
    context.hub.add_account(account)
    use.settle(account)
    evict_guest(context.hub, account.name, keep=context.session.user)
    told: dict[str, object] = {"account": account.name, "peer": context.session.outlet.address}
    if use.known is not None:
        told["invite"] = use.known.invite.id
    logger.info("Account made", extra=told | {"administrator": account.administrator})
    if use.known is not None:
        invite = use.known.invite
        for name, room_id in zip(invite.rooms, invite.room_ids, strict=True):
            _put_into_room(context.hub, account, use.known, name, room_id)
    return suspended is None


def _made(context: Context, account: Account, use: _Use) -> None:
    """Let the account in."""
    hub = context.hub
    session = context.session
    may_log_in = _add(context, account, use)
    session.password = ""
    if not may_log_in:
        end_session(hub, session, CHANGED_EARLY)
        return

    def confirm() -> None:
        context.response.line("REGISTER", ("SUCCESS", account.name, "Account created"))
        logged_in(context, account, Credential(Means.PASSWORD))

    if session.user is not None:
        Adoption(hub, session, context.response, session.user, account).run(confirm)
    else:
        confirm()
        register_when_ready(hub, session, context.response)


def _put_into_room(hub: Hub, account: Account, known: Known, name: str, room_id: int) -> None:
    """Make the account a member of a room, which is made if there never was one; the account is not present yet.

    The permission table is asked as at JOIN: a ban keeps out whoever has an invite, too.
    """
    user = User(account.name, account.name, "", account)
    source = user.source
    live = hub.rooms_by_id.get(room_id) if room_id else hub.find_room(name) or _make_room(hub, known, source, name)
    if live is None or live.room.id in hub.memberships[account.id]:
        return
    has_link = invites.maker_may(hub, known, Action.INVITE_BY_LINK, live)
    try:
        require_entry(live.subject_of(user, has_link=has_link), hub.policy, live.room.name)
    except NotPermitted:
        logger.info("An invite did not open a room", extra={"account": account.name, "invite": known.invite.id})
        return
    roles = roles_on_entering(subject_of_account(account), live)
    change = RoomChange(roles=((account.id, roles),))
    event = Event(Kind.JOIN, hub.now(), source, live.room.id, live.room.name, change=change)
    hub.set_membership(account.id, live, roles, event)
    undo = partial(hub.set_membership, account.id, live, None)
    hub.journal.submit(Publication(event, NOBODY, None, undo=undo))


def _make_room(hub: Hub, known: Known, source: Source, name: str) -> LiveRoom:
    """Make a room that an invite leads into; where that is not possible any more it is the room that all come into.

    Whoever made the invite makes the room by it, and must be permitted to.
    """
    if not invites.maker_may(hub, known, Action.CREATE_ROOM):
        return hub.rooms[GENERAL]
    try:
        live, created = hub.create_room(name, source)
    except InvalidRoomName:
        logger.info("An invite leads into a room that cannot be made", extra={"room": name})
        return hub.rooms[GENERAL]
    hub.journal.submit(created)
    return live
