"""The exchange file, there and back."""

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.geometry.gaussian_ply import decode_ply, encode_ply


def random_arrays(n=50):
    rng = np.random.default_rng(0)
    quats = rng.normal(size=(n, 4))
    arrays = {
        "means": rng.normal(size=(n, 3)),
        "quats_wxyz": quats / np.linalg.norm(quats, axis=1, keepdims=True),
        "scales": rng.uniform(1e-3, 0.2, (n, 2)),
        "opacities": rng.uniform(0.02, 0.99, n),
        "sh0": rng.normal(size=(n, 3)),
    }
    return {name: a.astype(np.float32) for name, a in arrays.items()}


def test_round_trip():
    arrays = random_arrays()
    decoded = decode_ply(encode_ply(arrays))
    assert decoded.keys() == arrays.keys()
    for name, values in arrays.items():
        # Logits and logarithms in float32.
        np.testing.assert_allclose(decoded[name], values, rtol=2e-5, err_msg=name)


def test_a_mesh_reader_finds_the_vertices(tmp_path):
    import trimesh

    arrays = random_arrays()
    path = tmp_path / "scene.ply"
    path.write_bytes(encode_ply(arrays))
    np.testing.assert_array_equal(trimesh.load(path).vertices, arrays["means"])


@pytest.mark.parametrize("cut", [30, -7])
def test_broken_files_are_refused(cut):
    with pytest.raises(BadInputError, match="not a binary little-endian PLY"):
        decode_ply(encode_ply(random_arrays())[:cut])
