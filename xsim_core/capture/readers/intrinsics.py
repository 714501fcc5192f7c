"""Pinhole intrinsics in the spellings people write them, and whether they can be believed."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.text import parse_yaml
from xsim_core.geometry import PinholeCamera

from .lens import Lens

ACCEPTS = (
    "four numbers fx fy cx cy; 3×3; 3×4 as CameraInfo.P; 4×4; rows parted by spaces, commas or "
    "brackets; JSON or YAML with K, k, cam_K, camera_matrix, intrinsic_matrix, P or fx, fy, cx, cy "
    "(ppx, ppy), width, height and distortion (model, D or k1, k2, p1, p2, k3)"
)
FOCAL_RANGE = (0.2, 12.0)
"""Focal lengths as a share of the image's longer side: 136° to 5° of view."""
CENTRE_SLACK = 0.2
"""How far the principal point may lie from the middle, as a share of half the image."""
USUAL_WH = (
    (160, 120), (320, 180), (320, 240), (424, 240), (480, 270), (480, 360), (512, 424), (640, 360),
    (640, 400), (640, 480), (640, 576), (720, 480), (800, 600), (848, 480), (960, 540), (960, 720),
    (1024, 768), (1024, 1024), (1280, 720), (1280, 800), (1280, 960), (1440, 1080), (1920, 1080),
    (1920, 1200), (1920, 1440), (2048, 1536), (2560, 1440), (3840, 2160), (4032, 3024),
    (4096, 3072),
)  # fmt: skip

Floats = NDArray[np.float64]
_MATRIX_KEYS = ("K", "k", "cam_K", "camera_matrix", "intrinsic_matrix", "intrinsics")
_P_KEYS = ("P", "p", "projection_matrix")


@dataclass(frozen=True)
class Intrinsics:
    """One camera as a file or topic tells it."""

    K: Floats
    """(3, 3) in pixels, pixel centres at integers."""
    image_wh: tuple[int, int] | None = None
    """The size that the source tells, if it does."""
    lens: Lens = field(default_factory=Lens)
    depth_unit_m: float | None = None
    """Metres a step of depth, if the source tells it beside."""

    def fit_to(self, image_wh: tuple[int, int], source: str, notes: list[str]) -> "Intrinsics":
        """The same camera for images of this size, after checks that it can be theirs.

        A matrix of another resolution is scaled where the shape of its images is the same.

        Raises:
            BadInputError: with the source and the values, when they cannot belong to such images.
        """
        if self.image_wh is None:
            told = _resolution_of(self.K, image_wh, source)
            why = "its principal point says so"
        else:
            told, why = self.image_wh, "it says so"
        fitted = self
        if told != image_wh:
            w, h = image_wh
            if min(told) <= 0 or abs((told[0] / told[1]) / (w / h) - 1) > 0.01:
                raise BadInputError(
                    f"{source} is for {told[0]}x{told[1]} images, but these are {w}x{h}, of "
                    "another shape. Bring the intrinsics of the recorded resolution."
                )
            K = PinholeCamera(*told, self.K).resized(w, h).K
            notes.append(f"{source} is for {told[0]}x{told[1]} images ({why}): scaled to {w}x{h}")
            fitted = replace(self, K=K, image_wh=image_wh)
        check_K(fitted.K, image_wh, source)
        return fitted


def check_K(K: Floats, image_wh: tuple[int, int], source: str) -> None:
    """Refuse a matrix that no camera with such images has.

    Raises:
        BadInputError: with the source and the values.
    """
    w, h = image_wh
    f = np.array([K[0, 0], K[1, 1]])
    low, high = (share * max(w, h) for share in FOCAL_RANGE)
    if not np.isfinite(K).all() or not ((f >= low) & (f <= high)).all():
        raise BadInputError(
            f"{source}: focal lengths {f[0]:.4g} and {f[1]:.4g} px cannot be those of {w}x{h} "
            f"images ({low:.0f} to {high:.0f} px could). The matrix reads {_rows(K)}. Was the "
            "camera calibrated, and the matrix written as float64 in pixels?"
        )
    if not 0.5 < f[0] / f[1] < 2:
        raise BadInputError(
            f"{source}: focal lengths {f[0]:.4g} and {f[1]:.4g} px differ too much: {_rows(K)}"
        )
    if not (0 <= K[0, 2] <= w - 1 and 0 <= K[1, 2] <= h - 1):
        raise BadInputError(
            f"{source}: the principal point ({K[0, 2]:.4g}, {K[1, 2]:.4g}) lies outside the "
            f"{w}x{h} images"
        )


