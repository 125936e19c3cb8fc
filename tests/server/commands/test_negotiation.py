"""CAP (extensions/capability-negotiation)."""

from pathlib import Path

import pytest

from securechat.protocol.capabilities import ALL_MASK, STS, by_name, names_of
from tests.server.harness import Harness, Person, running

SERVER = ":chat.test"


def test_ls_302_names_everything_with_values(harness: Harness) -> None:
    one = harness.connection()
    lines = [line.partition(" :")[::2] for line in one.answers("CAP LS 302")]
    # All but the last say by a `*` that more follows.
    assert [head for head, _ in lines] == [f"{SERVER} CAP * LS *"] * (len(lines) - 1) + [f"{SERVER} CAP * LS"]
    offered = dict(word.partition("=")[::2] for _, words in lines for word in words.split())
    assert list(offered) == names_of(ALL_MASK & ~STS.bit)
    assert offered["sasl"] == "PLAIN,SCRAM-SHA-256"
    assert offered["draft/account-registration"] == "before-connect,custom-account-name"


@pytest.mark.parametrize("version", ["", " 301", " x", " ²"])
def test_an_older_client_gets_no_values(harness: Harness, version: str) -> None:
    (line,) = harness.connection().answers(f"CAP LS{version}")
    assert "=" not in line
    assert sorted(line.partition(" :")[2].split()) == sorted(names_of(ALL_MASK & ~STS.bit))


def test_a_later_version_counts_as_302_and_brings_cap_notify(harness: Harness) -> None:
    one = harness.connection()
    one.sends("CAP LS 307")
    one.received()
    assert one.answers("CAP LIST") == [f"{SERVER} CAP * LIST :cap-notify"]


def test_an_older_client_may_ask_for_cap_notify(harness: Harness) -> None:
    one = harness.connection()
    assert one.answers("CAP REQ cap-notify") == [f"{SERVER} CAP * ACK :cap-notify"]
    assert one.answers("CAP LIST") == [f"{SERVER} CAP * LIST :cap-notify"]


def test_registration_is_not_offered_when_it_is_closed(tmp_path: Path) -> None:
    with running(tmp_path, access__registration="closed") as harness:
        one = harness.connection()
        assert "account-registration" not in one.answers("CAP LS 302")[0]
        assert one.answers("CAP REQ draft/account-registration") == [f"{SERVER} CAP * NAK :draft/account-registration"]


def test_registration_after_connecting_only_is_told(tmp_path: Path) -> None:
    with running(tmp_path, accounts__register_before_connect=False) as harness:
        assert "draft/account-registration=custom-account-name" in harness.connection().answers("CAP LS 302")[0]


def test_req_is_all_or_nothing_and_is_repeated_unchanged(harness: Harness) -> None:
    one = harness.connection()
    assert one.answers("CAP REQ :batch no-such server-time") == [f"{SERVER} CAP * NAK :batch no-such server-time"]
    assert one.answers("CAP LIST") == [f"{SERVER} CAP * LIST :"]
    assert one.answers("CAP REQ :server-time  batch ") == [f"{SERVER} CAP * ACK :server-time  batch "]
    assert one.answers("CAP LIST") == [f"{SERVER} CAP * LIST :server-time batch"]
    assert one.answers("CAP REQ :-batch echo-message") == [f"{SERVER} CAP * ACK :-batch echo-message"]
    assert one.answers("CAP LIST") == [f"{SERVER} CAP * LIST :server-time echo-message"]


def test_a_request_as_long_as_a_line_is_answered_within_lines(harness: Harness) -> None:
    one = harness.connection()
    wanted = " ".join(["server-time"] * 41)
    lines = one.answers(f"CAP REQ :{wanted}")
    assert all(len(line.encode()) <= 510 for line in lines)
    assert " ".join(line.partition(" ACK :")[2] for line in lines) == wanted
    assert one.session.capabilities == by_name["server-time"].bit

    nonsense = "я" * 250
    lines = one.answers(f"CAP REQ :{nonsense}")
    assert all(len(line.encode()) <= 510 for line in lines)
    assert "".join(line.partition(" NAK :")[2] for line in lines) == nonsense


def test_an_empty_request_changes_nothing(harness: Harness) -> None:
    one = harness.connection()
    assert one.answers("CAP REQ :") == [f"{SERVER} CAP * ACK :"]
    assert one.answers("CAP REQ") == [f"{SERVER} CAP * ACK :"]
    assert one.session.capabilities == 0


