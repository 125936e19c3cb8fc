"""STS over real TLS (extensions/sts): the policy is for those who asked for the host by its name."""

from pathlib import Path

from tests.process import QUICK, ServerProcess


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
