"""review: what the page asks for, the page's server, and the page in a real browser."""

import json
import shutil
import threading
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.capture.annotate.browser import opened
from tests.capture.annotate.test_annotate import ask, refusal
from tests.pose_track.review.conftest import NUM_FRAMES, WRONG
from xsim_core.pose_track import ReviewConfig
from xsim_core.pose_track.review.reviewed_film import ReviewedFilm
from xsim_core.pose_track.review.server import Reviewer
from xsim_core.tracking import add_m

KEY = 6


@contextmanager
def reviewed(filmed):
    """A server of the wrong track, answering; decisions are kept."""
    film, decisions = ReviewedFilm(filmed.capture, filmed.wrong), []

    def decide(decision):
        decisions.append(decision)
        return "object_track/made"

    with Reviewer(film, decide, title="a run", author="Ada") as reviewer:
        reviewer.film, reviewer.decisions = film, decisions
        answering = threading.Thread(target=reviewer.serve)
        answering.start()
        try:
            yield reviewer
        finally:
            reviewer.stop()
            answering.join()


def said(reviewer, what, **body):
    return json.loads(ask(reviewer, what, body))


def errors_m(filmed, film):
    points = filmed.film.mesh.sample_surface(300, rng=np.random.default_rng(0))
    return add_m(film.world.T_world_object, filmed.film.T_world_object, points)


def box_of(filmed, frame, margin_px=6):
    T, mesh = filmed.film.T_cam_object[frame], filmed.film.mesh
    pixels = filmed.film.camera.project(mesh.vertices @ T[:3, :3].T + T[:3, 3])
    return [*(pixels.min(0) - margin_px).tolist(), *(pixels.max(0) + margin_px).tolist()]


def test_a_person_finds_moves_fits_keeps_cuts_and_accepts(filmed):
    with reviewed(filmed) as reviewer:
        assert "Is this how the block moved?" in ask(reviewer, "").decode()
        plain, drawn = (
            np.asarray(Image.open(BytesIO(ask(reviewer, f"{kind}/{KEY}.png"))))
            for kind in ("frame", "overlay")
        )
        assert plain.shape == drawn.shape == (300, 400, 3)
        assert (plain != drawn).any()
        assert errors_m(filmed, reviewer.film)[WRONG].min() > 0.04

        here = said(reviewer, "begin", at=KEY)
        assert not here["is_believed"]
        assert refusal(reviewer, "keep", {"at": KEY})[0] == 400
        found = said(reviewer, "box", at=KEY, box_xyxy=box_of(filmed, KEY))
        assert found["is_believed"], found["sentence"]
        assert found["picture"].startswith("data:image/png;base64,")
        moved = said(reviewer, "move", at=KEY, shift_m=[0.02, 0.0, 0.0], turn_rad=[0.0, 0.0, 0.1])
        assert moved["sentence"] != found["sentence"]
        fitted = said(reviewer, "fit", at=KEY)
        assert fitted["is_believed"], fitted["sentence"]
        state = said(reviewer, "keep", at=KEY)
        assert state["keys"] == [KEY]
        assert errors_m(filmed, reviewer.film).max() < 0.012

        state = said(reviewer, "cut", at=9, last=8)
        assert (state["cuts"], len(state["status"])) == ([[8, 9]], NUM_FRAMES)
        assert all(s >= 2 for s in state["status"][8:])
        assert said(reviewer, "uncut", at=8)["cuts"] == []
        assert said(reviewer, "drop", at=KEY)["keys"] == []
        assert errors_m(filmed, reviewer.film)[WRONG].min() > 0.04
        said(reviewer, "begin", at=0)
        said(reviewer, "keep", at=0)
        said(reviewer, "cut", at=9)
        assert refusal(reviewer, "decide", {"author": "Ada", "note": " "})[0] == 400
        assert reviewer.made is None
        ended = said(reviewer, "decide", author="Ada", note="as seen")
        assert ended["sentence"].startswith("made object_track/made")
    (decision,) = reviewer.decisions
    assert (decision.author, decision.note, decision.cuts) == ("Ada", "as seen", ((9, 9),))
    assert [key.frame for key in decision.key_poses] == [0]


