"""Photos with poses to a room of 2D Gaussians, its mesh and its collision geometry."""

from .fit import SplatConfig, fit_scene
from .ply import decode_ply, encode_ply

__all__ = ["SplatConfig", "decode_ply", "encode_ply", "fit_scene"]
