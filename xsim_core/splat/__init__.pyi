from .config import SplatConfig as SplatConfig
from .fit import fit_scene as fit_scene
