"""A policy on the robot of MuJoCo in lockstep: what other work the machine does changes nothing.

Robot, eye, safety layer and policy are those of ``xsim robot run``; the clock is not: time goes on
by what was simulated, a picture is ``picture_s`` old when it is seen and a chunk comes
``thinking_s`` after it was asked for.
"""

import itertools
from collections import deque
from concurrent.futures import Executor, Future

import numpy as np

from xsim_core.robots import RobotInfo, RobotState, TcpTarget
from xsim_core.robots.acting import ChunkedPolicy
from xsim_core.robots.mujoco_robot.arm import CYCLE_S
from xsim_core.robots.mujoco_robot.eye import Camera
from xsim_core.robots.mujoco_robot.robot import Faults, MujocoRobot
from xsim_core.robots.rollout import MAX_WAITING, controller
from xsim_core.robots.safety.layer import Safety
from xsim_core.robots.sight import policy_state
from xsim_core.sim.controller import FINGER_OPEN_M


class Later(Executor):
    """Computes at once, and answers when its time has come."""

    def __init__(self, latency_s):
        self.now_s, self._latency_s, self._due = 0.0, latency_s, deque()

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self._due.append((self.now_s + self._latency_s, future, fn(*args, **kwargs)))
        return future

    def advance(self, now_s):
        self.now_s = now_s
        while self._due and self._due[0][0] <= now_s + 1e-6:
            _, future, result = self._due.popleft()
            future.set_result(result)

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._due.clear()


class Lockstep:
    """One robot, one policy; an attempt of each start and way."""

    def __init__(self, policy, scene, folder, *, picture_s, thinking_s, waits=False):
        self._policy, self._scene = policy, scene
        self._robot = MujocoRobot(scene, folder, Faults(camera_hz=0))
        self._camera = Camera(self._robot._model, scene.eye, seed=0)
        self._picture_s, self._thinking_s = picture_s, thinking_s
        info = RobotInfo("panda", 7, 0.08, scene.eye.camera, scene.eye.T_world_cam_told)
        told = type("Told", (), {"name": "sim-mujoco"})()
        self._setup = policy.setup(
            told, info, None, policy.limits(), is_alive=lambda: True, waits=waits
        )

    def attempt(self, seed, way):
        setup, robot, dt = self._setup, self._robot, self._setup.task.control_dt_s
        robot.reset(seed)
        robot._publish(0.0)
        safety = Safety(setup.limits, RobotState(**robot.state()))
        moves, worker = controller(setup, RobotState(**robot.state())), Later(self._thinking_s)
        think = self._policy.thinker(seed)

        def look_and_think(qpos, state, *prior):
            rgb, _ = self._camera.picture(qpos)
            return think(setup.sight.image(rgb), state, *prior)

        acting = ChunkedPolicy(
            look_and_think,
            dt_s=dt,
            num_action_steps=setup.num_action_steps,
            waits=setup.waits,
            join=way,
            worker=worker,
        )
        seen, rows, wish, said_s = deque(), [], None, float("-inf")
        num_acted = k = 0
        targets = []
        while (
            num_acted < setup.task.horizon
            and k < (MAX_WAITING if setup.waits else 3) * setup.task.horizon
        ):
            now_s = k * dt
            worker.advance(now_s)
            state = RobotState(**robot.state())
            seen.append((now_s, robot._arm.data.qpos.copy(), policy_state(state, 0.08)))
            while len(seen) > 1 and seen[1][0] <= now_s - self._picture_s + 1e-6:
                seen.popleft()
            picture = seen[0] if seen[0][0] <= now_s - self._picture_s + 1e-6 else None
            action = acting.action(now_s, picture)
            if action is not None:
                num_acted += 1
                clipped = np.clip(action, -1, 1).astype(np.float64)
                moves.command(clipped, state.T_world_tcp[:3, 3])
                opening = max(0.0, moves.finger_m) / FINGER_OPEN_M * 0.08
                wish, said_s = TcpTarget(moves.position.copy(), moves.yaw, opening), now_s
            rows.append((acting.num_chunks, action))
            for tick in range(round(dt / setup.limits.dt_s)):
                at_s = now_s + tick * setup.limits.dt_s
                state = RobotState(**robot.state())
                sent = safety.tick(at_s, state, wish, target_time_s=said_s, is_alive=True).target
                targets.append(sent.position)
                robot._waiting.append((at_s + robot.faults.command_delay_s, sent))
                for cycle in range(round(setup.limits.dt_s / CYCLE_S)):
                    robot._cycle(at_s + cycle * CYCLE_S)
            k += 1
            if safety.stopped_by or robot.judge():
                break
        acting.close()
        return {
            "won": bool(robot.judge()),
            "stopped": safety.stopped_by,
            "steps": k,
            "still": acting.num_waits,
            "chunks": acting.num_chunks,
            "latency_s": float(np.median(acting.latencies_s)) if acting.latencies_s else None,
            "by_chunk": acting.seams,
            **steps_of(rows),
            "jerk": np.linalg.norm(
                np.diff(np.array(targets), n=3, axis=0) / setup.limits.dt_s**3, axis=1
            ).tolist(),
        }


def steps_of(rows):
    """Largest step of consecutive executed actions: where a chunk came, and elsewhere."""
    found = {"at_seams": [], "elsewhere": []}
    for (a, before), (b, after) in itertools.pairwise(rows):
        if before is not None and after is not None:
            step = float(np.abs(np.clip(after, -1, 1) - np.clip(before, -1, 1)).max())
            found["at_seams" if a != b else "elsewhere"].append(step)
    return found


def paired(one, other):
    """Starts that the second gained and lost against the first."""
    return {
        "gained": sum(b and not a for a, b in zip(one, other, strict=True)),
        "lost": sum(a and not b for a, b in zip(one, other, strict=True)),
    }
