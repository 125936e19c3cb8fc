"""The files of a certificate folder: keys born private, pairs replaced together, each error one sentence.

`ca.pem` and `ca.key`, `server.pem` (the certificate, then the CA's) and `server.key`. A key and its certificate are two
files, and no file system renames two at once. So both are first written under other names; then the key is put in its
place, then the certificate. A writer that is killed in between leaves the certificate under its other name, and whoever
comes next puts it in its place: the pair is the old one or the new one, never a mixture that nobody can serve.
"""

import contextlib
import os
import secrets
import shlex
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from securechat.errors import TrustError

CA_FILE: Final = "ca.pem"
CA_KEY_FILE: Final = "ca.key"
SERVER_FILE: Final = "server.pem"
KEY_FILE: Final = "server.key"
CRL_FILE: Final = "crl.pem"
"""The list of revoked certificates (see `revocation`). It is not there before something is revoked."""
ALL_FILES: Final = (CA_FILE, CA_KEY_FILE, SERVER_FILE, KEY_FILE)
_PAIRS: Final = ((CA_KEY_FILE, CA_FILE), (KEY_FILE, SERVER_FILE))


def command(directory: Path, words: str = "") -> str:
    """Return the securechat-gencert command line for this folder, as it can be pasted into a shell."""
    return f"securechat-gencert {f'{words} ' if words else ''}--dir {shlex.quote(str(directory))}"


def present(directory: Path) -> list[str]:
    """Return which of the four files are there. Raises TrustError when the folder cannot be looked into."""
    try:
        return [name for name in ALL_FILES if (directory / name).exists()]
    except OSError as error:
        raise TrustError(f"cannot look into the folder {directory}: {error.strerror}") from error


def check_key_file(path: Path) -> None:
    """Raise TrustError when a private key can be read by others than its owner, or is not there."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise TrustError(f"cannot look at {path}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise TrustError(f"{path} is not a file")
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise TrustError(
            f"the private key {path} can be read by others; mend it with: chmod 600 {shlex.quote(str(path))}"
        )


def read_certificate(path: Path) -> x509.Certificate:
    """Return the first certificate of a PEM file. Raises TrustError."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise TrustError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise TrustError(f"{path} is not a certificate in PEM form{_remedy(path)}") from error


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a PEM file, which nobody but its owner may be able to read. Raises TrustError."""
    check_key_file(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise TrustError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise TrustError(f"{path} is not a private key in PEM form without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TrustError(f"{path} is not a key of an elliptic curve, as this authority's keys are")
    return key


@contextlib.contextmanager
def exclusive(directory: Path, *, create: bool = False) -> Iterator[None]:
    """Keep other processes from writing the folder, and finish what one that was killed has left half done.

    Not to be nested. `create` makes the folder if it is missing. Raises TrustError.
    """
    if create:
        _make_folder(directory)
    if os.name != "posix" or not directory.is_dir():
        yield
        return
    import fcntl  # here, as clients import this module on systems that have no such thing

    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise TrustError(f"cannot look into the folder {directory}: {error.strerror}") from error
    try:
        with contextlib.suppress(OSError):  # a file system without locks: as good as it gets
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        _finish(directory)
        yield
    finally:
        os.close(descriptor)


def write_pair(
    directory: Path, names: tuple[str, str], key: ec.EllipticCurvePrivateKey, certificates: Sequence[x509.Certificate]
) -> None:
    """Write a key and its certificates under `names`, in the place of what is there. Raises TrustError."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)
    written: list[Path] = []
    try:
        try:
            for name, content, mode in ((names[0], private, 0o600), (names[1], public, 0o644)):
                written.append(directory / f".{name}.{secrets.token_hex(8)}.new")
                _write(written[-1], content, mode)
        except BaseException:
            for path in written:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise
        for path, name in zip(written, names, strict=True):
            path.replace(directory / name)
            _sync(directory)  # the key's new name reaches the disk before the certificate's
    except OSError as error:
        raise TrustError(f"cannot write to the folder {directory}: {error.strerror}") from error


def write_public(directory: Path, name: str, content: bytes) -> None:
    """Write a file that is for everybody in the place of what is there, as a whole. Raises TrustError."""
    path = directory / f".{name}.{secrets.token_hex(8)}.new"
    try:
        try:
            _write(path, content, 0o644)
            path.replace(directory / name)
        finally:
            path.unlink(missing_ok=True)
        _sync(directory)
    except OSError as error:
        raise TrustError(f"cannot write to the folder {directory}: {error.strerror}") from error


def make_private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, if it is missing. Raises TrustError."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise TrustError(f"cannot make the folder {folder}: {error.strerror}") from error


def remove(path: Path) -> None:
    """Remove a file, if it is there. Raises TrustError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise TrustError(f"cannot remove {path}: {error.strerror}") from error


def _remedy(path: Path) -> str:
    """Return how a file that is no certificate can be replaced, where it can."""
    if path.name != SERVER_FILE or not (path.parent / CA_KEY_FILE).exists():
        return ""
    return f"; put the right one back, or make another with: {command(path.parent, 'renew')} --force"


def _missing(path: Path) -> TrustError:
    """Return that a file is not there, and the command that mends it."""
    directory = path.parent
    if path.name == CA_KEY_FILE and (directory / CA_FILE).exists():
        return TrustError(
            f"the authority's key {path} is not here, so no certificate can be issued; put it back, or make everything "
            f"anew with: {command(directory)} --force (clients must then be given the new {CA_FILE})"
        )
    renewable = path.name in (SERVER_FILE, KEY_FILE) and (directory / CA_KEY_FILE).exists()
    return TrustError(f"there is no {path}; make it with: {command(directory, 'renew' if renewable else '')}")


def _make_folder(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise TrustError(f"{directory} cannot be the folder of the certificates: a file is in its place") from None
    except OSError as error:
        raise TrustError(f"cannot make the folder {directory}: {error.strerror}") from error


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a new file, which has its mode from birth, down to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _finish(directory: Path) -> None:
    """Put a certificate in its place whose key is there already, and remove what else a killed writer left."""
    try:
        for key_name, name in _PAIRS:
            key, certificate = directory / key_name, directory / name
            waiting = list(directory.glob(f".{name}.*.new"))
            for path in waiting:
                if _fits(path, key) and not _fits(certificate, key):
                    path.replace(certificate)
            for path in [*waiting, *directory.glob(f".{key_name}.*.new")]:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise TrustError(f"cannot write to the folder {directory}: {error.strerror}") from error


def _fits(certificate: Path, key: Path) -> bool:
    """Whether `certificate` is for the private key `key`; not so when one of them cannot be read."""
    try:
        return read_certificate(certificate).public_key() == read_key(key).public_key()
    except TrustError:
        return False
