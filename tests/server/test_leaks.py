"""A room that somebody may not read does not exist for them (promise 4), proved from the table of commands.

Two servers do the same, but that one of them has the room and the other has not. Everybody who may not read it sends
every line of `leak_lines` to both, and all that anybody outside receives must be the same, byte for byte: times and
numbers as well, since both servers have one clock and as many messages (in the second one, somebody writes to somebody
else as often as something happens in the room of the first).

What this leaves out is told in docs/threat-model.md: that numbers of messages go on elsewhere, and time.
"""

import base64
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from securechat.protocol.capabilities import CAPABILITIES
from securechat.server.operations import perform
from securechat.server.registry import COMMANDS
from tests.server.harness import Harness, Person, code_of, running
from tests.server.leak_lines import ENTERING, INSIDE, LINES

MARKER = "zebra"
"""In everything that is secret about the room."""
ROOM = "#vault"
ALIKE = "#vau1t"
FORMER = "#cellar"
"""What it was called before, when those who left it were in it."""
PASSWORD = "correct horse"
LONG = "x" * 480
MEMBERS = ("mara", "nell", "olive")
"""In the room and in no other: hidden from masks, shown by them, and not here."""

KINDS = {
    "secret": "+s-n",
    "private": "+is",
    "with a key": "+sk zebra-key",
    "with everything": "+iskltmCfH zebra-key 60 5 none",
    "locked": "+isL",
}
"""What a room has that does not exist for those outside."""
DOORS = {"closed": "+i", "with a key": "+k zebra-key"}
"""What a room has that everybody may know of, but not everybody may read."""

WITHOUT, WITH, LABELED = "no capabilities", "every capability", "every capability, and labels"
WAYS = (WITHOUT, WITH, LABELED)
EVERY = " ".join(one.name for one in CAPABILITIES if one.name not in ("sts", "sasl"))

PEOPLE = ("stranger", "gina", "olga", "robo", "bann", "kick", "left", "invi", "rick", "adam")
"""Not logged in; a guest; who was never inside; a bot; a banned, a kicked and a former member; somebody invited who has
not come in; a reader of another room; an administrator who has put the powers aside."""


