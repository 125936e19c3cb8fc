"""FAIL, WARN and NOTE (IRCv3 standard-replies), and the table of every code that securechat sends."""

from collections.abc import Sequence
from dataclasses import dataclass

from securechat.protocol.message import format_reply


@dataclass(frozen=True, slots=True)
class StandardReply:
    """A code for programs, and the sentence for people that goes with it unless a better one is at hand."""

    code: str
    text: str


def fail(
    server_name: str, command: str, reply: StandardReply, context: Sequence[str] = (), text: str | None = None
) -> bytes:
    """Return the line that says that `command` (`*` for none) could not be done."""
    return _format("FAIL", server_name, command, reply, context, text)


def warn(
    server_name: str, command: str, reply: StandardReply, context: Sequence[str] = (), text: str | None = None
) -> bytes:
    """Return the line that says that `command` (`*` for none) was done, but not quite as asked."""
    return _format("WARN", server_name, command, reply, context, text)


def note(
    server_name: str, command: str, reply: StandardReply, context: Sequence[str] = (), text: str | None = None
) -> bytes:
    """Return the line that tells something about `command` (`*` for none) or the session."""
    return _format("NOTE", server_name, command, reply, context, text)


def _format(
    kind: str, server_name: str, command: str, reply: StandardReply, context: Sequence[str], text: str | None
) -> bytes:
    return format_reply(server_name, kind, (command, reply.code, *context), reply.text if text is None else text)


# Any command.
INVALID_UTF8 = StandardReply("INVALID_UTF8", "Message rejected: it is not UTF-8, which this server requires")
MALFORMED_LINE = StandardReply("MALFORMED_LINE", "Message rejected: it holds a NUL or CR, or has no command")
NEED_MORE_PARAMS = StandardReply("NEED_MORE_PARAMS", "Not enough parameters")
INTERNAL_ERROR = StandardReply("INTERNAL_ERROR", "The server could not do this because of an error of its own")
RATE_LIMITED = StandardReply("RATE_LIMITED", "Too many commands at once; wait a little and try again")
ACCOUNT_REQUIRED = StandardReply("ACCOUNT_REQUIRED", "You must log in to an account to use this server")
TEMPORARILY_UNAVAILABLE = StandardReply("TEMPORARILY_UNAVAILABLE", "This cannot be done just now; try again later")

# PRIVMSG, NOTICE, TAGMSG, TOPIC, JOIN, PART: what is not on disk did not happen.
MESSAGE_NOT_STORED = StandardReply("MESSAGE_NOT_STORED", "The message could not be stored, so nobody has seen it")

NOT_STORED = StandardReply("NOT_STORED", "This could not be stored, so it did not happen")
NOT_PERMITTED = StandardReply("NOT_PERMITTED", "You are not allowed to do this")
TOO_MANY_TARGETS = StandardReply("TOO_MANY_TARGETS", "Too many targets in one command")
TOO_MANY_SESSIONS = StandardReply("TOO_MANY_SESSIONS", "Too many connections of this account; close one first")
PASSWORD_REQUIRED = StandardReply("PASSWORD_REQUIRED", "This server has a password; it is wrong or missing (PASS)")

# BAN, UNBAN, MUTE, UNMUTE.
BANNED = StandardReply("BANNED", "This is banned from the room")
MUTED = StandardReply("MUTED", "This may not speak in the room")
UNBANNED = StandardReply("UNBANNED", "This is not banned from the room any more")
UNMUTED = StandardReply("UNMUTED", "This may speak in the room again")
NOT_ON_LIST = StandardReply("NOT_ON_LIST", "There is nothing like this on the list of the room")
BAD_DURATION = StandardReply("BAD_DURATION", "A time is written as 30s, 10m, 2h or 7d, up to 3650d")
NOT_ALL_PUT_OUT = StandardReply("NOT_ALL_PUT_OUT", "Some of those who are banned are still in the room")

# ROLE, KIND.
ROOM_ROLE = StandardReply("ROOM_ROLE", "What somebody is in the room")
UNKNOWN_ROLE = StandardReply("UNKNOWN_ROLE", "There is no such role")
ROLE_OVERRULED = StandardReply(
    "ROLE_OVERRULED", "Other masks on the lists of the room say otherwise (MODE <room> b, MODE <room> e)"
)
ROOM_KIND = StandardReply("ROOM_KIND", "What kind of room it is")
UNKNOWN_KIND = StandardReply("UNKNOWN_KIND", "There is no such kind of room")

# MANAGE; and, with the words of securechat-admin, the codes of its refusals.
RESULT = StandardReply("RESULT", "Done")
CONFIRM = StandardReply("CONFIRM", "This cannot be undone; repeat it with --yes")

