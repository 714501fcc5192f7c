"""Exit 0 if SAPIEN can create a render system here, on the GPU or on the CPU; 2 without SAPIEN."""

import sys

try:
    from sapien import render
except ImportError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)


def main() -> int:
    """Try the GPU first, then lavapipe."""
    for device in ("cuda", "cpu"):
        try:
            render.RenderSystem(device)
        except RuntimeError as error:
            sys.stderr.write(f"{error}\n")
            continue
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