class World:
    """A server with people, with the room or without."""

    def __init__(self, harness: Harness, modes: str, way: str) -> None:
        self.harness = harness
        self.modes = modes  # empty: there is no room
        self.way = way
        self.capabilities = "" if way == WITHOUT else EVERY
        self.values = {"room": ROOM, "alike": ALIKE, "former": FORMER, "long": LONG, "msgid": ""}
        self.pat, self.peg = self._person("pat"), self._person("peg")
        self.pat.sends("JOIN #open", "PRIVMSG #open :hello", "PRIVMSG peg :0")
        self.inside: dict[str, Person] = {name: self._person(name) for name in MEMBERS}
        self.outside: dict[str, Person] = {name: self._outsider(name) for name in PEOPLE}
        self.outside["rick"].sends("JOIN #open")
        self.inside["nell"].sends("MODE nell -i")

    def _person(self, name: str) -> Person:
        if name not in self.harness.hub.accounts:
            self.harness.account(name, PASSWORD, administrator=name == "adam", bot=name == "robo")
        return self.harness.person(name, self.capabilities, password=PASSWORD)

    def _outsider(self, name: str) -> Person:
        if name == "stranger":
            one = self.harness.connection()
            one.sends("CAP LS 302", "NICK stranger", f"CAP REQ :{self.capabilities}")
        elif name == "gina":
            one = self.harness.person(name, self.capabilities)
        else:
            one = self._person(name)
        if name == "adam":
            one.sends("MODE adam -o")
        return one

    def furnish(self) -> None:
        """Make the room, with a marker in everything; where there is none, nothing of this has happened."""
        if not self.modes:
            self.inside["olive"].vanishes()
            return
        room, mara = ROOM, self.inside["mara"]
        mara.sends(f"JOIN {FORMER}")
        for name in ("left", "kick"):
            self.outside[name].sends(f"JOIN {FORMER}")
        mara.sends(
            f"RENAME {FORMER} {room}",
            f"MODE {room} -s",
            f"TOPIC {room} :zebra-topic",
            f"METADATA {room} SET colour :zebra-red",
        )
        for name in ("nell", "olive", "bann", "kick", "left"):
            person = {**self.inside, **self.outside}[name]
            person.sends(
                f"JOIN {room}",
                f"PRIVMSG {room} :zebra-from-{name}",
                f"MARKREAD {room} timestamp=2025-01-01T00:00:00.000Z",
            )
        mara.sends(f"MODE {room} +beI zebra1!*@* zebra3!*@* zebra4!*@*", f"BAN {room} bann 2h :zebra-why")
        mara.sends(f"KICK {room} bann :zebra-kick", f"KICK {room} kick :zebra-kick", f"MODE {room} {self.modes}")
        self.outside["left"].sends(f"PART {room} :zebra-bye")
        mara.sends(f"INVITE invi {room}", f"PRIVMSG {room} :zebra-text", f"MODE {room} +v nell")
        self.inside["nell"].sends(f"PRIVMSG {room} :zebra-reported")
        reported = self.harness.hub.message_ids.format(self.last())
        self.inside["olive"].sends(f"REPORT {reported} :zebra-report")
        self.inside["olive"].vanishes()

    def say_one(self) -> None:
        """One message: in the room, or somewhere else."""
        if self.modes:
            self.inside["mara"].sends(f"PRIVMSG {ROOM} :zebra-text")
        else:
            self.pat.sends("PRIVMSG peg :1")

    def last(self) -> int:
        """The number of the newest message."""
        return self.harness.delivery.delivered_sequence

    def fill_up(self, number: int) -> None:
        """Say things elsewhere until the newest message has that number."""
        while self.last() < number:
            self.pat.sends("PRIVMSG peg :1")
        assert self.last() == number

    def lines(self, template: str) -> list[str]:
        """The lines that a template of `leak_lines` stands for, for each member."""
        members = MEMBERS if "{member}" in template else ("",)
        return [template.format(member=member, **self.values) for member in members]

    def says(self, person: Person, line: str) -> None:
        """Send it, with a label if that is the way."""
        if self.way == LABELED:
            line = "\r\n".join(
                f"@label=9;{one[1:]}" if one.startswith("@") else f"@label=9 {one}" for one in line.split("\r\n")
            )
        person.sends(*line.split("\r\n"))

    def received(self) -> dict[str, list[str]]:
        """What everybody outside has received since."""
        for one in (*self.inside.values(), self.pat, self.peg):
            one.received()
        return {name: one.received() for name, one in self.outside.items()}

    def bring_back(self) -> None:
        """Whoever was disconnected comes again."""
        for name, one in self.outside.items():
            if one.outlet.closed is not None:
                self.outside[name] = self._outsider(name)


@contextmanager
def two_worlds(folder: Path, modes: str, way: str) -> Iterator[tuple[World, World]]:
    """One with the room and one without, equal otherwise."""
    with ExitStack() as stack:
        worlds = []
        for name, wanted in (("with", modes), ("without", "")):
            (folder / name).mkdir()
            harness = stack.enter_context(running(folder / name, accounts__register_before_connect=True))
            worlds.append(World(harness, wanted, way))
        one, two = worlds
        assert one.harness.database.epoch == two.harness.database.epoch
        for world in worlds:
            world.furnish()
        level(one, two)
        for world in worlds:
            world.say_one()
            world.values["msgid"] = world.harness.hub.message_ids.format(world.last())
            world.received()
        assert one.values == two.values
        yield one, two


def level(one: World, two: World) -> None:
    """Let both have as many messages."""
    most = max(one.last(), two.last())
    one.fill_up(most)
    two.fill_up(most)
    for world in (one, two):
        for person in (world.pat, world.peg):
            person.received()


