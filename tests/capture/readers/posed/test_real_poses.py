"""A real transforms.json (photos_tags_table): the tags on its table tell what its unit is."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from xsim_core.capture.place.spec import TagsSpec
from xsim_core.capture.place.tag_layout import tag_board
from xsim_core.capture.readers.posed.posed_photos import read_posed_photos
from xsim_core.geometry import PinholeCamera, inverse_se3
from xsim_core.scan.align import (
    find_board_corners,
    fit_similarity,
    similarity_rms,
    triangulate_corners,
)

ROOT = Path(os.environ.get("XSIM_REAL_DATA", Path(__file__).parents[5] / "shared" / "data"))
TABLE = ROOT / "photos_tags_table"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not TABLE.exists(), reason=f"no photos at {TABLE} (set XSIM_REAL_DATA)"),
]


def test_the_tags_tell_its_unit(tmp_path):
    told = json.loads((TABLE / "transforms.json").read_text())
    told["frames"] = told["frames"][::12]
    (tmp_path / "rgb").mkdir()
    for frame in told["frames"]:
        shutil.copy(TABLE / frame["file_path"], tmp_path / "rgb")
    (tmp_path / "transforms.json").write_text(json.dumps(told))
    found = read_posed_photos(tmp_path, "transforms.json", notes := [])
    assert any("have a scale" in note for note in notes)
    board = tag_board(TagsSpec(size_m=0.05, layout="board_mm.json"), TABLE, [])
    h, w = found.images.shape[1:3]
    corners = find_board_corners(found.images, board)
    points = triangulate_corners(
        corners, inverse_se3(found.T_given_cam), PinholeCamera(w, h, found.K)
    )
    source, target = np.stack(list(points.values())), board.corners_board[list(points)]
    s, R, t = fit_similarity(source, target)
    assert s == pytest.approx(0.8444, rel=0.003)
    assert 1000 * similarity_rms(source, target, s, R, t) < 2.0
