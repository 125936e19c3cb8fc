"""The manual pages: as the parsers are now, complete, and good roff."""

import argparse
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from securechat.cli.manuals import MANUALS, Manual, pages
from securechat.client import errors
from securechat.client.errors import ClientError

FOLDER = Path(__file__).parents[2] / "man"
MACROS = {".TH", ".SH", ".SS", ".TP", ".RS", ".RE"}
by_name = pytest.mark.parametrize("manual", MANUALS, ids=lambda manual: manual.make_parser().prog)


def page_of(manual: Manual) -> str:
    return (FOLDER / f"{manual.make_parser().prog}.1").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "securechat-client.1",
        "securechat-server.1",
        "securechat-gencert.1",
        # Each operation of the server changes this one: it is enough that it is right when all proofs run.
        pytest.param("securechat-admin.1", marks=pytest.mark.slow),
    ],
)
def test_the_pages_have_not_drifted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mend it with: python -m securechat.cli.manuals man."""
    monkeypatch.setenv("COLUMNS", "33")  # the width of one's terminal makes no difference
    assert {path.name for path in FOLDER.iterdir()} == set(pages())
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name]


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    found = []
    for action in parser._actions:
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                found += actions_of(below)
    return found


@by_name
def test_every_option_is_there(manual: Manual) -> None:
    page = pages()[f"{manual.make_parser().prog}.1"].replace("\\-", "-")
    for action in actions_of(manual.make_parser()):
        if action.help != argparse.SUPPRESS and not isinstance(action, argparse._SubParsersAction):
            for option in set(action.option_strings) - {"-h", "--help"}:
                assert f"\\fB{option}\\fR" in page, option


@by_name
def test_only_what_is_meant_is_obeyed(manual: Manual) -> None:
    for line in page_of(manual).splitlines():
        assert not line.startswith("'")
        assert not line.startswith(".") or line.split()[0] in MACROS, line
        assert re.sub(r"\\(f[BIRP]|[-,/&e:])", "", line).find("\\") < 0, line


@by_name
def test_the_sections_that_people_look_for_are_there(manual: Manual) -> None:
    sections = re.findall(r"^\.SH (.+)$", page_of(manual), re.MULTILINE)
    assert sections[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert sections[-3:] == ["EXIT STATUS", "FILES", "SEE ALSO"] or sections[-4:-1] == [
        "EXIT STATUS",
        "ENVIRONMENT",
        "FILES",
    ]


def test_the_exit_codes_of_the_client_are_those_of_its_errors() -> None:
    known = {one.exit_code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, ClientError)}
    assert {int(code) for code, _ in MANUALS[0].exit_codes} == {0, *known, 130}


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
@by_name
def test_man_has_no_complaint_and_shows_it(manual: Manual) -> None:
    name = manual.make_parser().prog
    command = ["man", "--warnings", "-E", "UTF-8", "-l", str(FOLDER / f"{name}.1")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    # A list of choices may be too long to fill its line to the edge, which is no fault of the page.
    complaints = [line for line in done.stderr.splitlines() if "cannot adjust line" not in line]
    assert (done.returncode, complaints) == (0, [])
    assert "--print-completion" in done.stdout, "with hyphens that can be copied"


@pytest.mark.skipif(shutil.which("lexgrog") is None, reason="there is no lexgrog")
@by_name
def test_apropos_finds_its_name_and_summary(manual: Manual) -> None:
    name = manual.make_parser().prog
    done = subprocess.run(["lexgrog", FOLDER / f"{name}.1"], capture_output=True, text=True, timeout=30)
    assert f'"{name} - {manual.summary}"' in done.stdout
