"""Parameters of tests come in the same order in every process: never out of a set."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SET_METHODS = ("union", "intersection", "difference", "symmetric_difference")


def assigned(tree):
    """What each name of a module stands for, where it is a single assignment at its top."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def goes_through_a_set(node, names):
    """Whether the order of its values is a set's: another one in every process."""

    def of(part):
        return goes_through_a_set(part, names)

    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Attribute(attr=attr)) if attr in SET_METHODS:
            return True
        case ast.Call(
            func=ast.Name(id="list" | "tuple" | "map" | "filter" | "enumerate"), args=args
        ):
            return any(map(of, args))
        case ast.Call(func=ast.Attribute(attr="fromkeys"), args=args):
            return any(map(of, args))
        case ast.BinOp(left=left, right=right):
            return of(left) or of(right)
        case ast.List(elts=elts) | ast.Tuple(elts=elts):
            return any(of(e.value) for e in elts if isinstance(e, ast.Starred))
        case ast.ListComp(generators=generators) | ast.GeneratorExp(generators=generators):
            return any(of(g.iter) for g in generators)
        case ast.DictComp(generators=generators):
            return any(of(g.iter) for g in generators)
        case ast.Name(id=name) if name in names:
            return goes_through_a_set(names[name], {k: v for k, v in names.items() if k != name})
        case _:
            return False


def parameters_in_no_order(text):
    """Lines at which the parameters of a test come out of a set."""
    tree = ast.parse(text)
    names = assigned(tree)
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.parametrize"):
            values = node.args[1:2] + [k.value for k in node.keywords if k.arg == "argvalues"]
            lines += [node.lineno for value in values if goes_through_a_set(value, names)]
    return lines


def test_parameters_come_in_one_order():
    """Two processes collect them, in two orders, and pytest-xdist then runs nothing."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    texts = {str(p.relative_to(ROOT)): p.read_text() for p in files}
    marked = {path: text for path, text in texts.items() if "parametrize" in text}
    assert {
        path: lines for path, text in marked.items() if (lines := parameters_in_no_order(text))
    } == {}


@pytest.mark.parametrize(
    ("values", "is_one"),
    [
        ('{"a", "b"}', True),
        ("{word for word in WORDS}", True),
        ("set(WORDS)", True),
        ("list(frozenset(WORDS))", True),
        ("WORDS - {1}", True),
        ("WORDS.keys() | OTHERS", True),
        ("[*set(WORDS), 1]", True),
        ("[word.upper() for word in SOME]", True),
        ("SOME", True),
        ("set(WORDS).union(OTHERS)", True),
        ("argvalues=SOME", True),
        ("WORDS", False),
        ("WORDS.keys()", False),
        ("WORDS.items()", False),
        ("sorted(SOME)", False),
        ("sorted(set(WORDS) - {1})", False),
        ("[{1, 2}, None]", False),
        ('["a", "b"]', False),
        ("dict.fromkeys(OTHERS)", True),
        ("dict.fromkeys(sorted(OTHERS))", False),
    ],
)
def test_what_has_an_order(values, is_one):
    before = "SOME = {1, 2}\nOTHERS = {3} | SOME\n"
    text = f"{before}@pytest.mark.parametrize('x', {values})\ndef f(x): ..."
    assert bool(parameters_in_no_order(text)) == is_one
