"""Section "multiline" of the IRC surface: messages of several lines (draft/multiline, extensions/client-batch)."""

from pathlib import Path

import pytest

from securechat.server.heartbeat import watch
from securechat.server.multiline import MAX_BYTES, MAX_LINES, OPEN_SECONDS
from tests.server.harness import MODERN, Harness, Person, code_of, running

CAPS = f"{MODERN} draft/multiline"
PASSWORD = "correct horse"
OPEN = "BATCH +1 draft/multiline #tea"


def tags_of(line: str) -> dict[str, str]:
    if not line.startswith("@"):
        return {}
    words = line[1:].partition(" ")[0].split(";")
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def body_of(line: str) -> str:
    return line.partition(" ")[2] if line.startswith("@") else line


@pytest.fixture
def people(harness: Harness) -> list[Person]:
    """Two who know multiline, one who knows tags, one who knows nothing."""
    everybody = [
        harness.person("alice", CAPS),
        harness.person("bob", CAPS),
        harness.person("tagged", "message-tags server-time"),
        harness.person("old"),
    ]
    for one in everybody:
        one.sends("JOIN #tea")
    for one in everybody:
        one.received()
    return everybody


def test_one_message_for_who_knows_it_and_lines_for_others(people: list[Person]) -> None:
    alice, bob, tagged, old = people
    alice.sends(
        "@label=x;+draft/reply=z BATCH +123 draft/multiline #TEA",
        "@batch=123 PRIVMSG #tea hello",
        "@batch=123 PRIVMSG #tea :",
        "@batch=123 privmsg #tea :how is ",
        "@batch=123;draft/multiline-concat PRIVMSG #tea :everyone?",
    )
    assert [one.received() for one in people] == [[], [], [], []]
    alice.sends("BATCH -123")
    start, *lines, end = bob.received()
    assert body_of(start).startswith(":alice!alice@securechat BATCH +m")
    assert body_of(start).endswith(" draft/multiline #tea")
    reference = start.partition("BATCH +")[2].split()[0]
    assert set(tags_of(start)) == {"time", "msgid", "+draft/reply"}
    said = ":alice!alice@securechat PRIVMSG #tea :"
    assert lines == [
        f"@batch={reference} {said}hello",
        f"@batch={reference} {said}",
        f"@batch={reference} {said}how is ",
        f"@batch={reference};draft/multiline-concat {said}everyone?",
    ]
    assert end == f":alice!alice@securechat BATCH -{reference}"
    echo = alice.received()
    assert tags_of(echo[0]) == tags_of(start) | {"label": "x"}
    assert echo[1:] == [*lines, end]
    plain = [f"{said}hello", f"{said}how is ", f"{said}everyone?"]
    assert old.received() == plain
    alone = tagged.received()
    assert [body_of(line) for line in alone] == plain
    assert [tags_of(line).get("msgid") for line in alone] == [tags_of(start)["msgid"], None, None]
    assert all(tags_of(line)["time"] == tags_of(start)["time"] and "+draft/reply" in tags_of(line) for line in alone)


def test_many_bytes_of_tags_are_told_once(people: list[Person]) -> None:
    alice, _, tagged, _ = people
    alice.sends(f"@+a={'x' * 3900} {OPEN}", *[f"{LINE}a"] * 3, "BATCH -1")
    assert [len(tags_of(line).get("+a", "")) for line in tagged.received()] == [3900, 0, 0]


def test_byte_by_byte(people: list[Person]) -> None:
    alice, bob, *_ = people
    whole = f"{OPEN}\r\n@batch=1 NOTICE #tea :привет\r\n@batch=1 NOTICE #tea :b\r\nBATCH -1\r\n".encode()
    for byte in whole:
        alice.sends_unsettled(bytes([byte]))
    alice.harness.settle()
    assert [code_of(line) for line in bob.received()] == ["BATCH", "NOTICE", "NOTICE", "BATCH"]


def test_history_gives_it_back_as_one(harness: Harness, people: list[Person]) -> None:
    alice, bob, tagged, _ = people
    alice.sends("PRIVMSG #tea :before", OPEN, "@batch=1 PRIVMSG #tea :one", "@batch=1 PRIVMSG #tea :two", "BATCH -1")
    *_, live, _, _, _ = bob.received()
    start, inner, first, second, inner_end, end = bob.answers("CHATHISTORY LATEST #tea * 1")
    assert [code_of(line) for line in (start, inner, inner_end, end)] == ["BATCH"] * 4
    assert tags_of(inner) == tags_of(live) | {"batch": "h"}
    reference = inner.partition("BATCH +")[2].split()[0]
    assert [tags_of(line) for line in (first, second)] == [{"batch": reference}] * 2
    assert tags_of(inner_end) == {}
    tagged.sends("CAP REQ :batch draft/chathistory")
    tagged.received()
    _, before, one, two, _ = tagged.answers("CHATHISTORY LATEST #tea * 2")
    assert tags_of(before)["batch"] == tags_of(one)["batch"] == tags_of(two)["batch"] == "h"
    assert tags_of(one)["msgid"] == tags_of(inner)["msgid"]
    assert "msgid" not in tags_of(two)
    late = harness.person("late")
    late.sends("JOIN #tea")
    assert [line.partition(" PRIVMSG #tea :")[2] for line in late.received()[-3:]] == [
        "[2025-11-24 16:00Z] before",
        "[2025-11-24 16:00Z] one",
        "two",
    ]


