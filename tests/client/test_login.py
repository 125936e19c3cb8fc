"""Login: every pair of state and step, and a server that does not play by the rules."""

import base64
from itertools import product
from typing import Any

import pytest

from securechat.client.errors import CannotConnect, LoginRefused
from securechat.client.login import NEEDED, TRANSITIONS, Identity, Login, State, Step
from securechat.protocol.message import parse_text
from tests.client.harness import CAPABILITIES


def lines(answer: list[bytes]) -> list[str]:
    return [line.decode().removesuffix("\r\n") for line in answer]


def begin(identity: Identity, capabilities: list[str] = CAPABILITIES) -> Login:
    login = Login(identity, lambda: "nonce")
    login.start()
    request = lines(login.receive(parse_text(f":s CAP * LS :{' '.join(capabilities)}")))[0]
    login.receive(parse_text(f":s CAP * ACK :{request.partition(' :')[2]}"))
    return login


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_every_pair_follows_the_table(state: State, step: Step) -> None:
    login = Login(Identity("anna"), lambda: "nonce")
    login.state = state
    if (state, step) in TRANSITIONS:
        login._move(step)
        assert login.state is TRANSITIONS[state, step]
    else:
        with pytest.raises(LoginRefused, match="broke the rules"):
            login._move(step)
        assert login.state is State.REFUSED


def test_the_password_never_leaves_by_scram() -> None:
    login = begin(Identity("anna", "secret99"))
    assert login.state is State.OFFERED
    (first,) = lines(login.receive(parse_text("AUTHENTICATE +")))
    assert base64.b64decode(first.split()[1]) == b"n,,n=anna,r=nonce"
    challenge = base64.b64encode(b"r=nonceX,s=c2FsdA==,i=4096").decode()
    (final,) = lines(login.receive(parse_text(f"AUTHENTICATE {challenge}")))
    said = base64.b64decode(final.split()[1])
    assert said.startswith(b"c=biws,r=nonceX,p=")
    # The proof is the key of the client hidden by a signature (RFC 5802, section 3): 32 bytes, and nothing else.
    assert len(base64.b64decode(said.partition(b",p=")[2])) == 32


@pytest.mark.parametrize(
    "challenge", [b"r=other,s=c2FsdA==,i=4096", b"r=nonceX,s=c2FsdA==,i=1", b"r=nonceX,s=c2FsdA==,i=99999999", b"junk"]
)
def test_a_challenge_that_is_no_good_gets_no_proof(challenge: bytes) -> None:
    login = begin(Identity("anna", "secret99"))
    login.receive(parse_text("AUTHENTICATE +"))
    line = parse_text(f"AUTHENTICATE {base64.b64encode(challenge).decode()}")
    with pytest.raises(LoginRefused, match="could not prove"):
        login.receive(line)
    assert login.state is State.REFUSED


def test_a_server_that_skips_its_own_proof_is_refused() -> None:
    login = begin(Identity("anna", "secret99"))
    login.receive(parse_text("AUTHENTICATE +"))
    login.receive(parse_text(f"AUTHENTICATE {base64.b64encode(b'r=nonceX,s=c2FsdA==,i=4096').decode()}"))
    with pytest.raises(LoginRefused, match="broke the rules"):
        login.receive(parse_text(":s 903 * :SASL authentication successful"))


def test_a_proof_that_is_refused_in_the_exchange_means_a_wrong_password() -> None:
    login = begin(Identity("anna", "secret99"))
    login.receive(parse_text("AUTHENTICATE +"))
    login.receive(parse_text(f"AUTHENTICATE {base64.b64encode(b'r=nonceX,s=c2FsdA==,i=4096').decode()}"))
    with pytest.raises(LoginRefused, match="password is wrong"):
        login.receive(parse_text(f"AUTHENTICATE {base64.b64encode(b'e=invalid-proof').decode()}"))


def test_no_password_goes_to_a_server_without_scram() -> None:
    plain_only = [*NEEDED, "sasl=PLAIN"]
    with pytest.raises(LoginRefused, match="sends no password in clear"):
        begin(Identity("anna", "secret99"), plain_only)


def test_a_server_that_lacks_what_is_needed_is_named() -> None:
    with pytest.raises(LoginRefused, match="batch, labeled-response"):
        begin(Identity("anna"), [name for name in NEEDED if name not in {"batch", "labeled-response"}])


def test_registration_wants_a_server_that_offers_it_before_login() -> None:
    with pytest.raises(LoginRefused, match="No accounts can be made"):
        begin(Identity("anna", "secret99", register=True), [*NEEDED, "draft/account-registration"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (":s FAIL REGISTER INVITE_EXPIRED anna :x", "has expired"),
        (":s FAIL REGISTER WEAK_PASSWORD anna :at least 8 characters", "too weak. .at least 8 characters"),
        (":s FAIL REGISTER BAD_ACCOUNT_NAME anna :it looks like another", "the name anna. .it looks like another"),
        (":s 432 * anna :it mixes scripts", "does not accept the name anna. .it mixes scripts"),
        (":s FAIL REGISTER NEW_CODE anna :for \x1breasons", "did not let you in: for reasons"),
        (":s REGISTER VERIFICATION_REQUIRED anna :mail", "did not let you in: mail"),
    ],
)
def test_refused_registrations(line: str, words: str) -> None:
    login = begin(Identity("anna", "secret99", register=True, token="t"))
    with pytest.raises(LoginRefused, match=words):
        login.receive(parse_text(line))


