"""Accounts, their credentials and the invites that make them."""

from dataclasses import dataclass


@dataclass(slots=True)
class Account:
    """Somebody who may log in. The hub holds one object for each; credentials stay in the database."""

    id: int
    name: str
    administrator: bool
    suspended: bool
    created: int  # milliseconds since the epoch
    replay_sequence: int = 0  # up to here clients without chathistory have certainly received everything; 0: unknown
    bot: bool = False  # of a program; never of an administrator
    seen_sequence: int = 0  # since then its clients were here, or are (server.past); 0: unknown
    second_factor: bool = False  # a login by password needs a code as well; the hub fills it in
    newest_session: int = 0  # the number of its newest session since the server started; the hub counts
    password_changes: int = 0  # since the server started; the hub counts
    lacks_factor: bool = False  # the policy asks for a second factor that it does not have; the hub fills it in


@dataclass(slots=True, frozen=True)
class Credentials:
    """What is stored to check a password. Never logged, never shown: the repr is silent."""

    argon2: str  # PHC string
    scram_salt: bytes
    scram_iterations: int
    scram_stored_key: bytes
    scram_server_key: bytes

    def __repr__(self) -> str:
        return "Credentials(...)"


@dataclass(slots=True, frozen=True)
class Invite:
    """A permission to make an account, or to enter rooms. Only the SHA-256 digest of its token is stored."""

    id: int
    rooms: tuple[str, ...]  # names on the wire (`#general`) of the rooms that it leads into, as they are called now
    administrator: bool  # the account made with it is an administrator
    uses_left: int
    expires: int | None  # milliseconds since the epoch; None: never
    revoked: bool
    created: int  # milliseconds since the epoch
    created_by: str  # account name, or "server" / "securechat-admin"
    note: str
    bootstrap: bool = False  # made by the server itself because no account existed
    room_ids: tuple[int, ...] = ()  # of `rooms`, in the same order; 0: there is no such room yet
    link_names: tuple[str, ...] = ()  # of `rooms`, in the same order: what they were called when it was made
    maker: int = 0  # id of the account that made it; 0: the server, or somebody at its machine
    newcomers: bool = True  # whether an account can be made with it, too


def refusal(invite: Invite | None, now: int) -> str | None:
    """Return why `invite` cannot be used at `now` (ms), in the words of InviteRefused.reason, or None if it can."""
    if invite is None:
        return "unknown"
    if invite.revoked:
        return "revoked"
    if invite.uses_left <= 0:
        return "used"
    if invite.expires is not None and invite.expires <= now:
        return "expired"
    return None
