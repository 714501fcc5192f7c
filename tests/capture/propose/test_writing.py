"""capture/propose/writing.py: nothing that somebody wrote is lost; the picture counts pixels."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.capture.propose.test_proposal import WHOLE
from xsim_core.capture.propose import propose, write_proposal
from xsim_core.capture.propose.picture import BOX_RGB, frame_picture
from xsim_core.errors import BadInputError

FRAME = np.full((120, 160, 3), 90, np.uint8)


def test_a_file_that_is_there_is_kept(tmp_path):
    path, proposal = tmp_path / "capture.yaml", propose(WHOLE)
    written = write_proposal(path, proposal, FRAME, WHOLE.box)
    assert (written.kept, written.picture) == (None, tmp_path / "init_frame.png")
    path.write_text("name: mine\n")
    with pytest.raises(BadInputError, match=r"is not touched\. --force keeps it .* --to FILE"):
        write_proposal(path, proposal, FRAME, WHOLE.box)
    assert path.read_text() == "name: mine\n"
    kept = [write_proposal(path, proposal, None, None, force=True).kept for _ in range(2)]
    assert [k.name for k in kept] == ["capture.yaml.1", "capture.yaml.2"]
    assert kept[0].read_text() == "name: mine\n"


def test_the_picture_shows_the_box_where_it_is():
    with Image.open(io.BytesIO(frame_picture(FRAME, WHOLE.box))) as image:
        pixels = np.asarray(image.convert("RGB"))
    scale = pixels.shape[1] // FRAME.shape[1]
    assert pixels.shape == (120 * scale, 160 * scale, 3)
    rows, columns = np.nonzero((pixels == BOX_RGB).all(axis=2))
    left, top, right, bottom = (v * scale for v in WHOLE.box.box_xyxy)
    assert abs(columns.min() - left) <= 3
    assert abs(rows.min() - top) <= 3
    assert abs(columns.max() - right) <= 3
    assert abs(rows.max() - bottom) <= 3