def test_what_cannot_be_done_changes_nothing(filmed):
    with reviewed(filmed) as reviewer:
        before = reviewer.film.state()
        assert refusal(reviewer, "", key="")[0] == 403
        assert refusal(reviewer, "frame/0.png", key="no")[0] == 403
        assert refusal(reviewer, "cut", {"at": 0}, key="no")[0] == 403
        assert refusal(reviewer, f"frame/{NUM_FRAMES}.png")[0] == 404
        none = 400, f"there is no frame {NUM_FRAMES}; the film has {NUM_FRAMES}"
        for what in ("begin", "cut"):
            assert refusal(reviewer, what, {"at": NUM_FRAMES}) == none
        assert refusal(reviewer, "box", {"at": 0, "box_xyxy": [0, 0, 401, 9]})[0] == 400
        assert refusal(reviewer, "fit", {"at": 0}) == (400, "no pose of frame 0 is looked at")
        said(reviewer, "begin", at=0)
        far = {"at": 0, "shift_m": [9.0, 0.0, 0.0], "turn_rad": [0.0, 0.0, 0.0]}
        assert "at most 0.5 m" in refusal(reviewer, "move", far)[1]
        # Too little would be left.
        assert refusal(reviewer, "cut", {"at": 1, "last": 9})[0] == 400
        assert refusal(reviewer, "decide", {"author": "Ada"})[0] == 400
        assert refusal(reviewer, "decide", {"author": "A", "note": "x" * 20000})[0] == 413
        assert reviewer.film.state() == before
    assert reviewer.decisions == []


def test_the_page_tells_what_was_decided_before(filmed):
    earlier = ReviewConfig(author="Bo", note="it <b>slipped</b>", cuts=((9, 9),))
    film = ReviewedFilm(filmed.capture, filmed.wrong, earlier)
    with Reviewer(film, str, title="a run") as reviewer:
        answering = threading.Thread(target=reviewer.serve)
        answering.start()
        try:
            page = ask(reviewer, "").decode()
        finally:
            reviewer.stop()
            answering.join()
    assert "Bo decided before: it &lt;b&gt;slipped&lt;/b&gt;" in page
    assert '"cuts": [[9, 9]]' in page


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium to open the page in")
def test_in_a_browser_a_person_mends_the_track(filmed, tmp_path):
    with reviewed(filmed) as reviewer, opened(reviewer.url, tmp_path) as page:
        page.wait("picture !== null")
        page.value(f"show({KEY})")
        page.wait(f"shownAt == {KEY}")
        left, top, scale = page.value(
            "(() => { const r = view.getBoundingClientRect(); "
            "return [r.x, r.y, r.width / view.width]; })()"
        )
        x0, y0, x1, y1 = box_of(filmed, KEY)
        page.drag((left + x0 * scale, top + y0 * scale), (left + x1 * scale, top + y1 * scale))
        page.wait("busy == 0 && looked !== null && said.className == 'good'")
        page.click("keep")
        page.wait(f"busy == 0 && state.keys[0] == {KEY}")
        assert errors_m(filmed, reviewer.film).max() < 0.012
        page.value("show(8)")
        page.click("from")
        page.value("show(9)")
        page.click("cut")
        page.wait("busy == 0 && state.cuts.length == 1")
        assert page.value("document.getElementById('decide').disabled")
        page.value("document.getElementById('note').focus()")
        page.call("Input.insertText", text="it slipped")
        page.click("decide")
        page.wait("said.textContent.startsWith('made ')")
    (decision,) = reviewer.decisions
    assert (decision.author, decision.note) == ("Ada", "it slipped")
    assert decision.cuts == ((8, 9),)
