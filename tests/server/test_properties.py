"""Whatever three sessions send, in whatever order and with a disk that fails now and then, the promises hold.

No bug in the log; every line sent parses, has at most 512 bytes without its tags and comes from somebody real; and
every client's view of who is in which room is the hub's.
"""

import base64
import logging
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from securechat.domain.audit import Act, Verification
from securechat.domain.roles import KINDS, STANDINGS
from securechat.names import fold
from securechat.protocol.line_buffer import MAX_LINE, MAX_TAGS
from securechat.protocol.message import Message, nick_of, parse
from securechat.protocol.modes import USER_MODES
from securechat.server.metadata import Metadata
from securechat.server.registry import COMMANDS
from securechat.server.snapshot import take_snapshot
from securechat.server.users import User
from tests.server.harness import Harness, Person, running

NICKS = ("alice", "bob", "carol", "Анна", "𝐚𝐛𝐜" * 8, "x" * 32)
ROOMS = (
    "#tea",
    "#TEA",
    "#cake",
    "#general",
    "#чай",
    "#" + "𝐚" * 47,
    "#" + "a" * 63,
    "#a,b",
    "#",
    "tea",
    "0",
    "#tea,#cake,#чай",
)
TEXTS = ("", "hi", "\x01ACTION waves\x01", ": b  c", "x" * 300, "x" * 480, "я" * 240, "💬" * 100)
TAGS = (
    "",
    "@label=1 ",
    "@label=a\\sb\\:c ",
    "@+x=1;+draft/y=\\n ",
    "@label=2;+typing=active ",
    "@time=1 ",
    "@batch=1 ",
    "@ ",
    "@;=;+ ",
)
TIMES = ("", "", ":", "1s", "2h", "9999999d", ":a b")
CHANGES = (
    "+L",
    "-L",
    "+H joined",
    "+H none",
    "-H",
    "+f 5",
    "-f",
    "",
    "b",
    "+i",
    "-i",
    "+m",
    "-m",
    "+k key",
    "-k key",
    "+l 2",
    "-l",
    "+ns",
    "-n+t",
    "+b *!u1@*",
    "-b *!u1@*",
    "+b-b *!u1@* *!u1@*",
)
CAPABILITIES = (
    "",
    "echo-message",
    "batch labeled-response message-tags",
    "server-time message-tags account-tag",
    "draft/chathistory batch draft/event-playback extended-join",
    "extended-join setname",
    "draft/metadata-3 batch labeled-response",
    "draft/channel-rename",
    "draft/multiline batch labeled-response echo-message message-tags",
)

ACCOUNT = "shared"
USERS = ("u0", "𝐮" * 8, "u2")
"""The longest one in bytes is among them."""
REALNAMES = ("u", "𝐫" * 100, "r" * 100)
SIGNS = "@+"
EXTERNAL = "AUTHENTICATE EXTERNAL\r\nAUTHENTICATE +"
PLAIN = base64.b64encode(b"\0shared\0correct horse").decode()

