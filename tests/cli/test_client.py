"""securechat-client for scripts: what is on standard output, what on standard error, and the exit codes."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from securechat.cli import client as command
from securechat.client import line_mode, texts
from tests.client.certificates import Authority
from tests.client.conftest import authority, catalogues, plain_surroundings, stranger
from tests.client.fake_server import FakeServer
from tests.client.scripted_server import ScriptedServer

__all__ = ["authority", "catalogues", "plain_surroundings", "stranger"]  # fixtures that are shared
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def chat(authority: Authority) -> FakeServer:
    chat = FakeServer(authority=authority.der, passwords={"anna": "secret99"}, guests=False)
    for number in range(1, 8):
        chat.say("bob!b@h", "PRIVMSG", "#ops", f"line {number}") if number > 1 else chat.members.update({"#ops": set()})
    return chat


@pytest.fixture
def server(chat: FakeServer, authority: Authority) -> Iterator[ScriptedServer]:
    with ScriptedServer(chat, authority.issue()) as server:
        yield server


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command with text on standard input, which is no terminal."""
    monkeypatch.setenv("SECURECHAT_PASSWORD", "secret99")

    def run(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            code = command.main(arguments)
        except SystemExit as end:
            code = int(str(end.code))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def login(server: ScriptedServer, authority: Authority) -> list[str]:
    return ["--user", "anna", "--ca", str(authority.path), "--room", "ops", f"localhost:{server.port}"]


def test_each_piped_line_is_a_message(run: Run, server: ScriptedServer, authority: Authority) -> None:
    lines = [f"number {number}" for number in range(100)]
    result = run(*login(server, authority), stdin="\n".join(lines) + "\n")
    assert result == Result(0, "", "")
    assert [stored.text for stored in server.chat.history[-100:]] == lines


def test_piped_commands_are_text_unless_asked_for(run: Run, server: ScriptedServer, authority: Authority) -> None:
    assert run(*login(server, authority), stdin="/topic x\n").code == 0
    assert server.chat.history[-1].text == "/topic x"
    result = run(*login(server, authority), "--commands", stdin="/topic green\n//topic\n/names\n/quit\nnot sent\n")
    assert result.code == 0
    assert server.chat.topics["#ops"] == "green"
    assert server.chat.history[-1].text == "/topic"
    assert "1 person in #ops: anna" in result.err
    assert result.out == ""
    result = run(*login(server, authority), "--commands", stdin="/nmaes\n")
    assert (result.code, "Did you mean /names?" in result.err) == (2, True)


def test_long_lines_are_cut_at_words(run: Run, server: ScriptedServer, authority: Authority) -> None:
    text = " ".join(["слово"] * 200)
    assert run(*login(server, authority), stdin=text).code == 0
    pieces = [stored.text for stored in server.chat.history if stored.source.startswith("anna")]
    assert len(pieces) > 3
    assert " ".join(pieces) == text
    assert all(len(f":{server.chat.history[-1].source} PRIVMSG #ops :{piece}\r\n".encode()) <= 512 for piece in pieces)


def test_the_tail_as_text_and_json(run: Run, server: ScriptedServer, authority: Authority) -> None:
    result = run(*login(server, authority), "--tail", "2")
    assert (result.code, result.err) == (0, "")
    assert [line.partition(" bob")[2] for line in result.out.splitlines()] == [": line 6", ": line 7"]
    result = run(*login(server, authority), "--tail", "6", "--json")
    records = [json.loads(line) for line in result.out.splitlines()]
    assert [record["text"] for record in records] == [f"line {number}" for number in range(2, 8)]
    assert records[0] == {
        "time": "2026-11-22T08:00:00.000Z",
        "room": "#ops",
        "type": "message",
        "from": "bob",
        "account": "",
        "text": "line 2",
        "id": "e-1",
    }


def test_everything_may_stand_in_the_settings(
    run: Run, server: ScriptedServer, authority: Authority, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret99\n")
    secret.chmod(0o600)
    file = tmp_path / "my.toml"
    file.write_text(
        f'[connection]\nserver = "localhost:{server.port}"\nrooms = ["ops"]\nuser = "anna"\nca = "{authority.path}"\n'
        'password_file = "secret"\n[look]\nlanguage = "ru"\n'
    )
    del os.environ["SECURECHAT_PASSWORD"]
    result = run("--config", str(file), "--tail", "1")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith(": line 7\n")
    assert run("--config", str(file), stdin="hello\n").code == 0
    assert server.chat.history[-1].text == "hello"
    printed = run("--config", str(file), "--print-config", "--room", "tea").out
    assert 'rooms = ["tea"]  # --room' in printed
    assert f'password_file = "{secret}"  # {file}' in printed


def test_wrong_settings_are_told_all_at_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECURECHAT_MOUSE", "perhaps")
    file = tmp_path / "my.toml"
    file.write_text("[look]\ncolour = 1\n")
    assert run("--config", str(file), "chat.lan") == Result(
        2,
        "",
        f"securechat-client: {file}:2: look.colour: unknown key; did you mean color?\n"
        'securechat-client: SECURECHAT_MOUSE = "perhaps": must be true or false, without quotes\n',
    )


def test_argparse_itself_speaks_the_persons_language(
    run: Run, catalogues: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "DIRECTORY", catalogues)
    shown = run("--lang", "ru", "--help").out
    assert shown.startswith("использование: securechat-client [-h]")
    options = shown.partition("\n\n")[2]  # the usage stands before
    explained = re.findall(r"(?:^ {24}|^  \S.{0,20}  )(\S.*)", options, re.MULTILINE)
    assert len(explained) > 25
    assert [line for line in explained if not re.search("[а-я]", line) and re.search("[a-z]{3}", line)] == []
    for arguments, said in (
        (["--colour"], "securechat-client: ошибка: нераспознанные аргументы: --colour"),
        (["--theme", "pink"], "ошибка: аргумент --theme: неверное значение: 'pink' (возможны"),
        (["--tail"], "ошибка: аргумент --tail: нужно значение"),
        (["--tail", "x"], "ошибка: аргумент --tail: 'x' — не число от 1 до 1000000"),
        (["--plain=1"], "ошибка: аргумент --plain: лишнее значение '1'"),
    ):
        result = run("--lang", "ru", *arguments)
        assert (result.code, result.out) == (2, "")
        assert said in result.err
        assert "argument" not in result.err


def test_errors_of_links_and_of_the_system_speak_it_too(
    run: Run, catalogues: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(texts, "DIRECTORY", catalogues)
    for arguments, said in (
        (["securechat://a b/"], "в ссылке пробел или управляющий символ"),
        (["securechat://chat.lan/x?ca=1"], "отпечаток (ca=) в ссылке — не 64 шестнадцатеричные цифры"),
        (["securechat://chat.lan/a%20b"], "не может ею быть: пробелы, управляющие символы"),
        (["--ca", "none.pem", "--room", "x", "chat.lan"], "Нет такого файла или каталога"),
        (["--config", "none.toml", "chat.lan"], "none.toml: не читается: Нет такого файла или каталога"),
    ):
        result = run("--lang", "ru", *arguments)
        assert said in result.err, result.err
        assert re.sub(r"securechat-client|none\.\w+|ca=|CA", "", result.err).isascii() is False
        assert not re.search(r"\b[A-Za-z]{3,} [a-z]{3,} ", result.err), result.err
    (tmp_path / "not.pem").write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
    result = run("--lang", "ru", "--user", "anna", "--ca", "not.pem", "--room", "x", "localhost:1")
    assert "не сертификат в форме PEM" in result.err


@pytest.mark.parametrize("reading", [["--tail", "3"], ["--since", "1h"], ["--follow"]])
def test_reading_a_room_that_is_not_there_makes_none(
    run: Run, server: ScriptedServer, authority: Authority, reading: list[str]
) -> None:
    result = run(*login(server, authority), "--room", "opps", *reading)
    # Both rooms are wanted; the one that is there is read first, and then it ends.
    assert result.code == 6
    assert result.err == (
        "securechat-client: There is no room #opps that you may enter. Did you mean #ops? "
        "Reading makes no room; going there by /join, or sending something there, does.\n"
    )
    assert "#opps" not in server.chat.members


def test_a_room_that_is_made_by_writing_there_is_told_of(
    run: Run, server: ScriptedServer, authority: Authority
) -> None:
    result = run(*login(server, authority)[:-3], "--room", "new", f"localhost:{server.port}", stdin="hello\n")
    assert result == Result(0, "", "There was no room #new; you have made it.\n")
    assert server.chat.history[-1].text == "hello"
    assert run(*login(server, authority), "--commands", stdin="/join newer\n").err == (
        "There was no room #newer; you have made it.\n"
    )


def test_since(run: Run, server: ScriptedServer, authority: Authority) -> None:
    result = run(*login(server, authority), "--since", "2026-01-01T00:00Z", "--json")
    assert len(result.out.splitlines()) == 6
    assert run(*login(server, authority), "--since", "2027-01-01", "--json").out == ""
    assert run(*login(server, authority), "--since", "tomorrow").code == 2


def test_a_tail_longer_than_what_is_held_is_whole_and_in_order(
    run: Run, server: ScriptedServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_mode, "_MOST_PAGES", 20)
    for number in range(200):
        server.chat.say("bob!b@h", "PRIVMSG", "#ops", f"more {number}")
    for tail in (150, 101, 100, 99):  # 20 pages of 5 are held
        result = run(*login(server, authority), "--tail", str(tail), "--json")
        texts = [json.loads(line)["text"] for line in result.out.splitlines()]
        assert texts == [f"more {number}" for number in range(200 - tail, 200)]


def test_the_last_of_what_was_said_since(run: Run, server: ScriptedServer, authority: Authority) -> None:
    for number in range(30):
        server.chat.say("bob!b@h", "PRIVMSG", "#ops", f"more {number}")
    # Ten messages share a millisecond: the last seven were said after the second one.
    since = ["--since", "2026-11-22T08:00:00.002Z"]
    for tail, numbers in ((3, range(27, 30)), (30, range(23, 30)), (7, range(23, 30))):
        result = run(*login(server, authority), *since, "--tail", str(tail), "--json")
        assert [json.loads(line)["text"] for line in result.out.splitlines()] == [
            f"more {number}" for number in numbers
        ]


def test_colours_by_flag_environment_and_terminal(run: Run, server: ScriptedServer, authority: Authority) -> None:
    assert "\x1b[" not in run(*login(server, authority), "--tail", "1").out
    assert "\x1b[" in run(*login(server, authority), "--tail", "1", "--color", "always").out
    assert "\x1b[" not in run(*login(server, authority), "--tail", "1", "--no-color").out


def test_hostile_text_is_harmless_in_both_forms(run: Run, server: ScriptedServer, authority: Authority) -> None:
    hostile = "\x1b]0;t\x07\x9b2J\u202ex"
    server.chat.say("b\x1bob!b@h", "PRIVMSG", "#ops", hostile)
    plain = run(*login(server, authority), "--tail", "1").out
    assert plain.endswith(" bob: ]0;t2J<U+202E>x\n")
    line = run(*login(server, authority), "--tail", "1", "--json").out
    assert json.loads(line)["text"] == hostile
    assert line.isprintable() or line.rstrip("\n").isprintable()


def test_the_server_name_and_ca_are_remembered(run: Run, server: ScriptedServer, authority: Authority) -> None:
    fingerprint = hashlib.sha256(authority.der).hexdigest()
    link = f"securechat://localhost:{server.port}/ops?ca={fingerprint}"
    assert run("--user", "anna", link, stdin="one\n").code == 0
    assert run("--room", "ops", stdin="two\n").code == 0
    assert run(link.replace("localhost", "LocalHost"), stdin="three\n").code == 0  # the same server
    assert [stored.text for stored in server.chat.history[-3:]] == ["one", "two", "three"]
    assert run("--room", "opps", "--tail", "1").code == 6
    assert 'rooms = ["ops"]  # remembered' in run("--print-config").out
    state = Path(os.environ["XDG_STATE_HOME"], "securechat", "known_servers.json")
    assert state.stat().st_mode & 0o777 == 0o600
    assert [known["host"] for known in json.loads(state.read_text())] == ["localhost"]
    assert "secret99" not in state.read_text()
    other = link.replace(fingerprint, "0" * 64)
    result = run(other, stdin="three\n")
    assert result.code == 4
    assert "names another CA for localhost" in result.err
    state.write_text("{broken")
    assert "is damaged" in run("--room", "ops").err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--user", "nobody"], 5, "Name or password is wrong"),
        (["--guest"], 5, "lets nobody in without an account"),
        (["--room", "secret"], 6, "There is no room #secret"),
        (["--room", "no room"], 2, "cannot be the name of a room"),
        (["--user", "1anna"], 2, "starts with a digit"),
        (["--tail", "0"], 2, "not a number"),
        (["--timeout", "never"], 2, "not a number of seconds"),
        (["--ca", "nowhere.pem"], 4, "Cannot read the CA file nowhere.pem"),
        (["--password-file", "nowhere"], 2, "Cannot read nowhere"),
        (["--password", "hunter2"], 2, "unrecognized arguments"),
    ],
)
def test_what_goes_wrong_has_a_code_and_a_sentence(
    run: Run, server: ScriptedServer, authority: Authority, arguments: list[str], code: int, words: str
) -> None:
    base = ["--user", "anna", "--ca", str(authority.path), f"localhost:{server.port}"]
    if "--room" not in arguments:
        base += ["--room", "ops"]
    result = run(*base, *arguments, stdin="text\n")
    assert result.code == code, result.err
    assert words in result.err
    assert result.out == ""
    assert "Traceback" not in result.err
    assert "secret99" not in result.err


def test_trust_and_connection_errors(
    run: Run, server: ScriptedServer, authority: Authority, stranger: Authority
) -> None:
    result = run(*login(server, stranger), stdin="text\n")
    assert (result.code, "not signed by the authority" in result.err) == (4, True)
    assert bytes(server.received) == b""
    closed = [*login(server, authority)[:-1], "localhost:1"]
    begin = time.monotonic()
    result = run(*closed, stdin="text\n")
    assert (result.code, "Cannot connect to localhost:1" in result.err) == (3, True)
    assert time.monotonic() - begin < 10
    assert run("--room", "ops").code == 2
    assert run("ops", "--tail", "1").err == (
        "securechat-client: Which room? Use --room. ops is taken for the name of the server.\n"
    )
    assert run("--user", "anna", "elsewhere.invalid", "--room", "ops").code == 4


def test_not_delivered(run: Run, server: ScriptedServer, authority: Authority) -> None:
    server.chat.mute = True
    result = run(*login(server, authority), "--timeout", "0.5", stdin="text\n")
    assert (result.code, "did not confirm" in result.err) == (7, True)


def test_no_password_and_no_terminal(
    run: Run, server: ScriptedServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECURECHAT_PASSWORD")

    def no_terminal(path: str, flags: int) -> int:
        raise OSError

    monkeypatch.setattr(os, "open", no_terminal)
    result = run(*login(server, authority), stdin="secret99\n")
    assert (result.code, "no terminal to ask on" in result.err) == (5, True)


def test_a_password_file_is_read_only_when_it_is_private(
    run: Run, server: ScriptedServer, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECURECHAT_PASSWORD", "wrong")  # the file comes first
    path = tmp_path / "password"
    path.write_text("secret99\nsecond line\n")
    path.chmod(0o644)
    result = run(*login(server, authority), "--password-file", str(path), stdin="x\n")
    assert (result.code, "chmod 600" in result.err) == (2, True)
    path.chmod(0o600)
    assert run(*login(server, authority), "--password-file", str(path), stdin="x\n").code == 0


def test_russian_by_flag(
    run: Run, catalogues: Path, monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, authority: Authority
) -> None:
    monkeypatch.setattr(texts, "DIRECTORY", catalogues)
    result = run(*login(server, authority), "--lang", "ru", "--user", "nobody", stdin="x\n")
    assert result.err == "securechat-client: Неверное имя или пароль.\n"
    assert "Коды завершения" in run("--lang", "ru", "--help").out


def start(server: ScriptedServer, authority: Authority, *arguments: str, home: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SECURECHAT_PASSWORD": "secret99",
        "XDG_STATE_HOME": str(home),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "securechat.cli.client", *login(server, authority), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_following_over_cut_links_holds_every_message_once(
    server: ScriptedServer, authority: Authority, tmp_path: Path
) -> None:
    with start(server, authority, "--tail", "3", "--follow", "--json", home=tmp_path) as process:
        assert process.stdout is not None
        records = [json.loads(process.stdout.readline()) for _ in range(3)]
        for number in range(90):
            with server.lock:
                server.chat.say("bob!b@h", "PRIVMSG", "#ops", f"new {number}")
            if number % 30 == 15:
                records.append(json.loads(process.stdout.readline()))
                server.cut()
        while len(records) < 93:
            records.append(json.loads(process.stdout.readline()))
        process.send_signal(2)
        assert process.wait(20) == 130
        assert process.stdout.read() == ""
        assert process.stderr is not None
        assert "The link is lost" in process.stderr.read()
    assert [record["text"] for record in records[3:]] == [f"new {number}" for number in range(90)]
    assert [record["text"] for record in records[:3]] == ["line 5", "line 6", "line 7"]


def test_following_since_a_moment_begins_with_the_tail_of_that(
    server: ScriptedServer, authority: Authority, tmp_path: Path
) -> None:
    arguments = ["--since", "2026-11-01", "--tail", "2", "--follow", "--json"]
    with start(server, authority, *arguments, home=tmp_path) as process:
        assert process.stdout is not None
        texts = [json.loads(process.stdout.readline())["text"] for _ in range(2)]
        with server.lock:
            server.chat.say("bob!b@h", "PRIVMSG", "#ops", "new")
        texts.append(json.loads(process.stdout.readline())["text"])
        process.send_signal(2)
        assert process.wait(20) == 130
    assert texts == ["line 6", "line 7", "new"]


def test_a_reader_that_goes_away_ends_it_quietly(server: ScriptedServer, authority: Authority, tmp_path: Path) -> None:
    with start(server, authority, "--tail", "1", "--follow", home=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        with server.lock:
            server.chat.say("bob!b@h", "PRIVMSG", "#ops", "nobody reads this")
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_help_is_quick_and_imports_little() -> None:
    program = "import sys; from securechat.cli.client import make_parser; make_parser(); print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    )
    loaded = set(result.stdout.split())
    assert not loaded & {"ssl", "cryptography", "sqlalchemy", "platformdirs", "securechat.client.library"}
