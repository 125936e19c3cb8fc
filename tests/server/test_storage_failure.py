"""A full disk: authors get a FAIL with their label, memory is as if nothing had been asked, and then it goes on."""

import pytest

from tests.server.harness import MODERN, Harness, Person, code_of, full_disk

PASSWORD = "correct horse"
LABELS = "batch labeled-response"
ECHO = f"{LABELS} echo-message"


def rooms_of(one: Person) -> list[str]:
    assert one.session.user is not None
    return [live.room.name for live in one.session.user.rooms.values()]


def members(harness: Harness, room: str) -> list[str]:
    return [user.nick for user in harness.hub.rooms[room].members]


@pytest.mark.parametrize("capabilities", [LABELS, ECHO, MODERN])
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_a_message_fails_with_its_label_and_nobody_sees_it(harness: Harness, capabilities: str, command: str) -> None:
    harness.account("carol")
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=capabilities)
    with harness.disk_full():
        for target in ("#tea", "bob", "carol", "alice"):
            (line,) = alice.answers(f"@label=x {command} {target} :hi")
            assert line.startswith(f"@label=x :chat.test FAIL {command} MESSAGE_NOT_STORED {target} :")
            assert bob.received() == []
        assert alice.answers("PING x") == [":chat.test PONG chat.test x"]
    alice.sends(f"@label=y {command} #tea :again")
    assert bob.bodies() == [f":alice!alice@securechat {command} #tea :again"]
    assert "@label=y" in alice.received()[0]


