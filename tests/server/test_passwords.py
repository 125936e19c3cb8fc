"""Passwords: the rules, both stored forms, upgrades, dummies, and what is refused."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from securechat.domain.account import Credentials
from securechat.protocol.sasl import ScramClient, ScramRefused, ScramServer, derive_scram
from securechat.server.common_passwords import common_passwords, is_common
from securechat.server.configuration import Accounts
from securechat.server.passwords import (
    MAX_PASSWORD_BYTES,
    DamagedCredentialsError,
    Parameters,
    check_password,
    costs_of,
    dummy_credentials,
    hash_password,
    needs_rehash,
    stand_in,
    verify_password,
)

CHEAP = Parameters(argon2_memory_kib=8, argon2_iterations=1, scram_iterations=4096)
PASSWORD = "пароль из слов"


def stored(argon2: str) -> Credentials:
    return Credentials(argon2, b"", 0, b"", b"")


def scram(credentials: Credentials, password: str) -> None:
    """Log in by SCRAM with what is stored, both sides wired back to back. Raises ScramRefused."""
    client = ScramClient("ann", password, "client")
    server = ScramServer(client.first())
    challenge = server.challenge(credentials.scram_salt, credentials.scram_iterations, "server")
    final = client.final(challenge)
    client.check(server.verify(final, credentials.scram_stored_key, credentials.scram_server_key))


def test_the_right_password_fits_and_others_do_not() -> None:
    credentials = hash_password(PASSWORD, CHEAP)
    assert verify_password(PASSWORD, credentials)
    assert not verify_password(PASSWORD + " ", credentials)
    assert not verify_password("", credentials)
    assert not verify_password("\udc80", credentials)


def test_scram_rows_log_in_our_client() -> None:
    credentials = hash_password(PASSWORD, CHEAP)
    scram(credentials, PASSWORD)
    with pytest.raises(ScramRefused):
        scram(credentials, "another")
    assert (credentials.scram_stored_key, credentials.scram_server_key) == derive_scram(
        PASSWORD, credentials.scram_salt, CHEAP.scram_iterations
    )


def test_salts_are_fresh() -> None:
    one, other = hash_password(PASSWORD, CHEAP), hash_password(PASSWORD, CHEAP)
    assert len({one.scram_salt, other.scram_salt, one.argon2.split("$")[4], other.argon2.split("$")[4]}) == 4


def test_what_is_stored_is_phc_as_other_programs_write_it() -> None:
    """cryptography's own reader of PHC strings takes what we write."""
    credentials = hash_password(PASSWORD, CHEAP)
    assert credentials.argon2.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    Argon2id.verify_phc_encoded(PASSWORD.encode(), credentials.argon2)


def test_a_hash_of_another_program_fits() -> None:
    kdf = Argon2id(salt=b"0123456789abcdef", length=24, iterations=2, lanes=1, memory_cost=16)
    assert verify_password(PASSWORD, stored(kdf.derive_phc_encoded(PASSWORD.encode())))


def test_the_repr_tells_nothing() -> None:
    credentials = hash_password(PASSWORD, CHEAP)
    assert repr(credentials) == "Credentials(...)"


def test_hashes_with_more_than_one_lane_are_refused() -> None:
    """Two threads that derive with several lanes hang in cryptography 50: such a row must never be computed."""
    kdf = Argon2id(salt=b"0123456789abcdef", length=32, iterations=1, lanes=2, memory_cost=16)
    credentials = stored(kdf.derive_phc_encoded(PASSWORD.encode()))
    with pytest.raises(DamagedCredentialsError, match="needs 2 lanes; only 1 is safe"):
        verify_password(PASSWORD, credentials)
    with pytest.raises(DamagedCredentialsError, match="needs 2 lanes; only 1 is safe"):
        needs_rehash(credentials, CHEAP)


def test_two_threads_derive_at_once() -> None:
    """They hang with more than one lane; see above."""
    credentials = hash_password(PASSWORD, CHEAP)
    parameters = Parameters(1024, 2, 4096)
    results: list[bool] = []

    def work() -> None:
        results.extend(verify_password(PASSWORD, hash_password(PASSWORD, parameters)) for _ in range(10))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [True] * 20
    assert verify_password(PASSWORD, credentials)


SALT, DIGEST = "MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        f"$argon2i$v=19$m=8,t=1,p=1${SALT}${DIGEST}",
        f"$argon2id$v=16$m=8,t=1,p=1${SALT}${DIGEST}",
        f"$argon2id$v=19$m=7,t=1,p=1${SALT}${DIGEST}",
        f"$argon2id$v=19$m=99999999,t=1,p=1${SALT}${DIGEST}",
        f"$argon2id$v=19$m=8,t=99999,p=1${SALT}${DIGEST}",
        f"$argon2id$v=19$m=8,t=0,p=1${SALT}${DIGEST}",
        f"$argon2id$v=19$m=8,t=1,p=1${SALT}$",
        f"$argon2id$v=19$m=8,t=1,p=1${SALT[:-1]}${DIGEST}",
        f"$argon2id$v=19$m=8,t=1,p=1${SALT}${DIGEST}\n",
    ],
)
def test_damaged_rows_are_refused_without_quoting_them(text: str) -> None:
    with pytest.raises(DamagedCredentialsError) as caught:
        verify_password(PASSWORD, stored(text))
    assert SALT not in str(caught.value)
    assert DIGEST not in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (CHEAP, False),
        (Parameters(16, 1, 4096), True),
        (Parameters(8, 2, 4096), True),
        (Parameters(8, 1, 5000), True),
    ],
)
def test_other_costs_ask_for_a_rehash(parameters: Parameters, expected: bool) -> None:
    assert needs_rehash(hash_password(PASSWORD, CHEAP), parameters) is expected