# REGISTER (draft/account-registration).
ACCOUNT_EXISTS = StandardReply("ACCOUNT_EXISTS", "An account of this name exists already")
ALREADY_AUTHENTICATED = StandardReply("ALREADY_AUTHENTICATED", "You are logged in already")
BAD_ACCOUNT_NAME = StandardReply("BAD_ACCOUNT_NAME", "This cannot be the name of an account")
COMPLETE_CONNECTION_REQUIRED = StandardReply(
    "COMPLETE_CONNECTION_REQUIRED", "Finish connecting before you register an account"
)
INVITE_EXPIRED = StandardReply("INVITE_EXPIRED", "The invite has expired; ask for a new one")
INVITE_FOR_MEMBERS = StandardReply(
    "INVITE_FOR_MEMBERS",
    "This invite is for people who have an account here already; ask an administrator for one that makes an account",
)
INVITE_REQUIRED = StandardReply(
    "INVITE_REQUIRED", "An invite is needed to register an account; ask an administrator for one"
)
INVITE_REVOKED = StandardReply(
    "INVITE_REVOKED", "The invite was taken back, or whoever made it may not invite any more; ask for a new one"
)
INVITE_UNKNOWN = StandardReply("INVITE_UNKNOWN", "There is no such invite; check that the link is complete")
INVITE_USED = StandardReply("INVITE_USED", "The invite was used already; ask for a new one")
NEED_NICK = StandardReply("NEED_NICK", "Choose a nick before you register an account")
REGISTRATION_CLOSED = StandardReply(
    "REGISTRATION_CLOSED", "This server does not register accounts; ask an administrator"
)
WEAK_PASSWORD = StandardReply("WEAK_PASSWORD", "The password is too short")

# TOTP, APPPASSWORD, and whatever the policy asks a second factor for.
SECOND_FACTOR_REQUIRED = StandardReply(
    "SECOND_FACTOR_REQUIRED", "A second factor is required here and not set up yet: TOTP SETUP :<password>"
)
SECOND_FACTOR_MISSING = StandardReply("SECOND_FACTOR_MISSING", "There is none: TOTP SETUP :<password> makes one")
INVALID_CREDENTIALS = StandardReply(
    "INVALID_CREDENTIALS", "Wrong password; if the account has a second factor, give its code as well"
)
INVALID_CODE = StandardReply("INVALID_CODE", "This code is wrong or was used already; wait for the next one")
TOTP_SECRET = StandardReply("TOTP_SECRET", "Let an authenticator app read this, then: TOTP CONFIRM <code>")
TOTP_CONFIRMED = StandardReply(
    "TOTP_CONFIRMED", "The second factor is in force; keep these recovery codes, each good once"
)
TOTP_REMOVED = StandardReply("TOTP_REMOVED", "There is no second factor any more")
TOTP_STATUS = StandardReply("TOTP_STATUS", "No second factor")
RECOVERY_CODE = StandardReply("RECOVERY_CODE", "Good once, in place of a code")
APP_PASSWORD_ADDED = StandardReply("APP_PASSWORD_ADDED", "Give it to the program now; it is not shown again")
APP_PASSWORD = StandardReply("APP_PASSWORD", "Not used yet")
APP_PASSWORDS_END = StandardReply("APP_PASSWORDS_END", "End of the list")
APP_PASSWORD_REVOKED = StandardReply("APP_PASSWORD_REVOKED", "Nobody can log in by it any more")
UNKNOWN_APP_PASSWORD = StandardReply(
    "UNKNOWN_APP_PASSWORD", "There is no app password of this name; APPPASSWORD LIST shows them"
)
APP_PASSWORD_REFUSED = StandardReply(
    "APP_PASSWORD_REFUSED", "There is one of this name already, or as many as there may be: 20"
)

# PASSWD: another password for one's own account; and INVALID_CREDENTIALS, WEAK_PASSWORD.
PASSWORD_SHOWN = StandardReply("PASSWORD_SHOWN", "It is the right one; within two minutes: PASSWD NEW :<new password>")
PASSWORD_NOT_SHOWN = StandardReply(
    "PASSWORD_NOT_SHOWN", "Show the password that is good now first: PASSWD OLD :<password> [<code>]"
)
PASSWORD_CHANGED = StandardReply("PASSWORD_CHANGED", "The new password is in force")

# SESSIONS: the sessions of one's own account.
SESSION = StandardReply("SESSION", "A session")
SESSIONS_END = StandardReply("SESSIONS_END", "End of the list; SESSIONS REVOKE <number>|others|all ends them")
SESSION_NAMED = StandardReply("SESSION_NAMED", "So this session is called in the list")
SESSION_REVOKED = StandardReply("SESSION_REVOKED", "It has ended; what it logged in by may still be good")
SESSION_ENDED = StandardReply(
    "SESSION_ENDED", "This session was ended on purpose; a program should not come back by itself"
)
UNKNOWN_SESSION = StandardReply("UNKNOWN_SESSION", "There is no such session; SESSIONS LIST shows them")

