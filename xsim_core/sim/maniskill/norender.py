"""Physics without a Vulkan driver.

ManiSkill's ``render_backend="none"`` still constructs render materials, which needs a render
device. Where there is none, inert stand-ins are enough: builders keep visual records but never
build them while the scene cannot render.
"""

import logging
import sys
from typing import Any

logger = logging.getLogger(__name__)


class _Inert:
    """Accepts any construction and any attribute."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        del args, kwargs


def has_render_device() -> bool:
    """Whether SAPIEN finds a Vulkan device it accepts."""
    import sapien

    try:
        sapien.render.RenderMaterial()
    except RuntimeError:
        return False
    return True


def allow_physics_without_renderer(*, force: bool = False) -> bool:
    """Put stand-ins in place where no render device is found; returns whether they are in place."""
    import sapien
    import sapien.wrapper.urdf_loader

    if sapien.render.RenderMaterial.__name__ == _Inert.__name__:
        return True
    if not force and has_render_device():
        return False
    logger.info("no Vulkan device: physics runs without visual bodies")
    for name in ("sapien.render", "sapien.pysapien.render", "sapien.wrapper.urdf_loader"):
        module = sys.modules.get(name)
        for attribute in ("RenderMaterial", "RenderTexture2D"):
            if module is not None and hasattr(module, attribute):
                setattr(module, attribute, _Inert)
    return True
