"""A bug in something that a session does later ends that session, and nothing else."""

from pathlib import Path

import pytest

from tests.server.harness import Harness, running


def test_a_bug_after_a_workers_answer_ends_only_that_session(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(tmp_path) as harness:
        alice, bob = harness.members_of("#tea", "alice", "bob")
        _break_history(harness)
        alice.sends("CHATHISTORY LATEST #tea * 10")
        assert alice.outlet.closed == "Internal error: the administrator finds it in the server's log"
        assert alice.received()[-1].startswith("ERROR :Closing link: (Internal error")
        bob.sends("PRIVMSG #tea :still here", "PING 1")
        assert bob.received()[-1].endswith("PONG chat.test 1")
        assert "Bug while going on with CHATHISTORY" in caplog.text


def _break_history(harness: Harness) -> None:
    """Let the answer to a page of history run into a bug."""
    harness.account("anna")

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(f"broken on purpose: {name}")

    harness.hub.renderer = Broken()  # type: ignore[assignment]
