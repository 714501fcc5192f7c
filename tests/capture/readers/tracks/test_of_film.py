import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.readers.tracks.of_film import read_track
from xsim_core.capture.readers.tracks.spec import TrackSpec
from xsim_core.errors import BadInputError

N = 6


def poses():
    """Frame ``i`` is turned and moved as no other."""
    T = np.tile(np.eye(4), (N, 1, 1))
    T[:, :3, :3] = Rotation.from_rotvec(np.outer(np.arange(N) + 1, [0.1, 0.2, -0.1])).as_matrix()
    T[:, :3, 3] = [[0.1 + 0.01 * i, -0.05, 0.6 + 0.02 * i] for i in range(N)]
    return T


def film(names=None, source_frames=None, start=0.0):
    pixels = np.zeros((N, 1, 1, 3), np.uint8), np.zeros((N, 1, 1), np.uint16)
    return RGBDVideo(*pixels, start + np.arange(N) / 30, np.eye(3), source_frames, names)


def read(path, video=None, **said):
    notes = []
    spec = TrackSpec(file=path.name, **said)
    return read_track(path, spec, video or film(), notes), notes


def test_a_folder_of_matrices_goes_by_names(tmp_path):
    names = tuple(f"{1305031102.175304 + i / 30:.6f}" for i in range(N))
    for name, T in zip(names, poses(), strict=True):
        np.savetxt(tmp_path / f"{name}.txt", T)
    (tmp_path / f"{names[4]}.txt").unlink()
    track, notes = read(tmp_path, film(names))
    assert track.frame == "camera"
    assert track.has_pose.tolist() == [True, True, True, True, False, True]
    np.testing.assert_allclose(track.T_frame_object[[0, 5]], poses()[[0, 5]])
    assert "1 of 6 frames have no pose (the first is 4)" in notes[0]


def test_two_poses_of_one_number_are_refused(tmp_path):
    for camera in ("left", "right"):
        for i, T in enumerate(poses()):
            np.savetxt(tmp_path / f"{camera}_{i:06d}.txt", T)
    with pytest.raises(BadInputError, match="more than one pose has the number 0"):
        read(tmp_path)


def bop(path, first, objects=(5, 9)):
    told = {
        str(first + i): [
            {
                "obj_id": obj,
                "cam_R_m2c": T[:3, :3].ravel().tolist(),
                "cam_t_m2c": (1000 * T[:3, 3] + 100 * k).tolist(),
            }
            for k, obj in enumerate(objects)
        ]
        for i, T in enumerate(poses())
    }
    path.write_text(json.dumps(told))
    return path


def test_bops_truth_is_in_millimetres_and_of_one_object(tmp_path):
    path = bop(tmp_path / "scene_gt.json", 3)
    names = tuple(f"{i + 3:06d}" for i in range(N))
    track, _ = read(path, film(names), object=5)
    np.testing.assert_allclose(track.T_frame_object, poses(), atol=1e-12)
    with pytest.raises(BadInputError, match=r"holds objects 5, 9: say which with `object:`"):
        read(path, film(names))


def test_results_take_the_best_row_of_an_image(tmp_path):
    lines = ["scene_id,im_id,obj_id,score,R,t,time"]
    for i, T in enumerate(poses()):
        R, t = (" ".join(map(str, v)) for v in (T[:3, :3].ravel(), 1000 * T[:3, 3]))
        lines += [f"2,{i},7,0.9,{R},{t},-1", f"2,{i},7,0.1,{R},0 0 1,-1"]
    (tmp_path / "a_b-test.csv").write_text("\n".join(lines))
    track, _ = read(tmp_path / "a_b-test.csv")
    np.testing.assert_allclose(track.T_frame_object, poses(), atol=1e-9)
    (tmp_path / "a_b-test.csv").write_text("\n".join([*lines, lines[1].replace("2,", "3,", 1)]))
    with pytest.raises(BadInputError, match="holds 2 scenes"):
        read(tmp_path / "a_b-test.csv")


def test_numbers_that_count_the_films_frames_are_told_from_names(tmp_path):
    """Images 3 to 8, and a track that counts from 0: by number it would be three frames late."""
    track, notes = read(
        bop(tmp_path / "scene_gt.json", 0, (5,)), film(tuple(f"{i + 3:06d}" for i in range(N)))
    )
    np.testing.assert_allclose(track.T_frame_object, poses(), atol=1e-12)
    assert "counted from 0" in notes[0]


def tum(path, times):
    xyzw = Rotation.from_matrix(poses()[:, :3, :3]).as_quat()
    np.savetxt(path, np.column_stack([times, poses()[:, :3, 3], xyzw]), header="t x y z q")
    return path


@pytest.mark.parametrize("began", [0.0, 1305031102.175304])
def test_a_trajectory_goes_by_time(tmp_path, began):
    names = tuple(f"{1305031102.175304 + i / 30:.6f}" for i in range(N))
    path = tum(tmp_path / "trajectory.txt", began + np.arange(N) / 30 + 0.004)
    track, _ = read(path, film(names))
    assert track.frame is None
    np.testing.assert_allclose(track.T_frame_object, poses(), atol=1e-9)
    with pytest.raises(BadInputError, match="few are near each other"):
        read(tum(path, 77 + np.arange(N) / 30), film(names))


