"""Other programs log in by a certificate, as docs/other-clients.md says."""

from pathlib import Path

import pytest

from securechat.tls.client_certificates import issue_client_certificate
from tests.peers.programs import documented, needs
from tests.peers.weechat import WeeChat
from tests.process import QUICK, ServerProcess

pytestmark = pytest.mark.peers


@needs("weechat-headless", "tail")
def test_weechat_logs_in_by_a_certificate(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, QUICK) as server:
        server.add_account("wally")
        certificate, key = issue_client_certificate(tmp_path / "certs", "wally")
        both = tmp_path / "wally-both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        authority = tmp_path / "certs" / "ca.pem"
        settings = [
            line.replace("/path/wally-both.pem", str(both))
            for line in documented("WeeChat with a certificate", server.port, authority, "wally")
        ]
        with WeeChat(tmp_path / "weechat", server.port, authority, "wally", "external", settings) as weechat:
            weechat.server.wait("You are now logged in as wally")
            weechat.server.wait("SASL authentication successful")
            weechat.room.wait("wally")
            weechat.quit()
