"""What clients without draft/chathistory are shown at login and at JOIN: all that they missed, once, in order."""

from pathlib import Path

import pytest

from securechat.clock import format_time
from securechat.server.heartbeat import CONFIRM_SECONDS, watch
from securechat.server.ports import Pool
from tests.server.harness import MODERN, Harness, Person, code_of, running

PASSWORD = "correct horse"
LOGIN = ("CAP LS 302", "NICK bob", "USER bob 0 * :B", "AUTHENTICATE PLAIN", "AUTHENTICATE AGJvYgBjb3JyZWN0IGhvcnNl")


def texts(lines: list[str]) -> list[str]:
    return [line.partition(" :")[2].rpartition(" :")[2] for line in lines if code_of(line) == "PRIVMSG"]


def bob_logs_in(harness: Harness, capabilities: str = "server-time") -> list[str]:
    """What bob is sent at login, up to now; he quits again."""
    bob = harness.connection()
    bob.sends(*LOGIN, f"CAP REQ :{capabilities}", "CAP END")
    lines = bob.received()
    bob.sends("QUIT")
    return lines


@pytest.fixture
def alice(harness: Harness) -> Person:
    """Somebody in #tea, where bob is a member as well, but gone."""
    for name in ("alice", "bob"):
        harness.account(name, PASSWORD)
    alice = harness.person("alice", password=PASSWORD)
    alice.sends("JOIN #tea,#cake")
    bob = harness.person("bob", password=PASSWORD)
    bob.sends("JOIN #tea,#cake", "QUIT")
    alice.received()
    return alice


