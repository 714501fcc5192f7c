"""Where tensors live: what ``--device`` means on this machine, and what is said where it cannot be.

Nothing here is identity: a device changes the last digits of a result, not what it is of. torch is
imported when a device other than the CPU is asked about.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import MissingDependencyError, OutOfDeviceMemoryError

if TYPE_CHECKING:
    import torch

DEVICE_PATTERN = r"^(auto|cpu|cuda(:\d+)?)$"
"""What may be asked for: ``auto`` is the first CUDA device where there is one, and the CPU else."""


def find_device(asked: str) -> "torch.device":
    """The device that was asked for, as torch calls it; with a number, if it is a GPU.

    Raises:
        MissingDependencyError: when this machine has no such device; says which there are.
    """
    import torch

    if asked == "cpu":
        return torch.device("cpu")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        return torch.device("cuda:0" if count else "cpu")
    index = int(asked.partition(":")[2] or 0)
    if index >= count:
        there = ", ".join(("cpu", *(f"cuda:{i}" for i in range(count))))
        why = ""
        if torch.version.cuda is None:
            why = f" This torch ({torch.__version__}) was built without CUDA."
        raise MissingDependencyError(
            f"device '{asked}' was asked for (--device or XSIM_DEVICE), and torch sees {there} "
            f"here.{why} Ask for one of these, or for 'auto'."
        )
    return torch.device("cuda", index)


def device_label(asked: str) -> str:
    """The device in words for records and reports, such as ``cuda:0 (NVIDIA H200)``."""
    if asked == "cpu":
        return "cpu"
    import torch

    found = find_device(asked)
    if found.type == "cpu":
        return "cpu"
    return f"{found} ({torch.cuda.get_device_name(found)})"


def take_gpu(asked: str) -> None:
    """Make the GPU that was asked for torch's current one, for what says ``cuda`` and no number.

    Raises:
        MissingDependencyError: when this machine has no such device.
    """
    import torch

    if (found := find_device(asked)).type == "cuda":
        torch.cuda.set_device(found)


@contextmanager
def device_memory(device: "torch.device | str", mend: str) -> Generator[None]:
    """Say in one sentence that the device's memory was too small for what the block does.

    Args:
        device: where the block works.
        mend: what takes less, as ``ppo.num_minibatches=8 (4 now)``.

    Raises:
        OutOfDeviceMemoryError: in place of torch's error, which is paragraphs of allocator state.
    """
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        wanted = str(error).partition(". ")[2].partition(". ")[0]
        raise OutOfDeviceMemoryError(
            f"{device} has too little free memory for this"
            f"{f' ({wanted})' if wanted.startswith('Tried') else ''}. Set {mend}, end what else "
            "works on the device, or take the machine's memory (--device cpu). Finished stages and "
            "the last checkpoint are kept."
        ) from error
