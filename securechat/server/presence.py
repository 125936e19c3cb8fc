"""Coming and going: from a registered session to a present user, and back to nothing."""

import hmac
from functools import partial

from securechat import __version__
from securechat.clock import format_time
from securechat.domain.events import Event, Kind, Source
from securechat.domain.permissions import Action, Subject, may, must_set_up_first, role_of
from securechat.domain.roles import RoomChange, RoomRole
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import BATCH, CHATHISTORY, EXTENDED_ISUPPORT
from securechat.protocol.isupport import Isupport
from securechat.protocol.message import cut, format_message
from securechat.protocol.modes import BY_LETTER, USER_MODE_BY_LETTER
from securechat.protocol.numerics import (
    ERR_NICKNAMEINUSE,
    ERR_PASSWDMISMATCH,
    ERR_SASLABORTED,
    RPL_CREATED,
    RPL_ISUPPORT,
    RPL_MYINFO,
    RPL_UMODEIS,
    RPL_WELCOME,
    RPL_YOURHOST,
)
from securechat.server import knocks, metadata_news
from securechat.server.blocks import MOST_BLOCKED
from securechat.server.entries import Barrier, Publication
from securechat.server.hub import Hub
from securechat.server.information import send_lusers, send_motd
from securechat.server.lifecycle import State, Step, after
from securechat.server.membership import ROOMS_PER_USER
from securechat.server.notices import AWAY_BYTES, absence, arrive, count_absent, tell_offline, tell_online
from securechat.server.past import arrives, log_failure
from securechat.server.rendering import text_bytes
from securechat.server.replay import replay_missed
from securechat.server.reports import tell_at_login
from securechat.server.response import Response, after_own_events
from securechat.server.roster import show_room
from securechat.server.sessions import Session
from securechat.server.user_modes import shown_modes, withdraw
from securechat.server.users import NOBODY, LiveRoom, User
from securechat.server.watches import MOST_WATCHED

MOST_TARGETS = 4
"""How many targets PRIVMSG, NOTICE and TAGMSG take (TARGMAX)."""
MOST_ASKED = 4
"""How many nicks WHOIS and WHOWAS answer (TARGMAX)."""
MOST_ROOMS = 20
"""How many rooms JOIN, PART and NAMES take (TARGMAX)."""
INTERNAL_ERROR = "Internal error: the administrator finds it in the server's log"
"""What a session is told that ends by a bug of ours."""
MOST_MODES = 12
"""How many changes with a parameter one MODE takes (MODES)."""
MOST_MASKS = 100
"""How many masks each list of a room holds (MAXLIST)."""
MOST_SESSIONS = 20
"""How many sessions one account may have at once: enough for people, a bound for runaway scripts."""
REALNAME_CHARACTERS = 100
"""The longest real name (ISUPPORT NAMELEN)."""
REALNAME_BYTES = 200
"""The longest one in bytes: enough for as many characters of most scripts, and for a line to hold it."""
BANNED_MEANWHILE = "You have been banned from this room"
"""Why somebody who comes back is not in a room any more."""
REASON_BYTES = 400
"""The longest reason for an end that fits into an ERROR."""


def register_when_ready(hub: Hub, session: Session, response: Response) -> None:
    """Welcome the session once it has said who it is; called after each step that may have been the last one."""
    if session.state is not State.OPEN or not session.nick or not session.username:
        return
    if session.exchange is not None:
        session.exchange = None  # registration does not wait for it (extensions/sasl-3.1)
        response.numeric(ERR_SASLABORTED)
    account = session.account
    if not may(Subject(role_of(account)), Action.CONNECT, hub.policy):
        _refuse(hub, session, response, replies.ACCOUNT_REQUIRED, "No account: log in, or register with an invite")
        return
    if account is not None and must_set_up_first(account, hub.policy):
        response.fail("*", replies.SECOND_FACTOR_REQUIRED)
        return
    if hub.configuration.access.password and account is None and not _password_is_right(hub, session):
        response.numeric(ERR_PASSWDMISMATCH)
        _refuse(hub, session, response, replies.PASSWORD_REQUIRED, "The server's password is wrong or missing")
        return
    user = hub.users_of_account.get(account.id) if account is not None else None
    if user is None:
        problem = hub.nick_problem(session.nick, account)
        if problem:
            response.numeric(ERR_NICKNAMEINUSE, nick=session.nick, problem=problem)
            session.nick = ""
            return
        user = User(session.nick, session.username, session.realname, account)
        hub.add_user(user)
        tell_online(hub, user)
    elif not has_place(user):
        _refuse(hub, session, response, replies.TOO_MANY_SESSIONS, "Too many connections of this account")
        return
    _welcome(hub, session, response, user)


def has_place(user: User) -> bool:
    """Whether one more session may be that of `user`."""
    return len(user.sessions) < MOST_SESSIONS


def _password_is_right(hub: Hub, session: Session) -> bool:
    return is_same_secret(session.password, hub.configuration.access.password)


