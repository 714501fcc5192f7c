"""What a depth image's numbers mean: declared, recorded, or assumed and then checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.windows import empty, let_go, windows
from xsim_core.geometry import Board, BoardDetection, PinholeCamera

KNOWN_M = {
    1e-3: "millimetres", 2e-4: "1/5000 m, as TUM's", 1e-4: "0.1 mm, as a D405's",
    2.5e-4: "0.25 mm, as an L515's", 1.25e-4: "0.125 mm, as an SR300's", 1e-2: "centimetres",
    1.0: "metres",
}  # fmt: skip
UNIT_TOLERANCE = 0.08
"""Off one of these by less, it is that unit, and the rest something else's fault."""
SUSPECT, REFUSED = 0.01, 0.03
"""Differences of scale between depth and board that are said, and that no track survives: 3 % put
the robot's frame 2 cm off at 70 cm."""

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


def settled_unit(recorded: DepthUnit, declared_m: float | None, source: Path) -> DepthUnit:
    """The unit that counts where a file tells one, and a person may have declared one too.

    Raises:
        BadInputError: with ``source``, when they contradict each other.
    """
    if declared_m is None:
        return recorded
    if recorded.how == "recorded" and abs(declared_m / recorded.metres - 1) > 0.01:
        raise BadInputError(
            f"{source} says that its depth unit is {recorded.metres:g} m, capture.yaml "
            f"{declared_m:g} m. Leave depth_unit_m out."
        )
    return recorded if recorded.how == "recorded" else DepthUnit(declared_m, "declared")


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
    depth_mm: NDArray[np.uint16],
    camera: PinholeCamera,
    board: Board,
    found: Mapping[int, BoardDetection],
) -> float | None:
    """Measured depth over the depth that the printed board's size says; None without a board.

    Args:
        depth_mm: (t, h, w).
        camera: of the film.
        board: as described.
        found: detections with poses, by frame.
    """
    ratios: list[float] = []
    for i, seen in found.items():
        if (T := seen.T_cam_board) is None or seen.rms_px > 2:
            continue
        truth_mm = 1000 * (board.corners_board[seen.ids] @ T[:3, :3].T + T[:3, 3])[:, 2]
        at = np.rint(seen.pixels).astype(int).clip(0, [camera.width - 1, camera.height - 1])
        measured = depth_mm[i, at[:, 1], at[:, 0]].astype(float)
        is_measured = measured > 0
        ratios += (measured[is_measured] / truth_mm[is_measured]).tolist()
    return float(np.median(ratios)) if len(ratios) >= 6 else None


def check_with_board(
    depth_mm: NDArray[np.uint16],
    unit: DepthUnit,
    ratio: float | None,
    notes: list[str],
    *,
    square_m: float | None = None,
) -> NDArray[np.uint16]:
    """Depth that agrees with the board; an assumed unit that is a usual other one is mended.

    Args:
        depth_mm: (t, h, w).
        unit: what its numbers were taken to mean.
        ratio: measured depth over the depth that the board's size says.
        notes: receives what was mended or is suspect.
        square_m: the board's squares as stated, to say what they would have to be.

    Raises:
        BadInputError: when depth and board contradict each other, with the factor.
    """
    if ratio is None:
        if unit.how == "assumed":
            notes.append(
                f"depth: taken as {KNOWN_M[unit.metres]}, unchecked: no frame shows the board well"
            )
        return depth_mm
    if abs(ratio - 1) <= REFUSED:
        if unit.how == "assumed" and unit.metres != 1e-3:
            notes.append(f"depth: taken as {KNOWN_M[unit.metres]}; the board's size agrees")
        if abs(ratio - 1) > SUSPECT:
            notes.append(
                f"depth is {ratio - 1:+.1%} off what the board's size says. Measure square_m again."
            )
        return depth_mm
    true_m = unit.metres / ratio
    near = [m for m in KNOWN_M if abs(true_m / m - 1) <= UNIT_TOLERANCE]
    other = next((m for m in near if not np.isclose(m, unit.metres)), None)
    is_open = unit.how == "assumed" and unit.metres == 1e-3 and not unit.is_final
    if other is not None and is_open:
        left, meant = ratio * other / unit.metres, DepthUnit(other, "declared")
        mended = check_with_board(to_mm(depth_mm, other), meant, left, notes, square_m=square_m)
        notes.append(f"depth: in {KNOWN_M[other]}, as the board's size says")
        return mended
    hint = f" It fits a unit of {other:g} m ({KNOWN_M[other]})." if other else ""
    squares = (
        f" If depth is right, the squares that were printed measure {1000 * square_m * ratio:.1f} "
        f"mm and not {1000 * square_m:g}."
        if square_m is not None and other is None
        else ""
    )
    raise BadInputError(
        f"depth at the board is {ratio:.3g} times what the board's size says, with a depth unit of "
        f"{unit.metres:g} m ({unit.how}).{hint}{squares} Measure square_m on the print, over all "
        "squares at once, and compare the intrinsics with the camera's; where a film "
        "does not record its unit, state depth_unit_m in capture.yaml."
    )
