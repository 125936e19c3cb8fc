"""One-time codes (TOTP, RFC 6238), recovery codes and app passwords: how they are made and recognised.

A code is six digits of SHA-1 over steps of 30 seconds, as every authenticator app has it; the step before and the one
after are good as well, as clocks differ. What is used up is remembered in the database.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from securechat.domain.ports import UnitOfWork
from securechat.domain.second_factor import SecondFactor

STEP_SECONDS: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
"""80 bits: too many to be guessed, even by who has stolen the digests."""
APP_PASSWORD_BYTES: Final = 20
URI_BYTES: Final = 330
"""The longest otpauth URI that fits into a line with all that stands before it."""

NOBODYS: Final = SecondFactor(secrets.token_bytes(SECRET_BYTES), 0)
"""What a code is held against where there is no second factor, so that it takes the same time. Never good."""


@dataclass(slots=True, frozen=True)
class Use:
    """What a right code uses up: a step of a secret, or a recovery code."""

    step: int = 0
    secret: bytes = field(default=b"", repr=False)
    digest: bytes = b""

    def spend(self, unit: UnitOfWork, account_id: int) -> bool:
        """Use it up in this transaction; False when somebody was faster, or the account has another secret by now."""
        if self.digest:
            return unit.second_factors.use_recovery(account_id, self.digest)
        return unit.second_factors.use_step(account_id, self.secret, self.step)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step."""
    totp = TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what RFC 6238 and all the apps use
    return totp.generate(step * STEP_SECONDS).decode()


def match(factor: SecondFactor, code: str, now: int) -> Use | None:
    """Return what `code` would use up at `now` (ms); None when it is wrong or was used. As much work whatever it is."""
    current = now // 1000 // STEP_SECONDS
    given = code.encode(errors="surrogatepass")
    found = None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(code_at(factor.secret, step).encode(), given) and step > factor.last_step:
            found = Use(step, factor.secret)
    digest = digest_of(code)
    if digest in factor.recovery:
        found = Use(digest=digest)
    return found


def digest_of(code: str) -> bytes:
    """Return what is stored of a recovery code or an app password; hyphens and case do not matter."""
    plain = code.replace("-", "").lower()
    return hashlib.sha256(plain.encode(errors="surrogatepass")).digest()


def new_secret() -> bytes:
    """Return a secret for an authenticator app."""
    return secrets.token_bytes(SECRET_BYTES)


def new_recovery_codes() -> list[str]:
    """Return recovery codes to be shown once: `abcd-efgh-ijkl-mnop`."""
    return [_readable(RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]


def new_app_password() -> str:
    """Return an app password to be shown once: 160 bits."""
    return _readable(APP_PASSWORD_BYTES)


def _readable(count: int) -> str:
    text = base64.b32encode(secrets.token_bytes(count)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def typed(secret: bytes) -> str:
    """Return a secret as it is typed into an app that cannot read a QR code."""
    return base64.b32encode(secret).decode()


def uri_of(secret: bytes, issuer: str, name: str) -> str:
    """Return the otpauth URI that apps read from a QR code; a label that would be too long for a line is left out."""
    rest = f"?secret={typed(secret)}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    for label in (f"{issuer}:{name}", name, "securechat"):
        uri = f"otpauth://totp/{quote(label, safe=':')}{rest}"
        if label.startswith(f"{issuer}:"):
            uri += f"&issuer={quote(issuer)}"
        if len(uri) <= URI_BYTES:
            break
    return uri
