"""A room's Gaussians as the PLY files of 3D and 2D Gaussian splatting.

Columns as the reference code's ``save_ply`` names and orders them (Kerbl et al. 2023, Huang et al.
2024): ``f_dc`` per colour, ``f_rest`` coefficients colour by colour, logits of opacity, logarithms
of scales, quaternions with w first. The reference code refuses files without the coefficients of
its degree, 3; those above degree 0 are zero here.
"""

from pathlib import Path

from xsim_core.artifacts import SplatScene
from xsim_core.geometry.gaussian_ply import COLUMNS, encode_ply

from .source import Source

NUM_REST = 3 * (4**2 - 1)
_at = COLUMNS.index("opacity")
COLUMNS_3DGS = (*COLUMNS[:_at], *(f"f_rest_{i}" for i in range(NUM_REST)), *COLUMNS[_at:])
COLUMNS_2DGS = tuple(c for c in COLUMNS_3DGS if c != "scale_2")
ARRAYS = ("means", "quats_wxyz", "scales", "opacities", "sh0")


def write_3dgs(source: Source[SplatScene], folder: Path) -> list[str]:
    """``point_cloud.ply`` with three scales a Gaussian, the third of them 10 µm."""
    return _write(source, folder, COLUMNS_3DGS)


def write_2dgs(source: Source[SplatScene], folder: Path) -> list[str]:
    """``point_cloud.ply`` with two scales a Gaussian."""
    return _write(source, folder, COLUMNS_2DGS)


def _write(source: Source[SplatScene], folder: Path, columns: tuple[str, ...]) -> list[str]:
    scene = source.artifact
    arrays = {name: scene.array(name) for name in ARRAYS}
    (folder / "point_cloud.ply").write_bytes(encode_ply(arrays, columns))
    r, g, b = scene.array("background_rgb").tolist()
    return [f"Where no Gaussian is the room was fitted on RGB {r:.3f} {g:.3f} {b:.3f}."]
