"""The library over real TLS: trust, login, messages, requests, and links that are cut."""

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from securechat.client import (
    CannotConnect,
    Client,
    Connected,
    Disconnected,
    Ended,
    Event,
    Joined,
    LoginRefused,
    Message,
    NotDelivered,
    RoomRefused,
    Timing,
    Untrusted,
    UsageError,
)
from tests.client.certificates import Authority
from tests.client.fake_server import FakeServer
from tests.client.scripted_server import ScriptedServer

QUICK = Timing(connect=5, login=5, silence=5, answer=5, farewell=1)


@pytest.fixture
def chat(authority: Authority) -> FakeServer:
    return FakeServer(authority=authority.der, passwords={"anna": "secret99"})


@pytest.fixture
def server(chat: FakeServer, authority: Authority) -> Iterator[ScriptedServer]:
    with ScriptedServer(chat, authority.issue()) as server:
        yield server


def make(server: ScriptedServer, ca: str | Path, name: str = "anna", password: str = "secret99") -> Client:
    return Client(f"localhost:{server.port}", name, password=password, ca=ca, timeout=10, timing=QUICK)


def test_say_and_hear(server: ScriptedServer, authority: Authority) -> None:
    with make(server, authority.path) as client:
        client.join("general")
        assert client.nick == "anna"
        assert client.rooms() == ["#general"]
        assert client.send("#general", "hello") == "e-1"
        with server.lock:
            server.chat.say("bob!b@h", "PRIVMSG", "#general", "hello yourself")
        own, other = islice(client.messages(10), 2)
        assert (own.text, own.own, own.id) == ("hello", True, "e-1")
        assert (other.text, other.sender, other.own) == ("hello yourself", "bob", False)
        assert client.action("#general", "waves") == "e-3"
        assert client.notice("bob", "psst") == "e-4"
    assert b"secret99" not in server.received
    assert b"SCRAM-SHA-256" in server.received


def test_requests_about_rooms(server: ScriptedServer, authority: Authority) -> None:
    with make(server, authority.pem) as client:
        client.join("#tea")
        client.set_topic("tea", "green")
        assert client.topic("tea") == "green"
        assert client.members("tea") == ["anna"]
        assert [(info.room, info.members, info.topic) for info in client.list_rooms()] == [
            ("#general", 0, ""),
            ("#tea", 1, "green"),
        ]
        client.set_away("out")
        client.part("tea")
        assert client.rooms() == []
        with pytest.raises(RoomRefused, match="not in #tea") as caught:
            client.part("tea")
        assert caught.value.exit_code == 6
        with pytest.raises(RoomRefused, match="no room #secret"):
            client.join("secret")
        with pytest.raises(RoomRefused, match="may not speak in #tea"):
            client.send("#tea", "anybody?")
        client.set_nick("ann")
        assert client.nick == "ann"


def test_history_in_pages(server: ScriptedServer, authority: Authority) -> None:
    for number in range(1, 13):
        server.chat.say("bob!b@h", "PRIVMSG", "#general", str(number))
    with make(server, authority.path) as client:
        client.join("general")
        assert [message.text for message in client.history("#general", 7)] == [str(n) for n in range(6, 13)]
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        everything = client.history("#general", None, after=begin)
        assert [message.text for message in everything] == [str(n) for n in range(1, 13)]
        assert [message.text for message in client.history("#general", 2, after=begin)] == ["1", "2"]
        assert all(message.old for message in everything)
        with pytest.raises(RoomRefused, match="no history"):
            client.history("#elsewhere")


def test_pages_are_fetched_as_they_are_asked_for(server: ScriptedServer, authority: Authority) -> None:
    for number in range(1, 13):
        server.chat.say("bob!b@h", "PRIVMSG", "#general", str(number))
    with make(server, authority.path) as client:
        client.join("general")

        def asked() -> int:
            return sum("CHATHISTORY" in line for line in server.chat.heard)

        onward = client.pages("#general", after="e-2")
        assert asked() == 0
        first = next(onward)
        assert ([message.text for message in first], asked()) == (["3", "4", "5", "6", "7"], 1)
        assert [[message.text for message in page] for page in onward] == [["8", "9", "10", "11", "12"]]
        back = list(client.pages("#general", limit=7, before="e-10"))
        assert [[message.text for message in page] for page in back] == [["5", "6", "7", "8", "9"], ["3", "4"]]
        with pytest.raises(UsageError):
            client.pages("#no room")


