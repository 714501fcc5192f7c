"""review: the configuration, tracking again, and the stage."""

import numpy as np
import pytest
from pydantic import ValidationError

from tests.pose_track.review.conftest import NUM_FRAMES, commit_like
from xsim_core.artifacts import TrackReview
from xsim_core.build_sim.config import BuildSimConfig
from xsim_core.build_sim.quality import check_track
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.pose_track import KeyPose, ReviewConfig
from xsim_core.pose_track.config import PoseTrackConfig
from xsim_core.pose_track.review.reviewed_film import ReviewedFilm
from xsim_core.pose_track.review.stage import decided_on
from xsim_core.pose_track.review.track_again import judge_key, raw_of, track_again, with_cuts
from xsim_core.pose_track.world_track import Filmed
from xsim_core.stage import run_stage
from xsim_core.stages import REVIEW_TRACK
from xsim_core.tracking import INTERPOLATED, LOST, OK, add_m

KEY = 6
SAID = {"author": "Ada", "note": "looked at it"}


def key(filmed, frame=KEY, shift=(0, 0, 0)):
    T = filmed.film.T_cam_object[frame].copy()
    T[:3, 3] += shift
    return KeyPose(frame=frame, T_cam_object=tuple(map(tuple, T.tolist())))


def review(filmed, track, **decided):
    inputs = {"capture": filmed.capture.ref, "track": track.ref}
    config = ReviewConfig(**SAID, **decided)
    return filmed.store.open(run_stage(REVIEW_TRACK, config, filmed.store, inputs))


def errors_m(filmed, track):
    points = filmed.film.mesh.sample_surface(300, rng=np.random.default_rng(0))
    return add_m(track.array("T_world_object"), filmed.film.T_world_object, points)


def test_a_track_that_is_accepted_is_the_same_to_the_byte(filmed):
    made = review(filmed, filmed.track)
    assert made.array_names == filmed.track.array_names
    for name in made.array_names:
        np.testing.assert_array_equal(made.array(name), filmed.track.array(name), err_msg=name)
    before, after = filmed.track.summary, made.summary
    said = {"notes", "review"}
    assert after.model_dump(exclude=said) == before.model_dump(exclude=said)
    assert (after.review.author, after.review.note) == ("Ada", "looked at it")
    assert any("Ada accepted the track as it is: looked at it" in n for n in after.notes)
    assert "overlay.mp4" in made.file_names


def test_a_key_pose_mends_what_was_wrong_and_sure_and_what_is_cut_counts_as_lost(filmed):
    made = review(filmed, filmed.wrong, key_poses=(key(filmed),), cuts=((9, 9),))
    assert errors_m(filmed, made)[:9].max() < 0.012
    # Tracking again met what was there, and left the rest.
    same = made.array("T_cam_object")[:2], filmed.wrong.array("T_cam_object")[:2]
    np.testing.assert_array_equal(*same)
    assert made.array("status")[:9].tolist() == [OK] * 9
    assert made.array("status")[9] in (INTERPOLATED, LOST)
    decided = made.summary.review
    assert (decided.key_frames, decided.cuts, decided.verdict_before) == ((KEY,), ((9, 9),), "pass")
    (note,) = (note for note in made.summary.notes if note.startswith("reviewed: "))
    assert "Ada set the pose in frame 6, and the film was tracked again from there" in note
    assert "and cut frames 9: looked at it" in note


@pytest.mark.slow
def test_between_two_key_poses_the_film_is_tracked_from_both(filmed):
    config = PoseTrackConfig()
    film = Filmed.of(filmed.capture, config)
    raw, T = raw_of(filmed.wrong), filmed.film.T_cam_object
    told = []
    again = track_again(raw, {4: T[4], 8: T[8]}, film, config, lambda *now: told.append(now))
    points = filmed.film.mesh.sample_surface(300, rng=np.random.default_rng(0))
    assert add_m(again.T_cam_object, T, points).max() < 0.012
    assert (again.status == OK).all()
    assert told[-1][0] == 1.0
    # The first is as it was; without key poses all of it is.
    np.testing.assert_array_equal(raw.T_cam_object, filmed.wrong.array("T_cam_object"))
    same = track_again(raw, {}, film, config, lambda *_: None)
    np.testing.assert_array_equal(same.T_cam_object, raw.T_cam_object)


def test_a_pose_that_the_pictures_speak_against_is_refused(filmed):
    config = PoseTrackConfig()
    film, T = Filmed.of(filmed.capture, config), filmed.film.T_cam_object
    assert judge_key(KEY, T[KEY], film, config).status == OK
    with pytest.raises(BadInputError, match=r"set in frame 6 is not the object's: .* agree by 0\."):
        review(filmed, filmed.wrong, key_poses=(key(filmed, shift=(0.1, 0, 0)),))
    with pytest.raises(BadInputError, match="there is no frame 10"):
        judge_key(NUM_FRAMES, T[0], film, config)


def test_what_cannot_be_cut_is_refused(filmed):
    with pytest.raises(BadInputError, match="the film ends with 9"):
        with_cuts(raw_of(filmed.track), [(3, 10)])
    with pytest.raises(QualityGateError):
        review(filmed, filmed.track, cuts=((1, 9),))


