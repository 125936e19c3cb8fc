"""Who keeps the peace does the same in the client, by IRC and at the console: it is seen and recorded alike."""

import inspect
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from securechat.client import moderating
from securechat.client.commands import COMMANDS
from securechat.server.commands import banning, moderation, redaction, reporting
from securechat.server.machine_users import this_user
from securechat.server.management import bans, messages, registration, reports, room_moderation
from securechat.server.registry import COMMANDS as REGISTRY
from securechat.server.subcommands import TABLES
from tests.peers.programs import run_client
from tests.process import OPEN, PASSWORD, RawClient, ServerProcess

TIME = "(time)"


@dataclass(frozen=True, slots=True)
class Act:
    """An act by each of its three paths; `(id)` is the message that was said."""

    client: str
    irc: str
    console: Sequence[str]
    rows: Sequence[tuple[str, ...]]
    """What is on the record then: the act, on whom, in which room, the detail and the reason."""
    seen: Sequence[str] = field(default=())
    """What the others in the room see."""


ACTS = (
    Act(
        "/kick kit noise",
        "KICK #tea kit :noise",
        ("room", "kick", "tea", "kit", "--reason", "noise"),
        [("room kick", "kit", "#tea", "", "noise")],
        ["KICK #tea kit :noise"],
    ),
    Act(
        "/ban ben 2h spam",
        "BAN #tea ben 2h :spam",
        ("room", "ban", "tea", "ben", "--for", "2h", "--reason", "spam"),
        [("room mask", "a:ben", "#tea", f"+b until {TIME}", "spam"), ("room kick", "ben", "#tea", "", "spam")],
        ["MODE #tea +b a:ben", f"KICK #tea ben :Banned until {TIME}: spam"],
    ),
    Act(
        "/ban spam* flood",
        "BAN #tea spam* :flood",
        ("room", "ban", "tea", "spam*", "--reason", "flood"),
        [("room mask", "spam*!*@*", "#tea", "+b", "flood")],
        ["MODE #tea +b spam*!*@*"],
    ),
    Act(
        "/unban ben sorry, Ben",
        "UNBAN #tea ben :sorry, Ben",
        ("room", "unban", "tea", "ben", "--reason", "sorry, Ben"),
        [("room mask", "a:ben", "#tea", "-b", "sorry, Ben")],
        ["MODE #tea -b a:ben"],
    ),
    Act(
        "/mute max 10m noise",
        "MUTE #tea max 10m :noise",
        ("room", "mute", "tea", "max", "--for", "10m", "--reason", "noise"),
        [("room mask", "m:a:max", "#tea", f"+b until {TIME}", "noise")],
        ["MODE #tea +b m:a:max"],
    ),
    Act(
        "/unmute max calm again",
        "UNMUTE #tea max :calm again",
        ("room", "unmute", "tea", "max", "--reason", "calm again"),
        [("room mask", "m:a:max", "#tea", "-b", "calm again")],
        ["MODE #tea -b m:a:max"],
    ),
    Act(
        "/slow 30",
        "MODE #tea +f 30",
        ("room", "slow", "tea", "30"),
        [("room rule", "", "#tea", "+f 30", "")],
        ["MODE #tea +f 30"],
    ),
    Act(
        "/slow 0",
        "MODE #tea -f",
        ("room", "slow", "tea", "0"),
        [("room rule", "", "#tea", "-f", "")],
        ["MODE #tea -f"],
    ),
    Act("/lock", "MODE #tea +L", ("room", "lock", "tea"), [("room rule", "", "#tea", "+L", "")], ["MODE #tea +L"]),
    Act("/unlock", "MODE #tea -L", ("room", "unlock", "tea"), [("room rule", "", "#tea", "-L", "")], ["MODE #tea -L"]),
    Act(
        "/close 1 warned",
        "REPORT CLOSE 1 :warned",
        ("report", "close", "1", "--reason", "warned"),
        [("report close", "max", "#tea", "1", "warned")],
    ),
    Act(
        "/delete max a secret",
        "REDACT #tea (id) :a secret",
        ("message", "delete", "(id)", "--yes", "--reason", "a secret"),
        [("room redact", "max", "#tea", "(id)", "a secret")],
        [f"NOTICE #tea :(actor) deleted a message of max of {TIME}: a secret"],
    ),
    *(
        Act(f"/manage {words} --reason 'so be it'", f"MANAGE {words} --reason :so be it", words.split(), rows)
        for words, rows in (
            ("ban add 198.51.100.7 --for 2h", [("ban add", "an IPv4 address", "", f"until {TIME}", "so be it")]),
            ("ban remove 198.51.100.7", [("ban remove", "an IPv4 address", "", "", "so be it")]),
            ("ban add eggs*", [("ban add", "eggs*", "", "", "so be it")]),
            ("registration close", [("registration close", "", "", "", "so be it")]),
            ("registration open", [("registration open", "", "", "", "so be it")]),
        )
    ),
)

