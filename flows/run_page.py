"""The page of a run in the Prefect UI: its verdicts and pictures, and how to open the report.

The UI strips links to files of a machine, so the essence travels within the artifact.
"""

import platform
from pathlib import Path

from tasks.engine.presentation import thumbnails
from xsim_core.artifacts import Evaluation
from xsim_core.report.targets import check_targets
from xsim_core.runs import RunRecord
from xsim_core.storage import ArtifactStore

PICTURED = ("pose_track", "splat", "evaluate")
"""Stages whose first pictures are shown."""


def publish_run_page(store: ArtifactStore, record: RunRecord, report: Path) -> None:
    """Attach the page to the current flow run."""
    from prefect.artifacts import create_markdown_artifact

    create_markdown_artifact(
        run_page(store, record, report), "report", f"{record.name}: success, targets, pictures"
    )


def run_page(store: ArtifactStore, record: RunRecord, report: Path) -> str:
    """The page's Markdown.

    Args:
        store: where the run's artifacts lie.
        record: the run.
        report: the file of its whole report.
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
