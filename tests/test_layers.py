"""The import graph of the package, TYPE_CHECKING and late imports included, and the arrows of docs/architecture.md."""

import ast
import functools
import itertools
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "securechat"
WIRING = "server.app"  # the one module that knows everybody

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


class Import(NamedTuple):
    """One imported module, wherever in the file the import stands."""

    name: str
    line: int
    apart: bool  # for type checking, or when the module is run as a program


@functools.cache
def imports(module: str) -> tuple[Import, ...]:
    """Everything that a module imports: at its top, in functions, and under TYPE_CHECKING."""
    found = []
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    apart = {
        node
        for condition in ast.walk(tree)
        if isinstance(condition, ast.If) and ast.unparse(condition.test) in ("TYPE_CHECKING", "__name__ == '__main__'")
        for node in ast.walk(condition)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno, node in apart) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole in MODULES or whole == "cryptography.x509"
                found.append(Import(whole if is_module else str(node.module), node.lineno, node in apart))
    return tuple(found)


def layer(module: str) -> str:
    """The layer of one of our modules: its first folder, a leaf's own name, or the wiring."""
    name = module.removeprefix("securechat").removeprefix(".")
    return WIRING if name == WIRING else name.partition(".")[0]


def block_after(heading: str) -> str:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def documented() -> tuple[dict[str, set[str]], set[str]]:
    """The arrows of the document (what each layer may use directly), and its leaves."""
    arrows: dict[str, set[str]] = {}
    leaves: set[str] = set()
    for line in block_after("Layers").splitlines():
        if "──>" in line:
            for chain in re.split(r" {4,}", line.split("(")[0].strip()):
                groups = [{name.strip() for name in group.split(",")} for group in chain.split("──>")]
                for users, used in itertools.pairwise(groups):
                    for user in users:
                        arrows.setdefault(user, set()).update(used)
        elif "leaves" in line:
            leaves = {name.strip() for name in line.partition(":")[0].split(",")}
    return arrows, leaves


ARROWS, LEAVES = documented()


def may_use(user: str) -> set[str]:
    """What a layer may use: whatever its arrows lead to, directly or through others, and the leaves."""
    found: set[str] = set()
    waiting = [user]
    while waiting:
        new = ARROWS.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found | LEAVES | {user, ""}


def test_the_document_is_read_as_it_is_meant() -> None:
    assert ARROWS["net"] == {"server"}
    assert ARROWS["client"] == {"protocol", "tls"}
    assert ARROWS["cli"] >= {WIRING, "client"}
    assert ARROWS[WIRING] >= {"net", "storage"}
    assert {"names", "errors", "clock", "links"} <= LEAVES


def test_every_layer_of_the_package_is_in_the_document() -> None:
    layers = {layer(module) for module in MODULES} - {""}
    known = set(ARROWS) | set().union(*ARROWS.values()) | LEAVES
    assert layers - known == set()
    assert known - layers == set()


@pytest.mark.parametrize("module", list(MODULES))
def test_imports_follow_the_arrows(module: str) -> None:
    allowed = may_use(layer(module))
    wrong = [
        f"{module}:{found.line} imports {found.name}"
        for found in imports(module)
        if found.name.partition(".")[0] == "securechat" and layer(found.name) not in allowed
    ]
    assert wrong == []


def test_leaves_import_only_leaves() -> None:
    for module in MODULES:
        if layer(module) in LEAVES:
            used = {layer(found.name) for found in imports(module) if found.name.partition(".")[0] == "securechat"}
            assert used <= LEAVES | {""}, module


def test_the_layers_have_no_cycle() -> None:
    for user, used in ARROWS.items():
        for other in used:
            assert user not in may_use(other) - {other}, f"{user} and {other} use each other"


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    """Not even by an import in a function, but for what is imported for type checking only."""
    graph = {
        module: {found.name for found in imports(module) if found.name in MODULES and not found.apart}
        for module in MODULES
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for used in sorted(graph[module]):
                visit(used, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_only_tls_parses_certificates() -> None:
    users = {layer(module) for module in MODULES for found in imports(module) if "cryptography.x509" in found.name}
    assert users == {"tls"}


@pytest.mark.parametrize("pure", ["protocol", "domain"])
def test_the_core_knows_no_socket_no_thread_and_no_sql(pure: str) -> None:
    forbidden = {"socket", "ssl", "selectors", "threading", "asyncio", "sqlalchemy", "sqlite3", "logging"}
    used = {
        (module, found.name)
        for module in MODULES
        if layer(module) == pure
        for found in imports(module)
        if found.name.partition(".")[0] in forbidden
    }
    assert used == set()


def test_the_servers_logic_knows_no_socket_and_no_sql() -> None:
    """But for its wiring, the Unix socket of securechat-admin, and the host's name as a default."""
    forbidden = {"ssl", "selectors", "asyncio", "sqlalchemy", "sqlite3", "socket"}
    used = {
        module
        for module in MODULES
        if layer(module) == "server"
        for found in imports(module)
        if found.name.partition(".")[0] in forbidden
    }
    assert used <= {"securechat.server.control", "securechat.server.configuration"}
