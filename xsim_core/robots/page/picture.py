"""The live picture with the way of the TCP, where it is sent, and where the object is to lie."""

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera, inverse_se3
from xsim_core.tracking.raycast import RayCaster

from .watch import Place, Watch

QUALITY = 80
NEAR_M = 0.02
"""Points nearer to the camera are not drawn."""
PATH_RGB, TARGET_RGB, PLACE_RGB = (90, 200, 255), (255, 190, 40), (60, 220, 90)


class LivePicture:
    """Draws for one camera; only when somebody asks."""

    def __init__(self, camera: PinholeCamera, T_world_cam: NDArray[np.float64]) -> None:
        """Begin.

        Args:
            camera: of the robot's pictures.
            T_world_cam: (4, 4) as it is calibrated.
        """
        self._camera, self._T_cam_world = camera, inverse_se3(T_world_cam)
        self._caster: RayCaster | None = None

    def jpeg(self, rgb: NDArray[np.uint8], watch: Watch) -> bytes:
        """A picture (h, w, 3) with what is drawn over it."""
        image = rgb[..., ::-1].copy()
        line = partial(cv2.polylines, thickness=max(2, round(self._camera.width / 320)))
        for way in self.pixels(list(watch.path)):
            line(image, [way], isClosed=False, color=PATH_RGB[::-1], lineType=cv2.LINE_AA)
        if (moment := watch.moment) is not None:
            for (at,) in self.pixels([moment.target]):
                cv2.drawMarker(image, at.tolist(), TARGET_RGB[::-1], cv2.MARKER_CROSS, 11, 1)
        if (asked := watch.asked) is not None and asked.place is not None:
            line(image, self.outline(asked.place), isClosed=True, color=PLACE_RGB[::-1])
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return data.tobytes()

    def pixels(self, points_world: Sequence[NDArray[np.float64]]) -> list[NDArray[np.int32]]:
        """Lines (n, 2) through the points (3,) that are before the camera; one where all are."""
        if not points_world:
            return []
        T = self._T_cam_world
        cam = np.stack(points_world) @ T[:3, :3].T + T[:3, 3]
        seen = cam[:, 2] > NEAR_M
        cuts = np.flatnonzero(np.diff(seen)) + 1
        runs = zip(np.split(cam, cuts), np.split(seen, cuts), strict=True)
        ways = [self._camera.project(run) for run, is_seen in runs if is_seen[0]]
        return [np.rint(np.clip(way, -1e4, 1e4)).astype(np.int32) for way in ways]

    def outline(self, place: Place) -> list[NDArray[np.int32]]:
        """Closed lines (n, 1, 2) around the object's picture; none where it would be unseen."""
        if self._caster is None or self._caster.mesh is not place.mesh:
            self._caster = RayCaster(place.mesh)
        T_cam_object = self._T_cam_world @ place.T_world_object
        seen = self._caster.render(T_cam_object, self._camera, margin_px=2)
        lines, _ = cv2.findContours(
            seen.mask.astype(np.uint8),
            cv2.RETR_EXTERNAL,
            cv2.CHAIN_APPROX_NONE,
            offset=(seen.roi.u0, seen.roi.v0),
        )
        return [np.asarray(one, np.int32) for one in lines]
