"""Nothing is stored in a conversation whose making failed."""

from pathlib import Path

from tests.server.harness import MODERN, running

PASSWORD = "correct horse"


def test_a_message_that_follows_a_conversation_that_failed_is_refused(tmp_path: Path) -> None:
    """Its author is told, instead of being shown a message that history can never find again."""
    with running(tmp_path) as harness:
        for name in ("anna", "bob"):
            harness.account(name, PASSWORD)
        anna = harness.person("anna", MODERN, password=PASSWORD)
        with harness.one_batch(fails=True):
            anna.sends_unsettled(b"@label=a PRIVMSG bob :first\r\n")
        anna.sends_unsettled(b"@label=b PRIVMSG bob :second\r\n")  # the hub has not heard of the failure yet
        harness.settle()
        assert [line.split(" ")[2] for line in anna.received()] == ["FAIL", "FAIL"]
        anna.sends("PRIVMSG bob :third")
        anna.received()
        anna.sends("CHATHISTORY LATEST bob * 10")
        assert [line.rpartition(":")[2] for line in anna.bodies() if "PRIVMSG" in line] == ["third"]