def test_a_key_pose_that_leaves_too_little_changes_nothing(filmed, monkeypatch):
    film = ReviewedFilm(filmed.capture, filmed.track)
    before, world = film.raw, film.world
    looked = film.here(KEY)
    monkeypatch.setattr(ReviewedFilm, "world", property(_too_little))
    with pytest.raises(QualityGateError):
        film.set_key(looked)
    monkeypatch.undo()
    assert film.keys == {}
    np.testing.assert_array_equal(film.raw.T_cam_object, before.T_cam_object)
    np.testing.assert_array_equal(film.world.T_world_object, world.T_world_object)


def _too_little(_):
    raise QualityGateError("too little is left")


def test_a_second_review_goes_on_from_the_first(filmed):
    first = review(filmed, filmed.wrong, key_poses=(key(filmed),), cuts=((9, 9),))
    earlier = decided_on(filmed.wrong, first)
    film = ReviewedFilm(filmed.capture, filmed.wrong, earlier)
    # Poses, cuts and words are there, and what they come to.
    assert (list(film.keys), film.cuts) == ([KEY], [(9, 9)])
    assert [(said.author, said.note) for said in film.before] == [("Ada", "looked at it")]
    np.testing.assert_array_equal(film.world.T_world_object, first.array("T_world_object"))
    film.cut(8, 8)
    decided = film.decision("Bo", "and there")
    second = filmed.store.open(
        run_stage(
            REVIEW_TRACK,
            decided,
            filmed.store,
            {"capture": filmed.capture.ref, "track": filmed.wrong.ref},
        )
    )
    assert second.summary.review.cuts == ((8, 8), (9, 9))
    assert second.summary.review.key_frames == (KEY,)
    said = [note for note in second.summary.notes if note.startswith("reviewed")]
    assert said[0].startswith("reviewed: Bo set the pose in frame 6")
    assert said[1:] == ["reviewed before: Ada: looked at it"]
    assert [s.author for s in decided_on(filmed.wrong, second).words] == ["Ada", "Bo"]
    # Without the page the same comes of what is added.
    added = ReviewConfig(author="Bo", note="and there", cuts=((8, 8),)).after(earlier)
    assert added == decided
    # What was decided on another track, or by nobody, is nothing to go on from.
    assert decided_on(filmed.track, first) is None
    assert decided_on(filmed.wrong, filmed.wrong) is None


def test_contacts_are_found_again_after_a_review(filmed):
    touched = filmed.track.array("contacts")
    assert len(touched) > 0, "a hand pushes the block"
    odd = {"contacts": np.array([[0, 0]]), "gap_m": np.full(NUM_FRAMES, 9, np.float32)}
    told = commit_like(filmed.store, filmed.track, changes=odd, contacts_s=((0.0, 0.0),))
    made = review(filmed, told)
    np.testing.assert_array_equal(made.array("contacts"), touched)
    np.testing.assert_array_equal(made.array("gap_m"), filmed.track.array("gap_m"))
    assert made.summary.contacts_s == filmed.track.summary.contacts_s


def test_a_review_is_of_this_captures_track(filmed):
    accepted = review(filmed, filmed.track)  # Reused: it was made above.
    with pytest.raises(BadInputError, match="a review is of what pose_track made"):
        review(filmed, accepted)
    other = filmed.store.begin("capture", "ab" * 12)
    other.write_all(filmed.film.arrays)
    summary = filmed.capture.summary
    args = {"stage": "ingest_capture", "stage_version": 1, "config": {}, "inputs": {}}
    ref = filmed.store.commit(other, summary, provenance={}, **args)
    inputs = {"capture": ref, "track": filmed.track.ref}
    with pytest.raises(BadInputError, match=f"not of {ref}"):
        run_stage(REVIEW_TRACK, ReviewConfig(**SAID), filmed.store, inputs)


def test_a_world_is_built_from_a_failing_track_that_was_reviewed(filmed):
    flying = filmed.track.array("T_world_object").copy()
    flying[6:, 0] += 3
    failing = commit_like(filmed.store, filmed.track, changes={"T_world_object": flying})
    with pytest.raises(QualityGateError, match="xsim track review RUN"):
        check_track(failing, 0.0, BuildSimConfig())
    said = TrackReview(**SAID)
    reviewed = commit_like(
        filmed.store, filmed.track, changes={"T_world_object": flying}, review=said
    )
    (note,) = check_track(reviewed, 0.0, BuildSimConfig())
    assert note.endswith("and was taken all the same: Ada: looked at it")


@pytest.mark.parametrize(
    "wrong",
    [
        {"note": " "},
        {"author": ""},
        {"cuts": [(5, 4)]},
        {"cuts": [(-1, 4)]},
        {"key_poses": [{"frame": 0, "T_cam_object": np.eye(4).tolist()}] * 2},
        {"key_poses": [{"frame": 0, "T_cam_object": np.diag([1, 1, -1, 1]).tolist()}]},
        {"key_poses": [{"frame": 0, "T_cam_object": (2 * np.eye(4)).tolist()}]},
    ],
)
def test_what_is_no_decision_is_refused(wrong):
    with pytest.raises(ValidationError):
        ReviewConfig.model_validate({**SAID, **wrong})