def is_same_secret(one: str, other: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(one.encode(), other.encode())


def _refuse(hub: Hub, session: Session, response: Response, reply: replies.StandardReply, reason: str) -> None:
    response.fail("*", reply)
    response.flush()
    end_session(hub, session, reason)


def _welcome(hub: Hub, session: Session, response: Response, user: User) -> None:
    """Send what every client gets once (modern-irc, "Connection Registration"), then bring it back into its rooms."""
    session.state = after(session.state, Step.WELCOME)
    session.user = user
    hub.trusted.note(session)
    session.password = ""
    first = not user.sessions
    hub.present_sessions += 1
    user.sessions.append(session)
    arrives(hub, session)
    arrive(hub, user, session)
    server = hub.configuration.server
    response.numeric(RPL_WELCOME, network=server.network, nick=user.nick)
    response.numeric(RPL_YOURHOST, server=server.name, version=f"securechat-{__version__}")
    response.numeric(RPL_CREATED, created=format_time(hub.started))
    response.numeric(
        RPL_MYINFO,
        server=server.name,
        version=f"securechat-{__version__}",
        user_modes="".join(sorted(USER_MODE_BY_LETTER)),
        room_modes="".join(sorted(BY_LETTER)),
    )
    send_isupport(hub, response)
    send_lusers(hub, response)
    metadata_news.welcome(hub, session, response, user)
    send_motd(hub, response)
    response.numeric(RPL_UMODEIS, modes=shown_modes(user))
    if user.account is not None and user.account.lacks_factor:
        response.note("*", replies.SECOND_FACTOR_REQUIRED)
    _return_to_rooms(hub, session, response, user, first=first)
    tell_at_login(hub, response, user)
    knocks.tell_at_login(hub, response, user)
    hub.awaited.tell(hub, response, user)
    if not session.has(CHATHISTORY.bit) and user.account is not None:
        replay_missed(hub, session, response, user, user.account)


def send_isupport(hub: Hub, response: Response) -> None:
    """Send what the server supports (005)."""
    lines = hub.isupport = hub.isupport or isupport(hub).lines()
    if response.has(BATCH.bit) and response.has(EXTENDED_ISUPPORT.bit):
        response.numerics_in_batch("draft/isupport", RPL_ISUPPORT, [{"tokens": tokens} for tokens in lines])
        return
    for tokens in lines:
        response.numeric(RPL_ISUPPORT, tokens=tokens)


def isupport(hub: Hub) -> Isupport:
    """The values behind 005 (RPL_ISUPPORT)."""
    limits = hub.configuration.limits
    return Isupport(
        network=hub.configuration.server.network,
        nick_length=limits.nick_length,
        room_name_length=limits.room_name_length,
        topic_length=limits.topic_length,
        history_page=hub.configuration.history.page_messages,
        away_length=AWAY_BYTES,
        realname_length=REALNAME_CHARACTERS,
        monitor_limit=MOST_WATCHED,
        most_blocked=MOST_BLOCKED,
        targets={"PRIVMSG": MOST_TARGETS, "NOTICE": MOST_TARGETS, "TAGMSG": MOST_TARGETS, "JOIN": MOST_ROOMS}
        | {"WHOIS": MOST_ASKED, "WHOWAS": MOST_ASKED}
        | {"KICK": MOST_TARGETS, "PART": MOST_ROOMS, "NAMES": MOST_ROOMS},
        most_rooms=ROOMS_PER_USER,
        most_masks=MOST_MASKS,
        most_modes=MOST_MODES,
        account_required=not hub.policy.guests,
    )


def _return_to_rooms(hub: Hub, session: Session, response: Response, user: User, *, first: bool) -> None:
    """Bring an account back into its rooms: the first session tells the others, a further one only hears of it."""
    if user.account is None:
        return
    for room_id, roles in list(hub.memberships[user.account.id].items()):
        live = hub.rooms_by_id[room_id]
        if first:
            return_to_room(hub, session, response, user, live, roles)
        elif live.room.id in user.rooms:
            hear_room(hub, session, response, user, live)


def return_to_room(hub: Hub, session: Session, response: Response, user: User, live: LiveRoom, roles: RoomRole) -> None:
    """Bring a user, whose account is a member of the room, back into it, unless they have been banned meanwhile."""
    if not may(live.subject_as(user, roles), Action.RETURN_TO_ROOM, hub.policy):
        _put_out(hub, session, response, user, live, roles)
        return
    hub.enter(user, live, roles)
    event = Event(Kind.ARRIVE, hub.now(), user.source, live.room.id, live.room.name)
    response.publish(hub.publication(event, live, session))
    for publication in absence(hub, user, live) + metadata_news.brought_along(hub, user, live):
        response.publish(publication)
    hub.markers.show(session, response, user, live)
    show_room(response, live)
    metadata_news.show_room(hub, session, response, live)


def _put_out(hub: Hub, session: Session, response: Response, user: User, live: LiveRoom, roles: RoomRole) -> None:
    """End the membership of a user who has come back; their client sees that it is in the room, and then why not."""
    account = user.account
    assert account is not None, "only accounts are members while they are not here"
    came = Event(Kind.ARRIVE, hub.now(), user.source, live.room.id, live.room.name)
    response.publish(Publication(came, NOBODY, session, echo=True))
    source = Source(hub.configuration.server.name, "", "")
    text = f"{user.nick} {BANNED_MEANWHILE}"
    change = RoomChange(expelled=account.id)
    event = Event(Kind.KICK, hub.now(), source, live.room.id, live.room.name, text, change=change)
    undo = partial(hub.set_membership, account.id, live, roles, live.joined.get(account.id))
    hub.set_membership(account.id, live, None)
    shown = partial(hub.renderer.line, event, 0)  # it is not in the room, even if that is not stored
    response.publish(Publication(event, live.audience(), session, echo=True, undo=undo, failure=shown))


def hear_room(hub: Hub, session: Session, response: Response, user: User, live: LiveRoom) -> None:
    """Let a further session hear a room that its user is in."""
    live.add_session(session)
    event = Event(Kind.ARRIVE, hub.now(), user.source, live.room.id, live.room.name)
    response.publish(Publication(event, NOBODY, session, echo=True))
    hub.markers.show(session, response, user, live)
    show_room(response, live)
    metadata_news.show_room(hub, session, response, live)


def end_session(hub: Hub, session: Session, reason: str, *, orderly: bool = False) -> None:
    """End a session for `reason`, whatever its state: tell it, tell the others, forget it, close its connection.

    `orderly`: the client said QUIT, so it has received what was sent to it.
    """
    if session.state is State.ENDED:
        return
    user = session.user
    session.state = after(session.state, Step.END)
    hub.sessions.pop(session, None)
    hub.trusted.forget(session)
    hub.watches.forget(session)
    hub.metadata.forget(session)
    session.backlog = None
    session.batch = None
    session.password = ""
    session.exchange = None
    error = format_message("ERROR", (f"Closing link: ({cut(reason, REASON_BYTES)})",))
    if user is not None:
        _leave_user(hub, session, user, reason, orderly=orderly)
    # What the session itself caused before is still shown to it; then the reason, then the end.
    after_own_events(session, hub.journal, lambda: _close(session, error, reason))


def end_soon(hub: Hub, session: Session, reason: str) -> None:
    """End a session on its own I/O thread; nothing that it still sends is run."""
    session.run_no_more()
    session.outlet.post(partial(end_session, hub, session, reason))


def _close(session: Session, error: bytes, reason: str) -> None:
    session.outlet.put(error)
    session.outlet.close(reason)


def _leave_user(hub: Hub, session: Session, user: User, reason: str, *, orderly: bool) -> None:
    """Take the session from its user; the last one takes the user along."""
    hub.present_sessions -= 1
    user.sessions.remove(session)
    for live in user.rooms.values():
        live.remove_session(session)
    withdraw(hub, session, user)
    _remember_received(hub, session, user, orderly=orderly)
    if user.sessions:
        count_absent(hub, user)
        return
    if hub.users.get(fold(user.nick)) is user:  # else it was told already that they are gone: see `evict_guest`
        _go(hub, user, reason)
    for live in list(user.rooms.values()):  # entered since
        hub.evict(user, live, reason)
    if not hub.stopping:
        # Its connection is closed when all have been told.
        session.in_flight += 1
        hub.journal.submit(Barrier(session, lambda: None))


def _go(hub: Hub, user: User, reason: str) -> None:
    """Take a user out of everything, and tell whom it concerns."""
    if not hub.stopping:
        text = cut(reason, text_bytes(Kind.QUIT, user.source.mask, ""))
        event = Event(Kind.QUIT, hub.now(), user.source, text=text)
        hub.journal.submit(hub.tell_peers(event, user, None))
    for live in list(user.rooms.values()):
        hub.leave(user, live, keep_membership=True)
    hub.remove_user(user)
    if not hub.stopping:
        tell_offline(hub, user.nick)


def _remember_received(hub: Hub, session: Session, user: User, *, orderly: bool) -> None:
    """Note how far a client that cannot ask for history has certainly received everything."""
    account = user.account
    if account is None or session.has(CHATHISTORY.bit):
        return
    sequence = session.outlet.delivered_sequence if orderly else session.received_sequence
    if sequence <= account.replay_sequence:
        return
    account.replay_sequence = sequence
    account_id = account.id
    done = hub.journal.call(lambda unit: unit.accounts.set_replay_sequence(account_id, sequence))
    done.add_done_callback(lambda future: log_failure(future.exception()))


def evict_guest(hub: Hub, name: str, keep: User | None = None) -> None:
    """End a guest, other than `keep`, who goes by the name of a new account: it is somebody's now. Lock held."""
    holder = hub.users.get(fold(name))
    if holder is None or holder.account is not None or holder is keep:
        return
    reason = "Your nick belongs to an account now; choose another one"
    for session in list(holder.sessions):
        end_soon(hub, session, reason)
    # Everybody hears of it now: the next who is seen under that nick may be its owner.
    _go(hub, holder, reason)