def test_a_program_goes_on_behind_the_last_message_that_it_knows(server: ScriptedServer, authority: Authority) -> None:
    with make(server, authority.path) as client:
        client.join("general")
        for number in range(1, 4):
            with server.lock:
                server.chat.say("bob!b@h", "PRIVMSG", "#general", str(number))
        # The third one is in the mailbox, too, and was seen in the history.
        seen = client.history("#general", 1)
        assert [message.text for message in seen] == ["3"]
        client.join("general", after=seen[-1].id)
        with server.lock:
            server.chat.say("bob!b@h", "PRIVMSG", "#general", "4")
        assert next(client.messages(20)).text == "4"
        client.join("general", after="")  # as of a program that has seen none so far
        assert next(client.messages(0.01), None) is None


def test_a_tail_comes_before_what_is_said_now(server: ScriptedServer, authority: Authority) -> None:
    for number in range(1, 13):
        server.chat.say("bob!b@h", "PRIVMSG", "#general", str(number))
    with make(server, authority.path) as client:
        client.join("general", tail=8)
        client.send("#general", "now")
        heard = [message.text for message in islice(client.messages(10), 9)]
    assert heard == ["5", "6", "7", "8", "9", "10", "11", "12", "now"]


def test_lost_links_come_back_without_a_loss(server: ScriptedServer, authority: Authority) -> None:
    with make(server, authority.path) as client:
        client.join("general")
        deliveries = []
        for number in range(60):
            deliveries.append(client.submit("#general", f"mine {number}"))
            with server.lock:
                server.chat.say("bob!b@h", "PRIVMSG", "#general", f"his {number}")
            if number in {20, 40}:
                deliveries[number - 15].wait(20)  # the link works
                server.cut()
        ids = [delivery.wait(20) for delivery in deliveries]
        events: list[Event] = []
        while sum(isinstance(event, Message) for event in events) < 120:
            event = client.next_event(10)
            assert event is not None
            events.append(event)
    heard = [event.id for event in events if isinstance(event, Message)]
    assert heard == [f"e-{number}" for number in range(1, 121)]
    assert len(set(ids)) == 60
    mine = [stored.text for stored in server.chat.history if stored.source.startswith("anna")]
    assert mine == [f"mine {number}" for number in range(60)]
    assert sum(isinstance(event, Disconnected) for event in events) == 2
    assert [event.again for event in events if isinstance(event, Connected)] == [False, True, True]
    assert sum(isinstance(event, Joined) for event in events) == 1


def test_a_message_that_is_never_confirmed_is_given_up(server: ScriptedServer, authority: Authority) -> None:
    with make(server, authority.path) as client:
        client.join("general")
        server.chat.mute = True
        with pytest.raises(NotDelivered, match="did not confirm"):
            client.send("#general", "lost", timeout=0.05)


