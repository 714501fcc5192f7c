"""Runs whose process died without a word, or never began, are found by the silence."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.automations import AutomationCore

ZOMBIES = "xsim: runs whose process died"
SILENCE_S = 105
"""Three heartbeats that did not come; a dead run is found within two minutes of its last one, one
that was taken and never begun within two minutes of being taken. A live one that is marked all the
same, because the server was away or its imports took longer, ends as what it is: the server lets a
run leave `Crashed` by its own word."""

AT_REST = "xsim.flow-run.suspended"
"""Said by the process of a run that was suspended. The server says so too, but its word may come
before the process's last heartbeat, which then begins a watch that nothing ends."""
_EVENT = "prefect.flow-run."
SIGNS_OF_LIFE = {
    f"{_EVENT}{what}"
    for what in (
        "Pending",
        "Submitting",
        "InfrastructurePending",
        "pull-step.executed",
        "Running",
        "heartbeat",
    )
}
"""Somebody took the run and is at work; each starts the watch anew."""
RESTS = {
    f"{_EVENT}{state}"
    for state in (
        "Completed",
        "Failed",
        "Cancelled",
        "Crashed",
        "Scheduled",
        "Late",
        "AwaitingRetry",
        "AwaitingConcurrencySlot",
        "Paused",
        "Suspended",
    )
} | {AT_REST}
"""It ended, or waits for a worker or a person, which may take for ever; these end the watch. No
wildcard: an event of another kind would end it too."""


def ensure_zombie_automation() -> None:
    """Create or update the automation on the server that this process uses."""
    from prefect.client.orchestration import get_client

    wanted = _wanted()
    with get_client(sync_client=True) as client:
        there = client.read_automations_by_name(ZOMBIES)
        if not there:
            client.create_automation(wanted)
        for surplus in there[1:]:
            client.delete_automation(surplus.id)
        # Writing it again would forget the heartbeats that the server has counted so far.
        if there and _told(there[0]) != _told(wanted):
            client.update_automation(there[0].id, wanted)


def _wanted() -> "AutomationCore":
    from prefect.automations import AutomationCore, EventTrigger
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ActionTypes, ChangeFlowRunState
    from prefect.events.schemas.automations import Posture

    message = (
        f"Nothing was heard of its process for {SILENCE_S} s: it died, or never began. "
        "A new run reuses what this one committed."
    )
    actions: list[ActionTypes] = [
        ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=message, force=False)
    ]
    return AutomationCore(
        name=ZOMBIES,
        description=f"No sign of life for {SILENCE_S} s: the run is marked as crashed.",
        trigger=EventTrigger(
            after=SIGNS_OF_LIFE,
            expect=SIGNS_OF_LIFE | RESTS,
            for_each={"prefect.resource.id"},
            match={"prefect.resource.id": [f"{_EVENT}*"]},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=SILENCE_S),
        ),
        actions=actions,
    )


def _told(automation: "AutomationCore") -> dict[str, Any]:
    """What somebody described, without the numbers that the server adds."""
    fields = ("description", "enabled", "trigger", "actions")
    return automation.model_dump(include=set(fields), exclude={"trigger": {"id"}})
