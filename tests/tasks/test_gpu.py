from typing import get_args

import pytest
import torch

from tasks.engine.gpu import CUDA_BACKENDS, computes_on_gpu, gpu_slot, needs_gpu
from xsim_core.errors import MissingDependencyError
from xsim_core.presets import pipeline_config
from xsim_core.stages import PPO, SCAN, STAGES


def backends():
    """Stage and backend of every choice that a configuration offers."""
    for stage in STAGES:
        if field := stage.config.model_fields.get("backend"):
            yield from ((stage, name) for name in get_args(field.annotation))


def test_every_backend_on_cuda_is_one_that_some_stage_offers():
    assert {name for _, name in backends()} >= CUDA_BACKENDS


@pytest.mark.parametrize(("stage", "name"), [pytest.param(s, n, id=n) for s, n in backends()])
def test_a_stage_waits_for_the_gpu_only_with_a_backend_that_computes_there(stage, name):
    assert needs_gpu(stage.config(backend=name)) == (name in CUDA_BACKENDS)


def test_a_stage_without_a_backend_never_asks_the_server(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    config = pipeline_config("demo").scan
    with gpu_slot(config):
        assert not needs_gpu(config)


def test_stages_that_train_compute_where_they_are_told_to(monkeypatch):
    assert {stage.name for stage in STAGES if stage.on_device} == {"ppo", "diffusion", "calibrate"}
    assert not computes_on_gpu(PPO, "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert computes_on_gpu(PPO, "auto")
    assert computes_on_gpu(PPO, "cuda:0")
    assert not computes_on_gpu(SCAN, "cuda:0")
    with pytest.raises(MissingDependencyError, match="torch sees cpu, cuda:0 here"):
        computes_on_gpu(PPO, "cuda:1")
