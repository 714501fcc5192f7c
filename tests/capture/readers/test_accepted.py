from pathlib import Path

from xsim_core.capture.readers.accepted import accepted_table


def test_the_page_shows_what_the_readers_accept():
    page = Path(__file__).parents[3] / "docs" / "your-own-capture.md"
    assert accepted_table() in page.read_text(encoding="utf-8")
