"""The commands that change what the client looks like, and its language, while it runs."""

from securechat.client.desk import Desk
from securechat.client.errors import UsageError
from securechat.client.sanitize import sanitize
from securechat.client.settings import THEMES
from securechat.client.texts import _, languages, use_language


def theme(desk: Desk, rest: str) -> None:
    """Take another theme, or tell which there are."""
    name = rest.strip().lower()
    if name and name not in THEMES:
        raise UsageError(
            _("There is no theme {name}. The themes are: {names}.").format(name=sanitize(name), names=", ".join(THEMES))
        )
    if name:
        desk.take_theme(name)
    else:
        desk.note(_("The themes are: {names}.").format(names=", ".join(THEMES)))


def language(desk: Desk, rest: str) -> None:
    """Speak another language, or tell which there are."""
    name = rest.strip().lower()
    known = languages()
    if name and name not in known:
        raise UsageError(_("The languages are: {names}.").format(names=", ".join(known)))
    if name:
        use_language(name)
        desk.look_anew()
        desk.note(_("This is the language of the client from now on."))
    else:
        desk.note(_("The languages are: {names}.").format(names=", ".join(known)))
