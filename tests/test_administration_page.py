"""What docs/administration.md shows is what the programs say: the page is run from top to bottom beside a server."""

import base64
import re
import shlex
import time
from pathlib import Path

from securechat.cli import gencert
from securechat.server.machine_users import this_user
from securechat.server.one_time_codes import STEP_SECONDS, code_at
from tests.process import PASSWORD, QUICK, RawClient, ServerProcess

PAGE = Path(__file__).parents[1] / "docs" / "administration.md"

_PARTS = re.compile(r"```(console|irc)\n(.*?)```|<!-- (.+?) -->", re.DOTALL)
_VARYING = (
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:[\d.]+Z?)?", "TIME"),
    (r"invite=[\w-]{22}", "invite=TOKEN"),
    (r"[0-9a-f]{64}", "HASH"),
    (r"(Message +)\S+-\d+", r"\1ID"),
    (r"\b[0-9A-F]{30,40}\b", "SERIAL"),
    (r"(chat\.example\.org):\d+", r"\1:PORT"),
    (r"(chat\.example\.org)/", r"\1:PORT/"),
    (rf"\b(?:{re.escape(this_user())}|root)\b", "USER"),
    (r" +", " "),
)
"""What is different each time, and what stands for it."""


def alike(text: str) -> list[str]:
    """Return lines as they can be compared."""
    for pattern, stand_in in _VARYING:
        text = re.sub(pattern, stand_in, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


class Run:
    """The page under way."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.token = ""
        self.anna: RawClient | None = None

    def console(self, command: str) -> str:
        program, *words = shlex.split(command)
        assert program == "securechat-admin"
        asks = words[:2] in (["user", "add"], ["user", "passwd"])
        done = self.server.admin(*words, *(["--password-stdin"] if asks else []), answer=f"{PASSWORD}\n")
        self.token = (re.findall(r"invite=([\w-]+)", done.stdout) or [self.token])[0]
        return done.stdout + done.stderr

    def irc(self, line: str) -> str:
        assert self.anna is not None
        lines = (
            one for one in self.anna.ask(line) if not re.search(" (QUIT|JOIN) ", one)
        )  # of others; it may come at any time
        return "\n".join("< " + re.sub(r"^:[^ !]+ ", "", one) for one in lines)

    def carl(self, *lines: str) -> None:
        """What carl does, and goes; a second factor that is set up is put in force."""
        with self.server.member("carl") as carl:
            said = carl.ask(*lines)
            secret = next((line.split()[4] for line in said if " TOTP_SECRET " in line), "")
            if secret:
                step = int(time.time()) // STEP_SECONDS
                said += carl.ask(f"TOTP CONFIRM {code_at(base64.b32decode(secret), step)}")
            assert not any(" FAIL " in line for line in said), said
            carl.send("QUIT")
            carl.end()

    def meanwhile(self, what: str) -> None:
        """What people do who are not shown."""
        if what == "anna is in #team":
            self.anna = self.server.member("anna")
            self.anna.ask("JOIN #team")
            return
        if what == "carl gets a certificate and app passwords":
            assert gencert.main(["client", "carl", "--dir", str(self.server.folder / "certs")]) == 0
            self.carl("APPPASSWORD ADD laptop :" + PASSWORD, "APPPASSWORD ADD phone :" + PASSWORD)
            return
        if what == "carl has said something that anna reports":
            assert self.anna is not None
            with self.server.member("carl", "message-tags echo-message") as carl:
                said = carl.ask("PRIVMSG #team :Watches, very cheap!")
                carl.send("QUIT")
                carl.end()
            found = re.search("msgid=([^; ]+)[^:]* :carl!.* PRIVMSG #team ", "\n".join(said))
            assert found is not None
            self.anna.send(f"REPORT {found[1]} :advertising")
            self.anna.until(" NOTICE anna :anna reports what carl said ")
            return
        if what == "carl has a second factor":
            self.carl("TOTP SETUP :" + PASSWORD)
            return
        name, _, _ = what.partition(" comes by the link")
        client = self.server.client()
        client.send("CAP LS 302", "CAP REQ :draft/account-registration", f"PASS {self.token}", f"NICK {name}")
        client.send(f"USER {name} 0 * :{name}", f"REGISTER * * :{PASSWORD}")
        answer = client.until(" (REGISTER|FAIL REGISTER) ")[-1]
        assert " REGISTER SUCCESS " in answer, answer
        client.send("CAP END")
        client.until(f" 366 {name} #team ")


def carried_out(page: str, folder: Path) -> str:
    """Return the page with what the programs really say."""
    with ServerProcess(folder, QUICK) as server:
        run = Run(server)

        def block(found: re.Match[str]) -> str:
            kind, body, remark = found.groups()
            if remark:
                run.meanwhile(remark)
                return found[0]
            sign, say = ("$ ", run.console) if kind == "console" else ("> ", run.irc)
            commands = [line for line in body.splitlines() if line.startswith(sign)]
            said = (f"{one}\n{say(one.removeprefix(sign)).rstrip()}\n" for one in commands)
            return f"```{kind}\n" + ("\n" if kind == "console" else "").join(said) + "```"

        return _PARTS.sub(block, page)


def test_the_page_shows_what_the_programs_say(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    blocks = list(_PARTS.finditer(page))
    assert len(blocks) >= 12
    assert alike(carried_out(page, tmp_path)) == alike(page)