names = st.sampled_from((*NICKS, *ROOMS, ACCOUNT, "nobody", "*", ""))
texts = st.sampled_from(TEXTS)
rooms = st.one_of(st.sampled_from(("#tea", "#" + "a" * 63)), st.sampled_from(ROOMS))
nicks = st.sampled_from(NICKS)
keys = st.sampled_from(("a", "b", "a b", "display-name", "k" * 40, "$", ""))
sensible = st.one_of(
    st.builds("JOIN {}".format, rooms),
    st.builds("JOIN {}".format, rooms),
    st.builds("PART {} :{}".format, rooms, texts),
    st.builds("PRIVMSG {} :{}".format, rooms, texts),
    st.builds("PRIVMSG {} :{}".format, names, texts),
    st.builds("NOTICE {},{} :{}".format, names, names, texts),
    st.builds("TAGMSG {}".format, names),
    st.builds("TOPIC {} :{}".format, rooms, texts),
    st.builds("NAMES {}".format, rooms),
    st.builds("NICK {}".format, nicks),
    st.builds("AWAY :{}".format, texts),
    st.builds("PING :{}".format, texts),
    st.builds("CAP REQ :{}".format, st.sampled_from(("echo-message", "-echo-message", "server-time", "-batch", "x"))),
    st.builds("CHATHISTORY LATEST {} * {}".format, names, st.sampled_from(("1", "50", "x"))),
    st.builds("CHATHISTORY AROUND #tea msgid={{epoch}}-{} 9".format, st.integers(1, 40)),
    st.builds("REDACT #tea {{epoch}}-{}".format, st.integers(1, 40)),
    st.builds("WHO {}".format, names),
    st.builds("SETNAME :{}".format, texts),
    st.builds("MARKREAD :{} timestamp=2025-01-01T00:00:00.000Z".format, names),
    st.builds("LIST {} {}".format, names, st.sampled_from((">0", "!*e*", "*,??a"))),
    st.builds("MODE {} {}".format, rooms, st.sampled_from(CHANGES)),
    st.builds("MODE {} {} {}".format, rooms, st.sampled_from(("+o", "-o", "+v", "-v", "+b", "-b")), names),
    st.builds("KICK {} {} :{}".format, rooms, names, texts),
    st.builds("ROLE {} {} {}".format, rooms, nicks, st.sampled_from(("", *STANDINGS, "king"))),
    st.builds("KIND {} {}".format, rooms, st.sampled_from(("", *KINDS, "cosy"))),
    st.builds(
        "{} {} {} {}".format, st.sampled_from(("BAN", "MUTE", "UNBAN", "UNMUTE")), rooms, names, st.sampled_from(TIMES)
    ),
    st.builds("MODE {} {}".format, nicks, st.sampled_from(("", "+B", "-B", "-i", "+i-o", "+ox", "-wi+B", "+w"))),
    st.builds("OPER {} :{}".format, names, st.sampled_from(("correct horse", "wrong"))),
    st.just("OPER root :correct horse"),
    st.sampled_from(("TOTP SETUP :correct horse", "TOTP STATUS", "TOTP CONFIRM 123456", "TOTP RECOVERY 123456")),
    st.sampled_from(("APPPASSWORD ADD a :correct horse", "APPPASSWORD LIST", "APPPASSWORD REVOKE a", "TOTP REMOVE 1")),
    st.builds("RENAME {} {} :{}".format, rooms, rooms, texts),
    st.builds("METADATA {} SET {} :{}".format, st.one_of(st.just("*"), rooms), keys, texts),
    st.builds("METADATA {} {}".format, names, st.sampled_from(("SET a", "LIST", "CLEAR", "SYNC", "GET a b $"))),
    st.builds("METADATA * {} {}".format, st.sampled_from(("SUB", "SUB", "UNSUB", "SUBS")), keys),
    st.builds("MONITOR + {}".format, names),
    st.builds("KILL {} :{}".format, names, texts),
    st.builds("MANAGE user {} {}".format, st.sampled_from(("list", "suspend", "unsuspend --reason 'x y'", "'")), names),
    st.sampled_from(("MANAGE HELP", "MANAGE audit list --limit 5", "MANAGE invite create", "MANAGE room list --x")),
    st.builds("MANAGE room {} {}".format, st.sampled_from(("delete --yes", "lock", "unlock", "create", "show")), rooms),
    st.builds("MANAGE room {} tea {}".format, st.sampled_from(("kick", "ban", "mute", "unban", "rename")), nicks),
    st.sampled_from(("MANAGE room set tea --kind private --history none", "MANAGE room role tea root owner")),
    st.builds("WALLOPS :{}".format, texts),
    st.builds("INVITE {} {}".format, names, rooms),
    st.builds("KNOCK {} :{}".format, rooms, texts),
    st.builds("SILENCE {}{}".format, st.sampled_from("++-"), names),
    st.builds("REPORT {} :{}".format, st.sampled_from(("LIST", "LIST #tea", "CLOSE 1", "CLOSE 2", "x-1")), texts),
    st.builds("REPORT {{epoch}}-{} :{}".format, st.integers(1, 40), texts),
    st.builds("SILENCE {}{}".format, st.sampled_from("++-"), nicks),
    st.builds("INVITES CREATE {} {} {} :{}".format, rooms, st.sampled_from(("", "1", "0")), keys, texts),
    st.sampled_from(("INVITES LIST", "INVITES LIST #tea", "INVITES REVOKE 1", "JOIN #tea token-of_22_characters")),
    st.builds("BATCH +1 draft/multiline {}".format, names),
    st.sampled_from(("BATCH -1", "BATCH +2 draft/multiline #tea", "BATCH -2")),
    st.sampled_from((f"AUTHENTICATE PLAIN\r\nAUTHENTICATE {PLAIN}", "AUTHENTICATE PLAIN", EXTERNAL)),
    st.sampled_from(("LIST", "LUSERS", "MOTD", "JOIN 0", "CACERT", "LINKS", "PONG 1", "PONG 999999999")),
)
senseless = st.builds(
    lambda command, params: " ".join((command, *params)),
    st.sampled_from((*sorted(set(COMMANDS) - {"QUIT"}), "SING", "001", "ЖЖ")),
    st.lists(st.one_of(names, texts, st.text(max_size=20)), max_size=5),
)
lines = st.builds("{}{}".format, st.sampled_from(TAGS), st.one_of(sensible, sensible, senseless)).map(str.encode)
raw = st.binary(max_size=80)
sessions = st.integers(0, 2)
steps = st.one_of(
    st.tuples(sessions, lines),
    st.tuples(sessions, lines),
    st.tuples(sessions, lines),
    st.tuples(sessions, raw),
    st.tuples(
        sessions,
        st.sampled_from((b"QUIT :bye", b"QUIT", "QUIT :" + "я" * 240, "vanish", "settle", "disk")).map(
            lambda one: one.encode() if isinstance(one, str) and one.startswith("QUIT") else one
        ),
    ),
)


