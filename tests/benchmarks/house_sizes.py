"""How large files and functions of the library are, and how many public ones are documented.

python -m tests.benchmarks.house_sizes [CHECKOUT]
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOMS = ("xsim_core", "tasks", "flows")
ANY = re.compile(r"\bAny\b")


def measure(root: Path) -> dict[str, float]:
    """The table of docs/decisions/015; lengths are lines of the file, docstrings included."""
    files = [p for room in ROOMS for p in sorted((root / room).rglob("*.py"))]
    trees = {p: ast.parse(p.read_text()) for p in files}
    functions = [f for tree in trees.values() for f in _functions(tree)]
    lengths = [f.end_lineno - f.lineno + 1 for f in functions]
    public = [f for f in functions if not f.name.startswith("_")]
    folders = [sum(p.parent == folder for p in files) for folder in {p.parent for p in files}]
    return {
        "files": len(files),
        "median lines of a file": median(len(p.read_text().splitlines()) for p in files),
        "median lines of a function": median(lengths),
        "median lines of a function without its docstring": median(map(_lines_of_code, functions)),
        "functions of more than 30 lines": sum(length > 30 for length in lengths) / len(lengths),
        "lines of the longest function": max(lengths),
        "public functions with a docstring": sum(bool(ast.get_docstring(f)) for f in public)
        / len(public),
        "files in the fullest folder": max(folders),
        "fmt: skip": sum(p.read_text().count("# fmt: skip") for p in files),
        "lines that say Any": sum(
            bool(ANY.search(line)) for p in files for line in p.read_text().splitlines()
        ),
    }


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    documented = ast.get_docstring(function) is not None
    first = function.body[0]
    words = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - words


if __name__ == "__main__":
    root = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[2]
    for name, value in measure(root).items():
        share = name.startswith(("public", "functions of"))
        print(f"{name}: {value:.0%}" if share else f"{name}: {value:g}")
