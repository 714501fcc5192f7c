"""tasks/engine/presentation.py: the page that the Prefect UI shows for a stage."""

import io

import pytest
from PIL import Image

from tasks.engine.presentation import summary_markdown
from tests.contracts.toys import ToyConfig, write_truth
from tests.flows.toys import make_toy_run
from xsim_core.artifacts import GroundTruth
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore


def make_with_picture(*, config, out):
    write_truth(out, config)
    picture = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(picture, "PNG")
    out.add_file("views/top.png", picture.getvalue())
    return GroundTruth(name=config.name)


@pytest.fixture
def artifact(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    stage = Stage("pictured", 1, make_with_picture, ToyConfig, {}, GroundTruth)
    return store.open(run_stage(stage, ToyConfig(), store, {}), GroundTruth)


def test_the_page_holds_figures_thumbnails_and_where_the_files_lie(artifact, tmp_path):
    text = summary_markdown("pictured", artifact, home=tmp_path, reused=False)
    assert "made in this run" in text
    assert "| name | toy |" in text
    assert "![views/top.png](data:image/jpeg;base64," in text
    picture = tmp_path / "pictures" / str(artifact.ref) / "views/top.png"
    assert f"Files in `{picture.parents[1]}`: `note.txt`, `views/top.png`." in text
    assert "file://" not in text, "the UI strips such links"
    assert picture.read_bytes() == artifact.read_file("views/top.png")


def test_what_was_guessed_dropped_or_mended_is_listed(tmp_path):
    store, refs = make_toy_run(tmp_path)[:2]
    capture = store.open(refs["ingest_capture"])
    text = summary_markdown("ingest_capture", capture, home=tmp_path, reused=True)
    assert "\n- colour: 1 without a partner, dropped: 3\n" in text


def test_files_of_a_reused_artifact_are_not_fetched_again(artifact, tmp_path):
    first = summary_markdown("pictured", artifact, home=tmp_path, reused=True)
    (tmp_path / "store" / artifact.prefix / "files/views/top.png").unlink()
    assert summary_markdown("pictured", artifact, home=tmp_path, reused=True) == first
