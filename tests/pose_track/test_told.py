"""xsim_core/pose_track/told.py: sentences on a whole film; on its frames: test_disturbed.py."""

from xsim_core.pose_track.told import notes_on_motion


def test_a_film_in_which_nothing_moves_says_so():
    assert notes_on_motion(1) == ()
    (told,) = notes_on_motion(0)
    assert told.startswith("nothing moves: the object stays where it is")
