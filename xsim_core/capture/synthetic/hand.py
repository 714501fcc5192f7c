"""A jointed kinematic hand: palm, four fingers, a thumb and a sleeved forearm, all capsules.

Hand frame: x towards the fingertips, y towards the thumb, z out of the back of the hand; the origin
is the middle of the palm. Sizes are those of an average adult hand, roughly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from xsim_core.geometry import TexturedMesh, make_se3, so3_exp, transform_points
from xsim_core.render.textures import fractal_noise

Floats = NDArray[np.float64]

SKIN_RGB = (0.80, 0.58, 0.47)
SLEEVE_RGB = (0.20, 0.27, 0.42)
WRIST = np.array([-0.055, 0.0, 0.0])


@dataclass(frozen=True)
class Finger:
    """A chain of phalanges: three flexing joints, the first also moves sideways."""

    name: str
    base: tuple[float, float, float]
    """First joint in the hand frame, metres."""
    rest: tuple[float, float, float]
    """Rotation vector of the unflexed finger in the hand frame."""
    lengths_m: tuple[float, float, float]
    radii_m: tuple[float, float, float]

    def joints(self, angles: ArrayLike) -> list[Floats]:
        """``T_hand_phalanx`` of each phalanx, and of the tip.

        Args:
            angles: (spread, knuckle, middle) in radians; the last joint follows the middle one by
                two thirds, as the tendons couple them.
        """
        spread, knuckle, middle = np.asarray(angles, dtype=np.float64)
        T = make_se3(so3_exp(self.rest) @ so3_exp([0, 0, spread]), self.base)
        frames = []
        for flex, length in zip((knuckle, middle, middle * 2 / 3), self.lengths_m, strict=True):
            T = T @ make_se3(so3_exp([0, flex, 0]), np.zeros(3))
            frames.append(T)
            T = T @ make_se3(np.eye(3), [length, 0, 0])
        return [*frames, T]

    def reach(self, target_hand: ArrayLike) -> Floats:
        """Joint angles (3,) that bring the tip to ``target_hand``, as near as the limits allow."""
        target = np.asarray(target_hand, dtype=np.float64)

        def miss(angles: Floats) -> Floats:
            tip = self.joints(angles)[-1][:3, 3]
            return np.concatenate([(tip - target) * 100, 0.05 * (angles - [0, 0.6, 0.6])])

        bounds = ([-0.5, -0.4, 0.0], [0.5, 1.5, 1.6])
        return np.asarray(least_squares(miss, [0, 0.5, 0.5], bounds=bounds).x)


def _finger(name: str, y: float, x: float, scale: float, splay: float) -> Finger:
    lengths = (0.044 * scale, 0.027 * scale, 0.022 * scale)
    return Finger(name, (x, y, 0.0), (0.0, 0.0, splay), lengths, (0.0095, 0.0085, 0.0075))


FINGERS = (
    _finger("index", 0.030, 0.044, 1.00, 0.08),
    _finger("middle", 0.010, 0.048, 1.08, 0.02),
    _finger("ring", -0.010, 0.045, 1.00, -0.03),
    _finger("little", -0.029, 0.037, 0.80, -0.10),
    # The thumb starts near the wrist, points forwards and down, and flexes towards the fingers.
    Finger("thumb", (-0.020, 0.030, -0.012), (0.0, 0.75, 0.35), (0.042, 0.032, 0.026),
           (0.0130, 0.0105, 0.0095)),
)  # fmt: skip
OPEN_ANGLES = {
    "index": (0.08, 0.20, 0.35),
    "middle": (0.02, 0.18, 0.35),
    "ring": (-0.03, 0.20, 0.38),
    "little": (-0.10, 0.22, 0.40),
    "thumb": (0.15, -0.25, 0.15),
}


def capsule_mesh(
    start: ArrayLike, end: ArrayLike, radii_m: tuple[float, float], texture: NDArray[np.uint8]
) -> TexturedMesh:
    """A capsule between two points with a radius at each end; the texture wraps around once."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    axis = (end - start) / np.linalg.norm(end - start)
    helper = np.array([0, 0, 1.0]) if abs(axis[2]) < 0.9 else np.array([1.0, 0, 0])
    side = np.cross(helper, axis)
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    around, caps = 20, 6
    polar = np.linspace(0, np.pi / 2, caps)
    rings = [(start, -np.cos(p), np.sin(p), radii_m[0]) for p in polar]
    rings += [(end, np.sin(p), np.cos(p), radii_m[1]) for p in polar]
    phi = np.linspace(0, 2 * np.pi, around + 1)
    circle = np.cos(phi)[:, None] * side + np.sin(phi)[:, None] * other
    vertices = [c + r * (a * axis + b * circle) for c, a, b, r in rings]
    rows = len(rings)
    v = np.repeat(np.linspace(0, 1, rows), around + 1)
    u = np.tile(phi / (2 * np.pi), rows)
    i, j = np.mgrid[: rows - 1, :around]
    a = (i * (around + 1) + j).ravel()
    b, c, d = a + 1, a + around + 2, a + around + 1
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)])
    return TexturedMesh(
        np.concatenate(vertices).astype(np.float32),
        faces.astype(np.int32),
        np.stack([u, v], -1).astype(np.float32),
        texture,
    )


