"""Mass, centre and inertia of a body made of convex pieces, as PhysX sums them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RigidBody:
    """Of uniform density; where pieces overlap both count, as in PhysX."""

    mass_kg: float
    centre: NDArray[np.float64]
    """(3,) centre of mass, metres, in the object's frame."""
    inertia: NDArray[np.float64]
    """(3, 3) about the centre of mass, kg m², in the object's axes."""

    @staticmethod
    def of_pieces(pieces: Sequence[Any], *, density_kg_m3: float) -> "RigidBody":
        """The body of these convex ``trimesh.Trimesh``."""
        parts = [piece.convex_hull for piece in pieces]
        masses = np.array([part.volume * density_kg_m3 for part in parts])
        centres = np.array([part.center_mass for part in parts])
        mass, centre = float(masses.sum()), masses @ centres / masses.sum()
        inertia = np.zeros((3, 3))
        for part, m, c in zip(parts, masses, centres, strict=True):
            d = c - centre
            # Parallel axes; trimesh's moments are those of density 1.
            inertia += density_kg_m3 * part.moment_inertia + m * (
                d @ d * np.eye(3) - np.outer(d, d)
            )
        return RigidBody(mass, centre, inertia)
