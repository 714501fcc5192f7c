"""Exit 0 if SAPIEN can create a render system here, on the GPU or on the CPU."""

import sys

from sapien import render


def main() -> int:
    """Try the GPU first, then lavapipe."""
    for device in ("cuda", "cpu"):
        try:
            render.RenderSystem(device)
        except RuntimeError:
            continue
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
