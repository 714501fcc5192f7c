"""How the object can be turned without looking different: as declared, or as its mesh shows."""

import numpy as np

from xsim_core.capture.layout import CAPTURE_FILE, CaptureFile
from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh, transform_points
from xsim_core.geometry.find_symmetry import find_symmetry
from xsim_core.geometry.symmetry import turns_of
from xsim_core.geometry.symmetry_spec import ObjectSymmetry

MAX_OFF = 0.05
"""How far a declared turn may bring the surface from itself on average, in diameters: scans are
less regular than what they are of."""


def object_symmetry(
    file: CaptureFile, mesh: TexturedMesh, notes: list[str]
) -> ObjectSymmetry | None:
    """What the capture says; where it says nothing, what the mesh shows, with a note.

    Raises:
        BadInputError: when a declared turn does not bring the mesh onto itself.
    """
    if file.symmetry == "none":
        return None
    if file.symmetry is not None:
        _check(file.symmetry, mesh)
        return file.symmetry if file.symmetry.is_any else None
    found = find_symmetry(mesh)
    if not found.is_any:
        return None
    seen = "in shape and colours" if mesh.is_textured else "in shape; it came without colours"
    notes.append(
        f"the mesh has symmetries {seen} ({found.words}): of poses that look alike the track takes "
        f"the one nearest to the pose before. `symmetry: none` in {CAPTURE_FILE} where the object "
        "itself has none"
    )
    return found


def _check(declared: ObjectSymmetry, mesh: TexturedMesh) -> None:
    from scipy.spatial import cKDTree

    points = mesh.sample_surface(2000, rng=np.random.default_rng(0))
    tree, allowed_m = cKDTree(points), MAX_OFF * mesh.diameter_m
    for T in turns_of(declared, num_turns=7)[1:]:
        off_m = float(tree.query(transform_points(T, points[:500]))[0].mean())
        if off_m > allowed_m:
            raise BadInputError(
                f"{CAPTURE_FILE}: symmetry: a declared turn brings the mesh {1000 * off_m:.0f} mm "
                f"from itself ({1000 * allowed_m:.0f} mm are allowed). It is in the mesh's own "
                "frame, about a point on its axis, in metres (millimetres in BOP's spelling)"
            )
