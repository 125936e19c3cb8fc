"""Commands whose reader goes away, as in `securechat-admin user list | grep -q ann`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "arguments", [("admin", "user", "list"), ("admin", "--json", "room", "list"), ("gencert", "status")]
)
def test_a_reader_that_has_gone_is_no_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    def call(*words: str, output: int) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", f"securechat.cli.{words[0]}", *words[1:]],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            input=b"correct horse\n",
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )

    call("gencert", output=subprocess.DEVNULL)
    assert call("admin", "user", "add", "ann", "--password-stdin", output=subprocess.DEVNULL).returncode == 0
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = call(*arguments, output=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
