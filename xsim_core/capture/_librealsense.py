"""The one place that imports pyrealsense2."""

import ctypes
from types import ModuleType

from xsim_core.errors import MissingDependencyError


def import_realsense() -> ModuleType:
    """The ``pyrealsense2`` module.

    Its wheel links libusb but does not bring it. Where the system has none, the copy inside the
    ``libusb-package`` wheel is loaded first; files need no USB, only the symbol table does.

    Raises:
        MissingDependencyError: when neither can be loaded.
    """
    try:
        import pyrealsense2
    except ImportError:
        try:
            import libusb_package

            ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
            import pyrealsense2
        except (ImportError, OSError) as error:
            raise MissingDependencyError(
                f"pyrealsense2 cannot be loaded ({error}). Install it and the system package "
                "libusb-1.0-0, or read the recording as a plain RGB-D folder."
            ) from error
    return pyrealsense2
