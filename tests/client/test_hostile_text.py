"""The corpus of hostile text through every field of the protocol, into both front ends: nothing of it gets through."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from securechat.client.address import Address
from securechat.client.buffer import Buffer, Entry, EntryKind
from securechat.client.commands import BY_NAME, execute
from securechat.client.events import Gap, Invited, Joined, Kind, Left, Message, Renamed, ServerText, TopicChanged
from securechat.client.interactive import Conversation
from securechat.client.library import Client, RoomInfo
from securechat.client.output import Formatter, to_json
from securechat.client.refusals import login_refusal, room_refusal
from securechat.client.sanitize import sanitize
from securechat.client.screen.lists import member_rows, room_rows, title_of
from securechat.client.screen.rows import rows_of
from securechat.client.screen.themes import ROLES
from securechat.errors import SecurechatError
from securechat.protocol import standard_replies
from securechat.protocol.message import Message as WireMessage
from securechat.protocol.numerics import NUMERICS
from securechat.protocol.standard_replies import StandardReply
from tests.client.certificates import Authority
from tests.client.fake_server import FakeServer, Link
from tests.client.hostile import LINES, MARK, UNSAFE, as_name, reaches_people
from tests.client.scripted_server import ScriptedServer
from tests.client.terminal_harness import FullScreen, Terminal

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
PASSWORD = "secret99"
ANNA = ":anna!anna@host"
CHUNK = 6
"""So many lines of the corpus at a time: all that they become fits on the screen at once."""
OUR_SEQUENCE = re.compile(
    r"\x1b\[[<>=?]?[\d;:]*\$?[ABCDHJKPmhlupqtn@]|\x1b[=>78]|\x1b\(B|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
POINTER = "\x1b]22;default\x07"
"""The shape of the mouse's pointer, which Textual gives back."""
JOINED = re.compile("(?<=[^\\x00-\u2000])\u200d(?=[^\\x00-\u2000])")


def assert_harmless(text: str) -> None:
    """Nothing that a terminal would obey, and nothing that nobody can see, is in a text without sequences of ours."""
    found = UNSAFE.search(text.replace("\r", "").replace("\n", "")) or re.search("\x1b", text)
    assert found is None, repr(text[max(0, found.start() - 60) : found.end() + 60])
    assert "\u200d" not in JOINED.sub("", text)


def assert_only_our_sequences(raw: str) -> None:
    """Whatever moves the cursor or sets a colour is our own: none of it has the corpus's mark."""
    for sequence in OUR_SEQUENCE.findall(raw):
        assert MARK not in sequence, repr(sequence)
        title_or_clipboard = sequence.startswith("\x1b]") and sequence != POINTER
        assert not title_or_clipboard, repr(sequence)
    assert_harmless(OUR_SEQUENCE.sub("", raw).replace("\x08", ""))


# --- each field by itself, all lines ---


@pytest.mark.parametrize("kind", list(EntryKind))
@pytest.mark.parametrize("width", [120, 40, 10])
def test_rows_of_the_screen(kind: EntryKind, width: int) -> None:
    for number, text in enumerate(filter(reaches_people, LINES) if kind is EntryKind.PICTURE else LINES):
        entry = Entry(number, NOW, kind, sender=text, text=text, id="x", mention=True, joined=[text], left=[text])
        if kind in {EntryKind.NOTE, EntryKind.EVENT}:
            entry.text = sanitize(text)
        for row in rows_of(entry, width):
            assert row.cell_length == width
            assert_harmless(row.text)
            assert not any(control for _text, _style, control in row)
            assert all(style is None or style.link is None for _text, style, _control in row)


def test_lists_at_the_sides() -> None:
    buffers = [Buffer(name) for text in LINES for name in (f"#{text}", text)]
    dark = ROLES["dark"]
    rows = room_rows(buffers, buffers[0], title_of, dark) + member_rows([("@", text) for text in LINES], dark)
    for row in rows:
        assert_harmless(row.text.plain)


def test_sentences_and_lines() -> None:
    formatter = Formatter(full_time=True)
    for text in LINES:
        said = Message(text, text, text, Kind.ACTION, text, NOW, account=text)
        assert_harmless(formatter.message(said))
        record = to_json(said)
        assert_harmless(record)
        assert json.loads(record)["text"] == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") or (
            not reaches_people(text)
        )
        for event in (
            Joined(text, text, NOW),
            Left(text, text, NOW, reason=text),
            Left(text, text, NOW, reason=text, by=text),
            Left(text, text, NOW, reason=text, own=True),
            TopicChanged(text, text, text, NOW),
            Renamed(text, text, text, NOW),
            Invited(text, text),
            Gap(text),
            ServerText(text),
        ):
            assert_harmless(formatter.note(event))


