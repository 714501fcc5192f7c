"""PhysX's GPU library: where SAPIEN looks for it, and what is said without."""

import io
import zipfile

import pytest
import requests
import sapien
import torch

from xsim_core.errors import MissingDependencyError
from xsim_core.sim.maniskill.physx_gpu import check_backend, fetch_library, library_path


@pytest.fixture(autouse=True)
def empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def answer(monkeypatch, content):
    """SAPIEN's release answers so; what was asked of it is kept."""
    asked = []

    class Response:
        def __init__(self, url):
            asked.append(url)
            self.content = content

    monkeypatch.setattr(requests, "get", Response)
    return asked


def test_sapien_puts_the_library_where_it_is_looked_for(empty_home, monkeypatch):
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
        archive.writestr("libPhysXGpu_64.so", "no library at all")
    asked = answer(monkeypatch, packed.getvalue())
    path = fetch_library()  # Without a driver SAPIEN stops at libcuda, after it has the library.
    assert path == library_path()
    assert path.is_relative_to(empty_home / ".sapien")
    assert path.read_text() == "no library at all"
    assert sapien.physx.version() in asked[0]
    assert fetch_library() == path
    assert len(asked) == 1


def test_without_a_network_it_is_said_where_to_put_it(monkeypatch):
    def unreachable(url):
        raise requests.ConnectionError("no route to host")

    monkeypatch.setattr(requests, "get", unreachable)
    with pytest.raises(MissingDependencyError, match=r"libPhysXGpu_64.so.*no route to host.*copy"):
        fetch_library()


def test_an_answer_that_is_no_library_is_told_from_one(monkeypatch):
    answer(monkeypatch, b"Not Found")
    with pytest.raises(MissingDependencyError, match=r"BadZipFile.*physx_cpu"):
        fetch_library()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize(
    ("backend", "num_envs"), [("auto", 2), ("physx_cuda", 1), ("gpu", 64), ("physx_cuda:1", 4)]
)
def test_a_gpu_that_is_not_there_is_refused_with_what_else_there_is(backend, num_envs):
    with pytest.raises(MissingDependencyError, match=r"torch sees none.*physx_cpu.*EnvPool"):
        check_backend(backend, num_envs)


@pytest.mark.parametrize("backend", ["auto", "cpu", "physx_cpu"])
def test_one_environment_on_the_cpu_asks_for_nothing(backend):
    check_backend(backend, 1)
