"""xsim_core/capture/ingest.py: which files make a capture what it is."""

import os

import numpy as np
import pytest
import yaml

from xsim_core.capture import IngestConfig
from xsim_core.capture.layout import read_capture_file
from xsim_core.errors import BadInputError

DIGEST = "b032a8f053db9739766c00607f28d06cdd42ac64c1e98c0cc4dd76166d353d2e"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "K\u00fcche 1"
    (folder / "video" / "rgb").mkdir(parents=True)
    (folder / "video" / "rgb" / "0.png").write_bytes(b"a")
    board = {"T_world_board": np.eye(4).tolist()}
    text = {
        "name": "x",
        "object_name": "block",
        "video": "video",
        "board": board,
        "init_box_xyxy": [1, 1, 9, 9],
    }
    (folder / "capture.yaml").write_text(yaml.safe_dump(text))
    return folder


def test_a_board_made_of_aliases_takes_no_memory(tmp_path):
    """Thirty thousand rows that are all the same long one."""
    row, rows = "[" + "0," * 50_000 + "]", "[" + "*a," * 30_000 + "]"
    (tmp_path / "capture.yaml").write_text(
        f"row: &a {row}\nname: a\nobject_name: a\ninit_box_xyxy: [0, 0, 9, 9]\n"
        f"board: {{T_world_board: {rows}}}\n"
    )
    with pytest.raises(BadInputError, match=r"at most 4 items"):
        read_capture_file(tmp_path)


def test_the_identity_of_a_capture_stays_as_it_was(folder):
    assert IngestConfig.from_folder(folder).content_digest == DIGEST


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "._0.png",
        "Thumbs.db",
        "desktop.ini",
        "@eaDir/0.png/thumb.jpg",
        "__MACOSX/0.png",
    ],
)
def test_what_operating_systems_leave_is_no_part_of_it(folder, name):
    for place in ("video/rgb", "photos", "object"):
        path = folder / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"noise")
    assert IngestConfig.from_folder(folder).content_digest == DIGEST
    (folder / "video" / "rgb" / "1.png").write_bytes(b"a")
    assert IngestConfig.from_folder(folder).content_digest != DIGEST


def test_a_name_that_is_not_utf_8_is_refused(folder):
    (folder / "video" / "rgb" / os.fsdecode(b"\xff.png")).write_bytes(b"a")
    with pytest.raises(BadInputError, match="is not UTF-8") as error:
        IngestConfig.from_folder(folder)
    assert str(error.value).isprintable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(folder):
    (folder / "video" / "rgb" / "0.png").chmod(0)
    with pytest.raises(BadInputError, match=r"0\.png"):
        IngestConfig.from_folder(folder)
