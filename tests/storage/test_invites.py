"""Invites in the database."""

import pytest

from securechat.domain.account import Invite
from securechat.domain.events import Kind
from securechat.errors import InviteRefused, NoSuchInvite
from securechat.storage.engine import Database
from securechat.storage.journal import Journal
from tests.storage.harness import happened, settle, submit

NOW = 1_763_800_000_000
ROOMS = ("#general", "#ops", '#quo"te')


def add(
    database: Database, digest: bytes, *, uses: int = 1, expires: int | None = None, bootstrap: bool = False
) -> Invite:
    return database.write(
        lambda unit: unit.invites.add(
            digest,
            rooms=ROOMS,
            administrator=bootstrap,
            uses=uses,
            expires=expires,
            note="for Zoë",
            created_by="alice",
            time=NOW,
            bootstrap=bootstrap,
        )
    )


def test_an_invite_comes_back_as_it_was_stored(database: Database) -> None:
    invite = add(database, b"one", uses=3, expires=NOW + 5)
    expected = Invite(
        invite.id, ROOMS, False, 3, NOW + 5, False, NOW, "alice", "for Zoë", False, (0, 0, 0), ROOMS, 0, True
    )
    assert invite == expected
    assert database.read(lambda unit: unit.invites.by_token(b"one")) == expected
    assert database.read(lambda unit: unit.invites.by_token(b"two")) is None


def test_all_are_listed_newest_first(database: Database) -> None:
    made = [add(database, digest) for digest in (b"one", b"two", b"three")]
    assert database.read(lambda unit: unit.invites.all()) == made[::-1]


def test_each_use_is_taken_once(database: Database) -> None:
    add(database, b"one", uses=2)
    assert database.write(lambda unit: unit.invites.use(b"one", NOW)).uses_left == 1
    assert database.write(lambda unit: unit.invites.use(b"one", NOW)).uses_left == 0
    with pytest.raises(InviteRefused) as caught:
        database.write(lambda unit: unit.invites.use(b"one", NOW))
    assert caught.value.reason == "used"
    assert [invite.uses_left for invite in database.read(lambda unit: unit.invites.all())] == [0]


def test_invites_follow_a_room_to_its_new_name(database: Database, journal: Journal) -> None:
    for digest in (b"one", b"revoked"):
        add(database, digest)
    add(database, b"used", uses=0)
    database.write(lambda unit: unit.invites.revoke(2))
    submit(
        journal,
        [
            happened(Kind.ROOM, target="#OPS"),
            happened(Kind.RENAME, target="#OPS", text="#core for short"),
            happened(Kind.ROOM, conversation=2, target="#ops"),
        ],
    )
    journal.start()
    settle(journal)
    rooms = [one.rooms for one in database.read(lambda unit: unit.invites.all())]
    assert rooms == [("#general", "#core", '#quo"te')] * 3
    assert database.read(lambda unit: unit.rooms.ids(["#Core", "#none", "#ops"])) == [1, 0, 2]


def test_a_refused_invite_says_why(database: Database) -> None:
    add(database, b"old", expires=NOW)
    gone = add(database, b"gone")
    database.write(lambda unit: unit.invites.revoke(gone.id))
    for digest, reason in ((b"never made", "unknown"), (b"old", "expired"), (b"gone", "revoked")):
        with pytest.raises(InviteRefused) as caught:
            database.write(lambda unit, digest=digest: unit.invites.use(digest, NOW))  # type: ignore[misc]
        assert caught.value.reason == reason
    assert database.write(lambda unit: unit.invites.use(b"old", NOW - 1)).uses_left == 0


def test_revoking_what_is_not_there(database: Database) -> None:
    with pytest.raises(NoSuchInvite) as caught:
        database.write(lambda unit: unit.invites.revoke(7))
    assert caught.value.number == 7


def test_only_unused_bootstrap_invites_are_revoked_together(database: Database) -> None:
    add(database, b"ordinary")
    add(database, b"used", bootstrap=True)
    add(database, b"unused", bootstrap=True)
    database.write(lambda unit: unit.invites.use(b"used", NOW))
    database.write(lambda unit: unit.invites.revoke_bootstrap())
    revoked = [invite.revoked for invite in database.read(lambda unit: unit.invites.all())]
    assert revoked == [True, False, False]  # newest first
