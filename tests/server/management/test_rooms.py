"""`securechat-admin room` and `message` beside a running server: what is done, seen, refused and recorded."""

import sqlite3
from typing import Any

import pytest

from securechat.domain.audit import Origin
from securechat.domain.events import Kind
from securechat.domain.roles import Standing
from securechat.server import hub as hub_module
from securechat.server.administration import Administration
from securechat.server.management import rooms
from securechat.server.operations import OPERATIONS, perform
from securechat.server.standings import standing_in
from securechat.storage import recorder
from tests.server.harness import MODERN, Harness, Person, code_of

PASSWORD = "correct horse"


def console(harness: Harness) -> Administration:
    administration = harness.hub.administration
    assert administration is not None
    return administration.on_behalf_of("root")


def done(harness: Harness, operation: str, **parameters: object) -> str:
    """Do it; return what people read."""
    answer = perform(console(harness), {"operation": operation, **parameters})
    harness.settle()
    assert answer["ok"], answer
    return OPERATIONS[operation].text(answer["result"])


def refused(harness: Harness, operation: str, **parameters: object) -> str:
    """Try it; return the code and the sentence."""
    answer = perform(console(harness), {"operation": operation, **parameters})
    harness.settle()
    assert not answer["ok"], answer
    return f"{answer['code']}: {answer['error']}"


def record(harness: Harness) -> list[str]:
    rows = harness.database.read(lambda unit: unit.audit.page(0, 100))
    return [f"{one.actor} {one.act} {one.target} {one.room} {one.detail} {one.reason}".strip() for one in rows]


def member(harness: Harness, name: str, capabilities: str = "", room: str = "#tea") -> Person:
    if name not in harness.hub.accounts:
        harness.account(name, PASSWORD)
    one = harness.person(name, capabilities, password=PASSWORD)
    one.sends(f"JOIN {room}")
    one.received()
    return one


def test_a_room_is_shown(harness: Harness) -> None:
    anna = member(harness, "anna")
    member(harness, "bob").vanishes()
    harness.members_of("#tea", "guest")
    anna.sends("TOPIC #tea :leaves", "MODE #tea +sikl open 9", "MUTE #tea bob 1h", "BAN #tea spam*", "PRIVMSG #tea :hi")
    harness.time += 61_000
    anna.sends("PRIVMSG #tea :again", "INVITES CREATE #tea 3")
    shown = done(harness, "room show", room="tea")
    assert shown.splitlines() == [
        "Room     tea",
        "Kind     private",
        "Topic    leaves",
        "Created  2025-11-24 16:00 UTC",
        "Said     2 messages, the oldest of 2025-11-24 16:00 UTC",
        "Rules    invite only, secret, key, member limit 9",
        "Lists    1 ban, 1 mute, 0 exceptions, 0 lasting invitations, 1 open link",
        "",
        "NAME           ROLE    HERE",
        "anna           owner   yes",
        "bob            member  no",
        "guest (guest)  member  yes",
    ]
    assert "open" not in shown.splitlines()[4]  # the key is nobody's who is not in the room
    assert done(harness, "room members", room="#TEA") == "\n".join(shown.splitlines()[-4:])


