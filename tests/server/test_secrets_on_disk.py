"""What lets somebody in is in none of the files of a server: only what it can be checked by."""

import base64
import re
from pathlib import Path

from securechat.server.operations import perform
from tests.server.commands.test_app_passwords import made
from tests.server.harness import running
from tests.server.management.test_rooms import console
from tests.server.second_factors import next_code, set_up

FIRST, SECOND, THIRD = "correct horse 1111", "battery staple 2222", "purple monkey 3333"
TALK = "purple elephants"


def test_nothing_that_lets_somebody_in_is_in_the_files(tmp_path: Path) -> None:
    """Passwords that were and are, by all ways to set one; app passwords, recovery codes, and tokens of invites."""
    with running(tmp_path, access__registration="open") as harness:
        perform(console(harness), {"operation": "user add", "name": "root", "password": FIRST})
        perform(console(harness), {"operation": "user passwd", "name": "root", "password": SECOND})
        new = harness.connection()
        new.sends("CAP REQ :draft/account-registration", "NICK alice", "USER alice 0 * :x")
        new.sends(f"REGISTER * * :{FIRST}", "CAP END")
        assert "001" in new.codes()
        alice = harness.person("alice", password=FIRST)
        assert " PASSWORD_SHOWN " in alice.answers(f"PASSWD OLD :{FIRST}")[0]
        assert " PASSWORD_CHANGED " in "".join(alice.answers(f"PASSWD NEW :{THIRD}"))
        secret, recovery = set_up(alice, THIRD)
        app_password = made(alice, "phone", f"{THIRD} {next_code(harness, secret)}")
        alice.sends("JOIN #tea", f"PRIVMSG #tea :{TALK}")
        links = [
            *alice.answers("INVITES CREATE #tea 2"),
            str(perform(console(harness), {"operation": "invite create"})),
        ]
        tokens = re.findall(r"invite=([\w-]{22})", "\n".join(links))
        harness.settle()
        secrets = [FIRST, SECOND, THIRD, *recovery, app_password, *tokens]
        assert [len(recovery), len(tokens), len(set(secrets))] == [10, 2, 16]
        held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TALK.encode() in held, "these are the files in which all is"
    for one in secrets:
        plain = one.encode()
        for written in (plain, plain.replace(b"-", b""), base64.b64encode(plain).rstrip(b"="), plain.hex().encode()):
            assert written not in held, one
