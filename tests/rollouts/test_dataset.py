"""A LeRobot dataset of rollouts becomes ``RealRollouts``; what is lacking is said with the mend."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.cli.policies.recordings import RobotIngest
from tests.evaluate.fixtures import make_student
from tests.exporters.test_peers import asked
from tests.importers.lerobot_files import change_info, change_rows
from tests.sim.fixtures import make_sim
from xsim_core.artifacts import RealRollouts
from xsim_core.errors import BadInputError
from xsim_core.exporters import export_artifact
from xsim_core.exporters.robot_words import STATE_NAMES
from xsim_core.importers.config import is_dataset
from xsim_core.rollouts import IngestRolloutsConfig
from xsim_core.rollouts.compare import outcomes_by_seed
from xsim_core.rollouts.dataset.read import read_dataset
from xsim_core.rollouts.picks import RolloutPicks
from xsim_core.rollouts.recorded_policy import recorded_policy
from xsim_core.sim.controller import forward_kinematics, inverse_kinematics
from xsim_core.sim.open import open_sim_world
from xsim_core.sim.privileged import proprioception
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_ROLLOUTS
from xsim_core.storage import ArtifactStore
from xsim_core.world import read_rollouts

from .recordings import header_of, step_at, write

WIDE = "observation.images.wide"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with rollouts that were recorded, and those as a dataset."""
    folder = tmp_path_factory.mktemp("home")
    store = ArtifactStore((folder / "store").as_uri())
    sim = make_sim(store)
    given = {"student": make_student(store, inputs={"sim": sim}), "sim": sim}
    header = header_of(open_sim_world(store.open(sim), folder / "sim"), given["student"])
    for seed, outcome in ((3, "success"), (5, "failure"), (8, None)):
        rows = [standing(step_at(i, lag_s=0.02 * (i % 2)), i) for i in range(4)]
        path = folder / "recorded" / f"{seed}.rollout"
        write(path, header | {"seed": seed}, rows, outcome=outcome)
    config = IngestRolloutsConfig.of([folder / "recorded"])
    made = store.open(run_stage(INGEST_ROLLOUTS, config, store, given), RealRollouts)
    export_artifact(store, made.ref, "lerobot_rollouts", folder / "dataset")
    return store, given, made, folder / "dataset"


def standing(row, i):
    """The row of an arm that stands where its joints say."""
    q = inverse_kinematics(np.array([0.5, 0.02 * i, 0.1]), 0.1)
    state = proprioception(np.array([*q, 0.03, 0.03]), forward_kinematics(q)[0][:3, 3])
    return row | {"observation.qpos": q, "observation.state": state}


def taken_in(home, folder, **picks):
    store, given, *_ = home
    config = IngestRolloutsConfig.of([folder], RolloutPicks(**picks))
    return store.open(run_stage(INGEST_ROLLOUTS, config, store, given), RealRollouts)


@pytest.fixture(scope="module")
def options(home, tmp_path_factory):
    """What ``Read.of_dataset`` gives the process that reads."""
    store, given, made, _ = home
    sim = open_sim_world(store.open(given["sim"]), tmp_path_factory.mktemp("sim"))
    height, width = made.array("observation.images.front").shape[1:3]
    return {
        "picks": {},
        "policy": str(given["student"]),
        "task": sim.task.model_dump(mode="json"),
        "T_world_cam": np.array(sim.assets.T_world_cam).tolist(),
        "K": made.array("K").tolist(),
        "image_hw": [height, width],
    }


@pytest.fixture
def dataset(home, tmp_path):
    """A copy to be changed."""
    import shutil

    return shutil.copytree(home[3], tmp_path / "dataset")


def test_our_own_rollouts_come_back_to_the_bit(home):
    _, given, recorded, folder = home
    made = taken_in(home, folder)
    assert set(made.array_names) == set(recorded.array_names)
    for name in recorded.array_names:
        np.testing.assert_array_equal(made.array(name), recorded.array(name), strict=True)
    assert made.array("outcome").tolist() == [1, 0, -1]
    kept = ("task", "num_episodes", "num_steps")
    assert all(getattr(made.summary, f) == getattr(recorded.summary, f) for f in kept)
    # The same bytes with other picks, or as recordings, are other artifacts.
    assert made.ref != recorded.ref
    assert recorded_policy(folder) == str(given["student"])
    assert "recorded with another policy" not in "; ".join(made.notes)
    assert outcomes_by_seed(made) == outcomes_by_seed(recorded) == {3: True, 5: False}


