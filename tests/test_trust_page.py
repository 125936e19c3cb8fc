"""What docs/trust.md shows is what the programs say and take: messages, commands, file names."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from securechat.cli import gencert
from securechat.client import texts
from securechat.errors import TrustError
from securechat.links import parse_link
from securechat.tls.authority import ensure
from securechat.tls.contexts import server_context

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")


def shown(program: str) -> list[str]:
    """The messages of a program on the page, without its name."""
    return re.findall(rf"^```text\n{program}: (.+)\n```$", PAGE, re.MULTILINE)


def commands(program: str) -> list[str]:
    """The arguments of each call of a program on the page, in blocks and in running text."""
    return re.findall(rf"(?:^    |`){program}(?: ([^`\n]*))?(?:`|$)", PAGE, re.MULTILINE)


def msgids() -> list[str]:
    with next(texts.DIRECTORY.glob("ru/LC_MESSAGES/*.po")).open("rb") as po_file:
        return [str(message.id) for message in read_po(po_file, locale="ru") if isinstance(message.id, str)]


def test_there_is_something_to_check() -> None:
    assert len(shown("securechat-client")) >= 6
    assert len(shown("securechat-server")) == 1
    assert len(commands("securechat-gencert")) >= 6


@pytest.mark.parametrize("message", shown("securechat-client"))
def test_the_client_says_so(message: str) -> None:
    known = msgids()
    ending = "Nothing was sent."
    assert ending in known
    patterns = [re.sub(r"\\\{\w+\\\}", ".*", re.escape(one)) for one in known if len(one) > 20]
    sentence = f"(?:{'|'.join(patterns)})"
    assert re.fullmatch(rf"{sentence}(?: {re.escape(ending)}(?: {sentence})?)?", message), message


@pytest.mark.parametrize("arguments", commands("securechat-gencert"))
def test_gencert_takes_the_commands(arguments: str) -> None:
    assert gencert.parser().parse_args(arguments.split()) is not None


def test_the_server_names_the_remedy_for_an_open_key(tmp_path: Path) -> None:
    ensure(tmp_path, ["localhost"], [])
    (tmp_path / "server.key").chmod(0o644)
    with pytest.raises(TrustError) as caught:
        server_context(tmp_path)
    assert shown("securechat-server") == [str(caught.value).replace(str(tmp_path), "certs")]


def test_the_link_on_the_page_has_the_form_of_one() -> None:
    [link] = set(re.findall(r"securechat://[^']+", PAGE))
    assert parse_link(link.replace("FINGERPRINT", "0" * 64)).host == "chat.lan"


def test_the_page_beside_the_certificates_leads_to_this_one() -> None:
    page = ROOT / "certs" / "README.md"
    [target] = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert (page.parent / target).resolve() == ROOT / "docs" / "trust.md"
