"""The flow that scans the inbox. Scheduled every five minutes; an event brings it forward."""

import warnings
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from pydantic import ValidationError

from flows.digests import DigestMemory
from flows.prefect_server import NEW_VIDEO
from flows.prefect_server.suspension import go_on
from tasks.settings import load_settings
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.runs import RunRequest

from .bucket import Copies, fetch_prefix
from .captures import SETTLE_S, Arrival, Scanned, scan, table_rows
from .last_scan import note_scan
from .memory import ArrivalMemory
from .place import capture_folders, inbox_place, strays
from .recordings import bring_home, recording_folders
from .run_file import asked_of

DEPLOYED = "scan-inbox/scan-inbox"


class ScanRequest(FrozenModel):
    """What a scan is given, as ``scan_inbox`` describes it."""

    inbox: str | None = None
    deployment: str = NEW_VIDEO
    preset: str = "demo"
    settle_s: float = SETTLE_S
    deploy: Literal["world", "robot"] = "world"

    @staticmethod
    def as_deployed() -> "ScanRequest":
        """As the scans on schedule are given it; a laboratory may have changed that in the UI.

        Raises:
            BadInputError: when nothing was deployed, or it cannot be used.
        """
        with get_client(sync_client=True) as client:
            try:
                return ScanRequest.model_validate(
                    client.read_deployment_by_name(DEPLOYED).parameters
                )
            except ObjectNotFound:
                raise BadInputError(
                    f"the server has no deployment {DEPLOYED}: run 'xsim deploy' first."
                ) from None
            except ValidationError as error:
                raise BadInputError(f"parameters of {DEPLOYED} cannot be used: {error}") from None


@flow(name="scan-inbox", flow_run_name="scan-inbox", persist_result=False)
def scan_inbox(
    inbox: str | None = None,
    deployment: str = NEW_VIDEO,
    preset: str = "demo",
    settle_s: float = SETTLE_S,
    deploy: Literal["world", "robot"] = "world",
) -> dict[str, Any]:
    """Start a run for every capture that is new; answers what the inbox holds.

    What a capture's ``run.yaml`` says of its run counts more than what is said here.

    Args:
        inbox: a folder or a store URL; ``XSIM_INBOX``, or ``inbox`` below ``XSIM_HOME``.
        deployment: what is run for each capture, as flow/deployment.
        preset: demo, debug or full.
        settle_s: a capture that was written to within so many seconds is left for the next scan;
            a fifth of them is enough where ``capture.yaml`` came last.
        deploy: world (the capture's simulated one, if it has one), or robot: a run waits for a
            robot's rollouts when its student is made.
    """
    asked = ScanRequest(
        inbox=inbox, deployment=deployment, preset=preset, settle_s=settle_s, deploy=deploy
    )
    return scan_now(asked).model_dump(mode="json")


def scan_now(asked: ScanRequest) -> Scanned:
    """What ``scan_inbox`` does, without a flow run: for whoever saw that a capture came."""
    settings = load_settings()
    given, store = asked.inbox or settings.inbox, settings.open_store()
    try:
        place = inbox_place(given, settings.home / "inbox", settings.store_url)
    except BadInputError as error:
        note_scan(store, Scanned(arrivals=(), refused={str(given): str(error)}))
        raise
    if "://" in place:
        here = fetch_prefix(place, settings.home / "inbox-copies", settle_s=asked.settle_s)
        settle_s = 0.0  # What is copied is whole.
    else:
        folder, settle_s = Path(place), asked.settle_s
        here = Copies(capture_folders(folder), strays(folder), recording_folders(folder))
    memory, bring = DigestMemory.at_home(settle_s), partial(go_on, deployed=asked.deployment)
    brought = bring_home(store, here.recordings, bring, settle_s=settle_s)

    def submit(arrival: Arrival) -> str:
        request = request_of(arrival, asked)
        run: Any = run_deployment(
            asked.deployment,
            parameters=request.parameters(),
            timeout=0,
            as_subflow=False,
            idempotency_key=arrival.key,
            flow_run_name=request.run_name,
            tags=["inbox"],
        )
        return str(run.id)

    read = ArrivalMemory.at_home(store).read
    scanned = scan(store, here.folders, submit, end_of, memory.look, read)
    more = {
        "refused": {**scanned.refused, **here.refused},
        "arriving": (*scanned.arriving, *here.arriving),
        "recordings": brought,
    }
    scanned = scanned.model_copy(update=more)
    note_scan(store, scanned)
    publish(scanned)
    return scanned


def request_of(arrival: Arrival, asked: ScanRequest) -> RunRequest:
    """What is asked for a capture: as the scan has it, and as its ``run.yaml`` says.

    Raises:
        BadInputError: when that file cannot be used.
    """
    folder = Path(arrival.folder)
    plain = RunRequest(capture=arrival.folder, preset=asked.preset, deploy=asked.deploy)
    request = asked_of(folder, plain)
    # With another preset it is another run, of another name.
    beside = "" if request.preset == "demo" else f"-{request.preset}"
    return request.model_copy(update={"name": f"{arrival.run_name}{beside}"})


def end_of(flow_run: str) -> Literal["completed", "failed", "crashed"] | None:
    """How a flow run ended; one that somebody cancelled or deleted counts as failed."""
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(UUID(flow_run)).state
        except ObjectNotFound:
            return "failed"
    if state is None or not state.is_final():
        return None
    if state.is_completed():
        return "completed"
    return "crashed" if state.is_crashed() else "failed"


def publish(scanned: Scanned) -> None:
    """The table that the UI shows."""
    rows: Any = table_rows(scanned)
    with warnings.catch_warnings():
        # Prefect means to end this for what is in no flow run, as the watcher's scans are.
        warnings.filterwarnings("ignore", "Artifact creation outside", FutureWarning)
        create_table_artifact(rows, "inbox", "What the inbox holds, and what became of it.")
