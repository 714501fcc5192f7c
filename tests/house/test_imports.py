"""What a file imports of ours is there: of scripts and slow tests too, which no everyday test runs.

Read from the sources, so that nothing is imported for it.
"""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("xsim_core", "tasks", "flows", "tests")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@functools.cache
def parsed(path):
    return ast.parse(path.read_text())


def source_of(module):
    """The file that says what a module has; of a lazily loaded package its stub."""
    at = ROOT.joinpath(*module.split("."))
    candidates = (at / "__init__.pyi", at / "__init__.py", at.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def of_the_module(tree):
    """Nodes outside functions and classes, and these themselves."""
    waiting = list(tree.body)
    while waiting:
        yield (node := waiting.pop())
        if not isinstance(node, DEFINITIONS):
            waiting += ast.iter_child_nodes(node)


@functools.cache
def names_in(path):
    """Names that a file defines or imports for others."""
    names = set()
    for node in of_the_module(parsed(path)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name.split(".")[0] for alias in aliases}
    return names


def absolute(path, node):
    """The module that a ``from … import`` names."""
    if not node.level:
        return node.module
    package = path.relative_to(ROOT).with_suffix("").parts[: -node.level]
    return ".".join((*package, *([node.module] if node.module else [])))


def missing_imports(path):
    """(line, what) for each of our names that a file imports and that is not there."""
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = absolute(path, node)
        if module.split(".")[0] not in OURS:
            continue
        source = source_of(module)
        for alias in node.names:
            of_package = source_of(f"{module}.{alias.name}")
            if source is None or (of_package is None and alias.name not in names_in(source)):
                yield node.lineno, f"{module}.{alias.name}"


@pytest.mark.parametrize("room", OURS)
def test_what_is_imported_of_ours_is_there(room):
    files = sorted((ROOT / room).rglob("*.py"))
    assert len(files) > 5
    found = {str(p.relative_to(ROOT)): list(missing_imports(p)) for p in files}
    assert {path: missing for path, missing in found.items() if missing} == {}


def test_a_name_that_is_gone_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.house.test_imports.ROOT", tmp_path)
    (tmp_path / "tests/deep").mkdir(parents=True)
    (tmp_path / "tests/deep/__init__.py").write_text("")
    (tmp_path / "tests/deep/there.py").write_text("KEPT = 1\n\n\ndef also():\n    GONE = 2\n")
    script = tmp_path / "tests/script.py"
    script.write_text(
        "import os\nfrom tests.deep import there\nfrom tests.deep.there import KEPT, also\n"
        "from tests.deep.there import GONE\nfrom tests.nowhere import x\nfrom .deep import none\n"
    )
    assert list(missing_imports(script)) == [
        (4, "tests.deep.there.GONE"),
        (5, "tests.nowhere.x"),
        (6, "tests.deep.none"),
    ]