def test_others_read_success_and_seed_a_row(home):
    rows = pq.read_table(home[3] / "data/chunk-000/file-000.parquet")
    info = json.loads((home[3] / "meta/info.json").read_text())
    assert set(rows.column_names) == set(info["features"])
    won = np.array(rows["next.success"])
    assert won.nonzero()[0].tolist() == [home[2].array("episode_ends")[0] - 1]
    assert np.unique(rows["seed"]).tolist() == [3, 5, 8]
    assert info["features"]["depth_mm"]["dtype"] == "uint16"
    assert info["features"]["depth_mm"]["shape"] == list(home[2].array(WIDE).shape[1:3])
    assert info["features"]["observation.state"]["names"] == STATE_NAMES


@pytest.mark.slow
def test_lerobot_itself_reads_them(home, tmp_path):
    read = asked("XSIM_LEROBOT_PYTHON", "lerobot_reads_rollouts.py", home[3], tmp_path)
    made, ends = home[2], home[2].array("episode_ends")
    for name, ours in (
        ("depth_mm", "observation.depth_mm"),
        ("wide", WIDE),
        ("action", "action"),
        ("qpos", "observation.qpos"),
        ("observation.state",) * 2,
    ):
        np.testing.assert_array_equal(read[name], made.array(ours))
    assert read["seed"].ravel().tolist() == np.repeat([3, 5, 8], np.diff(ends, prepend=0)).tolist()
    assert read["next.success"].sum() == 1
    # Its policies take neither depth nor joints for an observation.
    images = ["observation.images.front", WIDE]
    assert read["of_policy"].tolist() == ["action", *images, "observation.state"]


def without(folder, *names):
    """The dataset without some of its features."""
    path = folder / "data/chunk-000/file-000.parquet"
    pq.write_table(pq.read_table(path).drop_columns(list(names)), path)
    features = json.loads((folder / "meta/info.json").read_text())["features"]
    change_info(folder, features={n: of for n, of in features.items() if n not in names})


def told(folder, **fields):
    path = folder / "meta/xsim.json"
    said = json.loads(path.read_text()) | fields
    path.write_text(json.dumps({n: v for n, v in said.items() if v is not None}))


def test_what_others_record_is_enough_for_evaluate_and_it_is_said_what_is_not(home, dataset):
    """One camera, a TCP, actions and success: no depth, joints, seeds, nor X-Sim's words."""
    more = ("depth_mm", "qpos", "seed", "outcome", "picture_time_s", "observation.images.front")
    without(dataset, *more)
    camera = {"K": home[2].array("K_wide").tolist()}
    camera["T_world_cam"] = home[2].array("T_world_cam").tolist()
    told(dataset, camera=camera, wide=None, task=None, policy=None, action=None)
    made = taken_in(home, dataset)
    left = {"observation.depth_mm", "observation.qpos", "seeds", "time_s"}
    assert set(home[2].array_names) - set(made.array_names) == left
    assert made.array("outcome").tolist() == [1, 0, 0]
    # What the policy saw is cut from the one picture, as on the robot.
    for name in ("observation.images.front", WIDE, "observation.state", "action", "K"):
        np.testing.assert_array_equal(made.array(name), home[2].array(name))
    said = "; ".join(made.notes)
    for part in (
        "an episode succeeded where 'next.success' is 1 in any of its rows",
        "no depth was recorded: calibrate",
        "no joints were recorded: calibrate",
        "no column 'seed'",
        "nothing says which policy acted",
        "nothing but its instruction says of which task it is: 'push block'",
        "is cut anew from the camera's picture",
    ):
        assert part in said
    episodes = read_rollouts(made)
    with pytest.raises(BadInputError, match=r"recorded no joints.*xsim robot ingest --joints"):
        _ = episodes.joints
    with pytest.raises(BadInputError, match=r"nothing says from which starts.*column 'seed'"):
        outcomes_by_seed(made)


def test_a_pandas_joints_are_enough_for_the_state(home, dataset, options):
    without(dataset, "observation.state")
    arrays, said = read_dataset(dataset, options)
    for name in ("state", "qpos"):
        wanted = home[2].array(f"observation.{name}")
        np.testing.assert_allclose(arrays[name], wanted, atol=1e-4)
    assert "state: the TCP by the joints' forward kinematics" in "; ".join(said["notes"])


def test_depth_as_png_of_sixteen_bits_is_read(home, dataset, options):
    import cv2

    png = [cv2.imencode(".png", mm)[1].tobytes() for mm in home[2].array("observation.depth_mm")]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    change_rows(dataset, "depth_mm", pa.array([{"bytes": p, "path": None} for p in png], kind))
    features = json.loads((dataset / "meta/info.json").read_text())["features"]
    features["depth_mm"] |= {"dtype": "image", "shape": [*features["depth_mm"]["shape"], 1]}
    change_info(dataset, features=features)
    arrays, _ = read_dataset(dataset, options)
    np.testing.assert_array_equal(arrays["wide_depth_mm"], home[2].array("observation.depth_mm"))


