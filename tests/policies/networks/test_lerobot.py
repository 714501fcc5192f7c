"""The U-Net's weights are LeRobot's: names, shapes, and what they compute.

``lerobot_diffusion.json`` was written by LeRobot 0.4.4 (``lerobot_unet.py layout``); the test
marked slow asks LeRobot itself, where XSIM_LEROBOT_PYTHON names its interpreter.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.policies.networks import lerobot_unet as peer
from xsim_core.errors import BadInputError
from xsim_core.policies import StudentArchitecture, build_net, load_lerobot, to_lerobot
from xsim_core.policies.fitting import new_net

PEER = os.environ.get("XSIM_LEROBOT_PYTHON", "")
KEPT = json.loads(Path(__file__).with_name("lerobot_diffusion.json").read_text())
GRID = "diffusion.rgb_encoder.pool.pos_grid"


def small(**fields):
    return StudentArchitecture(unet=peer.SMALL, **fields)


def answers(net):
    image, state, noisy, step = peer.inputs()
    net.eval()
    with torch.inference_mode():
        seen = net.encoder(torch.from_numpy(image))
        told = net.condition(torch.from_numpy(image)[:, None], torch.from_numpy(state)[:, None])
        chunk = net.denoise(torch.from_numpy(noisy), torch.tensor(step), told)
    return {"seen": seen.numpy(), "chunk": chunk.numpy()}


@pytest.fixture(scope="module")
def filled():
    """Our network with the weights of the formula, which were LeRobot's when it answered."""
    net = build_net(small())
    shapes = {name: shape for name, shape in KEPT["small"].items() if name != GRID}
    load_lerobot(net, peer.weights(shapes))
    return net


def test_names_and_shapes_are_lerobots():
    with torch.device("meta"):
        net = build_net(StudentArchitecture(unet={}))
    ours = {name: list(value.shape) for name, value in net.state_dict().items()}
    theirs = {n: s for n, s in KEPT["shapes"].items() if n != GRID}
    renamed = {
        name.replace("encoder.", "diffusion.rgb_encoder.", 1)
        if name.startswith("encoder.")
        else name.replace("denoiser.", "diffusion.unet.", 1): shape
        for name, shape in ours.items()
    }
    assert renamed == theirs
    assert sum(int(np.prod(s)) for s in theirs.values()) == net.num_parameters


def test_it_answers_what_lerobot_answered(filled):
    found = answers(filled)
    for name, value in KEPT["answers"].items():
        # Given in six decimals; float32 in another order of sums.
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=2e-5)
    assert np.std(KEPT["answers"]["chunk"]) > 0.05
    assert np.std(KEPT["answers"]["seen"]) > 0.01


def test_there_and_back_is_the_same(filled):
    arrays = to_lerobot(filled)
    assert {name: list(a.shape) for name, a in arrays.items()} == KEPT["small"]
    again = new_net(small(), seed=5)
    load_lerobot(again, arrays)
    for name, value in filled.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_what_does_not_fit_is_refused(filled):
    arrays = to_lerobot(filled)
    with pytest.raises(BadInputError, match="this student's is small"):
        to_lerobot(build_net(StudentArchitecture()))
    with pytest.raises(BadInputError, match="LeRobot's chunk begins 1 steps before"):
        load_lerobot(build_net(small(n_obs_steps=2)), arrays)
    older = {**arrays, "normalize_inputs.buffer_observation_state.min": np.zeros(6)}
    with pytest.raises(BadInputError, match=r"1 are unknown \(normalize_inputs"):
        load_lerobot(filled, older)
    with pytest.raises(BadInputError, match="1 lack"):
        load_lerobot(filled, {n: a for n, a in arrays.items() if "final_conv.1.bias" not in n})
    with pytest.raises(BadInputError, match="has 9 places; images of"):
        load_lerobot(build_net(small(image_hw=(96, 128))), arrays)
    with pytest.raises(BadInputError, match="do not fit this architecture"):
        load_lerobot(build_net(small(action_dim=7)), arrays)


@pytest.mark.slow
@pytest.mark.skipif(not PEER, reason="XSIM_LEROBOT_PYTHON names no interpreter with lerobot 0.4.4")
def test_lerobot_itself_takes_ours_and_answers_the_same(tmp_path):
    ours = new_net(small(), seed=1)
    given, out = tmp_path / "given.npz", tmp_path / "out.npz"
    np.savez(given, **to_lerobot(ours))
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    for command in (["load", str(given), str(out)], ["layout", str(tmp_path / "again.json")]):
        left = subprocess.run(
            [PEER, "-P", peer.__file__, *command],
            capture_output=True,
            env=kept,
            timeout=280,
            check=False,
        )
        assert left.returncode == 0, left.stderr[-3000:]
    with np.load(out) as theirs:
        found = answers(ours)
        for name, value in found.items():
            np.testing.assert_allclose(theirs[name], value, rtol=1e-4, atol=1e-5)
        back = {n.removeprefix("back/"): theirs[n] for n in theirs.files if n.startswith("back/")}
    again = new_net(small(), seed=2)
    load_lerobot(again, back)
    for name, value in ours.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    fresh = json.loads((tmp_path / "again.json").read_text())
    assert fresh["shapes"] == KEPT["shapes"]
    for name, value in fresh["answers"].items():
        np.testing.assert_allclose(value, KEPT["answers"][name], rtol=1e-4, atol=2e-5)
