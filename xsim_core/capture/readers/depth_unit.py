"""What a depth image's numbers mean: declared, recorded, or assumed and then checked."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import BoardSpec, PinholeCamera, detect_board
from xsim_core.windows import empty, let_go, windows

KNOWN_M = {
    1e-3: "millimetres", 2e-4: "1/5000 m, as TUM's", 1e-4: "0.1 mm, as a D405's",
    2.5e-4: "0.25 mm, as an L515's", 1.25e-4: "0.125 mm, as an SR300's", 1e-2: "centimetres",
    1.0: "metres",
}  # fmt: skip
TOLERANCE = 0.08
SUSPECT = 0.04
BOARD_FRAMES = 6

How = Literal["declared", "recorded", "assumed"]


@dataclass(frozen=True)
class DepthUnit:
    """Metres a step of the stored numbers, and where that comes from."""

    metres: float
    how: How
    is_final: bool = False
    """Depth was brought into another camera with it: numbers alone cannot mend it any more."""

    def __post_init__(self) -> None:
        if not 1e-6 <= self.metres <= 1.0:
            raise BadInputError(
                f"a depth unit of {self.metres:g} m ({self.how}) is no depth camera's; usual are "
                + ", ".join(f"{m:g} ({name})" for m, name in KNOWN_M.items())
            )


def to_mm(stored: NDArray[Any], unit_m: float) -> NDArray[np.uint16]:
    """Depth (t, h, w) in whole millimetres; 0 for what is not finite, negative or over 65.5 m."""
    if stored.dtype == np.uint16 and abs(unit_m - 1e-3) < 1e-9:
        return stored
    depth_mm = empty(stored.shape, np.uint16)
    for part in windows(stored, 1):
        with np.errstate(invalid="ignore"):
            mm = np.rint(stored[part] * np.float32(unit_m * 1000))
            depth_mm[part] = np.where(np.isfinite(mm) & (mm > 0) & (mm <= 65535), mm, 0)
        let_go(depth_mm)
    return depth_mm


def board_ratio(
    rgb: NDArray[np.uint8], depth_mm: NDArray[np.uint16], camera: PinholeCamera, board: BoardSpec
) -> float | None:
    """Measured depth over the depth that the printed board's size says; None without a board."""
    ratios: list[float] = []
    for i in np.unique(
        np.linspace(0, len(rgb) - 1, min(BOARD_FRAMES, len(rgb))).round().astype(int)
    ):
        found = detect_board(rgb[i], board, camera=camera)
        if found is None or found.T_cam_board is None or found.rms_px > 2:
            continue
        T = found.T_cam_board
        truth_mm = 1000 * (board.corners_board[found.ids] @ T[:3, :3].T + T[:3, 3])[:, 2]
        at = np.rint(found.pixels).astype(int).clip(0, [camera.width - 1, camera.height - 1])
        measured = depth_mm[i, at[:, 1], at[:, 0]].astype(float)
        seen = measured > 0
        ratios += (measured[seen] / truth_mm[seen]).tolist()
    return float(np.median(ratios)) if len(ratios) >= 6 else None


def check_with_board(
    depth_mm: NDArray[np.uint16], unit: DepthUnit, ratio: float | None, notes: list[str]
) -> NDArray[np.uint16]:
    """Depth that agrees with the board; an assumed unit that is a usual other one is mended.

    Raises:
        BadInputError: when depth and board contradict each other, with the factor.
    """
    if ratio is None:
        if unit.how == "assumed":
            notes.append(
                f"depth: taken as {KNOWN_M[unit.metres]}, unchecked: no frame shows the board well"
            )
        return depth_mm
    if abs(ratio - 1) <= TOLERANCE:
        if unit.how == "assumed" and unit.metres != 1e-3:
            notes.append(f"depth: taken as {KNOWN_M[unit.metres]}; the board's size agrees")
        if abs(ratio - 1) > SUSPECT:
            notes.append(
                f"depth is {ratio - 1:+.1%} off what the board's size says. Measure square_m again."
            )
        return depth_mm
    true_m = unit.metres / ratio
    other = next((m for m in KNOWN_M if abs(true_m / m - 1) <= TOLERANCE), None)
    is_open = unit.how == "assumed" and unit.metres == 1e-3 and not unit.is_final
    if other is not None and is_open:
        notes.append(f"depth: in {KNOWN_M[other]}, as the board's size says")
        return to_mm(depth_mm, other)
    hint = f" It fits a unit of {other:g} m ({KNOWN_M[other]})." if other else ""
    raise BadInputError(
        f"depth at the board is {ratio:.3g} times what the board's size says, with a depth unit of "
        f"{unit.metres:g} m ({unit.how}).{hint} Measure square_m on the print; where a film "
        "does not record its unit, state depth_unit_m in capture.yaml."
    )
