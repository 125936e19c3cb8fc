"""Clients that go: what they said before counts, and who does not let go costs nothing."""

import contextlib
from pathlib import Path

import pytest

from tests.process import OPEN, ServerProcess
from tests.system.load import ROOM

RECORD = 16_384
"""Bytes of a full TLS record: the server reads so much at once."""
LINE = 128
TEXT = "x" * 380
IDLE_SECONDS = 0.3
"""Processor time that a connection may cost in the seconds until it is given up."""


def test_lines_right_before_the_end_count(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        witness, hasty = server.guest("witness"), server.guest("hasty")
        for client in (witness, hasty):
            client.ask(f"JOIN {ROOM}")
        count = 2 * RECORD // LINE  # only full records, so that the end is found by the same series of reads
        lines = [f"PRIVMSG {ROOM} :{number} ".ljust(LINE - 2, "x") for number in range(count)]
        with server.frozen():
            hasty.send(*lines)
            hasty.socket.settimeout(0)
            with contextlib.suppress(OSError):  # it would wait for the server's goodbye
                hasty.socket.unwrap()
            hasty.close()
        said = [line for line in witness.until("^:hasty!.* QUIT ") if " PRIVMSG " in line]
        assert [int(line.split(" :")[1].split()[0]) for line in said] == list(range(count))


@pytest.mark.slow
def test_a_client_that_is_closed_and_neither_reads_nor_stops_sending_costs_nothing(tmp_path: Path) -> None:
    configuration = OPEN.replace("[limits]", "[limits]\nsend_queue_bytes = 0")
    with ServerProcess(tmp_path, configuration) as server:
        talker = server.guest("talker", "echo-message")
        greedy = server.client(receive_buffer=4096)
        greedy.register("greedy", "draft/chathistory batch")
        for client in (talker, greedy):
            client.ask(f"JOIN {ROOM}")
        talker.ask(*(f"PRIVMSG {ROOM} :{TEXT}" for _ in range(100)))
        greedy.send(*(f"CHATHISTORY LATEST {ROOM} * 100" for _ in range(190)))  # more than any buffer of a kernel
        greedy.send("QUIT")
        server.wait_for_log("Closing: Quit")
        greedy.send("PING still-here")
        before = server.cpu_seconds()
        server.wait_for_log("Closing: It did not take its last lines")
        assert server.cpu_seconds() - before < IDLE_SECONDS
