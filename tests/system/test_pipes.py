"""securechat-client in pipes of a shell, with a real server: what comes out, what is in history, and the exit codes."""

import json
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.programs import CLIENT, client_environment
from tests.process import DEADLINE, OPEN, PASSWORD, ServerProcess
from tests.system.cut_link import CutLink
from tests.system.load import ROOM, history_of

TIMEOUT_SECONDS = 3
"""What `--timeout` is set to where no answer comes."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), OPEN) as server:
        for name in ("piper", "auditor"):
            server.sign_up(name)
        yield server


def client(server: ServerProcess, *arguments: str, room: str = ROOM, port: int = 0) -> str:
    """The client's command as the shell takes it; what `arguments` say has the last word."""
    authority = str(server.folder / "certs" / "ca.pem")
    words = [*CLIENT, "--room", room, "--user", "piper", "--ca", authority, *arguments]
    return shlex.join([*words, f"localhost:{port or server.port}"])


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a pipeline; its code is that of the last command that failed."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env=client_environment(folder, **environment),
        timeout=3 * DEADLINE,
    )


def test_a_thousand_lines_are_in_history_in_order(server: ServerProcess, tmp_path: Path) -> None:
    result = shell(f"seq 1000 | {client(server)}", tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert [text for _id, text in history_of(server, "auditor")][-1000:] == [str(number) for number in range(1, 1001)]


def test_the_tail_is_five_objects_and_nothing_else(server: ServerProcess, tmp_path: Path) -> None:
    result = shell(f"seq 7 | {client(server)} && {client(server, '--tail', '5', '--json')}", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["3", "4", "5", "6", "7"]


@pytest.mark.parametrize("reading", [["--tail", "500"], ["--tail", "500", "--json"], ["--since", "1h"]])
def test_a_reader_that_has_enough_ends_it_quietly(server: ServerProcess, tmp_path: Path, reading: list[str]) -> None:
    result = shell(f"seq 600 | {client(server)} && {client(server, *reading)} | head -1", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1


def test_a_follower_whose_reader_goes_ends_quietly(server: ServerProcess, tmp_path: Path) -> None:
    follow = client(server, "--tail", "1", "--follow")
    with subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", f"{follow} | head -1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=client_environment(tmp_path),
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert shell(f"echo nobody reads this | {client(server)}", tmp_path).returncode == 0
        _output, told = process.communicate(timeout=DEADLINE)
        assert (process.returncode, told) == (0, "")


def test_what_is_piped_out_can_be_piped_in(server: ServerProcess, tmp_path: Path) -> None:
    """Text with every trap of a shell and of a terminal comes through as it was."""
    text = "tab\there, «кавычки», 'quotes', \\backslash, $HOME, 🦊, /not-a-command"
    result = shell(
        f"printf '%s\\n' {shlex.quote(text)} | {client(server)} && {client(server, '--tail', '1', '--json')}", tmp_path
    )
    assert json.loads(result.stdout)["text"] == text


def test_what_was_closed_by_the_shell_is_empty(server: ServerProcess, tmp_path: Path) -> None:
    assert shell(f"echo heard | {client(server)}", tmp_path).returncode == 0
    result = shell(f"{client(server, '--tail', '1', '--json')} <&-", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["text"] == "heard"
    for command in (f"{client(server)} <&-", f"{client(server, '--tail', '1')} >&-"):
        result = shell(command, tmp_path)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_full_disk_is_told_in_one_line(server: ServerProcess, tmp_path: Path) -> None:
    assert shell(f"echo heard | {client(server)}", tmp_path).returncode == 0
    for arguments in (["--tail", "1"], ["--print-config"]):
        result = shell(f"{client(server, *arguments)} > /dev/full", tmp_path)
        assert result.stderr == "securechat-client: Cannot write: No space left on device\n"
        assert result.returncode == 1


def test_since_before_there_was_any_server_is_everything(server: ServerProcess, tmp_path: Path) -> None:
    result = shell(f"echo first | {client(server)} && {client(server, '--since', '99999w')} | tail -1", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("first\n")


def test_a_page_that_the_server_cuts_short_is_not_the_last(tmp_path: Path) -> None:
    """An answer has to fit into half of the queue of a connection (`send_queue_bytes`), so a page may be shorter."""
    folder = tmp_path / "server"
    folder.mkdir()
    table = "[limits]\n"
    small = f"{table}send_queue_bytes = 8192\n"
    with ServerProcess(folder, OPEN.replace(table, small) if table in OPEN else f"{OPEN}\n{small}") as server:
        server.sign_up("piper")
        for reading in (["--since", "1h"], ["--tail", "120"]):
            result = shell(f"seq 120 | {client(server)} && {client(server, *reading)}", tmp_path)
            assert (result.returncode, result.stderr) == (0, "")
            texts = [line.rpartition(" ")[2] for line in result.stdout.splitlines()]
            assert texts[-120:] == [str(number) for number in range(1, 121)]


# --- the exit codes: each by the shortest way to it ---


def test_code_0_and_1(server: ServerProcess, tmp_path: Path) -> None:
    assert shell(f"echo done | {client(server)}", tmp_path).returncode == 0
    damaged = tmp_path / "state" / "securechat" / "known_servers.json"
    damaged.write_text("{broken")
    result = shell(f"echo x | {client(server)}", tmp_path)
    assert (result.returncode, "is damaged" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (["--tail", "none"], {}, 2, "is not a number"),
        (["--no-such-flag"], {}, 2, "unrecognized arguments"),
        (["--ca", "nowhere.pem"], {}, 4, "Cannot read the CA file"),
        ([], {"SECURECHAT_PASSWORD": "wrong"}, 5, "Name or password is wrong"),
        (["--user", "stranger"], {}, 5, "Name or password is wrong"),
        (["--room", "no room"], {}, 2, "cannot be the name of a room"),
    ],
)
def test_what_is_refused_has_its_code(
    server: ServerProcess, tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, words: str
) -> None:
    result = shell(f"echo x | {client(server, *arguments)}", tmp_path, **environment)
    assert (result.returncode, result.stdout) == (code, ""), result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_code_3_with_the_server_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with ServerProcess(folder, OPEN) as server:
        command = client(server, "--timeout", str(TIMEOUT_SECONDS))
    begin = time.monotonic()
    result = shell(f"seq 1000 | {command}", tmp_path)
    assert (result.returncode, result.stdout) == (3, "")
    assert "Cannot connect to localhost" in result.stderr
    assert time.monotonic() - begin < TIMEOUT_SECONDS + 2


def test_code_3_with_a_server_that_does_not_answer(server: ServerProcess, tmp_path: Path) -> None:
    command = client(server, "--timeout", str(TIMEOUT_SECONDS))
    with server.frozen():
        begin = time.monotonic()
        result = shell(f"echo x | {command}", tmp_path)
        assert (result.returncode, result.stdout) == (3, "")
        assert time.monotonic() - begin < TIMEOUT_SECONDS + 5
    assert "did not answer" in result.stderr


def test_code_4_with_another_server_in_its_place(server: ServerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with ServerProcess(folder, OPEN) as other:
        result = shell(f"echo x | {client(server, port=other.port)}", tmp_path)
    assert (result.returncode, result.stdout) == (4, "")
    assert PASSWORD not in result.stderr


def test_code_6_without_the_right_to_speak(server: ServerProcess, tmp_path: Path) -> None:
    with server.member("auditor") as auditor:
        auditor.ask("JOIN #quiet", "MODE #quiet +m")
        result = shell(f"echo x | {client(server, room='quiet')}", tmp_path)
    assert result.returncode == 6, result.stderr


def test_code_7_when_the_link_goes_and_does_not_come_back(server: ServerProcess, tmp_path: Path) -> None:
    with CutLink(server.port) as link:
        command = client(server, "--timeout", str(TIMEOUT_SECONDS), port=link.port)
        with (
            subprocess.Popen(
                shlex.split(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env=client_environment(tmp_path),
            ) as process,
            server.member("auditor") as auditor,
        ):
            assert process.stdin is not None
            auditor.ask(f"JOIN {ROOM}")
            process.stdin.write("the first\n")
            process.stdin.flush()
            auditor.until("the first")
            with link.down():
                output, told = process.communicate("the second\n", timeout=DEADLINE)
        assert (process.returncode, output) == (7, "")
        assert "did not confirm the message within 3 seconds" in told


def test_code_130_by_ctrl_c(server: ServerProcess, tmp_path: Path) -> None:
    with subprocess.Popen(
        shlex.split(client(server, "--tail", "1", "--follow")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=client_environment(tmp_path),
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _output, told = process.communicate(timeout=DEADLINE)
        assert (process.returncode, told) == (130, "")
