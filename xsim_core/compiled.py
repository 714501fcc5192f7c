"""C++ beside the Python that needs it: compiled on first use for this very processor, and kept."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

from xsim_core.errors import MissingDependencyError
from xsim_core.files.cache import cache_folder
from xsim_core.scratch import drafted

# Not -ffast-math: the kernels rely on NaN comparing false, as where a disc is seen edge-on.
FLAGS = (
    "-O3", "-march=native", "-mprefer-vector-width=512", "-std=c++17", "-fopenmp-simd",
    "-pthread", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros",
)  # fmt: skip


def compiled(source: Path, *, name: str, what: str, instead: str) -> ctypes.CDLL:
    """The library made of a C++ file and the headers (``*.h``) that lie beside it.

    Args:
        source: the file.
        name: begins the library's name in the cache.
        what: what is compiled, for the sentence when that cannot be done.
        instead: what may be done without a compiler, for the same.

    Raises:
        MissingDependencyError: when there is no C++ compiler, or it fails.
    """
    path = cache_folder() / f"{name}-{_key(source)}.so"
    if not path.exists():
        _compile(source, path, what, instead)
    return ctypes.CDLL(str(path))


def _key(source: Path) -> str:
    """Digest of all that changes the machine code: the source, our flags and the CPU's features."""
    digest = hashlib.sha256(source.read_bytes())
    for header in sorted(source.parent.glob("*.h")):
        digest.update(header.read_bytes())
    digest.update(" ".join((*FLAGS, _compiler() or "", platform.machine())).encode())
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        digest.update(next((x for x in lines if x.startswith("flags")), "").encode())
    return digest.hexdigest()[:20]


def _compiler() -> str | None:
    return os.environ.get("CXX") or shutil.which("g++")


def _compile(source: Path, path: Path, what: str, instead: str) -> None:
    compiler = _compiler()
    if compiler is None or shutil.which(compiler) is None:
        raise MissingDependencyError(
            f"{what} is compiled on first use and needs a C++ compiler, but no 'g++' "
            f"was found. Install it with: apt-get install g++ (or name one in CXX), or {instead}."
        )
    # Several workers may compile at once, each into a draft of its own.
    with drafted(path) as draft:
        done = subprocess.run(
            [compiler, *FLAGS, str(source), "-o", str(draft)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise MissingDependencyError(
                f"'{compiler}' could not compile {source.name} (exit {done.returncode}). "
                f"A GNU compiler of version 9 or later works: apt-get install g++. "
                f"It said: {done.stderr[-800:]}"
            )
