"""That no path to an account forgets the second factor, and that no failure tells what was wrong."""

import ast
import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

import securechat.server
from securechat.protocol.sasl import ScramClient
from securechat.server import one_time_codes, verification
from securechat.server.ports import Pool
from securechat.server.registry import COMMANDS, Stage
from tests.server.commands.logins import FAILED, LOGGED_IN, begun, data_of, plain, send_data
from tests.server.harness import Harness, Person, running
from tests.server.second_factors import PASSWORD, code, next_code, set_up

SOURCES = Path(next(iter(securechat.server.__path__)))


def scram(one: Person, name: str, given: str) -> list[str]:
    """Log in by SCRAM, with what stands behind the last space as the code."""
    password, _, code = given.rpartition(" ") if given.startswith(PASSWORD + " ") else (given, "", "")
    client = ScramClient(name, password, "fyko+d2lbbFgONRv9qkxdawL", code)
    one.sends("AUTHENTICATE SCRAM-SHA-256")
    one.received()
    lines = send_data(one, client.final(data_of(send_data(one, client.first()))))
    if "AUTHENTICATE" not in lines[0]:
        return lines
    client.check(data_of(lines))
    return one.answers("AUTHENTICATE +")


Login = Callable[[Person, str, str], list[str]]
BOTH = pytest.mark.parametrize("login", [plain, scram])


@pytest.fixture
def secret(harness: Harness) -> bytes:
    """The secret of alice's second factor."""
    harness.account("alice", administrator=True)
    alice = harness.person("alice", password=PASSWORD)
    secret, _ = set_up(alice)
    alice.vanishes()
    harness.workers.done.clear()
    return secret


@BOTH
def test_a_login_needs_the_code_and_each_is_good_once(harness: Harness, login: Login, secret: bytes) -> None:
    given = f"{PASSWORD} {next_code(harness, secret)}"
    one = begun(harness)
    assert login(one, "alice", PASSWORD) == FAILED
    assert login(one, "alice", given) == LOGGED_IN
    assert one.session.credential is not None
    assert one.session.credential.with_code
    assert login(begun(harness), "alice", given) == FAILED


@BOTH
def test_every_failure_is_the_same_bytes(harness: Harness, login: Login, secret: bytes) -> None:
    right = next_code(harness, secret)
    tries = {
        f"{PASSWORD} 000000": "alice",
        f"{PASSWORD} ": "alice",
        f"wrong {right}": "alice",
        f"{PASSWORD} {right}": "nobody",
        f"{PASSWORD}  {right} ": "alice",
    }
    for given, name in tries.items():
        harness.workers.done.clear()
        assert login(begun(harness), name, given) == FAILED
        assert harness.workers.done == [Pool.HASHING if login is plain else Pool.READING]
    harness.hub.accounts["alice"].suspended = True
    assert login(begun(harness), "alice", f"{PASSWORD} {right}") == FAILED


@BOTH
def test_a_recovery_code_is_good_once(harness: Harness, login: Login) -> None:
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    _, recovery = set_up(alice)
    alice.vanishes()
    given = f"{PASSWORD} {recovery[4]}"
    assert login(begun(harness), "alice", given) == LOGGED_IN
    assert login(begun(harness), "alice", given) == FAILED


