"""Procedural textures: rich enough for SIFT, smooth enough for splats and for mip-mapping."""

import numpy as np
from numpy.typing import NDArray

RGB = NDArray[np.uint8]


def fractal_noise(
    height: int, width: int, *, cells: int, octaves: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Bicubic value noise, (height, width) in [0, 1]; ``cells`` cells along the longer side."""
    import cv2

    total = np.zeros((height, width), dtype=np.float32)
    longest = max(height, width)
    for octave in range(octaves):
        n = cells * 2**octave
        grid = (max(2, round(n * height / longest)), max(2, round(n * width / longest)))
        layer = rng.random(grid, dtype=np.float32)
        layer = cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC)
        total += layer * 0.55**octave
    low, high = np.quantile(total, [0.01, 0.99])
    return np.clip((total - low) / max(float(high - low), 1e-6), 0, 1)


def patterned_texture(
    height: int,
    width: int,
    *,
    rng: np.random.Generator,
    base_rgb: tuple[float, float, float] = (0.6, 0.5, 0.4),
    contrast: float = 0.35,
    cells: int = 12,
    num_shapes: int = 120,
    shape_px: tuple[float, float] = (6.0, 20.0),
    shape_mix: float = 0.5,
    blur_px: float = 1.0,
) -> RGB:
    """Marbled noise with smooth discs, bars and rings strewn over it.

    Args:
        height: rows.
        width: columns.
        rng: source of the pattern.
        base_rgb: mean colour in [0, 1].
        contrast: swing of the marbling around it.
        cells: noise cells of the first octave along the longer side.
        num_shapes: how many shapes.
        shape_px: range of their radii.
        shape_mix: how far their colours leave ``base_rgb`` for a random one, in [0, 1].
        blur_px: softens everything, so that renders at a distance do not alias.
    """
    import cv2

    noise = [fractal_noise(height, width, cells=cells, octaves=4, rng=rng) - 0.5 for _ in range(2)]
    shade = noise[0][..., None] * contrast * 1.6
    hue = noise[1][..., None] * contrast * np.array([0.9, -0.3, -0.8], dtype=np.float32)
    image = np.array(base_rgb, dtype=np.float32) + shade + hue
    image = np.ascontiguousarray(np.clip(image, 0.03, 0.97) * 255).astype(np.float32)
    for _ in range(num_shapes):
        colour = (1 - shape_mix) * 255 * np.array(base_rgb) + shape_mix * rng.uniform(0, 255, 3)
        _draw_shape(image, shape_px, [float(c) for c in colour], rng)
    image = cv2.GaussianBlur(image, (0, 0), blur_px) if blur_px > 0 else image
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def to_rgb(image: NDArray[np.floating], *, blur_px: float) -> RGB:
    """8-bit colours of an image (h, w, 3) in [0, 1], softened so that it does not alias."""
    import cv2

    soft = cv2.GaussianBlur(np.asarray(image, np.float32), (0, 0), blur_px)
    return np.clip(np.rint(255 * np.asarray(soft)), 0, 255).astype(np.uint8)


def _draw_shape(
    image: NDArray[np.float32],
    shape_px: tuple[float, float],
    rgb: list[float],
    rng: np.random.Generator,
) -> None:
    import cv2

    h, w = image.shape[:2]
    centre = (int(rng.integers(0, w)), int(rng.integers(0, h)))
    radius = float(np.exp(rng.uniform(*np.log(shape_px))))
    axes = (max(1, round(radius)), max(1, round(radius * rng.uniform(0.3, 1.0))))
    angle_deg = float(rng.uniform(0, 180))
    match int(rng.integers(0, 3)):
        case 0:
            cv2.ellipse(image, centre, axes, angle_deg, 0, 360, rgb, -1, cv2.LINE_AA)
        case 1:
            thickness = max(1, round(radius * 0.35))
            cv2.ellipse(image, centre, axes, angle_deg, 0, 360, rgb, thickness, cv2.LINE_AA)
        case _:
            corners = cv2.boxPoints((centre, (2.0 * axes[0], 1.2 * axes[1]), angle_deg))
            cv2.fillConvexPoly(image, corners.round().astype(np.int32), rgb, cv2.LINE_AA)


def tinted(texture: RGB, tint: tuple[float, float, float]) -> RGB:
    """The texture with its channels multiplied by ``tint``."""
    return np.clip(texture * np.array(tint, dtype=np.float32), 0, 255).astype(np.uint8)
