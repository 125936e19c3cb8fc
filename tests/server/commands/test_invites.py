"""INVITES: who makes links, sees them and ends them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.links import parse_link
from securechat.server import invites
from securechat.server.administration_ports import ServerAddress
from securechat.server.commands.invites import MOST_USES
from tests.server.harness import Harness, Person, running

PASSWORD = "correct horse"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    with running(tmp_path) as made:
        yield made


def present(harness: Harness, name: str, *, administrator: bool = False) -> Person:
    harness.account(name, PASSWORD, administrator=administrator)
    return harness.person(name, password=PASSWORD)


@pytest.fixture
def anna(harness: Harness) -> Person:
    """She owns #tea, which is private."""
    one = present(harness, "anna")
    one.sends("JOIN #tea", "MODE #tea +is")
    one.received()
    return one


def made(one: Person, rest: str = "#tea") -> tuple[int, str]:
    """Make an invite; its number and its token."""
    one.received()
    (line,) = one.answers(f"INVITES CREATE {rest}")
    words = line.split(" ")
    assert words[1:4] == ["NOTE", "INVITES", "INVITE_CREATED"], line
    return int(words[4]), parse_link(words[5].removeprefix(":")).invite


def numbers(one: Person, rest: str = "") -> list[int]:
    """The numbers that LIST shows."""
    one.received()
    *lines, end = one.answers(f"INVITES LIST {rest}".strip())
    assert f" INVITE_LIST_END {len(lines)} :" in end
    return [int(line.split()[4]) for line in lines]


def test_whoever_looks_after_a_room_makes_a_link_that_is_shown_once(harness: Harness, anna: Person) -> None:
    (line,) = anna.answers("INVITES CREATE #TEA 3 12h :for the new ones")
    assert line.startswith(":chat.test NOTE INVITES INVITE_CREATED 1 :securechat://localhost:6697/tea?invite=")
    until = "2025-11-25T04:00:00.000Z"
    assert anna.answers("INVITES LIST #tea") == [
        f":chat.test NOTE INVITES INVITE_LISTED 1 #tea 3 {until} anna usable :for the new ones",
        ":chat.test NOTE INVITES INVITE_LIST_END 1 :End of the list of invites",
    ]
    stored = harness.database.read(lambda unit: unit.invites.all())[0]
    assert (stored.created_by, stored.rooms, stored.uses_left, stored.note) == (
        "anna",
        ("#tea",),
        3,
        "for the new ones",
    )
    (record,) = harness.database.read(lambda unit: unit.audit.page(0, 9)[-1:])
    assert (record.act, record.actor, record.target, record.room) == ("invite create", "anna", "invite 1", "#tea")
    assert (record.detail, record.reason) == ("3 uses, expires 12h", "for the new ones")
    assert line.partition("invite=")[2][:22] not in repr(record)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("INVITES", "461"),
        ("INVITES MAKE #tea", "FAIL INVITES INVALID_SUBCOMMAND MAKE"),
        ("INVITES CREATE", "FAIL INVITES NEED_MORE_PARAMS CREATE"),
        ("INVITES REVOKE", "FAIL INVITES NEED_MORE_PARAMS REVOKE"),
        ("INVITES CREATE #tea 0", "FAIL INVITES INVALID_PARAMS"),
        (f"INVITES CREATE #tea {MOST_USES + 1}", "FAIL INVITES INVALID_PARAMS"),
        ("INVITES CREATE #tea 1 0d", "FAIL INVITES INVALID_PARAMS"),
        ("INVITES CREATE #tea 99999y", "FAIL INVITES INVALID_PARAMS"),
        (f"INVITES CREATE #tea :{'x' * 201}", "FAIL INVITES INVALID_PARAMS"),
        ("INVITES CREATE #tea :\x1b[2J", "FAIL INVITES INVALID_PARAMS"),
        ("INVITES CREATE #nowhere", "403"),
        ("INVITES CREATE *", "FAIL INVITES NOT_PERMITTED INVITE_TO_SERVER"),
        ("INVITES LIST #nowhere", "403"),
        ("INVITES REVOKE 1", "FAIL INVITES INVITE_UNKNOWN 1"),
        ("INVITES REVOKE x", "FAIL INVITES INVITE_UNKNOWN x"),
        (f"INVITES REVOKE {'9' * 30}", "FAIL INVITES INVITE_UNKNOWN 9"),
    ],
)
def test_what_is_wrong(harness: Harness, anna: Person, line: str, code: str) -> None:
    (answer,) = anna.answers(line)
    assert answer.removeprefix(":chat.test ").startswith(code)
    assert harness.database.read(lambda unit: unit.invites.all()) == []


def test_only_who_looks_after_a_room_makes_and_sees_its_invites(harness: Harness, anna: Person) -> None:
    number, token = made(anna)
    bob, guest, root = present(harness, "bob"), harness.person("guest"), present(harness, "root", administrator=True)
    for line in ("INVITES CREATE #tea", "INVITES LIST #tea", f"INVITES REVOKE {number}"):
        hidden, absent = bob.answers(line), bob.answers(line.replace("tea", "ten").replace(str(number), "7"))
        assert [one.replace("#tea", "#ten").replace(f" {number} ", " 7 ") for one in hidden] == absent
        assert "FAIL INVITES ACCOUNT_REQUIRED" in guest.answers(line)[0]
    assert numbers(bob) == []
    bob.sends(f"JOIN #tea {token}")
    bob.received()
    anna.received()
    assert " 482 " in bob.answers("INVITES CREATE #tea")[0]
    assert " 482 " in bob.answers("INVITES LIST #tea")[0]
    made(root)  # to any room, without being in it
    assert numbers(root, "#tea") == [2]  # the first is used up
    assert numbers(anna) == [2]
    assert "INVITE_UNKNOWN" in anna.answers("INVITES REVOKE 2")[0]  # an administrator's


