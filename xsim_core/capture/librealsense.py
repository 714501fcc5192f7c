"""The one door to pyrealsense2, which links libusb without bringing it."""

import ctypes
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from xsim_core.errors import MissingDependencyError


def load_librealsense() -> Any:
    """The ``pyrealsense2`` module.

    Its wheel needs ``libusb-1.0.so.0``; where the system has none, the copy in the wheel of
    ``libusb-package`` is loaded first. Files are read and written without any USB device.

    Raises:
        MissingDependencyError: when the module or its libraries are not there.
    """
    try:
        return import_module("pyrealsense2")
    except ImportError:
        _preload_libusb()
    try:
        return import_module("pyrealsense2")
    except ImportError as error:
        raise MissingDependencyError(
            f"pyrealsense2 cannot be loaded ({error}). Install it with 'pip install pyrealsense2 "
            "libusb-package', or the system package libusb-1.0-0."
        ) from error


def _preload_libusb() -> None:
    try:
        path = distribution("libusb-package").locate_file("libusb_package/libusb-1.0.so")
    except PackageNotFoundError:
        return
    if Path(str(path)).is_file():
        # Once loaded, its soname satisfies the linker.
        ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
