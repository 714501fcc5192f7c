"""docs/results.md shows of the gap ladder what docs/figures/gap.json holds, and nothing else."""

import json
from pathlib import Path

from tests.benchmarks.gap_table import ladder_table
from xsim_core.gap import Gap

DOCS = Path(__file__).parents[2] / "docs"


def test_the_tables_of_the_gap_are_those_of_the_measured_ladders():
    told = json.loads((DOCS / "figures/gap.json").read_text())
    page = (DOCS / "results.md").read_text()
    assert told["ladders"]
    for name, gap in told["ladders"].items():
        Gap.model_validate(gap)
        assert ladder_table(gap) in page, name
        assert gap["said"] in page, name
