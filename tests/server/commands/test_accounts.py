"""REGISTER (draft/account-registration): by which right, and what stands in the way."""

import sqlite3
from pathlib import Path

import pytest

from securechat.errors import StorageError
from securechat.links import parse_link
from securechat.server.commands import accounts
from securechat.server.operations import perform
from securechat.server.presence import evict_guest
from tests.server.harness import Harness, Person, code_of, running

PASSWORD = "correct horse"
SUCCESS = ":chat.test REGISTER SUCCESS alice :Account created"


def newcomer(harness: Harness, token: str = "", nick: str = "alice") -> Person:
    """Somebody who negotiates and has shown an invite."""
    one = harness.connection()
    one.sends("CAP REQ :draft/account-registration standard-replies", *([f"PASS {token}"] if token else []))
    one.sends(f"NICK {nick}", f"USER {nick} 0 * :x")
    one.received()
    return one


def register(one: Person, name: str = "*", password: str = PASSWORD) -> list[str]:
    return one.answers(f"REGISTER {name} * :{password}")


def test_with_an_invite_into_its_rooms(tmp_path: Path) -> None:
    with running(tmp_path, access__guests=False) as harness:
        harness.invite("token", rooms=("#general", "#новая"))
        one = newcomer(harness, "token")
        assert register(one) == [
            SUCCESS,
            ":chat.test 900 alice alice!alice@securechat alice :You are now logged in as alice",
        ]
        one.sends("CAP END")
        lines = one.received()
        assert [line for line in lines if " JOIN " in line] == [
            ":alice!alice@securechat JOIN #general",
            ":alice!alice@securechat JOIN #новая",
        ]
        one.sends("QUIT")
    with running(tmp_path, access__guests=False) as again:
        assert not again.hub.accounts["alice"].administrator
        one = again.connection()
        one.sends("CAP LS", "NICK alice", "USER alice 0 * :x", "AUTHENTICATE PLAIN")
        one.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
        assert [line.split()[2] for line in one.received() if " JOIN " in line] == ["#general", "#новая"]


def rooms_of(harness: Harness, account: str) -> set[str]:
    rooms = harness.hub.memberships[harness.hub.accounts[account].id]
    return {harness.hub.rooms_by_id[room_id].room.name for room_id in rooms}


def test_an_invite_leads_into_its_room_whatever_that_is_called_now(harness: Harness) -> None:
    boss, eve = harness.person("boss"), harness.person("eve")
    boss.sends("JOIN #team", "MODE #team +i")
    harness.invite("token", rooms=("#Team", "#general"))
    boss.sends("RENAME #team #core")
    eve.sends("JOIN #team")
    assert register(newcomer(harness, "token"))[0] == SUCCESS
    assert rooms_of(harness, "alice") == {"#core", "#general"}


def test_an_invite_leads_into_its_room_that_is_renamed_while_it_is_used(harness: Harness) -> None:
    boss = harness.person("boss")
    boss.sends("JOIN #team")
    harness.invite("token", rooms=("#team",))
    one = newcomer(harness, "token")
    one.sends_unsettled(f"REGISTER * * :{PASSWORD}\r\n".encode())  # the invite is used, the account not known yet
    boss.sends_unsettled(b"RENAME #team #core\r\n")
    harness.settle()
    assert one.received()[0] == SUCCESS
    assert rooms_of(harness, "alice") == {"#core"}
    assert "#team" not in harness.hub.rooms


def test_an_invite_follows_no_new_name_that_could_not_be_stored(harness: Harness) -> None:
    boss = harness.person("boss")
    boss.sends("JOIN #team")
    harness.invite("token", rooms=("#team",))
    with harness.disk_full():
        boss.sends("RENAME #team #core")
    assert register(newcomer(harness, "token"))[0] == SUCCESS
    assert rooms_of(harness, "alice") == {"#team"}


