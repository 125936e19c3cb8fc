"""A session: one connection from its first byte on, and what it has told us so far."""

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from securechat.domain.account import Account
from securechat.domain.second_factor import Credential
from securechat.protocol.capabilities import RENDER_MASK
from securechat.protocol.line_buffer import TooLong
from securechat.server.lifecycle import State
from securechat.server.ports import Outlet
from securechat.server.throttle import Budget

if TYPE_CHECKING:
    from securechat.server.login import Exchange
    from securechat.server.multiline import ClientBatch
    from securechat.server.users import User


@dataclass(slots=True)
class Setup:
    """A second factor that is not in force yet: whoever sets it up has to show a code of it first."""

    secret: bytes = field(repr=False)
    ends: float  # monotonic seconds


@dataclass(slots=True)
class ShownPassword:
    """The right password, shown by who is about to change it; it is looked at once more then."""

    password: str = field(repr=False)
    ends: float  # monotonic seconds


THREAD_SHIFT = 16
"""A group key holds the capabilities that change how a line looks below this bit, and its I/O thread above."""


class Session:
    """What the server knows of one connection. Touched by its own I/O thread only, under the hub lock."""

    __slots__ = (
        "absent",
        "account",
        "asked_host",
        "away_at_login",
        "backlog",
        "batch",
        "budget",
        "busy",
        "came_at",
        "came_sequence",
        "capabilities",
        "certificate_account",
        "certificate_ends",
        "certificate_serial",
        "claim",
        "confirmed_at",
        "connected_at",
        "credential",
        "ending",
        "exchange",
        "group_key",
        "heard_at",
        "in_flight",
        "logged_in_at",
        "nick",
        "number",
        "operates_as",
        "outlet",
        "password",
        "pinged_at",
        "program",
        "realname",
        "received_sequence",
        "said_at",
        "settled",
        "setup",
        "shown_password",
        "state",
        "user",
        "username",
        "version_302",
    )

    def __init__(self, outlet: Outlet, now: float, budget: Budget) -> None:
        self.outlet = outlet
        self.state = State.OPEN
        self.capabilities = 0  # bits of protocol.capabilities that were negotiated
        self.group_key = outlet.thread_index << THREAD_SHIFT  # see users.Audience
        self.version_302 = False  # whether CAP LS 302 was sent: values and cap-notify
        self.nick = ""  # asked for; once present, user.nick counts
        self.username = ""
        self.realname = ""
        self.password = ""  # of PASS: an invite's token or the server's password; forgotten once it was used
        self.account: Account | None = None
        self.certificate_account = ""  # whom the client's certificate is for; empty: it has shown none
        self.certificate_ends = 0  # until when it is good: milliseconds since 1970
        self.certificate_serial = ""  # its serial number in hex, as openssl writes it
        self.credential: Credential | None = None  # by what it has logged in, if it has
        self.logged_in_at = 0  # when it has, in milliseconds since 1970
        self.number = 0  # among the sessions of its account, since the server started; 0: it has not logged in
        self.program = ""  # what its program calls itself (SESSIONS NAME)
        self.setup: Setup | None = None  # the second factor that it is setting up
        self.shown_password: ShownPassword | None = None  # the one that it is about to change (PASSWD)
        self.asked_host = ""  # by which name it asked for the server (SNI), if the configuration makes that known
        self.absent = False  # the program is connected by itself, its owner is not there (draft/pre-away)
        self.away_at_login = ""  # the away message of an AWAY before login
        self.user: User | None = None  # set while the state is PRESENT
        self.exchange: Exchange | None = None  # the SASL exchange under way
        self.claim: Account | None = None  # whose password an OPER is under way with; None: it comes to nothing
        self.operates_as: Account | None = None  # by whose password its user has an administrator's powers (OPER)
        self.in_flight = 0  # entries of this session that the journal has not given back yet
        self.batch: ClientBatch | None = None  # the batch that the client has opened
        self.busy = False  # a command is at work elsewhere: further lines wait in the backlog
        self.ending = False  # it is to end: nothing that waits is run any more
        self.backlog: deque[bytes | TooLong] | None = None  # lines read but not run yet
        self.budget = budget  # how many commands it may run now
        self.connected_at = now  # monotonic seconds
        self.heard_at = now  # monotonic seconds: when bytes last came
        self.pinged_at = 0.0  # monotonic seconds: when an unanswered PING left; 0: none is open
        self.confirmed_at = now  # monotonic seconds: when it was last asked what it has received
        self.said_at = now  # monotonic seconds: when it last said something to somebody
        self.came_sequence = 0  # what is newer was shown to it as it was said (see server.past)
        self.came_at = now  # monotonic seconds: since when
        self.settled = False  # whether it has stood long enough to count
        self.received_sequence = 0  # the peer has certainly received everything up to here (by PONG)

    def set_capabilities(self, capabilities: int) -> None:
        """Change what was negotiated. The caller re-registers the session with its rooms (group_key changes)."""
        self.capabilities = capabilities
        self.group_key = (self.outlet.thread_index << THREAD_SHIFT) | (capabilities & RENDER_MASK)

    def go_on(self) -> None:
        """Run the lines that waited for a command, which is done; none if the session is to end."""
        if not self.ending:
            self.busy = False
            self.outlet.resume()

    def run_no_more(self) -> None:
        """Let nothing that the client still sends, or has sent, be run: the session is to end."""
        self.busy = self.ending = True

    def has(self, capability_bit: int) -> bool:
        """Whether the capability was negotiated."""
        return bool(self.capabilities & capability_bit)

    @property
    def shown_nick(self) -> str:
        """The nick that replies are addressed to; `*` before there is one (modern-irc, "Numeric Replies")."""
        if self.user is not None:
            return self.user.nick
        return self.nick or "*"
