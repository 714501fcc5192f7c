"""flows/gaps.py and ``xsim gap``: which rungs a run has, what is reused, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

from flows.cli.progress import Display
from flows.gaps import keep_ladder, plan_ladder, whole_ladders
from tests.evaluate.fixtures import make_student, make_world
from tests.gap.places import commit_rung, picture_of
from tests.sim.fixtures import make_scene, make_sim
from xsim_core.errors import BadInputError
from xsim_core.gap import GapRungConfig
from xsim_core.pages import image_uri
from xsim_core.render.room import RoomSpec
from xsim_core.runs import RunRecord, load_record, save_record
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import collect

TRIALS = 2


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run that came as far as its student; its horizon is one step."""
    folder = tmp_path_factory.mktemp("home")
    store = ArtifactStore((folder / "store").as_uri())
    stages = {
        "ingest_world": make_world(store, room=RoomSpec(texture_px_per_m=60)),
        "build_sim": make_sim(store, horizon=1),
        "diffusion": make_student(store),
    }
    save_record(store, RunRecord(name="toy", stages=stages, state="completed"))
    return folder


@pytest.fixture
def home(made, tmp_path):
    """A copy of it, which a test may change."""
    shutil.copytree(made / "store", tmp_path / "store")
    return tmp_path, ArtifactStore((tmp_path / "store").as_uri())


def plan(store, policy="student", asked=(), trials=TRIALS):
    record = load_record(store, "toy")
    return plan_ladder(store, record, policy=policy, asked=asked, num_trials=trials)


def measure(store, planned, *, but=()):
    for rung in planned.ladder.rungs():
        if rung.title not in but:
            failed = "lights" in rung.factors
            outcomes = [[not failed, True] * (planned.config.num_trials // 2)]
            commit_rung(store, planned.ref(rung), outcomes, rung.factors)


def test_a_ladder_that_was_gone_through_is_shown_and_not_measured_again(home, xsim):
    folder, store = home
    planned = plan(store, trials=24)
    measure(store, planned)
    left = xsim(folder, "gap", "toy", "--trials", "24", "--json")
    assert left.returncode == 0, left.stderr
    told = json.loads(left.stdout)
    assert [r["title"] for r in told["forwards"]][:2] == ["simulation", "+ room"]
    lights = next(p for p in told["parts"] if p["name"] == "lights")
    assert lights["change"]["difference"] == -0.5
    assert "lights costs most" in told["said"]
    page = (folder / "reports" / "toy-gap.html").read_text()
    assert told["page"] == str(folder / "reports" / "toy-gap.html")
    for rung in planned.ladder.rungs():
        assert image_uri(picture_of(rung.factors), "image/png") in page
    other = plan(store, policy=str(make_student(store, seed=1)), trials=24)
    measure(store, other)
    told = json.loads(
        xsim(folder, "gap", "toy", "--trials", "24", "--policy", other.policy, "--json").stdout
    )
    assert Path(told["page"]).name == f"toy-gap-{other.policy.replace('/', '-')}.html"
    left = xsim(folder, "gap", "toy", "--trials", "24")
    assert "+ lights" in left.stdout
    assert left.stderr.count("reused") == len(planned.ladder.rungs())


def test_a_runs_report_shows_its_ladders_and_a_sweep_keeps_them(home, xsim):
    folder, store = home
    planned = plan(store)
    keep_ladder(store, "toy", planned)
    record = load_record(store, "toy")
    assert whole_ladders(store, record) == []
    measure(store, planned, but=("+ room",))
    assert whole_ladders(store, record) == [], "one that is not gone through says nothing"
    path = Path(xsim(folder, "report", "toy").stdout.strip())
    assert 'id="gap"' not in path.read_text()
    measure(store, planned, but=[r.title for r in planned.ladder.rungs() if r.title != "+ room"])
    assert whole_ladders(store, record) == [planned]
    assert xsim(folder, "report", "toy").returncode == 0
    page = path.read_text()
    assert 'id="gap"' in page
    assert image_uri(picture_of(("room",)), "image/png") in page
    assert set(map(str, planned.rungs)) <= set(collect(store, grace_s=0).kept)
    other = record.model_copy(update={"stages": {**record.stages, "build_sim": make_scene(store)}})
    assert whole_ladders(store, other) == [], "of another simulation it says nothing"


@pytest.mark.vulkan
def test_after_ctrl_c_it_goes_on_where_it_stopped(home, xsim, monkeypatch):
    folder, store = home
    planned = plan(store)
    missing = ("+ room", "− room")
    measure(store, planned, but=missing)
    monkeypatch.setenv("XSIM_WORKERS", "1")
    finished = Display.finished

    def ending(self, title, ref, **told):
        finished(self, title, ref, **told)
        if title == "+ room":
            raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr(Display, "finished", ending)
        assert xsim(folder, "gap", "toy", "--trials", str(TRIALS)).returncode == 130
    named = {rung.title: planned.ref(rung) for rung in planned.ladder.rungs()}
    first = store.manifest(named["+ room"])
    assert first.summary["trials"] == TRIALS
    assert store.manifest(named["− room"]) is None
    measure(store, planned, but=[title for title in named if title != "− room"])
    left = xsim(folder, "gap", "toy", "--trials", str(TRIALS))
    assert left.returncode == 0
    assert left.stderr.count("reused") == len(named)
    assert store.manifest(named["+ room"]) == first


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--policy", "calibrated"], 1, "has no 'calibrated' yet (calibrate)"),
        (["--policy", "studnt"], 1, "unknown policy 'studnt'. Did you mean 'student'"),
        (["--rungs", "light"], 1, "unknown rung 'light'. Did you mean 'lights'"),
        (["--rungs", "mass"], 1, "do not differ in mass. They do in room, lights"),
        (["--trials", "1"], 1, "an interval needs at least 2"),
        (["--worlds", "1"], 1, "one says nothing of worlds"),
        (["--worlds", "5"], 1, "48 are not shared evenly among 5 worlds"),
        (["--trials", "many"], 2, "many"),
    ],
)
def test_what_cannot_be_is_one_sentence(home, xsim, options, code, said):
    left = xsim(home[0], "gap", "toy", *options)
    assert left.returncode == code
    assert said in " ".join(left.stderr.split())
    assert "Traceback" not in left.stderr


def test_a_room_is_no_policy(home, xsim):
    left = xsim(home[0], "gap", "toy", "--policy", str(make_scene(home[1])))
    assert "is no image policy" in left.stderr


def test_a_run_without_a_world_has_no_gap(home):
    _, store = home
    record = load_record(store, "toy")
    for missing, said in (("ingest_world", "no world to deploy into"), ("build_sim", "no sim")):
        stages = {name: ref for name, ref in record.stages.items() if name != missing}
        with pytest.raises(BadInputError, match=said):
            plan_ladder(
                store, record.model_copy(update={"stages": stages}), policy="student", asked=()
            )


def test_ladders_of_two_policies_stand_beside_each_other(home):
    _, store = home
    one, other = plan(store), plan(store, policy=str(make_student(store, seed=1)))
    for planned in (one, other, one):
        keep_ladder(store, "toy", planned)
        measure(store, planned)
    assert whole_ladders(store, load_record(store, "toy")) == [one, other]
    assert one.config == GapRungConfig(num_trials=TRIALS)
