"""CHATHISTORY (draft/chathistory): every subcommand, every refusal, and who may read what."""

from pathlib import Path

import pytest

from securechat.clock import format_time
from tests.server.harness import MODERN, Harness, Person, code_of, running

PASSWORD = "correct horse"
START = 1_764_000_000_000


class Tea:
    """A room with ten messages, a second apart, and somebody in it."""

    def __init__(self, harness: Harness, padding: str = "") -> None:
        self.harness = harness
        harness.account("alice", PASSWORD)
        self.alice = harness.person("alice", MODERN, password=PASSWORD)
        self.alice.sends("JOIN #tea")
        self.alice.received()
        self.ids: list[str] = []
        for number in range(10):
            harness.time = START + number * 1000
            (echo,) = self.alice.answers(f"PRIVMSG #tea :m{number}{padding}")
            self.ids.append(echo.partition("msgid=")[2].partition(";")[0].partition(" ")[0])

    def time(self, number: float) -> str:
        """The selector of the moment of a message."""
        return f"timestamp={format_time(START + int(number * 1000))}"

    def id(self, number: int) -> str:
        """The selector of a message."""
        return f"msgid={self.ids[number]}"


@pytest.fixture
def tea(harness: Harness) -> Tea:
    return Tea(harness)


def page(one: Person, line: str, target: str = "#tea") -> list[str]:
    """The texts of the page that a CHATHISTORY is answered with; checks its frame."""
    first, *lines, last = one.answers(f"CHATHISTORY {line}")
    assert first == f":chat.test BATCH +h chathistory {target}"
    assert last == ":chat.test BATCH -h"
    assert all(one.startswith("@batch=h;time=") for one in lines)
    return [one.partition(" :")[2].partition(" :")[2] for one in lines]


def said(*numbers: int) -> list[str]:
    return [f"m{number}" for number in numbers]


def test_latest(tea: Tea) -> None:
    assert page(tea.alice, "LATEST #tea * 3") == said(7, 8, 9)
    assert page(tea.alice, f"latest #TEA {tea.id(7)} 10") == said(8, 9)
    assert page(tea.alice, f"LATEST #tea {tea.time(7)} 10") == said(8, 9)
    assert page(tea.alice, f"LATEST #tea {tea.id(2)} 2") == said(8, 9)
    assert page(tea.alice, f"LATEST #tea {tea.id(9)} 2") == []


def test_before_and_after(tea: Tea) -> None:
    for point in (tea.id(5), tea.time(5)):
        assert page(tea.alice, f"BEFORE #tea {point} 2") == said(3, 4)
        assert page(tea.alice, f"AFTER #tea {point} 2") == said(6, 7)
    assert page(tea.alice, f"BEFORE #tea {tea.time(5.5)} 1") == said(5)
    assert page(tea.alice, f"AFTER #tea {tea.time(5.5)} 1") == said(6)
    assert page(tea.alice, f"BEFORE #tea {tea.id(0)} 5") == []
    assert page(tea.alice, f"AFTER #tea {tea.id(9)} 5") == []


def test_around(tea: Tea) -> None:
    assert page(tea.alice, f"AROUND #tea {tea.id(5)} 3") == said(4, 5, 6)
    assert page(tea.alice, f"AROUND #tea {tea.time(5)} 1") == said(5)


def test_between(tea: Tea) -> None:
    assert page(tea.alice, f"BETWEEN #tea {tea.id(2)} {tea.id(6)} 10") == said(3, 4, 5)
    assert page(tea.alice, f"BETWEEN #tea {tea.id(2)} {tea.id(8)} 2") == said(3, 4)
    assert page(tea.alice, f"BETWEEN #tea {tea.id(8)} {tea.id(2)} 2") == said(6, 7)
    assert page(tea.alice, f"BETWEEN #tea {tea.time(1.5)} {tea.id(4)} 10") == said(2, 3)


