"""PASSWD: another password for one's own account. No specification: it is our own.

In two steps, as both passwords may hold spaces: who has shown the one that is good now, and a code where there is a
second factor, says the new one on the same connection.
"""

import logging

from securechat.domain.account import Account
from securechat.protocol import standard_replies as replies
from securechat.server.commands.second_factor import failed, prove
from securechat.server.context import Context
from securechat.server.password_changes import changed_by_owner
from securechat.server.passwords import check_password
from securechat.server.ports import Pool
from securechat.server.registry import command
from securechat.server.second_factors import forget_setups
from securechat.server.sessions import ShownPassword
from securechat.server.verification import replace_password

logger = logging.getLogger(__name__)

SECONDS = 120
"""So long after OLD the new password may be said."""


@command(
    "PASSWD",
    params=1,
    help="PASSWD OLD :<password> [<code>], then PASSWD NEW :<new password>: change your password",
)
def passwd(context: Context) -> None:
    """Change the password of one's own account."""
    account = context.user.account
    subcommand = context.params[0].upper()
    if account is None:
        context.response.fail("PASSWD", replies.ACCOUNT_REQUIRED)
    elif subcommand not in ("OLD", "NEW"):
        # What was sent is not repeated: it may be a password.
        text = "PASSWD OLD :<password> [<code>] comes first, then PASSWD NEW :<new password>"
        context.response.fail("PASSWD", replies.INVALID_SUBCOMMAND, text=text)
    elif not context.param(1):
        context.response.fail("PASSWD", replies.NEED_MORE_PARAMS, subcommand)
    elif subcommand == "OLD":
        _old(context, account, " ".join(context.params[1:]))
    elif len(context.params) > 2:
        text = "Put a colon before a password that holds spaces: PASSWD NEW :<new password>"
        context.response.fail("PASSWD", replies.INVALID_PARAMS, subcommand, text=text)
    else:
        _new(context, account, context.params[1])


def _old(context: Context, account: Account, given: str) -> None:
    """Take the password that is good now, and with a second factor a code behind it."""

    def proved() -> None:
        password = given.rpartition(" ")[0] if account.second_factor else given
        context.session.shown_password = ShownPassword(password, context.hub.monotonic() + SECONDS)
        context.response.note("PASSWD", replies.PASSWORD_SHOWN)

    prove(context, account, given, proved)


def _new(context: Context, account: Account, password: str) -> None:
    """Store the new one, in both forms, and end what came in by the one before."""
    hub, session = context.hub, context.session
    shown = session.shown_password
    if shown is None or hub.monotonic() > shown.ends:
        session.shown_password = None
        context.response.fail("PASSWD", replies.PASSWORD_NOT_SHOWN)
        return
    problem = check_password(password, account.name, hub.configuration.accounts.minimum_password_length)
    if problem:
        context.response.fail("PASSWD", replies.WEAK_PASSWORD, text=problem)
        return
    forget_setups(hub, account)  # of the others as well, now: of two changes at once the first one counts

    def changed(done: bool) -> None:
        if not done:  # somebody else has given the account another one meanwhile
            context.response.fail("PASSWD", replies.PASSWORD_NOT_SHOWN)
            return
        count = changed_by_owner(hub, account, session)
        logger.info("Password changed", extra={"account": account.name, "peer": session.outlet.address})
        text = f"The new password is in force; sessions that came in by the one before and have ended: {count}"
        context.response.note("PASSWD", replies.PASSWORD_CHANGED, str(count), text=text)

    def too_late(done: bool) -> None:
        if done:
            changed_by_owner(hub, account, session)

    context.work(
        Pool.HASHING,
        lambda: replace_password(context, account, shown.password, password),
        changed,
        lambda error: failed(context, error),
        lambda: context.response.fail("PASSWD", replies.TEMPORARILY_UNAVAILABLE),
        too_late=too_late,
    )
