"""From a line to its handler: everything that the registry declares is checked here, and nowhere else."""

import logging
from collections import deque
from collections.abc import Mapping
from typing import Final

from securechat.domain.permissions import may
from securechat.errors import DomainError, ProtocolError
from securechat.protocol.line_buffer import TooLong
from securechat.protocol.message import InvalidUtf8, MalformedLine, Message, parse, tags_of
from securechat.protocol.numerics import (
    ERR_ALREADYREGISTERED,
    ERR_INPUTTOOLONG,
    ERR_NEEDMOREPARAMS,
    ERR_NOPRIVILEGES,
    ERR_NOTREGISTERED,
    ERR_UNKNOWNCOMMAND,
)
from securechat.protocol.standard_replies import INVALID_UTF8, MALFORMED_LINE, SECOND_FACTOR_REQUIRED
from securechat.server.actors import counted_for
from securechat.server.context import Context
from securechat.server.error_replies import answer_error
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.presence import INTERNAL_ERROR, end_session
from securechat.server.registry import COMMANDS, Stage
from securechat.server.response import Response
from securechat.server.sessions import Session
from securechat.server.throttle import Budget

logger = logging.getLogger(__name__)

HTTP_WORDS: Final = frozenset({"GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH", "TRACE", "CONNECT", "HOST:"})
"""What a request of HTTP has and nobody sends here. A page can let a browser send one whose body is lines of IRC.

`Host:` stands in each of them, and is found as well when the first line was too long to be read.
"""
HTTP_SPOKEN: Final = "This is no web server: HTTP is not spoken here"


class Dispatcher:
    """Runs the lines of sessions. Called on the I/O threads with the hub lock held."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._server_name = hub.configuration.server.name

    def run_lines(self, session: Session, lines: list[bytes | TooLong], now: float) -> float:
        """Run what can be run now; keep the rest.

        `now` is monotonic seconds. Returns the seconds after which the rest may be tried again by
        `run_backlog`; 0 when nothing waits for time (it may still wait for a worker, which resumes it).
        """
        if session.backlog is not None:
            session.backlog.extend(lines)
            return self.run_backlog(session, now)
        for index, line in enumerate(lines):
            if session.state is State.ENDED:
                break
            if session.busy:
                session.backlog = deque(lines[index:])
                break
            wait = self._run(session, line, now)
            if wait:
                session.backlog = deque(lines[index:])
                return wait
        return 0.0

    def run_backlog(self, session: Session, now: float) -> float:
        """Run the lines that waited; as `run_lines`."""
        backlog = session.backlog
        while backlog and not session.busy and session.state is not State.ENDED:
            wait = self._run(session, backlog[0], now)
            if wait:
                return wait
            backlog.popleft()
        if not backlog:
            session.backlog = None
        return 0.0

    def _run(self, session: Session, line: bytes | TooLong, now: float) -> float:
        """Run one line, or return the seconds until the session may run it."""
        try:
            if isinstance(line, TooLong):
                return self._refuse(session, line, now)
            message = parse(line)
        except ProtocolError as error:
            return self._refuse(session, error, now)
        row = COMMANDS.get(message.command)
        speech = self._speech(session, now) if row is not None and row.says and session.batch is None else None
        if row is None or not row.free:
            wait = (speech.seconds_short(now) if speech is not None else 0.0) or session.budget.wait(now)
            if wait:
                return wait
        if speech is not None:
            speech.charge(1)
        response = Response(
            session, self._hub.journal, self._server_name, message.tags.get("label", "") if message.tags else ""
        )
        context = Context(self._hub, session, message, response)
        try:
            if row is None:
                if session.user is None and message.command in HTTP_WORDS:
                    end_session(self._hub, session, HTTP_SPOKEN)
                elif session.user is None:
                    response.numeric(ERR_NOTREGISTERED)
                else:
                    response.numeric(ERR_UNKNOWNCOMMAND, command=message.command)
            elif self._admits(context, message):
                row.handler(context)
        except DomainError as error:
            answer_error(context, error)
        except Exception:
            # A bug of ours: the log has it all, the peer a fixed sentence, and only this session ends.
            logger.exception("Bug while running %s; the session is closed", row.name if row else "an unknown command")
            end_session(self._hub, session, INTERNAL_ERROR)
            return 0.0
        if not context.deferred:
            response.flush()
        return 0.0

    def _speech(self, session: Session, now: float) -> Budget | None:
        """What the user of a session, with all of its sessions, may say now."""
        user = session.user
        if user is None:
            return None
        if user.speech is None:
            user.speech = self._hub.limits.speech.of(counted_for(session), now)
        return user.speech

    @staticmethod
    def _admits(context: Context, message: Message) -> bool:
        """Check what the registry declares; answer why not."""
        row = COMMANDS[message.command]
        session = context.session
        if session.state is not State.PRESENT:
            if row.stage is Stage.PRESENT:
                context.response.numeric(ERR_NOTREGISTERED)
                return False
        elif row.stage is Stage.BEFORE:
            context.response.numeric(ERR_ALREADYREGISTERED)
            return False
        if len(message.params) < row.params:
            context.response.numeric(ERR_NEEDMOREPARAMS, command=row.name)
            return False
        if row.requires is not None and not may(context.user.subject(), row.requires, context.hub.policy):
            context.response.numeric(ERR_NOPRIVILEGES)
            if context.user.account is not None and context.user.account.lacks_factor:
                context.response.fail(row.name, SECOND_FACTOR_REQUIRED)
            return False
        return True

    def _refuse(self, session: Session, problem: ProtocolError | TooLong, now: float) -> float:
        """Answer a line that could not be read at all."""
        wait = session.budget.wait(now)
        if wait:
            return wait
        tags: Mapping[str, str] = {}
        if isinstance(problem, TooLong):
            tags = tags_of(problem.tags.decode(errors="replace"))
        elif isinstance(problem, InvalidUtf8 | MalformedLine):
            tags = problem.tags
        label = tags.get("label", "")
        response = Response(session, self._hub.journal, self._server_name, label)
        if isinstance(problem, TooLong):
            response.numeric(ERR_INPUTTOOLONG)
        elif isinstance(problem, InvalidUtf8):
            response.fail(problem.command, INVALID_UTF8)
        else:
            response.fail("*", MALFORMED_LINE)
        response.flush()
        return 0.0
