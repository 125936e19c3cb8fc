"""An application that wears our themes, and none but them."""

from collections.abc import Sequence
from typing import TypeVar

from textual.app import App
from textual.filter import LineFilter

from securechat.client.screen.themes import EDGE, THEMES, line_filters
from securechat.client.settings import Look

ReturnType = TypeVar("ReturnType")


class Themed(App[ReturnType]):
    """What the full screen and the dialog of the first start have in common."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.title = "securechat"
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "no-color" if look.color == "never" else look.theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give what our style sheet asks for in the moment before a theme of ours is worn."""
        return {EDGE: "#808080"}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Leave the colours out where that is wanted, and nowhere else."""
        return line_filters(super().get_line_filters(), self.theme)
