"""SASL without any input or output: AUTHENTICATE chunks, PLAIN, and SCRAM-SHA-256 of both sides.

IRCv3 sasl-3.1 (chunks), RFC 4616 (PLAIN), RFC 5802 and RFC 7677 (SCRAM). Names and passwords are compared as the
exact UTF-8 that was typed: SASLprep is not applied on either side, as in the other clients and servers of IRC.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from securechat.errors import ProtocolError

PLAIN: Final = "PLAIN"
SCRAM_SHA_256: Final = "SCRAM-SHA-256"

CHUNK_LENGTH: Final = 400
"""Longest parameter of AUTHENTICATE, in characters; a full one says that more follows (sasl-3.1)."""
MAX_RESPONSE: Final = 4096
"""Longest response that is collected, in characters of base64: far more than a password of 592 bytes needs."""

MIN_ITERATIONS: Final = 4096
"""Fewest PBKDF2 iterations that our client does, so that a false server learns little (RFC 7677 section 4)."""
MAX_ITERATIONS: Final = 10_000_000
"""Most iterations that our client does, so that a false server cannot occupy it for minutes."""

CODE_ATTRIBUTE: Final = "o"
"""The extension of client-final (RFC 5802 section 7, "extensions") that carries the code of a second factor."""

_DIGEST: Final = "sha256"
_CODE: Final = re.compile("[A-Za-z0-9-]{0,64}")


class SaslTooLong(ProtocolError):  # noqa: N818 - named like ERR_SASLTOOLONG, which answers it
    """A chunk or a whole response is over the limit: 905."""


class SaslMalformed(ProtocolError):  # noqa: N818
    """A response is not what the mechanism allows: 904. The text never quotes the response."""


class ScramRefused(ProtocolError):  # noqa: N818
    """The other side of SCRAM did not prove what it must, or asks for what we do not do: 904."""


class ChunkAssembler:
    """Puts the parameters of AUTHENTICATE together to one response after the other."""

    __slots__ = ("_chunks", "_length")

    def __init__(self) -> None:
        self._chunks: list[str] = []
        self._length = 0

    def feed(self, parameter: str) -> bytes | None:
        """Return the response that `parameter` completes, or None when more must follow.

        Raises SaslTooLong or SaslMalformed; the assembler is then ready for a new exchange. The `*` that aborts is
        the caller's to see first.
        """
        if len(parameter) > CHUNK_LENGTH:
            self.clear()
            raise SaslTooLong("the parameter is too long")  # what 905 is for (extensions/sasl-3.1)
        if self._length + len(parameter) > MAX_RESPONSE:
            self.clear()
            raise SaslMalformed("the response is too long")
        if parameter != "+":
            self._chunks.append(parameter)
            self._length += len(parameter)
            if len(parameter) == CHUNK_LENGTH:
                return None
        text = "".join(self._chunks)
        self.clear()
        return _decode(text)

    def clear(self) -> None:
        """Forget what was collected."""
        self._chunks = []
        self._length = 0


def chunks(data: bytes) -> list[str]:
    """Return the parameters of AUTHENTICATE that carry `data`; the last is `+` where the others cannot end it."""
    text = base64.b64encode(data).decode()
    parts = [text[start : start + CHUNK_LENGTH] for start in range(0, len(text), CHUNK_LENGTH)]
    if len(text) % CHUNK_LENGTH == 0:
        parts.append("+")
    return parts


@dataclass(frozen=True, slots=True)
class PlainResponse:
    """What a client says by PLAIN: log in as `authcid`, act as `authzid` (empty: the same)."""

    authzid: str
    authcid: str
    password: str = field(repr=False)


def parse_plain(response: bytes) -> PlainResponse:
    """Return the parts of a PLAIN response (RFC 4616 section 2). Raises SaslMalformed."""
    parts = _text(response).split("\0")
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise SaslMalformed("not a PLAIN response")
    return PlainResponse(*parts)


def parse_external(response: bytes) -> str:
    """Return whom an EXTERNAL response wants to act as; empty: whoever it is (RFC 4422, appendix A.1).

    Raises SaslMalformed.
    """
    text = _text(response)
    if "\0" in text:
        raise SaslMalformed("not an EXTERNAL response")
    return text


def format_plain(user: str, password: str) -> bytes:
    """Return the PLAIN response that logs in as `user`. Raises SaslMalformed when there is none."""
    if "\0" in user or "\0" in password:
        raise SaslMalformed("a name or password cannot hold NUL")
    return _utf8(f"\0{user}\0{password}")


def derive_scram(password: str, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """Return the stored key and the server key of a password (RFC 5802 section 3). Slow by intention."""
    client_key, server_key = _keys(password, salt, iterations)
    return hashlib.sha256(client_key).digest(), server_key


class ScramServer:
    """The server's side of one SCRAM-SHA-256 exchange, without channel binding."""

    __slots__ = ("_auth_start", "_client_nonce", "_gs2_header", "_nonce", "authzid", "code", "user")

    def __init__(self, client_first: bytes) -> None:
        """Read the client's first message; `user` and `authzid` (empty: the same) are there then.

        Raises SaslMalformed, or ScramRefused for a client that insists on channel binding.
        """
        text = _text(client_first)
        binding, *rest = text.split(",", 2)
        if binding.startswith("p="):
            raise ScramRefused("channel binding is not offered")
        if binding not in ("n", "y") or len(rest) != 2:
            raise SaslMalformed("not the first message of SCRAM")
        authzid, bare = rest
        if authzid and not authzid.startswith("a="):
            raise SaslMalformed("not the first message of SCRAM")
        values = _attributes(bare, "nr")
        self.authzid = _unescape_name(authzid[2:])
        self.user = _unescape_name(values["n"])
        if not self.user:
            raise SaslMalformed("the name is empty")
        self.code = ""  # of the second factor, known once `verify` has looked at the proof, whatever it says
        self._client_nonce = _check_nonce(values["r"])
        self._gs2_header = f"{binding},{authzid},".encode()
        self._auth_start = bare
        self._nonce = ""

    def challenge(self, salt: bytes, iterations: int, nonce: str) -> bytes:
        """Return the server's first message; `nonce` is fresh random ASCII without a comma."""
        self._nonce = self._client_nonce + nonce
        message = f"r={self._nonce},s={base64.b64encode(salt).decode()},i={iterations}"
        self._auth_start = f"{self._auth_start},{message}"
        return message.encode()

    def verify(self, client_final: bytes, stored_key: bytes, server_key: bytes) -> bytes:
        """Return the server's final message when the client has proved that it knows the password.

        Raises SaslMalformed or ScramRefused. Call it once, after `challenge`.
        """
        without_proof, comma, proof_text = _text(client_final).rpartition(",p=")
        if not comma:
            raise SaslMalformed("not the final message of SCRAM")
        values = _attributes(without_proof, "cr")
        proof = _decode(proof_text)
        if len(proof) != len(stored_key):
            raise SaslMalformed("not a proof")
        auth_message = f"{self._auth_start},{without_proof}".encode()
        client_key = _xor(proof, _hmac(stored_key, auth_message))
        # All three are looked at, whatever the first says: time tells nothing.
        proved = hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)
        same_nonce = bool(self._nonce) and hmac.compare_digest(values["r"].encode(), self._nonce.encode())
        same_header = hmac.compare_digest(_decode(values["c"]), self._gs2_header)
        self.code = _code_of(without_proof)
        signature = _hmac(server_key, auth_message)
        if not (proved and same_nonce and same_header):
            raise ScramRefused("the proof is wrong")
        return b"v=" + base64.b64encode(signature)


