"""xsim_core/device.py: what is asked for, what is there, and one sentence where memory ends."""

import pytest
import torch

from xsim_core.device import device_label, device_memory, find_device
from xsim_core.errors import MissingDependencyError, OutOfDeviceMemoryError

CPU = torch.device("cpu")


@pytest.fixture
def gpus(monkeypatch):
    """A torch that sees so many GPUs."""

    def see(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")

    return see


@pytest.mark.parametrize(
    ("asked", "count", "found"),
    [
        ("cpu", 2, "cpu"),
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda:0"),
        ("cuda", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_what_is_asked_for_is_found(gpus, asked, count, found):
    gpus(count)
    assert str(find_device(asked)) == found
    assert device_label(asked) == (f"{found} (GPU {found[-1]})" if "cuda" in found else "cpu")


@pytest.mark.parametrize(("asked", "count", "there"), [("cuda", 0, "cpu"), ("cuda:2", 2, "cuda:1")])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(gpus, asked, count, there):
    gpus(count)
    with pytest.raises(
        MissingDependencyError, match=f"'{asked}' was asked for.*{there} here.*auto"
    ):
        find_device(asked)


def test_memory_that_ends_is_one_sentence_with_the_knob():
    told = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8 GiB."
    with (
        pytest.raises(OutOfDeviceMemoryError) as raised,
        device_memory(torch.device("cuda:0"), "diffusion.optim.batch_size below 64"),
    ):
        raise torch.OutOfMemoryError(told)
    said = str(raised.value)
    assert said.startswith(
        "cuda:0 has too little free memory for this (Tried to allocate 2.00 GiB)"
    )
    assert "Set diffusion.optim.batch_size below 64" in said
    assert "capacity" not in said


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), device_memory(CPU, "nothing"):
        raise ZeroDivisionError
