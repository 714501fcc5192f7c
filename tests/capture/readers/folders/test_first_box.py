import json

import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.readers.folders.first_box import FirstBox, first_boxes, mask_box
from xsim_core.errors import BadInputError

from . import layouts


def test_foundationposes_mask(tmp_path):
    layouts.foundationpose(tmp_path)
    (box,) = first_boxes(tmp_path)
    assert (box.frame, box.box_xyxy, box.object_id) == (0, (20, 5, 40, 15), None)
    assert box.source == "masks/1581120424100262102.png"


def test_bops_annotations_leave_out_what_is_not_visible(tmp_path):
    layouts.bop(tmp_path)
    assert first_boxes(tmp_path) == [FirstBox(0, (10, 12, 30, 20), "scene_gt_info.json", 5)]


def test_bops_masks_tell_the_object(tmp_path):
    layouts.bop(tmp_path)
    (tmp_path / "mask_visib").mkdir()
    for name, at in (("000003_000001", 30), ("000003_000000", 60), ("000004_000000", 1)):
        mask = np.zeros((48, 64), np.uint8)
        mask[10:20, at : at + 8] = 255
        Image.fromarray(mask).save(tmp_path / "mask_visib" / f"{name}.png")
    boxes = first_boxes(tmp_path)
    assert [(b.frame, b.box_xyxy, b.object_id) for b in boxes] == [
        (0, (60, 10, 64, 20), 5),
        (0, (30, 10, 38, 20), 9),
    ]


def test_a_mask_of_a_later_frame_says_which(tmp_path):
    layouts.foundationpose(tmp_path)
    names = sorted(p.name for p in (tmp_path / "rgb").iterdir())
    first = tmp_path / "masks" / names[0]
    first.rename(first.with_name(names[2]))
    Image.fromarray(np.zeros((48, 64), np.uint8)).save(first)
    assert [b.frame for b in first_boxes(tmp_path)] == [2]


def test_nothing_tells_a_box(tmp_path):
    assert first_boxes(tmp_path) == []
    layouts.open3d(tmp_path)
    assert first_boxes(tmp_path) == []


def test_a_box_of_numbers_that_no_image_has_is_none(tmp_path):
    layouts.bop(tmp_path)
    info = {str(i + 3): [{"bbox_visib": [1e300, 0, 8, 8]}] * 2 for i in range(layouts.N)}
    (tmp_path / "scene_gt_info.json").write_text(json.dumps(info))
    assert first_boxes(tmp_path) == []


def test_annotations_that_cannot_be_read(tmp_path):
    layouts.bop(tmp_path)
    (tmp_path / "scene_gt_info.json").write_text(json.dumps({"3": [{"bbox": 1}] * 2}))
    with pytest.raises(BadInputError, match=r"scene_gt_info\.json is damaged"):
        first_boxes(tmp_path)


def test_a_mask_with_transparency_counts_by_its_colour():
    mask = np.zeros((20, 20, 3), bool)
    mask[3:9, 4:12, 2] = True
    assert mask_box(mask) == (4, 3, 12, 9)
    assert mask_box(np.eye(3, dtype=bool)) is None
