"""OPER: the powers of an administrator, for whoever knows the password (modern-irc, "OPER message")."""

import logging

from securechat.domain.account import Account
from securechat.domain.permissions import Action, Subject, may, role_of
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.numerics import ERR_PASSWDMISMATCH, RPL_YOUREOPER
from securechat.server.context import Context
from securechat.server.login import count_failure, current, is_right, throttled
from securechat.server.ports import Pool
from securechat.server.registry import command
from securechat.server.user_modes import announcement, empower, shown_modes

logger = logging.getLogger(__name__)


@command("OPER", params=2, help="OPER <account> <password>: have an administrator's powers, until MODE -o or the end")
def oper(context: Context) -> None:
    """Check the password of an administrator's account on a worker.

    No such account, one of somebody else, a suspended one and a wrong password get one answer, after the same work.
    """
    name, password = context.params[:2]
    hub, session = context.hub, context.session
    if throttled(context, name):
        context.response.numeric(ERR_PASSWDMISMATCH)
        return
    account = hub.accounts.get(fold(name))
    if account is not None and not may(Subject(role_of(account)), Action.OPERATE, hub.policy):
        account = None
    session.claim = account

    def then(right: bool) -> None:
        claimed, session.claim = current(context, session.claim), None
        if right and claimed is not None:
            _succeed(context, claimed)
        else:
            count_failure(context, name)
            logger.info("OPER failed", extra={"peer": session.outlet.address, "account": name})
            context.response.numeric(ERR_PASSWDMISMATCH)

    context.work(
        Pool.HASHING,
        lambda: is_right(context, name, account, password),
        then,
        failed=lambda error: _failed(context, error),
        busy=lambda: _unavailable(context),
    )


def _succeed(context: Context, account: Account) -> None:
    """Give the powers, and tell all sessions of the user."""
    user = context.user
    logger.info("OPER", extra={"peer": context.session.outlet.address, "account": account.name, "by": user.nick})
    before = shown_modes(user)
    empower(context.hub, context.session, account)
    context.response.numeric(RPL_YOUREOPER)
    changed = announcement(context.hub, user, before, context.session)
    if changed is not None:
        context.response.publish(changed)


def _failed(context: Context, error: BaseException) -> None:
    """Answer what failed by our own fault."""
    logger.error("An OPER could not be checked", exc_info=error)
    _unavailable(context)


def _unavailable(context: Context) -> None:
    context.session.claim = None
    context.response.fail("OPER", replies.TEMPORARILY_UNAVAILABLE)
    context.response.numeric(ERR_PASSWDMISMATCH)
