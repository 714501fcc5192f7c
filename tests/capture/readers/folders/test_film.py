import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

from xsim_core.capture.readers import read_video_and_unit
from xsim_core.errors import BadInputError

from . import layouts


def write_film(path, *, options=()):
    """Frame ``i`` is all of grey ``20 * i + 20``, ten frames a second."""
    frames = [np.full((48, 64, 3), 20 * i + 20, np.uint8) for i in range(layouts.N)]
    base = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "rawvideo"]
    base += ["-pix_fmt", "rgb24", "-s", "64x48", "-r", "10", "-i", "-"]
    how = [*options, "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    data = b"".join(frame.tobytes() for frame in frames)
    subprocess.run([*base, *how, str(path)], input=data, check=True, timeout=60)


def lay(folder, **options):
    layouts.foundationpose(folder)
    for file in (folder / "rgb").iterdir():
        file.unlink()
    write_film(folder / "colour.mp4", **options)


def greys(video):
    return np.rint(video.rgb[:, 20, 20].mean(axis=-1) / 20 - 1).astype(int).tolist()


def test_frames_and_times_are_the_films(tmp_path):
    lay(tmp_path)
    video, unit = read_video_and_unit(tmp_path, notes := [])
    assert greys(video) == list(range(layouts.N))
    np.testing.assert_array_equal(video.depth_mm, layouts.film()[1])
    np.testing.assert_allclose(video.timestamps_s, np.arange(layouts.N) / 10)
    assert (unit.metres, notes, video.names) == (1e-3, [], None)


def test_a_variable_frame_rate_is_not_filled_up(tmp_path):
    lay(tmp_path, options=("-vf", "select='not(eq(n,2)+eq(n,3))'", "-fps_mode", "vfr"))
    for file in sorted((tmp_path / "depth").iterdir())[2:4]:
        file.unlink()
    video, _ = read_video_and_unit(tmp_path, [])
    assert greys(video) == [0, 1, 4, 5]
    np.testing.assert_allclose(video.timestamps_s, [0, 0.1, 0.4, 0.5])


def test_another_number_of_frames_is_refused(tmp_path):
    lay(tmp_path)
    next((tmp_path / "depth").iterdir()).unlink()
    with pytest.raises(BadInputError, match=r"has 6 frames that can be decoded, depth/ 5 images"):
        read_video_and_unit(tmp_path, [])


def test_times_beside_the_film_count(tmp_path):
    lay(tmp_path)
    (tmp_path / "timestamps.txt").write_text("0\n0.04\n0.08\n0.12\n0.2\n0.24\n")
    video, _ = read_video_and_unit(tmp_path, [])
    np.testing.assert_allclose(video.timestamps_s[3:5], [0.12, 0.2])
    (tmp_path / "timestamps.txt").write_text("0\n0.04\n")
    with pytest.raises(BadInputError, match="has 2 lines for 6 frames"):
        read_video_and_unit(tmp_path, [])


def test_what_is_no_film(tmp_path):
    lay(tmp_path)
    (tmp_path / "colour.mp4").write_bytes(b"no film" * 100)
    with pytest.raises(BadInputError, match="cannot be opened as a film"):
        read_video_and_unit(tmp_path, [])
    (tmp_path / "other.mov").write_bytes(b"")
    with pytest.raises(BadInputError, match=r"has colour\.mp4, other\.mov; leave only the film"):
        read_video_and_unit(tmp_path, [])
    with pytest.raises(BadInputError, match="it holds colour alone"):
        read_video_and_unit(tmp_path / "colour.mp4", [])
