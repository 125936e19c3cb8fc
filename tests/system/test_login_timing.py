"""A login that fails tells nothing by what it says nor by how long it takes: no such name, wrong password,
suspended, wrong code.

Over verified TLS with a real server that hashes as it does by default. One connection tries all kinds in random order;
of two kinds, how well the time tells them apart is the area under the curve (0.5: not at all): the chance that a random
attempt of the one takes longer than one of the other.
"""

import base64
import functools
import itertools
import random
import re
import secrets
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.protocol import sasl
from securechat.protocol.sasl import ScramClient, format_plain
from securechat.server.one_time_codes import STEP_SECONDS, code_at
from tests.process import PASSWORD, RawClient, ServerProcess

ATTEMPTS = 300
"""Of each kind."""
LOWEST, HIGHEST = 0.42, 0.58
"""What the area under the curve may be."""
RUNS = 3
"""A busy machine may spoil a run: it may be repeated twice. What tells two kinds apart does so each time."""
CONFIGURATION = """
[limits]
connections_per_address = 0
connection_rate_per_address = 0
commands_per_second = 0
failed_logins_per_minute = 0
registration_seconds = 0
"""

WRONG_CODE = "000000"
"""Right once in a million times: so rarely that a run need not mind."""
KINDS = {
    "unknown": ("nobody", PASSWORD),
    "wrong": ("anna11", "wrong horse battery!!"),
    "suspended": ("boris1", PASSWORD),
    "wrong code": ("carla1", f"{PASSWORD} {WRONG_CODE}"),
}
"""Names of one length, and what is tried with them."""
Attempt = Callable[[RawClient, str, str], tuple[list[float], list[str]]]
"""Try to log in; returns the seconds until each answer, and the answers."""


def asked(client: RawClient, line: str) -> tuple[float, str]:
    """Send a line; return the seconds until its answer, and that."""
    begin = time.perf_counter()
    client.send(line)
    answer = next(client.lines())
    return time.perf_counter() - begin, answer


def encoded(data: bytes) -> str:
    return f"AUTHENTICATE {base64.b64encode(data).decode()}"


def by_plain(client: RawClient, name: str, password: str) -> tuple[list[float], list[str]]:
    client.send("AUTHENTICATE PLAIN")
    next(client.lines())
    seconds, answer = asked(client, encoded(format_plain(name, password)))
    return [seconds], [answer]


def by_scram(client: RawClient, name: str, given: str) -> tuple[list[float], list[str]]:
    """The times of challenge and refusal. Everybody sends a code: who tries does not know whether one is needed."""
    scram = ScramClient(name, given.removesuffix(f" {WRONG_CODE}"), secrets.token_hex(12), WRONG_CODE)
    client.send("AUTHENTICATE SCRAM-SHA-256")
    next(client.lines())
    first, challenge = asked(client, encoded(scram.first()))
    data = base64.b64decode(challenge.partition(" ")[2].partition(" ")[2])
    final = encoded(scram.final(data))
    second, answer = asked(client, final)
    fields = data.decode().split(",")
    shape = ",".join(field if field.startswith("i=") else f"{field[:2]}{len(field)}" for field in fields)
    return [first, second], [shape, answer]


WAYS: dict[str, Attempt] = {"PLAIN": by_plain, "SCRAM-SHA-256": by_scram}


def area_under_curve(ones: list[float], others: list[float]) -> float:
    """The chance that one of the first takes longer than one of the others, by ranks (Mann-Whitney U)."""
    ranked = sorted([(value, True) for value in ones] + [(value, False) for value in others])
    ranks = sum(rank for rank, (_, first) in enumerate(ranked, 1) if first)
    return (ranks - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))


def measured(
    client: RawClient, attempt: Attempt, count: int
) -> tuple[dict[str, list[list[float]]], dict[str, set[str]]]:
    """Try each kind `count` times in random order; return the times of each step, and the different answers."""
    order = [kind for kind in KINDS for _ in range(count)]
    random.shuffle(order)
    times: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    answers: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kind in order:
        seconds, said = attempt(client, *KINDS[kind])
        times[kind].append(seconds)
        answers[kind].update(said)
    return times, answers


def set_up_second_factor(server: ServerProcess) -> None:
    server.add_account("carla1")
    with server.member("carla1") as carla:
        secret = re.search("secret=([A-Z2-7]+)", str(carla.ask(f"TOTP SETUP :{PASSWORD}")))
        assert secret is not None
        key = base64.b32decode(secret[1] + "=" * (-len(secret[1]) % 8))
        code = code_at(key, int(time.time()) // STEP_SECONDS)
        assert "TOTP TOTP_CONFIRMED" in str(carla.ask(f"TOTP CONFIRM {code}"))


def prepare(server: ServerProcess) -> RawClient:
    """Make the accounts; return a connection that may log in."""
    for name in ("anna11", "boris1"):
        server.add_account(name)
    run = server.admin("user", "suspend", "boris1")
    assert run.returncode == 0, run.stderr
    set_up_second_factor(server)
    client = server.client()
    client.send("CAP REQ sasl")
    client.until(" ACK ")
    return client


@pytest.fixture(autouse=True)
def derive_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own work is no part of this, and would take minutes."""
    monkeypatch.setattr(sasl, "_keys", functools.cache(sasl._keys))


@pytest.mark.parametrize("way", WAYS)
def test_a_failed_login_says_the_same_whatever_was_wrong(tmp_path: Path, way: str) -> None:
    with ServerProcess(tmp_path, CONFIGURATION) as server:
        _, answers = measured(prepare(server), WAYS[way], 2)
    assert all(answers[kind] == answers["unknown"] for kind in KINDS)
    assert any(" 904 " in one for one in answers["unknown"])


def test_the_area_under_the_curve() -> None:
    assert area_under_curve([3, 4], [1, 2]) == 1
    assert area_under_curve([1, 2], [3, 4]) == 0
    assert area_under_curve([1, 4], [2, 3]) == 0.5


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", WAYS)
def test_a_failed_login_takes_as_long_whatever_was_wrong(tmp_path: Path, way: str) -> None:
    with ServerProcess(tmp_path, CONFIGURATION) as server:
        client = prepare(server)
        measured(client, WAYS[way], 10)  # warm
        for _ in range(RUNS):
            times, _ = measured(client, WAYS[way], ATTEMPTS)
            steps = range(len(times["unknown"][0]))
            areas = {
                (one, other, step): area_under_curve([t[step] for t in times[one]], [t[step] for t in times[other]])
                for one, other in itertools.combinations(KINDS, 2)
                for step in steps
            }
            for step in steps:
                print(
                    way,
                    step,
                    {kind: f"{statistics.median(t[step] for t in times[kind]) * 1000:.3f} ms" for kind in KINDS},
                )
            print({" / ".join(map(str, key)): round(area, 3) for key, area in areas.items()})
            if all(LOWEST <= area <= HIGHEST for area in areas.values()):
                return
    pytest.fail(f"the time tells in each of {RUNS} runs: {areas}")
