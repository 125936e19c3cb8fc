"""OPER, KILL and WALLOPS: an administrator's powers (modern-irc, "OPER message", "Operator Messages")."""

import logging
from functools import partial

from securechat.domain.account import Account
from securechat.domain.audit import Act
from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Action, may, subject_of_account
from securechat.domain.second_factor import Credential
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import cut
from securechat.protocol.numerics import ERR_NEEDMOREPARAMS, ERR_NOSUCHNICK, ERR_PASSWDMISMATCH, RPL_YOUREOPER
from securechat.server.context import Context
from securechat.server.deeds import called, deed_of
from securechat.server.entries import Barrier, Publication
from securechat.server.login import count_failure, throttled
from securechat.server.ports import Pool
from securechat.server.presence import end_session
from securechat.server.registry import command
from securechat.server.rendering import text_bytes
from securechat.server.sessions import Session
from securechat.server.user_modes import announcement, empower, shown_modes
from securechat.server.users import audience_of
from securechat.server.verification import Result, admitted, verify

logger = logging.getLogger(__name__)


@command(
    "OPER",
    params=2,
    requires=Action.ASK_FOR_POWERS,
    help="OPER <account> <password> [<code>]: have an administrator's powers, until MODE -o or the end",
)
def oper(context: Context) -> None:
    """Check the password of an administrator's account on a worker.

    No such account, one of somebody else, a suspended one and a wrong password get one answer, after the same work.
    """
    name, given = context.params[0], " ".join(context.params[1:])
    hub, session = context.hub, context.session
    if throttled(context, name):
        context.response.numeric(ERR_PASSWDMISMATCH)
        return
    account = hub.accounts.get(fold(name))
    if account is not None and not may(subject_of_account(account), Action.OPERATE, hub.policy):
        account = None
    session.claim = account
    now = hub.now()

    def then(result: Result) -> None:
        claimed = admitted(context, session.claim, result) if isinstance(result, Credential) else None
        if throttled(context, name, result):
            _refuse(context, name)
        elif claimed is not None and claimed.lacks_factor:
            context.response.fail("OPER", replies.SECOND_FACTOR_REQUIRED)
            _refuse(context, name)
        elif claimed is not None and isinstance(result, Credential):
            _record(context, claimed, result)
        else:
            count_failure(context, name)
            _refuse(context, name)

    context.work(
        Pool.HASHING,
        lambda: verify(context, name, account, given, now),
        then,
        failed=lambda error: _failed(context, error),
        busy=lambda: _unavailable(context),
    )


def _record(context: Context, account: Account, credential: Credential) -> None:
    """Give the powers once it is on the record that they were asked for, and by whose password; not before."""
    hub, user = context.hub, context.user
    event = Event(Kind.USER_MODE, hub.now(), user.source, target=user.nick)
    event.deeds = (deed_of(event.time, user.source, Act.OPER, "", account.name),)

    def then(stored: bool) -> None:
        claimed, context.session.claim = admitted(context, context.session.claim, credential), None
        if not stored:
            context.response.fail("OPER", replies.NOT_STORED, account.name)
        elif claimed is None:  # suspended, or its password changed, while the record was written
            _refuse(context, account.name)
        else:
            _succeed(context, claimed)

    context.when_recorded(event, then)


def _succeed(context: Context, account: Account) -> None:
    """Give the powers, and tell all sessions of the user."""
    hub, session, user = context.hub, context.session, context.user
    logger.info("OPER", extra={"peer": session.outlet.address, "account": account.name, "by": user.nick})
    before = shown_modes(user)
    empower(hub, session, account)
    changed = announcement(hub, user, before, session)
    if changed is not None:  # else the user had them already; this session has them for itself now
        context.response.publish(changed)
    context.response.numeric(RPL_YOUREOPER)


def _refuse(context: Context, name: str) -> None:
    context.session.claim = None
    logger.info("OPER failed", extra={"peer": context.session.outlet.address, "account": name})
    context.response.numeric(ERR_PASSWDMISMATCH)


def _failed(context: Context, error: BaseException) -> None:
    """Answer what failed by our own fault."""
    logger.error("An OPER could not be checked", exc_info=error)
    _unavailable(context)


def _unavailable(context: Context) -> None:
    context.session.claim = None
    context.response.fail("OPER", replies.TEMPORARILY_UNAVAILABLE)
    context.response.numeric(ERR_PASSWDMISMATCH)


@command("KILL", params=1, requires=Action.KILL, help="KILL <nick> [:<reason>]: end all connections of somebody")
def kill(context: Context) -> None:
    """End every session of a user, once that is on the record; the others are told by QUIT."""
    hub, killer = context.hub, context.user
    user = hub.users.get(fold(context.params[0]))
    if user is None:
        context.response.numeric(ERR_NOSUCHNICK, nick=context.params[0])
        return
    begin, end = f"Killed ({killer.nick} (", "))"
    most = text_bytes(Kind.QUIT, user.source.mask, "") - len((begin + end).encode())
    most = min(most, text_bytes(Kind.KILL, killer.source.mask, user.nick))
    reason = cut(context.param(1) or "No reason given", most)
    deed = deed_of(hub.now(), killer.source, Act.KILL, "", target=called(user), reason=context.param(1) or "")
    event = Event(Kind.KILL, hub.now(), killer.source, target=user.nick, text=reason, deeds=(deed,))
    failure = context.failure(replies.NOT_STORED, user.nick)
    own = user is killer
    killed = Publication(event, audience_of(user.sessions), context.session, echo=own, failure=failure)
    context.response.publish(killed)

    def end_unless_failed(session: Session) -> None:
        if not killed.failed:
            end_session(hub, session, f"{begin}{reason}{end}")

    for session in user.sessions:  # each on its own I/O thread, behind what is told to it
        context.response.publish(Barrier(session, partial(end_unless_failed, session), counted=False))


@command(
    "WALLOPS", params=1, requires=Action.WALLOPS, help="WALLOPS :<text>: tell something to all who have the mode w"
)
def wallops(context: Context) -> None:
    """Tell something to everybody who has set the mode `w`, and to who says it."""
    hub, source = context.hub, context.user.source
    text = cut(context.params[0], text_bytes(Kind.WALLOPS, source.mask, ""))
    if not text:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="WALLOPS")
        return
    sessions = [session for user in hub.unusual["w"] for session in user.sessions]
    event = Event(Kind.WALLOPS, hub.now(), source, text=text)
    context.response.publish(Publication(event, audience_of(sessions), context.session, echo=True))
