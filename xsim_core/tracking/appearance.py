"""What the object looks like: texture lookups, lighting, colour histograms."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from xsim_core.geometry import TexturedMesh
from xsim_core.geometry.arrays import Flags, Points3, Texcoords, Values

from .config import Engine
from .frame import Level
from .kernel import calls
from .kernel.structures import Looks
from .raycast import Rendering, dilate, erode

NUM_BINS = 16**3


class Appearance:
    """The object's texture as a pyramid; learnt from frames when the mesh came without one."""

    def __init__(self, mesh: TexturedMesh) -> None:
        """Build the pyramid."""
        self._is_learning = not mesh.is_textured
        self._texels_per_m = mesh.texels_per_m
        self._pyramid = _pyramid(mesh.texture.astype(np.float32))
        h, w = mesh.texture.shape[:2]
        self._weight = np.zeros((h, w), np.float32)

    @property
    def learned_texture(self) -> NDArray[np.float32]:
        """The texture (th, tw, 3) in [0, 255] as it was brought or has been learnt so far."""
        return self._pyramid[0]

    def looks(self, colours: "ColourModel", lighting: "Lighting") -> Looks:
        """As the kernel sees it, with what else is known of the object's colours."""
        return Looks.of(
            self._pyramid,
            self._weight,
            is_learning=self._is_learning,
            texels_per_m=self._texels_per_m,
            light=(lighting.shading, lighting.gain),
            log_odds=colours.log_odds(),
            are_colours_known=colours.is_known,
        )

    def lookup(self, rendering: Rendering, focal_px: float) -> tuple[Points3, Flags]:
        """Colours (n, 3) in [0, 255] of the rendered points, and which of them are known (n,)."""
        n = len(rendering.texcoord)
        if n == 0:
            return np.zeros((0, 3), np.float32), np.zeros(0, bool)
        z = float(np.median(rendering.points_cam[:, 2]))
        texels_per_px = self._texels_per_m * z / focal_px
        # A learnt atlas has cells of unrelated faces side by side and is never minified.
        coarse = 0 if self._is_learning else int(np.round(np.log2(max(texels_per_px, 1.0))))
        image = self._pyramid[min(coarse, len(self._pyramid) - 1)]
        colours = _sample(image, rendering.texcoord)
        if not self._is_learning:
            return colours, np.ones(n, bool)
        column, row = _texel(rendering.texcoord, self._weight.shape)
        return colours, self._weight[row, column] > 0

    def learn(
        self,
        rendering: Rendering,
        level: Level,
        use: Flags,
        *,
        max_weight: float = 20,
        engine: Engine = "cpp",
    ) -> None:
        """Blend the colours seen at rendered points (n,) into the texture where ``use``."""
        if not self._is_learning or not use.any():
            return
        rgb = rendering.at_hits(level.rgb)[use].astype(np.float32)
        column, row = _texel(rendering.texcoord[use], self._weight.shape)
        texels_per_px = (
            self._texels_per_m * rendering.points_cam[:, 2].mean() / level.camera.K[0, 0]
        )
        seen = (column, row), rgb, int(np.ceil(texels_per_px / 2)), max_weight
        match engine:
            case "cpp":
                calls.blend_into(self._pyramid[0], self._weight, *seen)
            case "reference":
                blend_into(self._pyramid[0], self._weight, *seen)


def blend_into(
    texture: NDArray[np.float32],
    weight: NDArray[np.float32],
    texels: tuple[NDArray[np.int64], NDArray[np.int64]],
    rgb: NDArray[np.float32],
    radius: int,
    max_weight: float,
) -> None:
    """Blend colours (n, 3) into a texture (h, w, 3) at columns and rows (n,) and around them.

    ``weight`` (h, w), how often a texel was seen, counts along up to ``max_weight``.
    """
    for dv in range(-radius, radius + 1):
        for du in range(-radius, radius + 1):
            r = np.clip(texels[1] + dv, 0, texture.shape[0] - 1)
            c = np.clip(texels[0] + du, 0, texture.shape[1] - 1)
            seen = weight[r, c]
            share = (1 / (seen + 1))[:, None]
            texture[r, c] = (1 - share) * texture[r, c] + share * rgb
            weight[r, c] = np.minimum(seen + 1, max_weight)