def test_unknown_and_missing_subcommands(harness: Harness) -> None:
    one = harness.connection()
    assert one.answers("CAP SING") == [f"{SERVER} 410 * SING :Invalid CAP command"]
    assert one.answers("CAP") == [f"{SERVER} 461 * CAP :Not enough parameters"]
    assert one.answers("CAP :") == [f"{SERVER} 461 * CAP :Not enough parameters"]


@pytest.mark.parametrize("begin", ["CAP LS 302", "CAP LS", "CAP REQ :batch", "CAP REQ :no-such"])
def test_registration_waits_for_cap_end(harness: Harness, begin: str) -> None:
    one = harness.connection()
    one.sends(begin, "NICK alice", "USER alice 0 * :Alice")
    assert "001" not in one.codes()
    one.sends("CAP END")
    assert one.codes()[0] == "001"


def test_listing_and_ending_without_negotiation_hold_nothing_back(harness: Harness) -> None:
    one = harness.connection()
    one.sends("CAP LIST", "CAP END", "NICK alice", "USER alice 0 * :Alice")
    assert "001" in one.codes()


def test_capabilities_change_in_the_middle_of_a_room(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    assert bob.answers("CAP REQ :server-time message-tags") == [f"{SERVER} CAP bob ACK :server-time message-tags"]
    assert bob.answers("CAP END") == []
    alice.sends("PRIVMSG #tea :one")
    (line,) = bob.received()
    assert line.startswith("@time=")
    assert ";msgid=" in line
    bob.sends("CAP REQ :-server-time -message-tags")
    bob.received()
    alice.sends("PRIVMSG #tea :two")
    assert bob.received() == [":alice!alice@securechat PRIVMSG #tea :two"]


def policy_for(one: Person, host: str, ls: str = "CAP LS 302") -> str:
    """The word `sts` in the list of capabilities for who asked for `host`; empty: there is none."""
    one.session.asked_host = host
    words = [word.removeprefix(":") for line in one.answers(ls) for word in line.split()]
    return next((word for word in words if word.partition("=")[0] == "sts"), "")


def test_sts_is_told_to_those_who_asked_for_a_name_that_has_it(tmp_path: Path) -> None:
    with running(tmp_path, tls__sts_names=["Chat.Test"], tls__sts_seconds=600) as harness:
        assert policy_for(harness.connection(), "CHAT.test") == "sts=duration=600"
        assert policy_for(harness.connection(), "chat.test", "CAP LS") == ""  # its value is required
        for host in ("", "other.test", "192.0.2.1"):
            assert policy_for(harness.connection(), host) == ""


def test_sts_cannot_be_requested(tmp_path: Path) -> None:
    with running(tmp_path, tls__sts_names=["chat.test"]) as harness:
        one = harness.connection()
        assert policy_for(one, "chat.test") == "sts=duration=2592000"
        for request in ("sts", "batch sts", "-sts"):
            assert one.answers(f"CAP REQ :{request}") == [f"{SERVER} CAP * NAK :{request}"]
        assert one.answers("CAP LIST") == [f"{SERVER} CAP * LIST :cap-notify"]


def test_sts_is_off_unless_it_is_turned_on_and_can_be_taken_back(harness: Harness, tmp_path: Path) -> None:
    assert policy_for(harness.connection(), "chat.test") == ""
    (tmp_path / "other").mkdir()
    with running(tmp_path / "other", tls__sts_names=["chat.test"], tls__sts_seconds=0) as other:
        assert policy_for(other.connection(), "chat.test") == "sts=duration=0"


def test_cap_notify_stays_on_with_version_302(harness: Harness) -> None:
    one = harness.connection()
    one.sends("CAP LS 302")
    one.received()
    assert one.answers("CAP REQ :-cap-notify") == [":chat.test CAP * ACK :-cap-notify"]
    assert one.answers("CAP LIST") == [":chat.test CAP * LIST :cap-notify"]
    other = harness.connection()
    other.sends("CAP REQ :cap-notify", "CAP REQ :-cap-notify")
    other.received()
    assert other.answers("CAP LIST") == [":chat.test CAP * LIST :"]


@pytest.mark.parametrize("version", ["", " 302"])
def test_lists_fit_behind_the_longest_names(tmp_path: Path, version: str) -> None:
    with running(tmp_path, server__name=f"{'a' * 50}.example.org") as harness:
        one = harness.connection()
        one.sends("CAP LS", f"NICK {'𐐀' * 32}")
        one.received()
        lines = one.answers(f"CAP LS{version}")
        assert all(len(line.encode()) <= 510 for line in lines)
        assert (len(lines) > 1) is bool(version)
