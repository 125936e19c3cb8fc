"""The line client for scripts: send what is piped in, or print what is and was said. No prompt, no decoration."""

import sys
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime

from securechat.client.commands import execute
from securechat.client.desk import no_screen, no_themes
from securechat.client.entering import enter, enter_or_make
from securechat.client.errors import RoomRefused
from securechat.client.events import Ended, Event, Joined, Left, Message, ModeChanged, RoomRenamed, TopicChanged
from securechat.client.library import Client
from securechat.client.looking import search_lines
from securechat.client.outbox import WINDOW, Delivery
from securechat.client.output import Formatter, sentence, to_json
from securechat.client.passwords import ask_terminal
from securechat.client.settings import Effective, Settings, nothing_set
from securechat.names import fold

_MOST_PAGES = 100
"""So many pages of history are held in memory."""


class Sender:
    """Sends each line of a stream and waits until all of them are stored. A Desk for `--commands`."""

    def __init__(
        self, client: Client, target: str, *, json: bool, timeout: float, effective: Effective | None = None
    ) -> None:
        self.client = client
        self.target = target
        self.effective = effective or nothing_set()
        self._timeout = timeout
        self._formatter = Formatter(full_time=True, home=target)
        self._json = json
        self._undecided: deque[Delivery] = deque()
        self._leaving = False

    def run(self, lines: Iterable[str], *, commands: bool) -> None:
        """Send the lines in order. Raises RoomRefused or NotDelivered for the first that is not stored."""
        for line in lines:
            line = line.rstrip("\r\n")
            if commands and line.startswith("/") and not line.startswith("//"):
                self._settle(0)  # a command may look at what was just sent
                execute(self, line)
            else:
                self.say(self.target, line[1:] if commands and line.startswith("//") else line)
            if self._leaving:
                break
        self._settle(0)

    def _settle(self, most: int) -> None:
        """Wait until at most so many messages are undecided."""
        while len(self._undecided) > most or (self._undecided and self._undecided[0].done):
            self._undecided.popleft().wait(self._timeout)

    # --- the desk ---

    def say(self, target: str, text: str, *, action: bool = False, notice: bool = False) -> None:
        """Send a text of any length."""
        for piece in self.client.split(target, text):
            self._undecided.append(self.client.submit(target, piece, action=action, notice=notice))
            self._settle(WINDOW - 1)

    def note(self, text: str) -> None:
        """Say something on standard error."""
        tell(text)

    def picture(self, text: str) -> None:
        """A script looks at no picture."""

    def show(self, message: Message) -> None:
        """Print a message."""
        put(to_json(message) if self._json else self._formatter.message(message))

    def move(self, target: str) -> None:
        """Let plain lines go to `target` from now on."""
        self.target = target

    def leave(self) -> None:
        """End after this command."""
        self._leaving = True

    def ask_hidden(self, prompt: str, about: Sequence[str] = ()) -> str:
        """Ask on the terminal, without showing what is typed. Raises ClientError."""
        for line in about:
            self.note(line)
        return ask_terminal(prompt)

    def enter(self, room: str) -> None:
        """Join a room and speak there."""
        self.move(enter_or_make(self.client, room, self.note))

    def search(self, text: str) -> None:
        """Print the messages that hold a text."""
        search_lines(self, text)

    def clear(self) -> None:
        """There is no screen."""

    def take_theme(self, name: str) -> None:  # noqa: ARG002 - of every desk
        """There are only lines."""
        raise no_themes()

    def take_settings(self, settings: Settings) -> None:  # noqa: ARG002 - of every desk
        """There are only lines."""
        raise no_screen()

    def look_anew(self) -> None:
        """What stands there stays as it is."""


class Reader:
    """Prints what is and was said in some rooms."""

    def __init__(self, client: Client, formatter: Formatter, *, json: bool) -> None:
        self._client = client
        self._formatter = formatter
        self._json = json

    def print_history(self, rooms: Sequence[str], tail: int | None, after: datetime | None) -> None:
        """Print the last `tail` messages, or everything after a moment, or the last of that, of each room.

        Raises RoomRefused.
        """
        for room in rooms:
            name = enter(self._client, room)
            if tail is not None:
                self._print_tail(name, tail, after)
            elif after is not None:
                for page in self._client.pages(name, after=after):
                    self._print_all(page)

    def follow(self, rooms: Sequence[str], tail: int | None, after: datetime | None) -> None:
        """Print the same, and then for ever what is said.

        Raises RoomRefused, also when somebody has put us out of the last of the rooms, and what ends the link for good.
        """
        names = [enter(self._client, room) for room in rooms]
        for name in names:
            last = self._print_tail(name, tail, after) if tail is not None else ""
            if last or after is not None:
                self._client.join(name, after=last or after)
        wanted = {fold(name) for name in names}
        while True:
            event = self._client.next_event()
            if event is None or isinstance(event, Ended):
                return
            if isinstance(event, RoomRenamed) and fold(event.old) in wanted:
                wanted = wanted - {fold(event.old)} | {fold(event.room)}
            if (
                isinstance(event, Message | Joined | Left | TopicChanged | ModeChanged)
                and fold(event.room) not in wanted
            ):
                continue
            if not (isinstance(event, Joined) and event.own):
                self._print(event)
            if isinstance(event, Left) and event.own:
                wanted.discard(fold(event.room))
                if not wanted:
                    raise RoomRefused(sentence(event))
                tell(sentence(event))

    def _print_tail(self, room: str, tail: int, after: datetime | None) -> str:
        """Print the last `tail` messages, of what was said after a moment; return the id of the last one.

        Memory is bounded: the pages come newest first, and of many only the oldest are held; what follows them is
        fetched once more.
        """
        oldest: deque[list[Message]] = deque(maxlen=_MOST_PAGES)
        missing = 0  # how many messages are wanted and not printed
        for page in self._client.pages(room, limit=tail):
            wanted = [message for message in page if after is None or message.time > after]
            oldest.appendleft(wanted)
            missing += sum(bool(message.id) for message in wanted)
            if len(wanted) < len(page):
                break
        last = ""
        for page in oldest:
            missing -= sum(bool(message.id) for message in page)
            last = self._print_all(page) or last
        if missing > 0:
            for page in self._client.pages(room, limit=missing, after=last):
                last = self._print_all(page) or last
        return last

    def _print_all(self, messages: Sequence[Message]) -> str:
        """Print messages; return the id of the last one."""
        for message in messages:
            self._print(message)
        return next((message.id for message in reversed(messages) if message.id), "")

    def _print(self, event: Event) -> None:
        if self._json and (text := to_json(event)):
            put(text)
        elif isinstance(event, Message):
            put(self._formatter.message(event))
        elif not isinstance(event, Joined | Left | TopicChanged) and (text := self._formatter.note(event)):
            tell(text)


def put(text: str) -> None:
    """Print a record to standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """Print anything that is no message to standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