def _pyramid(texture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    levels = [texture]
    while min(levels[-1].shape[:2]) >= 8:
        h, w = levels[-1].shape[:2]
        half = cv2.resize(levels[-1], (w // 2, h // 2), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(half, np.float32))
    return levels


def _sample(image: NDArray[np.float32], texcoord: Texcoords) -> Points3:
    h, w = image.shape[:2]
    column = texcoord[:, 0] * w - 0.5
    row = (1 - texcoord[:, 1]) * h - 0.5
    # cv2.remap takes maps of at most 32767 rows, so the points are laid out as a wide image.
    columns = 1024
    n = len(texcoord)
    pad = -n % columns
    map_u, map_v = (
        np.pad(m, (0, pad)).astype(np.float32).reshape(-1, columns) for m in (column, row)
    )
    out = cv2.remap(image, map_u, map_v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.float32).reshape(-1, 3)[:n]


def _texel(
    texcoord: Texcoords, shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    column = np.clip((texcoord[:, 0] * shape[1]).astype(np.int64), 0, shape[1] - 1)
    row = np.clip(((1 - texcoord[:, 1]) * shape[0]).astype(np.int64), 0, shape[0] - 1)
    return column, row


@dataclass(frozen=True)
class Lighting:
    """Observed colour = gain_c * (shading . [1, normal]) * texture colour."""

    shading: NDArray[np.float64]
    """(4,): first-order spherical harmonics of a distant light, in the camera frame."""
    gain: NDArray[np.float64]
    """(3,) per channel."""

    @staticmethod
    def neutral() -> "Lighting":
        """Texture colours as they are."""
        return Lighting(np.array([1.0, 0, 0, 0]), np.ones(3))

    def factors(self, normals_cam: Points3) -> Values:
        """Grey shading (n,) at normals (n, 3)."""
        return np.clip(self.shading[0] + normals_cam @ self.shading[1:], 0.1, 4.0)

    def apply(self, colours: Points3, normals_cam: Points3) -> Points3:
        """Colours (n, 3) as the camera should see them."""
        return np.clip(colours * self.factors(normals_cam)[:, None] * self.gain, 0, 255)


def fit_lighting(
    colours: Points3,
    observed: Points3,
    normals_cam: Points3,
    *,
    prior: Lighting,
    prior_weight: float = 0.1,
) -> Lighting:
    """Robust fit of the lighting that turns texture colours (n, 3) into observed ones (n, 3)."""
    if len(colours) < 20:
        return prior
    tex, obs = colours.mean(-1), (observed / prior.gain).mean(-1)
    basis = np.concatenate([np.ones((len(tex), 1)), normals_cam], axis=-1) * tex[:, None]
    scale = float((tex**2).sum())
    damp = np.array([0.1, 1.0, 1.0, 1.0]) * prior_weight * scale
    shading, weight = prior.shading, np.ones(len(tex))
    for _ in range(3):
        lhs = (basis * weight[:, None]).T @ basis + np.diag(damp)
        rhs = (basis * weight[:, None]).T @ obs + damp * prior.shading
        shading = np.linalg.solve(lhs, rhs)
        residual = obs - basis @ shading
        sigma = 1.4826 * np.median(np.abs(residual)) + 4.0
        weight = np.clip(1 - (residual / (4 * sigma)) ** 2, 0, None) ** 2
    lit = colours * Lighting(shading, np.ones(3)).factors(normals_cam)[:, None]
    top, bottom = (weight[:, None] * lit * observed).sum(0), (weight[:, None] * lit**2).sum(0)
    damp_gain = 0.1 * bottom.mean() + 1e-6
    gain = np.clip((top + damp_gain * prior.gain) / (bottom + damp_gain), 0.4, 2.5)
    return Lighting(shading, gain)


def colour_agreement(
    rendering: Rendering,
    level: Level,
    lit: Points3,
    known: Flags,
    *,
    tolerance: float = 28.0,
) -> Values:
    """How far (n,) in [0, 1] observed colours are those of the lit texture (n, 3), blurred.

    Depth cannot tell a finger that touches the object from the object; colour can. The blur
    forgives misalignment by a few pixels. Where the texture is unknown the answer is 1.
    """
    weight = rendering.image_of(known.astype(np.float32))
    seen = rendering.at_hits(level.rgb).astype(np.float32)
    difference = rendering.image_of((seen - lit) * known[:, None])
    soft = cv2.GaussianBlur(difference, (9, 9), 1.8)
    soft /= np.maximum(cv2.GaussianBlur(weight, (9, 9), 1.8), 0.05)[..., None]
    worst = np.abs(soft[rendering.mask]).max(-1)
    return np.where(known, 1 / (1 + (worst / tolerance) ** 6), 1.0)


class ColourModel:
    """Colour histograms of the object and of what surrounds it."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._foreground = np.zeros(NUM_BINS)
        self._background = np.zeros(NUM_BINS)
        self._odds: NDArray[np.float32] | None = None

    @property
    def is_known(self) -> bool:
        """Whether any frame was learnt from."""
        return bool(self._foreground.sum() > 0)

    def log_odds(self) -> NDArray[np.float32]:
        """log(p(colour | object) / p(colour | surroundings)) per histogram bin."""
        if self._odds is None:
            floor = 2e-4
            odds = np.log((self._foreground + floor) / (self._background + floor))
            self._odds = odds.astype(np.float32)
        return self._odds

    def learn(self, rendering: Rendering, level: Level, is_object: Flags, *, rate: float) -> None:
        """Update from a trusted pose; ``is_object`` (n,) marks unoccluded pixels."""
        surround = ~dilate(rendering.mask, 3)
        bins = level.colour_bin[rendering.roi.slices]
        inner = erode(rendering.mask, 1)[rendering.mask] & is_object
        self._foreground = _blend(self._foreground, bins[rendering.mask][inner], rate)
        self._background = _blend(self._background, bins[surround], rate)
        self._odds = None


def _blend(
    histogram: NDArray[np.float64], bins: NDArray[np.int32], rate: float
) -> NDArray[np.float64]:
    if len(bins) < 20:
        return histogram
    cube = np.bincount(bins, minlength=NUM_BINS).astype(np.float64).reshape(16, 16, 16)
    # Neighbouring bins count a little: sensor noise moves colours across bin borders.
    cube = gaussian_filter(cube, 0.7, mode="constant")
    new = cube.reshape(-1) / cube.sum()
    return new if histogram.sum() == 0 else (1 - rate) * histogram + rate * new
