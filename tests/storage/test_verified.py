"""xsim_core/storage/verified.py: Zarr sees what the manifest lists, by whole names."""

import asyncio

import numpy as np
import pytest

from xsim_core.artifacts import Artifact
from xsim_core.artifacts.schema import ArraySpec
from xsim_core.config import FrozenModel
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore, OpenArtifact


class Pair(Artifact):
    kind = "pair"
    arrays = (
        *(ArraySpec(name, "float32", "n 3") for name in ("depth", "depth_conf")),
        *(ArraySpec(f"video/{name}", "uint16", "t h w") for name in ("depth", "depth_conf")),
    )


def write_pair(*, config, out):
    out.write("depth", np.ones((4, 3), np.float32))
    out.write("depth_conf", np.ones((4, 3), np.float32))
    out.write("video/depth", np.ones((3, 4, 5), np.uint16))
    out.write("video/depth_conf", np.ones((3, 4, 5), np.uint16))
    return Pair()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    store = ArtifactStore((tmp_path_factory.mktemp("verified") / "s").as_uri())
    ref = run_stage(Stage("pair", 1, write_pair, FrozenModel, {}, Pair), FrozenModel(), store, {})
    manifest = store.manifest(ref)
    assert manifest is not None
    # Not store.open: that knows the kinds of the pipeline alone.
    return OpenArtifact(ref, manifest, Pair(), store._objects, store.scratch_root / "cache")


def listed(group, prefix):
    async def collect():
        return [key async for key in group.store.list_prefix(prefix)]

    return asyncio.run(collect())


@pytest.mark.parametrize("name", ["depth", "depth_conf", "video/depth", "video/depth_conf"])
def test_an_array_is_described_beside_another_whose_name_begins_alike(pair, name):
    array = pair.group[name]
    own = [r for r in pair.manifest.objects if f"/data.zarr/{name}/" in r.path]
    assert array.nbytes_stored() == sum(r.size for r in own)
    assert str(array.nbytes_stored()) in str(array.info_complete())


def test_a_prefix_is_a_path(pair):
    root = f"{pair.ref}/{pair.manifest.attempt}/data.zarr"
    keys = listed(pair.group, f"{root}/depth")
    assert f"{root}/depth/zarr.json" in keys
    assert not [k for k in keys if "depth_conf" in k]
    assert listed(pair.group, f"{root}/depth/") == keys
    assert listed(pair.group, f"{root}/depth/zarr.json") == [f"{root}/depth/zarr.json"]
    assert listed(pair.group, f"{root}/dep") == []
    assert len(listed(pair.group, "")) == len(pair.manifest.objects)
