"""Nights over two captures with the real stages: retrained, compared, decided, rolled back."""

import json
import sys

import pytest

from xsim_core.artifacts import ArtifactRef
from xsim_core.capture import SynthesizeConfig, synthesize_capture
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import collect


@pytest.mark.slow
@pytest.mark.vulkan
@pytest.mark.timeout(7200)
def test_three_nights_over_two_captures(prefect_home, tmp_path, python):
    captures = [tmp_path / name for name in ("kitchen", "bench")]
    for seed, capture in enumerate(captures):
        config = SynthesizeConfig(name=capture.name, seed=seed, num_frames=24, num_photos=20)
        synthesize_capture(capture, config)
    url = (tmp_path / "store").as_uri()
    done = python(
        prefect_home,
        "-m",
        "tests.flows.retraining.nightly_real",
        *map(str, captures),
        timeout=6600,
        XSIM_STORE=url,
        XSIM_STAGE_PROCESSES="1",
    )
    assert done.returncode == 0, done.stderr[-5000:]
    said = json.loads(done.stdout.splitlines()[-1])
    sys.stderr.write("\n\n".join(said["pages"]) + "\n")
    store = ArtifactStore(url)
    first, second, third = said["nights"]
    assert len({row["pointer"] for row in first}) == len(first) == len(second) == len(third) == 2
    assert [row["decision"] for row in first] == [None, None]
    for before, row in zip(first, second, strict=True):
        assert row["candidate"] != before["candidate"]
        assert row["decision"]["num_pairs"] > 0
        promoted = row["decision"]["action"] == "promote"
        assert row["now"]["number"] == 1 + promoted
        assert row["now"]["ref"] == (row["candidate"] if promoted else before["candidate"])
    for row in third:
        assert all(store.manifest(ArtifactRef.parse(ref)) for ref in row["evaluations"])
    assert len(said["decisions"]) == 6
    assert len(said["pages"]) == 3
    for pointer, back in said["backs"].items():
        entries = said["histories"][pointer]
        assert entries[-1] == back
        assert back["ref"] == entries[0]["ref"]
    # Promoted policies stay although nobody waits: a sweep without grace takes nothing they need.
    collect(store, grace_s=0, dry_run=False)
    for entries in said["histories"].values():
        assert all(store.verify(ArtifactRef.model_validate(e["ref"])) == [] for e in entries)