class ScramClient:
    """The client's side of one SCRAM-SHA-256 exchange. Its password is in no repr and no exception."""

    __slots__ = ("_code", "_first_bare", "_nonce", "_password", "_server_signature")

    def __init__(self, user: str, password: str, nonce: str, code: str = "") -> None:
        """Prepare to log in as `user`; `nonce` is fresh random ASCII without a comma.

        `code` is of the account's second factor, if it has one. Raises SaslMalformed for one with other characters
        than letters, digits and hyphens.
        """
        if not _CODE.fullmatch(code):
            raise SaslMalformed("not a code")
        self._code = code
        self._password = password
        self._nonce = nonce
        self._first_bare = f"n={_escape_name(user)},r={nonce}"
        self._server_signature = b""

    def first(self) -> bytes:
        """Return the client's first message. Raises SaslMalformed for a name that is not text."""
        return _utf8(f"n,,{self._first_bare}")

    def final(self, server_first: bytes) -> bytes:
        """Return the client's final message, which proves the password without telling it.

        Raises SaslMalformed, or ScramRefused when the server repeats another nonce or asks for less than
        MIN_ITERATIONS or more than MAX_ITERATIONS. Takes as long as the iterations take.
        """
        text = _text(server_first)
        values = _attributes(text, "rsi")
        nonce = _check_nonce(values["r"])
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise ScramRefused("the server did not add to our nonce")
        salt = _decode(values["s"])
        iterations = _number(values["i"])
        if not salt:
            raise SaslMalformed("the salt is empty")
        if not MIN_ITERATIONS <= iterations <= MAX_ITERATIONS:
            raise ScramRefused(
                f"the server asks for {iterations} iterations; {MIN_ITERATIONS} to {MAX_ITERATIONS} are acceptable"
            )
        client_key, server_key = _keys(self._password, salt, iterations)
        without_proof = f"c={base64.b64encode(b'n,,').decode()},r={nonce}"
        if self._code:
            without_proof += f",{CODE_ATTRIBUTE}={self._code}"
        auth_message = f"{self._first_bare},{text},{without_proof}".encode()
        self._server_signature = _hmac(server_key, auth_message)
        proof = _xor(client_key, _hmac(hashlib.sha256(client_key).digest(), auth_message))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def check(self, server_final: bytes) -> None:
        """Return when the server has proved that it knows our password's keys.

        Raises SaslMalformed, or ScramRefused when it has not, or says that the login failed.
        """
        text = _text(server_final)
        if text.startswith("e="):
            raise ScramRefused("the server refuses the login")
        signature = _decode(_attributes(text, "v")["v"])
        if not self._server_signature or not hmac.compare_digest(signature, self._server_signature):
            raise ScramRefused("the server did not prove that it knows the account")


