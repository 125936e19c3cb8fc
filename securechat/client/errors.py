"""What can go wrong for a client, and the exit code that each kind of failure ends the line client with.

ClientError               1  anything else
├── UsageError            2  the command line or an argument is wrong
├── CannotConnect         3  no server there, or the link was lost
├── Untrusted             4  the certificate of the server is not what it must be
├── LoginRefused          5  the server did not let us in
├── RoomRefused           6  no such room or person, or not allowed
└── NotDelivered          7  a message is not known to be stored
"""

from securechat.errors import SecurechatError


class ClientError(SecurechatError):
    """Base of what the client library raises; the text is a sentence for people, without any secret."""

    exit_code = 1


class UsageError(ClientError):
    """The caller asked for something that makes no sense."""

    exit_code = 2


class CannotConnect(ClientError):  # noqa: N818 - read as the sentence that it is
    """There is no working link to the server."""

    exit_code = 3


class Untrusted(ClientError):  # noqa: N818
    """The server could not be verified. Nothing secret was sent to it."""

    exit_code = 4


class LoginRefused(ClientError):  # noqa: N818
    """The server did not let us in; `code` is its own name for the reason (`904`, `INVITE_USED`...).

    `wants_code`: perhaps because a code of the account's second factor was wrong or missing; it does not say.
    """

    exit_code = 5

    def __init__(self, text: str, code: str = "", *, wants_code: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.wants_code = wants_code


class RoomRefused(ClientError):  # noqa: N818
    """The server refused a request about a room or a person; `code` is its numeric or FAIL code."""

    exit_code = 6

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class NotDelivered(ClientError):  # noqa: N818
    """A message was refused, or is not known to be stored.

    `certain` is True when it is certainly not stored and may be sent again without fear of a double.
    """

    exit_code = 7

    def __init__(self, text: str, *, certain: bool = False) -> None:
        super().__init__(text)
        self.certain = certain
