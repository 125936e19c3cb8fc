"""`securechat-admin user second-factor-reset` and app passwords: what an administrator does for who has lost them."""

from pathlib import Path

import pytest

from securechat.server.administration import Administration
from securechat.server.administration_ports import NoEffects, ServerAddress
from securechat.server.configuration import Configuration
from securechat.server.operations import OPERATIONS, QUESTION, perform
from tests.fakes import InMemoryStore
from tests.server.commands.logins import LOGGED_IN, begun, plain
from tests.server.harness import Harness, Person, running
from tests.server.second_factors import PASSWORD, next_code, set_up

RESET = "user second-factor-reset"
NOTICE = (
    ":chat.test NOTICE alice :The second factor of your account was taken away by an administrator; "
    "TOTP SETUP :<password> sets up another one"
)


def text(harness: Harness, operation: str, **parameters: object) -> str:
    administration = harness.hub.administration
    assert administration is not None
    answer = perform(administration.on_behalf_of("root"), {"operation": operation, **parameters})
    harness.settle()
    return OPERATIONS[operation].text(answer["result"]) if answer["ok"] else str(answer["error"])


@pytest.fixture
def alice(harness: Harness) -> Person:
    """Somebody with a second factor and an app password."""
    harness.account("alice")
    one = harness.person("alice", password=PASSWORD)
    secret, _ = set_up(one)
    assert " APP_PASSWORD_ADDED " in one.answers(f"APPPASSWORD ADD phone :{PASSWORD} {next_code(harness, secret)}")[0]
    return one


def test_a_lost_telephone(harness: Harness, alice: Person) -> None:
    before = harness.database.read(lambda unit: unit.accounts.credentials(1))
    said = text(harness, RESET, name="ALICE", reason="telephone lost")
    assert said.startswith("alice has no second factor any more; ")
    assert alice.received() == [NOTICE]  # and is still here
    assert alice.outlet.closed is None
    assert " TOTP_STATUS off 0 " in alice.answers("TOTP STATUS")[0]
    assert plain(begun(harness), "alice", PASSWORD) == LOGGED_IN
    assert harness.database.read(lambda unit: unit.accounts.credentials(1)) == before
    assert text(harness, RESET, name="alice") == "alice has no second factor: the password alone lets in."
    assert text(harness, RESET, name="nobody").startswith("There is no account nobody.")


def test_it_is_asked_before(harness: Harness, alice: Person) -> None:
    question = OPERATIONS[RESET].question
    assert question is not None
    administration = harness.hub.administration
    assert administration is not None
    asked = perform(administration, {"operation": RESET, "name": "alice", QUESTION: True})
    assert str(asked["result"]).startswith("The second factor of alice goes, and the recovery codes: ")
    assert harness.hub.accounts["alice"].second_factor
    harness.account("bob")
    refused = perform(administration, {"operation": RESET, "name": "bob", QUESTION: True})
    assert refused["code"] == "nothing_to_do"


def test_where_one_is_asked_for_nobody_keeps_powers_by_the_password_alone(tmp_path: Path) -> None:
    with running(tmp_path, accounts__second_factor="administrators") as harness:
        harness.account("root", administrator=True)
        root = harness.person("root", password=PASSWORD)
        secret, _ = set_up(root)
        guest = harness.person("guest")
        assert " 381 " in guest.answers(f"OPER root :{PASSWORD} {next_code(harness, secret)}")[-1]
        text(harness, RESET, name="root")
        for one in (root, guest):
            assert any(line.endswith(" -o") for line in one.received())
            assert " 481 " in one.answers("WALLOPS :hello")[0]


