"""Find the object in a box of a frame: many views, coarse to fine, judged by depth and colour."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, so3_exp
from xsim_core.geometry.arrays import SE3, SO3, BoxXyxy, Point3
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.frame import Frame, Level
from xsim_core.tracking.raycast import RayCaster
from xsim_core.tracking.refine import ObjectModel, refine
from xsim_core.tracking.verify import Verdict, verify

Box = tuple[float, float, float, float]
NUM_IN_PLANE = 12
COARSE_PX = 28
PLAINLY, IN_SLIVERS = (0.5, 0.05), (0.0, 0.02)
"""Of an object in a hand the fingers leave slivers."""
NUM_REFINED, NUM_FINAL = 48, 10


@lru_cache
def view_rotations() -> SO3:
    """Rotations (v * 12, 3, 3): 42 view directions of an icosphere by 12 in-plane turns."""
    import trimesh

    directions = np.asarray(trimesh.creation.icosphere(subdivisions=1).vertices)
    rotations = []
    for forward in directions:
        side = np.cross(forward, [0, 0, 1] if abs(forward[2]) < 0.9 else [0, 1, 0])
        side /= np.linalg.norm(side)
        R_view = np.stack([side, np.cross(forward, side), forward])
        turns = np.arange(NUM_IN_PLANE)[:, None] * np.array([0, 0, 2 * np.pi / NUM_IN_PLANE])
        rotations.append(so3_exp(turns) @ R_view)
    return np.concatenate(rotations)


def initial_poses(
    frame: Frame, box_xyxy: Box, model: ObjectModel, *, config: TrackerConfig
) -> list[tuple[SE3, Verdict]]:
    """The poses in a box that explain the frame best, and how well; the best first.

    Raises:
        BadInputError: when the box lies outside the image or holds no depth.
    """
    box = _clip_box(box_xyxy, frame)
    depth_m = _box_depth(frame, box)
    span = _span(box)
    coarse_scale = max(1, round(span / COARSE_PX))
    coarse = frame.level(coarse_scale)
    small_box = _at_scale(box, coarse_scale)
    ranked = []
    for R in view_rotations():
        T = _place(R, small_box, coarse, model.caster, depth_m)
        ranked.append((_quick_fit(T, small_box, coarse, model.caster, config), len(ranked), T))
    ranked.sort(reverse=True, key=lambda entry: entry[:2])
    fine, _ = level_of_box(frame, box, config)
    middle = frame.level(max(1, round(span / 50)))
    wide = ((0.06, 8), (0.05, 8), (0.04, 8), (0.03, 6), (0.02, 6), (0.02, 6))
    refined = [
        _judged(T, middle, model, config, rounds=wide, use_texture=False)
        for _, _, T in ranked[:NUM_REFINED]
    ]
    refined.sort(reverse=True, key=lambda entry: entry[1].fit)
    last = (*config.rounds[1:], *config.rounds[-1:])
    final = [
        # Each hypothesis is lit as its own surfaces need before colours may pull on it.
        _judged(T, fine, replace(model, lighting=verdict.lighting), config, rounds=last)
        for T, verdict in _distinct(refined)[:NUM_FINAL]
    ]
    return sorted(final, key=lambda entry: -entry[1].fit)


def level_of_box(frame: Frame, box_xyxy: Box, config: TrackerConfig) -> tuple[Level, BoxXyxy]:
    """The scale at which poses in a box are judged, and the box (4,) at that scale.

    Raises:
        BadInputError: when the box lies outside the image.
    """
    box = _clip_box(box_xyxy, frame)
    scale = max(1, round(_span(box) / config.max_object_px))
    return frame.level(scale), _at_scale(box, scale)


def _span(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _at_scale(box: Box, scale: int) -> BoxXyxy:
    """Pixel centres are integers, so corners move by half a pixel."""
    return (np.asarray(box) + 0.5) / scale - 0.5


def candidate_boxes(
    frame: Frame,
    model: ObjectModel,
    *,
    near_cam: Point3,
    seen_at: Level,
    least: tuple[float, float] = PLAINLY,
    limit: int = 9,
) -> list[Box]:
    """Boxes where the image has the object's colours at a plausible size.

    Those nearest to ``near_cam`` (3,) come first: clutter of the same colours is often larger.
    ``seen_at`` is the frame at the scale at which the colours were learnt: a fine pattern has
    others at another. ``least`` is what is asked for: log odds, and a share of the object's size.
    """
    if not model.colours.is_known:
        return []
    scale = max(1, round(frame.camera.width / 160))
    level = frame.level(scale)
    odds = np.clip(model.colours.log_odds()[seen_at.colour_bin], -3, 3)
    odds = cv2.resize(odds, level.depth_m.shape[::-1], interpolation=cv2.INTER_AREA)
    likely = cv2.GaussianBlur(odds, (5, 5), 1.2) > least[0]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(likely.astype(np.uint8))
    boxes: list[tuple[float, Box]] = []
    K = level.camera.K
    for i in range(1, count):
        depths = level.depth_m[(labels == i) & (level.depth_m > 0)]
        if len(depths) < 6:
            continue
        z = float(np.median(depths))
        u, v, w, h, area = stats[i].tolist()
        expected = (K[0, 0] * model.caster.mesh.diameter_m / z) ** 2
        if least[1] * expected < area < 2 * expected:
            ray = np.array([(u + w / 2 - K[0, 2]) / K[0, 0], (v + h / 2 - K[1, 2]) / K[1, 1], 1.0])
            box = ((u - 1) * scale, (v - 1) * scale, (u + w + 1) * scale, (v + h + 1) * scale)
            x0, y0, x1, y1 = (float(b) for b in box)
            boxes.append((float(np.linalg.norm(ray * z - near_cam)), (x0, y0, x1, y1)))
    boxes.sort()
    return [box for _, box in boxes[:limit]]


def _clip_box(box_xyxy: Box, frame: Frame) -> Box:
    camera = frame.camera
    x0, x1 = np.clip([box_xyxy[0], box_xyxy[2]], 0, camera.width - 1)
    y0, y1 = np.clip([box_xyxy[1], box_xyxy[3]], 0, camera.height - 1)
    if x1 - x0 < 4 or y1 - y0 < 4:
        raise BadInputError(
            f"box {box_xyxy} covers fewer than 4 pixels of the "
            f"{camera.width}x{camera.height} image; it is (x0, y0, x1, y1) in pixels"
        )
    return float(x0), float(y0), float(x1), float(y1)


def _box_depth(frame: Frame, box: Box) -> float:
    """Depth in the middle of the box, metres."""
    x0, y0, x1, y1 = box
    dx, dy = 0.25 * (x1 - x0), 0.25 * (y1 - y0)
    cut = slice(int(y0 + dy), int(y1 - dy) + 1), slice(int(x0 + dx), int(x1 - dx) + 1)
    z = frame.level(1).depth_m[cut]
    if (z > 0).mean() < 0.05:
        raise BadInputError(
            f"the box {tuple(round(b) for b in box)} holds no depth measurements; "
            "choose a frame in which the depth camera sees the object"
        )
    return float(np.median(z[z > 0]))


def _place(
    R: SO3,
    box: BoxXyxy,
    level: Level,
    caster: RayCaster,
    depth_m: float,
) -> SE3:
    """Translation that centres the silhouette in the box and brings its surface to the depth."""
    centre, K = R @ caster.mesh.centre, level.camera.K
    middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    z = depth_m + 0.25 * caster.mesh.diameter_m
    for _ in range(2):
        ray = np.array([(middle[0] - K[0, 2]) / K[0, 0], (middle[1] - K[1, 2]) / K[1, 1], 1.0])
        T = make_se3(R, ray * z - centre)
        rendering = caster.render(T, level.camera, margin_px=0)
        if len(rendering.pixels) < 6:
            return T
        observed = rendering.at_hits(level.depth_m)
        seen = observed > 0
        if seen.sum() >= 6:
            # The table can only be behind: trust the nearer part of the differences.
            gap = np.quantile(observed[seen] - rendering.points_cam[seen, 2], 0.4)
            z += float(np.clip(gap, -0.1, 0.1))
        outline = np.array([rendering.pixels.min(0), rendering.pixels.max(0)]).mean(0)
        middle = middle + (np.array([box[0] + box[2], box[1] + box[3]]) / 2 - outline)
    ray = np.array([(middle[0] - K[0, 2]) / K[0, 0], (middle[1] - K[1, 2]) / K[1, 1], 1.0])
    return make_se3(R, ray * z - centre)


def _quick_fit(
    T: SE3,
    box: BoxXyxy,
    level: Level,
    caster: RayCaster,
    config: TrackerConfig,
) -> float:
    """Depth agreement at a coarse scale, and how well the silhouette fills the box."""
    rendering = caster.render(T, level.camera)
    if len(rendering.pixels) < 6:
        return -1.0
    observed = rendering.at_hits(level.depth_m)
    gap = observed - rendering.points_cam[:, 2]
    seen = observed > 0
    if not seen.any():
        return -1.0
    agree = np.exp(-0.5 * (gap[seen] / 0.012) ** 2).mean()
    in_front = (gap[seen] < -3 * config.occlusion_m).mean()
    low, high = rendering.pixels.min(0) - 0.5, rendering.pixels.max(0) + 0.5
    overlap = np.clip(np.minimum(high, box[2:]) - np.maximum(low, box[:2]), 0, None).prod()
    union = (high - low).prod() + (box[2:] - box[:2]).prod() - overlap
    return float(agree - 0.3 * in_front + 0.7 * overlap / max(union, 1e-9))


def _judged(
    T: SE3,
    level: Level,
    model: ObjectModel,
    config: TrackerConfig,
    *,
    rounds: tuple[tuple[float, int], ...],
    use_texture: bool = True,
) -> tuple[SE3, Verdict]:
    refined = refine(T, level, model, config=config, rounds=rounds, use_texture=use_texture)
    verdict = verify(
        refined,
        level,
        caster=model.caster,
        appearance=model.appearance,
        colours=model.colours,
        lighting=model.lighting,
        config=config,
    )
    return refined, verdict


def _distinct(
    poses: list[tuple[SE3, Verdict]],
) -> list[tuple[SE3, Verdict]]:
    """Poses in order, without those within 10 degrees and 1 cm of a better one."""
    kept: list[tuple[SE3, Verdict]] = []
    for T, verdict in poses:
        for other, _ in kept:
            trace = np.trace(T[:3, :3].T @ other[:3, :3])
            is_same_turn = trace > 1 + 2 * np.cos(np.deg2rad(10))
            if is_same_turn and np.linalg.norm(T[:3, 3] - other[:3, 3]) < 0.01:
                break
        else:
            kept.append((T, verdict))
    return kept
