"""Whom a mask of a room's lists means."""

import pytest

from securechat.domain.events import Source
from securechat.domain.mask_lists import is_banned, is_invited, is_muted, normalize
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


def lists(**masks: str) -> dict[str, list[ListEntry]]:
    return {letter: [ListEntry(mask, "op!op@h", 1)] for letter, mask in masks.items()}


@pytest.mark.parametrize("mask", ["anna!*@*", "ANNA!ann@*", "*!*@securechat", "a?na!*@*", "a:anna", "a:ANN*"])
def test_whom_a_ban_means(mask: str) -> None:
    assert is_banned(lists(b=mask), ANNA)
    assert not is_muted(lists(b=mask), ANNA)
    assert not is_banned(lists(b=mask, e="*!ann@*"), ANNA)
    assert is_banned(lists(b=mask, e="m:*!ann@*"), ANNA)
    assert is_invited(lists(I=mask), ANNA)
    assert not is_invited(lists(b=mask), ANNA)


@pytest.mark.parametrize("mask", ["bob!*@*", "a:bob", "a:", "*!*@elsewhere"])
def test_whom_it_does_not_mean(mask: str) -> None:
    assert not is_banned(lists(b=mask), ANNA)


def test_muting() -> None:
    assert is_muted(lists(b="m:anna!*@*"), ANNA)
    assert is_muted(lists(b="m:a:anna"), ANNA)
    assert not is_banned(lists(b="m:anna!*@*"), ANNA)
    assert not is_muted(lists(b="m:*!*@*", e="m:a:anna"), ANNA)
    assert is_muted(lists(b="m:*!*@*", e="a:anna"), ANNA)


def test_a_guest_has_no_account() -> None:
    assert not is_banned(lists(b="a:*"), GUEST)