# INVITES; and what JOIN answers to the token of an invite.
INVITE_CREATED = StandardReply("INVITE_CREATED", "Pass the link on; it is not shown again")
INVITE_LISTED = StandardReply("INVITE_LISTED", "No note")
INVITE_LIST_END = StandardReply("INVITE_LIST_END", "End of the list of invites")
TOO_MANY_INVITES = StandardReply("TOO_MANY_INVITES", "Too many invites are open; revoke one first")

# SETNAME (extensions/setname, "Errors").
INVALID_REALNAME = StandardReply("INVALID_REALNAME", "The real name is empty or too long")

# CHATHISTORY (draft/chathistory, "Errors and Warnings").
INVALID_MSGREFTYPE = StandardReply("INVALID_MSGREFTYPE", "Messages are referred to by msgid= or timestamp=")
INVALID_PARAMS = StandardReply("INVALID_PARAMS", "The parameters are not those of the command")
INVALID_TARGET = StandardReply("INVALID_TARGET", "There is nothing here that you may read")
MESSAGE_ERROR = StandardReply("MESSAGE_ERROR", "Messages could not be retrieved because of an error of the server")

# REDACT (draft/message-redaction, "Errors"); and INVALID_TARGET.
REDACT_FORBIDDEN = StandardReply(
    "REDACT_FORBIDDEN", "Only who said it, or who looks after the room, can delete this message"
)
REPORTED = StandardReply("REPORTED", "Thank you: those who look after this have been told")
OPEN_REPORT = StandardReply("OPEN_REPORT", "A report")
END_OF_REPORTS = StandardReply("END_OF_REPORTS", "End of the open reports; REPORT CLOSE <number> closes one")
REPORT_CLOSED = StandardReply("REPORT_CLOSED", "The report is closed")
UNKNOWN_REPORT = StandardReply("UNKNOWN_REPORT", "There is no such open report; REPORT LIST shows them")
TOO_MANY_REPORTS = StandardReply("TOO_MANY_REPORTS", "Too many reports wait here already; those who see to them know")
UNKNOWN_MSGID = StandardReply("UNKNOWN_MSGID", "There is no such message here; it may be deleted already")

# RENAME (draft/channel-rename, "Errors").
CHANNEL_NAME_IN_USE = StandardReply("CHANNEL_NAME_IN_USE", "There is a room of this name already")
CANNOT_RENAME = StandardReply("CANNOT_RENAME", "This room cannot be renamed")

# METADATA (draft/metadata-3, "Standard Replies"); and INVALID_TARGET, RATE_LIMITED.
INVALID_KEY = StandardReply("INVALID_KEY", "A key has at most 40 characters, of a-z, 0-9 and _ . / -")
INVALID_VALUE = StandardReply("INVALID_VALUE", "The value is longer than 300 bytes")
INVALID_SUBCOMMAND = StandardReply("INVALID_SUBCOMMAND", "There is no such subcommand; HELP shows those that there are")
KEY_NO_PERMISSION = StandardReply("KEY_NO_PERMISSION", "You are not allowed to change this")
KEY_NOT_SET = StandardReply("KEY_NOT_SET", "No such key is set")
LIMIT_REACHED = StandardReply("LIMIT_REACHED", "There are 20 keys already, and no more may be; take one away first")
TOO_MANY_SUBS = StandardReply("TOO_MANY_SUBS", "You have subscribed to 50 keys already, and no more may be")

# BATCH (extensions/client-batch, draft/multiline).
INVALID_REFTAG = StandardReply("INVALID_REFTAG", "The name of a batch holds only letters, digits and hyphens")
UNKNOWN_TYPE = StandardReply("UNKNOWN_TYPE", "Clients cannot send batches of this type")
TIMEOUT = StandardReply("TIMEOUT", "The batch was left open for too long; nothing of it was sent")
MULTILINE_INVALID = StandardReply("MULTILINE_INVALID", "Invalid multiline batch")
MULTILINE_INVALID_TARGET = StandardReply("MULTILINE_INVALID_TARGET", "Invalid multiline target")
MULTILINE_MAX_BYTES = StandardReply("MULTILINE_MAX_BYTES", "Multiline batch max-bytes exceeded")
MULTILINE_MAX_LINES = StandardReply("MULTILINE_MAX_LINES", "Multiline batch max-lines exceeded")

STANDARD_REPLIES: dict[str, StandardReply] = {
    reply.code: reply for reply in list(globals().values()) if isinstance(reply, StandardReply)
}
"""Every reply by its code."""
