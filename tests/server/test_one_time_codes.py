"""One-time codes, recovery codes and app passwords."""

import base64
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from securechat.domain.second_factor import SecondFactor
from securechat.server import one_time_codes as codes

SECRET = b"12345678901234567890"
NOW = 1_764_000_000_000
FACTOR = SecondFactor(SECRET, 0)


@pytest.mark.parametrize(("time", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_rfc_6238(time: int, code: str) -> None:
    assert codes.code_at(SECRET, time // 30) == code


def test_a_code_is_good_one_step_around_its_own_and_only_once() -> None:
    now = NOW
    step = now // 30_000
    for distance in (-1, 0, 1):
        assert codes.match(FACTOR, codes.code_at(SECRET, step + distance), now) == codes.Use(step + distance, SECRET)
        used = replace(FACTOR, last_step=step + distance)
        assert codes.match(used, codes.code_at(SECRET, step + distance), now) is None
    for distance in (-2, 2):
        assert codes.match(FACTOR, codes.code_at(SECRET, step + distance), now) is None
    for wrong in ("", "abc", "12345\ud800", "\u0661\u0662\u0663\u0664\u0665\u0666"):
        assert codes.match(FACTOR, wrong, now) is None


def test_recovery_codes_are_known_by_their_digest() -> None:
    made = codes.new_recovery_codes()
    assert len(set(made)) == 10
    assert all(re.fullmatch("([a-z2-7]{4}-){3}[a-z2-7]{4}", one) for one in made)
    factor = replace(FACTOR, recovery=frozenset(codes.digest_of(one) for one in made))
    assert codes.match(factor, made[3].upper().replace("-", ""), NOW) == codes.Use(digest=codes.digest_of(made[3]))
    assert codes.match(FACTOR, made[3], NOW) is None


def test_the_uri_is_what_apps_read_and_fits_into_a_line() -> None:
    parts = urlsplit(codes.uri_of(SECRET, "our chat", "anna"))
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/our%20chat:anna")
    values = parse_qs(parts.query)
    assert base64.b32decode(values["secret"][0]) == SECRET
    assert values["issuer"] == ["our chat"]
    assert (values["digits"], values["period"], values["algorithm"]) == (["6"], ["30"], ["SHA1"])
    for issuer, name in (("c" * 300, "anna"), ("chat", "\u4e2d" * 32), ("\u4e2d" * 99, "\u4e2d" * 32)):
        assert len(codes.uri_of(SECRET, issuer, name)) <= codes.URI_BYTES


def test_no_repr_shows_a_secret() -> None:
    assert "1234" not in repr(FACTOR)
    assert len(codes.new_app_password().replace("-", "")) == 32
