import numpy as np
import pytest

from tests.checking import shapes_checked
from xsim_core.errors import BadInputError
from xsim_core.geometry import rotation_angle
from xsim_core.sim.episode import state
from xsim_core.sim.episode.state import EnvState

shapes = shapes_checked(state)


@pytest.mark.parametrize("batch", [(), (3,), (2, 5)])
def test_states_come_back_as_packed(batch):
    rng = np.random.default_rng(0)
    vector = rng.normal(size=(*batch, 16)).astype(np.float32)
    state = EnvState.unpack(vector)
    assert state.qpos.shape == (*batch, 9)
    assert state.T_world_object.shape == (*batch, 4, 4)
    np.testing.assert_array_equal(state.pack(), vector)


def test_the_quaternion_is_wxyz():
    half = np.sqrt(0.5)
    state = EnvState.unpack(np.array([0.0] * 9 + [1, 2, 3] + [half, 0, 0, half]))
    T = state.T_world_object
    np.testing.assert_allclose(T[:3, 3], [1, 2, 3])
    np.testing.assert_allclose(T[:3, 0], [0, 1, 0], atol=1e-12)
    assert rotation_angle(T[:3, :3], np.eye(3)) == pytest.approx(np.pi / 2)


def test_another_length_is_refused():
    with pytest.raises(BadInputError, match=r"16 numbers .*\(2, 15\)"):
        EnvState.unpack(np.zeros((2, 15)))
