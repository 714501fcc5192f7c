from html.parser import HTMLParser

import pytest

from tests.flows.toys import FILES
from xsim_core.report import build_report

VOID = {"meta", "img", "path", "rect", "circle", "br"}


class Reader(HTMLParser):
    """Balance of tags, and every address that the page would fetch."""

    def __init__(self):
        super().__init__()
        self.open_tags, self.addresses, self.images = [], [], 0

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.addresses += [v for k, v in values.items() if k in ("src", "href", "data", "poster")]
        self.images += tag == "img"
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open_tags.pop() == tag


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open_tags == []
    return reader


def test_the_page_is_self_contained_and_shows_every_picture(toy_store, toy_refs):
    html = build_report(toy_store, toy_refs, title="toy")
    page = read(html)
    assert all(a.startswith(("data:", "#")) for a in page.addresses)
    assert not any(word in html for word in ("url(", "@import", "<script"))
    assert page.images == sum(len(names) for names in FILES.values())


def test_the_page_says_what_was_measured_and_what_was_met(toy_store, toy_refs):
    html = build_report(toy_store, toy_refs, title="toy")
    for text in ("95%", "19 of 20", "27.5 dB", "95.2", 'class="tag met"', "Wilson"):
        assert text in html


def test_a_run_that_stopped_early_still_has_a_page(toy_store, toy_refs):
    some = {stage: toy_refs[stage] for stage in ("ingest_capture", "scan", "pose_track")}
    html = build_report(toy_store, some, title="half")
    read(html)
    assert 'class="tag unknown"' in html


def test_an_empty_run_has_a_page(toy_store):
    read(build_report(toy_store, {}, title="empty"))


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", '"><img src=x>'])
def test_names_cannot_become_markup(toy_store, toy_refs, title):
    some = {"ingest_capture": toy_refs["ingest_capture"]}
    html = build_report(toy_store, some, title=title)
    assert title not in html
    read(html)
