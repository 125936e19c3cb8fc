"""docs/bots.md says what the library has."""

import re
from pathlib import Path
from typing import get_args

import securechat.client
from securechat.client import errors, events
from securechat.client.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "bots.md"


def test_the_page_has_not_drifted() -> None:
    """Mend it with: python -m securechat.client.reference > docs/bots.md."""
    assert PAGE.read_text() == reference()


def test_what_the_page_names_can_be_imported() -> None:
    named = {
        one.__name__ for one in (*get_args(events.Event), errors.ClientError, *errors.ClientError.__subclasses__())
    }
    assert named <= set(securechat.client.__all__)
    assert all(getattr(securechat.client, name).__name__ == name for name in named)
    assert named <= set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE))
