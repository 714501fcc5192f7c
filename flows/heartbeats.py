"""Runs whose process died without a word are found by the heartbeats that do not come."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.automations import AutomationCore

ZOMBIES = "xsim: runs whose process died"
SILENCE_S = 105
"""Three heartbeats that did not come; a dead run is found within two minutes of its last one. A
live one that is marked all the same, because the server was away for longer, ends as what it is."""


def mark_the_silent() -> None:
    """Create or update the automation on the server that this process uses."""
    from prefect.automations import AutomationCore, EventTrigger
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ActionTypes, ChangeFlowRunState
    from prefect.events.schemas.automations import Posture

    heartbeat = "prefect.flow-run.heartbeat"
    ends = {f"prefect.flow-run.{s}" for s in ("Completed", "Failed", "Cancelled", "Crashed")}
    actions: list[ActionTypes] = [
        ChangeFlowRunState(
            state=StateType.CRASHED, name="Crashed", message="Its process sent no heartbeat.",
            force=False,
        )
    ]  # fmt: skip
    wanted = AutomationCore(
        name=ZOMBIES,
        description=f"No heartbeat for {SILENCE_S} s: the run is marked as crashed.",
        trigger=EventTrigger(
            after={heartbeat}, expect={heartbeat, *ends}, for_each={"prefect.resource.id"},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            posture=Posture.Proactive, threshold=1, within=timedelta(seconds=SILENCE_S),
        ),
        actions=actions,
    )  # fmt: skip
    with get_client(sync_client=True) as client:
        there = client.read_automations_by_name(ZOMBIES)
        if not there:
            client.create_automation(wanted)
        for surplus in there[1:]:
            client.delete_automation(surplus.id)
        # Writing it again would forget the heartbeats that the server has counted so far.
        if there and _told(there[0]) != _told(wanted):
            client.update_automation(there[0].id, wanted)


def _told(automation: "AutomationCore") -> dict[str, Any]:
    """What somebody described, without the numbers that the server adds."""
    fields = ("description", "enabled", "trigger", "actions")
    return automation.model_dump(include=set(fields), exclude={"trigger": {"id"}})
