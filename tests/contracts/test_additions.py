"""A task, a reader, a stage and a backend are added by the places of docs/extending.md alone.

Done for real in a copy of the code: the additions are written there, and run there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flows.requests import configuration
from xsim_core.errors import UnknownNameError
from xsim_core.runs import RunRequest

ROOT = Path(__file__).parents[2]
KIND = '''class Outline(Artifact):
    """How high a room reaches."""

    kind: ClassVar[str] = "outline"
    arrays: ClassVar[tuple[S, ...]] = (S("curve/height_m", "float", "n", "metres"),)

    top_m: float
    """Of the highest Gaussian, world frame."""


'''
PACKAGE = '''"""How high the room reaches."""

import numpy as np

from xsim_core.artifacts import Outline, SplatScene
from xsim_core.config import StageConfig
from xsim_core.storage import ArtifactWriter, OpenArtifact


class OutlineConfig(StageConfig):
    """What is measured."""

    quantile: float = 1.0
    """Of the Gaussians' heights."""


def measure(
    scene: OpenArtifact[SplatScene], *, config: OutlineConfig, out: ArtifactWriter
) -> Outline:
    """Measure."""
    heights = np.sort(scene.array("means")[:, 2])
    out.write("curve/height_m", heights)
    return Outline(top_m=float(np.quantile(heights, config.quantile)))
'''
VALUE = """OUTLINE = Stage(
    name="outline",
    version=1,
    run="xsim_core.outline:measure",
    config="xsim_core.outline:OutlineConfig",
    inputs={"scene": SplatScene},
    output=Outline,
    title="How high the room reaches.",
)

"""
CALL = "    execute(OUTLINE, config.outline, scene=scene)\n"
CASE = """        case "toy":
            T, k = (torch.as_tensor(np.asarray(m)).float() for m in (T_cam_world, K))
            out = render_toy(gaussians.tensors, screen, T, k, width, height, background)
"""
NPZ = '''"""Recordings in one NumPy archive: rgb, depth_mm, K and timestamps_s."""

from pathlib import Path

import numpy as np

from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.intrinsics import Intrinsics

from .streams import Streams


def read_npz(path: Path) -> Streams:
    """Frames of both streams with their common clock, aligned as they were saved.

    Raises:
        BadInputError: when it is damaged, or an array is missing.
    """
    streams = Streams(depth_unit=DepthUnit(0.001, "recorded"))
    with reading(path, "Save it again."), path.open("rb") as file, np.load(file) as film:
        streams.colour_camera = streams.depth_camera = Intrinsics(film["K"])
        for what, is_depth in (("rgb", False), ("depth_mm", True)):
            for stamp_s, image in zip(film["timestamps_s"].tolist(), film[what], strict=True):
                streams.keep(stamp_s, image, f"{path}: {what}", is_depth=is_depth)
    return streams