def test_a_server_that_closes_may_be_tried_again() -> None:
    login = begin(Identity("anna"))
    with pytest.raises(CannotConnect, match="too many"):
        login.receive(parse_text("ERROR :Closing link: (too many connections)"))


def test_an_identity_shows_no_secret() -> None:
    assert "secret" not in repr(Identity("anna", "secret99", token="secret-token"))


def final_of(login: Login) -> str:
    """What the client's final message says."""
    login.receive(parse_text("AUTHENTICATE +"))
    challenge = base64.b64encode(b"r=nonceX,s=c2FsdA==,i=4096").decode()
    answer = lines(login.receive(parse_text(f"AUTHENTICATE {challenge}")))
    return base64.b64decode("".join(line.split()[1] for line in answer)).decode()


def test_the_code_of_a_second_factor_goes_with_the_proof() -> None:
    assert final_of(begin(Identity("anna", "secret99", code="123 456"))).startswith("c=biws,r=nonceX,o=123456,p=")
    assert final_of(begin(Identity("anna", "secret99"))).startswith("c=biws,r=nonceX,p=")
    assert "123456" not in repr(Identity("anna", "secret99", code="123456"))


def test_a_code_that_is_asked_for_is_asked_for_once_a_login() -> None:
    codes = iter(["111111", "222222"])
    identity = Identity("anna", "secret99", code=lambda: next(codes))
    Login(identity, lambda: "nonce")
    assert [",o=111111," in final_of(begin(identity)), ",o=222222," in final_of(begin(identity))] == [True, True]


APP_PASSWORD = "abcd-efgh-ijkl-mnop-qrst-uvwx-yz23-4567"


def test_an_app_password_goes_as_it_is_and_nothing_else_does() -> None:
    login = begin(Identity("anna", APP_PASSWORD))
    assert login.state is State.OFFERED_PLAIN
    (line,) = lines(login.receive(parse_text("AUTHENTICATE +")))
    assert base64.b64decode(line.split()[1]) == f"\0anna\0{APP_PASSWORD}".encode()
    assert lines(login.receive(parse_text(":s 903 anna :ok")))[-1] == "CAP END"
    assert begin(Identity("anna", APP_PASSWORD.upper())).state is State.OFFERED


class Person:
    """Sets up a second factor."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.seen: list[object] = []

    def code(self, secret: str, uri: str, *, again: bool) -> str:
        self.seen.append((secret, uri, again))
        return self.codes.pop(0)

    def done(self, recovery: list[str]) -> None:
        self.seen.append(list(recovery))


REQUIRED = parse_text(":s FAIL * SECOND_FACTOR_REQUIRED :A second factor is required here")


def test_a_second_factor_is_set_up_where_nobody_comes_in_without() -> None:
    person: Any = Person("000000", "123456")
    login = begin(Identity("anna", "secret99", set_up=person))
    login.state = State.COMPLETING
    assert lines(login.receive(REQUIRED)) == ["TOTP SETUP secret99"]
    secret = parse_text(":s NOTE TOTP TOTP_SECRET ABC :otpauth://x")
    assert lines(login.receive(secret)) == ["TOTP CONFIRM 000000"]
    wrong = parse_text(":s FAIL TOTP INVALID_CODE :This code is wrong")
    assert lines(login.receive(wrong)) == ["TOTP CONFIRM 123456"]
    for line in ("RECOVERY_CODE :aaaa", "RECOVERY_CODE :bbbb", "TOTP_CONFIRMED :Done"):
        assert login.receive(parse_text(f":s NOTE TOTP {line}")) == []
    login.receive(parse_text(":s 001 anna :Welcome"))
    assert login.state is State.WELCOMED
    assert person.seen == [("ABC", "otpauth://x", False), ("ABC", "otpauth://x", True), ["aaaa", "bbbb"]]


def test_without_a_person_who_could_it_is_refused() -> None:
    login = begin(Identity("anna", "secret99"))
    login.state = State.COMPLETING
    with pytest.raises(LoginRefused, match="wants a second factor") as caught:
        login.receive(REQUIRED)
    assert caught.value.code == "SECOND_FACTOR_REQUIRED"


def test_a_secret_that_nobody_has_asked_for_breaks_the_rules() -> None:
    person: Any = Person()
    login = begin(Identity("anna", "secret99", set_up=person))
    with pytest.raises(LoginRefused, match="broke the rules"):
        login.receive(parse_text(":s NOTE TOTP TOTP_SECRET ABC :otpauth://x"))
    assert person.seen == []
