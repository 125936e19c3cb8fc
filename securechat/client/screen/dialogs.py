"""Screens that stand above the chat for a moment: the help, and a question before a long paste is sent."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from securechat.client.commands import COMMANDS
from securechat.client.screen.keys import help_rows
from securechat.client.screen.menus import help_rows as menus_help_rows
from securechat.client.texts import _


class Help(ModalScreen[None]):
    """All keys and commands, from their tables."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "dismiss")]

    def compose(self) -> ComposeResult:
        """The tables, below a line that tells how to come back."""
        with VerticalScroll(classes="dialog"):
            yield Static(Text(_("Esc closes this page; arrows and PageDown move in it."), style="bold"), markup=False)
            yield Static(self._table(_("Keys"), [(keys, _(summary)) for keys, summary in help_rows()]))
            menus = [(where, _(summary)) for where, summary in menus_help_rows()]
            yield Static(self._table(_("Menus"), menus))
            yield Static(self._table(_("Commands"), command_rows()))
            yield Static(Text(_("A line that starts with // is sent as text that starts with /.")), markup=False)

    def _table(self, title: str, rows: list[tuple[str, str]]) -> Table:
        table = Table(
            title=title,
            title_style="bold",
            title_justify="left",
            box=None,
            show_header=False,
            expand=True,
            padding=(0, 1),
        )
        table.add_column(ratio=2)
        table.add_column(ratio=3)
        for left, right in rows:
            table.add_row(Text(left, style="bold"), Text(right))
        return table


def command_rows() -> list[tuple[str, str]]:
    """Return how each command is used, and what it does."""
    return [
        (f"/{command.name} {_(command.usage) if command.usage else ''}".rstrip(), _(command.summary))
        for command in COMMANDS
    ]


class Question(ModalScreen[bool]):
    """A question that is answered by yes or no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)"),
        Binding("n,escape,ctrl+c", "answer(False)"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The question, and the keys that answer it."""
        with VerticalScroll(classes="dialog question"):
            yield Static(Text(self._text), markup=False)
            yield Static(Text(_("Enter: yes    Esc: no"), style="bold"), markup=False)

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
