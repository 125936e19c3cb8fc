"""Bans from the whole server."""

import pytest

from securechat.domain.server_bans import ServerBan, ServerBans, keeps_out, parse_target


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ("Spam*", "spam*"),
        ("?ob", "?ob"),
    ],
)
def test_targets(written: str, target: str) -> None:
    assert parse_target(written) == target
    assert parse_target(target) == target


@pytest.mark.parametrize(
    "text",
    ["", "*", "?*", "a b", "a!b@c", "#tea", "192.0.2.0/33", "2001:db8::/x", "x" * 65, "a,b", "300.1.1.1", "192.0.2.*"],
)
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|means everybody"):
        parse_target(text)


def test_addresses_and_networks() -> None:
    exact, network = ServerBan("192.0.2.7", "x", 1), ServerBan("198.51.100.0/24", "x", 1, expires=100)
    six = ServerBan("2001:db8::/32", "x", 1)
    bans = ServerBans([exact, network, six])
    assert bans.of_address("192.0.2.7", 50) is bans.of_address("::ffff:192.0.2.7", 50) is exact
    assert bans.of_address("192.0.2.8", 50) is None
    assert bans.of_address("198.51.100.200", 99) is network
    assert bans.of_address("198.51.100.200", 100) is None
    assert bans.of_address("2001:db8:ffff::1", 50) is six
    assert bans.of_address("2001:db9::1", 50) is None
    assert bans.of_address("no address", 50) is None
    assert bans.of_nick("192.0.2.7", 50) is None
    assert ServerBans().of_address("192.0.2.7", 50) is None


def test_nicks() -> None:
    ban = ServerBan("spam*", "x", 1, expires=100)
    bans = ServerBans([ban])
    assert bans.of_nick("SPAMMER", 99) is ban
    assert bans.of_nick("spammer", 100) is None
    assert bans.of_nick("eggs", 99) is None
    assert bans.of_address("192.0.2.7", 99) is None
    assert ServerBans().of_nick("spammer", 99) is None


@pytest.mark.parametrize(
    ("target", "kept_out"),
    [
        ("127.0.0.0/16", "127.0.0.0/8"),
        ("0.0.0.0/0", "127.0.0.0/8"),
        ("::/0", "::1/128"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.0/24", "192.0.2.7/32"),
        ("2001:db8::5", "2001:db8::/64"),
        ("198.51.100.1", ""),
        ("r??t", "root"),
        ("spam*", ""),
    ],
)
def test_whom_a_ban_would_keep_out(target: str, kept_out: str) -> None:
    assert keeps_out(target, ["192.0.2.7", "2001:db8::/64"], ["root"]) == kept_out
