"""The catalogues: complete, with the same fields, and with the phrases that were agreed word for word."""

import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from securechat.client import texts

Keywords = dict[str, tuple[int, ...] | None]
PACKAGE = texts.DIRECTORY.parent
KEYWORDS: dict[str, Keywords] = {
    "client/**/*.py": {"_": None, "N_": None, "ngettext": (1, 2), "Check": None},
    "cli/client.py": {"_": None, "N_": None, "ngettext": (1, 2)},
    "settings/*.py": {"translate": None, "_translate": None, "Check": None},
    "tls/*.py": {"translate": None},
    "links.py": {"translate": None},
}
"""What marks the texts that people who use the client may see, by where they stand."""
CATALOGUES = sorted(texts.DIRECTORY.glob("*/LC_MESSAGES/*.po"))


def sources() -> set[str]:
    """Return every text that the sources mark, by its singular."""
    rows = [
        row[1]
        for pattern, keywords in KEYWORDS.items()
        for path in sorted(PACKAGE.glob(pattern))
        for row in extract_from_file("python", path, keywords=keywords)
    ]
    return {row if isinstance(row, str) else row[0] for row in rows}


def load(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def entries(path: Path) -> list[Message]:
    return [message for message in load(path) if message.id]


def translations_of(message: Message) -> list[str]:
    translated = message.string or ""
    return [translated] if isinstance(translated, str) else list(translated)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_there_is_russian() -> None:
    assert [path.parts[-3] for path in CATALOGUES] == ["ru"]


@pytest.mark.parametrize("path", CATALOGUES)
def test_every_text_is_translated_and_no_other(path: Path) -> None:
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in entries(path)}
    assert known == sources()
    for message in entries(path):
        assert not message.fuzzy, message.id
        assert all(translations_of(message)), message.id


@pytest.mark.parametrize("path", CATALOGUES)
def test_translations_have_the_fields_of_their_texts(path: Path) -> None:
    for message in entries(path):
        # Names of rules and characters are shown as they are, never formatted.
        if "allowed" in str(message.id) and "{name}" not in str(message.id):
            continue
        original = message.id if isinstance(message.id, str) else message.id[1]
        for translation in translations_of(message):
            assert fields(translation) == fields(original), original


def test_the_agreed_phrases(catalogues: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "DIRECTORY", catalogues)
    texts.use_language("ru_RU.UTF-8")
    assert texts._("Your name: ") == "Ваше имя: "
    assert texts._("Welcome to the chat, {name}!") == "Добро пожаловать в чат, {name}!"
    assert texts._("Type 'exit' to leave") == "Для выхода введите 'exit'"
    assert texts._("{name} joins the chat") == "{name} присоединяется к чату"
    assert texts._("{name} leaves the chat") == "{name} выходит из чата"
    people = [texts.ngettext("{count} person", "{count} people", count).format(count=count) for count in (1, 2, 5, 21)]
    assert people == ["1 человек", "2 человека", "5 человек", "21 человек"]


@pytest.mark.parametrize(
    ("flag", "environment", "language"),
    [
        ("ru", {"LANG": "en_GB.UTF-8"}, "ru"),
        (None, {"SECURECHAT_LANG": "ru", "LANG": "en_GB.UTF-8"}, "ru"),
        (None, {"LANG": "ru_RU.UTF-8"}, "ru_RU.UTF-8"),
        (None, {"LC_ALL": "C.UTF-8", "LANG": "ru_RU.UTF-8", "LANGUAGE": "ru"}, "en"),
        (None, {"LANGUAGE": "ru:en", "LANG": "de_DE"}, "ru:en"),
        (None, {"LC_MESSAGES": "ru_RU", "LANG": "de_DE"}, "ru_RU"),
        (None, {}, "en"),
    ],
)
def test_which_language(flag: str | None, environment: dict[str, str], language: str) -> None:
    assert texts.choose_language(flag, environment) == language


def test_a_language_without_a_catalogue_is_english() -> None:
    texts.use_language("xx")
    assert texts._("Your name: ") == "Your name: "
