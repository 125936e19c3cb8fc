"""What a caller may give to the library: checked before a byte of it goes over the wire."""

import re
from collections.abc import Sequence

from securechat.client.address import Address, parse_address
from securechat.client.errors import UsageError
from securechat.client.sanitize import sanitize
from securechat.client.texts import N_, _, ngettext
from securechat.errors import InvalidName
from securechat.links import parse_link
from securechat.names import check_nick, check_room_name, room_to_wire

_REASONS = (
    # What `securechat.names` says about a name that breaks a rule, but for the length.
    N_("it is empty"),
    N_("it starts with a digit or a hyphen"),
    N_("it is not in Unicode normal form C"),
    N_("only letters, digits and []\\`_^{|}- are allowed"),
    N_("a room's name starts with #"),
    N_("nothing follows the #"),
    N_("spaces, control characters and , : * ? ! @ are not allowed"),
)
_TOO_LONG = re.compile(r"it is longer than ([0-9]+) (characters|bytes)")
_LONGEST_NEW_PASSWORD = 300  # bytes; what fits into REGISTER with room to spare (draft/account-registration)
_LONGEST_PASSWORD = 1024  # bytes; an administrator may have set a longer one, which a login never sends


def where(server: str | Address) -> tuple[Address, str, str]:
    """Return address, fingerprint of the CA and invite out of what the caller gave."""
    if isinstance(server, Address):
        return server, "", ""
    if "://" not in server:
        return parse_address(server), "", ""
    try:
        link = parse_link(server, translate=_words_of)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Address(link.host.lower(), link.port), link.ca, link.invite


def _words_of(text: str) -> str:
    """Return what a leaf of ours says about a name or a link, in the language of the user."""
    found = _TOO_LONG.fullmatch(text)
    if found is None:
        return _(text)
    count = int(found[1])
    if found[2] == "bytes":
        longer = ngettext("it is longer than {count} byte", "it is longer than {count} bytes", count)
    else:
        longer = ngettext("it is longer than {count} character", "it is longer than {count} characters", count)
    return longer.format(count=count)


def check_name(name: str) -> None:
    """Make sure that `name` can be a nick. Raises UsageError."""
    try:
        check_nick(name, longest=100)  # the server has the last word on the length
    except InvalidName as error:
        raise UsageError(
            _("{name} cannot be a name: {reason}.").format(name=error.name or "''", reason=_words_of(error.reason))
        ) from error


def check_password(password: str, *, new: bool) -> None:
    """Make sure that `password` can be one; a `new` one must go over the wire. Raises UsageError."""
    longest = _LONGEST_NEW_PASSWORD if new else _LONGEST_PASSWORD
    if len(password.encode(errors="replace")) > longest or not set("\r\n\0").isdisjoint(password):
        raise UsageError(_("A password has at most {count} bytes and no line breaks.").format(count=longest))


def check_room(name: str) -> str:
    """Return the name of a room on the wire. Raises UsageError."""
    wire_name = room_to_wire(name)
    try:
        return check_room_name(wire_name, longest=400)
    except InvalidName as error:
        raise UsageError(
            _("{name} cannot be the name of a room: {reason}.").format(name=name, reason=_words_of(error.reason))
        ) from error


def check_target(target: str) -> None:
    """Make sure that `target` is a room or a nick. Raises UsageError."""
    if target.startswith("#"):
        check_room(target)
    else:
        check_name(target)


def one_line(text: str) -> str:
    """Return text for the wire. Raises UsageError when it holds what no line can hold."""
    if not set("\r\n\0").isdisjoint(text):
        raise UsageError(_("One message is one line, without NUL."))
    # A lone surrogate (from a badly encoded argument) has no UTF-8.
    return text.encode(errors="replace").decode()


def check_params(params: Sequence[str]) -> list[str]:
    """Return the parameters of a command. Raises UsageError when one but the last cannot stand there."""
    checked = [one_line(param) for param in params]
    for param in checked[:-1]:
        if not param or " " in param or param.startswith(":"):
            raise UsageError(_("{text} cannot stand there.").format(text=sanitize(param) or "''"))
    return checked