'''
# File → what stands there → what is written before it; or a new file's text.
STAGE = {
    "xsim_core/artifacts/kinds/reconstruction.py": {"class ObjectTrack": KIND},
    "xsim_core/artifacts/kinds/__init__.py": {
        "    TrackReview as TrackReview,\n": "    Outline,\n",
        "        SimWorld,\n": "        Outline,\n",
    },
    "xsim_core/artifacts/__init__.pyi": {
        "    ObjectTrack,\n": "    Outline,\n",
        '    "ObjectTrack",\n': '    "Outline",\n',
    },
    "xsim_core/outline/__init__.py": PACKAGE,
    "xsim_core/stages.py": {
        "    ObjectTrack,\n": "    Outline,\n",
        "STAGES: tuple": VALUE,
        "BUILD_SIM, PPO,": "OUTLINE, ",
    },
    "xsim_core/presets.py": {
        "from .pose_track import": "from .outline import OutlineConfig\n",
        "    pose_track: PoseTrackConfig\n": "    outline: OutlineConfig\n",
    },
    "flows/pipeline.py": {"    PPO,\n": "    OUTLINE,\n", "    return Reconstruction(images": CALL},
    "pyproject.toml": {"xsim_core.splat |": "xsim_core.outline | "},
}
BACKEND = {
    "xsim_core/rasterize/_toy.py": "from ._reference import render_dense as render_toy\n",
    "xsim_core/rasterize/render.py": {
        '"reference", "gsplat"]': '"toy", ',
        "from ._reference import": "from ._toy import render_toy\n",
        '        case "gsplat":': CASE,
    },
    "xsim_core/splat/config.py": {'"cpp", "gsplat"]': '"toy", '},
    "tests/rasterize/test_render.py": {'"cpp", pytest.param': '"toy", '},
}
READER = {
    "xsim_core/capture/readers/recordings/npz.py": NPZ,
    "xsim_core/capture/readers/video.py": {
        "from .recordings.realsense_files": "from .recordings.npz import read_npz\n",
        '".bag", ".mcap"': '".npz", ',
        "    if not source.is_dir():\n        check_": (
            '    if source.suffix == ".npz":\n        return read_npz(source)\n'
        ),
    },
}
TASK = """
name: turn_block
num_waypoints: 5
project_to_table: true
success_rotation_rad: 0.2
horizon: 60
stages: {ppo: {num_env_steps: 123456}}
"""
USE_READER = """
import json, sys
import numpy as np
from pathlib import Path
from xsim_core.capture.readers import read_video
from xsim_core.errors import BadInputError

path = Path(sys.argv[1])
video, notes = read_video(path, notes := []), notes
path.write_bytes(path.read_bytes()[:-200])
try:
    read_video(path)
except BadInputError as error:
    said = str(error)
json.dump({
    "rgb": int(video.rgb.sum()), "depth_mm": np.unique(video.depth_mm).tolist(),
    "times_s": video.timestamps_s.tolist(), "notes": notes, "damaged": said,
}, sys.stdout)
"""
USE_STAGE = """
import json, sys
from flows.executors import Plan
from flows.pipeline import whole_chain
from flows.sources import Sources
from tasks.stages import task_of
from tests.flows.toys import ToyConfig, toy_stage
from xsim_core.presets import pipeline_config
from xsim_core.report import build_report
from xsim_core.stage import run_stage
from xsim_core.stages import get_stage
from xsim_core.storage import ArtifactStore

store = ArtifactStore(sys.argv[1])
config = pipeline_config(overrides={"outline": {"quantile": 0.5}})
made = {}
for name, parents in (("ingest_capture", {}), ("scan", {"capture": "ingest_capture"}),
                      ("splat", {"images": "scan"})):
    inputs = {given: made[stage] for given, stage in parents.items()}
    made[name] = run_stage(toy_stage(name), ToyConfig(), store, inputs)
ref = run_stage(get_stage("outline"), config.outline, store, {"scene": made["splat"]})
ingest = get_stage("ingest_capture").config.model_construct()
plan = Plan(store)
whole_chain(plan, config, Sources.model_construct(capture=ingest, truth=None, world=None))
json.dump({
    "top_m": store.open(ref).summary.top_m, "planned": list(plan.refs),
    "task": task_of("outline").description,
    "report": build_report(store, {**made, "outline": ref}, title="x"),
}, sys.stdout)
"""


def add(folder, places):
    """A copy of the code with the additions; answers the files that differ from ours."""
    for part in ("xsim_core", "tasks", "flows", "tests", "pyproject.toml"):
        take = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        take(ROOT / part, folder / part)
    for name, change in places.items():
        path = folder / name
        if isinstance(change, str):
            path.parent.mkdir(exist_ok=True)
            path.write_text(change)
            continue
        text = path.read_text()
        for there, new in change.items():
            assert there in text, (name, there)
            text = text.replace(there, new + there, 1)
        path.write_text(text)


def run(folder, *command):
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def named_in(section):
    """Files and folders that a section of docs/extending.md names."""
    text = (ROOT / "docs" / "extending.md").read_text()
    body = text.split(f"## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"`([\w./]+)`", body)


@pytest.mark.parametrize(
    ("section", "places"), [("A reader", READER), ("A stage", STAGE), ("A backend", BACKEND)]
)
def test_every_place_is_named_in_the_documents(section, places):
    named = named_in(section)
    new = {name for name, change in places.items() if isinstance(change, str)}
    assert places.keys() - new <= set(named)
    assert all(any(name.startswith(folder) for folder in named) for name in new)


def test_conventions_counts_the_places():
    line = (ROOT / "CONVENTIONS.md").read_text().split("To add *a task*:")[1]
    backend, stage = line.split("*A backend*:")[1].split("*A stage*:")
    stage = stage.split(". ")[0]
    written = ("kinds/", "package", "import contract", "stages.py", "presets.py", "pipeline.py")
    assert all(what in stage for what in written)
    assert all(w in backend for w in ("private module", "`Literal`", "`case`", "parity test"))
    # A kind is written, listed and offered; the package and the import contract are one item.
    assert len(stage.split(", ")) == len(STAGE) - 3
    assert len(backend.split(".")[0].split(", ")) == len(BACKEND)


def test_a_stage_is_added_by_these_places_alone(tmp_path):
    add(tmp_path, STAGE)
    said = json.loads(run(tmp_path, sys.executable, "-c", USE_STAGE, (tmp_path / "s").as_uri()))
    assert said["planned"].index("outline") > said["planned"].index("splat")
    assert said["task"] == "How high the room reaches."
    assert 'id="outline"' in said["report"]
    assert "How high the room reaches." in said["report"]
    assert 0 < said["top_m"] < 100
    run(tmp_path, Path(sys.executable).with_name("lint-imports"), "--no-cache")


def test_a_backend_is_added_by_these_places_alone(tmp_path):
    add(tmp_path, BACKEND)
    agrees = "tests/rasterize/test_render.py::test_backend_agrees_with_oracle"
    told = run(tmp_path, sys.executable, "-m", "pytest", "-q", "-k", "toy", agrees)
    assert "3 passed" in told
    use = (
        "from xsim_core.splat import SplatConfig; from xsim_core.presets import pipeline_config;"
        "print(pipeline_config(overrides={'splat': {'backend': 'toy'}}).splat.backend)"
    )
    assert run(tmp_path, sys.executable, "-c", use).strip() == "toy"


def test_a_reader_is_added_by_these_places_alone(tmp_path):
    add(tmp_path, READER)
    rng, film = np.random.default_rng(0), tmp_path / "film.npz"
    rgb, depth_mm = rng.integers(0, 255, (4, 6, 8, 3), np.uint8), np.full((4, 6, 8), 700, np.uint16)
    K = np.array([[8, 0, 3.5], [0, 8, 2.5], [0, 0, 1.0]])
    np.savez(film, rgb=rgb, depth_mm=depth_mm, timestamps_s=100 + np.arange(4) / 30, K=K)
    said = json.loads(run(tmp_path, sys.executable, "-c", USE_READER, film))
    assert (said["rgb"], said["depth_mm"], said["notes"]) == (int(rgb.sum()), [700], [])
    np.testing.assert_allclose(said["times_s"], np.arange(4) / 30, atol=1e-6)
    assert "film.npz is damaged or truncated" in said["damaged"]


def test_a_task_is_one_file(tmp_path):
    """Nothing before it is made again, and it says itself how much training it wants."""
    path = tmp_path / "my_task.yaml"
    path.write_text(TASK)
    usual, mine = (
        configuration(RunRequest(capture=str(tmp_path), task=task)) for task in (None, str(path))
    )
    differ = {n for n in type(usual).model_fields if getattr(usual, n) != getattr(mine, n)}
    assert differ == {"build_sim", "ppo"}
    assert mine.build_sim.task.name == "turn_block"
    assert (mine.build_sim.task.horizon, mine.ppo.num_env_steps) == (60, 123456)
    path.write_text(TASK.replace("horizon", "horizn"))
    with pytest.raises(UnknownNameError, match="Did you mean 'horizon'"):
        configuration(RunRequest(capture=str(tmp_path), task=str(path)))
