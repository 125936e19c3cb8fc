"""Messages that a client sends again because it lost its link in mid-send: stored once, answered twice.

Our client puts a random `+securechat/id` tag on each message. The line may still be on its way through the old link
when the new one asks what is stored; without this table it would be stored a second time.
"""

from collections.abc import Mapping

from securechat.domain.events import Event

TAG = "+securechat/id"
"""The client-only tag that names one message of one account."""
MOST = 4096
"""How many messages are remembered; a link that is lost is noticed long before so many more were said."""
LONGEST_ID = 64

Key = tuple[int, str, str]


class Repeats:
    """The newest messages that carried the tag. Guarded by the hub lock."""

    def __init__(self) -> None:
        self._events: dict[Key, Event] = {}

    @staticmethod
    def key(account_id: int, target: str, tags: Mapping[str, str]) -> Key | None:
        """Return what names the message, or None when it need not be remembered (a guest's, or without the tag)."""
        identifier = tags.get(TAG, "")
        return (account_id, target, identifier) if account_id and 0 < len(identifier) <= LONGEST_ID else None

    def find(self, key: Key) -> Event | None:
        """Return the message that was sent under `key` before."""
        return self._events.get(key)

    def remember(self, key: Key, event: Event) -> None:
        """Remember a message; the oldest is forgotten."""
        if len(self._events) >= MOST:
            del self._events[next(iter(self._events))]
        self._events[key] = event

    def erase(self, sequence: int) -> None:
        """Forget a message that was taken away: nobody is shown its text again."""
        for key in [key for key, event in self._events.items() if event.sequence == sequence]:
            del self._events[key]

    def forget(self, key: Key) -> None:
        """The message could not be stored: sending it again is right."""
        self._events.pop(key, None)
