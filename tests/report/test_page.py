import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.flows.toys import FILES, RATES, SUMMARIES, make_toy_run
from tests.sim.fixtures import commit
from xsim_core import report
from xsim_core.artifacts import Capture, Evaluation
from xsim_core.report import build_report
from xsim_core.report._charts import line_chart
from xsim_core.report._sections import CAPTIONS, DRAWN, shown_stages, words_of

VOID = {"meta", "img", "path", "rect", "circle", "br", "input", "use"}


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
    assert not any(word in html for word in ("@import", "<script"))
    assert not re.search(r"url\((?!#)", html), "charts refer to their own clips, nothing else"
    shown = [name for names in FILES.values() for name in names if name not in DRAWN]
    assert page.images == len(shown)


def test_the_page_says_what_was_measured_and_what_was_met(toy_store, toy_refs):
    html = build_report(toy_store, toy_refs, title="toy")
    for text in ("95%", "19 of 20", "27.5 dB", "95.2", 'class="tag met"', "Wilson"):
        assert text in html
    assert "<b></b>" not in html, "what was not said has no box"


def test_it_says_how_to_look_at_the_run_in_three_dimensions(toy_store, toy_refs):
    html = build_report(toy_store, toy_refs, title="a run")
    assert "<code>xsim view &#39;a run&#39;</code>" in html
    assert "xsim view &#39;a run&#39; --rerun &#39;a run&#39;.rrd" in html


def test_every_picture_that_a_stage_leaves_has_words_below_it():
    sources = (
        p.read_text() for p in sorted((Path(__file__).parents[2] / "xsim_core").rglob("*.py"))
    )
    left = re.findall(r"add_file\(\s*\"([^\"{]+\.(?:png|gif|jpg))\"", "".join(sources))
    assert "dagger.png" in left
    silent = [n for n in left if n not in DRAWN and not any(re.search(c, n) for c in CAPTIONS)]
    assert silent == []


@pytest.mark.parametrize(
    ("is_calibrated", "said"),
    [
        (True, "sees only camera images, calibrated on rollouts of its own."),
        (
            False,
            "camera images; a calibration on rollouts of its own was made and, for what it did",
        ),
        (None, "sees only camera images. The world to deploy into is"),
    ],
)
def test_the_page_begins_with_what_came_of_calibration(toy_store, toy_refs, is_calibrated, said):
    refs = dict(toy_refs)
    if is_calibrated is None:
        del refs["calibrate"]
    else:
        made = toy_store.open(refs["calibrate"])
        summary = made.summary.model_copy(update={"is_calibrated": is_calibrated})
        arrays = {name: made.array(name) for name in made.array_names}
        refs["calibrate"] = commit(toy_store, summary, arrays, name=f"calibrated {is_calibrated}")
    assert said in " ".join(build_report(toy_store, refs, title="toy").split())


def test_a_run_that_stopped_early_still_has_a_page(toy_store, toy_refs):
    some = {stage: toy_refs[stage] for stage in ("ingest_capture", "scan", "pose_track")}
    html = build_report(toy_store, some, title="half")
    read(html)
    assert 'class="tag unknown"' in html


def test_an_interrupted_stage_is_shown_apart_from_a_failed_one(toy_store, toy_refs):
    some = {"ingest_capture": toy_refs["ingest_capture"]}
    stops = {"scan": "interrupted", "pose_track": "failed"}
    html = build_report(toy_store, some, title="stopped", unfinished=stops)
    assert '<span class="tag unknown">interrupted</span> in scan' in html
    assert '<span class="tag missed">failed</span> in pose_track' in html


def test_what_people_bring_stands_where_it_belongs():
    given = ["build_sim", "ingest_rollouts", "calibrate", "review_track", "pose_track"]
    ordered = ["pose_track", "review_track", "build_sim", "ingest_rollouts", "calibrate"]
    assert shown_stages(given) == ordered
    assert words_of("review_track").heading == "The track, reviewed"


def test_an_empty_run_has_a_page(toy_store):
    read(build_report(toy_store, {}, title="empty"))


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", '"><img src=x>'])
def test_names_cannot_become_markup(toy_store, toy_refs, title):
    some = {"ingest_capture": toy_refs["ingest_capture"]}
    html = build_report(toy_store, some, title=title)
    assert title not in html
    read(html)


def test_other_code_is_a_line_each_after_the_verdicts(toy_store, toy_refs):
    made = {"scan": "other code (aa)", "splat": "other code (aa)", "ppo": "other code (bb)"}
    html = build_report(toy_store, toy_refs, title="toy", other_code=made)
    lines = re.findall(r"made by (other code \(..\)), not by this run's: ([a-z, ]+)\.", html)
    assert lines == [("other code (aa)", "scan, splat"), ("other code (bb)", "ppo")]
    assert html.index('class="score"') < html.index("made by other code")


def test_lines_of_charts_take_the_page_s_colours():
    """In the dark they are lighter: every colour that a chart names has two values."""
    chart = line_chart({"a": (np.arange(3.0), np.arange(3.0))}, x_label="x")
    page = (Path(report.__file__).parent / "page.html").read_text()
    used = set(re.findall(r"var\((--[a-z]+)\)", chart))
    assert "--student" in used
    assert {name for name in used if page.count(f"{name}: ") < 2} == set()


def test_what_was_guessed_dropped_or_mended_is_listed(toy_store, toy_refs):
    html = build_report(toy_store, toy_refs, title="toy")
    assert "<ul><li>colour: 1 without a partner, dropped: 3</li></ul>" in html


def test_charts_of_one_page_share_no_identifier():
    x = np.arange(5.0)
    charts = [line_chart({"loss": (x, y)}, x_label="step") for y in (x, x**2)]
    names = [set(re.findall(r' id="([^"]*)"', chart)) for chart in charts]
    assert all(names)
    assert not names[0] & names[1]
    for chart, own in zip(charts, names, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^")]*)', chart)) == own
    assert charts[0] == line_chart({"loss": (x, x)}, x_label="step"), "the same at every run"


def test_an_identifier_means_one_thing(toy_store, toy_refs):
    html = build_report(toy_store, toy_refs, title="toy")
    found: dict[str, set[str]] = {}
    for tag, name in re.findall(r'(<[^>]* id="([^"]*)"[^>]*>)', html):
        found.setdefault(name, set()).add(tag)
    assert len(found) > 20
    assert all(len(tags) == 1 for tags in found.values())


def test_what_artifacts_hold_cannot_become_markup(tmp_path, monkeypatch):
    odd = "<script>alert(1)</script>"
    changed = {**SUMMARIES[Capture], "object_name": odd, "notes": (odd,)}
    monkeypatch.setitem(SUMMARIES, Capture, changed)
    rates = tuple(r.model_copy(update={"policy": odd}) for r in RATES)
    monkeypatch.setitem(SUMMARIES, Evaluation, {**SUMMARIES[Evaluation], "rates": rates})
    monkeypatch.setitem(FILES, "scan", (f"{odd.replace('/', '')}.bin",))
    store, refs = make_toy_run(tmp_path)
    html = build_report(store, refs, title="toy")
    read(html)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 8
