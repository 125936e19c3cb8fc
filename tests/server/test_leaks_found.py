"""Each permission that keeps a secret is made to say yes, one at a time: tests.server.test_leaks has to notice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.domain.permissions import TABLE, Action
from tests.server.test_leaks import (
    DOORS,
    KINDS,
    WITH,
    come_again,
    listen_to_the_inside,
    look_behind,
    try_everything,
    two_worlds,
)


def hidden(folder: Path, patch: pytest.MonkeyPatch, action: Action) -> Iterator[str]:
    """What those outside learn of a room that does not exist for them."""
    with two_worlds(folder, KINDS["private"], WITH) as worlds:
        patch.setitem(TABLE, action, lambda *_: True)
        yield from try_everything(worlds)
        yield from listen_to_the_inside(worlds)
        yield from come_again(worlds)


def closed(folder: Path, patch: pytest.MonkeyPatch, action: Action) -> Iterator[str]:
    """What those outside see of a room that they know of."""
    for number, modes in enumerate(DOORS.values()):
        (folder / str(number)).mkdir()
        with two_worlds(folder / str(number), modes, WITH) as (world, _), pytest.MonkeyPatch.context() as inner:
            inner.setitem(TABLE, action, lambda *_: True)
            yield from look_behind(world, modes)


HIDDEN = (
    Action.SEE_ROOM,
    Action.LIST_MEMBERS,
    Action.READ_HISTORY,
    Action.READ_VALUES,
    Action.INVITE_BY_LINK,
    Action.HANDLE_REPORTS,
    Action.MANAGE,
)
"""What keeps a hidden room hidden."""
CLOSED = (Action.SEE_EXCEPTIONS, Action.SEE_KEY, Action.READ_VALUES)
"""What keeps what is behind a door that everybody may know of. What was said is kept by READ_EARLIER as well."""

_CHANGES = "it lets somebody change something, and whoever may not see the room is told before that there is none"
_ASKED_TWICE = "JOIN_ROOM asks for each hurdle again, so that none opens a door alone"
_NO_ROOM = "it is about no room"

NOT_NOTICED: dict[str, str] = {
    "JOIN_ROOM": "each hurdle is asked for by itself before, to say what is in the way",
    "ENTER_UNBANNED": _ASKED_TWICE,
    "ENTER_ABANDONED": _ASKED_TWICE,
    "ENTER_INVITED": _ASKED_TWICE,
    "ENTER_BY_KEY": _ASKED_TWICE,
    "ENTER_UNCROWDED": _ASKED_TWICE,
    "ENTER_EMPTY": _ASKED_TWICE,
    "ENTER_UNLOCKED": _ASKED_TWICE,
    "RETURN_TO_ROOM": "it is asked only of who is a member already, and may read what is there",
    "REDACT_OTHERS": "only of a message that one may read: READ_HISTORY is asked before",
    "READ_EARLIER": "only of members: READ_HISTORY is asked before. That newcomers are kept out: test_past notices",
    "READ_AGAIN": "only of members: READ_HISTORY is asked before. What it keeps from them: test_past notices",
    "REDACT_OWN": "only of a message that one may read: READ_HISTORY is asked before",
    **dict.fromkeys(
        (
            "SPEAK",
            "SPEAK_HIDDEN",
            "SPEAK_UNSLOWED",
            "SET_TOPIC",
            "CHANGE_MODES",
            "DEMOTE_OWNER",
            "RENAME",
            "SET_VALUES",
            "KICK",
            "INVITE",
            "LET_IN",
            "MAKE_OWNER",
        ),
        _CHANGES,
    ),
    "KNOCK": "what is answered at a room that may not be seen does not depend on it",
    **dict.fromkeys(
        (
            "CONNECT",
            "REGISTER_OPEN",
            "REGISTER_INVITED",
            "CREATE_ROOM",
            "INVITE_TO_SERVER",
            "HANDLE_DIRECT_REPORTS",
            "OPERATE",
            "ASK_FOR_POWERS",
            "SEEM_A_PERSON",
            "KILL",
            "WALLOPS",
            "DIRECT_MESSAGE",
            "READ_DIRECT_HISTORY",
        ),
        _NO_ROOM,
    ),
}
"""Permissions that no line notices when they are given to everybody, and why that is so."""


@pytest.mark.parametrize("action", HIDDEN, ids=lambda one: one.name)
def test_a_hidden_room_that_shows_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: Action) -> None:
    assert next(hidden(tmp_path, monkeypatch, action), None) is not None


@pytest.mark.parametrize("action", CLOSED, ids=lambda one: one.name)
def test_an_open_door_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: Action) -> None:
    assert next(closed(tmp_path, monkeypatch, action), None) is not None


def test_of_every_permission_it_is_known_whether_it_is_noticed() -> None:
    noticed = {one.name for one in (*HIDDEN, *CLOSED)}
    missing = {one.name for one in Action} - noticed - set(NOT_NOTICED)
    assert not missing, (
        f"{missing}: add it to HIDDEN or CLOSED when a line of leak_lines.py notices that everybody has it; "
        "else say in NOT_NOTICED why none can"
    )
    assert not noticed & set(NOT_NOTICED)
