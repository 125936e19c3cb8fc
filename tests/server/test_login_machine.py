"""Whatever is done by those who want to be logged in, nobody is but by right (tests.server.login_machine)."""

import functools
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure

import tests.server.account_steps  # noqa: F401 - fills the table of steps
from securechat.domain.permissions import TABLE, Action
from securechat.protocol import sasl
from securechat.server.context import Context
from securechat.server.hub import Hub
from securechat.server.limits import Limits
from securechat.server.live_effects import HubEffects
from securechat.server.login import throttled
from securechat.server.one_time_codes import Use
from securechat.server.registry import COMMANDS
from securechat.server.verification import verify
from tests.server.harness import Harness
from tests.server.login_machine import BrokenPromiseError, Machine, cheap_hash
from tests.server.login_people import Choices, Policy

POLICIES = (
    Policy(),
    Policy(failures=3),
    Policy(guests=False, second_factor="everybody"),
    Policy(second_factor="administrators", password="the-server's"),
    Policy(registration="open", before_connect=False),
    Policy(guests=False, registration="closed"),
    Policy(registration="open", second_factor="everybody", failures=3),
)
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where nothing has to wait for a disk: how often it is waited for is no part of this."""
SEQUENCES = 100
"""How many sequences have the same server, each with people of its own: to start one takes longer than a sequence."""


class Servers:
    """A server for each policy, a new one now and then."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[int, Harness] = {}
        self._used = Counter[int]()
        self.seen = Counter[str]()
        self.sequences = 0

    def of(self, index: int) -> Harness:
        if self._used[index] % SEQUENCES == 0:
            if index in self._running:
                self._running[index].close()
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(dir=IN_MEMORY))
            self._running[index] = Harness(Path(folder), **POLICIES[index].settings)
        self._used[index] += 1
        return self._running[index]

    def close(self) -> None:
        for one in self._running.values():
            one.close()

    def play(self, index: int, script: bytes) -> None:
        """Do what a script says on a server of that policy; afterwards nobody is there any more."""
        harness = self.of(index)
        self.sequences += 1
        harness.hub.limits = Limits(harness.configuration.limits)  # what others have done wrong counts for nobody here
        machine = Machine(harness, POLICIES[index], self.sequences, Choices(script))
        try:
            machine.run()
        except BaseException:
            self._used[index] = 0  # not to be used any more
            raise
        for caller in machine.callers:
            caller.person.vanishes()
        self.seen.update(machine.seen)


class Bugs(logging.Handler):
    """Keeps what the log says of bugs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "Bug" in record.getMessage():
            self.found.append(f"{record.getMessage()} {record.exc_info}")


@contextmanager
def servers() -> Iterator[Servers]:
    """Servers whose passwords cost as little as can be, both to whoever keeps and to whoever shows them."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        logger, bugs = logging.getLogger("securechat"), Bugs()
        logger.addHandler(bugs)
        stack.callback(logger.removeHandler, bugs)
        patch.setattr(logger, "propagate", False)  # full disks are loud
        for module in ("commands.accounts", "passwords", "verification"):
            patch.setattr(f"securechat.server.{module}.hash_password", cheap_hash)
        patch.setattr("securechat.protocol.sasl._keys", functools.lru_cache(10_000)(sasl._keys))
        made = Servers(stack)
        stack.callback(made.close)
        yield made
        assert bugs.found == []


