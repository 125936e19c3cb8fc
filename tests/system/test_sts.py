"""STS over real TLS (extensions/sts): the policy is for those who asked for the host by its name."""

import subprocess
from pathlib import Path

from tests.process import DEADLINE, QUICK, ServerProcess


def offered(server: ServerProcess, host: str) -> list[str]:
    """The words of CAP LS for a client that asked for `host`."""
    with server.client(host) as client:
        return " ".join(client.ask("CAP LS 302")).split()


def test_the_name_of_the_handshake_counts(tmp_path: Path) -> None:
    settings = f'{QUICK}\n[tls]\nsts_names = ["localhost"]\nsts_seconds = 86400\n'
    with ServerProcess(tmp_path, settings) as server:
        assert "sts=duration=86400" in offered(server, "localhost")
        # Python names no address in the handshake, as RFC 6066 wants it.
        assert not any(word.startswith("sts") for word in offered(server, "127.0.0.1"))


def test_a_name_that_is_not_ascii_is_one_line_of_the_log(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, f'[tls]\nsts_names = ["chat.example.org"]\n{QUICK}') as server:
        subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", b"caf\xe9.example"],
            input=b"",
            capture_output=True,
            timeout=DEADLINE,
        )
        server.wait_for_log("UnicodeDecodeError")
        with server.client() as one:
            assert one.ask("CAP LS 302")
    assert all("level" in record for record in server.log if "Stopped" not in record["message"])
    assert not any("traceback" in record for record in server.log)
