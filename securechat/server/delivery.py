"""Publication: from a committed batch to the outlets of one I/O thread, in the order of the journal.

A line is rendered once per set of capabilities. Neighbouring publications to the same audience are joined before they
are put, so that a busy room costs one `put` per member and batch instead of one per member and message.
"""

from collections.abc import Callable, Sequence
from functools import partial

from securechat.domain.events import ONLY_SHOWN, SAID
from securechat.protocol.capabilities import EXTENDED_JOIN, MULTILINE, RENDER_MASK
from securechat.server.entries import Barrier, Copy, Entry, Hold, Publication, Reply
from securechat.server.ports import Outlet
from securechat.server.rendering import JOINS, Renderer
from securechat.server.sessions import THREAD_SHIFT, Session


class Delivery:
    """Delivers batches to the connections of one I/O thread. Used by that thread only."""

    def __init__(
        self, renderer: Renderer, last_said: dict[int, int], thread_index: int, delivered_sequence: int
    ) -> None:
        """`last_said` is the hub's map from conversation to its newest sequence; filled here, as here it is known.

        `delivered_sequence` is that of the newest event before this server started.
        """
        self._renderer = renderer
        self._last_said = last_said
        self._thread_index = thread_index
        self.delivered_sequence = delivered_sequence

    def deliver(self, entries: Sequence[Entry]) -> list[Callable[[], None]]:
        """Put everything that was committed; return what is to run under the hub lock afterwards, in order."""
        actions: list[Callable[[], None]] = []
        count = len(entries)
        position = 0
        while position < count:
            entry = entries[position]
            position += 1
            if isinstance(entry, Publication):
                audience = entry.audience
                run = [entry]
                while position < count:
                    following = entries[position]
                    if not isinstance(following, Publication) or following.audience is not audience:
                        break
                    run.append(following)
                    position += 1
                self._publish(run)
            elif entry.session is None or entry.session.outlet.thread_index != self._thread_index:
                continue
            elif isinstance(entry, Reply):
                entry.session.in_flight -= entry.counted
                if entry.requires is None or not entry.requires.failed:
                    entry.session.outlet.put(entry.data)
                elif entry.otherwise is not None:
                    entry.session.outlet.put(entry.otherwise())
            elif isinstance(entry, Copy):
                entry.session.in_flight -= 1
                self._put_copy(entry, entry.session)
            elif isinstance(entry, Barrier):
                entry.session.in_flight -= entry.counted
                actions.append(entry.action)
            elif isinstance(entry, Hold):
                entry.session.in_flight -= 1
                entry.session.outlet.hold()
                actions.append(partial(entry.action, self.delivered_sequence))
        return actions

    def _put_copy(self, entry: Copy, session: Session) -> None:
        """Show an event that is on disk, or need not be, once more to its author, or say that it is not."""
        if entry.original.sequence or entry.original.kind in ONLY_SHOWN:
            capabilities = session.capabilities & RENDER_MASK
            # What one receives from oneself must not carry the label ("The label tag"); an echo does.
            author_tags = entry.author_tags if entry.echo else ""
            session.outlet.put(self._renderer.line(entry.original, capabilities, author_tags))
        elif entry.failure is not None:
            session.outlet.put(entry.failure(entry.author_tags))

    def fail(self, entries: Sequence[Entry]) -> list[Callable[[], None]]:
        """Tell the authors that their events could not be stored; everything else is delivered as usual.

        Returns what is to run under the hub lock: undoing first, from the last to the first.
        """
        undo: list[Callable[[], None]] = []
        for entry in reversed(entries):
            if isinstance(entry, Publication) and not _only_shown(entry):
                entry.failed = True
                if entry.undo is not None and self._thread_index == 0:
                    undo.append(entry.undo)
        actions: list[Callable[[], None]] = []
        for entry in entries:
            session = entry.session
            if not isinstance(entry, Publication) or _only_shown(entry):
                actions.extend(self.deliver((entry,)))
            elif session is not None and session.outlet.thread_index == self._thread_index:
                session.in_flight -= 1
                if entry.failure is not None:
                    session.outlet.put(entry.failure(entry.author_tags))
        return undo + actions

    def _publish(self, run: list[Publication]) -> None:
        """Put a run of publications that share one audience."""
        thread_index = self._thread_index
        line = self._renderer.line
        authors: dict[Outlet, Session] = {}
        for publication in run:
            session = publication.session
            if session is not None and session.outlet.thread_index == thread_index:
                session.in_flight -= 1
                authors[session.outlet] = session
        # What does not differ by them is not made anew for recipients that ask how a JOIN looks.
        plain = all(publication.event is None or publication.event.kind not in JOINS for publication in run)
        mask = RENDER_MASK & ~EXTENDED_JOIN.bit if plain else RENDER_MASK
        if not any(publication.event is not None and "\n" in publication.event.text for publication in run):
            mask &= ~MULTILINE.bit
        made: dict[int, list[bytes]] = {}
        waiting = dict(authors)  # authors that the audience does not hold still get their echo
        for group_key, outlets in run[0].audience:
            if group_key >> THREAD_SHIFT != thread_index:
                continue
            capabilities = group_key & mask
            lines = made.get(capabilities)
            if lines is None:
                lines = made[capabilities] = [
                    line(publication.event, capabilities) for publication in run if publication.event is not None
                ]
            chunk = b"".join(lines) if len(lines) > 1 else lines[0]
            if not chunk:
                continue
            for outlet in outlets:
                if outlet in authors:
                    waiting.pop(outlet, authors[outlet])
                    self._put_for_author(run, lines, authors[outlet])
                else:
                    outlet.put(chunk)
        for publication in run:  # an audience of nobody is the same for many conversations
            event = publication.event
            publication.undo = None  # it is on disk
            if event is not None and event.sequence:  # some events are not recorded: they have none
                self.delivered_sequence = event.sequence
                if event.kind in SAID:
                    self._last_said[event.conversation] = event.sequence
        for session in waiting.values():
            self._put_for_author(run, None, session)

    def _put_for_author(self, run: list[Publication], lines: list[bytes] | None, session: Session) -> None:
        """Put a run for a session that caused some of it: its own publications come as echo or not at all."""
        parts = []
        for index, publication in enumerate(run):
            if publication.session is session:
                if publication.echo and publication.event is not None:
                    capabilities = session.capabilities & RENDER_MASK
                    parts.append(self._renderer.line(publication.event, capabilities, publication.author_tags))
            elif lines is not None:
                parts.append(lines[index])
        if parts:
            session.outlet.put(b"".join(parts))


def _only_shown(publication: Publication) -> bool:
    """Whether nothing of it is stored: that the disk is full is no reason not to tell who came or went.

    An act of power is not done when there can be no record of it.
    """
    event = publication.event
    return event is not None and event.kind in ONLY_SHOWN and not event.deeds
