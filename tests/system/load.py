"""Load on a server that may die at any moment, and the proof of what became of every message.

Each talker says numbered texts, each of them once in its life. What comes back with the talker's label is *echoed*: the
server has promised it. What anybody receives is *seen*. After everything, history must hold all of both, once, in the
order in which everybody saw it.
"""

import contextlib
import re
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from tests.process import DEADLINE, PASSWORD, RawClient, ServerProcess

ROOM = "#general"
CAPABILITIES = "echo-message message-tags labeled-response batch"
PAGE = 100
"""Messages in a page of history."""
WINDOW = 40
"""How many messages of a talker may wait for their echo."""

_MESSAGE = re.compile(rf"@(\S+) :\S+ PRIVMSG {ROOM} :(.*)")
_ENDED = (ConnectionError, ssl.SSLError, TimeoutError)


def tags_of(text: str) -> dict[str, str]:
    """The tags of a line, from what stands between `@` and the first space."""
    return {key: value for key, _, value in (tag.partition("=") for tag in text.split(";"))}


@dataclass
class Sighting:
    """What one connection received of the room, in order."""

    who: str
    messages: list[tuple[str, str]] = field(default_factory=list)
    """Message id and text."""


class Load:
    """Talkers and listeners that connect again whenever the server is back, until they are told to stop."""

    def __init__(self, connect: Callable[[], RawClient], talkers: int, listeners: int) -> None:
        """`connect` opens a connection."""
        self._connect = connect
        self.names = [f"talker{number}" for number in range(talkers)]
        self.listeners = [f"listener{number}" for number in range(listeners)]
        self.echoed: dict[str, str] = {}
        """Text of each echoed message, and its id."""
        self.sightings: list[Sighting] = []
        self.errors: list[str] = []
        """What happened to a client that should not have happened."""
        self._target = 0  # so many echoes are awaited
        self._news = threading.Condition()
        self._stopping = False
        self._up = False
        self._running = 0
        self._said = dict.fromkeys(self.everybody, 0)  # how far each has come in counting; its own thread's alone
        self._threads = [threading.Thread(target=self._live, args=(name,), name=name) for name in self.everybody]

    @property
    def everybody(self) -> list[str]:
        """The accounts that must be there."""
        return [*self.names, *self.listeners]

    def start(self) -> None:
        """Let everybody connect."""
        self._up = True
        for thread in self._threads:
            thread.start()

    def server_is_up(self, *, up: bool) -> None:
        """Tell the clients whether to connect. To be called before the server goes and after it has come."""
        with self._news:
            self._up = up
            self._news.notify_all()

    def stop(self) -> None:
        """Let nobody connect again; returns when all have noticed that the server is gone."""
        with self._news:
            self._up = False
            self._stopping = True
            self._news.notify_all()
        for thread in self._threads:
            thread.join(DEADLINE)
        assert not any(thread.is_alive() for thread in self._threads)

    def wait_for_echoes(self, more: int, deadline: float = DEADLINE) -> None:
        """Return when so many more messages were echoed."""
        with self._news:
            self._target = len(self.echoed) + more
            self._news.wait_for(lambda: len(self.echoed) >= self._target or bool(self.errors), deadline)
            assert not self.errors, self.errors
            assert len(self.echoed) >= self._target, f"{len(self.echoed)} echoes; awaited: {self._target}"

    def wait_for_trouble(self, seconds: float) -> None:
        """Return when something is wrong, and in any case after so many seconds."""
        with self._news:
            self._news.wait_for(lambda: bool(self.errors), seconds)
            assert not self.errors, self.errors

    def wait_until_ended(self) -> None:
        """Return when every client has noticed that the server is gone, and has taken all that it had sent."""
        with self._news:
            assert self._news.wait_for(lambda: self._running == 0, DEADLINE)

    # On the threads of the clients

    def _live(self, name: str) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._up or self._stopping)
                if self._stopping:
                    return
                self._running += 1
            try:
                with self._connect() as client:
                    self._attend(name, client)
            except _ENDED as error:
                self._note_end(name, repr(error))
            finally:
                with self._news:
                    self._running -= 1
                    self._news.notify_all()

    def _note_end(self, name: str, what: str) -> None:
        """A connection has ended: an error unless the server is going."""
        with self._news:
            if self._up:
                self.errors.append(f"{name}: {what}")
                self._up = False  # nobody connects in a loop
                self._news.notify_all()

    def _attend(self, name: str, client: RawClient) -> None:
        """One connection from login to its end, which may come by an error while it speaks."""
        try:
            answer = client.register(name, CAPABILITIES, password=PASSWORD)
        except AssertionError as error:
            self._note_end(name, str(error))
            return
        sighting = Sighting(name)
        self.sightings.append(sighting)
        if not any(line.endswith((f" JOIN {ROOM}", f" JOIN :{ROOM}")) for line in answer):
            client.send(f"JOIN {ROOM}")
        waiting = 0
        talks = name in self.names
        lines = client.lines()
        with contextlib.suppress(StopIteration):
            while True:
                if talks and waiting <= WINDOW // 2:
                    number = self._said[name]
                    texts = [f"{name} says {number + step}" for step in range(WINDOW - waiting)]
                    self._said[name] += len(texts)
                    waiting = WINDOW
                    client.send(*(f"@label={text.replace(' ', '-')} PRIVMSG {ROOM} :{text}" for text in texts))
                waiting -= self._take(sighting, lines)

    def _take(self, sighting: Sighting, lines: Iterator[str]) -> int:
        """Take one line; return how many echoes it was. Raises StopIteration at the end."""
        line = next(lines)
        match = _MESSAGE.fullmatch(line)
        if match is None:
            if " FAIL " in line or " 404 " in line:
                with self._news:
                    self.errors.append(line)
                    self._news.notify_all()
            return 0
        tags, text = tags_of(match[1]), match[2]
        sighting.messages.append((tags["msgid"], text))
        label = tags.get("label")
        if label is None:
            return 0
        with self._news:
            if label != text.replace(" ", "-") or text in self.echoed:
                self.errors.append(f"wrong echo: {line}")
            self.echoed[text] = tags["msgid"]
            if self.errors or len(self.echoed) >= self._target:
                self._news.notify_all()
        return 1


