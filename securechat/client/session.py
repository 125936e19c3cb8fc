"""The client without any I/O: login, roster, answers, gaps and outbox put together, over any number of links.

The connection's thread feeds it lines and sends what it puts into `output`; nobody else touches it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from securechat.client.codes import TypedCode
from securechat.client.conversations import Fill, latest
from securechat.client.errors import CannotConnect, ClientError, LoginRefused, NotDelivered, RoomRefused
from securechat.client.events import (
    CodeNeeded,
    Connected,
    Disconnected,
    Event,
    Joined,
    Left,
    Message,
    RoomEvent,
    RoomRenamed,
)
from securechat.client.gaps import Gaps
from securechat.client.login import Identity, Login
from securechat.client.login import State as LoginState
from securechat.client.other_names import OtherNames
from securechat.client.outbox import Delivery, Outbox, Outgoing, Stage
from securechat.client.refusals import ROOM_RENAMED, is_refusal, login_refusal, room_refusal
from securechat.client.requests import Answers, Request
from securechat.client.rights import Facts
from securechat.client.roster import TOKEN_TAG, Roster
from securechat.client.sanitize import sanitize
from securechat.client.texts import _
from securechat.clock import Clock
from securechat.errors import ProtocolError
from securechat.links import NO_INVITE
from securechat.names import fold
from securechat.protocol import message as wire
from securechat.protocol.line_buffer import TooLong

log = logging.getLogger("securechat.client")

_ENDED = "SESSION_ENDED"
"""Somebody has ended this session on purpose: coming back by itself would undo that."""
_END_OF_MOTD = frozenset({"376", "422"})


class Session:
    """What the client knows and wants, for as long as the client lives."""

    def __init__(
        self,
        identity: Identity,
        emit: Callable[[Event], None],
        clock: Clock,
        random_text: Callable[[], str],
        take_back: Callable[[str], Sequence[RoomEvent]] = lambda _name: (),
    ) -> None:
        """`random_text` makes unguessable letters and digits, for SCRAM nonces and message tokens.

        `take_back` returns what was emitted of a conversation and nobody has read yet, and lets nobody read it.
        """
        self.identity = identity
        self.output: list[bytes] = []
        self.roster = Roster(clock)
        self.ready = False  # logged in, and told of all rooms of the account
        self.program = ""  # what the session is called in the list of the account's sessions; empty: nothing
        self._emit = emit
        self._clock = clock
        self._random_text = random_text
        self._take_back = take_back
        self._login = Login(identity, random_text)
        self._answers = Answers()
        self._outbox = Outbox()
        self._waiting: list[Request] = []  # to be sent once ready
        self._wanted: dict[str, str] = {}  # rooms to be in: folded name -> name
        self._other_names = OtherNames()
        self._again = False  # whether there was a working link before
        self._told_of_code = False  # whether somebody knows that a code is waited for
        self.gaps = Gaps(self.roster, self._outbox, self._send, emit)

    # --- the second factor ---

    def waits_for_code(self) -> bool:
        """Whether the next login has to wait until somebody types a code; they are told so once."""
        code = self.identity.code
        if not (self._again and isinstance(code, TypedCode) and code.missing):
            return False
        self._ask_for_code(refused=False)
        return True

    def code_may_help(self, error: LoginRefused) -> bool:
        """Whether a login after a lost link was perhaps refused for a code that was wrong or missing."""
        code = self.identity.code
        if not (self._again and error.wants_code and isinstance(code, TypedCode)):
            return False
        code.needed = True
        self._ask_for_code(refused=True)
        return True

    def _ask_for_code(self, *, refused: bool) -> None:
        if not self._told_of_code:
            self._told_of_code = True
            self._emit(CodeNeeded(refused))

    def expect_code(self, *, needed: bool) -> None:
        """The account has a second factor from now on, or none any more."""
        if isinstance(self.identity.code, TypedCode):
            self.identity.code.needed = needed

    def give_code(self, code: str) -> bool:
        """Take what somebody typed; return whether a login waits for it."""
        if self.ready or not isinstance(self.identity.code, TypedCode):
            return False
        self._told_of_code = False
        self.identity.code.put(code)
        return True

    def come_back_as(self, name: str, password: str) -> None:
        """Log in to this account over the next links."""
        self.identity = replace(self.identity, name=name, password=password, register=False, token="")

    def password_changed(self, old: str, new: str) -> None:
        """Log in by the new one over the next links; an app password in its place stays good."""
        if self.identity.password == old:
            self.identity = replace(self.identity, password=new)

    # --- the link ---

    def opened(self) -> None:
        """There is a verified link: begin the login on it."""
        self.ready = False
        nick = self.roster.nick
        self.roster = Roster(self._clock)
        self.roster.nick = nick
        self._answers = Answers()
        self._login = Login(self.identity, self._random_text)
        self.gaps.link_opened(self.roster, again=self._again)
        self.output += self._login.start()

    def lost(self, reason: str) -> None:
        """The link is gone; another one will be opened."""
        was_ready, self.ready = self.ready, False
        self.output.clear()
        self._outbox.link_lost()
        for request in self._answers.waiting():
            if request.repeats:
                self._waiting.append(request)
            else:
                unknown = _("The link was lost before the server answered: it is not known whether {command} was done.")
                request.fail(CannotConnect(unknown.format(command=sanitize(request.command))))
        self._answers = Answers()
        if was_ready:
            self._emit(Disconnected(reason))

    def end(self, error: ClientError) -> None:
        """Nothing will come any more: everybody who waits hears `error`."""
        self.ready = False
        requests, self._waiting = self._answers.waiting() + self._waiting, []
        self._answers = Answers()
        for request in requests:
            request.fail(error)
        self._outbox.fail_all(error)

    def receive(self, line: bytes | TooLong) -> None:
        """Take a line. Raises LoginRefused, CannotConnect or ProtocolError when the link is of no use any more."""
        if isinstance(line, TooLong):
            log.warning("the server sent a line over the limits; it was dropped")
            return
        try:
            message = wire.parse(line)
        except ProtocolError as error:
            log.warning("the server sent a line that cannot be read: %s", error)
            return
        if message.command == "PING":
            self.output.append(wire.format_message("PONG", message.params[-1:]))
        elif self._login.state is not LoginState.WELCOMED:
            self._log_in(message)
        else:
            self._receive_live(message)
        self._pump()

    def keep_alive(self) -> None:
        """Ask the server for a sign of life."""
        self.output.append(wire.format_message("PING", ["securechat"]))

    def _log_in(self, message: wire.Message) -> None:
        self.output += self._login.receive(message)
        if self._login.registered and self.identity.register:
            # Over the next link the account is there already, and the invite is used.
            identity = self.identity
            self.identity = Identity(identity.name, identity.password, set_up=identity.set_up, code=identity.code)
        if self._login.state is LoginState.WELCOMED:
            self.roster.receive(message)

    def _receive_live(self, message: wire.Message) -> None:
        if message.command == "FAIL" and message.params[:2] == ["*", _ENDED]:
            raise login_refusal(_ENDED, self.identity.name, "")
        self.gaps.saw_time(message)
        live, completed = self._answers.receive(message)
        if live:
            for event in self.roster.receive(message):
                self._take(event)
        if message.command in _END_OF_MOTD and not self.ready:
            # Its answer comes behind everything that the server says by itself at login.
            self._send(Request("PING", ["securechat"], lambda _lines: self._on_ready(), _ignore, again=False))
        for request, lines in completed:
            request.done(lines)

    def _on_ready(self) -> None:
        if self.ready:
            return
        self.ready = True
        self._emit(Connected(self.roster.nick, again=self._again))
        if self.program and self.identity.password:
            # Another server does not know this; its answer is of no interest.
            self._send(Request("SESSIONS", ["NAME", self.program], lambda _lines: None, _ignore, again=False))
        for name in list(self._wanted.values()):
            if self.roster.room(name) is None:
                # A room that was deleted meanwhile is not to come back because somebody was in it.
                self.join(name, None, lambda: None, partial(self._give_up, name), NO_INVITE)
        self.gaps.give_up_doubts(self._wanted)
        self.gaps.ask_targets()
        self._again = True
        requests, self._waiting = self._waiting, []
        for request in requests:
            self._send(request)

    # --- requests ---

    def ask(self, request: Request) -> None:
        """Send a request, or keep it until there is a link."""
        if self.ready:
            self._send(request)
        else:
            self._waiting.append(request)
        self._pump()

    def forget(self, request: Request) -> None:
        """Nobody waits for this request any more."""
        self._answers.forget(request)
        if request in self._waiting:
            self._waiting.remove(request)

    def facts(self, name: str) -> Facts:
        """Return what is known of the own user's rights in a room; without a password one is here as a guest."""
        return self.roster.facts(name, account=bool(self.identity.password))

    def entered_as(self, name: str) -> str:
        """Return how the room is called that was entered under `name`: a link may have an older name of it."""
        return self._other_names.now(name)

    def join(
        self,
        name: str,
        fill: Fill | None,
        done: Callable[[], None],
        fail: Callable[[ClientError], None],
        key: str = "",
    ) -> Request | None:
        """Enter a room; what `fill` asks for comes before what is said from now on.

        `key` is what opens it: its key, or the token of an invite; with NO_INVITE no room is made.
        """
        if fill is not None:
            # What was said since the login would else come before what was said before it.
            self.gaps.start(name, fill, self._take_back(name))

        def answered(lines: Sequence[wire.Message]) -> None:
            refusal = next((line for line in lines if is_refusal(line)), None)
            entered = _entered(lines, name)
            if self.roster.room(entered) is not None and refusal is None:
                if fold(entered) != fold(name):
                    self._follow(name, entered, fill)
                done()
                return
            self._wanted.pop(fold(name), None)
            self.gaps.drop(name)
            if refusal is not None and key == NO_INVITE and refusal.params[1:2] == ["INVITE_UNKNOWN"]:
                fail(RoomRefused(_("There is no room {name} that you may enter.").format(name=sanitize(name)), "403"))
            else:
                fail(room_refusal(refusal or wire.Message("403", ["*", name, ""])))

        if self.ready and self.roster.room(name) is not None:
            done()
            self._pump()
            return None
        request = Request("JOIN", [name, key] if key else [name], answered, fail)
        self.ask(request)
        return request

    def _follow(self, name: str, entered: str, fill: Fill | None) -> None:
        """The room has another name than the one that was asked for: what was to come of it comes under that name."""
        if fill is None and fold(name) in self._wanted:  # it was renamed while there was no link
            # What was said since the login came under the new name already, before what is missed.
            self._renamed(RoomRenamed(entered, name, self._moment()), self._take_back(entered))
            self._pump()
            return
        self._other_names.note(name, entered)
        self._wanted.pop(fold(name), None)
        self.gaps.drop(name)
        if fill is not None:
            self.gaps.start(entered, fill)
            self._pump()

    def begin_with(self, tail: int) -> None:
        """Let the newest messages of every room that we are in come first, as if each was entered now."""
        for room in list(self.roster.rooms.values()):
            self.gaps.start(room.name, latest(tail), self._take_back(room.name))
        self._pump()

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._clock() / 1000, UTC)

    def _give_up(self, name: str, error: ClientError) -> None:
        """After a new link a room is closed to us."""
        for outgoing in self._outbox.in_doubt(name):
            self._outbox.refuse(outgoing, NotDelivered(str(error)))
        self._emit(Left(name, self.roster.nick, self._moment(), reason=str(error), own=True))

    def _send(self, request: Request) -> None:
        self.output.append(self._answers.send(request))

    # --- what the user says ---

    def say(self, command: str, target: str, text: str, delivery: Delivery) -> None:
        """Send a message as soon as it is its turn. Raises NotDelivered when too many wait."""
        delivery.token = delivery.token or self._random_text()
        target = target if self.roster.room(target) is not None else self.entered_as(target)
        self._outbox.add(Outgoing(command, target, text, delivery.token, delivery))
        self._pump()

    def abandon(self, delivery: Delivery) -> None:
        """Nobody waits for this delivery any more."""
        self._outbox.forget(delivery)

    def _send_outgoing(self, outgoing: Outgoing) -> None:
        outgoing.stage = Stage.SENT
        target = outgoing.target

        def answered(lines: Sequence[wire.Message]) -> None:
            refusal = next((line for line in lines if is_refusal(line)), None)
            if refusal is not None and outgoing.target != target:
                outgoing.stage = Stage.QUEUED  # the room got another name on the way: it goes there by that
                return
            if refusal is not None:
                error: ClientError = room_refusal(refusal)
                if "MESSAGE_NOT_STORED" in refusal.params[1:2]:
                    error = NotDelivered(str(error), certain=True)
                self._outbox.refuse(outgoing, error)
                return
            ids = [line.tags.get("msgid", "") for line in lines if line.command == outgoing.command]
            self._outbox.confirm(outgoing.token, ids[0] if ids else "")

        tags = {TOKEN_TAG: outgoing.token}
        self._send(
            Request(outgoing.command, [outgoing.target, outgoing.text], answered, _ignore, again=False, tags=tags)
        )

    # --- events ---

    def resume(self) -> None:
        """Somebody reads the events again: fetch what was dropped meanwhile."""
        self.gaps.resume()
        self._pump()

    def _take(self, event: Event) -> None:
        """Give an event out, or hold or drop it; keep in mind which rooms we are in."""
        if isinstance(event, RoomRenamed):
            self._renamed(event)
            return
        if not isinstance(event, RoomEvent):
            self._emit(event)
            return
        if isinstance(event, Message) and event.own and event.token:
            self._outbox.confirm(event.token, event.id)
        key = fold(event.room)
        if isinstance(event, Joined) and event.own:
            self._other_names.forget(event.room)
            returned = key in self._wanted
            self._wanted[key] = event.room
            if returned:
                return  # back after a lost link: nothing to tell
        if isinstance(event, Left) and event.own:
            self._wanted.pop(key, None)
            self.gaps.leave(event)
        else:
            self.gaps.take(event)

    def _renamed(self, event: RoomRenamed, unseen: Sequence[RoomEvent] = ()) -> None:
        """It is the same room: what is wanted, missed, undecided or asked for by its old name means it still."""
        self._other_names.note(event.old, event.room)
        if self._wanted.pop(fold(event.old), None) is not None:
            self._wanted[fold(event.room)] = event.room
        self.gaps.rename(event.old, event.room, unseen)
        self._outbox.rename(event.old, event.room)
        self._emit(event)

    def _pump(self) -> None:
        """Ask for pages and send messages, as far as it is their turn."""
        if not self.ready:
            return
        self.gaps.pump()
        if self._outbox:
            for outgoing in self._outbox.sendable():
                self._send_outgoing(outgoing)


def _entered(lines: Sequence[wire.Message], name: str) -> str:
    """Return under which name we are in a room, by what answers the JOIN for `name`."""
    for line in lines:
        if line.command == "JOIN" and line.params:
            return line.params[0]
        if line.command == ROOM_RENAMED and len(line.params) > 2:
            return line.params[2]
    return name


def _ignore(_error: ClientError) -> None:
    """Nobody waits for this request."""
