"""``xsim policy train``: the student from a dataset alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.cli.arguments import (
    NO_TEXTS,
    Device,
    Reference,
    Settings,
    ask_for_device,
    parse_overrides,
)
from flows.cli.output import print_json

if TYPE_CHECKING:
    from xsim_core.artifacts import StudentPolicy
    from xsim_core.storage import OpenArtifact


@dataclass(frozen=True)
class PolicyTrain:
    """Train the student on a dataset alone: one that was brought (`xsim import`), or a run's.

    It is the stage `diffusion` without a run. Of a dataset that is of no world there are no trials.
    """

    ref: Reference
    """RUN:STAGE, kind/fingerprint, or the fingerprint's first digits."""
    set: Settings = NO_TEXTS
    """Fields of diffusion, such as diffusion.optim.num_steps=4000."""
    device: Device = ""
    """cpu, cuda:0 (or another number), or auto. XSIM_DEVICE where it is not given."""
    json: bool = False
    """Print JSON on standard output; progress goes to standard error."""

    def run(self) -> int:
        """Train, or find what was trained; print the artifact."""
        from flows.cli.progress import Display
        from tasks.settings import load_settings
        from xsim_core.api.training import training_of
        from xsim_core.artifacts import EpisodeDataset, StudentPolicy
        from xsim_core.errors import UnknownNameError
        from xsim_core.refs import find_ref
        from xsim_core.stage import output_ref, run_stage
        from xsim_core.stages import DIFFUSION

        ask_for_device(self.device)
        overrides = parse_overrides(self.set)
        for stage in overrides:
            if stage != DIFFUSION.name:
                raise UnknownNameError("stage of this training", stage, [DIFFUSION.name])
        settings = load_settings()
        store = settings.open_store()
        dataset = store.open(find_ref(store, self.ref), EpisodeDataset)
        config, inputs = training_of(dataset, overrides.get(DIFFUSION.name, {}))
        with Display([DIFFUSION.name]) as display:
            display.started(DIFFUSION.name)
            ref = output_ref(DIFFUSION, config, inputs)
            reused = store.claim(ref)

            def tell(fraction: float, figures: dict[str, float]) -> None:
                display.progressed(DIFFUSION.name, fraction, figures)

            if not reused:
                run_stage(DIFFUSION, config, store, inputs, runtime=settings.runtime, progress=tell)
            display.finished(DIFFUSION.name, ref, reused=reused)
        return self._say(store.open(ref, StudentPolicy))

    def _say(self, made: "OpenArtifact[StudentPolicy]") -> int:
        summary = made.summary
        if self.json:
            told: dict[str, Any] = {"artifact": str(made.ref)}
            print_json(told | summary.model_dump(mode="json"))
            return 0
        print(made.ref)
        print(f"{summary.num_train_steps} steps, loss {summary.final_loss:.4f}, {summary.task}")
        return 0