def matrix_of(values: Any, source: str, notes: list[str]) -> Floats:
    """``K`` (3, 3) from 4, 9, 12 or 16 numbers.

    Raises:
        BadInputError: when they are of another number, or no pinhole matrix.
    """
    try:
        flat = np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(f"{source}: the matrix is not made of numbers ({error})") from error
    match len(flat):
        case 4:
            K = np.array([[flat[0], 0, flat[2]], [0, flat[1], flat[3]], [0, 0, 1.0]])
        case 9:
            K = flat.reshape(3, 3).copy()
        case 12 | 16:
            whole = flat.reshape(-1, 4)
            if np.any(whole[:3, 3]) or (len(whole) == 4 and np.any(whole[3] != [0, 0, 0, 1])):
                raise BadInputError(
                    f"{source}: its fourth column {whole[:3, 3].tolist()} moves the camera; bring "
                    "the 3x3 intrinsics alone"
                )
            K = whole[:3, :3].copy()
        case n:
            raise BadInputError(
                f"{source} holds {n} numbers; 4 (fx fy cx cy), 9 (3x3) or 12 (3x4) make intrinsics"
            )
    if np.isfinite(K).all() and not K[:2, 2].any() and K[2, :2].all() and K[2, 2] == 1:
        K = K.T.copy()
        notes.append(f"{source} is written column by column: it was transposed")
    is_pinhole = np.allclose(K[2], [0, 0, 1]) and K[1, 0] == 0
    if not is_pinhole or abs(K[0, 1]) > 1e-3 * abs(K[0, 0]):
        raise BadInputError(
            f"{source} is no pinhole matrix [fx 0 cx; 0 fy cy; 0 0 1]: it reads {_rows(K)}"
        )
    K[0, 1] = 0.0
    return K


def parse_intrinsics(text: str, source: str, notes: list[str]) -> Intrinsics:
    """A camera from text; ``ACCEPTS`` lists the spellings.

    Raises:
        BadInputError: when it is none of them.
    """
    bare = "\n".join(line.split("#")[0].split("%YAML")[0] for line in text.splitlines())
    tokens = [t for t in re.split(r"[\s,;\[\](){}]+", bare) if t]
    try:
        return Intrinsics(matrix_of([float(t) for t in tokens], source, notes))
    except ValueError:
        pass  # Not numbers alone.
    if ":" not in bare:
        bare = bare.replace("=", ": ")
    plain = re.sub(r"!!opencv-(nd-)?matrix", "", bare).replace("\t", " ")
    loaded = parse_yaml(plain, f"{source} is neither numbers nor JSON or YAML")
    if not isinstance(loaded, Mapping):
        raise BadInputError(f"{source} holds no intrinsics. Accepted: {ACCEPTS}.")
    return _from_mapping(loaded, source, notes)


def _from_mapping(raw: Mapping[Any, Any], source: str, notes: list[str]) -> Intrinsics:
    K = _K_of_mapping(raw, source, notes)
    size = [_first(raw, (f"image_{side}", side, side[0])) for side in ("width", "height")]
    wh = None if None in size else _size(size, source)
    coefficients = _first(
        raw, ("D", "d", "distortion_coefficients", "dist_coeffs", "coeffs", "distortion")
    )
    if coefficients is None and "k1" in raw:
        coefficients = [raw.get(name, 0.0) for name in ("k1", "k2", "p1", "p2", "k3")]
    model = _first(raw, ("distortion_model", "model", "camera_model")) or "plumb_bob"
    try:
        lens = Lens.of(str(model), _data(coefficients), source) if coefficients else Lens()
    except (TypeError, ValueError) as error:
        raise BadInputError(f"{source}: distortion coefficients {coefficients!r}") from error
    return Intrinsics(K, wh, lens, _depth_unit_m(raw.get("depth_scale"), source, notes))


