"""The sections OPER, KILL and WALLOPS."""

import logging
from pathlib import Path

import pytest

from securechat.server.live_effects import HubEffects
from securechat.server.ports import Pool
from securechat.server.presence import end_session
from tests.server.harness import Harness, Person, code_of, full_disk, running

SERVER = ":chat.test"
ROOT = "OPER root :correct horse"
MISMATCH = f"{SERVER} 464 alice :Password incorrect"


@pytest.fixture
def harness(harness: Harness) -> Harness:
    """One with an administrator's account and two others."""
    harness.account("root", administrator=True)
    harness.account("carol")
    return harness


def is_operator(one: Person) -> bool:
    (line,) = one.answers(f"MODE {one.session.shown_nick}")
    return "o" in line.split()[-1]


def test_an_administrator_reads_no_room_from_outside_and_no_direct_messages_of_others(harness: Harness) -> None:
    """The powers let them come in, which is seen and recorded; they show nothing by themselves."""
    capabilities = "draft/chathistory batch message-tags echo-message draft/message-redaction"
    harness.account("dora")
    carol = harness.person("carol", capabilities, password="correct horse")
    dora = harness.person("dora", capabilities, password="correct horse")
    carol.sends("JOIN #tea")
    said = [*carol.answers("PRIVMSG #tea :secret"), *carol.answers("PRIVMSG dora :secret"), *dora.received()]
    identifiers = [part[6:] for line in said for part in line[1:].split(" ")[0].split(";") if part[:6] == "msgid="]
    assert len(identifiers) >= 3
    root = harness.person("root", capabilities, password="correct horse")
    assert is_operator(root)
    lines = ["CHATHISTORY LATEST #tea * 10", "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z * 10"]
    lines += [f"CHATHISTORY LATEST {name} * 10" for name in ("carol", "dora")]
    lines += [f"{word} {one}" for one in identifiers for word in ("REPORT", "REDACT #tea", "REDACT carol")]
    lines += [f"CHATHISTORY AROUND #tea msgid={one} 10" for one in identifiers]
    for line in lines:
        answers = root.answers(line)
        assert not any("secret" in one or "#tea" in one.partition(" FAIL ")[0] for one in answers), line
    assert not any("REDACT" in one for one in carol.received())


def run_posted(harness: Harness) -> None:
    """Let the answers of workers come in, but nothing from the journal."""
    with harness.hub.lock:
        while harness.posted:
            harness.posted.popleft()()


def logged_in(harness: Harness, name: str) -> Person:
    return harness.person(name, password="correct horse")


def test_oper_gives_the_powers_of_an_administrator(harness: Harness) -> None:
    bob, alice = harness.members_of("#tea", "bob", "alice")
    assert code_of(alice.answers("MODE #tea +m")[0]) == "482"
    assert alice.answers("OPER ROOT :correct horse") == [
        ":alice!alice@securechat MODE alice +o",
        f"{SERVER} 381 alice :You are now an IRC operator",
    ]
    assert bob.received() == []
    assert is_operator(alice)
    assert f"{SERVER} 313 bob alice :is an administrator of this server" in bob.answers("WHOIS alice")
    assert bob.answers("WHO alice %nf")[0] == f"{SERVER} 354 bob alice :H*"
    assert bob.answers("USERHOST alice") == [f"{SERVER} 302 bob :alice*=+alice@securechat"]
    assert f"{SERVER} 252 bob 1 :operator(s) online" in bob.answers("LUSERS")
    assert code_of(alice.answers("MODE #tea +m")[0]) == "MODE"
    assert alice.answers(ROOT) == [f"{SERVER} 381 alice :You are now an IRC operator"]


def test_oper_ends_by_mode_and_with_the_connection(harness: Harness) -> None:
    bob, alice = harness.members_of("#tea", "bob", "alice")
    alice.sends(ROOT, "MODE alice -o")
    assert alice.received()[-1] == ":alice!alice@securechat MODE alice -o"
    assert code_of(alice.answers("MODE #tea +m")[0]) == "482"
    alice.sends(ROOT)
    alice.vanishes()
    assert f"{SERVER} 252 bob 0 :operator(s) online" in bob.answers("LUSERS")
    assert not is_operator(harness.person("alice"))


