"""xsim_core/gap/page.py: every rung with its picture, and nothing beside the page."""

import base64
import re

import numpy as np

from tests.gap.places import Rungs, picture_of
from tests.gap.test_found import losing
from tests.report.test_page import read
from xsim_core.gap import found_gap, gap_page, gap_section, ladder_of, pictures_of

LADDER = ladder_of(("room", "lights"))
RUNGS = Rungs(losing({"room": 2, "lights": 20}, 48))
GAP = found_gap(LADDER, RUNGS, policy="student")
PICTURES = pictures_of(LADDER, RUNGS)


def test_the_page_holds_each_rung_with_what_the_policy_saw():
    page = gap_page("a<b>", GAP, PICTURES)
    read(page)
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "a&lt;b&gt;" in page
    assert GAP.said in page
    for rung in (*GAP.forwards, *GAP.backwards):
        assert f"<b>{rung.title}</b>" in page
        assert f"{rung.successes} of {rung.trials}" in page
        assert base64.b64encode(picture_of(rung.factors)).decode() in page
    assert page.count('<img class="rung"') == len(GAP.forwards) + len(GAP.backwards)
    assert "commit abc1234, seeds from 90000" in page
    for part in GAP.parts:
        assert f"[{part.low_of_all:+.2f}, {part.high_of_all:+.2f}]" in page


def test_the_section_of_a_report_holds_the_same():
    section = gap_section(GAP, PICTURES)
    assert section in gap_page("run", GAP, PICTURES)


def test_a_rate_of_all_or_none_has_a_bar():
    none = found_gap(LADDER, Rungs(lambda _: np.zeros((1, 8), bool)), policy="student")
    read(gap_page("run", none, PICTURES))
