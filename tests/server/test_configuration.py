"""The configuration: defaults, every kind of mistake in one message, paths, and its reference page."""

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from securechat.errors import ConfigurationError
from securechat.server.configuration import Configuration, Limits, load, tables
from securechat.server.configuration_reference import reference
from securechat.server.settings import addresses, split_address, sqlite_url
from securechat.settings.checks import setting_of

ROOT = Path(__file__).parents[2]


def write(folder: Path, text: str) -> Path:
    path = folder / "securechat.toml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with a file of that text, without the file's name."""
    path = write(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    found = [re.fullmatch(rf"{re.escape(str(path))}(?::\d+)?: (.*)", one) for one in caught.value.problems]
    assert None not in found
    return [one[1] for one in found if one is not None]


def test_without_a_file_everything_is_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    configuration = load()
    assert configuration == Configuration()
    assert configuration.listen_addresses() == [("::", 6697)]
    assert configuration.database_path == Path("securechat.db")
    assert configuration.tls.directory == Path("certs")
    assert configuration.server.name


def test_a_file_in_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "[limits]\nnick_length = 20\n")
    assert load().limits == Limits(nick_length=20)


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[tls]\ndirectory = "keys"\n[database]\nurl = "sqlite:///data/chat.db"\n')
    configuration = load(path)
    assert configuration.tls.directory == tmp_path / "keys"
    assert configuration.database_path == tmp_path / "data" / "chat.db"
    assert configuration.database.url == f"sqlite:///{tmp_path}/data/chat.db"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    path = write(tmp_path, '[tls]\ndirectory = "/srv/keys"\n[database]\nurl = "sqlite:////srv/chat.db"\n')
    configuration = load(path)
    assert configuration.tls.directory == Path("/srv/keys")
    assert configuration.database.url == "sqlite:////srv/chat.db"


@pytest.mark.parametrize("place", [(name, one.name) for name, of in tables() for one in dataclasses.fields(of)])
def test_each_key_that_is_wrong_is_told_with_its_file_and_line(tmp_path: Path, place: tuple[str, str]) -> None:
    table, key = place
    path = write(tmp_path, f"# of mine\n[{table}]\n\n{key} = {{}} # never right\n")
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:4: {table}.{key} = ")
    assert ": must be " in problem


def test_paths_that_the_file_leaves_out_start_at_the_current_folder(tmp_path: Path) -> None:
    configuration = load(write(tmp_path, "[access]\nguests = true\n"))
    assert configuration.access.guests
    assert configuration.database_path == Path("securechat.db")


def test_the_command_line_wins_and_its_paths_start_at_the_current_folder(tmp_path: Path) -> None:
    path = write(tmp_path, '[tls]\ndirectory = "keys"\nminimum = "1.2"\n[server]\nlisten = ["0.0.0.0:1"]\n')
    configuration = load(path, {"tls.directory": "other", "server.listen": ["[::1]:7", "localhost:0"]})
    assert configuration.tls.directory == Path("other")
    assert configuration.tls.minimum == "1.2"
    assert configuration.listen_addresses() == [("::1", 7), ("localhost", 0)]


