"""Masks: the same answers as the shell's, at a bounded price."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.domain.masks import is_mask, matches


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


def test_a_hostile_mask_ends() -> None:
    assert not matches("*a" * 100 + "b", "a" * 400)


def test_what_counts_as_a_mask() -> None:
    assert is_mask("a*")
    assert is_mask("?")
    assert not is_mask("anna")