def history_of(server: ServerProcess, name: str) -> list[tuple[str, str]]:
    """Page through the whole history of the room, newest page first; return id and text, oldest first."""
    pages: list[list[tuple[str, str]]] = []
    with server.member(name, f"{CAPABILITIES} draft/chathistory") as client:
        client.ask(f"JOIN {ROOM}")
        point = "*"
        while True:
            subcommand = "LATEST" if point == "*" else "BEFORE"
            client.send(f"CHATHISTORY {subcommand} {ROOM} {point} {PAGE}")
            page = []
            for line in client.until(r" BATCH :?-h$"):
                match = _MESSAGE.fullmatch(line)
                if match is not None:
                    page.append((tags_of(match[1])["msgid"], match[2]))
            if not page:
                break
            pages.append(page)
            point = f"msgid={page[0][0]}"
    return [message for page in reversed(pages) for message in page]


@dataclass
class Verdict:
    """What is wrong; empty lists when all promises were kept."""

    lost: list[str]
    """Echoed or seen, but not in history under the same id."""
    doubled: list[str]
    """Texts that are in history more than once, though they were sent once."""
    out_of_order: list[str]
    """Where somebody saw another order than history, or missed something in between."""

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.out_of_order)


def judge(load: Load, history: list[tuple[str, str]]) -> Verdict:
    """Compare what was promised and seen with what is stored."""
    place = {message: index for index, message in enumerate(history)}
    times = Counter(text for _, text in history)
    seen = {message for sighting in load.sightings for message in sighting.messages}
    seen |= {(identifier, text) for text, identifier in load.echoed.items()}
    out_of_order = []
    for sighting in load.sightings:
        places = [place[message] for message in sighting.messages if message in place]
        # A connection sees everything from its first message to its last: no gap, no step back.
        for before, after in pairwise(places):
            if after != before + 1:
                out_of_order.append(f"{sighting.who}: {history[after]} after {history[before]}")
    return Verdict(
        lost=sorted(f"{identifier} {text}" for identifier, text in seen if (identifier, text) not in place),
        doubled=sorted(text for text, count in times.items() if count > 1),
        out_of_order=out_of_order,
    )