@pytest.mark.parametrize("shape", ["4x4", "3x4", "xsim", "columns", "text", "npz"])
def test_arrays_of_every_frame(tmp_path, shape):
    T, path = poses(), tmp_path / "track.npy"
    if shape == "xsim":
        wxyz = Rotation.from_matrix(T[:, :3, :3]).as_quat(scalar_first=True)
        np.save(path, np.concatenate([T[:, :3, 3], wxyz], axis=1)[None])
    elif shape == "text":
        path = tmp_path / "track.txt"
        np.savetxt(path, T.reshape(N, 16))
    elif shape == "npz":
        path = tmp_path / "track.npz"
        np.savez(path, T=T)
    else:
        np.save(path, {"4x4": T, "3x4": T[:, :3], "columns": np.swapaxes(T, 1, 2)}[shape])
    track, notes = read(path)
    np.testing.assert_allclose(track.T_frame_object, T, atol=1e-9)
    assert track.frame == ("robot" if shape == "xsim" else None)
    assert len(notes) == (shape == "columns")


def test_frames_that_were_dropped_are_dropped_from_the_track(tmp_path):
    np.save(tmp_path / "track.npy", np.concatenate([poses()[:2], poses()]))
    video = film(source_frames=np.arange(2, N + 2))
    track, _ = read(tmp_path / "track.npy", video)
    np.testing.assert_allclose(track.T_frame_object, poses())
    with pytest.raises(BadInputError, match=r"has 8 poses and the film 6 frames"):
        read(tmp_path / "track.npy")
    kept = np.arange(N) > 1
    np.testing.assert_allclose(track.of_frames(kept).T_frame_object, poses()[2:])


def test_millimetres_nan_and_an_inverse(tmp_path):
    T = np.linalg.inv(poses())
    T[:, :3, 3] *= 1000
    T[2] = np.nan
    np.save(tmp_path / "track.npy", T)
    track, notes = read(tmp_path / "track.npy", inverted=True, frame="camera")
    np.testing.assert_allclose(track.T_frame_object[[1, 3]], poses()[[1, 3]], atol=1e-9)
    assert not track.has_pose[2]
    assert any("taken as millimetres" in note for note in notes)


def test_poses_that_run_away_are_left_out(tmp_path):
    T = poses()
    T[4, :3, 3] *= 1e6
    np.save(tmp_path / "track.npy", T)
    track, notes = read(tmp_path / "track.npy")
    assert track.has_pose.tolist() == [True] * 4 + [False, True]
    assert "1 poses are farther than 20 m (the first is 4), left out" in notes[0]


def change(T, i, edit):
    T[i] = edit(T[i])
    return T


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda T: T @ np.diag([1, 1, -1, 1.0]), r"pose 4 mirrors \(determinant -1\)"),
        (lambda T: T @ np.diag([2, 2, 2, 1.0]), "pose 4 has a scale of 2"),
        (lambda T: T @ np.diag([1, 1, 1.5, 1.0]), "pose 4 is no rigid transform"),
        (lambda T: np.vstack([T[:3], [0, 0, 1, 1]]), r"the last row of pose 4 is"),
        (lambda T: 0 * T + np.diag([0, 0, 0, 1.0]), "pose 4 is no rigid transform"),
    ],
)
def test_what_is_no_pose_is_refused_with_its_frame(tmp_path, edit, message):
    np.save(tmp_path / "track.npy", change(poses(), 4, edit))
    with pytest.raises(BadInputError, match=message):
        read(tmp_path / "track.npy")


def test_metres_where_the_format_has_millimetres(tmp_path):
    path = bop(tmp_path / "scene_gt.json", 0, (5,))
    told = json.loads(path.read_text())
    for (one,) in told.values():
        one["cam_t_m2c"] = [x / 1000 for x in one["cam_t_m2c"]]
    path.write_text(json.dumps(told))
    with pytest.raises(BadInputError, match=r"no film shows\. It would fit with `unit: m`"):
        read(path)
    track, _ = read(path, unit="m")
    np.testing.assert_allclose(track.T_frame_object, poses(), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "x,y\n1,2\n", "is no BOP results file: its first line is 'x,y'"),
        ("a.csv", "scene_id,im_id,obj_id,score,R,t,time\n", "holds 0 poses"),
        ("a.json", "[1]", "must map the numbers of images"),
        ("a.txt", "1 2 3\n", "has lines of 3 numbers; a TUM trajectory has 8"),
        ("a.txt", "1 2 x\n", "line 1 is '1 2 x'"),
        ("a.txt", "0 0 0 1 0 0 0 2\n", "the quaternion of pose 0 has length 2, not 1"),
        ("a.npy", "no array", "is damaged or truncated"),
        ("a.pkl", "x", "'.pkl' is no track we read"),
    ],
)
def test_files_that_hold_no_track(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInputError, match=message):
        read(tmp_path / name)


def test_arrays_of_another_shape_or_kind(tmp_path):
    for array, message in (
        (np.zeros((3, 5)), r"has shape \(3, 5\); a track is"),
        (np.array(["x"]), "holds <U1, no numbers"),
        (np.zeros((2, N, 7)), "holds objects 0, 1: say which"),
    ):
        np.save(tmp_path / "track.npy", array)
        with pytest.raises(BadInputError, match=message):
            read(tmp_path / "track.npy")
    with pytest.raises(BadInputError, match="does not exist"):
        read(tmp_path / "none.npy")
