"""What Ctrl+P finds: rooms, people, keys and commands by any letters of their names."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from securechat.client.screen.dialogs import command_rows
from securechat.client.screen.keys import KEYS, shown
from securechat.client.screen.lists import title_of
from securechat.client.screen.menus import ROOM_MENU, offered
from securechat.client.texts import _

if TYPE_CHECKING:
    from securechat.client.screen.app import ChatApp


class Everything(Provider):
    """Rooms and people first, then what keys do, then commands."""

    def _found(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        app: ChatApp = self.app  # type: ignore[assignment]
        for buffer in app.chat:
            yield title_of(buffer), _("go there"), partial(app.go, buffer.name)
        for key in KEYS:
            if not key.action.startswith(("number(", "command_palette")):
                yield _(key.summary), shown(key.keys[0]), partial(app.run_action, key.action)
        for item, reason in offered(ROOM_MENU, app.chat.active, app.facts):
            if not reason and item.action not in {key.action for key in KEYS}:
                yield _(item.summary), shown("f2"), getattr(app, f"action_{item.action}")
        for usage, summary in command_rows():
            yield usage, summary, partial(app.begin, f"{usage.split()[0]} ")

    async def discover(self) -> Hits:
        """Everything, while nothing is typed."""
        for name, about, run in self._found():
            yield DiscoveryHit(Content(name), run, text=name, help=about)

    async def search(self, query: str) -> Hits:
        """What fits the letters."""
        matcher, any_hit = self.matcher(query), False
        for name, about, run in self._found():
            score, offsets = matcher.fuzzy_search.match(query, name)
            if score > 0:
                any_hit = True
                shown_name = Content(name)  # `Matcher.highlight` would take a name for markup
                for offset in offsets:
                    shown_name = shown_name.stylize(matcher.match_style, offset, offset + 1)
                yield Hit(score, shown_name, run, text=name, help=about)
        if not any_hit:  # Textual's own words for it are English
            yield Hit(1, Content(_("Nothing is called so.")), lambda: None)


def palette() -> CommandPalette:
    """Return the screen that finds everything."""
    return CommandPalette(placeholder=_("a room, a person, a key or a command"), id="--command-palette")