def test_direct_messages_and_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("alice", PASSWORD)
        harness.account("bob", PASSWORD)
        alice = harness.person("alice", CAPS, password=PASSWORD)
        alice.sends(
            "BATCH +a-1 draft/multiline bob", "@batch=a-1 PRIVMSG bob :1", "@batch=a-1 PRIVMSG bob :2", "BATCH -a-1"
        )
        assert [code_of(line) for line in alice.received()] == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]
    with running(tmp_path) as harness:
        bob = harness.person("bob", CAPS, password=PASSWORD)
        assert [code_of(line) for line in bob.answers("CHATHISTORY LATEST alice * 9")] == [
            "BATCH", "BATCH", "PRIVMSG", "PRIVMSG", "BATCH", "BATCH",
        ]  # fmt: skip


LINE = "@batch=1 PRIVMSG #tea :"
LINE2 = "@batch=2 PRIVMSG #tea :nested"


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([OPEN, f"{LINE}a", f"{LINE[:8]};draft/multiline-concat{LINE[8:]}", "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, LINE, LINE, "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, f"{LINE}a", "@batch=1 NOTICE #tea :b", "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, f"{LINE}a", "@batch=1;+x TAGMSG #tea", "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, "@batch=2 PRIVMSG #tea :a", f"{LINE}a", "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, "PRIVMSG #tea :a", "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, "@batch=1 PRIVMSG #other :a", "BATCH -1"], "MULTILINE_INVALID_TARGET #tea #other :"),
        ([OPEN, *[f"{LINE}a"] * (MAX_LINES + 1), "BATCH -1"], f"MULTILINE_MAX_LINES {MAX_LINES} :"),
        ([OPEN, *[f"{LINE}{'я' * 200}"] * (MAX_BYTES // 400 + 1), "BATCH -1"], f"MULTILINE_MAX_BYTES {MAX_BYTES} :"),
        ([OPEN, f"{LINE}a", "BATCH -2", "BATCH -1"], "MULTILINE_INVALID :"),
        (["BATCH -1"], "MULTILINE_INVALID :"),
        (["BATCH +1 draft/multiline", f"{LINE}a", "BATCH -1"], "MULTILINE_INVALID :"),
        (["BATCH +1 draft/multiline #tea,#b", f"{LINE}a", "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, OPEN, f"{LINE}a", "BATCH -1"], "MULTILINE_INVALID :"),
        (["@batch=0 BATCH +1 draft/multiline #tea", f"{LINE}a", "BATCH -1"], "MULTILINE_INVALID :"),
        (["BATCH +1 netsplit #tea", f"{LINE}a", "BATCH -1"], "UNKNOWN_TYPE 1 netsplit :"),
        (["BATCH +1", f"{LINE}a", "BATCH -1"], "UNKNOWN_TYPE 1 * :"),
        (["BATCH +a_b draft/multiline #tea", "@batch=a_b PRIVMSG #tea :a", "BATCH -a_b"], "INVALID_REFTAG a_b :"),
        (["BATCH"], "INVALID_REFTAG * :"),
        ([OPEN, f"{LINE}a", OPEN.replace("1", "2"), f"{LINE}b", LINE2, "BATCH -2", "BATCH -1"], "MULTILINE_INVALID :"),
        ([OPEN, f"{LINE}a", OPEN.replace("1", "2"), "BATCH -1"], "MULTILINE_INVALID :"),
        ([LINE2], "MULTILINE_INVALID :No such batch is open"),
        (["BATCH +2 netsplit #tea", LINE2, LINE2, "BATCH -2"], "UNKNOWN_TYPE 2 netsplit :"),
    ],
)
def test_what_breaks_the_rules_is_refused_once_and_nothing_of_it_is_said(
    people: list[Person], lines: list[str], answer: str
) -> None:
    alice, bob, *_ = people
    alice.sends(*lines)
    (got,) = alice.received()
    assert got.startswith(f":chat.test FAIL BATCH {answer}")
    assert bob.received() == []
    alice.sends("PRIVMSG #tea :still here")
    assert [code_of(line) for line in bob.received()] == ["PRIVMSG"]


def test_a_refusal_carries_the_label_of_the_beginning(people: list[Person]) -> None:
    alice, *_ = people
    alice.sends(f"@label=x {OPEN}", "@batch=1 PRIVMSG #other :a", "BATCH -1")
    (line,) = alice.received()
    assert line.startswith("@label=x :chat.test FAIL BATCH MULTILINE_INVALID_TARGET ")


@pytest.mark.parametrize(
    "foreign", ["PRIVMSG bob :a", "@batch=2 NOTICE #tea :a", "BATCH -2", "BATCH +2 draft/multiline #tea"]
)
def test_what_has_no_place_in_a_batch_is_answered_by_its_label(people: list[Person], foreign: str) -> None:
    alice, bob, *_ = people
    labelled = foreign.replace("@", "@label=y;") if foreign[0] == "@" else f"@label=y {foreign}"
    alice.sends(f"@label=x {OPEN}", labelled)
    answers = alice.received()
    assert [line.split()[:4] for line in answers] == [
        [f"@label={label}", ":chat.test", "FAIL", "BATCH"] for label in ("x", "y")
    ]
    alice.sends(f"{LINE}a", "BATCH -1")
    assert alice.received() == bob.received() == []


def test_tags_are_for_who_has_negotiated_them(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="draft/multiline batch")
    bob.sends("CAP REQ message-tags")
    bob.received()
    alice.sends(f"@+x=y {OPEN}", f"{LINE}a", f"{LINE}b", "BATCH -1")
    assert "+x" not in bob.received()[0]


def test_channel_mode_capital_c_counts_for_every_line(people: list[Person]) -> None:
    alice, bob, *_ = people
    alice.sends("MODE #tea +C")
    alice.received()
    bob.received()
    bob.sends(OPEN, f"{LINE}hi", f"{LINE}\x01VERSION\x01", "BATCH -1")
    assert [code_of(line) for line in bob.received()] == ["404"]
    bob.sends(OPEN, f"{LINE}hi", f"{LINE}\x01ACTION waves\x01", "BATCH -1")
    assert alice.received() != []


def test_the_usual_refusals(harness: Harness, people: list[Person]) -> None:
    alice, _, tagged, _ = people
    for target, code in (("#nowhere", "403"), ("nobody", "401"), ("#general", "404")):
        alice.sends(f"@label=x BATCH +1 draft/multiline {target}", f"@batch=1 PRIVMSG {target} :a", "BATCH -1")
        (line,) = alice.received()
        assert line.startswith(f"@label=x :chat.test {code} ")
    alice.sends(OPEN, f"{LINE}{'a' * 480}", f"{LINE}b", "BATCH -1")
    assert [code_of(line) for line in alice.received()] == ["417"]
    (line,) = tagged.answers(OPEN)
    assert line.startswith(":chat.test 421 ")
    with harness.disk_full():
        alice.sends(f"@label=x {OPEN}", f"{LINE}a", f"{LINE}b", "BATCH -1")
    (line,) = alice.received()
    assert line.startswith("@label=x :chat.test FAIL BATCH MESSAGE_NOT_STORED #tea :")


def test_the_limits_are_told_and_reached(people: list[Person]) -> None:
    alice, bob, *_ = people
    (line,) = [one for one in alice.answers("CAP LS 302") if "draft/multiline" in one]
    assert f"draft/multiline=max-bytes={MAX_BYTES},max-lines={MAX_LINES}" in line
    alice.sends(OPEN, *[f"{LINE}a"] * MAX_LINES, "BATCH -1")
    assert len(bob.received()) == MAX_LINES + 2
    rest = MAX_BYTES - 20 * 401
    alice.sends(OPEN, *[f"{LINE}{'a' * 400}"] * 20, f"{LINE}{'b' * rest}", "BATCH -1")
    assert len(bob.received()) == 23


def test_a_batch_that_is_left_open_is_given_up(people: list[Person]) -> None:
    alice, bob, *_ = people
    harness = alice.harness
    alice.sends(f"@label=z {OPEN}", f"{LINE}a")
    watch(harness.hub, alice.session, harness.now + OPEN_SECONDS)
    assert alice.received() == []
    watch(harness.hub, alice.session, harness.now + OPEN_SECONDS + 1)
    (line,) = alice.received()
    assert line.startswith("@label=z :chat.test FAIL BATCH TIMEOUT 1 :")
    alice.sends(f"{LINE}b", "BATCH -1")
    assert alice.received() == bob.received() == []


def test_it_is_taken_away_as_one(people: list[Person]) -> None:
    alice, bob, *_ = people
    alice.sends("CAP REQ draft/message-redaction", OPEN, f"{LINE}a", f"{LINE}b", "BATCH -1")
    identifier = tags_of(bob.received()[0])["msgid"]
    alice.received()
    alice.sends(f"REDACT #tea {identifier}")
    assert body_of(bob.received()[0]).startswith(":chat.test NOTICE #tea :alice deleted a message")
    assert [code_of(line) for line in bob.answers("CHATHISTORY LATEST #tea * 9")] == ["BATCH", "BATCH"]
