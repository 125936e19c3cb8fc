"""What is sent again over a new link, and what is not because it might be done twice."""

import pytest

from securechat.client.errors import CannotConnect, ClientError
from securechat.client.repeating import may_repeat
from securechat.client.requests import Request
from tests.client.harness import Harness


@pytest.mark.parametrize(
    "line",
    [
        "LIST",
        "whois bob",
        "MODE #tea",
        "TOPIC #tea",
        "JOIN #tea",
        "AWAY tea",
        "CHATHISTORY LATEST #tea * 5",
        "INVITES LIST #tea",
        "TOTP status",
        "SESSIONS LIST",
        "ROLE #tea bob",
        "METADATA #tea GET avatar",
        "REPORT LIST",
    ],
)
def test_what_only_asks_or_changes_nothing_more_is_repeated(line: str) -> None:
    command, *params = line.split()
    assert may_repeat(command, params)


@pytest.mark.parametrize(
    "line",
    [
        "PRIVMSG #tea hello",
        "notice #tea hello",
        "TAGMSG #tea",
        "INVITES CREATE #tea 1 1h",
        "INVITES REVOKE 3",
        "APPPASSWORD ADD phone secret",
        "PASSWD NEW secret",
        "TOTP CONFIRM 123456",
        "REGISTER * * secret",
        "REPORT e-1 spam",
        "KICK #tea bob",
        "RENAME #tea #coffee",
        "MODE #tea +m",
        "TOPIC #tea green",
        "ROLE #tea bob reader",
        "BAN #tea bob",
        "METADATA #tea SET avatar x",
        "METADATA",
        "INVITES",
        "OF-ANOTHER-SERVER x",
    ],
)
def test_what_may_be_done_twice_is_not(line: str) -> None:
    command, *params = line.split()
    assert not may_repeat(command, params)


def test_who_waits_for_it_is_told_that_nobody_knows_whether_it_was_done() -> None:
    harness = Harness()
    harness.logs_in("#tea")
    failures: list[ClientError] = []
    harness.session.ask(Request("INVITES", ["CREATE", "#tea"], lambda lines: None, failures.append))
    harness.session.ask(Request("INVITES", ["LIST", "#tea"], lambda lines: None, failures.append))
    harness.sent()
    harness.session.lost("cut")
    (failure,) = failures
    assert isinstance(failure, CannotConnect)
    assert str(failure) == ("The link was lost before the server answered: it is not known whether INVITES was done.")
    harness.session.ask(Request("KICK", ["#tea", "bob"], lambda lines: None, failures.append))  # never sent so far
    harness.logs_in("#tea")
    sent = [line.partition(" ")[2] for line in harness.sent() if line.startswith("@label")]
    assert [line for line in sent if line.startswith(("INVITES", "KICK"))] == ["INVITES LIST #tea", "KICK #tea bob"]
