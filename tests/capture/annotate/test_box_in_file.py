"""capture/annotate/box_in_file.py: the box is written where it stands, and nothing else changes."""

import pytest
import yaml

from xsim_core.capture.annotate.box_in_file import write_box
from xsim_core.errors import BadInputError

BOX = (10.0, 20.0, 30.5, 40.0)
WRITTEN = {"init_frame": 7, "init_box_xyxy": [10, 20, 30.5, 40]}


def written(folder, text):
    (folder / "capture.yaml").write_text(text)
    write_box(folder, 7, BOX)
    return (folder / "capture.yaml").read_text()


@pytest.mark.parametrize(
    "there",
    [
        "init_frame: 3  # sharp\ninit_box_xyxy: [1, 2, 3, 4]\n",
        "init_box_xyxy:\n- 1\n- 2\n- 3\n- 4\ninit_frame: 3\n",
        "init_box_xyxy:\n  - 1\n  - 2\n  - 3\n  - 4\n",
        "init_box_xyxy: [\n  1, 2,\n  3, 4\n]\ninit_frame: 3\n",
        "# read it off\n# init_box_xyxy: [230, 146, 308, 214]\n",
        "",
    ],
)
def test_the_box_is_replaced_and_all_else_stays(tmp_path, there):
    text = f"# mine\nname: a\n\n{there}world: table  # a guess\nboard:\n  squares_x: 6\n"
    new = written(tmp_path, text)
    others = {"name": "a", "world": "table", "board": {"squares_x": 6}}
    assert yaml.safe_load(new) == others | WRITTEN
    for line in ("# mine", "world: table  # a guess", "  squares_x: 6"):
        assert line in new.splitlines()
    assert new.count("init_box_xyxy") == new.count("init_frame") == 1


def test_a_file_that_is_written_twice_stays_as_it_was_written(tmp_path):
    once = written(tmp_path, "name: a\n")
    assert written(tmp_path, once) == once


def test_a_file_that_cannot_be_changed_so_is_left_alone(tmp_path):
    text = "{name: a,\n init_box_xyxy: [1, 2, 3, 4]}\n"
    with pytest.raises(BadInputError, match=r"Write by hand:\ninit_frame: 7\ninit_box_xyxy: \[10"):
        written(tmp_path, text)
    assert (tmp_path / "capture.yaml").read_text() == text
