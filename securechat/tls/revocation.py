"""Revoking certificates of clients: which were issued, and the list of those that count no more (RFC 5280, section 5).

Each certificate that is issued is kept as `clients/issued/SERIAL.pem`, without its key. `crl.pem` is the list of what
is revoked, signed by the authority; it holds serial numbers and is no secret. The server looks each certificate up in
it, whatever its date: an old list still says what is revoked. Its date is for other programs that read it, and the
server renews it like its own certificate.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from securechat.errors import NothingToRevokeError, TrustError
from securechat.names import fold
from securechat.tls import files
from securechat.tls.authority import is_issued_by
from securechat.tls.client_certificates import FOLDER, ISSUED, read_shown
from securechat.tls.files import CA_FILE, CA_KEY_FILE, CRL_FILE
from securechat.tls.issuing import BACKDATED, parse_serial, serial_text, signer

CRL_DAYS: Final = 90
LONGER_THAN_NAMES: Final = 16
"""So many digits are a serial number even if it is not known; fewer may be a name, such as `ada`."""
RENEWAL_SHARE: Final = 3
"""The list is renewed when one part in so many of its life is left."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate of a client, as an operator sees it. The times are milliseconds since 1970."""

    account: str  # empty: nothing but the serial number is known
    serial: str  # hexadecimal digits, as openssl writes it
    made: int | None = None  # from when it is good
    ends: int | None = None
    revoked: int | None = None  # None: it is not
    problem: str = ""  # why its file cannot be read; then nothing is known but perhaps the serial number


def issued(directory: Path) -> list[IssuedCertificate]:
    """Return what the authority of the folder has issued to clients, by account, oldest first. Raises TrustError.

    A file that cannot be read is among them, with the problem: it must not keep the others from being revoked.
    """
    authority = files.read_certificate(directory / CA_FILE)
    revoked = _revoked(directory)
    found: dict[int, IssuedCertificate] = {}
    broken: list[IssuedCertificate] = []
    for path in _kept(directory):
        try:
            certificate = files.read_certificate(path)
            shown = read_shown(certificate.public_bytes(serialization.Encoding.DER))
        except (TrustError, ValueError, x509.UnsupportedGeneralNameType) as error:
            problem = str(error) if isinstance(error, TrustError) else f"{path} is a certificate of another kind"
            broken.append(IssuedCertificate("", _serial_of_file(path), problem=problem))
            continue
        if shown is None or not is_issued_by(certificate, authority):
            continue  # of an authority that was replaced, or put there by somebody
        number = certificate.serial_number
        found[number] = IssuedCertificate(
            shown.account,
            serial_text(number),
            _milliseconds(certificate.not_valid_before_utc),
            shown.ends,
            _milliseconds(revoked[number]) if number in revoked else None,
        )
    known = {serial_text(number) for number in found}
    for number in revoked.keys() - found.keys():
        found[number] = IssuedCertificate("", serial_text(number), revoked=_milliseconds(revoked[number]))
    listed = sorted(found.values(), key=lambda one: (fold(one.account), one.made or 0, one.serial))
    return listed + [one for one in broken if one.serial not in known]


def _serial_of_file(path: Path) -> str:
    """Return the serial number that the name of a kept file tells; empty: none."""
    number = parse_serial(path.stem) if path.parent.name == ISSUED else None
    return "" if number is None else serial_text(number)


def chosen(directory: Path, what: str, now: datetime | None = None) -> list[IssuedCertificate]:
    """Return what `revoke` would revoke: every certificate of an account that is good, or the one of a serial number.

    A serial number need not be known: a certificate may be older than the list of those that were issued. But one that
    could be meant as a name is asked for with colons then: whoever revokes the certificates of somebody who has none
    must not read that it is done. Raises TrustError when there is nothing to revoke, or nobody who could sign it here.
    """
    found = _meant(directory, what, now or datetime.now(UTC))
    _signer(directory, now or datetime.now(UTC))
    return found


def _meant(directory: Path, what: str, now: datetime) -> list[IssuedCertificate]:
    known = issued(directory)
    of_account = [one for one in known if one.account and fold(one.account) == fold(what)]
    if of_account:
        moment = _milliseconds(now)
        good = [one for one in of_account if one.revoked is None and (one.ends or 0) > moment]
        if not good:
            raise NothingToRevokeError(
                f"every certificate of {of_account[0].account} is revoked already, or has expired"
            )
        return good
    number = parse_serial(what)
    see = f"see: {files.command(directory, 'list')}"
    if any(one.problem for one in known):
        see += " (there are files that cannot be read)"
    if number is None:
        raise TrustError(f"no certificate was issued for {what}; {see}")
    # One that is on the list of those that are revoked is known by that, even if its file cannot be read.
    found = sorted((one for one in known if one.serial == serial_text(number)), key=lambda one: one.revoked is None)[:1]
    if not found and ":" not in what and len(what) < LONGER_THAN_NAMES:
        raise TrustError(
            f"no certificate was issued for {what}; {see} (if it is the serial number of one that is not listed, write "
            "it with colons)"
        )
    if found and found[0].revoked is not None:
        raise NothingToRevokeError(f"the certificate {found[0].serial} is revoked already")
    return found or [IssuedCertificate("", serial_text(number))]


def revoke(directory: Path, what: str, now: datetime | None = None) -> list[IssuedCertificate]:
    """Revoke the certificates of an account, or the one of a serial number, and return them. Raises TrustError."""
    now = now or datetime.now(UTC)
    with files.exclusive(directory):
        found = chosen(directory, what, now)
        revoked = _revoked(directory)
        for one in found:
            number = parse_serial(one.serial)
            assert number is not None, "it is a serial number"
            revoked[number] = now
        _write(directory, revoked.items(), now)
    return [replace(one, revoked=_milliseconds(now), problem="") for one in found]


