"""Logging in, as a client does it: for the tests of AUTHENTICATE."""

import base64
from collections.abc import Callable

from securechat.protocol.sasl import ScramClient, chunks
from tests.server.harness import Harness, Person

PASSWORD = "correct horse"
FAILED = [":chat.test 904 alice :SASL authentication failed; if the account has a second factor, give its code as well"]
LOGGED_IN = [
    ":chat.test 900 alice alice!*@securechat alice :You are now logged in as alice",
    ":chat.test 903 alice :SASL authentication successful",
]


def begun(harness: Harness, nick: str = "alice") -> Person:
    """Somebody in the middle of negotiation."""
    one = harness.connection()
    one.sends("CAP REQ :sasl", f"NICK {nick}")
    one.received()
    return one


def send_data(one: Person, data: bytes) -> list[str]:
    for chunk in chunks(data):
        one.sends(f"AUTHENTICATE {chunk}")
    return one.received()


def plain(one: Person, name: str, password: str, acts_as: str = "") -> list[str]:
    """Log in by PLAIN; what came after the server's `+`."""
    assert one.answers("AUTHENTICATE PLAIN") == [":chat.test AUTHENTICATE +"]
    return send_data(one, f"{acts_as}\0{name}\0{password}".encode())


def data_of(lines: list[str]) -> bytes:
    parts = [line.split()[2] for line in lines if line.split()[1] == "AUTHENTICATE"]
    return base64.b64decode("".join(part for part in parts if part != "+"))


def scram(one: Person, name: str, password: str) -> list[str]:
    """Log in by SCRAM; what came in the end."""
    client = ScramClient(name, password, "fyko+d2lbbFgONRv9qkxdawL")
    assert one.answers("AUTHENTICATE SCRAM-SHA-256") == [":chat.test AUTHENTICATE +"]
    challenge = data_of(send_data(one, client.first()))
    lines = send_data(one, client.final(challenge))
    if "AUTHENTICATE" not in lines[0]:
        return lines
    client.check(data_of(lines))
    return one.answers("AUTHENTICATE +")


MECHANISMS: list[Callable[[Person, str, str], list[str]]] = [plain, scram]
