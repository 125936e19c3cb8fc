"""Whom a mask of a room's lists means."""

import pytest

from securechat.domain.events import Source
from securechat.domain.mask_lists import FOR_GOOD, RoomMasks, normalize
from securechat.domain.roles import ListEntry

ANNA = Source("Anna", "ann", "securechat", "anna", 1)
GUEST = Source("Gast", "guest", "securechat")
NOW = 1_000


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("bob", "bob!*@*"),
        ("bob!x", "bob!x@*"),
        ("bob!x@h", "bob!x@h"),
        ("x@h", "*!x@h"),
        ("!@", "*!*@*"),
        ("", "*!*@*"),
        ("m:bob", "m:bob!*@*"),
        ("a:bob", "a:bob"),
        ("m:a:bob", "m:a:bob"),
    ],
)
def test_masks_are_completed(written: str, stored: str) -> None:
    assert normalize(written) == stored
    assert normalize(stored) == stored


def lists(**masks: str) -> RoomMasks:
    return RoomMasks({letter: [ListEntry(mask, "op!op@h", 1)] for letter, mask in masks.items()})


@pytest.mark.parametrize("mask", ["anna!*@*", "ANNA!ann@*", "*!*@securechat", "a?na!*@*", "a:anna", "a:ANN*"])
def test_whom_a_ban_means(mask: str) -> None:
    assert lists(b=mask).banned_until(ANNA, NOW)
    assert not lists(b=mask).muted_until(ANNA, NOW)
    assert not lists(b=mask, e="*!ann@*").banned_until(ANNA, NOW)
    assert lists(b=mask, e="m:*!ann@*").banned_until(ANNA, NOW)
    assert lists(I=mask).invited(ANNA)
    assert not lists(b=mask).invited(ANNA)


@pytest.mark.parametrize("mask", ["bob!*@*", "a:bob", "a:", "*!*@elsewhere"])
def test_whom_it_does_not_mean(mask: str) -> None:
    assert not lists(b=mask).banned_until(ANNA, NOW)


def test_muting() -> None:
    assert lists(b="m:anna!*@*").muted_until(ANNA, NOW)
    assert lists(b="m:a:anna").muted_until(ANNA, NOW)
    assert not lists(b="m:anna!*@*").banned_until(ANNA, NOW)
    assert not lists(b="m:*!*@*", e="m:a:anna").muted_until(ANNA, NOW)
    assert lists(b="m:*!*@*", e="a:anna").muted_until(ANNA, NOW)


def test_a_guest_has_no_account() -> None:
    assert not lists(b="a:*").banned_until(GUEST, NOW)


@pytest.mark.parametrize("letter", ["", "m:"])
def test_every_mask_of_a_list_counts(letter: str) -> None:
    masks = [f"{letter}{mask}" for mask in ("bob!*@*", "?arl!*@*", "a:dora", "a:e*", "Fritz!f@h")]
    made = RoomMasks({"b": [ListEntry(mask, "op!op@h", 1) for mask in masks]})
    means = made.muted_until if letter else made.banned_until
    meant = [
        Source("BOB", "b", "h"),
        Source("Karl", "k", "h"),
        Source("x", "x", "h", "Dora", 1),
        Source("x", "x", "h", "Emil", 2),
        Source("fritz", "F", "h"),
    ]
    assert all(means(who, NOW) for who in meant)
    assert not any(means(who, NOW) for who in (ANNA, GUEST, Source("dora", "d", "h"), Source("fritz", "g", "h")))


def ending(*entries: tuple[str, int], **masks: str) -> RoomMasks:
    others = {letter: [ListEntry(mask, "op!op@h", 1)] for letter, mask in masks.items()}
    return RoomMasks(others | {"b": [ListEntry(mask, "op!op@h", 1, expires) for mask, expires in entries]})


def test_a_ban_ends_at_its_moment() -> None:
    bans = ending(("a:anna", 1_001), ("m:a*!*@*", 1_500), ("bob!*@*", 9_000))
    assert [bans.banned_until(ANNA, now) for now in (1_000, 1_001, 1_002)] == [1_001, 0, 0]
    assert [bans.muted_until(ANNA, now) for now in (1_000, 1_499, 1_500)] == [1_500, 1_500, 0]
    assert not ending(("a:anna", 2_000), e="a:anna").banned_until(ANNA, NOW)


def test_the_longest_ban_counts() -> None:
    assert ending(("a:anna", 1_500), ("anna!*@*", 2_500), ("*!ann@*", 2_000)).banned_until(ANNA, NOW) == 2_500
    assert ending(("a:anna", 1_500), ("anna!*@*", 0)).banned_until(ANNA, NOW) == FOR_GOOD
