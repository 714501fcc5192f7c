"""A folder holds about eighteen Python files: docs/decisions/015."""

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
ABOUT_EIGHTEEN = 20


def full_rooms(root):
    rooms = ("xsim_core", "tasks", "flows", "tests")
    found = Counter(p.parent for room in rooms for p in (root / room).rglob("*.py"))
    return {str(f.relative_to(root)): n for f, n in found.items() if n > ABOUT_EIGHTEEN}


def test_no_folder_is_a_drawer():
    assert full_rooms(ROOT) == {}, "give what belongs together a folder of its own"


def test_a_drawer_is_found(tmp_path):
    (tmp_path / "tests/all").mkdir(parents=True)
    for number in range(ABOUT_EIGHTEEN + 1):
        (tmp_path / f"tests/all/test_{number}.py").touch()
    assert full_rooms(tmp_path) == {"tests/all": 21}
