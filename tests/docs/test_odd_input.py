"""Pages of odd files and situations: what they say is shown by tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["odd-input", "never-lost"])
def test_every_row_names_tests_that_are_there(page):
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.endswith(" tests |")]
    assert len(rows) > 30
    without = [row for row in rows if not re.search(r"`\S+\.py::test_\w+` ?[,|]", row)]
    assert without == []
    for path, name in re.findall(r"`(\S+\.py)::(\w+)`", text):
        path = re.sub(r"^C/", "tests/capture/readers/", path)
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"
