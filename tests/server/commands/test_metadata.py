"""Section "metadata" of the IRC surface: METADATA (draft/metadata-3)."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from securechat.protocol import standard_replies as replies
from securechat.server import metadata_news
from securechat.server.metadata import CHANGES_PER_MINUTE, KEY_BYTES, MOST_KEYS, MOST_SUBSCRIPTIONS, VALUE_BYTES
from securechat.server.sessions import Session
from securechat.server.throttle import PER_COMMAND, Budget
from tests.server.commands.logins import plain as log_in
from tests.server.harness import Harness, Person, code_of, running

PASSWORD = "correct horse"
CAPS = "draft/metadata-3 batch"
LABELS = f"{CAPS} labeled-response"


def logged_in(harness: Harness, name: str = "alice", capabilities: str = CAPS) -> Person:
    return harness.person(name, capabilities, password=PASSWORD)


def in_batch(lines: list[str], target: str) -> list[str]:
    """The lines of an answer that is one `metadata` batch about `target`."""
    assert lines[0] == f":chat.test BATCH +n metadata {target}"
    assert lines[-1] == ":chat.test BATCH -n"
    assert all(line.startswith("@batch=n ") for line in lines[1:-1])
    return [line.removeprefix("@batch=n ") for line in lines[1:-1]]


class Watched(Collection[Session]):
    """Sessions; whoever walks them is noted to have looked at each."""

    def __init__(self, sessions: Collection[Session], looked: list[Session]) -> None:
        self._sessions = sessions
        self._looked = looked

    def __contains__(self, session: object) -> bool:
        return session in self._sessions

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        self._looked += self._sessions
        return iter(self._sessions)


def news_for(one: Person) -> list[str]:
    """The values that somebody has been told of."""
    return [line for line in one.bodies() if code_of(line) in ("761", "766")]


def failed(one: Person, line: str) -> str:
    """The one refusal that a line is answered by, without its sentence."""
    (answer,) = one.answers(line)
    head, colon, _ = answer.partition(" :")
    assert colon
    return head.removeprefix(":chat.test FAIL METADATA ")


def test_the_capability_tells_the_limits(harness: Harness) -> None:
    one = harness.connection()
    (word,) = [word for line in one.answers("CAP LS 302") for word in line.split() if "metadata" in word]
    assert word.removeprefix(":") == (
        f"draft/metadata-3=before-connect,max-subs={MOST_SUBSCRIPTIONS},max-keys={MOST_KEYS},"
        f"max-key-bytes={KEY_BYTES},max-value-bytes={VALUE_BYTES}"
    )


@pytest.mark.parametrize("account", [False, True])
@pytest.mark.parametrize("target", ["*", "alice", "ALICE"])
def test_set_get_list_and_remove(harness: Harness, account: bool, target: str) -> None:
    if account:
        harness.account("alice", PASSWORD)
    alice = logged_in(harness) if account else harness.person("alice", CAPS)
    assert alice.answers(f"METADATA {target} SET url :http://a b") == [":chat.test 761 alice alice url * :http://a b"]
    assert alice.answers(f"METADATA {target} set status :") == [":chat.test 761 alice alice status * :"]
    assert in_batch(alice.answers(f"METADATA {target} GET status none $ url"), "alice") == [
        ":chat.test 761 alice alice status * :",
        ":chat.test 766 alice alice none :key not set",
        ":chat.test FAIL METADATA INVALID_KEY $ :A key has at most 40 characters, of a-z, 0-9 and _ . / -",
        ":chat.test 761 alice alice url * :http://a b",
    ]
    assert alice.answers(f"METADATA {target} SET url") == [":chat.test 766 alice alice url :key not set"]
    assert failed(alice, f"METADATA {target} SET url") == "KEY_NOT_SET alice url"
    assert in_batch(alice.answers(f"METADATA {target} LIST"), "alice") == [":chat.test 761 alice alice status * :"]
    assert in_batch(alice.answers(f"METADATA {target} CLEAR"), "alice") == [
        ":chat.test 766 alice alice status :key not set"
    ]
    assert in_batch(alice.answers(f"METADATA {target} LIST"), "alice") == []
    assert in_batch(alice.answers(f"METADATA {target} CLEAR"), "alice") == []


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("METADATA nobody LIST", "INVALID_TARGET nobody"),
        ("METADATA #nowhere SET url :x", "INVALID_TARGET #nowhere"),
        ("METADATA $a:user SET url :x", "INVALID_TARGET $a:user"),
        ("METADATA bob SUB url", "INVALID_TARGET bob"),
        ("METADATA #tea SUBS", "INVALID_TARGET #tea"),
        ("METADATA * destr0y", "INVALID_SUBCOMMAND destr0y"),
        ("METADATA * ſub url", "INVALID_SUBCOMMAND ſub"),
        ("METADATA * SET Url :x", "INVALID_KEY Url"),
        ("METADATA * SET $url$ :x", "INVALID_KEY $url$"),
        ("METADATA * SET :a b", "INVALID_KEY *"),
        (f"METADATA * SET {'k' * (KEY_BYTES + 1)} :x", f"INVALID_KEY {'k' * (KEY_BYTES + 1)}"),
        ("METADATA bob SET url :x", "KEY_NO_PERMISSION bob url"),
        ("METADATA bob CLEAR", "KEY_NO_PERMISSION bob *"),
        (f"METADATA * SET url :{'x' * (VALUE_BYTES + 1)}", "INVALID_VALUE url"),
        (f"METADATA * SET url :{'💜' * (VALUE_BYTES // 4)}x", "INVALID_VALUE url"),
    ],
)
def test_refusals(harness: Harness, line: str, answer: str) -> None:
    alice, _ = harness.members_of("#tea", "alice", "bob", capabilities=CAPS)
    assert failed(alice, line) == answer
    assert in_batch(alice.answers("METADATA * LIST"), "alice") == []


@pytest.mark.parametrize("line", ["METADATA", "METADATA *", "METADATA * GET", "METADATA * SET", "METADATA * SUB"])
def test_too_few_parameters(harness: Harness, line: str) -> None:
    assert harness.person("alice", CAPS).answers(line) == [":chat.test 461 alice METADATA :Not enough parameters"]


def test_a_value_that_is_no_utf8_changes_nothing_and_no_value_may_forge_a_line(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=CAPS)
    bob.sends("METADATA * SUB url")
    bob.received()
    alice.sends_bytes(b"METADATA * SET url :->\xc3<-\r\n")
    assert [line.split()[2:4] for line in alice.received()] == [["METADATA", "INVALID_UTF8"]]
    assert bob.received() == []
    alice.sends("METADATA * SET url :\x01 :chat.test 001 QUIT\x02")
    assert bob.received() == [":chat.test 761 * alice url * :\x01 :chat.test 001 QUIT\x02"]


def test_a_fragmented_line_of_many_bytes_comes_whole(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=CAPS)
    bob.sends("METADATA * SUB display-name")
    bob.received()
    text = "Анна 💜 " + "я" * 140
    assert len(text.encode()) <= VALUE_BYTES
    for byte in f"METADATA * SET display-name :{text}\r\n".encode():
        alice.sends_bytes(bytes([byte]))
    assert alice.received() == [f":chat.test 761 alice alice display-name * :{text}"]
    assert bob.received() == [f":chat.test 761 * alice display-name * :{text}"]


def test_beside_long_names_less_fits_and_every_line_keeps_its_bounds(harness: Harness) -> None:
    room = "#" + "𝐚" * 39
    nick = "𝐜" * 24
    (owner,) = harness.members_of(room, nick, capabilities=CAPS)
    fits = 512 - len(f":chat.test 761 {nick} {room} url * :\r\n".encode())
    assert failed(owner, f"METADATA {room} SET url :{'x' * (fits + 1)}") == "INVALID_VALUE url"
    (line,) = owner.answers(f"METADATA {room} SET url :{'x' * fits}")
    assert len(line.encode()) == 510
    longest = harness.person("𝐛" * 24, CAPS)
    longest.sends(f"JOIN {room}")
    longest.received()
    assert all(len(line.removeprefix("@batch=n ").encode()) <= 510 for line in longest.answers(f"METADATA {room} LIST"))


def test_only_so_many_keys(harness: Harness) -> None:
    (alice,) = harness.members_of("#tea", "alice", capabilities=CAPS)
    for target in ("alice", "#tea"):
        for number in range(MOST_KEYS):
            assert code_of(alice.answers(f"METADATA {target} SET key{number} :x")[0]) == "761"
        assert failed(alice, f"METADATA {target} SET more :x") == f"LIMIT_REACHED {target}"
        assert code_of(alice.answers(f"METADATA {target} SET key0 :y")[0]) == "761"


def test_changes_are_not_told_without_end(harness: Harness) -> None:
    alice = harness.person("alice", CAPS)
    for number in range(CHANGES_PER_MINUTE):
        assert code_of(alice.answers(f"METADATA * SET url :{number}")[0]) == "761"
    assert failed(alice, "METADATA * SET url :x") == "RATE_LIMITED alice url 60"
    assert failed(alice, "METADATA * CLEAR") == "RATE_LIMITED alice * 60"
    assert code_of(alice.answers(f"METADATA * SET url :{CHANGES_PER_MINUTE - 1}")[0]) == "761"  # as it is already
    harness.now += 61
    assert code_of(alice.answers("METADATA * SET url :x")[0]) == "761"


def test_another_nick_gives_nobody_more_changes(harness: Harness) -> None:
    alice = harness.person("alice", CAPS)
    for number in range(CHANGES_PER_MINUTE):
        alice.sends(f"METADATA * SET url :{number}")
    alice.sends("NICK anna")
    alice.received()
    assert failed(alice, "METADATA * SET url :x") == "RATE_LIMITED anna url 60"
    other = harness.person("alice", CAPS)
    assert code_of(other.answers("METADATA * SET url :x")[0]) == "761"  # whoever takes the nick is another one


def test_an_account_that_comes_back_has_no_more_changes_than_before(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = logged_in(harness)
    for number in range(CHANGES_PER_MINUTE):
        alice.sends(f"METADATA * SET url :{number}")
    alice.vanishes()
    assert failed(logged_in(harness), "METADATA * SET url :x") == "RATE_LIMITED alice url 60"


def test_rooms_carry_what_those_set_who_look_after_them(harness: Harness) -> None:
    alice, bob = harness.members_of("#Tea", "alice", "bob", capabilities=CAPS)
    assert alice.answers("METADATA #tea SET url :x") == [":chat.test 761 alice #Tea url * :x"]
    assert failed(bob, "METADATA #tea SET url :y") == "KEY_NO_PERMISSION #Tea url"
    assert failed(bob, "METADATA #tea CLEAR") == "KEY_NO_PERMISSION #Tea *"
    outsider = harness.person("carol", CAPS)
    assert failed(outsider, "METADATA #tea SET url :y") == "KEY_NO_PERMISSION #Tea url"
    for one in (bob, outsider):
        assert len(in_batch(one.answers("METADATA #tea LIST"), "#Tea")) == 1
    alice.sends("MODE #tea +o bob")
    bob.received()
    assert bob.answers("METADATA #tea SET url") == [":chat.test 766 bob #Tea url :key not set"]


@pytest.mark.parametrize("mode", ["+s", "+i"])
@pytest.mark.parametrize("rest", ["LIST", "GET url", "SYNC", "SET url :y", "SET url", "CLEAR", "GET $", "SET $ x"])
def test_to_outsiders_a_closed_room_is_none_at_all(harness: Harness, mode: str, rest: str) -> None:
    (alice,) = harness.members_of("#tea", "alice", capabilities=CAPS)
    alice.sends("METADATA #tea SET url :x", f"MODE #tea {mode}")
    bob = harness.person("bob", CAPS)
    bob.sends("METADATA * SUB url")
    bob.received()
    there = bob.answers(f"METADATA #tea {rest}")
    alice.sends("PART #tea")
    assert there == [line.replace("#not", "#tea") for line in bob.answers(f"METADATA #not {rest}")]
    assert "INVALID_TARGET" in there[0]


def test_without_batch_the_lines_come_alone(harness: Harness) -> None:
    alice = harness.person("alice", "labeled-response")
    alice.sends("METADATA * SET url :x", "METADATA * SET status :y")
    alice.received()
    assert alice.answers("METADATA * LIST") == [
        ":chat.test 761 alice alice url * :x",
        ":chat.test 761 alice alice status * :y",
    ]
    assert alice.answers("@label=1 METADATA * SUBS") == ["@label=1 :chat.test ACK"]
    assert alice.answers("METADATA * SUBS") == []


def test_labels_stand_on_the_batch_alone(harness: Harness) -> None:
    alice = harness.person("alice", LABELS)
    alice.sends("METADATA * SET url :x")
    alice.received()
    assert alice.answers("@label=1 METADATA * LIST") == [
        "@label=1 :chat.test BATCH +n metadata alice",
        "@batch=n :chat.test 761 alice alice url * :x",
        ":chat.test BATCH -n",
    ]
    lines = alice.answers("@label=2 METADATA * SUB url")
    tags = [line.partition(" ")[0] if line.startswith("@") else "" for line in lines]
    assert tags == ["@label=2", "@batch=1", "@batch=1", "@batch=n", "", ""]


def test_subscriptions(harness: Harness) -> None:
    alice = harness.person("alice", CAPS)
    assert alice.answers("METADATA * SUBS") == [
        ":chat.test BATCH +n metadata-subs",
        ":chat.test BATCH -n",
    ]
    assert alice.answers("METADATA * SUB url $ url status") == [
        ":chat.test 770 alice url status",
        ":chat.test FAIL METADATA INVALID_KEY $ :A key has at most 40 characters, of a-z, 0-9 and _ . / -",
    ]
    assert alice.answers("METADATA alice SUB url") == [":chat.test 770 alice url"]
    assert alice.answers("METADATA * SUBS")[1:-1] == ["@batch=n :chat.test 772 alice url status"]
    assert alice.answers("METADATA * UNSUB url $ other") == [
        ":chat.test 771 alice url other",
        ":chat.test FAIL METADATA INVALID_KEY $ :A key has at most 40 characters, of a-z, 0-9 and _ . / -",
    ]
    assert alice.answers("METADATA * SUBS")[1:-1] == ["@batch=n :chat.test 772 alice status"]


def test_only_so_many_subscriptions_in_lines_that_fit(harness: Harness) -> None:
    alice = harness.person("alice", CAPS)
    keys = [f"{number:0{KEY_BYTES}}" for number in range(MOST_SUBSCRIPTIONS)]
    for start in range(0, MOST_SUBSCRIPTIONS - 1, 7):
        alice.sends("METADATA * SUB " + " ".join(keys[start : min(start + 7, MOST_SUBSCRIPTIONS - 1)]))
    alice.received()
    assert alice.answers(f"METADATA * SUB {keys[0]} {keys[-1]} one two") == [
        f":chat.test 770 alice {keys[0]} {keys[-1]}",
        ":chat.test FAIL METADATA TOO_MANY_SUBS one :You have subscribed to 50 keys already, and no more may be",
    ]
    lines = alice.answers("METADATA * SUBS")[1:-1]
    assert [key for line in lines for key in line.split()[4:]] == keys
    assert all(len(line) <= 510 for line in lines)


def test_who_is_told_of_a_change(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice, other = logged_in(harness, capabilities=LABELS), logged_in(harness)
    near, deaf, far = (harness.person(nick, CAPS) for nick in ("near", "deaf", "far"))
    plain, watcher = harness.person("plain"), harness.person("watcher", CAPS)
    for one in (alice, near, deaf, plain):
        one.sends("JOIN #tea", "JOIN #cake")
    for one in (alice, other, near, far, plain, watcher):
        one.sends("METADATA * SUB url")
    watcher.sends("MONITOR + ALICE")
    everybody = (alice, other, near, deaf, far, plain, watcher)
    for one in everybody:
        one.received()
    told = ":chat.test 761 * alice url * :x"
    assert alice.answers("@label=1 METADATA * SET url :x") == ["@label=1 :chat.test 761 alice alice url * :x"]
    assert [one.received() for one in everybody] == [[], [told], [told], [], [], [], [told]]
    alice.sends("METADATA * SET url :x", "METADATA * SET unheard :y")
    assert [one.received() for one in everybody[1:]] == [[]] * 6
    near.sends("METADATA * UNSUB url")
    near.received()
    alice.sends("METADATA * CLEAR")
    gone = ":chat.test 766 * alice url :key not set"
    assert [one.received() for one in everybody[1:]] == [[gone], [], [], [], [], [gone]]


def test_who_is_told_of_a_change_of_a_room(harness: Harness) -> None:
    alice, bob, deaf = harness.members_of("#tea", "alice", "bob", "deaf", capabilities=CAPS)
    far = harness.person("far", CAPS)
    for one in (alice, bob, far):
        one.sends("METADATA * SUB url")
        one.received()
    alice.sends("METADATA #tea SET url :x")
    assert bob.received() == [":chat.test 761 * #tea url * :x"]
    assert deaf.received() == far.received() == []


@pytest.mark.parametrize("crowd_is_near", [False, True])
def test_the_smaller_side_is_walked_and_the_same_people_are_told(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, crowd_is_near: bool
) -> None:
    """Of many who hear of a key far away nobody is looked at, nor of many in a room who hear of none."""
    metadata = harness.hub.metadata
    alice, near = harness.members_of("#tea", "alice", "near", capabilities=CAPS)
    watcher = harness.person("watcher", CAPS)
    crowd = [harness.person(f"crowd{number}", CAPS) for number in range(5)]
    for one in (near, watcher, *([] if crowd_is_near else crowd)):
        one.sends("METADATA * SUB url")
    for one in crowd if crowd_is_near else ():
        one.sends("JOIN #tea", "JOIN #cake")
    near.sends("JOIN #cake")
    watcher.sends("MONITOR + alice")
    everybody = (alice, near, watcher, *crowd)
    for one in everybody:
        one.received()
    looked: list[Session] = []
    subscriptions, subscribers = metadata.subscriptions, metadata.subscribers

    def looking(session: Session) -> Collection[str]:
        looked.append(session)
        return subscriptions(session)

    def listing(key: str) -> Collection[Session]:
        return Watched(subscribers(key), looked)

    monkeypatch.setattr(metadata, "subscriptions", looking)
    monkeypatch.setattr(metadata, "subscribers", listing)
    value = ":chat.test 761 * alice url * :x"
    for line, heard in (
        ("METADATA * SET url :x", (value, value)),
        ("METADATA #tea SET url :y", (":chat.test 761 * #tea url * :y", "")),
        ("PART #tea", ("", "")),
        ("JOIN #tea", (value, "")),
        ("JOIN #cake", ("", "")),
    ):
        alice.sends(line)
        assert [one.session for one in crowd if one.session in looked] == [], line
        told = [[text for text in one.received() if code_of(text) == "761"] for one in everybody]
        assert told[1:3] == [[text] if text else [] for text in heard], line
        assert told[3:] == [[]] * 5


def test_a_subscription_tells_what_is_there(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=CAPS)
    watched = harness.person("watched")
    for one, target in ((alice, "#tea"), (alice, "*"), (bob, "*"), (watched, "*")):
        one.sends(f"METADATA {target} SET url :of {target}", f"METADATA {target} SET status :x")
    alice.sends("MONITOR + watched,nobody")
    alice.received()
    first, *lines = alice.answers("METADATA * SUB url")
    assert first == ":chat.test 770 alice url"
    assert in_batch(lines, "alice") == [
        ":chat.test 761 alice #tea url * :of #tea",
        ":chat.test 761 alice alice url * :of *",
        ":chat.test 761 alice bob url * :of *",
        ":chat.test 761 alice watched url * :of *",
    ]


def test_who_joins_is_told_what_is_there_and_tells_what_they_bring(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=CAPS)
    carol = harness.person("carol", CAPS)
    carol.sends("METADATA * SUB url", "METADATA * SET url :hers", "METADATA * SET status :x")
    alice.sends("METADATA * SUB url status", "METADATA #tea SET url :rooms", "METADATA #tea SET status :y")
    bob.sends("METADATA * SET url :his")
    for one in (alice, bob, carol):
        one.received()
    lines = carol.answers("JOIN #tea")
    batch = next(index for index, line in enumerate(lines) if "BATCH" in line)
    assert code_of(lines[batch - 1]) == "366"
    assert in_batch(lines[batch:], "#tea") == [
        ":chat.test 761 carol #tea url * :rooms",
        ":chat.test 761 carol bob url * :his",
        ":chat.test 761 carol carol url * :hers",
    ]
    assert alice.received() == [
        ":carol!carol@securechat JOIN #tea",
        ":chat.test 761 * carol url * :hers",
        ":chat.test 761 * carol status * :x",
    ]
    assert bob.codes() == ["JOIN"]
    alice.sends("JOIN #cake")
    alice.received()
    carol.sends("JOIN #cake")
    assert alice.codes() == ["JOIN"]  # it is known from the other room
    assert "BATCH" not in bob.answers("JOIN #cake")


def test_of_a_crowd_it_is_told_page_by_page(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata_news, "AT_ONCE", 2)
    people = harness.members_of("#tea", "ann", "ben", "cid", "dan")
    people[0].sends("METADATA #tea SET url :rooms")
    for one in people:
        one.sends("METADATA * SET url :x")
    alice = harness.person("alice", CAPS)
    alice.sends("METADATA * SUB url")
    alice.received()
    later = ":chat.test 774 alice #tea 4"
    assert alice.answers("JOIN #tea")[-1] == later
    assert alice.answers("METADATA * SUB url")[:2] == [":chat.test 770 alice url", later]
    told = []
    for expected_more in (True, True, False):
        lines = alice.answers("METADATA #tea SYNC")
        assert (lines[-1] == later) is expected_more
        told += in_batch(lines[:-1] if expected_more else lines, "#tea")
        people[2].vanishes()  # whoever has left is passed over
        alice.received()
    assert [line.split()[3] for line in told] == ["#tea", "ann", "ben", "dan"]


def test_an_answer_that_becomes_long_is_cut_and_the_rest_is_for_later(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    nicks = ("ann", "ben", "cid", "dan")
    people = harness.members_of("#tea", *nicks)
    watched = harness.person("eva")
    for one in (*people, watched):
        one.sends(f"METADATA * SET url :{'x' * VALUE_BYTES}")
    alice = harness.person("alice", CAPS)
    alice.sends("METADATA * SUB url")
    alice.received()
    line = len(f":chat.test 761 alice ann url * :{'x' * VALUE_BYTES}\r\n")
    monkeypatch.setattr(metadata_news, "PAGE_BYTES", 2 * line)
    later = ":chat.test 774 alice #tea 4"
    told: list[list[str]] = []
    for _ in range(2):
        *lines, last = alice.answers("METADATA #tea SYNC") if told else alice.answers("JOIN #tea")[-5:]
        told.append([one.split()[4] for one in lines if code_of(one) == "761"])
        assert last == later
    lines = alice.answers("METADATA #tea SYNC")
    told.append([one.split()[4] for one in lines if code_of(one) == "761"])
    assert "774" not in [code_of(one) for one in lines]
    assert told == [["ann", "ben"], ["ann", "ben"], ["cid", "dan"]]  # SYNC tells all of it, and each once
    alice.sends("MONITOR + eva")
    assert "774" not in alice.codes()
    lines = alice.answers("METADATA * SUB url")
    assert [one.split()[4] for one in lines if code_of(one) == "761"] == ["ann", "ben"]
    assert lines[-2:] == [later, ":chat.test 774 alice eva 4"]
    alice.sends("MONITOR C")
    lines = alice.answers("MONITOR + ann,ben,cid")
    assert [one.split()[2:] for one in lines if code_of(one) == "774"] == [["alice", "cid", "4"]]
    assert len([one for one in lines if code_of(one) == "761"]) == 2


def test_who_asks_for_values_pays_for_them(harness: Harness) -> None:
    alice, *others = harness.members_of("#tea", "alice", *(f"other{number}" for number in range(9)), capabilities=CAPS)
    for one in others:
        one.sends("METADATA * SET url :x")
    budget = alice.session.budget = Budget(rate=1, burst=100, now=harness.now)
    for line, lines in (
        ("METADATA * SUB url", 9),
        ("METADATA #tea SYNC", 9),
        ("METADATA #tea SYNC", 9),
        ("JOIN #cake", 0),
    ):
        before = budget._tokens
        alice.sends(line)
        looks = lines + (2 if line.startswith("JOIN") else 11)  # the room and the people in it
        assert before - budget._tokens == pytest.approx(1 + looks / PER_COMMAND)


def test_sync(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=CAPS)
    for target in ("*", "#tea"):
        alice.sends(f"METADATA {target} SET url :x", f"METADATA {target} SET status :y")
    assert in_batch(bob.answers("METADATA #tea SYNC"), "#tea") == []
    bob.sends("METADATA * SUB url")
    bob.received()
    assert in_batch(bob.answers("METADATA alice SYNC"), "alice") == [":chat.test 761 bob alice url * :x"]
    assert [line.split()[3] for line in in_batch(bob.answers("METADATA #tea SYNC"), "#tea")] == ["#tea", "alice"]
    assert in_batch(bob.answers("METADATA * SYNC"), "bob") == []
    bob.sends("PART #tea")  # who is not in the room is not told who is
    bob.received()
    assert [line.split()[3] for line in in_batch(bob.answers("METADATA #tea SYNC"), "#tea")] == ["#tea"]


def test_whoever_is_watched_tells_when_they_come(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = logged_in(harness)
    alice.sends("METADATA * SET url :x", "METADATA * SET status :y")
    bob, plain = harness.person("bob", CAPS), harness.person("plain")
    for one in (bob, plain):
        one.sends("METADATA * SUB url")
        one.received()
        one.sends("MONITOR + alice")
    assert bob.received()[1:] == [
        ":chat.test BATCH +n metadata alice",
        "@batch=n :chat.test 761 bob alice url * :x",
        ":chat.test BATCH -n",
    ]
    alice.vanishes()
    bob.received()
    logged_in(harness)
    assert bob.received() == [":chat.test 730 bob :alice!alice@securechat", ":chat.test 761 * alice url * :x"]
    assert plain.codes() == ["730", "731", "730"]


def test_whois_shows_values_to_those_who_know_of_them(harness: Harness) -> None:
    alice, bob, plain = harness.person("alice", CAPS), harness.person("bob", CAPS), harness.person("plain")
    alice.sends("METADATA * SET display-name :Alice the First")
    assert ":chat.test 760 bob alice display-name * :Alice the First" in bob.answers("WHOIS alice")
    plain.sends("WHOIS alice")
    assert "760" not in plain.codes()


def before_login(harness: Harness) -> Person:
    one = harness.connection()
    one.sends("CAP LS 302", f"CAP REQ :{CAPS} sasl")
    one.received()
    return one


def test_before_login(harness: Harness) -> None:
    one = before_login(harness)
    assert one.answers("METADATA * SUB url") == [":chat.test 770 * url"]
    assert one.answers("METADATA * SET url :a b") == [":chat.test 761 * * url * :a b"]
    assert one.answers("METADATA * SET status :x") == [":chat.test 761 * * status * :x"]
    assert one.answers("METADATA * SET status") == [":chat.test 766 * * status :key not set"]
    assert in_batch(one.answers("METADATA * LIST"), "*") == [":chat.test 761 * * url * :a b"]
    assert in_batch(one.answers("METADATA * SYNC"), "*") == [":chat.test 761 * * url * :a b"]
    for target in ("alice", "#general"):
        assert failed(one, f"METADATA {target} SET url :x") == f"INVALID_TARGET {target}"
    one.sends("NICK alice", "USER alice 0 * :A", "CAP END")
    lines = one.received()
    start = lines.index(":chat.test BATCH +n metadata alice")
    assert lines[start + 1 : start + 3] == ["@batch=n :chat.test 761 alice alice url * :a b", ":chat.test BATCH -n"]
    assert "422" in [code_of(line) for line in lines[start + 3 :]]
    assert one.answers("METADATA * SUBS")[1] == "@batch=n :chat.test 772 alice url"


def test_before_login_nothing_is_answered_without_the_capability(harness: Harness) -> None:
    one = harness.connection()
    one.sends("CAP LS 302")
    one.received()
    assert [code_of(line) for line in one.answers("METADATA * LIST")] == ["451"]


def test_what_was_set_before_login_is_the_accounts_from_then_on(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    first = logged_in(harness)
    first.sends("METADATA * SUB url key0", *(f"METADATA * SET key{number} :x" for number in range(MOST_KEYS - 1)))
    first.received()
    one = before_login(harness)
    one.sends("METADATA * SET url :mine", "METADATA * SET key0 :x", "METADATA * SET more :x", "METADATA * SET last :x")
    one.received()
    log_in(one, "alice", PASSWORD)
    one.sends("NICK alice", "USER alice 0 * :A", "CAP END")
    lines = one.received()
    assert f":chat.test FAIL METADATA LIMIT_REACHED alice :{replies.LIMIT_REACHED.text}" in lines
    assert "@batch=n :chat.test 761 alice alice url * :mine" in lines
    assert first.received() == [":chat.test 761 * alice url * :mine"]


def test_a_guests_values_end_with_them_and_become_those_of_their_account(tmp_path: Path) -> None:
    with running(tmp_path, access__registration="open") as harness:
        bob = harness.person("bob", CAPS)
        bob.sends("METADATA * SET url :x")
        bob.vanishes()
        assert in_batch(harness.person("bob", CAPS).answers("METADATA * LIST"), "bob") == []
        alice = harness.person("alice", f"{CAPS} draft/account-registration")
        alice.sends("METADATA * SET url :kept", f"REGISTER * * :{PASSWORD}")
        alice.received()
        assert in_batch(alice.answers("METADATA * LIST"), "alice") == [":chat.test 761 alice alice url * :kept"]
    with running(tmp_path) as harness:
        assert ":kept" in logged_in(harness).answers("METADATA * LIST")[1]


@pytest.mark.parametrize("present", [False, True])
def test_who_logs_in_later_brings_their_values_to_those_of_the_account(harness: Harness, present: bool) -> None:
    harness.account("alice", PASSWORD)
    first = logged_in(harness)
    first.sends("METADATA * SET url :stored", "METADATA * SET status :stored")
    if not present:
        first.vanishes()
    guest, bob = harness.members_of("#tea", "guest", "bob", capabilities=f"{CAPS} sasl")
    bob.sends("METADATA * SUB url status")
    guest.sends("METADATA * SET url :brought")
    for one in (guest, bob):
        one.received()
    log_in(guest, "alice", PASSWORD)
    nick = "alice" if present else "guest"
    told = news_for(bob)
    assert told[-1] == f":chat.test 761 * {nick} url * :brought"
    assert f":chat.test 761 * {nick} status * :stored" in told
    assert in_batch(guest.answers("METADATA * LIST"), nick) == [
        f":chat.test 761 {nick} {nick} url * :brought",
        f":chat.test 761 {nick} {nick} status * :stored",
    ]


def test_values_of_accounts_and_rooms_last(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("alice", PASSWORD)
        alice = logged_in(harness)
        alice.sends("JOIN #tea")
        for target in ("*", "#tea"):
            alice.sends(f"METADATA {target} SET url :Анна 💜 of {target}", f"METADATA {target} SET status :x")
            alice.sends(f"METADATA {target} SET status")
    with running(tmp_path) as harness:
        alice = before_login(harness)
        alice.sends("METADATA * SUB url")
        alice.received()
        log_in(alice, "alice", PASSWORD)
        alice.received()
        alice.sends("NICK alice", "USER alice 0 * :A", "CAP END")
        assert news_for(alice) == [
            ":chat.test 761 alice alice url * :Анна 💜 of *",
            ":chat.test 761 alice #tea url * :Анна 💜 of #tea",
            ":chat.test 761 alice alice url * :Анна 💜 of *",
        ]
        assert len(in_batch(alice.answers("METADATA * LIST"), "alice")) == 1
        assert len(in_batch(alice.answers("METADATA #tea LIST"), "#tea")) == 1


@pytest.mark.parametrize("target", ["*", "#tea"])
def test_what_cannot_be_stored_did_not_happen(harness: Harness, target: str) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities=LABELS)
    name = "alice" if target == "*" else target
    alice.sends(f"METADATA {target} SET url :before")
    bob.sends("METADATA * SUB url status")
    for one in (alice, bob):
        one.received()
    with harness.disk_full():
        for rest in ("SET url :after", "SET status :new", "SET url", "CLEAR"):
            (line,) = alice.answers(f"@label=1 METADATA {target} {rest}")
            assert line.startswith(f"@label=1 :chat.test FAIL METADATA NOT_STORED {name} :"), rest
    assert bob.received() == []
    assert in_batch(alice.answers(f"METADATA {target} LIST"), name) == [f":chat.test 761 alice {name} url * :before"]


@pytest.mark.parametrize("account", [False, True])
def test_a_login_survives_a_full_disk_and_is_told_what_stands(harness: Harness, account: bool) -> None:
    if account:
        harness.account("alice", PASSWORD)
        alice = logged_in(harness)
        alice.sends("METADATA * SET status :kept", "METADATA * SET url :kept")
    one = before_login(harness)
    one.sends("METADATA * SET url :x", "METADATA * SET more :x")
    one.received()
    if account:
        log_in(one, "alice", PASSWORD)
        one.received()
    with harness.disk_full():
        one.sends("NICK alice", "USER alice 0 * :A", "CAP END")
    lines = one.received()
    codes = [code_of(line) for line in lines]
    assert codes.count("FAIL") == 2
    start = lines.index(":chat.test BATCH +n metadata alice")
    end = lines.index(":chat.test BATCH -n", start)
    assert max(index for index, code in enumerate(codes) if code == "FAIL") < start
    assert end < codes.index("422")
    kept = [f":chat.test 761 alice alice {key} * :kept" for key in ("status", "url")] if account else []
    assert in_batch(lines[start : end + 1], "alice") == kept
    assert in_batch(one.answers("METADATA * LIST"), "alice") == kept


def test_of_who_has_gone_nothing_is_left(harness: Harness) -> None:
    one = before_login(harness)
    one.sends("METADATA * SUB url", "METADATA * SET url :x")
    alice = harness.person("alice", CAPS)
    alice.sends("METADATA * SUB url")
    for person in (one, alice):
        person.vanishes()
    metadata = harness.hub.metadata
    assert not metadata.subscribers("url")
    assert not metadata.subscriptions(alice.session)
    assert not metadata.of(one.session)


def test_refusals_name_the_limits_that_there_are() -> None:
    assert f"There are {MOST_KEYS} keys already" in replies.LIMIT_REACHED.text
    assert f"{MOST_SUBSCRIPTIONS} keys already" in replies.TOO_MANY_SUBS.text
    assert f"at most {KEY_BYTES} characters" in replies.INVALID_KEY.text
    assert f"longer than {VALUE_BYTES} bytes" in replies.INVALID_VALUE.text
