"""The registry of commands: a row each, with everything that the dispatcher checks before the body runs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from securechat.domain.permissions import Action, Policy, Role, Subject, may

if TYPE_CHECKING:
    from securechat.server.context import Context

Handler = Callable[["Context"], None]


class Stage(Enum):
    """When a command may be used."""

    ANY = "at any time"
    BEFORE = "before login only"
    PRESENT = "after login only"


@dataclass(slots=True, frozen=True)
class Command:
    """One command: its name on the wire, what it needs, and the function that runs it."""

    name: str
    handler: Handler
    params: int  # how many parameters it needs at least
    stage: Stage
    free: bool  # whether it costs nothing of the session's budget of commands
    says: bool  # whether it says something to others, which only so much may be
    requires: Action | None  # what its user must be permitted, whatever it is about
    help: str

    @property
    def when(self) -> str:
        """When it may be used, for people."""
        if self.requires is None:
            return self.stage.value
        everybody = may(Subject(Role.MEMBER), self.requires, Policy())
        return f"{self.stage.value}, by {'people' if everybody else 'operators'}"


COMMANDS: dict[str, Command] = {}
"""Every command by its name; filled by importing `securechat.server.commands`."""


def command(
    name: str,
    *,
    params: int = 0,
    stage: Stage = Stage.PRESENT,
    free: bool = False,
    says: bool = False,
    requires: Action | None = None,
    help: str,  # noqa: A002 - a row's word
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of `name`."""

    def register(handler: Handler) -> Handler:
        assert name not in COMMANDS, f"{name} is registered twice"
        assert requires is None or stage is Stage.PRESENT, f"{name} needs a user to ask about"
        COMMANDS[name] = Command(name, handler, params, stage, free, says, requires, help)
        return handler

    return register
