"""The window in which one types what nobody shall see: a password, a code."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from securechat.client.texts import _


class Secret(ModalScreen[str | None]):
    """Asks for a secret; gives None when it is given up."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+c", "give_up", priority=True)]

    def __init__(self, prompt: str, about: Sequence[str] = ()) -> None:
        """`about` are lines that are shown below it, such as a QR code."""
        super().__init__()
        self._prompt = prompt
        self._about = about

    def compose(self) -> ComposeResult:
        """The prompt, the line in which one types, and the keys that end it."""
        with VerticalScroll(classes="dialog secret"):
            yield Static(Text(self._prompt), markup=False)
            yield Input(password=True, compact=True)
            yield Static(Text(_("Enter: go on    Esc: give up"), style="bold"), markup=False)
            if self._about:
                yield Static(Text("\n".join(self._about), no_wrap=True), markup=False)

    def on_mount(self) -> None:
        """Let one type at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with what was typed."""
        self.dismiss(event.value)

    def action_give_up(self) -> None:
        """Close without."""
        self.dismiss(None)
