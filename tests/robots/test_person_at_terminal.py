"""A person beside a robot: nothing moves before Enter, and the outcome is a key."""

import os
import threading

import numpy as np
import pytest

from tests.evaluate.fixtures import make_student
from tests.sim.fixtures import make_sim
from tests.waiting import until
from xsim_core.robots import RobotInfo
from xsim_core.robots.dead_man import DeadMan
from xsim_core.robots.page.watch import Watch
from xsim_core.robots.person_at_terminal import PersonAtTerminal, person_beside, start_target
from xsim_core.robots.session import PolicyOnRobot
from xsim_core.storage import ArtifactStore


@pytest.fixture
def hand():
    theirs, hand = os.pipe()
    keys = DeadMan(theirs)
    yield hand, keys
    keys.close()
    os.close(theirs)
    os.close(hand)


def test_the_arm_waits_for_enter_and_success_for_its_key(hand):
    hand, keys = hand
    moved, said = [], []
    person = PersonAtTerminal(
        keys, lambda: moved.append(1), lambda s: (f"place {s}", None), said.append
    )
    asked = threading.Thread(target=person.reset, args=(4,), daemon=True)
    asked.start()
    assert until(lambda: len(said) == 1)
    os.write(hand, b"s")  # No Enter.
    assert not moved
    os.write(hand, b"\n")
    assert until(lambda: len(said) == 2)
    assert moved == [1]
    assert "place 4" in said[1]
    os.write(hand, b"\n")
    asked.join(5)
    assert not person.is_done()
    os.write(hand, b"s")
    assert until(person.is_done)
    assert person.is_done()


def test_where_the_object_goes_and_the_arm_begins_is_the_worlds(tmp_path, hand):
    store = ArtifactStore((tmp_path / "store").as_uri())
    ref = make_student(store, inputs={"sim": make_sim(store)})
    policy = PolicyOnRobot(store, ref, tmp_path / "sim")
    info = RobotInfo("panda", 7, 0.08, None, None)
    target = start_target(policy, info)
    low, high = policy.world.array("workspace")
    assert ((low <= target.position) & (target.position <= high)).all()
    person = person_beside(
        policy,
        None,
        info,
        policy.limits(),
        keys=hand[1],
        is_alive=lambda: True,
        say=print,
        watch=Watch(),
    )
    x = float(np.array(policy.sim.assets.T_world_object_start)[0, 3])
    said, place = person._where(3)
    at = place.T_world_object[:3, :3] @ np.array(policy.sim.assets.object_centre)
    assert abs(at[0] + place.T_world_object[0, 3] - float(said.split()[2])) < 1e-3
    assert len(place.mesh.vertices)
    assert abs(float(said.split()[2]) - x) < 0.2
    assert said != person._where(4)[0]
