from .config import SplatConfig as SplatConfig
from .fit import fit_scene as fit_scene
from .ply import COLUMNS as COLUMNS, decode_ply as decode_ply, encode_ply as encode_ply
