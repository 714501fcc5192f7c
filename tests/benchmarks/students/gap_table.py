"""What ``xsim gap --json`` said, for a page.

    python -m tests.benchmarks.students.gap_table GAP.json …

With ``--keep FILE`` it also keeps what was said, with the machine; a test holds docs/results.md to
docs/figures/gap.json.
"""

import argparse
import json
from pathlib import Path

from tests.benchmarks import rounds


def _change(change):
    if change is None:
        return "–"
    return f"{change['difference']:+.2f}, {change['low']:+.2f} to {change['high']:+.2f}"


def _rung(rung):
    return f"{rung['successes']}/{rung['trials']}, {rung['low']:.2f}–{rung['high']:.2f}"


def ladder_table(gap):
    """Both ways beside each other, and what each part changes success by."""
    head = (
        "part", "simulation + part: succeeds", "against the rung before", "world − part: succeeds",
        "against the rung before", "the world's part changes success by", "for all parts at once",
    )  # fmt: skip
    lines = [
        f"| {' | '.join(head)} |",
        "|---|---|---|---|---|---|---|",
        f"| none | {_rung(gap['forwards'][0])} | | {_rung(gap['backwards'][0])} | | | |",
    ]
    ways = zip(gap["forwards"][1:], gap["backwards"][1:], gap["parts"], strict=True)
    for up, down, part in ways:
        at_once = f"{part['low_of_all']:+.2f} to {part['high_of_all']:+.2f}"
        cells = [part["name"], _rung(up), _change(up["change"]), _rung(down)]
        cells += [_change(down["change"]), _change(part["change"]), at_once]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("said", type=Path, nargs="+", help="NAME.json of what was printed")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    ladders = {path.stem: json.loads(path.read_text()) for path in asked.said}
    for gap in ladders.values():
        gap.pop("page", None)
        print(f"{ladder_table(gap)}\n{gap['said']}\n")
    if asked.keep:
        kept = {"machine": rounds.circumstances(), "ladders": ladders}
        asked.keep.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
