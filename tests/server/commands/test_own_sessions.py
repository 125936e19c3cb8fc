"""SESSIONS: who is logged in to one's own account, and ending that; the same for an administrator."""

from tests.server.commands.logins import plain
from tests.server.commands.test_app_passwords import made
from tests.server.harness import Harness, Person
from tests.server.second_factors import PASSWORD, next_code, set_up

NOTE = ":chat.test NOTE SESSIONS"
ENDED = ":chat.test FAIL * SESSION_ENDED :This session was ended on purpose; a program should not come back by itself"


def listed(one: Person) -> list[list[str]]:
    """The rows of SESSIONS LIST: number, since, active, address, by what, whether it is this one, text."""
    *rows, end = one.answers("SESSIONS LIST")
    assert end.startswith(f"{NOTE} SESSIONS_END :")
    assert all(row.startswith(f"{NOTE} SESSION ") for row in rows), rows
    return [[*row.partition(" :")[0].split()[4:], row.partition(" :")[2]] for row in rows]


def alice_twice(harness: Harness) -> tuple[Person, Person]:
    harness.account("alice")
    return harness.person("alice", password=PASSWORD), harness.person("alice", password=PASSWORD)


def test_each_is_shown_with_when_how_and_from_where(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    secret, _ = set_up(alice)
    phone = made(alice, "phone", f"{PASSWORD} {next_code(harness, secret)}")
    laptop = harness.connection("::1")
    laptop.sends("CAP REQ :sasl", "NICK alice")
    laptop.received()
    plain(laptop, "alice", f"{PASSWORD} {next_code(harness, secret)}")
    other = harness.person("alice", password=phone)
    assert other.answers("SESSIONS NAME :Irssi 1.4")[0] == f"{NOTE} SESSION_NAMED :Irssi 1.4"
    harness.time += 60_000
    harness.now += 60
    alice.session.heard_at = harness.now
    alice.sends("PRIVMSG alice :note to self")
    alice.received()
    time = "2025-11-24T16:0{}.000Z".format
    half = [time("1:00"), time("1:00")]
    assert listed(alice) == [
        ["1", time("0:00"), time("2:00"), "192.0.2.1", "password", "this", "this session; by password"],
        ["2", *half, "0::1", "password+code", "other", "by password and one-time code; not in the chat yet"],
        ["3", *half, "192.0.2.1", "app-password:phone", "other", "by the app password phone; Irssi 1.4"],
    ]


def test_revoking_one_ends_it_and_tells_the_others(harness: Harness) -> None:
    alice, lost = alice_twice(harness)
    third = harness.person("alice", password=PASSWORD)
    alice.received()
    lines = alice.answers("SESSIONS REVOKE 2")
    assert lines[0].startswith(f"{NOTE} SESSION_REVOKED 2 :")
    told = "NOTICE alice :Session 2 of your account was ended by session 1 of the account"
    assert lines[1:] == [f":chat.test {told}"]
    assert third.received() == [f":chat.test {told}"]
    reason = "This session was ended by session 1 of the account"
    assert lost.received() == [ENDED, f"ERROR :Closing link: ({reason})"]
    assert [one.outlet.closed for one in (alice, lost, third)] == [None, reason, None]
    assert [row[0] for row in listed(alice)] == ["1", "3"]
    assert [row[0] for row in listed(harness.person("alice", password=PASSWORD))] == ["1", "3", "4"]


def test_revoking_all_others_or_really_all(harness: Harness) -> None:
    alice, other = alice_twice(harness)
    half = harness.connection()  # logged in, but not welcomed
    half.sends("CAP REQ :sasl", "NICK alice")
    half.received()
    plain(half, "alice", PASSWORD)
    harness.account("bob")
    bob = harness.person("bob", password=PASSWORD)
    lines = alice.answers("SESSIONS REVOKE others")
    assert [line.split()[3] for line in lines[:3]] == ["SESSION_REVOKED", "SESSION_REVOKED", "SESSIONS_END"]
    assert other.outlet.closed is not None
    assert half.outlet.closed is not None
    assert alice.outlet.closed is None
    last = alice.answers("SESSIONS REVOKE ALL")
    assert last[0].startswith(f"{NOTE} SESSION_REVOKED 1 ")
    assert last[-1].startswith("ERROR ")
    assert bob.outlet.closed is None


def test_nothing_that_a_revoked_session_still_sends_is_run(harness: Harness) -> None:
    alice, lost = alice_twice(harness)
    alice.sends_unsettled(b"SESSIONS REVOKE 2\r\n")
    lost.sends_unsettled(b"PRIVMSG alice :too late\r\n")
    harness.settle()
    assert not any("too late" in line for line in alice.received())


def test_it_works_before_the_welcome_and_without_a_disk(harness: Harness) -> None:
    alice, _ = alice_twice(harness)
    half = harness.connection()
    half.sends("CAP REQ :sasl", "NICK alice")
    half.received()
    plain(half, "alice", PASSWORD)
    with harness.disk_full():
        assert f"{NOTE} SESSION_REVOKED 1 " in half.answers("SESSIONS REVOKE 1")[0]
    assert alice.outlet.closed is not None


def test_refusals(harness: Harness) -> None:
    assert " ACCOUNT_REQUIRED " in harness.person("guest").answers("SESSIONS LIST")[0]
    alice, _ = alice_twice(harness)
    harness.account("bob")
    harness.person("bob", password=PASSWORD)
    assert " UNKNOWN_SESSION 7 " in alice.answers("SESSIONS REVOKE 7")[0]
    assert " UNKNOWN_SESSION 02 " in alice.answers("SESSIONS REVOKE 02")[0]
    assert " NEED_MORE_PARAMS REVOKE " in alice.answers("SESSIONS REVOKE")[0]
    assert " INVALID_SUBCOMMAND x " in alice.answers("SESSIONS x")[0]
    assert " INVALID_PARAMS NAME " in alice.answers(f"SESSIONS NAME :{'x' * 41}")[0]
    assert " INVALID_PARAMS NAME " in alice.answers("SESSIONS NAME :a\u202eb")[0]
    harness.workers.full = True
    assert " TEMPORARILY_UNAVAILABLE " in alice.answers("SESSIONS LIST")[0]


def test_a_long_row_fits_into_a_line(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    phone = made(alice, "\U0001f4f1" * 30)
    one = harness.person("alice", password=phone)
    one.sends(f"SESSIONS NAME :{chr(0x1F4BB) * 40}")
    one.received()
    one.sends("SESSIONS LIST")
    assert all(len(line.encode()) <= 510 for line in one.received())


def test_an_administrator_sees_and_ends_them_without_addresses(harness: Harness) -> None:
    harness.account("root", administrator=True)
    root = harness.person("root", password=PASSWORD)
    alice, other = alice_twice(harness)
    lines = root.answers("MANAGE session list --account ALICE")
    assert len(lines) == 3
    assert " alice    1       2025-11-24 16:00  2025-11-24 16:00  password" in lines[1].replace(":alice", " alice")
    assert not any("192.0.2" in line for line in lines)
    for number in (0, 7):
        refused = root.answers(f"MANAGE session revoke alice {number}")[0]
        assert f"FAIL MANAGE NO_SUCH_SESSION :alice has no session {number}. " in refused
    for words in ("alice", "alice 2 --all"):
        refused = root.answers(f"MANAGE session revoke {words}")[0]
        assert "FAIL MANAGE WHICH_SESSION :Say which session, by its number (see: " in refused
    assert root.answers("MANAGE session revoke alice 2 --reason lost")[0].endswith(" :Ended 1 session of alice.")
    assert other.outlet.closed == "This session was ended by an administrator"
    assert alice.received()[-1] == ":chat.test NOTICE alice :Session 2 of your account was ended by an administrator"
    assert root.answers("MANAGE session revoke alice --all")[0].endswith(" :Ended 1 session of alice.")
    assert alice.outlet.closed is not None
    assert [line.rpartition(" :")[2] for line in root.answers("MANAGE session list --account alice")] == [
        "Nobody is logged in."
    ]
    assert "NOTHING_TO_DO :alice has no sessions." in root.answers("MANAGE session revoke alice --all")[0]
    records = harness.database.read(lambda unit: unit.audit.page(0, 9))
    acts = [(one.actor, one.act, one.target, one.detail, one.reason) for one in records]
    assert acts == [
        ("root", "session revoke", "alice", "2", "lost"),
        ("root", "session revoke", "alice", "all", ""),
    ]
