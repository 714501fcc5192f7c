"""PhysX's GPU library, which SAPIEN's wheel does not bring: where it lies, and who puts it there.

``physx_cuda`` loads it from ``~/.sapien/physx/VERSION``. SAPIEN fetches it from its releases on
GitHub when it is first asked for a GPU, and where that fails leaves an error of the network's or of
a zip file's. An image brings it along with ``python -m xsim_core.sim.maniskill.physx_gpu``, which
needs no GPU.
"""

import sys
from pathlib import Path

from xsim_core.errors import MissingDependencyError

CUDA_BACKENDS = ("gpu", "cuda", "physx_cuda")
"""ManiSkill's names of it; a device may follow: ``physx_cuda:1``."""


def library_path() -> Path:
    """Where SAPIEN looks for the library that belongs to its PhysX."""
    import sapien

    version = str(sapien.physx.version())
    return Path.home() / ".sapien" / "physx" / version / "libPhysXGpu_64.so"


def fetch_library() -> Path:
    """The library's path; SAPIEN fetches the library if it is not there.

    Raises:
        MissingDependencyError: when it is not there and could not be fetched.
    """
    import sapien

    if not (path := library_path()).exists():
        try:
            sapien.physx.enable_gpu()
        except Exception as error:
            # Once it has the library SAPIEN loads libcuda, which comes with the driver alone.
            if not path.exists():
                raise MissingDependencyError(
                    f"PhysX's GPU library is not at {path}, and SAPIEN could not fetch it "
                    f"({type(error).__name__}: {error}). On a machine with a network run "
                    f"'python -m xsim_core.sim.maniskill.physx_gpu' and copy {path.parent.parent} "
                    "from there, or simulate on the CPU (sim_backend='physx_cpu', one environment)."
                ) from error
    return path


def check_backend(sim_backend: str, num_envs: int) -> None:
    """Refuse a GPU that is not there before ManiSkill begins to build on it.

    Args:
        sim_backend: ManiSkill's; ``auto`` is the GPU for more than one environment.
        num_envs: environments in the one scene.

    Raises:
        MissingDependencyError: without a CUDA device, or without PhysX's GPU library.
    """
    import torch

    name = sim_backend.partition(":")[0]
    if name not in CUDA_BACKENDS and not (name == "auto" and num_envs > 1):
        return
    if not torch.cuda.is_available():
        raise MissingDependencyError(
            f"sim_backend='{sim_backend}' with num_envs={num_envs} simulates on a CUDA device, and "
            "torch sees none. Use sim_backend='physx_cpu' with num_envs=1; more environments on "
            "the CPU are processes, such as xsim_core.sim.EnvPool."
        )
    fetch_library()


if __name__ == "__main__":
    sys.stdout.write(f"{fetch_library()}\n")
