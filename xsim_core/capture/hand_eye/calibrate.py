"""From a folder of pictures and robot poses to the camera's matrix."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.resolve import board_in
from xsim_core.capture.readers.folders.names import K_FILES
from xsim_core.capture.readers.images import image_files
from xsim_core.capture.readers.intrinsics import parse_intrinsics
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.files.text import parse_yaml, read_text
from xsim_core.geometry import Board
from xsim_core.geometry.arrays import SE3

from .pictures import BoardViews, Chessboard, calibrated, seen_by, sightings_of
from .robot_poses import both_directions, read_robot_poses
from .solve import HandEye, solve_hand_eye

CLEARLY = 2.0
"""How much worse another reading of the poses must fit before the best one is believed."""
SAID_MM, SAID_DEG = 5.0, 0.6


@dataclass(frozen=True)
class Calibration:
    """The camera's place, what it was found from, and what was said on the way."""

    hand_eye: HandEye
    views: BoardViews
    pictures: tuple[str, ...]
    """Those with a board and a pose, in the order of the residuals."""
    is_fixed: bool
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, the one 4x4 matrix under the name that its frames give it."""
        made = self.hand_eye
        name = "T_base_cam" if self.is_fixed else "T_hand_cam"
        rows = zip(self.pictures, made.error_m, made.error_rad, made.is_used, strict=True)
        return {
            name: made.T_hand_cam.round(9).tolist(),
            "rms_mm": round(made.rms_mm, 3),
            "rms_deg": round(made.rms_deg, 4),
            "num_used": int(made.is_used.sum()),
            "intrinsics": {
                "K": self.views.K.round(4).ravel().tolist(),
                "distortion": self.views.distortion.round(6).tolist(),
                "rms_px": round(self.views.rms_px, 3),
            },
            "pictures": {
                n: {
                    "mm": round(1000 * float(m), 2),
                    "deg": round(float(np.rad2deg(r)), 3),
                    "used": bool(u),
                }
                for n, m, r, u in rows
            },
            "notes": list(self.notes),
        }


def described_board(corners: str, square_m: float, file: str) -> Chessboard | Board:
    """The board that a person described: inner corners as ``11x9`` and squares, or a YAML file.

    Raises:
        BadInputError: when it is described in neither way, or in both.
    """
    if bool(corners) == bool(file):
        raise BadInputError(
            "describe the board: --corners 11x9 (inner corners of a chessboard) with --square-m, "
            "or --board FILE"
        )
    if file:
        path, notes = Path(file), []
        raw = parse_yaml(read_text(path, notes), f"{file} is not YAML")
        raw = raw.get("board", raw) if isinstance(raw, dict) else raw
        if isinstance(raw, dict):
            raw = {"T_world_board": np.eye(4).tolist(), **raw}
        return board_in(raw, path.parent, file)
    match = re.fullmatch(r"(\d{1,2})x(\d{1,2})", corners.strip())
    if not match or min(map(int, match.groups())) < 3:
        raise BadInputError(f"--corners '{corners}' is not COLUMNSxROWS of inner corners, as 11x9")
    if not 0.002 <= square_m <= 0.5:
        raise BadInputError(f"--square-m is {square_m:g}; it is the squares' edge in metres")
    return Chessboard(int(match[1]), int(match[2]), square_m)


def calibrate_camera(
    folder: Path,
    board: Chessboard | Board,
    *,
    is_fixed: bool = False,
    say: Callable[[float], None] = lambda _: None,
) -> Calibration:
    """Find where the camera is, on the hand or standing still.

    Args:
        folder: with pictures and the robot's poses; its intrinsics if they are known.
        board: that the pictures show.
        is_fixed: the camera stands still and the board is on the hand.
        say: is told the share of pictures that were looked at.

    Raises:
        BadInputError: when pictures or poses are missing or contradict each other.
        QualityGateError: when they do not determine the camera well enough.
    """
    pictures, notes = image_files(folder), []
    if not pictures:
        raise BadInputError(f"{folder} holds no pictures of a board")
    readings = both_directions(read_robot_poses(pictures, folder, notes))
    found, image_wh = sightings_of(pictures, board, say)
    posed = next(iter(readings.values()))
    seen = {k: sighting for k, sighting in enumerate(found) if sighting is not None}
    rows = [k for k in seen if k in posed]
    notes += [f"{p.name}: the board is not seen" for k, p in enumerate(pictures) if k not in seen]
    if len(rows) < 4:
        raise QualityGateError(
            f"{len(rows)} of {len(pictures)} pictures show the board and have a robot pose; 4 are "
            "needed, 15 are good. Is the board described as it was printed?"
        )
    views = _views([seen[k] for k in rows], image_wh, folder, notes)
    stacked = {name: np.stack([poses[k] for k in rows]) for name, poses in readings.items()}
    solved = _solved(stacked, views, board, is_fixed=is_fixed)
    made = solved[_best(solved, list(readings), notes)]
    names = tuple(pictures[k].name for k in rows)
    notes += _doubts(made, names)
    return Calibration(made, views, names, is_fixed, tuple(dict.fromkeys(notes)))


def _solved(
    readings: dict[str, SE3], views: BoardViews, board: Chessboard | Board, *, is_fixed: bool
) -> dict[str, HandEye]:
    """What each reading of the robot's poses gives; those that give nothing are left out.

    Raises:
        QualityGateError: when none gives anything, with what the first one said.
    """
    T_half = board.T_half if isinstance(board, Chessboard) else None
    solved: dict[str, HandEye] = {}
    why = ""
    for name, poses in readings.items():
        try:
            solved[name] = solve_hand_eye(
                poses, views.T_cam_board, is_fixed=is_fixed, T_half=T_half
            )
        except QualityGateError as error:
            why = why or str(error)
    if not solved:
        raise QualityGateError(why)
    return solved


def _doubts(made: HandEye, names: tuple[str, ...]) -> Iterator[str]:
    if not made.is_used.all():
        left = ", ".join(n for n, used in zip(names, made.is_used, strict=True) if not used)
        yield f"left out, as their poses do not fit the others: {left}"
    if made.rms_mm > SAID_MM or made.rms_deg > SAID_DEG:
        yield (
            f"the poses agree to {made.rms_mm:.1f} mm and {made.rms_deg:.2f}°: good arms give 3 mm "
            "and 0.3°; let the hand rest before each picture, and fix the board"
        )


def _views(
    sightings: list[Any], image_wh: tuple[int, int], folder: Path, notes: list[str]
) -> BoardViews:
    told = [folder / name for name in K_FILES if (folder / name).is_file()]
    if not told:
        views = calibrated(sightings, image_wh)
        notes.append(f"intrinsics: found from the pictures, to {views.rms_px:.2f} px")
        return views
    camera = parse_intrinsics(read_text(told[0], notes), str(told[0]), notes)
    camera = camera.fit_to(image_wh, str(told[0]), notes)
    coefficients: NDArray[np.float64] = np.zeros(5)
    if not camera.lens.is_pinhole:
        if camera.lens.model not in ("plumb_bob", "brown_conrady", "rational_polynomial"):
            raise BadInputError(
                f"{told[0]}: the lens '{camera.lens.model}' is not read here; leave the file out, "
                "and the camera is found from the pictures"
            )
        coefficients = np.array(camera.lens.coefficients)
    return seen_by(sightings, camera.K, coefficients)


def _best(solved: dict[str, HandEye], readings: list[str], notes: list[str]) -> str:
    def misfit(name: str) -> float:
        made = solved[name]
        return (made.rms_mm / 3 + made.rms_deg / 0.25) / float(made.is_used.mean()) ** 2

    order = sorted(solved, key=misfit)
    if len(order) > 1 and misfit(order[1]) < CLEARLY * misfit(order[0]):
        raise QualityGateError(
            f"the robot's poses fit about as well read as {order[0]} and as {order[1]}. Write them "
            "as 4x4 matrices, base ← hand, or take more pictures that differ more."
        )
    if len(readings) > 2 or "hand ← base" in order[0]:
        notes.append(f"the robot's poses are read as {order[0]}, as no other reading fits")
    return order[0]