def test_origins_are_kept_as_browsers_write_them(tmp_path: Path) -> None:
    wanted = '["HTTPS://Chat.Example.org:443", "http://localhost:5173", "http://a:80", "https://[::1]:8443"]'
    server = load(write(tmp_path, f"[server]\nwebsocket_listen = []\nwebsocket_origins = {wanted}\n")).server
    assert server.websocket_listen == ()
    assert server.websocket_origins == (
        "https://chat.example.org",
        "http://localhost:5173",
        "http://a",
        "https://[::1]:8443",
    )


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'motd = "hello"\n[limit]\n[server]\nlisten = "0.0.0.0:6697"\n[limits]\nnick_lenght = 9\nguests = true\n'
        'nick_length = "long"\n',
    )
    with pytest.raises(ConfigurationError) as caught:
        load(path, {"database.url": "postgresql://me:secret@db/chat"})
    assert caught.value.problems == [
        f"{path}:1: motd: unknown key outside of any table; it belongs into [server]",
        f"{path}:2: [limit]: unknown table; did you mean limits?",
        f'{path}:4: server.listen = "0.0.0.0:6697": must be {addresses().right}',
        f"{path}:6: limits.nick_lenght: unknown key; did you mean nick_length?",
        f"{path}:7: limits.guests: unknown key; it belongs into [access]",
        f'{path}:8: limits.nick_length = "long": must be a whole number from 1 to 64, or 0 (no limit)',
        f'command line: database.url = "postgresql://(hidden)@db/chat": must be {sqlite_url().right}',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tls]\nminimum = 1.3", 'tls.minimum = 1.3: must be "1.3" or "1.2"'),
        ("[access]\nguests = 1", "access.guests = 1: must be true or false, without quotes"),
        ("[limits]\ntopic_length = true", "limits.topic_length = true: must be a whole number from 1 to 390"),
        ("[limits]\ntopic_length = -1", "limits.topic_length = -1: must be"),
        ("[limits]\ncommands_per_second = nan", "limits.commands_per_second = NaN: must be a number"),
        ("[limits]\ncommands_per_second = false", "limits.commands_per_second = false: must be a number"),
        ("[accounts]\nscram_iterations = 1000", "accounts.scram_iterations = 1000: must be a whole number from 4,096"),
        ('[server]\nname = "my chat"', 'server.name = "my chat": must be a host name'),
        ('[server]\nnetwork = ""', 'server.network = "": must be one line of at most 64 printable characters'),
        ('[server]\nmotd = "a\\u0000b"', 'server.motd = "a\\u0000b": must be text'),
        ("[server]\nlisten = []", "server.listen = []: must be a list"),
        ('[server]\nlisten = ["::1:6697"]', "server.listen = "),
        ('[server]\nlisten = ["[::1]:1", "[::1]:1"]', "server.listen = "),
        ('[server]\nwebsocket_listen = "[::]:8097"', 'server.websocket_listen = "[::]:8097": must be a list'),
        (
            '[server]\nwebsocket_origins = ["https://a/"]',
            'server.websocket_origins = ["https://a/"]: must be a list of',
        ),
        ('[server]\nwebsocket_origins = ["*"]', "server.websocket_origins = "),
        ('[server]\nwebsocket_origins = ["null"]', "server.websocket_origins = "),
        ('[server]\nwebsocket_origins = "https://a"', "server.websocket_origins = "),
        ('[database]\nurl = "sqlite:///:memory:"', "database.url = "),
        ('[database]\nurl = "sqlite:///chat.db?mode=ro"', "database.url = "),
        ('[tls]\ndirectory = ""', 'tls.directory = "": must be the path of a folder'),
        ('[tls]\nsts_names = ["192.0.2.7"]', 'tls.sts_names = ["192.0.2.7"]: must be a list of host names'),
        ('[tls]\nsts_names = ["a_b.org"]', "tls.sts_names = "),
        ('[tls]\nsts_names = "chat.org"', "tls.sts_names = "),
        ("limits = 5", "limits = 5: must be a table, written as [limits]"),
        ("[metrics]\n", "[metrics]: unknown table; known here: server, tls, database"),
        ("[log]\nlevel = 2026-11-22", 'log.level = "2026-11-22": must be "debug", "info", "warning" or "error"'),
        ('[log]\n"\\u001b[2J" = 1', "log.\\\\u001b[2J: unknown key"),
        ("[log\n", "is not TOML: "),
    ],
)
def test_each_mistake_names_key_value_and_what_would_be_right(tmp_path: Path, text: str, expected: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(expected.replace("\\\\u", "\\u"))
    assert problem.isprintable()


def test_a_missing_an_unreadable_and_a_binary_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no\.toml: cannot be read: No such file or directory"):
        load(tmp_path / "no.toml")
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b'[log]\nlevel = "\xff"')
    with pytest.raises(ConfigurationError, match=r"binary\.toml: is not UTF-8 text \(byte 16\)"):
        load(binary)


def test_the_password_of_the_server_is_never_shown(tmp_path: Path) -> None:
    path = write(tmp_path, '[access]\npassword = "hush"\n')
    assert load(path).access.password == "hush"
    assert "hush" not in repr(load(path))
    (problem,) = problems(tmp_path, '[access]\npassword = ["hush"]\n')
    assert problem.startswith("access.password = (hidden): must be one line")


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f'[log]\nlevel = "{"x" * 5000}"\n')
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[::]:6697", ("::", 6697)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("chat.lan:65535", ("chat.lan", 65535)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert split_address(text) == expected


@pytest.mark.parametrize(
    "text", ["", "6697", ":6697", "a:", "a:65536", "a:-1", "a:٣", "::1:5", "[a]:5", "[]:5", "a b:5", "u@h:5"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="not HOST:PORT"):
        split_address(text)


def test_the_defaults_pass_their_own_checks() -> None:
    for _, table in tables():
        made = table()
        for one in dataclasses.fields(table):
            default = getattr(made, one.name)
            value = str(default) if isinstance(default, Path) else default
            assert setting_of(one).check.convert(value) == default


def test_every_limit_takes_zero() -> None:
    for one in dataclasses.fields(Limits):
        assert setting_of(one).check.convert(0) == 0


def test_the_reference_has_not_drifted() -> None:
    """Mend it with: python -m securechat.server.configuration > docs/configuration.md."""
    assert (ROOT / "docs" / "configuration.md").read_text() == reference()


def test_the_sample_in_the_reference_is_a_file_with_all_defaults(tmp_path: Path) -> None:
    sample = reference().partition("```toml\n")[2].removesuffix("```\n")
    assert load(write(tmp_path, sample)).limits == Limits()
    keys = {(table, key) for table, content in tomllib.loads(sample).items() for key in content}
    every = {(name, one.name) for name, table in tables() for one in dataclasses.fields(table)}
    assert every - keys == {("server", "name")}
