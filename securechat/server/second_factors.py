"""What follows in the running server from a second factor or an app password that comes or goes. Under the hub lock."""

from securechat.domain.account import Account
from securechat.domain.permissions import lacks_second_factor
from securechat.domain.second_factor import Means
from securechat.server.hub import Hub
from securechat.server.presence import end_soon
from securechat.server.user_modes import announcement, shown_modes


def note_second_factor(hub: Hub, account: Account, *, present: bool) -> None:
    """Know that the account has one now, or none; an administrator's powers may come or go with it.

    Whoever was setting up another one has to begin again, and to show what it takes now.
    """
    forget_setups(hub, account)
    account.second_factor = present
    settle_account(hub, account)


def settle_account(hub: Hub, account: Account) -> None:
    """Work out again what the account has to have and may do; whoever is there as it is told of powers so changed."""
    account.lacks_factor = lacks_second_factor(account, hub.policy)
    user = hub.users_of_account.get(account.id)
    if user is None:
        return
    for session in user.sessions:
        hub.trusted.note(session)
    before = shown_modes(user)
    user.settle_powers()
    hub.note_modes(user)
    changed = announcement(hub, user, before, None)
    if changed is not None:
        hub.journal.submit(changed)


def forget_setups(hub: Hub, account: Account) -> None:
    """Let whoever is setting one up for the account, or about to change its password, begin again."""
    for session in hub.sessions:
        if session.account is not None and session.account.id == account.id:
            session.setup = session.shown_password = None


def end_app_password(hub: Hub, number: int) -> None:
    """Let nobody in by it any more, and end the sessions that came in by it, each on its own I/O thread."""
    hub.app_passwords.discard(number)
    for session in hub.sessions:
        credential = session.credential
        if credential is not None and credential.means is Means.APP_PASSWORD and credential.value == str(number):
            end_soon(hub, session, "The app password was revoked")
