from pathlib import Path

import numpy as np
import pytest

from xsim_core.capture.readers.pairing import ASSUMED_FPS, pair_files, pair_times
from xsim_core.errors import BadInputError

FPS = 30.0


def at(*frames):
    return np.array(frames, float) / FPS


def named(folder, numbers):
    return [folder / f"{n:06d}.png" for n in numbers]


def test_frames_pair_with_the_nearest_of_the_other_stream():
    late_s = 0.004
    pairs = pair_times(at(0, 1, 2, 3), at(0, 1, 3, 4) + late_s, "film", notes := [])
    assert pairs == [(0, 0), (1, 1), (3, 2)]
    assert notes == [
        "colour: 1 of 4 frames have no partner within 20 ms and were dropped",
        "depth: 1 of 4 frames have no partner within 20 ms and were dropped",
    ]


def test_a_frame_is_used_once():
    """Depth at half the rate: of two colour frames beside it the nearer one has it."""
    pairs = pair_times(at(0, 1, 2, 3, 4), at(0.4, 2.4, 4.4), "film", [])
    assert pairs == [(0, 0), (2, 1), (4, 2)]


def test_clocks_that_never_meet_are_refused():
    with pytest.raises(BadInputError, match=r"colour was taken from 0\.000 to 0\.100 s") as near:
        pair_times(at(0, 1, 2, 3), at(10, 11, 12), "film", [])
    assert "Two different clocks" not in str(near.value)
    with pytest.raises(BadInputError, match="Two different clocks"):
        pair_times(at(0, 1, 2, 3), at(0, 1, 2, 3) + 1.7e9, "film", [])


def test_a_number_that_one_folder_lacks_leaves_its_gap_in_time(tmp_path):
    colour, depth = named(tmp_path, [10, 11, 13]), named(tmp_path, [10, 11, 12, 13])
    pairs = pair_files(colour, depth, tmp_path / "timestamps.txt", notes := [])
    assert (pairs.colour, pairs.depth) == ([0, 1, 2], [0, 1, 3])
    np.testing.assert_allclose(pairs.stamps_s * ASSUMED_FPS, [0, 1, 3])
    assert notes[0] == "depth: 1 without a partner, dropped: 12"


def test_only_the_numbers_that_change_tell_frames_apart():
    """Both names hold two numbers; the size in one of them is no frame number."""
    colour = [Path(f"rgb/cam0_{i}.png") for i in range(3)]
    depth = [Path(f"depth/640x480_{i}.png") for i in range(3)]
    pairs = pair_files(colour, depth, Path("none.txt"), [])
    assert pairs.colour == pairs.depth == [0, 1, 2]


def test_two_files_of_one_number_are_refused():
    twice = [Path("rgb/1.png"), Path("rgb/01.png")]
    with pytest.raises(BadInputError, match=r"1\.png, 01\.png have the same number"):
        pair_files(twice, [Path("depth/1.png")], Path("none.txt"), [])
