"""xsim_core/sim/pieces.py: a file's name is its content, so SAPIEN's cache by path cannot lie."""

import numpy as np
import trimesh

from xsim_core.sim.pieces import ConvexPieces


def boxes(*sizes):
    return ConvexPieces.join([trimesh.creation.box((size, size, size)) for size in sizes])


def test_files_hold_the_pieces_in_order(tmp_path):
    paths = boxes(0.1, 0.2).write_objs(tmp_path, "object")
    assert [p.name.startswith("object_") for p in paths] == [True, True]
    for path, size in zip(paths, (0.1, 0.2), strict=True):
        mesh = trimesh.load_mesh(path)
        np.testing.assert_allclose(mesh.extents, size, rtol=1e-6)
        assert mesh.is_watertight


def test_another_piece_has_another_name_and_the_same_piece_the_same_file(tmp_path):
    first = boxes(0.1, 0.2).write_objs(tmp_path, "scene")
    before = first[1].stat().st_mtime_ns
    second = boxes(0.2, 0.3).write_objs(tmp_path, "scene")
    assert second[0] == first[1]
    assert second[0].stat().st_mtime_ns == before
    assert len({*first, *second}) == 3
    assert sorted(tmp_path.iterdir()) == sorted({*first, *second})


def test_no_pieces_are_no_files(tmp_path):
    none = ConvexPieces.join([])
    assert len(none) == 0
    assert none.write_objs(tmp_path, "scene") == ()
