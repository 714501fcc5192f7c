"""A run that waits for a review of its track: planned, said, named and gone on with."""

import json
import shlex

import numpy as np
import pytest

from flows.executors import Plan
from flows.pipeline import Reconstruction
from flows.records.awaiting import (
    AwaitsReviewError,
    commands,
    instruction,
    review_commands,
    with_review,
)
from flows.runs import recorded
from tests.flows.test_awaiting import ROLLOUTS, resolved
from tests.flows.toys import sample_arrays
from xsim_core.artifacts import ObjectTrack, TrackReview
from xsim_core.errors import BadInputError, MissingArtifactError, UnknownNameError
from xsim_core.pose_track import ReviewConfig
from xsim_core.runs import RunRequest, load_record, save_record
from xsim_core.stage import output_ref
from xsim_core.stages import REVIEW_TRACK
from xsim_core.storage import ArtifactStore

SEEN = ["ingest_capture", "scan", "splat", "pose_track"]
DECIDED = ReviewConfig(author="Ada", note="looked at it", cuts=((3, 4),))


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


def judged(store, verdict, run=None):
    """The run's track in a store, with this verdict and with an empty payload."""
    plan = (run or resolved()).plan(ArtifactStore("memory://", scratch_root=store.scratch_root))
    ref = plan.refs["pose_track"]
    return commit(store, ref, "pose_track", {"capture": plan.refs["ingest_capture"]}, verdict)


def reviewed(store, run=None):
    """What a person made of it."""
    plan = (run or resolved()).plan(ArtifactStore("memory://", scratch_root=store.scratch_root))
    inputs = {"capture": plan.refs["ingest_capture"], "track": plan.refs["pose_track"]}
    ref = output_ref(REVIEW_TRACK, DECIDED, inputs)
    review = TrackReview(author="Ada", note="looked at it")
    return commit(store, ref, "review_track", inputs, "review", DECIDED, review)


def commit(store, ref, stage, inputs, verdict, config=None, review=None):
    summary = ObjectTrack(
        object_name="block",
        num_frames=1,
        num_ok=1,
        num_segments=1,
        path_length_m=0.1,
        backend="reference",
        verdict=verdict,
        review=review,
    )
    writer = store.begin(ref.kind, ref.fingerprint)
    writer.write_all(sample_arrays(ObjectTrack.arrays, np.random.default_rng(0)))
    store.commit(
        writer,
        summary,
        stage=stage,
        stage_version=1,
        config={} if config is None else config.model_dump(mode="json"),
        inputs=inputs,
        provenance={},
    )
    return ref


def bringing(store, text):
    run = resolved(review=text)
    sources = run.sources.with_review(text, lambda: store)
    return type(run)(run.request, run.config, sources)


@pytest.mark.parametrize("verdict", ["review", "fail"])
def test_no_world_is_built_from_a_track_that_a_person_should_look_at(store, verdict):
    judged(store, verdict)
    plan = resolved().plan(store)
    assert (list(plan.refs), plan.awaits) == (SEEN, "review")
    assert resolved().plan(store, until="pose_track").awaits == ""
    assert resolved().plan(store, until="evaluate").awaits == "review"
    with pytest.raises(UnknownNameError):
        resolved().plan(store, until="evalute")


def test_one_that_passes_or_that_nobody_judged_is_built_from(store):
    assert "build_sim" in resolved().plan(store).refs
    judged(store, "pass")
    assert "build_sim" in resolved().plan(store).refs


def test_whoever_skips_it_or_said_why_is_not_asked(store):
    judged(store, "review")
    assert "build_sim" in bringing(store, "skip").plan(store).refs
    said = resolved(overrides={"build_sim": {"accept_track": "I looked. Ada"}})
    assert said.config.build_sim.accept_track == ""  # This test's run has no overrides:
    told = said.config.build_sim.model_copy(update={"accept_track": "I looked. Ada"})
    config = said.config.model_copy(update={"build_sim": told})
    assert "build_sim" in type(said)(said.request, config, said.sources).plan(store).refs