class Kept(logging.Handler):
    """Keeps all that is logged, with everything that is attached to it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.getMessage()} {record.__dict__}")


@contextmanager
def nothing_logged() -> Iterator[None]:
    """Inside, no marker gets into the log, and there is no bug."""
    logger, kept = logging.getLogger("securechat"), Kept()
    before = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(kept)
        logger.setLevel(before)
    assert [text for text in kept.texts if MARKER in text or "Bug" in text] == []


def tell_apart(worlds: tuple[World, World], act: Callable[[World], None]) -> list[str]:
    """Do it in both; return what somebody outside received in one of them only, or of what is secret."""
    received = []
    for world in worlds:
        act(world)
        received.append(world.received())
    with_room, without = received
    problems = [
        f"{name} got {with_room[name]} instead of {without[name]}"
        for name in PEOPLE
        if with_room[name] != without[name]
    ]
    return problems + [line for lines in with_room.values() for line in lines if MARKER in line]


def says(name: str, line: str, world: World) -> None:
    """Let somebody outside send a line."""
    world.says(world.outside[name], line)


def does(line: str, world: World) -> None:
    """Let somebody inside send a line."""
    world.inside["mara"].sends(*line.split("\r\n"))


def try_everything(worlds: tuple[World, World]) -> Iterator[str]:
    """Let everybody outside send every line; what told something."""
    for name in PEOPLE:
        for command, templates in LINES.items():
            for template in templates:
                for line in worlds[0].lines(template):
                    told = tell_apart(worlds, partial(says, name, line))
                    yield from (f"{name}: {command}: {line}: {one}" for one in told)
                    for world in worlds:
                        world.bring_back()
                        world.received()


def listen_to_the_inside(worlds: tuple[World, World]) -> Iterator[str]:
    """Let somebody inside do everything; what those outside heard of it."""
    for template in INSIDE:
        for line in worlds[0].lines(template):
            told = tell_apart(worlds, partial(does, line))
            yield from (f"mara: {line}: {one}" for one in told)
            level(*worlds)
            for world in worlds:
                world.received()


def come_again(worlds: tuple[World, World]) -> list[str]:
    """Let everybody outside connect anew; return what told something."""

    def act(world: World) -> None:
        for one in world.outside.values():
            one.vanishes()
        for name in PEOPLE[1:]:
            one = world.harness.connection()
            one.sends("CAP LS 302", f"CAP REQ :{world.capabilities}", f"NICK {name}", f"USER {name} 0 * :{name}")
            if name != "gina":
                one.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name)}")
            one.sends("CAP END")
            world.outside[name] = one

    return tell_apart(worlds, act)


def plain(name: str) -> str:
    """The response of SASL PLAIN."""
    return base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()


PRODUCT = [(kind, way) for kind in KINDS for way in WAYS]
USUAL = [("secret", LABELED), ("private", WITHOUT), ("with everything", WITH)]


@pytest.mark.parametrize(
    ("kind", "way"),
    [pytest.param(*pair, marks=() if pair in USUAL else pytest.mark.slow) for pair in PRODUCT],
)
def test_nobody_outside_can_tell_that_there_is_a_room(tmp_path: Path, kind: str, way: str) -> None:
    with nothing_logged(), two_worlds(tmp_path, KINDS[kind], way) as worlds:
        assert list(try_everything(worlds)) == []
        assert list(listen_to_the_inside(worlds)) == []
        assert come_again(worlds) == []


NO_ROOM = {"403"}
"""What a program is told of a room that it cannot see: it may make none, so it learns nothing by asking for a name."""
DOOR_MESSAGES = {"437", "471", "473", "474", "475", "476"}
"""What tells whoever asks to come in, or to take the name, that this is not possible; nothing but the name is in it."""


def delete(world: World) -> None:
    """Let an administrator of the machine delete the room, if there is one."""
    administration = world.harness.hub.administration
    assert administration is not None
    if world.modes:
        assert perform(administration, {"operation": "room delete", "room": ROOM, "reason": "zebra"})["ok"]
    world.harness.settle()


@pytest.mark.parametrize("way", [WITHOUT, WITH])
def test_a_room_that_was_deleted_is_none(tmp_path: Path, way: str) -> None:
    """Nobody outside hears of it, and afterwards its name is as any other: whoever says it makes a room."""
    with nothing_logged(), two_worlds(tmp_path, KINDS["private"], way) as worlds:
        assert tell_apart(worlds, delete) == []
        level(*worlds)
        assert list(try_everything(worlds)) == []
        for command in ("JOIN", "RENAME"):
            for line in (line for template in ENTERING[command] for line in worlds[0].lines(template)):
                for name in ("left", "invi", "gina", "robo"):
                    assert tell_apart(worlds, partial(says, name, line)) == [], f"{name}: {line}"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "secret"])
def test_who_asks_to_come_in_learns_nothing_but_that_they_cannot(tmp_path: Path, kind: str) -> None:
    with nothing_logged(), two_worlds(tmp_path, KINDS[kind], WITH) as (world, _):
        world.outside["gina"].sends("JOIN #mine")
        for name in PEOPLE[1:]:
            person = world.outside[name]
            if name == "invi" and "k" not in KINDS[kind]:
                continue  # may come in
            for command, templates in ENTERING.items():
                for line in (line for template in templates for line in world.lines(template)):
                    if command == "RENAME" and name != "gina":
                        continue
                    person.sends(line.replace("RENAME #open", "RENAME #mine"))
                    answers = world.received()[name]
                    about = [one for one in answers if ROOM in one or ALIKE in one]
                    codes = {code_of(one) for one in about}
                    assert codes <= (NO_ROOM if name == "robo" else DOOR_MESSAGES) | {"FAIL"}, answers
                    assert about, (name, line)
                    assert MARKER not in str(answers)
                    assert all(live.room.name not in (ROOM, ALIKE) for live in person.session.user.rooms.values())  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "secret"])
def test_who_may_make_no_room_does_not_even_learn_that_a_name_is_taken(tmp_path: Path, kind: str) -> None:
    with nothing_logged(), two_worlds(tmp_path, KINDS[kind], LABELED) as worlds:
        for line in (line for template in ENTERING["JOIN"] for line in worlds[0].lines(template)):
            assert tell_apart(worlds, partial(says, "robo", line)) == [], line


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "secret"])
def test_where_administrators_make_rooms_not_even_asking_to_come_in_tells_anything(tmp_path: Path, kind: str) -> None:
    """JOIN by the name of the room, or one that looks like it: the only lines that `LINES` does not have."""
    problems = []
    with nothing_logged(), two_worlds(tmp_path, KINDS[kind], LABELED) as worlds:
        for world in worlds:
            world.harness.hub.policy = replace(world.harness.hub.policy, room_creation="administrators")
        for name in PEOPLE:
            if name == "invi" and "k" not in KINDS[kind]:
                continue  # may come in
            for template in ENTERING["JOIN"]:
                for line in worlds[0].lines(template):
                    problems += [f"{name}: {line}: {one}" for one in tell_apart(worlds, partial(says, name, line))]
    assert problems == []


def look_behind(world: World, modes: str) -> Iterator[str]:
    """Let people outside send every line about a room that they may know of; what they saw that is not for them."""
    secret = {"zebra-text", "zebra-from", "zebra-later", "zebra-key", "zebra3", "zebra4"}
    if "i" in modes:
        secret.add("zebra-red")
    for name in ("stranger", "olga", "kick", "left", "adam"):
        for templates in LINES.values():
            for line in (line for template in templates for line in world.lines(template)):
                world.outside[name].sends(*line.split("\r\n"))
                text = str(world.received())
                yield from (f"{name}: {line}: {one}" for one in secret if one in text)
                world.bring_back()


@pytest.mark.parametrize("door", DOORS)
def test_a_closed_door_keeps_what_is_behind_it(tmp_path: Path, door: str) -> None:
    """A room that everybody may know of: its topic and its bans are no secret, what was said in it is."""
    with nothing_logged(), two_worlds(tmp_path, DOORS[door], WITH) as (world, _):
        assert list(look_behind(world, DOORS[door])) == []


def test_every_command_has_lines() -> None:
    missing = sorted(set(COMMANDS) - set(LINES))
    assert missing == [], (
        f"Add to LINES in tests/server/leak_lines.py what somebody outside could try by {', '.join(missing)}: "
        "a line for each of its subcommands and parameters that could name a room, a member, a message or an invite"
    )
    assert sorted(set(LINES) - set(COMMANDS)) == [], "these commands are gone: remove their lines"
    assert [line for name, lines in LINES.items() for line in lines if f"{name}" not in line] == []


def test_the_marker_is_what_is_looked_for(tmp_path: Path) -> None:
    """The proofs above would find a leak: somebody inside is shown all of it."""
    with two_worlds(tmp_path, KINDS["private"], WITH) as (world, _):
        mara = world.inside["mara"]
        for line in (
            f"TOPIC {ROOM}",
            f"CHATHISTORY LATEST {ROOM} * 100",
            f"METADATA {ROOM} LIST",
            f"MODE {ROOM} b",
            f"MODE {ROOM} e",
        ):
            assert MARKER in str(mara.answers(line)), line
        assert "nell" in str(mara.answers(f"NAMES {ROOM}"))
        assert MARKER in str(mara.answers("REPORT LIST"))
        assert MARKER in str(tell_apart((world, world), lambda one: one.outside["olga"].outlet.put(b"zebra\r\n")))
