"""securechat-gencert as an operator uses it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securechat.cli import gencert
from securechat.tls import authority

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty folder; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = gencert.main(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def contents() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("certs").iterdir()}


def test_without_arguments_it_makes_everything(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert sorted(contents()) == ["ca.key", "ca.pem", "server.key", "server.pem"]
    assert out.startswith("Made in certs (ca.pem is for everybody, both keys are secret):\n")
    for name in ("ca.pem", "server.pem"):
        assert f"certs/{name}" in out
        assert f"fingerprint {authority.status(Path('certs', name)).fingerprint}" in out
    assert re.search(r"for localhost, .*127\.0\.0\.1, ::1", out)
    assert "PRIVATE" not in out


def test_given_names_come_first(run: Run) -> None:
    assert run("--name", "Chat.Example", "--name", "чат.рф", "--ip", "10.9.8.7", "--ip", "fd00::7")[0] == 0
    names = authority.status(Path("certs/server.pem")).names
    assert names[:3] == ["chat.example", "xn--80a0bn.xn--p1ai", "localhost"]
    addresses = [name for name in names if name[0].isdigit() or ":" in name]
    assert addresses[:3] == ["10.9.8.7", "fd00::7", "127.0.0.1"]


def test_an_address_given_as_a_name_is_taken_as_an_address(run: Run) -> None:
    """So that the advice `renew --name HOST` also works where people connect by address."""
    assert run("--name", "10.9.8.7")[0] == 0
    assert "10.9.8.7" in authority.status(Path("certs/server.pem")).names


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--name", "a b"], "not a host name: 'a b' (letters, digits, hyphens and dots; addresses go with --ip)"),
        (["--ip", "chat.lan"], "not an IP address: 'chat.lan' (names are given with --name)"),
    ],
)
@pytest.mark.parametrize("command", ["make", "renew"])
def test_wrong_names_and_addresses(run: Run, command: str, arguments: list[str], sentence: str) -> None:
    assert run(command, *arguments) == (1, "", f"securechat-gencert: {sentence}\n")
    assert not Path("certs").exists()


def test_nothing_is_overwritten_without_force(run: Run) -> None:
    run()
    before = contents()
    code, out, err = run()
    assert (code, out) == (1, "")
    assert err.startswith(
        "securechat-gencert: certs holds ca.pem and ca.key and server.pem and server.key already. With"
    )
    assert err.count("\n") == 1
    assert contents() == before
    assert run("--force")[0] == 0
    assert not set(contents().values()) & set(before.values())


def test_the_order_of_arguments_does_not_matter(run: Run) -> None:
    assert run("--dir", "elsewhere", "make")[0] == 0
    assert run("make", "--force", "--dir", "elsewhere")[0] == 0
    assert run("--name", "x.lan", "--dir", "elsewhere", "renew")[0] == 0
    assert "x.lan" in authority.status(Path("elsewhere/server.pem")).names
    assert not Path("certs").exists()


def test_renew(run: Run) -> None:
    run("--name", "old.example")
    trusted = Path("certs/ca.pem").read_bytes()
    code, out, err = run("renew", "--name", "new.example", "--ip", "10.0.0.5")
    assert (code, err) == (0, "")
    assert out.startswith("Renewed; a running server takes it up within a minute (at once on SIGHUP):\n")
    names = authority.status(Path("certs/server.pem")).names
    assert {"old.example", "new.example", "10.0.0.5", "localhost"} <= set(names)
    assert Path("certs/ca.pem").read_bytes() == trusted


def test_renew_without_anything(run: Run) -> None:
    assert run("renew") == (
        1, "", "securechat-gencert: there is no certs/ca.pem; make it with: securechat-gencert --dir certs\n"
    )  # fmt: skip


def test_a_foreign_certificate_is_renewed_with_force_only(run: Run) -> None:
    run()
    run("--dir", "other")
    for name in ("server.pem", "server.key"):
        shutil.copy(Path("other", name), Path("certs", name))
    before = contents()
    code, _, err = run("renew")
    assert code == 1
    assert "was not issued by the authority certs/ca.pem; renew it where it comes from" in err
    assert contents() == before
    code, out, _ = run("status")
    assert code == 0
    assert "issued by another authority; the server does not renew it by itself" in out
    assert run("renew", "--force")[0] == 0
    assert authority.is_own(Path("certs"))


def test_status(run: Run) -> None:
    run()
    code, out, err = run("status")
    assert (code, err) == (0, "")
    assert re.search(r"authority  certs/ca\.pem\n +valid until \d{4}-\d\d-\d\d, 36(49|50) days left\n", out)
    assert re.search(r"server     certs/server\.pem\n +for localhost.*\n +valid until .*, (89|90) days left\n", out)
    assert len(re.findall(r"fingerprint [0-9a-f]{64}\n", out)) == 2


def test_status_of_a_certificate_of_tomorrow(run: Run) -> None:
    """As where the clock of the machine has been set back."""
    run()
    start = datetime.now(UTC) + timedelta(days=3)
    authority.issue_server_certificate(Path("certs"), ["localhost"], [], not_before=start)
    code, out, err = run("status")
    assert code == 1
    assert "NOT VALID YET\n" in out
    begins = authority.status(Path("certs/server.pem")).not_before
    moment = f"{begins:%Y-%m-%d %H:%M} UTC"
    assert (
        err
        == f"securechat-gencert: certs/server.pem is not valid before {moment}; is the clock of this machine right?\n"
    )


def test_status_of_an_expired_certificate(run: Run) -> None:
    run()
    start = datetime.now(UTC) - timedelta(days=3)
    authority.issue_server_certificate(Path("certs"), ["localhost"], [], days=1, not_before=start)
    code, out, err = run("status")
    assert code == 1
    assert "EXPIRED" in out
    assert err == f"securechat-gencert: certs/server.pem has expired on {start + timedelta(days=1):%Y-%m-%d}\n"


def test_status_of_keys_that_others_can_read(run: Run) -> None:
    run()
    Path("certs/server.key").chmod(0o644)
    Path("certs/ca.key").chmod(0o640)
    code, _, err = run("status")
    assert code == 1
    for name in ("server.key", "ca.key"):
        assert f"the private key certs/{name} can be read by others; mend it with: chmod 600 certs/{name}\n" in err


def test_status_where_there_is_nothing(run: Run) -> None:
    assert run("status") == (
        1, "", "securechat-gencert: there is no certs/ca.pem; make it with: securechat-gencert --dir certs\n"
    )  # fmt: skip


def test_a_file_in_place_of_the_folder(run: Run) -> None:
    Path("certs").write_text("")
    assert run() == (
        1, "", "securechat-gencert: certs cannot be the folder of the certificates: a file is in its place\n"
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [["destroy"], ["--name"], ["--no-such-option"], ["make", "extra"]])
def test_wrong_arguments(run: Run, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


def test_as_a_command(tmp_path: Path) -> None:
    """In a process of its own: exit code, one line on standard error, no traceback."""
    (tmp_path / "certs").write_text("")
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run(
        [sys.executable, "-m", "securechat.cli.gencert", "--dir", str(tmp_path / "certs")],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("securechat-gencert: ")


def test_a_certificate_for_a_client(run: Run) -> None:
    run()
    code, out, err = run("client", "anna", "--days", "30")
    assert (code, err) == (0, "")
    end = authority.status(Path("certs/clients/anna.pem")).not_after
    assert out == (
        "Made for anna (whoever has the key can log in as them):\n"
        "  certificate certs/clients/anna.pem\n"
        f"              valid until {end:%Y-%m-%d}\n"
        "  key         certs/clients/anna.key\n"
    )
    assert Path("certs/clients/anna.key").stat().st_mode & 0o777 == 0o600
    code, out, err = run("client", "anna")
    assert (code, out) == (1, "")
    assert err == "securechat-gencert: certs/clients/anna.pem is there already; --force replaces it\n"
    assert run("client", "anna", "--force", "--directory", "certs")[0] == 0
    assert run("status")[0] == 0


def test_a_certificate_for_a_client_without_an_authority(run: Run) -> None:
    code, _, err = run("client", "anna")
    assert code == 1
    assert err.startswith("securechat-gencert: there is no certs/ca.pem; ")
    assert not Path("certs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["client"],
        ["client", "anna", "--days", "0"],
        ["client", "anna", "--days", "3651"],
        ["client", "anna", "--days", "x"],
        ["client", "anna", "--name", "chat.lan"],
        ["make", "--days", "3"],
        ["renew", "anna"],
    ],
)
def test_arguments_that_do_not_belong_together(run: Run, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2
    assert not Path("certs").exists()


def test_certificates_of_clients_are_listed_and_revoked(run: Run) -> None:
    run()
    assert run("list") == (0, "No certificate was made for anybody.\n", "")
    run("client", "anna", "--days", "90")
    run("client", "bob")
    listed = run("list")[1].splitlines()
    assert [re.sub(r"[0-9A-F]{36,40} *|\d{4}-\d\d-\d\d", "#", line).split() for line in listed] == [
        ["#until", "#", "anna"],
        ["#until", "#", "bob"],
    ]
    serial = listed[0].split()[0]
    code, out, err = run("revoke", "anna")
    assert (code, err) == (0, "")
    assert out.startswith(f"Revoked {serial} of anna\nThe list is certs/crl.pem. ")
    assert f"{serial:40}  revoked 20" in run("list")[1]
    assert run("revoke", listed[1].split()[0])[0] == 0
    assert run("revoke", "anna") == (
        3,
        "",
        "securechat-gencert: every certificate of anna is revoked already, or has expired\n",
    )
    assert run("revoke", "carl")[2].startswith("securechat-gencert: no certificate was issued for carl; see: ")
    broken = Path("certs/clients/issued/ABCDEF.pem")
    broken.write_bytes(b"")
    code, out, err = run("list")
    assert (code, len(out.splitlines())) == (0, 2)
    assert err.startswith(f"securechat-gencert: warning: {broken} is not a certificate in PEM form")
    assert err.endswith("; to revoke it: securechat-gencert revoke ABCDEF --dir certs\n")
    assert run("revoke", "ABCDEF")[:1] == (0,)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["revoke"], "revoke: which one? Give the name of the account, or a serial number (see: list)"),
        (["list", "anna"], "list: a name belongs to `client` and `revoke`"),
        (["revoke", "anna", "--days", "3"], "revoke: --days belongs to `client`"),
        (["revoke", "anna", "--ip", "::1"], "revoke: --name and --ip belong to the server's certificate"),
    ],
)
def test_what_does_not_belong_together(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err