def test_without_a_label_the_fail_comes_alone(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    with harness.disk_full():
        (line,) = alice.answers("PRIVMSG #tea :hi")
        assert line.startswith(":chat.test FAIL PRIVMSG MESSAGE_NOT_STORED #tea :")
    assert bob.received() == []


def test_several_targets_fail_inside_their_batch(harness: Harness) -> None:
    alice, _ = harness.members_of("#tea", "alice", "bob", capabilities=ECHO)
    with harness.disk_full():
        lines = alice.answers("@label=x PRIVMSG #tea,bob,nobody :hi")
    assert lines[0] == "@label=x :chat.test BATCH +1 labeled-response"
    assert [code_of(line) for line in lines] == ["BATCH", "FAIL", "FAIL", "401", "BATCH"]
    assert all(line.startswith("@batch=1 ") for line in lines[1:-1])


def test_an_away_message_is_not_told_for_what_was_not_said(harness: Harness) -> None:
    alice, bob = harness.person("alice", LABELS), harness.person("bob")
    bob.sends("AWAY :out")
    with harness.disk_full():
        assert [code_of(line) for line in alice.answers("@label=x PRIVMSG bob :hi")] == ["FAIL"]


@pytest.mark.parametrize("capabilities", ["", ECHO])
def test_a_new_room_is_not_there_afterwards(harness: Harness, capabilities: str) -> None:
    alice = harness.person("alice", capabilities)
    with harness.disk_full():
        lines = alice.answers("@label=x JOIN #tea")
        fails = [line for line in lines if code_of(line) == "FAIL"]
        assert len(fails) == 1
        assert ":chat.test FAIL JOIN NOT_STORED #tea :" in fails[0]
        assert not {"JOIN", "353", "366"} & {code_of(line) for line in lines}
        assert "#tea" not in harness.hub.rooms
        assert rooms_of(alice) == []
    assert "JOIN" in [code_of(line) for line in alice.answers("JOIN #tea")]
    assert rooms_of(alice) == ["#tea"]


def test_who_could_not_join_is_not_in_and_who_could_not_part_is(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", password=PASSWORD)
    alice.sends("JOIN #tea")
    bob, carol = harness.person("bob"), harness.person("carol")
    bob.sends("JOIN #tea")
    for one in (alice, bob):
        one.received()
    with harness.disk_full():
        assert [code_of(line) for line in carol.answers("JOIN #tea")] == ["FAIL"]
        assert [code_of(line) for line in alice.answers("PART #tea")] == ["FAIL"]
        assert bob.received() == []
    assert members(harness, "#tea") == ["bob", "alice"]
    bob.sends("PRIVMSG #tea :hi")
    assert carol.received() == []
    assert alice.received() == [":bob!bob@securechat PRIVMSG #tea :hi"]
    alice.sends("QUIT")
    again = harness.person("alice", password=PASSWORD)
    assert rooms_of(again) == ["#tea"]


def test_a_topic_is_the_old_one(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    alice.sends("TOPIC #tea :old")
    bob.received()
    alice.received()
    with harness.disk_full():
        (line,) = alice.answers("TOPIC #tea :new")
        assert line.startswith(":chat.test FAIL TOPIC NOT_STORED #tea :")
    assert bob.received() == []
    assert bob.answers("TOPIC #tea")[0] == ":chat.test 332 bob #tea :old"


def test_several_changes_of_one_batch_are_undone_from_the_last_to_the_first(harness: Harness) -> None:
    # With draft/chathistory nothing is replayed: the lines of each are run at once.
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="draft/chathistory")
    alice.sends("TOPIC #tea :old")
    bob.received()
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"TOPIC #tea :1\r\nTOPIC #tea :2\r\nPART #tea\r\nJOIN #tea,#new\r\nPART #tea\r\n")
        bob.sends_unsettled(b"JOIN #new\r\nPART #new\r\nPART #tea\r\n")
    harness.settle()
    assert sorted(members(harness, "#tea")) == ["alice", "bob"]
    assert "#new" not in harness.hub.rooms
    assert harness.hub.rooms["#tea"].room.topic == "old"
    assert {code_of(line) for line in bob.received()} == {"FAIL"}


def test_a_topic_behind_one_that_failed_is_refused_as_well_and_the_next_one_stands(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"TOPIC #tea :lost\r\n")
    bob.sends_unsettled(b"TOPIC #tea :lost too\r\n")  # before the I/O thread has heard of the failure
    harness.settle()
    assert harness.hub.rooms["#tea"].room.topic == ""
    assert [code_of(line) for line in bob.received()] == ["FAIL"]
    bob.sends("TOPIC #tea :stored")
    assert harness.hub.rooms["#tea"].room.topic == "stored"
    (stored,) = (room for room in harness.database.read(lambda unit: unit.rooms.all()) if room.name == "#tea")
    assert stored.topic == "stored"


def test_who_parts_and_quits_in_one_batch_is_gone_but_still_a_member(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", password=PASSWORD)
    alice.sends("JOIN #tea")
    bob = harness.person("bob")
    bob.sends("JOIN #tea")
    bob.received()
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"PART #tea\r\nQUIT\r\n")
    harness.settle()
    assert members(harness, "#tea") == ["bob"]
    assert bob.received() == [":alice!alice@securechat QUIT :Quit"]
    assert rooms_of(harness.person("alice", password=PASSWORD)) == ["#tea"]


def test_who_parts_and_takes_another_nick_in_one_batch_is_known_by_it(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"PART #tea\r\nNICK anna\r\n")
    harness.settle()
    assert [code_of(line) for line in alice.received()] == ["FAIL", "NICK"]
    assert bob.received() == [":alice!alice@securechat NICK :anna"]
    assert members(harness, "#tea") == ["bob", "anna"]


def test_coming_going_and_nicks_are_told_though_nothing_can_be_stored(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", password=PASSWORD)
    alice.sends("JOIN #tea")
    bob, carol = harness.members_of("#tea", "bob", "carol")
    alice.received()
    bob.received()
    with harness.disk_full():
        assert bob.answers("NICK robert") == [":bob!bob@securechat NICK :robert"]
        assert alice.received() == [":bob!bob@securechat NICK :robert"]
        carol.sends("QUIT")
        assert carol.received()[-1] == "ERROR :Closing link: (Quit)"
        alice.sends("QUIT")
        assert bob.received() == [
            ":carol!carol@securechat QUIT :Quit",
            ":alice!alice@securechat QUIT :Quit",
        ]
        back = harness.connection()
        back.sends("CAP LS", "NICK alice", "USER alice 0 * :x", "AUTHENTICATE PLAIN")
        back.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
        assert ":alice!alice@securechat JOIN #tea" in back.received()
        assert bob.received() == [":alice!alice@securechat JOIN #tea"]


def test_a_first_direct_message_that_failed_leaves_no_conversation(harness: Harness) -> None:
    for name in ("alice", "bob"):
        harness.account(name, PASSWORD)
    alice = harness.person("alice", MODERN, password=PASSWORD)
    with harness.disk_full():
        alice.sends("PRIVMSG bob :lost")
    assert harness.hub.direct == {}
    alice.sends("PRIVMSG bob :kept")
    alice.received()
    alice.sends("CHATHISTORY LATEST bob * 10")
    assert [line.partition(" :")[2] for line in alice.bodies() if "PRIVMSG" in line] == ["kept"]


def test_who_joined_a_room_that_could_not_be_made_learns_that_they_are_out(harness: Harness) -> None:
    alice, bob = harness.person("alice"), harness.person("bob")
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"JOIN #new\r\n")
    bob.sends_unsettled(b"JOIN #new\r\n")  # before the I/O thread has heard of the failure
    harness.settle()
    assert [code_of(line) for line in alice.received() if code_of(line) not in ("JOIN", "PART")] == ["FAIL"]
    # His JOIN is refused as well; a PART may come beside it, as others are told in this way.
    assert {code_of(line) for line in bob.received()} <= {"FAIL", "PART"}
    assert rooms_of(bob) == rooms_of(alice) == []
    assert bob.answers("JOIN #new")[0] == ":bob!bob@securechat JOIN #new"
    assert alice.answers("JOIN #new")[1] == ":chat.test 353 alice = #new :@bob alice"


@pytest.mark.parametrize("present", [False, True])
def test_an_account_whose_room_could_not_be_made_can_log_in(harness: Harness, present: bool) -> None:
    harness.invite("token", rooms=("#new",))
    one = harness.connection()
    one.sends("CAP LS", "PASS token", "NICK alice", "USER alice 0 * :x")
    harness.workers.put_off()
    one.sends(f"REGISTER * * :{PASSWORD}", *(["CAP END"] if present else []))
    harness.workers.work()  # the account is stored; what it brings with it is still to come
    harness.journal.before_commit = full_disk
    harness.settle()
    harness.journal.before_commit = None
    harness.settle()
    assert "#new" not in harness.hub.rooms
    codes = one.codes()
    assert "900" in codes
    assert codes.count("JOIN") == codes.count("PART") == present
    one.vanishes()
    assert rooms_of(harness.person("alice", password=PASSWORD)) == []


def test_replies_keep_their_place_behind_a_failure(harness: Harness) -> None:
    alice, _ = harness.members_of("#tea", "alice", "bob")
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"PRIVMSG #tea :1\r\nPING a\r\nPRIVMSG #tea :2\r\nLIST #nowhere\r\n")
    harness.settle()
    assert [code_of(line) for line in alice.received()] == ["FAIL", "PONG", "FAIL", "321", "323"]
    assert alice.session.in_flight == 0


