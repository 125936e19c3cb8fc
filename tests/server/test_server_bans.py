"""Bans from the whole server and the lock-down of registration, as the hub carries them out."""

from pathlib import Path

import pytest

from securechat.domain.server_bans import ServerBan
from securechat.server.server_bans import locked_out, sentence_of, take_over
from tests.server.harness import Harness, code_of, running


def ban(harness: Harness, *bans: ServerBan) -> None:
    with harness.hub.lock:
        take_over(harness.hub, list(bans))
    harness.settle()


def test_the_sentence() -> None:
    assert sentence_of(ServerBan("x", "anna", 1)) == "You are banned from this server"
    ends = ServerBan("x", "anna", 1, 1_764_000_000_000, "spam")
    assert sentence_of(ends) == "You are banned from this server until 2025-11-24 16:00:00 UTC: spam"


def test_sessions_of_a_banned_address_end(harness: Harness) -> None:
    bad, waiting, good = (harness.connection(address) for address in ("192.0.2.9", "192.0.2.9", "192.0.2.1"))
    for one, nick in ((bad, "bad"), (good, "good")):
        one.sends(f"NICK {nick}", f"USER {nick} 0 * :x", "JOIN #tea")
        one.received()
    bad.received()
    ban(harness, ServerBan("192.0.2.8/31", "anna", 1, reason="spam"))
    closing = "ERROR :Closing link: (You are banned from this server: spam)"
    assert bad.received()[-1] == waiting.received()[-1] == closing
    assert good.received()[-1] == ":bad!bad@securechat QUIT :You are banned from this server: spam"
    assert good.outlet.closed is None


def test_a_mask_of_nicks(harness: Harness) -> None:
    spammer, other = harness.person("spam1"), harness.person("other")
    unfinished = harness.connection()
    unfinished.sends("NICK spam2")
    ban(harness, ServerBan("spam*", "anna", 1, expires=harness.time + 1000))
    assert spammer.outlet.closed is not None
    assert unfinished.outlet.closed is not None
    refusal = ":chat.test 433 other SPAMMER :Nickname is banned on this server"
    assert other.answers("NICK SPAMMER") == [refusal]
    harness.account("spamalot")
    one = harness.connection()
    one.sends("NICK spamalot", "USER x 0 * :x")
    assert code_of(one.received()[-1]) == "433"
    harness.time += 1000
    assert code_of(other.answers("NICK SPAMMER")[0]) == "NICK"


def test_a_banned_name_cannot_be_registered(tmp_path: Path) -> None:
    with running(tmp_path, access__registration="open") as harness:
        ban(harness, ServerBan("spam*", "anna", 1))
        one = harness.connection()
        one.sends("CAP LS 302", "CAP REQ :draft/account-registration", "NICK x", "USER x 0 * :x")
        one.received()
        refusal = ":chat.test FAIL REGISTER BAD_ACCOUNT_NAME spammer :This name is banned on this server"
        assert one.answers("REGISTER spammer * :correct horse battery") == [refusal]


def test_nobody_bans_an_administrator_who_is_here(harness: Harness) -> None:
    harness.account("root", administrator=True)
    assert locked_out(harness.hub, "r*") == "root"
    assert locked_out(harness.hub, "192.0.2.0/24") == ""
    harness.person("boss", password="correct horse", account="root")
    assert locked_out(harness.hub, "boss") == "boss"
    assert locked_out(harness.hub, "192.0.2.0/24") == "192.0.2.1/32"
    assert locked_out(harness.hub, "127.0.0.1") == "127.0.0.0/8"
    assert locked_out(harness.hub, "198.51.100.7") == ""


@pytest.mark.parametrize("registration", ["open", "invite"])
def test_registration_is_closed_for_now(tmp_path: Path, registration: str) -> None:
    with running(tmp_path, access__registration=registration) as harness:
        harness.invite("token")
        harness.journal.call(lambda unit: unit.server_rules.set_registration_closed(True)).result(20)
    with running(tmp_path, access__registration=registration) as harness:
        one = harness.connection()
        one.sends("CAP LS 302", "CAP REQ :draft/account-registration", "PASS token", "NICK x", "USER x 0 * :x")
        one.received()
        text = "This server makes no new accounts for now; try again later"
        refusal = f":chat.test FAIL REGISTER REGISTRATION_CLOSED x :{text}"
        assert one.answers("REGISTER x * :correct horse battery") == [refusal]
        with harness.hub.lock:
            harness.hub.close_registration(closed=False)
        assert "SUCCESS" in one.answers("REGISTER x * :correct horse battery")[0]


def test_bans_are_known_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.journal.call(lambda unit: unit.server_rules.add_ban(ServerBan("192.0.2.9", "anna", 1))).result(20)
    with running(tmp_path) as harness:
        assert harness.hub.bans.of_address("192.0.2.9", harness.time) is not None
