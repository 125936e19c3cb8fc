"""What tests of certificate folders share: looking into them, and the sentence of a refusal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from securechat.errors import TrustError

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
LOOPBACK = [ip_address("127.0.0.1"), ip_address("::1")]


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(action: Callable[[], object]) -> str:
    """The one sentence of a refusal."""
    with pytest.raises(TrustError) as caught:
        action()
    text = str(caught.value)
    assert "\n" not in text
    return text
