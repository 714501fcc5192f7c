"""Datasets of LeRobot come in: equal where that is lossless, refused with the mend where not."""

import json

import numpy as np
import pyarrow as pa
import pytest

import xsim_core
from tests.evaluate.fixtures import make_dataset
from tests.importers.lerobot_files import (
    JOINTS,
    LENGTHS,
    TOP,
    WRIST,
    change_info,
    change_rows,
    write_film,
    write_lerobot,
)
from tests.sim.fixtures import commit
from xsim_core.errors import BadInputError
from xsim_core.exporters import export_artifact
from xsim_core.importers import IngestEpisodesConfig, Picks
from xsim_core.importers.lerobot.read import read_lerobot
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_EPISODES
from xsim_core.storage import ArtifactStore

FRONT = "observation.images.front"


@pytest.fixture
def store():
    return ArtifactStore("memory://")


def ingest(store, folder, **picks):
    config = IngestEpisodesConfig.of(folder, Picks(**picks))
    return store.open(run_stage(INGEST_EPISODES, config, store, {}))


def psnr_db(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2))


def test_our_own_dataset_comes_back_to_the_bit(store, tmp_path):
    ref = make_dataset(store)
    export_artifact(store, ref, "lerobot", tmp_path / "out")
    made, given = ingest(store, tmp_path / "out"), store.open(ref)
    for name in set(given.array_names) - {"env_states"}:
        np.testing.assert_array_equal(made.array(name), given.array(name), strict=True)
    assert "env_states" not in made.array_names
    kept = ("task", "num_episodes", "num_steps", "image_hw", "fps", "robot")
    for field in kept:
        assert getattr(made.summary, field) == getattr(given.summary, field), field
    assert made.summary.state_names[0] == "tcp_x"
    # And once more, now from what was imported: the names travel.
    export_artifact(store, made.ref, "lerobot", tmp_path / "again")
    info = json.loads((tmp_path / "again/meta/info.json").read_text())
    assert info["features"]["observation.state"]["names"][0] == "tcp_x"


@pytest.mark.parametrize(("version", "codec"), [("v3.0", "libsvtav1"), ("v2.1", "libx264")])
def test_films_are_decoded_each_frame_in_its_row(store, tmp_path, version, codec):
    truth = write_lerobot(tmp_path / "d", version=version, codec=codec)
    made = ingest(store, tmp_path / "d")
    rgb = made.array(FRONT)
    # Rows that are one frame off are 14 dB apart.
    assert min(psnr_db(a, b) for a, b in zip(rgb, truth[TOP], strict=True)) > 27
    np.testing.assert_array_equal(made.array("action"), truth["action"])
    assert made.array("episode_ends").tolist() == np.cumsum(LENGTHS).tolist()
    s = made.summary
    assert (s.task, s.robot, s.fps) == ("pick_the_cube", "so101_follower", 10.0)
    assert s.action_names == s.state_names == tuple(JOINTS)
    assert "left: next.reward" in s.notes


def test_numbers_are_picked_by_name_and_the_rest_is_told(store, tmp_path):
    truth = write_lerobot(tmp_path / "d", films=False, cameras=(TOP, WRIST))
    made = ingest(
        store,
        tmp_path / "d",
        camera="wrist",
        state=("observation.state:gripper.pos,pan.pos", "next.reward"),
        image_hw=(24, 32),
    )
    wanted = truth["observation.state"][:, [2, 0]]
    np.testing.assert_array_equal(made.array("observation.state")[:, :2], wanted)
    assert made.summary.state_names[0] == "observation.state:gripper.pos"
    assert made.array(FRONT).shape[1:] == (24, 32, 3)
    mean = truth[WRIST].reshape(-1, 24, 2, 32, 2, 3).mean((2, 4))
    assert np.abs(made.array(FRONT) - mean).max() <= 1
    notes = " | ".join(made.summary.notes)
    assert "64x48 are brought to 32x24" in notes
    assert f"left: {TOP}, observation.state:lift.pos" in notes


def test_episodes_of_some_instructions(store, tmp_path):
    write_lerobot(tmp_path / "d", films=False, texts=("pick", "place"))
    with pytest.raises(BadInputError, match=r"holds 2 instructions: 'pick', 'place'.*--instruct"):
        read_lerobot(tmp_path / "d", {})
    made = ingest(store, tmp_path / "d", instruction=("place",), task="put_down")
    assert made.array("episode_ends").tolist() == [5, 11]
    assert (made.summary.task, made.summary.instruction) == ("put_down", "place")
    both, _ = read_lerobot(tmp_path / "d", {"instruction": ("pick", "place")})
    assert len(both["episode_ends"]) == 3


