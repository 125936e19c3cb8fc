"""Four programs that others and we wrote talk in one room, each over TLS that it has verified by our CA."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.client.certificates import Authority
from tests.client.conftest import catalogues, stranger
from tests.client.terminal_harness import Terminal
from tests.peers.programs import Program, gnutls, log_in_by_hand, needs, openssl, refusals_in
from tests.peers.weechat import WeeChat
from tests.process import OPEN, PASSWORD, QUICK, SERVER, ServerProcess

__all__ = ["catalogues", "stranger"]  # fixtures that are shared
pytestmark = pytest.mark.peers

CONFIGURATION = f"{QUICK}\n[server]\nmotd = 'Be kind.'\n"
YESTERDAY = (sys.executable, "-m", "tests.peers.yesterday")
PEOPLE = ("olga", "gina", "wally", "carol")


def shown(log: str, name: str, text: str) -> list[str]:
    """The times (days) of the lines that WeeChat shows of somebody's text."""
    return re.findall(rf"(?m)^(\S+) \S+\t{name}\t{text}$", log)


def all_talk(hand: dict[str, Program], weechat: WeeChat, line_client: Terminal) -> None:
    """Everybody says a line, and everybody else reads it."""
    for name, program in hand.items():
        program.say(f"PRIVMSG #general :{name} says привет")
    weechat.command("wally says привет")
    line_client.type("carol says привет\n")
    for name in PEOPLE:
        for reader, program in hand.items():
            if reader != name:
                program.wait(rf":{name}!\S+ PRIVMSG #general :{name} says привет")
        weechat.room.wait(rf"\t{name}\t{name} says привет\n")
        line_client.wait(rf"{name}.*: {name} says привет")


@needs("openssl", "gnutls-cli", "weechat-headless", "tail")
@pytest.mark.parametrize("mechanism", ["plain", "scram-sha-256"])
def test_all_talk_and_weechat_is_shown_what_it_missed(tmp_path: Path, catalogues: Path, mechanism: str) -> None:
    authority = tmp_path / "certs" / "ca.pem"
    server = ServerProcess(tmp_path, CONFIGURATION, command=YESTERDAY)
    with server:
        for name in PEOPLE:
            server.add_account(name)
        line_client_arguments = ["--user", "carol", "--ca", str(authority), f"localhost:{server.port}"]
        with (
            WeeChat(tmp_path / "weechat", server.port, authority, "wally", mechanism) as weechat,
            Program(openssl(server.port, authority)) as olga,
            Program(gnutls(server.port, authority)) as gina,
            Terminal(line_client_arguments, catalogues, tmp_path, SECURECHAT_PASSWORD=PASSWORD) as carol,
        ):
            weechat.server.wait("SASL authentication successful")
            weechat.room.wait("Channel created on")  # the answer to MODE, which WeeChat asks some seconds later
            log_in_by_hand(olga, "olga")
            log_in_by_hand(gina, "gina")
            carol.wait("general> ")
            assert re.search("Status: The certificate is trusted", gina.text)
            all_talk({"olga": olga, "gina": gina}, weechat, carol)

            olga.say("PRIVMSG wally :only for you")
            from_olga = weechat.log("irc.chat.olga")
            from_olga.wait("\tolga\tonly for you\n")
            weechat.command("/msg olga and back")
            olga.wait(r":wally!\S+ PRIVMSG olga :and back")
            weechat.command("/me nods")
            carol.wait(r"\* wally nods")
            weechat.command("/who #general", "irc.server.chat")
            weechat.server.wait(r"\[#general\] End of /WHO list")

            weechat.command("/disconnect chat", "irc.server.chat")
            gina.wait(":wally!.* QUIT ")
            olga.say(*(f"PRIVMSG #general :missed {number}" for number in range(1, 31)))
            carol.type("/msg wally missed from carol\n")
            carol.wait("missed from carol")
            carol.wait("missed 30")
            server.stop()
            with ServerProcess(tmp_path, CONFIGURATION, port=server.port, command=SERVER) as today:
                weechat.command("/connect chat", "irc.server.chat")
                weechat.room.wait("\tolga\tmissed 30\n")
                weechat.log("irc.chat.carol").wait("\tcarol\tmissed from carol\n")
                with Program(openssl(today.port, authority)) as again:
                    log_in_by_hand(again, "olga")
                    again.say("PRIVMSG #general :said today")
                    weechat.room.wait("\tolga\tsaid today\n")
                weechat.quit()
            log = weechat.everything()
    now = datetime.now(UTC)
    yesterday = {f"{now - timedelta(days=1, hours=hours):%Y-%m-%d}" for hours in (0, 1)}  # it may be midnight
    for number in range(1, 31):
        times = shown(log, "olga", f"missed {number}")
        assert len(times) == 1
        assert set(times) <= yesterday
    assert len(shown(log, "carol", "missed from carol")) == 1
    assert len(shown(log, "olga", "only for you")) == 1
    assert not set(shown(log, "olga", "said today")) & {f"{now - timedelta(days=1, hours=1):%Y-%m-%d}"}
    assert [text for name in PEOPLE if len(shown(log, name, text := f"{name} says привет")) != 1] == []
    assert refusals_in(log) == []
    assert "\t=!=\t" not in log  # how WeeChat marks an error


