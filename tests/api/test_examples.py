"""The examples of docs/python.md, one after the other, as a notebook would run them."""

import re
from pathlib import Path

from tests.sim.fixtures import make_sim
from xsim_core.runs import load_record, save_record
from xsim_core.storage import ArtifactStore

PAGE = Path(__file__).parents[2] / "docs/python.md"


def test_the_examples_run(home, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    store = ArtifactStore((home / ".xsim/store").as_uri())
    record = load_record(store, "demo")
    stages = record.stages | {"build_sim": make_sim(store)}
    save_record(store, record.model_copy(update={"stages": stages}))
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["action"].shape == (3,)
    assert "3/4, 95 % interval 0.30 to 0.95" in capsys.readouterr().out