def nan(folder):
    values = np.zeros((18, 3), np.float32)
    values[9, 1] = np.nan
    change_rows(folder, "action", pa.array(values.tolist(), pa.list_(pa.float32(), 3)))


def other_rate(folder):
    change_rows(folder, "timestamp", pa.array(np.linspace(0, 2, 18).astype(np.float32)))


def short_film(folder):
    truth = np.zeros((12, 48, 64, 3), np.uint8)
    write_film(folder / f"videos/{TOP}/chunk-000/file-000.mp4", truth, codec="libx264")


def uneven_film(folder):
    more = ("-vf", r"setpts=if(gt(N\,8)\,PTS+1\,PTS)", "-fps_mode", "passthrough")
    film = folder / f"videos/{TOP}/chunk-000/file-000.mp4"
    write_film(film, np.zeros((18, 48, 64, 3), np.uint8), codec="libx264", more=more)


WRONG = {
    "NaN": (nan, {}, r"action:lift.pos is nan in row 2 of episode 1, and in 1 places"),
    "rate": (other_rate, {}, r"row 1 of episode 0 is at 0.1176 s, .*0.1000 s.*Resample"),
    "fewer rows": (
        lambda d: change_rows(d, "", None, of=slice(0, 15)),
        {},
        r"episode 2 has 3 rows, its metadata says 6",
    ),
    "fewer episodes": (
        lambda d: change_info(d, total_episodes=4),
        {},
        r"counts 4 episodes, but 3 are listed",
    ),
    "old": (lambda d: change_info(d, codebase_version="v1.6"), {}, r"version v1.6; v3.0 and v2.1"),
    "no camera": (lambda d: None, {"camera": "side"}, r"no camera 'side'; it has .*images.top"),
    "no feature": (lambda d: None, {"action": ("act",)}, r"'act' is not there; those.*--act"),
    "a picture": (lambda d: None, {"state": (TOP,)}, r"images.top' is no vector of numbers"),
    "no number": (lambda d: None, {"action": ("action:tilt",)}, r"no 'tilt'; it has pan.pos, lift"),
    "short film": (short_film, {}, r"no frame at 1.2000 s, where row 0 of episode 2"),
    "uneven film": (uneven_film, {}, r"no frame at .*variable frame rate"),
    "elsewhere": (
        lambda d: change_info(d, video_path="../{video_key}.mp4"),
        {},
        r"leads out of the dataset",
    ),
    "attributes": (lambda d: change_info(d, video_path="{video_key.__class__}"), {}, r"is missing"),
    "no film": (lambda d: (d / f"videos/{TOP}/chunk-000/file-000.mp4").unlink(), {}, r"is missing"),
    "no JSON": (lambda d: (d / "meta/info.json").write_text("{"), {}, r"info.json is not JSON"),
    "playlist": (
        lambda d: (d / f"videos/{TOP}/chunk-000/file-000.mp4").write_text("#EXTM3U\n/etc/passwd\n"),
        {},
        r"cannot be decoded as a film",
    ),
}


def test_pictures_that_the_rows_lack_are_one_sentence(tmp_path):
    """The metadata says that a camera's pictures lie in the rows, where no column has its name."""
    write_lerobot(tmp_path / "d")
    features = json.loads((tmp_path / "d/meta/info.json").read_text())["features"]
    features[TOP]["dtype"] = "image"
    change_info(tmp_path / "d", features=features)
    with pytest.raises(BadInputError, match=rf"parquet: {TOP} cannot be read"):
        read_lerobot(tmp_path / "d", Picks().model_dump())


def test_a_vector_of_more_numbers_than_a_state_has_is_none(tmp_path):
    write_lerobot(tmp_path / "d")
    features = json.loads((tmp_path / "d/meta/info.json").read_text())["features"]
    features["observation.state"]["shape"] = [1 << 31]  # A name for each took 5 GB.
    change_info(tmp_path / "d", features=features)
    with pytest.raises(BadInputError, match=r"observation\.state"):
        read_lerobot(tmp_path / "d", Picks().model_dump())


