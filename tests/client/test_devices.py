"""/sessions, /apppassword, /totp and /code: what the server is asked, and what is told."""

from collections.abc import Sequence
from typing import Any

import pytest

from securechat.client import known_servers
from securechat.client.address import Address
from securechat.client.commands import execute
from securechat.client.errors import RoomRefused, UsageError
from securechat.protocol.message import Message, parse
from securechat.qr_code import NARROW, qr_code

URI = "otpauth://totp/chat:anna?secret=ABC&algorithm=SHA1&digits=6&period=30"
TIME = "2026-01-02T03:04:05.000Z"


def row(number: str, rest: str, text: str) -> bytes:
    """A session as SESSIONS LIST shows it."""
    return f"NOTE SESSIONS SESSION {number} {TIME} {TIME} {rest} :{text}".encode()


ANSWERS = {
    ("TOTP", "STATUS"): [b"NOTE TOTP TOTP_STATUS off 0 :No second factor"],
    ("TOTP", "SETUP"): [f"NOTE TOTP TOTP_SECRET ABC :{URI}".encode()],
    ("TOTP", "CONFIRM"): [
        b"NOTE TOTP RECOVERY_CODE :aaaa-bbbb",
        b"NOTE TOTP RECOVERY_CODE :cccc-dddd",
        b"NOTE TOTP TOTP_CONFIRMED :The second factor is in force",
    ],
    ("TOTP", "RECOVERY"): [b"NOTE TOTP RECOVERY_CODE :eeee-ffff"],
    ("SESSIONS", "LIST"): [
        row("1", "192.0.2.1 password+code this", "this session; by password and one-time code"),
        row("2", "0::1 app-password:phone other", "by the app password phone; Irssi 1.4"),
        row("3", "192.0.2.9 certificate:0A1B other", "by the certificate 0A1B; not in the chat yet"),
        row("4", "192.0.2.9 password other", "by password"),
        b"NOTE SESSIONS SESSIONS_END :End",
    ],
    ("SESSIONS", "REVOKE"): [
        b"NOTE SESSIONS SESSION_REVOKED 2 :It has ended",
        b"NOTE SESSIONS SESSION_REVOKED 3 :It has ended",
    ],
    ("APPPASSWORD", "LIST"): [
        f"NOTE APPPASSWORD APP_PASSWORD phone {TIME} {TIME} :x".encode(),
        f"NOTE APPPASSWORD APP_PASSWORD \x1b[2J {TIME} * :x".encode(),
        b"NOTE APPPASSWORD APP_PASSWORDS_END :End",
    ],
    ("APPPASSWORD", "ADD"): [b"NOTE APPPASSWORD APP_PASSWORD_ADDED phone :abcd-efgh"],
}


class FakeClient:
    """Answers as the server does."""

    def __init__(self, answers: dict[tuple[str, str], list[bytes]]) -> None:
        self.address = Address("chat.lan", 6697)
        self.answers = ANSWERS | answers
        self.asked: list[tuple[str, ...]] = []
        self.needed: bool | None = None
        self.given = ""

    def ask(self, *words: str) -> list[Message]:
        self.asked.append(words)
        return [parse(line) for line in self.answers.get((words[0], words[1]), [])]

    def expect_code(self, *, needed: bool) -> None:
        self.needed = needed

    def show_password(self, proof: str) -> None:
        self.asked.append(("show", proof))

    def take_new_password(self, old: str, new: str) -> None:
        self.asked.append(("take", old, new))
        if new == "weak":
            raise RoomRefused("The server refused: The password is too short", "WEAK_PASSWORD")
        if new == "late":
            raise RoomRefused("The server refused: Show the password first", "PASSWORD_NOT_SHOWN")

    def give_code(self, code: str) -> None:
        self.given = code


class FakeDesk:
    """A Desk at which somebody types `secrets`."""

    def __init__(self, secrets: Sequence[str], answers: dict[tuple[str, str], list[bytes]]) -> None:
        self.client: Any = FakeClient(answers)
        self.target = ""
        self.notes: list[str] = []
        self.note = self.notes.append
        self.prompts: list[str] = []
        self.about: list[str] = []
        self._secrets = iter(secrets)

    def ask_hidden(self, prompt: str, about: Sequence[str] = ()) -> str:
        self.prompts.append(prompt)
        self.about += about
        return next(self._secrets)


def run(line: str, *secrets: str, **answers: list[bytes]) -> FakeDesk:
    made = FakeDesk(secrets, {(name.split("_")[0], name.split("_")[1]): said for name, said in answers.items()})
    desk: Any = made
    execute(desk, line)
    return made


HAS_ONE = [b"NOTE TOTP TOTP_STATUS on 7 :The second factor is in force; 7 recovery codes are left"]


