"""The generated pages say what the tables say."""

from pathlib import Path

import pytest

from securechat.client.repeating import REPEATS
from securechat.protocol.isupport import MEANINGS
from securechat.server.presence import isupport
from securechat.server.reference import PAGES
from securechat.server.registry import COMMANDS
from tests.server.harness import Harness

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_has_not_drifted(name: str) -> None:
    """Mend it with: python -m securechat.server.reference NAME > docs/NAME.md."""
    assert (DOCS / f"{name}.md").read_text() == PAGES[name]()


def test_every_token_is_explained(harness: Harness) -> None:
    names = {token.partition("=")[0] for token in isupport(harness.hub).tokens()}
    assert names <= set(MEANINGS)
    assert all(f"| `{name}` |" in PAGES["isupport"]() for name in names)


def test_the_client_knows_of_every_command_whether_it_may_be_sent_twice() -> None:
    assert sorted(REPEATS) == sorted(COMMANDS)