class FolderCertificates:
    """The certificates of clients of one folder, for who administers a server. Everything raises TrustError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def issued(self) -> list[IssuedCertificate]:
        """All of them (see `issued`)."""
        return issued(self._directory)

    def chosen(self, what: str) -> list[IssuedCertificate]:
        """What `revoke` would revoke (see `chosen`)."""
        return chosen(self._directory, what)

    def revoke(self, what: str) -> list[IssuedCertificate]:
        """Revoke (see `revoke`)."""
        return revoke(self._directory, what)


class RevocationList:
    """The list in a folder, read again when it is another file."""

    def __init__(self, directory: Path) -> None:
        """Raises TrustError when there is one that cannot be read: it is not known who must be kept out then."""
        self._directory = directory
        self._state = self._look()
        self._trouble = ""  # why it cannot be read
        self.serials = revoked_serials(directory)
        """The serial numbers of what is revoked."""

    def has_changed(self) -> bool:
        """Whether there is another list, which has been read then. Raises TrustError, once, when that cannot be.

        What cannot be read is tried again, even if the file seems the same: a list that is being copied to its place
        is whole a moment later, and who makes it readable changes nothing else of it.
        """
        state = self._look()
        if state == self._state and not self._trouble:
            return False
        self._state, before = state, self._trouble
        try:
            self.serials = revoked_serials(self._directory)
        except TrustError as error:
            self._trouble = str(error)
            if self._trouble == before:
                return False
            raise
        self._trouble = ""
        return True

    def _look(self) -> tuple[int, int] | None:
        try:
            state = (self._directory / CRL_FILE).stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_ino


def revoked_serials(directory: Path) -> frozenset[str]:
    """Return the serial numbers of what is revoked. Raises TrustError when the list is not one of this authority."""
    return frozenset(serial_text(number) for number in _revoked(directory))


def renew_if_due(directory: Path, now: datetime | None = None) -> bool:
    """Sign the list anew if a third of its life, or less, is left, and the CA's key is there; True when it was.

    Raises TrustError.
    """
    now = now or datetime.now(UTC)
    if not (directory / CRL_FILE).exists() or not (directory / CA_KEY_FILE).exists() or not _is_due(directory, now):
        return False
    with files.exclusive(directory):
        if not _is_due(directory, now):
            return False
        _write(directory, _revoked(directory).items(), now)
        return True


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _is_due(directory: Path, now: datetime) -> bool:
    read = _read(directory)
    if read is None:
        return False
    ends = read.next_update_utc
    if ends is None:
        return True
    if ends >= files.read_certificate(directory / CA_FILE).not_valid_after_utc:
        return False  # a new one could not last longer
    return ends - now <= (ends - read.last_update_utc) / RENEWAL_SHARE


def _kept(directory: Path) -> list[Path]:
    """The files of certificates that were issued; those from before each was kept are there once."""
    folder = directory / FOLDER
    return [*_certificates_in(folder), *_certificates_in(folder / ISSUED)]


def _certificates_in(folder: Path) -> list[Path]:
    """The files of certificates in a folder; `glob` would say that there are none where it may not look."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".pem")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TrustError(f"cannot look into the folder {folder}: {error.strerror}") from error


def _revoked(directory: Path) -> dict[int, datetime]:
    """The serial numbers on the list and since when they are. Raises TrustError."""
    read = _read(directory)
    return {one.serial_number: one.revocation_date_utc for one in read} if read is not None else {}


def _read(directory: Path) -> x509.CertificateRevocationList | None:
    """Return the list; None when there is none. Raises TrustError when the authority has not signed it."""
    path = directory / CRL_FILE
    try:
        read = x509.load_pem_x509_crl(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TrustError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise TrustError(f"{path} is not a list of revoked certificates in PEM form; put the right one back") from error
    authority = files.read_certificate(directory / CA_FILE)
    key = authority.public_key()
    if (
        not isinstance(key, ec.EllipticCurvePublicKey)
        or read.issuer != authority.subject
        or not read.is_signature_valid(key)
    ):
        raise TrustError(f"{path} was not signed by the authority {directory / CA_FILE}; put the right one back")
    return read


def _number(read: x509.CertificateRevocationList | None) -> int:
    """How many lists there were up to this one (RFC 5280, section 5.2.3)."""
    if read is None:
        return 0
    try:
        return read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def _signer(directory: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return who signs the list. Raises TrustError where nobody can."""
    if not (directory / CA_KEY_FILE).exists():
        raise TrustError(
            f"the authority's key {directory / CA_KEY_FILE} is not here, so no list can be signed; revoke it where the "
            f"key is, and copy {CRL_FILE} from there into {directory}"
        )
    return signer(directory, now)


def _write(directory: Path, revoked: Iterable[tuple[int, datetime]], now: datetime) -> None:
    """Sign a list and put it in the place of the one that is there."""
    authority, key = _signer(directory, now)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now - BACKDATED)
        .next_update(min(now + timedelta(days=CRL_DAYS), authority.not_valid_after_utc))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(_number(_read(directory)) + 1), critical=False)
    )
    for number, since in sorted(revoked):
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.build())
    made = builder.sign(key, hashes.SHA256())
    files.write_public(directory, CRL_FILE, made.public_bytes(serialization.Encoding.PEM))