def _depth_unit_m(scale: Any, source: str, notes: list[str]) -> float | None:
    """Metres a step of depth, from a ``depth_scale`` as RealSense, BOP or Open3D mean it."""
    if scale is None:
        return None
    try:
        number = float(scale)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if 1e-6 <= number < 1e-2:
        unit_m, meaning = number, "metres a step"
    elif 1e-2 <= number <= 10:
        unit_m, meaning = 1e-3 * number, "millimetres a step"
    elif 100 <= number <= 1e5:
        unit_m, meaning = 1 / number, "steps a metre"
    else:
        raise BadInputError(
            f"{source}: a depth_scale of {scale!r} means nothing we know: 0.001 is metres a step "
            "(RealSense), 0.1 or 1 millimetres a step (BOP), 1000 steps a metre (Open3D)"
        )
    notes.append(f"{source}: depth_scale {number:g} is taken as {meaning}")
    return round(unit_m, 12)


def _K_of_mapping(raw: Mapping[Any, Any], source: str, notes: list[str]) -> Floats:
    value = _first(raw, (*_MATRIX_KEYS, *_P_KEYS))
    if isinstance(value, Mapping) and "data" not in value:
        return _K_of_mapping(value, source, notes)
    if value is not None:
        return matrix_of(_data(value), source, notes)
    centre = ("ppx", "ppy") if "ppx" in raw else ("cx", "cy")
    if missing := [name for name in ("fx", "fy", *centre) if name not in raw]:
        raise BadInputError(
            f"{source} holds no intrinsics: it has {', '.join(map(str, raw)) or 'nothing'}, but "
            f"neither {', '.join(_MATRIX_KEYS)} nor {', '.join(missing)}"
        )
    return matrix_of([raw[name] for name in ("fx", "fy", *centre)], source, notes)


def _size(size: list[Any], source: str) -> tuple[int, int]:
    try:
        return int(size[0]), int(size[1])
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(f"{source}: width and height are {size}") from error


def _data(value: Any) -> Any:
    return value["data"] if isinstance(value, Mapping) and "data" in value else value


def _first(raw: Mapping[Any, Any], names: tuple[str, ...]) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _resolution_of(K: Floats, image_wh: tuple[int, int], source: str) -> tuple[int, int]:
    """The size of the images that a matrix belongs to, read from its principal point."""
    w, h = image_wh
    if not np.isfinite(K).all():
        return image_wh  # Refused with its values by check_K.
    told = 2 * K[:2, 2] + 1
    off = np.abs(told / [w, h] - 1)
    if (off <= CENTRE_SLACK).all() or K[0, 0] < FOCAL_RANGE[0] * min(w, h):
        return image_wh
    usual = [(W, H) for W, H in (*USUAL_WH, *((b, a) for a, b in USUAL_WH)) if W * h == H * w]
    near = [wh for wh in usual if (np.abs(told / wh - 1) < 0.07).all()]
    if near:
        return min(near, key=lambda wh: float(np.abs(told / wh - 1).sum()))
    raise BadInputError(
        f"{source}: the principal point ({K[0, 2]:.5g}, {K[1, 2]:.5g}) is far from the middle of "
        f"the {w}x{h} images: the matrix seems to belong to images of about "
        f"{told[0]:.0f}x{told[1]:.0f}. Bring the intrinsics of these images; if they are, write "
        "them as JSON with width and height."
    )


def _rows(K: Floats) -> str:
    return "[" + "; ".join(" ".join(f"{x:.4g}" for x in row) for row in K) + "]"