def test_refusals() -> None:
    for text in LINES:
        for params in (["JOIN", "X", text], ["JOIN", "INVALID_TARGET", text, text], ["*", text, text, text, text]):
            assert_harmless(str(room_refusal(WireMessage("FAIL", params))))
        for code in ("403", "404", "482", "499"):
            assert_harmless(str(room_refusal(WireMessage(code, ["anna", text, text]))))
        for code in ("904", "433", "WEAK_PASSWORD", text):
            assert_harmless(str(login_refusal(code, text, text)))


def answers_of(text: str) -> list[WireMessage]:
    """Lines with a hostile text in each place, as an answer to any question: one of each kind that the server has."""
    codes = [one.code for one in vars(standard_replies).values() if isinstance(one, StandardReply)]
    notes = [WireMessage("NOTE", ["*", code, *[text] * 8]) for code in codes]
    return [*notes, *(WireMessage(numeric, ["anna", *[text] * 7]) for numeric in NUMERICS if numeric < "400")]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_answers_to_each_command(name: str) -> None:
    """Away texts, real names, reports, invites, devices, roles: whatever a command shows of what it was told."""
    for text in filter(reaches_people, LINES[::10]):
        client = MagicMock(spec=Client)
        client.next_event.return_value = None
        client.nick = text
        client.address = Address("chat.lan", 6697)
        client.members.return_value = client.rooms.return_value = client.split.return_value = [text]
        client.topic.return_value = client.join.return_value = text
        client.list_rooms.return_value = [RoomInfo(text, 3, text)]
        client.history.return_value = [Message(text, as_name(text), text, Kind.NOTICE, text, NOW)]
        client.ask.side_effect = lambda *_words, text=text: answers_of(text)
        desk = Conversation(client, Formatter(), json=False)
        for target in ("#general", as_name(text)):
            for rest in ("", "list", as_name(text), f"{as_name(text)} 5 {text}"):
                desk.target = target
                try:
                    execute(desk, f"/{name} {rest}")
                except SecurechatError as error:
                    assert_harmless(str(error))
        for _is_message, shown in desk.pump():
            assert_harmless(shown)


# --- both front ends, at a terminal, by a server that is out to do harm ---


@pytest.fixture
def server(authority: Authority) -> Iterator[ScriptedServer]:
    chat = FakeServer(authority=authority.der, passwords={"anna": PASSWORD})
    chat.members["#general"] = {"bob"}
    with ScriptedServer(chat, authority.issue()) as server:
        yield server


def push(server: ScriptedServer, lines: Sequence[str]) -> None:
    """Send lines to everybody who is there."""
    with server.lock:
        for link in server.chat.links:
            link.output += lines


def fields_of(text: str) -> list[str]:
    """Lines of a server that have a hostile text in each place that a client reads."""
    name = as_name(text)
    return [
        f":bob!b@h PRIVMSG #general :{text}",
        f":bob!b@h PRIVMSG #general :\x01ACTION {text}\x01",
        f":bob!b@h NOTICE #general :{text}",
        f":{name}!{name}@{name} PRIVMSG #general :from {text}",
        f":{name}!{name}@{name} JOIN #general",
        f":{name}!{name}@{name} NICK x{name}",
        f":bob!b@h KICK #general x{name} :{text}",
        f":{name}!u@h JOIN #general",
        f":{name}!u@h PART #general :{text}",
        f":{name}!u@h JOIN #general",
        f":{name}!u@h QUIT :{text}",
        f":{name}!u@h TOPIC #general :{text}",
        f":{name}!u@h INVITE anna #{name}",
        f":fake.test NOTICE anna :{text}",
        f":fake.test FAIL * {name} {name} :{text}",
        f":fake.test 372 anna :{text}",
        f":fake.test 301 anna {name} :{text}",
    ]


def rooms_of(text: str) -> list[str]:
    """Lines of a server that make rooms and people of a hostile name."""
    name = as_name(text)
    return [
        f":{name}!u@h PRIVMSG anna :{text}",
        f"{ANNA} JOIN #{name}",
        f":fake.test 332 anna #{name} :{text}",
        f":fake.test 353 anna = #{name} :@{name} +x{name} anna",
        f":fake.test 366 anna #{name} :End",
        f":fake.test 353 anna = #general :@{name} anna bob",
        ":fake.test 366 anna #general :End",
        f":{name}!u@h PRIVMSG #{name} :{text}",
    ]


