"""Passwords: rules for new ones, and the two forms in which they are stored, Argon2id for PLAIN and SCRAM-SHA-256.

Deriving is slow by intention and releases the GIL; the worker pool for hashing bounds how many run at once.
Argon2id runs with one lane only: with more, two threads that derive at the same time hang in cryptography's OpenSSL.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from securechat.domain.account import Credentials
from securechat.names import fold
from securechat.protocol.sasl import derive_scram
from securechat.server.common_passwords import is_common

MAX_PASSWORD_BYTES: Final = 592
"""Longest new password in bytes of UTF-8; a line of REGISTER could hardly carry more."""

SHORTEST_NAME: Final = 3
"""Shortest name, in characters, that is looked for in passwords: one or two letters stand in half of all words."""
SALT_BYTES: Final = 16
ARGON2_BYTES: Final = 32
LANES: Final = 1

# Hashes with other costs come from a configuration of ours; beyond these bounds a row is damaged or planted.
_MAX_MEMORY_KIB: Final = 4_194_304
_MAX_ITERATIONS: Final = 1_000

_PHC: Final = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,7}),t=([1-9][0-9]{0,4}),p=([1-9][0-9]{0,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})"
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What hashing a password costs."""

    argon2_memory_kib: int = 19_456
    argon2_iterations: int = 2
    scram_iterations: int = 600_000


class DamagedCredentialsError(ValueError):
    """Stored credentials are not such as we write; the text says why and never quotes them."""


@dataclass(frozen=True, slots=True)
class _Argon2:
    """A PHC string in parts."""

    memory_kib: int
    iterations: int
    salt: bytes
    digest: bytes


def check_password(password: str, name: str, minimum_length: int) -> str:
    """Return the rule that `password` breaks as a new password of the account `name`, or an empty string.

    `minimum_length` is in characters. The text is a sentence for people without the password in it.
    """
    if not password:
        return "The password is empty"
    if len(password) < minimum_length:
        return f"The password is too short: it needs at least {minimum_length} characters"
    try:
        length = len(password.encode())
    except UnicodeEncodeError:
        return "The password cannot be written in UTF-8"
    if length > MAX_PASSWORD_BYTES:
        return f"The password is too long: it may have at most {MAX_PASSWORD_BYTES} bytes"
    if any(one in password for one in "\0\r\n"):
        return "The password must not hold line breaks or NUL"
    if fold(password) == fold(name):
        return "The password must not be the name of the account"
    if is_common(password):
        return "The password is one of the most common ones, which are tried first"
    return _problem_with_name(fold(password), fold(name), minimum_length)


def _problem_with_name(password: str, name: str, minimum_length: int) -> str:
    """Return what is wrong with a password that holds the name of its account: the rest of it has to do alone."""
    rest = password.replace(name, "") if len(name) >= SHORTEST_NAME else password
    if rest != password and (len(rest) < max(minimum_length, 1) or is_common(rest)):
        return "The password holds the name of the account, and what is left without it is too short or too common"
    return ""


def hash_password(password: str, parameters: Parameters) -> Credentials:
    """Return what to store for a new password. Slow: about 30 ms for Argon2id and 150 ms for SCRAM by default."""
    argon2_salt = secrets.token_bytes(SALT_BYTES)
    memory_kib, iterations = parameters.argon2_memory_kib, parameters.argon2_iterations
    digest = _derive(password, argon2_salt, memory_kib, iterations, ARGON2_BYTES)
    scram_salt = secrets.token_bytes(SALT_BYTES)
    stored_key, server_key = derive_scram(password, scram_salt, parameters.scram_iterations)
    return Credentials(
        argon2=_format_phc(_Argon2(memory_kib, iterations, argon2_salt, digest)),
        scram_salt=scram_salt,
        scram_iterations=parameters.scram_iterations,
        scram_stored_key=stored_key,
        scram_server_key=server_key,
    )