@pytest.mark.parametrize("field", ["chunks_size", "total_episodes"])
def test_a_count_without_end_is_one_sentence(tmp_path, field):
    """JSON of 1e999, which Python reads as infinity."""
    write_lerobot(tmp_path / "d")
    change_info(tmp_path / "d", **{field: float("inf")})
    with pytest.raises(BadInputError, match="is not as LeRobot writes it"):
        read_lerobot(tmp_path / "d", Picks().model_dump())


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_one_sentence(tmp_path, name):
    spoil, picks, said = WRONG[name]
    write_lerobot(tmp_path / "d")
    spoil(tmp_path / "d")
    with pytest.raises(BadInputError, match=said):
        read_lerobot(tmp_path / "d", Picks(**picks).model_dump())


def test_two_cameras_and_none_named(store, tmp_path):
    write_lerobot(tmp_path / "d", films=False, cameras=(TOP, WRIST))
    with pytest.raises(BadInputError, match=rf"2 cameras: {TOP}, {WRIST}. Pick one with --camera"):
        ingest(store, tmp_path / "d")


def test_no_dataset_and_one_that_changed(store, tmp_path):
    with pytest.raises(BadInputError, match=r"no meta/info.json.*snapshots"):
        IngestEpisodesConfig.of(tmp_path)
    write_lerobot(tmp_path / "d", films=False)
    config = IngestEpisodesConfig.of(tmp_path / "d")
    change_info(tmp_path / "d", robot_type="x")
    with pytest.raises(BadInputError, match="changed after it was submitted"):
        run_stage(INGEST_EPISODES, config, store, {})


def test_a_student_learns_from_it(store, tmp_path):
    write_lerobot(tmp_path / "d", films=False)
    dataset = xsim_core.import_dataset(tmp_path / "d", store=store)
    assert dataset.T_world_cam is None
    assert dataset.episode(1).state.shape == (5, 3)
    tiny = {"channels": (8, 8, 16), "embed_dim": 32, "denoiser_width": 32, "denoiser_blocks": 1}
    optim = {"num_steps": 6, "batch_size": 4, "warmup_steps": 1}
    fields = {"optim": optim, "architecture": tiny}
    policy = xsim_core.train_policy(dataset.ref, fields=fields, store=store)
    student = policy.student
    assert (student.architecture.state_dim, student.architecture.image_hw) == (3, (48, 64))
    # Its own units: joints in degrees, not our fractions of a full action.
    assert student.action.half_range.max() > 30
    assert policy.summary.task == "pick_the_cube"
    with pytest.raises(BadInputError, match=r"of no world.*--world"):
        xsim_core.train_policy(dataset.ref, fields={"num_eval_episodes": 2}, store=store)


@pytest.fixture(scope="module")
def world():
    from tests.sim.fixtures import make_sim

    store = ArtifactStore("memory://")
    return store, make_sim(store)


def fitting(store, tmp_path, **summary):
    """The exported dataset of a task, changed."""
    made = store.open(make_dataset(store))
    arrays = {n: made.array(n) for n in made.array_names}
    arrays["action"] = arrays["action"] * summary.pop("scale", 1)
    fields = made.summary.model_copy(update=summary)
    ref = commit(store, fields, arrays, name=str(tmp_path))
    export_artifact(store, ref, "lerobot", tmp_path / "out")
    return tmp_path / "out"


NAMED = {"action_names": ("dx", "dy", "dz")}


def test_of_a_world_it_must_be_of_its_task(world, tmp_path):
    store, sim = world
    folder = fitting(store, tmp_path, **NAMED)
    dataset = xsim_core.import_dataset(folder, world=sim, store=store)
    assert dataset.summary.task == store.open(sim).summary.task
    write_lerobot(tmp_path / "joints", films=False)
    with pytest.raises(
        BadInputError, match=r"actions are pan.pos, .*'push_block' dx, dy, dz.*leave"
    ):
        xsim_core.import_dataset(tmp_path / "joints", world=sim, store=store)
    with pytest.raises(BadInputError, match="the task is the world's"):
        xsim_core.import_dataset(folder, world=sim, task="mine", store=store)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"fps": 20.0}, "20 rows a second.*10 actions"), ({"scale": 50.0}, r"in \[-1, 1\], 1 being")],
)
def test_of_a_world_rate_and_range_must_be_its(world, tmp_path, change, said):
    store, sim = world
    folder = fitting(store, tmp_path, **NAMED, **change)
    with pytest.raises(BadInputError, match=said):
        xsim_core.import_dataset(folder, world=sim, store=store)
