"""The operations behind securechat-admin, on a store in memory: what they return, refuse, store and tell the server."""

import hashlib
import io
import logging
from collections.abc import Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext

import pytest

from securechat.domain.account import Account, Invite, refusal
from securechat.domain.events import Event, Kind, Source
from securechat.domain.server_bans import ServerBan, keeps_out
from securechat.errors import (
    AccountExists,
    InvalidName,
    InvalidRoomName,
    InviteRefused,
    NoSuchAccount,
    NoSuchInvite,
    SecurechatError,
    StorageError,
    TrustError,
)
from securechat.links import parse_link
from securechat.server import logs
from securechat.server.administration import (
    Administration,
    AdministrationError,
    explain,
    parse_duration,
)
from securechat.server.administration_ports import JournalStore, NoEffects, ServerAddress, SessionFacts
from securechat.server.configuration import Accounts, Configuration
from securechat.server.management import invites, rooms, users
from securechat.server.management.invites import MAX_ROOMS
from securechat.server.operations import OPERATIONS, perform
from securechat.server.passwords import verify_password
from tests.fakes import ImmediateJournal, InMemoryStore, InMemoryUnitOfWork

PASSWORD = "correct horse"
CONFIGURATION = Configuration(accounts=Accounts(argon2_memory_kib=8, argon2_iterations=1, scram_iterations=4096))
NOW = 1_800_000_000_000
DAY = 86_400_000


