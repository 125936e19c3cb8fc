"""The section OPER."""

import logging
from pathlib import Path

import pytest

from securechat.server.live_effects import HubEffects
from securechat.server.ports import Pool
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
        refused = [f"{SERVER} FAIL OPER RATE_LIMITED 61 :Too many failed logins; try again in 61 seconds", MISMATCH]
        assert alice.answers(ROOT) == refused
        one = harness.connection()
        one.sends("CAP REQ :sasl", "NICK root", "AUTHENTICATE PLAIN", "AUTHENTICATE AHJvb3QAY29ycmVjdCBob3JzZQ==")
        assert one.received()[-1].split()[1] == "904"
        harness.now += 61
        assert code_of(alice.answers(ROOT)[-1]) == "381"


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


def test_who_goes_while_the_password_is_checked(harness: Harness) -> None:
    bob, alice = harness.person("bob"), harness.person("alice")
    harness.workers.put_off()
    alice.sends(ROOT)
    alice.vanishes()
    harness.workers.work()
    harness.settle()
    assert f"{SERVER} 252 bob 0 :operator(s) online" in bob.answers("LUSERS")
