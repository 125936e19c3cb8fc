"""Setting up a second factor where the server lets nobody in without: asked in the middle of the login."""

from collections.abc import Callable, Sequence

from securechat.client.sanitize import sanitize
from securechat.client.texts import _
from securechat.qr_code import NARROW, qr_code

PATIENCE = 600.0
"""Seconds that the server gives to it."""


class SettingUp:
    """The person who sets it up, at a terminal. Called on the thread of the connection, which waits."""

    def __init__(self, ask: Callable[[str], str], tell: Callable[[str], None]) -> None:
        self._ask = ask
        self._tell = tell

    def code(self, secret: str, uri: str, *, again: bool) -> str:
        """Show the secret, and return the code that the app makes of it."""
        if again:
            self._tell(_("This code is wrong; take the next one."))
        else:
            for line in secret_lines(secret, uri):
                self._tell(line)
        return "".join(self._ask(_("The code that the app shows now: ")).split())

    def done(self, recovery: Sequence[str]) -> None:
        """Show the recovery codes; the second factor is in force."""
        show_recovery(self._tell, recovery)


def secret_lines(secret: str, uri: str) -> list[str]:
    """Return what an authenticator app has to know, as lines to be shown."""
    text = _("Let an authenticator app read this, or type its secret there:")
    return [text, f"  {sanitize(secret)}", *qr_code(uri, NARROW).inverted()]


def show_recovery(tell: Callable[[str], None], codes: Sequence[str]) -> None:
    """Show recovery codes, this once."""
    tell(_("Recovery codes: each replaces a code once, if the app is lost. They are not shown again."))
    for one in codes:
        tell(f"  {sanitize(one)}")
