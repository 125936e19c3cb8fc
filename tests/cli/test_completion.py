"""Shell completion of our commands: what the real shells offer."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.cli import admin, client, gencert, server
from securechat.client.settings import THEMES
from securechat.server.operations import FAMILIES
from tests.client.conftest import plain_surroundings

__all__ = ["plain_surroundings"]  # a fixture that is shared
MAINS: dict[str, Callable[[list[str]], int]] = {
    "securechat-admin": admin.main,
    "securechat-client": client.main,
    "securechat-gencert": gencert.main,
    "securechat-server": server.main,
}
Script = Callable[[str, str], Path]
every = pytest.mark.parametrize("command", MAINS)


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Script:
    """Make the completion script of a command for a shell."""

    def make(command: str, shell: str) -> Path:
        with pytest.raises(SystemExit) as ended:
            MAINS[command](["--print-completion", shell])
        assert ended.value.code == 0
        path = tmp_path / "completion"
        path.write_text(capsys.readouterr().out)
        return path

    return make


def said(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.split()


BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
found=$(complete -p "$1"); found=${found##*-F }
${found%% *} "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
has_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


def offered(script: Path, *words: str) -> list[str]:
    return said("bash", "-c", BASH, "bash", str(script), *words)


@has_bash
def test_bash_offers_what_the_rows_of_admin_hold(script: Script) -> None:
    made = script("securechat-admin", "bash")
    assert offered(made, "securechat-admin", "") == [family.name for family in FAMILIES]
    for family in FAMILIES:
        verbs = [one.name.removeprefix(f"{family.name} ") for one in family.operations]
        assert offered(made, "securechat-admin", family.name, "") == verbs
    assert offered(made, "securechat-admin", "invite", "create", "--exp") == ["--expires"]
    assert offered(made, "securechat-admin", "user", "su") == ["suspend"]


@has_bash
@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (("securechat-client", "--the"), ["--theme"]),
        (("securechat-client", "--theme", ""), list(THEMES)),
        (("securechat-client", "--color", "n"), ["never"]),
        (("securechat-client", "--ca", "ca."), ["ca.pem"]),
        (("securechat-server", "--lis"), ["--listen"]),
        (("securechat-server", "--certs", "kept"), ["kept-here"]),
        (("securechat-gencert", "rene"), ["renew"]),
        (("securechat-gencert", "--fo"), ["--force"]),
    ],
)
def test_bash_offers_options_words_and_files(
    words: tuple[str, ...], offers: list[str], script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = script(words[0], "bash")
    folder = tmp_path / "work"
    (folder / "kept-here").mkdir(parents=True)
    (folder / "kept.txt").touch()
    (folder / "ca.pem").touch()
    monkeypatch.chdir(folder)
    assert [word.rstrip("/") for word in offered(made, *words)] == offers


@pytest.mark.peers
@every
def test_zsh_takes_the_script(command: str, script: Script) -> None:
    load = 'autoload -U compinit; compinit -u -D; source "$1"; whence -w "$2"'
    function = f"_shtab_{command.replace('-', '_')}"
    made = script(command, "zsh")
    assert said("zsh", "-f", "-c", load, "zsh", str(made), function) == [f"{function}:", "function"]


@pytest.mark.peers
@pytest.mark.parametrize(
    ("words", "offer"),
    [
        ("securechat-admin user s", "suspend"),
        ("securechat-client --theme ", "high-contrast"),
        ("securechat-server --con", "--config"),
        ("securechat-gencert ren", "renew"),
    ],
)
def test_fish_offers_what_there_is(words: str, offer: str, script: Script) -> None:
    made = script(words.split(maxsplit=1)[0], "fish")
    assert offer in said("fish", "--no-config", "-c", f"source {made}; complete -C '{words}'")


@every
def test_whoever_reads_only_the_beginning_is_no_error(command: str) -> None:
    module = f"securechat.cli.{command.removeprefix('securechat-')}"
    program = subprocess.Popen(
        [sys.executable, "-m", module, "--print-completion", "bash"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None
    program.stdout.close()
    assert program.stderr is not None
    assert program.stderr.read() == b""
    assert program.wait(20) == 0
    program.stderr.close()
