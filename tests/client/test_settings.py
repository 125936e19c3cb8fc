"""The settings of the client: what counts, where it comes from, every mistake in one message, and the reference."""

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from securechat.client import texts
from securechat.client.known_servers import KnownServer, KnownServers
from securechat.client.setting_checks import rooms
from securechat.client.settings import (
    Connection,
    Effective,
    Look,
    Settings,
    SettingsFile,
    default_path,
    print_lines,
    reference,
)
from securechat.errors import ConfigurationError
from securechat.settings.checks import setting_of
from securechat.settings.reading import tables_of

ROOT = Path(__file__).parents[2]
KEYS = [(table, one) for table, of in tables_of(Settings) for one in dataclasses.fields(of)]


def effective(
    text: str, environment: Mapping[str, str] | None = None, flags: Mapping[tuple[str, str], object] | None = None
) -> Effective:
    """What counts with a file of that text in its usual place."""
    path = default_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return SettingsFile(None).effective(flags or {}, environment or {})


def problems(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        effective(text, environment)
    return [one.replace(str(default_path()), "FILE") for one in caught.value.problems]


def test_without_anything_the_defaults_count(tmp_path: Path) -> None:
    assert default_path() == tmp_path / "config" / "securechat" / "client.toml"
    found = SettingsFile(None).effective({}, {})
    assert found.settings == Settings()
    assert found.origins == {}


def test_the_command_line_beats_the_environment_beats_the_file() -> None:
    text = '[look]\ncolor = "always"\n[connection]\nuser = "file"\ntimeout = 1\n'
    environment = {"SECURECHAT_USER": "environment", "SECURECHAT_TIMEOUT": "2", "SECURECHAT_ROOM": ""}
    found = effective(text, environment, {("connection", "timeout"): 3.0})
    assert found.settings.look.color == "always"
    assert found.settings.connection == Connection(user="environment", timeout=3.0)
    assert found.origins == {
        ("look", "color"): str(default_path()),
        ("connection", "user"): "SECURECHAT_USER",
        ("connection", "timeout"): "--timeout",
    }


def test_every_key_has_a_variable_of_its_own_and_takes_its_default_from_it() -> None:
    variables = [setting_of(one).variable for _, one in KEYS]
    assert len(set(variables)) == len(variables)
    written = {
        variable: {True: "1", False: "no"}.get(one.default) if isinstance(one.default, bool) else as_text(one.default)
        for variable, (_, one) in zip(variables, KEYS, strict=True)
    }
    assert effective("", {key: text for key, text in written.items() if text}).settings == Settings()


def as_text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value or "")


def test_lists_of_the_environment_are_divided_by_commas() -> None:
    assert effective("", {"SECURECHAT_ROOM": "ops, чай"}).settings.connection.rooms == ("ops", "чай")


def test_where_relative_paths_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = effective('[connection]\nca = "ca.pem"\npassword_file = "~/secret"\n').settings.connection
    assert found.ca == default_path().parent / "ca.pem"
    assert found.password_file == tmp_path / "secret"
    assert effective("", {"SECURECHAT_CA": "ca.pem"}).settings.connection.ca == Path("ca.pem")


OF_A_SERVER = """\
[connection]
server = "chat.lan"
user = "anna"
ca = "ca.pem"
rooms = ["ops"]
password_file = "p"
timeout = 9
"""


@pytest.mark.parametrize(
    ("server", "same"),
    [
        ("", True),
        ("CHAT.lan:6697", True),
        ("securechat://chat.lan/tea", True),
        ("chat.lan:7000", False),
        ("securechat://evil.example/ops", False),
        ("no address", False),
    ],
)
def test_what_the_file_says_of_its_server_counts_for_no_other(server: str, same: bool) -> None:
    flags = {("connection", "server"): server} if server else {}
    found = effective(OF_A_SERVER, {}, flags)
    connection = found.settings.connection
    assert (connection.user, connection.rooms) == (("anna", ("ops",)) if same else ("", ()))
    assert (connection.ca is not None, connection.password_file is not None) == (same, same)
    assert connection.timeout == 9
    assert connection.server == (server or "chat.lan")


