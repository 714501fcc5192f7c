import cv2
import numpy as np

from tests.robots.scenes import START, scene
from xsim_core.geometry import inverse_se3, make_se3
from xsim_core.robots.page.picture import PATH_RGB, PLACE_RGB, LivePicture
from xsim_core.robots.page.watch import Asked, Place, Watch

EYE = scene().eye
MESH = scene().thing.mesh
BLACK = np.zeros((EYE.camera.height, EYE.camera.width, 3), np.uint8)


def drawn(watch):
    data = LivePicture(EYE.camera, EYE.T_world_cam_told).jpeg(BLACK, watch)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def near(image, rgb):
    """Pixels (v, u) that look like a colour."""
    return np.argwhere(np.abs(image.astype(int) - rgb).max(axis=2) < 70)


def test_the_outline_runs_around_the_object_where_it_is_to_lie():
    place = Place(START, MESH)
    (line,) = LivePicture(EYE.camera, EYE.T_world_cam_told).outline(place)
    T = inverse_se3(EYE.T_world_cam_told) @ START
    corners = EYE.camera.project(MESH.vertices @ T[:3, :3].T + T[:3, 3])
    hull = cv2.convexHull(corners.astype(np.float32))
    for (at,) in line:
        assert abs(cv2.pointPolygonTest(hull, at.astype(float).tolist(), measureDist=True)) < 1.5
    assert abs(cv2.contourArea(line) / cv2.contourArea(hull) - 1) < 0.1
    watch = Watch()
    watch.asked = Asked("put it there", place)
    assert len(near(drawn(watch), PLACE_RGB)) > 50
    watch.asked = Asked("take it away")
    assert len(near(drawn(watch), PLACE_RGB)) == 0


def test_the_tcps_way_is_where_it_was():
    watch = Watch()
    for y in np.linspace(-0.2, 0.1, 20):
        watch.path.append(np.array([0.5, y, 0.05]))
    found = near(drawn(watch), PATH_RGB)
    T = inverse_se3(EYE.T_world_cam_told)
    ends = EYE.camera.project(np.stack([watch.path[0], watch.path[-1]]) @ T[:3, :3].T + T[:3, 3])
    for end in ends:
        assert np.abs(found[:, ::-1] - end).max(axis=1).min() < 2.5


def test_what_is_behind_the_camera_is_not_drawn():
    picture = LivePicture(EYE.camera, make_se3(np.eye(3), [0, 0, 0]))
    before, behind = np.array([0, 0, 1.0]), np.array([0, 0, -1.0])
    assert [len(way) for way in picture.pixels([before, before, behind, before])] == [2, 1]
    assert picture.pixels([behind]) == picture.pixels([]) == []


def test_nothing_is_drawn_into_the_robots_own_picture():
    watch, rgb = Watch(), BLACK.copy()
    watch.asked = Asked("put it there", Place(START, MESH))
    LivePicture(EYE.camera, EYE.T_world_cam_told).jpeg(rgb, watch)
    assert not rgb.any()
