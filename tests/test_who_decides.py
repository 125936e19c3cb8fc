"""Nobody but `domain/permissions.py` decides who may do what: what it decides by is read elsewhere for a reason only.

A module that asks "is this an administrator?", "does she look after the room?" or "is it secret?" by itself is a second
permission table, which forgets what the first one has learnt: each place that reads such a fact stands here with why.
"""

import ast

import pytest

from securechat.domain.permissions import Subject
from securechat.domain.roles import RoomRules
from tests.test_layers import MODULES, layer

TABLE = "domain.permissions"
FEEDS = "hands the fact to the table"
SHOWS = "shows it"
WORDS = "chooses the words of a refusal that the table has decided, or says what is missing before it is asked"
STORES = "reads or writes the column"

FACTS = frozenset({"administrator", "operator", "leads", "in_room", "resigned", "lacks_factor", "bot"})
"""Attributes that say what somebody is."""
RULES = frozenset(RoomRules.__dataclass_fields__) - {"key"}
"""Attributes of `rules` that say how a room is used."""
ROLES = frozenset({"Role", "RoomRole"})
GROUPS = frozenset({"LEADING", "HEARD", "FOUNDER"})

ALLOWED: dict[str, dict[str, str]] = {
    "domain.roles": dict.fromkeys(
        ("RoomRole.MEMBER", "RoomRole.MODERATOR", "RoomRole.OWNER", "RoomRole.VOICED", "LEADING", "HEARD", "FOUNDER"),
        "says what the roles are",
    ),
    "server.commands.accounts": {
        ".administrator": "of an invite, which makes the account; and shows it in the log",
        "Role.GUEST": FEEDS,
        "Role.STRANGER": FEEDS,
    },
    "server.commands.banning": {".in_room": WORDS},
    "server.commands.messages": {
        "rules.slow_seconds": "asks the table about slow mode only where there is one",
        "HEARD": "chooses to whom a message to a sign goes",
        "LEADING": "chooses to whom a message to a sign goes",
    },
    "server.commands.modes": {".in_room": WORDS, "RoomRole[]": "finds the role that a mode shows"},
    "server.commands.negotiation": {"Role.STRANGER": FEEDS},
    "server.commands.operators": {".lacks_factor": WORDS},
    "server.commands.people": {".operator": SHOWS},
    "server.commands.who": {".operator": SHOWS, ".bot": SHOWS},
    "server.commands.whois": {".operator": SHOWS, ".bot": SHOWS},
    "server.dispatcher": {".lacks_factor": WORDS},
    "server.commands.knocking": {".in_room": WORDS},
    "server.knocks": {"rules.invite_only": "forgets who has asked to come in once the door is open"},
    "server.heartbeat": {".lacks_factor": "gives whoever has to set up a second factor more time"},
    "server.live_effects": {".lacks_factor": "ends the powers that nobody can be asked for anew without a factor"},
    "server.hub": {"rules.secret": "counts the rooms that the table hides"},
    "server.invites": {".administrator": "of an invite: asks the table about its maker, whoever may register without"},
    "server.management.invites": {".administrator": SHOWS},
    "server.management.accounts": {"Role.ADMINISTRATOR": "counts who could still look after the server"},
    "server.management.acting": {"Role.ADMINISTRATOR": FEEDS},
    "server.management.room_moderation": {"rules.locked": SHOWS, "rules.slow_seconds": SHOWS},
    "server.management.room_standing": {"rules.history": SHOWS},
    "server.management.user_details": {".administrator": SHOWS, ".bot": SHOWS},
    "server.management.users": {".administrator": SHOWS, ".bot": SHOWS},
    "server.past": {".operator": "asks the table once for all who are the same to it"},
    "server.permission_page": dict.fromkeys(
        (
            *("Role.STRANGER", "Role.GUEST", "Role.BOT", "Role.MEMBER", "Role.ADMINISTRATOR"),
            *("RoomRole.VOICED", "RoomRole.MODERATOR", "FOUNDER"),
        ),
        "asks the table about everybody",
    ),
    "server.presence": {".lacks_factor": "tells whoever comes in what is expected of them"},
    "server.registry": {"Role.MEMBER": "asks the table, to tell who may use a command"},
    "server.rendering": {".bot": SHOWS},
    "server.room_modes": {"rules.secret": "counts the rooms that the table hides"},
    "server.roster": {"rules.secret": SHOWS, "LEADING": SHOWS, "RoomRole.VOICED": SHOWS},
    "server.server_bans": {".operator": FEEDS},
    "server.speaking": {
        ".in_room": WORDS,
        "rules.locked": WORDS,
        "rules.moderated": WORDS,
        "rules.slow_seconds": "counts the seconds; whom they bind the table says",
    },
    "server.standings": {"RoomRole.VOICED": "finds out which modes have to be told", "LEADING": "the same"},
    "server.user_modes": {".operator": "finds out whether there is anything to give up"},
    "server.users": {
        ".bot": SHOWS,
        ".operator": FEEDS,
        ".resigned": FEEDS,
        "rules.member_limit": FEEDS,
    },
    "storage.accounts": {".administrator": STORES, ".bot": STORES},
    "storage.invites": {".administrator": STORES},
    "storage.recorder": {".bot": STORES, "RoomRole.MEMBER": STORES},
}
"""Module -> what it reads -> why that decides nothing."""


def facts_read(module: str) -> set[str]:
    """What a module reads of that: attributes, members of the roles, and names for several of them."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[f"securechat.{module}"].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if isinstance(node.value, ast.Name) and node.value.id in ROLES:
                found.add(f"{node.value.id}.{node.attr}")
            elif node.attr in FACTS:
                found.add(f".{node.attr}")
            elif node.attr in RULES and ast.unparse(node.value).rpartition(".")[2] == "rules":
                found.add(f"rules.{node.attr}")
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in ROLES:
            found.add(f"{node.value.id}[]")
        elif isinstance(node, ast.Name) and node.id in GROUPS:
            found.add(node.id)
    return found


SERVERS = [
    one.removeprefix("securechat.")
    for one in MODULES
    if one != f"securechat.{TABLE}" and layer(one) in ("domain", "protocol", "storage", "server", "server.app", "net")
]


@pytest.mark.parametrize("module", SERVERS)
def test_what_the_table_decides_by_is_read_elsewhere_for_a_reason_only(module: str) -> None:
    found, allowed = facts_read(module), set(ALLOWED.get(module, {}))
    assert found - allowed == set(), f"{module} decides by itself: ask may() or require(), with a row of the table"
    assert allowed - found == set(), f"{module} does not read this any more: take it out of ALLOWED"


def test_there_is_a_reason_for_each() -> None:
    assert all(reason for reasons in ALLOWED.values() for reason in reasons.values())


def test_the_facts_are_those_of_the_table() -> None:
    assert FACTS >= {"operator", "leads", "in_room"} <= {*Subject.__dataclass_fields__}
    assert facts_read(TABLE) >= {".operator", ".leads", ".in_room", ".administrator", "Role.BOT", "LEADING"}
