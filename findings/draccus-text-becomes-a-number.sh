#!/usr/bin/env bash
# draccus 0.11.6 (LeRobot's command line) takes an argument for a number before it looks whether a string was asked
# for: --robot.id=010 is "8", --serial=12:30 is "750", --name=null is None.
#
# Package:  draccus 0.11.6
# Expected: a field annotated str holds what was typed, as with argparse, tyro, simple-parsing and click, and
#           as the documentation has it: arguments "initialize your dataclass, inheriting the corresponding type
#           hints".
# Seen:     every value is read as YAML 1.1 and then turned back with str(): 010 -> "8", 0123 -> "83", 007 -> "7",
#           1_000 -> "1000", 12:30 -> "750", 1.10 -> "1.1", yes -> "True"; null and ~ -> None in a field of type str.
#           09 and 08 stay, since they are no octal numbers. str | None does the same.
# Matters:  LeRobot files calibrations under robot.id: arm 010 is calibrated as "8", and shares the file of arm 8;
#           serial numbers of cameras with a leading zero name another camera; a version 1.10 is 1.1.
# Instead:  quote twice: --robot.id "'010'", or ids that begin with a letter.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install draccus==0.11.6 PyYAML==6.0.4
"$python" - <<'PY'
from dataclasses import dataclass, field
from importlib.metadata import version

import draccus


@dataclass
class Robot:
    id: str = ""
    serial: str | None = None


@dataclass
class Config:
    robot: Robot = field(default_factory=Robot)


def typed(option, text):
    return getattr(draccus.parse(Config, args=[f"--robot.{option}", text]).robot, option)


STATED = {
    "010": "8",
    "0123": "83",
    "007": "7",
    "1_000": "1000",
    "12:30": "750",
    "1.10": "1.1",
    "yes": "True",
    "null": None,
    "~": None,
    "09": "09",
    "arm_010": "arm_010",
    "'010'": "010",
}
print("draccus", version("draccus"))
for text, stated in STATED.items():
    seen = typed("id", text), typed("serial", text)
    print(f"--robot.id {text}: expected {text!r}, seen {seen[0]!r} (str), {seen[1]!r} (str | None)")
    if seen != (stated, stated):
        raise SystemExit("changed: another string is kept")
print("holds: text becomes a number and text again")
PY
