"""The line in which one types: several rows if need be, with what was typed before, and completion."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual import events
from textual.binding import BindingType
from textual.widgets import TextArea

from securechat.client.screen.completion import Completion
from securechat.client.texts import _

MOST_REMEMBERED: Final = 500
MOST_ROWS: Final = 6


class Prompt(TextArea):
    """Where one types."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        submit: Callable[[str, bool], None],
        completions: Callable[[str], Completion],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """`submit` takes what was typed, and whether any of it was pasted; `completions` a line to complete.

        Both are called at once and not by messages, which keys that follow quickly would overtake.
        """
        hint = _("Write here    F1 all keys    F2 this room    F3 people    Ctrl+P find")
        super().__init__(compact=True, soft_wrap=True, highlight_cursor_line=False, placeholder=hint, id=id)
        self.cursor_blink = False
        self._submit = submit
        self._completions = completions
        self._remembered: list[str] = []
        self._place = 0  # where in it one is; its length: at what is being typed
        self._typed = ""
        self._pasted = False
        self._completion: Completion | None = None
        self._choice = -1
        self._typed_before = ""  # what stands before the word that is completed
        self._completed = ""  # the text that completing has made; another one ends it

    def replace_all(self, text: str) -> None:
        """Let this stand in the line, the cursor behind it."""
        self.text = text
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        """Take the keys that mean something else here than in an editor."""
        if event.key == "enter":
            event.prevent_default()
            event.stop()
            self.submit()
        elif event.key in {"ctrl+j", "shift+enter", "alt+enter"}:
            event.prevent_default()
            event.stop()
            self.insert("\n")
        elif event.key in {"tab", "shift+tab"}:
            # Here and not as a key of the application, which would overtake letters that were typed before it.
            event.prevent_default()
            event.stop()
            self.want(1 if event.key == "tab" else -1)
        elif event.key == "up" and self.cursor_location[0] == 0:
            event.prevent_default()
            event.stop()
            self._recall(-1)
        elif event.key == "down" and self.cursor_location[0] == self.document.end[0]:
            event.prevent_default()
            event.stop()
            self._recall(1)
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        """What is pasted may be longer than what one meant to send."""
        self._pasted = True
        await super()._on_paste(event)

    def submit(self) -> None:
        """Send what is typed, remember it and begin anew."""
        text, pasted = self.text, self._pasted
        if not text.strip():
            return
        if not self._remembered or self._remembered[-1] != text:
            self._remembered.append(text)
            del self._remembered[:-MOST_REMEMBERED]
        self.clear_all()
        self._submit(text, pasted)

    def clear_all(self) -> None:
        """Begin anew with an empty line."""
        self._place, self._typed, self._pasted = len(self._remembered), "", False
        self.text = ""

    def _recall(self, direction: int) -> None:
        place = self._place + direction
        if not 0 <= place <= len(self._remembered):
            return
        if self._place == len(self._remembered):
            self._typed = self.text
        self._place = place
        self.replace_all(self._typed if place == len(self._remembered) else self._remembered[place])

    # --- completion ---

    def want(self, direction: int) -> None:
        """Complete the word before the cursor, or take the next choice."""
        if self._completion is not None and self.text == self._completed:
            self._choose(direction)
            return
        completion = self._completions(self.text)
        if completion.choices:
            self._completion, self._choice = completion, -1 if direction > 0 else 0
            self._typed_before = self.text[: completion.start]
            self._choose(direction)

    def _choose(self, direction: int) -> None:
        choices = self._completion.choices if self._completion is not None else ("",)
        self._choice = (self._choice + direction) % len(choices)
        self._completed = self._typed_before + choices[self._choice]
        self.replace_all(self._completed)