@pytest.mark.parametrize("name", ["nobody", "carol", "root"])
def test_oper_fails_alike_whatever_is_wrong(harness: Harness, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    alice = harness.person("alice")
    password = "wrong horse" if name == "root" else "correct horse"
    assert alice.answers(f"OPER {name} :{password}") == [MISMATCH]
    assert harness.workers.done == [Pool.HASHING]
    assert not is_operator(alice)
    (record,) = [record for record in caplog.records if record.getMessage() == "OPER failed"]
    assert vars(record)["account"] == name
    assert all("horse" not in str(vars(record)) for record in caplog.records)


def test_oper_with_a_suspended_account(harness: Harness) -> None:
    HubEffects(harness.hub).account_suspended(harness.hub.accounts["root"].id)
    assert harness.person("alice").answers(ROOT) == [MISMATCH]


def test_oper_needs_both_parameters(harness: Harness) -> None:
    for line in ("OPER", "OPER root"):
        assert harness.person("x" + str(len(line))).answers(line)[0].split()[1] == "461"


def test_failed_opers_count_as_failed_logins(tmp_path: Path) -> None:
    with running(tmp_path, limits__failed_logins_per_minute=2) as harness:
        harness.account("root", administrator=True)
        alice = harness.person("alice")
        assert [alice.answers("OPER root wrong") for _ in range(2)] == [[MISMATCH]] * 2
        refused = [f"{SERVER} FAIL OPER RATE_LIMITED 60 :Too many failed logins; try again in 60 seconds", MISMATCH]
        assert alice.answers(ROOT) == refused
        one = harness.connection()
        one.sends("CAP REQ :sasl", "NICK root", "AUTHENTICATE PLAIN", "AUTHENTICATE AHJvb3QAY29ycmVjdCBob3JzZQ==")
        assert one.received()[-1].split()[1] == "904"
        harness.now += 61
        assert code_of(alice.answers(ROOT)[-1]) == "381"


def test_opers_under_way_at_once_are_no_more_guesses_than_one_by_one(tmp_path: Path) -> None:
    with running(tmp_path, limits__failed_logins_per_minute=2) as harness:
        harness.account("root", administrator=True)
        people = [harness.person(f"guest{letter}") for letter in "abcdef"]
        harness.workers.put_off()
        for one, password in zip(people, ["x", "y", "z", "correct horse", "x", "correct horse"], strict=True):
            one.sends_unsettled(f"OPER root :{password}\r\n".encode())
        harness.workers.work()
        harness.settle()
        answers = [[code_of(line) for line in one.received()] for one in people]
        assert answers == [["464"]] * 2 + [["FAIL", "464"]] * 4
        assert not any(is_operator(one) for one in people)


def test_oper_when_too_many_wait_and_when_the_disk_cannot_be_read(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = harness.person("alice")
    failed = [
        f"{SERVER} FAIL OPER TEMPORARILY_UNAVAILABLE :This cannot be done just now; try again later",
        MISMATCH,
    ]
    harness.workers.full = True
    assert alice.answers(ROOT) == failed
    harness.workers.full = False
    monkeypatch.setattr(harness.hub.reader, "read", lambda _: full_disk())
    assert alice.answers(ROOT) == failed
    assert not is_operator(alice)


# One account, several sessions


def test_oper_makes_an_operator_of_the_user_as_long_as_the_session_lasts(harness: Harness) -> None:
    first, second = logged_in(harness, "carol"), logged_in(harness, "carol")
    first.sends(ROOT)
    assert second.received() == [":carol!carol@securechat MODE carol +o"]
    assert is_operator(second)
    first.vanishes()
    assert second.received() == [":carol!carol@securechat MODE carol -o"]
    assert not is_operator(second)


def test_of_two_sessions_that_know_the_password_the_last_one_counts(harness: Harness) -> None:
    first, second = logged_in(harness, "carol"), logged_in(harness, "carol")
    first.sends(ROOT)
    second.sends(ROOT)
    first.vanishes()
    second.received()
    assert is_operator(second)
    third = logged_in(harness, "carol")
    assert third.answers("MODE carol -o") == [":carol!carol@securechat MODE carol -o"]
    assert second.received() == [":carol!carol@securechat MODE carol -o"]
    assert not is_operator(second)


def test_an_administrator_who_resigned_comes_back_by_oper(harness: Harness) -> None:
    root = logged_in(harness, "root")
    assert root.answers(ROOT) == [f"{SERVER} 381 root :You are now an IRC operator"]
    root.sends("MODE root -o")
    root.received()
    assert root.answers(ROOT)[0] == ":root!root@securechat MODE root +o"


def test_an_administrator_who_resigned_is_one_again_when_all_sessions_have_ended(harness: Harness) -> None:
    root = logged_in(harness, "root")
    root.sends("MODE root -o")
    second = logged_in(harness, "root")
    assert not is_operator(second)
    for one in (root, second):
        one.sends("QUIT")
    assert is_operator(logged_in(harness, "root"))


def test_an_administrator_who_resigned_becomes_no_owner_of_general(harness: Harness) -> None:
    root = logged_in(harness, "root")
    root.sends("MODE root -o", "JOIN #general")
    root.received()
    assert code_of(root.answers("MODE #general +t")[0]) == "482"


def test_what_is_made_while_being_an_operator_does_not_last(harness: Harness) -> None:
    """#general is the administrators': who is only an operator for a while does not become its owner."""
    carol = logged_in(harness, "carol")
    carol.sends(ROOT, "JOIN #general")
    carol.received()
    assert code_of(carol.answers("MODE #general +t")[0]) == "MODE"
    carol.sends("MODE carol -o")
    carol.received()
    assert code_of(carol.answers("MODE #general -t")[0]) == "482"


def test_a_guest_who_is_an_operator_reads_no_direct_messages_of_others(harness: Harness) -> None:
    bob = harness.person("bob")
    harness.person("alice").vanishes()
    alice = harness.person("alice", "draft/chathistory batch")
    bob.sends("PRIVMSG alice :to you")
    alice.vanishes()
    thief = harness.person("alice", "draft/chathistory batch")
    thief.sends(ROOT)
    thief.received()
    assert code_of(thief.answers("CHATHISTORY LATEST bob * 10")[0]) == "FAIL"


@pytest.mark.parametrize("present", [False, True])
def test_powers_of_a_guest_stay_its_own(harness: Harness, present: bool) -> None:
    """Logging in after the welcome keeps them; they do not go over to a user who is there already."""
    carol = logged_in(harness, "carol") if present else None
    alice = harness.person("alice", "sasl")
    alice.sends(ROOT, "AUTHENTICATE PLAIN", "AUTHENTICATE AGNhcm9sAGNvcnJlY3QgaG9yc2U=")
    alice.received()
    assert is_operator(alice) is not present
    if carol is not None:
        assert not is_operator(carol)


# Acts of administration


def test_a_changed_password_or_a_suspension_takes_the_powers_back(harness: Harness) -> None:
    effects = HubEffects(harness.hub)
    root = harness.hub.accounts["root"].id
    alice = harness.person("alice")
    for end in (effects.credentials_changed, effects.account_suspended):
        alice.sends(ROOT)
        alice.received()
        assert is_operator(alice)
        end(harness.hub.accounts["carol"].id)
        harness.settle()
        assert alice.received() == []
        end(root)
        harness.settle()
        assert alice.received() == [":alice!alice@securechat MODE alice -o"]
        assert not is_operator(alice)


def test_an_oper_under_way_fails_when_the_password_changes(harness: Harness) -> None:
    alice = harness.person("alice")
    harness.workers.put_off()
    alice.sends(ROOT)
    HubEffects(harness.hub).credentials_changed(harness.hub.accounts["root"].id)
    harness.workers.work()
    harness.settle()
    assert alice.received() == [MISMATCH]


@pytest.mark.parametrize("end", ["credentials_changed", "account_suspended"])
def test_an_oper_whose_record_is_being_written_comes_to_nothing_when_its_account_is_changed(
    harness: Harness, end: str
) -> None:
    alice = harness.person("alice")
    with harness.one_batch():
        alice.sends_unsettled(ROOT.encode() + b"\r\n")
        run_posted(harness)
        getattr(HubEffects(harness.hub), end)(harness.hub.accounts["root"].id)
    harness.settle()
    assert alice.received() == [MISMATCH]
    assert not is_operator(alice)


@pytest.mark.parametrize("end", ["credentials_changed", "account_suspended"])
def test_an_oper_that_fails_gives_no_powers_back(harness: Harness, end: str) -> None:
    harness.account("other", administrator=True)
    alice = harness.person("alice")
    alice.sends(ROOT)
    alice.received()
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"OPER other :correct horse\r\n")
        run_posted(harness)
        getattr(HubEffects(harness.hub), end)(harness.hub.accounts["root"].id)
    harness.settle()
    assert sorted(code_of(line) for line in alice.received()) == ["FAIL", "MODE"]
    assert not is_operator(alice)
    assert code_of(alice.answers("WALLOPS :still here")[0]) == "481"


@pytest.mark.parametrize("fails", [False, True])
def test_there_are_no_powers_before_they_are_on_the_record(harness: Harness, fails: bool) -> None:
    bob, alice = harness.person("bob"), harness.person("alice", "labeled-response batch")
    bob.sends("MODE bob +w")
    bob.received()
    with harness.one_batch(fails=fails):
        alice.sends_unsettled(b"@label=1 OPER root :correct horse\r\nWALLOPS :hear me\r\n")
        run_posted(harness)
        assert alice.session.user is not None
        assert not alice.session.user.operator
    harness.settle()
    if fails:
        answer, refused = alice.received()
        assert answer.startswith(f"@label=1 {SERVER} FAIL OPER NOT_STORED root :")
        assert code_of(refused) == "481"
        assert bob.received() == []
        assert not is_operator(alice)
        alice.sends(ROOT)
    alice.received()
    assert is_operator(alice)
    assert bob.received() == [":alice!alice@securechat WALLOPS :hear me"] * (not fails)


def test_who_goes_while_the_record_is_written(harness: Harness) -> None:
    bob, alice = harness.person("bob"), harness.person("alice")
    with harness.one_batch():
        alice.sends_unsettled(ROOT.encode() + b"\r\n")
        run_posted(harness)
        alice.outlet.post(lambda: end_session(harness.hub, alice.session, "gone"))
        run_posted(harness)
    harness.settle()
    assert f"{SERVER} 252 bob 0 :operator(s) online" in bob.answers("LUSERS")


def test_who_goes_while_the_password_is_checked(harness: Harness) -> None:
    bob, alice = harness.person("bob"), harness.person("alice")
    harness.workers.put_off()
    alice.sends(ROOT)
    alice.vanishes()
    harness.workers.work()
    harness.settle()
    assert f"{SERVER} 252 bob 0 :operator(s) online" in bob.answers("LUSERS")


# KILL


def test_kill_ends_all_sessions_of_a_user(harness: Harness) -> None:
    (bob,) = harness.members_of("#tea", "bob")
    first, second = logged_in(harness, "carol"), logged_in(harness, "carol")
    first.sends("JOIN #tea")
    root = logged_in(harness, "root")
    for one in (bob, first, second):
        one.received()
    assert root.answers("KILL CAROL :far too loud") == []
    for one in (first, second):
        assert one.received() == [
            ":root!root@securechat KILL carol :far too loud",
            "ERROR :Closing link: (Killed (root (far too loud)))",
        ]
        assert one.outlet.closed == "Killed (root (far too loud))"
    assert bob.received() == [":carol!carol@securechat QUIT :Killed (root (far too loud))"]
    assert root.answers("KILL carol :again") == [f"{SERVER} 401 root carol :No such nick/channel"]
    carol = logged_in(harness, "carol")
    assert "#tea" in [live.room.name for live in carol.session.user.rooms.values()]  # type: ignore[union-attr]


def test_kill_without_a_reason_with_a_label_and_of_oneself(harness: Harness) -> None:
    alice, root = harness.person("alice"), harness.person("op", "labeled-response batch server-time")
    root.sends(ROOT)
    root.received()
    assert root.answers("@label=1 KILL alice") == [f"@label=1 {SERVER} ACK"]
    assert alice.received()[-1] == "ERROR :Closing link: (Killed (op (No reason given)))"
    root.sends("KILL op :bye")
    line, error = root.received()
    assert line.startswith("@time=")
    assert line.endswith(" :op!op@securechat KILL op :bye")
    assert error == "ERROR :Closing link: (Killed (op (bye)))"


def test_kill_is_told_to_the_end_although_the_reason_is_long(harness: Harness) -> None:
    (bob,) = harness.members_of("#tea", "bob")
    alice = harness.person("𝐚" * 24)
    alice.sends("JOIN #tea")
    root = logged_in(harness, "root")
    for one in (bob, alice):
        one.received()
    root.sends(f"KILL {'𝐚' * 24} :{'я' * 200}")
    for line in (*bob.received(), *alice.received()):
        assert len(line.encode()) <= 510
        assert "я" * 40 in line
        assert line.endswith(("яя))", "яя)))", "яя"))


def test_kill_of_who_has_just_gone(harness: Harness) -> None:
    alice, root = harness.person("alice"), logged_in(harness, "root")
    root.sends_unsettled(b"KILL alice :x\r\n")
    alice.vanishes()
    harness.settle()
    assert alice.outlet.closed == "Connection closed by the client"


def test_kill_keeps_its_place_behind_what_its_target_did(harness: Harness) -> None:
    alice, root = harness.person("alice", "echo-message"), logged_in(harness, "root")
    alice.sends("JOIN #tea")
    alice.received()
    alice.sends_unsettled(b"PRIVMSG #tea :hello\r\n")
    root.sends_unsettled(b"KILL alice :x\r\n")
    harness.settle()
    assert [code_of(line) for line in alice.received()] == ["PRIVMSG", "KILL", "ERROR"]


def test_kill_ends_with_the_powers(harness: Harness) -> None:
    alice, bob = harness.person("alice"), harness.person("bob")
    alice.sends(ROOT, "MODE alice -o")
    alice.received()
    assert code_of(alice.answers("KILL bob :x")[0]) == "481"
    assert bob.outlet.closed is None


# WALLOPS


def test_wallops_reaches_those_who_want_it(harness: Harness) -> None:
    root, alice, bob = logged_in(harness, "root"), harness.person("alice"), harness.person("bob")
    alice.sends("MODE alice +w")
    bob.sends("MODE bob +w", "MODE bob -w")
    for one in (alice, bob):
        one.received()
    told = [":root!root@securechat WALLOPS :tea is ready"]
    assert root.answers("WALLOPS :tea is ready") == told
    assert alice.received() == told
    assert bob.received() == []
    root.sends("MODE root +w")
    root.received()
    assert root.answers("WALLOPS :tea is ready") == told
    assert alice.received() == told
    assert code_of(alice.answers("WALLOPS :me too")[0]) == "481"


def test_wallops_cuts_what_is_too_long_and_says_nothing_empty(harness: Harness) -> None:
    root = harness.person("op", "labeled-response batch")
    root.sends(ROOT)
    root.received()
    (line,) = root.answers(f"@label=1 WALLOPS :{'я' * 245}")
    assert line.startswith("@label=1 :op!op@securechat WALLOPS :яя")
    assert 508 <= len(line.partition(" ")[2].encode()) <= 510
    assert root.answers("WALLOPS :") == [f"{SERVER} 461 op WALLOPS :Not enough parameters"]


def test_wallops_needs_no_disk(harness: Harness) -> None:
    root = logged_in(harness, "root")
    with harness.disk_full():
        assert root.answers("WALLOPS :the disk is full") == [":root!root@securechat WALLOPS :the disk is full"]
