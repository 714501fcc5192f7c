"""Stray Scanner's ``odometry.csv``: ARKit's path of the phone.

Written from the app's ``docs/format.md`` (``timestamp, frame, x, y, z, qx, qy, qz, qw`` below a
header, metres) and ``OdometryEncoder.swift``, which turns ARKit's camera by 180° about x, so that
the axes are OpenCV's, as long as the app has been public; its first files had the last seven
columns, a frame a line, without a header.
"""

import csv
from pathlib import Path

import numpy as np

from xsim_core.capture.readers.tracks import forms
from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text

NAME = "odometry.csv"
PLACE = ("x", "y", "z", "qw", "qx", "qy", "qz")
FIRST_FILES: tuple[str, ...] = ("x", "y", "z", "qx", "qy", "qz", "qw")


def read_odometry(path: Path, notes: list[str]) -> tuple[forms.Floats, list[str]]:
    """``T_world_cam`` (n, 4, 4), and the numbers of the frames that they are of.

    Raises:
        BadInputError: with the line, when it is no such file.
    """
    rows = [[w.strip() for w in row] for row in csv.reader(read_text(path, notes).splitlines())]
    rows = [row for row in rows if any(row)]
    has_header = bool(rows) and "qw" in rows[0]
    head = rows[0] if has_header else list(FIRST_FILES)
    body = rows[1:] if has_header else rows
    if missing := [name for name in PLACE if name not in head]:
        raise BadInputError(
            f"{path}: the header '{', '.join(head)[:80]}' lacks {', '.join(missing)}; Stray "
            f"Scanner's is 'timestamp, frame, {', '.join(FIRST_FILES)}'"
        )
    forms.check_count(len(body), path)
    columns = [head.index(name) for name in PLACE]
    values, names = list[list[float]](), list[str]()
    for number, row in enumerate(body):
        try:
            values.append([float(row[column]) for column in columns])
            frame = row[head.index("frame")] if "frame" in head else number
            names.append(str(int(frame)))
        except (ValueError, IndexError):
            raise BadInputError(
                f"{path}: pose {number} is '{', '.join(row)[:80]}'; it must have "
                f"{len(head)} numbers: {', '.join(head)[:80]}"
            ) from None
    return forms.of_quaternions(np.array(values), str(path)), names