def test_a_login_shows_what_was_said_meanwhile_once(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :one", "PRIVMSG bob :two", "PRIVMSG #cake :three")
    lines = bob_logs_in(harness)
    assert sorted(texts(lines)) == ["one", "three", "two"]
    assert [code_of(line) for line in lines][-3:] == ["PRIVMSG"] * 3
    assert all(line.startswith("@time=") for line in lines[-3:])
    assert texts(bob_logs_in(harness)) == []
    alice.sends("PRIVMSG #tea :four")
    assert texts(bob_logs_in(harness)) == ["four"]


def test_direct_messages_to_several_who_are_gone_are_missed_by_none(harness: Harness, alice: Person) -> None:
    """In one batch, with no other session of the author's: nobody hears them live."""
    harness.account("carol", PASSWORD)
    with harness.one_batch():
        alice.sends_unsettled(b"PRIVMSG bob :for bob\r\nPRIVMSG carol :for carol\r\n")
    assert texts(bob_logs_in(harness)) == ["for bob"]


def test_a_client_that_asks_for_history_itself_is_shown_nothing(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :one")
    assert texts(bob_logs_in(harness, MODERN)) == []
    assert texts(bob_logs_in(harness)) == ["one"]


def test_joining_shows_the_newest_lines_of_every_room(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :t1", "PRIVMSG #tea :t2", "PRIVMSG #cake :c1")
    carol = harness.person("carol", "server-time")
    lines = carol.answers("JOIN #tea,#cake,#new")
    assert texts(lines) == ["t1", "t2", "c1"]
    assert [code_of(line) for line in lines] == ["JOIN", "353", "366"] * 3 + ["PRIVMSG"] * 3


def test_what_is_said_while_the_replay_is_read_comes_once_and_in_order(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :before")
    carol = harness.person("carol", "server-time")
    harness.workers.put_off()
    with harness.one_batch():
        carol.sends_unsettled(b"JOIN #tea\r\n")
        alice.sends_unsettled(b"PRIVMSG #tea :right behind\r\n")
    alice.sends("PRIVMSG #tea :while it is read")
    assert texts(carol.received()) == []
    harness.workers.work()
    alice.sends("PRIVMSG #tea :after")
    assert texts(carol.received()) == ["before", "right behind", "while it is read", "after"]


def test_what_is_on_its_way_to_the_disk_at_a_login_is_shown(harness: Harness, alice: Person) -> None:
    for room in ("#tea", "#cake"):
        bob = harness.person("bob", password=PASSWORD)
        bob.sends(f"PART {room}", "QUIT")
    bob = harness.connection()
    bob.sends(*LOGIN)
    with harness.one_batch():
        alice.sends_unsettled(b"PRIVMSG bob :just now\r\n")
        bob.sends_unsettled(b"CAP END\r\n")
    harness.settle()
    assert texts(bob.received()) == ["[2025-11-24 16:00Z] just now"]


def test_lines_that_the_client_sends_meanwhile_wait(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :before")
    carol = harness.person("carol")
    harness.workers.put_off()
    carol.sends_bytes(b"JOIN #tea\r\nPING x\r\n")
    assert "PONG" not in carol.codes()
    harness.workers.work()
    harness.settle()
    assert carol.codes() == ["PRIVMSG", "PONG"]


def test_a_client_that_goes_while_the_replay_is_read(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :before")
    carol = harness.person("carol")
    harness.workers.put_off()
    carol.sends("JOIN #tea")
    carol.vanishes()
    harness.workers.work()
    harness.settle()
    assert carol.received()[-1] == "ERROR :Closing link: (Connection closed by the client)"
    alice.received()
    alice.sends("NAMES #tea")
    assert ":chat.test 353 alice = #tea :@alice" in alice.received()


@pytest.mark.parametrize("trouble", ["busy", "broken"])
def test_a_replay_that_is_impossible_is_told_and_live_lines_go_on(
    harness: Harness, alice: Person, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise OSError("no disk")

    alice.sends("PRIVMSG #tea :before")
    carol = harness.person("carol")
    harness.workers.full = trouble == "busy"
    with monkeypatch.context() as patch:
        if trouble == "broken":
            patch.setattr(harness.database, "read", broken)
        lines = carol.answers("JOIN #tea")
    assert lines[-1] == ":chat.test NOTICE carol :What was said before cannot be shown now; reconnect to try again"
    harness.workers.full = False
    alice.sends("PRIVMSG #tea :live")
    assert texts(carol.received()) == ["live"]


def test_a_join_that_could_not_be_stored_shows_nothing_of_the_room(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :secret")
    carol = harness.person("carol")
    with harness.disk_full():
        assert [code_of(line) for line in carol.answers("JOIN #tea")] == ["FAIL"]
    assert [code_of(line) for line in carol.answers("PING x")] == ["PONG"]


# How it looks


def test_as_a_batch_for_those_who_know_batches(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :one")
    carol = harness.person("carol", "batch server-time message-tags")
    start, line, end = carol.answers("JOIN #tea")[-3:]
    reference = start.split()[2].removeprefix("+")
    assert start == f":chat.test BATCH +{reference} chathistory #tea"
    assert line.startswith(f"@batch={reference};time={format_time(harness.time)};msgid=")
    assert end == f":chat.test BATCH -{reference}"


def test_without_server_time_the_text_tells_it(harness: Harness, alice: Person) -> None:
    alice.sends("PRIVMSG #tea :one", "PRIVMSG #tea :\x01ACTION waves\x01")
    carol = harness.person("carol")
    assert carol.answers("JOIN #tea")[-2:] == [
        ":alice!alice@securechat PRIVMSG #tea :[2025-11-24 16:00Z] one",
        ":alice!alice@securechat PRIVMSG #tea :\x01ACTION [2025-11-24 16:00Z] waves\x01",
    ]


@pytest.mark.parametrize(("before", "after"), [("", ""), ("\x01ACTION ", "\x01")])
def test_a_line_that_has_no_room_for_the_time_is_shown_as_two(
    harness: Harness, alice: Person, before: str, after: str
) -> None:
    room = 512 - len(f":alice!alice@securechat PRIVMSG #tea :{before}{after}\r\n")
    text = ("я" * (room // 2)) + "x" * (room % 2)
    alice.sends(f"PRIVMSG #tea :{before}{text}{after}")
    lines = harness.person("carol").answers("JOIN #tea")[-2:]
    assert all(len(line.encode()) <= 510 for line in lines)
    parts = [line.partition(" #tea :")[2] for line in lines]
    prefix = f"{before}[2025-11-24 16:00Z] "
    assert all(part.startswith(prefix) and part.endswith(after) for part in parts)
    assert "".join(part.removeprefix(prefix).removesuffix(after or "\r") for part in parts) == text


@pytest.mark.parametrize(("lines", "shown"), [(2, ["m3", "m4"]), (0, [])])
def test_at_most_so_many_lines(tmp_path: Path, lines: int, shown: list[str]) -> None:
    with running(tmp_path, history__replay_lines=lines) as harness:
        harness.account("bob", PASSWORD)
        alice = harness.members_of("#tea", "alice")[0]
        harness.person("bob", password=PASSWORD).sends("JOIN #tea", "QUIT")
        alice.sends(*(f"PRIVMSG #tea :m{number}" for number in range(5)))
        assert texts(bob_logs_in(harness)) == shown
        carol = harness.person("carol")
        assert [text.partition("Z] ")[2] for text in texts(carol.answers("JOIN #tea"))] == shown


# What counts as received


def test_a_link_that_breaks_may_have_lost_lines_unless_they_were_confirmed(harness: Harness, alice: Person) -> None:
    bob = harness.person("bob", password=PASSWORD)
    alice.sends("PRIVMSG #tea :confirmed")
    with harness.hub.lock:
        harness.now += CONFIRM_SECONDS + 1
        watch(harness.hub, bob.session, harness.now)
    ping = bob.received()[-1]
    assert ping.startswith(":chat.test PING ")
    bob.sends(f"PONG {ping.split()[2]}")
    alice.sends("PRIVMSG #tea :lost in the link")
    bob.vanishes()
    assert texts(bob_logs_in(harness)) == ["lost in the link"]


@pytest.mark.parametrize("token", ["99999999", "x", "-1", "²", "9" * 30])
def test_a_pong_cannot_confirm_what_was_not_sent(harness: Harness, alice: Person, token: str) -> None:
    bob = harness.person("bob", password=PASSWORD)
    bob.sends(f"PONG {token}")
    bob.vanishes()
    alice.sends("PRIVMSG #tea :later")
    assert "later" in texts(bob_logs_in(harness))


def test_what_was_received_outlives_the_server(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        for name in ("alice", "bob"):
            harness.account(name, PASSWORD)
        alice = harness.person("alice", password=PASSWORD)
        bob = harness.person("bob", password=PASSWORD)
        for one in (alice, bob):
            one.sends("JOIN #tea")
        alice.sends("PRIVMSG #tea :seen")
        bob.sends("QUIT")
        alice.sends("PRIVMSG #tea :missed")
    with running(tmp_path) as again:
        assert texts(bob_logs_in(again)) == ["missed"]


def test_nobody_pays_for_what_is_not_there(harness: Harness, alice: Person) -> None:
    bob_logs_in(harness)
    harness.workers.done.clear()
    bob_logs_in(harness)
    harness.person("carol").sends("JOIN #new")
    assert Pool.READING not in harness.workers.done


def test_a_replay_never_fills_the_outbox(tmp_path: Path) -> None:
    """Long lines lose their oldest, as all would cut the connection at each login; short pages stay whole."""
    with running(tmp_path, limits__send_queue_bytes=65_536) as harness:
        for name in ("alice", "bob"):
            harness.account(name, PASSWORD)
        alice = harness.person("alice", "message-tags", password=PASSWORD)
        bob = harness.person("bob", password=PASSWORD)
        for one in (alice, bob):
            one.sends("JOIN #tea,#cake,#milk")
        bob.vanishes()
        for number in range(20):
            for room in ("#tea", "#cake"):
                alice.sends(f"@+x={'y' * 4000} PRIVMSG {room} :{room} {number}")
        alice.sends("PRIVMSG #milk :first", "PRIVMSG #milk :second")
        for capabilities in ("message-tags server-time", "message-tags server-time batch"):
            bob = harness.connection()
            bob.sends(*LOGIN, f"CAP REQ :{capabilities}", "CAP END")
            assert max(map(len, bob.outlet.chunks)) < 32_768 + 1000
            shown = texts(bob.received())
            assert [text for text in shown if text in ("first", "second")] == ["first", "second"]
            for room in ("#tea", "#cake"):
                newest = [text for text in shown if text.startswith(room)]
                assert newest == [f"{room} {number}" for number in range(20 - len(newest), 20)]
                assert len(newest) in (3, 4)
            bob.vanishes()
