"""What an act of administration changes in the running server at once (administration_ports.LiveEffects)."""

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager

from securechat.domain.account import Account, Invite
from securechat.domain.server_bans import ServerBan
from securechat.errors import InvalidName
from securechat.server import certificates
from securechat.server.administration_ports import SessionFacts
from securechat.server.hub import Hub
from securechat.server.own_sessions import abort_logins, all_facts, revoke, sessions_of, tell
from securechat.server.password_changes import CHANGED, end_powers, forget_password
from securechat.server.presence import end_soon, evict_guest
from securechat.server.second_factors import end_app_password, note_second_factor, settle_account
from securechat.server.server_bans import locked_out, take_over

_ANEW = "TOTP SETUP :<password> sets up another one"


class HubEffects:
    """Carries acts of administration into the hub. Called on the threads that run them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @contextmanager
    def name_reserved(self, name: str) -> Iterator[None]:
        """Keep the name from those who register, as they keep theirs from us. Raises InvalidName."""
        names = self._hub.names_of_people
        with self._hub.lock:
            if names.has_alike(name):
                raise InvalidName(name, "it looks like a name that is in use")
            names.add(name)
        try:
            yield
        finally:
            with self._hub.lock:
                names.remove(name)

    def account_added(self, account: Account) -> None:
        """Let the account log in. A guest who goes by its name must leave, as the name is somebody's now."""
        hub = self._hub
        with hub.lock:
            hub.add_account(account)
            evict_guest(hub, account.name)

    def account_suspended(self, account_id: int) -> None:
        """End the account's sessions and let it log in no more."""
        with self._hub.lock:
            self._set_suspended(account_id, suspended=True)
            end_powers(self._hub, account_id)
        self._end_sessions(account_id, "The account is suspended")

    def account_unsuspended(self, account_id: int) -> None:
        """Let the account log in again."""
        with self._hub.lock:
            self._set_suspended(account_id, suspended=False)

    def _set_suspended(self, account_id: int, *, suspended: bool) -> None:
        """The hub may not know an account yet that is being made at this moment: whoever makes it known asks for it."""
        account = self._hub.accounts_by_id.get(account_id)
        if account is not None:
            account.suspended = suspended
            if suspended:
                abort_logins(self._hub, account_id)
        else:
            self._hub.ended_early[account_id] = suspended

    def role_changed(self, account_id: int, *, administrator: bool) -> None:
        """Give the account an administrator's powers, or take them, those included that others got by its password."""
        hub = self._hub
        with hub.lock:
            account = hub.accounts_by_id.get(account_id)
            if account is not None:
                account.administrator = administrator
                settle_account(hub, account)
            if not administrator:
                end_powers(hub, account_id)

    def credentials_changed(self, account_id: int) -> None:
        """End the account's sessions: whoever is there must know the new password. Logins under way fail.

        For these are checked against the credentials of before.
        """
        with self._hub.lock:
            forget_password(self._hub, account_id)
            if account_id not in self._hub.accounts_by_id:
                self._hub.ended_early.setdefault(account_id, False)  # see `_set_suspended`
        self._end_sessions(account_id, CHANGED)

    def second_factor_removed(self, account_id: int) -> None:
        """Ask for no code any more, and tell whoever is there: the owner may not have wished it."""
        hub = self._hub
        with hub.lock:
            account = hub.accounts_by_id.get(account_id)
            if account is not None:
                note_second_factor(hub, account, present=False)
                if account.lacks_factor:  # then nobody else has powers by its password (OPER), either
                    end_powers(hub, account.id)
                tell(hub, account, f"The second factor of your account was taken away by an administrator; {_ANEW}")

    def app_password_revoked(self, number: int) -> None:
        """Let nobody in by it any more, and end the sessions that it opened."""
        with self._hub.lock:
            end_app_password(self._hub, number)

    def locked_out(self, target: str) -> str:
        """Which administrator who is here, or address of one, a ban of `target` would keep out; empty: none."""
        with self._hub.lock:
            return locked_out(self._hub, target)

    def bans_changed(self, bans: list[ServerBan]) -> None:
        """Let these be the bans of the server, and end the sessions that they keep out."""
        with self._hub.lock:
            take_over(self._hub, bans)

    def registration_changed(self, *, closed: bool) -> None:
        """Close registration for now, or leave it to the configuration again."""
        with self._hub.lock:
            self._hub.close_registration(closed=closed)

    def invite_added(self, token_digest: bytes, invite: Invite) -> None:
        """Let it be used."""
        with self._hub.lock:
            self._hub.invites.forget_dead(self._hub.now())
            self._hub.invites.add(token_digest, invite)

    def invites_revoked(self, numbers: Sequence[int]) -> None:
        """Let them be used no more."""
        with self._hub.lock:
            self._hub.invites.revoke(numbers)

    def certificates_revoked(self, serials: Set[str]) -> None:
        """Let these certificates count no more, as well as those of before; end the sessions that they opened."""
        with self._hub.lock:
            certificates.take_over(self._hub, self._hub.revoked_certificates | serials)

    def logged_in(self) -> Sequence[SessionFacts]:
        """Every session that is logged in to an account."""
        with self._hub.lock:
            return all_facts(self._hub)

    def end_sessions(self, account_id: int, number: int | None) -> int:
        """End a session of the account, or all of them (None); return how many there were."""
        with self._hub.lock:
            account = self._hub.accounts_by_id.get(account_id)
            found = sessions_of(self._hub, account) if account is not None else []
            if number is not None:
                found = [one for one in found if one.number == number]
            else:
                abort_logins(self._hub, account_id)
            revoke(self._hub, found, "an administrator")
        return len(found)

    def sessions(self) -> Mapping[int, int]:
        """How many sessions each account has that is online, by its id."""
        with self._hub.lock:
            return {account_id: len(user.sessions) for account_id, user in self._hub.users_of_account.items()}

    def rooms(self) -> Mapping[int, int]:
        """How many users are in each room now, by its id."""
        with self._hub.lock:
            return {room_id: len(live.members) for room_id, live in self._hub.rooms_by_id.items()}

    def _end_sessions(self, account_id: int, reason: str) -> None:
        """End every session of the account, those that are logged in but not welcomed yet included."""
        hub = self._hub
        with hub.lock:
            for session in hub.sessions:
                if session.account is not None and session.account.id == account_id:
                    end_soon(hub, session, reason)