class Client:
    """What a client makes of the lines that it is sent: who is in which room. It forgets all when it reconnects."""

    def __init__(self, harness: Harness, index: int, capabilities: str, nicks: set[str], *, logs_in: bool) -> None:
        self.logs_in = logs_in
        self.harness = harness
        self.index = index
        self.capabilities = capabilities
        self.nicks = nicks  # all that anybody has ever had
        self.connect()

    def connect(self) -> None:
        """Come back under the first nick that is free."""
        self.rooms: dict[str, set[str]] = {}
        self.nick = ""
        self.person = self.harness.connection()
        self.person.session.certificate_account = ACCOUNT if self.index == 1 else ""
        self.person.session.certificate_ends = 1 << 60
        self.person.sends(
            "CAP LS 302", f"CAP REQ :{self.capabilities}", f"USER {USERS[self.index]} 0 * :{REALNAMES[self.index]}"
        )
        if self.logs_in:
            self.person.sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {PLAIN}")
        self.person.sends("CAP END")
        for nick in (*NICKS, *(f"spare{number}" for number in range(100))):
            self.person.sends(f"NICK {nick}")
            self.read()
            if self.nick:
                break

    def read(self) -> None:
        """Take in the lines that have come, as a client would, and check each."""
        data = b"".join(self.person.outlet.chunks)
        self.person.outlet.chunks.clear()
        for line in data.split(b"\r\n")[:-1]:
            tags, _, rest = line.partition(b" ") if line.startswith(b"@") else (b"", b"", line)
            assert len(rest) + 2 <= MAX_LINE, rest
            assert len(tags) + 1 <= MAX_TAGS
            assert b"\r" not in line
            assert b"\n" not in line
            assert b"\0" not in line
            message = parse(line)
            if message.command != "ERROR":
                assert message.source is not None
                self.check_source(message.source)
            self.take(message)

    def check_source(self, source: str) -> None:
        """Only the server and `nick!user@securechat` with a nick and user that somebody has had can be a source."""
        if source == "chat.test":
            return
        nick, _, rest = source.partition("!")
        user, _, host = rest.partition("@")
        assert host == "securechat", source
        assert user in USERS, source
        assert nick in self.nicks, source

    def take(self, message: Message) -> None:
        nick, params = nick_of(message.source), message.params
        room = fold(params[0]) if params else ""
        match message.command:
            case "001":
                self.nick = params[0]
            case "JOIN":
                if nick == self.nick:
                    assert room not in self.rooms, "told twice to be in a room"
                    self.rooms[room] = set()
                self.rooms[room].add(nick)
            case "353":
                if fold(params[2]) in self.rooms:
                    self.rooms[fold(params[2])].update(name.lstrip(SIGNS) for name in params[3].split())
            case "RENAME":
                self.rooms[fold(params[1])] = self.rooms.pop(room)
            case "PART":
                self.rooms[room].discard(nick)
                if nick == self.nick:
                    del self.rooms[room]
            case "KICK":
                self.rooms[room].discard(params[1])
                if params[1] == self.nick:
                    del self.rooms[room]
            case "QUIT":
                for members in self.rooms.values():
                    members.discard(nick)
            case "NICK":
                for members in self.rooms.values():
                    if nick in members:
                        members.discard(nick)
                        members.add(params[0])
                if nick == self.nick:
                    self.nick = params[0]

    def check(self) -> None:
        """The view agrees with the hub."""
        user = self.person.session.user
        assert user is not None
        assert self.nick == user.nick
        held = {fold(live.room.name): {member.nick for member in live.members} for live in user.rooms.values()}
        assert self.rooms == held


