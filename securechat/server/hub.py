"""The hub: who is present, which rooms there are, who is in them. One lock guards it, and this module changes it.

Longer than other modules: what changes one of these tables changes the others, and stands beside it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from securechat.clock import Clock
from securechat.domain.account import Account
from securechat.domain.audit import Act
from securechat.domain.events import Event, Kind, Source
from securechat.domain.look_alikes import TakenNames, check_new_room_name
from securechat.domain.permissions import (
    Action,
    Policy,
    Subject,
    enters_by_power,
    lacks_second_factor,
    may,
    require,
    require_entry,
)
from securechat.domain.ports import Journal, Reader
from securechat.domain.roles import RoomRole
from securechat.domain.room import DirectConversation, Room
from securechat.domain.server_bans import ServerBans
from securechat.errors import NotPermitted
from securechat.names import fold
from securechat.protocol.message_id import MessageIds
from securechat.protocol.modes import USER_MODES
from securechat.server.awaited import Awaited
from securechat.server.blocks import Blocks
from securechat.server.configuration import Configuration
from securechat.server.deeds import deed_of
from securechat.server.entries import Publication
from securechat.server.first_ends import FirstEnds
from securechat.server.former_names import FormerNames
from securechat.server.invites import Known, KnownInvites, use_to_enter
from securechat.server.limits import Limits
from securechat.server.markers import ReadMarkers
from securechat.server.membership import joining, roles_on_entering
from securechat.server.metadata import Metadata
from securechat.server.pending_changes import PendingChanges
from securechat.server.ports import Workers
from securechat.server.rendering import Renderer
from securechat.server.repeats import Repeats
from securechat.server.reports import Reports
from securechat.server.sessions import Session
from securechat.server.snapshot import Snapshot
from securechat.server.trusted_addresses import TrustedAddresses
from securechat.server.users import HOST, NOBODY, Joined, LiveRoom, User, audience_of
from securechat.server.watches import Watches
from securechat.server.whowas import Departure, Departures

if TYPE_CHECKING:
    from securechat.server.administration import Administration

UNUSED_CONVERSATIONS = 100_000
"""How many numbers of conversations are passed over at each start: more than can be on their way to a failing disk."""
NOT_STORED = "It could not be stored"
"""Why somebody is not in a room any more."""


class Hub:
    """All shared state. Every method but `lock` and the read-only attributes needs the lock held."""

    def __init__(
        self,
        configuration: Configuration,
        journal: Journal,
        reader: Reader,
        workers: Workers,
        clock: Clock,
        authority_der: bytes,
        login_key: bytes,
    ) -> None:
        self.lock = threading.Lock()  # the only tier: guards everything below; never held across I/O, SQL or hashing
        self.configuration = configuration
        access = configuration.access
        factor = configuration.accounts.second_factor
        self.policy = Policy(access.guests, access.registration, factor, access.room_creation)
        self.journal = PendingChanges(journal, clock)
        self.reader = reader
        self.workers = workers
        self.authority_der = authority_der  # the CA's certificate, public
        self.login_key = login_key  # secret: makes the salts of names that have no account
        self.message_ids = MessageIds(journal.epoch)
        self.renderer = Renderer(journal.epoch)
        self.server_source = Source(configuration.server.name, "server", HOST)
        self.started = clock()
        self.sessions: dict[Session, None] = {}
        self.users: dict[str, User] = {}  # by folded nick
        self.accounts: dict[str, Account] = {}  # by folded name
        self.accounts_by_id: dict[int, Account] = {}
        self.ended_early: dict[int, bool] = {}  # of accounts that are not known yet: whether they are suspended
        self.app_passwords: set[int] = set()  # the numbers of those that are good
        self.users_of_account: dict[int, User] = {}
        self.names_of_people = TakenNames()  # accounts and nicks that are present
        self.names_of_rooms = TakenNames()
        self.rooms: dict[str, LiveRoom] = {}  # by folded name
        self.rooms_by_id: dict[int, LiveRoom] = {}
        self.secret_rooms: set[int] = set()  # their ids: everybody who connects is told how many others there are
        self.isupport: list[list[str]] = []  # the tokens of each 005, made for the first who connects
        self.memberships: dict[int, dict[int, RoomRole]] = {}  # account id -> room id -> what it is there
        self.direct: dict[tuple[str, str], DirectConversation] = {}
        self.direct_by_party: dict[str, dict[int, DirectConversation]] = {}
        self.former_names = FormerNames()  # of rooms
        self.markers = ReadMarkers()
        self.endings = FirstEnds()  # of bans, by room
        self.metadata = Metadata()
        self.blocks, self.reports, self.invites = Blocks(), Reports(), KnownInvites()
        self.repeats = Repeats()
        self.awaited = Awaited()
        self.watches = Watches()
        self.departures = Departures()  # who gave up a nick, for WHOWAS
        self.administration: Administration | None = None  # of the running server, for MANAGE
        self.most_users = 0
        self.stopping = False  # everybody goes: nobody needs to be told of each other
        self.present_sessions = 0
        # By the letter of a mode: who is not as everybody is who comes in.
        self.unusual: dict[str, dict[User, None]] = {mode.letter: {} for mode in USER_MODES}
        self.stored_before = 0  # sequence of the newest event when the server started
        self.last_said: dict[int, int] = {}  # conversation id -> sequence of its newest event, for replay
        self.limits = Limits(configuration.limits)
        self.trusted = TrustedAddresses()
        self.revoked_certificates: frozenset[str] = frozenset()  # their serial numbers; replaced as a whole
        self.bans = ServerBans()  # from the whole server; replaced as a whole
        self.registration_closed = False  # by an administrator
        self.monotonic = time.monotonic
        self._clock = clock
        self._last_time = 0
        self._next_conversation = 1

    def fill(self, snapshot: Snapshot) -> None:
        """Take over what the database holds; before the first connection."""
        for account in snapshot.accounts:
            account.second_factor = account.id in snapshot.second_factors
            self.add_account(account)
        self.app_passwords.update(snapshot.app_passwords)
        for room in snapshot.rooms:
            self._add_room(LiveRoom(room, self.now))
            self.endings.note(room)
            self.last_said[room.id] = room.last_sequence
        self.former_names.fill(snapshot.names_given_up, {name: live.room.id for name, live in self.rooms.items()})
        self.secret_rooms.update(room.id for room in snapshot.rooms if room.rules.secret)
        for account_id, room_id, roles in snapshot.memberships:
            self.set_membership(account_id, self.rooms_by_id[room_id], roles)
        for account_id, room_id, sequence in snapshot.joined:
            self.rooms_by_id[room_id].joined[account_id] = sequence
        for direct in snapshot.direct:
            self._add_direct(direct)
            self.last_said[direct.id] = direct.last_sequence
        self.markers.fill(snapshot.read_markers)
        self.metadata.fill(snapshot.account_values, snapshot.room_values)
        self.blocks.fill(snapshot.blocks)
        self.bans = ServerBans(snapshot.server_bans)
        self.close_registration(closed=snapshot.registration_closed)
        self.reports.fill(snapshot.reports, snapshot.last_report)
        self.invites.take_over(snapshot.invites)
        self.stored_before = snapshot.last_sequence
        self._last_time = snapshot.last_time
        # A room whose making failed may have left messages under its number (see storage): it is never given again.
        self._next_conversation = max(self._next_conversation, *(one + 1 for one in (0, *snapshot.departing)))
        self._next_conversation += UNUSED_CONVERSATIONS

    def close_registration(self, *, closed: bool) -> None:
        """Take no new accounts for now, whatever the configuration says, or do as it says again."""
        registration = "closed" if closed else self.configuration.access.registration
        self.policy = replace(self.policy, registration=registration)
        self.registration_closed = closed

    def now(self) -> int:
        """Return the wall time in ms, but never less than before: history is searched by time (domain.events)."""
        self._last_time = max(self._last_time, self._clock())
        return self._last_time

    def add_account(self, account: Account) -> None:
        """Know a new account."""
        self.accounts[fold(account.name)] = account
        self.names_of_people.add(account.name)
        self.accounts_by_id[account.id] = account
        account.lacks_factor = lacks_second_factor(account, self.policy)
        self.memberships.setdefault(account.id, {})

    # Rooms

    def find_room(self, name: str) -> LiveRoom | None:
        """Return the room of that name (on the wire), or None."""
        return self.rooms.get(fold(name))

    def create_room(self, name: str, source: Source) -> tuple[LiveRoom, Publication]:
        """Make a room; the publication tells the journal. Raises InvalidRoomName (see check_new_room_name)."""
        check_new_room_name(name, self.names_of_rooms)
        event = Event(Kind.ROOM, self.now(), source, self._take_conversation_id(), name)
        live = LiveRoom(Room(event.conversation, name, event.time), self.now)
        self._add_room(live)
        unbind = self.invites.bind(name, live.room.id)
        return live, Publication(event, NOBODY, None, undo=lambda: self._forget_room(live, unbind))

    def _add_room(self, live: LiveRoom) -> None:
        self.rooms[fold(live.room.name)] = live
        self.names_of_rooms.add(live.room.name)
        self.rooms_by_id[live.room.id] = live
        self._next_conversation = max(self._next_conversation, live.room.id + 1)

    def _forget_room(self, live: LiveRoom, unbind: Callable[[], None]) -> None:
        """Undo `create_room`. Who came in by the same batch is out already; whoever is left learns that they are.

        What they did in it since then is not stored either (storage.recorder).
        """
        for user in list(live.members):
            self.evict(user, live, NOT_STORED)
        if self.rooms_by_id.pop(live.room.id, None) is not None:
            self._forget_name(live)
        unbind()
        self.secret_rooms.discard(live.room.id)
        self.metadata.forget_room(live.room.id)
        self.endings.forget(live.room.id)

    def _forget_name(self, live: LiveRoom) -> None:
        self.names_of_rooms.remove(live.room.name)
        if self.rooms.get(fold(live.room.name)) is live:
            del self.rooms[fold(live.room.name)]

    def remove_room(self, live: LiveRoom) -> Callable[[], None]:
        """Forget a room that nobody is in any more; return what undoes it."""
        room = live.room
        values = self.metadata.take_from_room(room.id)
        said = self.last_said.pop(room.id, None)
        remember_names = self.former_names.forget(room.id)
        reports = [one for one in self.reports.open.values() if one.conversation == room.id]
        for report in reports:
            del self.reports.open[report.number]
        self._forget_name(live)
        del self.rooms_by_id[room.id]
        self.secret_rooms.discard(room.id)
        self.endings.forget(room.id)

        def undo() -> None:
            self._add_room(live)
            remember_names()
            if room.rules.secret:
                self.secret_rooms.add(room.id)
            self.endings.note(room)
            self.metadata.give_to_room(room.id, values)
            for report in reports:
                self.reports.restore(report)
            if said is not None:
                self.last_said[room.id] = said

        return undo

    def rename_room(self, live: LiveRoom, name: str) -> Callable[[], None]:
        """Give a room another name; return what undoes it."""
        old = live.room.name
        forget_old = self.former_names.note(old, live.room.id)
        self._call_room(live, name)

        def undo() -> None:
            self._call_room(live, old)
            forget_old()

        return undo

    def _call_room(self, live: LiveRoom, name: str) -> None:
        self._forget_name(live)
        live.room.name = name
        self.names_of_rooms.add(name)
        self.rooms[fold(name)] = live

    def _take_conversation_id(self) -> int:
        taken = self._next_conversation
        self._next_conversation += 1
        return taken

    def enter(self, user: User, live: LiveRoom, roles: RoomRole, joined: Joined | None = None) -> None:
        """Put a present user into a room, with all sessions; membership lasts if there is an account.

        They are a member since `joined`; None: since when they are one already.
        """
        user.rooms[live.room.id] = live
        if joined is not None:
            live.joined[user.key] = joined
        self.set_roles(user, live, roles)
        for session in user.sessions:
            live.add_session(session)

    def set_roles(self, user: User, live: LiveRoom, roles: RoomRole) -> None:
        """Let a present user be `roles` in a room that they are in."""
        live.members[user] = roles
        live.forget_subject(user)
        if user.account is not None:
            self.set_membership(user.account.id, live, roles)

    def set_membership(
        self, account_id: int, live: LiveRoom, roles: RoomRole | None, joined: Joined | None = None
    ) -> None:
        """Let an account, which may be offline, be `roles` in a room; None: not in it. About `joined` see `enter`."""
        rooms = self.memberships[account_id]
        if roles is None:
            live.accounts -= rooms.pop(live.room.id, None) is not None
            live.joined.pop(account_id, None)
        else:
            live.accounts += live.room.id not in rooms
            rooms[live.room.id] = roles
            if joined is not None:
                live.joined[account_id] = joined

    def leave(self, user: User, live: LiveRoom, *, keep_membership: bool = False) -> None:
        """Take a user out of a room; `keep_membership` when they only go offline."""
        user.rooms.pop(live.room.id, None)
        live.members.pop(user, None)
        live.forget_subject(user)
        if user.account is None:
            live.joined.pop(user, None)
        elif not keep_membership:
            self.set_membership(user.account.id, live, None)
        for session in user.sessions:
            live.remove_session(session)

    def evict(self, user: User, live: LiveRoom, reason: str) -> None:
        """Take a user out of a room for good, and tell the room."""
        event = Event(Kind.EVICT, self.now(), user.source, live.room.id, live.room.name, reason)
        publication = self.publication(event, live, None)
        self.leave(user, live)
        self.journal.submit(publication)

    def join(
        self, user: User, session: Session, name: str, key: str = "", invite: Known | None = None
    ) -> tuple[LiveRoom, list[Publication]] | None:
        """Join a room (or make it), by an `invite` that is good; None when the user is in it. Raises NotPermitted."""
        live = self.find_room(name)
        publications = []
        if live is None:
            require(user.subject(), Action.CREATE_ROOM, self.policy, name)
            live, created = self.create_room(name, user.source)
            publications.append(created)
        elif live.room.id in user.rooms:
            return None
        subject = live.subject_of(user, key, has_link=invite is not None)
        self._require_entry(subject, name)
        number, give_back = use_to_enter(invite, subject, self.policy, user.source.account_id)
        by_power = enters_by_power(subject, self.policy)
        roles = roles_on_entering(subject, live, by_power=by_power)
        invitations = live.take_invitations(user)
        change = joining(user, roles, number)
        event = Event(Kind.JOIN, self.now(), user.source, live.room.id, live.room.name, change=change)
        self.enter(user, live, roles, event)

        def undo() -> None:
            self._not_joined(user, live)
            live.invited.update({key: None for key in invitations if isinstance(key, int) or key.sessions})
            give_back()

        if by_power:
            event.deeds = (deed_of(event.time, user.source, Act.ROOM_ENTER, live.room.name),)
        publications.append(self.publication(event, live, session, undo=undo))
        return live, publications

    def _require_entry(self, subject: Subject, name: str) -> None:
        """Raise NotPermitted unless `subject` may enter; who may make no room is told the same of one that is hidden.

        Whoever may make one cannot be kept from learning that there is one; nor need be who shows a good invite.
        """
        try:
            require_entry(subject, self.policy, name)
        except NotPermitted:
            if not subject.has_link and not may(subject, Action.SEE_ROOM, self.policy):
                require(subject, Action.CREATE_ROOM, self.policy, name)
            raise

    def _not_joined(self, user: User, live: LiveRoom) -> None:
        """Undo a JOIN. Who has come back as another user of the account was shown to the room: it is told."""
        present = self.users_of_account.get(user.account.id) if user.account is not None else None
        if present is not None and present is not user and present in live.members:
            self.evict(present, live, NOT_STORED)
        self.leave(user, live)

    def publication(
        self,
        event: Event,
        live: LiveRoom,
        session: Session | None,
        undo: Callable[[], None] | None = None,
        failure: Callable[[str], bytes] | None = None,
    ) -> Publication:
        """An event for everybody who hears `live` now; its author sees it too."""
        return Publication(event, live.audience(), session, echo=True, undo=undo, failure=failure)

    # Direct conversations

    def open_direct(self, parties: tuple[str, str]) -> tuple[DirectConversation, Publication | None]:
        """Return the conversation between two parties, and the publication that stores it if it is new."""
        known = self.direct.get(parties)
        if known is not None:
            return known, None
        direct = DirectConversation(self._take_conversation_id(), parties)
        self._add_direct(direct)
        event = Event(Kind.DIRECT, self.now(), self.server_source, direct.id, parties=parties)
        return direct, Publication(event, NOBODY, None, undo=lambda: self._forget_direct(direct))

    def _add_direct(self, direct: DirectConversation) -> None:
        self.direct[direct.parties] = direct
        for party in direct.parties:
            self.direct_by_party.setdefault(party, {})[direct.id] = direct
        self._next_conversation = max(self._next_conversation, direct.id + 1)

    def _forget_direct(self, direct: DirectConversation) -> None:
        self.direct.pop(direct.parties, None)
        for party in direct.parties:
            self.direct_by_party.get(party, {}).pop(direct.id, None)

    def add_user(self, user: User) -> None:
        """Make a user present."""
        self._take_nick(user)
        user.blocked_by = self.blocks.blockers(user.key)
        if user.account is not None:
            self.users_of_account[user.account.id] = user
        self.note_modes(user)
        self.most_users = max(self.most_users, len(self.users))

    def remove_user(self, user: User) -> None:
        """Forget a user whose last session ended."""
        for live in user.invited_to:
            live.invited.pop(user, None)
        self._remember_departure(user)
        self._give_up_nick(user)
        self.blocks.forget_guest(user)
        if user.account is not None:
            self.users_of_account.pop(user.account.id, None)
        for users in self.unusual.values():
            users.pop(user, None)

    def adopt(self, user: User, account: Account) -> None:
        """Make a guest who is present the user of an account that is not; about rooms see `server.adoption`."""
        user.adopt(account)
        user.blocked_by = self.blocks.blockers(user.key)
        self.users_of_account[account.id] = user
        self.note_modes(user)

    def note_modes(self, user: User) -> None:
        """Bring `unusual` up to date with a user whose modes have changed."""
        if self.users.get(fold(user.nick)) is not user:
            return  # about to go
        for mode in USER_MODES:
            if getattr(user, mode.shows) != mode.initial:
                self.unusual[mode.letter][user] = None
            else:
                self.unusual[mode.letter].pop(user, None)

    def _take_nick(self, user: User) -> None:
        self.users[fold(user.nick)] = user
        self.names_of_people.add(user.nick)
        user.named = self.now()

    def _give_up_nick(self, user: User) -> None:
        if self.users.get(fold(user.nick)) is user:  # its owner may have it: see presence.evict_guest
            del self.users[fold(user.nick)]
            self.names_of_people.remove(user.nick)

    def rename_user(self, user: User, nick: str) -> None:
        """Give a present user another nick."""
        if fold(nick) != fold(user.nick):
            self._remember_departure(user)
        self._give_up_nick(user)
        user.rename(nick)
        self._take_nick(user)

    def _remember_departure(self, user: User) -> None:
        account = user.account.name if user.account else ""
        self.departures.remember(Departure(user.nick, user.username, user.realname, account, self.now()))

    def nick_problem(self, nick: str, account: Account | None, user: User | None = None) -> str:
        """Say why a user of `account` (None: a guest), present as `user` if they are, cannot take `nick`; empty: may.

        Nobody else has it, no other account owns it, and it does not look like such a name.
        """
        if self.bans.of_nick(nick, self.now()) is not None:
            return "is banned on this server"
        folded = fold(nick)
        holder = self.users.get(folded)
        owner = self.accounts.get(folded)
        if holder is not None and holder is not user and (account is None or holder.account is not account):
            return "is already in use"
        if owner is not None:
            return "" if owner is account else "is already in use"
        own = [one for one in (account and account.name, user and user.nick) if one]
        return "looks like one that is in use" if self.names_of_people.has_alike(nick, own) else ""

    def peers(self, user: User) -> list[Session]:
        """Return the sessions of all who share a room with `user`, and of the user, each once."""
        sessions = dict.fromkeys(user.sessions)
        for live in user.rooms.values():
            for member in live.members:
                sessions.update(dict.fromkeys(member.sessions))
        return list(sessions)

    def tell_peers(self, event: Event, user: User, session: Session | None) -> Publication:
        """A publication of `event` to all who share a room with `user`, and to the user."""
        return Publication(event, audience_of(self.peers(user)), session, echo=True)
