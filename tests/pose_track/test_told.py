"""xsim_core/pose_track/told.py: sentences on a whole film; on its frames: test_disturbed.py."""

from xsim_core.pose_track.told import notes_on_motion, notes_on_unused


def test_a_film_in_which_nothing_moves_says_so():
    assert notes_on_motion(1) == ()
    (told,) = notes_on_motion(0)
    assert told.startswith("nothing moves: the object stays where it is")


def test_a_track_that_was_brought_and_not_used_is_said():
    assert notes_on_unused(None) == ()
    assert "pose_track.backend=file does" in notes_on_unused("camera")[0]
