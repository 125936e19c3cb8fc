"""Masks: the same answers as the shell's, at a bounded price."""

import fnmatch
from collections.abc import Iterator
from typing import Any, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.domain.masks import Mask, is_mask, matches


@pytest.mark.parametrize(
    ("mask", "text", "expected"),
    [
        ("anna", "anna", True),
        ("anna", "annab", False),
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("**", "x", True),
        ("?", "", False),
        ("a?c", "abc", True),
        ("a*c*", "abbcd", True),
        ("*ab", "aab", True),
        ("*@*.example", "me@a.example", True),
        ("*!*@host?", "n!u@host", False),
    ],
)
def test_what_fits(mask: str, text: str, expected: bool) -> None:
    assert matches(mask, text) is expected


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_it_agrees_with_the_shell(mask: str, text: str) -> None:
    assert matches(mask, text) == fnmatch.fnmatchcase(text, mask)


@given(st.text("ab*?", max_size=12), st.lists(st.text("ab?*", max_size=12), max_size=3))
def test_a_mask_may_be_used_again(mask: str, texts: list[str]) -> None:
    taken_apart = Mask(mask)
    assert [taken_apart.fits(text) for text in texts] == [fnmatch.fnmatchcase(text, mask) for text in texts]


class Counted(str):  # noqa: SLOT000 - it counts
    """A text that counts how often one of its characters is looked at, or is searched."""

    looks = 0

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        self.looks += 1
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        for character in super().__iter__():
            self.looks += 1
            yield character

    def find(self, *arguments: Any) -> int:
        self.looks += 1
        return super().find(*arguments)


@pytest.mark.parametrize("mask", ["*" + "a" * 200 + "b", "*a" * 200 + "*b", "*" + "a?" * 100 + "b", "*a?" * 100 + "*b"])
def test_a_hostile_mask_looks_once_at_each_character(mask: str) -> None:
    text = Counted("a" * 400)
    assert not matches(mask, text)
    assert text.looks <= 400


def test_what_counts_as_a_mask() -> None:
    assert is_mask("a*")
    assert is_mask("?")
    assert not is_mask("anna")
