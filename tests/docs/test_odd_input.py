"""docs/odd-input.md: what it says of odd files is shown by tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/odd-input.md").read_text(encoding="utf-8")


def test_every_row_names_tests_that_are_there():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 30
    without = [row for row in rows if not re.search(r"`\S+\.py::test_\w+` ?[,|]", row)]
    assert without == []
    for path, name in re.findall(r"`(\S+\.py)::(\w+)`", PAGE):
        path = re.sub(r"^C/", "tests/capture/readers/", path)
        text = (ROOT / path).read_text(encoding="utf-8")
        assert f"def {name}(" in text, f"{path}::{name}"
