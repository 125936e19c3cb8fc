"""Commands that have several forms, told apart by their first word: one table for each, checked in one place.

The dispatcher has checked what the command itself needs (registry); here is what each form needs, in this order: an
account, that there is such a form, its parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from securechat.protocol import standard_replies as replies
from securechat.server.context import Context

_MOST_SHOWN: Final = 50
"""So many characters of an unknown word are repeated."""


@dataclass(slots=True, frozen=True)
class Subcommand:
    """One form: its word, how its parameters are written, how many it needs at least, and what runs it."""

    name: str
    usage: str
    params: int
    help: str
    run: Callable[..., None]  # takes the context and, if the command asks for one, the account

    @property
    def written(self) -> str:
        """The form as people write it, without the command."""
        return f"{self.name} {self.usage}".strip()


class Subcommands:
    """The forms of one command, and its handler (see registry.command)."""

    def __init__(
        self,
        command: str,
        *rows: Subcommand,
        needs_account: str | None = "",
        otherwise: Subcommand | None = None,
        instead: str = "",
    ) -> None:
        """`needs_account`: what somebody without one is told (empty: the usual sentence); None: it needs none.

        `otherwise` is the form without a word. `instead`: what is said of an unknown word, which is not repeated then.
        """
        self.command = command
        self.rows = {row.name: row for row in rows}
        self._needs_account = needs_account
        self._otherwise = otherwise
        self._instead = instead
        assert command not in TABLES, f"{command} has two tables"
        TABLES[command] = self

    def help(self, meaning: str) -> str:
        """Return what HELP tells: all forms, and what the command is for."""
        return f"{', '.join(f'{self.command} {one.written}' for one in self.all)}: {meaning}"

    @property
    def all(self) -> tuple[Subcommand, ...]:
        """Every form, the one without a word first."""
        return (*([self._otherwise] if self._otherwise is not None else []), *self.rows.values())

    def run(self, context: Context) -> None:
        """Run the form that was asked for, or say what is wrong."""
        word, account = context.params[0].upper(), context.session.account
        row = self.rows.get(word)
        if account is None and self._needs_account is not None:
            context.response.fail(self.command, replies.ACCOUNT_REQUIRED, text=self._needs_account or None)
        elif row is None and self._otherwise is not None:
            self._otherwise.run(context)
        elif row is None and self._instead:
            context.response.fail(self.command, replies.INVALID_SUBCOMMAND, text=self._instead)
        elif row is None:
            context.response.fail(self.command, replies.INVALID_SUBCOMMAND, context.params[0][:_MOST_SHOWN])
        elif len(context.params) <= row.params or (row.params and not context.params[1]):
            context.response.fail(self.command, replies.NEED_MORE_PARAMS, word)
        elif self._needs_account is None:
            row.run(context)
        else:
            row.run(context, account)


TABLES: Final[dict[str, Subcommands]] = {}
"""The tables by the names of their commands; filled by importing `securechat.server.commands`."""


def given(context: Context, first: int = 1) -> str:
    """Return what was given from that parameter on: a password may hold spaces, and a code stands behind it."""
    return " ".join(context.params[first:])