def test_what_was_given_up_is_not_sent_later(
    server: ScriptedServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name service that does not answer holds the connection's thread up; who said something tries again."""
    resolve, may_resolve, resolving = socket.getaddrinfo, threading.Event(), threading.Event()

    def slowly(*arguments: Any, **options: Any) -> Any:
        if threading.current_thread().name == "connection":
            resolving.set()
            may_resolve.wait(20)
        return resolve(*arguments, **options)

    client = Client(f"localhost:{server.port}", "anna", password="secret99", ca=authority.path, timeout=2, timing=QUICK)
    with client:
        client.join("general")
        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        server.cut()
        assert resolving.wait(20)
        with pytest.raises(CannotConnect, match="no link to the server at the moment"):
            client.submit("#general", "hello")
        may_resolve.set()
        client.send("#general", "again", timeout=20)
    assert [stored.text for stored in server.chat.history] == ["again"]


def test_an_address_of_a_family_that_the_machine_lacks_is_passed_over(
    server: ScriptedServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def with_another(*arguments: Any, **options: Any) -> Any:
        return [(socket.AF_APPLETALK, socket.SOCK_STREAM, 0, "", ("localhost", 1)), *resolve(*arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", with_another)
    with make(server, authority.path) as client:
        assert client.nick == "anna"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: with_another("localhost", 1)[:1])
    with pytest.raises(CannotConnect, match="Address family not supported"):
        make(server, authority.path).connect()


def test_a_guest_waits_for_its_own_lost_session_to_end(server: ScriptedServer, authority: Authority) -> None:
    with make(server, authority.path, "carol", "") as client:
        client.join("general")
        server.chat.taken.add("carol")  # the server has not noticed yet that the link is lost
        server.cut()
        while not isinstance(event := client.next_event(10), Disconnected):
            assert event is not None
        assert client.next_event(1.0) is None  # refused, and it says nothing of that
        server.chat.taken.clear()
        client.send("#general", "back", timeout=20)
    assert [stored.text for stored in server.chat.history] == ["back"]


def test_a_reader_who_was_quicker_than_the_pause_misses_nothing(server: ScriptedServer, authority: Authority) -> None:
    with make(server, authority.path) as client:
        client.join("general")
        client._session.gaps.paused = True  # what the thread may do just after the last event was read
        with server.lock:
            server.chat.say("bob!b@h", "PRIVMSG", "#general", "hello")
        assert [message.text for message in islice(client.messages(10), 1)] == ["hello"]


def test_rooms_are_the_same_by_the_rules_for_names(server: ScriptedServer, authority: Authority) -> None:
    """`#ｇeneral` with a wide g is `#general`, to the server and to whoever reads only this room."""
    with make(server, authority.path) as client:
        client.join("ｇeneral")
        client.send("#ｇeneral", "hello")
        assert [message.room for message in islice(client.messages(5, rooms=["#ｇeneral"]), 1)] == ["#general"]


def test_a_long_password_that_an_administrator_has_set(server: ScriptedServer, authority: Authority) -> None:
    """REGISTER could not carry it, but a login sends only proofs of it."""
    server.chat.passwords["anna"] = "p" * 592
    with make(server, authority.path, password="p" * 592) as client:
        assert client.nick == "anna"
    with pytest.raises(UsageError, match="at most 300 bytes"):
        Client("localhost", "carol", password="p" * 301, register=True)


def test_a_silent_link_is_noticed(server: ScriptedServer, authority: Authority) -> None:
    timing = Timing(connect=5, login=5, silence=0.05, answer=0.05, farewell=0.1)
    client = Client(
        f"localhost:{server.port}", "anna", password="secret99", ca=authority.path, timeout=10, timing=timing
    )
    with client:
        with server.lock:  # the server's thread cannot answer any more
            while not isinstance(event := client.next_event(10), Disconnected):
                assert event is not None
    assert "does not answer" in event.reason


def test_a_new_account_by_invite(server: ScriptedServer, authority: Authority) -> None:
    server.chat.invites.add("token")
    link = f"securechat://localhost:{server.port}/general?invite=token&ca={hashlib.sha256(authority.der).hexdigest()}"
    with Client(link, "carol", password="another99", register=True, timeout=10, timing=QUICK) as client:
        assert client.authority == authority.pem
        server.cut()
        client.join("general")  # waits for the new link, on which the password is enough
        assert client.history("#general", 1) == []
    assert server.chat.passwords["carol"] == "another99"
    with pytest.raises(LoginRefused, match="An account carol is there already"):
        Client(link, "carol", password="x", register=True, timeout=10, timing=QUICK).connect()


@pytest.mark.parametrize(
    ("name", "password", "words", "code"),
    [
        ("anna", "wrong", "Name or password is wrong", "904"),
        ("nobody", "secret99", "Name or password is wrong", "904"),
        ("taken", "", "The name taken is taken", "433"),
        ("guest", "", "lets nobody in without an account", "ACCOUNT_REQUIRED"),
    ],
)
def test_refused_logins(
    server: ScriptedServer, authority: Authority, name: str, password: str, words: str, code: str
) -> None:
    server.chat.guests = False
    with pytest.raises(LoginRefused, match=words) as caught:
        make(server, authority.path, name, password).connect()
    assert caught.value.code == code
    assert caught.value.exit_code == 5


def test_a_password_that_changed_ends_the_client_after_a_lost_link(
    server: ScriptedServer, authority: Authority
) -> None:
    with make(server, authority.path) as client:
        server.chat.passwords["anna"] = "changed99"
        server.cut()
        with pytest.raises(LoginRefused):
            list(client.events(10))
        with pytest.raises(LoginRefused):
            client.rooms()


@pytest.mark.parametrize(
    ("name", "expired", "words"),
    [
        (
            "elsewhere.lan",
            False,
            r"is not for localhost, but for elsewhere.lan\. Nothing was sent\. .* renew --name localhost$",
        ),
        ("localhost", True, r"has expired \(on \d{4}-\d\d-\d\d \d\d:\d\d UTC\)\. Nothing was sent\."),
    ],
)
def test_wrong_certificates_get_no_byte(
    authority: Authority, chat: FakeServer, name: str, expired: bool, words: str
) -> None:
    with ScriptedServer(chat, authority.issue(name, expired=expired)) as server:
        with pytest.raises(Untrusted, match=words) as caught:
            make(server, authority.path).connect()
        assert caught.value.exit_code == 4
    assert bytes(server.received) == b""


def test_another_ca_gets_no_byte(server: ScriptedServer, stranger: Authority) -> None:
    with pytest.raises(Untrusted, match="not signed by the authority"):
        make(server, stranger.path).connect()
    assert bytes(server.received) == b""


def test_another_fingerprint_gets_nothing_but_the_question(server: ScriptedServer, stranger: Authority) -> None:
    link = f"securechat://localhost:{server.port}/general?invite=token&ca={hashlib.sha256(stranger.der).hexdigest()}"
    with pytest.raises(Untrusted, match="not the server that the link is for"):
        Client(link, "carol", password="another99", register=True, timeout=10).connect()
    assert bytes(server.received) == b"CACERT\r\n"


def test_an_impostor_with_the_right_ca_text_gets_no_byte(
    chat: FakeServer, authority: Authority, stranger: Authority
) -> None:
    """The CA can be copied from the real server, but not what it has signed."""
    with ScriptedServer(chat, stranger.issue()) as server:
        link = f"securechat://localhost:{server.port}/?ca={hashlib.sha256(authority.der).hexdigest()}"
        with pytest.raises(Untrusted, match="not signed by the authority"):
            Client(link, "carol", password="another99", timeout=10).connect()
    assert bytes(server.received) == b"CACERT\r\n"


def test_a_plain_port_and_no_port(chat: FakeServer, authority: Authority) -> None:
    with ScriptedServer(chat, authority.issue(), plain=True) as server:
        with pytest.raises(CannotConnect, match="does not speak TLS") as caught:
            make(server, authority.path).connect()
        assert caught.value.exit_code == 3
    with pytest.raises(CannotConnect, match="Connection refused"):
        make(server, authority.path).connect()
    assert b"anna" not in server.received


def test_without_a_ca_nothing_is_tried(server: ScriptedServer) -> None:
    with pytest.raises(Untrusted, match="which CA vouches for localhost"):
        Client(f"localhost:{server.port}", "anna").connect()


@pytest.mark.parametrize("text", ["two\nlines", "nul\0", "", "x" * 500])
def test_what_is_no_message_is_refused_before_it_is_sent(
    server: ScriptedServer, authority: Authority, text: str
) -> None:
    with make(server, authority.path) as client:
        with pytest.raises(UsageError):
            client.submit("#general", text)
        with pytest.raises(UsageError):
            client.submit("#gen eral", "x")
        assert all(len(piece.encode()) < 450 for piece in client.split("#general", "ю" * 1000))


@pytest.mark.parametrize(("name", "password"), [("1anna", "x"), ("an na", "x"), ("anna", "x\ny"), ("anna", "x" * 1025)])
def test_names_and_passwords_that_can_never_work(name: str, password: str) -> None:
    with pytest.raises(UsageError):
        Client("localhost", name, password=password)


def test_closing_ends_every_wait(server: ScriptedServer, authority: Authority) -> None:
    client = make(server, authority.path)
    client.connect()
    heard: list[object] = []
    reader = threading.Thread(target=lambda: heard.extend(client.events()))
    reader.start()
    client.close()
    client.close()
    reader.join(10)
    assert not reader.is_alive()
    assert not any(isinstance(event, Ended) for event in heard)
    assert client.next_event(0) == Ended(None)
    with pytest.raises(CannotConnect, match="closed"):
        client.send("#general", "too late")
    assert not [thread for thread in threading.enumerate() if thread.name == "connection"]


def test_the_contexts_of_the_library_verify(authority: Authority) -> None:
    from securechat.client.trust import verifying_context

    context = verifying_context(authority.pem)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    with pytest.raises(Untrusted):
        verifying_context("no certificate")


def test_another_link_is_made_when_it_is_asked_for(server: ScriptedServer, authority: Authority) -> None:
    with make(server, authority.path) as client:
        client.join("general")
        assert client.next_attempt is None
        client.reconnect()
        while not isinstance(event := client.next_event(10), Disconnected):
            assert event is not None
        assert event.reason == "Another link was asked for."
        client.send("#general", "over the new link", timeout=20)
        server.refusing.set()
        server.cut()
        while not isinstance(event := client.next_event(10), Disconnected):
            assert event is not None
        client._connection._backoff = Patient()  # type: ignore[union-attr]
        client.reconnect()
        while (client.next_attempt or 0) < 30:  # until an attempt has failed, after which it waits for long
            assert client.next_event(0.01) is None
        server.refusing.clear()
        client.reconnect()
        client.send("#general", "at once", timeout=20)
        assert client.next_attempt is None


class Patient:
    """Waits for a minute between two attempts."""

    def next_wait(self) -> float:
        return 60.0

    def reset(self) -> None:
        """Nothing is counted."""


@pytest.mark.parametrize("params", [("", "x"), ("a b", "x"), (":a", "x"), ("a\r\nb",)])
def test_what_cannot_stand_in_a_line_never_gets_there(
    server: ScriptedServer, authority: Authority, params: tuple[str, ...]
) -> None:
    with make(server, authority.path) as client:
        with pytest.raises(UsageError):
            client.ask("KICK", *params)
        client.join("general")
