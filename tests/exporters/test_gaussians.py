"""The columns of the reference code's PLY, read by another library."""

import numpy as np
import pytest
import trimesh

from xsim_core.exporters import export_artifact
from xsim_core.geometry.gaussian_ply import decode_ply


def columns(path):
    return trimesh.load(path).metadata["_ply_raw"]["vertex"]["data"]


@pytest.mark.parametrize("to", ["3dgs", "2dgs"])
def test_columns_are_those_of_the_reference_code(store, refs, tmp_path, to):
    made = export_artifact(store, refs["scene"], to, tmp_path / to)
    table = columns(tmp_path / to / "point_cloud.ply")
    # GaussianModel.construct_list_of_attributes for spherical harmonics of degree 3.
    wanted = ["x", "y", "z", "nx", "ny", "nz", *(f"f_dc_{i}" for i in range(3))]
    wanted += [*(f"f_rest_{i}" for i in range(45)), "opacity"]
    wanted += [f"scale_{i}" for i in range(3 if to == "3dgs" else 2)]
    assert list(table.dtype.names) == wanted + [f"rot_{i}" for i in range(4)]
    assert all(table.dtype[name] == np.dtype("<f4") for name in table.dtype.names)
    assert "RGB 0.750 0.750 0.780" in made.notes[0]


def test_values_mean_what_they_mean_there(store, refs, tmp_path):
    export_artifact(store, refs["scene"], "3dgs", tmp_path / "out")
    table, scene = columns(tmp_path / "out/point_cloud.ply"), store.open(refs["scene"])
    near = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(
        1 / (1 + np.exp(-table["opacity"])), scene.array("opacities"), **near
    )
    scales = np.exp(np.stack([table[f"scale_{i}"] for i in range(3)], -1))
    np.testing.assert_allclose(scales[:, :2], scene.array("scales"), **near)
    np.testing.assert_allclose(scales[:, 2], 1e-5, rtol=1e-5)
    quats = np.stack([table[f"rot_{i}"] for i in range(4)], -1)
    np.testing.assert_array_equal(quats, scene.array("quats_wxyz"))
    dc = np.stack([table[f"f_dc_{i}"] for i in range(3)], -1)
    np.testing.assert_array_equal(dc, scene.array("sh0"))
    assert not any(table[f"f_rest_{i}"].any() for i in range(45))


@pytest.mark.parametrize("to", ["3dgs", "2dgs"])
def test_our_reader_gets_the_gaussians_back(store, refs, tmp_path, to):
    export_artifact(store, refs["scene"], to, tmp_path / to)
    decoded = decode_ply((tmp_path / to / "point_cloud.ply").read_bytes())
    for name, values in decoded.items():
        np.testing.assert_allclose(values, store.open(refs["scene"]).array(name), rtol=2e-5)
