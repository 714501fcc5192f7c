"""What a commit and a hit cost: ``python -m tests.benchmarks.storage.bench_commit``.

A small artifact (6 arrays, a file) and a large one (16 MB of frames), on disk, in memory and on S3
(moto in a process of its own, or ``XSIM_TEST_S3_ENDPOINT``). The peer is the same arrays written by
zarr-python through obstore without attempt, digests and manifest.
"""

import tempfile
import uuid
from pathlib import Path

import numpy as np
import zarr
from zarr.storage import ObjectStore

from tests.benchmarks import rounds as r
from tests.benchmarks.servers import s3_bucket
from tests.contracts.toys import TOY, ToyConfig
from tests.storage.test_frames import DatasetConfig, write_capture
from xsim_core.artifacts import Capture
from xsim_core.stage import Stage, output_ref, run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.object_store.backends import open_backend

RGB = np.random.default_rng(0).integers(0, 255, (333, 128, 128, 3), dtype=np.uint8)


class Numbered(DatasetConfig):
    """A different recipe each time."""

    serial: str = ""


def make_large(*, config, out):
    return write_capture(out, RGB)


LARGE = Stage("large", 1, make_large, Numbered, {}, Capture)


def fresh(stage):
    """A configuration that no store has."""
    serial = uuid.uuid4().hex
    return ToyConfig(name=serial) if stage is TOY else Numbered(serial=serial)


class PlainWriter:
    """What ``write_capture`` and the toy call, without a protocol around it."""

    def __init__(self, backend):
        self.root = uuid.uuid4().hex
        self.group = zarr.open_group(ObjectStore(backend), path=self.root, mode="a", zarr_format=3)

    def write(self, name, values):
        values = np.asarray(values)
        chunks = (1, *values.shape[1:]) if values.ndim >= 3 and values.dtype.kind == "u" else None
        shards = values.shape if chunks else None
        self.group.create_array(
            name, data=values, chunks=chunks or values.shape, shards=shards, compressors=None
        )

    def add_file(self, name, data):
        import obstore

        obstore.put(self.group.store.store, f"{self.root}/{name}", data)


def candidates_of(where, url, stage, label):
    store, backend = ArtifactStore(url), open_backend(url)
    config = fresh(stage)
    run_stage(stage, config, store, {})
    ref = output_ref(stage, config, {})
    plain = r.timed(lambda _: stage.run(config=config, out=PlainWriter(backend)))
    yield r.Candidate(f"zarr-python alone, {label}, {where}", plain)
    commit = r.timed(lambda _: run_stage(stage, fresh(stage), store, {}))
    yield r.Candidate(f"write and commit, {label}, {where}", commit)
    if where == "disk":
        unflushed = ArtifactStore(url, is_flushed=False)
        thrown_away = r.timed(lambda _: run_stage(stage, fresh(stage), unflushed, {}))
        yield r.Candidate(f"write and commit, not flushed, {label}, {where}", thrown_away)
        record = r.timed(lambda _: store.put_record("runs/a.json", {}))
        yield r.Candidate(f"a record, {label}, {where}", record)
        record = r.timed(lambda _: unflushed.put_record("runs/a.json", {}))
        yield r.Candidate(f"a record, not flushed, {label}, {where}", record)
    hit = r.timed(lambda _: run_stage(stage, config, store, {}))
    yield r.Candidate(f"cached hit, {label}, {where}", hit)
    yield r.Candidate(f"open, {label}, {where}", r.timed(lambda _: store.open(ref)))


def main():
    asked = r.arguments(__doc__, rounds=(30, "rounds"))
    rows = []
    with tempfile.TemporaryDirectory() as name, s3_bucket("commit") as (s3, server):
        urls = {"disk": (Path(name) / "store").as_uri(), "memory": "memory://", server: s3}
        for stage, label in ((TOY, "small"), (LARGE, "16 MB")):
            for where, url in urls.items():
                candidates = list(candidates_of(where, url, stage, label))
                found = r.measure(candidates, rounds=asked.rounds, round_s=0.0)
                rows.append(r.table(found, peer=candidates[0].name))
                print(r.text(rows[-1], peer="zarr-python alone", unit="artifact"))
    r.publish(
        {
            "benchmark": "commit",
            **r.circumstances(),
            "rows": [row for part in rows for row in part],
        },
        asked.json,
    )


if __name__ == "__main__":
    main()