PROMISED = (room_moderation.OPERATIONS, *(one.FAMILY.operations for one in (bans, registration, messages, reports)))
"""The operations by which the peace is kept."""
READING = {"room bans", "ban list", "registration status", "report list", "report show"}
IN_THE_CLIENT = {
    "invite": "lets somebody in",
    "knock": "asks",
    "newcomers": "a rule of the room for good: room set",
    "role": "gives a right: room role",
    "kind": "a rule of the room for good: room set",
    "rename": "a rule of the room for good: room rename",
    "block": "for oneself",
    "unblock": "for oneself",
    "blocked": "for oneself",
    "report": "asks those who keep the peace",
    "reports": "reading",
}
"""What of `client.moderating` keeps no peace, and why."""
BY_IRC = {"INVITE": "lets somebody in"}
"""The same of the modules of commands."""


def test_every_act_has_all_its_paths() -> None:
    """An operation, a command of the client or of IRC that comes without the others is found."""
    operations = {one.name for family in PROMISED for one in family}
    assert {" ".join(act.console[:2]) for act in ACTS} == operations - READING
    words = {one.name for one in COMMANDS if inspect.getmodule(one.run) is moderating}
    assert {act.client[1:].partition(" ")[0] for act in ACTS} == words - set(IN_THE_CLIENT)
    modules = {one.__name__ for one in (banning, moderation, redaction, reporting)}
    handlers = {name: [one.handler] for name, one in REGISTRY.items()}
    handlers |= {name: [form.run for form in one.all] for name, one in TABLES.items()}
    commands = {name for name, ones in handlers.items() if {one.__module__ for one in ones} & modules}
    assert {act.irc.partition(" ")[0] for act in ACTS} - {"MODE", "MANAGE"} == commands - set(BY_IRC)


class Tea:
    """#tea, which the administrator anna owns; kit, ben and max are in it, and eve, who has reported max."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        made = server.admin("user", "add", "anna", "--administrator", "--password-stdin", answer=f"{PASSWORD}\n")
        assert made.returncode == 0, made.stderr
        self.anna = server.member("anna", "draft/message-redaction")
        self.people: list[RawClient] = [self.anna]
        self.anna.ask("JOIN #tea")
        for name in ("kit", "ben", "max", "eve"):
            server.sign_up(name)
            self.people.append(server.member(name, "message-tags echo-message"))
            self.people[-1].ask("JOIN #tea")
        _, _, _, max_, self.eve = self.people
        found = re.search("msgid=([^; ]+)[^:]* :max!.* PRIVMSG #tea ", "\n".join(max_.ask("PRIVMSG #tea :buy pills")))
        assert found is not None
        self.said = found[1]
        assert " REPORTED 1 " in self.eve.ask(f"REPORT {self.said} :spam")[-1]
        self.recorded = len(self.rows())

    def rows(self) -> list[dict[str, str]]:
        listed = self.server.admin("audit", "list", "--limit", "1000", "--json")
        rows: list[dict[str, str]] = json.loads(listed.stdout)
        return rows

    def by_client(self) -> None:
        lines = "".join(f"{act.client}\n" for act in ACTS)
        authority = str(self.server.folder / "certs" / "ca.pem")
        words = ["--room", "tea", "--user", "anna", "--commands", "--ca", authority, f"localhost:{self.server.port}"]
        done = run_client(words, self.server.folder / "home", lines)
        assert done.returncode == 0, done.stderr

    def by_irc(self) -> None:
        for act in ACTS:
            answer = self.anna.ask(act.irc.replace("(id)", self.said))
            assert not [one for one in answer if re.search(r" (FAIL|4\d\d) ", one)], answer

    def at_the_console(self) -> None:
        for act in ACTS:
            words = [one.replace("(id)", self.said) for one in act.console]
            reason = () if "--reason" in words or not act.irc.startswith("MANAGE") else ("--reason", "so be it")
            done = self.server.admin(*words, *reason)
            assert done.returncode == 0, done.stderr


def plain(text: str, said: str) -> str:
    """Without what differs each time."""
    text = re.sub(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d UTC", TIME, text.replace(said, "(id)"))
    return re.sub(r":\S+ deleted", ":(actor) deleted", text)


def seen(lines: Sequence[str], said: str) -> list[str]:
    """What changes the room, without who has done it: at the console it is the server itself."""
    bodies = (re.sub(r"^(@\S+ )?:\S+ ", "", one) for one in lines)
    return [plain(one, said) for one in bodies if re.match(r"(KICK|MODE|NOTICE) #tea ", one)]


@pytest.mark.parametrize("path", [Tea.by_client, Tea.by_irc, Tea.at_the_console], ids=lambda path: path.__name__)
def test_an_act_is_seen_and_recorded_alike(tmp_path: Path, path: Callable[[Tea], None]) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        tea = Tea(server)
        path(tea)
        rows = tea.rows()[tea.recorded :]
        found = [
            tuple(plain(row[key], tea.said) for key in ("act", "target", "room", "detail", "reason")) for row in rows
        ]
        assert found == [row for act in ACTS for row in act.rows]
        actor = ("console", this_user()) if path is Tea.at_the_console else ("irc", "anna")
        assert {(row["origin"], row["actor"]) for row in rows} == {actor}
        assert seen(tea.eve.ask(), tea.said) == [line for act in ACTS for line in act.seen]
