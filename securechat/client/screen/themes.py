"""The themes of the full screen as one table: the ground, and how each kind of text stands on it.

Colours are told by what they are for and nowhere else. The theme without colours leaves the terminal its own and tells
things apart by bold, dim, underlined and reversed text.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor
from textual.theme import Theme


@dataclass(frozen=True, slots=True)
class Roles:
    """How each kind of text looks. All of them stand on the ground of the theme, if they bring none of their own."""

    time: Style
    said: Style
    """What others say."""
    own: Style
    """What one says oneself, once it is stored."""
    pending: Style
    """What is on its way."""
    failed: Style
    """Why a line was not sent."""
    mention: Style
    """A line that names one."""
    system: Style
    """Who comes and goes, topics, what the client itself says, and what was taken away."""
    day: Style
    """The line above the first one of a day."""
    unread: Style
    """The line above which everything was read, and how much is unread in a room."""
    called: Style
    """How much is unread in a room where one is named."""
    sought: Style
    """A text that is looked for, wherever it stands."""
    found: Style
    """The same where one looks now."""
    here: Style
    """The room that is looked at."""
    elsewhere: Style
    """A room that one has left, and the numbers of the rooms."""
    sign: Style
    """`@` and `+` before the nick of a member."""
    nicks: tuple[Style, ...]
    """A nick has one of these: the same at every start, on every machine."""

    def nick(self, nick: str) -> Style:
        """Return how a nick looks."""
        return self.nicks[zlib.crc32(nick.casefold().encode(errors="replace")) % len(self.nicks)]


def _nicks(*colours: str) -> tuple[Style, ...]:
    return tuple(Style(bold=True, color=colour) for colour in colours)


ROLES: Final = {
    "dark": Roles(
        time=Style(color="#8b98a5"),
        said=Style(),
        own=Style(color="#b9d3ee"),
        pending=Style(color="#8b98a5", italic=True),
        failed=Style(bold=True, color="#ff8a80"),
        mention=Style(bold=True, color="#101418", bgcolor="#ffd166"),
        system=Style(color="#8b98a5"),
        day=Style(color="#8b98a5"),
        unread=Style(bold=True, color="#ffd166"),
        called=Style(bold=True, color="#ff8a80"),
        sought=Style(bold=True, underline=True),
        found=Style(bold=True, reverse=True),
        here=Style(bold=True, color="#101418", bgcolor="#7cc7ff"),
        elsewhere=Style(color="#8b98a5"),
        sign=Style(bold=True, color="#ffd166"),
        nicks=_nicks("#7cc7ff", "#8ce99a", "#ffd166", "#ff9f80", "#d0a2ff", "#7fe0d4", "#f3a6c8", "#c5d86d"),
    ),
    "light": Roles(
        time=Style(color="#5b6570"),
        said=Style(),
        own=Style(color="#0b3d66"),
        pending=Style(color="#5b6570", italic=True),
        failed=Style(bold=True, color="#b3261e"),
        mention=Style(bold=True, color="#1c1c1c", bgcolor="#ffe08a"),
        system=Style(color="#5b6570"),
        day=Style(color="#5b6570"),
        unread=Style(bold=True, color="#7a5200"),
        called=Style(bold=True, color="#b3261e"),
        sought=Style(bold=True, underline=True),
        found=Style(bold=True, reverse=True),
        here=Style(bold=True, color="#ffffff", bgcolor="#005a9c"),
        elsewhere=Style(color="#5b6570"),
        sign=Style(bold=True, color="#7a5200"),
        nicks=_nicks("#005a9c", "#1b6e2a", "#7a5200", "#a63a12", "#6a2fa0", "#00665c", "#9c2560", "#556500"),
    ),
    "high-contrast": Roles(
        time=Style(color="#c8c8c8"),
        said=Style(),
        own=Style(color="#a8e4ff"),
        pending=Style(color="#c8c8c8", italic=True),
        failed=Style(bold=True, color="#ff9d9d"),
        mention=Style(bold=True, color="#000000", bgcolor="#ffff00"),
        system=Style(color="#c8c8c8"),
        day=Style(color="#c8c8c8"),
        unread=Style(bold=True, color="#ffff00"),
        called=Style(bold=True, color="#ff9d9d"),
        sought=Style(bold=True, underline=True),
        found=Style(bold=True, reverse=True),
        here=Style(bold=True, color="#000000", bgcolor="#ffffff"),
        elsewhere=Style(color="#c8c8c8"),
        sign=Style(bold=True, color="#ffff00"),
        nicks=_nicks("#66ccff", "#66ff66", "#ffff66", "#ffaa66", "#dd99ff", "#66ffee", "#ff99cc", "#ffffff"),
    ),
    "no-color": Roles(
        time=Style(dim=True),
        said=Style(),
        own=Style(),
        pending=Style(dim=True, italic=True),
        failed=Style(bold=True, underline=True),
        mention=Style(bold=True, reverse=True),
        system=Style(dim=True),
        day=Style(dim=True),
        unread=Style(bold=True),
        called=Style(bold=True, underline=True),
        sought=Style(bold=True, underline=True),
        found=Style(bold=True, reverse=True),
        here=Style(bold=True, reverse=True),
        elsewhere=Style(dim=True),
        sign=Style(bold=True),
        nicks=(Style(bold=True),),
    ),
}
"""Each theme's roles by its name in the settings."""


