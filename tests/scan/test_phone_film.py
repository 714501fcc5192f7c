"""A phone's film of the room, rendered: from the file to cameras, against the truth."""

import re

import cv2
import numpy as np
import pytest
import yaml

from tests.capture.readers.photo_films.films import write_film
from xsim_core.artifacts import Capture, PosedImages
from xsim_core.capture import IngestConfig, SynthesizeConfig, synthesize_capture
from xsim_core.capture.synthetic.studio import Studio
from xsim_core.geometry import look_at, rotation_angle
from xsim_core.scan import ScanConfig
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE, SCAN
from xsim_core.storage import ArtifactStore, Runtime

pytestmark = [pytest.mark.vulkan, pytest.mark.slow]

FPS, NUM_FRAMES = 15, 64


def walk():
    """``T_world_cam`` (64, 4, 4): half around the table, up and down, with a hand's tremor."""
    rng = np.random.default_rng(5)
    tremor = cv2.GaussianBlur(rng.normal(0, 0.03, (NUM_FRAMES, 3)), (1, 9), 0)
    angles = np.linspace(-np.pi / 2, np.pi / 2, NUM_FRAMES)
    eyes = np.stack([0.8 * np.cos(angles), 0.8 * np.sin(angles), 0.6 + 0.1 * np.sin(3 * angles)], 1)
    target = np.array([0.52, 0.0, 0.02])
    return np.stack(
        [look_at(target + eye + t, target + t) for eye, t in zip(eyes, tremor, strict=True)]
    )


@pytest.mark.timeout(1500)
def test_a_walk_with_a_phone_becomes_cameras(tmp_path):
    config = SynthesizeConfig(num_photos=2, num_frames=12)
    folder = tmp_path / "phone"
    synthesize_capture(folder, config)
    studio, poses = Studio(config, lambda *_: None), walk()
    frames = np.stack([studio.scene.render(studio.photo_camera, T).rgb for T in poses])
    blurred = np.arange(NUM_FRAMES) % 2 == 1
    frames[blurred] = [cv2.blur(f, (7, 1)) for f in frames[blurred]]
    write_film(folder / "room.mp4", frames, fps=FPS)
    told = yaml.safe_load((folder / "capture.yaml").read_text()) | {"photos": "room.mp4"}
    (folder / "capture.yaml").write_text(yaml.safe_dump(told))
    store = ArtifactStore((tmp_path / "store").as_uri())
    ref = run_stage(INGEST_CAPTURE, IngestConfig.from_folder(folder), store, {})
    capture = store.open(ref, Capture)
    (note,) = [n for n in capture.summary.notes if "room.mp4" in n]
    times = [float(t) for t in re.findall(r"\d+\.\d\d", note.partition(" at ")[2])]
    numbers = np.rint(np.array(times) * FPS).astype(int)
    assert not blurred[numbers].any()
    runtime = Runtime(num_workers=2)
    scan = store.open(
        run_stage(SCAN, ScanConfig(), store, {"capture": ref}, runtime=runtime), PosedImages
    )
    assert scan.summary.num_images == scan.summary.num_photos == len(numbers)
    truth, found = poses[numbers[scan.array("photo_index")]], scan.array("T_world_cam")
    off_mm = 1000 * np.linalg.norm(found[:, :3, 3] - truth[:, :3, 3], axis=1)
    turned = np.degrees(rotation_angle(found[:, :3, :3], truth[:, :3, :3]))
    assert np.median(off_mm) < 5, off_mm
    assert off_mm.max() < 15
    assert turned.max() < 0.5
