"""The documents: every link within the repository leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md"), ROOT / "certs/README.md"])
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made on code hosting sites."""
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    dead = []
    for link in _LINK.findall(document.read_text()):
        if ":" in link:
            continue  # to somewhere else
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_the_readme_names_its_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, last in (("start", ".venv/bin/securechat-server"), ("test", ".venv/bin/python -m pytest")):
        found = re.search(rf"^<!-- {name}-command -->\n```sh\n(.+)\n```$", readme, re.MULTILINE)
        assert found is not None
        assert found[1].startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert found[1].endswith(f" && {last}")


def test_what_the_threat_model_names_as_proof_exists() -> None:
    """Each is `file` or `file::test`; every line that promises something names one."""
    text = (ROOT / "docs/threat-model.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    gone = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]
    assert gone == []
    protected = re.findall(r"^\| (?!what is protected|---)(.+) \|$", text, re.MULTILINE)
    assert [row for row in protected if "tests/" not in row] == []
    assert len(protected) > 40


def is_slow(path: Path, name: str) -> bool:
    """Whether a test runs before a release only: by a mark of its own or of its file."""
    text = path.read_text()
    found = re.search(rf"((?:^@.*\n(?:^[ )].*\n)*)*)^def {name}\(", text, re.MULTILINE)
    assert found is not None
    marks = re.findall(r"^pytestmark = .*$", text, re.MULTILINE)
    return any("mark.slow" in one for one in (found[1], *marks))


def test_the_threat_model_says_which_proofs_run_before_a_release_only() -> None:
    text = (ROOT / "docs/threat-model.md").read_text()
    wrong = []
    for row in re.findall(r"^\| (?!what is protected|---)(.+) \|$", text, re.MULTILINE):
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        slow = [name for path, name in named if is_slow(ROOT / path, name)]
        if slow and "**slow**" not in row:
            wrong.append(slow)
    assert wrong == []
