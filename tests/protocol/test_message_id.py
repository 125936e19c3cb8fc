"""Message ids: made, read, and refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.protocol.message_id import MessageIds

IDS = MessageIds("k3x9q")


@pytest.mark.parametrize("sequence", [1, 412, 2**63 - 1])
def test_an_id_comes_back(sequence: int) -> None:
    text = IDS.format(sequence)
    assert text == f"k3x9q-{sequence}"
    assert IDS.parse(text) == sequence


@pytest.mark.parametrize(
    "text",
    ["", "412", "-412", "k3x9q", "k3x9q-", "k3x9Q-412", "other-412", "k3x9q-0", "k3x9q-0412", "k3x9q--1", "k3x9q-+1",
     "k3x9q-1 ", "k3x9q-1_0", "k3x9q-٤", "k3x9q-²", f"k3x9q-{2**63}", "k3x9q-" + "9" * 5000, "k3x9q-k3x9q-1"],
)  # fmt: skip
def test_what_is_not_an_id_of_ours_is_none(text: str) -> None:
    assert IDS.parse(text) is None


@given(st.text() | st.text("k3x9q-0123456789").map(lambda text: f"k3x9q-{text}"))
def test_whatever_is_read_would_be_made_the_same(text: str) -> None:
    sequence = IDS.parse(text)
    assert sequence is None or IDS.format(sequence) == text
