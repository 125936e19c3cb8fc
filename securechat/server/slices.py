"""Long answers in slices: everybody else goes on in between, and who asks pays for what it costs."""

from collections.abc import Iterator

from securechat.server.context import Context
from securechat.server.lifecycle import State
from securechat.server.throttle import PER_COMMAND

SLICE = 2000
"""How many things are looked at while the hub lock is held."""

_END = object()


class Slices:
    """The answer to one command, made in slices. Under the hub lock in each."""

    __slots__ = ("_context", "_most", "_steps", "_work")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._most = context.hub.configuration.limits.answer_bytes  # it leaves as a whole
        self._steps: Iterator[None] = iter(())
        self._work = 0

    def run(self, steps: Iterator[None]) -> None:
        """Make the answer by `steps`, which stop whenever `spend` says so; flush it behind the last one."""
        self._steps = steps
        if self._has_more():
            self._context.wait()
            self._context.post(self._go_on)

    def spend(self, work: int = 1) -> bool:
        """Count `work` things that were looked at; True when it is somebody else's turn."""
        self._work += work
        return self._work >= SLICE

    @property
    def is_full(self) -> bool:
        """Whether the answer is as long as it may be."""
        return bool(self._most) and self._context.response.size >= self._most

    def _go_on(self) -> None:
        if self._context.session.state is not State.ENDED and self._has_more():
            self._context.post(self._go_on)
        else:
            self._context.done()

    def _has_more(self) -> bool:
        """Make one step, and charge for it; False when there was none left."""
        more = next(self._steps, _END) is not _END
        self._context.session.budget.charge(self._work / PER_COMMAND)
        self._work = 0
        return more