def test_many_members_are_looked_at_a_few_at_a_time(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others have their turn meanwhile, and who has left by then is not shown."""
    monkeypatch.setattr(rooms, "MOST_AT_ONCE", 1)
    member(harness, "anna")
    member(harness, "bob")
    member(harness, "carl").vanishes()

    def leaves_meanwhile(*about: Any) -> Standing:
        user, live = harness.hub.users["bob"], harness.hub.rooms["#tea"]
        if user in live.members:
            harness.hub.leave(user, live)
        return standing_in(*about)

    monkeypatch.setattr(rooms, "standing_in", leaves_meanwhile)
    assert [one.name for one in rooms.room_members(console(harness), "tea")] == ["anna", "carl"]


def test_rooms_are_made_and_named(harness: Harness) -> None:
    made = done(harness, "room create", room="board", reason="for the board")
    assert made == "Made the room board. Nobody is in it: who enters first looks after it."
    assert done(harness, "room members", room="board") == "Nobody is in it: who enters first looks after it."
    anna = member(harness, "anna", "draft/channel-rename", "#board")
    old = member(harness, "old", room="#board")
    anna.received()
    renamed = done(harness, "room rename", room="board", name="committee")
    assert renamed == "The room is called committee now; it is the same room, and links go on working."
    assert anna.received() == [":chat.test RENAME #board #committee :"]
    assert [code_of(line) for line in old.received()] == ["PART", "JOIN", "353", "366"]
    assert done(harness, "room topic", room="committee", topic="Budget") == "The topic is now: Budget"
    assert anna.received() == [":chat.test TOPIC #committee :Budget"]
    assert done(harness, "room topic", room="committee", topic="") == "The room has no topic any more."
    assert record(harness) == [
        "root room create  #board  for the board",
        "root room rename  #board #committee",
        "root room topic  #committee Budget",
        "root room topic  #committee",
    ]


def test_somebody_is_put_out_here_or_not(harness: Harness) -> None:
    anna, bob = member(harness, "anna"), member(harness, "bob")
    member(harness, "carl").vanishes()
    anna.received()
    bob.received()
    assert done(harness, "room kick", room="tea", name="bob", reason="noise") == "Put bob out of tea."
    assert anna.received() == bob.received() == [":chat.test KICK #tea bob :noise"]
    assert done(harness, "room kick", room="tea", name="CARL") == "Put carl out of tea."
    assert anna.received() == [":chat.test KICK #tea carl :Put out by an administrator"]
    assert "bob" not in done(harness, "room members", room="tea")
    bob.sends("JOIN #tea")
    assert "JOIN" in bob.received()[0]
    assert record(harness) == ["root room kick bob #tea  noise", "root room kick carl #tea"]


def test_bans_and_mutes_with_an_end(harness: Harness) -> None:
    anna, bob = member(harness, "anna"), member(harness, "bob")
    anna.received()
    until = "until 2025-11-24 18:00 UTC"
    assert done(harness, "room mute", room="tea", who="bob", lasts="2h") == f"bob is muted in tea {until}."
    assert anna.received() == [":chat.test MODE #tea +b m:a:bob"]
    bob.received()
    assert [code_of(line) for line in bob.answers("PRIVMSG #tea :psst")] == ["404"]
    banned = done(harness, "room ban", room="tea", who="bob", lasts="2h", reason="spam")
    assert banned == f"bob is banned from tea {until}."
    assert anna.received() == [
        ":chat.test MODE #tea +b a:bob",
        ":chat.test KICK #tea bob :Banned until 2025-11-24 18:00:00 UTC: spam",
    ]
    bob.received()
    assert [code_of(line) for line in bob.answers("JOIN #tea")] == ["474"]
    done(harness, "room ban", room="tea", who="spam*!*@*")
    assert done(harness, "room bans", room="tea").splitlines() == [
        "WHO        WHAT           ENDS (UTC)        BY         SINCE (UTC)",
        "a:bob      may not enter  2025-11-24 18:00  chat.test  2025-11-24 16:00",
        "spam*!*@*  may not enter  never             chat.test  2025-11-24 16:00",
        "a:bob      may not speak  2025-11-24 18:00  chat.test  2025-11-24 16:00",
    ]
    assert done(harness, "room unban", room="tea", who="bob") == "bob is not banned from tea any more."
    assert done(harness, "room unmute", room="tea", who="bob") == "bob is not muted in tea any more."
    assert anna.received()[-2:] == [":chat.test MODE #tea -b a:bob", ":chat.test MODE #tea -b m:a:bob"]
    bob.sends("JOIN #tea", "PRIVMSG #tea :back")
    assert anna.received()[-1] == ":bob!bob@securechat PRIVMSG #tea :back"
    done(harness, "room unban", room="tea", who="spam*!*@*")
    assert done(harness, "room bans", room="tea") == "Nobody is banned or muted there."


def test_slow_mode_and_a_lock(harness: Harness) -> None:
    anna, bob = member(harness, "anna"), member(harness, "bob")
    anna.received()
    slowed = done(harness, "room slow", room="tea", seconds=30)
    assert slowed == "In tea everybody waits 30 seconds after each message."
    locked = done(harness, "room lock", room="tea", reason="a flood")
    assert locked == "tea is locked: only those speak who look after it, and only administrators come in."
    assert anna.received() == [":chat.test MODE #tea +f 30", ":chat.test MODE #tea +L"]
    bob.received()
    assert [code_of(line) for line in bob.answers("PRIVMSG #tea :psst")] == ["404"]
    assert refused(harness, "room lock", room="tea") == "nothing_to_do: That is so already in tea."
    assert done(harness, "room unlock", room="tea") == "tea is open again."
    assert done(harness, "room slow", room="tea", seconds=0) == "tea is not in slow mode any more."
    assert record(harness)[1] == "root room rule  #tea +L a flood"


def test_a_room_is_deleted(harness: Harness) -> None:
    anna, bob = member(harness, "anna", MODERN), member(harness, "bob", "message-tags")
    member(harness, "carl").vanishes()
    guest = harness.members_of("#tea", "guest")[0]
    anna.sends("MODE #tea +s", "PRIVMSG #tea :a secret", "INVITES CREATE #tea")
    token = next(line for line in anna.received() if "invite=" in line).partition("invite=")[2].partition("&")[0]
    bob.received()
    guest.received()
    answer = perform(console(harness), {"operation": "room delete", "room": "tea", "question": True})
    assert answer["result"] == (
        "tea has 4 members and 1 message since 2025-11-24 16:00 UTC; 1 link leads into it. All of that goes for good: "
        "nobody can read the messages again, and only a backup of before has them still. Whoever is there is put out."
    )
    live = harness.hub.rooms["#tea"]
    assert done(harness, "room delete", room="tea", reason="we are done") == (
        "Deleted tea, with 1 message. The name is free."
    )
    for one, nick in ((anna, "anna"), (bob, "bob"), (guest, "guest")):
        (line,) = one.bodies()
        assert line == f":{nick}!{nick}@securechat PART #tea :The room was deleted: we are done"
    assert not live.members
    assert not live.accounts
    for line in ("TOPIC #tea", "MODE #tea", "KICK #tea bob", "PART #tea", "INVITE bob #tea", "BAN #tea"):
        unknown = anna.answers(line.replace("tea", "nowhere"))
        assert [one.replace("nowhere", "tea") for one in unknown] == anna.answers(line)
    anna.sends("CHATHISTORY LATEST #tea * 10")
    assert "FAIL CHATHISTORY INVALID_TARGET" in anna.received()[0]
    bob.sends(f"JOIN #tea {token}")
    assert "FAIL JOIN INVITE_UNKNOWN" in bob.received()[0]
    bob.sends("JOIN #tea")  # another room of that name, of which bob is the owner
    assert ":chat.test 353 bob = #tea :@bob" in bob.received()
    anna.sends("JOIN #tea", "CHATHISTORY LATEST #tea * 10")
    assert not any("secret" in line for line in anna.received())
    assert record(harness)[-1] == ("root room delete  #tea 4 members, 1 message since 2025-11-24 16:00 UTC we are done")


def test_its_number_is_not_given_again_while_anything_of_it_is_left(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(recorder, "purge", full_disk)
    monkeypatch.setattr(hub_module, "UNUSED_CONVERSATIONS", 0)
    anna = harness.person("anna")
    anna.sends("JOIN #tea", "PRIVMSG #tea :secret")
    old = harness.hub.rooms["#tea"].room.id
    assert perform(console(harness), {"operation": "room delete", "room": "tea"})["ok"]
    harness.settle()
    anna.vanishes()
    harness.restart()
    harness.person("bob").sends("JOIN #other")
    assert harness.hub.rooms["#other"].room.id > old


def test_a_room_whose_deletion_cannot_be_stored_is_as_it_was(harness: Harness) -> None:
    anna, bob = member(harness, "anna"), member(harness, "bob")
    member(harness, "carl").vanishes()
    anna.sends("MODE #tea +s", "PRIVMSG #tea :a secret", "METADATA #tea SET url :https://example.org")
    bob.received()
    before = done(harness, "room show", room="tea")
    with harness.disk_full():
        assert refused(harness, "room delete", room="tea").endswith(" Nothing was changed.")
    anna.received()
    bob.sends("PRIVMSG #tea :still here")
    assert anna.received() == [":bob!bob@securechat PRIVMSG #tea :still here"]
    assert done(harness, "room show", room="tea") == before.replace("1 message,", "2 messages,")
    assert harness.hub.rooms["#tea"].room.id in harness.hub.secret_rooms
    assert "https://example.org" in " ".join(anna.answers("METADATA #tea GET url"))
    with harness.disk_full():
        assert refused(harness, "room lock", room="tea").endswith(" Nothing was changed.")
    assert not harness.hub.rooms["#tea"].room.rules.locked


def test_invitations_outlast_a_deletion_that_cannot_be_stored(harness: Harness) -> None:
    anna = member(harness, "anna")
    bob, gina = member(harness, "bob", room="#other"), harness.person("gina")
    gone = harness.person("gone")
    anna.sends("MODE #tea +i", "INVITE bob #tea", "INVITE gina #tea", "INVITE gone #tea")
    with harness.disk_full():
        harness.settle()
        answer = perform(console(harness), {"operation": "room delete", "room": "tea"})
        gone.vanishes()
    assert answer["code"] == "storage"
    for one in (bob, gina):
        one.received()
        assert " JOIN #tea" in one.answers("JOIN #tea")[0]
    assert " 473 " in harness.person("gone").answers("JOIN #tea")[-1]
    assert not harness.hub.rooms["#tea"].invited


def test_a_message_is_taken_away(harness: Harness) -> None:
    anna, bob = member(harness, "anna", f"{MODERN} draft/message-redaction"), member(harness, "bob", MODERN)
    anna.received()
    bob.sends("PRIVMSG #tea :rude")
    (line,) = anna.received()
    identifier = line.partition("msgid=")[2].partition(";")[0].partition(" ")[0]
    bob.received()
    asked = perform(console(harness), {"operation": "message delete", "id": identifier, "question": True})["result"]
    assert asked.startswith("What bob said in tea at 2025-11-24 16:00:00 UTC goes for good: from the disk, ")
    gone = done(harness, "message delete", id=identifier, reason="rude")
    assert gone == "Deleted a message of bob in tea."
    assert anna.bodies() == [f":chat.test REDACT #tea {identifier} :rude"]
    assert bob.bodies() == [":chat.test NOTICE #tea :chat.test deleted a message of bob of 16:00:00 UTC: rude"]
    assert refused(harness, "message delete", id=identifier).startswith("no_such_message: No room has a message ")
    assert record(harness) == [f"root room redact bob #tea {identifier} rude"]


def test_what_was_said_to_a_person_is_unknown(harness: Harness) -> None:
    anna, bob = member(harness, "anna", MODERN), member(harness, "bob", MODERN)
    anna.sends("PRIVMSG bob :for you alone")
    (line,) = bob.received()
    identifier = line.partition("msgid=")[2].partition(";")[0].partition(" ")[0]
    unknown = identifier.partition("-")[0] + "-99999"
    told = refused(harness, "message delete", id=identifier)
    assert told.replace(identifier, unknown) == refused(harness, "message delete", id=unknown)
    assert refused(harness, "message delete", id="what").startswith("no_such_message: ")


@pytest.mark.parametrize(
    ("operation", "parameters", "told"),
    [
        ("room show", {"room": "no"}, "no_such_room: There is no room no. See: securechat-admin room list"),
        ("room members", {"room": "a b"}, "invalid_name: The name '#a b' is not possible: spaces, "),
        ("room create", {"room": "tea"}, "room_exists: There is a room tea already."),
        ("room create", {"room": "te\u0430"}, "invalid_name: The name '#te\u0430' is not possible: it "),
        ("room rename", {"room": "tea", "name": "general"}, "room_exists: There is a room general already."),
        ("room rename", {"room": "tea", "name": "tea"}, "nothing_to_do: tea is its name already."),
        ("room rename", {"room": "general", "name": "x"}, "cannot_rename: #general is always there."),
        ("room delete", {"room": "general"}, "general: general is always there: it cannot be deleted."),
        ("room topic", {"room": "tea", "topic": "a\nb"}, "bad_topic: A topic is one line without control characters."),
        ("room kick", {"room": "tea", "name": "x"}, "not_in_room: x is not in tea. See: securechat-admin room members"),
        ("room ban", {"room": "tea", "who": "a b"}, "bad_mask: 'a b' is neither a name nor a mask: "),
        ("room ban", {"room": "tea", "who": ""}, "bad_mask: '' is neither "),
        ("room ban", {"room": "tea", "who": "m:bob"}, "bad_mask: 'm:bob' is neither "),
        ("room ban", {"room": "tea", "who": "a:"}, "bad_mask: 'a:' is neither "),
        ("room mute", {"room": "tea", "who": "a:"}, "bad_mask: 'a:' is neither "),
        ("room ban", {"room": "tea", "who": "b", "lasts": "soon"}, "bad_duration: It lasts for a time like 10m, "),
        (
            "room unban",
            {"room": "tea", "who": "b"},
            "nothing_to_do: b is not banned from tea. See: securechat-admin ",
        ),
        ("room unmute", {"room": "tea", "who": "b"}, "nothing_to_do: b is not muted in tea. See: "),
        ("room slow", {"room": "tea", "seconds": 99_999}, "bad_seconds: Slow mode takes from 0 (none) to 21,600 sec"),
        ("room unlock", {"room": "tea"}, "nothing_to_do: That is so already in tea."),
        ("room lock", {"room": "tea", "reason": "\n"}, "bad_reason: A reason is one line of at most 200 characters."),
    ],
)
def test_refusals(harness: Harness, operation: str, parameters: dict[str, object], told: str) -> None:
    member(harness, "anna")
    assert refused(harness, operation, **parameters).startswith(told)
    assert record(harness) == []


def test_a_full_list(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("securechat.server.room_bans.MOST_MASKS", 1)
    monkeypatch.setattr("securechat.server.room_bans.MOST_PUT_OUT", 1)
    member(harness, "anna")
    harness.members_of("#tea", "x1", "x2")
    banned = done(harness, "room ban", room="tea", who="x*")
    assert banned == (
        "x* is banned from tea. 1 of those whom it means are in the room still: put them out by room kick."
    )
    full = "list_full: The list of tea is full; take something off it first."
    assert refused(harness, "room ban", room="tea", who="y*") == full
    assert done(harness, "room ban", room="tea", who="x*") == "x* is banned from tea.", "the one who was left goes, too"
    assert refused(harness, "room ban", room="tea", who="x*").startswith("nothing_to_do: ")


def test_what_of_it_was_done_before_it_failed_is_told(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is on the list of bans already when they cannot be put out."""

    def broken(*_: object) -> None:
        raise ValueError("no such value")

    member(harness, "anna"), member(harness, "eve")
    with harness.disk_full():
        assert refused(harness, "room ban", room="tea", who="eve").endswith(". Nothing was changed.")
    monkeypatch.setitem(recorder._EFFECTS, Kind.KICK, broken)
    told = refused(harness, "room ban", room="tea", who="eve")
    assert told.startswith("storage: ")
    assert told.endswith(". A part of it was done before that, see: securechat-admin audit list")
    assert record(harness) == ["root room mask a:eve #tea +b"]


def test_over_irc_the_room_sees_who_did_it(harness: Harness) -> None:
    harness.account("boss", PASSWORD, administrator=True)
    boss = harness.person("boss", password=PASSWORD)
    anna = member(harness, "anna")
    (line,) = boss.answers("MANAGE room lock tea --reason :too loud")
    assert line.endswith(
        "NOTE MANAGE RESULT :tea is locked: only those speak who look after it, and only administrators come in."
    )
    assert anna.received() == [":boss!boss@securechat MODE #tea +L"]
    first, second = boss.answers("MANAGE room delete tea")
    assert "NOTE MANAGE CONFIRM :tea has 1 member and no messages; 0 links lead into it." in first
    assert second.endswith("Nothing is done yet. If you mean it, repeat it with --yes")
    boss.sends("MANAGE room delete tea --yes")
    assert anna.received() == [":anna!anna@securechat PART #tea :The room was deleted"]
    rows = harness.database.read(lambda unit: unit.audit.page(0, 100))
    assert [(one.origin, one.actor, one.act) for one in rows] == [
        (Origin.IRC.value, "boss", "room rule"),
        (Origin.IRC.value, "boss", "room delete"),
    ]
    assert anna.answers("MANAGE room list") == anna.answers("MANAGE room show tea")  # refused all the same
