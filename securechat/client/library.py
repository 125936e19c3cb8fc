"""The client as a library: a blocking, typed API for bots, and what the line client stands on.

    from securechat.client import Client

    with Client("chat.lan", "buildbot", password=secret, ca="ca.pem") as client:
        client.join("ops")
        print("stored as", client.send("#ops", "build 412 is green"))
        for message in client.messages():
            if message.text == "!status" and not message.own:
                client.send(message.room, "all is well")

The link is verified, always; when it is lost it comes back by itself, and `messages()` goes on without a message lost
or given twice. All methods may be called from any thread.

Longer than other modules: it is one class, each of whose methods hands its work to the modules below.
"""

import random
import secrets
import ssl
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from securechat.client.address import Address
from securechat.client.arguments import (
    check_name,
    check_params,
    check_password,
    check_room,
    check_target,
    one_line,
    where,
)
from securechat.client.backoff import Backoff
from securechat.client.connection import Connection
from securechat.client.conversations import Fill, latest, since
from securechat.client.errors import CannotConnect, ClientError, Untrusted, UsageError
from securechat.client.events import Ended, Event, Message
from securechat.client.login import Identity
from securechat.client.mailbox import LOW_WATER, Mailbox
from securechat.client.outbox import Delivery
from securechat.client.paging import NEWEST, Query, Walk, at_message, at_time, pages
from securechat.client.refusals import is_refusal, room_refusal
from securechat.client.requests import Request
from securechat.client.rights import Facts
from securechat.client.session import Session
from securechat.client.setting_up import SettingUp
from securechat.client.splitting import lines_of, split_text
from securechat.client.texts import _
from securechat.client.timing import Timing
from securechat.client.trust import fetch_authority, local_authority, read_authority, verifying_context
from securechat.clock import wall_clock
from securechat.links import NO_INVITE
from securechat.names import fold, room_to_wire
from securechat.protocol import message as wire