def test_an_invite_makes_no_room_that_passes_for_another(harness: Harness) -> None:
    harness.person("boss").sends("JOIN #dev1")
    harness.invite("token", rooms=("#general", "#devl"))
    assert register(newcomer(harness, "token"))[0] == SUCCESS
    assert rooms_of(harness, "alice") == {"#general"}
    assert "#devl" not in harness.hub.rooms
    harness.invite("other", rooms=("#devI",))
    register(newcomer(harness, "other", "bob"))
    assert rooms_of(harness, "bob") == {"#general"}


def test_an_invite_may_make_an_administrator(harness: Harness) -> None:
    harness.invite("token", administrator=True)
    assert register(newcomer(harness, "token"))[0] == SUCCESS
    assert harness.hub.accounts["alice"].administrator


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"uses": 0}, "INVITE_USED"), ({"expires": 1}, "INVITE_EXPIRED"), (None, "INVITE_UNKNOWN")],
)
def test_an_invite_that_is_no_good(harness: Harness, changes: dict[str, int] | None, code: str) -> None:
    if changes is not None:
        harness.invite("token", **changes)
    (line,) = register(newcomer(harness, "token"))
    assert line.startswith(f":chat.test FAIL REGISTER {code} alice :")
    assert not harness.hub.accounts


def test_a_revoked_invite_says_so(harness: Harness) -> None:
    harness.invite("token")
    harness.journal.call(lambda unit: unit.invites.revoke(unit.invites.all()[0].id)).result(20)
    assert "INVITE_REVOKED" in register(newcomer(harness, "token"))[0]


def test_an_invite_expires_while_the_hub_runs(harness: Harness) -> None:
    harness.invite("token", expires=harness.time + 1000)
    one = newcomer(harness, "token")
    harness.time += 1000
    assert "INVITE_EXPIRED" in register(one)[0]


def test_an_invite_is_good_for_so_many_and_failures_do_not_use_it_up(harness: Harness) -> None:
    harness.invite("token", uses=2)
    one = newcomer(harness, "token")
    assert "WEAK_PASSWORD" in register(one, password="short")[0]
    assert "BAD_ACCOUNT_NAME" in register(one, name="9")[0]
    assert register(one)[0] == SUCCESS
    assert "REGISTER SUCCESS" in register(newcomer(harness, "token", "bob"))[0]
    assert "INVITE_USED" in register(newcomer(harness, "token", "carol"))[0]


def test_of_two_with_the_same_single_use_one_gets_it(harness: Harness) -> None:
    harness.invite("token")
    first, second = newcomer(harness, "token"), newcomer(harness, "token", "bob")
    harness.workers.put_off()
    first.sends(f"REGISTER * * :{PASSWORD}")
    second.sends(f"REGISTER * * :{PASSWORD}")
    harness.workers.work()
    harness.settle()
    assert first.received()[0] == SUCCESS
    assert "INVITE_USED" in second.received()[0]
    assert list(harness.hub.accounts) == ["alice"]


@pytest.mark.parametrize("registration", ["invite", "open"])
def test_of_two_at_once_whose_names_look_alike_one_gets_it(tmp_path: Path, registration: str) -> None:
    with running(tmp_path, access__registration=registration) as harness:
        harness.invite("token", uses=2)
        first, second = (newcomer(harness, "token", nick) for nick in ("anna", "bert"))
        harness.workers.put_off()
        first.sends(f"REGISTER paul1 * :{PASSWORD}")
        second.sends(f"REGISTER paull * :{PASSWORD}")
        harness.workers.work()
        harness.settle()
        assert "REGISTER SUCCESS paul1" in first.received()[0]
        assert second.received()[0].startswith(":chat.test FAIL REGISTER ACCOUNT_EXISTS paull :")
        assert list(harness.hub.accounts) == ["paul1"]
        assert "REGISTER SUCCESS paula" in register(second, "paula")[0]


