"""Whom a mask of a room's lists means."""

import pytest

from securechat.domain.events import Source
from securechat.domain.mask_lists import RoomMasks, normalize
from securechat.domain.roles import ListEntry

ANNA = Source("Anna", "ann", "securechat", "anna", 1)
GUEST = Source("Gast", "guest", "securechat")


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
    assert lists(b=mask).banned(ANNA)
    assert not lists(b=mask).muted(ANNA)
    assert not lists(b=mask, e="*!ann@*").banned(ANNA)
    assert lists(b=mask, e="m:*!ann@*").banned(ANNA)
    assert lists(I=mask).invited(ANNA)
    assert not lists(b=mask).invited(ANNA)


@pytest.mark.parametrize("mask", ["bob!*@*", "a:bob", "a:", "*!*@elsewhere"])
def test_whom_it_does_not_mean(mask: str) -> None:
    assert not lists(b=mask).banned(ANNA)


def test_muting() -> None:
    assert lists(b="m:anna!*@*").muted(ANNA)
    assert lists(b="m:a:anna").muted(ANNA)
    assert not lists(b="m:anna!*@*").banned(ANNA)
    assert not lists(b="m:*!*@*", e="m:a:anna").muted(ANNA)
    assert lists(b="m:*!*@*", e="a:anna").muted(ANNA)


def test_a_guest_has_no_account() -> None:
    assert not lists(b="a:*").banned(GUEST)


@pytest.mark.parametrize("letter", ["", "m:"])
def test_every_mask_of_a_list_counts(letter: str) -> None:
    masks = [f"{letter}{mask}" for mask in ("bob!*@*", "?arl!*@*", "a:dora", "a:e*", "Fritz!f@h")]
    made = RoomMasks({"b": [ListEntry(mask, "op!op@h", 1) for mask in masks]})
    means = made.muted if letter else made.banned
    meant = [
        Source("BOB", "b", "h"),
        Source("Karl", "k", "h"),
        Source("x", "x", "h", "Dora", 1),
        Source("x", "x", "h", "Emil", 2),
        Source("fritz", "F", "h"),
    ]
    assert all(means(who) for who in meant)
    assert not any(means(who) for who in (ANNA, GUEST, Source("dora", "d", "h"), Source("fritz", "g", "h")))