def columns_of(folder, name):
    return np.array(pq.read_table(folder / "data/chunk-000/file-000.parquet")[name].to_pylist())


def vectors(values):
    return pa.array(np.asarray(values, np.float32).tolist(), pa.list_(pa.float32()))


def degrees(folder):
    q = columns_of(folder, "qpos")
    change_rows(folder, "qpos", vectors(np.degrees(q)))


def other_tool(folder):
    state = columns_of(folder, "observation.state")
    state[:, 2] += 0.1
    change_rows(folder, "observation.state", vectors(state))


def doubled(folder):
    change_rows(folder, "action", vectors(2 * columns_of(folder, "action") + 1))


def shared_seed(folder):
    n = len(columns_of(folder, "seed"))
    change_rows(folder, "seed", pa.array(np.arange(n)))


def partly(folder):
    n = len(columns_of(folder, "seed"))
    change_rows(folder, "outcome", pa.array(np.full(n, 0.5)))


def backwards(folder):
    n = len(columns_of(folder, "seed"))
    change_rows(folder, "picture_time_s", pa.array(np.zeros(n)))


MOVED = np.tile(np.eye(4), (2, 1, 1))
MOVED[1, 0, 3] = 0.01
CAMERA = {"K": np.eye(3).tolist(), "T_world_cam": MOVED.tolist()}
LACKING = [
    (lambda f: told(f, camera=None), "does not say where its camera stood.*Write meta/xsim.json"),
    (lambda f: told(f, camera=CAMERA), "stood elsewhere in each episode"),
    (lambda f: told(f, camera={"K": 3}), "cannot be understood"),
    (lambda f: told(f, task="pick_place"), "is of task 'pick_place', not 'push_block'"),
    (lambda f: change_info(f, robot_type="so101_follower"), "is of a so101_follower.*xsim import"),
    (lambda f: change_info(f, fps=30), "30 rows a second, task 'push_block' 10 actions"),
    (lambda f: without(f, "observation.state", "qpos"), "neither its state is .*--joints"),
    (degrees, "rad beyond what a Panda's can. Are they degrees"),
    (other_tool, r"put the TCP 10\.0 cm .*another tool, unit or base"),
    (doubled, "is more than a full one"),
    (shared_seed, "'seed' is not one whole number an episode"),
    (partly, "'outcome' is 0.5 in some row"),
    (backwards, "'picture_time_s' does not increase from 0"),
]


@pytest.mark.parametrize(("change", "said"), LACKING)
def test_what_is_lacking_is_said_with_the_mend(dataset, options, change, said):
    change(dataset)
    with pytest.raises(BadInputError, match=said):
        read_dataset(dataset, options)


PICKS = [
    ({"outcome": "done"}, "has no column 'done'; it has .*next.success"),
    ({"depth": "qpos"}, "is no depth of its pictures"),
    ({"joints": ("action",)}, "3 joints were picked"),
    ({"action": ("observation.state",)}, "its actions are tcp_x.*Pick them with --action"),
    ({"state": ("qpos:panda_joint1",)}, "the state has 1 numbers; it is tcp_x"),
    ({"camera": "wrist"}, "has no camera 'wrist'"),
]


@pytest.mark.parametrize(("picks", "said"), PICKS)
def test_picks_that_do_not_fit_are_refused(home, options, picks, said):
    with pytest.raises(BadInputError, match=said):
        read_dataset(home[3], options | {"picks": picks})


def test_a_dataset_is_taken_in_alone_and_recordings_have_no_features(home, tmp_path):
    with pytest.raises(BadInputError, match="is taken in alone, not with 1 other"):
        IngestRolloutsConfig.of([home[3], tmp_path])
    with pytest.raises(BadInputError, match="features are picked of a LeRobot dataset"):
        IngestRolloutsConfig.of([tmp_path], RolloutPicks(outcome="won"))
    assert is_dataset(home[3])


def test_the_command_takes_a_dataset(home, monkeypatch, capsys):
    monkeypatch.setenv("XSIM_STORE", home[0].url)
    RobotIngest(recordings=(str(home[3]),)).run()
    said = capsys.readouterr().out
    assert "3 rollouts of push_block" in said
    assert "1 succeeded, 1 did not" in said
    with pytest.raises(BadInputError, match=r"has no column 'done'"):
        RobotIngest(recordings=(str(home[3]),), outcome="done").run()