def test_with_the_review_it_goes_on_from_the_reviewed_track(store):
    track = judged(store, "review")
    made = reviewed(store)
    plan = bringing(store, str(made)).plan(store)
    assert plan.refs["review_track"] == made
    part = bringing(store, str(made)).plan(store, until="build_sim")
    assert part.refs == {s: plan.refs[s] for s in part.refs}
    assert list(part.refs) == [*SEEN, "review_track", "build_sim"]
    only = bringing(store, str(made)).plan(store, until="review_track")
    assert list(only.refs) == ["ingest_capture", "pose_track", "review_track"]
    assert plan.awaits == ""
    plain = resolved(review="skip").plan(ArtifactStore("memory://", scratch_root=store.url))
    assert plan.refs["build_sim"] != plain.refs["build_sim"]
    assert Reconstruction.of(plan.refs).track == made
    assert Reconstruction.of({**plan.refs, "review_track": track}).track == track


def test_a_review_of_another_track_is_refused(store):
    judged(store, "review")
    made = reviewed(store)
    run = bringing(store, str(made))
    other = run.config.pose_track.model_copy(update={"num_board_frames": 5})
    config = run.config.model_copy(update={"pose_track": other})
    with pytest.raises(BadInputError, match="a review of another track"):
        type(run)(run.request, config, run.sources).plan(store)


def test_what_is_no_review_is_refused(store):
    track = judged(store, "review")
    for text in ("yes", str(track), f"capture/{'a' * 24}"):
        with pytest.raises(BadInputError, match="xsim track review RUN"):
            bringing(store, text)
    with pytest.raises(MissingArtifactError):
        bringing(store, f"object_track/{'a' * 24}")
    with pytest.raises(BadInputError, match="or skip"):
        resolved().reviewed("ask", store)
    assert resolved().reviewed(" skip\n", store).request.review == "skip"


def carry_out(store, run):
    name = run.take_name(store)
    with recorded(store, run.record(name)) as recorder:
        run.carry_out(Plan(store))
    return recorder.record


def test_the_run_says_what_to_do_and_goes_on_under_its_name(store):
    judged(store, "review")
    waits = carry_out(store, resolved())
    assert (waits.state, waits.awaits_what, waits.error) == ("waiting", "review", None)
    assert waits.awaits == instruction(waits)
    assert "xsim track review take-1-debug;" in waits.awaits
    assert waits.awaits.endswith("--review skip")
    made = reviewed(store)
    done = carry_out(store, bringing(store, str(made)))
    assert (done.name, done.state, done.awaits) == ("take-1-debug", "completed", "")
    assert done.request.review == str(made)
    # Somebody who asks for it without the review asks for another run.
    assert carry_out(store, bringing(store, "skip")).name != "take-1-debug"


def test_the_commands_ask_for_the_same():
    asked = resolved(deploy="robot", overrides={"ppo": {"num_envs": 4}}).request
    look, skip = review_commands(asked, "a run")
    assert shlex.split(look) == ["xsim", "track", "review", "a run"]
    for line, text in ((skip, "skip"), (with_review(asked, "a run", "object_track/ab"), None)):
        words = shlex.split(line)
        assert words[-1] == (text or "object_track/ab")
        assert words[words.index("--deploy") + 1] == "robot"
        assert "ppo.num_envs=4" in words
    brought = asked.model_copy(update={"review": "skip", "rollouts": ROLLOUTS})
    assert "--review skip --rollouts rollouts" in commands(brought, "a run")[1]
    assert f"--rollouts {ROLLOUTS}" in with_review(brought, "a run", "object_track/ab")
    assert "review" not in RunRequest(capture="/a").parameters()


def test_the_error_names_the_track(store):
    track = judged(store, "review")
    assert str(track) in str(AwaitsReviewError(track))


def test_commands_of_tracks(xsim, tmp_path):
    home = tmp_path / "home"
    store = ArtifactStore((home / "store").as_uri())
    judged(store, "review")
    carry_out(store, resolved())
    refused = xsim(home, "track", "review", "take-1-debug")
    assert "has no track yet: it has not made ingest_capture, pose_track" in refused.stderr
    stages = {stage: resolved().plan(store).refs[stage] for stage in SEEN}
    record = load_record(store, "take-1-debug").model_copy(update={"stages": stages})
    save_record(store, record)
    said = xsim(home, "track", "verdict", "take-1-debug", "--json")
    assert json.loads(said.stdout)["verdict"] == "review"
    for wrong, words in (
        (["nobody"], "nobody"),
        (["take-1-debug", "--accept"], "note"),
        (["take-1-debug", "--cut", "5-6", "--note", "x"], "FIRST:LAST"),
        (["take-1-debug", "--cut", "5:", "--note", "x"], "FIRST:LAST"),
    ):
        refused = xsim(home, "track", "review", *wrong)
        assert refused.returncode == 1
        assert words in refused.stderr