Result = TypeVar("Result")
_ACTION = "\x01ACTION {text}\x01"
_ACTION_LENGTH = len("\x01ACTION \x01")


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room as the server lists it."""

    room: str
    """Its name on the wire: `#general`."""
    members: int
    topic: str


class Client:
    """One user's presence on one server.

    Use it as a context manager, or call `connect` and `close`. Every method that talks to the server raises
    CannotConnect when there is no answer within `timeout` seconds; the other errors stand with each method and are all
    ClientError, with a sentence for people as their text.
    """

    def __init__(
        self,
        server: str | Address,
        name: str,
        *,
        password: str = "",
        code: str | Callable[[], str] | None = None,
        set_up: SettingUp | None = None,
        ca: str | Path | None = None,
        invite: str = "",
        server_password: str = "",
        register: bool = False,
        timeout: float = 30.0,
        program: str = "",
        timing: Timing = Timing(),  # noqa: B008 - immutable
    ) -> None:
        """Prepare for `server`: `host`, `host:port` or a `securechat://` link, whose invite and fingerprint are used.

        `ca` is the path of the server's CA certificate, or the certificate itself in PEM. Without it the fingerprint
        of the link counts, then `certs/ca.pem` in the present folder; there is no way not to verify. Without a
        password `name` comes in as a guest, if the server has guests. `register` makes the account first, with the
        invite if one is given. `code` is one of the account's second factor, if it has one, or is called for one
        at each login, on the thread of the connection: a code is good once, so a client that comes back by itself
        needs a new one. `set_up` sets one up where the server lets nobody in without. Raises UsageError for what can
        never work. `program` is what the account's owner sees it called among the sessions (at most 40 characters).
        """
        self._address, fingerprint, link_invite = where(server)
        self._fingerprint = fingerprint
        self._ca = ca
        self._timeout = timeout
        self._timing = timing
        check_name(name)
        check_password(password, new=register)
        token = (invite or link_invite or server_password) if register else server_password
        identity = Identity(name, password, register, token, set_up, code or "")
        self._mailbox = Mailbox()
        self._session = Session(
            identity, self._mailbox.put, wall_clock, lambda: secrets.token_hex(12), self._mailbox.take_back
        )
        self._session.program = program
        self._connection: Connection | None = None
        self.authority = ""
        """The CA certificate in PEM that the server was verified with, once connected."""

    # --- coming and going ---

    def connect(self, timeout: float | None = None) -> None:
        """Connect, verify the server, log in, and return when the rooms of the account are known.

        `timeout` (seconds) instead of that of the client, where a person sets up a second factor meanwhile. Raises
        Untrusted, CannotConnect or LoginRefused. From then on a lost link comes back by itself.
        """
        if self._connection is not None:
            raise UsageError(_("The client was connected before."))
        authority = self._find_authority()
        context: ssl.SSLContext = verifying_context(authority)
        connection = Connection(
            self._address, context, self._session, self._mailbox, Backoff(random.random), self._timing
        )
        self._connection = connection
        connection.start()
        try:
            connection.ready.result(timeout or self._timeout)
        except TimeoutError:
            self.close()
            raise CannotConnect(
                _("{address} did not answer within {seconds:g} seconds.").format(
                    address=self._address, seconds=self._timeout
                )
            ) from None
        except ClientError:
            self.close()
            raise
        self.authority = authority

    def close(self, reason: str = "") -> None:
        """Leave the chat and close the link. What is not confirmed yet fails. May be called again."""
        if self._connection is not None:
            self._connection.close(reason)

    def come_back_as(self, name: str, password: str) -> None:
        """Log in to this account over every new link from now on: the present one is logged in to it already."""
        self._call(lambda: self._session.come_back_as(name, password))

    def reconnect(self) -> None:
        """Drop the link and connect anew, or do not wait longer for the next attempt. Returns at once."""
        if self._connection is not None:
            self._connection.begin_again()

    @property
    def next_attempt(self) -> float | None:
        """In how many seconds the next attempt to connect is made; 0: now. None while there is a link."""
        return self._connection.next_attempt if self._connection is not None else None

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _find_authority(self) -> str:
        ca = self._ca
        if isinstance(ca, str) and "-----BEGIN" in ca:
            return ca
        if ca is not None:
            return read_authority(Path(ca))
        if self._fingerprint:
            return fetch_authority(self._address, self._fingerprint, min(self._timeout, self._timing.connect))
        local = local_authority()
        if local is None:
            raise Untrusted(
                _(
                    "It is not known which CA vouches for {host}. Use the link that you were invited with, "
                    "or copy ca.pem from the server and use --ca."
                ).format(host=self._address.host)
            )
        return read_authority(local)

    def give_code(self, code: str) -> None:
        """Give the code that a login waits for (see the event CodeNeeded). Raises UsageError when none does."""
        if not self._call(lambda: self._session.give_code(code)):
            raise UsageError(_("No login waits for a code."))

    def expect_code(self, *, needed: bool) -> None:
        """Know that logins need a code from now on, or no more; of use with a `code` of the type TypedCode alone."""
        self._call(lambda: self._session.expect_code(needed=needed))

    def change_password(self, old: str, new: str, *, code: str = "") -> None:
        """Give the own account another password; its other sessions by the old one end.

        `code` is of the second factor, where there is one. Raises RoomRefused when the old one is wrong (its code is
        INVALID_CREDENTIALS) or the new one too weak (WEAK_PASSWORD).
        """
        self.show_password(f"{old} {code}" if code else old)
        self.take_new_password(old, new)

    def show_password(self, proof: str) -> None:
        """Show `<password>` or `<password> <code>`, after which there are two minutes to take a new one."""
        self.ask("PASSWD", "OLD", proof)

    def take_new_password(self, old: str, new: str) -> None:
        """Take the new one; a link that is lost comes back by it, if this one was made by the old one."""
        self.ask("PASSWD", "NEW", new)
        self._call(lambda: self._session.password_changed(old, new))

    # --- who and where ---

    @property
    def address(self) -> Address:
        """Where the server is."""
        return self._address

    @property
    def nick(self) -> str:
        """The own nick, as the server knows it; empty before the first login."""
        return self._session.roster.nick

    def rooms(self) -> list[str]:
        """Return the rooms that the own user is in, by their names on the wire."""
        return self._call(lambda: [room.name for room in self._session.roster.rooms.values()])

    def members(self, room: str) -> list[str]:
        """Return the nicks in a room, in alphabetical order. Empty when the own user is not in it."""
        name = room_to_wire(room)

        def read() -> list[str]:
            known = self._session.roster.room(name)
            return sorted(known.members.values(), key=str.casefold) if known is not None else []

        return self._call(read)

    def people(self, room: str) -> list[tuple[str, str]]:
        """Return (signs, nick) of who is in a room: `@` looks after it, `+` is heard though it is moderated.

        Who looks after it comes first. Empty when the own user is not in it.
        """
        name = room_to_wire(room)

        def read() -> list[tuple[str, str]]:
            known = self._session.roster.room(name)
            return [] if known is None else [(known.signs.get(key, ""), nick) for key, nick in known.members.items()]

        return sorted(self._call(read), key=lambda one: (not one[0].startswith("@"), not one[0], one[1].casefold()))

    def facts(self, room: str = "") -> Facts:
        """Return what is known of the own user's rights on the server and, if they are in it, in a room."""
        name = room_to_wire(room) if room else ""
        return self._call(lambda: self._session.facts(name))

    def topic(self, room: str) -> str:
        """Return the topic of a room that the own user is in; empty if it has none."""
        name = room_to_wire(room)

        def read() -> str:
            known = self._session.roster.room(name)
            return known.topic if known is not None else ""

        return self._call(read)

    def list_rooms(self) -> list[RoomInfo]:
        """Return the rooms of the server that the user may see."""
        rows = [line.params for line in self._request("LIST") if line.command == "322" and len(line.params) >= 4]
        return [RoomInfo(row[1], int(row[2]) if row[2].isdigit() else 0, row[3]) for row in rows]

    # --- rooms ---

    def join(
        self, room: str, *, tail: int = 0, after: datetime | str | None = None, key: str = "", make: bool = True
    ) -> str:
        """Enter a room and return its name on the wire: a link may have an older one. Raises RoomRefused.

        `key` opens the room: its key, or the token of an invite (links.Link.invite). A room that is not there is made,
        where that is allowed; with `make` False and without a key it is refused, with the code 403.

        `tail`: the last so many messages come first in `messages()`, marked `old`; `after`: everything said after that
        moment, or after the message of that id. Either way nothing is missing or doubled between those and what is said
        from now on.
        """
        name = check_room(room)
        fill: Fill | None = since(after) if after else latest(tail) if tail > 0 else None
        future: Future[None] = Future()
        key = key if key or make else NO_INVITE
        request = self._call(
            lambda: self._session.join(name, fill, lambda: future.set_result(None), future.set_exception, key)
        )
        self._result(future, request)
        return self._call(lambda: self._session.entered_as(name))

    def begin_with(self, tail: int) -> None:
        """Let the last `tail` messages of every room that one is in come first, as `join` does for one room.

        Of use before anything is read; returns at once.
        """
        self._call(lambda: self._session.begin_with(tail))

    def part(self, room: str, reason: str = "") -> None:
        """Leave a room for good. Raises RoomRefused."""
        self._request("PART", check_room(room), *([one_line(reason)] if reason else []))

    def set_topic(self, room: str, topic: str) -> None:
        """Set the topic of a room. Raises RoomRefused."""
        self._request("TOPIC", check_room(room), one_line(topic))

    def set_nick(self, nick: str) -> None:
        """Take another nick. Raises RoomRefused when it is taken or not allowed."""
        check_name(nick)
        self._request("NICK", nick)

    def set_away(self, reason: str = "") -> None:
        """Tell others that one is away, or with an empty reason that one is back."""
        self._request("AWAY", *([one_line(reason)] if reason else []))

    # --- saying ---

    def send(self, target: str, text: str, *, timeout: float | None = None) -> str:
        """Say `text` in a room (`#ops`) or to a person (`anna`) and return the message id once it is on disk.

        Should the link be lost meanwhile, the message is looked for in the history after the reconnect, and sent again
        only if it is not there. Raises RoomRefused, NotDelivered (also after `timeout` seconds), and UsageError when
        the text does not fit into one message (see `split`).
        """
        return self._wait(self.submit(target, text), timeout)

    def notice(self, target: str, text: str, *, timeout: float | None = None) -> str:
        """Like `send`, as a notice: what programs say, and what no program answers."""
        return self._wait(self.submit(target, text, notice=True), timeout)

    def action(self, target: str, text: str, *, timeout: float | None = None) -> str:
        """Like `send`, as an action: `anna waves`."""
        return self._wait(self.submit(target, text, action=True), timeout)

    def submit(self, target: str, text: str, *, notice: bool = False, action: bool = False) -> Delivery:
        """Like `send` without waiting: `Delivery.wait` gives the message id. The order of calls is kept."""
        check_target(target)
        text = one_line(text)
        if not text:
            raise UsageError(_("There is nothing to send."))
        command = "NOTICE" if notice else "PRIVMSG"
        room_for_text = self._session.roster.longest_text(command, target)
        if action:
            text = _ACTION.format(text=text)
        if len(text.encode()) > room_for_text:
            raise UsageError(_("The text does not fit into one message of {count} bytes.").format(count=room_for_text))
        delivery = Delivery(target, text, self._abandon)
        self._call(lambda: self._session.say(command, target, text, delivery))
        return delivery

    def split(self, target: str, text: str) -> list[str]:
        """Return the messages that a text of any length and any number of lines has to be sent as; no empty ones."""
        longest = self._session.roster.longest_text("PRIVMSG", target) - _ACTION_LENGTH
        return [piece for line in lines_of(text) if line for piece in split_text(line, longest)]

    def queue(self, target: str, text: str, *, action: bool = False, token: str = "") -> Delivery:
        """Like `submit`, but returns at once even while there is no link; whatever is wrong fails the delivery.

        `token` marks the message on the wire; an own message that comes back has it (`Message.token`).
        """
        if action:
            text = _ACTION.format(text=text)
        delivery = Delivery(target, text, self._abandon)
        delivery.token = token or secrets.token_hex(12)

        def say() -> None:
            try:
                self._session.say("PRIVMSG", target, text, delivery)
            except ClientError as error:
                delivery.failed(error)

        if self._connection is None or not self._connection.post(say):
            delivery.failed(CannotConnect(_("The client is closed.")))
        return delivery

    def mark_read(self, target: str, moment: datetime) -> None:
        """Tell the own other devices that everything up to `moment` was read in a room or with a person."""
        request = Request("MARKREAD", [target, at_time(moment)], _ignore_answer, _ignore_failure, again=False)
        if self._connection is not None:
            self._connection.post(lambda: self._session.ask(request))

    def _wait(self, delivery: Delivery, timeout: float | None) -> str:
        return delivery.wait(self._timeout if timeout is None else timeout)

    def _abandon(self, delivery: Delivery) -> None:
        if self._connection is not None:
            self._connection.post(lambda: self._session.abandon(delivery))

    # --- hearing ---

    def history(
        self, target: str, limit: int | None = 100, *, after: datetime | str | None = None, before: str = ""
    ) -> list[Message]:
        """Return what was said in a room or with a person, oldest first. Raises RoomRefused.

        The newest `limit` messages; with `before`, the id of a message, the newest before that one; or with `after`
        the first `limit` messages after that moment or message (None: all). They are held in memory; `pages` gives
        them in pieces.
        """
        found = list(self.pages(target, limit=limit, after=after, before=before))
        if not after:
            found.reverse()
        return [message for page in found for message in page]

    def pages(
        self, target: str, *, limit: int | None = None, after: datetime | str | None = None, before: str = ""
    ) -> Iterator[list[Message]]:
        """Give what was said in a room or with a person, page by page as they are asked for; each is oldest first.

        From the newest page back, or from before the message whose id is `before`; or onward from `after`, a moment or
        the id of a message. At most `limit` messages (None: all). Raises RoomRefused.
        """
        check_target(target)
        walk = Walk(onward=False, bound=at_message(before) if before else NEWEST)
        if after:
            walk = Walk(onward=True, bound=at_message(after) if isinstance(after, str) else at_time(after))

        def ask(query: Query) -> list[wire.Message]:
            return self._request("CHATHISTORY", *query.params(target))

        def messages_of(said: list[wire.Message]) -> list[Message]:
            return self._call(lambda: self._session.gaps.old_messages(said, target))

        return map(messages_of, pages(ask, walk, self._session.roster.page_limit, limit))

    def messages(self, timeout: float | None = None, *, rooms: Collection[str] | None = None) -> Iterator[Message]:
        """Give the messages one by one as they come, own ones included (`message.own`).

        Ends when nothing comes for `timeout` seconds (None: waits for ever) or after `close`. `rooms`: only of these
        rooms and persons. Raises ClientError when the link is lost for good (LoginRefused, Untrusted).
        """
        wanted = None if rooms is None else {fold(room) for room in rooms}
        for event in self.events(timeout):
            if isinstance(event, Message) and (wanted is None or fold(event.room) in wanted):
                yield event

    def events(self, timeout: float | None = None) -> Iterator[Event]:
        """Like `messages`, with everything else that happens: who comes and goes, topics, the state of the link."""
        while True:
            event = self.next_event(timeout)
            if event is None or isinstance(event, Ended):
                return
            yield event

    def next_event(self, timeout: float | None = None) -> Event | None:
        """Return the next event, or None when none comes for `timeout` seconds. `Ended` is the last one.

        Raises the ClientError that ended the link for good.
        """
        event = self._mailbox.get(timeout)
        if self._session.gaps.paused and len(self._mailbox) < LOW_WATER and self._connection is not None:
            self._connection.post(self._session.resume)
        if isinstance(event, Ended) and event.error is not None:
            raise event.error
        return event

    # --- requests ---

    def _call(self, action: Callable[[], Result]) -> Result:
        if self._connection is None:
            raise CannotConnect(_("The client is not connected."))
        return self._connection.call(action, self._timeout)

    def ask(self, command: str, *params: str) -> list[wire.Message]:
        """Send any command of the server and return the lines of its answer. Raises RoomRefused when it is refused."""
        return self._request(command, *check_params(params))

    def _request(self, command: str, *params: str) -> list[wire.Message]:
        """Send a command and return the lines of its answer. Raises RoomRefused when it is refused."""
        future: Future[list[wire.Message]] = Future()
        request = Request(command, list(params), lambda lines: future.set_result(list(lines)), future.set_exception)
        self._call(lambda: self._session.ask(request))
        lines = self._result(future, request)
        refusal = next((line for line in lines if is_refusal(line)), None)
        if refusal is not None:
            raise room_refusal(refusal)
        return lines

    def _result(self, future: "Future[Result]", request: Request | None) -> Result:
        try:
            return future.result(self._timeout)
        except TimeoutError:
            if request is not None and self._connection is not None:
                self._connection.post(lambda: self._session.forget(request))
            raise CannotConnect(
                _("The server did not answer within {seconds:g} seconds.").format(seconds=self._timeout)
            ) from None


def _ignore_answer(_lines: object) -> None:
    """Nobody waits for it."""


def _ignore_failure(_error: ClientError) -> None:
    """Nobody waits for it."""
