"""All conversations of a client and the pages that they lack: who is asked for what, and when. No I/O.

Two kinds of gaps: what was said while there was no link, and what was dropped because nobody read the events.
"""

from collections.abc import Callable, Container, Sequence

from securechat.client.conversations import Conversation, Fill, as_old
from securechat.client.errors import ClientError, NotDelivered
from securechat.client.events import Event, Gap, Left, Message, RoomEvent
from securechat.client.outbox import Outbox, Stage
from securechat.client.paging import ids_in, said_in
from securechat.client.refusals import is_refusal
from securechat.client.requests import Request
from securechat.client.roster import Roster
from securechat.client.texts import _
from securechat.clock import format_time, parse_time
from securechat.names import fold
from securechat.protocol import message as wire

_END_OF_TIME = "timestamp=9999-12-31T00:00:00.000Z"
_MOST_FILLS = 4  # pages that are asked for at once
_MOST_CONVERSATIONS = 5000  # direct conversations are made by whoever writes to us


class Gaps:
    """Holds, drops, fetches and gives out the events of conversations. Used by the connection's thread only."""

    def __init__(
        self, roster: Roster, outbox: Outbox, send: Callable[[Request], None], emit: Callable[[Event], None]
    ) -> None:
        """`send` sends a request over the present link; `emit` gives an event out."""
        self.paused = False  # nobody reads the events: drop them, and fetch them later
        self._roster = roster
        self._outbox = outbox
        self._send = send
        self._emit = emit
        self._conversations: dict[str, Conversation] = {}  # by folded name
        self._asking_targets = False  # direct messages are held until it is known who wrote
        self._fills = 0  # pages that are being waited for
        self._check = False  # whether a conversation may have a page to be asked for
        self._latest_time = ""  # newest server time seen, wire form
        self._cut_time = ""  # what it was when the link was lost

    def link_opened(self, roster: Roster, *, again: bool) -> None:
        """There is a new link, with a new roster; `again`: hold everything back until what was missed is there."""
        self._roster = roster
        self._fills = 0
        self._check = True
        self._cut_time = self._latest_time
        self._asking_targets = again
        if again:
            for conversation in self._conversations.values():
                conversation.begin_again()

    def saw_time(self, line: wire.Message) -> None:
        """Note the server time of a live line."""
        moment = line.tags.get("time", "")
        if moment > self._latest_time and "batch" not in line.tags and _is_time(moment):
            self._latest_time = moment

    def start(self, name: str, fill: Fill, unseen: Sequence[RoomEvent] = ()) -> None:
        """Begin to fill a conversation; what comes live is held until it is done, as is what nobody has seen yet."""
        self.conversation(name).start(fill, unseen)
        self._check = True

    def drop(self, name: str) -> None:
        """That conversation is over: what it held or lacked is nobody's concern any more."""
        self._conversations.pop(fold(name), None)

    def rename(self, old: str, new: str, unseen: Sequence[RoomEvent] = ()) -> None:
        """A room has another name; what was seen and is missed of it stays so, and comes under the new one.

        `unseen` was given out under the new name, and nobody has seen it yet.
        """
        conversation = self._conversations.pop(fold(old), None)
        if conversation is not None:
            other = self._conversations.get(fold(new))
            conversation.rename(new)
            self._conversations[fold(new)] = conversation
            if other is not None:
                self._give(conversation.take_over(other, unseen))
            self._check = True

    def leave(self, event: Left) -> None:
        """The own user is out of that room: what was held comes now, as no page will, and what is in doubt stays so."""
        conversation = self._conversations.pop(fold(event.room), None)
        if conversation is not None and conversation.behind:
            conversation.start()
        if conversation is not None and conversation.fill is not None:
            conversation.fill.failed = True
            self._emit(Gap(conversation.name))
            self._give(conversation.finish())
        for outgoing in self._outbox.in_doubt(event.room):
            self._outbox.refuse(outgoing, _unknown())
        self._emit(event)

    def give_up_doubts(self, rooms: Container[str]) -> None:
        """There is a new link: what is in doubt in other rooms than these (folded) stays so, as no page will come."""
        for outgoing in self._outbox.in_doubt():
            if outgoing.target.startswith("#") and fold(outgoing.target) not in rooms:
                self._outbox.refuse(outgoing, _unknown())

    def resume(self) -> None:
        """Somebody reads the events again: fetch what was dropped meanwhile."""
        self.paused = False
        self._check = True
        for conversation in self._conversations.values():
            if conversation.behind and conversation.fill is None:
                conversation.start()

    def conversation(self, name: str) -> Conversation:
        """Return the conversation of that name; a new one has missed nothing but what happened without a link."""
        conversation = self._conversations.get(fold(name))
        if conversation is None:
            if len(self._conversations) >= _MOST_CONVERSATIONS:
                oldest = next((key for key in self._conversations if not key.startswith("#")), fold(name))
                self._conversations.pop(oldest, None)
            conversation = self._conversations[fold(name)] = Conversation(name)
            room = self._roster.room(name)
            # A little overlap, as pages leave out what was said in the very millisecond of their bound.
            conversation.last_time = _earlier(room.joined_at if room is not None else self._latest_time, 1)
            if self._asking_targets and not name.startswith("#"):
                conversation.last_time = _earlier(self._cut_time, 1000)
                conversation.start()
                self._check = True
        return conversation

    def take(self, event: RoomEvent) -> None:
        """Give a live event out, or hold or drop it."""
        conversation = self.conversation(event.room)
        if self.paused and conversation.fill is None:
            conversation.behind = conversation.behind or isinstance(event, Message)
        else:
            self._give(conversation.live(event))

    def pump(self) -> None:
        """Ask for pages, as far as it is their turn. Only while the session is ready."""
        if not self._check or self.paused or self._fills >= _MOST_FILLS:
            return
        self._check = False
        for conversation in list(self._conversations.values()):
            if conversation.fill is not None and conversation.fill.waiting:
                self._check = True
                if self._may_ask(conversation):
                    self._ask_page(conversation)

    def old_messages(self, lines: Sequence[wire.Message], name: str) -> list[Message]:
        """Return the messages in lines of history."""
        messages = (self._roster.message(line, old=True) for line in lines)
        return [as_old(message, name) for message in messages if message is not None]

    def _give(self, events: Sequence[RoomEvent]) -> None:
        for event in events:
            self._emit(event)

    # --- pages ---

    def _may_ask(self, conversation: Conversation) -> bool:
        if self._fills >= _MOST_FILLS:
            return False
        if conversation.name.startswith("#"):
            return self._roster.room(conversation.name) is not None
        return not self._asking_targets

    def _ask_page(self, conversation: Conversation) -> None:
        query, fill = conversation.next_query(self._roster.page_limit), conversation.fill
        self._fills += 1
        name = conversation.name

        def answered(lines: Sequence[wire.Message]) -> None:
            self._fills -= 1
            self._check = True
            if fill is not None and name != conversation.name and any(is_refusal(line) for line in lines):
                fill.waiting = True  # the room got another name on the way: ask again by that
            elif conversation.fill is fill:  # else it was begun anew meanwhile: this is no page of what is filled now
                self._on_page(conversation, lines)

        self._send(Request("CHATHISTORY", query.params(conversation.name), answered, _ignore, again=False))

    def _on_page(self, conversation: Conversation, lines: Sequence[wire.Message]) -> None:
        fill = conversation.fill
        if fill is None:
            return
        if any(is_refusal(line) for line in lines):
            if conversation.refused():
                return
            self._emit(Gap(conversation.name))
        else:
            said = said_in(lines)
            self._give(conversation.page(self.old_messages(said, conversation.name), ids_in(said)))
        if not fill.waiting:
            self._finish(conversation, fill)

    def _finish(self, conversation: Conversation, fill: Fill) -> None:
        """A gap is filled: what was in doubt is known now."""
        self._give(conversation.finish())
        if conversation.fill is not None:
            return  # live events had to be dropped: fetch on
        for outgoing in self._outbox.in_doubt(conversation.name):
            if outgoing.token in fill.tokens:
                self._outbox.confirm(outgoing.token, fill.tokens[outgoing.token])
            elif fill.failed or fill.more:
                self._outbox.refuse(outgoing, _unknown())
            else:
                outgoing.stage = Stage.QUEUED

    # --- direct messages that came while there was no link (draft/chathistory, TARGETS) ---

    def ask_targets(self) -> None:
        """After a lost link: find out who wrote meanwhile."""
        if not self._asking_targets:
            return
        for outgoing in self._outbox.in_doubt():
            self.conversation(outgoing.target)
        if self._cut_time:
            # Overlap: the list goes by the time of the last message. What was seen is dropped by its id.
            self._ask_targets_after(_earlier(self._cut_time, 1000), set())
        else:
            self._release_direct(set(), refused=False)

    def _ask_targets_after(self, begin: str, named: set[str]) -> None:
        limit = self._roster.page_limit

        def answered(lines: Sequence[wire.Message]) -> None:
            listed = [line.params for line in lines if line.command == "CHATHISTORY" and len(line.params) > 2]
            for params in listed:
                if not params[1].startswith("#"):
                    named.add(fold(params[1]))
                    self.conversation(params[1])
            last = listed[-1][2].removeprefix("timestamp=") if listed else begin
            if len(listed) >= limit and last > begin and _is_time(last):
                self._ask_targets_after(last, named)
            else:
                self._release_direct(named, refused=any(is_refusal(line) for line in lines))

        params = ["TARGETS", f"timestamp={begin}", _END_OF_TIME, str(limit)]
        self._send(Request("CHATHISTORY", params, answered, _ignore, again=False))

    def _release_direct(self, named: set[str], *, refused: bool) -> None:
        """It is known who wrote: fill those conversations (all, if the server did not say), release the others."""
        self._asking_targets = False
        self._check = True
        named |= {fold(outgoing.target) for outgoing in self._outbox.in_doubt()}
        for key, conversation in list(self._conversations.items()):
            fill = conversation.fill
            if fill is not None and not (refused or key.startswith("#") or key in named):
                fill.waiting = False
                self._finish(conversation, fill)


def _unknown() -> NotDelivered:
    return NotDelivered(_("It is not known whether the message was stored."))


def _earlier(moment: str, milliseconds: int) -> str:
    """Return the wire time so much earlier; empty for none."""
    return format_time(max(0, parse_time(moment) - milliseconds)) if _is_time(moment) else ""


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


def _ignore(_error: ClientError) -> None:
    """Nobody waits for this request."""
