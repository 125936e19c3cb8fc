"""The keys of the full-screen client as one table: bindings, help, palette and docs/keys.md come from it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from securechat.client.screen.menus import help_rows as menus_help_rows
from securechat.client.texts import N_


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that a key does."""

    keys: tuple[str, ...]
    """As Textual names them; any of them does it."""
    action: str
    """The method `action_…` of the application, with its argument if it has one."""
    summary: str
    first: bool = False
    """Whether it is heeded before what the input line would do with the key."""


KEYS: Final = (
    Key(("f1",), "help", N_("show all keys and commands")),
    Key(("f2",), "room_menu", N_("do something with this room: invite, topic, leave; find or make another one")),
    Key(("f3",), "person_menu", N_("do something with a person: talk, who they are, role, block")),
    Key(("ctrl+p", "alt+j"), "command_palette", N_("find a room, a person or a command by its name"), first=True),
    Key(
        ("alt+a",),
        "next_busy",
        N_("go where a line was not sent, you are named, or something is unread, in this order"),
        first=True,
    ),
    Key(("alt+up", "alt+left", "ctrl+pageup"), "move(-1)", N_("go to the room above"), first=True),
    Key(("alt+down", "alt+right", "ctrl+pagedown"), "move(1)", N_("go to the room below"), first=True),
    Key(("alt+/", "alt+slash"), "last", N_("go back to the room where you were"), first=True),
    *(
        Key((f"alt+{digit}",), f"number({digit})", N_("go to the room of that number"), first=True)
        for digit in range(10)
    ),
    Key(("pageup",), "older", N_("look at older lines; at the top more are fetched"), first=True),
    Key(("pagedown",), "newer", N_("look at newer lines"), first=True),
    Key(("alt+end", "escape"), "newest", N_("go to the newest line"), first=True),
    Key(("alt+u",), "first_unread", N_("go to the first unread line"), first=True),
    Key(("alt+p",), "mention(-1)", N_("go to the line before where you are named"), first=True),
    Key(("alt+n",), "mention(1)", N_("go to the next line where you are named"), first=True),
    Key(("ctrl+r",), "search", N_("look for a text in what was said here; again: the match before"), first=True),
    Key(("alt+s",), "send_again", N_("send the lines again that were not sent"), first=True),
    Key(("alt+d",), "drop_failed", N_("take the lines away that were not sent"), first=True),
    Key(("ctrl+l",), "redraw", N_("draw the screen anew"), first=True),
    Key(("alt+l",), "bare", N_("show the lines alone, to copy them with the mouse"), first=True),
    Key(("alt+shift+n", "alt+N"), "members", N_("show or hide who is in the room"), first=True),
    Key(("ctrl+c",), "interrupt", N_("empty the input line; when it is empty, leave"), first=True),
    Key(("ctrl+q",), "leave", N_("leave the chat"), first=True),
)
"""Every key that the application heeds. The input line has its own, which are those of every line editor."""

PROMPT_KEYS: Final = (
    (("Enter",), N_("send what is typed")),
    (("Tab", "Shift+Tab"), N_("complete a name, a room or a command; again: the next choice")),
    (("Ctrl+J",), N_("begin another line of the same message")),
    (("Up", "Down"), N_("what was typed before, and after that")),
    (("Ctrl+A", "Ctrl+E"), N_("go to the beginning or the end of the line")),
    (("Ctrl+W", "Ctrl+U", "Ctrl+K"), N_("delete the word before, everything before, everything after")),
)
"""What the input line does with keys, for the help."""

_SPELLINGS: Final = {"alt+slash": "alt+/", "alt+N": "alt+shift+n"}
"""Terminals differ in what they call a key: its other names."""
_NAMES: Final = {
    "pageup": "PageUp",
    "pagedown": "PageDown",
    "escape": "Esc",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "end": "End",
    "ctrl": "Ctrl",
    "alt": "Alt",
    "shift": "Shift",
}


def shown(key: str) -> str:
    """Return how a key is written for people: `Alt+Up`."""
    key = _SPELLINGS.get(key, key)
    return "+".join(_NAMES.get(part, part.upper()) for part in key.split("+"))


def help_rows() -> Iterator[tuple[str, str]]:
    """Give each key and what it does (not translated); the ten digits as one."""
    for key in KEYS:
        if key.action.startswith("number("):
            if key.action == "number(1)":
                yield "Alt+1 … Alt+9, Alt+0", key.summary
        else:
            yield ", ".join(dict.fromkeys(shown(one) for one in key.keys)), key.summary
    for names, summary in PROMPT_KEYS:
        yield ", ".join(names), summary


def page() -> str:
    """Return docs/keys.md."""
    rows = "".join(f"| {keys} | {summary} |\n" for keys, summary in help_rows())
    menus = "".join(f"| {where} | {summary} |\n" for where, summary in menus_help_rows())
    return _HEAD + rows + _MENUS + menus


_HEAD: Final = """\
# Keys of the full-screen client

<!-- Generated: python -m securechat.client.screen.keys > docs/keys.md -->

F1 shows them, in your language. With the mouse: click a room, a person or the line above the conversation, turn the
wheel; with Shift held the terminal itself marks text, as always.

| key | what it does |
|---|---|
"""

_MENUS: Final = """
## Menus

F2 opens the menu of the room, F3 that of a person; letters find a row, Enter chooses it. What a command does as well is
told by its name.

| where | what it does |
|---|---|
"""

if __name__ == "__main__":
    sys.stdout.write(page())