@pytest.mark.parametrize("how", ["refused", "full", "disk", "gone meanwhile", "bug"])
def test_a_name_that_was_not_got_is_free_for_those_who_want_one_like_it(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    harness.invite("token", uses=2)
    one = newcomer(harness, "wrong" if how == "refused" else "token", "anna")
    harness.workers.put_off()
    harness.workers.full = how == "full"
    one.sends_unsettled(f"REGISTER paul1 * :{PASSWORD}\r\n".encode())
    if how == "bug":
        monkeypatch.setattr("securechat.server.commands.accounts._failed", None)
        monkeypatch.setattr("securechat.server.commands.accounts.hash_password", None)
    if how == "gone meanwhile":
        with harness.disk_full():
            one.vanishes()
            harness.workers.work()
    elif how == "disk":
        with harness.disk_full():
            harness.workers.work()
    else:
        harness.workers.work()
    harness.settle()
    monkeypatch.undo()
    caplog.clear()  # of the bug
    harness.workers.full = False
    assert not harness.hub.accounts
    assert not harness.hub.names_of_people.has_alike("paull")
    assert "REGISTER SUCCESS paull" in register(newcomer(harness, "token", "bert"), "paull")[0]


def test_of_two_who_want_the_same_name_one_gets_it_and_the_other_keeps_the_invite(harness: Harness) -> None:
    harness.invite("one")
    harness.invite("two")
    first, second = newcomer(harness, "one"), newcomer(harness, "two")
    harness.workers.put_off()
    first.sends(f"REGISTER * * :{PASSWORD}")
    second.sends(f"REGISTER ALICE * :{PASSWORD}")
    harness.workers.work()
    harness.settle()
    assert first.received()[0] == SUCCESS
    assert second.received()[0].startswith(":chat.test FAIL REGISTER ACCOUNT_EXISTS ALICE :")
    assert "REGISTER SUCCESS bob" in register(second, "bob")[0]


def test_without_an_invite_one_is_needed(harness: Harness) -> None:
    (line,) = register(newcomer(harness))
    assert line.startswith(":chat.test FAIL REGISTER INVITE_REQUIRED alice :")


@pytest.mark.parametrize("token", ["", "wrong"])
def test_who_has_no_invite_learns_of_no_account(tmp_path: Path, token: str) -> None:
    """The answer to a name that is somebody's is that to any other."""
    with running(tmp_path, access__guests=False) as harness:
        harness.account("alice")
        one = newcomer(harness, token, "x")
        (taken,), (free,) = register(one, "alice"), register(one, "nobody")
        assert taken.replace("alice", "nobody") == free


def test_closed_registration_takes_no_invite(tmp_path: Path) -> None:
    with running(tmp_path, access__registration="closed") as harness:
        harness.invite("token")
        for token in ("", "token"):
            assert "REGISTRATION_CLOSED" in register(newcomer(harness, token))[0]


def test_open_registration_needs_none_but_honours_one(tmp_path: Path) -> None:
    with running(tmp_path, access__registration="open") as harness:
        assert register(newcomer(harness))[0] == SUCCESS
        harness.invite("token", rooms=("#tea",))
        one = newcomer(harness, "token", "bob")
        assert "REGISTER SUCCESS bob" in register(one)[0]
        assert "#tea" in "".join(one.answers("CAP END"))
        assert "INVITE_USED" in register(newcomer(harness, "token", "carol"))[0]


@pytest.mark.parametrize("registration", ["open", "invite"])
@pytest.mark.parametrize("end", ["user suspend", "user role"])
def test_an_invite_makes_no_administrator_once_its_maker_is_none(tmp_path: Path, registration: str, end: str) -> None:
    """Where everybody may make an account, too: the powers come from who has made the link."""
    with running(tmp_path, access__registration=registration) as harness:
        harness.account("root", PASSWORD, administrator=True)
        root = harness.person("root", password=PASSWORD)
        link = next(line for line in root.answers("MANAGE invite create --administrator") if "invite=" in line)
        token = parse_link(link[link.index("securechat://") :].rstrip("'")).invite
        administration = harness.hub.administration
        assert administration is not None
        given = {"role": "member"} if end == "user role" else {}
        assert perform(administration, {"operation": end, "name": "root", "last_administrator": True, **given})["ok"]
        harness.settle()
        assert " FAIL REGISTER INVITE_REVOKED " in register(newcomer(harness, token))[0]
        assert "alice" not in harness.hub.accounts


def test_the_servers_password_is_not_taken_for_an_invite(tmp_path: Path) -> None:
    with running(tmp_path, access__registration="open", access__password="secret") as harness:
        assert register(newcomer(harness, "secret"))[0] == SUCCESS


@pytest.mark.parametrize(
    ("name", "password", "answer"),
    [
        ("*", "1234567", "WEAK_PASSWORD alice :The password is too short"),
        ("*", "", "WEAK_PASSWORD alice :The password is empty"),
        ("longname", "LONGNAME", "WEAK_PASSWORD longname :The password must not be the name"),
        ("9lives", PASSWORD, "BAD_ACCOUNT_NAME 9lives :"),
        ("a,b", PASSWORD, "BAD_ACCOUNT_NAME a,b :"),
        ("#tea", PASSWORD, "BAD_ACCOUNT_NAME #tea :"),
        ("a" * 33, PASSWORD, f"BAD_ACCOUNT_NAME {'a' * 33} :"),
        ("TAKEN", PASSWORD, "ACCOUNT_EXISTS TAKEN :"),
        ("present", PASSWORD, "ACCOUNT_EXISTS present :"),
    ],
)
def test_a_wish_that_cannot_be_granted(harness: Harness, name: str, password: str, answer: str) -> None:
    harness.account("taken")
    harness.person("present")
    harness.invite("token")
    (line,) = register(newcomer(harness, "token"), name, password)
    assert line.startswith(f":chat.test FAIL REGISTER {answer}")


def test_it_needs_a_nick_and_three_parameters(harness: Harness) -> None:
    one = harness.connection()
    assert one.answers("REGISTER * *") == [":chat.test 461 * REGISTER :Not enough parameters"]
    assert register(one)[0].startswith(":chat.test FAIL REGISTER NEED_NICK * :")


def test_once_is_enough(harness: Harness) -> None:
    harness.invite("token")
    one = newcomer(harness, "token")
    register(one)
    assert register(one, "other")[0].startswith(":chat.test FAIL REGISTER ALREADY_AUTHENTICATED alice :")


def test_before_the_welcome_only_where_that_is_allowed(tmp_path: Path) -> None:
    with running(tmp_path, accounts__register_before_connect=False, access__registration="open") as harness:
        one = newcomer(harness)
        assert "COMPLETE_CONNECTION_REQUIRED" in register(one)[0]
        one.sends("CAP END")
        one.received()
        assert register(one)[0] == SUCCESS


def test_a_guest_who_registers_keeps_their_rooms_for_good(tmp_path: Path) -> None:
    with running(tmp_path, access__registration="open") as harness:
        alice = harness.person("alice")
        alice.sends("JOIN #tea")
        alice.received()
        assert [code_of(line) for line in register(alice)] == ["REGISTER", "900"]
        alice.sends("PRIVMSG #tea :mine now", "QUIT")
    with running(tmp_path) as again:
        alice = again.connection()
        alice.sends("CAP LS 302", "NICK alice", "USER alice 0 * :x", "AUTHENTICATE PLAIN")
        alice.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
        assert ":alice!alice@securechat JOIN #tea" in alice.received()


def test_an_account_whose_maker_is_gone_before_it_is_stored_can_be_used(harness: Harness) -> None:
    harness.invite("token", rooms=("#tea",))
    one = newcomer(harness, "token")
    harness.workers.put_off()
    one.sends(f"REGISTER * * :{PASSWORD}")
    one.vanishes()
    harness.workers.work()
    harness.settle()
    alice = harness.person("alice", password=PASSWORD)
    assert alice.session.user is not None
    assert [live.room.name for live in alice.session.user.rooms.values()] == ["#tea"]


@pytest.mark.parametrize(("operation", "suspended"), [("user suspend", True), ("user passwd", False)])
def test_nobody_is_let_into_an_account_that_was_changed_before_it_was_known(
    tmp_path: Path, operation: str, suspended: bool
) -> None:
    """It is stored, and the I/O thread of its maker has not come to it yet."""
    with running(tmp_path, access__registration="open") as harness:
        one = newcomer(harness)
        harness.workers.put_off()
        register(one)
        harness.workers.work()
        administration = harness.hub.administration
        assert administration is not None
        given = {"password": "quite another one"} if operation == "user passwd" else {}
        assert perform(administration, {"operation": operation, "name": "alice", **given})["ok"]
        harness.settle()
        assert one.received() == [f"ERROR :Closing link: ({accounts.CHANGED_EARLY})"]
        assert one.outlet.closed
        assert harness.hub.accounts["alice"].suspended == suspended
        assert not harness.hub.ended_early


def test_too_much_to_do_and_a_full_disk(harness: Harness) -> None:
    harness.invite("token")
    one = newcomer(harness, "token")
    harness.workers.full = True
    assert register(one)[0].startswith(":chat.test FAIL REGISTER TEMPORARILY_UNAVAILABLE alice :")
    harness.workers.full = False
    with harness.disk_full():
        assert register(one)[0].startswith(":chat.test FAIL REGISTER TEMPORARILY_UNAVAILABLE alice :")
        assert not harness.hub.accounts
    assert register(one)[0] == SUCCESS


def test_guessing_tokens_is_throttled(tmp_path: Path) -> None:
    with running(tmp_path, limits__failed_logins_per_minute=1) as harness:
        harness.invite("right")
        for number in range(5):
            one = newcomer(harness, f"guess{number}")
            assert "INVITE_UNKNOWN" in register(one)[0]
        (line,) = register(newcomer(harness, "right"))
        assert line.startswith(":chat.test FAIL REGISTER RATE_LIMITED ")
        harness.now += 61
        assert register(newcomer(harness, "right"))[0] == SUCCESS


def test_no_password_or_token_reaches_the_log(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    harness.invite("sesame-token")
    one = newcomer(harness, "sesame-token")

    def broken(*_: object) -> None:
        raise StorageError("it cannot be hashed") from sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "hash_password", broken)
        assert "TEMPORARILY_UNAVAILABLE" in register(one)[0]
    register(one)
    text = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "An account could not be stored" in text
    assert "Account made" in text
    assert PASSWORD not in text
    assert "sesame" not in text


def test_a_guest_who_took_the_nick_meanwhile_must_leave(harness: Harness) -> None:
    """The name is somebody's from the moment the account is stored, and its owner is not kept out of it."""
    one = harness.connection()
    harness.invite("token")
    one.sends("CAP LS", "PASS token", "NICK alice", "USER alice 0 * :x")
    harness.workers.put_off()
    one.sends("REGISTER * * :correct horse", "CAP END")
    guest = harness.person("alice")
    harness.workers.work()
    harness.settle()
    assert guest.received()[-1] == "ERROR :Closing link: (Your nick belongs to an account now; choose another one)"
    assert any(" 001 alice " in line for line in one.received())


def test_a_guest_who_must_leave_does_no_harm_to_whom_the_nick_belongs(harness: Harness) -> None:
    """The room and those who watch the nick hear that the guest went before they hear of its owner, and once."""
    (watch,) = harness.members_of("#tea", "watch")
    watch.sends("MONITOR + alice")
    one = harness.connection()
    harness.invite("token")
    one.sends("CAP LS", "PASS token", "NICK alice", "USER alice 0 * :x")
    harness.workers.put_off()
    one.sends("REGISTER * * :correct horse", "CAP END")
    (guest,) = harness.members_of("#tea", "alice")
    watch.received()
    with harness.hub.lock:
        evict_guest(harness.hub, "alice")  # the connections may belong to another thread: they end later
    guest.sends_unsettled(b"NICK ghost\r\nJOIN #den\r\n")
    harness.workers.work()
    harness.settle()
    one.sends("JOIN #tea")
    assert watch.received() == [
        ":alice!alice@securechat QUIT :Your nick belongs to an account now; choose another one",
        ":chat.test 731 watch :alice",
        ":chat.test 730 watch :alice!alice@securechat",
        ":alice!alice@securechat JOIN #tea",
    ]
    assert watch.answers("NAMES #tea")[0] == ":chat.test 353 watch = #tea :@watch alice"
    assert guest.outlet.closed is not None
    assert set(harness.hub.users) == {"watch", "alice"}
    assert harness.hub.find_room("#den") is None
