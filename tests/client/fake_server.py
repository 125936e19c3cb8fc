"""A small chat server for tests of the client: one history, rooms, direct messages, and any number of links.

It speaks as much of the protocol as our client uses, by the same rules as the real server. No I/O: `Link.receive`
takes a line, `Link.output` holds the answers.
"""

import base64
from dataclasses import dataclass, field

from securechat.client.login import NEEDED
from securechat.clock import format_time
from securechat.links import NO_INVITE
from securechat.names import fold
from securechat.protocol import message as wire
from securechat.protocol import sasl

NAME = "fake.test"
BEGIN = 1_795_334_400_000
SALT = b"salt of the test"


@dataclass
class Stored:
    """A message in the history."""

    number: int
    source: str
    command: str
    target: str
    text: str
    token: str

    @property
    def time(self) -> str:
        """Ten messages share each millisecond, so that times alone cannot tell them apart."""
        return format_time(BEGIN + self.number // 10)


@dataclass
class FakeServer:
    """What all links share."""

    page: int = 5
    passwords: dict[str, str] = field(default_factory=dict)
    invites: set[str] = field(default_factory=set)
    authority: bytes = b""  # DER of the CA, for CACERT
    capabilities: list[str] = field(
        default_factory=lambda: [
            *NEEDED,
            "account-tag",
            "sasl=PLAIN,SCRAM-SHA-256",
            "draft/account-registration=before-connect",
        ]
    )
    guests: bool = True
    taken: set[str] = field(default_factory=lambda: {"taken"})  # nicks that somebody else has
    history: list[Stored] = field(default_factory=list)
    members: dict[str, set[str]] = field(default_factory=lambda: {"#general": set()})
    topics: dict[str, str] = field(default_factory=dict)
    links: "list[Link]" = field(default_factory=list)
    heard: list[str] = field(default_factory=list)  # every line that any link received
    mute: bool = False  # nothing is stored or echoed

    def link(self) -> "Link":
        """Return a new link."""
        link = Link(self)
        self.links.append(link)
        return link

    def say(
        self,
        source: str,
        command: str,
        target: str,
        text: str,
        token: str = "",
        author: "Link | None" = None,
        label: str = "",
    ) -> Stored:
        """Store a message and relay it."""
        stored = Stored(len(self.history) + 1, source, command, target, text, token)
        self.history.append(stored)
        audience = {fold(target), fold(wire.nick_of(source))} if target[0] != "#" else self.members[fold(target)]
        for link in list(self.links):
            if link.welcomed and fold(link.nick) in audience:
                link.output.append(self.line(stored, f"label={label};" if link is author and label else ""))
        return stored

    def line(self, stored: Stored, tags: str = "") -> str:
        """Return the line of a stored message."""
        token = f";+securechat/id={stored.token}" if stored.token else ""
        return (
            f"@{tags}time={stored.time};msgid=e-{stored.number}{token} "
            f":{stored.source} {stored.command} {stored.target} :{stored.text}"
        )

    def tell(self, room: str, line: str, besides: "Link | None" = None) -> None:
        """Relay a line to a room."""
        for link in self.links:
            if link.welcomed and link is not besides and fold(link.nick) in self.members[fold(room)]:
                link.output.append(line)


class Link:
    """One connection."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.output: list[str] = []
        self.nick = ""
        self.account = ""
        self.token = ""
        self.welcomed = False
        self.closed = False
        self._chunks = sasl.ChunkAssembler()
        self._scram: sasl.ScramServer | None = None
        self._steps = 0

    @property
    def mask(self) -> str:
        return f"{self.nick}!{self.nick}@host"

    def gone(self) -> None:
        """The connection is lost."""
        self.closed = True
        if self in self.server.links:
            self.server.links.remove(self)

    def receive(self, line: str) -> None:
        """Take a line of the client."""
        self.server.heard.append(line)
        message = wire.parse_text(line)
        label = message.tags.get("label", "")
        before = len(self.output)
        handler = getattr(self, f"on_{message.command.lower()}", None)
        if handler is None:
            self.reply(f"421 {self.nick or '*'} {message.command} :Unknown command")
        else:
            handler(message)
        answers = self.output[before:]
        if not label or any(f"label={label}" in answer for answer in answers):
            return
        del self.output[before:]
        if not answers:
            if not (self.server.mute and message.command == "PRIVMSG"):
                self.output.append(f"@label={label} :{NAME} ACK")
        elif len(answers) == 1:
            self.output.append(_tagged(answers[0], f"label={label}"))
        else:
            self.output.append(f"@label={label} :{NAME} BATCH +L labeled-response")
            self.output += [_tagged(answer, "batch=L") for answer in answers]
            self.output.append(f":{NAME} BATCH -L")

    def reply(self, text: str) -> None:
        self.output.append(f":{NAME} {text}")

    # --- login ---

    def on_cacert(self, message: wire.Message) -> None:
        text = base64.b64encode(self.server.authority).decode()
        for start in range(0, len(text), 400):
            self.reply(f"CACERT :{text[start : start + 400]}")
        self.reply("CACERT *")

    def on_cap(self, message: wire.Message) -> None:
        if message.params[0] == "LS":
            names = self.server.capabilities
            self.reply(f"CAP * LS * :{' '.join(names[:3])}")
            self.reply(f"CAP * LS :{' '.join(names[3:])}")
        elif message.params[0] == "REQ":
            self.reply(f"CAP * ACK :{message.params[1]}")
        elif message.params[0] == "END":
            self._welcome()

    def on_pass(self, message: wire.Message) -> None:
        self.token = message.params[0]

    def on_nick(self, message: wire.Message) -> None:
        nick = message.params[0]
        if self.welcomed:
            self.output.append(f":{self.mask} NICK {nick}")
        elif nick in self.server.taken:
            self.reply(f"433 * {nick} :Nickname is already in use")
        self.nick = nick

    def on_user(self, message: wire.Message) -> None:
        """Nothing depends on it."""

    def on_register(self, message: wire.Message) -> None:
        if self.server.invites and self.token not in self.server.invites:
            self.reply("FAIL REGISTER INVITE_USED anna :The invite was used")
        elif self.nick in self.server.passwords:
            self.reply(f"FAIL REGISTER ACCOUNT_EXISTS {self.nick} :Exists")
        else:
            self.server.passwords[self.nick] = message.params[2]
            self.account = self.nick
            self.reply(f"REGISTER SUCCESS {self.nick} :Registered")
            self.reply(f"900 {self.nick} {self.mask} {self.nick} :You are now logged in")

    def on_authenticate(self, message: wire.Message) -> None:
        if message.params == ["SCRAM-SHA-256"]:
            self.reply("AUTHENTICATE +")
            return
        data = self._chunks.feed(message.params[0])
        if data is None:
            return
        self._steps += 1
        if self._steps == 1:
            self._scram = sasl.ScramServer(data)
            self._answer(self._scram.challenge(SALT, sasl.MIN_ITERATIONS, "servernonce"))
        elif self._steps == 2:
            assert self._scram is not None
            password = self.server.passwords.get(self._scram.user, "nobody's")
            try:
                self._answer(self._scram.verify(data, *sasl.derive_scram(password, SALT, sasl.MIN_ITERATIONS)))
            except sasl.ScramRefused:
                self.reply("904 * :SASL authentication failed")
                return
            self.account = self._scram.user
        else:
            self.reply(f"900 * * {self.account} :You are now logged in")
            self.reply("903 * :SASL authentication successful")

    def _answer(self, data: bytes) -> None:
        for chunk in sasl.chunks(data):
            self.reply(f"AUTHENTICATE {chunk}")

    def _welcome(self) -> None:
        if not self.account and not self.server.guests:
            self.reply("FAIL * ACCOUNT_REQUIRED :You need an account")
            self.output.append("ERROR :Closing link: (no account)")
            self.closed = True
            return
        self.welcomed = True
        self.reply(f"001 {self.nick} :Welcome")
        self.reply(f"005 {self.nick} CHATHISTORY={self.server.page} CHANTYPES=# :are supported")
        self.reply(f"422 {self.nick} :No MOTD")
        for room, members in self.server.members.items():
            if fold(self.nick) in members:
                self._show(room)

    def _show(self, room: str) -> None:
        number = len(self.server.history)
        moment = format_time(BEGIN + number // 10)
        self.output.append(f"@time={moment} :{self.mask} JOIN {room}")
        if room in self.server.topics:
            self.reply(f"332 {self.nick} {room} :{self.server.topics[room]}")
        self.reply(f"353 {self.nick} = {room} :{' '.join(sorted(self.server.members[room]))}")
        self.reply(f"366 {self.nick} {room} :End")

    # --- afterwards ---

    def on_ping(self, message: wire.Message) -> None:
        self.reply(f"PONG {NAME} {message.params[0]}")

    def on_pong(self, message: wire.Message) -> None:
        """A sign of life."""

    def on_quit(self, message: wire.Message) -> None:
        self.output.append("ERROR :Closing link: (quit)")
        self.gone()

    def on_join(self, message: wire.Message) -> None:
        room = fold(message.params[0])
        if room == "#secret":
            self.reply(f"403 {self.nick} {room} :No such channel")
        elif room not in self.server.members and message.params[1:] == [NO_INVITE]:
            self.reply(f"FAIL JOIN INVITE_UNKNOWN {room} :This invite does not open a room of that name")
        elif fold(self.nick) not in self.server.members.setdefault(room, set()):
            self.server.members[room].add(fold(self.nick))
            self._show(room)
            self.server.tell(room, f":{self.mask} JOIN {room}", self)

    def on_part(self, message: wire.Message) -> None:
        room = fold(message.params[0])
        if fold(self.nick) not in self.server.members.get(room, set()):
            self.reply(f"442 {self.nick} {room} :You're not on that channel")
            return
        self.server.tell(room, f":{self.mask} PART {room}")
        self.server.members[room].discard(fold(self.nick))

    def on_topic(self, message: wire.Message) -> None:
        room = fold(message.params[0])
        self.server.topics[room] = message.params[1]
        self.server.tell(room, f":{self.mask} TOPIC {room} :{message.params[1]}")

    def on_away(self, message: wire.Message) -> None:
        self.reply(f"306 {self.nick} :You are away")

    def on_list(self, message: wire.Message) -> None:
        for room, members in sorted(self.server.members.items()):
            self.reply(f"322 {self.nick} {room} {len(members)} :{self.server.topics.get(room, '')}")
        self.reply(f"323 {self.nick} :End of LIST")

    def on_privmsg(self, message: wire.Message) -> None:
        target = message.params[0]
        if self.server.mute:
            return
        if target.startswith("#") and fold(self.nick) not in self.server.members.get(fold(target), set()):
            self.reply(f"404 {self.nick} {target} :Cannot send to channel")
            return
        self.server.say(
            self.mask,
            message.command,
            target,
            message.params[1],
            message.tags.get("+securechat/id", ""),
            self,
            message.tags.get("label", ""),
        )

    on_notice = on_privmsg

    def on_chathistory(self, message: wire.Message) -> None:
        if message.params[0] == "TARGETS":
            self._targets(message)
            return
        direction, target, bound, limit_text = message.params
        limit = min(int(limit_text), self.server.page)
        if target.startswith("#") and fold(self.nick) not in self.server.members.get(fold(target), set()):
            self.reply(f"FAIL CHATHISTORY INVALID_TARGET {direction} {target} :Messages could not be retrieved")
            return
        found = [stored for stored in self.server.history if self._belongs(stored, target)]
        if direction == "LATEST":
            found = found[-limit:]
        elif direction == "BEFORE":
            found = [stored for stored in found if _position(stored, bound) < 0][-limit:]
        else:
            found = [stored for stored in found if _position(stored, bound) > 0][:limit]
        self.reply(f"BATCH +H chathistory {target}")
        self.output += [self.server.line(stored, "batch=H;") for stored in found]
        self.reply("BATCH -H")
        self._label_batch(message)

    def _targets(self, message: wire.Message) -> None:
        begin = message.params[1].removeprefix("timestamp=")
        newest: dict[str, str] = {}
        for stored in self.server.history:
            if stored.target[0] == "#":
                newest[stored.target] = stored.time
            elif fold(self.nick) in {fold(stored.target), fold(wire.nick_of(stored.source))}:
                sender = wire.nick_of(stored.source)
                newest[stored.target if fold(sender) == fold(self.nick) else sender] = stored.time
        rows = sorted((moment, name) for name, moment in newest.items() if moment > begin)[: int(message.params[3])]
        self.reply("BATCH +H draft/chathistory-targets")
        self.output += [f"@batch=H :{NAME} CHATHISTORY TARGETS {name} {moment}" for moment, name in rows]
        self.reply("BATCH -H")
        self._label_batch(message)

    def _label_batch(self, message: wire.Message) -> None:
        index = max(i for i, line in enumerate(self.output) if "BATCH +H" in line)
        self.output[index] = _tagged(self.output[index], f"label={message.tags['label']}")

    def _belongs(self, stored: Stored, target: str) -> bool:
        if target.startswith("#"):
            return fold(stored.target) == fold(target)
        parties = {fold(stored.target), fold(wire.nick_of(stored.source))}
        return stored.target[0] != "#" and parties == {fold(target), fold(self.nick)}


def _position(stored: Stored, bound: str) -> int:
    kind, _, value = bound.partition("=")
    if kind == "msgid":
        return stored.number - int(value.removeprefix("e-"))
    return (stored.time > value) - (stored.time < value)


def _tagged(line: str, tag: str) -> str:
    return f"@{tag};{line[1:]}" if line.startswith("@") else f"@{tag} {line}"
