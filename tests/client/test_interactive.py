"""A person at a terminal: first start by a link, talking while others talk, leaving; in English and Russian."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.certificates import Authority
from tests.client.fake_server import FakeServer
from tests.client.scripted_server import ScriptedServer
from tests.client.terminal_harness import Terminal

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u200b\x08"


@pytest.fixture
def chat(authority: Authority) -> FakeServer:
    chat = FakeServer(authority=authority.der, passwords={"anna": "secret99"}, invites={"token"})
    chat.members["#general"] = {"bob"}
    chat.say("bob!b@h", "PRIVMSG", "#general", "what was said before")
    return chat


@pytest.fixture
def server(chat: FakeServer, authority: Authority) -> Iterator[ScriptedServer]:
    with ScriptedServer(chat, authority.issue()) as server:
        yield server


def link_to(server: ScriptedServer, authority: Authority) -> str:
    fingerprint = hashlib.sha256(authority.der).hexdigest()
    return f"securechat://localhost:{server.port}/general?invite=token&ca={fingerprint}"


def test_the_first_minute_and_the_second_start(
    server: ScriptedServer, authority: Authority, catalogues: Path, tmp_path: Path
) -> None:
    with Terminal([link_to(server, authority)], catalogues, tmp_path) as terminal:
        terminal.wait("Your name: ")
        terminal.type("carol\n")
        terminal.wait("Password: ")
        terminal.type("another99\n")
        terminal.wait("The same again: ")
        terminal.type("mistake\n")
        terminal.wait("two different passwords")
        terminal.wait(r"different passwords.\nPassword: $")
        terminal.type("another99\n")
        terminal.wait(r"Password: \nThe same again: $")
        terminal.type("another99\n")
        terminal.wait("Welcome to the chat, carol!")
        terminal.wait("bob: what was said before")
        terminal.wait("2 people in #general: bob, carol")
        terminal.wait("general> $")
        terminal.type("hello all\n")
        screen = terminal.wait(r"carol.*: hello all[\s\S]*general> $")
        assert screen.count("hello all") == 1  # the typed line goes when the echo comes
        terminal.type("/join tea\n")
        terminal.wait("There was no room #tea; you have made it")
        terminal.wait("tea> $")
        terminal.type("/quit\n")
        assert terminal.end() == 0
        assert "another99" not in terminal.raw
    assert server.chat.history[-1].text == "hello all"
    with Terminal([], catalogues, tmp_path) as terminal:
        terminal.wait("Password of carol: ")
        terminal.type("another99\n")
        terminal.wait("tea> $")  # where one was last
        terminal.type("exit\n")
        assert terminal.end() == 0
    with Terminal(["--room", "general"], catalogues, tmp_path) as terminal:
        terminal.wait("Password of carol: ")
        terminal.type("wrong\n")
        terminal.wait(r"Name or password is wrong\.\nPassword of carol: $")  # what is typed before is thrown away
        terminal.type("another99\n")
        terminal.wait("carol: hello all")
        terminal.wait("general> $")
        terminal.type("\x04")
        assert terminal.end() == 0


def test_lines_of_others_do_not_destroy_what_is_being_typed(
    server: ScriptedServer, authority: Authority, catalogues: Path, tmp_path: Path
) -> None:
    arguments = ["--user", "anna", "--ca", str(authority.path), f"localhost:{server.port}"]
    with Terminal(arguments, catalogues, tmp_path, SECURECHAT_PASSWORD="secret99", NO_COLOR="1") as terminal:
        terminal.wait(r"what was said before\ngeneral> $")
        terminal.type("half a thought")
        terminal.wait("general> half a thought$")
        with server.lock:
            server.chat.tell("#general", ":dave!d@h JOIN #general")
            server.chat.say("bob!b@h", "PRIVMSG", "#general", "I interrupt")
            server.chat.say("bob!b@h", "PRIVMSG", "#general", HOSTILE)
        terminal.wait(r"dave joins the chat\n.*bob: I interrupt\n.*evil.*\ngeneral> half a thought$")
        terminal.type("\x01not \n")  # to the beginning of the line
        screen = terminal.wait(r"anna: not half a thought\ngeneral> $")
        assert screen.count("half a thought") == 1
        assert "<U+202E>evil<U+200B>" in screen
        assert "\x1b]" not in terminal.raw
        assert "\x1b[2J" not in terminal.raw
        assert "\x9b" not in terminal.raw
        assert terminal.screen.unknown == []
        terminal.type("/quit\n")
        assert terminal.end() == 0


def test_commands(server: ScriptedServer, authority: Authority, catalogues: Path, tmp_path: Path) -> None:
    arguments = ["--user", "anna", "--ca", str(authority.path), f"localhost:{server.port}"]
    with Terminal(arguments, catalogues, tmp_path, SECURECHAT_PASSWORD="secret99", NO_COLOR="1") as terminal:
        terminal.wait("general> $")
        for typed, expected in (
            ("/help", "/join ROOM +enter a room"),
            ("/nmaes", r"There is no command /nmaes. Did you mean /names\?"),
            ("/join", "Use: /join ROOM"),
            ("/topic tea at five", "anna set the topic: tea at five"),
            ("/topic", "Topic: tea at five"),
            ("/names", "2 people in #general: anna, bob"),
            ("/msg bob psst", "@bob anna: psst"),
            ("/me waves", r"\* anna waves"),
            ("//join is a command", "anna: /join is a command"),
            ("/join tea", r"1 person in #tea: anna[\s\S]*tea> $"),
            ("/list", "#general  2 people  tea at five"),
            ("/part", r"You left #tea[\s\S]*> $"),
            ("hello?", "You are in no room"),
            ("/join secret", "There is no room #secret"),
            ("/query bob", "bob> $"),
            ("hi", r"anna: hi\nbob> $"),
            ("/history 1", "anna: hi\n.*anna: hi\nbob> $"),
            ("/away out for tea", "You are away"),
        ):
            terminal.type(f"{typed}\n")
            terminal.wait(expected)
        terminal.type("\x03")
        assert terminal.end() == 130
    texts = [stored.text for stored in server.chat.history]
    assert texts[1:] == ["psst", "\x01ACTION waves\x01", "/join is a command", "hi"]


def test_of_several_rooms_one_speaks_in_the_first(
    server: ScriptedServer, authority: Authority, catalogues: Path, tmp_path: Path
) -> None:
    rooms = ["--room", "general", "--room", "tea"]
    arguments = [*rooms, "--user", "anna", "--ca", str(authority.path), f"localhost:{server.port}"]
    with Terminal(arguments, catalogues, tmp_path, SECURECHAT_PASSWORD="secret99", NO_COLOR="1") as terminal:
        terminal.wait("in #tea: anna[\\s\\S]*general> $")
        terminal.type("/quit\n")
        assert terminal.end() == 0


def test_a_lost_link_is_told_and_what_was_typed_meanwhile_is_sent_once(
    server: ScriptedServer, authority: Authority, catalogues: Path, tmp_path: Path
) -> None:
    arguments = ["--user", "anna", "--ca", str(authority.path), f"localhost:{server.port}"]
    with Terminal(arguments, catalogues, tmp_path, SECURECHAT_PASSWORD="secret99", NO_COLOR="1") as terminal:
        terminal.wait("general> $")
        server.refusing.set()
        server.cut()
        terminal.wait("The link is lost")
        terminal.type("are you there?\n")
        with server.lock:
            server.chat.say("bob!b@h", "PRIVMSG", "#general", "you missed this")
        server.refusing.clear()
        terminal.wait("The link works again.[\\s\\S]*bob: you missed this\n.*anna: are you there\\?")
        server.chat.passwords.clear()
        server.cut()
        terminal.wait("Name or password is wrong")
        assert terminal.end() == 5
    assert [stored.text for stored in server.chat.history].count("are you there?") == 1


def test_russian(server: ScriptedServer, authority: Authority, catalogues: Path, tmp_path: Path) -> None:
    arguments = [link_to(server, authority)]
    with Terminal(arguments, catalogues, tmp_path, LC_ALL="ru_RU.UTF-8", NO_COLOR="1", PYTHONUTF8="1") as terminal:
        terminal.wait("Ваше имя: ")
        terminal.type("Катя\n")
        terminal.wait("Пароль: ")
        terminal.type("another99\n")
        terminal.wait("Ещё раз: ")
        terminal.type("another99\n")
        terminal.wait("Добро пожаловать в чат, Катя!\nДля выхода введите 'exit'")
        terminal.wait("general> $")
        with server.lock:
            server.chat.tell("#general", ":Вера!v@h JOIN #general")
            server.chat.tell("#general", ":Вера!v@h PART #general")
        terminal.wait("Вера присоединяется к чату\n.*Вера выходит из чата")
        terminal.type("привет\n")
        screen = terminal.wait("Катя: привет\ngeneral> $")
        assert screen.count("привет") == 1
        terminal.type("exit\n")
        assert terminal.end() == 0
