"""PRIVMSG, NOTICE and TAGMSG: who gets what, echoes, labels, tags, and what is refused."""

import re

import pytest

from tests.server.harness import MODERN, Harness, Person

PASSWORD = "correct horse"
ALICE = ":alice!alice@securechat"
LABELS = "batch labeled-response"


def without_ids(lines: list[str]) -> list[str]:
    """Lines with every message id and time replaced by `X`."""
    return [re.sub(r"(msgid|time)=[^; ]+", r"\1=X", line) for line in lines]


# Rooms


def test_a_message_reaches_everybody_in_the_room_but_its_author(harness: Harness) -> None:
    alice, bob, carol = harness.members_of("#tea", "alice", "bob", "carol")
    outside = harness.person("dave")
    assert alice.answers("PRIVMSG #TEA :hello there") == []
    for one in (bob, carol):
        assert one.received() == [f"{ALICE} PRIVMSG #tea :hello there"]
    assert outside.received() == []
    alice.sends("NOTICE #tea :note")
    assert bob.received() == [f"{ALICE} NOTICE #tea :note"]


def test_each_gets_it_as_their_capabilities_ask(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", "message-tags echo-message", password=PASSWORD)
    tagged, timed, plain = (
        harness.person("bob", "message-tags account-tag"),
        harness.person("carol", "server-time"),
        harness.person("dave", "account-tag"),
    )
    for one in (alice, tagged, timed, plain):
        one.sends("JOIN #tea")
    for one in (alice, tagged, timed, plain):
        one.received()
    (echo,) = alice.answers("@+draft/reply=x;+b;other=1;label=z PRIVMSG #tea :hi")
    message_id = echo.partition(";")[0].removeprefix("@msgid=")
    assert echo == f"@msgid={message_id};+draft/reply=x;+b {ALICE} PRIVMSG #tea :hi"
    assert tagged.received() == [f"@msgid={message_id};account=alice;+draft/reply=x;+b {ALICE} PRIVMSG #tea :hi"]
    assert timed.received() == [f"@time=2025-11-24T16:00:00.000Z {ALICE} PRIVMSG #tea :hi"]
    assert plain.received() == [f"@account=alice {ALICE} PRIVMSG #tea :hi"]


def test_tags_of_a_client_that_did_not_ask_for_them_are_not_relayed(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="")
    bob.sends("CAP REQ :message-tags")
    bob.received()
    alice.sends("@+b=1 PRIVMSG #tea :hi")
    assert without_ids(bob.received()) == [f"@msgid=X {ALICE} PRIVMSG #tea :hi"]


def test_tag_values_survive_whatever_is_in_them(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="message-tags")
    value = r"a\:b\sc\\d\r\nя"
    alice.sends(f"@+x={value} PRIVMSG #tea :hi")
    assert without_ids(bob.received()) == [f"@msgid=X;+x={value} {ALICE} PRIVMSG #tea :hi"]


def test_a_name_with_a_backslash_is_escaped_in_the_account_tag(harness: Harness) -> None:
    harness.account("a\\b", PASSWORD)
    bob = harness.person("bob", "account-tag")
    bob.sends("JOIN #tea")
    alice = harness.person("a\\b", password=PASSWORD)
    alice.sends("JOIN #tea", "PRIVMSG #tea :hi")
    assert bob.received()[-1].startswith("@account=a\\\\b :a\\b!")


def test_only_members_speak_and_only_in_rooms_that_exist(harness: Harness) -> None:
    alice, bob = harness.person("alice"), harness.person("bob")
    bob.sends("JOIN #tea")
    bob.received()
    assert alice.answers("PRIVMSG #tea :hi") == [":chat.test 404 alice #tea :Cannot send to channel"]
    assert alice.answers("PRIVMSG #nowhere :hi") == [":chat.test 403 alice #nowhere :No such channel"]
    assert alice.answers("NOTICE #tea :hi") == []
    assert alice.answers("NOTICE #nowhere :hi") == []
    assert bob.received() == []


UNSAYABLE = [
    ("PRIVMSG", "411 alice :No recipient given (PRIVMSG)"),
    ("PRIVMSG :", "411 alice :No recipient given (PRIVMSG)"),
    ("PRIVMSG #tea", "412 alice :No text to send"),
    ("PRIVMSG #tea :", "412 alice :No text to send"),
    ("PRIVMSG nobody :x", "401 alice nobody :No such nick/channel"),
    ("PRIVMSG a,b,c,d,e :x", "407 alice e :Too many targets in one command"),
]


def test_what_cannot_be_said(harness: Harness) -> None:
    alice = harness.person("alice")
    for line, answer in UNSAYABLE:
        assert alice.answers(line) == [f":chat.test {answer}"]
        quiet = alice.answers(line.replace("PRIVMSG", "NOTICE", 1))
        assert quiet == ([f":chat.test {answer}"] if answer.startswith("407") else [])


# Echoes and labels


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
@pytest.mark.parametrize("target", ["#tea", "bob", "carol"])
def test_the_echo_comes_once_and_with_the_label(harness: Harness, command: str, target: str) -> None:
    harness.account("carol")  # offline
    alice, _ = harness.members_of("#tea", "alice", "bob", capabilities=MODERN)
    lines = alice.answers(f"@label=l1;+x=y {command} {target} :hi")
    assert without_ids(lines) == [f"@label=l1;time=X;msgid=X;+x=y {ALICE} {command} {target} :hi"]


def test_without_echo_message_a_label_is_acknowledged(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=LABELS)
    assert alice.answers("@label=1 PRIVMSG #tea :hi") == ["@label=1 :chat.test ACK"]
    assert alice.answers("@label=2 PRIVMSG bob :hi") == ["@label=2 :chat.test ACK"]
    assert bob.received() == [f"{ALICE} PRIVMSG #tea :hi", f"{ALICE} PRIVMSG bob :hi"]


def test_several_answers_are_a_batch(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=f"{LABELS} echo-message")
    assert alice.answers("@label=x PRIVMSG #tea,nobody,bob :hi") == [
        "@label=x :chat.test BATCH +1 labeled-response",
        f"@batch=1 {ALICE} PRIVMSG #tea :hi",
        "@batch=1 :chat.test 401 alice nobody :No such nick/channel",
        f"@batch=1 {ALICE} PRIVMSG bob :hi",
        ":chat.test BATCH -1",
    ]
    assert bob.received() == [f"{ALICE} PRIVMSG #tea :hi", f"{ALICE} PRIVMSG bob :hi"]


def test_an_error_carries_the_label(harness: Harness) -> None:
    alice = harness.person("alice", LABELS)
    assert alice.answers("@label=x PRIVMSG nobody :hi") == [
        "@label=x :chat.test 401 alice nobody :No such nick/channel"
    ]
    assert alice.answers("@label=y NONSENSE") == ["@label=y :chat.test 421 alice NONSENSE :Unknown command"]
    assert alice.answers("@label=z JOIN") == ["@label=z :chat.test 461 alice JOIN :Not enough parameters"]
    assert alice.answers("@label=n NOTICE nobody :hi") == ["@label=n :chat.test ACK"]


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        (r"a\sb\:c\\d", r"a\sb\:c\\d"),
        (r"a\r\nPRIVMSG\sx", r"a\r\nPRIVMSG\sx"),
        ("я" * 32, "я" * 32),
        ("x" * 64, "x" * 64),
        ("x" * 65, None),
        ("я" * 33, None),
        ("", None),
    ],
)
def test_hostile_and_long_labels(harness: Harness, label: str, shown: str | None) -> None:
    alice = harness.person("alice", LABELS)
    prefix = "" if shown is None else f"@label={shown} "
    assert alice.answers(f"@label={label} PING x") == [f"{prefix}:chat.test PONG chat.test x"]


