"""irssi beside our own client: the screen as a person sees it."""

from pathlib import Path

import pytest

from tests.client.certificates import Authority
from tests.client.conftest import stranger
from tests.peers.irssi import Irssi
from tests.peers.programs import needs, refusals_in
from tests.process import OPEN, ServerProcess

__all__ = ["stranger"]  # a fixture that is shared
pytestmark = [pytest.mark.peers, needs("irssi", "tmux", "tail")]


def test_irssi_talks_in_a_room_and_to_a_person(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, f"{OPEN}\n[server]\nmotd = 'Be kind.'\n") as server:
        server.sign_up("irene")
        anna = server.guest("anna")
        anna.ask("JOIN #general", "PRIVMSG #general :said before")
        with Irssi(tmp_path / "irssi", server.port, tmp_path / "certs" / "ca.pem", "irene") as irssi:
            anna.until(":irene!.* JOIN #general")
            irssi.wait("SASL authentication succeeded", "Your user mode is [+i]")
            irssi.enter("/window goto #general")
            irssi.wait("Join to #general was synced", "#general(+n)", "said before")
            anna.send("PRIVMSG #general :hello irene, привет")
            irssi.wait("< anna> hello irene, привет")
            irssi.enter("hello from irssi")
            anna.until(r"^:irene!\S+@securechat PRIVMSG #general :hello from irssi$")
            irssi.enter("/topic tea and cake")
            anna.until(r"^:irene!\S+ TOPIC #general :tea and cake$")
            anna.send("PRIVMSG irene :only for you")
            irssi.wait("3]")  # something happened in a third window
            irssi.enter("/window goto anna")
            irssi.wait("<anna> only for you")
            irssi.enter("and back")
            anna.until(r"^:irene!\S+ PRIVMSG anna :and back$")
            irssi.enter("/window goto #general")
            room = irssi.wait("tea and cake")
            irssi.enter("/window goto 1")
            status = irssi.wait("Your user mode is")
            irssi.enter("/quit")
            anna.until(":irene!.* QUIT ")
    assert refusals_in(room + status) == []


def test_irssi_kicks_and_is_kicked(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        server.sign_up("irene")
        server.sign_up("omar")
        omar = server.member("omar")
        with Irssi(tmp_path / "irssi", server.port, tmp_path / "certs" / "ca.pem", "irene") as irssi:
            irssi.wait("Your user mode is [+i]")
            irssi.enter("/join #tea")
            irssi.wait("Join to #tea was synced")
            omar.ask("JOIN #tea")
            irssi.wait("omar [omar@securechat] has joined #tea")
            irssi.enter("/kick omar too loud")
            omar.until(r"^:irene!\S+ KICK #tea omar :too loud$")
            irssi.wait("omar was kicked from #tea by irene [too loud]")
            irssi.enter("/invite omar")
            omar.until(r"^:irene!\S+ INVITE omar #?tea$")
            omar.ask("JOIN #tea")
            irssi.enter("/op omar")
            omar.until(r"^:irene!\S+ MODE #tea [+]o omar$")
            irssi.wait("mode/#tea [+o omar] by irene")
            omar.ask("MODE #tea +m", "TOPIC #tea :omar was here")
            irssi.wait("mode/#tea [+m] by omar", "omar changed the topic of #tea to: omar was here")
            irssi.enter("/quit")
            omar.until(":irene!.* QUIT ")


def test_irssi_is_put_out_of_a_room(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        server.sign_up("irene")
        server.sign_up("omar")
        omar = server.member("omar")
        omar.ask("JOIN #tea")
        with Irssi(tmp_path / "irssi", server.port, tmp_path / "certs" / "ca.pem", "irene") as irssi:
            irssi.wait("Your user mode is [+i]")
            irssi.enter("/join #tea")
            irssi.wait("Join to #tea was synced")
            omar.send("KICK #tea irene :not today")
            irssi.wait("irene was kicked from #tea by omar [not today]")
            omar.ask("MODE #tea +b a:irene")
            irssi.enter("/join #tea")
            irssi.enter("/window goto 1")
            irssi.wait("Cannot join to channel #tea (You are banned)")


def test_irssi_is_shown_what_it_missed(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        server.sign_up("irene")
        server.sign_up("anna")
        anna = server.member("anna")
        anna.ask("JOIN #general")
        with Irssi(tmp_path / "irssi", server.port, tmp_path / "certs" / "ca.pem", "irene") as irssi:
            anna.until(":irene!.* JOIN #general")
            irssi.wait("Your user mode is [+i]")
            irssi.enter("/window goto #general")
            irssi.wait("Join to #general was synced")
            anna.send("PRIVMSG #general :seen before")
            irssi.wait("seen before")
            irssi.enter("/disconnect chat")
            anna.until(":irene!.* QUIT ")
            anna.ask("PRIVMSG #general :missed in the room", "PRIVMSG irene :missed alone", "TOPIC #general :new topic")
            irssi.enter("/connect chat")
            anna.until(":irene!.* JOIN #general")
            irssi.enter("/window goto #general")
            room = irssi.wait("missed in the room", "new topic")
            irssi.enter("/window goto anna")
            alone = irssi.wait("missed alone")
            irssi.enter("/window goto 1")
            irssi.enter("/quit")
            anna.until(":irene!.* QUIT ")
    assert [room.count(text) for text in ("missed in the room", "seen before")] == [1, 1]
    assert alone.count("missed alone") == 1


def test_irssi_refuses_a_server_of_another_authority(tmp_path: Path, stranger: Authority) -> None:
    with ServerProcess(tmp_path) as server:
        server.add_account("irene")
        with Irssi(tmp_path / "irssi", server.port, stranger.path, "irene") as irssi:
            irssi.wait("Could not verify TLS servers certificate", "Connection lost to localhost")
        assert not [record for record in server.log if record["message"] in {"Logged in", "Login failed"}]
