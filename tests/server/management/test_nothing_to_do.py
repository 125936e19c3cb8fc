"""What is so already is told as that, leaves no row, and is told apart from what is refused for other reasons."""

import pytest

from securechat.server.administration import NOTHING_TO_DO
from tests.server.harness import Harness
from tests.server.management.test_rooms import done, member, record, refused
from tests.server.test_audit import OPERATIONS_RECORDED, OPERATIONS_WITHOUT_SERVER

PASSWORD = "correct horse"

Step = tuple[str, dict[str, object]]
SUSPEND: Step = ("user suspend", {"name": "bob"})
TWICE: dict[str, tuple[list[Step], str]] = {
    "user suspend": ([SUSPEND], "bob is suspended already."),
    "user unsuspend": ([SUSPEND, ("user unsuspend", {"name": "bob"})], "bob is not suspended."),
    "user role": ([("user role", {"name": "bob", "role": "administrator"})], "bob is that already: administrator."),
    "invite revoke": ([("invite revoke", {"number": 1})], "Invite 1 is revoked already."),
    "session revoke": ([("session revoke", {"account": "bob", "every": True})], "bob has no sessions."),
    "ban add": (
        [("ban add", {"target": "spam*"})],
        "spam* is banned already, for good. See: securechat-admin ban list",
    ),
    "ban remove": (
        [("ban add", {"target": "spam*"}), ("ban remove", {"target": "spam*"})],
        "spam* is not banned. See: securechat-admin ban list",
    ),
    "registration close": ([("registration close", {})], "Registration is closed already."),
    "registration open": ([("registration close", {}), ("registration open", {})], "Registration is not closed."),
    "room topic": ([("room topic", {"room": "tea", "topic": "x"})], "That is the topic of tea already."),
    "room rename": ([("room rename", {"room": "tea", "name": "Tea"})], "Tea is its name already."),
    "room ban": (
        [("room ban", {"room": "tea", "who": "spam*"})],
        "spam* is banned from tea already, for good. See: securechat-admin room bans tea",
    ),
    "room unban": (
        [("room ban", {"room": "tea", "who": "eve"}), ("room unban", {"room": "tea", "who": "eve"})],
        "eve is not banned from tea. See: securechat-admin room bans tea",
    ),
    "room mute": (
        [("room mute", {"room": "tea", "who": "bob"})],
        "bob is muted in tea already, for good. See: securechat-admin room bans tea",
    ),
    "room unmute": (
        [("room mute", {"room": "tea", "who": "bob"}), ("room unmute", {"room": "tea", "who": "bob"})],
        "bob is not muted in tea. See: securechat-admin room bans tea",
    ),
    "room slow": ([("room slow", {"room": "tea", "seconds": 9})], "That is so already in tea."),
    "room lock": ([("room lock", {"room": "tea"})], "That is so already in tea."),
    "room unlock": ([("room lock", {"room": "tea"}), ("room unlock", {"room": "tea"})], "That is so already in tea."),
    "room role": ([("room role", {"room": "tea", "name": "bob", "role": "owner"})], "bob is that already in tea."),
    "room set": ([("room set", {"room": "tea", "kind": "private"})], "tea is that already."),
}
"""What is done (the last step is tried once more), and what is told then."""

ELSEWHERE = {"certificate revoke", "user second-factor-reset"}
"""They have their own tests of it: tests of certificates and of second factors."""
NEVER = {
    "user add": "a name that is taken is refused: the account may be another's",
    "user passwd": "no two passwords are the same to the server",
    "user app-password-revoke": "one that is gone is not there",
    "invite create": "each is another",
    "room create": "a room that is there may be another's",
    "room delete": "one that is gone is not there",
    "room kick": "who is not there may be another",
    "message delete": "one that is gone is not there",
    "report show": "reading",
    "report close": "one that is closed is not open",
}
"""Where no state can be so already."""


def test_every_operation_that_changes_something_is_told_of() -> None:
    assert {*TWICE, *ELSEWHERE, *NEVER} == set(OPERATIONS_RECORDED) - OPERATIONS_WITHOUT_SERVER


@pytest.mark.parametrize("name", TWICE)
def test_what_is_so_already_is_told_and_leaves_no_row(harness: Harness, name: str) -> None:
    member(harness, "anna"), member(harness, "bob")
    harness.invite("t0ken")
    steps, told = TWICE[name]
    for operation, given in steps:
        done(harness, operation, **given)
    rows = record(harness)
    assert steps[-1][0] == name
    assert refused(harness, name, **steps[-1][1]) == f"{NOTHING_TO_DO}: {told}"
    assert record(harness) == rows


def test_a_ban_with_another_end_or_reason_takes_the_place_of_the_one_of_before(harness: Harness) -> None:
    member(harness, "anna")
    done(harness, "ban add", target="spam*", reason="flood")
    assert done(harness, "ban add", target="spam*", lasts="2h") == "Banned spam* until 2025-11-24 18:00 UTC."
    done(harness, "room ban", room="tea", who="eve")
    assert done(harness, "room ban", room="tea", who="eve", lasts="2h").endswith(" until 2025-11-24 18:00 UTC.")
    assert len(done(harness, "room bans", room="tea").splitlines()) == 2
