from .build import build_sim as build_sim
from .config import BuildSimConfig as BuildSimConfig