def test_sequences_go_on_without_a_gap_and_history_holds_what_was_shown(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=MODERN)
    alice.sends("PRIVMSG #tea :1")
    with harness.disk_full():
        alice.sends("PRIVMSG #tea :2")
    alice.sends("PRIVMSG #tea :3")
    shown = [line for line in bob.received() if "PRIVMSG" in line]
    numbers = [int(line.partition("msgid=")[2].partition(" ")[0].rpartition("-")[2]) for line in shown]
    assert numbers[1] == numbers[0] + 1
    bob.sends("CHATHISTORY LATEST #tea * 10")
    assert [line.removeprefix("@batch=h;") for line in bob.received()[1:-1]] == [
        line.removeprefix("@") for line in shown
    ]


def test_a_login_works_while_the_disk_is_full_and_is_remembered_nowhere(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.account("alice", PASSWORD)
    with harness.disk_full():
        alice = harness.person("alice", password=PASSWORD)
        alice.sends("JOIN #general")
        alice.sends("QUIT")
        assert alice.outlet.closed
    assert harness.journal.healthy is False
    harness.settle()
    assert harness.journal.healthy
    assert caplog.text.count("messages are refused until this is mended") == 1


def test_nobody_returns_to_a_room_that_is_gone_itself(harness: Harness) -> None:
    """The making fails, and in a later batch the leaving: the account is not a member of what does not exist."""
    account = harness.account("ann", PASSWORD)
    ann = harness.person("ann", MODERN, password=PASSWORD)
    with harness.disk_full():
        for line in (b"JOIN #new\r\n", b"PART #new\r\n"):
            ann.sends_unsettled(line)
            harness.await_journal()
    assert [code_of(line) for line in ann.received()] == ["FAIL", "FAIL"]
    assert rooms_of(ann) == []
    assert harness.hub.memberships[account.id] == {}
    ann.sends("QUIT")
    harness.person("ann", MODERN, password=PASSWORD)
