"""A client session without any network: lines in, lines and events out."""

from itertools import count

from securechat.client.events import Event, Message
from securechat.client.login import NEEDED, Identity
from securechat.client.mailbox import Mailbox
from securechat.client.outbox import Delivery
from securechat.client.session import Session
from securechat.protocol import message as wire

NOW = 1_795_334_400_000  # 2026-11-22T08:00:00Z
CAPABILITIES = [*NEEDED, "account-tag", "standard-replies", "sasl=PLAIN,SCRAM-SHA-256"]
CAPABILITIES += ["draft/account-registration=before-connect"]


class Harness:
    """Plays the server by hand."""

    def __init__(self, identity: Identity | None = None) -> None:
        self.mailbox = Mailbox()
        numbers = count(1)
        self.session = Session(
            identity or Identity("anna"),
            self.mailbox.put,
            lambda: NOW,
            lambda: f"r{next(numbers)}",
            self.mailbox.take_back,
        )

    def gets(self, *lines: str) -> None:
        """The client receives these lines."""
        for line in lines:
            self.session.receive(line.encode())

    def sent(self) -> list[str]:
        """Return the lines that the client sent since the last call."""
        lines = [line.decode().removesuffix("\r\n") for line in self.session.output]
        self.session.output.clear()
        return lines

    def heard(self) -> list[Event]:
        """Return the events since the last call."""
        return list(iter(lambda: self.mailbox.get(0), None))

    def texts(self) -> list[str]:
        """Return the texts of the messages since the last call."""
        return [event.text for event in self.heard() if isinstance(event, Message)]

    def logs_in(self, *rooms: str) -> None:
        """The client comes in as a guest; the server puts it into `rooms`."""
        self.session.opened()
        assert self.sent() == ["CAP LS 302"]
        self.gets(f":s CAP * LS :{' '.join(CAPABILITIES)}")
        (request,) = self.sent()
        self.gets(f":s CAP * ACK :{request.partition(' :')[2]}")
        assert self.sent()[-1] == "CAP END"
        self.gets(
            ":s 001 anna :Welcome", ":s 005 anna CHATHISTORY=3 CHANTYPES=# :are supported", ":s 422 anna :No MOTD"
        )
        for room in rooms:
            self.joins(room)
        ping = self.sent()[-1]
        self.answers(ping, ":s PONG s securechat")

    def joins(self, room: str, *members: str, label: str = "") -> None:
        """The server puts the client into a room."""
        tags = f"label={label};" if label else ""
        self.gets(
            f"@{tags}time=2026-11-22T08:00:00.000Z :anna!anna@h JOIN {room}",
            f":s 353 anna = {room} :{' '.join(('anna', *members))}",
            f":s 366 anna {room} :End",
        )

    def answers(self, request: str, *lines: str) -> None:
        """The server answers a labeled request: with one line as it is, with more in a batch."""
        label = label_of(request)
        if len(lines) == 1:
            first = lines[0]
            self.gets(f"@label={label};{first[1:]}" if first.startswith("@") else f"@label={label} {first}")
            return
        self.gets(f"@label={label} :s BATCH +b labeled-response")
        for line in lines:
            self.gets(f"@batch=b;{line[1:]}" if line.startswith("@") else f"@batch=b {line}")
        self.gets(":s BATCH -b")

    def page(self, request: str, target: str, *messages: str) -> None:
        """The server answers CHATHISTORY with a page."""
        self.gets(f"@label={label_of(request)} :s BATCH +h chathistory {target}")
        for line in messages:
            self.gets(f"@batch=h;{line[1:]}")
        self.gets(":s BATCH -h")

    def says(self, target: str, text: str, command: str = "PRIVMSG") -> Delivery:
        """The user says something."""
        delivery = Delivery(target, text)
        self.session.say(command, target, text, delivery)
        return delivery


def label_of(line: str) -> str:
    """Return the label of a line that the client sent."""
    return wire.parse_text(line).tags["label"]


def said(number: int, text: str, target: str = "#tea", sender: str = "bob", tags: str = "") -> str:
    """Return the line of message `number`, a second after the one before."""
    extra = f";{tags}" if tags else ""
    moment = f"2026-11-22T08:{number // 60 + 1:02d}:{number % 60:02d}.000Z"
    return f"@time={moment};msgid=e-{number}{extra} :{sender}!{sender}@h PRIVMSG {target} :{text}"
