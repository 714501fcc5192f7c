"""The Vulkan drivers of this machine, asked of Vulkan itself; ``python -m`` prints them as JSON.

SAPIEN tells a device's name and not its driver's version; that decides whether it can render: it
wants ``VK_KHR_external_semaphore_fd``, which Mesa's lavapipe has since 24.3.
"""

import ctypes
import importlib.util
import json
import re
import sys
from pathlib import Path

MIN_MESA = (24, 3)
_VULKAN_1_1 = (1 << 22) | (1 << 12)
_INSTANCE_CREATE_INFO, _PROPERTIES_2, _DRIVER_PROPERTIES = 1, 1000059001, 1000196000
"""VkStructureType, as are all numbers of this kind in vulkan_core.h."""


class _ApplicationInfo(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int32), ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p), ("version", ctypes.c_uint32),
        ("engine", ctypes.c_char_p), ("engine_version", ctypes.c_uint32),
        ("api_version", ctypes.c_uint32),
    )  # fmt: skip


class _InstanceCreateInfo(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int32), ("next", ctypes.c_void_p), ("flags", ctypes.c_uint32),
        ("application", ctypes.POINTER(_ApplicationInfo)),
        ("num_layers", ctypes.c_uint32), ("layers", ctypes.c_void_p),
        ("num_extensions", ctypes.c_uint32), ("extensions", ctypes.c_void_p),
    )  # fmt: skip


class _DriverProperties(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int32), ("next", ctypes.c_void_p), ("id", ctypes.c_int32),
        ("name", ctypes.c_char * 256), ("info", ctypes.c_char * 256),
        ("conformance", ctypes.c_uint8 * 4),
    )  # fmt: skip


class _Properties2(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int32), ("next", ctypes.c_void_p),
        ("versions", ctypes.c_uint32 * 2), ("ids", ctypes.c_uint32 * 3),
        ("device", ctypes.c_char * 256), ("uuid", ctypes.c_uint8 * 16),
        # VkPhysicalDeviceLimits and -SparseProperties, 528 bytes with their padding.
        ("limits", ctypes.c_uint64 * 66),
    )  # fmt: skip


def drivers() -> list[str]:
    """Each device with its driver: "llvmpipe (LLVM 19.1.7, 256 bits): Mesa 25.0.7 (LLVM 19.1.7)".

    Loads the drivers, any of which can take the process down: for a child.

    Raises:
        OSError: when there is no Vulkan loader, or none of its drivers works.
    """
    vulkan = ctypes.CDLL(_loader())
    application = _ApplicationInfo(type=0, api_version=_VULKAN_1_1)
    wanted = _InstanceCreateInfo(
        type=_INSTANCE_CREATE_INFO, application=ctypes.pointer(application)
    )
    instance, count = ctypes.c_void_p(), ctypes.c_uint32()
    if result := vulkan.vkCreateInstance(ctypes.byref(wanted), None, ctypes.byref(instance)):
        raise OSError(f"vkCreateInstance answers {result}")
    vulkan.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), None)
    devices = (ctypes.c_void_p * count.value)()
    vulkan.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), devices)
    found: list[str] = []
    for device in devices:
        driver = _DriverProperties(type=_DRIVER_PROPERTIES)
        properties = _Properties2(type=_PROPERTIES_2, next=ctypes.addressof(driver))
        vulkan.vkGetPhysicalDeviceProperties2(ctypes.c_void_p(device), ctypes.byref(properties))
        # Mesa's info says whose it is; NVIDIA's is a bare number.
        maker = "" if b"Mesa" in driver.info else f"{driver.name.decode()} "
        found.append(f"{properties.device.decode()}: {maker}{driver.info.decode()}")
    return found


def mesa_version(driver: str) -> tuple[int, int] | None:
    """Major and minor of the Mesa that a driver says it is of; None for another maker's."""
    found = re.search(r"\bMesa (\d+)\.(\d+)", driver)
    return (int(found[1]), int(found[2])) if found else None


def too_old(driver: str) -> bool:
    """Whether SAPIEN refuses it: lavapipe before it had what SAPIEN wants."""
    version = mesa_version(driver)
    return "llvmpipe" in driver and version is not None and version < MIN_MESA


def _loader() -> str:
    """SAPIEN's own choice: the system's loader, or the one in its package."""
    try:
        ctypes.CDLL("libvulkan.so.1")
    except OSError:
        spec = importlib.util.find_spec("sapien")
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in Path(folder).glob("vulkan_library/libvulkan.so*"):
                return str(path)
    return "libvulkan.so.1"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(drivers()))
