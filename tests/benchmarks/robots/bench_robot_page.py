"""What the page of ``xsim robot run`` costs the control loop.

    python -m tests.benchmarks.robots.bench_robot_page --run demo --rounds 20 --out FIGURES

A target goes to the robot of ``xsim robot serve`` a hundred times a second, through the safety
layer, in stretches of two seconds in turns: without a page; with one at which nobody looks; with
one that another process asks as often as a browser does. How late each tick was, and what a look
takes of this process's CPU time, alone.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from flows.cli.policies.policy import key_in
from flows.cli.policies.serve_robot import started_robot
from xsim_core.robots import SafetyLimits, TcpTarget
from xsim_core.robots.page.server import RobotPage, serving
from xsim_core.robots.page.watch import Moment, Watch
from xsim_core.robots.safety.stream import Stream
from xsim_core.robots.wire.remote import RemoteRobot

SECONDS, LOOKS = 2.0, 200
WAYS = ("no page", "nobody looks", "one looks")
LOOKER = """
import sys, time, urllib.request
while True:
    asked = urllib.request.Request(sys.argv[1] + "now", headers={"X-Key": sys.argv[2]})
    urllib.request.urlopen(asked, timeout=60).read()
    time.sleep(0.15)
"""


class Timed:
    """The driver, and when each target left."""

    def __init__(self, driver):
        self._driver, self.name, self.sent_s = driver, driver.name, []

    def observe(self):
        return self._driver.observe()

    def command(self, target):
        self.sent_s.append(time.monotonic())
        self._driver.command(target)

    def stop(self):
        self._driver.stop()


def moved(driver, limits, watch):
    """How late each tick of a stretch was (n,), seconds; the TCP goes to and fro."""
    timed = Timed(driver)
    stream = Stream(timed, limits, is_alive=lambda: True)
    here = stream.safety.commanded
    stream.start()
    began_s = time.monotonic()
    for step in range(round(SECONDS / 0.1)):
        at = here.position + np.array([0, 0.03 * np.sin(2 * np.pi * step / 10), 0])
        stream.aim(TcpTarget(at, here.yaw, here.gripper_m))
        state = driver.observe().state
        nothing = float("nan")
        moment = Moment(0, step, step / 10, stream.reason or "", nothing, nothing, at)
        watch.show(moment, state.T_world_tcp[:3, 3])
        time.sleep(max(0.0, began_s + 0.1 * (step + 1) - time.monotonic()))
    stream.stop()
    return np.diff(timed.sent_s) - limits.dt_s


@contextlib.contextmanager
def looking(way, robot, info, watch):
    if way == "no page":
        yield
        return
    with serving(RobotPage(robot, info, watch)) as page:
        looker = None
        if way == "one looks":
            base = page.url.split("?")[0]
            looker = subprocess.Popen([sys.executable, "-P", "-c", LOOKER, base, page.key])
        try:
            yield
        finally:
            if looker is not None:
                looker.terminate()
                looker.wait()


def look_cpu_ms(robot, info, watch):
    """CPU time of this process for one look, beyond what it takes anyway."""
    page = RobotPage(robot, info, watch)
    with page:
        page._look()
        began_s, began = time.monotonic(), time.process_time()
        for _ in range(LOOKS):
            page._look()
        took, spent_s = time.process_time() - began, time.monotonic() - began_s
        idle_s = time.process_time()
        time.sleep(spent_s)
        return 1e3 * (took - (time.process_time() - idle_s)) / LOOKS


def in_ms(lateness):
    late = 1e3 * np.concatenate(lateness)
    p50, p95, p99 = np.quantile(late, [0.5, 0.95, 0.99])
    return {"ticks": len(late), "p50": round(p50, 3), "p95": round(p95, 2), "p99": round(p99, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="demo")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    late = {way: [] for way in WAYS}
    with started_robot(given.run, "", 0) as url:
        robot = RemoteRobot(url, key_in("")[1])
        info, watch = robot.connect(), Watch()
        at = robot.observe().state.T_world_tcp[:3, 3]
        limits = SafetyLimits(box_low=tuple(at - 0.05), box_high=tuple(at + 0.05), stale_s=5.0)
        for k in range(given.rounds):
            for way in np.roll(WAYS, k % len(WAYS)).tolist():
                with looking(way, robot, info, watch):
                    late[way].append(moved(robot, limits, watch))
        figures = {
            "rounds": given.rounds,
            "load_average": [round(x, 1) for x in os.getloadavg()],
            "later_than_a_tick_ms": {way: in_ms(values) for way, values in late.items()},
            "look_cpu_ms": round(look_cpu_ms(robot, info, watch), 2),
        }
        robot.close()
    given.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
