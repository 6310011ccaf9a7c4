"""The laws of the design that the import contracts in pyproject.toml cannot see."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "smppcast"
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = ("smpp", "text", "receipts", "pacing", "errors.py", "model.py")
FACES = ("cli", "__init__.py", "__main__.py")

# Clocks and dice that hide in modules which the core may otherwise use.
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter"}
DICE = {"random", "secrets"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imports(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Each imported module, with the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)


def methods_called(tree: ast.AST) -> set[str]:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {called.attr for called in calls if isinstance(called, ast.Attribute)}


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) in CORE], ids=name)
def test_the_core_reads_no_clock_and_throws_no_dice(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))

    assert not methods_called(tree) & CLOCKS
    assert not {module for module, _ in imports(tree)} & DICE


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) not in FACES], ids=name)
def test_no_room_below_the_command_line_imports_the_face(path: Path) -> None:
    rooms = {child.stem for child in PACKAGE.iterdir()}

    for module, names in imports(ast.parse(path.read_text("utf-8"))):
        assert module != "smppcast" or (names and set(names) <= rooms)


@pytest.mark.parametrize("path", [path for path in MODULES if not path.name.startswith("_")], ids=name)
def test_a_public_module_says_what_is_public(path: Path) -> None:
    body = ast.parse(path.read_text("utf-8")).body
    assigned = [node for node in body if isinstance(node, ast.Assign | ast.AnnAssign)]
    names = {leaf.id for node in assigned for leaf in ast.walk(node) if isinstance(leaf, ast.Name)}

    assert "__all__" in names
