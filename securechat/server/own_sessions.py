"""The sessions of an account as its owner sees them, and their end by order. Under the hub lock.

Whoever revokes a session ends it; what it logged in by (a password, an app password, a certificate) is another matter,
and is changed or revoked by itself. Addresses are for the owner alone.
"""

from collections.abc import Sequence, Set
from functools import partial

from securechat.domain.account import Account
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import format_message
from securechat.server.administration_ports import SessionFacts
from securechat.server.entries import Reply
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.presence import end_session
from securechat.server.response import send
from securechat.server.sessions import Session


def sessions_of(hub: Hub, account: Account) -> list[Session]:
    """Everybody who is logged in to the account, not welcomed yet or for long, oldest first."""
    found = [one for one in hub.sessions if one.account is not None and one.account.id == account.id]
    return sorted(found, key=lambda one: one.number)


def facts_of(hub: Hub, session: Session) -> SessionFacts:
    """What is to be told of a session that is logged in."""
    account, credential = session.account, session.credential
    assert account is not None, "it is logged in"
    assert credential is not None, "by something"
    silent = max(0.0, hub.monotonic() - session.said_at)
    return SessionFacts(
        account.name,
        account.id,
        session.number,
        session.logged_in_at,
        max(session.logged_in_at, hub.now() - int(silent * 1000)),
        credential,
        session.outlet.address,
        session.program,
        session.state is State.PRESENT,
    )


def all_facts(hub: Hub) -> list[SessionFacts]:
    """What is to be told of every session that is logged in, by account and number."""
    facts = [facts_of(hub, one) for one in hub.sessions if one.account is not None]
    return sorted(facts, key=lambda one: (one.account.lower(), one.number))


def revoke(hub: Hub, sessions: Sequence[Session], by: str) -> None:
    """End sessions of one account, each on its own I/O thread, and tell those that stay; `by` says who wants it so."""
    gone = set(sessions)
    for session in sessions:
        session.run_no_more()
        session.outlet.post(partial(_end, hub, session, by))
    if not sessions or sessions[0].account is None:
        return
    for session in sessions:
        tell(hub, sessions[0].account, f"Session {session.number} of your account was ended by {by}", but=gone)


def abort_logins(hub: Hub, account_id: int) -> None:
    """Let nothing come of the logins to an account that are under way, whatever they have proved already."""
    for session in hub.sessions:
        exchange = session.exchange
        if exchange is not None and exchange.account is not None and exchange.account.id == account_id:
            exchange.account = None


def tell(hub: Hub, account: Account, text: str, but: Set[Session] = frozenset()) -> None:
    """Tell the account's sessions what has happened to it."""
    for session in sessions_of(hub, account):
        if session not in but and session.state is State.PRESENT:
            line = format_message("NOTICE", (session.shown_nick, text), source=hub.configuration.server.name)
            hub.journal.submit(Reply(session, line, counted=False))


def _end(hub: Hub, session: Session, by: str) -> None:
    """Tell a program why, in a word that it knows, and end its session."""
    if session.state is State.ENDED:
        return
    send(session, hub.journal, replies.fail(hub.configuration.server.name, "*", replies.SESSION_ENDED))
    end_session(hub, session, f"This session was ended by {by}")
