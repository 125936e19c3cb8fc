"""A login that is half done when its right ends comes to nothing, however far it is (system/test_ends_of_rights).

Nobody can see such a login in a list of sessions, so whatever ends all sessions ends these with them.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from securechat.protocol.sasl import ScramClient
from securechat.server.live_effects import HubEffects
from tests.server.commands.logins import FAILED, LOGGED_IN, PASSWORD, begun, data_of, send_data
from tests.server.harness import Harness, Person
from tests.server.second_factors import set_up

Rest = Callable[[], list[str]]
"""What is left to do for the client; returns what it was told at last."""


def challenged(one: Person) -> Rest:
    """The server's first message has come."""
    client = ScramClient("alice", PASSWORD, "fyko+d2lbbFgONRv9qkxdawL")
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    challenge = data_of(send_data(one, client.first()))

    def rest() -> list[str]:
        lines = send_data(one, client.final(challenge))
        return one.answers("AUTHENTICATE +") if "AUTHENTICATE" in lines[0] else lines

    return rest


def proved(one: Person) -> Rest:
    """Both have proved that they know the password; only the client's last word is missing."""
    client = ScramClient("alice", PASSWORD, "fyko+d2lbbFgONRv9qkxdawL")
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    challenge = data_of(send_data(one, client.first()))
    client.check(data_of(send_data(one, client.final(challenge))))
    return lambda: one.answers("AUTHENTICATE +")


def looked_at(one: Person) -> Rest:
    """A worker has the password, and is not done with it."""
    harness = one.harness
    one.answers("AUTHENTICATE PLAIN")
    harness.workers.put_off()
    assert send_data(one, f"\0alice\0{PASSWORD}".encode()) == []
    waiting, harness.workers.waiting = harness.workers.waiting, None  # what comes in between is done at once

    def rest() -> list[str]:
        assert waiting is not None
        while waiting:
            waiting.popleft()()
        harness.settle()
        return one.received()

    return rest


def suspended(harness: Harness, owner: Person) -> None:
    """Whoever is let in again later logs in anew."""
    effects, account = HubEffects(harness.hub), harness.hub.accounts["alice"]
    effects.account_suspended(account.id)
    effects.account_unsuspended(account.id)


def given_another_password(harness: Harness, owner: Person) -> None:
    HubEffects(harness.hub).credentials_changed(harness.hub.accounts["alice"].id)


def revoked_by_an_administrator(harness: Harness, owner: Person) -> None:
    HubEffects(harness.hub).end_sessions(harness.hub.accounts["alice"].id, None)


def ends_others(harness: Harness, owner: Person) -> None:
    owner.sends("SESSIONS REVOKE others")


def ends_all(harness: Harness, owner: Person) -> None:
    owner.sends("SESSIONS REVOKE all")


def changes_the_password(harness: Harness, owner: Person) -> None:
    owner.sends(f"PASSWD OLD :{PASSWORD}", "PASSWD NEW :another staple battery")


ENDS = (
    suspended,
    given_another_password,
    revoked_by_an_administrator,
    ends_others,
    ends_all,
    changes_the_password,
)


@contextmanager
def half_done(harness: Harness, stage: Callable[[Person], Rest]) -> Iterator[tuple[Person, Rest]]:
    """The owner of an account, who is here, and what is left of a login to it."""
    harness.account("alice", PASSWORD)
    owner = harness.person("alice", password=PASSWORD)
    yield owner, stage(begun(harness))


STAGES = pytest.mark.parametrize("stage", [challenged, proved, looked_at])


@pytest.mark.parametrize("end", ENDS)
@STAGES
def test_it_comes_to_nothing(
    harness: Harness, stage: Callable[[Person], Rest], end: Callable[[Harness, Person], None]
) -> None:
    with half_done(harness, stage) as (owner, rest):
        end(harness, owner)
        harness.settle()
        assert rest() == FAILED


@STAGES
def test_else_it_comes_in(harness: Harness, stage: Callable[[Person], Rest]) -> None:
    with half_done(harness, stage) as (_, rest):
        assert rest() == LOGGED_IN


@STAGES
def test_the_end_of_one_session_is_not_that_of_logins(harness: Harness, stage: Callable[[Person], Rest]) -> None:
    with half_done(harness, stage) as (owner, rest):
        owner.sends(f"SESSIONS REVOKE {owner.session.number}")
        assert rest() == LOGGED_IN