def test_setting_up_shows_a_qr_code_and_the_recovery_codes() -> None:
    desk = run("/totp on", "secret99", "123 456")
    assert desk.client.asked == [
        ("TOTP", "STATUS"),
        ("TOTP", "SETUP", "secret99"),
        ("TOTP", "CONFIRM", "123456"),
    ]
    assert desk.prompts == ["Your password: ", "The code that the app shows now: "]
    assert desk.about[1:] == ["  ABC", *qr_code(URI, NARROW).inverted()]
    assert not any("ABC" in note for note in desk.notes)  # it is gone when the question is
    assert "  aaaa-bbbb" in desk.notes
    assert "  cccc-dddd" in desk.notes
    assert desk.client.needed is True
    assert not any("secret99" in note for note in desk.notes)


def test_the_next_start_knows_whether_there_is_a_second_factor() -> None:
    def known() -> list[bool]:
        return [server.second_factor for server in known_servers.load(known_servers.default_path()).servers]

    run("/totp on", "secret99", "123 456")
    assert known() == []  # a server that is not remembered: nothing to change
    servers = known_servers.KnownServers(known_servers.default_path())
    servers.remember(known_servers.KnownServer("chat.lan", 6697, "anna", "PEM", "ops"))
    servers.remember(known_servers.KnownServer("other.lan", 6697, "anna", "PEM", "ops"))
    run("/totp on", "secret99", "123 456")
    assert known() == [False, True]  # the one that is in use comes last
    run("/totp off", "123456")
    assert known() == [False, False]
    known_servers.default_path().write_text("{broken")
    assert "is damaged" in run("/totp on", "secret99", "123 456").notes[-2]


def test_putting_another_one_in_its_place_needs_its_code() -> None:
    desk = run("/totp on", "secret99", "111 111", "222222", TOTP_STATUS=HAS_ONE)
    assert desk.client.asked[1] == ("TOTP", "SETUP", "secret99 111111")


def test_what_is_there_and_taking_it_away() -> None:
    assert run("/totp").notes == ["There is no second factor: the password alone lets in. /totp on sets one up."]
    assert run("/totp status", TOTP_STATUS=HAS_ONE).notes == ["There is a second factor; recovery codes left: 7"]
    desk = run("/totp off", "123456")
    assert desk.client.asked == [("TOTP", "REMOVE", "123456")]
    assert desk.client.needed is False
    desk = run("/totp recovery", "123456")
    assert desk.client.asked == [("TOTP", "RECOVERY", "123456")]
    assert desk.notes[-1] == "  eeee-ffff"


def test_app_passwords() -> None:
    assert run("/apppassword").notes == [
        "phone: made 2026-01-02 03:04 UTC, last used 2026-01-02 03:04 UTC",
        "[2J: made 2026-01-02 03:04 UTC, never used",
    ]
    desk = run("/apppassword add phone", "secret99", "123456", TOTP_STATUS=HAS_ONE)
    assert desk.client.asked[-1] == ("APPPASSWORD", "ADD", "phone", "secret99 123456")
    assert desk.notes == ["The app password, which is not shown again: abcd-efgh"]
    assert run("/apppassword revoke phone").client.asked == [("APPPASSWORD", "REVOKE", "phone")]
    assert run("/apppassword", APPPASSWORD_LIST=[]).notes[0].startswith("You have no app passwords.")


def test_another_password() -> None:
    desk = run("/password", "old one", "new", "other", "weak", "weak", "new one", "new one")
    assert desk.client.asked[1:] == [("show", "old one"), ("take", "old one", "weak"), ("take", "old one", "new one")]
    first, again = "The new password: ", "The same again: "
    assert desk.prompts == ["Your password: ", *[first, again] * 3]
    assert desk.notes == [
        "These were two different passwords.",
        "The server refused: The password is too short",
        "The password is changed. Your other devices that came in by the old one have to log in anew.",
    ]
    desk = run("/passwd", "old one", "123 456", "new one", "new one", TOTP_STATUS=HAS_ONE)
    assert desk.client.asked[1] == ("show", "old one 123456")
    with pytest.raises(RoomRefused, match="Show the password first"):
        run("/password", "old one", "late", "late")


def test_sessions() -> None:
    *rows, hint = run("/sessions").notes
    time = "2026-01-02 03:04 UTC"
    assert rows == [
        f"1 (this one): by the password and a code, from 192.0.2.1, since {time}, last said something {time}",
        f"2 (Irssi 1.4): by the app password phone, from 0::1, since {time}, last said something {time}",
        f"3: by the certificate 0A1B, from 192.0.2.9, since {time}, last said something {time}",
        f"4: by the password, from 192.0.2.9, since {time}, last said something {time}",
    ]
    assert hint.startswith("/sessions revoke NUMBER ends one")
    desk = run("/devices revoke others")
    assert desk.client.asked == [("SESSIONS", "REVOKE", "others")]
    assert desk.notes[0] == "Ended: 2, 3"
    assert run("/sessions revoke others", SESSIONS_REVOKE=[]).notes[0] == "There was nothing to end."


def test_a_code_is_given_without_the_spaces_of_the_app() -> None:
    assert run("/code 123 456").client.given == "123456"


@pytest.mark.parametrize(
    "line", ["/sessions x", "/sessions revoke", "/apppassword add", "/totp x", "/totp on x", "/code"]
)
def test_wrong_words(line: str) -> None:
    with pytest.raises(UsageError, match=r"^Use: /"):
        run(line)
