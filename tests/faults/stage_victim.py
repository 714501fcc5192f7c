"""Real stages on small data, for the campaign that kills them."""

from pathlib import Path

from tests.diffusion.test_train import config as diffusion_config
from tests.faults.victim import announce_publish
from tests.render_dataset.test_render import small_config
from tests.splat.test_fit import QUICK
from xsim_core.artifacts import ArtifactRef
from xsim_core.capture import IngestConfig
from xsim_core.policies import OptimConfig
from xsim_core.stage import run_stage
from xsim_core.stages import get_stage
from xsim_core.storage import ArtifactStore, Runtime


def config(name, capture):
    match name:
        case "ingest_capture":
            return IngestConfig.from_folder(Path(capture))
        case "splat":
            return QUICK.model_copy(update={"num_iters": 60, "min_psnr_db": 10.0})
        case "render_dataset":
            return small_config(1)
        case _:
            return diffusion_config(optim=OptimConfig(num_steps=20, warmup_steps=2))


def work(*, say, url, name, inputs, capture):
    announce_publish(say)
    store = ArtifactStore(url)
    refs = {k: ArtifactRef.parse(ref) for k, ref in inputs.items()}
    say("start")
    stage = get_stage(name)
    return str(run_stage(stage, config(name, capture), store, refs, runtime=Runtime(num_workers=0)))
