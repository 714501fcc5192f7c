"""``make results``: write every table that is made from kept figures into its page.

A table stands between ``<!-- results: NAME -->`` and ``<!-- end of results -->``. ``--check``
writes nothing and says which would change; a test does the same.
"""

import argparse
import re
import sys
from pathlib import Path

from tests.benchmarks.results.tables import TABLES

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(r"(<!-- results: (.+?) -->\n).*?(<!-- end of results -->)", re.DOTALL)


def pages():
    """Where tables may stand."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def renewed(text):
    """A page's text with its tables made anew.

    Raises:
        KeyError: for a table that nobody makes.
    """
    return _BLOCK.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    asked = parser.parse_args()
    stale = [path for path in pages() if renewed(path.read_text()) != path.read_text()]
    for path in stale:
        print(f"{'differs from its figures' if asked.check else 'written'}: {path.name}")
        if not asked.check:
            path.write_text(renewed(path.read_text()))
    if not stale:
        print("every table is that of its figures")
    sys.exit(bool(stale and asked.check))


if __name__ == "__main__":
    main()
