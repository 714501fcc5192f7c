"""Obeys the file contract of the FoundationPose runner, or breaks it as the first argument asks.

It answers the poses in ``truth.npy`` beside the request folder.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np

mode, source, answer = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
request = json.loads((source / "request.json").read_text())
names = [f"{i:06d}.png" for i in range(request["num_frames"])]
assert all((source / "rgb" / n).exists() and (source / "depth" / n).exists() for n in names)
assert (source / "masks" / f"{request['init_frame']:06d}.png").exists()
assert (source / "mesh" / "mesh.obj").exists()
assert np.loadtxt(source / "cam_K.txt").shape == (3, 3)
if mode == "killed":
    sys.exit(137)
poses = np.load(Path(sys.argv[4]))
if mode == "nan":
    poses[3] = np.nan
if mode == "identity":
    poses[0, :3, :3] = np.eye(3)
if mode == "sheared":
    poses[2, 0, 1] += 0.1
if mode.startswith("loses") and not request["stretches"]:
    poses[3:5, 0, 3] += 0.15
if request["stretches"]:
    assert mode != "loses, and cannot register again", "this runner registers once"
    for stretch in request["stretches"]:
        mask = cv2.imread(str(source / "masks" / f"{stretch['register']:06d}.png"), -1)
        assert (mask > 0).sum() > 100
        assert stretch["first"] <= stretch["register"] <= stretch["last"]
lines = [json.dumps({"frame": i, "T_cam_object": T.tolist()}) for i, T in enumerate(poses)]
if mode == "short":
    lines = lines[:-2]
if mode == "garbled":
    lines[1] = lines[1][:30]
if request["stretches"]:
    asked = {i for s in request["stretches"] for i in range(s["first"], s["last"] + 1)}
    lines = [line for i, line in enumerate(lines) if i in asked]
(answer / "poses.jsonl").write_text("\n".join(lines))
if mode != "unfinished":
    (answer / "done.json").write_text(json.dumps({"gpu": "none"}))
