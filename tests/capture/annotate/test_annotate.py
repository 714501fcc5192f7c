"""capture/annotate: the film, the page's server, and the page in a real browser."""

import json
import shutil
import threading
from contextlib import contextmanager
from io import BytesIO
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.capture.annotate.browser import opened
from xsim_core.capture.annotate.film import open_annotated
from xsim_core.capture.annotate.server import Annotator
from xsim_core.capture.layout import read_capture_file
from xsim_core.errors import BadInputError
from xsim_core.files.windows import arrays_below


@pytest.fixture
def drawn(capture_copy):
    """The box of a capture, which is taken out of its file."""
    path = capture_copy / "capture.yaml"
    told = yaml.safe_load(path.read_text())
    box = told.pop("init_box_xyxy")
    path.write_text(yaml.safe_dump(told))
    return box


@contextmanager
def annotated(folder, place):
    """A server of a capture, answering."""
    place.mkdir()
    with arrays_below(place):
        film = open_annotated(folder, place)
        with Annotator(folder, film) as annotator:
            answering = threading.Thread(target=annotator.serve)
            answering.start()
            try:
                yield annotator
            finally:
                annotator.stop()
                answering.join()


def ask(annotator, what, body=None, key=None):
    parts = urlsplit(annotator.url)
    headers = {"X-Key": parse_qs(parts.query)["key"][0] if key is None else key}
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://{parts.netloc}/{what}", data, headers)
    with urlopen(request, timeout=60) as answer:
        return answer.read()


def refusal(*given, **more):
    with pytest.raises(HTTPError) as raised:
        ask(*given, **more)
    with raised.value as answer:
        return answer.code, answer.read().decode()


def test_a_box_is_tried_and_accepted(capture_copy, drawn, tmp_path):
    with annotated(capture_copy, tmp_path / "arrays") as annotator:
        page = ask(annotator, "").decode()
        assert '"box": null' in page
        assert "Draw a box, or click the object: nothing says where the object is" in page
        frame = np.asarray(Image.open(BytesIO(ask(annotator, "frame/0.png"))))
        assert frame.shape == (120, 160, 3)
        good = json.loads(ask(annotator, "try", {"at": 0, "box_xyxy": drawn}))
        assert good["is_believed"], good["sentence"]
        assert good["picture"].startswith("data:image/png;base64,")
        away = [v + 40 * (i % 2 == 0) for i, v in enumerate(drawn)]
        bad = json.loads(ask(annotator, "try", {"at": 0, "box_xyxy": away}))
        assert not bad["is_believed"]
        assert "was not found in the box" in bad["sentence"]
        assert annotator.written is None
        ask(annotator, "accept", {"at": 2, "box_xyxy": drawn})
        assert annotator.written == capture_copy / "capture.yaml"
    file = read_capture_file(capture_copy)
    assert (file.init_frame, list(file.init_box_xyxy)) == (2, drawn)


def test_what_is_no_box_or_not_asked_for_by_the_page_writes_nothing(capture_copy, drawn, tmp_path):
    before = (capture_copy / "capture.yaml").read_bytes()
    good = {"at": 0, "box_xyxy": drawn}
    with annotated(capture_copy, tmp_path / "arrays") as annotator:
        for what in ("", "frame/0.png"):
            assert refusal(annotator, what, key="")[0] == 403
        for what in ("try", "accept"):
            assert refusal(annotator, what, good, key="guess")[0] == 403
            none = 400, "there is no frame 6; the film has 6"
            assert refusal(annotator, what, {"at": 6, "box_xyxy": drawn}) == none
            code, said = refusal(annotator, what, {"at": 0, "box_xyxy": [0, 0, 161, 50]})
            assert (code, "in the 160x120 image" in said) == (400, True)
            assert refusal(annotator, what, {**good, "more": 1})[0] == 400
            assert refusal(annotator, what, {**good, "more": "x" * 5000})[0] == 413
        assert refusal(annotator, "frame/6.png")[0] == 404
    assert annotator.written is None
    assert (capture_copy / "capture.yaml").read_bytes() == before


def test_a_click_gives_a_box_or_the_reason_why_not(capture_copy, drawn, tmp_path):
    u, v = np.mean([drawn[:2], drawn[2:]], axis=0).tolist()
    with annotated(capture_copy, tmp_path / "arrays") as annotator:
        found = json.loads(ask(annotator, "click", {"at": 0, "u": u, "v": v}))
        np.testing.assert_allclose(found["box_xyxy"], drawn, atol=4)
        code, said = refusal(annotator, "click", {"at": 0, "u": 400.0, "v": v})
        assert (code, "is no pixel of the 160x120 image" in said) == (400, True)
        assert refusal(annotator, "click", {"at": 6, "u": u, "v": v})[0] == 400
        assert refusal(annotator, "click", {"at": 0, "u": u}) == (
            400,
            "a frame and a pixel are expected",
        )
        assert refusal(annotator, "click", {"at": 0, "u": u, "v": v}, key="")[0] == 403


def test_frames_are_numbered_as_the_file_counts_them(capture_copy, tmp_path):
    (capture_copy / "video" / "depth" / "000001.png").unlink()
    with arrays_below(tmp_path):
        film = open_annotated(capture_copy, tmp_path, prefer="folder")
    assert film.numbers == (0, 2, 3, 4, 5)
    assert film.numbers[film.first] == film.file.init_frame == 0


def test_without_a_mesh_the_box_can_still_be_drawn(capture_copy, drawn, tmp_path):
    (capture_copy / "object" / "mesh.obj").unlink()
    with arrays_below(tmp_path):
        film = open_annotated(capture_copy, tmp_path)
        tried = film.try_box(0, tuple(drawn))
    assert not tried.is_believed
    assert "mesh.obj" in tried.sentence
    with pytest.raises(BadInputError, match="at least 4 pixels"):
        film.check_box(0, (3, 3, 3, 60))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium to open the page in")
def test_in_a_browser_a_person_draws_and_accepts(capture_copy, drawn, tmp_path):
    with (
        annotated(capture_copy, tmp_path / "arrays") as annotator,
        opened(annotator.url, tmp_path) as page,
    ):
        page.wait("frame !== null")
        left, top, scale = page.value(
            "(() => { const r = view.getBoundingClientRect(); "
            "return [r.x, r.y, r.width / view.width]; })()"
        )
        corners = [(left + u * scale, top + v * scale) for u, v in (drawn[:2], drawn[2:])]
        page.drag(*corners)
        np.testing.assert_allclose(page.value("box"), drawn, atol=1)
        page.click("try")
        page.wait("said.className == 'good' && overlay !== null")
        page.click("accept")
        page.wait("said.textContent.startsWith('written to')")
    assert np.allclose(read_capture_file(capture_copy).init_box_xyxy, drawn, atol=1)