def test_a_label_means_nothing_without_the_capability_and_is_never_shown_to_others(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="message-tags")
    assert alice.answers("@label=x PING y") == [":chat.test PONG chat.test y"]
    alice.sends("@label=x PRIVMSG #tea :hi")
    assert "label" not in "".join(bob.received())


def test_without_batches_every_answer_carries_the_label(harness: Harness) -> None:
    alice = harness.person("alice", "labeled-response")
    assert all(line.startswith("@label=x :chat.test ") for line in alice.answers("@label=x LUSERS"))


# People


def test_a_direct_message_reaches_all_sessions_of_both(harness: Harness) -> None:
    for name in ("alice", "bob"):
        harness.account(name, PASSWORD)
    alice, alice_too = (harness.person("alice", password=PASSWORD) for _ in range(2))
    bob, bob_too = (harness.person("bob", password=PASSWORD) for _ in range(2))
    assert alice.answers("PRIVMSG BOB :hi") == []
    for one in (alice_too, bob, bob_too):
        assert one.received() == [f"{ALICE} PRIVMSG bob :hi"]


def test_an_account_that_is_offline_finds_it_in_history(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    harness.account("Bob", PASSWORD)
    alice = harness.person("alice", password=PASSWORD)
    assert alice.answers("PRIVMSG bob :for later") == []
    bob = harness.person("Bob", MODERN, password=PASSWORD)
    bob.sends("CHATHISTORY LATEST alice * 10")
    assert f"{ALICE} PRIVMSG Bob :for later" in bob.bodies()


def test_a_suspended_account_is_no_address(harness: Harness) -> None:
    harness.account("bob").suspended = True
    assert harness.person("alice").answers("PRIVMSG bob :x") == [":chat.test 401 alice bob :No such nick/channel"]


def test_a_message_to_oneself_is_echoed_with_the_label_and_received_without_it(harness: Harness) -> None:
    alice = harness.person("alice", f"{LABELS} echo-message message-tags")
    echo, copy = alice.answers("@label=x;+t=1 PRIVMSG alice :memo")
    assert without_ids([echo]) == [f"@label=x;msgid=X;+t=1 {ALICE} PRIVMSG alice :memo"]
    assert copy == echo.replace("label=x;", "")


def test_a_message_to_oneself_without_an_echo(harness: Harness) -> None:
    alice = harness.person("alice", LABELS)
    assert alice.answers("@label=x PRIVMSG alice :memo") == [
        f"{ALICE} PRIVMSG alice :memo",
        "@label=x :chat.test ACK",
    ]
    assert harness.person("bob").answers("PRIVMSG bob :memo") == [":bob!bob@securechat PRIVMSG bob :memo"]


def test_away_is_told_to_whoever_writes_but_not_to_notices(harness: Harness) -> None:
    alice, bob = harness.person("alice"), harness.person("bob")
    assert bob.answers("AWAY :asleep") == [":chat.test 306 bob :You have been marked as being away"]
    assert alice.answers("PRIVMSG bob :hi") == [":chat.test 301 alice bob :asleep"]
    assert alice.answers("NOTICE bob :hi") == []
    assert bob.answers("AWAY") == [
        f"{ALICE} PRIVMSG bob :hi",
        f"{ALICE} NOTICE bob :hi",
        ":chat.test 305 bob :You are no longer marked as being away",
    ]
    assert alice.answers("PRIVMSG bob :hi") == []
    assert [line.split()[1] for line in bob.answers("AWAY :")][-1] == "305"


def test_targets_that_stand_twice_get_it_once(harness: Harness) -> None:
    alice, bob = harness.person("alice"), harness.person("bob")
    alice.sends("PRIVMSG bob,,bob, :hi")
    assert bob.received() == [f"{ALICE} PRIVMSG bob :hi"]
    assert alice.answers("PRIVMSG , :hi") == []


# TAGMSG


def test_tags_alone_reach_those_who_know_tags(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="message-tags echo-message")
    plain = harness.person("carol")
    plain.sends("JOIN #tea")
    for one in (alice, bob, plain):
        one.received()
    expected = [f"@msgid=X;+draft/react=1 {ALICE} TAGMSG #tea"]
    assert without_ids(alice.answers("@+draft/react=1 TAGMSG #tea")) == expected
    assert without_ids(bob.received()) == expected
    assert plain.received() == []
    assert plain.answers("@+draft/react=1 TAGMSG #tea") == []
    assert alice.answers("TAGMSG") == [":chat.test 461 alice TAGMSG :Not enough parameters"]
    assert alice.answers("TAGMSG nobody") == [":chat.test 401 alice nobody :No such nick/channel"]


def test_typing_is_shown_but_not_stored(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="message-tags echo-message")
    before = harness.database.read(lambda unit: unit.history.last())
    expected = [f"@+typing=active {ALICE} TAGMSG #tea"]
    assert alice.answers("@+typing=active TAGMSG #tea") == expected
    assert bob.received() == expected
    assert harness.database.read(lambda unit: unit.history.last()) == before
    with harness.disk_full():
        assert alice.answers("@+typing=active TAGMSG #tea") == expected
        assert bob.received() == expected


def test_tags_to_a_client_without_tags_are_nothing(harness: Harness) -> None:
    alice, bob = harness.person("alice", "message-tags"), harness.person("bob")
    alice.sends("@+x=1 TAGMSG bob")
    assert bob.received() == []


# Length


def longest_text(alice: Person, target: str) -> int:
    return 512 - len(f"{ALICE} PRIVMSG {target} :\r\n".encode())


@pytest.mark.parametrize("target", ["#tea", "bob"])
@pytest.mark.parametrize("letter", ["x", "я"])
def test_what_just_fits_goes_through_whole_and_more_is_refused(harness: Harness, target: str, letter: str) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    room = longest_text(alice, target)
    text = letter * (room // len(letter.encode()))
    assert alice.answers(f"PRIVMSG {target} :{text}") == []
    assert bob.received() == [f"{ALICE} PRIVMSG {target} :{text}"]
    assert alice.answers(f"PRIVMSG {target} :{text}{letter}") == [":chat.test 417 alice :Input line was too long"]
    assert bob.received() == []


def test_a_room_counts_by_the_name_that_is_relayed(harness: Harness) -> None:
    """A bold mathematical letter is four bytes, and the same name as the plain letter of one byte."""
    name = "#" + "𝐚" * 47
    alice, bob = harness.members_of(name, "alice", "bob")
    alias = "#" + "a" * 47
    assert alice.answers(f"PRIVMSG {alias} :{'x' * 400}") == [":chat.test 417 alice :Input line was too long"]
    alice.sends(f"PRIVMSG {alias} :short")
    assert bob.received() == [f"{ALICE} PRIVMSG {name} :short"]


def test_the_refusal_of_too_long_a_line_has_its_label(harness: Harness) -> None:
    alice = harness.person("alice", "batch labeled-response")
    assert alice.answers(f"@label=x;+a=b PRIVMSG #tea :{'x' * 600}") == [
        "@label=x :chat.test 417 alice :Input line was too long"
    ]


def test_too_long_a_line_or_tags_are_refused_whole(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="message-tags")
    too_long = [":chat.test 417 alice :Input line was too long"]
    assert alice.answers(f"PRIVMSG #tea :{'x' * 600}") == too_long
    value = "x" * (4096 - len("@+a= "))
    assert alice.answers(f"@+a={value}x PRIVMSG #tea :hi") == too_long
    assert bob.received() == []
    assert alice.answers(f"@+a={value} PRIVMSG #tea :hi") == []
    (line,) = bob.received()
    assert f"+a={value}" in line


def test_bytes_that_are_not_utf8_and_lines_that_are_none(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=LABELS)
    alice.sends_bytes(b"PRIVMSG #tea :\xff\xfe\r\n@label=x PRIVMSG #tea :\xc3\r\n\xff\r\n")
    first, second, third = alice.received()
    assert first.startswith(":chat.test FAIL PRIVMSG INVALID_UTF8 :")
    assert second.startswith("@label=x :chat.test FAIL PRIVMSG INVALID_UTF8 :")
    assert third.startswith(":chat.test FAIL * INVALID_UTF8 :")
    alice.sends_bytes(b"PRIVMSG #tea :a\0b\r\nPRIVMSG #tea :a\rQUIT\r\n:source\r\n@a=b\r\n   \r\n")
    lines = alice.received()
    assert len(lines) == 5
    assert all(line.startswith(":chat.test FAIL * MALFORMED_LINE :") for line in lines)
    assert bob.received() == []


def test_a_source_that_the_client_claims_is_ignored(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    alice.sends(":mallory!m@x PRIVMSG #tea :hi")
    assert bob.received() == [f"{ALICE} PRIVMSG #tea :hi"]


def test_lines_may_come_in_any_pieces(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    for byte in "PRIVMSG #tea :по байту\n".encode():
        alice.sends_unsettled(bytes([byte]))
    harness.settle()
    assert bob.received() == [f"{ALICE} PRIVMSG #tea :по байту"]


def test_one_order_for_all_and_replies_do_not_overtake(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="echo-message")
    alice.sends_unsettled(b"PRIVMSG #tea :1\r\nPING a\r\n")
    bob.sends_unsettled(b"PRIVMSG #tea :2\r\n")
    alice.sends_unsettled(b"PRIVMSG #tea :3\r\nPING b\r\n")
    harness.settle()
    said = [f"{ALICE} PRIVMSG #tea :1", ":bob!bob@securechat PRIVMSG #tea :2", f"{ALICE} PRIVMSG #tea :3"]
    assert bob.received() == said
    lines = alice.received()
    assert [line for line in lines if "PRIVMSG" in line] == said
    assert lines.index(":chat.test PONG chat.test a") == lines.index(said[0]) + 1
    assert lines[-1] == ":chat.test PONG chat.test b"


def test_who_is_here_under_another_nick_is_found_by_the_name_of_their_account(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", f"{MODERN} draft/message-redaction", password="correct horse")
    alice.sends("NICK ali")
    alice.received()
    harness.account("bob")
    bob = harness.person("bob", f"{MODERN} draft/message-redaction", password="correct horse")
    (echo,) = bob.answers("PRIVMSG ALICE :are you there")
    assert echo.endswith(":bob!bob@securechat PRIVMSG ali :are you there")
    assert alice.bodies() == [":bob!bob@securechat PRIVMSG ali :are you there"]
    identifier = echo.partition("msgid=")[2].partition(";")[0].partition(" ")[0]
    page = bob.answers("CHATHISTORY LATEST alice * 5")
    assert page[0] == ":chat.test BATCH +h chathistory alice"
    assert "are you there" in page[1]
    bob.sends(f"REDACT alice {identifier}")
    assert alice.bodies() == [f":bob!bob@securechat REDACT ali {identifier}"]
    alice.sends("AWAY :lunch")
    assert bob.received()[0].endswith(f":bob!bob@securechat REDACT ali {identifier}")
    assert bob.answers("PRIVMSG alice :eat well")[-1].endswith(":chat.test 301 bob ali :lunch")