class RecordedEffects:
    """Implements LiveEffects: remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    def name_reserved(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def account_added(self, account: Account) -> None:
        self.told.append(("added", account.name))

    def account_suspended(self, account_id: int) -> None:
        self.told.append(("suspended", account_id))

    def account_unsuspended(self, account_id: int) -> None:
        self.told.append(("unsuspended", account_id))

    def role_changed(self, account_id: int, *, administrator: bool) -> None:
        self.told.append(("role", (account_id, administrator)))

    def credentials_changed(self, account_id: int) -> None:
        self.told.append(("credentials", account_id))

    def second_factor_removed(self, account_id: int) -> None:
        self.told.append(("factor", account_id))

    def app_password_revoked(self, number: int) -> None:
        self.told.append(("app password", number))

    def locked_out(self, target: str) -> str:
        return keeps_out(target, ["192.0.2.1"], ["boss"])

    def bans_changed(self, bans: list[ServerBan]) -> None:
        self.told.append(("bans", [one.target for one in bans]))

    def registration_changed(self, *, closed: bool) -> None:
        self.told.append(("registration", closed))

    def certificates_revoked(self, serials: Set[str]) -> None:
        self.told.append(("certificates", serials))

    def logged_in(self) -> Sequence[SessionFacts]:
        return ()

    def end_sessions(self, account_id: int, number: int | None) -> int:
        self.told.append(("sessions", (account_id, number)))
        return 1

    def invite_added(self, token_digest: bytes, invite: Invite) -> None:
        self.told.append(("invite", invite.id))

    def invites_revoked(self, numbers: Sequence[int]) -> None:
        self.told += [("revoked", number) for number in numbers]

    def sessions(self) -> Mapping[int, int]:
        return {1: 2}

    def rooms(self) -> Mapping[int, int]:
        return {7: 3}


class Setting:
    """An administration with everything around it."""

    def __init__(self) -> None:
        self.store = InMemoryStore()
        self.effects = RecordedEffects()
        self.now = NOW
        self.administration = Administration(
            CONFIGURATION,
            self.store,
            self.effects,
            lambda: ServerAddress("chat.lan", 6697, "ab" * 32),
            clock=lambda: self.now,
        )

    @property
    def unit(self) -> InMemoryUnitOfWork:
        return self.store.unit


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_an_account_is_made_and_told(setting: Setting) -> None:
    made = users.user_add(setting.administration, "ann", PASSWORD, administrator=True)
    assert (made.name, made.administrator, made.suspended, made.sessions) == ("ann", True, False, 2)
    assert made.created == "2027-01-15T08:00:00.000Z"
    assert verify_password(PASSWORD, setting.unit.accounts.credentials(1))
    assert setting.effects.told == [("added", "ann")]


def test_nobody_is_told_of_an_account_that_was_not_stored(setting: Setting) -> None:
    setting.store.failure = StorageError("disk full")
    with pytest.raises(StorageError):
        users.user_add(setting.administration, "ann", PASSWORD)
    assert setting.effects.told == []


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("ANN", PASSWORD, AccountExists),
        ("two words", PASSWORD, InvalidName),
        ("x" * 33, PASSWORD, InvalidName),
        ("bob", "1234567", AdministrationError),
        ("bobbobbob", "BOBbobbob", AdministrationError),
        ("bob", "x" * 593, AdministrationError),
    ],
)
def test_what_is_no_account(setting: Setting, name: str, password: str, error: type[Exception]) -> None:
    users.user_add(setting.administration, "ann", PASSWORD)
    with pytest.raises(error) as caught:
        users.user_add(setting.administration, name, password)
    assert password not in str(caught.value)
    assert [one.name for one in users.user_list(setting.administration)] == ["ann"]


def test_an_administrator_ends_the_one_time_link(setting: Setting) -> None:
    setting.unit.invites.add(
        b"boot",
        rooms=(),
        administrator=True,
        uses=1,
        expires=None,
        note="",
        created_by="server",
        time=1,
        bootstrap=True,
    )
    users.user_add(setting.administration, "ann", PASSWORD)
    assert refusal(setting.unit.invites.by_token(b"boot"), NOW) is None
    users.user_add(setting.administration, "root", PASSWORD, administrator=True)
    assert refusal(setting.unit.invites.by_token(b"boot"), NOW) == "revoked"


def test_a_new_password(setting: Setting) -> None:
    users.user_add(setting.administration, "Ann", PASSWORD)
    changed = users.user_passwd(setting.administration, "ann", "another one")
    assert changed.name == "Ann"
    credentials = setting.unit.accounts.credentials(1)
    assert verify_password("another one", credentials)
    assert not verify_password(PASSWORD, credentials)
    assert setting.effects.told[1:] == [("credentials", 1)]


def test_the_rules_hold_for_new_passwords_too(setting: Setting) -> None:
    users.user_add(setting.administration, "annabelle", PASSWORD)
    with pytest.raises(AdministrationError, match="must not be the name"):
        users.user_passwd(setting.administration, "ANNABELLE", "annabelle")


def test_suspending_and_back(setting: Setting) -> None:
    users.user_add(setting.administration, "ann", PASSWORD)
    assert users.user_suspend(setting.administration, "ann").suspended
    assert users.user_list(setting.administration)[0].suspended
    assert not users.user_unsuspend(setting.administration, "ANN").suspended
    assert setting.effects.told[1:] == [("suspended", 1), ("unsuspended", 1)]


@pytest.mark.parametrize("operation", ["user_suspend", "user_unsuspend"])
def test_unknown_accounts(setting: Setting, operation: str) -> None:
    with pytest.raises(NoSuchAccount):
        getattr(users, operation)(setting.administration, "ann")
    with pytest.raises(NoSuchAccount):
        users.user_passwd(setting.administration, "ann", PASSWORD)
    assert setting.effects.told == []


def test_an_invite_and_its_link(setting: Setting) -> None:
    made = invites.invite_create(
        setting.administration, ["ops", "#general", "ops"], uses=3, expires="12h", note="for Bob", administrator=True
    )
    link = parse_link(made.link)
    assert (link.host, link.port, link.room, link.ca) == ("chat.lan", 6697, "ops", "ab" * 32)
    stored = setting.unit.invites.by_token(hashlib.sha256(link.invite.encode()).digest())
    assert stored is not None
    assert (stored.rooms, stored.uses_left, stored.expires) == (("#ops", "#general"), 3, NOW + DAY // 2)
    assert stored.administrator
    assert made.invite.rooms == ("ops", "general")
    assert (made.invite.created_by, made.invite.note, made.invite.state) == ("securechat-admin", "for Bob", "usable")
    assert len(link.invite) == 22
    assert link.invite not in repr(made)


def test_an_invite_by_default(setting: Setting) -> None:
    made = invites.invite_create(setting.administration)
    (stored,) = setting.unit.invites.all()
    assert (stored.rooms, stored.uses_left, stored.expires, stored.administrator) == (
        ("#general",),
        1,
        NOW + 7 * DAY,
        False,
    )
    assert parse_link(made.link).room == "general"


def test_another_host_in_the_link(setting: Setting) -> None:
    made = invites.invite_create(setting.administration, host="2001:db8::7", expires="never")
    assert made.link.startswith("securechat://[2001:db8::7]:6697/general?")
    assert made.invite.expires is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"uses": 0},
        {"uses": 10_001},
        {"expires": "soon"},
        {"expires": "0d"},
        {"expires": "9999d"},
        {"note": "two\nlines"},
        {"note": "x" * 201},
        {"rooms": ["a b"]},
        {"rooms": [""]},
        {"rooms": [f"r{number}" for number in range(MAX_ROOMS + 1)]},
        {"host": "evil/?x"},
        {"host": "user@host"},
    ],
)
def test_what_is_no_invite(setting: Setting, wrong: dict[str, object]) -> None:
    answer = perform(setting.administration, {"operation": "invite create", **wrong})
    assert answer["ok"] is False
    assert answer["code"] not in ("bug", "bad_request", "failed", "refused")
    assert setting.unit.invites.all() == []


def test_an_invite_into_a_room_that_could_not_be_made(setting: Setting) -> None:
    setting.unit.rooms.record(Event(Kind.ROOM, NOW, Source("ann", "ann", "host", "ann", 1), 7, "#dev1"))
    for wanted in (["devl"], ["l1", "ll"], ["tеa"]):
        with pytest.raises(InvalidRoomName):
            invites.invite_create(setting.administration, wanted)
    assert setting.unit.invites.all() == []
    assert invites.invite_create(setting.administration, ["DEV1", "ops"]).invite.rooms == ("DEV1", "ops")


def test_listing_and_revoking_invites(setting: Setting) -> None:
    for uses in (1, 2, 3):
        invites.invite_create(setting.administration, uses=uses, expires=f"{uses}d")
    setting.now += 1 * DAY
    assert invites.invite_revoke(setting.administration, 2).state == "revoked"
    listed = invites.invite_list(setting.administration)
    assert [(one.number, one.uses_left, one.state) for one in listed] == [
        (3, 3, "usable"),
        (2, 2, "revoked"),
        (1, 1, "expired"),
    ]
    with pytest.raises(NoSuchInvite):
        invites.invite_revoke(setting.administration, 4)


def test_rooms(setting: Setting) -> None:
    ann = Source("ann", "ann", "host", "ann", 1)
    journal = ImmediateJournal(unit=setting.unit)
    for event in (
        Event(Kind.ROOM, NOW, ann, 7, "#tea"),
        Event(Kind.JOIN, NOW, ann, 7, "#tea"),
        Event(Kind.TOPIC, NOW, ann, 7, "#tea", "Hot"),
        Event(Kind.ROOM, NOW, ann, 8, "##x"),
    ):
        setting.unit.rooms.record(event)
    assert journal.entries == []
    listed = rooms.room_list(setting.administration)
    assert [(one.name, one.topic, one.members, one.present) for one in listed] == [
        ("##x", "", 0, 0),
        ("tea", "Hot", 1, 3),
    ]


def test_beside_no_server_nobody_is_counted(setting: Setting) -> None:
    offline = Administration(CONFIGURATION, setting.store, NoEffects(), lambda: ServerAddress("h", 1, ""))
    assert users.user_add(offline, "ann", PASSWORD).sessions is None
    assert users.user_suspend(offline, "ann").sessions is None
    assert not users.user_unsuspend(offline, "ann").suspended
    assert users.user_passwd(offline, "ann", "another one").sessions is None
    setting.unit.rooms.record(Event(Kind.ROOM, NOW, Source("a", "a", "h"), 7, "#tea"))
    assert rooms.room_list(offline)[0].present is None


def test_the_store_of_a_running_server_goes_through_its_journal(setting: Setting) -> None:
    journal = ImmediateJournal(unit=setting.unit)
    store = JournalStore(journal, setting.store)
    administration = Administration(CONFIGURATION, store, setting.effects, lambda: ServerAddress("h", 1, ""))
    users.user_add(administration, "ann", PASSWORD)
    assert [one.name for one in users.user_list(administration)] == ["ann"]
    journal.failure = StorageError("disk full")
    assert perform(administration, {"operation": "user suspend", "name": "ann"}) == {
        "ok": False,
        "code": "storage",
        "error": "Disk full. Nothing was changed.",
    }
    assert setting.effects.told == [("added", "ann")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30m", 1_800_000), ("12h", DAY // 2), ("7d", 7 * DAY), ("3650d", 3650 * DAY), ("never", None)],
)
def test_durations(text: str, expected: int | None) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "7", "d", "0m", "-1d", "1.5h", "7 d", "7D", "٧d", "1w", "3651d", "999999d", "7d\n"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(AdministrationError, match="30m, 12h or 7d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, "unknown_operation"),
        ({"operation": 5}, "unknown_operation"),
        ({"operation": "user delete"}, "unknown_operation"),
        ({"operation": "user add", "name": "ann"}, "bad_request"),
        ({"operation": "user add", "name": "ann", "password": 12345678}, "bad_request"),
        ({"operation": "user add", "name": "ann", "password": PASSWORD, "administrator": 1}, "bad_request"),
        ({"operation": "user add", "name": "ann", "password": PASSWORD, PASSWORD: 1}, "bad_request"),
        ({"operation": "invite create", "rooms": "ops"}, "bad_request"),
        ({"operation": "invite create", "rooms": [1]}, "bad_request"),
        ({"operation": "invite create", "uses": True}, "bad_request"),
        ({"operation": "invite revoke", "number": 5}, "no_such_invite"),
        ({"operation": "invite revoke", "number": 2**70}, "no_such_invite"),
        ({"operation": "user suspend", "name": "ann"}, "no_such_account"),
        ({"operation": "user suspend", "name": "\udc80"}, "no_such_account"),
        ({"operation": "user add", "name": "a b", "password": PASSWORD}, "invalid_name"),
        ({"operation": "user add", "name": "ann", "password": "x"}, "weak_password"),
    ],
)
def test_requests_that_are_refused(setting: Setting, request_: dict[str, object], code: str) -> None:
    answer = perform(setting.administration, request_)
    assert (answer["ok"], answer["code"]) == (False, code)
    assert PASSWORD not in answer["error"]


def test_a_bug_is_logged_and_answered_without_its_text(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    def explode() -> Mapping[int, int]:
        raise KeyError("secret detail")

    setting.effects.sessions = explode  # type: ignore[method-assign]
    answer = perform(setting.administration, {"operation": "user list"})
    assert answer["code"] == "bug"
    assert "secret detail" not in answer["error"]
    assert "Bug in the operation user list" in caplog.text


def test_results_are_plain_values(setting: Setting) -> None:
    perform(setting.administration, {"operation": "user add", "name": "ann", "password": PASSWORD})
    assert perform(setting.administration, {"operation": "user list"}) == {
        "ok": True,
        "result": [
            {
                "name": "ann",
                "administrator": False,
                "suspended": False,
                "created": "2027-01-15T08:00:00.000Z",
                "sessions": 2,
                "bot": False,
            }
        ],
    }


def test_an_account_of_a_program(setting: Setting) -> None:
    request = {"operation": "user add", "name": "robo", "password": PASSWORD, "bot": True}
    made = perform(setting.administration, request)
    assert (made["result"]["bot"], made["result"]["administrator"]) == (True, False)
    assert OPERATIONS["user add"].text(made["result"]) == "Made the bot robo."
    listed = perform(setting.administration, {"operation": "user list"})["result"]
    assert [one["bot"] for one in listed] == [True]
    assert OPERATIONS["user list"].text(listed).splitlines()[1].split()[:2] == ["robo", "bot"]
    assert setting.administration.store.read(lambda unit: unit.accounts.by_name("robo")) == Account(
        1, "robo", administrator=False, suspended=False, created=NOW, bot=True
    )


def test_no_program_is_an_administrator(setting: Setting) -> None:
    request = {"operation": "user add", "name": "robo", "password": PASSWORD, "bot": True, "administrator": True}
    answer = perform(setting.administration, request)
    assert (answer["ok"], answer["code"]) == (False, "administrator_or_bot")
    assert "not both" in answer["error"]
    assert setting.administration.store.read(lambda unit: unit.accounts.all()) == []


def test_every_operation_names_parameters_that_its_method_has() -> None:
    for operation in OPERATIONS.values():
        for function in filter(None, (operation.run, operation.question)):
            code = function.__code__
            names = set(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])
            assert names == {argument.name for argument in operation.arguments}


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (AdministrationError("weak", "Too weak."), "weak", "Too weak."),
        (AccountExists("ann"), "account_exists", "There is an account ann already"),
        (NoSuchAccount("ann"), "no_such_account", "There is no account ann."),
        (NoSuchInvite(7), "no_such_invite", "There is no invite number 7."),
        (InvalidName("a b", "it has a space"), "invalid_name", "The name 'a b' is not possible: it has a space."),
        (InviteRefused("used"), "refused", "The rules of the chat do not allow this now;"),
        (TrustError("no CA"), "failed", "no CA"),
    ],
)
def test_errors_are_worded(error: SecurechatError, code: str, words: str) -> None:
    found = explain(error)
    assert found[0] == code
    assert found[1].startswith(words)


def test_no_password_and_no_token_gets_into_the_log(setting: Setting) -> None:
    stream = io.StringIO()
    root, ours = logging.getLogger(), logging.getLogger(logs.LOGGER)
    before = (root.handlers[:], root.level, ours.level)
    try:
        logs.setup("debug", "text", stream)
        users.user_add(setting.administration, "ann", PASSWORD)
        users.user_passwd(setting.administration, "ann", PASSWORD + "2")
        link = parse_link(invites.invite_create(setting.administration).link)
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        ours.setLevel(before[2])
    assert "Account made account=ann administrator=False bot=False by=securechat-admin" in stream.getvalue()
    assert PASSWORD not in stream.getvalue()
    assert link.invite not in stream.getvalue()
