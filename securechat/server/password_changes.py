"""What follows in the running server from another password of an account. Under the hub lock.

What was proved by the one before is good for nothing any more: logins, OPER and questions for the password that are
looked at at this moment included.
"""

from functools import partial

from securechat.domain.account import Account
from securechat.domain.second_factor import Means
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.own_sessions import abort_logins, sessions_of, tell
from securechat.server.presence import end_soon
from securechat.server.second_factors import forget_setups
from securechat.server.sessions import Session
from securechat.server.user_modes import withdraw

CHANGED = "The password was changed; log in with the new one"
"""What sessions are told that end by it."""


def forget_password(hub: Hub, account_id: int) -> None:
    """Let nothing come of what was begun by the password of before; the sessions stay."""
    abort_logins(hub, account_id)
    account = hub.accounts_by_id.get(account_id)
    if account is not None:
        account.password_changes += 1
        forget_setups(hub, account)
    end_powers(hub, account_id)


def changed_by_owner(hub: Hub, account: Account, by: Session) -> int:
    """End the other sessions that came in by the password, each on its own I/O thread; return how many there are.

    `by` is the session that has changed it. What came in by something else stays, and is told.
    """
    forget_password(hub, account.id)
    gone = {one for one in sessions_of(hub, account) if one is not by and _came_by_password(one)}
    for session in gone:
        end_soon(hub, session, CHANGED)
    tell(hub, account, f"The password of your account was changed by session {by.number} of it", but=gone | {by})
    return len(gone)


def _came_by_password(session: Session) -> bool:
    return session.credential is not None and session.credential.means is Means.PASSWORD


def end_powers(hub: Hub, account_id: int) -> None:
    """Take back what was got, or is about to be got, by the account's password from others (OPER)."""
    for session in hub.sessions:
        if session.claim is not None and session.claim.id == account_id:
            session.claim = None
        if session.operates_as is not None and session.operates_as.id == account_id:
            session.outlet.post(partial(_end_powers_of, hub, session))


def _end_powers_of(hub: Hub, session: Session) -> None:
    if session.user is not None and session.state is State.PRESENT:
        withdraw(hub, session, session.user)