def test_lines_come_with_their_old_tags_and_who_said_them(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", MODERN, password=PASSWORD)
    alice.sends("JOIN #tea")
    alice.received()
    (echo,) = alice.answers("@+draft/reply=a\\sb;+x PRIVMSG #tea :hi")
    alice.sends("NICK Anna", "TAGMSG #tea", "TOPIC #tea :x")
    alice.received()
    shown = alice.answers("CHATHISTORY LATEST #tea * 10")
    assert shown[1:-1] == [f"@batch=h;{echo[1:]}"]


def test_a_label_stands_on_the_batch(tea: Tea) -> None:
    first, line, last = tea.alice.answers("@label=x CHATHISTORY LATEST #tea * 1")
    assert first == "@label=x :chat.test BATCH +h chathistory #tea"
    assert line.startswith("@batch=h;")
    assert last == ":chat.test BATCH -h"


def test_more_than_the_maximum_is_cut_to_it(tmp_path: Path) -> None:
    with running(tmp_path, history__page_messages=4) as harness:
        assert page(Tea(harness).alice, "LATEST #tea * 1000000000000") == said(6, 7, 8, 9)


BAD_REQUESTS = [
    ("", "INVALID_PARAMS * :Unknown command"),
    ("SOME #tea * 1", "INVALID_PARAMS SOME :Unknown command"),
    ("LATEST", "INVALID_PARAMS LATEST :Insufficient parameters"),
    ("LATEST #tea *", "INVALID_PARAMS LATEST :Insufficient parameters"),
    ("LATEST #tea * 1 1", "INVALID_PARAMS LATEST :Too many parameters"),
    ("BETWEEN #tea * 1", "INVALID_PARAMS BETWEEN :Insufficient parameters"),
    ("LATEST #tea * 0", "INVALID_PARAMS LATEST :A limit is a number from 1 on"),
    ("LATEST #tea * -1", "INVALID_PARAMS LATEST :A limit is a number from 1 on"),
    ("LATEST #tea * x", "INVALID_PARAMS LATEST :A limit is a number from 1 on"),
    ("LATEST #tea * ²", "INVALID_PARAMS LATEST :A limit is a number from 1 on"),
    ("BEFORE #tea * 1", "INVALID_MSGREFTYPE BEFORE #tea :"),
    ("BEFORE #tea time=1 1", "INVALID_MSGREFTYPE BEFORE #tea :"),
    (
        "BEFORE #tea timestamp=yesterday 1",
        "INVALID_PARAMS BEFORE timestamp=yesterday :A time is written as timestamp=2026-11-22T08:00:00.000Z",
    ),
    ("AFTER #tea timestamp=2026-13-01T00:00:00Z 1", "INVALID_PARAMS AFTER timestamp=2026-13-01T00:00:00Z :A time"),
    ("AFTER #tea msgid=other-1 1", "INVALID_PARAMS AFTER msgid=other-1 :Unknown message id"),
    ("AFTER #tea msgid= 1", "INVALID_PARAMS AFTER msgid= :Unknown message id"),
    ("LATEST #nowhere * 1", "INVALID_TARGET LATEST #nowhere :"),
    ("LATEST nobody * 1", "INVALID_TARGET LATEST nobody :"),
    ("TARGETS * * 1", "INVALID_MSGREFTYPE TARGETS * :"),
    ("TARGETS timestamp=2026-01-01T00:00:00.000Z 1", "INVALID_PARAMS TARGETS :Insufficient parameters"),
]


def test_what_cannot_be_understood(harness: Harness) -> None:
    alice = harness.person("alice", MODERN)
    alice.sends("JOIN #tea")
    alice.received()
    for line, answer in BAD_REQUESTS:
        (got,) = alice.answers(f"@label=x CHATHISTORY {line}")
        assert got.startswith(f"@label=x :chat.test FAIL CHATHISTORY {answer}")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_the_ends_of_time(tea: Tea, moment: str) -> None:
    early = moment.startswith("0")
    assert page(tea.alice, f"AFTER #tea timestamp={moment} 2") == (said(0, 1) if early else [])
    assert page(tea.alice, f"BEFORE #tea timestamp={moment} 2") == ([] if early else said(8, 9))


def test_targets_tell_where_something_was_said_oldest_first(harness: Harness) -> None:
    for name in ("alice", "bob"):
        harness.account(name, PASSWORD)
    alice = harness.person("alice", MODERN, password=PASSWORD)
    alice.sends("JOIN #b,#a,#quiet")
    moments = {}
    for number, target in enumerate(("#a", "bob", "#b", "#a")):
        harness.time = START + number * 1000
        alice.sends(f"PRIVMSG {target} :hi")
        moments[target] = format_time(harness.time)
    alice.received()
    everything = f"timestamp={format_time(0)} timestamp={format_time(START + 60_000)}"
    first, *lines, last = alice.answers(f"@label=x CHATHISTORY TARGETS {everything} 10")
    assert first == "@label=x :chat.test BATCH +h draft/chathistory-targets"
    assert lines == [
        f"@batch=h :chat.test CHATHISTORY TARGETS {target} {moments[target]}" for target in ("bob", "#b", "#a")
    ]
    assert last == ":chat.test BATCH -h"

    def names(arguments: str) -> list[str]:
        return [line.split()[4] for line in alice.answers(f"CHATHISTORY TARGETS {arguments}") if "TARGETS" in line]

    assert names(f"{everything} 1") == ["bob"]
    assert names(" ".join(reversed(everything.split())) + " 10") == ["bob", "#b", "#a"]
    bounds = f"timestamp={moments['bob']} timestamp={moments['#a']}"
    assert names(f"{bounds} 10") == ["#b"]
    alice.sends("PART #b")
    alice.received()
    assert names(f"{everything} 10") == ["bob", "#a"]
    mixed = f"msgid={harness.journal.epoch}-1 {everything.split()[1]}"
    (line,) = alice.answers(f"CHATHISTORY TARGETS {mixed} 1")
    assert line.startswith(":chat.test FAIL CHATHISTORY INVALID_PARAMS TARGETS ")


# Rights


def test_only_who_is_in_a_room_reads_it(harness: Harness, tea: Tea) -> None:
    outside = harness.person("bob", MODERN)
    refused = ":chat.test FAIL CHATHISTORY INVALID_TARGET LATEST #tea :"
    assert outside.answers("CHATHISTORY LATEST #tea * 1")[0].startswith(refused)
    outside.sends("JOIN #tea")
    outside.received()
    assert page(outside, "LATEST #tea * 1") == said(9)
    outside.sends("PART #tea")
    outside.received()
    assert outside.answers("CHATHISTORY LATEST #tea * 1")[0].startswith(refused)


def test_nobody_reads_the_direct_messages_of_others(harness: Harness) -> None:
    for name in ("alice", "bob", "eve"):
        harness.account(name, PASSWORD)
    alice = harness.person("alice", MODERN, password=PASSWORD)
    alice.sends("PRIVMSG bob :between us", "PRIVMSG alice :memo")
    eve = harness.person("eve", MODERN, password=PASSWORD)
    for target in ("alice", "bob"):
        assert page(eve, f"LATEST {target} * 10", target) == []
    everything = f"timestamp={format_time(0)} timestamp={format_time(START + 60_000)}"
    assert len(eve.answers(f"CHATHISTORY TARGETS {everything} 10")) == 2
    bob = harness.person("bob", MODERN, password=PASSWORD)
    assert page(bob, "LATEST alice * 10", "alice") == ["between us"]
    alice.received()
    assert page(alice, "LATEST alice * 10", "alice") == ["memo"]
    assert page(alice, "LATEST BOB * 10", "BOB") == ["between us"]


def test_a_guest_reads_no_direct_messages_not_even_those_of_a_guest_of_that_name_before(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", MODERN, password=PASSWORD)
    guest = harness.person("bob", MODERN)
    alice.sends("PRIVMSG bob :secret")
    guest.sends("QUIT")
    later = harness.person("bob", MODERN)
    (line,) = later.answers("CHATHISTORY LATEST alice * 10")
    assert line.startswith(":chat.test FAIL CHATHISTORY INVALID_TARGET LATEST alice :")
    everything = f"timestamp={format_time(0)} timestamp={format_time(START + 60_000)}"
    assert [code_of(one) for one in later.answers(f"CHATHISTORY TARGETS {everything} 10")] == ["BATCH", "BATCH"]


def test_history_of_an_account_goes_with_it_through_a_change_of_nick(harness: Harness) -> None:
    for name in ("alice", "bob"):
        harness.account(name, PASSWORD)
    alice = harness.person("alice", MODERN, password=PASSWORD)
    bob = harness.person("bob", MODERN, password=PASSWORD)
    alice.sends("PRIVMSG bob :hi")
    bob.sends("NICK robert")
    alice.sends("NICK anna")
    alice.received()
    bob.received()
    assert page(alice, "LATEST robert * 10", "robert") == ["hi"]
    assert page(bob, "LATEST anna * 10", "anna") == ["hi"]


# Trouble


def test_a_page_is_read_behind_ones_own_messages(tea: Tea) -> None:
    tea.alice.sends_bytes(b"PRIVMSG #tea :newest\r\nCHATHISTORY LATEST #tea * 1\r\nPING x\r\n")
    lines = tea.alice.bodies()
    assert [code_of(line) for line in lines] == ["PRIVMSG", "BATCH", "PRIVMSG", "BATCH", "PONG"]
    assert lines[2].endswith(" :newest")


def test_busy_workers_and_a_broken_database(harness: Harness, tea: Tea, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise OSError("no disk")

    everything = f"timestamp={format_time(0)} timestamp={format_time(START)}"
    requests = {"LATEST #tea * 1": "LATEST #tea", f"TARGETS {everything} 1": "TARGETS"}
    for request, named in requests.items():
        harness.workers.full = True
        (line,) = tea.alice.answers(f"@label=x CHATHISTORY {request}")
        assert line.startswith(f"@label=x :chat.test FAIL CHATHISTORY TEMPORARILY_UNAVAILABLE {named} :")
        harness.workers.full = False
        with monkeypatch.context() as patch:
            patch.setattr(harness.database, "read", broken)
            (line,) = tea.alice.answers(f"@label=x CHATHISTORY {request}")
        assert line.startswith("@label=x :chat.test FAIL CHATHISTORY MESSAGE_ERROR ")
    assert page(tea.alice, "LATEST #tea * 1") == said(9)


def test_without_batches_the_lines_come_alone(harness: Harness, tea: Tea) -> None:
    bob = harness.person("bob", "draft/chathistory server-time")
    bob.sends("JOIN #tea")
    bob.received()
    (line,) = bob.answers("CHATHISTORY LATEST #tea * 1")
    assert line == f"@time={format_time(START + 9000)} :alice!alice@securechat PRIVMSG #tea :m9"


def test_targets_from_the_later_time_on_are_the_newest(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", MODERN, password=PASSWORD)
    for room in ("#one", "#two", "#three"):
        harness.time += 60_000
        alice.sends(f"JOIN {room}", f"PRIVMSG {room} :x")
    alice.received()
    early, late = "timestamp=2020-01-01T00:00:00.000Z", "timestamp=2030-01-01T00:00:00.000Z"

    def targets(line: str) -> list[str]:
        return [one.split()[4] for one in alice.answers(f"CHATHISTORY TARGETS {line}")[1:-1]]

    assert targets(f"{early} {late} 2") == ["#one", "#two"]
    assert targets(f"{late} {early} 2") == ["#two", "#three"]


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("LATEST #tea * 50", slice(-4, None)),
        ("LATEST #tea {early} 50", slice(-4, None)),
        ("BEFORE #tea {late} 50", slice(-4, None)),
        ("AFTER #tea {early} 50", slice(0, 4)),
        ("BETWEEN #tea {early} {late} 50", slice(0, 4)),
        ("BETWEEN #tea {late} {early} 50", slice(-4, None)),
        ("AROUND #tea {middle} 50", slice(3, 7)),
        ("AROUND #tea {id} 50", slice(3, 7)),
    ],
)
def test_a_page_that_is_too_long_for_the_queue_is_cut_where_it_matters_least(
    tmp_path: Path, asked: str, kept: slice
) -> None:
    with running(tmp_path, limits__send_queue_bytes=4096) as harness:
        tea = Tea(harness, padding="x" * 390)
        points = {"early": tea.time(-1), "late": tea.time(100), "middle": tea.time(5), "id": tea.id(5)}
        answer = tea.alice.answers(f"CHATHISTORY {asked.format(**points)}")
        texts = [one.rpartition(":")[2].removesuffix("x" * 390) for one in answer[1:-1]]
        assert texts == [f"m{number}" for number in range(10)][kept]
        assert sum(len(line) + 2 for line in answer) < 4096


def test_without_batches_a_page_is_cut_as_well(tmp_path: Path) -> None:
    with running(tmp_path, limits__send_queue_bytes=4096) as harness:
        tea = Tea(harness, padding="x" * 390)
        tea.alice.sends("CAP REQ :-batch")
        tea.alice.received()
        answer = tea.alice.answers("CHATHISTORY LATEST #tea * 50")
        assert 3 <= len(answer) < 6
        assert "PRIVMSG #tea :m9" in answer[-1]