def test_by_another_administrator_and_nobody_their_own(harness: Harness, alice: Person) -> None:
    harness.account("root", administrator=True)
    root = harness.person("root", password=PASSWORD)
    set_up(root)
    own = root.answers("MANAGE user second-factor-reset ROOT --yes")
    assert own[0].startswith(":chat.test FAIL MANAGE OWN_SECOND_FACTOR :Your own second factor goes by TOTP REMOVE")
    assert " NOTE MANAGE CONFIRM " in root.answers("MANAGE user second-factor-reset alice")[-1]
    assert harness.hub.accounts["alice"].second_factor
    assert "alice has no second factor any more" in root.answers("MANAGE user second-factor-reset alice --yes")[0]
    assert not harness.hub.accounts["alice"].second_factor
    assert " 481 " in alice.answers("MANAGE user second-factor-reset root --yes")[-1]


@pytest.mark.parametrize("policy", ["administrators", "everybody"])
def test_where_the_policy_asks_for_one_it_is_set_up_anew(tmp_path: Path, policy: str) -> None:
    with running(tmp_path, accounts__second_factor=policy) as harness:
        harness.account("root", administrator=True)
        one = harness.connection()
        one.sends("CAP REQ :sasl", "NICK root", "USER root 0 * :Root")
        one.received()
        plain(one, "root", PASSWORD)
        one.sends("CAP END")
        set_up(one)
        user = one.session.user
        assert user is not None
        assert user.operator
        text(harness, RESET, name="root")
        assert not user.operator
        assert one.outlet.closed is None
        again = harness.connection()
        again.sends("CAP REQ :sasl", "NICK root", "USER root 0 * :Root")
        again.received()
        assert plain(again, "root", PASSWORD)[-1].startswith(":chat.test 903 ")
        assert any(" SECOND_FACTOR_REQUIRED " in line for line in again.answers("CAP END"))


def test_what_is_not_stored_did_not_happen(harness: Harness, alice: Person) -> None:
    with harness.disk_full():
        assert text(harness, RESET, name="alice").endswith(" Nothing was changed.")
    assert harness.hub.accounts["alice"].second_factor
    assert alice.received() == []


def test_app_passwords_are_listed_and_revoked(harness: Harness, alice: Person) -> None:
    (number,) = harness.hub.app_passwords
    head, row = text(harness, "user app-passwords", name="alice").splitlines()
    assert head.split() == ["NUMBER", "NAME", "MADE", "(UTC)", "LAST", "USED", "(UTC)"]
    assert [row.split()[0], row.split()[1], row.split()[-1]] == [str(number), "phone", "never"]
    harness.account("bob")
    assert text(harness, "user app-passwords", name="bob") == "The account has no app passwords."
    for name, wrong in (("bob", number), ("alice", number + 1)):
        assert text(harness, "user app-password-revoke", name=name, number=wrong).startswith(
            f"{name} has no app password {wrong}. See: securechat-admin user app-passwords {name}"
        )
    done = text(harness, "user app-password-revoke", name="Alice", number=number, reason="laptop stolen")
    assert done == "Revoked the app password phone of alice; what came in by it has ended."
    assert harness.hub.app_passwords == set()
    assert text(harness, "user app-passwords", name="alice") == "The account has no app passwords."
    assert alice.outlet.closed is None


def test_beside_no_server() -> None:
    store = InMemoryStore()
    console = Administration(Configuration(), store, NoEffects(), lambda: ServerAddress("h", 1, "")).on_behalf_of("me")
    made = perform(console, {"operation": "user add", "name": "anna", "password": "long enough"})
    assert made["ok"]
    unit = store.unit
    unit.second_factors.add_app_password(1, "phone", b"x", time=1, most=1)
    unit.second_factors.use_app_password(1, 86_400_000)
    shown = perform(console, {"operation": "user app-passwords", "name": "anna"})
    assert OPERATIONS["user app-passwords"].text(shown["result"]).splitlines()[1].split()[-2:] == [
        "1970-01-02",
        "00:00",
    ]
    assert perform(console, {"operation": "user app-password-revoke", "name": "anna", "number": 1})["ok"]
    assert [one.act for one in unit.audit.page(0, 9)] == ["user add", "user app-password-revoke"]
