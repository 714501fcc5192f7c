"""xsim_core/pose_track/told.py: sentences on a whole film; on its frames: test_disturbed.py."""

import numpy as np

from xsim_core.film.contacts import Contacts
from xsim_core.pose_track.told import (
    contact_times,
    notes_on_contacts,
    notes_on_motion,
    notes_on_unused,
)


def test_a_film_in_which_nothing_moves_says_so():
    assert notes_on_motion(1) == ()
    (told,) = notes_on_motion(0)
    assert told.startswith("nothing moves: the object stays where it is")


def test_a_motion_that_nothing_touches_is_said_with_its_time():
    times_s, segments = 3 + np.arange(30) / 10, np.array([[5, 9], [20, 25]])
    touches = np.array([[8, 12]])
    seen = Contacts(np.zeros(30, np.float32), touches)
    (told,) = notes_on_contacts(seen, segments, times_s)
    assert "nothing is seen that touches it (2.00–2.50 s)" in told
    assert notes_on_contacts(seen, segments[:1], times_s) == ()
    assert notes_on_contacts(None, segments, times_s) == ()
    assert contact_times(touches, times_s) == ((0.8, 1.2),)


def test_a_track_that_was_brought_and_not_used_is_said():
    assert notes_on_unused(None) == ()
    assert "pose_track.backend=file does" in notes_on_unused("camera")[0]
