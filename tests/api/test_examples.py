"""The examples of docs/python.md, one after the other, as a notebook would run them."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/python.md"


def test_the_examples_run(home, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["action"].shape == (3,)
    assert "3/4, 95 % interval 0.30 to 0.95" in capsys.readouterr().out
