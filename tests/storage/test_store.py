"""xsim_core.storage against its contract, on memory and on disk."""

import os
import signal
import subprocess
import sys

import pytest

from tests.contracts.store_contract import StoreContract
from tests.contracts.toys import TOY, ToyConfig
from xsim_core.errors import UnknownNameError
from xsim_core.stage import output_ref, run_stage
from xsim_core.storage import ArtifactStore


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def url(self):
        return "memory://"


class TestFileStore(StoreContract):
    @pytest.fixture
    def url(self, tmp_path):
        return (tmp_path / "a store").as_uri()


def test_an_unknown_scheme_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"'ftp'.*file, memory, s3"):
        ArtifactStore("ftp://somewhere/else")


KILLED = """
import os, signal, sys
from dataclasses import replace
from tests.contracts.toys import TOY, ToyConfig, write_truth
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
def die(*, config, out):
    write_truth(out, config)
    os.kill(os.getpid(), signal.SIGKILL)
run_stage(replace(TOY, run=die), ToyConfig(), ArtifactStore(sys.argv[1]), {})
"""


def test_a_killed_writer_leaves_nothing_visible(tmp_path):
    url = (tmp_path / "store").as_uri()
    done = subprocess.run([sys.executable, "-c", KILLED, url], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    store = ArtifactStore(url)
    assert store.list_refs() == []
    assert store.manifest(output_ref(TOY, ToyConfig(), {})) is None
    ref = run_stage(TOY, ToyConfig(), store, {})
    assert store.verify(ref) == []