@STAGES
def test_a_second_factor_that_is_set_up_is_asked_for_at_once(harness: Harness, stage: Callable[[Person], Rest]) -> None:
    with half_done(harness, stage) as (owner, rest):
        set_up(owner)
        assert rest() == FAILED


@pytest.mark.parametrize("end", [suspended, revoked_by_an_administrator, ends_others])
def test_a_session_that_ends_runs_nothing_more(harness: Harness, end: Callable[[Harness, Person], None]) -> None:
    """Not even what has come before its own thread gets to ending it."""
    with half_done(harness, challenged) as (owner, _):
        other = harness.person("alice", password=PASSWORD)
        watcher = harness.person("bob")
        if end is ends_others:
            owner.sends_unsettled(b"SESSIONS REVOKE others\r\n")
        else:
            end(harness, owner)
        other.sends_unsettled(b"PRIVMSG bob :too late\r\n")
        harness.settle()
        assert other.outlet.closed is not None
        assert not any("too late" in line for line in watcher.received())


@STAGES
def test_it_comes_to_nothing_where_it_is_all_that_there_is(harness: Harness, stage: Callable[[Person], Rest]) -> None:
    """An administrator sees nobody who is logged in, and ends everything to be safe."""
    harness.account("root", PASSWORD, administrator=True)
    root = harness.person("root", password=PASSWORD)
    harness.account("alice", PASSWORD)
    rest = stage(begun(harness))
    assert "NOTHING_TO_DO :alice has no sessions." in root.answers("MANAGE session revoke alice --all")[0]
    assert rest() == FAILED


def test_a_command_that_is_done_meanwhile_lets_nothing_more_be_run(harness: Harness) -> None:
    """What waits behind it does not come between the order to end a session and its end."""
    harness.account("alice", PASSWORD)
    owner, watcher = harness.person("alice", password=PASSWORD), harness.person("bob")
    harness.workers.put_off()
    span = "timestamp=2020-01-01T00:00:00.000Z timestamp=2040-01-01T00:00:00.000Z"
    owner.sends_unsettled(f"CHATHISTORY TARGETS {span} 9\r\nPRIVMSG bob :too late\r\n".encode())
    harness.settle()
    waiting, harness.workers.waiting = harness.workers.waiting, None
    assert waiting
    waiting.popleft()()
    tick, harness.posted = harness.posted, deque()  # what an I/O thread has taken before the order comes
    suspended(harness, owner)
    with harness.hub.lock:
        for action in tick:
            action()
        while harness.resumed:
            session = harness.resumed.popleft().session
            assert session is not None
            harness.dispatcher.run_backlog(session, harness.now)
    harness.settle()
    assert owner.outlet.closed is not None
    assert not any("too late" in line for line in watcher.received())


def test_an_app_password_that_is_revoked_while_it_is_looked_at(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    owner = harness.person("alice", password=PASSWORD)
    (line,) = (one for one in owner.answers(f"APPPASSWORD ADD phone :{PASSWORD}") if "APP_PASSWORD_ADDED" in one)
    secret = line.rpartition(":")[2]
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    harness.workers.put_off()
    send_data(one, f"\0alice\0{secret}".encode())
    waiting, harness.workers.waiting = harness.workers.waiting, None
    owner.sends("APPPASSWORD REVOKE phone")
    assert waiting is not None
    while waiting:
        waiting.popleft()()
    harness.settle()
    assert one.received() == FAILED


@pytest.mark.parametrize("line", [f"APPPASSWORD ADD phone :{PASSWORD}", f"PASSWD OLD :{PASSWORD}"])
def test_what_waits_for_a_worker_is_not_gone_on_with_by_a_session_that_is_to_end(harness: Harness, line: str) -> None:
    """Its right has ended; that its own thread has not got to ending it makes no difference."""
    account = harness.account("alice", PASSWORD)
    owner, thief = (harness.person("alice", password=PASSWORD) for _ in range(2))
    harness.workers.put_off()
    thief.sends(line)
    with harness.hub.lock:
        harness.workers.work()  # the password is right, and that is on its way to the session
    owner.sends_unsettled(b"SESSIONS REVOKE others\r\n")
    harness.settle()
    assert thief.outlet.closed is not None
    assert harness.database.read(lambda unit: unit.second_factors.app_passwords(account.id)) == []
    assert thief.session.shown_password is None
