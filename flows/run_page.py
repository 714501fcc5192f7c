"""The page of a run in the Prefect UI: its verdicts and pictures, and how to open the report.

The UI strips links to files of a machine, so the essence travels within the artifact, and a link
leads to where the whole report is served.
"""

import logging
import platform
from pathlib import Path

from flows.prefect_server.reports import report_url
from tasks.engine.presentation import thumbnails
from xsim_core.artifacts import Evaluation
from xsim_core.report.targets import check_targets
from xsim_core.runs import RunRecord
from xsim_core.storage import ArtifactStore

log = logging.getLogger(__name__)

PICTURED = ("pose_track", "splat", "evaluate")
"""Stages whose first pictures are shown."""


def show_name(name: str) -> None:
    """Let the current flow run be called as ``xsim status`` calls it.

    Prefect names it before anybody knows whether another run is called so already.
    """
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run

    if flow_run.id is None or flow_run.name == name:
        return
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(flow_run.id, name=name)
    except Exception as error:  # noqa: BLE001 the server is for looking only
        log.warning("the flow run could not be called %s: %s", name, error)


def publish_run_page(
    store: ArtifactStore, record: RunRecord, report: Path, served: str | None
) -> None:
    """Attach the page to the current flow run."""
    from prefect.artifacts import create_markdown_artifact

    create_markdown_artifact(
        run_page(store, record, report, served),
        "report",
        f"{record.name}: success, targets, pictures",
    )


def run_page(
    store: ArtifactStore, record: RunRecord, report: Path, served: str | None = None
) -> str:
    """The page's Markdown.

    Args:
        store: where the run's artifacts lie.
        record: the run.
        report: the file of its whole report.
        served: below which address the reports are served, if they are.
    """
    opened = {stage: store.open(ref) for stage, ref in record.stages.items()}
    summaries = {stage: artifact.summary for stage, artifact in opened.items()}
    evaluation = summaries.get("evaluate")
    rates = evaluation.rates if isinstance(evaluation, Evaluation) else ()
    lines = [
        f"# {record.name}",
        f"`xsim open {record.name}` on {platform.node()} shows the whole report: `{report}`",
        "",
        *(f"- {stage}: made by {by}" for stage, by in record.other_code.items()),
        "",
    ]
    if served:
        url = report_url(served, report)
        lines[1:1] = [f"[The whole report]({url}), on the machine that serves this UI", ""]
    if rates:
        lines += ["| policy | in | succeeds | 95 % interval |", "|---|---|---|---|"]
        lines += [
            f"| {r.policy} | {r.domain} | {r.successes}/{r.trials} | {r.low:.2f}–{r.high:.2f} |"
            for r in rates
        ]
        lines += ["", "| target | wanted | measured | |", "|---|---|---|---|"]
        lines += [
            f"| {t.what} | {t.wanted} | {t.measured} | **{t.verdict}** |"
            for t in check_targets(summaries)
        ]
        lines.append("")
    for stage in PICTURED:
        if stage in opened:
            lines += thumbnails(opened[stage], at_most=1)
    return "\n".join(lines)
