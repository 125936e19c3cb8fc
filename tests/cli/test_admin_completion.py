"""Shell completion of securechat-admin: what the real shells offer."""

import shutil
import subprocess
from pathlib import Path

import pytest

from securechat.cli import admin
from securechat.server.operations import FAMILIES


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Path:
    """The completion script for the shell that the test names."""
    with pytest.raises(SystemExit) as ended:
        admin.main(["--print-completion", request.param])
    assert ended.value.code == 0
    path = tmp_path / "completion"
    path.write_text(capsys.readouterr().out)
    return path


def said(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.split()


BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
found=$(complete -p securechat-admin); found=${found##*-F }
${found%% *} securechat-admin "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash_offers_what_the_rows_hold(script: Path) -> None:
    def offered(*words: str) -> list[str]:
        return said("bash", "-c", BASH, "bash", str(script), "securechat-admin", *words)

    assert offered("") == [family.name for family in FAMILIES]
    for family in FAMILIES:
        verbs = [one.name.removeprefix(f"{family.name} ") for one in family.operations]
        assert offered(family.name, "") == verbs
    assert offered("invite", "create", "--exp") == ["--expires"]
    assert offered("user", "s") == ["suspend"]


@pytest.mark.peers
@pytest.mark.parametrize("script", ["zsh"], indirect=True)
def test_zsh_takes_the_script(script: Path) -> None:
    load = 'autoload -U compinit; compinit -u -D; source "$1"; whence -w _shtab_securechat_admin'
    assert said("zsh", "-f", "-c", load, "zsh", str(script)) == ["_shtab_securechat_admin:", "function"]


@pytest.mark.peers
@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_fish_offers_what_the_rows_hold(script: Path) -> None:
    words = said("fish", "--no-config", "-c", f"source {script}; complete -C 'securechat-admin user s'")
    assert "suspend" in words