class Hand:
    """Meshes of every link, and where the links are for given joint angles."""

    def __init__(self, *, rng: np.random.Generator) -> None:
        skin, sleeve = _cloth(SKIN_RGB, 0.16, rng), _cloth(SLEEVE_RGB, 0.3, rng)
        palm: list[TexturedMesh] = []
        for finger in FINGERS[:4]:
            x, y, z = finger.base
            palm.append(capsule_mesh([-0.045, 0.55 * y, z], [x, y, z], (0.0145, 0.0125), skin))
        palm.append(capsule_mesh([-0.045, 0.012, -0.004], FINGERS[4].base, (0.017, 0.017), skin))
        palm.append(
            capsule_mesh([-0.04, -0.018, -0.008], [0.02, -0.03, -0.006], (0.014, 0.012), skin)
        )
        self.meshes: dict[str, list[TexturedMesh]] = {
            "palm": palm,
            "forearm": [
                capsule_mesh([0, 0, 0], [-0.10, 0, 0], (0.024, 0.030), skin),
                capsule_mesh([-0.075, 0, 0], [-0.42, 0, 0], (0.038, 0.052), sleeve),
            ],
        }
        for finger in FINGERS:
            r = (*finger.radii_m, 0.92 * finger.radii_m[-1])
            for k, length in enumerate(finger.lengths_m):
                link = capsule_mesh([0, 0, 0], [length, 0, 0], (r[k], r[k + 1]), skin)
                self.meshes[f"{finger.name}_{k}"] = [link]

    def links(
        self, T_world_hand: Floats, angles: dict[str, Floats], *, wrist_rad: float
    ) -> dict[str, Floats]:
        """``T_world_link`` (4, 4) of every link.

        Args:
            T_world_hand: (4, 4).
            angles: (spread, knuckle, middle) of each finger by name.
            wrist_rad: how far the forearm is bent down from the line of the palm.
        """
        wrist = make_se3(so3_exp([0, -wrist_rad, 0]), WRIST)
        poses = {"palm": T_world_hand, "forearm": T_world_hand @ wrist}
        for finger in FINGERS:
            for k, T in enumerate(finger.joints(angles[finger.name])[:-1]):
                poses[f"{finger.name}_{k}"] = T_world_hand @ T
        return poses


def grasp_angles(T_object_hand: Floats, outline: Floats, half_height_m: float) -> dict[str, Floats]:
    """Joint angles of each finger that close the hand on an upright prism.

    Args:
        T_object_hand: hand at the grasp; its x axis gives the side on which the fingers touch.
        outline: the prism's cross-section (n, 2) in the object's frame.
        half_height_m: half its height; contacts lie a little above the middle.
    """
    forward = T_object_hand[:2, 0] / np.linalg.norm(T_object_hand[:2, 0])
    T_hand_object = np.linalg.inv(T_object_hand)
    angles = {}
    for finger in FINGERS:
        is_thumb = finger.name == "thumb"
        y = 0.3 * finger.base[1] if is_thumb else 0.8 * finger.base[1]
        lateral = T_object_hand[:2, 1] * y
        reach = _extent(outline, T_object_hand[:2, 3] + lateral, -forward if is_thumb else forward)
        gap = finger.radii_m[-1]
        contact = (
            T_object_hand[:2, 3] + lateral + (reach + gap) * (-forward if is_thumb else forward)
        )
        target = transform_points(T_hand_object, [[*contact, 0.1 * half_height_m]])[0]
        angles[finger.name] = finger.reach(target)
    return angles


def _extent(outline: Floats, origin: Floats, direction: Floats) -> float:
    """Distance from ``origin`` along ``direction`` to the last crossing of the outline."""
    best = 0.0
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        edge = b - a
        det = direction[0] * -edge[1] + direction[1] * edge[0]
        if abs(det) < 1e-12:
            continue
        rel = a - origin
        t = (rel[0] * -edge[1] + rel[1] * edge[0]) / det
        s = (direction[0] * rel[1] - direction[1] * rel[0]) / det
        if 0 <= s <= 1:
            best = max(best, float(t))
    return best


def _cloth(
    rgb: tuple[float, float, float], swing: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    noise = fractal_noise(128, 128, cells=10, octaves=3, rng=rng) - 0.5
    image = np.array(rgb) * (1 + swing * noise[..., None])
    return np.clip(image * 255, 0, 255).astype(np.uint8)
