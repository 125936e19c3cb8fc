"""Keeping watch: who does not finish registration, who has gone silent, what a client has certainly received."""

from securechat.protocol.capabilities import CHATHISTORY
from securechat.protocol.message import format_message
from securechat.protocol.standard_replies import TIMEOUT
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.multiline import OPEN_SECONDS
from securechat.server.past import settle
from securechat.server.presence import end_session
from securechat.server.response import Response
from securechat.server.sessions import Session

SILENCE_SECONDS = 90.0
"""After so much silence a client is asked whether it is there."""
ANSWER_SECONDS = 60.0
"""So long it has to answer."""
CONFIRM_SECONDS = 60.0
"""Clients without chathistory are asked so often what they have received, even while they talk."""

SETUP_SECONDS = 600
"""So long somebody has who must set up a second factor before they come in."""


def watch(hub: Hub, session: Session, now: float) -> None:
    """Look after one session at `now` (monotonic seconds); called every few seconds on its I/O thread."""
    if session.state is not State.PRESENT:
        allowed = hub.configuration.limits.registration_seconds
        if session.account is not None and session.account.lacks_factor:
            allowed = max(allowed, SETUP_SECONDS) if allowed else 0
        if session.state is not State.ENDED and allowed and now - session.connected_at > allowed:
            end_session(hub, session, f"You did not log in within {allowed} seconds")
        return
    if session.backlog:
        session.heard_at = now  # it is we who do not read on: its answer may stand behind the lines that wait
    _watch_batch(hub, session, now)
    settle(hub, session)
    if session.pinged_at:
        if now - max(session.pinged_at, session.heard_at) > ANSWER_SECONDS:
            end_session(hub, session, f"No answer for {int(now - session.heard_at)} seconds")
        return
    silent = now - session.heard_at
    must_confirm = not session.has(CHATHISTORY.bit) and session.received_sequence < session.outlet.delivered_sequence
    if silent > SILENCE_SECONDS or (must_confirm and now - session.confirmed_at > CONFIRM_SECONDS):
        session.pinged_at = session.confirmed_at = now
        # The token is how far this session has been sent everything: its PONG proves that it has received that.
        session.outlet.put(
            format_message("PING", (str(session.outlet.delivered_sequence),), source=hub.configuration.server.name)
        )


def _watch_batch(hub: Hub, session: Session, now: float) -> None:
    """Give up a batch that its client has left open (extensions/client-batch, "Errors")."""
    batch = session.batch
    if batch is not None and not batch.failed and now - batch.opened > OPEN_SECONDS:
        batch.fail()
        response = Response(session, hub.journal, hub.configuration.server.name, batch.message.tags.get("label", ""))
        response.fail("BATCH", TIMEOUT, batch.reference)
        response.flush()


def answered(session: Session, token: str) -> None:
    """Take a PONG."""
    session.pinged_at = 0.0
    if token.isascii() and token.isdigit() and len(token) < 19 and int(token) <= session.outlet.delivered_sequence:
        session.received_sequence = max(session.received_sequence, int(token))
