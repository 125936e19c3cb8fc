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
from securechat.server.subcommands import Subcommand, Subcommands, given
from securechat.server.verification import replace_password

logger = logging.getLogger(__name__)

SECONDS = 120
"""So long after OLD the new password may be said."""


def _old(context: Context, account: Account, given: str) -> None:
    """Take the password that is good now, and with a second factor a code behind it."""

    def proved() -> None:
        password = given.rpartition(" ")[0] if account.second_factor else given
        context.session.shown_password = ShownPassword(password, context.hub.monotonic() + SECONDS)
        context.response.note("PASSWD", replies.PASSWORD_SHOWN)

    prove(context, account, given, proved)


def _new(context: Context, account: Account) -> None:
    """Store the new one, in both forms, and end what came in by the one before."""
    hub, session, password = context.hub, context.session, context.params[1]
    if len(context.params) > 2:
        text = "Put a colon before a password that holds spaces: PASSWD NEW :<new password>"
        context.response.fail("PASSWD", replies.INVALID_PARAMS, "NEW", text=text)
        return
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


SUBCOMMANDS = Subcommands(
    "PASSWD",
    Subcommand(
        "OLD",
        ":<password> [<code>]",
        1,
        "show the one that is good now; this comes first",
        lambda context, account: _old(context, account, given(context)),
    ),
    Subcommand("NEW", ":<new password>", 1, "put another one in its place", _new),
    instead="PASSWD OLD :<password> [<code>] comes first, then PASSWD NEW :<new password>",  # it may be a password
)
command("PASSWD", params=1, help=SUBCOMMANDS.help("change your password"))(SUBCOMMANDS.run)
