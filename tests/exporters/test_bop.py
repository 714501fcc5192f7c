"""Rows that BOP's toolkit takes: its own columns, millimetres, model to camera."""

import csv
import json

import numpy as np
import trimesh

from tests.sim.fixtures import make_track
from xsim_core.exporters import export_artifact
from xsim_core.exporters.bop import encode_results
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import LOST


def test_poses_come_back_in_metres(store, refs, tmp_path):
    export_artifact(store, refs["track"], "bop", tmp_path / "out")
    track = store.open(refs["track"])
    poses = track.array("T_cam_object")
    with (tmp_path / "out/xsim_block-test.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["scene_id", "im_id", "obj_id", "score", "R", "t", "time"]
    assert [int(r["im_id"]) for r in rows] == list(range(len(poses)))
    for row, T in zip(rows, poses, strict=True):
        R = np.array(row["R"].split(), float).reshape(3, 3)
        np.testing.assert_allclose(R, T[:3, :3], atol=1e-8)
        np.testing.assert_allclose(np.array(row["t"].split(), float), 1e3 * T[:3, 3], atol=1e-5)
        assert float(row["score"]) == 1
        assert row["time"] == "-1"


def test_the_model_is_in_millimetres_and_knows_its_diameter(store, refs, tmp_path):
    export_artifact(store, refs["track"], "bop", tmp_path / "out")
    mesh = trimesh.load(tmp_path / "out/models/obj_000001.ply", process=False)
    np.testing.assert_allclose(
        mesh.vertices, 1e3 * store.open(refs["track"]).array("object/vertices"), atol=1e-3
    )
    info = json.loads((tmp_path / "out/models/models_info.json").read_text())["1"]
    gaps = mesh.vertices[:, None] - mesh.vertices[None]
    assert np.isclose(info["diameter"], np.linalg.norm(gaps, axis=-1).max())
    assert np.isclose(info["size_x"], 100)
    camera = json.loads((tmp_path / "out/camera.json").read_text())
    assert (camera["fx"], camera["cx"], camera["width"], camera["height"]) == (600, 319.5, 640, 480)


def test_frames_without_the_object_have_no_row(tmp_path):
    store = ArtifactStore("memory://")
    ref = make_track(store)
    track = store.open(ref)
    status = track.array("status")
    status[3:5] = LOST
    out = store.begin("object_track", "ab" * 12)
    out.write_all({n: track.array(n) for n in track.array_names if n != "status"})
    out.write("status", status)
    lost = store.commit(
        out, track.summary, stage="t", stage_version=1, config={}, inputs={}, provenance={}
    )
    made = export_artifact(store, lost, "bop", tmp_path / "out")
    assert made.notes == (f"2 of {len(status)} frames have no row: the object is lost in them.",)
    lines = (tmp_path / "out/xsim_block-test.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines[3:6]] == ["2", "5", "6"]


def test_no_rows_are_a_header():
    text = encode_results(np.zeros(0, int), np.zeros((0, 4, 4)), np.zeros(0))
    assert text == "scene_id,im_id,obj_id,score,R,t,time\n"