EDGE: Final = "edge"
"""The variable of a theme for the lines between the lists and the conversation."""


def _theme(
    name: str, *, dark: bool, ground: tuple[str, str, str, str], marks: tuple[str, str, str, str], edge: str
) -> Theme:
    """Return the theme for Textual. `ground`: background, surface, panel, text; `marks`: primary, good, odd, bad.

    `edge` is the colour of the lines between the lists and the conversation.
    """
    background, surface, panel, foreground = ground
    primary, success, warning, error = marks
    muted = ROLES[name].system.color
    return Theme(
        name=name,
        dark=dark,
        background=background,
        surface=surface,
        panel=panel,
        foreground=foreground,
        primary=primary,
        secondary=primary,
        accent=primary,
        success=success,
        warning=warning,
        error=error,
        text_alpha=1.0,
        variables=dict.fromkeys(("text-muted", "text-disabled"), muted.name if muted is not None else foreground)
        | {EDGE: edge},
    )


THEMES: Final = (
    _theme(
        "dark",
        dark=True,
        ground=("#101418", "#171c22", "#222a33", "#e6e6e6"),
        marks=("#7cc7ff", "#8ce99a", "#ffd166", "#ff8a80"),
        edge="#3a4652",
    ),
    _theme(
        "light",
        dark=False,
        ground=("#ffffff", "#f3f5f7", "#e2e7ec", "#1c1c1c"),
        marks=("#005a9c", "#1b6e2a", "#7a5200", "#b3261e"),
        edge="#aab4be",
    ),
    _theme(
        "high-contrast",
        dark=True,
        ground=("#000000", "#000000", "#1a1a1a", "#ffffff"),
        marks=("#66ccff", "#66ff66", "#ffff66", "#ff9d9d"),
        edge="#9a9a9a",
    ),
    _theme(
        "no-color",
        dark=True,
        ground=("#000000", "#000000", "#000000", "#ffffff"),
        marks=("#ffffff", "#ffffff", "#ffffff", "#ffffff"),
        edge="#ffffff",
    ),
)
"""What Textual's own parts (dialogs, the palette, scroll bars) are painted with."""

_BRIGHT: Final = 0.5


class WithoutColours(LineFilter):
    """Takes every colour out of what is painted; what stood on a bright ground is reversed."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Return the segments as they go to the terminal."""
        return [Segment(text, None if style is None else _plain(style), control) for text, style, control in segments]


@lru_cache(1024)
def _plain(style: Style) -> Style:
    ground = style.bgcolor
    bright = ground is not None and ground.triplet is not None and sum(ground.triplet) / 765 > _BRIGHT
    return Style(
        bold=style.bold,
        dim=style.dim,
        italic=style.italic,
        underline=style.underline,
        reverse=bool(style.reverse) != bright,
        strike=style.strike,
        meta=style.meta,
    )


class Muted(LineFilter):
    """Gives dim text the colour of what is less important: how dim a terminal would make it nobody knows."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._muted = Style(dim=False, color=ROLES[theme.name].system.color)
        grounds = (theme.background, theme.surface, theme.panel)
        self._grounds = {Color.parse(one).rich_color for one in grounds if one is not None}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Return the segments as they go to the terminal."""
        return [
            Segment(text, self._readable(style) if style is not None and style.dim else style, control)
            for text, style, control in segments
        ]

    def _readable(self, style: Style) -> Style:
        """Elsewhere, as on a row that is marked, the colour would be as hard to read as dim text."""
        plain = style.bgcolor is None or style.bgcolor in self._grounds
        return style + (self._muted if plain else _NOT_DIM)


_NOT_DIM: Final = Style(dim=False)
_MUTED: Final = {theme.name: Muted(theme) for theme in THEMES if theme.name != "no-color"}


def line_filters(own: Sequence[LineFilter], theme: str) -> Sequence[LineFilter]:
    """Return the filters for a theme. `own` are those of Textual, which makes greys of all colours by `NO_COLOR`; that
    is heeded by the settings, which may also say otherwise.
    """
    muted = _MUTED.get(theme)
    if muted is None:
        return [WithoutColours()]
    return [muted, *(one for one in own if not isinstance(one, Monochrome | NoColor))]