def test_dummies_are_steady_look_real_and_fit_nothing() -> None:
    key = b"k" * 32
    dummy = dummy_credentials(key, "ann", CHEAP)
    assert dummy == dummy_credentials(key, "ann", CHEAP)
    real = hash_password(PASSWORD, CHEAP)
    assert len(dummy.argon2) == len(real.argon2)
    assert (len(dummy.scram_salt), dummy.scram_iterations) == (len(real.scram_salt), real.scram_iterations)
    assert not needs_rehash(dummy, CHEAP)
    assert not verify_password(PASSWORD, dummy)
    with pytest.raises(ScramRefused):
        scram(dummy, PASSWORD)


def test_dummies_of_other_names_and_keys_differ() -> None:
    key = b"k" * 32
    one = dummy_credentials(key, "ann", CHEAP)
    for other in (dummy_credentials(key, "bob", CHEAP), dummy_credentials(b"l" * 32, "ann", CHEAP)):
        assert one.scram_salt != other.scram_salt
        assert one.argon2 != other.argon2
    assert len({one.scram_stored_key, one.scram_server_key, one.scram_salt + one.scram_salt}) == 3
    dummy_credentials(key, "\udc80", CHEAP)


COMMON = "The password is one of the most common ones, which are tried first"
OF_NAME = "The password holds the name of the account, and what is left without it is too short or too common"


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("correct horse", ""),
        ("я" * 296, ""),
        ("", "The password is empty"),
        ("1234567", "The password is too short: it needs at least 8 characters"),
        ("я" * 297, "The password is too long: it may have at most 592 bytes"),
        ("annabelle", "The password must not be the name of the account"),
        ("ANNAbelle", "The password must not be the name of the account"),
        ("12345678", COMMON),
        ("Password123", COMMON),
        ("йцукенгш", COMMON),
        ("annabelle1", OF_NAME),
        ("1ANNABELLE2annabelle3", OF_NAME),
        ("password-Annabelle", ""),
        ("Annabelle12345678", OF_NAME),
        ("annabelle has nine lives", ""),
        ("correct horse battery staple", ""),
        ("two\nlines", "The password must not hold line breaks or NUL"),
        ("nul\0inside", "The password must not hold line breaks or NUL"),
        ("latin\udce4one", "The password cannot be written in UTF-8"),
    ],
)
def test_rules_for_new_passwords(password: str, rule: str) -> None:
    assert check_password(password, "Annabelle", 8) == rule


@pytest.mark.parametrize(("name", "rule"), [("e", ""), ("el", ""), ("tel", OF_NAME)])
def test_a_name_of_a_letter_or_two_is_no_part_of_a_password(name: str, rule: str) -> None:
    assert check_password("telephones", name, 8) == rule


def test_the_list_of_common_passwords_is_whole_and_small() -> None:
    """What others are tried with first is on it, and nothing that a person would only choose by chance."""
    known = common_passwords()
    assert 10_000 < len(known) < 100_000
    assert {"123456", "qwerty", "iloveyou", "letmein", "gfhjkm"} <= known
    assert all(one == one.lower() for one in known)
    assert is_common("пароль")
    assert is_common("ПАРОЛЬ")
    assert "zxcvbn" not in sys.modules


def test_nobody_waits_for_the_list(tmp_path: Path) -> None:
    """It is there before the first who connects: they are asked for it while the hub lock is held."""
    program = """
from securechat.server.app import Server
from securechat.server.common_passwords import common_passwords
from securechat.server.configuration import load
server = Server(load(None, {"server.listen": ["127.0.0.1:0"]}))
server.start()
print(common_passwords.cache_info().currsize)
server.stop()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert ended.stdout == "1\n"


def test_no_minimum_still_refuses_an_empty_password() -> None:
    assert check_password("", "ann", 0) == "The password is empty"
    assert check_password("x", "ann", 0) == ""


def test_a_longest_password_fits_a_login() -> None:
    credentials = hash_password("x" * MAX_PASSWORD_BYTES, CHEAP)
    assert verify_password("x" * MAX_PASSWORD_BYTES, credentials)


def test_the_defaults_are_those_of_the_configuration() -> None:
    accounts = Accounts()
    assert Parameters() == Parameters(accounts.argon2_memory_kib, accounts.argon2_iterations, accounts.scram_iterations)


def test_a_name_without_an_account_stays_like_the_same_one_while_accounts_are_added() -> None:
    key = b"k" * 32
    names = [f"nobody{number}" for number in range(300)]
    before = [stand_in(key, name, 20) for name in names]
    after = [stand_in(key, name, 21) for name in names]
    assert set(before) == set(range(1, 21))
    assert {new for old, new in zip(before, after, strict=True) if old != new} == {21}
    assert sum(old != new for old, new in zip(before, after, strict=True)) < 40
    assert before != [stand_in(b"l" * 32, name, 20) for name in names]
    assert stand_in(key, "\udc80", 0) == 1


def test_what_credentials_cost() -> None:
    assert costs_of(hash_password(PASSWORD, CHEAP)) == CHEAP
    with pytest.raises(DamagedCredentialsError):
        costs_of(stored("nonsense"))
