import numpy as np
import pytest

from xsim_core.capture.place.support_plane import Plane
from xsim_core.capture.place.table_world import table_world
from xsim_core.errors import BadInputError
from xsim_core.geometry import look_at, transform_points


@pytest.mark.parametrize("eye", [[1.0, 0.4, 0.7], [0.001, 0.0, 0.9], [-0.5, 0.0, 0.3]])
def test_the_origin_lies_under_the_object_and_x_leads_away(eye):
    T = look_at(eye, [0.0, 0.0, 0.05])
    plane = Plane(T[:3, :3].T @ [0, 0, 1.0], T[2, 3], 1.0)
    object_cam = T[:3, :3].T @ (np.array([0, 0, 0.05]) - T[:3, 3])
    notes = []
    found = table_world(plane, object_cam, notes)
    np.testing.assert_allclose(found[:3, :3] @ found[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(found[:3, :3]) == pytest.approx(1)
    np.testing.assert_allclose(
        transform_points(found, object_cam[None])[0], [0, 0, 0.05], atol=1e-9
    )
    assert found[2, 3] == pytest.approx(eye[2])
    if np.hypot(*eye[:2]) > 0.1:
        assert found[0, 3] == pytest.approx(-np.hypot(*eye[:2]), abs=1e-9)
    assert "guess" in notes[0]


def test_without_a_table_there_is_no_such_world():
    with pytest.raises(BadInputError, match="no plane around the object"):
        table_world(None, np.zeros(3), [])
    with pytest.raises(BadInputError, match="no depth on the object"):
        table_world(Plane(np.array([0, 0, -1.0]), 1.0, 1.0), None, [])
