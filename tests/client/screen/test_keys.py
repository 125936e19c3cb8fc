"""The table of keys: no key twice, every action there, the page current."""

from pathlib import Path

from securechat.client.screen.app import ChatApp
from securechat.client.screen.keys import KEYS, help_rows, page, shown

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_no_key_does_two_things() -> None:
    keys = [key for row in KEYS for key in row.keys]
    assert len(keys) == len(set(keys))


def test_every_action_is_there() -> None:
    for row in KEYS:
        name = f"action_{row.action.partition('(')[0]}"
        assert callable(getattr(ChatApp, name, None)), name


def test_keys_are_written_for_people() -> None:
    assert shown("alt+up") == "Alt+Up"
    assert shown("ctrl+pageup") == "Ctrl+PageUp"
    assert shown("alt+N") == shown("alt+shift+n") == "Alt+Shift+N"
    assert all(keys and summary for keys, summary in help_rows())


def test_the_page_has_not_drifted() -> None:
    """Mend it with: python -m securechat.client.screen.keys > docs/keys.md."""
    assert (DOCS / "keys.md").read_text(encoding="utf-8") == page()
