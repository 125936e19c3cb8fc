"""How many connections an address may have, and how often it may come."""

from securechat.server.admission import RATE_SECONDS, Admission


def test_so_many_at_once() -> None:
    admission = Admission(most_at_once=2, most_in_ten_minutes=0)
    assert [admission.admit("a", 0) for _ in range(2)] == ["", ""]
    assert admission.admit("a", 0) == "More than 2 connections from your address; close one first"
    assert admission.admit("b", 0) == ""


def test_a_refused_connection_counts_until_it_is_released() -> None:
    admission = Admission(most_at_once=1, most_in_ten_minutes=0)
    assert admission.admit("a", 0) == ""
    assert admission.admit("a", 0) != ""
    admission.released("a")
    assert admission.admit("a", 0) != ""
    admission.released("a")
    admission.released("a")
    assert admission.admit("a", 0) == ""


def test_so_many_in_ten_minutes() -> None:
    admission = Admission(most_at_once=0, most_in_ten_minutes=2)
    for moment in (0, 100):
        assert admission.admit("a", moment) == ""
        admission.released("a")
    refusal = admission.admit("a", 150.5)
    assert refusal.startswith("More than 2 new connections from your address in 10 minutes; try again in 450 seconds")
    admission.released("a")
    assert admission.admit("a", RATE_SECONDS) == ""


def test_a_refused_connection_does_not_put_off_the_next_try() -> None:
    admission = Admission(most_at_once=0, most_in_ten_minutes=1)
    assert admission.admit("a", 0) == ""
    for moment in range(1, 600, 50):
        assert admission.admit("a", moment) != ""
        admission.released("a")
    assert admission.admit("a", RATE_SECONDS) == ""


def test_zero_is_no_limit_and_too_many_releases_do_no_harm() -> None:
    admission = Admission(0, 0)
    assert all(admission.admit("a", 0) == "" for _ in range(1000))
    limited = Admission(1, 0)
    limited.released("a")
    limited.released("a")
    assert limited.admit("a", 0) == ""
    assert limited.admit("a", 0) != ""


def test_it_is_full_when_the_machine_bears_no_more() -> None:
    admission = Admission(0, 0, most_in_all=2)
    for address in ("a", "b"):
        assert not admission.is_full
        assert admission.admit(address, 0) == ""
    assert admission.is_full
    admission.released("c")  # nobody of that address is there
    assert admission.is_full
    admission.released("b")
    assert not admission.is_full
    assert not Admission(0, 0).is_full


def test_addresses_of_one_ipv6_network_are_counted_together() -> None:
    """Who has one address of a /64 has all of them."""
    admission = Admission(1, 0)
    assert admission.admit("2001:db8::1", 0.0) == ""
    assert admission.admit("2001:db8::ffff:2", 0.0)
    assert admission.admit("2001:db8:0:1::1", 0.0) == ""
    admission.released("2001:db8::ffff:2")
    admission.released("2001:db8::1")
    assert admission.admit("2001:db8::3", 0.0) == ""
