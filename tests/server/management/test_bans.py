"""`securechat-admin ban` and `registration`."""

import pytest

from securechat.domain.server_bans import ServerBan
from securechat.server.administration import Administration, AdministrationError
from securechat.server.administration_ports import JournalStore, NoEffects, ServerAddress
from securechat.server.configuration import Configuration
from securechat.server.live_effects import HubEffects
from securechat.server.management import bans
from securechat.server.management.bans import ban_add, ban_list, ban_remove
from securechat.server.management.registration import registration_close, registration_open, registration_status
from securechat.server.operations import OPERATIONS, perform
from tests.fakes import InMemoryStore
from tests.server.harness import Harness


def offline() -> Administration:
    made = Administration(Configuration(), InMemoryStore(), NoEffects(), lambda: ServerAddress("h", 1, ""))
    return made.on_behalf_of("anna")


def running(harness: Harness) -> Administration:
    store, effects = JournalStore(harness.journal, harness.database), HubEffects(harness.hub)
    return Administration(
        harness.hub.configuration, store, effects, lambda: ServerAddress("h", 1, ""), clock=lambda: harness.time
    ).on_behalf_of("anna")


def text(administration: Administration, operation: str, **parameters: object) -> str:
    answer = perform(administration, {"operation": operation, **parameters})
    assert answer["ok"], answer
    return OPERATIONS[operation].text(answer["result"])


def test_bans_take_effect_at_once_and_are_listed(harness: Harness) -> None:
    console = running(harness)
    bad = harness.connection("192.0.2.9")
    bad.sends("NICK bad", "USER bad 0 * :x")
    assert text(console, "ban list") == "Nobody is banned."
    added = text(console, "ban add", target="192.0.2.8/30", lasts="2h", reason="spam")
    assert added == "Banned 192.0.2.8/30 until 2025-11-24 18:00 UTC."
    harness.settle()
    closing = "You are banned from this server until 2025-11-24 18:00:00 UTC: spam"
    assert bad.received()[-1] == f"ERROR :Closing link: ({closing})"
    assert text(console, "ban list").splitlines() == [
        "BANNED        ENDS (UTC)        BY    SINCE (UTC)       REASON",
        "192.0.2.8/30  2025-11-24 18:00  anna  2025-11-24 16:00  spam",
    ]
    assert text(console, "ban remove", target="192.0.2.9/30") == "192.0.2.8/30 is not banned any more."
    assert harness.hub.bans.all == ()
    (record, _) = harness.database.read(lambda unit: unit.audit.page(0, 9))
    assert record.target == "an IPv4 network /30"  # no address in what can never be removed


def test_what_would_lock_out_an_administrator(harness: Harness) -> None:
    harness.account("root", administrator=True)
    harness.person("boss", password="correct horse", account="root")
    console = running(harness)
    for target, kept_out in (
        ("192.0.2.0/24", "192.0.2.1/32"),
        ("127.0.0.1", "127.0.0.0/8"),
        ("::/0", "::1/128"),
        ("bo*", "boss"),
        ("r*", "root"),
    ):
        with pytest.raises(AdministrationError, match=f"would keep out .*{kept_out}"):
            ban_add(console, target)
    with pytest.raises(AdministrationError, match=r"would keep out 127\.0\.0\.0/8"):
        ban_add(offline(), "127.0.0.1")
    assert ban_list(console) == []


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bans, "MOST_BANS", 1)
    console = offline()
    with pytest.raises(AdministrationError, match="means everybody"):
        ban_add(console, "*")
    with pytest.raises(AdministrationError, match="A ban lasts for"):
        ban_add(console, "spam*", lasts="soon")
    with pytest.raises(AdministrationError, match="is not banned"):
        ban_remove(console, "spam*")
    ban_add(console, "spam*")
    with pytest.raises(AdministrationError, match="There are 1 bans already"):
        ban_add(console, "eggs*")


def test_what_has_ended_is_neither_listed_nor_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bans, "MOST_BANS", 1)
    console = offline()
    console.clock = lambda: 1_000_000
    ban_add(console, "spam*", lasts="1s")
    console.clock = lambda: 1_001_000
    assert ban_list(console) == []
    ban_add(console, "eggs*")
    assert [one.target for one in ban_list(console)] == ["eggs*"]


def test_registration(harness: Harness) -> None:
    console = running(harness)
    assert text(console, "registration status") == "Whoever has an invite can make an account."
    closed = "Registration is closed for now: nobody can make an account, not with an invite either."
    assert text(console, "registration close") == text(console, "registration status") == closed
    assert harness.hub.registration_closed
    with pytest.raises(AdministrationError, match="Registration is closed already"):
        registration_close(console)
    assert not registration_open(console).closed
    assert harness.hub.policy.registration == "invite"
    with pytest.raises(AdministrationError, match="Registration is not closed"):
        registration_open(console)
    assert registration_close(offline()).closed
    assert not registration_status(offline()).closed


def test_what_would_not_be_banned_any_more_can_be_taken_off_the_list(harness: Harness) -> None:
    console = running(harness)
    harness.journal.call(lambda unit: unit.server_rules.add_ban(ServerBan("300.1.1.1", "anna", 1))).result(20)
    assert perform(console, {"operation": "ban add", "target": "300.1.1.1"})["code"] == "bad_target"
    assert text(console, "ban remove", target="300.1.1.1") == "300.1.1.1 is not banned any more."
    assert text(console, "ban list") == "Nobody is banned."