def play(count: int, *phases: Phase) -> Servers:
    """Try as many sequences as hypothesis finds; raise BrokenPromiseError with the shortest that breaks a promise."""
    with servers() as made:

        @settings(
            max_examples=count,
            derandomize=True,  # the same ones each time: what a change breaks shows at that change
            phases=phases or (Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            database=None,
            report_multiple_bugs=False,
        )
        @given(index=st.integers(0, len(POLICIES) - 1), script=st.binary(min_size=60, max_size=140))
        def sequences(index: int, script: bytes) -> None:
            made.play(index, script)

        sequences()
    return made


def test_nobody_is_logged_in_but_by_right() -> None:
    assert play(200).sequences >= 200


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_nobody_is_logged_in_but_by_right_in_ten_thousand_sequences() -> None:
    made = play(10_000)
    print(made.sequences, made.seen)
    assert made.sequences >= 10_000
    assert {name for name, count in made.seen.items() if count >= 20} >= EVERYTHING


EVERYTHING = {
    "logged in",
    "logged in by a code",
    "logged in by a recovery code",
    "logged in by an app password",
    "logged in by a certificate",
    "made an account",
    "powers",
    "refused",
    "told to wait",
    "setup",
    "set up a second factor",
    "took the second factor away",
    "made an app password",
    "revoked an app password",
    "changed the own password",
    "an administrator took the second factor away",
    "an administrator revoked an app password",
    "revoked a certificate",
    "sent others away",
    "suspended",
    "suspended over IRC",
}
"""What the sequences have to be about."""


Mistake = Callable[[pytest.MonkeyPatch], None]


def instead(path: str, replacement: object) -> Mistake:
    """Something else in the place of a function of the server."""
    return lambda patch: patch.setattr(f"securechat.{path}", replacement)


def permitted(action: Action) -> Mistake:
    """Everybody may do that."""
    return lambda patch: patch.setitem(TABLE, action, lambda *_: True)


def always(answer: object) -> Callable[..., object]:
    """What answers the same whatever it is asked."""
    return lambda *_, **__: answer


def another_account(patch: pytest.MonkeyPatch) -> None:
    """Whoever is logged in may log in to something else."""

    def authenticate(context: Context) -> None:
        context.session.account = None
        row.handler(context)

    row = COMMANDS["AUTHENTICATE"]
    patch.setitem(COMMANDS, "AUTHENTICATE", replace(row, handler=authenticate))


def revoking_ends_nothing(patch: pytest.MonkeyPatch) -> None:
    """App passwords go, by their owner or an administrator, and what came in by them stays."""
    for module in ("commands.app_passwords", "live_effects"):
        instead(f"server.{module}.end_app_password", always(None))(patch)


def ends_sessions_alone(effects: HubEffects, account_id: int) -> None:
    """Another password, but what has begun goes on."""
    effects._end_sessions(account_id, "another password")


def take_over_alone(hub: Hub, revoked: Set[str]) -> None:
    """Know of revoked certificates, and end no session."""
    hub.revoked_certificates = frozenset(revoked)


MISTAKES: dict[str, Mistake] = {
    "any password is right": instead("server.verification.verify_password", always(True)),
    "any code is right": instead("server.verification.spent", always(True)),
    "a code is good again": instead("storage.second_factors.SecondFactors.use_step", always(True)),
    "a recovery code is good again": instead("storage.second_factors.SecondFactors.use_recovery", always(True)),
    "whoever knows a password is let in": instead("server.login.admitted", lambda _, account, __: account),
    "suspending ends no session": instead("server.live_effects.HubEffects._end_sessions", always(None)),
    "another password ends no exchange": instead(
        "server.live_effects.HubEffects.credentials_changed", ends_sessions_alone
    ),
    "powers outlast a suspension": instead("server.live_effects.end_powers", always(None)),
    "another password of one's own ends nothing": instead("server.commands.passwords.changed_by_owner", always(0)),
    "nothing is asked before another password": instead("server.commands.passwords.prove", lambda *given: given[-1]()),
    "revoking an app password ends nothing": revoking_ends_nothing,
    "revoking a certificate ends nothing": instead("server.certificates.take_over", take_over_alone),
    "sending others away ends nothing": instead("server.own_sessions._end", always(None)),
    "an app password is as good as the password": instead(
        "server.commands.second_factor.verify", partial(verify, app_passwords=True)
    ),
    "another account": another_account,
    "nothing is asked before a second factor": instead(
        "server.commands.second_factor.prove", lambda *given: given[-1]()
    ),
    "nothing is asked before a second factor goes": instead(
        "server.commands.second_factor.prove_code", lambda *given: given[-1]()
    ),
    "any code confirms": instead("server.one_time_codes.match", always(Use(step=1))),
    "everybody may register": permitted(Action.REGISTER_OPEN),
    "guests come in everywhere": permitted(Action.CONNECT),
    "every account gives powers": permitted(Action.OPERATE),
    "everybody may suspend": permitted(Action.MANAGE),
    "everybody may say whom they act as": instead(
        "server.login._refused", lambda context, name, _, result=None: throttled(context, name, result)
    ),
    "nobody has to set up a second factor": instead("server.presence.must_set_up_first", always(False)),
    "the server's password is any": instead("server.presence.is_same_secret", always(True)),
    "no failure counts": instead("server.throttle.Window.count", always(None)),
}
"""What the server could do wrong: each has to be found."""

QUICKLY_FOUND = ("any password is right", "suspending ends no session", "everybody may register")
MOST = 2000
"""Within how many sequences."""


@pytest.mark.parametrize(
    "mistake", [pytest.param(one, marks=() if one in QUICKLY_FOUND else pytest.mark.slow) for one in MISTAKES]
)
def test_each_mistake_is_found(monkeypatch: pytest.MonkeyPatch, mistake: str) -> None:
    """Without this nobody would know that the sequences find anything."""
    MISTAKES[mistake](monkeypatch)
    with pytest.raises((BrokenPromiseError, FlakyFailure)) as found:
        play(MOST, Phase.generate)
    # A sequence that was found is played once more, with people who have done other things before: it may go well then.
    assert not isinstance(found.value, FlakyFailure) or found.value.subgroup(BrokenPromiseError) is not None