def test_an_administrator_invites_to_the_server(harness: Harness) -> None:
    root = present(harness, "root", administrator=True)
    _, token = made(root, "* 2 never :colleagues")
    one = harness.connection()
    one.sends(f"PASS {token}", "CAP REQ :draft/account-registration", "NICK new", "USER new 0 * :New")
    one.received()
    assert "REGISTER SUCCESS new" in one.answers("REGISTER * * :correct horse")[0]
    assert numbers(root, "*") == [1]


def test_revoking(harness: Harness, anna: Person) -> None:
    bob = present(harness, "bob")
    anna.sends("INVITE bob #tea")
    bob.sends("JOIN #tea")
    anna.sends("MODE #tea +o bob")
    number, token = made(bob)
    anna.received()
    assert anna.answers(f"INVITES REVOKE {number}") == [
        f":chat.test NOTE INVITES INVITE_REVOKED {number} :The link opens nothing any more"
    ]
    assert "INVITE_UNKNOWN" in anna.answers(f"INVITES REVOKE {number}")[0]
    assert numbers(anna) == []
    eve = present(harness, "eve")
    assert "INVITE_UNKNOWN" in eve.answers(f"JOIN #tea {token}")[0]
    (record,) = harness.database.read(lambda unit: unit.audit.page(0, 99)[-1:])
    assert (record.act, record.actor, record.target) == ("invite revoke", "anna", f"invite {number}")


def test_an_operator_sees_what_nobody_else_may_and_notes_of_operators_are_theirs(harness: Harness) -> None:
    root, carl = present(harness, "root", administrator=True), present(harness, "carl")
    carl.sends("JOIN #open")
    carl.received()
    made(root, "#open :our spy")
    assert "our spy" in root.answers("INVITES LIST")[0]
    (line, _) = carl.answers("INVITES LIST")
    assert line.endswith(" root usable :")


def test_there_is_an_end_to_how_many(harness: Harness, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(invites.MADE_PER_HOUR):
        made(anna)
    (line,) = anna.answers("INVITES CREATE #tea")
    text = "You have made too many invites just now; try again in 3600 seconds"
    assert line == f":chat.test FAIL INVITES RATE_LIMITED 3600 :{text}"
    harness.now += 3600
    monkeypatch.setattr(invites, "MOST_OF_ACCOUNT", invites.MADE_PER_HOUR)
    assert "TOO_MANY_INVITES 10 :10 invites of yours are open already" in anna.answers("INVITES CREATE #tea")[0]
    bob = present(harness, "bob")
    anna.sends("INVITE bob #tea")
    bob.sends("JOIN #tea")
    anna.sends("MODE #tea +o bob")
    bob.received()
    monkeypatch.setattr(invites, "MOST_OF_ROOM", invites.MADE_PER_HOUR)
    assert "TOO_MANY_INVITES 10 :10 invites of this room" in bob.answers("INVITES CREATE #tea")[0]
    monkeypatch.setattr(invites, "MOST_IN_ALL", invites.MADE_PER_HOUR)
    monkeypatch.setattr(invites, "MOST_OF_ROOM", 50)
    assert "TOO_MANY_INVITES 10 :10 invites of this server" in bob.answers("INVITES CREATE #tea")[0]


def test_what_cannot_be_stored_is_not_made_and_not_revoked(harness: Harness, anna: Person) -> None:
    number, token = made(anna)
    with harness.disk_full():
        assert "FAIL INVITES NOT_STORED" in anna.answers("INVITES CREATE #tea")[0]
        assert "FAIL INVITES NOT_STORED" in anna.answers(f"INVITES REVOKE {number}")[0]
    harness.workers.full = True
    assert "FAIL INVITES TEMPORARILY_UNAVAILABLE" in anna.answers("INVITES CREATE #tea")[0]
    assert "FAIL INVITES TEMPORARILY_UNAVAILABLE" in anna.answers(f"INVITES REVOKE {number}")[0]
    harness.workers.full = False
    assert numbers(anna) == [number]
    assert " 366 " in present(harness, "bob").answers(f"JOIN #tea {token}")[-1]


def test_who_goes_while_it_is_made_has_made_it(harness: Harness, anna: Person) -> None:
    number, _ = made(anna)
    for line in ("INVITES CREATE #tea", f"INVITES REVOKE {number}"):
        harness.workers.put_off()
        anna.sends(line)
        anna.vanishes()
        harness.workers.work()
        harness.settle()
        anna = harness.person("anna", password=PASSWORD)
    assert numbers(anna) == [2]


def test_a_long_name_makes_a_short_link_and_a_longer_one_none(harness: Harness) -> None:
    anna, name = present(harness, "anna"), "#" + "𝐚" * 47
    anna.sends(f"JOIN {name}")
    anna.received()
    (line,) = anna.answers(f"INVITES CREATE {name}")
    assert parse_link(line.partition(" :")[2]).room == name[1:]
    host = ".".join(["x" * 60] * 4)
    harness.hub.invites.address = lambda: ServerAddress(host, 6697, "0" * 64)
    assert "INVALID_PARAMS :The room's name is too long" in anna.answers(f"INVITES CREATE {name}")[0]