def all_nicks(harness: Harness) -> set[str]:
    """A set to which every nick is added that anybody takes from now on."""
    hub, nicks = harness.hub, set[str]()
    add_user, rename_user = hub.add_user, hub.rename_user

    def add(user: User) -> None:
        nicks.add(user.nick)
        add_user(user)

    def rename(user: User, nick: str) -> None:
        nicks.add(nick)
        rename_user(user, nick)

    hub.add_user, hub.rename_user = add, rename  # type: ignore[method-assign]
    return nicks


class Keeper(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self.records = records

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def play(harness: Harness, clients: list[Client], index: int, step: object) -> None:
    client = clients[index]
    if step == "settle":
        harness.settle()
    elif step == "disk":
        # Everything of now and of the next step may fail, with whatever else is on its way.
        with harness.disk_full():
            lost = f"METADATA #tea SET a :lost\r\nMETADATA * SET a :lost\r\nPART #tea\r\nNICK disk{index}\r\n"
            lost += f"SILENCE +{NICKS[0]}\r\nSILENCE +root\r\nSILENCE -{ACCOUNT}\r\n"
            lost += "JOIN #tea,#new\r\nRENAME #new #lost\r\nPRIVMSG #tea :lost\r\n"
            lost += f"INVITE root #tea\r\nINVITE {ACCOUNT} #tea\r\n"
            lost += "MANAGE room delete tea --yes\r\n"
            client.person.sends_unsettled(lost.encode())
    elif step == "vanish":
        client.person.vanishes()
    else:
        assert isinstance(step, bytes)
        line = step.replace(b"{epoch}", harness.hub.journal.epoch.encode())
        client.person.sends_unsettled(line + b"\r\n")
    if index == 2:
        harness.settle()
    for one in clients:
        one.read()
        if one.person.outlet.closed is not None:
            one.connect()


@given(
    capabilities=st.tuples(*[st.sampled_from(CAPABILITIES)] * 3),
    shared=st.booleans(),
    script=st.lists(steps, min_size=40, max_size=100),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_promises_hold_whatever_is_sent(
    capabilities: tuple[str, str, str], shared: bool, script: list[tuple[int, object]]
) -> None:
    records: list[logging.LogRecord] = []
    handler = Keeper(records)
    logging.getLogger("securechat").addHandler(handler)
    try:
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as harness:
            harness.account(ACCOUNT)
            harness.account("root", administrator=True)
            nicks = all_nicks(harness)
            clients = [
                Client(harness, index, wanted, nicks, logs_in=shared and index < 2)
                for index, wanted in enumerate(capabilities)
            ]
            for client in clients:
                client.person.sends("JOIN #tea", "JOIN #" + "𝐚" * 47)
            for index, step in script:
                play(harness, clients, index, step)
            harness.settle()
            for client in clients:
                client.read()
                if client.person.outlet.closed is None:
                    client.check()
            check_hub(harness, [client.person for client in clients])
            check_storage(harness)
    finally:
        logging.getLogger("securechat").removeHandler(handler)
    assert [record.getMessage() for record in records if "Bug" in record.getMessage()] == []


def check_hub(harness: Harness, people: list[Person]) -> None:
    """The hub's tables agree with each other, and nothing is left on its way."""
    hub = harness.hub
    assert all(one.session.in_flight == 0 and not one.session.busy for one in people)
    for nick, user in hub.users.items():
        assert hub.users[nick] is user
        assert user.sessions
        for room_id, live in user.rooms.items():
            assert hub.rooms_by_id[room_id] is live
            assert user in live.members
    for live in hub.rooms.values():
        heard_by = {outlet for _, outlets in live.audience() for outlet in outlets}
        assert heard_by == {session.outlet for user in live.members for session in user.sessions}
        assert all(live.room.id in user.rooms for user in live.members)
        guests = {user for user in live.members if user.account is None}
        accounts = {number for number, rooms in hub.memberships.items() if live.room.id in rooms}
        assert set(live.joined) == guests | accounts
        assert all(live.joined_sequence(key) <= harness.delivery.delivered_sequence for key in live.joined)
    for mode in USER_MODES:
        unusual = [user for user in hub.users.values() if getattr(user, mode.shows) != mode.initial]
        assert set(hub.unusual[mode.letter]) == set(unusual)
    assert hub.secret_rooms == {number for number, live in hub.rooms_by_id.items() if live.room.rules.secret}
    for user in hub.users.values():
        assert set(user.blocked_by) == set(hub.blocks.blockers(user.key))
        for live in user.rooms.values():
            hearing = {
                one.outlet for member in live.members if member.key not in user.blocked_by for one in member.sessions
            }
            assert {outlet for _, outlets in live.audience_of_author(user) for outlet in outlets} == hearing
        for other in hub.blocks.of(user.key):
            assert user.key in hub.blocks.blockers(other)
            assert isinstance(other, int) or hub.users[fold(other.nick)] is other
    assert hub.present_sessions == sum(len(user.sessions) for user in hub.users.values())


def check_storage(harness: Harness) -> None:
    """What the hub knows of rooms, members and their values is what the next start would read."""
    hub = harness.hub
    stored = harness.journal.call(take_snapshot).result(20)
    held = [(number, room, roles) for number, rooms in hub.memberships.items() for room, roles in rooms.items()]
    assert sorted(held) == sorted(stored.memberships)
    joined = [(key, live.room.id, live.joined_sequence(key)) for live in hub.rooms.values() for key in live.joined]
    assert sorted(one for one in joined if isinstance(one[0], int)) == sorted(stored.joined)
    seen = {account.id: account.seen_sequence for account in stored.accounts}
    assert seen == {account.id: account.seen_sequence for account in hub.accounts_by_id.values()}
    rooms = {room.id: room for room in stored.rooms}
    assert sorted(rooms) == sorted(hub.rooms_by_id)
    for live in hub.rooms.values():
        room, of_disk = live.room, rooms[live.room.id]
        assert (room.name, room.topic, room.topic_by, room.topic_time) == (
            of_disk.name,
            of_disk.topic,
            of_disk.topic_by,
            of_disk.topic_time,
        )
        assert room.rules == of_disk.rules
        assert {letter: sorted(map(str, masks)) for letter, masks in room.lists.items() if masks} == {
            letter: sorted(map(str, masks)) for letter, masks in of_disk.lists.items() if masks
        }
    after_start = Metadata()
    after_start.fill(stored.account_values, stored.room_values)
    for account in hub.accounts_by_id.values():
        user = User("x", "x", "x", account)
        assert hub.metadata.of(user) == after_start.of(user)
    for live in hub.rooms.values():
        assert hub.metadata.of(live) == after_start.of(live)
    held_blocks = [
        (number, one) for number in hub.accounts_by_id for one in hub.blocks.of(number) if isinstance(one, int)
    ]
    assert sorted(held_blocks) == sorted(stored.blocks)
    assert list(hub.reports.open.values()) == stored.reports
    # Nor is anything stored of whom the hub does not know.
    assert {account_id for account_id, _, _ in stored.account_values} <= hub.accounts_by_id.keys()
    assert {room_id for room_id, _, _ in stored.room_values} <= hub.rooms_by_id.keys()
    records, origin, head = harness.database.read(
        lambda unit: (unit.audit.page(0, 10_000), unit.audit.origin(), unit.audit.head())
    )
    verification = Verification(origin)
    verification.follow(records)
    assert verification.finish(head) is None
    let_in = {record.target for record in records if record.act == Act.ROOM_INVITE.word}
    for live in hub.rooms.values():
        accounts = {hub.accounts_by_id[key].name for key in live.invited if isinstance(key, int)}
        assert accounts <= let_in, "a door is open, and it is not on the record"
        assert all(key.sessions for key in live.invited if isinstance(key, User))
