"""Drawing a tracked mesh over video frames, for people."""

import cv2
import numpy as np

from xsim_core.geometry import PinholeCamera
from xsim_core.geometry.arrays import SE3, RgbImage

from .raycast import RayCaster
from .tracked_pose import INTERPOLATED, LOST, OCCLUDED, OK

STATUS_NAMES = {OK: "ok", OCCLUDED: "occluded", INTERPOLATED: "interpolated", LOST: "lost"}
STATUS_RGB = {
    OK: (60, 220, 90),
    OCCLUDED: (255, 190, 40),
    INTERPOLATED: (80, 170, 255),
    LOST: (255, 60, 60),
}


def draw_pose(
    rgb: RgbImage,
    T_cam_object: SE3,
    *,
    caster: RayCaster,
    camera: PinholeCamera,
    status: int = OK,
    caption: str = "",
) -> RgbImage:
    """A copy of the frame (h, w, 3) with the mesh's outline and axes; red x, green y, blue z."""
    image = np.ascontiguousarray(rgb)
    image = image.copy()
    rendering = caster.render(T_cam_object, camera, margin_px=2)
    offset = (rendering.roi.u0, rendering.roi.v0)
    outlines, _ = cv2.findContours(
        rendering.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=offset
    )
    thick = max(1, round(camera.width / 400))
    cv2.drawContours(image, outlines, -1, STATUS_RGB[status], thick, cv2.LINE_AA)
    ends = 0.6 * caster.mesh.diameter_m * np.concatenate([np.zeros((1, 3)), np.eye(3)])
    ends = ends + caster.mesh.centre
    pixels = camera.project(ends @ T_cam_object[:3, :3].T + T_cam_object[:3, 3])
    if np.isfinite(pixels).all():
        start, *tips = [tuple(round(float(x)) for x in p) for p in np.clip(pixels, -1e4, 1e4)]
        for tip, colour in zip(tips, np.eye(3) * 255, strict=True):
            cv2.line(image, start, tip, colour.tolist(), thick, cv2.LINE_AA)
    if caption:
        size, font = camera.width / 900, cv2.FONT_HERSHEY_SIMPLEX
        place = (round(0.012 * camera.width), round(0.045 * camera.width))
        cv2.putText(image, caption, place, font, size, (0, 0, 0), 2 + 2 * thick, cv2.LINE_AA)
        cv2.putText(image, caption, place, font, size, STATUS_RGB[status], thick, cv2.LINE_AA)
    return image