def arguments(server: ScriptedServer, authority: Authority) -> list[str]:
    return ["--room", "general", "--user", "anna", "--ca", str(authority.path), f"localhost:{server.port}"]


@pytest.mark.timeout(200)
@pytest.mark.parametrize("full_screen", [(160, 120), None], ids=["full screen", "line by line"])
def test_nothing_reaches_the_terminal(
    full_screen: tuple[int, int] | None,
    server: ScriptedServer,
    authority: Authority,
    catalogues: Path,
    tmp_path: Path,
) -> None:
    with Terminal(
        arguments(server, authority),
        catalogues,
        tmp_path,
        full_screen=full_screen,
        SECURECHAT_PASSWORD=PASSWORD,
        SECURECHAT_BELL="false",  # ours would look like one of theirs
    ) as terminal:
        terminal.wait("● anna at localhost|general> $")
        for start in range(0, len(LINES), CHUNK):
            chunk = LINES[start : start + CHUNK]
            push(server, [line for text in chunk for line in fields_of(text)])
            push(server, [f":bob!b@h PRIVMSG #general :as far as {start}."])
            terminal.wait(f"as far as {start}\\.")
        if isinstance(terminal.screen, FullScreen):
            terminal.type("\x1b0")  # what the server says
            terminal.wait("The server says")
        push(server, [line for text in LINES[::8] for line in rooms_of(text)])
        push(server, [":bob!b@h PRIVMSG anna :rooms are made."])
        if isinstance(terminal.screen, FullScreen):
            terminal.wait("@bob 1!")
            terminal.type("\x1b[1;3B" * 30)  # the room below, and so on
            terminal.wait(r"\A(?![\s\S]*The server says)")
        else:
            terminal.wait(r"rooms are made\.")
        terminal.type("exit\r")
        assert terminal.end() == 0
        assert_only_our_sequences(terminal.raw)
        for mark in ("<U+202E>", "<U+200B>", "<U+2066>", "<U+E0068>"):
            assert mark in terminal.raw
    if isinstance(terminal.screen, FullScreen):
        assert terminal.screen.title == ""


@pytest.mark.parametrize("full_screen", [(120, 40), None], ids=["full screen", "line by line"])
@pytest.mark.parametrize(
    "answer",
    [
        lambda text: [f":fake.test FAIL * ACCOUNT_REQUIRED :{text}", f"ERROR :{text}"],
        lambda text: [f":fake.test 465 anna :{text}"],
        lambda text: [f":fake.test 433 * {as_name(text)} :{text}"],
        lambda text: [f":fake.test FAIL REGISTER {as_name(text)} anna :{text}"],
        lambda text: [f"ERROR :{text}"],
    ],
    ids=["FAIL", "465", "433", "FAIL REGISTER", "ERROR"],
)
def test_a_refusal_of_the_login(
    answer: Callable[[str], list[str]],
    full_screen: tuple[int, int] | None,
    server: ScriptedServer,
    authority: Authority,
    catalogues: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = f"\x1b]0;{MARK}\x07\x1b[{MARK}m\x9b{MARK}m\u202eyou\u200b"
    monkeypatch.setattr(Link, "on_cap", lambda self, message: self.output.extend(answer(text)))
    with Terminal(
        arguments(server, authority), catalogues, tmp_path, full_screen=full_screen, SECURECHAT_PASSWORD=PASSWORD
    ) as terminal:
        terminal.wait("securechat-client: .+")
        assert terminal.end() in {3, 5}
        assert_only_our_sequences(terminal.raw)


@pytest.mark.parametrize("name", [f"e\x1b]0;{MARK}\x07vil", f"e\x1b[{MARK}mvil", "e\rvil", "e\x9bvil", "e\u202evil"])
def test_the_names_in_a_certificate(name: str, authority: Authority, catalogues: Path, tmp_path: Path) -> None:
    certificate = authority.issue(name, file=tmp_path / "odd.pem")
    chat = FakeServer(authority=authority.der, passwords={"anna": PASSWORD})
    with ScriptedServer(chat, certificate) as server:
        with Terminal(arguments(server, authority), catalogues, tmp_path, SECURECHAT_PASSWORD=PASSWORD) as terminal:
            terminal.wait("securechat-client: .+")
            assert terminal.end() == 4
            assert_only_our_sequences(terminal.raw)
            assert ("vil" if name.isascii() else "odd.invalid") in terminal.screen.text().replace("\n", "")
    assert bytes(server.received) == b""
