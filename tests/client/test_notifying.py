"""When a person is told that they are spoken to, by events and a clock that the test moves."""

from datetime import datetime
from typing import Any

import pytest

from securechat.client import texts
from securechat.client.events import Message
from securechat.client.notifying import GRACE_SECONDS, MOST_WAITING, PAUSE_SECONDS, Notice, Notifier
from securechat.client.settings import Notifications
from tests.client.moments import at
from tests.client.moments import said as said_at


def said(number: int, text: str = "bob: look", **more: Any) -> Message:
    return said_at(number, text, **more)


class Person:
    """Somebody who is told of things, and their two clocks."""

    def __init__(self, **settings: object) -> None:
        self.seconds = 1000.0
        self.minute = 12 * 60
        made = Notifications(**settings)  # type: ignore[arg-type]
        self.notifier = Notifier(made, lambda: self.seconds, lambda: self.minute)

    def hears(
        self,
        message: Message,
        *,
        mention: bool = True,
        looked_at: bool = False,
        read_up_to: datetime | None = None,
    ) -> None:
        self.notifier.take(message, mention=mention, looked_at=looked_at, read_up_to=read_up_to)

    def waits(self, seconds: float) -> Notice | None:
        self.seconds += seconds
        return self.notifier.due()


@pytest.fixture
def bob() -> Person:
    return Person()


def test_a_mention_is_told_after_a_moment_and_once(bob: Person) -> None:
    bob.hears(said(1))
    assert bob.notifier.wait() == GRACE_SECONDS
    assert bob.waits(GRACE_SECONDS / 2) is None
    assert bob.waits(GRACE_SECONDS / 2) == Notice("anna in ops", "bob: look")
    assert bob.notifier.wait() is None
    assert bob.waits(100) is None


def test_a_direct_message_is_told_by_its_sender(bob: Person) -> None:
    bob.hears(said(1, "hi", room="anna"))
    assert bob.waits(GRACE_SECONDS) == Notice("anna", "hi")


@pytest.mark.parametrize(
    ("message", "circumstances"),
    [
        (said(1, "hello"), {"mention": False}),
        (said(1, own=True), {}),
        (said(1), {"looked_at": True}),
        (said(1, old=True), {}),
        (said(1), {"read_up_to": at(1)}),
        (said(1), {"read_up_to": at(9)}),
    ],
    ids=["not for oneself", "one's own", "looked at", "old at the start", "just read elsewhere", "read elsewhere"],
)
def test_what_is_not_told(bob: Person, message: Message, circumstances: dict[str, object]) -> None:
    bob.hears(message, **circumstances)  # type: ignore[arg-type]
    assert bob.notifier.wait() is None


def test_what_was_read_before_the_last_message_does_not_hide_it(bob: Person) -> None:
    bob.hears(said(2), read_up_to=at(1))
    assert bob.waits(GRACE_SECONDS) is not None


def test_what_is_read_elsewhere_meanwhile_is_not_told(bob: Person) -> None:
    bob.hears(said(1))
    bob.hears(said(2, room="anna"))
    bob.notifier.read("#OPS", at(1))
    bob.notifier.read("anna", at(1))  # not as far as the message
    assert bob.waits(GRACE_SECONDS) == Notice("anna", "bob: look")


def test_what_is_taken_away_meanwhile_is_not_told(bob: Person) -> None:
    bob.hears(said(1))
    bob.notifier.taken_away("e-1")
    assert bob.notifier.wait() is None


def test_what_was_missed_without_a_link_is_told_but_nothing_older(bob: Person) -> None:
    bob.hears(said(5), looked_at=True)
    bob.notifier.link_lost()
    bob.hears(said(4, old=True))
    assert bob.notifier.wait() is None
    bob.hears(said(6, "bob, are you there?", old=True))
    assert bob.waits(GRACE_SECONDS) == Notice("anna in ops", "bob, are you there?")


def test_many_at_once_are_told_together_and_no_more_often_than_bearable(bob: Person) -> None:
    bob.hears(said(1))
    assert bob.waits(GRACE_SECONDS) is not None
    for number in range(2, 5):
        bob.hears(said(number, f"bob: {number}"))
    assert bob.waits(GRACE_SECONDS) is None
    assert bob.notifier.wait() == PAUSE_SECONDS - GRACE_SECONDS
    assert bob.waits(PAUSE_SECONDS - GRACE_SECONDS) == Notice("anna in ops", "bob: 4 (and 2 more)")


def test_a_flood_is_bounded_and_counted(bob: Person) -> None:
    told = []
    for number in range(10_000):  # 100 seconds of 100 mentions each
        bob.hears(said(number))
        told.append(bob.waits(0.01))
    notices = [one for one in told if one is not None]
    assert 18 <= len(notices) <= 21
    assert len(bob.notifier._waiting) <= MOST_WAITING
    counts = [int(one.text.removeprefix("bob: look (and ").removesuffix(" more)")) + 1 for one in notices]
    assert sum(counts) + len(bob.notifier._waiting) + bob.notifier._uncounted == 10_000


@pytest.mark.parametrize(
    ("spans", "clock", "quiet"),
    [
        (("22:00-07:00",), "21:59", False),
        (("22:00-07:00",), "22:00", True),
        (("22:00-07:00",), "00:00", True),
        (("22:00-07:00",), "06:59", True),
        (("22:00-07:00",), "07:00", False),
        (("12:30-13:15",), "12:29", False),
        (("12:30-13:15",), "13:14", True),
        (("12:30-13:15",), "13:15", False),
        (("12:30-13:15", "22:00-07:00"), "23:00", True),
        (("00:00-00:00",), "15:00", True),
        ((), "03:00", False),
    ],
)
def test_quiet_hours(spans: tuple[str, ...], clock: str, quiet: bool) -> None:
    bob = Person(quiet_hours=spans)
    bob.minute = int(clock[:2]) * 60 + int(clock[3:])
    bob.hears(said(1))
    assert (bob.waits(GRACE_SECONDS) is None) == quiet


def test_what_came_in_quiet_hours_is_not_told_afterwards() -> None:
    bob = Person(quiet_hours=("22:00-07:00",))
    bob.minute = 6 * 60 + 59
    bob.hears(said(1))
    bob.minute = 7 * 60
    assert bob.waits(GRACE_SECONDS) is None
    bob.minute = 21 * 60 + 59
    bob.hears(said(2))
    bob.minute = 22 * 60
    assert bob.waits(GRACE_SECONDS) is None


def test_the_text_is_not_told_when_it_is_nobody_elses_affair(
    catalogues: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "DIRECTORY", catalogues)
    for language, in_room, direct in (
        ("en", "anna names you in ops", "anna writes to you"),
        ("ru", "anna называет вас в ops", "anna пишет вам"),
    ):
        texts.use_language(language)
        bob = Person(show_text=False)
        bob.hears(said(1, "bob: the secret"))
        assert bob.waits(GRACE_SECONDS) == Notice("securechat", in_room)
        bob.hears(said(2, "another secret", room="anna"))
        assert bob.waits(PAUSE_SECONDS) == Notice("securechat", direct)


def test_hostile_text_is_harmless_and_short(bob: Person) -> None:
    hostile = "\x1b]0;owned\x07\x9b31m\u202eevil " + "x" * 500
    bob.hears(said(1, hostile, room="#\x1b[2J", sender="a\x07b"))
    notice = bob.waits(GRACE_SECONDS)
    assert notice is not None
    assert notice.title.isprintable()
    assert notice.text.isprintable()
    assert len(notice.text) == 200
