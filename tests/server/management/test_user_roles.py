"""`securechat-admin user role`: administrators made and unmade, here or not, and what becomes of their powers."""

from pathlib import Path

import pytest

from securechat.server.operations import OPERATIONS, perform
from tests.server.harness import Harness, running
from tests.server.second_factors import PASSWORD, set_up

ROLE = "user role"
FORBIDDEN = ":chat.test 481 bob :Only administrators may do this"


def answered(harness: Harness, **parameters: object) -> str:
    administration = harness.hub.administration
    assert administration is not None
    parameters = {"operation": ROLE, "last_administrator": True, **parameters}
    answer = perform(administration.on_behalf_of("root"), parameters)
    harness.settle()
    return OPERATIONS[ROLE].text(answer["result"]) if answer["ok"] else f"{answer['code']}: {answer['error']}"


def stored(harness: Harness, name: str) -> bool:
    account = harness.database.read(lambda unit: unit.accounts.by_name(name))
    assert account is not None
    return account.administrator


def test_powers_come_and_go_at_once_and_the_session_stays(harness: Harness) -> None:
    harness.account("bob")
    harness.account("root", administrator=True)
    bob = harness.person("bob", password=PASSWORD)
    assert bob.answers("MANAGE user list") == [FORBIDDEN]
    assert answered(harness, name="BOB", role="Administrator") == "bob is now: administrator."
    assert bob.received() == [":bob!bob@securechat MODE bob +o"]
    assert " NOTE MANAGE RESULT " in bob.answers("MANAGE user list")[0]
    assert stored(harness, "bob")
    assert answered(harness, name="bob", role="member") == "bob is now: member."
    assert bob.received() == [":bob!bob@securechat MODE bob -o"]
    assert bob.answers("MANAGE user list") == [FORBIDDEN]
    assert bob.outlet.closed is None
    assert not stored(harness, "bob")


def test_whoever_takes_the_powers_from_the_last_one_is_told(harness: Harness) -> None:
    hint = " Nobody is an administrator now; the console makes one: securechat-admin user role NAME administrator"
    for name in ("root", "carol"):
        harness.account(name, administrator=True)
    harness.account("bob")
    administration = harness.hub.administration
    assert administration is not None
    told = []
    for name in ("bob", "carol", "root"):
        request = {"operation": "user suspend", "name": name, "last_administrator": True}
        answer = perform(administration.on_behalf_of("x"), request)
        told.append(OPERATIONS["user suspend"].text(answer["result"]))
    assert told == ["Suspended bob.", "Suspended carol.", f"Suspended root.{hint}"]
    assert answered(harness, name="root", role="member") == f"root is now: member.{hint}"


def test_the_address_of_who_is_here_is_locked_out_no_more_and_then_like_any_other(harness: Harness) -> None:
    harness.account("bob")
    bob = harness.person("bob", password=PASSWORD)
    trusted, address = harness.hub.trusted, bob.outlet.address
    assert not trusted.has(address)
    answered(harness, name="bob", role="administrator")
    assert trusted.has(address)
    answered(harness, name="bob", role="member")
    assert not trusted.has(address)


def test_who_is_not_here_has_them_at_the_next_login(harness: Harness) -> None:
    harness.account("bob")
    answered(harness, name="bob", role="administrator")
    assert " NOTE MANAGE RESULT " in harness.person("bob", password=PASSWORD).answers("MANAGE user list")[0]


def test_what_others_got_by_the_password_of_one_goes_too(harness: Harness) -> None:
    for name in ("root", "carol"):
        harness.account(name, administrator=True)
    harness.account("bob")
    bob = harness.person("bob", password=PASSWORD)
    assert any(" 381 " in line for line in bob.answers(f"OPER root :{PASSWORD}"))
    assert answered(harness, name="root", role="member") == "root is now: member."
    assert bob.answers("MANAGE user list")[-1] == FORBIDDEN
    assert not any(" 381 " in line for line in bob.answers(f"OPER root :{PASSWORD}"))


def test_one_administrator_makes_another_over_irc_and_lays_their_own_down(harness: Harness) -> None:
    harness.account("root", administrator=True)
    harness.account("bob")
    root = harness.person("root", password=PASSWORD)
    assert root.answers("MANAGE user role bob administrator --reason 'on holiday'") == [
        ":chat.test NOTE MANAGE RESULT :bob is now: administrator."
    ]
    assert ":chat.test NOTE MANAGE RESULT :root is now: member." in root.answers("MANAGE user role root member")
    assert " 481 " in root.answers("MANAGE user role root administrator")[-1]


def test_where_the_policy_asks_for_a_second_factor_it_comes_first(tmp_path: Path) -> None:
    with running(tmp_path, accounts__second_factor="administrators") as harness:
        harness.account("bob")
        bob = harness.person("bob", password=PASSWORD)
        answered(harness, name="bob", role="administrator")
        assert " FAIL MANAGE SECOND_FACTOR_REQUIRED " in bob.answers("MANAGE user list")[-1]
        set_up(bob)
        assert " NOTE MANAGE RESULT " in bob.answers("MANAGE user list")[0]


@pytest.mark.parametrize(
    ("name", "role", "expected"),
    [
        ("bob", "king", "unknown_role: The roles of an account are: administrator, member. "),
        ("bob", "member", "nothing_to_do: bob is that already: member."),
        ("root", "administrator", "nothing_to_do: root is that already: administrator."),
        ("robo", "administrator", "administrator_or_bot: robo is the account of a program: "),
        ("robo", "member", "administrator_or_bot: "),
        ("nobody", "member", "no_such_account: There is no account nobody."),
    ],
)
def test_what_is_refused(harness: Harness, name: str, role: str, expected: str) -> None:
    harness.account("root", administrator=True)
    harness.account("bob")
    harness.account("robo", bot=True)
    assert answered(harness, name=name, role=role).startswith(expected)
    assert not harness.database.read(lambda unit: unit.audit.page(0, 10))


def test_the_last_administrator_who_can_log_in_stays_one(harness: Harness) -> None:
    """Neither by another role nor by a suspension, and nobody else counts; the console may, if it says so."""
    for name in ("anna", "bob"):
        harness.account(name, PASSWORD, administrator=True)
    harness.account("robo", bot=True)
    harness.account("carl")
    anna = harness.person("anna", password=PASSWORD)
    assert " NOTE MANAGE RESULT :Suspended bob." in anna.answers("MANAGE user suspend bob")[0]
    why = "anna is the only administrator who can log in, and without one nobody could look after the server."
    todo = "Make somebody else one first: user role NAME administrator"
    for words in ("role anna member", "suspend anna", "suspend anna --last-administrator"):
        (line,) = anna.answers(f"MANAGE user {words}")
        assert line == f":chat.test FAIL MANAGE LAST_ADMINISTRATOR :{why} {todo}."
    assert stored(harness, "anna")
    console = f"{todo} (or say --last-administrator, if it is to be looked after from this console alone)."
    assert answered(harness, name="anna", role="member", last_administrator=False) == (
        f"last_administrator: {why} {console}"
    )
    assert answered(harness, name="bob", role="member", last_administrator=False) == "bob is now: member."
    assert answered(harness, name="carl", role="administrator", last_administrator=False).startswith("carl is now")
    assert answered(harness, name="anna", role="member", last_administrator=False) == "anna is now: member."
    assert answered(harness, name="carl", role="member").startswith("carl is now: member."), "the console has said so"
