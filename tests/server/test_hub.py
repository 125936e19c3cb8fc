"""The hub's own promises: time, names, and that its tables agree with each other whatever happened."""

from pathlib import Path

from tests.server.harness import Harness, running

PASSWORD = "correct horse"


def test_time_never_goes_backwards_not_even_over_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        alice = harness.members_of("#tea", "alice")[0]
        start = harness.time
        assert harness.hub.now() == start
        harness.time -= 60_000
        assert harness.hub.now() == start
        alice.sends("PRIVMSG #tea :x")
    with running(tmp_path) as again:
        again.time = start - 60_000
        assert again.hub.now() == start


def test_whose_a_nick_may_be(harness: Harness) -> None:
    hub = harness.hub
    owner, other = harness.account("Alice"), harness.account("bob")
    harness.person("guest")
    cases = [
        ("alice", None, False),
        ("alice", other, False),
        ("ALICE", owner, True),
        ("guest", None, False),
        ("GUEST", owner, False),
        ("free", None, True),
        ("free", owner, True),
    ]
    for nick, account, free in cases:
        assert (not hub.nick_problem(nick, account)) is free, nick
    harness.person("ally", password=PASSWORD, account="alice")
    assert not hub.nick_problem("ally", owner)
    assert hub.nick_problem("ally", other)
    assert hub.nick_problem("ally", None)


def test_peers_are_each_session_once(harness: Harness) -> None:
    harness.account("bob", PASSWORD)
    bobs = [harness.person("bob", password=PASSWORD) for _ in range(2)]
    bobs[0].sends("JOIN #a,#b")
    alice = harness.person("alice")
    alice.sends("JOIN #a,#b,#c")
    harness.person("carol").sends("JOIN #d")
    with harness.hub.lock:
        user = alice.session.user
        assert user is not None
        peers = harness.hub.peers(user)
    assert len(peers) == len(set(peers)) == 3
    assert set(peers) == {alice.session, *(one.session for one in bobs)}


def test_an_audience_is_made_once_until_somebody_comes_or_goes(harness: Harness) -> None:
    alice, _ = harness.members_of("#tea", "alice", "bob")
    live = harness.hub.rooms["#tea"]
    before = live.audience()
    alice.sends("PRIVMSG #tea :x")
    assert live.audience() is before
    alice.sends("CAP REQ :server-time")
    changed = live.audience()
    assert changed is not before
    assert sum(len(outlets) for _, outlets in before) == sum(len(outlets) for _, outlets in changed) == 2
    alice.sends("QUIT")
    assert sum(len(outlets) for _, outlets in live.audience()) == 1


def test_what_the_database_holds_is_what_the_hub_held(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        for name in ("alice", "bob"):
            harness.account(name, PASSWORD)
        alice = harness.person("alice", password=PASSWORD)
        bob = harness.person("bob", password=PASSWORD)
        alice.sends("JOIN #a,#b", "TOPIC #a :green", "PRIVMSG bob :x", "PRIVMSG alice :y", "PRIVMSG #b :z")
        bob.sends("JOIN #a,#b", "PART #b", "PRIVMSG guest :nobody")
        before = harness.hub
        held = (
            {name: (live.room.id, live.room.topic, live.room.topic_by) for name, live in before.rooms.items()},
            {key: list(value) for key, value in before.memberships.items()},
            {parties: direct.id for parties, direct in before.direct.items()},
            before.last_said,
            {name: account.id for name, account in before.accounts.items()},
        )
        newest = harness.delivery.delivered_sequence
    with running(tmp_path) as again:
        after = again.hub
        assert {
            name: (live.room.id, live.room.topic, live.room.topic_by) for name, live in after.rooms.items()
        } == held[0]
        assert {key: sorted(value) for key, value in after.memberships.items()} == {
            key: sorted(value) for key, value in held[1].items()
        }
        assert {parties: direct.id for parties, direct in after.direct.items()} == held[2]
        # After a start a JOIN or a topic counts as well, which costs one look for nothing.
        assert all(after.last_said[key] >= newest_said for key, newest_said in held[3].items())
        assert {name: account.id for name, account in after.accounts.items()} == held[4]
        assert again.delivery.delivered_sequence == newest