def verify_password(password: str, credentials: Credentials) -> bool:
    """Whether `password` is the right one. Slow, as `hash_password` is, whatever the answer.

    Raises DamagedCredentialsError when what is stored is no Argon2id hash of ours, such as one with more than one lane.
    """
    stored = _parse_phc(credentials.argon2)
    found = _derive(password, stored.salt, stored.memory_kib, stored.iterations, len(stored.digest))
    return hmac.compare_digest(found, stored.digest)


def needs_rehash(credentials: Credentials, parameters: Parameters) -> bool:
    """Whether the credentials were made with other costs than `parameters` ask for.

    Raises DamagedCredentialsError like `verify_password`.
    """
    return costs_of(credentials) != parameters


def costs_of(credentials: Credentials) -> Parameters:
    """Return the costs that the credentials were made with. Raises DamagedCredentialsError like `verify_password`."""
    stored = _parse_phc(credentials.argon2)
    return Parameters(stored.memory_kib, stored.iterations, credentials.scram_iterations)


def stand_in(server_key: bytes, folded_name: str, count: int) -> int:
    """Return which of `count` accounts (1 …) a name that has none is to be like in what its credentials cost.

    It depends on the secret `server_key` and the name only, and hardly on the count: when there is one more, a name
    goes on with the account that it had or changes to the new one, as an account changes to newer costs when it logs
    in (Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm").
    """
    key = int.from_bytes(hmac.digest(server_key, f"stand-in\0{folded_name}".encode(errors="surrogatepass"), "sha256"))
    found, following = 0, 0
    while following < count:
        found = following
        key = (key * 2862933555777941757 + 1) & 0xFFFF_FFFF_FFFF_FFFF
        following = int((found + 1) * ((1 << 31) / ((key >> 33) + 1)))
    return found + 1


def dummy_credentials(server_key: bytes, folded_name: str, parameters: Parameters) -> Credentials:
    """Return credentials that no password fits, for a name that has no account: checking them costs what others cost.

    Quick to make. The salts depend on the name and the secret `server_key` only, so that asking twice tells nothing.
    """

    def fake(purpose: str) -> bytes:
        return hmac.digest(server_key, f"{purpose}\0{folded_name}".encode(errors="surrogatepass"), "sha256")

    argon2 = _Argon2(
        parameters.argon2_memory_kib, parameters.argon2_iterations, fake("argon2 salt")[:SALT_BYTES], fake("argon2")
    )
    return Credentials(
        argon2=_format_phc(argon2),
        scram_salt=fake("scram salt")[:SALT_BYTES],
        scram_iterations=parameters.scram_iterations,
        scram_stored_key=fake("scram stored key"),
        scram_server_key=fake("scram server key"),
    )


def _derive(password: str, salt: bytes, memory_kib: int, iterations: int, length: int) -> bytes:
    kdf = Argon2id(salt=salt, length=length, iterations=iterations, lanes=LANES, memory_cost=memory_kib)
    return kdf.derive(password.encode(errors="surrogatepass"))


def _format_phc(value: _Argon2) -> str:
    """Return the PHC string, as other programs write it too."""
    costs = f"m={value.memory_kib},t={value.iterations},p={LANES}"
    return f"$argon2id$v=19${costs}${_base64(value.salt)}${_base64(value.digest)}"


def _parse_phc(text: str) -> _Argon2:
    """Return the parts of a PHC string. Raises DamagedCredentialsError."""
    found = _PHC.fullmatch(text)
    if found is None:
        raise DamagedCredentialsError("a stored password hash is not Argon2id in PHC form")
    memory_kib, iterations, lanes = (int(one) for one in found.groups()[:3])
    if lanes != LANES:
        raise DamagedCredentialsError(f"a stored password hash needs {lanes} lanes; only {LANES} is safe here")
    if not 8 <= memory_kib <= _MAX_MEMORY_KIB or iterations > _MAX_ITERATIONS:
        raise DamagedCredentialsError("a stored password hash asks for impossible costs")
    try:
        return _Argon2(memory_kib, iterations, _unbase64(found[4]), _unbase64(found[5]))
    except ValueError:
        raise DamagedCredentialsError("a stored password hash is not base64") from None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