def test_a_password_of_the_environment_comes_before_the_files_password_file() -> None:
    environment = {"SECURECHAT_PASSWORD": "hush"}
    assert effective(OF_A_SERVER, environment).settings.connection.password_file is None
    flags = {("connection", "password_file"): Path("q")}
    assert effective(OF_A_SERVER, environment, flags).settings.connection.password_file == Path("q")


def test_rooms_of_the_file_come_after_those_of_a_link_and_others_before() -> None:
    found = effective(OF_A_SERVER)
    assert (found.wanted_rooms, found.usual_rooms) == ((), ("ops",))
    found = effective(OF_A_SERVER, {"SECURECHAT_ROOM": "tea"})
    assert (found.wanted_rooms, found.usual_rooms) == (("tea",), ())


@pytest.mark.parametrize(
    ("text", "environment", "flag", "color"),
    [
        ("", {}, None, "auto"),
        ("", {"NO_COLOR": "1"}, None, "never"),
        ("", {"NO_COLOR": ""}, None, "auto"),
        ('[look]\ncolor = "auto"', {"NO_COLOR": "1"}, None, "never"),
        ('[look]\ncolor = "always"', {"NO_COLOR": "1"}, None, "always"),
        ("", {"NO_COLOR": "1", "SECURECHAT_COLOR": "always"}, None, "always"),
        ("", {"NO_COLOR": "1"}, "auto", "auto"),
        ('[look]\ncolor = "always"', {}, "never", "never"),
    ],
)
def test_when_there_are_colours(text: str, environment: dict[str, str], flag: str | None, color: str) -> None:
    flags = {("look", "color"): flag} if flag else {}
    assert effective(text, environment, flags).settings.look.color == color


def test_all_problems_come_at_once() -> None:
    text = '[connection]\nsrever = "a"\nserver = 5\nrooms = "ops"\n[look]\nmouse = false\nmembers_width = 999\n[lok]\n'
    environment = {"SECURECHAT_MOUSE": "perhaps", "SECURECHAT_TIMEOUT": "soon"}
    assert problems(text, environment) == [
        "FILE:2: connection.srever: unknown key; did you mean server?",
        'FILE:3: connection.server = 5: must be "HOST", "HOST:PORT" or a link, or "" (the one where you were last)',
        f'FILE:4: connection.rooms = "ops": must be {rooms().right}',
        "FILE:6: look.mouse: unknown key; it belongs into [typing]",
        "FILE:7: look.members_width = 999: must be a whole number from 8 to 60",
        "FILE:8: [lok]: unknown table; did you mean look?",
        'SECURECHAT_TIMEOUT = "soon": must be a number from 0.1 to 86400',
        'SECURECHAT_MOUSE = "perhaps": must be true or false, without quotes',
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        'connection = {server = "a b"}',
        'connection = {server = "securechat://"}',
        'connection = {rooms = ["a b"]}',
        "connection = {rooms = [1]}",
        'connection = {user = "a b"}',
        "connection = {user = 1}",
        'connection = {ca = "a\\u0000b"}',
        "connection = {ca = 1}",
        'connection = {ca = "~nobody-of-that-name/ca.pem"}',
        "connection = {timeout = 0}",
        'look = {language = "no language"}',
        "look = {language = 1}",
        'look = {color = "blue"}',
        "typing = {paste_lines = 0}",
    ],
)
def test_what_is_not_right_is_refused(wrong: str) -> None:
    (problem,) = problems(wrong)
    assert ": must be " in problem
    assert problem.isprintable()


def test_problems_speak_the_persons_language(catalogues: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "DIRECTORY", catalogues)
    texts.use_language("ru")
    assert problems("[typing]\nmouse = 1\nmose = 1\n") == [
        "FILE:2: typing.mouse = 1: здесь нужно: true или false, без кавычек",
        "FILE:3: typing.mose: неизвестный ключ; может быть, mouse?",
    ]