def _keys(password: str, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """Return the client key and the server key of a password (RFC 5802 section 3)."""
    salted = hashlib.pbkdf2_hmac(_DIGEST, _utf8(password), salt, iterations)
    return _hmac(salted, b"Client Key"), _hmac(salted, b"Server Key")


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, _DIGEST)


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _text(data: bytes) -> str:
    """Return `data` as text. Raises SaslMalformed when it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    # Not inside the handler: the error that it handles holds the data, which may be a password.
    raise SaslMalformed("not UTF-8")


def _utf8(text: str) -> bytes:
    """Return `text` as UTF-8. Raises SaslMalformed for what was typed in another encoding (lone surrogates)."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    raise SaslMalformed("the name or password cannot be written in UTF-8")


def _decode(text: str) -> bytes:
    """Return what strict base64 stands for. Raises SaslMalformed."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise SaslMalformed("not base64") from None


def _attributes(text: str, names: str) -> dict[str, str]:
    """Return the values of a list `a=…,b=…` that must begin with `names` in this order (RFC 5802 section 5.1).

    Raises SaslMalformed. What follows is an extension that may be ignored, unlike `m=` in front.
    """
    parts = text.split(",")
    if len(parts) < len(names):
        raise SaslMalformed("an attribute of SCRAM is missing")
    values = {}
    for name, part in zip(names, parts, strict=False):
        if not part.startswith(f"{name}="):
            raise SaslMalformed(f"the attribute {name} of SCRAM is missing")
        values[name] = part[2:]
    return values


def _code_of(without_proof: str) -> str:
    """Return the code among the extensions behind `c=` and `r=`; empty: there is none."""
    for part in without_proof.split(",")[2:]:
        if part.startswith(f"{CODE_ATTRIBUTE}="):
            return part[len(CODE_ATTRIBUTE) + 1 :]
    return ""


def _check_nonce(nonce: str) -> str:
    """Return `nonce` if it is one: printable ASCII, not empty. Raises SaslMalformed."""
    if not nonce or not nonce.isascii() or not nonce.isprintable() or " " in nonce:
        raise SaslMalformed("not a nonce")
    return nonce


def _number(text: str) -> int:
    """Return the positive number that `text` is. Raises SaslMalformed."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(MAX_ITERATIONS)) + 1:
        raise SaslMalformed("not a number of iterations")
    return int(text)


def _escape_name(name: str) -> str:
    """Return `name` as a saslname (RFC 5802 section 5.1)."""
    return name.replace("=", "=3D").replace(",", "=2C")


def _unescape_name(text: str) -> str:
    """Return the name that a saslname stands for. Raises SaslMalformed for any other use of `=`."""
    name = text.replace("=2C", ",").replace("=3D", "=")
    if _escape_name(name) != text:
        raise SaslMalformed("not a name of SCRAM")
    return name
