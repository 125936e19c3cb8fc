"""A banned address is refused before TLS, and nobody else."""

import socket
from pathlib import Path

from securechat.domain.server_bans import ServerBan
from securechat.storage.engine import open_database
from tests.process import DEADLINE, ELSEWHERE, OPEN, ServerProcess


def test_a_banned_address_does_not_get_to_its_handshake(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        server.stop()
    database = open_database(f"sqlite:///{tmp_path / 'securechat.db'}")
    database.lock()
    database.write(lambda unit: unit.server_rules.add_ban(ServerBan("127.0.0.8/31", "anna", 1)))
    database.close()
    with ServerProcess(tmp_path, OPEN) as server:
        with socket.create_connection(("127.0.0.1", server.port), DEADLINE, (ELSEWHERE, 0)) as banned:
            assert banned.recv(1) == b""
        assert server.guest("anna").ask("PING x")
