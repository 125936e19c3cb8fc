"""A reader that stops reading is cut at its limit; nobody else waits for it."""

import time
from pathlib import Path

from tests.process import OPEN, RawClient, ServerProcess
from tests.system.load import ROOM

LIMIT = 65_536
"""Bytes that may wait for a client."""
RECEIVE_BUFFER = 4096
"""What the kernel takes for the slow reader."""
TEXT = "x" * 380
ROUND = 50
"""Messages that are said before the others are looked at."""
MOST_ROUNDS = 400
"""Far more bytes than the limit and all of the kernel's buffers."""
PROMPT_SECONDS = 2.0
"""In so much time a round reaches everybody, slow reader or not."""


def say_a_round(talker: RawClient, reader: RawClient, number: int, quits: list[str]) -> float:
    """Let everybody but the slow one take a round; return how long it took (s). Notes who went meanwhile."""
    started = time.monotonic()
    talker.send(*(f"PRIVMSG {ROOM} :{number}.{step} {TEXT}" for step in range(ROUND)))
    for client in (talker, reader):
        heard = client.until(rf" PRIVMSG {ROOM} :{number}\.{ROUND - 1} ")
        quits += [line for line in heard if " QUIT " in line]
        said = [line for line in heard if " PRIVMSG " in line]
        assert [line.split(" :")[1].split()[0] for line in said] == [f"{number}.{step}" for step in range(ROUND)]
    return time.monotonic() - started


def test_a_reader_that_stops_is_cut_and_the_others_get_everything_meanwhile(tmp_path: Path) -> None:
    configuration = OPEN.replace("[limits]", f"[limits]\nsend_queue_bytes = {LIMIT}")
    with ServerProcess(tmp_path, configuration) as server:
        talker = server.guest("talker", "echo-message")
        reader = server.guest("reader")
        slow = server.client(receive_buffer=RECEIVE_BUFFER)
        slow.register("slow")
        for client in (talker, reader, slow):
            client.ask(f"JOIN {ROOM}")
        rounds: list[float] = []
        quits: list[str] = []
        for number in range(MOST_ROUNDS):
            rounds.append(say_a_round(talker, reader, number, quits))
            if any("did not read" in str(record.get("message")) for record in server.log):
                break
        server.wait_for_log(f"Closing: It did not read: over {LIMIT} bytes were waiting for it")
        assert max(rounds) < PROMPT_SECONDS
        say_a_round(talker, reader, 1000, quits)
        assert len(quits) == 2
        assert all(line.startswith(":slow!") for line in quits)
        assert not any("slow" in line for line in talker.ask(f"NAMES {ROOM}"))
        got = [line for line in slow.end() if " PRIVMSG " in line]
        assert 0 < len(got) < len(rounds) * ROUND
        assert [line.split(" :")[1].split()[0] for line in got] == [
            f"{number}.{step}" for number in range(len(rounds)) for step in range(ROUND)
        ][: len(got)]


def test_who_reads_slowly_but_steadily_is_not_cut(tmp_path: Path) -> None:
    configuration = OPEN.replace("[limits]", f"[limits]\nsend_queue_bytes = {LIMIT}")
    with ServerProcess(tmp_path, configuration) as server:
        talker = server.guest("talker", "echo-message")
        steady = server.client(receive_buffer=RECEIVE_BUFFER)
        steady.register("steady")
        for client in (talker, steady):
            client.ask(f"JOIN {ROOM}")
        for number in range(20):
            say_a_round(talker, steady, number, [])
        assert not any("did not read" in str(record.get("message")) for record in server.log)


def test_an_answer_that_is_longer_than_the_limit_reaches_who_reads_it(tmp_path: Path) -> None:
    """The limit is for what piles up, not for what somebody has asked for and takes."""
    configuration = OPEN.replace("[limits]", f"[limits]\nsend_queue_bytes = {LIMIT}")
    with ServerProcess(tmp_path, configuration) as server, server.guest("asker") as asker:
        rooms = [f"#{number:03}-{'long-' * 11}" for number in range(400)]
        for start in range(0, len(rooms), 5):
            asker.ask(f"JOIN {','.join(rooms[start : start + 5])}")
        topic = "t" * 300
        asker.ask(*(f"TOPIC {room} :{topic}" for room in rooms))
        answers = asker.ask(*["LIST"] * 6)  # each as long as one answer may be: half of what may pile up
        listed = [line for line in answers if " 322 " in line]
        assert sum(len(line) for line in listed) > 2 * LIMIT
        assert len([line for line in answers if " 416 " in line]) == 6
