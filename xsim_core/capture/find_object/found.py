"""What was found, and whether it can be the mesh's object by its size."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xsim_core.film.standing import Box
from xsim_core.geometry import TexturedMesh

BoxFrom = Literal["drawn", "click", "motion"]
"""Who says where the object is: a person's box, a person's click, or what moves in the film."""

LEAST_M = 0.03
"""Smaller than this across, without a mesh to compare with, is no object."""
SEEN_LEAST, SEEN_MOST, BLUR_M = 0.75, 1.15, 0.01
"""Of the diagonal of the mesh's smallest side, and of its diameter, what is seen of it measures
across at least and at most; the depth's blur comes on top."""
MARGIN_M = 0.003
"""The box is wider than what stands out of the table by so much: the foot is of the object too."""
MEND = (
    "Write init_box_xyxy (left, top, right, bottom) or click (a pixel on it) into capture.yaml, or "
    "draw it in the browser: xsim capture annotate FOLDER"
)


@dataclass(frozen=True)
class FoundObject:
    """The object's box, and what a person should know of how it was had."""

    box_xyxy: Box
    diameter_m: float
    """Of what is seen of it."""
    note: str


@dataclass(frozen=True)
class Sizes:
    """How large across what is seen of the object can be, metres."""

    least_m: float = LEAST_M
    most_m: float = np.inf
    mesh_m: float | None = None
    """The mesh's diameter, where there is one."""

    @staticmethod
    def of(mesh: TexturedMesh | None) -> "Sizes":
        """Of a mesh, by its principal axes; without one nearly anything."""
        if mesh is None:
            return Sizes()
        points = mesh.vertices.astype(np.float64) - mesh.vertices.mean(0)
        # Of fewer than three points SVD would leave axes out.
        axes = np.linalg.svd(points, full_matrices=len(points) < 3)[2]
        middle, smallest = np.sort(np.ptp(points @ axes.T, axis=0))[::-1][1:]
        least_m = SEEN_LEAST * float(np.hypot(middle, smallest)) - BLUR_M
        return Sizes(least_m, SEEN_MOST * mesh.diameter_m + BLUR_M, mesh.diameter_m)

    def fit(self, diameter_m: float) -> bool:
        """Whether it can be the object's."""
        return self.least_m <= diameter_m <= self.most_m


def widened(box: Box, z_m: float, fx: float, image_wh: tuple[int, int]) -> Box:
    """A box around what stands out of the table, with its foot."""
    margin, (width, height) = MARGIN_M * fx / max(z_m, 0.1), image_wh
    left, top = max(0.0, box[0] - margin), max(0.0, box[1] - margin)
    right, bottom = min(float(width), box[2] + margin), min(float(height), box[3] + margin)
    return round(left, 1), round(top, 1), round(right, 1), round(bottom, 1)


def box_words(box: Box) -> str:
    """As ``capture.yaml`` takes it."""
    return f"[{', '.join(f'{value:.0f}' for value in box)}]"
