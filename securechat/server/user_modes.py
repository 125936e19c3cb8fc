"""The modes of users: how they are shown, and how they change (modern-irc, "User Modes")."""

from securechat.domain.account import Account
from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Action, may
from securechat.protocol.modes import BOT_LETTER, USER_MODE_BY_LETTER, USER_MODES
from securechat.server.entries import Publication
from securechat.server.hub import Hub
from securechat.server.sessions import Session
from securechat.server.users import User, audience_of


def shown_modes(user: User) -> str:
    """Return the modes of a user as they stand in 221: `+iw`."""
    return "+" + "".join(mode.letter for mode in USER_MODES if getattr(user, mode.shows))


def set_mode(hub: Hub, user: User, letter: str, *, on: bool) -> None:
    """Change a mode as its user asks; nobody makes themselves an operator by it, nor a person of a program."""
    if letter == "o":
        if not on and user.operator:
            resign(user)
    elif letter == BOT_LETTER:
        user.set_bot(on or not may(user.subject(), Action.SEEM_A_PERSON, hub.policy))
    else:
        setattr(user, USER_MODE_BY_LETTER[letter].shows, on)
    hub.note_modes(user)


def resign(user: User) -> None:
    """Give up an administrator's powers.

    Who is one gets them back by OPER, or by a login once no session of theirs is left: one more session has what the
    others have.
    """
    user.resigned = True
    for session in user.sessions:
        session.operates_as = None
    user.settle_powers()


def empower(hub: Hub, session: Session, account: Account) -> None:
    """Give the user of a session the powers of an administrator, whose account is `account`."""
    user = session.user
    assert user is not None, "only who is present is an operator"
    session.operates_as = account
    user.settle_powers()
    hub.note_modes(user)


def withdraw(hub: Hub, session: Session, user: User) -> None:
    """Let what the session has shown be worth nothing any more: it has ended, or the account has changed."""
    if session.operates_as is None:
        return
    before = shown_modes(user)
    session.operates_as = None
    user.settle_powers()
    hub.note_modes(user)
    changed = announcement(hub, user, before, None)
    if changed is not None and user.sessions:
        hub.journal.submit(changed)


def announcement(hub: Hub, user: User, before: str, session: Session | None) -> Publication | None:
    """What tells all sessions of a user how the modes differ from `before`; None when they do not.

    `session` is the one that caused it.
    """
    now = shown_modes(user)
    gained = "".join(letter for letter in now if letter not in before)
    lost = "".join(letter for letter in before if letter not in now)
    if not gained and not lost:
        return None
    text = (f"+{gained}" if gained else "") + (f"-{lost}" if lost else "")
    event = Event(Kind.USER_MODE, hub.now(), user.source, target=user.nick, text=text)
    return Publication(event, audience_of(user.sessions), session, echo=True)
