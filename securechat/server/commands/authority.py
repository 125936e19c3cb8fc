"""CACERT: hand out the CA's certificate to somebody who holds its fingerprint (docs/trust.md)."""

import base64

from securechat.server.context import Context
from securechat.server.registry import Stage, command

CHUNK = 400
"""Characters of base64 a line, as in AUTHENTICATE."""


@command("CACERT", stage=Stage.ANY, help="CACERT: send the certificate of this server's authority (public)")
def cacert(context: Context) -> None:
    """Send the certificate (DER, base64) in lines, then a line with `*`."""
    encoded = base64.b64encode(context.hub.authority_der).decode()
    for start in range(0, len(encoded), CHUNK):
        context.response.line("CACERT", (encoded[start : start + CHUNK],))
    context.response.line("CACERT", ("*",))