def test_the_language_is_known_before_anything_else() -> None:
    path = default_path()
    assert SettingsFile(None).language() == ""
    path.parent.mkdir(parents=True)
    for text, language in (('[look]\nlanguage = "ru"\ncolor = 7', "ru"), ("[look", ""), ("look = 1", "")):
        path.write_text(text)
        assert SettingsFile(None).language() == language


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"other\.toml: cannot be read: No such file"):
        SettingsFile(tmp_path / "other.toml").effective({}, {})


def test_what_is_printed_is_a_file_that_means_the_same() -> None:
    text = '[connection]\nserver = "chat.lan"\nca = "/srv/ca.pem"\n[look]\nmembers_width = 30\n'
    found = effective(text, {"SECURECHAT_MOUSE": "no"})
    lines = list(print_lines(found, KnownServers(Path("none")), {"LC_ALL": "C.UTF-8"}))
    assert 'language = "en"  # LC_ALL' in lines, "what the system's is, as nothing else says it"
    again = effective("\n".join(lines)).settings
    assert dataclasses.replace(again, look=dataclasses.replace(again.look, language="")) == found.settings
    assert lines[0] == f"# {default_path()}: it is there"
    assert f"members_width = 30  # {default_path()}" in lines
    assert "mouse = false  # SECURECHAT_MOUSE" in lines
    assert 'color = "auto"  # default' in lines
    keys = {(table, key) for table, content in tomllib.loads("\n".join(lines)).items() for key in content}
    assert keys == {(table, one.name) for table, one in KEYS}


def test_what_is_remembered_is_printed_where_nobody_said_anything() -> None:
    known = KnownServers(
        Path("none"),
        [KnownServer("chat.lan", 6697, "anna", "PEM", "#ops"), KnownServer("other.lan", 7, "bob", "PEM")],
    )
    lines = list(print_lines(effective(""), known))
    assert 'server = "other.lan:7"  # remembered' in lines
    assert 'user = "bob"  # remembered' in lines
    assert "rooms = []  # default" in lines
    lines = list(print_lines(effective("", {"SECURECHAT_SERVER": "chat.lan"}), known))
    assert 'server = "chat.lan"  # SECURECHAT_SERVER' in lines
    assert 'rooms = ["#ops"]  # remembered' in lines
    assert "PEM" not in "\n".join(lines)


def test_the_token_of_an_invite_is_never_shown() -> None:
    link = "securechat://chat.lan:6697/ops?invite=Pxx4OENpdBC5nw1Yqya00w&ca=" + "ab" * 32
    found = effective(f'[connection]\nserver = "{link}"\n')
    assert found.settings.connection.server == link
    printed = "\n".join(print_lines(found, KnownServers(Path("none"))))
    assert f'server = "securechat://chat.lan:6697/ops?invite=HIDDEN&ca={"ab" * 32}"' in printed
    (problem,) = problems(f'[connection]\nserver = "{link.replace("chat.lan", "chat..lan")}"\n')
    assert "invite=HIDDEN" in problem
    assert "Pxx4" not in printed + problem


def test_the_defaults_pass_their_own_checks() -> None:
    for _, one in KEYS:
        assert setting_of(one).check.convert("" if one.default is None else one.default) == one.default


def test_the_reference_has_not_drifted() -> None:
    """Mend it with: python -m securechat.client.settings > docs/client-configuration.md."""
    assert (ROOT / "docs" / "client-configuration.md").read_text() == reference()


def test_the_sample_in_the_reference_is_a_file_with_all_defaults() -> None:
    sample = reference().partition("```toml\n")[2].removesuffix("```\n")
    assert effective(sample).settings == Settings()
    assert {one.name for one in dataclasses.fields(Look)} == set(tomllib.loads(sample)["look"])
