"""The formatter is held off for tables alone: CONVENTIONS.md and docs/decisions/015."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIP = "# fmt: skip"


def statement_at(tree, line):
    """The innermost statement to which a line belongs; of one with a body its first lines alone."""
    best = None
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno
            if node.lineno <= line <= end and (best is None or node.lineno >= best.lineno):
                best = node
    return best


def is_plain(node):
    """Words, numbers and names, and what only gathers these; nothing is computed."""
    match node:
        case ast.Constant() | ast.Name():
            return True
        case ast.Attribute(value=value) | ast.Starred(value=value):
            return is_plain(value)
        case ast.UnaryOp(operand=operand):
            return is_plain(operand)
        case ast.BinOp(left=left, right=right) | ast.Subscript(value=left, slice=right):
            return is_plain(left) and is_plain(right)
        case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts):
            return all(map(is_plain, elts))
        case ast.Dict(keys=keys, values=values):
            return all(k is None or is_plain(k) for k in keys) and all(map(is_plain, values))
        case ast.Call(func=func, args=args, keywords=keywords):
            parts = [func, *args, *(k.value for k in keywords)]
            return all(map(is_plain, parts))
        case _:
            return False


def is_table(statement):
    """Whether it holds rows of plain values: a collection, or a constant of the module."""
    value = getattr(statement, "value", None)
    if value is None or not is_plain(value) or statement.end_lineno - statement.lineno < 3:
        return False
    is_constant = isinstance(statement, ast.Assign | ast.AnnAssign) and statement.col_offset == 0
    while isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
        value = value.args[0]
    return is_constant or isinstance(value, ast.Tuple | ast.List | ast.Set | ast.Dict)


def no_tables(path):
    """Lines of a file at which the formatter is held off and no table ends."""
    text = path.read_text()
    tree = ast.parse(text)
    lines = [i for i, line in enumerate(text.splitlines(), 1) if line.rstrip().endswith(SKIP)]
    return [i for i in lines if not is_table(statement_at(tree, i))]


@pytest.mark.parametrize("room", ["xsim_core", "tasks", "flows", "tests"])
def test_the_formatter_is_held_off_for_tables_alone(room):
    files = [p for p in sorted((ROOT / room).rglob("*.py")) if SKIP in p.read_text()]
    assert {str(p.relative_to(ROOT)): lines for p in files if (lines := no_tables(p))} == {}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ('A = (\n    "a", "b",\n    "c", "d",\n)', True),
        ("def f():\n    return [\n        (1, 2), (3, 4),\n        (5, 6), (7, 8),\n    ]", True),
        ('A = (\n    "a", "b", "c", "d"\n)', False),
        ("def f():\n    g(\n        a, b,\n        c, d,\n    )", False),
        ("A = {\n    1: f'{a}', 2: b,\n    3: c, 4: d,\n}", False),
        ("def f(\n    a, b,\n    c, d,\n) -> int:\n    return 1", False),
    ],
)
def test_a_table_is_rows_of_plain_values(text, is_one):
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines, 1) if "->" in line), len(lines))
    assert is_table(statement_at(ast.parse(text), end)) == is_one
