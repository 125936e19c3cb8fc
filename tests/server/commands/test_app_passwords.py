"""APPPASSWORD: made, listed, revoked, and what they let in."""

from tests.server.commands.logins import FAILED, begun, plain, scram
from tests.server.harness import Harness, Person
from tests.server.second_factors import PASSWORD, next_code, set_up

NOTE = ":chat.test NOTE APPPASSWORD"


def made(one: Person, name: str, given: str = PASSWORD) -> str:
    (line,) = one.answers(f"APPPASSWORD ADD {name} :{given}")
    assert line.startswith(f"{NOTE} APP_PASSWORD_ADDED {name} :"), line
    return line.rpartition(":")[2]


def test_it_lets_in_without_a_code_by_plain_alone(harness: Harness) -> None:
    harness.account("alice")
    harness.account("bob")
    alice = harness.person("alice", password=PASSWORD)
    secret, _ = set_up(alice)
    phone = made(alice, "phone", f"{PASSWORD} {next_code(harness, secret)}")
    one = begun(harness)
    assert scram(one, "alice", phone) == FAILED
    assert plain(one, "bob", phone) == FAILED
    assert [line.split()[1] for line in plain(one, "alice", phone)] == ["900", "903"]
    assert one.session.credential is not None
    assert one.session.credential.value == "1"
    lines = alice.answers("APPPASSWORD LIST")
    assert lines[0].startswith(f"{NOTE} APP_PASSWORD phone 2025-")
    assert ", last used 2025-" in lines[0]
    assert lines[1].startswith(f"{NOTE} APP_PASSWORDS_END ")


def test_revoking_ends_its_sessions_and_no_others(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    phone, laptop = made(alice, "phone"), made(alice, "laptop")
    people = [harness.person("alice", password=one) for one in (phone, laptop)]
    assert alice.answers("APPPASSWORD REVOKE PHONE")[-1].startswith(f"{NOTE} APP_PASSWORD_REVOKED PHONE ")
    assert [one.outlet.closed for one in people] == ["The app password was revoked", None]
    assert plain(begun(harness), "alice", phone) == FAILED
    assert " UNKNOWN_APP_PASSWORD phone " in alice.answers("APPPASSWORD REVOKE phone")[0]


def test_one_that_is_revoked_while_it_is_checked_lets_nobody_in(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    phone = made(alice, "phone")
    harness.hub.app_passwords.clear()
    assert plain(begun(harness), "alice", phone) == FAILED


def test_it_is_no_password_for_acts_that_ask_again(harness: Harness) -> None:
    harness.account("alice", administrator=True)
    alice = harness.person("alice", password=PASSWORD)
    phone = made(alice, "phone")
    assert " INVALID_CREDENTIALS " in alice.answers(f"APPPASSWORD ADD more :{phone}")[0]
    assert " INVALID_CREDENTIALS " in alice.answers(f"TOTP SETUP :{phone}")[0]
    assert " 464 " in harness.person("bob").answers(f"OPER alice :{phone}")[0]


def test_refusals(harness: Harness) -> None:
    assert " ACCOUNT_REQUIRED " in harness.person("guest").answers("APPPASSWORD LIST")[0]
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    made(alice, "phone")
    assert " APP_PASSWORD_REFUSED Phone " in alice.answers(f"APPPASSWORD ADD Phone :{PASSWORD}")[0]
    for name in range(19):
        made(alice, f"n{name}")
    assert " APP_PASSWORD_REFUSED more " in alice.answers(f"APPPASSWORD ADD more :{PASSWORD}")[0]
    assert " INVALID_PARAMS ADD " in alice.answers(f"APPPASSWORD ADD {'x' * 31} :{PASSWORD}")[0]
    assert " INVALID_SUBCOMMAND x " in alice.answers("APPPASSWORD x")[0]
    assert " NEED_MORE_PARAMS ADD " in alice.answers("APPPASSWORD ADD x")[0]
    with harness.disk_full():
        assert " NOT_STORED " in alice.answers("APPPASSWORD REVOKE phone")[0]
    assert len(alice.answers("APPPASSWORD LIST")) == 21
