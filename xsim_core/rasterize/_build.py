"""The splat rasteriser's kernel, with its signatures declared."""

import ctypes
import functools
from pathlib import Path

from xsim_core.compiled import compiled

SOURCE = Path(__file__).with_name("_kernel.cpp")

_FLOATS = ctypes.c_void_p
_CAMERA_SIZE = [_FLOATS, _FLOATS, ctypes.c_int, ctypes.c_int]
_SPLATS = [ctypes.c_int] + [_FLOATS] * 5


@functools.cache
def load_kernel() -> ctypes.CDLL:
    """The compiled kernel, with its signatures declared.

    Raises:
        MissingDependencyError: when there is no C++ compiler, or it fails.
    """
    library = compiled(
        SOURCE,
        name="rasterize",
        what="the splat rasteriser",
        instead="choose backend='reference' for tiny scenes, 'gsplat' on CUDA",
    )
    library.xsim_render_forward.argtypes = [
        *_SPLATS,
        *_CAMERA_SIZE,
        _FLOATS,
        ctypes.c_int,
        *[_FLOATS] * 5,
    ]
    library.xsim_render_forward.restype = None
    library.xsim_render_backward.argtypes = [
        *_SPLATS,
        *_CAMERA_SIZE,
        ctypes.c_int,
        *[_FLOATS] * 14,
    ]
    library.xsim_render_backward.restype = None
    return library
