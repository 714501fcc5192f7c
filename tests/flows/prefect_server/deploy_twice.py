"""Deploy two times to the real server, as a script: prints what it holds after each, as JSON."""

import json
import sys

from flows.prefect_server.deploy import deploy
from tasks.settings import load_settings
from tests.waiting import until


def holdings():
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:

        def ask(path):
            return client.request("POST", f"/{path}/filter", json={}).json()

        return {
            "pools": sorted(p["name"] for p in ask("work_pools") if p["name"].startswith("xsim-")),
            "deployments": sorted(
                d["name"] for d in ask("deployments") if "xsim" in (d["tags"] or [])
            ),
            "automations": sorted(
                a["name"] for a in ask("automations") if a["name"].startswith("xsim")
            ),
            "limits": sorted((x["name"], x["limit"]) for x in ask("v2/concurrency_limits")),
            "queues": sorted(
                (q["name"], q["concurrency_limit"])
                for q in ask("work_queues")
                if q["name"] == "runs"
            ),
            "zones": [
                s["schedule"]["timezone"]
                for d in ask("deployments")
                if d["name"] == "nightly"
                for s in d["schedules"]
            ],
        }


after = []
for _ in range(2):
    deploy(load_settings())
    after.append(holdings())


def scheduled():
    """Runs of the inbox scan that the server's scheduler has laid out."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        query = {"deployments": {"name": {"any_": ["scan-inbox"]}}}
        return len(client.request("POST", "/flow_runs/filter", json=query).json())


json.dump({"after": after, "scheduled": until(scheduled)}, sys.stdout)
