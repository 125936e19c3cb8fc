"""What an operation is: one row that tells everything about it.

The arguments of securechat-admin, the checks of a request, the texts for people, shell completion, the questions before
what cannot be undone and the IRC command MANAGE are all made from these rows. A family of operations is a module with
its functions, texts and rows, and a line in `server.operations.FAMILIES`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from securechat.domain.permissions import Action

Parameter = str | int | bool | list[str] | None


class Where(Enum):
    """Beside what an operation can be run."""

    ANYWHERE = "beside a running server or without one"
    RUNNING = "only beside a running server"
    STOPPED = "only while no server runs"


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of an operation: what it is called in a request, and how people give it."""

    name: str
    help: str = ""
    type: type = str  # str, int, bool, or list (of texts: it may be given several times)
    needed: bool = False  # given by its position, in the order of the row; any other is an option
    by_position: bool = False  # the same, but it may be left out; behind all that are needed
    default: Parameter = None  # of an option; None: that of the function
    metavar: str = ""
    option: str = ""  # how it is written, if not as `--name`
    secret: bool = False  # asked for, or read from standard input; never on a command line
    hidden: bool = False  # for programs only


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation. The functions take the administration and then the arguments by their names."""

    name: str  # its family and a verb: `user add`
    run: Callable[..., Any]
    text: Callable[[Any], str]  # of the result as JSON holds it: lines for people
    help: str  # one sentence
    arguments: tuple[Argument, ...] = ()
    question: Callable[..., str] | None = None
    """Reads and says what would go that nothing brings back; whoever gives the order is asked whether they mean it."""
    over_irc: Action | None = None  # what MANAGE demands of who asks; None: it is for the console alone
    where: Where = Where.ANYWHERE
    makes_database: bool = False  # it may be the first thing that is ever done
    succeeded: Callable[[Any], bool] = lambda _: True  # of the result; when False, the exit code is 1
    link: Callable[[Any], str] | None = None
    """Of the result as JSON holds it: a link that a terminal can show as a QR code."""
    in_parts: bool = False  # its result are records, a part at a time, which are written to a file

    @property
    def has_secret(self) -> bool:
        """Whether it needs something that may be on no command line."""
        return any(argument.secret for argument in self.arguments)


@dataclass(frozen=True, slots=True)
class Family:
    """Operations on one kind of thing; their names begin with that of the family."""

    name: str
    help: str
    operations: tuple[Operation, ...]


REASON = Argument("reason", "why, for the record (audit list)", metavar="TEXT")
