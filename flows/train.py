"""Training on its own: from a finished reconstruction to a student policy."""

from dataclasses import dataclass, replace
from typing import Any

from prefect import flow
from prefect.states import State

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef, Capture, ObjectTrack
from xsim_core.errors import BadInputError
from xsim_core.runs import FlowCall, RunRecord, RunRequest
from xsim_core.storage import ArtifactStore

from . import pipeline
from .executors import until_reviewed
from .prefect_server.suspension import suspending, waiting_state
from .resume import resume_run
from .sources import Reviewed

DEPLOYMENT = "train/train"
NEEDS = ("ingest_capture", "scan", "splat", "pose_track")


@dataclass(frozen=True)
class Training:
    """What is asked for: training on an earlier run's reconstruction."""

    run: str
    request: RunRequest
    review: Reviewed
    call: FlowCall

    def reviewed(self, review: str, store: ArtifactStore) -> "Training":
        """The same with the review for which it waited.

        Raises:
            BadInputError: when it is none.
        """
        text = review.strip()
        found = Reviewed.of(text, lambda: store)
        if text == "ask":
            raise BadInputError("a review is a reviewed track's ref (object_track/…), or skip")
        request = self.request.model_copy(update={"review": text})
        return replace(self, request=request, review=found)

    def brings(self, rollouts: str) -> "Training":
        """None are waited for here."""
        raise BadInputError(f"training takes no rollouts ({rollouts})")

    def carry_out(self) -> RunRecord:
        """Train, or wait where a person should look at the track first."""
        review = self.review
        with resume_run(self.run, self.request, NEEDS, call=self.call) as here:
            execute = until_reviewed(
                here.executor, asks=review.asks_for_review, reviewed=review.reviewed
            )
            found = here.found
            if review.reviewed is not None:
                capture = here.made["ingest_capture"].of(Capture)
                tracked = here.made["pose_track"].of(ObjectTrack)
                track = pipeline.reviewed(execute, capture, tracked, review)
                found = found._replace(track=track)
            pipeline.train(execute, here.config, found)
        return here.recorder.record


@flow(name="train", flow_run_name="{run}-train", persist_result=False)
def train(
    run: str,
    preset: str = "demo",
    task: str | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
    review: str = "ask",
) -> dict[str, ArtifactRef] | State[Any]:
    """World, teacher, dataset and student on the reconstruction that an earlier run made.

    Args:
        run: name of the run whose scan, splat and pose_track are used; and its review, if it has
            one.
        preset: demo, debug or full.
        task: a task's name or YAML file, instead of the preset's.
        overrides: stage → field → value, over the preset.
        review: of the object's track: ask (the flow run suspends where a person should look at
            it), skip, or the reviewed track, as object_track/….
    """
    store = load_settings().open_store()
    given = {"preset": preset, "task": task, "overrides": overrides or {}}
    request = RunRequest.model_validate({**given, "name": f"{run}-train", "review": review})
    call = FlowCall(deployment=DEPLOYMENT, parameters={**given, "run": run})
    asked = Training(run, request, Reviewed.of(review, lambda: store), call)
    record = suspending(asked, Training.carry_out, store)
    if record.state == "waiting":
        return waiting_state(record)
    return pipeline.Trained.of(record.stages)._asdict()