@BOTH
def test_every_failure_is_the_same_work(
    harness: Harness, login: Login, secret: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same look-ups, and whatever takes some time as often: what took part in one only could be measured."""
    harness.account("dora").suspended = True
    harness.account("erna")
    done: list[str] = []

    def reads(*given: object) -> None:
        done.append(str(given[2]))

    event.listen(Engine, "before_cursor_execute", reads)

    def counted(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object) -> object:
            done.append(name)
            return function(*given)

        return call

    for module, name in (
        (verification, "verify_password"),
        (verification, "stand_in"),
        (verification, "dummy_credentials"),
        (verification, "costs_of"),
        (one_time_codes, "code_at"),
    ):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    work = {}
    for name, given in (
        ("alice", PASSWORD),
        ("alice", "wrong"),
        ("dora", PASSWORD),
        ("erna", "wrong"),
        ("nobody", "x"),
    ):
        one = begun(harness)
        done.clear()
        assert login(one, name, f"{given} 000000" if login is plain or given == PASSWORD else given) == FAILED
        work[name, given] = list(done)
    event.remove(Engine, "before_cursor_execute", reads)
    assert all(one == work["nobody", "x"] for one in work.values()), work
    assert {"stand_in", "dummy_credentials", "costs_of", "code_at"} <= set(work["nobody", "x"])


def test_two_logins_at_the_same_moment_share_no_code(harness: Harness, secret: bytes) -> None:
    given = base64.b64encode(f"\0alice\0{PASSWORD} {next_code(harness, secret)}".encode()).decode()
    people = [begun(harness) for _ in range(3)]
    harness.workers.put_off()
    for one in people:
        one.sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {given}")
        one.received()
    harness.workers.work()
    harness.settle()
    assert sorted(one.codes()[-1] for one in people) == ["903", "904", "904"]


@BOTH
def test_a_factor_that_is_set_up_meanwhile_counts(harness: Harness, login: Login) -> None:
    account = harness.account("alice")
    one = begun(harness)
    account.second_factor = True
    assert login(one, "alice", PASSWORD) == FAILED


def test_a_code_of_the_secret_of_before_is_worth_nothing_to_who_has_begun_in_time(
    harness: Harness, secret: bytes
) -> None:
    """Whoever has the lost telephone holds a login open until another second factor is in its place."""
    thief, alice = begun(harness), begun(harness)
    client = ScramClient("alice", PASSWORD, "fyko+d2lbbFgONRv9qkxdawL", code(harness, secret, 3))
    thief.sends("AUTHENTICATE SCRAM-SHA-256")
    thief.received()
    challenge = data_of(send_data(thief, client.first()))
    plain(alice, "alice", f"{PASSWORD} {next_code(harness, secret)}")
    other, _ = set_up(alice, f"{PASSWORD} {next_code(harness, secret)}")
    assert other != secret
    next_code(harness, secret)
    assert send_data(thief, client.final(challenge)) == FAILED
    assert thief.session.account is None


@BOTH
def test_passwords_with_spaces_and_digits_keep_working(harness: Harness, login: Login) -> None:
    harness.account("alice", "correct horse 123456")
    if login is plain:
        assert login(begun(harness), "alice", "correct horse 123456") == LOGGED_IN
    assert login(begun(harness), "alice", "correct horse") == FAILED


def test_a_full_disk_lets_nobody_in_by_a_code(harness: Harness, secret: bytes) -> None:
    given = f"{PASSWORD} {next_code(harness, secret)}"
    one = begun(harness)
    with harness.disk_full():
        assert " TEMPORARILY_UNAVAILABLE " in plain(one, "alice", given)[0]
    assert one.session.account is None
    assert plain(one, "alice", given) == LOGGED_IN


def test_hashes_beyond_the_limit_are_not_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def count(password: str, _: object) -> bool:
        hashed.append(password)
        return False

    monkeypatch.setattr("securechat.server.verification.verify_password", count)
    with running(tmp_path, limits__failed_logins_per_minute=2) as harness:
        harness.account("alice")
        for name in ("alice", "nobody"):
            wrong = base64.b64encode(f"\0{name}\0wrong".encode()).decode()
            people = [begun(harness) for _ in range(5)]
            harness.workers.put_off()
            for one in people:
                one.sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {wrong}")
                one.received()
            waiting = harness.workers.waiting
            assert waiting is not None
            hashed.clear()
            for job in list(waiting):  # one after the other, each with its answer
                job()
                harness.settle()
            waiting.clear()
            assert hashed == ["wrong"] * 2
            answers = [one.received() for one in people]
            assert [" RATE_LIMITED " in lines[0] for lines in answers] == [False, False, True, True, True]
            harness.workers.work()
            harness.now += 61


def test_what_was_not_looked_at_is_refused_as_such(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.account("alice")
    monkeypatch.setattr("securechat.server.verification.limit_reached", lambda *_: True)
    one = begun(harness)
    lines = plain(one, "alice", PASSWORD)
    assert " RATE_LIMITED 1 " in lines[0]
    assert one.session.account is None


def test_no_command_of_the_table_gives_anything_for_the_password_alone(harness: Harness, secret: bytes) -> None:
    plain_alone = base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode()
    for row in COMMANDS.values():
        for stranger in (begun(harness, "mallory"), harness.person("mallory")):
            name = row.name
            tries = (
                f"{name} :{PASSWORD}",
                f"{name} alice :{PASSWORD}",
                f"{name} alice * :{PASSWORD}",
                f"{name} SETUP :{PASSWORD}",
                f"{name} ADD alice :{PASSWORD}",
                f"{name} PLAIN",
                f"{name} {plain_alone}",
            )
            for line in tries:
                stranger.sends(line)
                assert stranger.session.account is None or stranger.session.account.name != "alice", line
                user = stranger.session.user
                assert user is None or not user.operator, line
            stranger.vanishes()
    assert {"AUTHENTICATE", "OPER", "REGISTER", "TOTP"} <= set(COMMANDS)
    assert COMMANDS["APPPASSWORD"].stage is Stage.PRESENT


def test_oper_needs_the_code(harness: Harness, secret: bytes) -> None:
    bob = harness.person("bob")
    given = next_code(harness, secret)
    assert " 464 " in bob.answers(f"OPER alice :{PASSWORD}")[0]
    assert " 464 " in bob.answers(f"OPER alice :{PASSWORD} 000000")[0]
    assert " 381 " in bob.answers(f"OPER alice :{PASSWORD} {given}")[-1]


def test_only_one_place_checks_passwords_and_only_one_gives_an_account() -> None:
    checking, giving = set(), set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "verify_password":
                checking.add(path.name)
            targets = node.targets if isinstance(node, ast.Assign) else []
            for target in targets:
                if isinstance(target, ast.Attribute) and ast.unparse(target).endswith("session.account"):
                    giving.add(path.name)
    assert checking == {"verification.py"}
    assert giving == {"login.py"}


def test_code_helper_agrees_with_the_server(harness: Harness, secret: bytes) -> None:
    assert code(harness, secret) != code(harness, secret, 1)
