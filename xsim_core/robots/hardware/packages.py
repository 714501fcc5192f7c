"""Manufacturers' packages, each an extra of its own."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from xsim_core.errors import MissingDependencyError

EXTRAS = {
    "franky": ("franky-control", "franka"),
    "rtde_control": ("ur-rtde", "ur"),
    "rtde_receive": ("ur-rtde", "ur"),
    "xarm": ("xarm-python-sdk", "xarm"),
}
"""Module → the distribution that brings it, and the extra that asks for that."""


def package(module: str) -> Any:
    """The module, or what brings it.

    Raises:
        MissingDependencyError: when it is not installed.
    """
    distribution, extra = EXTRAS[module.partition(".")[0]]
    if find_spec(module.partition(".")[0]) is None:
        raise MissingDependencyError(
            f"this robot needs {distribution}, which is not installed here: "
            f"pip install 'xsim[{extra}]'."
        )
    return import_module(module)
