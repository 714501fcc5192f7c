"""What a report offers beside itself can be opened by what reads such files."""

import json
import re
from urllib.parse import unquote

import numpy as np
import pytest
import trimesh

from tests.flows.toys import make_toy_run
from xsim_core.report import files_folder, write_page


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_toy_run(tmp_path_factory.mktemp("toy"))


def test_links_lead_to_room_object_and_policy(run, tmp_path):
    store, refs = run
    page = tmp_path / "Küche 1.html"
    write_page(page, store, refs, title="toy")
    html = page.read_text()
    links = re.findall(r'<a href="([^"#]+)" download>([^<]+)</a>', html)
    assert [name for _, name in links] == ["scene.ply", "object.glb", "policy.npz"]
    files = [tmp_path / unquote(href) for href, _ in links]
    assert sorted(files) == sorted(files_folder(page).iterdir())
    for file in files:
        assert f"{file.stat().st_size / 1e6:,.2f} MB" in html
    scene, splat = trimesh.load(files[0], process=False), store.open(refs["splat"])
    np.testing.assert_allclose(scene.vertices, splat.array("mesh/vertices"), atol=1e-6)
    np.testing.assert_array_equal(scene.visual.vertex_colors[:, :3], splat.array("mesh/rgb"))
    faces = sum(len(g.faces) for g in trimesh.load_scene(files[1]).geometry.values())
    assert faces == len(store.open(refs["pose_track"]).array("object/faces"))
    student = store.open(refs["calibrate"])
    with np.load(files[2], allow_pickle=False) as policy:
        assert json.loads(policy["summary_json"].tobytes()) == student.manifest.summary
        names = [n for n in student.array_shapes if n.startswith(("weights/", "normalizer/"))]
        assert names
        for name in names:
            np.testing.assert_array_equal(policy[name], student.array(name))


def test_a_run_without_any_of_them_offers_nothing(run, tmp_path):
    store, refs = run
    # What the page offered before, under the same name, goes with it.
    write_page(tmp_path / "part.html", store, {"splat": refs["splat"]}, title="part")
    assert [p.name for p in files_folder(tmp_path / "part.html").iterdir()] == ["scene.ply"]
    write_page(tmp_path / "part.html", store, {"scan": refs["scan"]}, title="part")
    assert "Downloads" not in (tmp_path / "part.html").read_text()
    assert list(files_folder(tmp_path / "part.html").iterdir()) == []
