"""Compile the C++ kernel on first use and load it with ctypes."""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

from xsim_core.cache import cache_folder
from xsim_core.errors import MissingDependencyError
from xsim_core.scratch import drafted

SOURCE = Path(__file__).with_name("_kernel.cpp")

# Not -ffast-math: the kernel relies on NaN comparing false where a disc is seen edge-on.
FLAGS = (
    "-O3", "-march=native", "-mprefer-vector-width=512", "-std=c++17", "-fopenmp-simd",
    "-pthread", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros",
)  # fmt: skip

_FLOATS = ctypes.c_void_p
_CAMERA_SIZE = [_FLOATS, _FLOATS, ctypes.c_int, ctypes.c_int]
_SPLATS = [ctypes.c_int] + [_FLOATS] * 5


@functools.cache
def load_kernel() -> ctypes.CDLL:
    """The compiled kernel, with its signatures declared.

    Raises:
        MissingDependencyError: when there is no C++ compiler, or it fails.
    """
    path = cache_folder() / f"rasterize-{_key()}.so"
    if not path.exists():
        _compile(path)
    library = ctypes.CDLL(str(path))
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


def _key() -> str:
    """Digest of all that changes the machine code: the source, our flags and the CPU's features."""
    digest = hashlib.sha256(SOURCE.read_bytes())
    digest.update(" ".join((*FLAGS, _compiler() or "", platform.machine())).encode())
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        digest.update(next((x for x in lines if x.startswith("flags")), "").encode())
    return digest.hexdigest()[:20]


def _compiler() -> str | None:
    return os.environ.get("CXX") or shutil.which("g++")


def _compile(path: Path) -> None:
    compiler = _compiler()
    if compiler is None or shutil.which(compiler) is None:
        raise MissingDependencyError(
            "the splat rasteriser is compiled on first use and needs a C++ compiler, but no 'g++' "
            "was found. Install it with: apt-get install g++ (or name one in CXX), "
            "or choose backend='reference' for tiny scenes, 'gsplat' on CUDA."
        )
    # Several workers may compile at once, each into a draft of its own.
    with drafted(path) as draft:
        done = subprocess.run(
            [compiler, *FLAGS, str(SOURCE), "-o", str(draft)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise MissingDependencyError(
                f"'{compiler}' could not compile {SOURCE.name} (exit {done.returncode}). "
                f"A GNU compiler of version 9 or later works: apt-get install g++. "
                f"It said: {done.stderr[-800:]}"
            )
