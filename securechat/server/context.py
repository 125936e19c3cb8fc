"""What a command's handler gets: the session, the parameters, the hub, and the answer to fill."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from securechat.domain.audit import Act, Deed
from securechat.domain.events import Event, Source
from securechat.domain.history import StoredEvent
from securechat.protocol.message import Message
from securechat.protocol.standard_replies import StandardReply
from securechat.server.actors import counted_for
from securechat.server.deeds import deed_of
from securechat.server.entries import Entry, Publication
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.ports import Pool
from securechat.server.presence import INTERNAL_ERROR, end_session
from securechat.server.response import Response, after_own_events
from securechat.server.sessions import Session
from securechat.server.users import NOBODY, User

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Context:
    """One command under way; its session is an Actor (server.actors)."""

    __slots__ = ("_awaited", "deferred", "hub", "message", "params", "response", "session")

    def __init__(self, hub: Hub, session: Session, message: Message, response: Response) -> None:
        self.hub = hub
        self.session = session
        self.message = message
        self.params = message.params
        self.response = response
        self.deferred = False  # the answer comes later: the dispatcher does not flush it
        self._awaited = 0  # how much there is to wait for

    @property
    def user(self) -> User:
        """The user of the session. Only for commands of Stage.PRESENT."""
        user = self.session.user
        assert user is not None, "the dispatcher lets no session without a user in here"
        return user

    @property
    def source(self) -> Source:
        """Whom others see do what the command does. Only for commands of Stage.PRESENT."""
        return self.user.source

    @property
    def counted_for(self) -> str:
        """For whom it counts what is done (see server.actors)."""
        return counted_for(self.session)

    @property
    def _goes_on(self) -> bool:
        """Whether later steps of the command are taken: not for a session whose right to them has ended meanwhile."""
        return self.session.state is not State.ENDED and not self.session.ending

    def param(self, index: int) -> str | None:
        """Return the parameter, or None when it was not sent."""
        return self.params[index] if index < len(self.params) else None

    def failure(self, reply: StandardReply, target: str) -> Callable[[str], bytes]:
        """Return what makes the FAIL for an event of this command that cannot be stored (see Publication)."""
        return self.response.failure(self.message.command, reply, target)

    def publish(self, entry: Entry) -> None:
        """Hand an event to the journal, in its place among the lines of the answer."""
        self.response.publish(entry)

    def deed(self, act: Act, room: str, target: str = "", detail: str = "", reason: str = "") -> Deed:
        """Return what is recorded of an act of the user that is done now in `room` (on the wire)."""
        return deed_of(self.hub.now(), self.source, act, room, target, detail, reason)

    def work(
        self,
        pool: Pool,
        job: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[BaseException], None],
        busy: Callable[[], None],
        too_late: Callable[[T], None] | None = None,
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        """Run `job` on a worker once the session's own events are on disk; then go on here, under the hub lock.

        Exactly one of `then(result)`, `failed(error)` and `busy()` (the pool's queue is full) is called, then the
        answer is flushed. Further lines of the session wait until then. When the session ends meanwhile, or is to end,
        nobody is called, but `too_late(result)` when the job has changed something that the hub must know of. However
        it ends, `afterwards()` is called once.
        """
        session = self.session
        self.wait()

        def finish(result: T, error: BaseException | None) -> None:
            def go_on() -> None:
                try:
                    if self._goes_on:
                        if error is None:
                            then(result)
                        else:
                            failed(error)
                    elif error is None and too_late is not None:
                        too_late(result)
                finally:
                    afterwards()
                self.done()

            self.post(go_on)

        def start() -> None:
            ended = not self._goes_on
            if not ended and self.hub.workers.submit(pool, job, finish):
                return
            afterwards()
            if not ended:
                busy()
            self.done()

        after_own_events(session, self.hub.journal, partial(self._guarded, start))

    def read_event(
        self,
        sequence: int,
        then: Callable[[StoredEvent | None], None],
        failed: Callable[[BaseException], None],
        busy: Callable[[], None],
    ) -> None:
        """Read what is stored under a number, None where nothing is; go on as `work` does."""
        reader = self.hub.reader
        self.work(
            Pool.READING, lambda: reader.read(lambda unit: unit.history.event(sequence)), then, failed=failed, busy=busy
        )

    def post(self, step: Callable[[], None]) -> None:
        """Run a later step of this command, after whatever else is to be done now."""
        self.session.outlet.post(partial(self._guarded, step))

    def when_stored(self, step: Callable[[], None]) -> None:
        """Go on with `step` once the session's own events are on disk, at once when they are; then flush the answer.

        When the session ends meanwhile, nobody is called.
        """
        self.wait()

        def go_on() -> None:
            if self._goes_on:
                step()
            self.done()

        after_own_events(self.session, self.hub.journal, partial(self._guarded, go_on))

    def when_recorded(self, event: Event, step: Callable[[bool], None]) -> None:
        """Store `event`, which is shown to nobody, then go on with `step(stored)`; then flush the answer.

        When the session ends meanwhile, nobody is called.
        """
        session = self.session
        record = Publication(event, NOBODY, session)
        session.in_flight += 1
        self.hub.journal.submit(record)
        self.when_stored(lambda: step(not record.failed))

    def _guarded(self, step: Callable[[], None]) -> None:
        """Run a later step of this command as the dispatcher runs the first: a bug ends this session and no other."""
        try:
            step()
        except Exception:
            logger.exception("Bug while going on with %s; the session is closed", self.message.command)
            end_session(self.hub, self.session, INTERNAL_ERROR)

    def wait(self) -> None:
        """The answer comes later; until `done` is called as often, no further line of the session is run."""
        self._awaited += 1
        self.deferred = True
        self.session.busy = True

    def done(self) -> None:
        """Flush a deferred answer and go on with the lines that waited, unless there is more to wait for."""
        self._awaited -= 1
        if self._awaited:
            return
        self.response.flush()
        if self.response.holds_afterwards:
            return  # a replay: it lets the session go on when it is done
        self.session.go_on()
