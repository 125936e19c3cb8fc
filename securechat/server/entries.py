"""What goes through the journal on behalf of sessions: events to publish, and replies that must keep their place."""

from collections.abc import Callable

from securechat.domain.events import Event
from securechat.server.sessions import Session
from securechat.server.users import Audience


class Entry:
    """Something that the journal gives back in order; `session` (if any) waits for it."""

    __slots__ = ("author_tags", "counted", "echo", "event", "session")

    def __init__(self, event: Event | None, session: Session | None, *, echo: bool = False) -> None:
        self.event = event  # what the journal stores, if anything
        self.session = session
        self.echo = echo  # whether the session is shown its own event
        self.counted = session is not None  # whether further answers to the session wait for it
        self.author_tags = ""  # of the echo alone: `label=…` or `batch=…`; set by the response


class Publication(Entry):
    """An event and who gets it. The session that caused it is left out, and gets an echo if it wants one."""

    __slots__ = ("audience", "failed", "failure", "undo")

    def __init__(
        self,
        event: Event,
        audience: Audience,
        session: Session | None,
        *,
        echo: bool = False,
        failure: Callable[[str], bytes] | None = None,
        undo: Callable[[], None] | None = None,
    ) -> None:
        """`failure(author_tags)` makes the line that its author gets when it cannot be stored.

        `undo` takes back what it changed in memory; it runs under the hub lock.
        """
        super().__init__(event, session, echo=echo)
        self.audience = audience
        self.failure = failure
        self.undo = undo
        self.failed = False


class Reply(Entry):
    """Lines for one session that must not overtake its own earlier events."""

    __slots__ = ("data", "otherwise", "requires")

    def __init__(
        self,
        session: Session,
        data: bytes,
        requires: Publication | None = None,
        *,
        counted: bool = True,
        otherwise: Callable[[], bytes] | None = None,
    ) -> None:
        """When `requires` could not be stored, what `otherwise` makes is sent instead, or nothing.

        `counted` is False when it is not the session itself that acts: its own answers need not wait for it then.
        """
        super().__init__(None, session)
        self.data = data
        self.counted = counted
        self.requires = requires
        self.otherwise = otherwise


class Copy(Entry):
    """A message shown once more to its author alone: the received copy of one to oneself, the answer to a repeat.

    It is stored once, with the original, whose event must have come before. If that failed, `failure(author_tags)`
    makes the line that is shown instead; without it, nothing is.
    """

    __slots__ = ("failure", "original")

    def __init__(
        self, session: Session, original: Event, *, echo: bool = False, failure: Callable[[str], bytes] | None = None
    ) -> None:
        super().__init__(None, session, echo=echo)
        self.failure = failure
        self.original = original


class Hold(Entry):
    """From its place in the order on, what comes for the session is kept back, until its outlet is released.

    Then runs `action(reached)` like a Barrier; `reached` is the newest sequence number that came before.
    """

    __slots__ = ("action",)

    def __init__(self, session: Session, action: Callable[[int], None]) -> None:
        super().__init__(None, session)
        self.action = action


class Barrier(Entry):
    """Runs `action` on the session's I/O thread, under the hub lock, once its earlier events are published."""

    __slots__ = ("action",)

    def __init__(self, session: Session, action: Callable[[], None], *, counted: bool = True) -> None:
        """`counted` is False when it is not the session itself that acts (see Reply)."""
        super().__init__(None, session)
        self.counted = counted
        self.action = action