@needs("weechat-headless", "tail")
def test_weechat_kicks_is_kicked_and_changes_the_topic(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        for name in ("wally", "omar"):
            server.sign_up(name)
        omar = server.member("omar", "message-tags draft/message-redaction echo-message")
        with WeeChat(tmp_path / "weechat", server.port, tmp_path / "certs" / "ca.pem", "wally", "plain") as weechat:
            weechat.room.wait("has joined #general")
            weechat.command("/join #tea")
            tea = weechat.log("irc.chat.#tea")
            tea.wait(r"--\tChannel #tea: 1 nick [(]1 op, ")
            omar.ask("JOIN #tea")
            weechat.command("/topic tea and cake", "irc.chat.#tea")
            omar.until(r"^(@\S+ )?:wally!\S+ TOPIC #tea :tea and cake$")
            tea.wait(r'--\twally has changed topic for #tea to "tea and cake"\n')
            weechat.command("/kick omar too loud", "irc.chat.#tea")
            omar.until(r"^(@\S+ )?:wally!\S+ KICK #tea omar :too loud$")
            tea.wait(r"<--\twally has kicked omar [(]too loud[)]\n")
            omar.ask("JOIN #tea")
            weechat.command("/op omar", "irc.chat.#tea")
            tea.wait(r"--\tMode #tea \[[+]o omar\] by wally\n")
            said = omar.ask("PRIVMSG #tea :a mistake")[-1]
            omar.ask(f"REDACT #tea {re.findall('msgid=([^; ]+)', said)[0]} :wrong room")
            tea.wait(r"\t@omar\ta mistake\n(.*\n)*.*omar deleted a message of \d\d:\d\d:\d\d UTC: wrong room\n")
            weechat.command("/join #club")
            club = weechat.log("irc.chat.#club")
            club.wait("has joined #club")
            weechat.command("/invite omar", "irc.chat.#club")
            omar.until(r"^(@\S+ )?:wally!\S+ INVITE omar #?club$")
            omar.ask("JOIN #late", "AWAY :gone home")
            weechat.command("/join #late")
            late = weechat.log("irc.chat.#late")
            late.wait("has joined #late")
            omar.ask("KICK #late wally :not today", "MODE #late +b a:wally")
            late.wait(r"<--\tomar has kicked wally [(]not today[)]\n")
            weechat.command("/join #late")
            late.wait(r"Cannot join channel [(][+]b[)]")
            weechat.quit()
            assert "\t=!=\tirc: " not in weechat.everything()


@needs("openssl", "gnutls-cli", "weechat-headless", "tail")
def test_none_of_them_talks_to_a_server_of_another_authority(tmp_path: Path, stranger: Authority) -> None:
    with ServerProcess(tmp_path) as server:
        server.add_account("wally")
        for command in (openssl(server.port, stranger.path), gnutls(server.port, stranger.path)):
            with Program(command) as program:
                assert program.wait_for_end() != 0
                assert re.search("verify error|certificate is NOT trusted", program.text)
        with WeeChat(tmp_path / "weechat", server.port, stranger.path, "wally", "plain") as weechat:
            weechat.server.wait("gnutls: peer's certificate is NOT trusted")
            weechat.server.wait("TLS handshake failed")
            weechat.quit()
            assert "\t=!=\t" in weechat.everything()
        assert not [record for record in server.log if record["message"] in {"Logged in", "Login failed"}]
