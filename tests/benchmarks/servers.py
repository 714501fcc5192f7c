"""A finished run put into another store, and an S3 server of its own process to put it into."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

from xsim_core.stage import output_ref
from xsim_core.storage import ArtifactStore
from xsim_core.storage.bucket import create_bucket
from xsim_core.storage.object_store.payload import seal


@contextlib.contextmanager
def s3_bucket(name):
    """URL of a fresh bucket, on ``XSIM_TEST_S3_ENDPOINT`` or else moto, and the server's name."""
    process, endpoint = None, os.environ.get("XSIM_TEST_S3_ENDPOINT")
    if not endpoint:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = next(line for line in process.stderr if "Running on" in line)
        endpoint = re.search(r"http://[\d.:]+", said)[0]
        # What it prints from now on must not fill the pipe.
        subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    os.environ |= {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1"}
    url = f"s3://{name}-{os.getpid()}/bench"
    try:
        create_bucket(url)
        yield url, "moto" if process else "S3 server"
    finally:
        if process:
            process.terminate()
            process.wait()


class Transplant:
    """A call (``flows.executors``) that answers with another run's artifact, under the right ref.

    So a finished store stands in for one that today's code and configuration would make.
    """

    def __init__(self, source: ArtifactStore, made, target: ArtifactStore):
        self.source, self.made, self.target = source, made, target

    def __call__(self, stage, config, **inputs):
        given = {name: ref for name, ref in inputs.items() if ref is not None}
        ref = output_ref(stage, config, given)
        old = self.source.manifest(self.made[stage.name])
        for record in old.objects:
            data = self.source.read_object(f"{old.ref}/{record.path}")
            self.target.create_object(f"{ref}/{record.path}", data)
        same = {"fingerprint": ref.fingerprint, "stage_version": stage.version, "inputs": given}
        manifest = old.model_copy(update=same | {"config": config.model_dump(mode="json")})
        self.target.create_object(f"{ref}/manifest.json", seal(manifest))
        return ref


def export(source: ArtifactStore, made, folder: Path):
    """The payloads as plain files, a folder a stage."""
    for stage, ref in made.items():
        manifest = source.manifest(ref)
        for record in manifest.objects:
            path = folder / stage / record.path.removeprefix(f"{manifest.attempt}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read_object(f"{ref}/{record.path}"))
