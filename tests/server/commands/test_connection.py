"""PING, PONG, QUIT, CACERT, LUSERS: what keeps a connection going and tells of the server."""

import base64

import pytest

from tests.server.harness import Harness, code_of

SERVER = ":chat.test"


@pytest.mark.parametrize("token", ["x", "1 2", ":-)", "я" * 20])
def test_ping_is_answered_with_its_token(harness: Harness, token: str) -> None:
    wanted = f"{SERVER} PONG chat.test {token if ' ' not in token and token[0] != ':' else f':{token}'}"
    assert harness.connection().answers(f"PING :{token}") == [wanted]
    assert harness.person("alice").answers(f"PING :{token}") == [wanted]


@pytest.mark.parametrize("line", ["PING", "PING :"])
def test_ping_without_a_token(harness: Harness, line: str) -> None:
    assert harness.person("alice").answers(line) == [f"{SERVER} 409 alice :No origin specified"]


def test_a_token_as_long_as_a_line_is_cut(harness: Harness) -> None:
    (line,) = harness.person("alice").answers(f"PING :{'я' * 250}")
    assert 508 <= len(line.encode()) <= 510
    assert line.startswith(f"{SERVER} PONG chat.test яяя")


def test_quit_is_answered_and_seen_with_its_reason(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="batch labeled-response")
    stranger = harness.person("carol")
    assert alice.answers("@label=x QUIT :so long") == [
        "@label=x :chat.test ACK",
        "ERROR :Closing link: (Quit: so long)",
    ]
    assert alice.outlet.closed == "Quit: so long"
    assert bob.received() == [":alice!alice@securechat QUIT :Quit: so long"]
    assert stranger.received() == []
    bob.sends("QUIT")
    assert bob.received() == ["ERROR :Closing link: (Quit)"]
    assert not harness.hub.rooms["#tea"].members


def test_lines_behind_a_quit_are_not_run(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    alice.sends_bytes(b"PRIVMSG #tea :last\r\nQUIT\r\nPRIVMSG #tea :never\r\n")
    assert [line.partition(" ")[2] for line in bob.received()] == ["PRIVMSG #tea :last", "QUIT :Quit"]
    alice.sends("PRIVMSG #tea :never")
    assert bob.received() == []


def test_quitting_before_login(harness: Harness) -> None:
    one = harness.connection()
    assert one.answers("QUIT :x") == ["ERROR :Closing link: (Quit: x)"]
    assert not harness.hub.sessions


def test_a_quit_waits_for_what_was_said_before(harness: Harness) -> None:
    alice, _ = harness.members_of("#tea", "alice", "bob", capabilities="echo-message")
    alice.sends_bytes(b"PRIVMSG #tea :last\r\nQUIT\r\n")
    assert alice.received() == [":alice!alice@securechat PRIVMSG #tea :last", "ERROR :Closing link: (Quit)"]


def test_the_ca_certificate_is_handed_out_to_anybody(harness: Harness) -> None:
    harness.hub.authority_der = bytes(range(256)) * 2
    one = harness.connection()
    *parts, end = one.answers("CACERT")
    assert end == f"{SERVER} CACERT *"
    assert all(len(part.split()[2]) <= 400 for part in parts)
    assert base64.b64decode("".join(part.split()[2] for part in parts)) == harness.hub.authority_der


def test_counts_are_right_at_once(harness: Harness) -> None:
    alice, _ = harness.members_of("#tea", "alice", "bob")
    harness.account("root", administrator=True)
    root = harness.person("root", password="correct horse")
    waiting = harness.connection()

    def counts() -> dict[str, str]:
        return {code_of(line): line.partition(" alice ")[2] for line in alice.answers("LUSERS")}

    before = {
        "251": ":There are 0 users and 3 invisible on 1 servers",
        "252": "1 :operator(s) online",
        "253": "1 :unknown connection(s)",
        "254": "2 :channels formed",
        "255": ":I have 3 clients and 0 servers",
        "265": "3 3 :Current local users 3, max 3",
        "266": "3 3 :Current global users 3, max 3",
    }
    assert counts() == before
    root.sends("QUIT")
    waiting.vanishes()
    after = counts()
    assert (after["252"], after["253"]) == ("0 :operator(s) online", "0 :unknown connection(s)")
    assert after["265"] == "2 3 :Current local users 2, max 3"
