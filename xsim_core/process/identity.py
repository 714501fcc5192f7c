"""A process, told apart from all others: of other machines, containers, boots and moments."""

import hashlib
import os
import platform
from pathlib import Path
from typing import Literal

Fate = Literal["alive", "gone", "elsewhere"]
"""``elsewhere``: on another machine or in another container, where nothing can be known of it."""


def this_process() -> str:
    """Host, number, start, machine, boot and namespace of process numbers; blanks between."""
    return " ".join((platform.node(), str(os.getpid()), _start_of(os.getpid()), *_place()))


def fate_of(process: str) -> Fate:
    """What became of a process that ``this_process`` named, perhaps long ago."""
    match process.split(" "):
        case [host, number, start, *place] if host == platform.node() and number.isdecimal():
            here = _place()
            if place and place != here:
                # Of another boot of this machine nothing is left; a container has a namespace.
                is_earlier_boot = place[0] == here[0] != "" and place[1:2] != here[1:2]
                return "gone" if is_earlier_boot else "elsewhere"
            if start:
                return "alive" if _start_of(int(number)) == start else "gone"
        case _:
            pass
    return "elsewhere"


def _place() -> list[str]:
    link = Path("/proc/self/ns/pid")
    namespace = str(link.readlink()).strip("pid:[]") if link.is_symlink() else ""
    return [_short("/etc/machine-id"), _short("/proc/sys/kernel/random/boot_id"), namespace]


def _short(path: str) -> str:
    """A digest: a machine's own number is not for records that others read."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:8]
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """When it started, in clock ticks since the machine did: setting the clock changes nothing."""
    import psutil  # Here: most looks at a record need no process.

    try:
        since_boot_s = psutil.Process(pid).create_time() - psutil.boot_time()
    except psutil.NoSuchProcess:
        return ""
    return str(round(since_boot_s * os.sysconf("SC_CLK_TCK")))
