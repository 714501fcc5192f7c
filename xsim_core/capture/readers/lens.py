"""Lens distortion: the models that recordings name, and images as a pinhole would take them."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.windows import let_go

Floats = NDArray[np.float64]
Images = TypeVar("Images", NDArray[Any], list[NDArray[Any]])

MODELS = {
    "none": "none", "": "none",
    "brown_conrady": "plumb_bob", "plumb_bob": "plumb_bob", "radtan": "plumb_bob",
    "opencv": "plumb_bob",
    "modified_brown_conrady": "modified_brown_conrady",
    "inverse_brown_conrady": "modified_brown_conrady",
    "rational_polynomial": "rational_polynomial",
    "kannala_brandt4": "equidistant", "equidistant": "equidistant", "fisheye": "equidistant",
    "f_theta": "ftheta", "ftheta": "ftheta",
}  # fmt: skip
"""As ROS, librealsense and OpenCV name them. librealsense projects with its "inverse" model as with
the modified one."""
NEGLIGIBLE_PX = 0.02


@dataclass(frozen=True)
class Lens:
    """A distortion that maps normalised pinhole coordinates to where the lens shows them."""

    model: str = "none"
    """A value of ``MODELS``."""
    coefficients: tuple[float, ...] = ()

    @staticmethod
    def of(model: str, coefficients: object, source: str) -> "Lens":
        """The lens that a recording describes; one whose coefficients are zero does not bend.

        An equidistant one does even so: it shows angles, not tangents.

        Raises:
            BadInputError: for models that are not known, and coefficients that are no numbers.
        """
        values = tuple(np.asarray(coefficients, dtype=np.float64).reshape(-1).tolist())
        if not np.isfinite(values).all():
            raise BadInputError(f"{source}: distortion coefficients {list(values)}")
        key = model.strip().lower().replace(" ", "_")
        if not any(values) and MODELS.get(key) != "equidistant":
            return Lens()
        if key not in MODELS:
            known = ", ".join(sorted({*MODELS} - {""}))
            raise BadInputError(
                f"{source}: distortion model '{model}' with coefficients {list(values)} is not "
                f"known ({known} are). Record undistorted images."
            )
        name = MODELS[key]
        if name == "plumb_bob" and len(values) > 5:
            name = "rational_polynomial"
        need = {"rational_polynomial": 8, "equidistant": 4, "ftheta": 1, "none": 0}.get(name, 5)
        if name == "none" or len(values) < min(need, 4):
            raise BadInputError(
                f"{source}: distortion model '{model}' does not go with {len(values)} coefficients"
            )
        if any(values[need:]):
            raise BadInputError(
                f"{source}: distortion model '{model}' with {len(values)} coefficients "
                f"{list(values)} is not known: '{name}' has {need}. Record undistorted images."
            )
        return Lens(name, (*values[:need], *[0.0] * (need - len(values))))

    @property
    def is_pinhole(self) -> bool:
        """Nothing to undo."""
        return self.model == "none"

    def distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Where the lens shows pinhole points (x, y) of the plane z = 1."""
        c = self.coefficients
        match self.model:
            case "none":
                return x, y
            case "equidistant":
                r = np.hypot(x, y)
                t = np.arctan(r)
                t2 = t * t
                bent = t * (1 + t2 * (c[0] + t2 * (c[1] + t2 * (c[2] + t2 * c[3]))))
                s = np.where(r > 1e-9, bent / np.maximum(r, 1e-9), 1.0)
                return x * s, y * s
            case "ftheta":
                r = np.hypot(x, y)
                bent = np.arctan(2 * r * np.tan(c[0] / 2)) / c[0]
                s = np.where(r > 1e-9, bent / np.maximum(r, 1e-9), 1.0)
                return x * s, y * s
            case _:
                pass
        r2 = x * x + y * y
        radial = 1 + r2 * (c[0] + r2 * (c[1] + r2 * c[4]))
        if self.model == "rational_polynomial":
            radial = radial / (1 + r2 * (c[5] + r2 * (c[6] + r2 * c[7])))
        # librealsense's modified model shifts the point that is already scaled.
        tx, ty = (x * radial, y * radial) if self.model == "modified_brown_conrady" else (x, y)
        dx = 2 * c[2] * tx * ty + c[3] * (r2 + 2 * tx * tx)
        dy = 2 * c[3] * tx * ty + c[2] * (r2 + 2 * ty * ty)
        return x * radial + dx, y * radial + dy

    def lookup(self, K: Floats, image_wh: tuple[int, int]) -> tuple[NDArray[np.float32], float]:
        """For each pinhole pixel the recorded pixel (h, w, 2), and the largest shift in pixels."""
        w, h = image_wh
        v, u = np.mgrid[:h, :w].astype(np.float64)
        x, y = self.distort((u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1])
        at = np.stack([x * K[0, 0] + K[0, 2], y * K[1, 1] + K[1, 2]], axis=-1)
        shift = float(np.hypot(at[..., 0] - u, at[..., 1] - v).max())
        return at.astype(np.float32), shift


def undistort(
    images: Images, lens: Lens, K: Floats, *, nearest: bool, source: str
) -> tuple[Images, float]:
    """Images as a pinhole camera with the same ``K`` would take them, and the largest shift.

    Args:
        images: (n, h, w[, 3]), or a list of such images; changed in place.
        lens: the distortion to undo.
        K: (3, 3).
        nearest: for depth, which must not be mixed across edges; colour is interpolated.
        source: named in errors.

    Raises:
        BadInputError: when the coefficients cannot be those of this camera.
    """
    import cv2

    if lens.is_pinhole or not len(images):
        return images, 0.0
    h, w = images[0].shape[:2]
    lookup, shift_px = lens.lookup(K, (w, h))
    if not shift_px < max(h, w):
        raise BadInputError(
            f"{source}: distortion '{lens.model}' {list(lens.coefficients)} moves pixels by "
            f"{shift_px:.3g} of {w}: these are not the coefficients of this camera"
        )
    if shift_px < NEGLIGIBLE_PX:
        return images, 0.0
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    for i, image in enumerate(images):
        images[i] = np.asarray(cv2.remap(image, lookup, None, how))  # type: ignore[call-overload]
        let_go(image)
    return images, shift_px
